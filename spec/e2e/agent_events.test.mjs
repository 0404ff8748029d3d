// spec/e2e/agent_events.test.mjs -- an agent's state, its log, and events over plain HTTP.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { call, connected, makeAgent, makeUser, newMessage, NOWHERE, refused } from './agent_client.mjs';
import { next, startHuman } from './support.mjs';

let host;
let url;
let user;
before(async () => {
  host = await startHuman();
  url = host.url;
  user = await makeUser(url);
});
after(() => host?.stop());

const streamed = async (agent, event) => fetch(`${url}/api/agents/${agent.id}/messages`, {
  method: 'POST', body: JSON.stringify(event),
  headers: { 'content-type': 'application/json', 'x-api-key': user.key, accept: 'text/event-stream' } });

it("an agent's state merges, takes slugs, and unlinks by null", async () => {
  const agent = await makeAgent(url, user);
  const path = `/api/agents/${agent.id}/state`;
  const before_ = (await user.api('GET', path)).body;
  assert.equal(before_.status, 'idle');
  assert.equal(before_.personality.name, 'Coach Alex');
  const unlinked = (await user.api('PUT', path, { personalityId: null })).body;
  assert.equal(unlinked.personalityId, null);
  assert.equal(unlinked.systemPromptId, before_.systemPromptId);
  assert.equal((await user.api('PUT', path, { personalityId: 'coach-alex' })).body.personality.personalityId, 'coach-alex');
  refused(await user.api('PUT', path, { personalityId: NOWHERE }), 404, 'Not Found', 'Personality not found');
  refused(await user.api('PUT', path, { systemPromptId: NOWHERE }), 404, 'Not Found', 'System prompt not found');
  const stranger = await makeUser(url);
  refused(await stranger.api('GET', path), 404, 'Not Found', 'Agent not found');
  refused(await stranger.api('PUT', path, {}), 404, 'Not Found', 'Agent not found');
});

it('deleting a user deletes what it owns and closes its sockets', async () => {
  const gone = await makeUser(url);
  const agent = await makeAgent(url, gone);
  const socket = await connected(url, agent.id, gone.key);
  const closed = next(socket, 'disconnect');
  await call(url, 'DELETE', `/api/users/${gone.id}`);
  await closed;
  refused(await gone.api('GET', '/api/agents'), 401, 'Unauthorized');
});

it('events come over plain HTTP, too', async () => {
  const agent = await makeAgent(url, user);
  const path = `/api/agents/${agent.id}/messages`;
  const event = newMessage('Hello there');
  const first = await user.api('POST', path, event);
  assert.equal(first.status, 202);
  assert.deepEqual(await user.api('POST', path, event).then((a) => [a.status, a.body]),
    [202, { eventId: first.body.eventId, duplicate: true }]);
  const bad = refused(await user.api('POST', path, { type: 'new-message', content: {} }), 400, 'Bad Request');
  assert.equal(bad.details[0].path, 'message');
  refused(await user.api('POST', path, { type: 'dance' }), 400, 'Bad Request', 'Unknown event type');
  const answer = await streamed(agent, newMessage('And cardio?'));
  assert.match(answer.headers.get('content-type'), /^text\/event-stream/);
  const types = [...(await answer.text()).matchAll(/^data: (.*)$/gm)].map((m) => JSON.parse(m[1]).type);
  assert.equal(types.filter((t) => t === 'send-message').length, 1);
  assert.equal(types.at(-1), 'agent-stopped');
});

it('the log tells everything, in both directions, from any cursor', async () => {
  const agent = await makeAgent(url, user);
  const path = `/api/agents/${agent.id}/events`;
  await (await streamed(agent, newMessage('Hello'))).text();
  const newest = (await user.api('GET', path)).body;
  assert.deepEqual(newest.map((e) => e.type).reverse(), ['new-message', 'set-typing', 'send-message', 'agent-stopped']);
  assert.deepEqual(newest.map((e) => e.direction).reverse(), ['in', 'out', 'out', 'out']);
  assert.equal(newest.at(-1).content.message.content, 'Hello');
  const after_ = (await user.api('GET', `${path}?after=${newest.at(-1).id}&limit=2`)).body;
  assert.deepEqual(after_.map((e) => e.type), ['set-typing', 'send-message']);
  const before_ = (await user.api('GET', `${path}?before=${newest[1].id}&direction=out`)).body;
  assert.deepEqual(before_.map((e) => e.type), ['set-typing']);
  assert.deepEqual((await user.api('GET', `${path}?type=new-message`)).body.map((e) => e.runId), [null]);
  refused(await user.api('GET', `${path}?after=${NOWHERE}`), 404, 'Not Found', 'Event not found');
});
