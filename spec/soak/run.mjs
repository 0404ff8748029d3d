// spec/soak/run.mjs -- `make soak`: mixed traffic on one server for SOAK_SECONDS (3600), then what must hold:
// memory and descriptors of every process flat, no task stuck, and every event that was acknowledged in the
// log exactly once and answered.  Prints what happened; exit status 0 when all held.
// SOAK_FAULTS=none: without reloads and kills.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeUser } from '../e2e/agent_client.mjs';
import { errors, makeHome, pids, sql, startHost } from '../e2e/hosts.mjs';
import { root, sleep, until } from '../e2e/support.mjs';
import { Watch } from '../e2e/watch.mjs';
import { aborting, chat, dripping, killer, operator, rest } from './traffic.mjs';

const SECONDS = Number(process.env.SOAK_SECONDS ?? 3600), SAMPLE_MS = Math.max(500, SECONDS * 1000 / 400);
const KILL_MS = Math.max(20_000, SECONDS * 1000 / 20), WORKERS = 2, CHATS = 12, RESTS = 4, FAULTS = process.env.SOAK_FAULTS !== 'none';
const home = makeHome(), tree = path.join(home, 'tree'), problems = [], counts = {};
fs.mkdirSync(path.join(tree, 'api/local'), { recursive: true });
fs.writeFileSync(path.join(tree, 'api/local/soak.lua'), 'return {}\n');
// All that come here come from one address, and make more and faster than one may.
fs.mkdirSync(path.join(tree, 'agent/rules'), { recursive: true });
fs.writeFileSync(path.join(tree, 'agent/rules/quotas.lua'), `local M = {}
for name, value in pairs(require "shipped:agent.rules.quotas") do M[name] = value end
local any = { { per = "address", rate = 1000, burst = 1000 } }
M.new_users, M.new_keys, M.new_things = any, any, any
return M
`);

const host = await startHost({ home, env: { HUMAN_SCRIPTS: `${tree}:${root}/scripts`, HUMAN_WORKERS: String(WORKERS),
  HUMAN_LLM_PROVIDER: 'offline', HUMAN_AGENT_LEASE_MS: '2000', HUMAN_LIMITS_HEAD_TIMEOUT_MS: '3000',
  HUMAN_LIMITS_BODY_TIMEOUT_MS: '3000', HUMAN_SOCKETIO_RECOVERY_MS: '3000', HUMAN_SOCKETIO_PING_INTERVAL_MS: '3000',
  HUMAN_SOCKETIO_PING_TIMEOUT_MS: '10000', HUMAN_RELOAD_GRACE_MS: '10000' } });
host.child.ref();
const end = Date.now() + SECONDS * 1000;
let stop = false;
const world = {
  host, tree, size: WORKERS, agents: [], promised: [], killing: false,
  over: () => stop || Date.now() > end,
  count: (what) => { counts[what] = (counts[what] ?? 0) + 1; },
  /** Workers, without a checker: those that have lived for more than a moment, or are all there are. */
  workers: () => host.workers().slice(0, WORKERS),
  async wait(ms) { for (const until_ = Date.now() + ms; Date.now() < until_ && !world.over();) await sleep(100); },
};
const problem = (text) => { problems.push(text); };
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { stop = true; });

const watch = new Watch();
async function sampling() {
  const first = world.workers();
  while (!world.over()) {
    const now = world.workers();
    watch.look({ supervisor: host.child.pid, ...Object.fromEntries(now.map((pid, i) => [`worker ${i}`, pid])) });
    await sleep(SAMPLE_MS);
  }
  if (world.workers()[0] !== first[0]) problem(`worker 0 was replaced: process ${first[0]} is gone`);
}

/** An actor that fails ends the run: what it saw is the finding. */
const actor = (name, promise) => promise.catch((error) => {
  problem(`${name}: ${error.message}`);
  stop = true;
});

/** What the log of the agents must be, when all is quiet. */
async function checkLog() {
  const unfinished = await sql(home, 'select count(*) from agent_runs where finished_at is null');
  if (unfinished[0] !== '0') problem(`${unfinished[0]} turns have not ended`);
  const rows = await sql(home, "select agent_id || ' ' || coalesce(message_id, id), count(*) from agent_events where direction = 'in' group by 1");
  const stored = new Map(rows.map((row) => row.split('|')));
  const lost = world.promised.filter((p) => !stored.has(`${p.agent} ${p.message ?? p.event}`));
  const doubled = [...stored].filter(([, n]) => n !== '1');
  if (lost.length) problem(`${lost.length} acknowledged events are not in the log, as ${JSON.stringify(lost[0])}`);
  if (doubled.length) problem(`${doubled.length} events are in the log more than once, as ${doubled[0]}`);
  const checks = {
    'turns without exactly one agent-stopped': `select count(*) from agent_runs r left join
      (select run_id, count(*) n from agent_events where type = 'agent-stopped' group by 1) e on e.run_id = r.id
      where coalesce(n, 0) <> 1`,
    'gaps or repeats in the numbers of actions': `select count(*) from (select agent_id, count(*) n, max(seq) last, count(distinct seq) d
      from agent_events where direction = 'out' group by 1) x where n <> last or n <> d`,
    'messages that no turn answered': `select count(*) from agent_events e left join
      (select agent_id, max(until_pos) as read from agent_runs group by 1) r using (agent_id)
      where type = 'new-message' and pos > coalesce(read, 0)`,
  };
  for (const [what, statement] of Object.entries(checks)) {
    const [n] = await sql(home, statement);
    if (n !== '0') problem(`${what}: ${n}`);
  }
}

const users = await Promise.all([1, 2, 3].map(() => makeUser(host.url)));
const actors = [
  ...Array.from({ length: CHATS }, (_, i) => actor('chat', chat(world, users[i % 3]))),
  ...Array.from({ length: RESTS }, () => actor('rest', rest(world))),
  ...Array.from({ length: 2 }, () => actor('aborting', aborting(world))),
  ...Array.from({ length: 20 }, () => actor('dripping', dripping(world))),
  actor('sampling', sampling()),
];
if (FAULTS) actors.push(actor('operator', operator(world)), actor('killer', killer(world, KILL_MS)));
await Promise.all(actors);

await until(async () => (await sql(home, 'select count(*) from agent_runs where finished_at is null'))[0] === '0', 30_000, 'turns end')
  .catch((error) => problem(error.message));
await checkLog().catch((error) => problem(`the log: ${error.message}`));
// The collector lets a heap grow to three times what is live, in steps of a cycle, and a generation of scripts takes
// 15 MB: in a short run more of that shows as growth.
// A worker that took a dead one's place is still warming up in its first minute.
problems.push(...watch.grown({ mb: SECONDS < 600 ? 48 : 6, samples: 120 }));
// A worker stops when its last task has ended: one that is stuck shows as a drain that had to be cut.
const { code, ms } = await host.stop();
if (code !== 0) problem(`the server ended with ${code}`);
if (/limits\.drain_timeout_ms has passed/.test(host.log())) problem(`a task is stuck: stopping took ${ms} ms and was cut`);
const bugs = errors(host.log()).filter((line) => !/"reload: |ended by signal 9/.test(line));
for (const line of bugs.slice(0, 5)) problem(`logged: ${line}`);

console.log([`soak: ${SECONDS} s on ${os.cpus().length} cores; ${Object.entries(counts).map(([k, v]) => `${v} ${k}`).join(', ')}; `
  + `${world.promised.length} acknowledged events`, ...watch.summary(), ...problems.map((p) => `FAIL ${p}`)].join('\n'));
console.log(problems.length ? `soak: ${problems.length} problems` : 'soak: all held');
process.exit(problems.length ? 1 : 0);
