// bench/turns.mjs -- whole turns of agents over Socket.IO: a message in, its answer and agent-stopped out, the next.
// A closed loop of 1, 20 and 200 agents with the offline provider, two workers, everything on all cores; beside it
// the floor: what a turn writes, as a pgbench script of two transactions on the same tables.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import WebSocket from 'ws';

const here = path.dirname(new URL(import.meta.url).pathname), root = path.dirname(here);
const AGENTS = [1, 20, 200], WARM_S = 1, STATS_S = 1.2, COSTS_S = 4, IDLE_S = 5, ALONE_S = 20, SILENCE_S = 20;

// What a turn writes at least: the event; and its end with typing, answer, stop, three decisions and the call.
const FLOOR = `\\set a random(1, :agents)
begin;
update floor_boxes set last_pos = last_pos + 1, last_in_pos = last_pos + 1, last_event_at = now() where id = :a;
insert into floor_events (agent, direction, type, content) values (:a, 'in', 'new-message', :message::jsonb);
commit;
begin;
insert into floor_runs (agent, reason, finished_at) values (:a, 'completed', now());
insert into floor_events (agent, direction, type, content) values (:a, 'out', 'set-typing', '{"isTyping": "on"}'),
  (:a, 'out', 'send-message', :message::jsonb), (:a, 'out', 'agent-stopped', '{"reason": "completed"}');
insert into floor_decisions (rule, subject, inputs) select 'a.rule', :a::text, :message::jsonb from generate_series(1, 3);
insert into floor_calls (agent, provider) values (:a, 'offline');
update floor_boxes set last_pos = last_pos + 3, processed_pos = last_in_pos where id = :a;
commit;
`;
const FLOOR_TABLES = `create table if not exists floor_boxes (id int primary key, last_pos bigint default 0, last_in_pos bigint default 0,
    processed_pos bigint default 0, last_event_at timestamptz);
  create table if not exists floor_events (id bigserial primary key, agent int, direction text, type text, content jsonb, at timestamptz default now());
  create index if not exists floor_events_agent on floor_events (agent, id);
  create table if not exists floor_runs (id bigserial primary key, agent int, reason text, finished_at timestamptz);
  create index if not exists floor_runs_agent on floor_runs (agent, id);
  create table if not exists floor_decisions (id bigserial primary key, rule text, subject text, inputs jsonb, at timestamptz default now());
  create index if not exists floor_decisions_at on floor_decisions (rule, at);
  create table if not exists floor_calls (id bigserial primary key, agent int, provider text, at timestamptz default now());
  insert into floor_boxes (id) select generate_series(1, 200) on conflict do nothing`;
const MESSAGE = JSON.stringify({ message: { id: 'm'.repeat(20), type: 'message', content: 'How do I begin with strength training?',
  participant: { id: 'user-1', nickname: 'Sarah' }, createdAt: '2025-01-01' } });

// The budgets of one agent and one user would end a benchmark within a minute.
function withoutBudgets(dir) {
  const tree = path.join(dir, 'no-budgets/agent/rules');
  fs.mkdirSync(tree, { recursive: true });
  for (const name of ['limits.lua', 'quotas.lua']) {
    const text = fs.readFileSync(path.join(root, 'scripts/agent/rules', name), 'utf8');
    fs.writeFileSync(path.join(tree, name),
      text.replace(/^(\s+(?:runs_per_hour|tokens_per_day|cost_micros_per_day) = )\d+/gm, '$11000000000000'));
  }
  return path.join(dir, 'no-budgets');
}

async function made(port, url, body, key) {
  const answer = await fetch(`http://127.0.0.1:${port}/api${url}`, { method: body ? 'POST' : 'GET', body: body && JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...(key && { 'x-api-key': key }) } });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

async function makeAgents(port, n) {
  const user = await made(port, '/users', { email: `bench-${Date.now()}@example.com` });
  const { key } = await made(port, `/users/${user.id}/api-keys`, { name: 'bench' });
  const type = (await made(port, '/agent-types')).find((t) => t.name === 'Huma-1').id;
  const list = [];
  for (let i = 0; i < n; i++) list.push((await made(port, '/agents', { name: `Agent ${i}`, agentTypeId: type }, key)).id);
  return { key, list };
}

// One platform: says a line as soon as the agent has stopped.  took: ms of each turn.
function talk(port, agentId, key, state) {
  return new Promise((done, failed) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket&agentId=${agentId}&apiKey=${key}`);
    let said = 0, at = 0, watch, last;
    const say = () => {
      clearTimeout(watch);
      if (!state.running) return socket.close();
      at = performance.now();
      watch = setTimeout(() => failed(new Error(`agent ${agentId} has not answered line ${said} for ${SILENCE_S} s: ${last}`)), SILENCE_S * 1000);
      socket.send(`42["message",${JSON.stringify({ type: 'new-message', content: { message: { id: `${agentId}-${Date.now()}-${said += 1}`, type: 'message',
        content: `How do I begin with strength training, part ${said}?`, participant: { id: 'user-1', nickname: 'Sarah' },
        createdAt: new Date().toISOString() } } })}]`);
    };
    socket.on('message', (data) => {
      const text = last = data.toString();
      if (text[0] === '0') socket.send('40');
      else if (text === '2') socket.send('3');
      else if (text.startsWith('40')) state.open(say);
      else if (text.includes('"agent-stopped"')) {
        if (state.counting) state.took.push(performance.now() - at);
        if (!/"reason":"(completed|no-response)"/.test(text)) state.other += 1;
        say();
      } else if (text.startsWith('44') || text.includes('"exception"')) failed(new Error(text));
    });
    socket.on('close', done);
    socket.on('error', failed);
  });
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];

// Counters of the database.  Backends hand theirs in when they are idle for a second.
async function counters(client) {
  await sleep(STATS_S * 1000);
  const { rows: [row] } = await client.query(`select (xact_commit + xact_rollback)::float8 as transactions,
    (pg_current_wal_insert_lsn() - '0/0')::float8 as wal from pg_stat_database where datname = current_database()`);
  return row;
}

// open: what a platform does once it is connected.
const begin = (counting, open = (say) => say()) => ({ running: true, counting, took: [], other: 0, open });

async function loop(t, server, client, agents, key) {
  const state = begin(false);
  const talks = Promise.all(agents.map((id) => talk(server.port, id, key, state)));
  await Promise.race([sleep(WARM_S * 1000), talks]);
  const host = t.cpuSeconds(server), database = t.cpuOf(server.postmaster), from = performance.now();
  state.counting = true;
  await Promise.race([sleep(t.seconds * 1000), talks]);
  state.counting = false;
  const seconds = (performance.now() - from) / 1000, n = state.took.length;
  const cpu = { host: t.cpuSeconds(server) - host, database: t.cpuOf(server.postmaster) - database };
  state.running = false;
  await talks;
  const sorted = state.took.sort((a, b) => a - b);
  return { rate: n / seconds, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), other: state.other,
    host: cpu.host / n * 1e6, database: cpu.database / n * 1e6 };
}

// Transactions and WAL need counters that have settled, so they have a loop of their own, of which all turns count;
// connecting is no part of it.
async function costs(server, client, agents, key) {
  const waiting = [], state = begin(true, (say) => waiting.push(say));
  const talks = Promise.all(agents.map((id) => talk(server.port, id, key, state)));
  while (waiting.length < agents.length) await Promise.race([sleep(20), talks]);
  await counters(client);                        // what came before has settled
  const before = await counters(client), from = performance.now();
  await sleep(IDLE_S * 1000);                    // the host's own looks at the database
  const idle = await counters(client), perSecond = (idle.transactions - before.transactions) * 1000 / (performance.now() - from);
  const begun = performance.now();
  for (const say of waiting) say();
  await Promise.race([sleep(COSTS_S * 1000), talks]);
  state.running = false;
  await talks;
  const after = await counters(client), turns = state.took.length, seconds = (performance.now() - begun) / 1000;
  return { transactions: (after.transactions - idle.transactions - perSecond * seconds) / turns, wal: (after.wal - idle.wal) / turns };
}

function floor(t, db, agents) {
  const file = path.join(t.dir, 'floor.sql');
  fs.writeFileSync(file, FLOOR.replaceAll(':message', `'${MESSAGE.replaceAll("'", "''")}'`));
  const r = spawnSync('pgbench', ['-n', '-M', 'prepared', '-f', file, '-D', `agents=${agents}`, '-c', String(Math.min(agents, 20)), '-j', '1',
    '-T', String(t.seconds), 'human'], { encoding: 'utf8', env: { ...process.env, PGHOST: db.socket, PGUSER: 'human' } });
  if (r.status !== 0) throw new Error(r.stderr);
  return { rate: Number(/tps = ([\d.]+)/.exec(r.stdout)[1]), p50: Number(/latency average = ([\d.]+)/.exec(r.stdout)[1]) };
}

const line = (name, text) => console.log(`  ${name.padEnd(22)} ${text}`);

/** t: what run.mjs lends. */
export async function turns(t, db) {
  const client = new pg.Client({ host: db.socket, user: 'human', database: 'human' });
  await client.connect();
  const port = await t.freePort();
  const args = ['gateway', '--port', String(port), '--agent-port', '0', '--workers', '2', '--scripts', `${withoutBudgets(t.dir)}:${root}/scripts`,
    '--set', 'overrides=**', '--log-level', 'error'];
  const server = await t.serve('human', t.human, args, port, { HUMAN_HOME: path.join(t.dir, 'turns-home'), DATABASE_URL: db.url }, '0-1');
  try {
    const { rows: [{ data_directory: data }] } = await client.query('show data_directory');
    server.postmaster = Number(fs.readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    await client.query(FLOOR_TABLES);
    const { key, list } = await makeAgents(port, Math.max(...AGENTS));
    await sleep(ALONE_S * 1000); // until then a host tells others, in case there are any
    console.log('\n(e) turns over Socket.IO, offline provider, closed loop');
    for (const n of AGENTS) {
      const ours = [], least = [];
      for (let i = 0; i < t.rounds; i++) {
        ours.push(await t.round('(e) turns', { ...server, daemons: [server.postmaster] }, () => loop(t, server, client, list.slice(0, n), key)));
        least.push(floor(t, db, n));
      }
      const cost = await costs(server, client, list.slice(0, n), key), m = (rows, k) => t.median(rows.map((r) => r[k]));
      const rate = m(ours, 'rate'), base = m(least, 'rate');
      line(`${n} agents`, `${t.short(rate)} turns/s, p50 ${t.short(m(ours, 'p50'))} ms, p99 ${t.short(m(ours, 'p99'))} ms; ${t.short(cost.transactions)} transactions, `
        + `${t.short(cost.wal)} B of WAL, ${t.short(m(ours, 'host'))} µs CPU of the host and ${t.short(m(ours, 'database'))} of the database a turn; `
        + `${ours.reduce((sum, r) => sum + r.other, 0)} ended otherwise`);
      line('floor (pgbench)', `${t.short(base)} turns/s, mean ${t.short(m(least, 'p50'))} ms  ours is ${(rate / base).toFixed(2)} x`);
    }
  } finally {
    await client.end();
    await t.stop(server);
  }
}
