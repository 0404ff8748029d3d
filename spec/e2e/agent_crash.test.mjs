// spec/e2e/agent_crash.test.mjs -- the whole host is killed in the middle of a turn and restarted.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { call, connected, makeAgent, makeUser, newMessage, run, send } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { startHuman, until } from './support.mjs';

let model;
let home;
const started = [];
before(async () => {
  model = await startModel();
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'human-crash-'));
  fs.chmodSync(home, 0o755);
});
after(async () => {
  for (const host of started) await host.stop();
  await model?.close();
  fs.rmSync(home, { recursive: true, force: true });
});

async function start() {
  const host = await startHuman({ env: { ...model.env, HUMAN_HOME: home, HUMAN_AGENT_LEASE_MS: '1500' } });
  started.push(host);
  return host;
}

async function kill(host) {
  const ended = new Promise((resolve) => { host.child.once('exit', resolve); });
  host.child.kill('SIGKILL');
  await ended;
}

for (const [when, ms] of [['while the model thinks', 120_000], ['right after the acknowledgement', 0]]) {
  it(`nothing acknowledged is lost when it happens ${when}`, async () => {
    let host = await start();
    const user = await makeUser(host.url);
    const agent = await makeAgent(host.url, user);
    const socket = await connected(host.url, agent.id, user.key);
    model.answer = () => ({ text: 'Once.', ms });
    assert.equal((await send(socket, newMessage('Hi'))).ok, true);
    if (ms) await until(() => socket.actions.length === 1, 5000, 'typing');
    socket.disconnect();
    await kill(host);

    model.answer = () => ({ text: 'Once.' });
    host = await start();
    const events = await until(async () => {
      const { body } = await call(host.url, 'GET', `/api/agents/${agent.id}/events`, { key: user.key });
      return body[0].type === 'agent-stopped' && body.reverse();
    }, 20000, 'the turn has ended');
    assert.deepEqual(events.map((e) => e.type), ['new-message', 'set-typing', 'send-message', 'agent-stopped']);
    assert.deepEqual(events.map((e) => e.seq), [undefined, 1, 2, 3]);

    const again = await connected(host.url, agent.id, undefined,
      { query: {}, auth: { agentId: agent.id, apiKey: user.key, lastSeq: 0 } });
    assert.deepEqual((await run(again)).map((a) => a.seq), [1, 2, 3]);
    again.disconnect();
    await host.stop();
  });
}
