// spec/e2e/slow_clients.mjs PORT N -- a separate process: N clients that are slow in one of three ways, and
// reconnect when they are disconnected.  Some send a head byte by byte, some a body, some read an answer in sips.
// Reports {open, cut} to its parent ten times a second; ends with it.
import net from 'node:net';

const [port, n] = process.argv.slice(2).map(Number);
const EVERY_MS = 2000, SIP_MS = 1000, RECONNECT_MS = 500;
const HEAD = 'GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ', BODY = 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n';
const READ = 'GET /large HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3); // more than the kernel takes off the server's hands
let open = 0, cut = 0;
const dripping = new Set(), sipping = new Set();

function connect(i) {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.on('connect', () => {
    open += 1;
    socket.write([HEAD, BODY, READ][i % 3]);
    if (i % 3 === 2) { socket.pause(); sipping.add(socket); }
    else { socket.resume(); dripping.add(socket); }
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (dripping.delete(socket) || sipping.delete(socket)) { open -= 1; cut += 1; }
    setTimeout(connect, RECONNECT_MS, i);
  });
}

// A hundredth of them at a time, so that no burst is of our making.
const parts = (set, ms, fn) => {
  let turn = 0;
  setInterval(() => {
    turn = (turn + 1) % 100;
    let i = 0;
    for (const socket of set) if ((i += 1) % 100 === turn) fn(socket);
  }, ms / 100);
};
parts(dripping, EVERY_MS, (socket) => socket.write('a'));
parts(sipping, SIP_MS, (socket) => socket.read(512));
for (let i = 0; i < n; i += 1) setTimeout(connect, i / 2, i);
setInterval(() => { if (process.connected) process.send({ open, cut }, () => {}); }, 100);
process.on('disconnect', () => process.exit());
