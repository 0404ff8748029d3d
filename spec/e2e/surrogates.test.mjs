// spec/e2e/surrogates.test.mjs -- half a character in a client's text.  Over REST it is refused; over Socket.IO it is
// U+FFFD, as with the reference server: no connection ends and no message is lost.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { call, connected, makeAgent, makeUser, newMessage, run, send } from './agent_client.mjs';
import { errors, sql, startHost } from './hosts.mjs';
import { next } from './support.mjs';
import { io } from 'socket.io-client';

const HALF = '\ud83d', FFFD = '\ufffd';
let host, user, agent;
const open = [];
before(async () => {
  host = await startHost({ scripts: ['spec/e2e/scripts/echo'], env: { HUMAN_WORKERS: '1' } });
  user = await makeUser(host.url);
  agent = await makeAgent(host.url, user);
});
afterEach(() => { for (const socket of open.splice(0)) socket.disconnect(); });
after(async () => {
  assert.equal((await host?.stop())?.code, 0);
  assert.deepEqual(errors(host.log()), []);
});

describe('half a character', () => {
  it('is refused in the body of a request', async () => {
    for (const text of [`{"name":"a\\ud83d"}`, '{"name":"\\ude00a"}']) {
      const answer = await call(host.url, 'POST', '/api/personalities', { key: user.key, body: text });
      assert.deepEqual([answer.status, answer.body.code], [400, 'validation_error']);
    }
  });

  for (const transport of ['websocket', 'polling']) {
    it(`is U+FFFD in an event over ${transport}, down to the database`, async () => {
      const socket = await connected(host.url, agent.id, user.key, { transports: [transport] });
      open.push(socket);
      const id = `m-${transport}${HALF}`, nickname = `Sarah${HALF}`;
      const event = newMessage(`How do I begin?${HALF}x😀`, { id, participant: { id: `u-${transport}`, nickname } });
      assert.equal((await send(socket, event)).ok, true);
      assert.equal((await run(socket)).at(-1).type, 'agent-stopped');
      const kept = await sql(host.home, `select nickname from agent_participants where participant_id = 'u-${transport}'`);
      assert.deepEqual(kept, [`Sarah${FFFD}`]);
      const stored = (await user.api('GET', `/api/agents/${agent.id}/events?direction=in&limit=1&type=new-message`)).body[0];
      assert.equal(stored.content.message.content, `How do I begin?${FFFD}x😀`);
      assert.equal(stored.content.message.id, `m-${transport}${FFFD}`);
      socket.emit(`no${HALF}such`, HALF);
      assert.equal((await send(socket, { type: HALF })).error.code, 'unknown_event_type');
      assert.ok(socket.connected);
    });

    it(`is U+FFFD in arguments, names, acknowledgements and beside bytes over ${transport}`, async () => {
      const socket = io(host.url, { path: '/echo.io/', forceNew: true, transports: [transport], reconnection: false,
        auth: { [`k${HALF}`]: HALF } });
      open.push(socket);
      const welcome = next(socket, 'welcome');
      await next(socket, 'connect');
      assert.deepEqual((await welcome)[0], { [`k${FFFD}`]: FFFD });
      const echoed = next(socket, 'message-back');
      socket.emit('message', `a${HALF}`, { [`k${HALF}`]: [`\udc00b`, Buffer.from([1, 2])] });
      const [text, object] = await echoed;
      assert.equal(text, `a${FFFD}`);
      assert.deepEqual([object[`k${FFFD}`][0], [...object[`k${FFFD}`][1]]], [`${FFFD}b`, [1, 2]]);
      assert.equal(await socket.timeout(30_000).emitWithAck('message-with-ack', HALF), FFFD);
      socket.on('question', (question, ack) => ack(`yes${question}${HALF}`));
      const asked = next(socket, 'asked');
      socket.emit(`name${HALF}`, 1);
      socket.emit('ask', HALF);
      assert.deepEqual(await asked, [`yes${FFFD}${FFFD}`]);
    });
  }
});
