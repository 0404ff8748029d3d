// spec/e2e/raw.mjs -- raw bytes over TCP that no client library would send: HTTP and WebSocket frames.
import crypto from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { PATIENCE_MS } from './support.mjs';

/** A connection that collects what comes: {socket, bytes (how many), data(), write(), wait(fn, ms), ended}. */
export async function open(port) {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let chunks = [], check = () => {};
  const c = {
    socket, ended: false, bytes: 0,
    data() {
      if (chunks.length > 1) chunks = [Buffer.concat(chunks)];
      return chunks[0] ?? Buffer.alloc(0);
    },
    write: (bytes) => socket.write(bytes),
    /** Resolves with fn's result once it is true of what has come; rejects after ms, or PATIENCE_MS, or when nothing more can come. */
    wait(fn, ms = PATIENCE_MS) {
      const patience = Math.max(ms, PATIENCE_MS);
      return new Promise((resolve, reject) => {
        const fail = (why) => {
          check = () => {};
          reject(new Error(`${why}; got ${JSON.stringify(c.data().toString('latin1').slice(0, 500))}`));
        };
        const timer = setTimeout(fail, patience, `not within ${patience} ms`);
        check = () => {
          const value = fn(c);
          if (!value && !c.ended) return;
          clearTimeout(timer);
          check = () => {};
          if (value) resolve(value);
          else fail('the connection ended');
        };
        check();
      });
    },
  };
  for (const event of ['end', 'close']) socket.on(event, () => { c.ended = true; check(); });
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (chunk) => { chunks.push(chunk); c.bytes += chunk.length; check(); });
  await once(socket, 'connect');
  return c;
}

function oneResponse(bytes, at, head) {
  const end = bytes.indexOf('\r\n\r\n', at);
  if (end < 0) return null;
  const [line, ...lines] = bytes.toString('latin1', at, end).split('\r\n');
  const headers = Object.fromEntries(lines.map((l) => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]));
  const status = Number(line.split(' ')[1]);
  const length = head || status < 200 || status === 204 || status === 304 ? 0 : Number(headers['content-length'] ?? 0);
  if (end + 4 + length > bytes.length) return null;
  return { line, status, headers, body: bytes.toString('utf8', end + 4, end + 4 + length), next: end + 4 + length };
}

/** The whole responses at the beginning of what came.  head: they answer HEAD, so no body follows. */
export function responses(bytes, head = false) {
  const list = [];
  for (let at = 0, r; (r = oneResponse(bytes, at, head)); at = r.next) list.push(r);
  return list;
}

/** Sends the pieces (each a segment of its own) and gives what was answered until the connection ended. */
export async function exchange(port, pieces, { half = false, head = false, ms = PATIENCE_MS } = {}) {
  const c = await open(port);
  for (const piece of [pieces].flat()) {
    c.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
    await new Promise((done) => { setImmediate(done); });
  }
  if (half) c.socket.end();
  await c.wait(() => c.ended, ms);
  c.socket.destroy();
  return responses(c.data(), head);
}

// ---- WebSocket ------------------------------------------------------------------------------------

/** A frame as a client sends it; any part may be wrong.  length: what the head claims. */
export function frame(payload = '', { opcode = 1, fin = true, rsv = 0, mask = true, length, size } = {}) {
  const data = Buffer.from(payload), n = length ?? data.length;
  const kind = size ?? (n < 126 ? 0 : n < 65536 ? 2 : 8);
  const head = Buffer.alloc(2 + kind);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (mask ? 0x80 : 0) | (kind === 0 ? n : kind === 2 ? 126 : 127);
  if (kind === 2) head.writeUInt16BE(n, 2);
  if (kind === 8) head.writeBigUInt64BE(BigInt(n), 2);
  if (!mask) return Buffer.concat([head, data]);
  const key = crypto.randomBytes(4);
  return Buffer.concat([head, key, data.map((b, i) => b ^ key[i & 3])]);
}

export const closeFrame = (code, reason = '') => {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return frame(Buffer.concat([payload, Buffer.from(reason)]), { opcode: 8 });
};

/** Whole frames that a server sent: [{opcode, fin, payload, code (of a close)}]. */
export function frames(bytes) {
  const list = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    let n = bytes[at + 1] & 0x7f, from = at + 2;
    if (n === 126) { n = bytes.length < at + 4 ? Infinity : bytes.readUInt16BE(at + 2); from = at + 4; }
    else if (n === 127) { n = bytes.length < at + 10 ? Infinity : Number(bytes.readBigUInt64BE(at + 2)); from = at + 10; }
    if (from + n > bytes.length) break;
    const payload = bytes.subarray(from, from + n), opcode = bytes[at] & 15;
    list.push({ opcode, fin: bytes[at] >= 0x80, payload, code: opcode === 8 && n >= 2 ? payload.readUInt16BE(0) : undefined });
    at = from + n;
  }
  return list;
}

export const upgradeHead = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`
  + `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${crypto.randomBytes(16).toString('base64')}\r\n${more}\r\n`;

/** An open WebSocket: what open() gives, and frames() of what the server has sent since. */
export async function openWebSocket(port, path, more) {
  const c = await open(port);
  c.write(upgradeHead(path, more));
  const [answer] = await c.wait(() => { const r = responses(c.data()); return r.length && r; });
  if (answer.status !== 101) throw new Error(`upgrade: ${answer.line} ${answer.body}`);
  c.frames = () => frames(c.data().subarray(answer.next));
  return c;
}
