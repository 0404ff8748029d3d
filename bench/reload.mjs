// bench/reload.mjs -- new code on a server that serves: how long until it answers, and what that costs others.
// Ours, nginx with the Lua module (`nginx -s reload`), Node in cluster mode (`pm2 reload`): two workers each,
// an edit of one number, and then (1) nothing else, (2) 32 connections of wrk; and (3) what an edit every half second
// does to p99 where the server has time to spare.  A request has failed when wrk got no answer, or one not 2xx.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const here = path.dirname(new URL(import.meta.url).pathname), root = path.dirname(here);
const LIMIT_MS = 20_000, SURE = 40, EVERY_MS = 500, PACE_MS = 8;

const ask = (port) => new Promise((done) => {
  const request = http.get({ port, host: '127.0.0.1', path: '/bench/version', agent: false, timeout: 2000 }, (res) => {
    let text = '';
    res.on('data', (t) => { text += t; });
    res.on('end', () => done(res.statusCode === 200 ? Number(text) : 0));
    res.on('error', () => done(0));
  });
  request.on('error', () => done(0));
  request.on('timeout', () => request.destroy());
});

function run(cmd, args, env) {
  const child = spawn('taskset', ['-c', '1', cmd, ...args], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  let said = '';
  child.stderr.on('data', (t) => { said += t; });
  return once(child, 'exit').then(([code]) => { if (code !== 0) throw new Error(`${cmd} ${args.join(' ')}: ${said}`); });
}

/** One edit: ms until the first answer of the new code, until every answer is, until the command has ended. */
async function edit(server) {
  const version = (server.version += 1);
  server.write(version);
  const begun = performance.now(), since = () => performance.now() - begun;
  let first, last = 0, command;
  const ended = server.reload().then(() => { command = since(); });
  for (let news = 0; news < SURE || command === undefined;) {
    if (since() > LIMIT_MS) throw new Error(`${server.name}: the new code does not answer`);
    if (await ask(server.port) === version) {
      first ??= since();
      news += 1;
    } else {
      news = 0;
      last = since();
    }
  }
  await ended;
  return { first, last: Math.max(first, last), command };
}

/** wrk on core 1 for that many seconds: {requests, failed, p99}; p99 in microseconds. */
async function load(server, seconds, script) {
  const child = spawn('taskset', ['-c', '1', 'wrk', '-t1', '-c32', `-d${seconds}s`, '-s', script, `http://127.0.0.1:${server.port}/bench/version`],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (t) => { text += t; });
  await once(child, 'exit');
  return JSON.parse(text.trim().split('\n').at(-1));
}

async function startOurs(t, database) {
  const port = await t.freePort(), home = path.join(t.dir, 'reload-home'), tree = path.join(t.dir, 'reload-tree');
  const env = { HUMAN_HOME: home, DATABASE_URL: database };
  const write = (n) => {
    fs.mkdirSync(path.join(tree, 'api/local'), { recursive: true });
    fs.writeFileSync(path.join(tree, 'api/local/version.lua'), `local s = require "human.schema"
local g = require("human.api").group { tag = "Bench", auth = false, shape = "agent" }
g:get("/bench/version", { summary = "Its version", reply = { [200] = s.raw "text/plain" } }, function() return 200, "${n}" end)
return g
`);
  };
  write(1);
  const server = await t.serve('human', t.human, ['gateway', '--port', String(port), '--agent-port', '0', '--workers', '2',
    '--scripts', `${tree}:${root}/scripts`, '--log-level', 'error'], port, env);
  return { ...server, write, reload: () => run(t.human, ['reload'], env), end: () => t.stop(server) };
}

async function startNginx(t) {
  const port = await t.freePort(), own = path.join(t.dir, 'nginx-reload'), file = path.join(own, 'nginx.conf');
  fs.mkdirSync(own, { recursive: true });
  const write = (n) => fs.writeFileSync(path.join(own, 'version.lua'),
    `ngx.header.content_type = "text/plain"\nngx.header.content_length = ${String(n).length}\nngx.print "${n}"\n`);
  write(1);
  const text = fs.readFileSync(path.join(here, 'peers/nginx.conf.in'), 'utf8').replaceAll('@PORT@', port).replaceAll('@DIR@', own)
    .replaceAll('@HERE@', here).replaceAll('@WORKERS@', 2).replaceAll('@PG@', '');
  fs.writeFileSync(file, (process.getuid() === 0 ? 'user root;\n' : '') + text);
  const args = ['-c', file, '-e', path.join(own, 'error.log')];
  const server = await t.serve('nginx + Lua', '/usr/sbin/nginx', args, port);
  return { ...server, write, reload: () => run('/usr/sbin/nginx', [...args, '-s', 'reload']), end: () => t.stop(server) };
}

async function startPm2(t) {
  const port = await t.freePort(), file = path.join(t.dir, 'node-version'), pm2 = path.join(here, 'node_modules/.bin/pm2');
  const env = { PM2_HOME: path.join(t.dir, 'pm2'), PM2_DISABLE_VERSION_CHECK: 'true' };
  const write = (n) => fs.writeFileSync(file, String(n));
  const command = (...args) => spawnSync('taskset', ['-c', '0', pm2, ...args], { env: { ...process.env, ...env }, encoding: 'utf8' });
  write(1);
  const started = command('start', path.join(here, 'peers/node_version.cjs'), '-i', '2', '--name', 'bench', '--', String(port), file);
  if (started.status !== 0) throw new Error(`pm2: ${started.stderr || started.stdout}`);
  await t.reachable(port, { exitCode: null });
  const daemons = [Number(fs.readFileSync(path.join(env.PM2_HOME, 'pm2.pid'), 'utf8'))];
  return { name: 'node, pm2 reload', daemons, port, write, reload: () => run(pm2, ['reload', 'bench'], env), end: () => command('kill') };
}

/** wrk beside an edit every so often, as far as that is possible: as load(). */
async function loadAndEdits(server, seconds, script) {
  let running = true;
  const loaded = load(server, seconds, script).finally(() => { running = false; });
  while (running) {
    server.write(server.version += 1);
    await Promise.all([server.reload(), new Promise((done) => { setTimeout(done, EVERY_MS); })]);
  }
  return loaded;
}

/** (3) in turn, so that what else the machine does tells on both. */
async function latencies(t, servers, script) {
  console.log(`\n(d) p99 with an edit every ${EVERY_MS} ms, 32 connections that pause for ${PACE_MS} ms`);
  for (const s of servers) {
    const without = [], beside = [];
    for (let i = 0; i < t.rounds; i++) {
      without.push(await t.round('(d) p99', s, () => load(s, t.seconds, script)));
      beside.push(await t.round('(d) p99 with edits', s, () => loadAndEdits(s, t.seconds, script)));
    }
    const p99 = (list) => t.median(list.map((r) => r.p99)), failed = beside.reduce((sum, r) => sum + r.failed, 0);
    row(s.name, `${t.short(p99(without) / 1000)} ms without, ${t.short(p99(beside) / 1000)} ms beside: ${(p99(beside) / p99(without)).toFixed(2)} x`
      + `  ${failed} requests failed`);
  }
}

const row = (name, text) => console.log(`  ${name.padEnd(22)} ${text}`);

/** t: what run.mjs lends: {dir, human, rounds, round, median, short, freePort, reachable, serve, stop}. */
export async function reload(t, pg) {
  const script = path.join(t.dir, 'reload.lua'), paced = path.join(t.dir, 'reload-paced.lua');
  const done = `done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"failed":%d,"p99":%d}\\n', summary.requests,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(99)))
end
`;
  fs.writeFileSync(script, done);
  fs.writeFileSync(paced, `function delay() return ${PACE_MS} end\n${done}`);
  const servers = [];
  try {
    for (const start of [() => startOurs(t, pg.url), () => startNginx(t), () => startPm2(t)]) servers.push({ version: 1, ...await start() });
    const ms = (x) => `${t.short(x)} ms`;
    for (const [title, busy] of [['(d) reload, nothing else to do', false], ['(d) reload under 32 connections', true]]) {
      const seen = new Map(servers.map((s) => [s.name, []])), traffic = new Map(servers.map((s) => [s.name, { requests: 0, failed: 0 }]));
      for (let i = 0; i < t.rounds; i++) {
        for (const s of servers) {
          await t.round(title, s, async () => {
            let running = busy;
            const loaded = busy && load(s, t.seconds, script).then((r) => {
              running = false;
              traffic.get(s.name).requests += r.requests;
              traffic.get(s.name).failed += r.failed;
            });
            do seen.get(s.name).push(await edit(s)); while (running);
            await loaded;
          });
        }
      }
      console.log(`\n${title}`);
      const first = (s) => t.median(seen.get(s.name).map((x) => x.first));
      for (const s of servers) {
        const all = seen.get(s.name), of = (k) => t.median(all.map((x) => x[k]));
        const ratio = s === servers[0] ? '' : `  ours is ${(first(s) / first(servers[0])).toFixed(2)} x`;
        const { requests, failed } = traffic.get(s.name);
        row(s.name, `first new answer ${ms(of('first'))}  last old one ${ms(of('last'))}  command ${ms(of('command'))}`
          + `${busy ? `  ${failed} of ${requests.toLocaleString('en')} requests failed, ${all.length} reloads` : ''}${ratio}`);
      }
    }
    await latencies(t, servers, paced);
  } finally {
    for (const s of servers) await s.end();
  }
}
