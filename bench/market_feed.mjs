// bench/market_feed.mjs -- (d) of `make bench ARGS=market`: an event in a stream of tasks that 1,000 clients follow, from the
// request that adds it until the last of them has it; the clients are a process on the load's core.
// The floor is what that sends to the database when one client follows.  STREAMS=1000
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import readline from 'node:readline';
import { floorScript } from './floor_script.mjs';

const here = path.dirname(new URL(import.meta.url).pathname), root = path.dirname(here);
const STREAMS = Number(process.env.STREAMS ?? 1000), IN_FLIGHT = 4, PATIENCE_MS = 60_000;

const target = (port, actor) => `http://127.0.0.1:${port}/bench/market/event/${actor}`;

async function say(port, actor, n) {
  const answer = await fetch(target(port, actor), { method: 'POST', body: JSON.stringify({ n }), headers: { 'content-type': 'application/json' } });
  if (!answer.ok) throw new Error(`event: ${answer.status} ${await answer.text()}`);
}

// A socket that follows the tasks of an actor.
async function followed(port, key) {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`GET /task-stream HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-api-key: ${key}\r\naccept: text/event-stream\r\n\r\n`);
  const [head] = await once(socket, 'data');
  if (!String(head).startsWith('HTTP/1.1 200')) throw new Error(String(head));
  return socket;
}

/** What an event sends that one client follows.  recorded(name, act): what act() has sent that names it. */
export async function feedFloor(port, recorded, actors) {
  const both = [];
  for (const { id, key } of actors) {
    const socket = await followed(port, key);
    const said = async (n) => Promise.all([once(socket, 'data'), say(port, id, n)]);
    await said(1);
    both.push(await recorded(id, () => said(2)));
    socket.destroy();
  }
  return floorScript(...both, [{ values: actors.map((a) => a.id), is: "'bench-' || :client_id" }], []);
}

// As many streams of one actor as there are clients.
function unlimited(dir) {
  const tree = path.join(dir, 'unlimited/api/marketplace'), text = fs.readFileSync(path.join(root, 'scripts/api/marketplace/streams.lua'), 'utf8');
  const changed = text.replaceAll(', limit = OPENED', '').replace(/^local OPENED = .*\n/m, '');
  if (changed.includes('OPENED') || changed === text) throw new Error('the limit of streams has moved');
  fs.mkdirSync(tree, { recursive: true });
  fs.writeFileSync(path.join(tree, 'streams.lua'), changed);
  return path.join(dir, 'unlimited');
}

export async function feedRounds(t, start, floor, actor) {
  const server = await start('feed', [unlimited(t.dir)]);
  const child = spawn('taskset', ['-c', '1', process.execPath, path.join(here, 'market_feed.mjs'), String(server.port), actor.id, actor.key, String(STREAMS), String(t.seconds)],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the clients of the streams have ended');
    return JSON.parse(value);
  };
  try {
    await next();
    const ask = async (what) => {
      child.stdin.write(`${what}\n`);
      return next();
    };
    const seen = await t.turns(`(d) an event to ${STREAMS} streams`, [
      { name: 'human', server, run: () => ask('flood') },
      { name: 'pgbench', run: () => t.pgbench(t.socket, floor.file, IN_FLIGHT, t.seconds) },
      { name: 'one at a time', server, run: () => ask('paced') },
    ]);
    const m = (name, key) => t.median(seen[name].map((r) => r[key]));
    t.beside(`(d) events to ${STREAMS} streams, ${IN_FLIGHT} at a time`, { human: seen.human, pgbench: seen.pgbench }, IN_FLIGHT);
    t.row('    deliveries', `${t.short(m('human', 'rate') * STREAMS)}/s; CPU of one ${t.short((m('human', 'host') + m('human', 'database')) / STREAMS)} µs`, '-', '');
    t.row('    one at a time, until the last has it', `p50 ${t.short(m('one at a time', 'p50'))} ms, p99 ${t.short(m('one at a time', 'p99'))} ms`, '-', '');
  } finally {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
    await t.stop(server);
  }
}

// The clients ------------------------------------------------------------------------------------------------

async function clients(port, actor, key, count, seconds) {
  let got = 0, wake = () => {};
  const MARK = Buffer.from('"n":');
  const sockets = [];
  for (let i = 0; i < count; i++) {
    const socket = await followed(port, key);
    socket.on('data', (bytes) => {
      for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 4)) got++;
      wake();
    });
    socket.on('close', () => { throw new Error('a stream has been closed'); });
    sockets.push(socket);
  }
  const reached = (n) => new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error(`${n - got} deliveries are missing`)), PATIENCE_MS);
    wake = () => {
      if (got < n) return;
      clearTimeout(timer);
      wake = () => {};
      done();
    };
    wake();
  });
  const flood = async () => {
    const begun = performance.now(), end = begun + seconds * 1000;
    let sent = 0;
    got = 0;
    await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
      while (performance.now() < end) await say(port, actor, ++sent);
    }));
    await reached(sent * count);
    return { count: sent, rate: sent / (performance.now() - begun) * 1000 };
  };
  const paced = async () => {
    const times = [], end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      got = 0;
      const begun = performance.now();
      await Promise.all([say(port, actor, 1), reached(count)]);
      times.push(performance.now() - begun);
      await new Promise((done) => setTimeout(done, 20));
    }
    times.sort((a, b) => a - b);
    return { count: times.length, rate: times.length / seconds, p50: times[Math.floor(times.length * 0.5)], p99: times[Math.floor(times.length * 0.99)] };
  };
  console.log(JSON.stringify({ open: count }));
  for await (const line of readline.createInterface({ input: process.stdin })) console.log(JSON.stringify(await { flood, paced }[line]()));
  process.exit();
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [port, actor, key, count, seconds] = process.argv.slice(2);
  await clients(Number(port), actor, key, Number(count), Number(seconds));
}
