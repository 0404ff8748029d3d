// spec/e2e/agent_output.test.mjs -- which part of a model's text reaches the chat.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, NORMAL, outline, run, send } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { startHuman } from './support.mjs';

let host;
let model;
let user;
const open = [];
before(async () => {
  model = await startModel();
  host = await startHuman({ env: model.env });
  user = await makeUser(host.url);
});
after(async () => {
  await host?.stop();
  await model?.close();
});
afterEach(() => { for (const socket of open.splice(0)) socket.disconnect(); });

async function answer(reply, settings) {
  const agent = await makeAgent(host.url, user);
  if (settings) assert.equal((await user.api('PUT', `/api/agents/${agent.id}`, { settings })).status, 200);
  const socket = await connected(host.url, agent.id, user.key);
  open.push(socket);
  model.requests.length = 0;
  model.answer = () => reply;
  await send(socket, newMessage('How do I begin?', { id: 'm1' }));
  return run(socket);
}

const said = (actions) => actions.filter((a) => a.content !== undefined).map((a) => a.content);

describe('an answer of a model', () => {
  for (const [what, reply, expected] of [
    ['with thinking', { text: '<think>\nShe asks.\n</think>\n\nSlowly.' }, ['Slowly.']],
    ['with a call as text', { text: '<tool_call>\n{"name": "send_message", "arguments": {"content": "Slowly."}}\n</tool_call>' }, ['Slowly.']],
    ['with its name', { text: 'Coach Alex: Slowly.\nSarah: Thanks!' }, ['Slowly.']],
    ['twice the same', { text: 'Slowly.', tools: [['send_message', { content: 'Slowly.' }], ['send_message', { text: 'Slowly.' }]] }, ['Slowly.']],
    ['to nobody\'s message', { tools: [['send_reply', { content: 'Slowly.', message_id: 'nowhere' }]] }, ['Slowly.']],
    ['with NUL', { text: 'Slow\u0000ly.' }, ['Slowly.']],
    ['with NUL in a call', { tools: [['send_reply', { content: 'Slow\u0000ly.', message_id: 'm1\u0000' }]] }, ['Slowly.']],
    ['with NUL in the name of a tool', { text: 'Slowly.', tools: [['no\u0000such', { 'a\u0000': '\u0000' }]] }, ['Slowly.']],
    ['with half a character', { text: 'Slowly.\ud83d' }, ['Slowly.']],
    ['with half a character in a call', { tools: [['send_message', { content: '\ude00Slowly.' }]] }, ['Slowly.']],
  ]) {
    it(`${what} is posted once, as it is meant, after one call`, async () => {
      const actions = await answer(reply);
      assert.deepEqual(said(actions).map((text) => text.replaceAll('\ufffd', '')), expected);
      assert.equal(actions.at(-1).reason, 'completed');
      assert.equal(model.requests.length, 1);
    });
  }

  for (const [what, reply] of [['silence', { text: 'stay_silent()' }],
    ['somebody else\'s line', { text: '<message id="m2" from="Sarah">I love it</message>' }],
    ['a call cut short', { text: '<tool_call>{"name":"send_message","arguments":{"content":"Slow' }],
    ['a reason with NUL', { tools: [['stay_silent', { reason: 'a\u0000\ud83d' }]] }],
    ['a reaction of NUL', { tools: [['add_reaction', { message_id: '\u0000', emoji: '\u0000' }]] }]]) {
    it(`that is nothing but ${what} is not posted`, async () => {
      assert.deepEqual(outline(await answer(reply)), ['set-typing:true', 'set-typing:false', 'agent-stopped:no-response']);
      assert.equal(model.requests.length, 1);
    });
  }

  it('of 45,000 characters is posted in parts that the platform takes', async () => {
    const text = 'Runners who sleep well run longer. '.repeat(1286).trim();
    const actions = await answer({ text }, { max_message_chars: 2000 });
    assert.ok(actions.length > 23);
    assert.ok(said(actions).every((part) => part.length <= 2000 && part.endsWith('.')));
    assert.equal(said(actions).join(' '), text);
    assert.deepEqual(outline(await answer({ text: 'Slowly.' })), NORMAL);
  });
});
