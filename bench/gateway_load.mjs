// bench/gateway_load.mjs -- clients of the control protocol that cost less than the servers they measure, and a model.
// Usage: node bench/gateway_load.mjs hello|chunks|idle PORT ..., or model.  Prints lines of JSON.  Loopback only.
//   hello SECONDS            8 at a time: connect, take the challenge, sign in with the token, be greeted, leave
//   chunks SOCKETS PIECES MS one says something, all hear the answer: "sockets", then "first" and "last" piece of each
//                            line of standard input (how many pieces, one each so many ms)
//   idle SOCKETS             open them all, print "sockets", stay until standard input ends
//   model                    a server in OpenAI's dialect that streams what the newest message says: [PIECES x MS]
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export const TOKEN = 'token-of-the-benchmark', PIECE = 'and some more of it, ';
const AT_ONCE = 8, LIMIT_MS = 150_000, STARTING_MS = 250, SAME = 0.8;
const SIGN_IN = JSON.stringify({ type: 'req', id: 'hello', method: 'connect', params: { minProtocol: 3, maxProtocol: 4,
  client: { id: 'gateway-client', version: '1', platform: 'linux', mode: 'backend' }, role: 'operator', caps: [],
  scopes: ['operator.read', 'operator.write'], auth: { token: TOKEN } } });
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

// A text frame with the mask 0, which leaves the text as it is.
function frame(text) {
  const data = Buffer.from(text), long = data.length > 125;
  const head = Buffer.alloc(long ? 8 : 6);
  head[0] = 0x81;
  head[1] = 0x80 | (long ? 126 : data.length);
  if (long) head.writeUInt16BE(data.length, 2);
  return Buffer.concat([head, data]);
}

// Calls on(text) for each message that comes; what it needs of RFC 6455 and no more.
export function connect(port, on, gone) {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  let rest = Buffer.alloc(0), open = false;
  socket.write(`GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
    + 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n');
  socket.on('data', (data) => {
    if (rest.length) data = Buffer.concat([rest, data]);
    let at = 0;
    if (!open) {
      const end = data.indexOf('\r\n\r\n');
      if (end >= 0 && !data.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) return socket.destroy();
      open = end >= 0;
      at = open ? end + 4 : 0;
    }
    while (open && data.length - at >= 2) {
      const code = data[at + 1], head = code === 127 ? 10 : code === 126 ? 4 : 2;
      if (data.length - at < head) break;
      const size = head === 10 ? Number(data.readBigUInt64BE(at + 2)) : head === 4 ? data.readUInt16BE(at + 2) : code;
      if (data.length - at < head + size) break;
      const kind = data[at] & 15, from = at + head;
      at = from + size;
      if (kind === 1) on(data, from, at);
      else if (kind === 9) socket.write(Buffer.concat([Buffer.from([0x8a, 0x80 | size, 0, 0, 0, 0]), data.subarray(from, at)]));
    }
    rest = data.subarray(at);
  });
  socket.on('error', () => {});
  socket.on('close', gone);
  return { say: (text) => socket.write(frame(text)), leave: () => socket.resetAndDestroy() };
}

const has = (data, from, to, text) => {
  const at = data.subarray(from, Math.min(to, from + 400)).indexOf(text);
  return at >= 0;
};

// A client that has been greeted.  later(data, from, to): what comes then.
export function greeted(port, later = () => {}) {
  return new Promise((done, failed) => {
    let is_in = false, why = 'the connection was refused';
    const client = connect(port, (data, from, to) => {
      if (is_in) return later(data, from, to);
      if (has(data, from, to, '"connect.challenge"')) return client.say(SIGN_IN);
      if (!has(data, from, to, '"id":"hello"')) return;
      why = data.toString('utf8', from, to);
      if (!why.includes('"hello-ok"') || !why.includes('operator.write')) return client.leave();
      is_in = true;
      done(client);
    }, () => failed(new Error(why.slice(0, 500))));
  });
}

// While a server starts, it may refuse.
export async function firstGreeting(port) {
  for (const end = Date.now() + LIMIT_MS; ;) {
    try { return (await greeted(port)).leave(); } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(STARTING_MS);
    }
  }
}

async function hello(port, seconds) {
  const end = performance.now() + seconds * 1000;
  let count = 0, last = performance.now();
  const from = last;
  say({ begin: true });
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (performance.now() < end) {
      (await greeted(port)).leave();
      count += 1;
      last = performance.now();
    }
  }));
  say({ count, seconds: (last - from) / 1000 });
}

async function crowd(port, n, later) {
  const clients = [];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let i = clients.length; i < n; i = clients.length) {
      clients.push(null);                        // its place is taken
      clients[i] = await greeted(port, later(i));
    }
  }));
  say({ sockets: clients.length });
  return clients;
}

// The pieces of one answer, as all sockets hear them.  Each server says in its way that a frame is one.
async function answer(clients, state, pieces, ms) {
  Object.assign(state, { frames: 0, over: 0, texts: clients.map(() => 0), first: 0, at_first: 0 });
  const over = new Promise((done) => { state.done = done; });
  const key = `k${Date.now()}`;
  clients[0].say(JSON.stringify({ type: 'req', id: key, method: 'chat.send',
    params: { sessionKey: 'agent:main:bench', message: `Say it. [${pieces} x ${ms}]`, idempotencyKey: key } }));
  await over;
  const heard = Math.min(...state.texts);
  if (heard < pieces * SAME) return say({ joined: heard, pieces });
  say({ count: state.frames - state.at_first, seconds: (state.last - state.first) / 1000, pieces });
}

async function chunks(port, n) {
  const state = { frames: 0 };
  const later = (i) => (data, from, to) => {
    if (!has(data, from, to, '"event":"chat"')) return;
    const text = data.toString('utf8', from, to);
    if (text.includes('"state":"error"')) throw new Error(text);
    if (text.includes('"state":"chunk"') || text.includes('"state":"delta"')) {
      state.frames += 1;
      state.last = performance.now();
      if (state.texts[i]++ === 0 && state.texts.every(Boolean)) {
        Object.assign(state, { first: state.last, at_first: state.frames });
        say({ first: true });
      }
    } else if (text.includes('"state":"sent"') || text.includes('"state":"final"')) {
      state.over += 1;
      if (state.over === n) state.done();
    }
  };
  const clients = await crowd(port, n, later);
  for await (const line of readline.createInterface({ input: process.stdin })) await answer(clients, state, ...line.split(' ').map(Number));
}

async function idle(port, n) {
  await crowd(port, n, () => () => {});
  process.stdin.resume();
  await once(process.stdin, 'end');
}

async function model() {
  const server = http.createServer(async (req, res) => {
    let body = '';
    for await (const part of req) body += part;
    const [, pieces, ms] = [...body.matchAll(/\[(\d+) x (\d+)\]/g)].at(-1) ?? [0, 1, 0];
    const event = (delta, finish_reason = null, more = {}) => `data: ${JSON.stringify({ id: 'chatcmpl-1',
      object: 'chat.completion.chunk', created: 1764237600, model: 'm', choices: [{ index: 0, delta, finish_reason }], ...more })}\n\n`;
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write(event({ role: 'assistant', content: '' }));
    for (let i = 0; i < Number(pieces); i++) {
      if (!res.write(event({ content: PIECE }))) await once(res, 'drain');
      await sleep(Number(ms));
    }
    res.end(`${event({}, 'stop')}${event({}, null, { choices: [], usage: { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 } })}data: [DONE]\n\n`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  say({ port: server.address().port });
}

const [mode, ...numbers] = import.meta.filename === process.argv[1] ? process.argv.slice(2) : [];
const modes = { hello, chunks, idle, model };
if (mode) {
  await modes[mode](...numbers.map(Number));
  if (mode !== 'model') process.exit();
}
