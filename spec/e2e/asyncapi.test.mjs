// spec/e2e/asyncapi.test.mjs -- the AsyncAPI document of the agent's socket: valid, complete, and true of the events
// that a socket gets.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Parser } from '@asyncapi/parser';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { connected, makeAgent, makeUser, newMessage, sarah, send } from './agent_client.mjs';
import { next, startHuman, until } from './support.mjs';

// The seed's tables of events and actions, with edits, deletions, who leaves, and `exception`, which are ours.
const EVENTS = ['agent-joined', 'new-message', 'message-edited', 'message-deleted', 'user-joined', 'user-left', 'user-typing',
  'reaction', 'timer-expired'];
const ACTIONS = ['set-typing', 'send-message', 'send-reply', 'add-reaction', 'remove-reaction', 'agent-stopped'];

const mike = { id: 'user-2', nickname: 'Mike' };
const SENT = [
  { type: 'agent-joined', content: { chatCode: 'ROOM-1', participants: [sarah] } },
  newMessage('How do I start with cardio?'),
  newMessage('Look', { id: 17, createdAt: 1763893800, mentions: ['alex', 5], attachments: [{ url: 'https://example.com/a.png' }] }),
  { type: 'message-edited', content: { messageId: 'msg-1', content: 'How?', editedAt: 1763893800000 } },
  { type: 'message-deleted', content: { messageId: 17 } },
  { type: 'user-left', content: { participant: { id: 'user-9' } } },
  { type: 'user-joined', content: { participant: mike } },
  { type: 'user-typing', content: { participantId: 'user-2', nickname: 'Mike' } },
  { type: 'reaction', content: { messageId: 'msg-1', emoji: '🎉', participant: sarah } },
  { type: 'timer-expired', content: { expiresAt: new Date().toISOString() } },
];

let host, text, doc, socket, validate;
before(async () => {
  host = await startHuman();
  text = await (await fetch(`${host.url}/asyncapi.json`)).text();
  doc = JSON.parse(text);
  const ajv = addFormats(new Ajv2020({ strict: false }));
  const compiled = new Map(Object.entries(doc.channels.agent.messages).map(([name, m]) => [name, ajv.compile(m.payload)]));
  validate = (name, value) => {
    const check = compiled.get(name);
    assert.ok(check, `${name} is not in the document`);
    assert.ok(check(value), `${name}: ${ajv.errorsText(check.errors)} in ${JSON.stringify(value)}`);
  };
  const user = await makeUser(host.url);
  const agent = await makeAgent(host.url, user);
  await user.api('PUT', `/api/agents/${agent.id}`, { settings: { debounce_ms: 500 } }); // two lines are one turn
  socket = await connected(host.url, agent.id, user.key);
});
after(async () => {
  socket?.disconnect();
  await host?.stop();
});

describe('the AsyncAPI document', () => {
  it('is read by its own parser without a complaint', async () => {
    const { document, diagnostics } = await new Parser().parse(text);
    const complaints = diagnostics.filter((d) => d.severity <= 1);
    assert.deepEqual(complaints.map((d) => `${d.path.join('.')}: ${d.message}`), []);
    assert.equal(document.version(), '3.1.0');
  });

  it('has every event and action of the agent API, and what refuses an event', () => {
    const received = Object.values(doc.operations).filter((o) => o.action === 'receive').map((o) => o.messages[0].$ref);
    assert.deepEqual(received.sort(), EVENTS.map((name) => `#/channels/agent/messages/${name}`).sort());
    const sent = doc.operations['send.agent'].messages.map((m) => m.$ref);
    assert.deepEqual(sent.sort(), [...ACTIONS, 'action-deleted', 'exception', 'watch', 'claim'].map((name) => `#/channels/agent/messages/${name}`).sort());
  });

  it('describes all that an agent does, which the offline provider shows without a key', async () => {
    const acted = (type) => until(() => socket.actions.some((a) => a.type === type), 10000, type);
    await send(socket, { type: 'agent-joined', content: { chatCode: 'ROOM-1', participants: [sarah, mike] } });
    socket.emit('message', newMessage('Alex, I want to get stronger', { id: 'asked' }));
    socket.emit('message', newMessage('what a funny dog', { participant: mike }));
    await acted('send-reply');
    await send(socket, { type: 'agent-joined', content: { chatCode: 'ROOM-2', participants: [sarah] } });
    await send(socket, newMessage('How do I start with cardio?'));
    await acted('send-message');
    await send(socket, newMessage('thanks, that helps'));
    await acted('add-reaction');
    await send(socket, newMessage('please remove your reaction'));
    await acted('remove-reaction');
    await acted('agent-stopped');
    for (const action of socket.actions) validate(action.type, action);
    assert.equal(socket.actions.find((a) => a.type === 'send-reply').messageId, 'asked');
  });

  it('describes events that the server takes, and how it acknowledges them', async () => {
    for (const event of SENT) {
      validate(event.type, event);
      const ack = await send(socket, event);
      validate('stored', ack);
    }
  });

  it('describes what a refused event is told', async () => {
    const told = next(socket, 'exception');
    const ack = await send(socket, { type: 'new-message', content: {} });
    validate('refused', ack);
    validate('exception', (await told)[0]);
  });

  it('says nothing that the server does not check: what it calls malformed is refused', async () => {
    for (const event of SENT.filter((e) => e.type !== 'agent-joined')) {
      const broken = { ...event, content: {} };
      assert.throws(() => validate(event.type, broken), undefined, event.type);
      assert.equal((await send(socket, broken)).ok, false, event.type);
    }
  });
});
