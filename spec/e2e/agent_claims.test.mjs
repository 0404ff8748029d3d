// spec/e2e/agent_claims.test.mjs -- platforms with several instances: every action is carried out once, even if one dies.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { makeAgent, makeUser, newMessage, openSocket } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { databaseUrl, errors, sql, startHost } from './hosts.mjs';
import { next, until } from './support.mjs';

let model, one, two, user;
const open = [];
const settings = (pool) => ({ ...model.env, HUMAN_DATABASE_POOL: pool });
before(async () => {
  model = await startModel();
  one = await startHost({ env: settings('6') });
  two = await startHost({ env: { ...settings('2'), DATABASE_URL: databaseUrl(one.home) } });
  user = await makeUser(one.url);
});
afterEach(() => { for (const instance of open.splice(0)) instance.socket.disconnect(); });
after(async () => {
  await two?.stop();
  await one?.stop();
  await model.close();
  assert.deepEqual([one, two].flatMap((host) => errors(host.log())).filter((line) => !line.includes('signal 9')), []);
});

/** A chat that instances post into: [[instance, action id]]. */
const makeChat = async () => ({ agent: await makeAgent(one.url, user), posted: [] });

/** An instance of the platform: it carries out actions and says so.  carry(action): false leaves it undone. */
async function instance(chat, name, { host = one, carry = () => true, auth = {}, options = {} } = {}) {
  const socket = openSocket(host.url, undefined, undefined,
    { query: {}, auth: { agentId: chat.agent.id, apiKey: user.key, claim: true, ...auth }, ...options });
  const self = { name, socket, watched: [], roles: [] };
  socket.removeAllListeners('message');
  socket.on('message', (action, ack) => {
    if (!carry(action, ack)) return;
    chat.posted.push([name, action]);
    ack();
  });
  socket.on('watch', (action) => self.watched.push(action));
  socket.on('claim', ({ executor }) => self.roles.push(executor));
  open.push(self);
  await next(socket, 'connect', 10000);
  await until(() => self.roles.length > 0, 5000, 'its role');
  return self;
}

const role = (self, executor, ms = 12000) => until(() => self.roles.at(-1) === executor, ms, `${self.name} executor: ${executor}`);
const tell = (chat, text) => user.api('POST', `/api/agents/${chat.agent.id}/messages`, newMessage(text));
const log = async (chat) => (await user.api('GET', `/api/agents/${chat.agent.id}/events?direction=out&limit=200`)).body.reverse();

/** Waits until every action of the agent is posted; each has to be, once, in order. */
async function allPostedOnce(chat, stops) {
  let out = [];
  await until(async () => {
    out = await log(chat);
    return out.filter((a) => a.type === 'agent-stopped').length >= stops && chat.posted.length >= out.length;
  }, 15000, `all is posted, after ${chat.posted.map(([who, a]) => `${who} ${a.seq} ${a.type}`)}`);
  assert.deepEqual(chat.posted.map(([, a]) => a.id), out.map((a) => a.id));
}

describe('of two instances that claim', () => {
  for (const where of ['one host', 'two hosts']) {
    it(`one gets the actions and the other watches, on ${where}`, async () => {
      const chat = await makeChat();
      const a = await instance(chat, 'a'), b = await instance(chat, 'b', { host: where === 'one host' ? one : two });
      assert.deepEqual([a.roles, b.roles], [[true], [false]]);
      for (let i = 1; i <= 3; i += 1) {
        await tell(chat, `Question ${i} about cardio?`);
        await allPostedOnce(chat, i);
      }
      assert.deepEqual(new Set(chat.posted.map(([who]) => who)), new Set(['a']));
      await until(() => b.watched.length === chat.posted.length, 5000, 'the other has seen all');
      assert.deepEqual(b.watched.map((x) => x.id), chat.posted.map(([, x]) => x.id));
      assert.deepEqual(a.watched, []);
    });

    it(`the other takes over what the first was sent and did not do, on ${where}`, async () => {
      const chat = await makeChat();
      // The first one dies with the message in its hands: it has done what came before.
      const a = await instance(chat, 'a', { carry: (x) => x.type === 'set-typing' });
      const b = await instance(chat, 'b', { host: where === 'one host' ? one : two });
      await tell(chat, 'How do I start with cardio?');
      await until(() => b.watched.some((x) => x.type === 'agent-stopped'), 15000, 'the answer is under way');
      await until(() => chat.posted.length === 1, 5000, 'typing is shown');
      const begun = Date.now();
      a.socket.io.engine.transport.ws?._socket?.destroy() ?? a.socket.io.engine.close();
      await role(b, true);
      assert.ok(Date.now() - begun < 5000, `${Date.now() - begun} ms`); // who only does not respond is given up after that
      await allPostedOnce(chat, 1);
      assert.deepEqual(chat.posted.map(([who]) => who), ['a', 'b', 'b']);
      await tell(chat, 'And then?');
      await allPostedOnce(chat, 2);
    });
  }

  it('none loses an action or repeats one while they die at work again and again, and come back', async () => {
    const chat = await makeChat();
    let n = 0;
    const options = { reconnection: true, reconnectionDelay: 100, reconnectionDelayMax: 300, transports: ['websocket'] };
    for (const [name, host] of [['a', one], ['b', two], ['c', one]]) {
      // Every fourth action is the death of whoever gets it; the dead do nothing with what they still hold.
      const carry = () => {
        if (self.socket.io.engine.readyState !== 'open') return false;
        n += 1;
        if (n % 4 === 0) self.socket.io.engine.close();
        return n % 4 !== 0;
      };
      const self = await instance(chat, name, { host, carry, options });
      // The client keeps what it hears while it closes, and hands it on when it is back: a process would not.
      self.socket.io.on('reconnect_attempt', () => { self.socket.receiveBuffer.length = 0; });
    }
    for (let i = 1; i <= 8; i += 1) {
      await tell(chat, `Question ${i} about cardio?`);
      await until(async () => (await log(chat)).filter((x) => x.type === 'agent-stopped').length >= i, 15000, 'answered');
    }
    await until(() => chat.posted.length >= 24, 15000, 'all is posted');
    assert.deepEqual(chat.posted.map(([, x]) => x.seq).sort((x, y) => x - y), Array.from({ length: 24 }, (_, i) => i + 1));
    assert.ok(new Set(chat.posted.map(([who]) => who)).size > 1);
  });

  it('the other takes over within seconds when the worker of the first is killed', async () => { // limit: claims
    const chat = await makeChat();
    const a = await instance(chat, 'a', { host: one, carry: () => false });
    const b = await instance(chat, 'b', { host: two });
    await tell(chat, 'How do I start with cardio?');
    await until(() => b.watched.some((x) => x.type === 'agent-stopped'), 15000, 'the answer is under way');
    for (const pid of one.workers()) process.kill(pid, 'SIGKILL');
    await role(b, true);
    await allPostedOnce(chat, 1);
    assert.deepEqual(a.roles, [true]);
    await until(async () => (await fetch(`${one.url}/ready`).catch(() => null))?.status === 200, 10000, 'the host is back');
  });

  it('the other takes over when the first hangs with its connection open', async () => {
    const chat = await makeChat();
    const a = await instance(chat, 'a', { carry: () => false, options: { transports: ['websocket'] } });
    const b = await instance(chat, 'b');
    a.socket.io.engine.transport.ws.pause();
    await tell(chat, 'How do I start with cardio?');
    await role(b, true);
    await allPostedOnce(chat, 1);
    assert.deepEqual(new Set(chat.posted.map(([who]) => who)), new Set(['b']));
  });

  it('one that says nothing of claims gets all of it, as ever, and no acknowledgement is asked of it', async () => {
    const chat = await makeChat();
    const a = await instance(chat, 'a');
    const plain = openSocket(one.url, chat.agent.id, user.key);
    const rest = [];
    plain.on('message', (_, ...more) => rest.push(typeof more.at(-1)));
    open.push({ socket: plain });
    await next(plain, 'connect');
    await tell(chat, 'How do I start with cardio?');
    await allPostedOnce(chat, 1);
    await until(() => plain.actions.length === 3, 5000, 'the plain one has heard it');
    assert.deepEqual(plain.actions.map((x) => x.id), chat.posted.map(([, x]) => x.id));
    assert.ok(!rest.includes('function'));
    assert.equal(a.watched.length, 0);
  });
});

describe('an instance that claims and comes back', () => {
  it('is given again what it did not acknowledge, without lastSeq, and nothing else', async () => {
    const chat = await makeChat();
    let dying = true;
    const a = await instance(chat, 'a', { carry: (x) => !dying || x.type !== 'send-message' });
    await tell(chat, 'How do I start with cardio?');
    await until(() => chat.posted.length === 2, 15000, 'typing, and the end');
    a.socket.disconnect();
    await tell(chat, 'Nobody hears this?');
    await until(async () => (await log(chat)).filter((x) => x.type === 'agent-stopped').length === 2, 15000, 'answered while away');
    dying = false;
    await instance(chat, 'a again');
    await until(() => chat.posted.length === 6, 10000, 'what was not done is done');
    const seqs = chat.posted.map(([, x]) => x.seq);
    assert.deepEqual(seqs, [1, 3, 2, 4, 5, 6]);
    const idle = await instance(chat, 'nothing left');
    await tell(chat, 'One more?');
    await until(() => chat.posted.length === 9, 10000, 'the next answer');
    assert.deepEqual(chat.posted.slice(6).map(([, x]) => x.seq), [7, 8, 9]);
    assert.deepEqual(idle.roles, [false]);
  });

  it('says with lastSeq what it had done, acknowledged or not', async () => {
    const chat = await makeChat();
    const a = await instance(chat, 'a', { carry: () => false });
    await tell(chat, 'How do I start with cardio?');
    await until(async () => (await log(chat)).some((x) => x.type === 'agent-stopped'), 15000, 'answered');
    a.socket.disconnect();
    await instance(chat, 'a again', { auth: { lastSeq: 2 } });
    await until(() => chat.posted.length === 1, 10000, 'the last one');
    await tell(chat, 'One more?');
    await until(() => chat.posted.length === 4, 10000, 'the next answer');
    assert.deepEqual(chat.posted.map(([, x]) => x.seq), [3, 4, 5, 6]);
  });

  it('is sent a thousand actions at most before it acknowledges some, and in the end all', async () => { // limit: claimed actions
    const chat = await makeChat();
    const a = await instance(chat, 'a');
    await tell(chat, 'How do I start with cardio?');
    await allPostedOnce(chat, 1);
    a.socket.disconnect();
    await sql(one.home, `with more as (insert into agent_events (id, agent_id, pos, direction, seq, type, content, run_id)
        select 'cmade' || lpad(n::text, 8, '0'), e.agent_id, m.last_pos + n, 'out', m.last_seq + n, e.type, e.content, e.run_id
        from agent_events e join agent_mailboxes m using (agent_id), generate_series(1, 1100) n
        where e.agent_id = '${chat.agent.id}' and e.type = 'send-message')
      update agent_mailboxes set last_pos = last_pos + 1100, processed_pos = last_pos + 1100,
        last_seq = last_seq + 1100 where agent_id = '${chat.agent.id}'`);
    const held = [];
    const b = await instance(chat, 'b', { carry: (x, ack) => { held.push([x.seq, ack]); return false; } });
    await until(() => held.length >= 1000, 15000, 'as many as may be');
    await tell(chat, 'And then?');
    await until(async () => (await log(chat)).at(-1)?.type === 'agent-stopped', 15000, 'more is to be said');
    assert.deepEqual([held.length, b.watched.length], [1000, 0]);
    for (let i = 0; i < held.length; i += 1) held[i][1]();
    await until(() => {
      for (const [, ack] of held.slice(1000)) ack();
      return held.length === 1103;
    }, 15000, 'the rest');
    assert.deepEqual(held.map(([seq]) => seq), Array.from({ length: 1103 }, (_, i) => i + 4));
  });

  it('starts with what comes from now on when nobody ever claimed', async () => {
    const chat = await makeChat();
    await tell(chat, 'Before?');
    await until(async () => (await log(chat)).some((x) => x.type === 'agent-stopped'), 15000, 'answered');
    await instance(chat, 'a', { auth: { claim: undefined }, options: { query: { claim: 'true' } } });
    await tell(chat, 'After?');
    await until(() => chat.posted.length === 3, 10000, 'the next answer');
    assert.deepEqual(chat.posted.map(([, x]) => x.seq), [4, 5, 6]);
  });

  it('may acknowledge with a "not done": then the action is given to the next one', async () => {
    const chat = await makeChat();
    const carry = (x, ack) => { ack(x.type === 'send-message' ? { done: false } : { done: true }); return false; };
    const a = await instance(chat, 'a', { carry });
    await tell(chat, 'How do I start with cardio?');
    await until(async () => (await log(chat)).some((x) => x.type === 'agent-stopped'), 15000, 'answered');
    await instance(chat, 'b');
    a.socket.disconnect();
    await until(() => chat.posted.length === 1, 10000, 'the message');
    assert.equal(chat.posted[0][1].type, 'send-message');
  });
});
