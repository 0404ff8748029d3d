// spec/e2e/reload_load_clients.mjs URL KEY N AGENT.. -- a separate process: N Socket.IO clients that stay and
// send something every few seconds.  Reports {connected, acknowledged, dropped, refused} to its parent.
import { io } from 'socket.io-client';

const [url, key, n, ...agents] = process.argv.slice(2);
const SPEAK_MS = 8000;
const seen = { connected: 0, acknowledged: 0, dropped: [], refused: [] };
let number = 0, quiet = false;

function client(i) {
  const socket = io(url, { forceNew: true, reconnection: false, transports: ['websocket'],
    query: { agentId: agents[i % agents.length], apiKey: key } });
  socket.on('connect', () => { seen.connected += 1; });
  socket.on('connect_error', (error) => seen.refused.push(error.message));
  socket.on('disconnect', (reason) => { if (!quiet) seen.dropped.push(reason); });
  setInterval(async () => {
    if (!socket.connected) return;
    const event = { type: 'user-joined', participant: { id: `p${i}`, nickname: `P${(number += 1)}` } };
    const answer = await socket.timeout(30_000).emitWithAck('message', event).catch((error) => ({ ok: false, error: error.message }));
    if (answer.ok) seen.acknowledged += 1;
    else if (!quiet) seen.refused.push(JSON.stringify(answer));
  }, SPEAK_MS * (0.75 + Math.random() / 2));
}

for (let i = 0; i < Number(n); i += 1) setTimeout(client, i * 3, i);
setInterval(() => { if (process.connected) process.send(seen, () => {}); }, 100);
process.on('message', () => { quiet = true; });
process.on('disconnect', () => process.exit());
