// spec/e2e/agent_stream.test.mjs -- the answer to an event as server-sent events: beyond the end of replaced scripts,
// and without waiting if there is nothing to say.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { makeAgent, makeUser, newMessage } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { BINARY, makeHome, startHost } from './hosts.mjs';
import { reload } from './modes.mjs';
import { root, until } from './support.mjs';

const home = makeHome(), tree = path.join(home, 'tree');
let host, model, user;
const start = (graceMs, port) => startHost({ home, port, env: { ...model.env, HUMAN_SCRIPTS: `${tree}:${root}/scripts`,
  HUMAN_AGENT_LEASE_MS: '1000', HUMAN_RELOAD_GRACE_MS: String(graceMs) } });
before(async () => {
  fs.mkdirSync(path.join(tree, 'api/local'), { recursive: true });
  model = await startModel();
  host = await start(300);
  user = await makeUser(host.url);
});
after(async () => {
  assert.equal((await host?.stop())?.code, 0);
  await model?.close();
});

const stream = (agent, event) => fetch(`${host.url}/api/agents/${agent.id}/messages`, { method: 'POST', body: JSON.stringify(event),
  headers: { 'content-type': 'application/json', 'x-api-key': user.key, accept: 'text/event-stream' } });
const types = (text) => [...text.matchAll(/^data: (.*)$/gm)].map((m) => JSON.parse(m[1]).type ?? 'accepted');

let n = 0;
async function otherScripts() {
  fs.writeFileSync(path.join(tree, 'api/local/mark.lua'), `-- api/local/mark.lua -- other scripts: ${(n += 1)}.\nreturn {}\n`);
  const { code, text } = await reload(BINARY, home);
  assert.equal(code, 0, text);
}

it('a stream that began before a reload goes on when what ran on the old scripts was ended', async () => {
  const agent = await makeAgent(host.url, user), asked = model.requests.length;
  model.answer = () => ({ text: 'Late.', ms: 30_000 }); // longer than its worker waits for it
  const answer = await stream(agent, newMessage('Hello')), text = answer.text();
  await until(() => model.requests.length > asked, 10_000, 'the model is asked');
  await otherScripts();
  await until(() => host.log().includes('canceled what ran on replaced scripts'), 20_000, 'old scripts are ended');
  model.answer = () => ({ text: 'Well.' });
  const told = types(await text);
  assert.deepEqual([told[0], told.at(-1)], ['accepted', 'agent-stopped']);
  assert.equal(told.filter((type) => type === 'send-message').length, 1);
});

it('a stream ends as soon as the agent has passed over what there is nothing to say to', async () => {
  const agent = await makeAgent(host.url, user), took = [];
  for (let i = 0; i < 5; i += 1) {
    const began = Date.now();
    const answer = await stream(agent, { type: 'user-typing', content: { participantId: 'u1', nickname: 'Tom' } });
    assert.deepEqual(types(await answer.text()), ['accepted']);
    took.push(Date.now() - began);
  }
  assert.ok(Math.min(...took) < 400, `ms: ${took}`); // somebody who looks would come after two seconds
});

it('a turn that began before a reload is aborted at once when its agent is paused', async () => {
  assert.equal((await host.stop()).code, 0);
  host = await start(60_000, host.port);
  const agent = await makeAgent(host.url, user), asked = model.requests.length, { hungUp } = model;
  model.answer = () => ({ text: 'Late.', ms: 30_000 });
  const answer = await stream(agent, newMessage('Hello')), text = answer.text();
  await until(() => model.requests.length > asked, 10_000, 'the model is asked');
  await otherScripts();
  assert.equal((await user.api('PUT', `/api/agents/${agent.id}`, { status: 'paused' })).status, 200);
  await until(() => model.hungUp > hungUp, 10_000, 'nobody waits for the model any more');
  assert.equal(types(await text).at(-1), 'agent-stopped');
});
