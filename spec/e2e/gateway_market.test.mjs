// spec/e2e/gateway_market.test.mjs -- market.work, market.spend and market.approvals: what the person's agents do on the
// marketplace, as the ledger has it; and market.changed, which tells a client to look again.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { errors } from './hosts.mjs';
import { assigned, JOB, startMarket } from './market_trading.mjs';
import { fund, makeTool, PATIENCE_MS, plan, startUpstream, UPSTREAM } from './market_tools_world.mjs';
import { until } from './support.mjs';

const OPERATOR = '00000000-0000-4000-8000-00000000a0a2';
let market, upstream, client, person, other;
before(async () => {
  upstream = await startUpstream();
  market = await startMarket({ env: { HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32`, HUMAN_SEAL_KEY: randomBytes(32).toString('hex'), HUMAN_MARKETPLACE_OPERATOR: OPERATOR } });
  client = await open(market);
});
after(async () => {
  client?.ws.close();
  await market?.stop();
  upstream?.close();
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

async function call(method, params) {
  const { payload, error } = await client.call(method, params);
  assert.equal(error, undefined, JSON.stringify(error));
  return payload;
}
/** All pages of a list. */
async function all(method, field, params = {}) {
  const list = [];
  for (let after_; ;) {
    const page = await call(method, { ...params, limit: 2, ...(after_ && { after: after_ }) });
    list.push(...page[field]);
    after_ = page.nextCursor;
    if (!after_) return list;
  }
}
const sum = (list, field) => Math.round(1000 * list.reduce((n, one) => n + one[field], 0)) / 1000;
const changed = (topic) => client.events('market.changed').filter((f) => f.payload.topics.includes(topic)).length;
/** Runs fn, and waits until a client has heard that this has changed. */
async function changes(topic, fn) {
  const before_ = changed(topic), value = await fn();
  await until(() => changed(topic) > before_, PATIENCE_MS, `${topic} has changed`);
  return value;
}
const subscribes = (agent, listing_id) => agent.post('/tool-subscriptions', { listing_id, plan_id: 'starter', funding_type: 'direct' });

describe('the marketplace in the gateway', () => {
  it('has nobody to show before its person is there', async () => {
    const { error } = await client.call('market.work', {});
    assert.deepEqual([error.code, /marketplace\.operator/.test(error.message)], ['CONFLICT', true], JSON.stringify(error));
    person = await market.actor({ name: 'Olga', type: 'human', id: OPERATOR });
    other = await market.actor({ name: 'Vendor' });
    assert.deepEqual(await call('market.work'), { actors: [{ id: person.id, name: 'Olga', type: 'human', state: 'active', autonomy: 3, tier: 1, marketplaceCredits: 0, withdrawableCredits: 0, requests: 0 }], items: [] });
  });

  it('shows the work of its agents, what it waits for and whom, page by page', async () => {
    const agent = await market.actor({ name: 'Seller', owner: person.owner }), buyer = await market.actor({ name: 'Buyer' });
    const id = await changes('work', () => assigned(buyer, agent));
    const one = async () => (await call('market.work', { actorId: agent.id })).items.find((i) => i.id === id);
    const { dueAt, createdAt, listingId, ...item } = await one();
    assert.match(listingId, /^[0-9a-f-]{36}$/);
    assert.deepEqual(item, { kind: 'transaction', id, actorId: agent.id, actor: 'Seller', side: 'seller', title: JOB.title, state: 'assigned', priceUsd: 100, withId: buyer.id, with: 'Buyer', waitsOn: 'us', waitsFor: 'delivery' });
    assert.ok(Math.abs(new Date(dueAt) - new Date(createdAt) - 24 * 3600_000) < 3600_000);
    await changes('work', () => agent.ok('/transactions-deliver', { transaction_id: id, output_data: {} }));
    assert.deepEqual([(await one()).waitsOn, (await one()).waitsFor], ['them', 'acceptance']);
    const listing = await agent.ok('/listings-create', JOB);
    const bid = await changes('work', () => other.ok('/bids-create', { listing_id: listing.id, price_usd: 50, sla_hours: 24 }));
    const theirs = await buyer.ok('/listings-create', { ...JOB, title: 'Another' }), own = await agent.ok('/bids-create', { listing_id: theirs.id, price_usd: 60, sla_hours: 24 });
    const items = await all('market.work', 'items');
    assert.deepEqual(items.map((i) => [i.kind, i.id, i.side, i.waitsOn]), [['bid', own.id, 'bidder', 'them'], ['bid', bid.id, 'owner', 'us'], ['transaction', id, 'seller', 'them']]);
    await other.ok('/bids-withdraw', { bid_id: bid.id });
    await buyer.ok('/transactions-accept', { transaction_id: id });
    assert.deepEqual((await call('market.work')).items.map((i) => i.id), [own.id], 'what is over is not shown');
    const { error } = await client.call('market.work', { after: 'x' });
    assert.equal(error.code, 'INVALID_PARAMS', JSON.stringify(error));
  });

  it('shows what they have spent, as the ledger has it, and what budgets have left', async () => {
    const agent = await market.actor({ name: 'Spender', owner: person.owner }), had = 20_000_000;
    await fund(market, agent, 200);
    const first = await market.earned(agent);
    assert.ok(first > 0 && first <= had);
    const { budgets: none } = await call('market.spend', { actorId: agent.id });
    assert.deepEqual(none, []);
    const dear = await makeTool(market, other, upstream.url, { plans: [plan({ amount_cents: 2900 })], category_tags: ['data:scraping', 'x'] });
    const cheap = await makeTool(market, other, upstream.url, { plans: [plan({ amount_cents: 100, included_calls: 0, overage_cents_per_call: 2.5 })], category_tags: ['ml:text'] });
    await changes('spend', () => subscribes(agent, dear));
    const { subscription_id } = (await subscribes(agent, cheap)).body;
    for (let i = 0; i < 3; i += 1) assert.equal((await agent.post('/tool-proxy', { subscription_id, input: {} })).status, 200);
    upstream.answer = (req, res) => res.writeHead(500).end();
    assert.equal((await agent.post('/tool-proxy', { subscription_id, input: {} })).status, 502, 'what comes back is not spent');
    const spend = await call('market.spend', { actorId: agent.id });
    assert.equal(spend.credits, 2900 + 100 + 7.5);
    const [ledger] = await market.sql(`select (select sum(remaining) from credit_lots where actor = '${agent.id}')::text || ' ' || (select sum(credits_posted - debits_posted) from ledger_accounts where owner = '${agent.id}' and code in (6000, 6010))`);
    assert.equal(ledger, `${first - 1000 * spend.credits} ${first - 1000 * spend.credits}`);
    assert.deepEqual(spend.byCategory, [{ category: 'data:scraping', credits: 2900, cardUsd: 0 }, { category: 'ml:text', credits: 107.5, cardUsd: 0 }]);
    assert.deepEqual(spend.byReason, [{ reason: 'tool_subscription', credits: 3000, cardUsd: 0 }, { reason: 'tool_usage', credits: 7.5, cardUsd: 0 }]);
    assert.deepEqual(spend.byPool, [{ pool: 'W', credits: 3007.5, cardUsd: 0 }]);
    assert.deepEqual(spend.byActor.map(({ todayUsd, todayLeftUsd, ...a }) => a), [{ actorId: agent.id, actor: 'Spender', credits: 3007.5, cardUsd: 0 }]);
    const [{ todayUsd, todayLeftUsd }] = spend.byActor;
    assert.deepEqual([spend.dayCapUsd, Math.round(100 * (todayUsd + todayLeftUsd))], [100, 10_000]);
    const { delegation } = await agent.ok('/budget-manage', { action: 'create', grantee_id: other.id, total_cents: 500 });
    const [budget] = (await call('market.spend')).budgets;
    assert.deepEqual(budget, { id: delegation.id, fromId: agent.id, from: 'Spender', toId: other.id, to: 'Vendor', state: 'active', totalCredits: 500, spentCredits: 0, leftCredits: 500 });

    const seller = await market.actor({ name: 'Paid' });
    await person.ok('/credits-balance');
    const id = await assigned(person, seller);
    await seller.ok('/transactions-deliver', { transaction_id: id, output_data: {} });
    await person.ok('/transactions-accept', { transaction_id: id });
    await until(async () => (await call('market.spend')).cardUsd === 100, PATIENCE_MS, 'the card is charged');
    await market.advance('24h');
    const whole = await call('market.spend');
    for (const list of [whole.byActor, whole.byDay, whole.byCategory]) assert.deepEqual([sum(list, 'credits'), sum(list, 'cardUsd')], [whole.credits, whole.cardUsd], JSON.stringify(list));
    for (const list of [whole.byReason, whole.byPool]) assert.equal(sum(list, 'credits'), whole.credits);
    assert.deepEqual([(await call('market.spend', { days: 1 })).credits, (await call('market.spend', { days: 1 })).byDay], [0, []]);
  });

  it('shows what they have asked for, why, and what became of it', async () => {
    const agent = await market.actor({ name: 'Asker', autonomy: 1, owner: person.owner });
    await fund(market, agent, 50);
    const ids = [];
    for (let i = 0; i < 3; i += 1) {
      const tool = await makeTool(market, await market.actor(), upstream.url, { plans: [plan({ amount_cents: 1000 + i })] });
      ids.unshift(await changes('approvals', async () => (await subscribes(agent, tool)).body.approval_message_id));
    }
    assert.equal((await call('market.work', { actorId: agent.id })).actors[0].requests, 3);
    const open_ = await all('market.approvals', 'requests', { status: 'open' });
    assert.deepEqual(open_.map((r) => [r.id, r.status, r.decision]), ids.map((id) => [id, 'pending', undefined]));
    assert.deepEqual([open_[0].reason, open_[0].rule, open_[0].verdict, open_[0].arguments.amount_usd], ['first_purchase', 'marketplace.rules.approvals.decide', 'ask first_purchase', '10.02'], JSON.stringify(open_[0]));
    assert.match(open_[0].bundle, /^[0-9a-f]{8,}/);
    await client.call('exec.approval.resolve', { id: ids[0], decision: 'allow-once' });
    await person.ok('/channel-respond', { message_id: ids[1], response_status: 'denied' });
    const past = await all('market.approvals', 'requests', { status: 'past', actorId: agent.id });
    assert.deepEqual(past.map((r) => [r.id, r.status, r.decision, r.answeredBy, r.via !== undefined, r.outcome]), [[ids[0], 'approved', 'allow-once', 'Olga', true, 'done'], [ids[1], 'denied', 'deny', 'Olga', false, undefined]]);
    assert.ok(past[0].madeId);
    assert.deepEqual((await all('market.approvals', 'requests')).map((r) => r.id), ids);
    await client.call('exec.approval.resolve', { id: ids[2], decision: 'deny' });
    assert.deepEqual((await call('market.approvals', { status: 'open' })).requests, []);
  });
});
