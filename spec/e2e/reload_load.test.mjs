// spec/e2e/reload_load.test.mjs -- RELOADS (24) reloads, good and bad in turn, under wrk and 500 Socket.IO clients.
// Invariants, which hold on a busy machine, too: no request fails or waits for seconds, no socket is dropped, nothing grows.
// TIMES=2, for an idle machine only: p99 is at most so many times its value without reloads.  Periods with and without
// reloads alternate then, so that other load affects both.
import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { makeAgent, makeUser } from './agent_client.mjs';
import { BINARY, makeHome, startHost } from './hosts.mjs';
import { median } from './load.mjs';
import { reload } from './modes.mjs';
import { root, SLOWER, sleep, until } from './support.mjs';
import { Watch } from './watch.mjs';

const RELOADS = Number(process.env.RELOADS ?? 24), TIMES = Number(process.env.TIMES ?? 0), SOCKETS = 500;
const QUIET_S = 2, BUSY_S = 6;
const PATIENCE_MS = 2000 * SLOWER; // what a request waits for at most; with time to spare it is a twentieth
const EVERY_MS = TIMES ? 500 : 0; // a reload every so often: what is measured is a server, not a machine that only reloads
const LOOK_MS = 100;
const FLOOR_US = 2000; // below it, a scheduler's slice decides
const PACE_MS = 8;     // wrk's connections pause so long: what waits then waits for the server, not for wrk
const home = makeHome(), tree = path.join(home, 'tree'), script = path.join(home, 'wrk.lua');
let host, sockets;

const write = (file, text) => {
  fs.mkdirSync(path.dirname(path.join(tree, file)), { recursive: true });
  fs.writeFileSync(path.join(tree, file), text);
};
const route = (version) => `
local api, s = require "human.api", require "human.schema"
local g = api.group { tag = "Probe", auth = false, shape = "agent" }
g:get("/probe", { summary = "Its version", reply = { [200] = s.object { version = s.int } } },
  function() return 200, { version = ${version} } end)
return g
`;
/** Edits that must be refused, with what the refusal says. */
const BAD = [
  ['return {', /probe\.lua:\d+/], ['error "at load"', /probe\.lua:1: at load/],
  ['stray = 1 return {}', /stray/],
  [route(0).replace('return g', 'g:get("/probe", { summary = "Again", reply = { [204] = false } }, function() return 204 end) return g'), /probe/],
];

fs.writeFileSync(script, `
function delay() return ${PACE_MS} end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"failed":%d,"p99":%d,"max":%d}\\n', summary.requests,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(99), latency.max))
end
`);

/** wrk for some seconds: {requests, failed, p99 and max in microseconds}. */
async function wrk(seconds) {
  const child = spawn('wrk', ['-t1', '-c24', `-d${seconds}s`, '--timeout', '30s', '-s', script, `${host.url}/probe`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (t) => { text += t; });
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  return JSON.parse(text.trim().split('\n').at(-1));
}

let version = 1;
/** One reload, good or bad; the time of the good ones in ms. */
async function edit(i) {
  if (i % 2) {
    const [text, why] = BAD[(i >> 1) % BAD.length];
    write('api/local/probe.lua', text);
    const { code, text: said } = await reload(BINARY, home);
    assert.equal(code, 1, said);
    assert.match(said, why);
    assert.match(said, /stay in force/);
    return;
  }
  write('api/local/probe.lua', route(version += 1));
  const { code, text } = await reload(BINARY, home);
  assert.equal(code, 0, text);
  assert.equal((await (await fetch(`${host.url}/probe`)).json()).version, version);
}

before(async () => {
  write('api/local/probe.lua', route(version));
  host = await startHost({ home, env: { HUMAN_SCRIPTS: `${tree}:${root}/scripts`, HUMAN_DATABASE_STATEMENT_TIMEOUT_MS: '30000',
    HUMAN_DATABASE_LEASE_TIMEOUT_MS: '30000' } }); // the database is not what is measured
  const user = await makeUser(host.url), agents = await Promise.all(Array.from({ length: 25 }, () => makeAgent(host.url, user)));
  const child = fork(path.join(root, 'spec/e2e/reload_load_clients.mjs'), [host.url, user.key, SOCKETS, ...agents.map((a) => a.id)]);
  sockets = { child, seen: { connected: 0, refused: [] } };
  child.on('message', (m) => { sockets.seen = m; });
  await until(() => sockets.seen.connected === SOCKETS || sockets.seen.refused.length, 30_000, 'all sockets are connected');
  await wrk(2); // code is loaded, traces are made
});
after(async () => {
  if (sockets?.child.connected) sockets.child.disconnect();
  assert.equal((await host?.stop())?.code, 0);
});

it(`${RELOADS} reloads under load: no request fails, no socket is dropped, nothing grows`, { timeout: SLOWER > 1 ? 850_000 : 280_000 }, async () => {
  const workers = host.workers(), watch = new Watch();
  assert.equal(workers.length, 2);
  const look = () => watch.look({ supervisor: host.child.pid, 'worker 0': workers[0], 'worker 1': workers[1] });
  const quiet = [], busy = [], looking = setInterval(look, LOOK_MS).unref();
  let i = 0;
  while (i < RELOADS) {
    if (TIMES) quiet.push(await wrk(QUIET_S));
    let running = true;
    const load = wrk(BUSY_S).finally(() => { running = false; });
    for (; running && (TIMES || i < RELOADS); i += 1) await Promise.all([edit(i), sleep(EVERY_MS)]);
    busy.push(await load);
  }
  clearInterval(looking);
  const longest = Math.max(...busy.map((r) => r.max)) / 1000;
  console.log(`  ${i} reloads in ${busy.length * BUSY_S} s; the longest request took ${longest} ms`);
  await until(() => sockets.seen.acknowledged, 60_000, 'an event is acknowledged');
  const { seen } = sockets;
  assert.deepEqual(seen.dropped, []);
  assert.deepEqual(seen.refused, []);
  assert.equal([...quiet, ...busy].reduce((sum, r) => sum + r.failed, 0), 0, 'no request failed');
  assert.ok(longest < PATIENCE_MS, `a request took ${longest} ms`);
  if (TIMES) {
    const p99 = (list) => Math.max(FLOOR_US, median(list.map((r) => r.p99)));
    const said = `p99 during reloads is ${p99(busy) / 1000} ms, without them ${p99(quiet) / 1000} ms`;
    console.log(`  ${said}`);
    assert.ok(p99(busy) <= TIMES * p99(quiet), said);
  }
  // A generation of scripts takes 15 MB, and the collector lets a heap grow to three times what is live.
  assert.deepEqual(watch.grown({ samples: 40, mb: 48 }), [], watch.summary().join('\n'));
  await until(() => host.workers().join() === workers.join(), 20_000, 'the workers are those of the beginning');
});
