// spec/e2e/agent_wishes.test.mjs -- an agent's settings about its model reach the model, and stay in force.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, NORMAL, outline, run, send } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { startHuman } from './support.mjs';

let model, host;
before(async () => {
  model = await startModel();
  host = await startHuman({ env: model.env });
});
after(async () => {
  await host?.stop();
  await model?.close();
});

/** An agent with these settings and what it does about one message: {actions, request}. */
async function answered(settings, reply = () => ({ text: 'Fine.' })) {
  const user = await makeUser(host.url), agent = await makeAgent(host.url, user);
  const changed = await user.api('PUT', `/api/agents/${agent.id}`, { settings });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  model.answer = reply;
  model.requests.length = 0;
  const socket = await connected(host.url, agent.id, user.key);
  await send(socket, newMessage('How do I start with cardio?', { id: 'm1' }));
  const actions = await run(socket);
  socket.disconnect();
  return { actions, request: model.requests[0] };
}
const names = (request) => request.tools.map((t) => t.function.name);

describe('the model of an agent', () => {
  it('is asked as the server was told to when the agent has no wishes', async () => {
    const { actions, request } = await answered({});
    assert.deepEqual(outline(actions), NORMAL);
    assert.equal(request.model, 'spec-model');
    assert.equal(request.max_tokens, 1024);
    assert.ok(!('temperature' in request));
    assert.deepEqual(names(request), ['send_message', 'send_reply', 'add_reaction', 'remove_reaction', 'stay_silent']);
  });

  it('is the one that its owner named, with temperature, effort and length', async () => {
    const { request } = await answered({ model: 'qwen/qwq-32b:free', temperature: 0, max_tokens: 77, reasoning_effort: 'low' });
    assert.deepEqual([request.model, request.temperature, request.reasoning_effort], ['qwen/qwq-32b:free', 0, 'low']);
    assert.ok(request.max_tokens >= 77, 'what it thinks comes on top');
  });

  it('is offered the tools that its owner left it, and may always stay silent', async () => {
    const { actions, request } = await answered({ tools: ['add_reaction', 'send_message'] });
    assert.deepEqual(names(request), ['send_message', 'add_reaction', 'stay_silent']);
    assert.match(request.messages[0].content, /you have only send_message, add_reaction, stay_silent\.$/);
    assert.deepEqual(outline(actions), NORMAL);
    assert.deepEqual(names((await answered({ tools: [] }, () => ({ tools: [['stay_silent', {}]] }))).request), ['stay_silent']);
  });

  it('does nothing with a tool that it was not offered, nor with text that no tool would post', async () => {
    const wishes = () => ({ text: 'Hello!', tools: [['send_reply', { content: 'Hi', message_id: 'm1' }],
      ['add_reaction', { message_id: 'm1', emoji: '👍' }]] });
    assert.deepEqual(outline((await answered({ tools: ['add_reaction'] }, wishes)).actions),
      ['set-typing:true', 'set-typing:false', 'add-reaction', 'agent-stopped:completed']);
    assert.deepEqual(outline((await answered({ tools: ['send_reply'] }, () => ({ text: 'Hello!' }))).actions),
      ['set-typing:true', 'set-typing:false', 'agent-stopped:no-response']);
  });

  it('of an agent that only reacts gets reactions to choose from', async () => {
    const { actions, request } = await answered({ reactions_only: true, tools: null }, () => ({ text: 'Hello!',
      tools: [['add_reaction', { message_id: 'm1', emoji: '🎉' }]] }));
    assert.deepEqual(names(request), ['add_reaction', 'remove_reaction', 'stay_silent']);
    assert.deepEqual(outline(actions), ['set-typing:true', 'set-typing:false', 'add-reaction', 'agent-stopped:completed']);
  });
});
