// spec/e2e/agent_budgets.test.mjs -- budgets of an agent, of a key, and of the whole server.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { call, makeAgent, makeUser, newMessage } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { startHost, sql } from './hosts.mjs';
import { root, until } from './support.mjs';

let model, host, tree;
const USED = 110, COST = 350; // of one answer, at the price of gpt-4o
before(async () => {
  model = await startModel();
  tree = fs.mkdtempSync(path.join(os.tmpdir(), 'human-budgets-'));
  fs.chmodSync(tree, 0o755);
  const file = 'agent/rules/quotas.lua', shipped = fs.readFileSync(path.join(root, 'scripts', file), 'utf8');
  const changed = shipped.replace(/key_tokens_per_day = \d+/, `key_tokens_per_day = ${2 * USED}`)
    .replace(/house_cost_micros_per_day = \d+/, `house_cost_micros_per_day = ${100 * COST}`);
  fs.mkdirSync(path.join(tree, 'agent/rules'), { recursive: true });
  fs.writeFileSync(path.join(tree, file), changed);
  host = await startHost({ env: { ...model.env, HUMAN_LLM_MODEL: 'gpt-4o' }, scripts: [path.relative(root, tree)] });
});
after(async () => {
  await host?.stop();
  await model?.close();
  fs.rmSync(tree, { recursive: true, force: true });
});

/** Says something to an agent with a key; how its turn ended. */
async function said(agent, key) {
  const answer = await call(host.url, 'POST', `/api/agents/${agent.id}/messages`, { key, body: newMessage('Hi'), headers: {} });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  return until(async () => {
    const { body } = await call(host.url, 'GET', `/api/agents/${agent.id}/events?limit=1`, { key });
    return body[0].type === 'agent-stopped' && body[0].content.reason;
  }, 30_000, 'the turn has ended');
}
async function make(settings = {}) {
  const user = await makeUser(host.url), agent = await makeAgent(host.url, user);
  assert.equal((await user.api('PUT', `/api/agents/${agent.id}`, { settings })).status, 200);
  return { user, agent };
}
const anotherKey = async (user) => (await call(host.url, 'POST', `/api/users/${user.id}/api-keys`, { body: {} })).body.key;
const usage = async (kind, subject) => (await sql(host.home, `select sum(runs) || '|' || sum(tokens) || '|' || sum(cost_micros)
  from (select kind, subject, runs, tokens, cost_micros from usage_hours union all select 'key', key_id, runs, tokens, cost_micros from usage_parts) u
  where kind = '${kind}' and (subject = '${subject}' or subject like '${subject}/%')`))[0];
/** As if a day had gone by. */
const tomorrow = () => sql(host.home, 'delete from usage_hours; delete from usage_parts; delete from agent_usage');

describe('the budget', () => {
  it('of an agent is what its owner set, in tokens', async () => {
    const { user, agent } = await make({ tokens_per_day: USED });
    assert.equal(await said(agent, user.key), 'completed');
    assert.equal(await said(agent, user.key), 'budget-exceeded');
    const other = await makeAgent(host.url, user, { name: 'Other' });
    assert.equal(await said(other, user.key), 'completed');
    await user.api('PUT', `/api/agents/${agent.id}`, { settings: { tokens_per_day: null } });
    await tomorrow();
    assert.equal(await said(agent, user.key), 'completed');
  });

  it('of an agent is what its owner set, in money', async () => {
    const { user, agent } = await make({ cost_per_day_micros: COST });
    assert.equal(await said(agent, user.key), 'completed');
    assert.equal(await said(agent, user.key), 'budget-exceeded');
    await tomorrow();
    assert.equal(await said(agent, user.key), 'completed');
    const none = await make({ cost_per_day_micros: 0 });
    assert.equal(await said(none.agent, none.user.key), 'budget-exceeded');
  });

  it('of a key is of what came through it, by whichever agent it was answered', async () => { // limit: key budget
    const { user, agent } = await make(), second = await makeAgent(host.url, user, { name: 'Other' });
    const other = await anotherKey(user);
    assert.equal(await said(agent, user.key), 'completed');
    assert.equal(await said(second, user.key), 'completed');
    assert.equal(await said(agent, user.key), 'budget-exceeded');
    assert.equal(await said(agent, other), 'completed');
    assert.equal(await usage('key', user.keyId), `2|${2 * USED}|${2 * COST}`);
    assert.deepEqual(await sql(host.home, `select sum(runs) || '|' || sum(tokens) from user_usage_all where user_id = '${user.id}'`), [`3|${3 * USED}`]);
  });

  it('is spent by an agent that is deleted while it is answered', async () => {
    const { user, agent } = await make(), n = model.requests.length;
    model.answer = () => ({ text: 'Too late.', ms: 20_000 });
    await call(host.url, 'POST', `/api/agents/${agent.id}/messages`, { key: user.key, body: newMessage('Hi') });
    await until(() => model.requests.length > n, 15_000, 'the model is asked');
    await user.api('DELETE', `/api/agents/${agent.id}`);
    await until(async () => (await sql(host.home, `select tokens > 50 from user_usage_all where user_id = '${user.id}'`))[0] === 't', 15_000, 'it is paid');
    model.answer = () => ({ text: 'Fine.' });
  });

  it('of the house is what all users have together', async () => { // limit: house budget
    const one = await make(), two = await make();
    assert.equal(await said(one.agent, one.user.key), 'completed');
    await sql(host.home, `update usage_hours set cost_micros = ${100 * COST} where kind = 'house' and hour > now() - interval '1 hour'`);
    const comes = (reason) => until(async () => (await said(two.agent, two.user.key)) === reason, 15_000, reason); // read once a second
    await comes('budget-exceeded');
    await tomorrow();
    await comes('completed');
  });
});
