// spec/e2e/feeds_world.mjs -- two hosts of two workers on one database, whose scripts can be reloaded; streams that
// follow lines, and WebSockets that follow commands, on any worker.
import { EventSource } from 'eventsource';
import fs from 'node:fs';
import path from 'node:path';
import WebSocket from 'ws';
import { startPair } from './pair.mjs';
import { root, until } from './support.mjs';

const open = new Set(); // streams that a test has not closed
const SCRIPTS = 'spec/e2e/scripts/feeds', FILE = 'api/local/feeds.lua';

/** {one, two, reload(), version()}; env: settings of both. */
export async function startTwo(env = {}) {
  const pair = await startPair(SCRIPTS, { env });
  const text = fs.readFileSync(path.join(root, SCRIPTS, FILE), 'utf8');
  let version = 0;
  return {
    one: pair.one, two: pair.two, version: () => version,
    /** Other scripts on all workers of both hosts. */
    async reload() {
      version += 1;
      pair.write(FILE, text.replace('VERSION = 0', `VERSION = ${version}`));
      await pair.reload();
    },
  };
}

/** A stream of that host that follows a room: {worker, lines: [{id, text, late (ms), version}], errors, close()}. */
export async function follow(host, room) {
  const source = new EventSource(`${host.url}/feeds/${room}`), stream = { lines: [], errors: 0, source };
  stream.close = () => { open.delete(stream); source.close(); };
  open.add(stream);
  source.addEventListener('worker', (e) => { stream.worker = Number(e.data); });
  source.addEventListener('reset', () => { stream.lines.push('reset'); });
  source.onmessage = (e) => {
    const { text, at, version } = JSON.parse(e.data);
    stream.lines.push({ id: Number(e.lastEventId), text, late: Date.now() - at, version });
  };
  source.onerror = () => { stream.errors += 1; };
  await until(() => stream.worker !== undefined, 20_000, 'the stream begins');
  return stream;
}

export const closeAll = () => { for (const stream of open) stream.close(); };

/** The same on that worker. */
export async function followOn(host, worker, room) {
  return until(async () => {
    const stream = await follow(host, room);
    if (stream.worker === worker) return stream;
    stream.close();
    return null;
  }, 30_000, `a stream on worker ${worker}`);
}

/** A WebSocket on that worker: {said: [], do(what, fields) -> when it was done}. */
export async function doer(host, worker) {
  const open = async () => {
    const socket = new WebSocket(`${host.url.replace('http', 'ws')}/feeds/ws`), said = [];
    let n = 0;
    socket.on('message', (data) => {
      let m = String(data);
      try { m = JSON.parse(m); } catch { /* a text of a room */ }
      said.push(m);
    });
    socket.on('error', () => {});
    await until(() => said.length, 20_000, 'the socket is open');
    return {
      socket, said, worker: said.shift().worker,
      ask(what, fields) { socket.send(JSON.stringify({ do: what, n: (n += 1), ...fields })); return n; },
      async do(what, fields) {
        const asked = this.ask(what, fields);
        await until(() => said.some((m) => m.done === asked), 20_000, `${what} is done`);
      },
    };
  };
  return until(async () => {
    const one = await open();
    if (one.worker === worker) return one;
    one.socket.terminate();
    return null;
  }, 30_000, `a socket on worker ${worker}`);
}

/** A doer on each worker of both hosts. */
export const everywhere = ({ one, two }) => Promise.all([[one, 0], [one, 1], [two, 0], [two, 1]].map(([host, worker]) => doer(host, worker)));
