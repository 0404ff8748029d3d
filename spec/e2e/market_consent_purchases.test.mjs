// spec/e2e/market_consent_purchases.test.mjs -- what agents buy with the consent of their owner's people: the purchase is made with the
// answer, or both hear why not, whatever is killed; who asks again gets that purchase.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { assigned, JOB, startMarket } from './market_trading.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = 30_000;
let market, buyer;
before(async () => {
  market = await startMarket({ scripts: ['spec/e2e/scripts/market_govern'] });
  buyer = await market.actor({ name: 'Buyer' });
});
after(async () => {
  await market?.stop();
  assert.deepEqual(errors(market?.log() ?? '').filter((line) => !/ended by signal 9/.test(line)), []); // as it has to be
});

const wrong = async () => (await market.request(null, 'GET', '/api/local/govern/audit')).body;
async function told(who, type, id) {
  let found;
  await until(async () => (found = (await who.ok('/notifications-list?limit=50')).notifications.find((n) => n.type === type && n.payload.message_id === id)), PATIENCE_MS, `${who.name} is told: ${type}`);
  return found.payload;
}
async function killed() {
  const pids = market.workers();
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await until(() => !market.workers().some((pid) => pids.includes(pid)), PATIENCE_MS, 'others are there');
  await until(async () => (await fetch(`${market.url}/health`).catch(() => null))?.ok && market.workers().length === pids.length, PATIENCE_MS, 'the workers are back');
}

/** An agent of a person, with work of $900 that it may give parts of away, and a stranger who sells such a part. */
async function world({ price_usd = 30, bid = 900, of = buyer } = {}) {
  const person = await market.actor({ name: 'Ada', type: 'human' }), agent = await market.actor({ name: 'Worker', autonomy: 1, owner: person.owner });
  const provider = await market.actor({ name: 'Provider' });
  const parent = await assigned(of, agent, { listing: { budget_ceiling_usd: 1000 }, bid: { price_usd: bid } });
  const listing_id = (await provider.ok('/listings-create', { ...JOB, direction: 'sell', price_usd, budget_ceiling_usd: undefined })).id;
  const buy = (more = {}) => agent.post('/transactions-create', { listing_id, parent_transaction_id: parent, ...more });
  const asks = async (answer = buy()) => {
    const { status, body } = await answer;
    assert.deepEqual([status, body.code], [403, 'approval_required'], JSON.stringify(body));
    return body.approval_message_id;
  };
  return { person, agent, provider, parent, listing_id, buy, asks, answers: (message_id, response_status = 'approved', response_data = undefined) => person.ok('/channel-respond', { message_id, response_status, response_data }) };
}
const parts = (w) => market.one(`select count(*) from market_transactions where parent_id = '${w.parent}'`);

describe('a purchase that needs consent', () => {
  it('is made with the approval, once, across kills, and is what the agent gets when it asks again', async () => {
    const w = await world(), input_data = { url: 'https://example.com/', n: 12345678901234567890n.toString(), list: [], none: {} };
    const id = await w.asks(w.buy({ input_data }));
    await killed();
    assert.equal(await w.asks(w.buy({ input_data })), id, 'it waits still, and asks once');
    assert.equal(await parts(w), '0');
    const { transaction_id, not_carried_out } = await w.answers(id);
    assert.ok(transaction_id, not_carried_out);
    await killed();
    for (const who of [w.person, w.agent]) assert.equal((await told(who, 'approval_carried_out', id)).transaction_id, transaction_id);
    assert.equal(await parts(w), '1');
    const { status, body } = await w.buy({ input_data });
    assert.deepEqual([status, body.transaction_id, body.status, body.price_usd], [201, transaction_id, 'assigned', 30]);
    const { transaction, input_data: kept } = await w.provider.ok(`/transactions-get?transaction_id=${transaction_id}`);
    assert.deepEqual([transaction.parent_transaction_id, kept], [w.parent, input_data]);
    assert.notEqual((await w.buy({ input_data })).body.transaction_id, transaction_id, 'asked for a third time it is another one');
    assert.equal(await parts(w), '2');
    assert.equal((await w.person.post('/channel-respond', { message_id: id, response_status: 'approved' })).body.code, 'already_resolved');
    assert.deepEqual(await wrong(), []);
  });

  it('is made as a subcontract at the price that was asked for', async () => {
    const w = await world(), buy = () => w.agent.post('/subcontracts-create', { parent_transaction_id: w.parent, listing_id: w.listing_id, price_usd: 20 });
    const id = await w.asks(buy()), { transaction_id } = await w.answers(id);
    const { body } = await buy();
    assert.deepEqual([body.transaction_id, body.price_usd], [transaction_id, 20]);
    assert.equal(await parts(w), '1');
  });

  it('is not another one: what differs is asked for by itself', async () => {
    const w = await world(), one = await w.asks(w.buy({ input_data: { n: 1 } })), two = await w.asks(w.buy({ input_data: { n: 2 } }));
    assert.notEqual(one, two);
    const made = [(await w.answers(two)).transaction_id, (await w.answers(one)).transaction_id];
    assert.equal((await w.buy({ input_data: { n: 2 } })).body.transaction_id, made[0]);
    assert.equal((await w.buy({ input_data: { n: 1 } })).body.transaction_id, made[1]);
    assert.equal(await parts(w), '2');
  });

  const GONE = {
    listing_inactive: (w) => w.provider.ok('/listings-deactivate', { listing_id: w.listing_id }),
    price_exceeds_approval: (w) => w.provider.put('/listings-update', { listing_id: w.listing_id, price_usd: 31 }),
    invalid_state: (w) => w.agent.ok('/transactions-deliver', { transaction_id: w.parent, output_data: {} }),
    budget_exceeded: async (w) => {
      const other = await market.actor({ name: 'Other' }), listing_id = (await other.ok('/listings-create', { ...JOB, direction: 'sell', price_usd: 880, budget_ceiling_usd: undefined })).id;
      await market.sql(`update market_actors set autonomy = 3 where id = '${w.agent.id}'`);
      await w.agent.ok('/transactions-create', { listing_id, parent_transaction_id: w.parent });
      await market.sql(`update market_actors set autonomy = 1 where id = '${w.agent.id}'`);
    },
    agent_frozen: async (w) => (await market.actor({ role: 'admin' })).ok('/admin-kill-switch', { action: 'freeze_agent', actor_id: w.agent.id, reason: 'r' }),
  };
  for (const [code, happens] of Object.entries(GONE)) {
    it(`is not made any more where it would be refused (${code}), which both hear`, async () => {
      const w = await world({ bid: 1000 }), before_ = (await w.asks()), answered = await happens(w);
      assert.ok(!answered?.status || answered.status < 300 || typeof answered.status === 'string', JSON.stringify(answered));
      const n = await parts(w), answer = await w.answers(before_);
      assert.deepEqual([answer.response_status, answer.not_carried_out, answer.transaction_id], ['approved', code, undefined]);
      for (const who of [w.person, w.agent]) assert.equal((await told(who, 'approval_not_carried_out', before_)).error, code);
      assert.equal(await parts(w), n);
      assert.deepEqual(await wrong(), []);
    });
  }

  it('that could not be made is made when the agent asks again within the day, where it can be then', async () => {
    const w = await world(), id = await w.asks();
    await w.provider.put('/listings-update', { listing_id: w.listing_id, price_usd: 40 });
    assert.equal((await w.answers(id)).not_carried_out, 'price_exceeds_approval');
    await w.provider.put('/listings-update', { listing_id: w.listing_id, price_usd: 25 });
    const { status, body } = await w.buy();
    assert.deepEqual([status, body.price_usd, await parts(w)], [201, 25, '1']);
  });

  it('ends the work whose money cannot be had, with the answer', async () => {
    const poor = await market.actor({ name: 'Poor' });
    await poor.ok('/payments-method', { payment_method: 'pm_test_capture_fails' });
    const w = await world({ of: poor }), id = await w.asks();
    assert.equal((await w.answers(id)).not_carried_out, 'capture_failed');
    assert.equal((await w.agent.ok(`/transactions-get?transaction_id=${w.parent}`)).transaction.status, 'canceled');
    assert.equal(await parts(w), '0');
    assert.deepEqual(await wrong(), []);
  });
});
