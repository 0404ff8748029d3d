// spec/e2e/market_stripe_unpaid.test.mjs -- tasks that lose their money while they are under way: in each state from which the rules
// let them, with the processor `test` and at Stripe, however that comes out.  Each ends, both sides are told, and both books are true.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { assigned, startMarket } from './market_trading.mjs';
import { PATIENCE_MS, startStripeMarket } from './stripe_world.mjs';
import { root, until } from './support.mjs';

const rules = fs.readFileSync(path.join(root, 'scripts/marketplace/rules/states.lua'), 'utf8');
const block = /M\.transaction = {(.*?)\n}/s.exec(rules)[1];
const STATES = [...block.matchAll(/edge\("(\w+)", "lose", "platform", "canceled"\)/g)].map(([, from]) => from);
const reason = 'Output does not match schema';
const SELL = { direction: 'sell', listing_type: 'task_execution', title: 'Part of it', description: 'A part', category_tags: ['data:extraction'] };

/** How a task that is assigned, {buyer, seller, id}, comes to a state. */
const TO = {
  async assigned() {},
  async delivered({ seller, id }) { await seller.ok('/transactions-deliver', { transaction_id: id, output_data: {} }); },
  async revision_requested(task) {
    await TO.delivered(task);
    await task.buyer.ok('/transactions-request-revision', { transaction_id: task.id, note: 'more' });
  },
  async disputed(task) {
    await TO.delivered(task);
    task.dispute = (await task.buyer.ok('/transactions-dispute', { transaction_id: task.id, dispute_reason: reason })).dispute_id;
  },
};
assert.deepEqual([...STATES].sort(), Object.keys(TO).sort());

const told = async (who, id) => (await who.ok('/notifications-list?limit=50')).notifications.filter((n) => n.payload.transaction_id === id).map((n) => n.type);

/** It has ended, its dispute with it, nothing of it waits, and both sides are told. */
async function hasEnded(market, { buyer, seller, id }) {
  await until(async () => (await market.one(`select state from market_transactions where id = '${id}'`)) === 'canceled', PATIENCE_MS, `${id} ends`);
  assert.equal(await market.one(`select coalesce(sum(credits_posted - debits_posted + credits_pending), 0) from ledger_accounts where owner = '${id}'`), '0');
  assert.equal(await market.one(`select count(*) from market_disputes where transaction_id = '${id}' and state <> 'resolved'`), '0');
  for (const who of [buyer, seller]) {
    await until(async () => {
      const types = await told(who, id);
      return types.includes('payment_lost') && types.includes('transaction_canceled');
    }, PATIENCE_MS, 'both sides are told');
    assert.equal((await who.ok(`/transactions-get?transaction_id=${id}`)).transaction.status, 'canceled');
  }
}

describe('a card of the processor `test` that cannot be captured', () => {
  let market, admin, third;
  before(async () => {
    market = await startMarket();
    [admin, third] = [await market.actor({ role: 'admin' }), await market.actor()];
  });
  after(async () => {
    await market?.stop();
    assert.deepEqual(errors(market?.log() ?? ''), []);
  });

  async function task(state) {
    const [buyer, seller] = [await market.actor(), await market.actor()];
    await buyer.ok('/payments-method', { payment_method: 'pm_test_capture_fails' });
    const made = { buyer, seller, id: await assigned(buyer, seller) };
    await TO[state](made);
    return made;
  }

  /** Who asks for the money: {from: states, ask(task): the answer}. */
  const ASKS = {
    'its buyer accepts': { from: ['delivered'], ask: ({ buyer, id }) => buyer.post('/transactions-accept', { transaction_id: id }) },
    'a dispute is decided for its seller': { from: ['disputed'], ask: ({ dispute }) =>
      admin.post('/disputes-resolve', { dispute_id: dispute, resolution: 'release_seller', note: 'n' }) },
    'a dispute divides it': { from: ['disputed'], ask: ({ dispute }) =>
      admin.post('/disputes-resolve', { dispute_id: dispute, resolution: 'split', buyer_pct: 40, note: 'n' }) },
    'its seller subcontracts': { from: ['assigned', 'revision_requested'], async ask({ seller, id }) {
      const listing_id = (await third.ok('/listings-create', { ...SELL, price_usd: 10 })).id;
      return seller.post('/subcontracts-create', { parent_transaction_id: id, listing_id, price_usd: 10 });
    } },
  };
  for (const [what, { from, ask }] of Object.entries(ASKS)) {
    for (const state of from) {
      it(`ends a task that is ${state} when ${what}`, async () => {
        const one = await task(state), { status, body } = await ask(one);
        assert.deepEqual([status, body.code, body.status, body.decline_code], [402, 'capture_failed', 'failed', 'card_declined'], JSON.stringify(body));
        await hasEnded(market, one);
        const again = await ask(one);
        assert.deepEqual([again.status, again.body.code], [409, 'invalid_state'], JSON.stringify(again.body));
      });
    }
  }

  it('is answered in the same way again, and ends it once', async () => {
    const one = await task('delivered'), key = randomUUID();
    const ask = async () => {
      const answer = await fetch(`${market.url}/transactions-accept`, { method: 'POST', body: JSON.stringify({ transaction_id: one.id }),
        headers: { 'x-api-key': one.buyer.key, 'content-type': 'application/json', 'idempotency-key': key } });
      return { status: answer.status, body: await answer.json() };
    };
    const first = await ask();
    assert.equal(first.status, 402);
    await hasEnded(market, one);
    assert.deepEqual(await ask(), first);
    assert.equal(await market.one(`select count(*) from market_history where entity_id = '${one.id}' and to_state = 'canceled'`), '1');
  });

  it('ends a task when nobody answers its delivery', async () => {
    const one = await task('delivered');
    await market.advance('49h');
    await hasEnded(market, one);
  });

  it('ends a task whose dispute outlasts its authorisation', async () => {
    const one = await task('disputed'), show = (who) => who.ok('/disputes-submit-evidence', { dispute_id: one.dispute, evidence_type: 'text', content: 'x' });
    await show(one.seller);
    await show(one.buyer);
    await market.advance('73h');
    await until(async () => (await market.one(`select state from market_disputes where id = '${one.dispute}'`)) === 'proposed', PATIENCE_MS, 'a proposal');
    await market.advance('72h');
    await hasEnded(market, one);
  });

  it('leaves books that are true', async () => {
    assert.deepEqual(JSON.parse((await market.human('ledger', 'check', '--json')).stdout).found, []);
  });
});

describe('an authorisation at Stripe', () => {
  let world, stripe;
  before(async () => {
    world = await startStripeMarket();
    stripe = world.stripe;
  });
  after(async () => { await world?.stop(); });
  afterEach(() => { stripe.hooks.mode = 'at once'; });

  /** A task in each state; as if it lasted: nothing of it has a deadline. */
  async function tasks(options) {
    const all = [];
    for (const state of STATES) {
      const one = await world.funded(options);
      await TO[state](one);
      await world.sql(`delete from host_queue where kind in ('market.transaction', 'market.dispute') and key in ('${one.id}', '${one.dispute}')`);
      one.intent = (await world.payment(one.id)).provider_id;
      all.push(one);
    }
    return all;
  }
  async function haveEnded(all) {
    for (const one of all) await hasEnded(world, one);
    await world.settled();
  }

  it('that its bank voids ends its task: the event says so', async () => {
    const all = await tasks();
    for (const { intent } of all) stripe.cancelThere(intent);
    await haveEnded(all);
    await stripe.flush();
  });

  it('that its bank voids ends its task: nobody says so, and the books are compared', async () => {
    const all = await tasks();
    stripe.hooks.mode = 'never';
    for (const { intent } of all) stripe.cancelThere(intent);
    await world.later(1.1);
    await haveEnded(all);
  });

  it('that lapses, since nobody has captured it a day before, ends its task', async () => {
    const all = await tasks();
    await world.sql(`delete from host_queue where kind = 'market.escrow_guard'`);
    await world.later(7 * 24 + 1);
    await haveEnded(all);
  });

  it('that cannot be captured a day before it ends, ends its task', async () => {
    const all = await tasks({ card: 'pm_card_captureFails' });
    await world.later(145);
    await haveEnded(all);
    for (const { id } of all) assert.equal((await world.payment(id)).state, 'failed');
  });

  it('that is asked for since a part is to be paid from it, and cannot be captured, costs nobody anything', async () => {
    const one = await world.funded({ card: 'pm_card_captureFails' }), third = await world.actor();
    const listing_id = (await third.ok('/listings-create', { ...SELL, price_usd: 10 })).id;
    const capture = stripe.hold(/capture$/, 'before');
    const { transaction_id: part } = await one.seller.ok('/subcontracts-create', { parent_transaction_id: one.id, listing_id, price_usd: 10 });
    await third.ok('/transactions-deliver', { transaction_id: part, output_data: {} });
    await one.seller.ok('/transactions-accept', { transaction_id: part });
    capture.go();
    await hasEnded(world, one);
    await world.settled();
    assert.equal(await world.platform(4010), 0);
    assert.equal(await world.one(`select payout_status from market_transactions where id = '${part}'`), 'returned');
  });

  it('pays for data before that is delivered, or for none', async () => {
    const seller = await world.actor();
    const { id: listing_id } = await seller.ok('/listings-create', { direction: 'sell', listing_type: 'data_product', title: 'Rates', description: 'All rates',
      category_tags: ['data:rates'], price_usd: 9, product_data: { rates: [1] } });
    for (const [card, wanted, state] of [['pm_card_visa', 'delivered', 'captured'], ['pm_card_captureFails', 'canceled', 'failed']]) {
      const buyer = await world.actor({ type: 'human' });
      const { transaction_id: id } = await buyer.ok('/transactions-create', { listing_id });
      assert.equal(stripe.pay((await world.intent({ buyer, id })).client_secret, card), 'requires_capture');
      await world.is('transactions', id, wanted);
      assert.equal((await world.payment(id)).state, state);
      assert.equal(await world.one(`select output_data is null from market_transactions where id = '${id}'`), wanted === 'canceled' ? 't' : 'f');
    }
    await world.settled();
  });
});
