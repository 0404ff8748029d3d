// bench/gateway.mjs -- the control protocol: being greeted, hearing an answer as it comes, and what sockets cost; ours,
// npm's openclaw (whose protocol ours continues) and the floor, a bare server on npm's ws.
// All do the same: a client connects without a token, takes the challenge, signs in with `connect`, and is greeted; one
// client says something, a model (of ours, on the load's core) streams, and every client hears each piece.
// Each round has processes of its own; openclaw, which takes minutes for one, has fewer rounds (PEER_ROUNDS=1).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { firstGreeting, TOKEN } from './gateway_load.mjs';
import { openclawPeer } from './peers.mjs';

const here = path.dirname(new URL(import.meta.url).pathname), root = path.dirname(here);
const PEER_ROUNDS = Number(process.env.PEER_ROUNDS ?? 1), ROUNDS = Number(process.env.ROUNDS ?? 3), SECONDS = Number(process.env.SECONDS ?? 2);
const SOCKETS = Number(process.env.SOCKETS ?? 1000), LISTENERS = Math.min(SOCKETS, 200), SAMPLES = 3;
const PACED = { pieces: 12, ms: 400 };          // slower than any of them joins pieces (openclaw: 150 ms, ours: 33)
const FLOOD = { pieces: 1500, ms: 0 };          // as fast as they are taken

// A child on the load's core, the lines that it prints, and what to say to it.
function load(...args) {
  const child = spawn('taskset', ['-c', '1', process.execPath, path.join(here, 'gateway_load.mjs'), ...args.map(String)], { stdio: ['pipe', 'pipe', 'pipe'] });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let stderr = '';
  child.stderr.on('data', (d) => { stderr += d; });
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the load (${args.join(' ')}) has ended: ${stderr.slice(-1500)}`);
    return JSON.parse(value);
  };
  const over = async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  };
  return { child, next, say: (text) => child.stdin.write(`${text}\n`), over };
}

// As many pieces as the model sends: ours joins what comes faster than people read.
function unjoined(dir) {
  const tree = path.join(dir, 'unjoined/gateway/rules'), text = fs.readFileSync(path.join(root, 'scripts/gateway/rules/limits.lua'), 'utf8');
  fs.mkdirSync(tree, { recursive: true });
  const changed = text.replace(/^(\s+pieces_per_s = )\d+/m, '$11000000000');
  if (changed === text) throw new Error('the limit pieces_per_s has moved');
  fs.writeFileSync(path.join(tree, 'limits.lua'), changed);
  return path.join(dir, 'unjoined');
}

function starters(t, db, model) {
  const ours = async (port) => {
    const args = ['gateway', '--port', String(port), '--agent-port', '0', '--workers', '1', '--scripts', `${unjoined(t.dir)}:${root}/scripts`,
      '--set', 'overrides=**', '--log-level', 'error'];
    return t.serve('human', t.human, args, port, { HUMAN_HOME: path.join(t.dir, 'gateway-home'), DATABASE_URL: db.url, HUMAN_GATEWAY_AUTH_TOKEN: TOKEN,
      HUMAN_LLM_PROVIDER: 'openai', HUMAN_LLM_BASE_URL: `http://127.0.0.1:${model}/v1`, HUMAN_LLM_MODEL: 'm', HUMAN_LLM_KEY: 'none' });
  };
  const bare = (port) => t.serve('ws (floor)', process.execPath, [path.join(here, 'peers/ws_gateway.mjs'), String(port), String(model)], port);
  const program = process.env.PEER_ROUNDS === '0' ? undefined : openclawPeer();
  const peer = program && (async (port) => {
    const home = path.join(t.dir, 'openclaw'), file = path.join(home, 'openclaw.json');
    fs.mkdirSync(home, { recursive: true });
    fs.writeFileSync(file, JSON.stringify({
      gateway: { mode: 'local', bind: 'loopback', auth: { mode: 'token', token: TOKEN } },
      models: { mode: 'replace', providers: { bench: { baseUrl: `http://127.0.0.1:${model}/v1`, apiKey: 'none', api: 'openai-completions', models: [
        { id: 'm', name: 'm', reasoning: false, input: ['text'], cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }, contextWindow: 128000, maxTokens: 8000 }] } } },
      agents: { defaults: { model: { primary: 'bench/m' }, workspace: path.join(home, 'workspace') } } }));
    return t.serve('openclaw', program.node, [program.script, 'gateway', 'run', '--port', String(port), '--bind', 'loopback'], port, { HOME: home,
      OPENCLAW_STATE_DIR: path.join(home, 'state'), OPENCLAW_CONFIG_PATH: file, OPENCLAW_SKIP_CHANNELS: '1', OPENCLAW_SKIP_CRON: '1', NODE_ENV: 'production' });
  });
  return [['human', ours, ROUNDS], ['openclaw', peer, PEER_ROUNDS], ['ws (floor)', bare, ROUNDS]].filter(([, start]) => start);
}

async function greetings(t, server) {
  const l = load('hello', server.port, SECONDS);
  await l.next();
  const cpu = t.cpuSeconds(server), { count, seconds } = await l.next();
  const used = t.cpuSeconds(server) - cpu;
  await l.over();
  return { rate: count / seconds, cpu: used / count * 1e6 };
}

// Paced: from the first piece that all have heard to the last.
async function paced(t, server, l) {
  l.say(`${PACED.pieces} ${PACED.ms}`);
  const first = await l.next(), cpu = t.cpuSeconds(server);
  const { count, seconds, joined } = first.first ? await l.next() : first;
  if (joined !== undefined) return console.log(`${server.name} has told ${PACED.pieces} pieces in ${joined} frames, which is less work: not counted`);
  return { rate: count / seconds, cpu: (t.cpuSeconds(server) - cpu) / count * 1e6 };
}

// As fast as it goes a server is ahead of who hears it, so its CPU is that of the whole turn.
async function flood(t, server, l) {
  const cpu = t.cpuSeconds(server);
  l.say(`${FLOOD.pieces} ${FLOOD.ms}`);
  const first = await l.next(), { count, seconds, joined } = first.first ? await l.next() : first;
  if (joined !== undefined) throw new Error(`${server.name} has joined pieces`);
  return { rate: count / seconds, cpu: (t.cpuSeconds(server) - cpu) / (FLOOD.pieces * LISTENERS) * 1e6 };
}

async function end(t, server) {
  if (server.name === 'openclaw') for (const pid of t.mine(server)) process.kill(pid, 'SIGKILL'); // it drains for minutes
  await t.stop(server);
}

// Everything of one process; what it measures goes to note(what, sample).
async function life(t, start, note) {
  const port = await t.freePort(), from = performance.now();
  const server = await start(port);
  try {
    const listening = performance.now() - from;
    await firstGreeting(port);
    note('start', { listening, greeted: performance.now() - from });
    const warm = load('chunks', port, 1);
    await warm.next();
    await paced(t, server, warm);
    await warm.over();
    await greetings(t, server);                   // what is compiled and kept for good is no part of a socket
    const idle = t.memory(server), many = load('idle', port, SOCKETS);
    await many.next();
    const full = t.memory(server);
    note('memory', { idle, full, each: (full - idle) / SOCKETS });
    await many.over();
    for (let i = 0; i < SAMPLES; i++) note('hello', await greetings(t, server));
    const crowd = load('chunks', port, LISTENERS);
    await crowd.next();
    for (let i = 0; i < SAMPLES; i++) note('paced', await paced(t, server, crowd));
    if (server.name !== 'openclaw') note('flood', await flood(t, server, crowd));
    await crowd.over();
  } finally {
    await end(t, server);
  }
}

const mean = (v) => v.reduce((sum, x) => sum + x, 0) / v.length;
const error = (v) => Math.sqrt(v.reduce((sum, x) => sum + (x - mean(v)) ** 2, 0) / Math.max(1, v.length - 1) / v.length);

// How many times ours that is, and its standard error.
function ratio(theirs, ours) {
  const r = mean(theirs) / mean(ours);
  return `${r.toFixed(2)} ± ${(r * Math.hypot(error(theirs) / mean(theirs), error(ours) / mean(ours))).toFixed(2)} x ours`;
}

function report(t, title, seen, what, field, show) {
  console.log(`\n${title}`);
  const of = (name) => seen.get(name)[what]?.map((x) => x[field]), ours = of('human');
  for (const name of seen.keys()) {
    const v = of(name);
    if (v) console.log(`  ${name.padEnd(22)} ${show(t.median(v)).padStart(14)}  (${show(Math.min(...v))} - ${show(Math.max(...v))})  ${name === 'human' ? '' : ratio(v, ours)}`);
  }
}

/** t: what run.mjs lends. */
export async function gateway(t, db) {
  const model = load('model'), list = starters(t, db, (await model.next()).port);
  const seen = new Map(list.map(([name]) => [name, {}]));
  try {
    for (const [, start] of list) {               // what is made at the first start alone: tables, folders
      await end(t, await start(await t.freePort()));
    }
    for (let i = 0; i < Math.max(ROUNDS, PEER_ROUNDS); i++) {
      for (const [name, start, rounds] of i % 2 ? [...list].reverse() : list) {
        if (i >= rounds) continue;
        const note = (what, sample) => sample && (seen.get(name)[what] ??= []).push(sample);
        await t.round('(g) gateway', { name }, () => life(t, start, note));
      }
    }
  } finally {
    model.child.kill('SIGTERM');
  }
  const ms = (x) => `${t.short(x)} ms`, us = (x) => `${t.short(x)} µs CPU`, rate = (x) => `${t.short(x)}/s`, mb = (x) => `${t.short(x / 2 ** 20)} MB`;
  report(t, '(g) from exec to listening', seen, 'start', 'listening', ms);
  report(t, '(g) from exec to the first greeting', seen, 'start', 'greeted', ms);
  report(t, '(g) connected, challenged, signed in, greeted (hello-ok), gone', seen, 'hello', 'rate', rate);
  report(t, '(g) the same, CPU each', seen, 'hello', 'cpu', us);
  report(t, `(g) a piece of an answer to one of ${LISTENERS} sockets, 2.5 pieces a second: CPU each`, seen, 'paced', 'cpu', us);
  report(t, `(g) pieces to ${LISTENERS} sockets as fast as they go, deliveries`, seen, 'flood', 'rate', rate);
  report(t, '(g) the same, CPU each', seen, 'flood', 'cpu', us);
  report(t, '(g) memory after one conversation, no socket', seen, 'memory', 'idle', mb);
  report(t, `(g) memory with ${SOCKETS.toLocaleString('en')} signed-in sockets`, seen, 'memory', 'full', mb);
  report(t, '(g) memory of each of them', seen, 'memory', 'each', (x) => `${t.short(x / 1024)} KB`);
}
