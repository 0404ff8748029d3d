// spec/e2e/market_subcontracts.test.mjs -- what parts of other work are paid: when the whole is, as much as the whole is, or
// not at all, and what their sellers are told.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { assigned, startMarket } from './market_trading.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = 30_000;
let market;
before(async () => { market = await startMarket({ scripts: ['spec/e2e/scripts/market_ends'] }); });
after(async () => {
  await market?.stop();
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

const SELL = { direction: 'sell', listing_type: 'task_execution', title: 'Part of it', description: 'A part', category_tags: ['data:extraction'] };
const shown = async (who, transaction_id) => (await who.ok(`/transactions-get?transaction_id=${transaction_id}`)).transaction;
const end = async (body) => assert.equal((await market.request(null, 'POST', '/api/local/ends', body)).status, 204);
const refunded = (id) => market.one(`select coalesce(sum(r.amount_cents), 0) from market_refunds r join market_payments p on p.id = r.payment_id where p.transaction_id = '${id}'`);

/** A transaction of $100 with a part of $40 in it, which has a part of $20: {a, b, c, d, ids: [root, part, part of part]}. */
async function chain() {
  const [a, b, c, d] = await Promise.all(['A', 'B', 'C', 'D'].map((name) => market.actor({ name })));
  const ids = [await assigned(a, b)];
  for (const [buyer, seller, price_usd] of [[b, c, 40], [c, d, 20]]) {
    const listing_id = (await seller.ok('/listings-create', { ...SELL, price_usd })).id;
    ids.push((await buyer.ok('/subcontracts-create', { parent_transaction_id: ids.at(-1), listing_id, price_usd })).transaction_id);
  }
  return { a, b, c, d, ids, people: [b, c, d] };
}

async function done(buyer, seller, transaction_id) {
  await seller.ok('/transactions-deliver', { transaction_id, output_data: {} });
  await buyer.ok('/transactions-accept', { transaction_id });
}

async function earned(w, ...expected) {
  assert.deepEqual(await Promise.all(w.people.map((x) => market.earned(x))), expected.map((cents) => cents * 1000));
  assert.equal(await market.one(`select coalesce(sum(credits_posted - debits_posted), 0) from ledger_accounts
    where code in (2000, 2050, 2100) and owner = any (array['${w.ids.join("','")}'])`), '0', 'nothing is left of the chain');
  assert.deepEqual((await market.request(null, 'GET', '/api/local/audit')).body, []);
}

async function told(who, type, id) {
  let found;
  const is = (n) => n.type === type && (!id || n.payload.transaction_id === id);
  await until(async () => (found = (await who.ok('/notifications-list?limit=50')).notifications.find(is)), PATIENCE_MS, `${who.name} is told: ${type}`);
  return found.payload;
}

describe('a part that was accepted', () => {
  it('counts for its seller once it is paid, with what was said of it, and not at all when it is not', async () => {
    const said = (who) => market.sql(`select kind from market_reputation_events where actor_id = '${who.id}' order by kind`);
    const heard = () => until(async () => await market.one("select count(*) from host_queue where kind like 'outbox market.event%' and dead_at is null") === '0', PATIENCE_MS, 'all is reckoned with');
    const [paid, back] = [await chain(), await chain()];
    for (const { b, c, d, ids } of [paid, back]) {
      await done(c, d, ids[2]);
      await c.ok('/reviews-create', { transaction_id: ids[2], rating: 5 });
      await d.ok('/endorsements-create', { actor_id: c.id, transaction_id: ids[2], rating: 5, content: 'Clear about what was to be done' });
      await done(b, c, ids[1]);
    }
    await heard();
    for (const w of [paid, back]) for (const who of [w.c, w.d]) assert.deepEqual(await said(who), [], 'nobody has paid for it yet');
    await done(paid.a, paid.b, paid.ids[0]);
    await back.b.ok('/transactions-cancel', { transaction_id: back.ids[0] });
    const known = (who) => market.one(`select tasks_completed || ' ' || coalesce(acceptance_rate::text, '-') from market_actors where id = '${who.id}'`);
    await until(async () => await known(paid.d) === '1 1' && await known(paid.c) === '1 1' && await known(back.b) === '0 0', PATIENCE_MS, 'they are known for it');
    await heard();
    assert.deepEqual(await said(paid.d), ['acceptance', 'on_time', 'rating', 'repeat_buyer']);
    assert.deepEqual(await said(paid.c), ['acceptance', 'endorsement', 'on_time', 'repeat_buyer']);
    for (const who of [back.c, back.d]) assert.deepEqual(await said(who), [], 'nobody will');
  });

  it('says before it is worked on when it is paid, waits for the whole, and is paid with it', async () => {
    const w = await chain(), { a, b, c, d, ids } = w;
    assert.equal((await shown(b, ids[0])).paid_when, 'accepted');
    const before = await shown(d, ids[2]);
    assert.deepEqual([before.status, before.paid_when, before.payout_status, before.paid_usd], ['assigned', 'parent_released', null, null]);
    assert.equal((await told(d, 'transaction_created')).paid_when, 'parent_released');
    await done(c, d, ids[2]);
    assert.equal((await shown(d, ids[2])).payout_status, 'held');
    assert.equal((await told(d, 'subcontract_payout_held')).held_usd, 20);
    await done(b, c, ids[1]);
    assert.deepEqual(await Promise.all(w.people.map((x) => market.earned(x))), [0, 0, 0]);
    assert.deepEqual((await market.request(null, 'GET', '/api/local/audit')).body, []);
    await done(a, b, ids[0]);
    await earned(w, 5000, 1600, 1800);
    const paid = await shown(d, ids[2]);
    assert.deepEqual([paid.payout_status, paid.paid_usd], ['released', 18]);
    assert.equal((await told(d, 'subcontract_payout_released')).payout_usd, 18);
  });

  it('is paid once nobody has answered the delivery of the whole', async () => {
    const w = await chain(), { b, c, d, ids } = w;
    await done(c, d, ids[2]);
    await done(b, c, ids[1]);
    await b.ok('/transactions-deliver', { transaction_id: ids[0], output_data: {} });
    await market.advance('49h');
    await until(async () => (await shown(b, ids[0])).status === 'accepted', PATIENCE_MS, 'it is accepted');
    await earned(w, 5000, 1600, 1800);
  });

  it('is not paid when the whole is refunded: its money is the buyer\'s again, so that no accomplice can take it', async () => {
    const w = await chain(), { b, c, d, ids } = w;
    await done(c, d, ids[2]);
    await done(b, c, ids[1]);
    await b.ok('/transactions-cancel', { transaction_id: ids[0] });
    await earned(w, 0, 0, 0);
    assert.equal(await refunded(ids[0]), '10000');
    assert.deepEqual([(await shown(d, ids[2])).payout_status, (await shown(d, ids[2])).paid_usd], ['returned', 0]);
    for (const [who, n] of [[d, 2], [c, 1]]) assert.equal((await told(who, 'subcontract_payout_returned', ids[n])).returned_usd, 20);
  });

  it('is paid in proportion when the whole is divided, to the cent', async () => {
    const w = await chain(), { a, b, c, d, ids } = w;
    await done(c, d, ids[2]);
    await done(b, c, ids[1]);
    await b.ok('/transactions-deliver', { transaction_id: ids[0], output_data: {} });
    await end({ id: ids[0], what: 'dispute', actor_id: a.id });
    const fees = await market.platform(3000);
    await end({ id: ids[0], what: 'split', pct: 33.33 });
    assert.equal(await refunded(ids[0]), '3333');
    const parts = await Promise.all(w.people.map((x) => market.earned(x)));
    await earned(w, ...parts.map((mrc) => mrc / 1000));
    assert.equal(parts.reduce((sum, mrc) => sum + mrc / 1000, 0) + await market.platform(3000) - fees, 6667);
    assert.deepEqual(parts, [3_333_000, 1_067_000, 1_200_000]);
  });

  it('shares what a part of it that is divided loses, and waits on with the rest', async () => {
    const w = await chain(), { a, b, c, d, ids } = w;
    await done(c, d, ids[2]);
    await c.ok('/transactions-deliver', { transaction_id: ids[1], output_data: {} });
    await end({ id: ids[1], what: 'dispute', actor_id: b.id });
    await end({ id: ids[1], what: 'split', pct: 50 });
    assert.deepEqual([await market.held(ids[0]), (await shown(d, ids[2])).payout_status], [8000, 'held']);
    await done(a, b, ids[0]);
    await earned(w, 7000, 800, 900);
  });
});

describe('a part that is worked on', () => {
  for (const [state, steps] of [['assigned', []], ['delivered', ['deliver']], ['revised', ['deliver', 'revise']], ['disputed', ['deliver', 'dispute']]]) {
    it(`(${state}) ends with the whole, and so do its own parts`, async () => {
      const w = await chain(), { a, b, c, d, ids } = w, transaction_id = ids[2];
      if (steps[0]) await d.ok('/transactions-deliver', { transaction_id, output_data: {} });
      if (steps[1] === 'revise') await c.ok('/transactions-request-revision', { transaction_id, note: 'More' });
      const dispute = steps[1] === 'dispute' && await c.ok('/disputes-create', { transaction_id, reason: 'It is not what was agreed' });
      await b.ok('/transactions-cancel', { transaction_id: ids[0] });
      assert.deepEqual(await Promise.all([[b, 0], [c, 1], [d, 2]].map(async ([who, n]) => (await shown(who, ids[n])).status)), ['canceled_refunded', 'canceled', 'canceled']);
      assert.equal((await told(d, 'transaction_canceled')).parent_transaction_id, ids[1]);
      if (dispute) assert.equal(await market.one(`select state from market_disputes where id = '${dispute.dispute_id}'`), 'resolved');
      await earned(w, 0, 0, 0);
      assert.equal(await market.one(`select coalesce(max(state), 'let go') from market_payments where transaction_id = '${ids[0]}'`), 'captured');
      assert.equal(await refunded(ids[0]), '10000');
      assert.equal((await a.ok(`/transactions-chain?transaction_id=${ids[0]}`)).chain.length, 3);
    });
  }

  it('that gives up itself takes what its own part has earned back into the whole', async () => {
    const w = await chain(), { a, b, c, d, ids } = w;
    await done(c, d, ids[2]);
    await c.ok('/transactions-cancel', { transaction_id: ids[1] });
    assert.deepEqual([await market.held(ids[0]), (await shown(d, ids[2])).payout_status], [10000, 'returned']);
    await done(a, b, ids[0]);
    await earned(w, 9000, 0, 0);
  });
});

describe('the parts of a chain', () => {
  it('end in any order at once, and none waits for another for ever', async () => {
    const chains = await Promise.all(Array.from({ length: 6 }, () => chain()));
    for (const { c, d, ids } of chains) await d.ok('/transactions-deliver', { transaction_id: ids[2], output_data: {} });
    const answers = await Promise.all(chains.flatMap(({ b, c, d, ids }) => [
      c.post('/transactions-accept', { transaction_id: ids[2] }), b.post('/transactions-cancel', { transaction_id: ids[0] }),
      c.post('/transactions-cancel', { transaction_id: ids[1] }), d.post('/transactions-cancel', { transaction_id: ids[2] }),
      c.post('/transactions-accept', { transaction_id: ids[2] })]));
    assert.deepEqual(answers.filter((x) => x.status !== 200 && x.body.code !== 'invalid_state'), []);
    for (const w of chains) {
      await earned(w, 0, 0, 0);
      assert.equal(await refunded(w.ids[0]), '10000');
    }
  });
});
