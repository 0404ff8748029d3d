// spec/e2e/watchdog.test.mjs -- scripts that hang: the caller gets an error, the worker survives or
// is replaced, its sibling keeps serving, and a script that does it three times is taken out of service.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { io } from 'socket.io-client';
import { startHost } from './hosts.mjs';
import { open } from './raw.mjs';
import { next, sleep, until } from './support.mjs';

const HARD_MS = 2000, ENOUGH_MS = 60_000; // the second one on a machine that has other things to do
const JIT = process.env.HUMAN_JIT !== 'false', COMPILED = ['/stuck/compiled', '/stuck/later']; // else they can be interrupted
const WHO = /"worker":(\d)/;
let host, lines = 0;
before(async () => { host = await startHost({ scripts: ['spec/e2e/scripts/stuck'] }); });
after(async () => { assert.equal((await host?.stop())?.code, 0); });

/** Lines of the log since the last call. */
function news() {
  const all = host.log().split('\n').slice(0, -1).map((line) => JSON.parse(line)), fresh = all.slice(lines);
  lines = all.length;
  return fresh;
}

const ask = (path, id) => fetch(host.url + path, { headers: id ? { 'x-request-id': id, connection: 'close' } : {} })
  .then(async (r) => ({ status: r.status, body: await r.text(), retry: r.headers.get('retry-after') }), (error) => ({ error }));

/** A kept-alive connection to each worker, so that it is known who answers. */
async function oneToEach() {
  const found = new Map();
  await until(async () => {
    const c = await open(host.port);
    c.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    await c.wait(() => WHO.test(c.data()), ENOUGH_MS);
    const [, who] = WHO.exec(c.data());
    if (found.has(who)) c.socket.destroy();
    else found.set(who, c);
    return found.size === 2;
  }, ENOUGH_MS, 'a connection to each worker');
  return found;
}

/** Asks over a connection again and again until `done`; the times in ms. */
async function timesWhile(c, done) {
  const times = [];
  while (!done()) {
    const begun = performance.now(), at = c.bytes;
    c.write('GET /quick HTTP/1.1\r\nHost: x\r\n\r\n');
    await c.wait(() => c.bytes > at, ENOUGH_MS);
    times.push(performance.now() - begun);
    await sleep(5);
  }
  return times.sort((a, b) => a - b);
}

/** Sends a request that spins to worker 0, while worker 1 is asked all the time. */
async function spin(path, id) {
  const all = await oneToEach(), workers = host.workers(), begun = performance.now();
  const [victim, sibling] = [all.get('0'), all.get('1')];
  const at = victim.bytes;
  let ended;
  victim.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\n\r\n`);
  const times = timesWhile(sibling, () => ended);
  await victim.wait(() => victim.ended || victim.bytes > at, ENOUGH_MS).finally(() => { ended = performance.now() - begun; });
  const sorted = await times;
  let serves;
  const fresh = await until(async () => {
    const again = await oneToEach();
    for (const c of again.values()) c.socket.destroy();
    serves ??= performance.now() - begun;
    return again.size === 2;
  }, ENOUGH_MS, 'both workers serve');
  assert.ok(fresh);
  for (const c of all.values()) c.socket.destroy();
  const quiet = sorted[Math.floor(sorted.length * 0.99)], answers = sorted.length;
  console.log(`  ${path}: ended after ${ended.toFixed(0)} ms, both serve after ${serves.toFixed(0)} ms; the sibling's p99 ${quiet.toFixed(1)} ms of ${answers}`);
  const now = host.workers();
  return { answer: victim.data().subarray(at).toString(), ended, serves, answers, replaced: now[0] !== workers[0], sibling: now[1] === workers[1] };
}

describe('a script that does not come back', () => { // limit: limits.script_hard_ms
  for (const path of ['/stuck/caught', ...(JIT ? COMPILED : [])]) {
    it(`in ${path} ends its worker, which is replaced`, async () => {
      news();
      const id = `spin-${path.split('/').pop()}`, r = await spin(path, id);
      assert.equal(r.answer, '', 'the connection is closed');
      assert.ok(r.ended > HARD_MS - 100 && r.serves < ENOUGH_MS);
      assert.ok(r.replaced && r.sibling, 'the one is replaced, the other is not');
      assert.ok(r.answers >= 5, `its sibling gave ${r.answers} answers meanwhile`);
      const log = news().filter((l) => l.level !== 'info' && /worker|aborted/.test(l.msg));
      for (const line of log) assert.ok(line.msg.includes(`GET ${path}`) && line.msg.includes(id), JSON.stringify(line));
      assert.match(log.map((l) => l.msg).join('\n'), /api\/stuck\/stuck\.lua:\d+/);
      assert.doesNotMatch(host.log(), /Segmentation fault/, 'what it says on its way out breaks nothing');
    });
  }

  for (const path of ['/stuck/interpreted', '/stuck/pcall', ...(JIT ? [] : COMPILED)]) {
    it(`in ${path}, where it can be interrupted, is answered 500 or ends its worker`, async () => {
      news();
      const r = await spin(path, `spin-${path.split('/').pop()}`);
      assert.ok(r.sibling);
      if (!r.replaced) {
        assert.match(r.answer, /HTTP\/1\.1 500 /);
        assert.ok(!r.answer.includes('stuck.lua'), 'what the client sees says nothing of the script');
        assert.match(news().find((l) => l.msg === 'request failed').error, /script ran for too long.*stuck\.lua:\d+|stuck\.lua:\d+: script ran for too long/s);
      }
    });
  }
});

/** How many seconds a process has waited for a processor (proc(5), schedstat). */
const waited = (pid) => Number(fs.readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e9;

it('a script that others keep from the processor is left alone', async () => {
  const allowed = /Cpus_allowed_list:\s*(\S+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1], [one] = /\d+/.exec(allowed);
  const pin = (pid, where) => execFileSync('taskset', ['-acp', where, String(pid)]);
  const workers = host.workers(), base = workers.map(waited), others = [];
  news();
  try {
    for (const pid of workers) pin(pid, one);
    for (let i = 0; i < 3; i += 1) others.push(spawn('taskset', ['-c', one, 'sh', '-c', 'while :; do :; done'], { stdio: 'ignore' }));
    const answer = ask('/stuck/starved', 'starved'), begun = performance.now();
    await until(() => workers.some((pid, i) => waited(pid) - base[i] > 1.2), ENOUGH_MS, 'a worker has waited');
    for (const one of others) one.kill('SIGKILL');
    assert.equal((await answer).status, 200);
    assert.ok(performance.now() - begun > HARD_MS);
  } finally {
    for (const one of others) one.kill('SIGKILL');
    for (const pid of host.workers()) pin(pid, allowed);
  }
  assert.deepEqual(host.workers(), workers);
  assert.deepEqual(news().filter((l) => /interrupting/.test(l.msg)), []);
});

describe('what ends workers three times within a minute', () => { // limit: strikes
  const strike = async (begin) => {
    const before = host.workers();
    await begin();
    await until(() => host.workers().length === 2 && host.workers().some((pid) => !before.includes(pid)), ENOUGH_MS, 'a worker is replaced');
    await until(async () => (await ask('/ready')).status === 200, ENOUGH_MS, 'it serves');
  };

  it('is answered 503 from then on, on all workers, while other routes serve', async () => {
    for (let i = 0; i < 3; i += 1) await strike(() => ask('/stuck/third'));
    for (let i = 0; i < 20; i += 1) {
      const r = await ask('/stuck/third', `third-${i}`);
      assert.equal(r.status, 503);
      assert.equal(JSON.parse(r.body).code, 'route_disabled');
      assert.ok(r.retry);
      assert.equal((await ask('/quick')).status, 200);
    }
    assert.ok(host.log().includes('GET /stuck/third has ended 3 workers within 60 s'));
  });

  it('is asked again after a reload', async () => {
    host.child.kill('SIGHUP');
    await strike(() => until(async () => (await ask('/stuck/third')).error, ENOUGH_MS, 'it runs'));
  });

  it('is a Socket.IO event: the others are handled', async () => {
    const connect = async () => {
      const socket = io(host.url, { path: '/stuck.io/', transports: ['websocket'], forceNew: true, reconnection: false });
      await next(socket, 'connect', ENOUGH_MS);
      return socket;
    };
    for (let i = 0; i < 3; i += 1) await strike(async () => { (await connect()).emit('spin'); });
    const socket = await connect(), workers = host.workers();
    socket.emit('spin');
    assert.equal(await socket.timeout(ENOUGH_MS).emitWithAck('echo', 'still here'), 'still here');
    assert.deepEqual(host.workers(), workers);
    assert.ok(host.log().includes('socket.io / spin has ended 3 workers'));
    socket.disconnect();
  });
});

describe('a worker that breaks', () => {
  it('says where, and is replaced', { skip: process.env.ASAN_OPTIONS ? 'a sanitizer says it itself' : false }, async () => {
    const [, victim] = host.workers();
    process.kill(victim, 'SIGSEGV');
    await until(() => host.workers().length === 2 && !host.workers().includes(victim), ENOUGH_MS, 'it is replaced');
    const said = await until(() => {
      const lines = host.log().split('\n').filter((line) => line.includes(`"pid":${victim},`) && /Segmentation fault/.test(line));
      return lines.length > 1 && lines.map((line) => JSON.parse(line).msg);
    }, ENOUGH_MS, 'its last words');
    assert.match(said[0], /^Segmentation fault at 0x[0-9a-f]+ in [^;]+; C: \S+\+0x/);
    assert.match(said[1], /^Segmentation fault at 0x[0-9a-f]+ in [^;]+; script: /);
  });
});
