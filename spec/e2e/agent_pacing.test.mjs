// spec/e2e/agent_pacing.test.mjs -- how fast an agent answers: typing that stays visible, and time to type.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, NORMAL, outline, run, send } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { root, startHuman, until } from './support.mjs';

const AGAIN_MS = 200;
let host, model, tree, user;
const open = [];
before(async () => {
  tree = fs.mkdtempSync(path.join(os.tmpdir(), 'human-rules-'));
  fs.chmodSync(tree, 0o755);
  const file = 'agent/rules/limits.lua';
  const shipped = fs.readFileSync(path.join(root, 'scripts', file), 'utf8');
  fs.mkdirSync(path.join(tree, 'agent/rules'), { recursive: true });
  fs.writeFileSync(path.join(tree, file), shipped.replace(/typing_again_ms = \d+/, `typing_again_ms = ${AGAIN_MS}`));
  model = await startModel();
  host = await startHuman({ scripts: [path.relative(root, tree)], env: { ...model.env, HUMAN_AGENT_LEASE_MS: '1500' } });
  user = await makeUser(host.url);
});
after(async () => {
  await host?.stop();
  await model?.close();
  fs.rmSync(tree, { recursive: true, force: true });
});
afterEach(() => { for (const socket of open.splice(0)) socket.disconnect(); });

async function fresh(settings) {
  const agent = await makeAgent(host.url, user);
  if (settings) assert.equal((await user.api('PUT', `/api/agents/${agent.id}`, { settings })).status, 200);
  const socket = await connected(host.url, agent.id, user.key);
  open.push(socket);
  return { agent, socket };
}

const times = (actions) => actions.map((a) => Date.parse(a.createdAt));
const said = (actions) => actions.filter((a) => a.content).map((a) => a.content);
const THREE = { tools: ['One, and that is it.', 'Two, and so on again.', 'Three, and we are done.']
  .map((content) => ['send_message', { content }]) };

it('typing is shown again while the model thinks, and never after the answer', async () => { // limit: typing_again_ms
  const { socket } = await fresh();
  let go;
  const wait = new Promise((done) => { go = done; });
  model.answer = () => ({ text: 'At last.', wait });
  await send(socket, newMessage('Hi'));
  await until(() => socket.actions.length >= 4, 15_000, 'it is shown again and again');
  go();
  const actions = await run(socket);
  const shown = actions.filter((a) => a.type === 'set-typing'), at = times(shown);
  assert.ok(at.slice(1).every((t, i) => t - at[i] > AGAIN_MS / 2), `not all the time: ${at}`);
  assert.ok(shown.every((a) => a.isTyping));
  assert.deepEqual(outline(actions.slice(shown.length - 1)), NORMAL);
  assert.deepEqual(actions.map((a) => a.seq), actions.map((_, i) => i + 1));
  model.answer = () => ({ text: 'At once.' });
  await send(socket, newMessage('And now?'));
  assert.deepEqual(outline(await run(socket, actions.length)), NORMAL);
});

it('an agent that types gives its messages one after another', async () => { // limit: typing_max_ms
  const { socket } = await fresh({ typing_ms_per_char: 30 });
  model.answer = () => THREE;
  await send(socket, newMessage('Hi'));
  const actions = await run(socket);
  assert.deepEqual(said(actions), THREE.tools.map(([, { content }]) => content));
  assert.ok(actions.slice(0, -2).every((a) => a.type === 'set-typing' ? a.isTyping : a.type === 'send-message'));
  assert.equal(actions.at(-2).type, 'send-message');
  assert.equal(actions.at(-1).reason, 'completed');
  const messages = times(actions.filter((a) => a.content));
  assert.ok(messages[1] - messages[0] >= 600 && messages[2] - messages[1] >= 600, String(messages));
  assert.equal(model.requests.length > 0, true);
});

it('what somebody says between two messages gets an answer of its own', async () => {
  const { socket } = await fresh({ typing_ms_per_char: 40 });
  model.answer = (texts) => (texts.join().includes('second') ? { text: 'Four.' } : THREE);
  await send(socket, newMessage('first'));
  await until(() => said(socket.actions).length === 1, 8000, 'the first message');
  await send(socket, newMessage('second'));
  const actions = await run(socket, 0, 2);
  assert.deepEqual(said(actions), [...THREE.tools.map(([, { content }]) => content), 'Four.']);
});

it('a host that is killed between two messages says the rest, once, and asks no model again', async () => {
  const { socket, agent } = await fresh({ typing_ms_per_char: 60 });
  model.answer = () => THREE;
  await send(socket, newMessage('Hi'));
  await until(() => said(socket.actions).length === 1, 8000, 'the first message');
  const asked = model.requests.length;
  const children = fs.readFileSync(`/proc/${host.child.pid}/task/${host.child.pid}/children`, 'utf8').trim().split(' ');
  for (const pid of children) {
    if (fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('gateway')) process.kill(Number(pid), 'SIGKILL');
  }
  const log = async () => (await user.api('GET', `/api/agents/${agent.id}/events?direction=out`)).body.reverse();
  await until(async () => (await log().catch(() => [])).at(-1)?.type === 'agent-stopped', 20000, 'the run has ended');
  const events = await log();
  assert.deepEqual(events.map((e) => e.content.content).filter(Boolean), THREE.tools.map(([, { content }]) => content));
  assert.equal(events.at(-1).content.reason, 'completed');
  assert.equal(new Set(events.map((e) => e.runId)).size, 1);
  assert.equal(model.requests.length, asked);
});
