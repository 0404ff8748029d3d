// spec/e2e/restart.test.mjs -- a host is killed and restarted at once: it waits for what the earlier one left behind
// (workers that still hold the ports, a database that is still stopping), and names any other process in the
// way.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { after, describe, it } from 'node:test';
import { isAlive, launch, makeHome, startHost } from './hosts.mjs';
import { freePort, until } from './support.mjs';

const ROUNDS = 20, CLIENTS = 8, READY_MS = 60_000;

/** A free port that the system gives no client: one that calls a dead host again and again may meet itself there. */
async function quietPort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000), server = net.createServer();
    const free = await new Promise((done) => { server.once('error', () => done(false)).listen(port, '127.0.0.1', () => done(true)); });
    if (free) return new Promise((done) => { server.close(() => done(port)); });
  }
}

/** Clients that ask as fast as they are answered, whatever happens to the host; stop() ends them. */
function hammer(url) {
  let going = true, answered = 0;
  const client = async () => {
    while (going) {
      const status = await fetch(`${url}/ready`).then((r) => r.text().then(() => r.status), () => 0);
      if (status === 200) answered += 1;
      else await new Promise(setImmediate);
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  return { answered: () => answered, stop: () => { going = false; return clients; } };
}

describe('kill -9 of the host under load, and a start at once', () => {
  it(`works ${ROUNDS} times in a row`, async () => {
    const home = makeHome(), port = await quietPort();
    let host = await startHost({ home, port, env: { HUMAN_WORKERS: '4' } });
    const load = hammer(host.url);
    try {
      for (let round = 1; round <= ROUNDS; round += 1) {
        const seen = load.answered(), old = [host.child.pid, ...host.workers(), host.postgres()];
        await until(() => load.answered() > seen + 20, READY_MS, 'clients are answered');
        host.child.kill('SIGKILL');
        host = undefined;
        // Who answers may still be the earlier one.
        const ready = async (url) => !old.some(isAlive) && (await fetch(`${url}/ready`).catch(() => ({}))).status === 200;
        host = await startHost({ home, port, env: { HUMAN_WORKERS: '4' }, ready });
      }
    } finally {
      await load.stop();
      await host?.stop();
    }
    assert.equal(host.child.exitCode, 0);
  });
});

describe('a port that is taken', () => {
  const server = net.createServer();
  after(() => server.close());
  const start = async (env) => {
    const { child, log } = launch({ HUMAN_HOME: makeHome(), DATABASE_URL: 'postgresql://127.0.0.1:1/none', ...env });
    const [code] = await once(child, 'exit');
    return { code, log: log() };
  };

  it('by another program: its name and its process are told', async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address(), { code, log } = await start({ HUMAN_PORT: port });
    assert.equal(code, 1);
    assert.match(log, new RegExp(`port: port ${port} on 127.0.0.1 is taken by \\S+ \\(process ${process.pid}\\); stop it, or`));
  });

  it('at another address only is not mistaken for it', async () => {
    const { port } = server.address();
    const listen = `require('net').createServer().listen(${port}, '127.0.0.2', () => console.log('up'))`;
    const other = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(other.stdout, 'data');
    const { log } = await start({ HUMAN_PORT: port });
    other.kill();
    assert.match(log, new RegExp(`is taken by \\S+ \\(process ${process.pid}\\)`));
  });

  it('by a connection that has just ended is waited for', async () => { // limit: ending port
    const { port: to } = server.address(), port = await quietPort();
    server.on('connection', (peer) => peer.resume());
    // Node's own clients would allow the port to be used again at once.
    const client = `import socket; s = socket.socket(); s.bind(("127.0.0.1", ${port})); s.connect(("127.0.0.1", ${to})); s.close()`;
    const [code] = await once(spawn('/usr/bin/python3', ['-c', client], { stdio: 'inherit' }), 'exit');
    assert.equal(code, 0);
    const { child, log } = launch({ HUMAN_HOME: makeHome(), HUMAN_PORT: port, DATABASE_URL: 'postgresql://127.0.0.1:1/none' });
    const exited = once(child, 'exit'), waits = `port ${port} on 127.0.0.1: waiting for what is just ending there`;
    await until(() => log().includes(waits), 20_000, 'it says that it waits').finally(() => child.kill('SIGTERM'));
    await exited;
  });
});

describe('a home', () => {
  it('in which a host runs on a database of others is refused to a second one, and its own process named', async () => {
    const outside = await startHost(), home = makeHome();
    const env = { DATABASE_URL: `postgresql://human@/human?host=${encodeURIComponent(`${outside.home}/run`)}&port=5432` };
    const host = await startHost({ home, env });
    const second = launch({ HUMAN_HOME: home, HUMAN_PORT: await freePort(), ...env });
    const [code] = await once(second.child, 'exit');
    assert.equal(code, 1);
    assert.match(second.log(), new RegExp(`home: ${home} is in use by another host \\(process ${host.child.pid}\\)`));
    assert.equal((await host.stop()).code, 0);
    assert.equal((await outside.stop()).code, 0);
  });

  it('in which something of an earlier host does not end is given up, and that named', async () => { // limit: remains
    const home = makeHome(), lock = `${home}/control.lock`;
    fs.writeFileSync(lock, '999999999\n');
    const rest = spawn('flock', ['--no-fork', lock, 'sh', '-c', 'echo locked; exec sleep 600'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(rest.stdout, 'data');
    const { child, log } = launch({ HUMAN_HOME: home, HUMAN_PORT: await freePort() });
    const [code] = await once(child, 'exit');
    rest.kill();
    assert.equal(code, 1);
    assert.match(log(), /waiting for what is left of an earlier host \(process 999999999\)/);
    assert.match(log(), new RegExp(`processes of an earlier host do not end: ${rest.pid};`));
  });
});
