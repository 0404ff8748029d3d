// spec/e2e/market_approvals.test.mjs -- agents ask their owner's people before they spend for the first time, or much.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assigned, JOB, startMarket } from './market_trading.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = 30_000;
let market;
before(async () => { market = await startMarket(); });
after(() => market?.stop());

describe('an agent', () => {
  let owner, agent, buyer, provider;
  before(async () => {
    const hour = Number(await market.one("select extract(hour from human_now() at time zone 'UTC')"));
    if (hour > 21) await market.advance('3h');   // what is bought here is bought on one day
    owner = await market.actor({ name: 'Olga', type: 'human' });
    agent = await market.actor({ name: 'Agent', owner: owner.owner, autonomy: 1 });
    buyer = await market.actor({ name: 'Buyer' });
    provider = await market.actor({ name: 'Provider' });
  });

  const sells = async (who, price_usd) => (await who.ok('/listings-create', { ...JOB, direction: 'sell', price_usd, budget_ceiling_usd: undefined })).id;
  const work = (who = agent) => assigned(buyer, who, { listing: { budget_ceiling_usd: 1000 }, bid: { price_usd: 900 } });
  const buy = (listing_id, parent_transaction_id, who = agent) => who.post('/transactions-create', { listing_id, parent_transaction_id });
  const answer = (who, message_id, response_status, more = {}) => who.post('/channel-respond', { message_id, response_status, ...more });
  function asks(refusal, status = 'pending') {
    assert.deepEqual([refusal.status, refusal.body.code, refusal.body.approval_status], [403, 'approval_required', status], JSON.stringify(refusal.body));
    return refusal.body.approval_message_id;
  }

  it('asks its owner before it buys from somebody for the first time, and buys once it may', async () => {
    const parent = await work(), listing = await sells(provider, 30);
    const message_id = asks(await buy(listing, parent));
    assert.equal(asks(await buy(listing, parent)), message_id, 'it asks once');
    const told = async () => (await owner.ok('/notifications-list?limit=50')).notifications.find((n) => n.payload.message_id === message_id);
    await until(told, PATIENCE_MS, 'the owner is told');
    const { channel_id } = (await told()).payload;
    const [message] = (await owner.ok(`/messages-list?channel_id=${channel_id}`)).messages;
    assert.deepEqual([message.id, message.message_type, message.response_status, message.sender_id], [message_id, 'approval_request', 'pending', agent.id]);
    assert.deepEqual(message.structured_data, { amount_cents: 3000, listing_id: listing, seller_id: provider.id, reason: 'first_purchase' });
    const hours = (new Date(message.response_deadline) - new Date(message.created_at)) / 3600_000;
    assert.ok(Math.abs(hours - 24) < 0.1, `${hours} hours`);
    assert.equal((await answer(agent, message_id, 'approved')).status, 403, 'not by itself');
    assert.equal((await answer(provider, message_id, 'approved')).status, 403, 'not by strangers');
    const given = await answer(owner, message_id, 'approved', { response_data: { note: 'Approved within budget' } });
    assert.deepEqual([given.status, given.body.response_status, given.body.response_data], [200, 'approved', { note: 'Approved within budget' }], JSON.stringify(given.body));
    const again = await answer(owner, message_id, 'denied');
    assert.deepEqual([again.status, again.body.code, again.body.status], [409, 'already_resolved', 'approved']);
    assert.equal((await buy(listing, parent)).status, 201);
    assert.equal((await buy(listing, await work())).status, 201, 'the provider is known now');
    assert.equal(await market.one(`select count(*) from market_approvals where agent_id = '${agent.id}'`), '1');
  });

  it('asks before it spends more than $100 in a day, and again the day after for nothing', async () => {
    const parent = await work(), listing = await sells(provider, 40);
    assert.equal((await buy(listing, parent)).status, 201, 'exactly $100 with what was bought before');
    const small = await sells(provider, 0.01);
    const message_id = asks(await buy(small, parent));
    assert.equal((await answer(owner, message_id, 'denied')).status, 200);
    assert.equal(asks(await buy(small, parent), 'denied'), message_id);
    await market.advance('24h');
    const next = await work();
    assert.equal((await buy(small, next)).status, 201, 'another day');
    const much = asks(await buy(await sells(provider, 100), next));
    await market.advance('25h');
    await until(async () => await market.one(`select response_status from market_messages where id = '${much}'`) === 'expired', PATIENCE_MS, 'it has expired');
    assert.ok([409, 410].includes((await answer(owner, much, 'approved')).status));
  });

  it('is offered another amount, and asked for again', async () => {
    const other = await market.actor({ name: 'Other' }), parent = await work(), listing = await sells(other, 50);
    const first = asks(await buy(listing, parent));
    const counter = await answer(owner, first, 'countered', { response_data: { amount_cents: 4000 } });
    assert.equal(counter.status, 200, JSON.stringify(counter.body));
    const second = asks(await buy(listing, parent));
    assert.notEqual(second, counter.body.follow_up_id, 'what costs more than was offered is asked for anew');
    assert.equal((await answer(owner, counter.body.follow_up_id, 'approved')).status, 403, 'it is the agent who answers');
    assert.equal((await answer(agent, counter.body.follow_up_id, 'approved')).status, 200);
    const escalated = await answer(owner, second, 'escalated');
    assert.equal((await answer(owner, escalated.body.follow_up_id, 'approved')).status, 200);
    assert.equal((await buy(listing, parent)).status, 201);
  });

  it('that may do as it likes asks nobody, one that may do nothing asks for everything, and neither asks without end', async () => { // limit: consent requests
    const free = await market.actor({ owner: owner.owner, autonomy: 3 });
    assert.equal((await buy(await sells(await market.actor(), 500), await work(free), free)).status, 201);
    const tied = await market.actor({ owner: owner.owner, autonomy: 0 }), parent = await work(tied);
    const listing = await sells(provider, 1);
    assert.equal((await answer(owner, asks(await buy(listing, parent, tied)), 'approved')).status, 200);
    assert.equal((await buy(listing, parent, tied)).status, 201);
    asks(await buy(listing, parent, tied));
    for (let i = 1; i < 20; i += 1) asks(await buy(await sells(provider, 1), parent, tied));
    const refused = await buy(await sells(provider, 1), parent, tied);
    assert.deepEqual([refused.status, refused.body.code], [429, 'rate_limited']);
  });

  it('asks with subcontracts-create, too', async () => {
    const stranger = await market.actor();
    const refused = await agent.post('/subcontracts-create', { parent_transaction_id: await work(), listing_id: await sells(stranger, 5), price_usd: 4 });
    asks(refused);
  });

  /** A card of that person is charged. */
  async function pays(person) {
    const { payment_id } = await person.ok('/credits-deposit', { amount_usd: 5, payment_method: 'pm_test_ok' });
    await until(async () => await market.one(`select state from market_payments where id = '${payment_id}'`) === 'captured', PATIENCE_MS, 'the card is charged');
  }

  it('makes nobody its own approver: who claims it has paid with a card, or has a verified account', async () => {
    const bot = await market.actor({ autonomy: 1 }), other = await market.actor({ autonomy: 1 }), rich = await market.actor({ type: 'human' });
    const email = `${bot.id}@example.com`, { api_key: key, actor_id: id } = (await market.request(null, 'POST', '/actors-register', { type: 'human', display_name: 'Not a person', email })).body;
    const puppet = { id, key, post: (target, body) => market.request(key, 'POST', target, body) };
    const refused = await puppet.post('/agents-claim', { agent_key: bot.key });
    assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden']);
    assert.match(refused.body.error, /a card of theirs was charged \(\/credits-deposit\), or their account for payouts is verified/);
    await puppet.post('/credits-deposit', { amount_usd: 5, payment_method: 'pm_test_declined' });
    const { onboarding_url } = (await puppet.post('/stripe-connect-onboard', {})).body;
    assert.equal((await puppet.post('/agents-claim', { agent_key: bot.key })).status, 403, 'a card that is declined, and an account that is not set up, are neither');
    const message_id = asks(await buy(await sells(provider, 5), await work(bot), bot));
    assert.equal((await answer(puppet, message_id, 'approved')).status, 403);
    assert.equal((await fetch(`${onboarding_url}?bank=ba_test_ok`)).status, 200);
    assert.deepEqual((await puppet.post('/agents-claim', { agent_key: bot.key })).body, { agent_id: bot.id });
    await pays(rich);
    assert.deepEqual((await rich.post('/agents-claim', { agent_key: other.key })).body, { agent_id: other.id });
  });

  it('belongs to the first person who shows its key, whatever it has asked for before', async () => {
    const person = await market.actor({ name: 'Paula', type: 'human' }), other = await market.actor({ type: 'human' });
    const lone = await market.actor({ autonomy: 1 });
    const parent = await work(lone), listing = await sells(provider, 5), message_id = asks(await buy(listing, parent, lone));
    assert.equal((await answer(person, message_id, 'approved')).status, 403);
    const claim = (who, agent_key) => who.post('/agents-claim', { agent_key });
    assert.equal((await claim(person, `hm_${'0'.repeat(32)}`)).status, 400);
    assert.equal((await claim(lone, lone.key)).status, 403, 'an agent owns nobody');
    await pays(person);
    assert.deepEqual((await claim(person, lone.key)).body, { agent_id: lone.id });
    assert.equal((await claim(person, lone.key)).status, 200, 'again');
    await pays(other);
    assert.equal((await claim(other, lone.key)).status, 409, 'it has somebody');
    assert.equal((await answer(person, message_id, 'approved')).status, 200);
    assert.equal((await buy(listing, parent, lone)).status, 201);
    const own = await person.post('/transactions-create', { listing_id: await sells(lone, 5) });
    assert.equal(own.body.code, 'self_dealing_not_permitted');
    const held = await market.actor(), more = await market.actor();
    await market.sql(`update market_owners set wallet = '0x' || repeat('a', 40) where id = '${held.owner}'; update market_owners set wallet = '0x' || repeat('b', 40) where id = '${more.owner}'`);
    assert.equal((await claim(person, held.key)).status, 200, 'one with a wallet, too');
    assert.equal((await claim(person, more.key)).status, 409, 'but not of two wallets');
    assert.equal(await market.one(`select count(distinct owner_id) from market_actors where id in ('${person.id}', '${lone.id}', '${held.id}')`), '1');
  });
});
