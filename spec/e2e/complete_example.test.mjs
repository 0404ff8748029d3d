// spec/e2e/complete_example.test.mjs -- the documentation's "Complete Example", as it is printed there
// but for the address and the key, against a fresh host.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import os from 'node:os';
import { after, before, it } from 'node:test';
import io from 'socket.io-client';
import { makeUser, outline, NORMAL, run } from './agent_client.mjs';
import { freePort, startHuman } from './support.mjs';

let host;
before(async () => { host = await startHuman(); });
after(() => host?.stop());

async function example(API, API_KEY, seen) {
  const headers = {
    'Content-Type': 'application/json',
    'X-API-Key': API_KEY
  };
  // 1. Create personality
  const personality = await fetch(`${API}/api/personalities`, {
    method: 'POST',
    headers,
    body: JSON.stringify({
      personalityId: 'coach-alex',
      name: 'Coach Alex',
      description: 'Fitness coach, 32, California',
      styleInstructions: 'Former athlete, certified trainer. Warm, motivating tone. Uses fitness terms naturally.'
    })
  }).then(r => r.json());
  // 2. Create system prompt
  const systemPrompt = await fetch(`${API}/api/system-prompts`, {
    method: 'POST',
    headers,
    body: JSON.stringify({
      name: 'Fitness Coach',
      promptType: 'system',
      template: 'You are a fitness coach. Provide evidence-based advice. Be supportive.'
    })
  }).then(r => r.json());
  // 3. Get HUMA-1 agent type (no auth required)
  const agentTypes = await fetch(`${API}/api/agent-types`).then(r => r.json());
  const huma1Type = agentTypes.find(t => t.name === 'Huma-1');
  // 4. Create agent
  const agent = await fetch(`${API}/api/agents`, {
    method: 'POST',
    headers,
    body: JSON.stringify({
      name: 'Coach Alex Session',
      agentTypeId: huma1Type.id
    })
  }).then(r => r.json());
  // 5. Configure state
  await fetch(`${API}/api/agents/${agent.id}/state`, {
    method: 'PUT',
    headers,
    body: JSON.stringify({
      personalityId: personality.id,
      systemPromptId: systemPrompt.id
    })
  });
  // 6. Connect WebSocket (API key in query)
  const socket = io(API, {
    query: {
      agentId: agent.id,
      apiKey: API_KEY
    }
  });
  socket.on('connect', () => {
    // 7. Send message event
    socket.emit('message', {
      type: 'new-message',
      content: {
        message: {
          id: 'msg-1',
          content: 'I struggle to stay motivated for cardio',
          participant: { id: 'user-1', nickname: 'Sarah' },
          createdAt: new Date().toISOString(),
          type: 'message'
        }
      }
    });
  });
  // 8. Receive agent actions
  socket.on('message', (event) => {
    if (event.type === 'send-message') {
      seen('Coach Alex:', event.content);
    }
  });
  return socket;
}

for (const round of ['first', 'second']) {
  it(`runs as printed, the ${round} time, on the agent API's own port`, async () => {
    const API = `http://localhost:${host.agentPort}`;
    const user = await makeUser(API);
    const said = [];
    const socket = await example(API, user.key, (...words) => said.push(words.join(' ')));
    socket.actions = [];
    socket.on('message', (action) => socket.actions.push(action));
    const actions = await run(socket);
    socket.disconnect();
    assert.deepEqual(outline(actions), NORMAL);
    assert.deepEqual(actions.map((a) => a.seq), [1, 2, 3]);
    assert.equal(said.length, 1);
    assert.match(said[0], /^Coach Alex: .{20,}/s);
  });
}

// What `localhost` is first to Node 18, curl and browsers.
const SIX = Object.values(os.networkInterfaces()).flat().some((a) => a.address === '::1');
it('is answered on both loopback addresses', { skip: !SIX && 'no ::1 here' }, async () => {
  for (const port of [host.port, host.agentPort]) {
    for (const name of ['127.0.0.1', '[::1]']) assert.equal((await fetch(`http://${name}:${port}/api/agent-types`)).status, 200);
  }
});

it('is answered all the same where another program holds ::1, and the log says so', { skip: !SIX && 'no ::1 here' }, async () => {
  const port = await freePort(), taken = net.createServer().listen(port, '::1');
  await once(taken, 'listening');
  const second = await startHuman({ port });
  taken.close();
  assert.match(second.log(), new RegExp(`port: port ${port} on ::1 is taken by \\S+ \\(process ${process.pid}\\)`));
  assert.equal((await fetch(`http://127.0.0.1:${port}/api/agent-types`)).status, 200);
  assert.equal(await second.stop(), 0);
});

it('runs twice with one key', async () => {
  const API = `http://localhost:${host.agentPort}`;
  const { key } = await makeUser(API);
  for (let i = 0; i < 2; i += 1) {
    const socket = await example(API, key, () => {});
    socket.actions = [];
    socket.on('message', (action) => socket.actions.push(action));
    assert.deepEqual(outline(await run(socket)), NORMAL);
    socket.disconnect();
  }
});
