// spec/e2e/tls_data.test.mjs -- data over TLS: large, slow, or interrupted; WebSockets,
// and Socket.IO, whose polls reach their session from any worker.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { once } from 'node:events';
import https from 'node:https';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import tls from 'node:tls';
import { io } from 'socket.io-client';
import WebSocket from 'ws';
import { errors, workerOf } from './hosts.mjs';
import { closeFrame, frame, frames, upgradeHead } from './raw.mjs';
import { connect, startSecure } from './secure.mjs';
import { next, sleep, until } from './support.mjs';

const WORKERS = 4;
let host;
const scripts = ['echo', 'copy', 'flood'].map((name) => `spec/e2e/scripts/${name}`);

before(async () => { host = await startSecure({ scripts, env: { HUMAN_WORKERS: String(WORKERS) } }); });
after(async () => {
  const { code } = await host.stop(); // in time: else it is killed
  assert.deepEqual([code, errors(host.log()).filter((line) => !/ended by signal 9/.test(line))], [0, []]);
});

const copy = (body, options) => host.get('/copy', { method: 'POST', body, headers: { 'content-type': 'application/octet-stream' }, ...options });
const get = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

describe('a body', () => {
  for (const size of [1, 16383, 16384, 16385, 100_000, 8_000_000]) {
    it(`of ${size} bytes comes back as it was`, async () => {
      const body = crypto.randomBytes(size);
      const answer = await copy(body);
      assert.equal(answer.status, 200);
      assert.ok(answer.body.equals(body));
    });
  }

  it('comes back to many clients at once, also in the smallest of pieces', async () => {
    await Promise.all(Array.from({ length: 12 }, async (_, i) => {
      const body = crypto.randomBytes(300_000 + i), maxVersion = i % 2 ? 'TLSv1.2' : 'TLSv1.3';
      assert.ok((await copy(body, { maxVersion })).body.equals(body));
    }));
    const socket = await connect(host.port);
    let text = '';
    socket.setNoDelay(true).on('data', (d) => { text += d; });
    for (const byte of get('/health', 'Connection: close\r\n')) socket.write(byte); // a record each
    await once(socket, 'end');
    assert.match(text, /^HTTP\/1.1 200 OK/);
  });

  it('is answered in order when requests come without waiting', async () => {
    const socket = await connect(host.port);
    let text = '';
    socket.on('data', (d) => { text += d; });
    const n = 400;
    socket.write(get('/health').repeat(n - 1) + get('/health', 'Connection: close\r\n'));
    await once(socket, 'end');
    assert.equal(text.split('HTTP/1.1 200 OK').length - 1, n);
  });

  it('of which a part is missing is not acted upon', async () => {
    const socket = await connect(host.port, { allowHalfOpen: true });
    let text = '';
    socket.on('data', (d) => { text += d; });
    socket.end(`POST /copy HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 10\r\n\r\n12345`);
    await once(socket, 'close');
    assert.equal(text, '');
  });

  it('is answered in full to a client that says it has no more to ask', async () => {
    const socket = await connect(host.port, { allowHalfOpen: true });
    let bytes = 0;
    socket.on('data', (d) => { bytes += d.length; });
    socket.end(get('/large'));
    await once(socket, 'end');
    assert.ok(bytes > 100_000);
  });

  it('waits for a slow reader, whole', async () => {
    const body = crypto.randomBytes(6_000_000), hash = crypto.createHash('sha256');
    const req = https.request(`${host.url}/copy`, { method: 'POST', ca: host.ca, agent: false, headers: { 'content-type': 'application/octet-stream' } });
    req.end(body);
    const [res] = await once(req, 'response');
    let n = 0;
    for await (const piece of res) {
      hash.update(piece);
      n += piece.length;
      if (n < 1_500_000) await sleep(10);
    }
    assert.equal(hash.digest('hex'), crypto.createHash('sha256').update(body).digest('hex'));
  });
});

describe('a client that vanishes', () => {
  it('ends only its own connection', async () => {
    const kept = await connect(host.port);
    await Promise.all(Array.from({ length: 30 }, async (_, i) => {
      const raw = net.connect(host.port, '127.0.0.1');
      const socket = tls.connect({ socket: raw, rejectUnauthorized: false });
      for (const s of [raw, socket]) s.on('error', () => {});
      if (i % 3) await once(socket, 'secureConnect');
      if (i % 3 === 1) socket.write(get('/flood'));
      if (i % 3 === 2) socket.write('POST /copy HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nxx');
      await sleep(i * 5);
      if (i % 2) raw.resetAndDestroy();
      else raw.destroy(); // the wire is cut: TLS does not say good-bye
    }));
    kept.write(get('/health'));
    assert.match(String((await next(kept, 'data'))[0]), /200 OK/);
    kept.destroy();
  });
});

describe('a WebSocket', () => {
  it('gives back text and bytes of any size, with and without compression', async () => {
    for (const perMessageDeflate of [false, true]) {
      const ws = new WebSocket(`wss://127.0.0.1:${host.port}/echo.ws`, { ca: host.ca, perMessageDeflate });
      await once(ws, 'open');
      for (const size of [0, 1, 125, 70_000, 900_000]) {
        const bytes = crypto.randomBytes(size);
        ws.send(bytes);
        assert.ok((await next(ws, 'message'))[0].equals(bytes));
      }
      ws.close(1000);
      assert.equal((await next(ws, 'close'))[0], 1000);
    }
  });

  it('answers what came before the end, be that a close frame or the end of the connection', async () => {
    for (const bytes of [[frame('one'), closeFrame(1000)], [frame('one'), frame('x', { rsv: 2 })], [frame('one')]]) {
      const socket = await connect(host.port);
      let got = Buffer.alloc(0);
      socket.on('data', (d) => { got = Buffer.concat([got, d]); });
      socket.write(upgradeHead('/echo.ws'));
      await until(() => got.includes('\r\n\r\n'), 3000, 'the upgrade');
      const from = got.indexOf('\r\n\r\n') + 4;
      socket.end(Buffer.concat(bytes)); // TLS says good-bye right behind it
      await once(socket, 'close');
      const [answer, close] = frames(got.subarray(from));
      assert.equal(String(answer.payload), 'one');
      assert.equal(close?.code, bytes.length === 1 ? undefined : bytes[1][0] & 0x70 ? 1002 : 1000);
    }
  });
});

describe('Socket.IO with several workers', () => {
  const TRANSPORTS = { polling: ['polling'], websocket: ['websocket'], upgrade: ['polling', 'websocket'] };
  const sockets = [];
  after(() => sockets.forEach((s) => s.disconnect()));

  async function open(transports, agent) {
    const socket = io(host.url, { path: '/echo.io/', forceNew: true, transports, ca: host.ca, agent });
    sockets.push(socket);
    await next(socket, 'connect', 20_000);
    return socket;
  }

  async function talk(socket) {
    const got = [], bytes = crypto.randomBytes(100_000);
    socket.on('message-back', (...args) => got.push(args));
    for (let i = 0; i < 40; i++) socket.emit('message', i, i === 20 ? bytes : null);
    await until(() => got.length === 40, 20_000, 'all of them');
    assert.deepEqual(got.map(([i]) => i), [...Array(40).keys()]);
    assert.ok(Buffer.from(got[20][1]).equals(bytes));
    assert.deepEqual(await socket.timeout(20_000).emitWithAck('message-with-ack', { a: 1 }), { a: 1 });
  }

  for (const [name, transports] of Object.entries(TRANSPORTS)) {
    it(`works over ${name}`, async () => {
      const all = await Promise.all(Array.from({ length: 10 }, () => open(transports)));
      await Promise.all(all.map(talk));
      assert.ok(new Set(all.map(workerOf)).size > 1, 'on more than one worker');
    });
  }

  it('works when the polls of several sessions take turns on one connection', async () => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 6, ca: host.ca });
    const all = await Promise.all(Array.from({ length: 3 }, () => open(['polling'], agent)));
    await Promise.all(all.map(talk));
    agent.destroy();
  });

  it('reaches a room from every worker', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, (_, i) => open(i % 2 ? ['polling'] : ['websocket'])));
    for (const s of all) await s.timeout(20_000).emitWithAck('join', 'den');
    const told = all.map((s) => next(s, 'told', 20_000));
    all[0].emit('tell', 'den', 'hello');
    for (const answer of told) assert.deepEqual(await answer, ['hello']);
  });

  it('loses the sessions of a worker that dies, and no others', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => open(['polling'])));
    const owners = all.map(workerOf), victim = owners[0];
    const gone = new Set();
    all.forEach((s, i) => s.on('disconnect', () => gone.add(owners[i])));
    process.kill(host.workers()[victim], 'SIGKILL');
    await until(() => gone.has(victim), 20_000, 'they notice');
    await Promise.all(all.map(async (s) => {
      const answers = () => s.timeout(2000).emitWithAck('message-with-ack', 1).then(() => true, () => false);
      await until(answers, 30_000, 'all are back');
      await talk(s);
    }));
  });
});
