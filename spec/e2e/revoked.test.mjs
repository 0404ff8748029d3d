// spec/e2e/revoked.test.mjs -- open connections end when their key is revoked, on all workers of all hosts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { call, connected, makeAgent, makeUser, newMessage } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { databaseUrl, startHost, sql } from './hosts.mjs';
import { next, until } from './support.mjs';

const RECHECK_MS = 1500, SOON_MS = 10_000;
let model, one, two;
const scripts = ['spec/e2e/scripts/held'];
before(async () => {
  model = await startModel();
  model.answer = () => ({ text: 'late', ms: 60_000 });
  const settings = (pool, recheck) => ({ ...model.env, HUMAN_DATABASE_POOL: pool, HUMAN_LIMITS_RECHECK_MS: String(recheck) });
  one = await startHost({ env: settings('6', 600_000), scripts });
  two = await startHost({ env: { ...settings('2', RECHECK_MS), DATABASE_URL: databaseUrl(one.home) }, scripts });
});
after(async () => {
  await two?.stop();
  await one?.stop();
  await model?.close();
});

/** An open stream: {text(), ended}. */
async function stream(url, key, method, path, body) {
  const answer = await fetch(url + path, { method, headers: { 'x-api-key': key, accept: 'text/event-stream', 'content-type': 'application/json' }, body });
  assert.equal(answer.status, 200);
  const open = { text: '', ended: false };
  (async () => {
    for await (const piece of answer.body) open.text += Buffer.from(piece);
    open.ended = true;
  })().catch(() => { open.ended = true; });
  await until(() => open.text.includes('event:'), SOON_MS, 'the stream has begun');
  return open;
}

/** One of everything, on a host, with a key: when they have ended. */
async function everything(host, user, agent, key) {
  const socket = await connected(host.url, agent.id, key, { transports: ['websocket'] });
  const polling = await connected(host.url, agent.id, key, { transports: ['polling'] });
  const ws = new WebSocket(`${host.url.replace('http', 'ws')}/api/held/ws`, { headers: { 'x-api-key': key } });
  const refused = once(ws, 'close').then(() => { throw new Error('the WebSocket was refused'); });
  await Promise.race([next(ws, 'message', SOON_MS), refused]);
  refused.catch(() => {});
  let closed;
  ws.on('close', (code, reason) => { closed = `${code} ${reason}`; });
  const answers = await stream(host.url, key, 'POST', `/api/agents/${agent.id}/messages`, JSON.stringify(newMessage('Hi')));
  const held = await stream(host.url, key, 'GET', '/api/held/stream');
  return {
    async end(ms, { agentOnly = false } = {}) {
      await until(() => !socket.connected && !polling.connected, ms, 'the sockets are disconnected');
      await until(() => answers.ended, ms, 'the stream of actions has ended');
      if (agentOnly) return;
      await until(() => closed, ms, 'the WebSocket is closed');
      await until(() => held.ended, ms, 'the stream has ended');
      assert.match(closed, /^4000 unauthorized/);
      assert.match(held.text, /event: error\ndata: .*unauthorized/);
    },
    open: () => socket.connected && polling.connected && !closed && !answers.ended && !held.ended,
    close() { for (const s of [socket, polling]) s.disconnect(); ws.terminate(); },
  };
}

const ways = {
  'its key is deleted': (user) => call(one.url, 'DELETE', `/api/users/${user.id}/api-keys/${user.keyId}`),
  'its key is replaced': (user) => call(one.url, 'POST', `/api/users/${user.id}/api-keys/${user.keyId}/regenerate`),
  'its user is deleted': (user) => call(one.url, 'DELETE', `/api/users/${user.id}`),
};

describe('what is open', () => { // limit: limits.recheck_ms
  for (const [when, how] of Object.entries(ways)) {
    it(`ends at once on every host when ${when}`, async () => {
      const user = await makeUser(one.url), agent = await makeAgent(one.url, user);
      const all = [await everything(one, user, agent, user.key), await everything(two, user, agent, user.key)];
      assert.ok(all.every((a) => a.open()));
      assert.ok([200, 204].includes((await how(user)).status));
      for (const a of all) await a.end(SOON_MS);
      for (const a of all) a.close();
    });
  }

  it('ends when its key expires', async () => {
    const user = await makeUser(one.url), agent = await makeAgent(one.url, user);
    let all, life_ms = 3000; // on a slow machine such a key expires before all has been opened
    for (; !all; life_ms *= 2) {
      const expiresAt = new Date(Date.now() + life_ms).toISOString();
      const { key } = (await call(one.url, 'POST', `/api/users/${user.id}/api-keys`, { body: { name: 'short', expiresAt } })).body;
      all = await Promise.all([everything(one, user, agent, key), everything(two, user, agent, key)])
        .catch((error) => { if (life_ms > 60_000) throw error; });
    }
    for (const a of all) await a.end(life_ms + SOON_MS);
    for (const a of all) a.close();
  });

  it('ends by itself if the news is lost, and goes on if nothing has changed', async () => {
    const user = await makeUser(one.url), agent = await makeAgent(one.url, user), other = await makeUser(one.url);
    const stays = await everything(two, other, await makeAgent(one.url, other), other.key);
    const ends = await everything(two, user, agent, user.key);
    await sql(one.home, `delete from api_keys where id = '${user.keyId}'`);
    await ends.end(RECHECK_MS + SOON_MS);
    assert.ok(stays.open());
    ends.close();
    stays.close();
  });

  it('of an agent ends with the agent, even if the news is lost', async () => {
    const user = await makeUser(one.url);
    for (const remove of [(id) => user.api('DELETE', `/api/agents/${id}`), (id) => sql(one.home, `delete from agents where id = '${id}'`)]) {
      const agent = await makeAgent(one.url, user), open = await everything(two, user, agent, user.key);
      await remove(agent.id);
      await open.end(RECHECK_MS + SOON_MS, { agentOnly: true });
      open.close();
    }
  });
});
