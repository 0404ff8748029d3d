// spec/e2e/user_budget.test.mjs -- the common budget of all agents of a user, with an operator's numbers.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { call, makeAgent, makeUser, newMessage } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { databaseUrl, startHost, sql } from './hosts.mjs';
import { root, until } from './support.mjs';

let model, one, two, tree;
const RUNS = 300, TOKENS = 4_000_000, USED = 110; // what the model says it used, in and out
before(async () => {
  model = await startModel();
  tree = fs.mkdtempSync(path.join(os.tmpdir(), 'human-budget-'));
  fs.chmodSync(tree, 0o755);
  const file = 'agent/rules/quotas.lua', shipped = fs.readFileSync(path.join(root, 'scripts', file), 'utf8');
  const changed = shipped.replace(/runs_per_hour = \d+/, `runs_per_hour = ${RUNS}`).replace(/tokens_per_day = \d+/, `tokens_per_day = ${TOKENS}`);
  assert.notEqual(changed, shipped);
  fs.mkdirSync(path.join(tree, 'agent/rules'), { recursive: true });
  fs.writeFileSync(path.join(tree, file), changed);
  const scripts = [path.relative(root, tree)];
  one = await startHost({ env: { ...model.env, HUMAN_DATABASE_POOL: '6' }, scripts });
  two = await startHost({ env: { ...model.env, HUMAN_DATABASE_POOL: '2', DATABASE_URL: databaseUrl(one.home) }, scripts });
});
after(async () => {
  await two?.stop();
  await one?.stop();
  await model?.close();
  fs.rmSync(tree, { recursive: true, force: true });
});

const say = (host, user, agent) => call(host.url, 'POST', `/api/agents/${agent.id}/messages`, { key: user.key, body: newMessage('Hi') });

/** How the newest turn of an agent ended. */
const ended = (user, agent) => until(async () => {
  const { body } = await call(one.url, 'GET', `/api/agents/${agent.id}/events?limit=1`, { key: user.key });
  return body[0].type === 'agent-stopped' && body[0].content;
}, 30_000, 'the turn has ended');

describe('the budget of a user', () => { // limit: user budget
  /** Lets `n` agents of a user be spoken to at once who has `left` runs left; how many the model was asked for. */
  async function atOnce(n, left) {
    const user = await makeUser(one.url), agents = [];
    for (let i = 0; i < n; i += 1) agents.push(await makeAgent(one.url, user));
    await sql(one.home, `insert into user_usage (user_id, hour, runs) values ('${user.id}', date_trunc('hour', now()), ${RUNS - left})`);
    model.requests.length = 0;
    await Promise.all(agents.map((agent, i) => say([one, two][i % 2], user, agent)));
    const reasons = await Promise.all(agents.map((agent) => ended(user, agent)));
    const over = reasons.filter((r) => r.reason === 'budget-exceeded');
    assert.equal(over.length, n - model.requests.length);
    assert.ok(over.every((r) => r.code === 'budget_exceeded'));
    return model.requests.length;
  }

  it('is not exceeded by agents that begin at the same time on two hosts, and others have their own', async () => {
    assert.equal(await atOnce(20, 6), 6);
    const other = await makeUser(one.url), agent = await makeAgent(one.url, other);
    await say(one, other, agent);
    assert.equal((await ended(other, agent)).reason, 'completed');
  });

  it('is used up to its last run by agents that began side by side while it was far away', async () => {
    const connections = Number(await sql(one.home, 'show max_connections')), left = connections + 5;
    assert.ok(left < RUNS);
    assert.equal(await atOnce(left + 10, left), left);
  });

  it('is recorded, and outlives the agents that used it', async () => {
    const user = await makeUser(one.url);
    let agent = await makeAgent(one.url, user);
    for (let i = 0; i < 2; i += 1) {
      await say(one, user, agent);
      assert.equal((await ended(user, agent)).reason, 'completed');
    }
    assert.deepEqual(await sql(one.home, `select sum(runs), sum(tokens) from user_usage_all where user_id = '${user.id}'`), [`2|${2 * USED}`]);
    await call(one.url, 'DELETE', `/api/agents/${agent.id}`, { key: user.key });
    await sql(one.home, `update usage_parts set tokens = ${TOKENS} where user_id = '${user.id}'`);
    agent = await makeAgent(one.url, user);
    await say(two, user, agent);
    assert.deepEqual(await ended(user, agent).then(({ reason, code }) => [reason, code]), ['budget-exceeded', 'budget_exceeded']);
    assert.ok((await sql(one.home, `select verdict from rule_decisions where rule = 'agent.rules.quotas.over_budget'
      and subject = '${agent.id}'`)).includes('true'));
    await sql(one.home, `update usage_parts set hour = hour - interval '25 hours' where user_id = '${user.id}'`);
    await say(two, user, agent);
    await until(async () => (await ended(user, agent)).reason === 'completed', 15_000, 'the next day');
  });
});
