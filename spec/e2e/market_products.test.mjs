// spec/e2e/market_products.test.mjs -- data that is delivered as soon as it is bought, and evaluations that are paid by the
// run, over HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { assigned, JOB, startMarket } from './market_trading.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = 20_000;
const DATA = { records: [{ shop: 'A', price: 1 }, { shop: 'B', price: 2 }], summary: 'Prices of two shops' };
const PRODUCT = { ...JOB, direction: 'sell', listing_type: 'data_product', title: 'Prices', price_usd: 75, product_data: DATA, budget_ceiling_usd: undefined };

let host;
before(async () => { host = await startMarket(); });
after(async () => {
  await host?.stop();
  if (host) assert.deepEqual(errors(host.log()), []);
});
const refused = (answer, status, code, field) => {
  assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
  if (field) assert.equal(answer.body.details[0].path, field);
};
const state = (id) => host.one(`select state from market_transactions where id = '${id}'`);

describe('a data product', () => {
  let seller, buyer;
  before(async () => { [seller, buyer] = [await host.actor(), await host.actor({ type: 'human' })]; });
  const list = async (fields = {}) => (await seller.ok('/listings-create', { ...PRODUCT, ...fields })).id;

  it('is paid for and there at once; nobody reviews it, and its seller is paid after 48 hours', async () => {
    const listing_id = await list(), earned = await host.earned(seller);
    const bought = await buyer.ok('/transactions-create', { listing_id });
    const { transaction_id } = bought;
    assert.deepEqual([bought.status, bought.price_usd, bought.platform_fee_usd, bought.seller_payout_usd, bought.chain_depth], ['delivered', 75, 7.5, 67.5, 0]);
    assert.match(bought.stripe_payment_intent_id, /^pi_/);
    assert.equal(await host.one(`select state from market_payments where transaction_id = '${transaction_id}'`), 'captured');
    assert.equal(await host.held(transaction_id), 7500);
    const whole = await buyer.ok(`/transactions-get?transaction_id=${transaction_id}`);
    assert.deepEqual(whole.output_data, DATA);
    assert.ok(Math.abs(Date.parse(whole.transaction.review_deadline) - Date.now() - 48 * 3_600_000) < 60_000);
    await host.advance('43h');
    assert.equal(await state(transaction_id), 'delivered');
    await host.advance('6h');
    await until(async () => await state(transaction_id) === 'accepted', PATIENCE_MS, 'the seller is paid');
    assert.deepEqual([await host.held(transaction_id), await host.earned(seller) - earned], [0, 6_750_000]);
    const told = (await buyer.ok('/notifications-list')).notifications.map((n) => n.type);
    assert.ok(told.includes('transaction_delivered') && !told.includes('transaction_review_due'), told.join());
  });

  it('may be disputed in these 48 hours', async () => {
    const { transaction_id } = await buyer.ok('/transactions-create', { listing_id: await list() });
    const { dispute_id } = await buyer.ok('/disputes-create', { transaction_id, reason: 'Half of the records are missing' });
    const admin = await host.actor({ type: 'human', role: 'admin' });
    await admin.ok('/disputes-resolve', { dispute_id, resolution: 'refund_buyer', note: 'They are' });
    assert.deepEqual([await state(transaction_id), await host.held(transaction_id)], ['refunded', 0]);
  });

  it('whose buyer\'s card is declined waits for another, and is there when that has paid', async () => {
    const poor = await host.actor({ type: 'human' });
    await poor.ok('/payments-method', { payment_method: 'pm_test_declined' });
    const { transaction_id, status } = await poor.ok('/transactions-create', { listing_id: await list() });
    assert.equal(status, 'pending_payment');
    assert.equal((await poor.ok(`/transactions-get?transaction_id=${transaction_id}`)).output_data, null);
    await poor.ok('/payments-confirm', { transaction_id, payment_method: 'pm_test_ok' });
    await until(async () => await state(transaction_id) === 'delivered', PATIENCE_MS, 'it is there');
    assert.equal(await host.held(transaction_id), 7500);
  });

  it('is bought by an agent out of the work that it is a part of', async () => {
    const [client, agent] = [await host.actor(), await host.actor()];
    const parent_transaction_id = await assigned(client, agent);
    const made = await agent.ok('/transactions-create', { listing_id: await list({ price_usd: 30 }), parent_transaction_id });
    assert.deepEqual([made.status, made.chain_depth, await host.held(made.transaction_id), await host.held(parent_transaction_id)], ['delivered', 1, 3000, 7000]);
    await agent.ok('/transactions-accept', { transaction_id: made.transaction_id });
    await agent.ok('/transactions-deliver', { transaction_id: parent_transaction_id, output_data: {} });
    await client.ok('/transactions-accept', { transaction_id: parent_transaction_id });
    assert.deepEqual([await host.held(made.transaction_id), await host.held(parent_transaction_id)], [0, 0]);
  });

  it('is sold to many at once, and each buyer has it', async () => {
    const listing_id = await list({ price_usd: 1 });
    const buyers = await Promise.all(Array.from({ length: 12 }, () => host.actor({ type: 'human' })));
    const answers = await Promise.all(buyers.flatMap((b) => [b, b]).map((b) => b.post('/transactions-create', { listing_id })));
    assert.deepEqual([...new Set(answers.map((a) => `${a.status} ${a.body.status}`))], ['201 delivered']);
    assert.equal(await host.one(`select count(*) from market_transactions where listing_id = '${listing_id}' and output_data = '${JSON.stringify(DATA)}'`), '24');
    assert.equal(await host.one(`select coalesce(sum(a.credits_posted - a.debits_posted), 0) from ledger_accounts a join market_transactions t on a.owner = t.id::text and a.code = 2000 where t.listing_id = '${listing_id}'`), '2400');
  });

  it('is seen by its buyers alone, and changes for those who come later', async () => {
    const listing_id = await list(), stranger = await host.actor();
    for (const answer of [await seller.ok(`/listings-get?listing_id=${listing_id}`), await stranger.ok(`/listings-get?listing_id=${listing_id}`), await stranger.ok('/listings-search?query=Prices')]) {
      assert.ok(!JSON.stringify(answer).includes('two shops'));
    }
    const first = await buyer.ok('/transactions-create', { listing_id });
    assert.equal((await seller.put('/listings-update', { listing_id, product_data: { records: [] } })).status, 200);
    const second = await buyer.ok('/transactions-create', { listing_id });
    const output = async (t) => (await buyer.ok(`/transactions-get?transaction_id=${t.transaction_id}`)).output_data;
    assert.deepEqual([await output(first), await output(second)], [DATA, { records: [] }]);
  });

  it('is refused with the field that is wrong', async () => { // limit: product data
    refused(await seller.post('/listings-create', { ...PRODUCT, product_data: [] }), 400, 'validation_error', 'product_data');
    refused(await seller.post('/listings-create', { ...PRODUCT, listing_type: 'task_execution' }), 400, 'validation_error', 'product_data');
    refused(await seller.post('/listings-create', { ...PRODUCT, direction: 'buy', budget_ceiling_usd: 5 }), 400, 'validation_error', 'product_data');
    refused(await seller.post('/listings-create', { ...PRODUCT, output_schema: { rows: 'number' } }), 400, 'output_schema_mismatch', 'product_data');
    refused(await seller.post('/listings-create', { ...PRODUCT, product_data: { a: 'x'.repeat(262144) } }), 400, 'validation_error', 'product_data');
    const listing_id = await list({ output_schema: { records: 'array' } }), before_ = await host.one('select count(*) from market_listings');
    refused(await seller.put('/listings-update', { listing_id, output_schema: { rows: 'number' } }), 400, 'output_schema_mismatch', 'product_data');
    refused(await (await host.actor()).put('/listings-update', { listing_id, product_data: {} }), 403, 'not_owner');
    assert.equal(await host.one('select count(*) from market_listings'), before_);
    const empty = await list({ product_data: undefined });
    refused(await buyer.post('/transactions-create', { listing_id: empty }), 409, 'listing_inactive');
    refused(await (await host.actor({ type: 'human', owner: seller.owner })).post('/transactions-create', { listing_id }), 400, 'self_dealing_not_permitted');
  });
});

describe('an evaluation', () => {
  it('is paid by the run: each needs its input, and is a transaction of its own', async () => {
    const [seller, buyer] = [await host.actor(), await host.actor({ type: 'human' })];
    const { id: listing_id } = await seller.ok('/listings-create', { ...JOB, direction: 'sell', listing_type: 'evaluation_service', title: 'Grader', price_usd: 2, input_schema: { text: 'string' } });
    refused(await buyer.post('/transactions-create', { listing_id }), 400, 'validation_error', 'input_data');
    refused(await buyer.post('/transactions-create', { listing_id, input_data: [] }), 400, 'validation_error', 'input_data');
    refused(await buyer.post('/transactions-create', { listing_id, input_data: { text: 1 } }), 400, 'input_schema_mismatch', 'input_data.text');
    const runs = [await buyer.ok('/transactions-create', { listing_id, input_data: { text: 'a' } }), await buyer.ok('/transactions-create', { listing_id, input_data: { text: 'b' } })];
    assert.deepEqual(runs.map((r) => [r.status, r.price_usd]), [['pending_payment', 2], ['pending_payment', 2]]);
    for (const { transaction_id } of runs) await buyer.ok('/transactions-assign', { transaction_id });
    const inputs = await Promise.all(runs.map(async ({ transaction_id }) => (await seller.ok(`/transactions-get?transaction_id=${transaction_id}`)).input_data));
    assert.deepEqual(inputs, [{ text: 'a' }, { text: 'b' }]);
    const worker = await host.actor(), parent_transaction_id = await assigned(await host.actor(), worker);
    refused(await worker.post('/subcontracts-create', { listing_id, parent_transaction_id }), 400, 'validation_error', 'input_data');
  });
});
