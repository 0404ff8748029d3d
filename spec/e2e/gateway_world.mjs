// spec/e2e/gateway_world.mjs -- the gateway's engine for specs: calls, events, and model servers that answer as told.
import assert from 'node:assert/strict';
import WebSocket from 'ws';
import { ollama } from './dialects.mjs';
import { sql } from './hosts.mjs';
import { until } from './support.mjs';

export const TREES = ['spec/e2e/scripts/gateway'], PATIENCE_MS = Number(process.env.PATIENCE_MS ?? 60_000);
const CALL_MS = 15_000; // a connection to a worker that was killed may never be answered
export const OPERATOR = { id: 'spec', role: 'operator' };

/** A function of the engine on a host: {value, why}. */
export async function call(host, name, ...args) {
  const answer = await fetch(`${host.url}/engine/${name.replace('.', '/')}`, {
    method: 'POST', headers: { 'content-type': 'application/json', connection: 'close' }, body: JSON.stringify({ args }), signal: AbortSignal.timeout(CALL_MS) });
  const body = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(body));
  return body.values;
}

/** Sends a message; the id of its run. */
export async function send(host, key, message, more = {}) {
  const { value, why } = await call(host, 'chat.send', { key, message, ...more });
  assert.equal(why, undefined, why);
  assert.equal(value.status, 'queued');
  return value.run_id;
}

export const one = async (host, statement) => (await sql(host.home, statement))[0];
const state = (host, run) => one(host, `select state from gateway_runs where id = '${run}'`);

/** Waits until a run is over; how it ended. */
export async function ended(host, run, ms = PATIENCE_MS) {
  let now;
  await until(async () => {
    now = await state(host, run).catch((e) => `unknown (${e.message})`);
    return ['done', 'failed', 'aborted'].includes(now);
  }, ms, () => `run ${run} is ${now}, not over`);
  return now;
}

/** What tools have done: lines of "name what". */
export const effects = (host, like = '%') => sql(host.home, `select name || ' ' || what from tool_effects where name like '${like}' order by pos`);

/** The text of the newest answer of a session. */
export async function answer(host, key) {
  const { value } = await call(host, 'sessions.history', key);
  return value.at(-1).content;
}

/** Waits for open approvals of a session; at least n. */
export async function approvals(host, key, n = 1) {
  let list;
  await until(async () => {
    list = (await call(host, 'approvals.list')).value;
    list = Array.isArray(list) ? list.filter((a) => a.sessionKey === key) : [];
    return list.length >= n;
  }, PATIENCE_MS, () => `${n} approvals of ${key} are open, not ${list.length}`);
  return list;
}

export const resolve = (host, id, decision, by = OPERATOR, ...more) => call(host, 'approvals.resolve', id, decision, by, ...more);

/** A socket that hears all events: {events: [{event, payload, at}], conn, next(test)}. */
export async function listen(host, rooms = ['gateway', 'conn']) {
  const ws = new WebSocket(`${host.url.replace('http', 'ws')}/engine/ws`);
  const events = [];
  let conn;
  const answers = new Map();
  ws.on('message', (data) => {
    const frame = JSON.parse(data);
    if (frame.type === 'event') events.push({ event: frame.event, payload: frame.payload, at: performance.now() });
    else answers.set(frame.id, frame);
  });
  await new Promise((done, failed) => { ws.once('open', done); ws.once('error', failed); });
  for (const room of rooms) {
    ws.send(JSON.stringify({ type: 'req', id: room, method: 'join', params: { room } }));
    conn = (await until(() => answers.get(room), 10_000, 'it has joined')).payload.conn;
  }
  const next = (test, ms = PATIENCE_MS) => until(() => events.find((e) => test(e.payload, e.event)), ms,
    () => `an event such as ${test}; there are ${JSON.stringify(events.map((e) => [e.event, e.payload.state ?? e.payload.status, e.payload.message]))}`);
  return { events, conn, next, close: () => ws.close() };
}

/** Settings of a host that answers by rules, and asks this server in Ollama's dialect in sessions that say so. */
export const asks = (model) => ({ HUMAN_LLM_PROVIDER: 'offline', OLLAMA_HOST: model.url });

/** Whatever host has a row of the queue: from now on this session asks the model server. */
export async function modelled(host, key) {
  await ended(host, await send(host, key, 'Hello'));
  const { value } = await call(host, 'sessions.patch', key, { model: 'ollama/m' });
  assert.equal(value.model, 'ollama/m');
}

/** An answer of that dialect that comes in pieces, one each `ms`, while `may(i)` says so of the next one. */
export function slowly(res, pieces, ms, may = () => true) {
  const events = ollama.stream({ pieces }).split(/(?<=\n)/);
  res.writeHead(200, { 'content-type': ollama.type });
  let i = 0;
  const timer = setInterval(() => {
    if (!may(i)) return;
    if (i < events.length) res.write(events[i++]);
    else { clearInterval(timer); res.end(); }
  }, ms);
  res.on('close', () => clearInterval(timer));
}
