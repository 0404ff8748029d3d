// spec/e2e/overload.test.mjs -- thousands of connections, and clients that do not read their answers.
// A fast client is served meanwhile, and memory stays bounded and is freed (bounds of a release build).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { errors, rss, startHost } from './hosts.mjs';
import { frame, open, openWebSocket } from './raw.mjs';
import { SLOWER, sleep, until } from './support.mjs';

const MB = 1024 * 1024, HEAD_MS = 4000, PROMPT_MS = 2500 * SLOWER; // who is held up waits for others to be cut, for 4 s and more
const FILES = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' })) || 1024; // "unlimited": no number
const IDLE = Math.min(10_000, Math.floor((FILES - 200) * 0.9));
let host, worker, stalled, begin;
before(async () => {
  host = await startHost({ scripts: ['spec/e2e/scripts/echo', 'spec/e2e/scripts/flood'],
    env: { HUMAN_WORKERS: '1', HUMAN_LIMITS_HEAD_TIMEOUT_MS: HEAD_MS } });
  [worker] = host.workers();
  begin = rss(worker);
  stalled = await stall('GET /flood HTTP/1.1\r\nHost: x\r\n\r\n');
});
after(async () => {
  const workers = host?.workers();
  assert.equal((await host?.stop())?.code, 0);
  assert.deepEqual(workers, [worker], 'it was the same worker all the time');
  assert.deepEqual(errors(host.log()), []);
});

/** A client that asks and then reads nothing. */
async function stall(request) {
  const c = await open(host.port);
  c.socket.pause();
  c.write(request);
  return c;
}

/** Whether the server's end of a connection is open (state 01 in the kernel's table). */
function isServed(c) {
  const port = (n) => n.toString(16).toUpperCase().padStart(4, '0');
  const line = new RegExp(`:${port(host.port)} \\w+:${port(c.socket.localPort)} 01 `);
  return line.test(fs.readFileSync('/proc/net/tcp', 'utf8'));
}

/** The slowest of some requests, in ms. */
async function slowest(n) {
  let worst = 0;
  for (let i = 0; i < n; i += 1) {
    const begun = performance.now();
    assert.equal((await fetch(`${host.url}/health`)).status, 200);
    worst = Math.max(worst, performance.now() - begun);
  }
  return worst;
}

/** How much more memory than `before` the worker holds, once that is below `max`. */
const settled = (start, max, ms) => until(() => rss(worker) - start < max, ms,
  `memory comes back (${Math.round((rss(worker) - start) / MB)} MB more)`);

function connect() {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port: host.port, host: '127.0.0.1' }, () => resolve(socket));
    socket.closed_ = new Promise((done) => { socket.on('close', done); });
    socket.on('error', reject);
    socket.resume();
  });
}

async function openMany(n) {
  const sockets = [];
  while (sockets.length < n) sockets.push(...await Promise.all(Array.from({ length: Math.min(500, n - sockets.length) }, connect)));
  return sockets;
}

it(`${IDLE} idle connections cost little, disturb nobody, and are let go`, async () => {
  await slowest(50);
  const start = rss(worker), sockets = await openMany(IDLE);
  const worst = await slowest(200), each = (rss(worker) - start) / IDLE;
  assert.ok(worst < PROMPT_MS, `the slowest of 200 requests took ${worst} ms`);
  assert.ok(each < 1500, `${each} bytes for each`);
  await Promise.all(sockets.map((s) => s.closed_));
  const once = rss(worker);
  for (const s of await openMany(IDLE)) s.destroy();
  await settled(once, 3 * MB, 3000);
  assert.ok(isServed(stalled));
});

it('half a request on each of thousands of connections costs little more than was sent', async () => {
  const n = Math.min(2000, IDLE), start = rss(worker), sockets = await openMany(n);
  for (const s of sockets) s.write('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nX: y\r\n\r\na');
  assert.ok(await slowest(50) < PROMPT_MS);
  const each = (rss(worker) - start) / n;
  assert.ok(each < 8192, `${each} bytes for each`);
  for (const s of sockets) s.destroy();
  await settled(start, 8 * MB, 3000);
});

describe('a client that reads nothing', () => {
  it('of many answers is not read any further', async () => { // limit: pipelined answers
    const start = rss(worker);
    const c = await stall('GET /large HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(500)); // 50 MB of answers
    await sleep(300); // for all that it would do
    assert.ok(rss(worker) - start < 4 * MB, `${(rss(worker) - start) / MB} MB more`);
    assert.ok(await slowest(20) < PROMPT_MS);
    c.socket.resume();
    await c.wait(() => c.bytes > 500 * 100_000, 20_000);
    c.socket.destroy();
  });

  for (const [what, path, message] of [['a WebSocket', '/echo.ws', 'x'.repeat(100_000)],
    ['Socket.IO', '/echo.io/?EIO=4&transport=websocket', `42["message","${'x'.repeat(100_000)}"]`]]) {
    it(`of ${what} is cut`, async () => {
      const start = rss(worker);
      const c = await openWebSocket(host.port, path);
      c.write(frame('40'));
      c.socket.pause();
      const one = frame(message);
      let cut = false;
      c.socket.on('error', () => { cut = true; });
      c.socket.on('close', () => { cut = true; });
      for (let i = 0; i < 1000 && !cut; i += 1) {
        if (!c.write(one)) await Promise.race([new Promise((done) => { c.socket.once('drain', done); }),
          new Promise((done) => { c.socket.once('close', done); })]);
      }
      assert.ok(cut, '100 MB were taken');
      assert.ok(rss(worker) - start < 12 * MB, `${(rss(worker) - start) / MB} MB more`);
      assert.ok(await slowest(20) < PROMPT_MS);
      await settled(start, 6 * MB, 3000);
    });
  }

  it('of an endless stream costs little, and is cut in the end', async () => { // limit: unread answers
    await until(() => !isServed(stalled), 60_000, 'the connection is closed');
    stalled.socket.resume(); // what the kernel still holds
    await stalled.wait(() => stalled.ended);
    stalled.socket.destroy();
    assert.ok(stalled.bytes < 32 * MB, `${stalled.bytes / MB} MB were sent`);
    assert.ok(rss(worker) - begin < 20 * MB, `${(rss(worker) - begin) / MB} MB more than in the beginning`);
  });
});
