// spec/e2e/faults.test.mjs -- kill -9 of every process, in the middle of turns.
// Invariants: the rest keeps serving, dead processes come back by themselves, nothing acknowledged
// is lost, no action is doubled, action numbers have no gaps, and typing ends.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { call, makeAgent, makeUser, newMessage, openSocket, run, send } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { errors, isAlive, launch, makeHome, pids, sql, startHost, workerOf } from './hosts.mjs';
import { exchange, open as connectTo, openWebSocket } from './raw.mjs';
import { root, SLOWER, next, until } from './support.mjs';

const DRAIN_MS = 15_000;
const ANSWER = 'Once.', WHOLE = ['set-typing', 'send-message', 'agent-stopped'];
let model, home, host, user, release;
const open = [];
// Typing is shown again after four seconds, which a busy machine may take.
const patient = path.join(makeHome(), 'scripts'), limits = 'agent/rules/limits.lua';
fs.mkdirSync(path.join(patient, path.dirname(limits)), { recursive: true });
fs.writeFileSync(path.join(patient, limits), fs.readFileSync(path.join(root, 'scripts', limits), 'utf8').replace(/typing_again_ms = \d+/, 'typing_again_ms = 600000'));
const start = async (env) => {
  host = await startHost({ home, port: host?.port, scripts: [path.relative(root, patient)], env: { ...model.env, HUMAN_AGENT_LEASE_MS: '1000',
    HUMAN_LIMITS_DRAIN_TIMEOUT_MS: DRAIN_MS, ...env } });
};
before(async () => {
  model = await startModel();
  home = makeHome();
  await start();
  user = await makeUser(host.url);
});
afterEach(() => {
  release?.();
  for (const socket of open.splice(0)) socket.disconnect();
});
after(async () => {
  const end = await host?.stop();
  await model.close();
  assert.equal(end?.code, 0);
});

/** A socket that comes back by itself and asks for what it missed. */
async function follow(agent) {
  const socket = openSocket(host.url, undefined, undefined,
    { query: {}, reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 100,
    auth: (give) => give({ agentId: agent.id, apiKey: user.key, lastSeq: socket.actions.at(-1)?.seq ?? 0 }) });
  open.push(socket);
  await next(socket, 'connect', 10_000);
  return socket;
}

/** n agents with a follower each, all in the middle of a turn: the model has been asked, and says nothing until release(). */
async function thinking(n) {
  const all = await Promise.all(Array.from({ length: n }, async () => {
    const agent = await makeAgent(host.url, user);
    return { agent, socket: await follow(agent) };
  }));
  const asked = model.requests.length, wait = new Promise((done) => { release = done; });
  model.answer = () => ({ text: ANSWER, wait });
  for (const { socket } of all) assert.equal((await send(socket, newMessage('Hi'))).ok, true);
  await until(() => model.requests.length === asked + n, 5000, 'the model is asked');
  model.answer = () => ({ text: ANSWER });
  return all;
}

const log = async (agent) =>
  (await call(host.url, 'GET', `/api/agents/${agent.id}/events?limit=200`, { key: user.key })).body.reverse();

/** Each turn ended, once, in the log and for the follower. */
async function endedOnce(all) {
  for (const { agent, socket } of all) {
    await run(socket, 0, 1, 20_000);
    const events = await log(agent), out = events.filter((e) => e.direction === 'out');
    assert.deepEqual(events.map((e) => e.type), ['new-message', ...WHOLE]);
    assert.deepEqual(out.map((e) => e.seq), [1, 2, 3]);
    assert.equal(new Set(out.map((e) => e.runId)).size, 1);
    assert.deepEqual(socket.actions.map((a) => [a.seq, a.id]), out.map((e) => [e.seq, e.id]));
    assert.equal(socket.actions.at(-1).reason, 'completed');
  }
}

/** The host answers a new turn as if nothing had been. */
async function worksAgain() {
  model.answer = () => ({ text: ANSWER });
  const agent = await makeAgent(host.url, user), socket = await follow(agent);
  assert.equal((await send(socket, newMessage('And now?'))).ok, true);
  await endedOnce([{ agent, socket }]);
}

it('what one worker does while the one that hears of it is dead, is told when that is back', async () => {
  const agent = await makeAgent(host.url, user);
  const socket = await until(async () => {
    const s = await follow(agent);
    if (workerOf(s) !== 1) s.disconnect();
    return s.connected && s;
  }, 10_000, 'a socket is on worker 1');
  const people = [1, 2, 3].map((i) => ({ id: `p${i}`, nickname: `P${i}` }));
  await send(socket, { type: 'agent-joined', chatCode: 'c', participants: people });
  process.kill(host.workers()[0], 'SIGKILL');
  assert.equal((await send(socket, newMessage('Nothing that concerns you', { participant: people[0] }))).ok, true);
  const actions = await run(socket, 0, 1, 5000);
  assert.deepEqual(actions.map((a) => [a.type, a.reason]), [['agent-stopped', 'no-response']]);
  assert.ok(socket.connected);
});

const get = 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

describe('kill -9 of a worker in the middle of turns', () => {
  for (const index of [0, 1]) {
    it(`worker ${index}: nobody notices but by a moment's delay`, async () => {
      const all = await thinking(6), [...old] = host.workers();
      assert.equal(old.length, 2);
      process.kill(old[index], 'SIGKILL');
      const begun = Date.now();
      const queued = await Promise.all(Array.from({ length: 40 }, () => exchange(host.port, get)));
      const ms = Date.now() - begun;
      for (const answers of queued) assert.deepEqual(answers.map((r) => r.status), [200]);
      assert.ok(ms < 15_000 * SLOWER, `connections to the dead worker's socket waited ${ms} ms`);
      assert.deepEqual(host.workers().filter((pid) => old.includes(pid)), [old[1 - index]]);
      release();
      await endedOnce(all);
    });
  }
  it('all workers at once', async () => {
    const all = await thinking(4);
    for (const pid of host.workers()) process.kill(pid, 'SIGKILL');
    assert.deepEqual((await exchange(host.port, get)).map((r) => r.status), [200]);
    await endedOnce(all);
  });
});

it('kill -9 of the host in the middle of turns: its processes end with it, the next host takes the turns up', async () => {
  const all = await thinking(4);
  await host.kill();
  await start();
  await endedOnce(all);
  await worksAgain();
});

it('a second host on the same home is refused, and told why', async () => {
  const second = launch({ HUMAN_HOME: home, HUMAN_PORT: '1' });
  const [code] = await once(second.child, 'exit');
  assert.equal(code, 1);
  assert.match(second.log(), new RegExp(`home: ${home} is in use by another host \\(process ${host.child.pid}\\)`));
  assert.equal((await fetch(`${host.url}/health`)).status, 200);
});

// ---- the database --------------------------------------------------------------------------------

/** Sends events one after another, each until it is acknowledged, until stop() gives what happened. */
function keepSending(agent) {
  const seen = { acknowledged: [], statuses: new Set() };
  let stopping = false;
  const ended = (async () => {
    for (let i = 0; !stopping; i += 1) {
      const event = { type: 'user-joined', participant: { id: `p${i}`, nickname: `P${i}` } };
      const { status, body } = await call(host.url, 'POST', `/api/agents/${agent.id}/messages`, { key: user.key, body: event });
      seen.statuses.add(status);
      if (status === 202) seen.acknowledged.push(body.eventId);
      else assert.ok(['database_unavailable', 'db_timeout'].includes(body.code), JSON.stringify(body));
    }
    return seen;
  })();
  return { seen, stop: () => { stopping = true; return ended; } };
}

const health = async () => {
  const answer = await fetch(`${host.url}/health`);
  return answer.status === 200 && (await answer.json()).database;
};

const wholeLog = (agent) =>
  sql(home, `select id from agent_events where agent_id = '${agent.id}' and type = 'user-joined' order by pos`);

const OTHERS = "from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";

async function killOne() {
  const pids = await sql(home, `select pid ${OTHERS}`);
  process.kill(Number(pids[0]), 'SIGKILL');
  const left = () => sql(home, `select pid ${OTHERS}`).catch(() => pids);  // it may be away
  await until(async () => !(await left()).some((pid) => pids.includes(pid)), 5000, 'the connections have ended');
}

describe('the database dies in the middle of turns and transactions', () => {
  const deaths = [
    ['kill -9 of the server', async () => process.kill(host.postgres(), 'SIGKILL'), true],
    ['kill -9 of one connection', killOne, false],       // which ends all; they may be back before anybody is refused
    ['an end of all connections', () => sql(home, `select pg_terminate_backend(pid) ${OTHERS}`), false],
  ];
  for (const [what, kill, away] of deaths) {
    it(`${what}: 503 meanwhile, /health answers, nothing is lost or doubled`, async () => {
      const all = await thinking(3), workers = host.workers();
      const agent = await makeAgent(host.url, user), senders = [1, 2, 3].map(() => keepSending(agent));
      await until(() => senders.every((s) => s.seen.acknowledged.length > 20), 10_000, 'events are taken');
      await kill();
      release();
      const refused = () => senders.some((s) => s.seen.statuses.has(503));
      if (away) await until(async () => await health() !== 'up' || refused(), 5000, 'health says so, or whoever asked in that moment');
      const before_ = senders.map((s) => s.seen.acknowledged.length);
      await until(async () => senders.every((s, i) => s.seen.acknowledged.length > before_[i] + 5), 20_000, 'events are taken again');
      await until(async () => await health() === 'up', 5000, 'health says so');
      const seen = await Promise.all(senders.map((s) => s.stop()));
      for (const s of seen) assert.deepEqual([...s.statuses].filter((x) => x !== 202 && x !== 503), []);
      if (away) assert.ok(seen.some((s) => s.statuses.has(503)));
      const stored = await wholeLog(agent);
      assert.equal(new Set(stored).size, stored.length);
      for (const id of seen.flatMap((s) => s.acknowledged)) assert.ok(stored.includes(id), 'an acknowledged event is lost');
      assert.deepEqual(host.workers(), workers, 'no worker was replaced');
      await endedOnce(all);
      await worksAgain();
    });
  }
});

// ---- stopping in good order -----------------------------------------------------------------------

describe('SIGTERM', () => {
  it('lets a request and a turn end, closes sockets, and ends with 0 in time', async () => {
    const [{ agent, socket }] = await thinking(1);
    const holder = sql(home, "begin; lock table users in exclusive mode; select pg_sleep(600); commit").catch(() => {}); // it is canceled
    const locks = async (which) =>
      (await sql(home, `select 1 from pg_locks where relation = 'users'::regclass and ${which}`)).length;
    await until(() => locks("granted and mode = 'ExclusiveLock'"), 3000, 'the table is locked');
    const request = call(host.url, 'POST', '/api/users', { body: { email: `late-${Date.now()}@example.com` } });
    await until(() => locks('not granted'), 3000, 'the request waits for it');
    const idle = await openWebSocket(host.port, '/socket.io/?EIO=4&transport=websocket');
    const gone = next(socket, 'disconnect', 8000), stopped = host.stop();
    await idle.wait(() => idle.frames().at(-1)?.code === 1001);
    idle.socket.destroy();
    const isRefused = () => connectTo(host.port).then((c) => { c.socket.destroy(); }, (e) => e.code === 'ECONNREFUSED');
    await until(isRefused, 500, 'new clients are sent away');
    await sql(home, "select pg_cancel_backend(pid) from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()");
    release();
    assert.equal((await request).status, 201);
    await holder;
    const { code } = await stopped;                // null of one that did not end within 20 s
    assert.deepEqual([code, (await gone)[0]], [0, 'transport close']);
    assert.deepEqual(errors(host.log()).filter((line) => line.includes('request failed')), []);
    const asked = model.requests.length;
    await start();
    await endedOnce([{ agent, socket }]);
    assert.equal(model.requests.length, asked, 'the turn had ended before the host did');
  });

  it('cuts what takes longer than the limit, which the next host takes up', async () => { // limit: limits.drain_timeout_ms
    await host.stop();
    await start({ HUMAN_LIMITS_DRAIN_TIMEOUT_MS: '500' });
    const all = await thinking(2);
    const { code, ms } = await host.stop();
    assert.equal(code, 0);
    assert.ok(ms < DRAIN_MS, `${ms} ms`);
    await start();
    await endedOnce(all);
  });

  it('twice ends it at once', async () => {
    const all = await thinking(1), begun = Date.now(), [worker] = host.workers(), postgres = host.postgres();
    host.child.kill('SIGTERM');
    await until(() => host.log().includes('stopping (Terminated)'), 5000, 'it was told');
    await host.stop();
    assert.ok(Date.now() - begun < DRAIN_MS);
    assert.ok(!isAlive(worker) && !isAlive(postgres));
    assert.deepEqual(pids(host.child.pid, 'human'), []);
    await start();
    await endedOnce(all);
  });
});
