// spec/e2e/ui_agents_why.test.mjs -- agents.search, agents.watch, agents.decisions, runs.describe, usage.report and usage.budgets: what
// the page shows of agents, and of why a turn came out as it did, as it was recorded.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { errors, startHost } from './hosts.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = 30_000;
let host, client, agent;
before(async () => {
  host = await startHost();
  client = await open(host);
});
after(async () => {
  client?.ws.close();
  assert.deepEqual(errors(host?.log() ?? ''), []);
  await host?.stop();
});

async function call(method, params) {
  const { payload, error } = await client.call(method, params);
  assert.equal(error, undefined, `${method}: ${JSON.stringify(error)}`);
  return payload;
}
async function rest(operation, input, more) {
  const made = await call('operations.call', { surface: 'agent', operation, input, ...more });
  assert.ok(made.status < 300, JSON.stringify(made));
  return made.body;
}
/** What `read` gives, once it is there. */
async function once(read, what) {
  let value;
  await until(async () => (value = await read()), PATIENCE_MS, what);
  return value;
}

describe('agents', () => {
  it('are found by their name, their user and their id, page by page', async () => {
    const user = await rest('createUser', { email: 'ada_100%@spec.example', name: 'Ada' });
    const [type] = await rest('listAgentTypes', {});
    const made = [];
    for (let i = 0; i < 5; i += 1) made.push(await rest('createAgent', { name: `Room ${i}`, agentTypeId: type.id }, { actorId: user.id }));
    agent = { ...made[0], user: user.id };
    const names = async (params) => (await call('agents.search', params)).agents.map((one) => one.name).sort();
    assert.deepEqual(await names({ search: 'room' }), ['Room 0', 'Room 1', 'Room 2', 'Room 3', 'Room 4']);
    assert.equal((await names({ search: '100%@' })).length, 5);
    assert.deepEqual(await names({ search: '1__%' }), []);
    assert.deepEqual(await names({ search: made[3].id }), ['Room 3']);
    assert.ok((await names({})).includes('Room 0'));
    const seen = [];
    for (let next; ;) {
      const page = await call('agents.search', { search: 'room', limit: 2, ...(next && { after: next }) });
      seen.push(...page.agents.map((one) => one.name));
      if (!(next = page.nextCursor)) break;
    }
    assert.deepEqual(seen.sort(), ['Room 0', 'Room 1', 'Room 2', 'Room 3', 'Room 4']);
  });

  it('are watched: a client is told, and finds the decision and the run behind an answer', async () => {
    assert.deepEqual(await call('agents.watch', { agentId: agent.id }), { watching: true });
    const send = (type, content) => rest('sendAgentMessage', { id: agent.id, type, content }, { actorId: agent.user });
    await send('agent-joined', { chatCode: 'why', participants: [{ id: 'u1', nickname: 'Sarah' }] });
    await send('new-message', { message: { id: 'm1', content: 'I struggle to stay motivated for cardio', participant: { id: 'u1', nickname: 'Sarah' }, createdAt: new Date().toISOString() } });
    await client.next((f) => f.event === 'agents.happened' && f.payload.agentId === agent.id, PATIENCE_MS);
    const said = await once(async () => (await rest('listAgentEvents', { id: agent.id }, { actorId: agent.user })).find((e) => e.type === 'agent-stopped'), 'it has answered');
    const why = await once(async () => {
      const found = await call('runs.describe', { runId: said.runId });
      return found.run.finishedAt && found.decisions.length > 0 && found;
    }, 'the run is over');
    assert.deepEqual([why.run.agentId, why.run.reason, why.run.provider], [agent.id, 'completed', 'offline']);
    const decided = why.decisions.find((one) => one.rule === 'respond.decide' || one.rule.endsWith('respond.decide'));
    assert.ok(decided, JSON.stringify(why.decisions.map((one) => one.rule)));
    assert.match(decided.bundle, /^[0-9a-f]{12}/);
    assert.ok(JSON.parse(decided.inputs).length > 0);
    assert.ok(why.actions.some((one) => one.type === 'send-message'));
    assert.deepEqual(why.prompts, []);
    const all = await call('agents.decisions', { agentId: agent.id, limit: 1 });
    assert.equal(all.decisions.length, 1);
    const more = await call('agents.decisions', { agentId: agent.id, limit: 1, after: all.nextCursor });
    assert.ok(more.decisions[0].at <= all.decisions[0].at);
    assert.equal((await client.call('runs.describe', { runId: 'nothing' })).error.reason, 'run_not_found');
  });
});

describe('a turn of the gateway', () => {
  let run;

  it('shows its prompt as it was sent, its calls, and what it cost', async () => {
    const { runId } = await call('chat.send', { message: 'What is 6 * 7?', sessionKey: 'why', idempotencyKey: 'why-1' });
    run = runId;
    await client.next((f) => f.event === 'chat' && f.payload.runId === runId && f.payload.state === 'sent', PATIENCE_MS);
    const why = await once(async () => {
      const found = await call('runs.describe', { runId });
      return found.run.finishedAt && found;
    }, 'the run is over');
    assert.deepEqual([why.run.sessionKey, why.run.state, why.run.reason], ['why', 'done', 'completed']);
    assert.ok(why.prompts.length >= 1);
    const [first] = why.prompts;
    assert.deepEqual([first.step, first.isWhole, first.messages.at(-1).role], [1, true, 'user']);
    assert.match(first.messages.at(-1).content, /What is 6 \* 7\?/);
    assert.match(first.system, /operator/);
    assert.ok(first.tools.length > 0);
    for (const tool of why.tools) assert.ok(tool.name && tool.status);
  });

  it('is gone with its session', async () => {
    await call('sessions.delete', { key: 'why' });
    assert.equal((await client.call('runs.describe', { runId: run })).error.reason, 'run_not_found');
  });
});

describe('usage', () => {
  it('is summed by agent, channel, user and model, day by day', async () => {
    for (const by of ['agent', 'channel', 'user', 'model']) {
      const report = await call('usage.report', { by, days: 7 });
      assert.equal(report.dates.length, 7);
      assert.equal(report.dates.at(-1), new Date().toISOString().slice(0, 10));
      for (const line of report.lines) {
        assert.equal(line.days.tokens.length, 7);
        assert.equal(line.days.tokens.reduce((a, b) => a + b, 0), line.tokens);
        assert.equal(line.days.runs.reduce((a, b) => a + b, 0), line.runs);
      }
    }
    const agents = (await call('usage.report', { by: 'agent', days: 1 })).lines;
    assert.equal(agents.find((line) => line.key === agent.id).label, 'Room 0');
    assert.ok((await call('usage.report', { by: 'channel', days: 1 })).lines.some((line) => line.key === 'agent-api' && line.runs > 0));
    assert.equal((await client.call('usage.report', { by: 'day' })).error.code, 'INVALID_PARAMS');
  });

  it('is compared with the budgets that there are', async () => {
    await rest('updateAgent', { id: agent.id, settings: { tokens_per_day: 1000, cost_per_day_micros: 5000 } }, { actorId: agent.user });
    const { budgets } = await call('usage.budgets');
    assert.deepEqual(budgets.filter((one) => one.kind === 'agent').map((one) => [one.name, one.tokensAllowed, one.costAllowedMicros]), [['Room 0', 1000, 5000]]);
    assert.ok(budgets.some((one) => one.kind === 'house' && one.tokensAllowed > 0));
    assert.ok(budgets.some((one) => one.kind === 'user'));
  });
});
