// spec/e2e/agent_chat.test.mjs -- what an agent does in a chat: by its tools, in groups, in long talks.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, NORMAL, outline, run, sarah, send } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { sql, startHost } from './hosts.mjs';
import { until } from './support.mjs';

let host;
let model;
let user;
const open = [];
before(async () => {
  model = await startModel();
  host = await startHost({ env: { ...model.env, HUMAN_WORKERS: '1', HUMAN_AGENT_WINDOW_MESSAGES: '10' } });
  user = await makeUser(host.url);
});
after(async () => {
  await host?.stop();
  await model?.close();
});
afterEach(() => {
  model.answer = () => ({ text: 'Fine.' });
  for (const socket of open.splice(0)) socket.disconnect();
});

const tom = { id: 'user-2', nickname: 'Tom' };
const joined = (...people) => ({ type: 'agent-joined', content: { chatCode: 'gym', participants: people } });

async function fresh(options) {
  const agent = await makeAgent(host.url, user, options);
  const socket = await connected(host.url, agent.id, user.key);
  open.push(socket);
  return { agent, socket, state: async () => (await user.api('GET', `/api/agents/${agent.id}/state`)).body };
}

async function group() {
  const made = await fresh();
  await send(made.socket, joined(sarah, tom, { id: 'user-3', nickname: 'Ann' }));
  return made;
}

describe('the tools', () => {
  const cases = [
    ['reply to and react to messages that exist', [['send_reply', { content: 'Yes', message_id: 'known' }], ['add_reaction', { message_id: 'known', emoji: '💪' }]],
      ['set-typing:true', 'send-reply', 'add-reaction', 'agent-stopped:completed']],
    ['cannot reach messages that do not, nor use words for emoji', [['add_reaction', { message_id: 'unknown', emoji: '👍' }], ['add_reaction', { message_id: 'known', emoji: 'yes' }]],
      ['set-typing:true', 'set-typing:false', 'agent-stopped:no-response']],
    ['make a message of a reply to what does not exist', [['send_reply', { content: 'Yes', message_id: 'unknown' }]],
      ['set-typing:true', 'send-message', 'agent-stopped:completed']],
    ['clear typing before a reaction alone', [['add_reaction', { message_id: 'known', emoji: '👍' }]],
      ['set-typing:true', 'set-typing:false', 'add-reaction', 'agent-stopped:completed']],
    ['may choose silence', [['stay_silent', { reason: 'nothing to add' }]], ['set-typing:true', 'set-typing:false', 'agent-stopped:no-response']],
    ['do four things at most', [1, 2, 3, 4, 5, 6].map((i) => ['send_message', { content: `${i}` }]),
      ['set-typing:true', 'send-message', 'send-message', 'send-message', 'send-message', 'agent-stopped:completed']],
  ];
  for (const [what, tools, expected] of cases) {
    it(what, async () => {
      const { socket } = await fresh();
      model.answer = () => ({ tools });
      await send(socket, newMessage('Hi', { id: 'known' }));
      assert.deepEqual(outline(await run(socket)), expected);
    });
  }
});

describe('in a group, the agent', () => {
  const of = (socket, text, more) => send(socket, newMessage(text, more));

  it('answers when it is named, not every line, and not itself', async () => {
    const { socket, state } = await group();
    await of(socket, 'Nice weather today');
    assert.deepEqual(outline(await run(socket)), ['agent-stopped:no-response']);
    await of(socket, 'Alex, what do you think?', { participant: tom });
    assert.deepEqual(outline(await run(socket, 1)), NORMAL);
    const said = socket.actions.length;
    await of(socket, 'Fine.', { participant: { id: 'bot', nickname: 'Coach Alex' } });
    await until(async () => (await state()).status === 'idle', 15_000, 'it has had its turn');
    assert.deepEqual([socket.actions.length, (await state()).counters.actionsOut], [said, said]);
  });

  it('reacts to thanks', async () => {
    const { socket } = await group();
    await of(socket, 'Thanks Alex!', { id: 'thanks' });
    const actions = await run(socket);
    assert.deepEqual(outline(actions), ['add-reaction', 'agent-stopped:completed']);
    assert.deepEqual([actions[0].messageId, actions[0].emoji], ['thanks', '👍']);
  });

  it('waits while somebody types', async () => {
    const { socket } = await group();
    await send(socket, { type: 'user-typing', content: { participantId: tom.id, nickname: 'Tom' } });
    const asked = Date.now();
    await of(socket, 'Alex, any tips?');
    assert.deepEqual(outline(await run(socket)), NORMAL);
    assert.ok(Date.now() - asked > 1400);
  });
});

it('what falls out of the window is remembered as notes', async () => {
  const { agent, socket } = await fresh();
  const isNotes = (request) => request.messages[0].content.includes('You keep the notes');
  model.answer = (_, request) => ({ text: isNotes(request) ? 'Sarah wants to run a marathon.' : 'Fine.' });
  await send(socket, newMessage('I want to run a marathon', { id: 'first' }));
  await run(socket);
  for (let i = 0; i < 16; i += 1) {
    await send(socket, newMessage(`line ${i}`));
    await run(socket, 3 + 3 * i);
  }
  const notes = await until(() => model.requests.find(isNotes), 5000, 'the notes are written');
  assert.match(notes.messages[1].content, /<message id="first" from="Sarah" at="\d\d:\d\d">I want to run a marathon<\/message>/);
  await until(async () => (await sql(host.home, `select 1 from agent_memory where agent_id = '${agent.id}' and summary is not null`)).length === 1, 15_000, 'they are kept');
  await send(socket, newMessage('What did I want?'));
  await run(socket, 51);
  const last = JSON.stringify(model.requests.at(-1).messages);
  assert.ok(last.includes('<earlier>Sarah wants to run a marathon.</earlier>'));
  assert.ok(!last.includes('id=\\"first\\"'));
  assert.ok(last.includes('line 15'));
});
