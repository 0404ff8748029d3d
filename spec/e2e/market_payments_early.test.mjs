// spec/e2e/market_payments_early.test.mjs -- work that takes longer than a card holds money: it is taken when the work is assigned,
// and a card that cannot pay is refused then, with an answer that says so.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { startMarket } from './market_trading.mjs';

describe('a purchase whose money is taken when it is assigned', () => {
  let market, buyer, listing;
  before(async () => {
    market = await startMarket();
    buyer = await market.actor({ name: 'Buyer', type: 'human' });
    const seller = await market.actor({ name: 'Seller' });
    listing = await seller.ok('/listings-create', { direction: 'sell', listing_type: 'task_execution', title: 'A long report',
      description: 'It takes a week', category_tags: ['research:long'], price_usd: 50, sla_hours: 168 });
  });
  after(async () => {
    await market?.stop();
    assert.deepEqual(errors(market?.log() ?? ''), []);
  });

  const payment = async (id) => (await market.sql(`select state, declines from market_payments where transaction_id = '${id}'`))[0];

  it('is refused with 402 by a card that cannot pay, and goes on with another one', async () => {
    await buyer.ok('/payments-method', { payment_method: 'pm_test_capture_fails' });
    const { transaction_id: id } = await buyer.ok('/transactions-create', { listing_id: listing.id });
    for (const [target, body] of [['/transactions-assign', { transaction_id: id }], ['/payments-confirm', { transaction_id: id }]]) {
      const answer = await buyer.post(target, body);
      assert.deepEqual([answer.status, answer.body.code, answer.body.decline_code], [402, 'capture_failed', 'card_declined'], target);
    }
    assert.equal(await payment(id), 'created|0');
    await buyer.ok('/payments-method', { payment_method: 'pm_test_ok' });
    assert.equal((await buyer.ok('/transactions-assign', { transaction_id: id })).status, 'assigned');
    assert.equal(await payment(id), 'captured|0');
    assert.equal((await buyer.ok('/transactions-assign', { transaction_id: id })).status, 'assigned');
  });
});
