// spec/e2e/deaf.mjs -- addresses of this machine that drop packets, as a host that is switched off does.
// A listener whose queue is full leaves further connections without an answer, since nobody accepts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const FULL = `
import socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((sys.argv[1], int(sys.argv[2])))
listener.listen(0)
place, waiting = listener.getsockname(), []
while True:
    client = socket.socket()
    client.settimeout(0.3)
    waiting.append(client)
    try:
        client.connect(place)
    except TimeoutError:
        break
print(place[1], flush=True)
sys.stdin.read()
`;

/** {port, close()}; port 0: any that is free at that address. */
export async function deaf(address, port = 0) {
  const child = spawn('python3', ['-c', FULL, address, port], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  for (const handle of [child, child.stdin, child.stdout]) handle.unref();
  return { port: Number(line), close: () => child.kill() };
}
