// spec/e2e/market_subscriptions_consent.test.mjs -- agents subscribe to tools, and call them beyond their quota, with the consent of
// their owner's people: what is approved is carried out with the answer, whatever is killed meanwhile.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { filled, SEED } from './market_seed.mjs';
import { assigned, startMarket } from './market_trading.mjs';
import { counted, fund, makeTool, PATIENCE_MS, plan, startUpstream, UPSTREAM } from './market_tools_world.mjs';
import { until } from './support.mjs';

const SCRIPTS = ['spec/e2e/scripts/market_govern'];
let market, upstream, provider;
before(async () => {
  upstream = await startUpstream();
  market = await startMarket({ scripts: SCRIPTS, env: { HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32`, HUMAN_SEAL_KEY: randomBytes(32).toString('hex') } });
  provider = await market.actor({ name: 'Provider' });
});
after(async () => {
  await market?.stop();
  upstream?.close();
  assert.deepEqual(errors(market?.log() ?? '').filter((line) => !/ended by signal 9/.test(line)), []); // as it has to be
});

const example = (path, n = 0) => SEED.find((e) => e.path === path).requests[n];
const wrong = async () => (await market.request(null, 'GET', '/api/local/govern/audit')).body;
async function refused(status, code, answer) {
  const { status: got, body } = await answer;
  assert.deepEqual([got, body.code], [status, code], JSON.stringify(body));
  return body;
}
async function told(who, type, is = () => true) {
  let found;
  await until(async () => (found = (await who.ok('/notifications-list?limit=50')).notifications.find((n) => n.type === type && is(n.payload))), PATIENCE_MS, `${who.name} is told: ${type}`);
  return found.payload;
}
/** A person, and an agent of its owner with so many dollars. */
async function pair({ usd, ...fields } = {}) {
  const person = await market.actor({ name: 'Ada', type: 'human' }), agent = await market.actor({ name: 'Worker', autonomy: 1, owner: person.owner, ...fields });
  if (usd) await fund(market, agent, usd);
  return { person, agent, answers: (message_id, response_status = 'approved', response_data = undefined) => person.ok('/channel-respond', { message_id, response_status, response_data }) };
}
const sells = (amount_cents, more = {}) => makeTool(market, provider, upstream.url, { plans: [plan({ amount_cents, ...more }), plan({ plan_id: 'pro', name: 'Pro', amount_cents: amount_cents * 3 })] });
const subscribes = (agent, listing_id, more = {}) => agent.post('/tool-subscriptions', { ...filled(example('/tool-subscriptions'), { listing_id }), ...more });
const asked = async (agent, listing_id, more) => (await refused(403, 'approval_required', subscribes(agent, listing_id, more))).approval_message_id;
const count = (agent) => market.one(`select count(*) from market_subscriptions where subscriber_id = '${agent.id}'`);
async function killed() {
  const before_ = market.workers();
  for (const pid of before_) process.kill(pid, 'SIGKILL');
  await until(() => !market.workers().some((pid) => before_.includes(pid)), PATIENCE_MS, 'others are there');
  await until(async () => (await fetch(`${market.url}/health`).catch(() => null))?.ok && market.workers().length === 2, PATIENCE_MS, 'the workers are back');
}

describe('a subscription that needs consent', () => {
  it('waits, is carried out with the approval, and gives the agent its key once, across kills; and says why it was paid', async () => {
    const { person, agent, answers } = await pair({ usd: 50 }), listing_id = await sells(2900);
    const id = await asked(agent, listing_id);
    await killed();
    assert.equal(await asked(agent, listing_id), id, 'it waits still, and asks once');
    const request = await told(person, 'approval_requested', (p) => p.message_id === id);
    assert.deepEqual([request.amount_usd, request.message], [29, 'May I subscribe to "Web Scraper API" (Starter) for $29.00?']);
    assert.equal(await count(agent), '0');
    const had = await market.earned(agent), { subscription_id } = await answers(id, 'approved', { note: 'Approved within budget' });
    await killed();
    assert.equal(had - await market.earned(agent), 2_900_000);
    for (const who of [person, agent]) assert.equal((await told(who, 'approval_carried_out', (p) => p.message_id === id)).subscription_id, subscription_id);
    const { status, body } = await subscribes(agent, listing_id);
    assert.deepEqual([status, body.subscription_id], [201, subscription_id], JSON.stringify(body));
    assert.equal((await market.request(body.api_key, 'POST', '/tool-proxy', { subscription_id, input: {} })).status, 200);
    await refused(400, 'subscription_already_exists', subscribes(agent, listing_id));
    await refused(409, 'already_resolved', person.post('/channel-respond', { message_id: id, response_status: 'approved' }));
    assert.deepEqual([await count(agent), had - await market.earned(agent)], ['1', 2_900_000]);

    const { transactions: [entry] } = await agent.ok('/credits-history?reason=tool_subscription');
    const { consent } = await person.ok(`/credits-explain?debit=${entry.id}`);
    assert.deepEqual([consent.kind, consent.reason, consent.message_id, consent.response_status, consent.responded_by, consent.response_data],
      ['tool_request', 'first_purchase', id, 'approved', person.id, { note: 'Approved within budget' }]);
    const other = await sells(100);
    assert.equal((await subscribes(agent, other)).status, 201, 'it has bought from this provider before');
    assert.deepEqual(await wrong(), []);
  });

  it('is not carried out when what would pay for it is gone, and the consent is good until it is there again', async () => {
    const { agent, answers } = await pair(), giver = await market.actor({ type: 'human' }), listing_id = await sells(1000);
    await fund(market, giver, 50);
    const give = async () => (await giver.ok('/budget-manage', { action: 'create', grantee_id: agent.id, total_cents: 5000 })).delegation.id;
    const budget_delegation_id = await give(), funding_type = 'delegation';
    const id = await asked(agent, listing_id, { funding_type, budget_delegation_id });
    await giver.ok('/budget-manage', { action: 'revoke', delegation_id: budget_delegation_id });
    const answer = await answers(id);
    assert.deepEqual([answer.response_status, answer.not_carried_out, answer.subscription_id], ['approved', 'delegation_invalid', undefined]);
    assert.equal((await told(agent, 'approval_not_carried_out', (p) => p.message_id === id)).error, 'delegation_invalid');
    await refused(400, 'delegation_invalid', subscribes(agent, listing_id, { funding_type, budget_delegation_id }));
    assert.equal((await subscribes(agent, listing_id, { funding_type, budget_delegation_id: await give() })).status, 201);
    assert.equal(await count(agent), '1');
    const poor = await pair(), dear = await asked(poor.agent, listing_id);
    assert.equal((await poor.answers(dear)).not_carried_out, 'insufficient_balance');
    assert.deepEqual(await wrong(), []);
  });

  it('is not carried out when it is denied, countered for less, or its tool or agent is stopped meanwhile', async () => {
    const { agent, answers } = await pair({ usd: 100 }), admin = await market.actor({ role: 'admin' });
    const stops = (fields) => admin.ok('/admin-kill-switch', { reason: 'r', ...fields });
    const denied = await sells(1000), id = await asked(agent, denied);
    await answers(id, 'denied');
    assert.equal(await asked(agent, denied), id, 'what is denied is not asked for again');
    const cheap = await sells(1000), { follow_up_id } = await answers(await asked(agent, cheap), 'countered', { amount_cents: 500 });
    assert.equal((await agent.ok('/channel-respond', { message_id: follow_up_id, response_status: 'approved' })).not_carried_out, 'approval_required');
    const enough = await sells(1000), { follow_up_id: more } = await answers(await asked(agent, enough), 'countered', { amount_cents: 1000 });
    assert.ok((await agent.ok('/channel-respond', { message_id: more, response_status: 'approved' })).subscription_id);
    const other = await market.actor(), tool = await makeTool(market, other, upstream.url, { plans: [plan({ amount_cents: 100 })] });
    const waits = await asked(agent, tool);
    await stops({ action: 'suspend_tool', listing_id: tool });
    assert.equal((await answers(waits)).not_carried_out, 'tool_suspended');
    const another = await makeTool(market, await market.actor(), upstream.url, { plans: [plan({ amount_cents: 100 })] }), frozen = await asked(agent, another);
    await stops({ action: 'freeze_agent', actor_id: agent.id });
    assert.equal((await answers(frozen)).not_carried_out, 'agent_frozen');
    assert.equal(await count(agent), '1');
    assert.deepEqual(await wrong(), []);
  });

  it('may be asked for in a channel, as the contract prints it, and is made by a rule that approves it', async () => {
    const { person, agent, answers } = await pair({ usd: 100 }), listing_id = await sells(2900);
    const { channel: { id: channel_id } } = await agent.ok('/channels-manage', { action: 'create', channel_type: 'approval', participants: [person.id] });
    const ask = (fields) => agent.ok('/channel-messages', { ...filled(example('/channel-messages'), { channel_id, 'structured_data.tool_listing_id': listing_id }), response_deadline: undefined, ...fields });
    const sent = await ask(), { subscription_id } = await answers(sent.id);
    assert.equal((await subscribes(agent, listing_id)).body.subscription_id, subscription_id);
    await person.ok('/approval-rules-manage', example('/approval-rules-manage'));
    const tool_listing_id = await makeTool(market, await market.actor(), upstream.url, { plans: [plan({ amount_cents: 2900 })], category_tags: ['data:x'] });
    const ruled = await ask({ message_type: 'tool_request', structured_data: { amount_cents: 2900, tool_listing_id, plan_id: 'starter' } });
    assert.equal(ruled.response_status, 'auto_approved');
    assert.equal((await subscribes(agent, tool_listing_id)).status, 201);
    assert.equal(await count(agent), '2');
  });
});

describe("the day's cap", () => {
  it('counts what is spent on tools: subscriptions, and calls beyond their quota', async () => {
    const { person, agent, answers } = await pair({ usd: 200, autonomy: 2 }), one = await sells(6000), two = await sells(3900, { included_calls: 0, overage_cents_per_call: 1 }), three = await sells(50);
    await answers(await asked(agent, one));
    assert.equal((await subscribes(agent, two)).status, 201);
    const s = (await subscribes(agent, three)).body;
    assert.ok(s.subscription_id, '$99.50 of $100');
    const { id } = await agent.ok('/subscriptions-list').then((b) => b.subscriptions.find((x) => x.listing_id === two));
    const call = () => agent.post('/tool-proxy', { subscription_id: id, input: {} });
    const message = (await refused(403, 'approval_required', call())).approval_message_id;
    assert.equal((await told(person, 'approval_requested', (p) => p.message_id === message)).amount_usd, 1, 'a hundred calls of a cent');
    assert.equal((await refused(403, 'approval_required', call())).approval_message_id, message);
    assert.deepEqual(await counted(market, id), { used: 0, overage: 0, in_flight: 0 });
    await answers(message);
    for (let i = 0; i < 100; i += 1) assert.equal((await call()).status, 200); // limit: overage step
    await refused(403, 'approval_required', call());
    assert.deepEqual(await counted(market, id), { used: 0, overage: 100, in_flight: 0 });
    const { transactions: [entry] } = await agent.ok('/credits-history?reason=tool_usage');
    const { consent } = await person.ok(`/credits-explain?debit=${entry.id}`);
    assert.deepEqual([consent.kind, consent.message_id, consent.amount_cents, consent.responded_by], ['overage', message, 100, person.id]);
    await market.advance('24h');
    assert.equal((await call()).status, 200, 'another day');
    assert.deepEqual(await wrong(), []);
  });

  it('lets rules answer for calls beyond a quota, and asks for the first that costs something', async () => {
    const { person, agent } = await pair({ usd: 20 }), listing_id = await makeTool(market, await market.actor(), upstream.url, { plans: [plan({ included_calls: 1, overage_cents_per_call: 2 })] });
    const { subscription_id } = (await subscribes(agent, listing_id)).body, call = () => agent.post('/tool-proxy', { subscription_id, input: {} });
    assert.equal((await call()).status, 200);
    await refused(403, 'approval_required', call());
    const { rule } = await person.ok('/approval-rules-manage', { action: 'create', rule_type: 'overage', action_type: 'auto_approve', conditions: { max_amount_cents: 200 } });
    assert.equal((await call()).status, 200);
    const { transactions: [entry] } = await agent.ok('/credits-history?reason=tool_usage');
    assert.equal((await person.ok(`/credits-explain?debit=${entry.id}`)).consent.rule.id, rule.id);
    await person.ok('/approval-rules-manage', { action: 'update', rule_id: rule.id, action_type: 'auto_deny' });
    for (let i = 1; i < 100; i += 1) assert.equal((await call()).status, 200);
    assert.equal((await refused(403, 'approval_required', call())).approval_status, 'auto_denied');
    assert.deepEqual(await wrong(), []);
  });
});

describe('a tool for a task', () => {
  it('is paid by who works on it, for no more than its price and while it goes on, and a refund leaves that as it is', async () => {
    const buyer = await market.actor({ type: 'human', name: 'Buyer' }), seller = await market.actor({ name: 'Seller' }), other = await market.actor();
    await fund(market, seller, 200);
    const transaction_id = await assigned(buyer, seller), listing_id = await sells(4000, { included_calls: 0, overage_cents_per_call: 1500 }); // of $100
    const takes = (who, fields) => subscribes(who, listing_id, { funding_type: 'task_budget', ...fields });
    for (const fields of [{}, { transaction_id, funding_type: 'direct' }]) assert.deepEqual((await refused(400, 'validation_error', takes(seller, fields))).details.map((d) => d.path), ['transaction_id']);
    await refused(404, 'not_found', takes(other, { transaction_id }));
    await refused(404, 'not_found', takes(buyer, { transaction_id }));
    await refused(400, 'budget_exceeded', takes(seller, { transaction_id, plan_id: 'pro' }));
    const held = await market.held(transaction_id), had = await market.earned(seller), { subscription_id } = (await takes(seller, { transaction_id })).body;
    const call = () => seller.post('/tool-proxy', { subscription_id, input: {} }), spent = async () => Number(await market.one(`select spent_mrc from market_task_budgets where transaction_id = '${transaction_id}'`));
    const usual = upstream.answer;
    upstream.answer = (req, res) => res.writeHead(500).end();
    assert.equal((await call()).status, 502);
    upstream.answer = usual;
    assert.equal(await spent(), 4_000_000);
    const answers = await Promise.all(Array.from({ length: 8 }, call));
    assert.deepEqual(answers.map((a) => a.body.code ?? a.status).sort(), [...Array(4).fill(200), ...Array(4).fill('budget_exceeded')]);
    assert.deepEqual([await spent(), had - await market.earned(seller), await market.held(transaction_id)], [10_000_000, 10_000_000, held], 'what is in escrow stays there');
    for (const reason of ['tool_usage', 'tool_subscription']) {
      const { transactions: [entry] } = await seller.ok(`/credits-history?reason=${reason}`);
      assert.deepEqual((await seller.ok(`/credits-explain?debit=${entry.id}`)).task_budget,
        { transaction_id, title: await market.one(`select title from market_transactions where id = '${transaction_id}'`), status: 'assigned', total_cents: 10_000, spent_cents: 10_000 }, reason);
    }
    assert.deepEqual(await wrong(), []);
    await seller.ok('/transactions-cancel', { transaction_id });
    assert.equal(await market.one(`select state from market_transactions where id = '${transaction_id}'`), 'canceled_refunded');
    await refused(400, 'delegation_expired', call());
    await refused(400, 'delegation_expired', subscribes(seller, await sells(100), { funding_type: 'task_budget', transaction_id }));
    await market.advance('800h');
    await until(async () => await market.one(`select state from market_subscriptions where id = '${subscription_id}'`) === 'canceled', PATIENCE_MS, 'it is not renewed');
    assert.equal(had - await market.earned(seller), 10_000_000);
    assert.deepEqual(await wrong(), []);
  });
});
