// spec/e2e/slow_clients.test.mjs -- 5,000 clients that send a head or a body byte by byte, or read in sips.
// Invariants, which hold on a busy machine, too: a fast client waits for none of them, the slow ones are disconnected at their
// limits, and leave nothing behind.  TIMES=3, for an idle machine: its p99 is below so many times its value without them.
import assert from 'node:assert/strict';
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { errors, startHost } from './hosts.mjs';
import { median, quantile } from './load.mjs';
import { next, until } from './support.mjs';

const N = 5000, TIMES = Number(process.env.TIMES ?? 0), ROUNDS = 3, BLOCKS = 5, REQUESTS = 400, LIMIT_MS = 15_000;
const PATIENCE_MS = LIMIT_MS * 2 / 3; // who is held up by a slow client waits until that one is cut
// Timers of a busy machine are no finer than this: below it a ratio says nothing.
const FLOOR_MS = 0.5;
const MANY = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), 'slow_clients.mjs');
let host, worker, fast, many;
before(async () => {
  host = await startHost({ scripts: ['spec/e2e/scripts/echo', 'spec/e2e/scripts/flood'], env: { HUMAN_WORKERS: '1',
    HUMAN_LIMITS_HEAD_TIMEOUT_MS: LIMIT_MS, HUMAN_LIMITS_BODY_TIMEOUT_MS: LIMIT_MS } });
  [worker] = host.workers();
  fast = net.connect(host.port, '127.0.0.1').setNoDelay(true);
  await block(); // code is loaded, traces are made
});
after(async () => {
  fast?.destroy();
  if (many?.connected) many.disconnect();
  assert.deepEqual(host?.workers(), [worker], 'it is the worker of the beginning');
  assert.equal((await host?.stop())?.code, 0);
  assert.deepEqual(errors(host.log()), []);
});

/** The p99 of some requests one after another on one connection, in ms; none of them takes long. */
async function block() {
  const times = [];
  for (let i = 0; i < REQUESTS; i += 1) {
    const begun = performance.now();
    fast.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = await next(fast, 'data', LIMIT_MS); // small enough for one segment
    times.push(performance.now() - begun);
    assert.ok(times.at(-1) < PATIENCE_MS, `a request took ${times.at(-1)} ms`);
    assert.equal(answer.toString('latin1', 0, 12), 'HTTP/1.1 200');
  }
  return quantile(times, 0.99);
}

/** The median of some p99s: one hiccup of the machine is not a p99. */
async function p99() {
  const all = [];
  for (let i = 0; i < BLOCKS; i += 1) all.push(await block());
  return Math.max(FLOOR_MS, median(all));
}

/** N slow clients, all of which have been connected; on a slow machine the first are cut by then. */
async function slowOnes() {
  const soft = Math.min(N * 2 + 1000, Number(execFileSync('sh', ['-c', 'ulimit -H -n']).toString()) || Infinity);
  assert.ok(soft > N + 100, `the limit of open files is ${soft}`);
  const child = fork(MANY, [host.port, N], { execPath: '/bin/sh',
    execArgv: ['-c', `ulimit -n ${soft} && exec "$0" "$@"`, process.execPath], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  many = child;
  const seen = { open: 0, cut: 0 };
  child.on('message', (m) => Object.assign(seen, m));
  await until(() => seen.open + seen.cut >= N * 0.97 || child.exitCode !== null, 30_000, 'they are all connected');
  return { seen, async end() { const ended = once(child, 'exit'); child.disconnect(); await ended; } };
}

it(`${N} slow clients do not hold a fast one up, and are cut`, async () => {
  const ratios = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const idle = TIMES ? [await p99()] : [], slow = await slowOnes(), under = await p99();
    await until(() => slow.seen.cut > N / 3, LIMIT_MS + 15_000, 'slow ones are cut');
    await slow.end();
    if (!TIMES) return;
    idle.push(await p99());
    ratios.push(under / Math.max(...idle));
    if (ratios.at(-1) < TIMES) break; // a busy machine gets another chance
  }
  assert.ok(Math.min(...ratios) < TIMES, `p99 is ${ratios.map((r) => r.toFixed(1)).join(', ')} times what it is without them`);
});
