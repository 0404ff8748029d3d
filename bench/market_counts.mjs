// bench/market_counts.mjs -- what a purchase (create, fund, deliver, accept) costs, by counts that hold on a busy machine, too: statements,
// round trips, transactions of the queue that follow, commits, WAL, and the CPU of host and database.
// Usage: node bench/market_counts.mjs [DEALS]   SHOW=1 prints each statement, and what the queue sends, too
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, keyOf, post, purchase, quiet, seed, STEPS } from './market.mjs';
import { floorScript } from './floor_script.mjs';
import { watchOthers } from './others.mjs';
import { listenIn } from './wire.mjs';

const root = path.dirname(path.dirname(new URL(import.meta.url).pathname)), human = path.join(root, 'build/human');
const DEALS = Number(process.argv[2] ?? 100), SHOW = process.env.SHOW, IDLE_S = 5, WARM = 30;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'human-counts-'));
fs.chmodSync(dir, 0o755);

async function freePort() {
  const s = net.createServer().listen(0, '127.0.0.1');
  await once(s, 'listening');
  const { port } = s.address();
  s.close();
  await once(s, 'close');
  return port;
}

// It lives as long as a `human psql` on it.
async function cluster() {
  const child = spawn(human, ['psql', '-At'], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, HUMAN_HOME: path.join(dir, 'pg'), DATABASE_URL: '' } });
  child.stdin.write('show unix_socket_directories;\n');
  const [line] = await once(child.stdout, 'data'), socket = String(line).trim().replaceAll('"', '');
  return { child, socket, url: `host=${socket} user=human dbname=human` };
}

async function startHost(name, url) {
  const port = await freePort(), log = fs.openSync(path.join(dir, `${name}.log`), 'a');
  const child = spawn(human, ['gateway', '--port', String(port), '--agent-port', '0', '--workers', '1', '--log-level', 'error', '--scripts', path.join(root, 'scripts')],
    { stdio: ['ignore', log, log], env: { ...process.env, HUMAN_HOME: path.join(dir, name), DATABASE_URL: url } });
  while ((await fetch(`http://127.0.0.1:${port}/ready`).catch(() => ({}))).status !== 200) {
    if (child.exitCode !== null) throw new Error(fs.readFileSync(path.join(dir, `${name}.log`), 'utf8'));
    await sleep(50);
  }
  return { child, port };
}

async function stop({ child }) {
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
}

const head = (sql) => sql.replace(/\s+/g, ' ').trim().slice(0, 150);

function show(list, later) {
  for (const s of list) console.log(`  ${s.conn}.${s.flight} ${head(s.sql)}`);
  const counts = new Map();
  for (const s of later) {
    const what = `${head(s.sql)} ${/^\s*(select pg_advisory|with room|delete from host_queue)/.test(s.sql) ? s.params[0] : ''}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  console.log('the queue, and the host by itself:');
  for (const [what, n] of [...counts].sort((a, b) => b[1] - a[1])) console.log(`  ${String(n).padStart(4)} ${what}`);
}

async function recorded(database, client) {
  const wire = await listenIn(database.socket, path.join(dir, 'wire')), host = await startHost('recorded', wire.url);
  try {
    await seed(client);
    await purchase(client, wire, host.port, 0);
    await quiet(client);
    const mark = wire.seen.length, one = await purchase(client, wire, host.port, 0), { later } = one, all = wire.seen.slice(mark);
    const floor = floorScript(one, one, [], []);
    if (SHOW) show(one, all.filter((s) => !one.includes(s)));
    console.log(`one sends ${floor.statements} statements in ${floor.trips} round trips, ${floor.commits} transactions and ${floor.alone} statements alone; ${later} transactions of the queue follow`);
  } finally {
    await stop(host);
    wire.close();
  }
}

async function spent(client, hostPid, postmaster, act) {
  const at = async () => (await client.query("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as wal, (select xact_commit from pg_stat_database where datname = 'human') as commits")).rows[0];
  const before = await at(), host = watchOthers([hostPid]), base = watchOthers([postmaster]), from = performance.now();
  await act();
  const seconds = (performance.now() - from) / 1000, cpu = { host: host().own, base: base().own };
  await sleep(1500);                                 // statistics of the backends
  const after = await at();
  return { seconds, host: cpu.host, base: cpu.base, wal: Number(after.wal - before.wal), commits: Number(after.commits - before.commits) };
}

async function deal(port, n) {
  let id;
  for (const [who, target, body] of STEPS(n)) ({ transaction_id: id } = await post(port, target, body(id), keyOf(who)));
}

async function costs(database, client) {
  const { rows: [{ data_directory: data }] } = await client.query('show data_directory');
  const postmaster = Number(fs.readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const host = await startHost('counted', database.url);
  try {
    for (let i = 0; i < WARM; i++) await deal(host.port, i % 4);
    await quiet(client);
    const idle = await spent(client, host.child.pid, postmaster, () => sleep(IDLE_S * 1000));
    const all = await spent(client, host.child.pid, postmaster, async () => {
      for (let i = 0; i < DEALS; i++) await deal(host.port, i % 4);
      for (let still = 0; still < 3; await sleep(100)) {
        const { rows: [{ n }] } = await client.query('select count(*)::int as n from host_queue where due_at <= human_now() and dead_at is null');
        still = n === 0 ? still + 1 : 0;
      }
    });
    const of = (key) => (all[key] - idle[key] * all.seconds / idle.seconds) / DEALS;
    console.log(`${DEALS} deals, each: ${of('commits').toFixed(1)} commits, ${(of('wal') / 1024).toFixed(1)} KB of WAL, CPU ${(of('host') * 1000).toFixed(2)} ms of the host + ${(of('base') * 1000).toFixed(2)} ms of the database`);
  } finally {
    await stop(host);
  }
}

const database = await cluster();
try {
  const client = await connect(database, 'human');
  await recorded(database, client);
  await costs(database, client);
  await client.end();
} finally {
  database.child.stdin.end();
  await once(database.child, 'exit');
  fs.rmSync(dir, { recursive: true, force: true });
}
