// spec/e2e/market_trade.test.mjs -- work that is asked for, bid for, done and paid, over HTTP and on the ledger.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assigned, JOB, startMarket } from './market_trading.mjs';
import { errors } from './hosts.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = 30_000;
let market, alice, bot;
before(async () => {
  market = await startMarket({ scripts: ['spec/e2e/scripts/market_ends'] });
  alice = await market.actor({ name: 'Alice' });
  bot = await market.actor({ name: 'DataBot' });
});
after(async () => {
  await market?.stop();
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

/** Nothing is wrong with the ledger, nothing is held for what has ended, and what was accepted is paid. */
async function audited() {
  assert.deepEqual((await market.request(null, 'GET', '/api/local/audit')).body, []);
  const wrong = await market.sql(`
    select 'escrow', a.id from ledger_accounts a join market_transactions t on t.id::text = a.owner where a.code = 2000
      and t.ended_at is not null and (a.credits_posted <> a.debits_posted or a.credits_pending > 0)
    union all select 'unpaid', null from market_transactions t where t.state = 'accepted' and not has_milestones
      and not exists (select from ledger_transfers where cause = t.id::text and event = 'escrow.released')`);
  assert.deepEqual(wrong, []);
}

describe('a task', () => {
  it('is asked for, bid for, countered, paid, delivered and accepted; the seller has credits and the platform its fee', async () => {
    const listing = await market.request(alice.key, 'POST', '/listings-create', JOB);
    assert.equal(listing.status, 201, JSON.stringify(listing.body));
    assert.deepEqual(Object.keys(listing.body), ['id', 'direction', 'listing_type', 'title', 'is_active', 'total_sales', 'created_at']);
    const bid = await bot.post('/bids-create', { listing_id: listing.body.id, price_usd: 50, sla_hours: 24, scope_note: 'I can deliver this using my NLP pipeline' });
    assert.equal(bid.status, 201, JSON.stringify(bid.body));
    assert.equal(bid.body.status, 'pending');
    assert.equal(bid.body.bidder_id, bot.id);
    const countered = await alice.ok('/bids-counter', { bid_id: bid.body.id, counter_price_usd: 75, counter_sla_hours: 20, counter_note: 'Sooner, for more' });
    assert.deepEqual([countered.id, countered.status, countered.counter_round], [bid.body.id, 'countered', 1]);
    const bought = await bot.ok('/bids-counter-accept', { bid_id: bid.body.id });
    assert.equal(bought.status, 'pending_payment');
    const transaction_id = bought.transaction_id;
    assert.deepEqual((await bot.ok('/bids-counter-accept', { bid_id: bid.body.id })).transaction_id, transaction_id, 'a repeat is answered');
    const assignment = await alice.ok('/transactions-assign', { transaction_id });
    assert.equal(assignment.status, 'assigned');
    assert.deepEqual(await alice.ok('/transactions-assign', { transaction_id }), assignment);
    const fees = await market.platform(3000);
    const output_data = { report_url: 'https://storage.humai.market/deliverables/uuid/report.pdf', summary: 'Analysis of 5 competitors with 47 data points', data_points: 47 };
    assert.equal((await bot.ok('/transactions-deliver', { transaction_id, output_data })).status, 'delivered');
    assert.deepEqual(await alice.ok('/transactions-accept', { transaction_id }),
      { transaction_id, status: 'accepted', seller_payout_usd: 67.5, platform_fee_usd: 7.5 });
    await alice.ok('/transactions-accept', { transaction_id });
    assert.equal(await market.earned(bot), 67.5 * 100 * 1000);
    assert.equal(await market.platform(3000) - fees, 750);
    assert.equal(await market.held(transaction_id), 0);
    const whole = await bot.ok(`/transactions-get?transaction_id=${transaction_id}`);
    assert.equal(whole.transaction.status, 'accepted');
    assert.deepEqual(whole.output_data, output_data);
    await audited();
  });

  it('is counted by the heartbeat while it goes on; who brought its seller is paid once it is accepted', async () => {
    const [seller, friend] = [await market.actor(), await market.actor()];
    await market.sql(`insert into market_referrals (referee_id, referrer_id) values ('${seller.id}', '${friend.id}')`);
    const transaction_id = await assigned(alice, seller);
    assert.equal((await seller.ok('/agents-heartbeat', {})).active_transactions, 1);
    await seller.ok('/transactions-deliver', { transaction_id, output_data: {} });
    assert.equal((await friend.ok('/credits-balance')).rc_balance, 0);
    await alice.ok('/transactions-accept', { transaction_id });
    await until(async () => (await friend.ok('/credits-balance')).rc_balance_marketplace === 16, PATIENCE_MS, 'the referral is paid');
    assert.equal((await seller.ok('/credits-balance')).rc_balance_marketplace, 16);
    await until(async () => (await seller.ok('/agents-heartbeat', {})).pending_notifications > 0, PATIENCE_MS, 'the seller is told');
    assert.equal((await seller.ok('/agents-heartbeat', {})).active_transactions, 0);
    await audited();
  });

  it('is paid by milestones, whose cents sum to the whole', async () => {
    const seller = await market.actor({ name: 'Steps' });
    const transaction_id = await assigned(alice, seller, { bid: { price_usd: 99.99, sla_hours: 72, milestone_pricing: true, milestones: [
      { title: 'Data collection', pct_of_total: 33.33, sla_hours: 24 }, { title: 'Analysis', pct_of_total: 33.33, sla_hours: 24 },
      { title: 'Report', pct_of_total: 33.34, sla_hours: 24 }] } });
    assert.equal(await market.held(transaction_id), 9999, 'captured when it is assigned');
    const fees = await market.platform(3000);
    const early = await seller.post('/milestones-deliver', { transaction_id, sequence: 2, output_data: {} });
    assert.deepEqual([early.status, early.body.code], [400, 'milestone_out_of_order']);
    const whole = await seller.post('/transactions-deliver', { transaction_id, output_data: {} });
    assert.deepEqual([whole.status, whole.body.code, whole.body.status], [409, 'invalid_state', 'assigned']);
    let paid = 0;
    for (const sequence of [1, 2, 3]) {
      await seller.ok('/milestones-deliver', { transaction_id, sequence, output_data: { dataset_url: 'https://…' } });
      const answer = await alice.ok('/milestones-accept', { transaction_id, sequence });
      assert.deepEqual([answer.sequence, answer.status], [sequence, 'accepted']);
      paid += Math.round(answer.payout_usd * 100);
      assert.equal(await market.earned(seller), paid * 1000);
    }
    assert.deepEqual([paid, await market.platform(3000) - fees], [8999, 1000]);
    assert.equal((await seller.ok(`/transactions-get?transaction_id=${transaction_id}`)).transaction.status, 'accepted');
    await audited();
  });
});

describe('a dispute', () => {
  const end = async (body, status = 204) => {
    const answer = await market.request(null, 'POST', '/api/local/ends', body);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
  };
  const statusOf = async (id) => (await alice.ok(`/transactions-get?transaction_id=${id}`)).transaction.status;

  for (const sla_hours of [24, 100]) {           // a card that is authorised; one that is captured
    it(`ends with the seller paid, the buyer, or both (${sla_hours} hours)`, async () => {
      for (const [what, pct, state, cents, fee] of [['release', undefined, 'accepted', 9000, 1000], ['refund', undefined, 'refunded', 0, 0], ['split', 33.33, 'split_resolved', 6000, 667]]) {
        const seller = await market.actor(), fees = await market.platform(3000), id = await assigned(alice, seller, { bid: { sla_hours } });
        await end({ id, what: 'dispute', actor_id: alice.id }, 409);
        await seller.ok('/transactions-deliver', { transaction_id: id, output_data: {} });
        await end({ id, what: 'dispute', actor_id: seller.id }, 403);
        await end({ id, what: 'dispute', actor_id: alice.id });
        assert.equal((await alice.post('/transactions-accept', { transaction_id: id })).status, 409);
        await end({ id, what, pct });
        assert.deepEqual([await statusOf(id), await market.earned(seller), await market.platform(3000) - fees, await market.held(id)], [state, cents * 1000, fee, 0]);
        await end({ id, what, pct }, 409);
      }
      await audited();
    });
  }

  it('of a milestone holds those after it, and goes on or ends there', async () => {
    for (const [what, state, cents] of [['release', 'assigned', 3600], ['refund', 'canceled_refunded', 0]]) {
      const seller = await market.actor(), id = await assigned(alice, seller, { bid: { milestone_pricing: true,
        milestones: [{ title: 'a', pct_of_total: 40, sla_hours: 24 }, { title: 'b', pct_of_total: 60, sla_hours: 24 }] } });
      await seller.ok('/milestones-deliver', { transaction_id: id, sequence: 1, output_data: {} });
      await end({ id, sequence: 1, what: 'dispute', actor_id: alice.id });
      assert.equal((await seller.post('/milestones-deliver', { transaction_id: id, sequence: 2, output_data: {} })).body.code, 'milestone_out_of_order');
      assert.equal((await alice.post('/milestones-accept', { transaction_id: id, sequence: 1 })).body.status, 'disputed');
      await end({ id, sequence: 1, what });
      assert.deepEqual([await statusOf(id), await market.earned(seller), await market.held(id)], [state, cents * 1000, state === 'assigned' ? 6000 : 0]);
    }
    await audited();
  });
});

describe('what nobody answers', () => {
  it('is accepted after 48 hours', async () => { // limit: review time
    const transaction_id = await assigned(alice, bot);
    await bot.ok('/transactions-deliver', { transaction_id, output_data: {} });
    await market.advance('49h');
    await until(async () => (await alice.ok(`/transactions-get?transaction_id=${transaction_id}`)).transaction.status === 'accepted', PATIENCE_MS, 'it is accepted');
    await audited();
  });
});
