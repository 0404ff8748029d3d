// spec/e2e/agent_initiative.test.mjs -- an agent's own initiative: it greets, and it follows up after silence.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, NORMAL, outline, run, sarah, send } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { startHost, sql } from './hosts.mjs';
import { until } from './support.mjs';

let model, host;
before(async () => {
  model = await startModel();
  host = await startHost({ env: { ...model.env, HUMAN_AGENT_LEASE_MS: '1500' } });
});
after(async () => {
  await host?.stop();
  await model?.close();
});

async function make(settings) {
  const user = await makeUser(host.url), agent = await makeAgent(host.url, user);
  const set = (more) => user.api('PUT', `/api/agents/${agent.id}`, { settings: more });
  assert.equal((await set(settings)).status, 200);
  return { user, agent, set, socket: await connected(host.url, agent.id, user.key) };
}
const joined = (chatCode) => ({ type: 'agent-joined', content: { chatCode, participants: [sarah] } });
/** Sends an event and waits for the end of its run, which may come before the event is acknowledged. */
async function through(socket, event) {
  const from = socket.actions.length;
  await send(socket, event);
  return run(socket, from);
}
const said = (socket) => socket.actions.filter((a) => a.content).map((a) => a.content);
const mailbox = async (agent, columns) => (await sql(host.home, `select ${columns} from agent_mailboxes where agent_id = '${agent.id}'`))[0];
const idle = (agent) => until(async () => await mailbox(agent, 'last_in_pos <= processed_pos and lease_owner is null') === 't', 15_000, 'idle');
/** Hours of the day around now, or away from it, in UTC. */
const hours = (from, to) => {
  const at = (h) => new Date(Date.now() + h * 3_600_000).toISOString().slice(11, 16);
  return { from: at(from), to: at(to), utc_offset: '+00:00' };
};

describe('a greeting', () => {
  it('is posted when a session begins, once, as any answer is', async () => {
    const { agent, socket } = await make({ greeting: 'Hi, I am Alex.' });
    await send(socket, joined('ROOM-1'));
    assert.deepEqual(outline(await run(socket)), NORMAL);
    assert.deepEqual(said(socket), ['Hi, I am Alex.']);
    await send(socket, joined('ROOM-1'));               // the platform was restarted, say
    await idle(agent);
    assert.equal(socket.actions.length, 3);
    await send(socket, joined('ROOM-2'));
    await run(socket, 3);
    await send(socket, { type: 'timer-expired', content: { expiresAt: new Date().toISOString() } });
    await run(socket, 6);
    await through(socket, joined('ROOM-2'));
    assert.equal(said(socket).length, 3);
    socket.disconnect();
  });

  it('comes before the answer to what was said meanwhile, which is not lost', async () => {
    const { agent, set, socket } = await make({ greeting: 'Hi, I am Alex.' });
    await set({});
    await sql(host.home, `update agent_mailboxes set due_at = now() + interval '1 hour', lease_owner = 'c00000001',
      lease_until = now() + interval '1 hour' where agent_id = '${agent.id}'`);
    await send(socket, joined('ROOM-1'));
    await send(socket, newMessage('How do I start with cardio?'));
    model.answer = () => ({ text: 'Walk.' });
    await sql(host.home, `update agent_mailboxes set lease_owner = null, lease_until = null where agent_id = '${agent.id}'`);
    await run(socket, 0, 2);
    assert.deepEqual(said(socket), ['Hi, I am Alex.', 'Walk.']);
    socket.disconnect();
  });

  for (const [why, settings, change] of [
    ['without one', {}], ['in quiet hours', { greeting: 'Hi.', quiet_hours: hours(-1, 1) }],
    ['of an agent that only reacts', { greeting: 'Hi.', reactions_only: true }],
    ['of a paused agent', { greeting: 'Hi.' }, { status: 'paused' }]]) {
    it(`is not posted ${why}`, async () => {
      const { agent, user, socket } = await make(settings);
      if (change) await user.api('PUT', `/api/agents/${agent.id}`, change);
      await send(socket, joined('ROOM-1'));
      await idle(agent);
      assert.deepEqual(socket.actions, []);
      assert.equal(await mailbox(agent, 'greet'), 'f');
      socket.disconnect();
    });
  }
});

describe('a follow-up', () => {
  const texts = () => model.requests.at(-1).messages.at(-1).content;

  it('comes once after silence, and again only when people have spoken', async () => {
    const { agent, socket } = await make({ follow_up_after_s: 1 });
    let n = 0;
    model.answer = () => ({ text: `Answer ${(n += 1)}` });
    await send(socket, newMessage('How do I start with cardio?'));
    await run(socket, 0, 2);
    assert.deepEqual(said(socket), ['Answer 1', 'Answer 2']);
    assert.match(texts(), /<silence\/>/);
    assert.equal(await mailbox(agent, 'follow_up_at is null'), 't');
    await send(socket, newMessage('And then?'));
    await run(socket, 6, 2);
    assert.deepEqual(said(socket), ['Answer 1', 'Answer 2', 'Answer 3', 'Answer 4']);
    assert.ok((await sql(host.home, `select output from rule_decisions where rule = 'agent.rules.initiative.follow_up'
      and subject = '${agent.id}'`)).every((o) => o.includes('follow-up')));
    socket.disconnect();
  });

  /** An agent that has answered and may follow up; the timer runs out at once when it is told to. */
  async function answered(settings = {}) {
    const made = await make({ follow_up_after_s: 3600, ...settings });
    model.answer = () => ({ text: 'Sure?' });
    await send(made.socket, newMessage('How do I start with cardio?'));
    await run(made.socket);
    await idle(made.agent);
    return { ...made, expire: async (more = "'1 hour'") => {
      await sql(host.home, `update agent_mailboxes set follow_up_at = follow_up_at - interval ${more} where agent_id = '${made.agent.id}'`);
      await sql(host.home, `update agent_events set created_at = created_at - interval ${more} where agent_id = '${made.agent.id}'`);
    } };
  }
  const decided = (agent) => until(async () => (await sql(host.home, `select output->>'reason' from rule_decisions
    where rule = 'agent.rules.initiative.follow_up' and subject = '${agent.id}' order by at desc`))[0], 15_000, 'a decision');

  it('survives a host that is killed, even at the follow-up itself, and comes once', async () => {
    const { user, agent, socket, expire } = await answered();
    socket.disconnect();
    model.answer = () => ({ text: 'Still there?', ms: 60_000 });
    const before = model.requests.length;
    await expire();
    await until(() => model.requests.length > before, 15_000, 'the follow-up is being made');
    await host.kill();
    await model.close();
    model = await startModel();
    model.answer = () => ({ text: 'Still there?' });
    host = await startHost({ home: host.home, env: { ...model.env, HUMAN_AGENT_LEASE_MS: '1500' } });
    const again = await connected(host.url, agent.id, user.key,
      { query: {}, auth: { agentId: agent.id, apiKey: user.key, lastSeq: 0 } });
    await run(again, 0, 2);
    assert.deepEqual(said(again), ['Sure?', 'Still there?']);
    await idle(agent);
    assert.equal(await mailbox(agent, 'follow_up_at is null'), 't');
    again.disconnect();
  });

  it('is dropped when somebody has answered or nobody is to be bothered any more', async () => {
    for (const [reason, change] of [['answered', {}], ['off', { follow_up_after_s: null }], ['reactions-only', { reactions_only: true }]]) {
      const { agent, set, socket, expire } = await answered();
      model.answer = () => ({ tools: [['stay_silent', { reason: 'They are done.' }]] });
      if (reason === 'answered') await through(socket, newMessage('Never mind.'));
      await set(change);
      await expire();
      assert.equal(await decided(agent), reason);
      await idle(agent);
      assert.equal(said(socket).length, 1);
      socket.disconnect();
    }
  });

  it('waits until quiet hours are over, and for as long as a longer setting says', async () => {
    for (const [reason, change] of [['quiet-hours', { quiet_hours: hours(-1, 2) }], ['too-early', { follow_up_after_s: 7200 }]]) {
      const { agent, set, socket, expire } = await answered();
      await set(change);
      await expire();
      assert.equal(await decided(agent), reason);
      await idle(agent);
      assert.equal(await mailbox(agent, "follow_up_at > now() + interval '50 minutes'"), 't');
      assert.equal(said(socket).length, 1);
      await set({ quiet_hours: null, follow_up_after_s: 60 });
      await expire("'3 hours'");
      await run(socket, 3);
      assert.equal(said(socket).length, 2);
      socket.disconnect();
    }
  });

  it('is not due in a session that is over, or in the next one', async () => {
    const { agent, socket } = await answered();
    await send(socket, joined('ROOM-9'));
    await idle(agent);
    assert.equal(await mailbox(agent, 'follow_up_at is null'), 't');
    socket.disconnect();
  });
});
