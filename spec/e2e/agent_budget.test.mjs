// spec/e2e/agent_budget.test.mjs -- an operator's own limits: a changed rule file over the shipped ones.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, NORMAL, outline, run, send } from './agent_client.mjs';
import { root, startHuman } from './support.mjs';

let host;
let tree;
before(async () => {
  tree = fs.mkdtempSync(path.join(os.tmpdir(), 'human-rules-'));
  fs.chmodSync(tree, 0o755);
  const file = 'agent/rules/limits.lua';
  const shipped = fs.readFileSync(path.join(root, 'scripts', file), 'utf8');
  const changed = shipped.replace(/runs_per_hour = \d+/, 'runs_per_hour = 2').replace(/agent_chain = \d+/, 'agent_chain = 9')
    .replace(/typing_step_ms = \d+/, 'typing_step_ms = 100').replace(/text_chars = \d+/, 'text_chars = 600');
  assert.notEqual(changed, shipped);
  fs.mkdirSync(path.join(tree, 'agent/rules'), { recursive: true });
  fs.writeFileSync(path.join(tree, file), changed);
  host = await startHuman({ scripts: [path.relative(root, tree)] });
});
after(async () => {
  await host?.stop();
  fs.rmSync(tree, { recursive: true, force: true });
});

it('an agent whose budget is used up says so, without typing', async () => { // limit: tokens_per_day
  const user = await makeUser(host.url);
  const agent = await makeAgent(host.url, user);
  const socket = await connected(host.url, agent.id, user.key);
  for (let i = 0; i < 2; i += 1) {
    await send(socket, newMessage(`Cardio question ${i}`));
    assert.deepEqual(outline(await run(socket, 3 * i)), NORMAL);
  }
  await send(socket, newMessage('One more'));
  assert.deepEqual(outline(await run(socket, 6)), ['agent-stopped:budget-exceeded']);
  const long = await send(socket, newMessage('x'.repeat(601)));
  assert.equal(long.error.details[0].message, 'must be a string of at most 600 characters');
  socket.disconnect();
});
