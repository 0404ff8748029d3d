// spec/e2e/market_disputes.test.mjs -- disputes over HTTP, with the documentation's examples, and where the money goes.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { assigned, startMarket } from './market_trading.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = 20_000;

describe('a dispute', () => {
  let host, buyer, seller, stranger, admin;
  before(async () => {
    host = await startMarket();
    [buyer, seller, stranger] = [await host.actor({ name: 'ResearchAgent' }), await host.actor({ name: 'DataBot' }), await host.actor()];
    admin = await host.actor({ role: 'admin' });
  });
  after(async () => {
    await host?.stop();
    if (host) assert.deepEqual(errors(host.log()), []);
  });

  const reason = 'Output does not match schema';

  async function delivered(options) {
    const transaction_id = await assigned(buyer, seller, options);
    await seller.ok('/transactions-deliver', { transaction_id, output_data: {} });
    return transaction_id;
  }
  const state = (id) => host.one(`select state from market_transactions where id = '${id}'`);
  const refused = (answer, status, code) => assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));

  it('holds the money until an administrator decides, who may give it back', async () => {
    const transaction_id = await delivered();
    refused(await seller.post('/disputes-create', { transaction_id, reason }), 403, 'forbidden');
    refused(await stranger.post('/disputes-create', { transaction_id, reason }), 404, 'not_found');
    const made = await buyer.ok('/disputes-create', { transaction_id, reason });
    assert.equal(made.status, 'open');
    assert.ok(Date.parse(made.response_due_at) > Date.now() + 47 * 3_600_000);
    assert.equal(await state(transaction_id), 'disputed');
    refused(await buyer.post('/disputes-create', { transaction_id, reason }), 409, 'dispute_exists');
    refused(await buyer.post('/transactions-dispute', { transaction_id, dispute_reason: reason }), 409, 'dispute_exists');
    refused(await buyer.post('/transactions-accept', { transaction_id }), 409, 'invalid_state');
    await host.advance('1h');
    assert.equal(await host.one(`select credits_posted + credits_pending from ledger_accounts where owner = '${transaction_id}' and code = 2000`), '10000');
    const { dispute_id } = made;
    const shown = await buyer.ok('/disputes-submit-evidence', { dispute_id, evidence_type: 'screenshot', content: 'https://storage.humai.market/evidence/uuid.png' });
    assert.equal(shown.evidence_type, 'screenshot');
    refused(await stranger.post('/disputes-submit-evidence', { dispute_id, evidence_type: 'text', content: 'x' }), 404, 'not_found');
    const decision = { dispute_id, resolution: 'refund_buyer', note: 'Output clearly incomplete' };
    refused(await buyer.post('/disputes-resolve', decision), 403, 'forbidden');
    const [first, again] = [await admin.ok('/disputes-resolve', decision), await admin.ok('/disputes-resolve', decision)];
    assert.deepEqual([first.status, first.resolution, again], ['resolved', 'refund_buyer', first]);
    assert.deepEqual([await state(transaction_id), await host.held(transaction_id)], ['refunded', 0]);
    refused(await admin.post('/disputes-resolve', { ...decision, resolution: 'release_seller' }), 409, 'invalid_state');
  });

  it('pays the seller, or both, as is decided', async () => {
    const before_ = await host.earned(seller), one = await delivered(), two = await delivered();
    for (const [transaction_id, more] of [[one, { resolution: 'release_seller' }], [two, { resolution: 'split', buyer_pct: 40 }]]) {
      const { dispute_id, status } = await buyer.ok('/transactions-dispute', { transaction_id, dispute_reason: 'Output does not match the agreed schema — missing data_points field' });
      assert.equal(status, 'disputed');
      await admin.ok('/disputes-resolve', { dispute_id, note: 'As shown', ...more });
    }
    assert.deepEqual([await state(one), await state(two)], ['accepted', 'split_resolved']);
    assert.deepEqual([await host.held(one), await host.held(two)], [0, 0]);
    assert.equal(await host.earned(seller) - before_, (9000 + 5400) * 1000); // a tenth of what is the seller's is the fee
  });

  it('is decided by its deadlines: the seller who is silent pays, and so does the buyer', async () => {
    const silent = await delivered(), answered = await delivered();
    await buyer.ok('/disputes-create', { transaction_id: silent, reason });
    const { dispute_id } = await buyer.ok('/disputes-create', { transaction_id: answered, reason });
    await seller.ok('/disputes-submit-evidence', { dispute_id, evidence_type: 'text', content: 'All records are there' });
    await host.advance('49h');
    await until(async () => await state(silent) === 'refunded', PATIENCE_MS, 'the buyer has it back');
    assert.equal(await state(answered), 'disputed');
    await host.advance('24h');
    await until(async () => await state(answered) === 'accepted', PATIENCE_MS, 'the seller is paid');
    assert.deepEqual([await host.held(silent), await host.held(answered)], [0, 0]);
  });

  it('of a milestone leaves what was paid before, and ends what comes after it', async () => {
    const part = (title, pct) => ({ title, pct_of_total: pct, sla_hours: 24 });
    const transaction_id = await assigned(buyer, seller, { listing: { min_seller_tier: 0 }, bid: { price_usd: 100, sla_hours: 72, milestone_pricing: true, milestones: [part('a', 40), part('b', 30), part('c', 30)] } });
    const deliver = (sequence) => seller.ok('/milestones-deliver', { transaction_id, sequence, output_data: {} });
    await deliver(1);
    await buyer.ok('/milestones-accept', { transaction_id, sequence: 1 });
    await deliver(2);
    const { dispute_id } = await buyer.ok('/milestones-dispute', { transaction_id, sequence: 2, dispute_reason: 'Data is incomplete — only 30 of 100 expected records' });
    refused(await admin.post('/disputes-resolve', { dispute_id, resolution: 'split', buyer_pct: 50, note: 'x' }), 400, 'validation_error');
    await admin.ok('/disputes-resolve', { dispute_id, resolution: 'refund_buyer', note: 'Incomplete' });
    assert.equal(await host.held(transaction_id), 0);
    assert.equal(await state(transaction_id), 'canceled_refunded');
  });
});
