// spec/e2e/gateway_chaos.test.mjs -- a thousand runs with tools and approvals on two hosts with one database, while
// workers and whole hosts are killed, scripts reloaded, and the database ends.  What must hold: no tool has its effect
// twice, none is lost, no run is stuck, and each ends once.
// HUMAN_CHAOS_RUNS (1000; 200 where sanitizers slow it down) says how many, or as many as begin within 150 s; CHAOS_S instead, for
// how many seconds there are new ones (`make chaos`, and the soak); HUMAN_CHAOS_SEED, which.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { call, one, OPERATOR, TREES } from './gateway_world.mjs';
import { BINARY, children, databaseUrl, makeHome, sql, startHost } from './hosts.mjs';
import { reload } from './modes.mjs';
import { sleep, until } from './support.mjs';

const SECONDS = Number(process.env.CHAOS_S ?? 0), RUNS = SECONDS ? Infinity : Number(process.env.HUMAN_CHAOS_RUNS ?? (process.env.E2E_BINARY ? 200 : 1000));
const SEED = Number(process.env.HUMAN_CHAOS_SEED ?? Date.now() % 1e6);
const SESSIONS = 30, TURNS = 10, SENDERS = 8, AT_ONCE = 16, QUIET_MS = 180_000, OPEN_MAX = 250, TELL_MS = 60_000;
const MOST_S = SECONDS || (process.env.HUMAN_CHAOS_RUNS ? Infinity : 150);
const ENV = { HUMAN_DATABASE_POOL: '4', HUMAN_WORKERS: '2', HUMAN_LIMITS_DRAIN_TIMEOUT_MS: '2000' };
const STUCK_MS = 90_000;
const homes = [makeHome(), makeHome()], hosts = [];
const faults = {};
let seed = SEED, over = false, isHavoc = true;

/** The next number below n of the seed's sequence (mulberry32). */
function random(n) {
  seed = (seed + 0x6D2B79F5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % n;
}
const pick = (list) => list[random(list.length)];

const start = async (i, port) => {
  hosts[i] = await startHost({ scripts: TREES, home: homes[i], port, env: i ? { ...ENV, DATABASE_URL: databaseUrl(homes[0]) } : { ...ENV, HUMAN_DATABASE_POOL: '6' } });
};
before(async () => {
  await start(0);
  await start(1);
});
after(async () => {
  over = true;
  isHavoc = false;
  await hosts[1]?.stop();
  await hosts[0]?.stop();
});

/** Calls until some host answers. */
async function insist(name, ...args) {
  for (;;) {
    try {
      return await call(pick(hosts), name, ...args);
    } catch (error) {
      if (over) throw error;
      await sleep(50);
    }
  }
}

// What is done to them -------------------------------------------------------------------------------------

const kill = (pid) => { try { process.kill(pid ?? 0x7fffffff, 'SIGKILL'); } catch { /* it has ended */ } };
const FAULTS = {
  'a worker is killed': async () => kill(pick(pick(hosts).workers())),
  'the scripts are reloaded': async () => { const i = random(2); await reload(BINARY, homes[i]); },
  'a host is killed and started again': async () => { const { port } = hosts[1]; await hosts[1].kill(); await start(1, port); },
  'the database ends': async () => { const pid = hosts[0].postgres(); for (const each of [pid, ...children(pid).map((c) => c.pid)]) kill(each); },
  'connections to the database end': async () => sql(homes[0], `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`).catch(() => {}),
  'the host with the database is killed and started again': async () => { const { port } = hosts[0]; await hosts[0].kill(); await start(0, port); },
};
const OFTEN = ['a worker is killed', 'the scripts are reloaded', 'the database ends', 'a worker is killed', 'a host is killed and started again',
  'connections to the database end', 'a worker is killed', 'the host with the database is killed and started again'];

async function havoc() {
  for (let i = 0; isHavoc; i += 1) {
    const what = OFTEN[i % OFTEN.length];
    faults[what] = (faults[what] ?? 0) + 1;
    await FAULTS[what]();
    await sleep(500 + random(1500));
  }
}

// What they are asked -----------------------------------------------------------------------------------------

const TOOLS = ['effect', 'effect', 'effect_alone', 'effect_asked', 'effect_asked', 'effect_again'];
const planned = new Map();                        // name of an effect -> {run number, tool}

function message(n) {
  const steps = [];
  for (let step = 0; step <= random(3); step += 1) {
    const calls = [];
    for (let c = 0; c <= random(3); c += 1) {
      const tool = pick(TOOLS), name = `r${n}.${step}.${c}`;
      planned.set(name, { n, tool });
      calls.push(`the tool ${tool} with {"name": "${name}", "ms": ${random(200)}}`);
    }
    steps.push(calls.join(' and '));
  }
  return `Run ${steps.join(', then ')}`;
}

async function sender(jobs, runs) {
  for await (const n of jobs) {
    const request = { key: `chaos-${Math.floor(n / SESSIONS / TURNS)}-${n % SESSIONS}`, message: message(n), idempotency_key: `run-${n}` };
    const { value, why } = await insist('chat.send', request);
    if (why === 'too_many_waiting') { await sleep(500); continue; }
    runs.set(n, value.run_id);
    // What is sent again is no second run.
    if (random(10) === 0) assert.equal((await insist('chat.send', request)).value.run_id, value.run_id);
    if (random(20) === 0) await insist('chat.abort', { run_id: value.run_id });
    await sleep(random(100));
  }
}

async function approver() {
  while (!over) {
    const { value } = await insist('approvals.list').catch(() => ({}));
    await Promise.all((Array.isArray(value) ? value : []).slice(0, AT_ONCE).flatMap(({ id }) => {
      const decisions = [pick(['allow-once', 'allow-once', 'allow-once', 'deny']), ...(random(4) ? [] : ['deny'])];
      return decisions.map((decision) => insist('approvals.resolve', id, decision, OPERATOR));
    })).catch((error) => { if (!over) throw error; });
    await sleep(100);
  }
}

const LEFT = `select r.id, r.state, r.step, c.id, c.tool, c.status, a.decision from gateway_runs r left join gateway_calls c on c.run_id = r.id and c.step = r.step
  left join gateway_approvals a on a.call_id = c.id where r.finished_at is null order by r.id, c.n`;
const QUEUED = `select kind, key, payload, attempts, lapses, owner, is_parked, is_unique, due_at - human_now(), lease_until - now(), dead_at, last_error from host_queue where kind like 'session.%' order by kind, order_at limit 60`;
const ask = (statement) => until(() => sql(homes[0], statement).catch(() => undefined), QUIET_MS, 'the database answers');
const none = async (statement, what) => assert.deepEqual(await ask(statement), [], what);

const open = async () => Number(await one(hosts[0], 'select count(*) from gateway_runs where finished_at is null').catch(() => 'NaN'));
const told = () => `${Object.values(faults).reduce((a, b) => a + b, 0)} faults: ${Object.entries(faults).map(([what, n]) => `${n} times ${what}`).join(', ')}`;

/** Numbers of runs, as many or for as long as is asked for; by the clock, never many more than are worked off. */
async function* numbers(began, runs) {
  for (let n = 0, next = TELL_MS, waiting = 0; n < RUNS; n += 1) {
    const passed = Date.now() - began;
    if (passed > MOST_S * 1000) return;
    if (SECONDS && n % 50 === 0) for (waiting = await open(); waiting > OPEN_MAX; waiting = await open()) await sleep(200);
    if (passed > next) console.log(`${Math.round(passed / 1000)} s: ${runs.size} runs, ${waiting} of them open; ${told()}`);
    while (next < passed) next += TELL_MS;
    yield n;
  }
}

const TITLE = SECONDS ? `runs for ${SECONDS} s` : `${RUNS} runs`;
it(`${TITLE} through kills, reloads and restarts: no tool twice, none lost, no run stuck, each ended once`, { timeout: SECONDS * 1000 + 3_600_000 }, async (t) => {
  t.diagnostic(`HUMAN_CHAOS_SEED=${SEED}`);
  const runs = new Map(), began = Date.now();
  const jobs = numbers(began, runs);
  const working = approver(), breaking = havoc();
  await Promise.all(Array.from({ length: SENDERS }, () => sender(jobs, runs)));
  // Havoc goes on for a while, then what it has left is waited for.
  if (!SECONDS) while (await open() > RUNS / 4 && Date.now() - began < RUNS * 120) await sleep(100);
  isHavoc = false;
  await breaking;
  // Stuck is who does not move, however slow the machine is.
  let left, moved = Date.now();
  while (left !== 0) {
    const now = await open();
    if (now !== left) { left = now; moved = Date.now(); }
    if (Date.now() - moved > STUCK_MS) assert.fail(`${left} runs are not over\n${(await ask(LEFT)).join('\n')}\n${(await ask(QUEUED)).join('\n')}`);
    await sleep(100);
  }
  over = true;
  await working;
  t.diagnostic(told());
  t.diagnostic(`${runs.size} runs in ${Math.round((Date.now() - began) / 1000)} s; ${(await ask('select state || \' \' || count(*) from gateway_runs group by state order by 1')).join(', ')}`);
  t.diagnostic((await ask('select status || \' \' || count(*) from gateway_calls group by status order by 1')).join(', '));

  await ask('create index on tool_effects (call_id)'); // an hour's are tens of thousands
  await ask('analyze');
  // Each message is a run, once, and each run has ended once, in both records.
  assert.equal(Number(await one(hosts[0], 'select count(*) from gateway_runs')), runs.size);
  await none(`select id, state, error_code from gateway_runs where state not in ('done', 'aborted') and error_code is distinct from 'interrupted'`, 'runs end as they should');
  await none(`select g.id, g.state, r.reason from gateway_runs g join agent_runs r using (id) where r.reason is distinct from case g.state when 'done' then 'completed' when 'aborted' then 'aborted' else 'error' end`, 'both records say the same');
  await none(`select g.id from gateway_runs g left join agent_runs r using (id) where g.state = 'done' and r.id is null`, 'a run that is done is recorded');
  // What is done was said once: the model's texts are its answers, and only the last step has one.
  await none(`select g.id, count(e.id) from gateway_runs g left join agent_events e on e.run_id = g.id and e.type = 'send-message'
    where g.state = 'done' group by g.id having count(e.id) <> 1`, 'one answer each');
  // Tools: at most once, exactly once where they are done, and never without having been asked for.
  await none(`select call_id, count(*) from tool_effects e join gateway_calls c on c.id = e.call_id where what = 'begin' and c.tool <> 'effect_again' group by call_id having count(*) > 1`, 'no tool twice');
  await none(`select name, count(distinct call_id) from tool_effects group by name having count(distinct call_id) > 1`, 'no call made twice');
  await none(`select c.id, c.tool from gateway_calls c where c.status = 'done' and (select count(*) from tool_effects e where e.call_id = c.id and what = 'end') <> 1 and c.tool <> 'effect_again'`, 'what is done has happened');
  await none(`select c.id, c.status from gateway_calls c join tool_effects e on e.call_id = c.id where c.status = 'denied'`, 'what was denied has not');
  await none(`select c.id, c.result from gateway_calls c where c.status = 'failed' and c.result not like 'It failed%'`, 'what failed lacked its database');
  await none(`select e.name from tool_effects e left join gateway_calls c on c.id = e.call_id where c.id is null`, 'each effect has a call');
  await none(`select c.id from gateway_calls c join gateway_approvals a on a.call_id = c.id where c.status in ('done', 'interrupted') and a.decision not like 'allow-%'`, 'none ran unapproved');
  await none(`select c.id from gateway_calls c left join gateway_approvals a on a.call_id = c.id where c.tool = 'effect_asked' and a.id is null`, 'each was asked for');
  const done = new Set(await ask(`select id from gateway_runs where state = 'done'`));
  const wanted = [...planned].filter(([, { n }]) => done.has(runs.get(n))).map(([name]) => name).sort();
  const made = (await ask(`select c.arguments::json->>'name' from gateway_calls c join gateway_runs r on r.id = c.run_id where r.state = 'done'`)).sort();
  assert.deepEqual(made, wanted, 'each tool of a run that is done was called, once');
  // Nothing is left.
  await none(`select id, status from gateway_calls where status in ('asked', 'allowed', 'ready', 'running')`, 'no call is open');
  await none(`select id from gateway_approvals where decision is null`, 'no approval is open');
  await none(`select key from agents a join gateway_sessions s on s.id = a.id, lateral (select a.session_key as key) k where s.run_id is not null`, 'no session is at work');
  await until(async () => (await ask(`select count(*) from host_queue where kind like 'session.%'`))[0] === '0', QUIET_MS, 'the queue is empty');
});
