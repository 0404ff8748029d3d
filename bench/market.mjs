// bench/market.mjs -- `make bench ARGS=market`: (a) a debit of credits, (b) a purchase from its creation to its acceptance,
// (c) search (market_search.mjs), (d) an event to 1,000 streams (market_feed.mjs), (e) transfers a second.
// Beside (a), (b) and (d) the floor: what each has sent to the database, recorded (wire.mjs), as a pgbench script
// (floor_script.mjs) on a copy of the database in the same cluster, with as many connections, in turns.
// In the end one table.  PARTS='a b c d e' picks; KEEP=DIR keeps the scripts, and how long each statement takes; an error ends it with a status other than 0.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { floorScript, requestsOf } from './floor_script.mjs';
import { feedFloor, feedRounds } from './market_feed.mjs';
import { marketSearch } from './market_search.mjs';
import { transferRounds, fillAccounts } from './market_transfers.mjs';
import { watchOthers } from './others.mjs';
import { listenIn } from './wire.mjs';

const here = path.dirname(new URL(import.meta.url).pathname), root = path.dirname(here);
const CLIENTS = Number(process.env.CLIENTS ?? 8), ROUNDS = Number(process.env.ROUNDS ?? 3), SECONDS_MAX = 3;
const QUIET_MS = 700, QUIET_TRIES = 60, ENDED_MS = 100;
const KEEP = process.env.KEEP;                     // a folder for the floor's scripts and the latencies of their statements
const PARTS = (process.env.PARTS ?? 'a b c d e').split(/\s+/);
const ACTOR = '00000000-0000-4000-8000-', OWNER = '00000000-0000-4000-9000-', LISTING = '00000000-0000-4000-8001-', FIRST = 100_000_000_000;

const pair = (n) => ({ buyer: FIRST + 2 * n, seller: FIRST + 2 * n + 1 });
export const keyOf = (number) => `hm_${String(number).padStart(32, '0')}`;
const hashOf = (number) => createHash('sha256').update(keyOf(number)).digest('hex');

// Pairs of a person who buys and an agent who sells; both have credits for (a), the agent a listing for (b).
export async function seed(client) {
  const people = Array.from({ length: CLIENTS + 2 }, (_, n) => pair(n)).flatMap(({ buyer, seller }) => [[buyer, 'human'], [seller, 'delegated_agent']]);
  for (const [n, type] of people) {
    const id = ACTOR + n, slot = 5_000_000 + n - FIRST, email = type === 'human' ? `'${n}@example.com'` : 'null';
    await client.query(`insert into market_owners (id) values ('${OWNER}${n}');
      insert into market_actors (id, owner_id, type, display_name, email, role, tier, autonomy, slot, is_founding, referral_code)
        values ('${id}', '${OWNER}${n}', '${type}', 'Bench', ${email}, 'member', 1, 3, ${slot}, false, '${slot.toString(16).padStart(6, '0')}');
      insert into market_keys (hash, actor_id, prefix) values ('${hashOf(n)}', '${id}', 'hm_000000000');
      insert into market_payment_methods (actor_id, method) values ('${id}', 'pm_test_ok');
      insert into ledger_accounts (ledger, code, owner) values ('rc', 6000, '${id}'), ('rc', 6010, '${id}'), ('rc', 6200, '${id}'), ('usd', 2100, '${id}');
      insert into ledger_transfers (kind, debit, credit, amount, event, cause, n)
        select 'posted', 5010, id, 1000000000000, 'bench.begun', owner, 1 from ledger_accounts where owner = '${id}' and code = 6010;
      insert into credit_lots (actor, pool, amount, remaining, reason, event, cause) values ('${id}', 'W', 1000000000000, 1000000000000, 'deposit', 'bench.begun', '${id}')`);
    if (type !== 'human') {
      await client.query(`insert into market_listings (id, actor_id, direction, listing_type, title, description, category_tags, price_cents, sla_hours)
        values ('${LISTING}${n - 1}', '${id}', 'sell', 'task_execution', 'Work', 'Work of a benchmark', array['bench:work'], 5000, 24)`);
    }
  }
}

export const STEPS = (n) => {
  const { buyer, seller } = pair(n);
  return [
    [buyer, '/transactions-create', () => ({ listing_id: LISTING + buyer })],
    [buyer, '/transactions-assign', (id) => ({ transaction_id: id })],
    [seller, '/transactions-deliver', (id) => ({ transaction_id: id, output_data: { report_url: 'https://example.com/report.pdf', data_points: 47 } })],
    [buyer, '/transactions-accept', (id) => ({ transaction_id: id })],
  ];
};

export async function post(port, target, body, key) {
  const answer = await fetch(`http://127.0.0.1:${port}${target}`, { method: 'POST', body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...(key && { 'x-api-key': key }) } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${target}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : {};
}

// Waits until the host has nothing to do but its own rounds.
export async function quiet(client) {
  for (let i = 0, still = 0; i < QUIET_TRIES && still < 2; i++) {
    await sleep(QUIET_MS);
    const { rows: [{ n }] } = await client.query("select count(*)::int as n from host_queue where due_at <= human_now() and dead_at is null");
    still = n === 0 ? still + 1 : 0;
  }
}

async function recorded(client, wire, names, act) {
  await quiet(client);
  const from = performance.now(), mark = wire.seen.length;
  await act();
  const to = performance.now();
  await sleep(QUIET_MS);
  await quiet(client);
  const list = requestsOf(wire.seen.slice(mark), from, to, names), commits = (of) => of.filter((s) => /^\s*commit/i.test(s.sql)).length;
  list.later = commits(wire.seen.slice(mark)) - commits(list);
  return list;
}

const debit = (port, n) => post(port, '/bench/market/debit', { buyer: ACTOR + pair(n).buyer, provider: ACTOR + pair(n).seller });

export async function purchase(client, wire, port, n) {
  const list = [], { buyer, seller } = pair(n);
  let id;
  for (const [who, target, body] of STEPS(n)) {
    const asked = body(id), names = [hashOf(who), ACTOR + buyer, ACTOR + seller, ...id ? [id] : []];
    const sent = await recorded(client, wire, names, async () => { id = (await post(port, target, asked, keyOf(who))).transaction_id; });
    list.push(...sent);
    list.later = (list.later ?? 0) + sent.later;
  }
  return list;
}

// later: transactions of the queue that follow an operation which nothing else happens beside.
const floorOf = (both, inputs, setup) => ({ ...floorScript(...both, inputs, setup), later: both[1].later });

// What the host does by itself may come between two operations.
async function again(fn) {
  for (let i = 1; ; i++) {
    try { return await fn(); } catch (error) { if (i === 3) throw error; }
  }
}

// Each operation twice, by other actors each time.
async function record(client, wire, port) {
  const floors = {}, is = (head, name) => `'${head}' || :${name}`;
  const inputs = (of) => [0, 1].flatMap((side) => [{ values: of.map((n) => ACTOR + (pair(n).buyer + side)), is: is(ACTOR, side ? 'seller' : 'buyer') },
    { values: of.map((n) => hashOf(pair(n).buyer + side)), is: `'${hashOf(pair(of[0]).buyer + side)}'` }])
    .concat({ values: of.map((n) => LISTING + pair(n).buyer), is: is(LISTING, 'client') });
  const of = [CLIENTS, CLIENTS + 1], two = async (fn) => [await fn(of[0]), await fn(of[1])];
  const client0 = `\\set client ${FIRST} + 2 * :client_id`;
  if (PARTS.includes('a')) {
    for (const n of of) for (let i = 0; i < 3; i++) await debit(port, n);        // what was prepared is used
    floors.a = await again(async () => floorOf(await two((n) => recorded(client, wire, [ACTOR + pair(n).buyer], () => debit(port, n))), inputs(of),
      [client0, '\\set way random(0, 1)', '\\set buyer :client + :way', '\\set seller :client + 1 - :way']));
  }
  if (PARTS.includes('b')) {
    await purchase(client, wire, port, of[0]);
    floors.b = await again(async () => floorOf(await two((n) => purchase(client, wire, port, n)), inputs(of),
      [client0, '\\set buyer :client', '\\set seller :client + 1']));
  }
  if (PARTS.includes('d')) {
    const actors = of.map((n) => ({ id: ACTOR + pair(n).buyer, key: keyOf(pair(n).buyer) }));
    floors.d = await again(() => feedFloor(port, (actor, act) => recorded(client, wire, [actor], act), actors));
  }
  return floors;
}

const luaStep = ([who, target, body]) => `{ "${target}", "${keyOf(who)}", [[${JSON.stringify(body('@ID@'))}]] }`;

// wrk: one connection of each thread, which does one thing after the other.
function scripts(dir) {
  const a = path.join(dir, 'debit.lua'), b = path.join(dir, 'purchase.lua');
  const HEAD = `local threads = 0                  -- each has a state of its own, in which \`n\` is its number
function setup(thread) thread:set("n", threads) threads = threads + 1 end
local function post(target, key, body) return wrk.format("POST", target, { ["content-type"] = "application/json", ["x-api-key"] = key }, body) end\n`;
  fs.writeFileSync(a, `${HEAD}function init() math.randomseed(os.time() + n) end
function request()
  local way = math.random(0, 1)
  return post("/bench/market/debit", nil, ('{"buyer":"${ACTOR}%d","provider":"${ACTOR}%d"}'):format(${FIRST} + 2 * n + way, ${FIRST} + 2 * n + 1 - way))
end\n`);
  fs.writeFileSync(b, `${HEAD}local STEPS = { ${Array.from({ length: CLIENTS }, (_, n) => `{ ${STEPS(n).map(luaStep).join(', ')} }`).join(',\n')} }
local step, id, told = 1, nil, false
function request()
  local s = STEPS[n + 1][step]
  return post(s[1], s[2], (s[3]:gsub("@ID@", id or "")))
end
function response(status, _, body)
  if status >= 300 then
    if not told then io.stderr:write(STEPS[n + 1][step][1], " ", status, " ", body, "\\n") end
    step, told = 1, true
    return
  end
  id = body:match '"transaction_id":"([^"]+)"'
  step = step % 4 + 1
end\n`);
  return { a, b };
}

function wrk(t, server, script, clients, requests) {
  const r = spawnSync('taskset', ['-c', '1', 'wrk', '--latency', `-t${clients}`, `-c${clients}`, `-d${t.seconds}s`, '-s', script, `http://127.0.0.1:${server.port}`], { encoding: 'utf8' });
  if (r.error) throw r.error;                      // it is not there
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(r.stdout), timeouts = /Socket errors: (.*)/.exec(r.stdout);
  if (r.status !== 0 || bad || timeouts) throw new Error(`wrk: ${bad?.[0] ?? ''} ${timeouts?.[0] ?? ''} ${r.stderr.slice(-1500)}`);
  const count = Number(/(\d+) requests in/.exec(r.stdout)[1]) / requests;
  return { count, rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(r.stdout)[1]) / requests };
}

// pgbench with a script, or several by chance: {count, rate}.  Throws when a statement fails.
function pgbench(socket, script, clients, seconds, base = 'floor') {
  const files = [script].flat();
  const r = spawnSync('pgbench', ['-n', '-M', 'prepared', ...files.flatMap((file) => ['-f', file]), '-c', String(clients), '-j', '1', '-T', String(seconds), ...KEEP ? ['-r'] : [], base],
    { encoding: 'utf8', env: { ...process.env, PGHOST: socket, PGUSER: 'human' } });
  if (r.error) throw r.error;
  const failed = /number of failed transactions: ([1-9]\d*)/.exec(r.stdout);
  if (r.status !== 0 || failed) throw new Error(`pgbench ${path.basename(files[0])}: ${failed?.[0] ?? ''}\n${r.stderr.slice(-2500)}`);
  if (KEEP) fs.writeFileSync(path.join(KEEP, `${path.basename(files[0])}.${clients}.txt`), r.stdout);
  return { count: Number(/actually processed: (\d+)/.exec(r.stdout)[1]), rate: Number(/tps = ([\d.]+)/.exec(r.stdout)[1]) };
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

// {of, floor}: rounds, in turns; each {rate, cpu (microseconds of one, of the host and of the database)}.
async function turns(t, title, sides) {
  const seen = Object.fromEntries(sides.map((s) => [s.name, []]));
  for (let i = 0; i < t.rounds; i++) {
    for (const side of i % 2 ? [...sides].reverse() : sides) {
      seen[side.name].push(await t.round(title, { name: side.name, log: side.server?.log, daemons: [t.postmaster] }, async () => {
        const host = side.server ? t.cpuSeconds(side.server) : 0, database = watchOthers([t.postmaster]);
        const done = await side.run();
        await sleep(ENDED_MS);                       // a backend that is about to end would be in neither sum
        return { ...done, host: side.server ? (t.cpuSeconds(side.server) - host) / done.count * 1e6 : 0, database: database().own / done.count * 1e6 };
      }));
    }
  }
  return seen;
}

/** What the parts borrow; `rows` become the table. */
function lend(t, database, postmaster) {
  const rows = [], short = t.short, seconds = Math.min(t.seconds, SECONDS_MAX);
  const m = (list, key) => median(list.map((r) => r[key]));
  const lent = { ...t, rounds: ROUNDS, seconds, postmaster, socket: database.socket, pgbench };
  lent.row = (what, ours, floor, verdict) => rows.push([what, ours, floor, verdict]);
  lent.rows = rows;
  lent.turns = (title, sides) => turns(lent, title, sides);
  // Ours beside its floor, by the time of one operation.
  lent.beside = (what, seen, clients, goal) => {
    const [ours, floor] = Object.values(seen);
    const ratio = median(ours.map((r, i) => floor[i].rate / r.rate)), all = ours.map((r, i) => floor[i].rate / r.rate);
    const text = (list) => `${short(clients * 1000 / m(list, 'rate'))} ms, ${short(m(list, 'rate'))}/s; CPU ${m(list, 'host') ? `${short(m(list, 'host'))} + ` : ''}${short(m(list, 'database'))} µs`;
    lent.row(what, text(ours), text(floor), `${ratio.toFixed(2)} x (${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)})`
      + (goal ? `, goal ${goal}: ${ratio <= goal ? 'holds' : 'MISSED'}` : ''));
  };
  return lent;
}

function table(rows) {
  const all = [['', 'ours', 'floor', 'ours / floor, by time'], ...rows], width = [0, 1, 2].map((k) => Math.max(...all.map((r) => r[k].length)));
  console.log('\nThe marketplace (CPU of one: host + database)');
  for (const row of all) console.log(`  ${row.map((cell, k) => cell.padEnd(width[k] ?? 0)).join('  ').trimEnd()}`);
}

async function startHost(t, name, url, more = []) {
  const port = await t.freePort();
  const server = await t.serve(name, t.human, ['gateway', '--port', String(port), '--agent-port', '0', '--workers', '1', '--log-level', 'error',
    '--set', 'overrides=**', '--scripts', [...more, path.join(here, 'scripts'), path.join(root, 'scripts')].join(':')], port,
  { HUMAN_HOME: path.join(t.dir, `home-${name}`), DATABASE_URL: url });
  while ((await fetch(`http://127.0.0.1:${port}/ready`).catch(() => ({}))).status !== 200) await sleep(50);
  return server;
}

export async function connect(database, base) {
  const client = new pg.Client({ host: database.socket, user: 'human', database: base });
  client.on('error', () => {});                    // the server ends first when something else has failed
  await client.connect();
  return client;
}

// Runs a round, and looks at what has come of it: the same on both sides.  What is under way at its end may count or not.
async function counted(database, base, sql, clients, run) {
  const client = await connect(database, base), count = async () => (await client.query(sql)).rows[0].n;
  try {
    const before = await count(), done = await run(), made = await count() - before;
    if (Math.abs(made - done.count) > clients + 1) throw new Error(`${base}: ${done.count} operations have made ${made} rows (${sql})`);
    return done;
  } finally {
    await client.end();
  }
}

/** Records what each operation sends, and makes the copy of the database in which the floor runs. */
async function prepare(t, database) {
  const wire = await listenIn(database.socket, path.join(t.dir, 'wire'));
  const host = await startHost(t, 'recorded', wire.url), client = await connect(database, 'human');
  let floors;
  try {
    await seed(client);
    await fillAccounts(client);
    floors = await record(client, wire, host.port);
    await quiet(client);
  } finally {
    await client.end();
    await t.stop(host);
    wire.close();
  }
  const other = await connect(database, 'postgres');
  await other.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'human' and pid <> pg_backend_pid()");
  for (let i = 0; ; i++) {
    const made = await other.query('create database floor template human').catch((error) => error);
    if (!(made instanceof Error)) break;
    if (i > 50) throw made;
    await sleep(200);
  }
  await other.end();
  return floors;
}

function about(floor) {
  return `${floor.statements} statements, ${floor.commits} transactions and ${floor.alone} statements alone, in ${floor.trips} round trips`
    + (floor.later ? `; some ${floor.later} transactions of the queue follow` : '');
}

/** t: what run.mjs lends. */
export async function market(t, database) {
  const client = await connect(database, 'human'), { rows: [{ data_directory: data }] } = await client.query('show data_directory');
  await client.end();
  const lent = lend(t, database, Number(fs.readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n')[0]));
  const begun = performance.now(), told = (what) => console.log(`${((performance.now() - begun) / 1000).toFixed(0)} s: ${what}`);
  const floors = await prepare(lent, database), files = scripts(t.dir);
  told('recorded');
  for (const [name, floor] of Object.entries(floors)) {
    floor.file = path.join(t.dir, `floor_${name}.sql`);
    fs.writeFileSync(floor.file, floor.script);
    if (KEEP) fs.writeFileSync(path.join(KEEP, `floor_${name}.sql`), floor.script);
    console.log(`(${name}) one sends ${about(floor)}`);
  }
  const server = await startHost(lent, 'market', database.url);
  for (const [name, title, requests, done] of [
    ['a', '(a) a debit of credits', 1, 'select count(*)::int as n from credit_debits'],
    ['b', '(b) create, fund, deliver, accept', 4, "select count(*)::int as n from market_transactions where state = 'accepted'"],
  ]) {
    if (!PARTS.includes(name)) continue;
    for (const clients of [1, CLIENTS]) {
      const what = `${title}, ${clients} at a time`, made = (base, run) => counted(database, base, done, clients, run);
      const seen = await lent.turns(what, [
        { name: 'human', server, run: () => made('human', () => wrk(lent, server, files[name], clients, requests)) },
        { name: 'pgbench', run: () => made('floor', () => pgbench(database.socket, floors[name].file, clients, lent.seconds)) },
      ]);
      lent.beside(what, seen, clients, 1.3);
    }
    told(title);
  }
  if (PARTS.includes('e')) await transferRounds(lent, server);
  if (PARTS.includes('e')) told('(e) transfers');
  await t.stop(server);
  if (PARTS.includes('d')) {
    await feedRounds(lent, (name, more) => startHost(lent, name, database.url, more), floors.d, { id: ACTOR + pair(0).buyer, key: keyOf(pair(0).buyer) });
    told('(d) the feed');
  }
  if (PARTS.includes('c')) {
    await marketSearch(lent, database);
    told('(c) search');
  }
  table(lent.rows);
}
