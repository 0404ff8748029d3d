// spec/e2e/cluster.test.mjs -- two hosts of two workers each on one database.
// To clients they are one server: whichever gets a message, all clients receive it, once and in order; and an
// agent runs in one place at a time.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, describe, it } from 'node:test';
import { call, connected, makeAgent, makeUser, newMessage, run, send } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { databaseUrl, errors, launch, makeHome, startHost, sql, workerOf } from './hosts.mjs';
import { exchange } from './raw.mjs';
import { freePort, next, until } from './support.mjs';

let model, one, two, user;
const open = [];
// The private server has room for its own host's connections and few more.
const settings = (pool) => ({ ...model.env, HUMAN_AGENT_LEASE_MS: '1000', HUMAN_DATABASE_POOL: pool });
const startTwo = () => startHost({ env: { ...settings('2'), DATABASE_URL: databaseUrl(one.home) } });
before(async () => {
  model = await startModel();
  one = await startHost({ env: settings('6') });
  two = await startTwo();
  user = await makeUser(one.url);
});
afterEach(() => {
  model.answer = () => ({ text: 'Fine.' });
  for (const socket of open.splice(0)) socket.disconnect();
});
after(async () => {
  const codes = [(await two?.stop())?.code, (await one?.stop())?.code];
  await model.close();
  assert.deepEqual(codes, [0, 0]);
  assert.deepEqual([one, two].flatMap((host) => errors(host.log())), []);
});

const post = (host, agent, event) => call(host.url, 'POST', `/api/agents/${agent.id}/messages`, { key: user.key, body: event });

/** A socket on that worker of that host. */
const socketOn = (host, worker, agent, transport) => until(async () => {
  const socket = await connected(host.url, agent.id, user.key, { transports: [transport] });
  if (workerOf(socket) !== worker) socket.disconnect();
  else open.push(socket);
  return socket.connected && socket;
}, 10_000, `a socket on worker ${worker}`);

const onAll = async (agent) => [await socketOn(one, 0, agent, 'websocket'), await socketOn(one, 1, agent, 'polling'),
  await socketOn(two, 0, agent, 'polling'), await socketOn(two, 1, agent, 'websocket')];

const log = async (agent) =>
  (await call(one.url, 'GET', `/api/agents/${agent.id}/events?limit=200`, { key: user.key })).body.reverse();

describe('sockets of one agent on every worker of every host', () => {
  it('hear all actions once and in order, wherever the event came in', async () => {
    const agent = await makeAgent(one.url, user), sockets = await onAll(agent);
    const ways = [() => post(one, agent, newMessage('a')), () => post(two, agent, newMessage('b')),
      ...sockets.map((s) => () => send(s, newMessage('c')))];
    for (const [i, way] of ways.entries()) {
      await way();
      await Promise.all(sockets.map((s) => run(s, 3 * i)));
    }
    const told = (await log(agent)).filter((e) => e.direction === 'out').map((e) => e.id);
    assert.equal(told.length, 3 * ways.length);
    for (const socket of sockets) {
      assert.deepEqual(socket.actions.map((a) => a.id), told);
      assert.deepEqual(socket.actions.map((a) => a.seq), told.map((_, i) => i + 1));
    }
  });

  it('hear within seconds what a worker committed and did not live to tell', async () => {
    const agent = await makeAgent(one.url, user), sockets = await onAll(agent);
    await post(one, agent, newMessage('a'));
    await Promise.all(sockets.map((s) => run(s)));
    // The same that the end of a run writes, from somebody who tells nobody.
    await sql(one.home, `with box as (update agent_mailboxes set last_pos = last_pos + 1, last_seq = last_seq + 1
        where agent_id = '${agent.id}' returning agent_id, last_pos, last_seq)
      insert into agent_events (id, agent_id, pos, direction, seq, type, content, run_id)
      select 'cuntold' || substr(agent_id, 2), agent_id, last_pos, 'out', last_seq, 'agent-stopped', '{"reason": "completed"}',
        (select id from agent_runs r where r.agent_id = box.agent_id limit 1) from box`);
    await Promise.all(sockets.map((s) => run(s, 3, 1, 6000)));
    for (const socket of sockets) assert.deepEqual(socket.actions.map((a) => a.seq), [1, 2, 3, 4]);
  });

  it('are closed when their key is revoked on one of the hosts', async () => {
    const agent = await makeAgent(one.url, user);
    const doomed = (await call(one.url, 'POST', `/api/users/${user.id}/api-keys`, { body: { name: 'doomed' } })).body;
    const sockets = await Promise.all([one, two].flatMap((host) => [1, 2, 3].map(() => connected(host.url, agent.id, doomed.key))));
    const safe = await socketOn(two, 0, agent, 'websocket');
    const closed = sockets.map((s) => next(s, 'disconnect', 10_000)); // less than limits.recheck_ms
    assert.equal((await call(two.url, 'DELETE', `/api/users/${user.id}/api-keys/${doomed.id}`)).status, 204);
    await Promise.all(closed);
    assert.ok(safe.connected);
    for (const host of [one, two]) assert.equal((await call(host.url, 'GET', '/api/agents', { key: doomed.key })).status, 401);
  });
});

describe('a key of which nobody is told that it is gone', () => {
  it('closes its sockets within seconds, on each worker of each host', async () => {
    const agent = await makeAgent(one.url, user);
    const doomed = (await call(one.url, 'POST', `/api/users/${user.id}/api-keys`, { body: { name: 'doomed' } })).body;
    const sockets = await Promise.all([one, two].flatMap((host) => [1, 2, 3].map(() => connected(host.url, agent.id, doomed.key))));
    const safe = await socketOn(two, 0, agent, 'websocket');
    const closed = sockets.map((s) => next(s, 'disconnect', 10_000)); // less than limits.recheck_ms
    await sql(one.home, `delete from api_keys where id = '${doomed.id}'`);
    await Promise.all(closed);
    assert.ok(safe.connected);
  });
});

describe('polling without a connection of its own', () => {
  const ask = async (method, query, body) => {
    const head = `${method} /socket.io/?EIO=4&transport=polling${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
    const [answer] = await exchange(one.port, body ? `${head}Content-Length: ${body.length}\r\n\r\n${body}` : `${head}\r\n`,
      { ms: 10_000 });
    assert.equal(answer.status, 200, answer.body);
    return answer.body;
  };

  it('works though each request lands on whichever worker', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, async () => ({ agent: await makeAgent(one.url, user), actions: [] })));
    await Promise.all(clients.map(async ({ agent, actions }) => {
      const query = `&sid=${JSON.parse((await ask('GET', '')).slice(1)).sid}`;
      await ask('POST', query, `40${JSON.stringify({ agentId: agent.id, apiKey: user.key })}`);
      assert.match(await ask('GET', query), /^40\{/);
      for (let round = 1; round <= 3; round += 1) {
        await ask('POST', query, `42${JSON.stringify(['message', newMessage('Hello')])}`);
        while (actions.filter((a) => a.type === 'agent-stopped').length < round) {
          const packets = (await ask('GET', query)).split('\x1e').filter((packet) => packet.startsWith('42'));
          actions.push(...packets.map((packet) => JSON.parse(packet.slice(2))[1]));
        }
      }
      assert.deepEqual(actions.map((a) => a.seq), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assert.equal(await ask('POST', query, '1'), 'ok');
    }));
  });
});

const OVERLAPS = `select count(*) from agent_runs a join agent_runs b using (agent_id)
  where a.id < b.id and a.started_at < b.finished_at and b.started_at < a.finished_at`;

describe('turns', () => {
  it('of one agent never overlap, however many messages come in on both hosts at once', async () => {
    const agent = await makeAgent(one.url, user), sockets = await onAll(agent);
    let ms = 0;
    model.answer = () => ({ text: 'Well.', ms: (ms = (ms + 17) % 60) });
    const senders = [...sockets.map((s) => (event) => send(s, event)), (e) => post(one, agent, e), (e) => post(two, agent, e)];
    await Promise.all(senders.map(async (give, who) => {
      for (let i = 0; i < 8; i += 1) await give(newMessage(`${who}.${i}`));
    }));
    const events = await until(async () => {
      const state = (await user.api('GET', `/api/agents/${agent.id}/state`)).body;
      return state.status === 'idle' && log(agent);
    }, 20_000, 'all is answered');
    const out = events.filter((e) => e.direction === 'out'), runs = out.map((e) => e.runId).filter((id, i, all) => id !== all[i - 1]);
    assert.equal(new Set(runs).size, runs.length, 'the actions of a run stand together');
    assert.deepEqual(out.map((e) => e.seq), out.map((_, i) => i + 1));
    for (const id of runs) {
      const types = out.filter((e) => e.runId === id).map((e) => e.type);
      assert.deepEqual([types[0], types.at(-1), types.filter((t) => t === 'agent-stopped').length],
        ['set-typing', 'agent-stopped', 1]);
    }
    assert.equal(events.filter((e) => e.type === 'new-message').length, 48);
    assert.equal(events.at(-1).content.reason, 'completed');
    await Promise.all(sockets.map((s) => until(() => s.actions.length === out.length, 5000, 'all are told')));
    for (const socket of sockets) assert.deepEqual(socket.actions.map((a) => a.id), out.map((e) => e.id));
    assert.deepEqual(await sql(one.home, OVERLAPS), ['0']);
    assert.deepEqual(await sql(one.home,
      `select count(*) from agent_runs where agent_id = '${agent.id}' and finished_at is null`), ['0']);
  });

  it('of different agents run side by side', async () => {
    const agents = await Promise.all(Array.from({ length: 10 }, () => makeAgent(one.url, user)));
    let answer;
    const wait = new Promise((done) => { answer = done; }), asked = model.requests.length;
    model.answer = () => ({ text: 'Slow.', wait });
    await Promise.all(agents.map((agent, i) => post(i % 2 ? one : two, agent, newMessage('Hi'))));
    await until(() => model.requests.length === asked + 10, 20_000, 'all ten are thinking, and none has its answer');
    answer();
    await until(async () => (await Promise.all(agents.map(log))).every((events) => events.at(-1).type === 'agent-stopped'),
      20_000, 'all ten have ended');
  });

  it('of a host that is killed are taken up by the other, and end once', async () => {
    const agents = await Promise.all([1, 2, 3].map(() => makeAgent(one.url, user)));
    const sockets = await Promise.all(agents.map((agent) => socketOn(one, 0, agent, 'websocket')));
    model.answer = () => ({ text: 'Once.', ms: 1600 });
    const asked = model.requests.length;
    for (const agent of agents) assert.equal((await post(two, agent, newMessage('Hi'))).status, 202);
    await until(() => model.requests.length === asked + 3, 3000, 'the model is asked');
    model.answer = () => ({ text: 'Once.' });
    await two.kill();
    for (const [i, socket] of sockets.entries()) {
      assert.deepEqual((await run(socket)).map((a) => a.type), ['set-typing', 'send-message', 'agent-stopped']);
      assert.deepEqual((await log(agents[i])).map((e) => e.seq), [undefined, 1, 2, 3]);
    }
    assert.equal(model.requests.length, asked + 6);
    two = await startTwo();
  });
});

it('two hosts that start at once on an empty database make its tables once, and serve', async () => {
  assert.equal((await two.stop()).code, 0);
  await sql(one.home, 'create database fresh');
  const env = { ...settings('2'), DATABASE_URL: databaseUrl(one.home, 'fresh') };
  const hosts = await Promise.all([1, 2].map(() => startHost({ env })));
  const mine = await makeUser(hosts[0].url), agent = await makeAgent(hosts[1].url, mine);
  const socket = await connected(hosts[1].url, agent.id, mine.key);
  open.push(socket);
  await call(hosts[0].url, 'POST', `/api/agents/${agent.id}/messages`, { key: mine.key, body: newMessage('Hi') });
  assert.equal((await run(socket)).at(-1).reason, 'completed');
  const ends = await Promise.all(hosts.map((host) => host.stop()));
  const applied = hosts.map((host) => host.log().match(/migration applied/g)?.length ?? 0); // all lines are there
  assert.equal(String(applied[0] + applied[1]), (await sql(one.home, 'select count(*) from schema_migrations'))[0]);
  assert.deepEqual(ends.map((end) => end.code), [0, 0]);
  assert.deepEqual(hosts.flatMap((host) => errors(host.log())), []);
});

it('a host that is there before its database answers 503, and serves as soon as it can', async () => {
  const port = await freePort(), url = `http://127.0.0.1:${port}`;
  const { child } = launch({ ...settings('2'), HUMAN_HOME: makeHome(), HUMAN_PORT: port, HUMAN_WORKERS: '2',
    DATABASE_URL: databaseUrl(one.home, 'later') });
  const ended = once(child, 'exit');
  const ready = () => fetch(`${url}/ready`).then((r) => r.status, () => 0);
  await until(async () => await ready() === 503, 20_000, 'it answers');
  assert.equal((await call(url, 'GET', '/health')).body.status, 'degraded');
  const email = `early-${Date.now()}@example.com`;
  const early = await call(url, 'POST', '/api/users', { body: { email } });
  assert.deepEqual([early.status, early.body.code, early.body.statusCode], [503, 'database_unavailable', 503]);
  await sql(one.home, 'create database later');
  await until(async () => await ready() === 200, 40_000, 'it is ready');
  assert.equal((await call(url, 'POST', '/api/users', { body: { email } })).status, 201);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});
