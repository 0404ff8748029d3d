// bench/run.mjs -- ours, its peers and the floor, side by side on this machine: `make bench`.
// Servers on core 0, load on core 1, interleaved round by round since the cores influence each other;
// medians with their range, and ratios.  One machine's numbers mean little, its ratios more.
// Usage: node bench/run.mjs [http] [sio] [db] [assets] [queue] [turns] [start] [reload] [gateway] [market] [tools]   ROUNDS=5 SECONDS=4
//        node bench/run.mjs compare TREE [http] [sio] [db]: this tree against another one, see before_after.mjs
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { sameAnswers, sameEcho } from './answers.mjs';
import { beforeAfter } from './before_after.mjs';
import { gateway } from './gateway.mjs';
import { watchOthers } from './others.mjs';
import { bunPeer, rustPeer } from './peers.mjs';
import { market } from './market.mjs';
import { queue } from './queue.mjs';
import { reload } from './reload.mjs';
import { tools } from './tools.mjs';
import { turns } from './turns.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const root = path.dirname(here);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'human-bench-'));
fs.chmodSync(dir, 0o755);
const ROUNDS = Number(process.env.ROUNDS ?? 5), SECONDS = Number(process.env.SECONDS ?? 4);
const human = path.join(root, 'build/human');
const load = path.join(root, 'build/bench/load_ws'), floor = path.join(root, 'build/bench/floor_ws');
const running = new Set();

const median = (v) => [...v].sort((a, b) => a - b)[Math.floor(v.length / 2)];
const short = (x) => x >= 1e4 ? Math.round(x).toLocaleString('en') : x >= 100 ? x.toFixed(0) : x.toFixed(2);

async function freePort() {
  const s = net.createServer().listen(0, '127.0.0.1');
  await once(s, 'listening');
  const { port } = s.address();
  s.close();
  await once(s, 'close');
  return port;
}

async function reachable(port, child) {
  for (let i = 0; i < 6000; i++) {
    if (child.exitCode !== null) throw new Error(`server ended with ${child.exitCode}`);
    const ok = await new Promise((done) => {
      const s = net.connect(port, '127.0.0.1', () => { s.destroy(); done(true); });
      s.on('error', () => done(false));
    });
    if (ok) return;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error('server did not begin to listen');
}

async function serve(name, cmd, args, port, env = {}, cores = '0') {
  const file = path.join(dir, `${name.replace(/\W/g, '_')}.log`), log = fs.openSync(file, 'a');
  const child = spawn('taskset', ['-c', cores, cmd, ...args],
    { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
  running.add(child);
  await reachable(port, child).catch((error) => {
    throw new Error(`${name}: ${error.message}\n${fs.readFileSync(file, 'utf8').slice(-2000)}`);
  });
  return { name, child, port, log: file };
}

async function stop(server) {
  if (server.child.exitCode === null) {
    server.child.kill('SIGTERM');
    await once(server.child, 'exit');
  }
  running.delete(server.child);
}

// The process and all its descendants.
function family(pid) {
  const kids = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  return [pid, ...kids.flatMap((k) => family(Number(k)))];
}

const mine = (server) => family(server.child.pid).filter((pid) => {
  try { return !/postgres/.test(fs.readFileSync(`/proc/${pid}/comm`, 'utf8')); } catch { return false; }
});

// By the scheduler's clock, in nanoseconds, of all threads: ticks of the clock are too coarse for a short round.
function cpuOfAll(pids) {
  let ns = 0;
  for (const pid of pids) {
    try {
      for (const tid of fs.readdirSync(`/proc/${pid}/task`)) {
        ns += Number(fs.readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[0]);
      }
    } catch { /* ended meanwhile */ }
  }
  return ns / 1e9;
}

const cpuSeconds = (server) => cpuOfAll(mine(server));
const cpuOf = (pid) => cpuOfAll(family(pid));

function memory(server) {
  let kb = 0;
  for (const pid of mine(server)) {
    const m = /Pss:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    kb += Number(m[1]);
  }
  return kb * 1024;
}

function onLoadCore(cmd, args, env = process.env) {
  const r = spawnSync('taskset', ['-c', '1', cmd, ...args], { encoding: 'utf8', env });
  if (r.status !== 0) throw new Error(`${cmd} ${args.join(' ')}: ${r.stderr || r.stdout}`);
  return r.stdout;
}

function wrk(server, url, script) {
  const args = ['-t1', '-c32', `-d${SECONDS}s`, ...(script ? ['-s', script] : []),
    `http://127.0.0.1:${server.port}${url}`];
  const before = cpuSeconds(server);
  const text = onLoadCore('wrk', args);
  const cpu = cpuSeconds(server) - before;
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(text);
  if (bad) throw new Error(`${server.name}: ${bad[1]} answers were not 2xx`);
  const count = Number(/(\d+) requests in/.exec(text)[1]);
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]), cpu: cpu / count * 1e6 };
}

const socketLoad = (mode, conns) => (server) => {
  const before = cpuSeconds(server);
  const r = JSON.parse(onLoadCore(load, [mode, String(server.port), '/bench.io/', String(conns), String(SECONDS)]));
  // The CPU also covers joining and a second of warming up; the count does not, so scale it.
  return { rate: r.count / r.seconds, cpu: (cpuSeconds(server) - before) * r.seconds / (r.seconds + 1) / r.count * 1e6 };
};

const BUSY = 0.05;              // of one core
let rounds = 0, busy = 0;

// One round of one server; says so when something else had a part of the machine meanwhile.
async function round(title, server, measure) {
  const watched = watchOthers([process.pid, ...server.daemons ?? []]);
  const result = await Promise.resolve(server).then(measure).catch((error) => {
    throw new Error(`${server.name}: ${error.message}\n${server.log ? fs.readFileSync(server.log, 'utf8').slice(-2000) : ''}`);
  });
  const { others, seconds } = watched();
  rounds++;
  if (others > BUSY * seconds) {
    busy++;
    console.log(`BUSY ${title}, ${server.name}: other work used ${(100 * others / seconds).toFixed(0)} % of a core`);
  }
  return result;
}

async function interleave(title, servers, measure, unit = '/s', higher = true) {
  const seen = new Map(servers.map((s) => [s.name, []]));
  for (let i = 0; i < ROUNDS; i++) for (const s of servers) seen.get(s.name).push(await round(title, s, measure));
  return report(title, seen, unit, higher);
}

function report(title, seen, unit, higher) {
  console.log(`\n${title}`);
  const pick = (v, k) => v.map((x) => (typeof x === 'number' ? x : x[k]));
  const [ours] = seen.keys();
  const base = median(pick(seen.get(ours), 'rate'));
  for (const [name, v] of seen) {
    const rates = pick(v, 'rate');
    const m = median(rates);
    let line = `  ${name.padEnd(22)} ${short(m).padStart(10)}${unit}  (${short(Math.min(...rates))} - ${short(Math.max(...rates))})`;
    if (typeof v[0] !== 'number' && !Number.isNaN(v[0].cpu)) line += `  ${short(median(pick(v, 'cpu')))} µs CPU each`;
    if (name !== ours) {
      line += `  ours is ${(higher ? base / m : m / base).toFixed(2)} x`;
      if (typeof v[0] !== 'number' && !Number.isNaN(v[0].cpu)) {
        line += `, with ${(median(pick(v, 'cpu')) / median(pick(seen.get(ours), 'cpu'))).toFixed(2)} x less CPU`;
      }
    }
    console.log(line);
  }
}

const humanArgs = (port, tree = root) => ['gateway', '--port', String(port), '--agent-port', '0', '--workers', '1',
  '--scripts', `${tree}/bench/scripts:${tree}/scripts`, '--set', 'overrides=**', '--log-level', 'error'];

async function startHuman(database, name = 'human', tree = root) {
  const port = await freePort();
  return serve(name, path.join(tree, 'build/human'), humanArgs(port, tree), port,
    { HUMAN_HOME: path.join(dir, `home-${name}`), DATABASE_URL: database });
}

async function startNode(file, name, ...args) {
  const port = await freePort();
  return serve(name, process.execPath, [path.join(here, 'peers', file), String(port), ...args], port);
}

async function startNginx(name, workers, pg = '') {
  const port = await freePort();
  const own = path.join(dir, `nginx-${workers}`);
  fs.mkdirSync(own, { recursive: true });
  const text = fs.readFileSync(path.join(here, 'peers/nginx.conf.in'), 'utf8').replaceAll('@PORT@', port)
    .replaceAll('@DIR@', own).replaceAll('@HERE@', here).replaceAll('@WORKERS@', workers).replaceAll('@PG@', pg);
  const file = path.join(own, 'nginx.conf');
  fs.writeFileSync(file, (process.getuid() === 0 ? 'user root;\n' : '') + text);
  return serve(name, '/usr/sbin/nginx', ['-c', file, '-e', path.join(own, 'error.log')], port);
}

const sample = path.join(root, 'spec/fixtures/ui');

async function startRust(...args) {
  const program = rustPeer(), port = await freePort();
  return program && serve('Rust', program, [String(port), sample, ...args], port);
}

async function startBun(...args) {
  const program = bunPeer(), port = await freePort();
  return program && serve('Bun', program, [path.join(here, 'peers/bun.mjs'), String(port), sample, ...args], port);
}

// Those of them that this machine has.
async function started(...starts) {
  const servers = [];
  for (const start of starts) servers.push(await start());
  return servers.filter(Boolean);
}

// A cluster for the benchmarks alone: it lives as long as a `human psql` on it, which we hold open.
async function cluster() {
  const child = spawn(human, ['psql', '-At'], { stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, HUMAN_HOME: path.join(dir, 'pg-home'), DATABASE_URL: '' } });
  child.stdin.write('show unix_socket_directories;\n');
  const [line] = await once(child.stdout, 'data');
  const socket = String(line).trim().replaceAll('"', '');
  return { child, socket, url: `host=${socket} user=human dbname=human` };
}

const item = { id: 'item-4711', name: 'A bicycle with nine gears', price: 12900, tags: ['sport', 'used'], active: true };
const postScript = path.join(dir, 'post.lua');
fs.writeFileSync(postScript, `wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = '${JSON.stringify(item)}'
`);
const rowScript = path.join(dir, 'row.lua');
fs.writeFileSync(rowScript, 'request = function() return wrk.format("GET", "/bench/rows/" .. math.random(1, 100000)) end\n');

// What is measured on every server of a part, peers or the same host before and after a change.
const loads = {
  http: [['(a) JSON route, body validated, 32 connections', (s) => wrk(s, '/bench/json', postScript)]],
  sio: [
    ['(b) Socket.IO echo, 50 clients', socketLoad('echo', 50)],
    ['(b) Socket.IO echo, 500 clients', socketLoad('echo', 500)],
    ['(b) connections made, joined and closed', socketLoad('connect', 1)],
    ['(b) broadcast to a room of 1,000, deliveries', socketLoad('broadcast', 1000)],
  ],
  db: [['(c) primary-key read as JSON, 32 connections', (s) => wrk(s, '/bench/rows/1', rowScript)]],
};

async function http(pg) {
  const servers = await started(() => startHuman(pg.url), () => startNginx('nginx + Lua', 1),
    () => startNode('node_http.mjs', 'node http'), startBun, startRust);
  await sameAnswers(servers, '/bench/json', item, [
    'no JSON', [], { ...item, id: 'x'.repeat(65) }, { ...item, name: undefined }, { ...item, price: 0 }, { ...item, price: 1.5 },
    { ...item, tags: Array(11).fill('x') }, { ...item, tags: ['x', 1] }, { ...item, tags: ['x'.repeat(41)] }, { ...item, active: 'yes' },
  ]);
  for (const [title, measure] of loads.http) await interleave(title, servers, measure);
  for (const s of servers) await stop(s);
}

async function sio(pg) {
  const startFloor = async () => {
    const port = await freePort();
    return serve('floor (C, epoll)', floor, [String(port)], port);
  };
  const starts = [() => startHuman(pg.url), () => startNode('node_sio.mjs', 'npm socket.io'), startBun, startRust, startFloor];
  const servers = await started(...starts);
  await sameEcho(servers);
  for (const [title, measure] of loads.sio) await interleave(title, servers, measure);
  for (const s of servers) await stop(s);
  const seen = new Map();
  for (const start of starts) {
    const [s] = await started(start);
    if (!s) continue;
    await sameEcho([s]);                              // or what it makes for the first one would count
    const before = memory(s);
    const child = spawn('taskset', ['-c', '1', load, 'idle', String(s.port), '/bench.io/', '5000', '1'], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    seen.set(s.name, [(memory(s) - before) / 5000]);
    if (s.name === 'human') console.log(`\nhuman: ${short(before / 2 ** 20)} MB before the first connection, supervisor included`);
    child.stdin.end();
    await once(child, 'exit');
    await stop(s);
  }
  report('(b) memory per idle connection, of 5,000', seen, ' B', false);
}

const onDatabase = (pg, name = 'human') => ({ ...process.env, PGHOST: pg.socket, PGUSER: 'human', PGDATABASE: name });

function pgbench(args, env) {
  const bin = fs.readdirSync('/usr/lib/postgresql').sort((a, b) => b - a).map((v) => `/usr/lib/postgresql/${v}/bin/pgbench`)
    .find((f) => fs.existsSync(f));
  return onLoadCore(bin, args, env);
}

const fillRows = (pg, name) => pgbench(['-i', '-q', '-s', '1'], onDatabase(pg, name));

async function db(pg) {
  fillRows(pg);
  const servers = await started(() => startHuman(pg.url), () => startNode('node_pg.mjs', 'node-postgres', pg.socket),
    () => startNginx('nginx + LuaSQL', 8, pg.socket), () => startBun(pg.socket), () => startRust(pg.socket));
  await sameAnswers(servers, '/bench/rows/4711');
  const [[title, read]] = loads.db;
  const measure = (s) => {
    if (s.child) return read(s);
    const text = pgbench(['-S', '-n', '-M', 'prepared', '-c', '16', '-T', String(SECONDS)], onDatabase(pg));
    return { rate: Number(/tps = ([\d.]+)/.exec(text)[1]), cpu: NaN };
  };
  await interleave(title, [...servers, { name: 'pgbench -S (floor)' }], measure);
  for (const s of servers) await stop(s);
}

const FILE = '/bench/ui/assets/app-BX3f9aQ1.js';

// The sample of the specs: compiled into ours; the peers have it as files, nginx and Bun use sendfile.
async function assets(pg) {
  spawnSync('make', ['-s', 'build/human-sample'], { cwd: root, stdio: 'inherit' });
  const port = await freePort();
  const env = { HUMAN_HOME: path.join(dir, 'home'), DATABASE_URL: pg.url };
  const servers = await started(() => serve('human', `${human}-sample`, humanArgs(port), port, env),
    () => startNginx('nginx', 1), startBun, startRust);
  await sameAnswers(servers, FILE);
  await interleave('(e) file of 10 KB, 32 connections', servers, (s) => wrk(s, FILE));
  for (const s of servers) await stop(s);
}

async function start(pg) {
  const times = [];
  for (let i = 0; i < 10; i++) {
    const port = await freePort();
    const t = process.hrtime.bigint();
    const s = await serve('human', human, humanArgs(port), port, { HUMAN_HOME: path.join(dir, 'home'), DATABASE_URL: pg.url });
    times.push(Number(process.hrtime.bigint() - t) / 1e6);
    await stop(s);
  }
  console.log(`\nstart to listening, outside database: ${median(times).toFixed(0)} ms (looked for every 20 ms)`);
  console.log(`binary: ${short(fs.statSync(human).size / 2 ** 20)} MB`);
}

const lent = { dir, root, human, rounds: ROUNDS, seconds: SECONDS, round, median, short, freePort, reachable, serve, stop, mine, memory, cpuSeconds,
  cpuOf, loads, startHuman, fillRows };
const parts = { http, sio, db, assets, start,
  market: (database) => market(lent, database), tools: (database) => tools(lent, database),
  queue: (database) => queue(lent, database), turns: (database) => turns(lent, database), reload: (database) => reload(lent, database),
  gateway: (database) => gateway(lent, database) };
const usual = Object.keys(parts).filter((name) => !['gateway', 'market', 'tools'].includes(name)); // which fetch much first, or take long
const [first, ...others] = process.argv.slice(2);
const pg = await cluster();
try {
  if (first === 'compare') await beforeAfter(lent, pg, ...others);
  else for (const name of first ? [first, ...others] : usual) await parts[name](pg);
  if (busy) console.log(`\n${busy} of ${rounds} rounds ran beside other work: their numbers prove nothing`);
} finally {
  for (const child of running) {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  }
  pg.child.stdin.end();
  await once(pg.child, 'exit');
  fs.rmSync(dir, { recursive: true, force: true });
}
