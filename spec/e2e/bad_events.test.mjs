// spec/e2e/bad_events.test.mjs -- the agent's socket against invalid handshakes and events.
// Always: a refusal with a reason, nothing stored, and the next event is accepted.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { call, connected, makeAgent, makeUser, newMessage, openSocket, run, sarah, send } from './agent_client.mjs';
import { errors, startHost } from './hosts.mjs';
import { next } from './support.mjs';

let host, user, agent, other, otherAgent;
const open = [];
const keep = (socket) => { open.push(socket); return socket; };
before(async () => {
  host = await startHost({ env: { HUMAN_SOCKETIO_MAX_SOCKETS_PER_AGENT: '3' } });
  [user, other] = [await makeUser(host.url), await makeUser(host.url)];
  [agent, otherAgent] = [await makeAgent(host.url, user), await makeAgent(host.url, other)];
});
afterEach(() => { for (const socket of open.splice(0)) socket.disconnect(); });
after(async () => {
  assert.equal((await host?.stop())?.code, 0);
  assert.deepEqual(errors(host.log()), []);
});

/** What a client is told that may not connect. */
async function refusal(auth, options = {}) {
  const socket = keep(openSocket(host.url, undefined, undefined, { query: {}, auth, transports: ['websocket'], ...options }));
  socket.on('connect', () => assert.fail(`connected with ${JSON.stringify(auth)}`));
  const [error] = await next(socket, 'connect_error');
  return [error.data?.statusCode, error.data?.code, typeof error.message];
}

describe('a handshake is refused', () => {
  const unauthorized = [401, 'unauthorized', 'string'], notFound = [404, 'agent_not_found', 'string'];
  const odd = [undefined, null, '', 'x', 5, true, [], {}, ['a'], 'ak_', `ak_${'x'.repeat(32)}`, `hm_${'x'.repeat(32)}`,
    'a'.repeat(10_000), 'ak_\0', "' or 1=1 --"];
  for (const apiKey of odd) {
    it(`with the key ${JSON.stringify(apiKey)?.slice(0, 40)}`, async () => {
      assert.deepEqual(await refusal({ agentId: agent.id, apiKey }), unauthorized);
    });
  }
  for (const agentId of [...odd, 'c00000000000000000000000', '../agents', '%00']) {
    it(`for the agent ${JSON.stringify(agentId)?.slice(0, 40)}`, async () =>
      assert.deepEqual(await refusal({ agentId, apiKey: user.key }), notFound));
  }
  it("for somebody else's agent", async () => assert.deepEqual(await refusal({ agentId: otherAgent.id, apiKey: user.key }), notFound));
  it('with an expired key', async () => {
    const old = await makeUser(host.url, { expiresAt: '2020-01-01T00:00:00Z' });
    assert.deepEqual(await refusal({ agentId: agent.id, apiKey: old.key }), [401, 'key_expired', 'string']);
  });
  it('by polling as well', async () =>
    assert.deepEqual(await refusal({ agentId: agent.id, apiKey: 'x' }, { transports: ['polling'] }), unauthorized));
  it('in the query as well', async () => assert.deepEqual(await refusal({}, { query: { agentId: agent.id, apiKey: 'x' } }),
    unauthorized));
  it('with too many sockets open', async () => {
    for (let i = 0; i < 3; i += 1) keep(await connected(host.url, agent.id, user.key));
    assert.deepEqual(await refusal({ agentId: agent.id, apiKey: user.key }), [429, 'too_many_sockets', 'string']);
    keep(await connected(host.url, otherAgent.id, other.key));
  });
});

const participant = sarah, createdAt = new Date().toISOString();
const message = (fields) => ({ type: 'new-message',
  content: { message: { id: 'm', content: 'x', participant, createdAt, type: 'message', ...fields } } });
const many = (n) => Array.from({ length: n }, (_, i) => ({ id: `p${i}`, nickname: `P${i}` }));
let nested = 1;
for (let i = 0; i < 70; i += 1) nested = [nested];

// [what, event, code, path that must be named]
const wrong = [
  ['no event', undefined, 'invalid_event', ''], ['null', null, 'invalid_event', ''], ['a number', 5, 'invalid_event', ''],
  ['a text', 'new-message', 'invalid_event', ''],
  ['an array', [message()], 'invalid_event', ''], ['bytes', Buffer.from('x'), 'unknown_event_type', 'type'],
  ['no type', { content: {} }, 'unknown_event_type', 'type'], ['another type', { type: 'dance' }, 'unknown_event_type', 'type'],
  ['an action', { type: 'send-message', content: 'x' }, 'unknown_event_type', 'type'],
  ['a type of another kind', { type: 5 }, 'unknown_event_type', 'type'],
  ['the name of something of every table', { type: '__index' }, 'unknown_event_type', 'type'],
  ['a type of a million characters', { type: 'x'.repeat(900_000) }, 'unknown_event_type', 'type'],
  ['nothing but a type', { type: 'new-message' }, 'invalid_event', 'message'],
  ['content that is a text', { type: 'new-message', content: 'x' }, 'invalid_event', 'message'],
  ...['id', 'content', 'participant', 'createdAt'].map((name) =>
    [`a message without ${name}`, message({ [name]: undefined }), 'invalid_event', `message.${name}`]),
  ...[['id', 1.5], ['id', 2 ** 60], ['id', ''], ['id', 'x'.repeat(201)], ['id', 'a\0'], ['content', 5], ['content', ''], ['content', []],
    ['content', 'x'.repeat(16_001)], ['content', 'ž'.repeat(16_001)],
    ['content', 'a\0b'], ['participant', 'Sarah'], ['participant', []], ['createdAt', 'yesterday'], ['createdAt', -1],
    ['createdAt', '2025-13-45T00:00:00Z'], ['replyTo', true], ['type', 5]]
    .map(([name, value]) => [`a message whose ${name} is ${JSON.stringify(value).slice(0, 30)}`, message({ [name]: value }),
      'invalid_event', `message.${name}`]),
  ['an attachment that is no address', message({ attachments: [{ url: 'file:///etc/passwd' }] }), 'invalid_event',
    'message.attachments[0].url'],
  ['eleven attachments', message({ attachments: Array.from({ length: 11 }, () => ({ url: 'https://x.io/a.png' })) }),
    'invalid_event', 'message.attachments'],
  ['an edit of nothing', { type: 'message-edited', content: { content: 'x' } }, 'invalid_event', 'messageId'],
  ['a deletion of nothing', { type: 'message-deleted', content: {} }, 'invalid_event', 'messageId'],
  ['nobody who left', { type: 'user-left', content: {} }, 'invalid_event', 'participant'],
  ['a participant without an id', message({ participant: { nickname: 'x' } }), 'invalid_event', 'message.participant.id'],
  ['a nickname of 201 characters', message({ participant: { id: 'x', nickname: 'x'.repeat(201) } }), 'invalid_event',
    'message.participant.nickname'],
  ['201 participants', { type: 'agent-joined', content: { chatCode: 'c', participants: many(201) } }, 'invalid_event', 'participants'],
  ['participants that are none', { type: 'agent-joined', content: { chatCode: 'c', participants: {} } }, 'invalid_event',
    'participants'],
  ['one participant that is none', { type: 'agent-joined', content: { chatCode: 'c', participants: [participant, 5] } },
    'invalid_event', 'participants[1]'],
  ['no chat code', { type: 'agent-joined', content: { participants: [] } }, 'invalid_event', 'chatCode'],
  ['nobody who joined', { type: 'user-joined', content: {} }, 'invalid_event', 'participant'],
  ['nobody who types', { type: 'user-typing', content: { nickname: 'x' } }, 'invalid_event', 'participantId'],
  ['a reaction to nothing', { type: 'reaction', content: { emoji: '👍', participant } }, 'invalid_event', 'messageId'],
  ['a reaction of 65 characters', { type: 'reaction', content: { messageId: 'm', emoji: 'x'.repeat(65), participant } },
    'invalid_event', 'emoji'],
  ['another action of a reaction', { type: 'reaction', content: { messageId: 'm', emoji: '👍', participant, action: 'toggle' } },
    'invalid_event', 'action'],
  ['a timer without a time', { type: 'timer-expired', content: {} }, 'invalid_event', 'expiresAt'],
];

describe('an event is refused, by socket and by HTTP alike:', () => {
  const stored = async () => (await user.api('GET',
    `/api/agents/${agent.id}/events?direction=in&limit=1`)).headers.get('x-total-count');
  let socket;
  before(async () => { socket = await connected(host.url, agent.id, user.key); });
  after(() => socket.disconnect());

  for (const [what, event, code, path] of wrong) {
    it(what, async () => {
      const heard = next(socket, 'exception');
      const answer = await send(socket, event);
      assert.deepEqual([answer.ok, answer.error.code, typeof answer.error.message], [false, code, 'string']);
      assert.ok(answer.error.details.some((d) => d.path === path && d.message), JSON.stringify(answer.error));
      const [exception] = await heard;
      assert.deepEqual([exception.status, exception.code, exception.message], ['error', code, answer.error.message]);
      if (event === undefined || Buffer.isBuffer(event)) return;
      const { status, body } = await call(host.url, 'POST', `/api/agents/${agent.id}/messages`,
        { key: user.key, body: JSON.stringify(event) });
      assert.deepEqual([status, body.statusCode], [400, 400]);
      if (typeof event === 'object' && event) assert.equal(body.code, code);
    });
  }

  it('a deeply nested one ends the connection or is refused', async () => {
    const victim = keep(await connected(host.url, otherAgent.id, other.key));
    victim.emit('message', { type: 'new-message', content: nested });
    await new Promise((done) => { for (const event of ['disconnect', 'exception']) victim.once(event, done); });
  });

  it('and none was stored', async () => {
    assert.equal(await stored(), '0');
    assert.deepEqual(socket.actions, []);
    assert.ok(socket.connected);
  });

  it('the largest that is right is taken, and answered', async () => {
    const joined = { type: 'agent-joined', content: { chatCode: 'c', participants: many(200) } };
    assert.equal((await send(socket, joined)).ok, true);
    assert.equal((await send(socket, { type: 'agent-joined', content: { chatCode: 'c', participants: [sarah] } })).ok, true);
    assert.equal((await send(socket, newMessage('💪'.repeat(16_000)))).ok, true);
    assert.equal((await run(socket)).at(-1).type, 'agent-stopped');
    assert.equal(await stored(), '3');
  });

  it('other events than "message" mean nothing', async () => {
    for (const name of ['Message', '__index', 'x'.repeat(10_000), '']) socket.emit(name, newMessage('x'));
    assert.equal((await send(socket, { type: 'user-joined', participant: sarah })).ok, true);
    assert.equal(await stored(), '4');
  });
});

describe('a socket is closed', () => {
  it('when its agent is deleted', async () => {
    const doomed = await makeAgent(host.url, other);
    const socket = keep(await connected(host.url, doomed.id, other.key));
    const closed = next(socket, 'disconnect');
    await other.api('DELETE', `/api/agents/${doomed.id}`);
    await closed;
    assert.deepEqual(await refusal({ agentId: doomed.id, apiKey: other.key }), [404, 'agent_not_found', 'string']);
  });
  it('when its user is deleted', async () => {
    const socket = keep(await connected(host.url, otherAgent.id, other.key));
    const closed = next(socket, 'disconnect');
    await call(host.url, 'DELETE', `/api/users/${other.id}`);
    await closed;
    assert.deepEqual(await refusal({ agentId: otherAgent.id, apiKey: other.key }), [401, 'unauthorized', 'string']);
  });
});
