// spec/e2e/limits.test.mjs -- limits of tasks and of memory, tripped by scripts: the caller gets an error, and
// nobody else notices.  docs/limits.md lists all limits.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { launch, makeHome, rss, startHost } from './hosts.mjs';
import { open } from './raw.mjs';
import { freePort, sleep, until } from './support.mjs';

const ENOUGH_MS = 15_000, MB = 1024 * 1024;
let host;
const ask = async (path) => {
  const r = await fetch(host.url + path, { headers: { connection: 'close' } });
  const body = await r.text();
  return { status: r.status, code: r.status >= 400 ? JSON.parse(body).code : undefined, body };
};
const start = (env) => async () => { host = await startHost({ scripts: ['spec/e2e/scripts/stuck'], env }); };
const stop = async () => { assert.equal((await host?.stop())?.code, 0); };

describe('a request', () => {
  before(start({ HUMAN_WORKERS: '1', HUMAN_LIMITS_CONNECTIONS: '50', HUMAN_LIMITS_TASKS: '100',
    HUMAN_LIMITS_REQUEST_TIMEOUT_MS: '8000',
    HUMAN_LIMITS_LUA_MEMORY_BYTES: String(64 * MB) }));
  after(stop);
  const cases = [
    ['/stuck/awaits', 500, 'too_many_operations', 'waits ten thousand times'], // limit: limits.awaits
    ['/stuck/awaits/caught', 500, 'too_many_operations', 'does so, and catches every error'],
    ['/stuck/spawns', 500, 'too_many_operations', 'starts ten thousand tasks'], // limit: limits.ops
    ['/stuck/deadline', 504, 'deadline_exceeded', 'waits for too long'], // limit: limits.request_timeout_ms
    ['/stuck/forever', 504, 'deadline_exceeded', 'does so, and catches every error'], // limit: deadline grace
    ['/stuck/memory', 500, 'internal', 'takes all memory'], // limit: limits.lua_memory_bytes
  ];
  for (const [path, status, code, what] of cases) {
    it(`that ${what} (${path}) is answered ${status}, by a worker that serves on`, async () => {
      const workers = host.workers();
      const r = await ask(path);
      assert.deepEqual([r.status, r.code], [status, code]);
      assert.equal((await ask('/quick')).status, 200);
      assert.deepEqual(host.workers(), workers);
    });
  }

  it('that takes all memory leaves a worker that gives it back', async () => {
    for (let i = 0; i < 20; i += 1) assert.equal((await ask('/stuck/memory')).status, 500); // what says so needs memory, too
    const [worker] = host.workers();
    assert.ok(rss(worker) < 200 * MB, `${rss(worker) / MB} MB`);
    assert.match(host.log(), /script memory reached limits\.lua_memory_bytes/);
  });

  it('that runs for long without waiting is told in the log and counted', async () => { // limit: limits.script_soft_ms
    assert.equal((await ask('/stuck/slow')).status, 200);
    await until(() => /"msg":"ran for long without waiting".*GET \/stuck\/slow/.test(host.log()), ENOUGH_MS, 'the warning');
    assert.match((await ask('/metrics')).body, /human_slow_slices_total\{what="GET \/stuck\/slow"\} [1-9]/);
  });

  it('is answered 503 while the worker has all tasks that it may have', async () => { // limit: limits.tasks
    const held = await Promise.all(Array.from({ length: 3 }, () => ask('/stuck/spawns/held')));
    assert.ok(held.some((r) => r.status === 500 && r.code === 'too_many_operations'));
    const last = ask('/stuck/wait/long'); // takes the place of the one that was refused
    const r = await until(async () => { const q = await ask('/quick'); return q.status !== 200 && q; }, ENOUGH_MS, 'a refusal');
    assert.deepEqual([r.status, r.code], [503, 'service_unavailable']);
    await last;
    await until(async () => (await ask('/quick')).status === 200, ENOUGH_MS, 'it serves again');
  });

  it('is answered 503 at once while the worker has all connections that it may have', async () => { // limit: limits.connections
    const all = await Promise.all(Array.from({ length: 50 }, () => open(host.port)));
    await until(async () => {
      const late = await open(host.port); // the server may not have taken all of the others yet
      late.write('GET /quick HTTP/1.1\r\nHost: x\r\n\r\n');
      await late.wait(() => late.bytes || late.ended, ENOUGH_MS);
      late.socket.destroy();
      return late.data().toString().startsWith('HTTP/1.1 503 ');
    }, ENOUGH_MS, 'a refusal');
    for (const c of all) c.socket.destroy();
    await until(async () => (await ask('/quick').catch(() => ({}))).status === 200, ENOUGH_MS, 'it serves again');
  });
});

describe('a worker whose scripts hold too much after a collection', () => { // limit: limits.lua_soft_bytes
  before(start({ HUMAN_LIMITS_LUA_SOFT_BYTES: String(40 * MB) }));
  after(stop);

  it('makes way for another: no request fails, and none waits for long', async () => {
    const workers = host.workers();
    let over = false, failed = 0, worst = 0, asked = 0;
    const client = async (path) => {
      while (!over) {
        const begun = performance.now();
        const ok = await ask(path).then((r) => r.status === 200, () => false);
        if (!ok) failed += 1;
        if (path === '/quick') worst = Math.max(worst, performance.now() - begun);
        asked += 1;
        await sleep(2);
      }
    };
    const clients = ['/quick', '/quick', '/quick', '/stuck/wait', '/stuck/wait', '/stuck/leak'].map(client);
    await until(() => host.workers().filter((pid) => workers.includes(pid)).length === 0 && host.workers().length >= 2,
      60_000, 'both workers are replaced').finally(() => { over = true; });
    await Promise.all(clients);
    console.log(`  ${asked} requests, ${failed} failed; the slowest quick one took ${worst.toFixed(0)} ms`);
    assert.equal(failed, 0);
    assert.ok(worst < 10_000); // a worker that is replaced without another beside it would refuse them
    assert.match(host.log(), /limits\.lua_soft_bytes.*a new worker takes over/);
    assert.doesNotMatch(host.log(), /was ended by signal|ended with status/);
  });
});

it('a database that takes a connection and says nothing is tried again', async () => { // limit: database.connect_timeout_ms
  let tried = 0;
  const mute = net.createServer((c) => { tried += 1; c.on('error', () => {}); }).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const { child, log } = launch({ HUMAN_HOME: makeHome(), HUMAN_PORT: await freePort(), HUMAN_WORKERS: '1', HUMAN_DATABASE_POOL: '1',
    HUMAN_DATABASE_CONNECT_TIMEOUT_MS: '200', DATABASE_URL: `postgres://nobody@127.0.0.1:${mute.address().port}/none` });
  await until(() => tried > 6, ENOUGH_MS, 'it gives up and tries again').catch((e) => { throw new Error(`${e.message}\n${log()}`); });
  child.kill('SIGTERM');
  await once(child, 'exit');
  mute.close();
});
