// spec/e2e/agent_socket.test.mjs -- the agent API's sockets: who is admitted, what is stored, who receives what.
// Two workers, so that sockets of one agent live on both.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { call, connected, makeAgent, makeUser, newMessage, NORMAL, openSocket, outline, run, sarah, send }
  from './agent_client.mjs';
import { next, startHuman, until } from './support.mjs';

let host;
let url;
let user;
let agent;
const open = [];
before(async () => {
  host = await startHuman({ env: { HUMAN_WORKERS: '2', HUMAN_SOCKETIO_MAX_SOCKETS_PER_AGENT: '6' } });
  url = host.url;
  user = await makeUser(url);
  agent = await makeAgent(url, user);
});
after(() => host?.stop());
afterEach(() => { for (const socket of open.splice(0)) socket.disconnect(); });

async function socketOf(key = user.key, options = {}, of = agent) {
  const socket = await connected(url, of.id, key, options);
  open.push(socket);
  return socket;
}

async function refusalOf(query, auth) {
  const socket = openSocket(url, undefined, undefined, { query, auth });
  const [error] = await next(socket, 'connect_error', 10000);
  socket.disconnect();
  return { message: error.message, ...error.data };
}

describe('a socket', () => {
  it('gets in with query or auth, by polling or WebSocket', async () => {
    for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
      await socketOf(user.key, { transports });
      await socketOf(undefined, { transports, query: {}, auth: { agentId: agent.id, apiKey: user.key } });
    }
  });

  it('is refused without a key, with a wrong or expired one, and for an agent of somebody else', async () => {
    const message = 'Invalid or missing API key';
    assert.deepEqual(await refusalOf({ agentId: agent.id }), { message, statusCode: 401, code: 'unauthorized' });
    assert.deepEqual(await refusalOf({ agentId: agent.id, apiKey: `ak_${'x'.repeat(32)}` }),
      { message, statusCode: 401, code: 'unauthorized' });
    const expired = await makeUser(url, { expiresAt: '2026-01-01T00:00:00Z' });
    assert.equal((await refusalOf({ agentId: agent.id, apiKey: expired.key })).statusCode, 401);
    const stranger = await makeUser(url);
    const unknown = { message: 'Agent not found', statusCode: 404, code: 'agent_not_found' };
    assert.deepEqual(await refusalOf({ agentId: agent.id, apiKey: stranger.key }), unknown);
    assert.deepEqual(await refusalOf({ apiKey: user.key }), unknown);
    assert.deepEqual(await refusalOf({}, { agentId: 'cnowhere000', apiKey: user.key }), unknown);
  });

  it('is refused when the agent has too many, whichever worker they are on', async () => { // limit: socketio.max_sockets_per_agent
    for (let i = 0; i < 6; i += 1) await socketOf();
    assert.deepEqual(await refusalOf({ agentId: agent.id, apiKey: user.key }),
      { message: 'Too many open sockets for this agent', statusCode: 429, code: 'too_many_sockets' });
    open.pop().disconnect();
    await until(async () => {
      const socket = openSocket(url, agent.id, user.key);
      open.push(socket);
      return Promise.race([next(socket, 'connect').then(() => true), next(socket, 'connect_error').then(() => false)]);
    }, 5000, 'a place is free again');
  });

  for (const [what, end] of [
    ['deleted', (u, keyId) => call(url, 'DELETE', `/api/users/${u.id}/api-keys/${keyId}`)],
    ['regenerated', (u, keyId) => call(url, 'POST', `/api/users/${u.id}/api-keys/${keyId}/regenerate`)],
  ]) {
    it(`is closed on every worker when its key is ${what}, and no other is`, async () => {
      const other = (await call(url, 'POST', `/api/users/${user.id}/api-keys`, { body: { name: 'other' } })).body;
      const doomed = await Promise.all([1, 2, 3].map(() => socketOf(other.key)));
      const safe = await socketOf();
      const closed = Promise.all(doomed.map((s) => next(s, 'disconnect')));
      await end(user, other.id);
      await closed;
      assert.ok(safe.connected);
    });
  }

  it('is closed when its key expires', async () => {
    const soon = await makeUser(url), its = await makeAgent(url, soon), expiresAt = Date.now() + 5000;
    const { key } = (await soon.api('POST', `/api/users/${soon.id}/api-keys`, { expiresAt: new Date(expiresAt).toISOString() })).body;
    const socket = await socketOf(key, {}, its);
    await next(socket, 'disconnect');
    const late = Date.now() - expiresAt;
    assert.ok(late >= 0 && late < 10_000, `${late} ms after its time`); // a look at all keys comes each half minute
  });
});

describe('an event', () => {
  it('is acknowledged with its id, once stored, and is the same when it comes again', async () => {
    const socket = await socketOf();
    const event = newMessage('Hello');
    const first = await send(socket, event);
    assert.equal(first.ok, true);
    assert.deepEqual(await send(socket, event), { ok: true, eventId: first.eventId, duplicate: true });
    const log = (await user.api('GET', `/api/agents/${agent.id}/events?direction=in&limit=1`)).body;
    assert.equal(log[0].id, first.eventId);
    assert.deepEqual(outline(await run(socket)), NORMAL);
    const heard = (await user.api('GET', `/api/agents/${agent.id}/events?direction=in&limit=200`)).body;
    assert.equal(heard.filter((e) => e.content.message?.id === event.content.message.id).length, 1, 'what is not there twice is not answered twice');
  });

  it('that is wrong is stored nowhere; the ack and an exception say why', async () => {
    const socket = await socketOf();
    const count = async () => Number((await user.api('GET', `/api/agents/${agent.id}/events?limit=1`)).headers.get('x-total-count'));
    const before_ = await count();
    const wrong = [
      [{ type: 'dance' }, 'unknown_event_type'], [{}, 'unknown_event_type'], ['text', 'invalid_event'], [null, 'invalid_event'],
      [{ type: 'new-message', content: {} }, 'invalid_event'], [newMessage('x'.repeat(16001)), 'invalid_event'],
      [{ type: 'agent-joined', chatCode: 'c', participants: Array.from({ length: 201 }, () => sarah) }, 'invalid_event'],
    ];
    for (const [event, code] of wrong) {
      const exception = next(socket, 'exception');
      const ack = await send(socket, event);
      assert.equal(ack.ok, false);
      assert.equal(ack.error.code, code);
      const [heard] = await exception;
      assert.equal(heard.status, 'error');
      assert.equal(heard.code, code);
      assert.ok(heard.message);
    }
    assert.equal(await count(), before_);
    socket.emit('message');
    await next(socket, 'exception');
    assert.ok(socket.connected);
  });

  it('may have its fields at the top level', async () => {
    const socket = await socketOf();
    const { type, content } = newMessage('Flat');
    assert.equal((await send(socket, { type, ...content })).ok, true);
    await run(socket);
  });
});

describe('actions', () => {
  it('reach every socket of the agent once, in order, on whichever worker', async () => {
    const sockets = await Promise.all([1, 2, 3, 4, 5].map((i) => socketOf(user.key, { transports: [i % 2 ? 'websocket' : 'polling'] })));
    const rounds = 6;
    for (let i = 0; i < rounds; i += 1) {
      await send(sockets[i % 5], newMessage(`Question ${i} about cardio?`));
      await Promise.all(sockets.map((s) => run(s, i * 3)));
    }
    for (const socket of sockets) {
      assert.equal(socket.actions.length, rounds * 3);
      const seqs = socket.actions.map((a) => a.seq);
      assert.deepEqual(seqs, seqs.map((_, i) => seqs[0] + i));
      assert.deepEqual(socket.actions.map((a) => a.id), sockets[0].actions.map((a) => a.id));
    }
    for (const a of sockets[0].actions) assert.ok(a.runId && a.createdAt && a.id);
  });

  it('that were missed do not come to who has another agent, or another\'s key, when it is back', async () => {
    const other = await makeUser(url), theirs = await makeAgent(url, other), second = await makeAgent(url, user);
    const leaving = (await user.api('POST', `/api/users/${user.id}/api-keys`, { name: 'leaving' })).body;
    const witness = await socketOf();
    for (const auth of [{ agentId: theirs.id, apiKey: other.key }, { agentId: second.id, apiKey: user.key }]) {
      const socket = await socketOf(undefined, { query: {}, auth: { agentId: agent.id, apiKey: leaving.key } });
      await send(witness, newMessage('Before'));
      await run(socket);
      const away = next(socket, 'disconnect');
      socket.io.engine.close();
      await away;
      const heard = witness.actions.length;
      await send(witness, newMessage('While you were away'));
      await run(witness, heard);
      Object.assign(socket, { auth, actions: [] });
      socket.connect();
      await next(socket, 'connect', 10000);
      assert.equal(socket.recovered, false);
      await send(socket, newMessage('And you?'));
      assert.ok((await run(socket)).length >= 3);
      const before = witness.actions.length;
      await send(witness, newMessage('While you are here'));
      await run(witness, before);
      const theirRuns = new Set(witness.actions.map(({ runId }) => runId));
      assert.deepEqual(socket.actions.filter(({ runId }) => theirRuns.has(runId)), []);
      socket.disconnect();
    }
  });

  it('that were missed come after a reconnection, and by number', async () => {
    const socket = await socketOf(user.key, { reconnection: true, reconnectionDelay: 700, reconnectionDelayMax: 700 });
    await send(socket, newMessage('Before'));
    const heard = await run(socket);
    const last = heard.at(-1).seq;
    const away = next(socket, 'disconnect');
    socket.io.engine.close();
    await away;
    await user.api('POST', `/api/agents/${agent.id}/messages`, newMessage('While you were away'));
    const missed = await run(socket, 3);
    assert.deepEqual(missed.map((a) => a.seq), [last + 1, last + 2, last + 3]);
    const fresh = await socketOf(undefined, { query: {}, auth: { agentId: agent.id, apiKey: user.key, lastSeq: last } });
    assert.deepEqual((await run(fresh)).map((a) => a.seq), [last + 1, last + 2, last + 3]);
  });
});
