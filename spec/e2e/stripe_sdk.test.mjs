// spec/e2e/stripe_sdk.test.mjs -- the emulator as the official SDK of Stripe sees it; and what our provider sends beside what
// that SDK sends for the same calls.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Stripe from 'stripe';
import { parseForm, startStripe } from '../stripe/emulator.mjs';
import { KEY, SECRET, startStripeMarket } from './stripe_world.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = Number(process.env.PATIENCE_MS ?? 60_000);
const connect = (stripe) => new Stripe(KEY, { host: '127.0.0.1', port: stripe.port, protocol: 'http', maxNetworkRetries: 0, telemetry: false });

describe('the official SDK', () => {
  let stripe, sdk;
  before(async () => {
    stripe = await startStripe({ key: KEY });
    sdk = connect(stripe);
  });
  after(async () => {
    await stripe?.stop();
  });

  it('pays, captures, refunds, opens an account and pays out', async () => {
    const intent = await sdk.paymentIntents.create({ amount: 7500, currency: 'usd', capture_method: 'manual', payment_method_types: ['card'] });
    assert.equal(intent.status, 'requires_payment_method');
    assert.equal((await sdk.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })).status, 'requires_capture');
    const taken = await sdk.paymentIntents.capture(intent.id, { amount_to_capture: 7500, expand: ['latest_charge.balance_transaction'] });
    assert.deepEqual([taken.status, taken.latest_charge.balance_transaction.fee], ['succeeded', 248]);
    assert.equal((await sdk.refunds.create({ payment_intent: intent.id, amount: 500 })).status, 'succeeded');
    const account = await sdk.accounts.create({ type: 'express', country: 'US' });
    assert.match((await sdk.accountLinks.create({ account: account.id, refresh_url: 'https://x.example', return_url: 'https://x.example', type: 'account_onboarding' })).url, /^https:/);
    stripe.setUp(account.id);
    const transfer = await sdk.transfers.create({ amount: 1000, currency: 'usd', destination: account.id });
    const payout = await sdk.payouts.create({ amount: 600, currency: 'usd' }, { stripeAccount: account.id });
    assert.equal((await sdk.payouts.retrieve(payout.id, {}, { stripeAccount: account.id })).status, 'pending');
    assert.equal((await sdk.transfers.createReversal(transfer.id, { amount: 400 })).amount, 400);
    assert.equal((await sdk.balance.retrieve()).available[0].amount, 7500 - 248 - 500 - 1000 + 400);
  });

  it('gets its errors, and a failure that is kept under its key', async () => {
    const intent = await sdk.paymentIntents.create({ amount: 7500, currency: 'usd', capture_method: 'manual' });
    await assert.rejects(sdk.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_chargeDeclined' }),
      (e) => e instanceof Stripe.errors.StripeCardError && e.decline_code === 'generic_decline');
    await assert.rejects(sdk.paymentIntents.capture(intent.id), (e) => e.code === 'payment_intent_unexpected_state');
    const key = { idempotencyKey: 'one' };
    stripe.fault(/^POST .*customers$/, 'after');
    for (let n = 0; n < 2; n += 1) await assert.rejects(sdk.customers.create({}, key), (e) => e.statusCode === 500);
    assert.equal(stripe.objects.customers.size, 1);
    await assert.rejects(sdk.customers.create({ email: 'a@b.example' }, key), Stripe.errors.StripeIdempotencyError);
    stripe.fault(/^GET .*balance$/, 'busy');
    await assert.rejects(sdk.balance.retrieve(), Stripe.errors.StripeRateLimitError);
  });

  it('walks through lists, page by page, both ways, and through a part of them', async () => {
    const made = [];
    for (let n = 0; n < 130; n += 1) made.unshift((await sdk.customers.create()).id, (await sdk.paymentIntents.create({ amount: 100, currency: 'usd' })).id);
    const intents = made.filter((id) => id.startsWith('pi_')), seen = [], back = [];
    for await (const intent of sdk.paymentIntents.list({ limit: 50 })) seen.push(intent.id);
    assert.deepEqual(seen.slice(0, intents.length), intents);
    assert.equal(new Set(seen).size, stripe.objects.payment_intents.size);
    for await (const intent of sdk.paymentIntents.list({ limit: 50, ending_before: intents.at(-1) })) back.push(intent.id);
    assert.deepEqual(back, intents.slice(0, -1).reverse());
    const first = await sdk.paymentIntents.list({ limit: 100 }), short = await sdk.paymentIntents.list();
    assert.deepEqual([first.has_more, first.data.length, short.data.length], [true, 100, 10]);
    const events = [];
    for await (const event of sdk.events.list({ limit: 100, types: ['payment_intent.created'], created: { gte: stripe.now() - 60 } })) events.push(event.data.object.id);
    assert.deepEqual(events.slice(0, intents.length), intents);
    assert.equal((await sdk.events.list({ created: { gt: stripe.now() } })).data.length, 0);
    await assert.rejects(sdk.paymentIntents.list({ limit: 101 }), (e) => e.code === 'parameter_invalid_integer');
    await assert.rejects(sdk.paymentIntents.list({ starting_after: 'pi_none' }), (e) => e.code === 'resource_missing');
  });
});

// The SDK's call for a request that was recorded: by method and path.
const CALLS = [
  [/^POST \/v1\/payment_intents$/, (sdk, _, p, o) => sdk.paymentIntents.create(p, o)],
  [/^POST \/v1\/payment_intents\/(\w+)\/confirm$/, (sdk, id, p, o) => sdk.paymentIntents.confirm(id, p, o)],
  [/^POST \/v1\/payment_intents\/(\w+)\/capture$/, (sdk, id, p, o) => sdk.paymentIntents.capture(id, p, o)],
  [/^POST \/v1\/payment_intents\/(\w+)\/cancel$/, (sdk, id, p, o) => sdk.paymentIntents.cancel(id, p, o)],
  [/^POST \/v1\/refunds$/, (sdk, _, p, o) => sdk.refunds.create(p, o)],
  [/^POST \/v1\/customers$/, (sdk, _, p, o) => sdk.customers.create(p, o)],
  [/^POST \/v1\/payment_methods\/(\w+)\/attach$/, (sdk, id, p, o) => sdk.paymentMethods.attach(id, p, o)],
  [/^POST \/v1\/accounts$/, (sdk, _, p, o) => sdk.accounts.create(p, o)],
  [/^POST \/v1\/account_links$/, (sdk, _, p, o) => sdk.accountLinks.create(p, o)],
  [/^POST \/v1\/transfers$/, (sdk, _, p, o) => sdk.transfers.create(p, o)],
  [/^POST \/v1\/transfers\/(\w+)\/reversals$/, (sdk, id, p, o) => sdk.transfers.createReversal(id, p, o)],
  [/^POST \/v1\/payouts$/, (sdk, _, p, o) => sdk.payouts.create(p, o)],
  [/^GET \/v1\/payment_intents\/(\w+)$/, (sdk, id, p, o) => sdk.paymentIntents.retrieve(id, p, o)],
  [/^GET \/v1\/accounts\/(\w+)$/, (sdk, id, p, o) => sdk.accounts.retrieve(id, p, o)],
  [/^GET \/v1\/payouts\/(\w+)$/, (sdk, id, p, o) => sdk.payouts.retrieve(id, p, o)],
  [/^GET \/v1\/refunds\/(\w+)$/, (sdk, id, p, o) => sdk.refunds.retrieve(id, p, o)],
  [/^GET \/v1\/payment_intents$/, (sdk, _, p, o) => sdk.paymentIntents.list(p, o)],
  [/^GET \/v1\/refunds$/, (sdk, _, p, o) => sdk.refunds.list(p, o)],
  [/^GET \/v1\/accounts$/, (sdk, _, p, o) => sdk.accounts.list(p, o)],
  [/^GET \/v1\/transfers$/, (sdk, _, p, o) => sdk.transfers.list(p, o)],
  [/^GET \/v1\/transfers\/(\w+)\/reversals$/, (sdk, id, p, o) => sdk.transfers.listReversals(id, p, o)],
  [/^GET \/v1\/payouts$/, (sdk, _, p, o) => sdk.payouts.list(p, o)],
  [/^GET \/v1\/events$/, (sdk, _, p, o) => sdk.events.list(p, o)],
  [/^GET \/v1\/balance$/, (sdk, _, p, o) => sdk.balance.retrieve(p, o)],
  [/^GET \/v1\/balance_transactions$/, (sdk, _, p, o) => sdk.balanceTransactions.list(p, o)],
];
const HEADERS = ['authorization', 'stripe-version', 'idempotency-key', 'stripe-account'];

const shape = (r) => ({ method: r.method, path: r.path, params: r.params, ...Object.fromEntries(HEADERS.map((name) => [name, r.headers[name]])),
  ...(r.method === 'POST' && { type: r.headers['content-type'] }) });

describe('our provider', () => {
  let world, theirs;
  before(async () => {
    [world, theirs] = [await startStripeMarket(), await startStripe({ key: KEY })];
  });
  after(async () => {
    await world?.stop();
    await theirs?.stop();
  });

  it('takes events that the SDK has signed, by one of two secrets while they are rolled, once, and no others', async () => {
    const sdk = connect(theirs), payload = JSON.stringify({ id: 'evt_spec', object: 'event', type: 'payment_intent.succeeded', data: { object: { id: 'pi_none' } } });
    const header = (secret, timestamp = Math.floor(Date.now() / 1000)) => sdk.webhooks.generateTestHeaderString({ payload, secret, timestamp });
    const send = async (signature, body = payload) => (await fetch(`${world.url}/stripe-webhook`, {
      method: 'POST', body, headers: { 'content-type': 'application/json', ...(signature && { 'stripe-signature': signature }) } })).status;
    const old = Math.floor(Date.now() / 1000) - 301;
    for (const bad of [undefined, '', 't=1', header('whsec_other'), header(SECRET, old), header(SECRET).replace('v1=', 'v0=')]) assert.equal(await send(bad), 401, bad);
    assert.equal(await send(header(SECRET), payload.replace('evt_spec', 'evt_else')), 401);
    assert.deepEqual(await world.sql('select id from market_stripe_events'), []);
    const rolled = `${header('whsec_new')},${header(SECRET).split(',')[1]}`;
    for (const good of [header(SECRET), header(SECRET), rolled]) assert.equal(await send(good), 200);
    assert.deepEqual(await world.sql('select id from market_stripe_events'), ['evt_spec']);
  });

  it('finds on any page of its lists what Stripe made a day ago, unheard, and has it once', async () => {
    const { stripe } = world, poor = async (bank) => {
      const task = await world.funded();
      await world.deliver(task);
      await world.accept(task);
      const { onboarding_url } = await task.seller.ok('/stripe-connect-onboard', {});
      stripe.setUp(onboarding_url.split('/').at(-2), bank);
      return task.seller;
    };
    const [sent, paid, failed, fresh] = [await poor('paid'), await poor('paid'), await poor('account_closed'), await world.actor()];
    const back = await world.funded({ hours: 72 }), buyer = await world.actor();
    await world.settled();
    const LISTS = ['payment_intents', 'refunds', 'accounts', 'transfers', 'payouts', 'reversals'];
    const away = (name) => {
      stripe.fault(new RegExp(`^POST .*${name}$`), 'cut');
      stripe.fault(new RegExp(`^POST .*${name}$`), 'down', Infinity);
    };
    const before = LISTS.map((name) => stripe.objects[name].size), grown = () => LISTS.map((name, i) => stripe.objects[name].size - before[i]);
    const one = (name, metadata) => [...stripe.objects[name].values()].filter((o) => o.metadata[Object.keys(metadata)[0]] === Object.values(metadata)[0]);

    // Until the bank has refused one of them, transfers and payouts go through.
    const refused = (await failed.ok('/credits-withdraw', { amount: 1000 })).withdrawal_id;
    await until(() => one('payouts', { withdrawal_id: refused }).length > 0, PATIENCE_MS, 'it is under way');
    for (const name of LISTS) if (name !== 'transfers') away(name);
    stripe.bankDay();
    const payout = (await paid.ok('/credits-withdraw', { amount: 1000 })).withdrawal_id;
    await until(() => one('payouts', { withdrawal_id: payout }).length > 0, PATIENCE_MS, 'it is under way');
    away('transfers');
    const transfer = (await sent.ok('/credits-withdraw', { amount: 1000 })).withdrawal_id;
    await buyer.ok('/payments-method', { payment_method: 'pm_card_visa' });
    const { payment_id } = await buyer.ok('/credits-deposit', { amount_usd: 10 });
    await back.seller.ok('/transactions-cancel', { transaction_id: back.id });
    assert.equal((await fresh.post('/stripe-connect-onboard', {})).status, 402);
    await until(() => grown().join() === '1,1,1,3,2,1', PATIENCE_MS, () => `all are made, not ${grown()}`);

    await world.later(24);                         // Stripe has forgotten the keys; a page and a half of others were made since
    for (const name of LISTS) {
      const last = [...stripe.objects[name].values()].at(-1);
      for (let n = 0; n < 150; n += 1) stripe.objects[name].set(`other_${name}_${n}`, { ...last, id: `other_${name}_${n}`, created: stripe.now(), metadata: {} });
    }
    stripe.faults.length = 0;
    await world.later(1);
    await until(async () => (await fresh.post('/stripe-connect-onboard', {})).status === 200, PATIENCE_MS, 'it has its account');
    await world.is('payments', payment_id, 'captured');
    await world.is('withdrawals', refused, 'failed');
    await until(() => one('payouts', { withdrawal_id: transfer }).length > 0, PATIENCE_MS, 'it goes on');
    await until(async () => (await world.one(`select count(*) from market_refunds where state = 'pending'`)) === '0', PATIENCE_MS, 'it is refunded');
    stripe.bankDay();
    for (const id of [payout, transfer]) await world.is('withdrawals', id, 'paid');
    for (const name of LISTS) for (const id of [...stripe.objects[name].keys()]) if (id.startsWith('other_')) stripe.objects[name].delete(id);
    await world.settled();
    assert.deepEqual(grown(), [1, 1, 1, 3, 3, 1]);
    const lists = new Set(stripe.requests.filter((r) => r.method === 'GET' && r.params.starting_after).map((r) => r.path.split('/').at(-1)));
    assert.deepEqual([...lists].sort(), [...LISTS].sort());
  });

  it('makes nothing twice because a list was too long to tell', async () => { // limit: Stripe's lists
    const { stripe } = world, buyer = await world.actor(), on = /^POST .*payment_intents$/;
    await buyer.ok('/payments-method', { payment_method: 'pm_card_visa' });
    stripe.fault(on, 'cut');
    stripe.fault(on, 'down', Infinity);
    const { payment_id } = await buyer.ok('/credits-deposit', { amount_usd: 10 });
    const intents = stripe.objects.payment_intents, ours = () => [...intents.values()].filter((i) => i.metadata.payment_id === payment_id);
    const [intent] = await until(() => ours().length && ours(), PATIENCE_MS, 'it is made');
    await world.later(24);
    for (let n = 0; n < 10_001; n += 1) intents.set(`pi_other_${n}`, { ...intent, id: `pi_other_${n}`, latest_charge: null, created: stripe.now(), metadata: {} });
    stripe.faults.length = 0;
    await world.later(1);
    const open = `select subject from market_stripe_findings where kind = 'unfound' and ended_at is null`;
    await until(async () => (await world.one(open)) === `${payment_id}:create:1`, PATIENCE_MS, 'an operator is told');
    assert.deepEqual([ours().length, await world.one(`select state from market_payments where id = '${payment_id}'`)], [1, 'created']);
    for (const id of [...intents.keys()]) if (id.startsWith('pi_other_')) intents.delete(id);
    await until(async () => {                      // it is looked for again within an hour
      if ((await world.one(`select state from market_payments where id = '${payment_id}'`)) === 'captured') return true;
      await world.later(1);
      return false;
    }, PATIENCE_MS, 'it is captured');
    assert.equal(ours().length, 1);
    await world.settled();
  });

  it('sends what the SDK sends for the same calls', async () => {
    const { stripe } = world, task = await world.funded();
    await world.deliver(task);
    await world.accept(task);
    const { onboarding_url } = await task.seller.ok('/stripe-connect-onboard', {});
    stripe.setUp(onboarding_url.split('/').at(-2), 'account_closed');
    await world.settled();
    const { withdrawal_id } = await task.seller.ok('/credits-withdraw', { amount: 5000 });
    await until(() => [...stripe.objects.payouts.values()].some((p) => p.metadata.withdrawal_id === withdrawal_id), PATIENCE_MS, 'it is under way');
    stripe.bankDay();
    await world.is('withdrawals', withdrawal_id, 'failed');
    const [late, gone] = [await world.funded({ hours: 72 }), await world.funded()];
    for (const one of [late, gone]) await one.seller.ok('/transactions-cancel', { transaction_id: one.id });
    const agent = await world.actor();
    await agent.ok('/payments-method', { payment_method: 'pm_card_visa' });
    const { payment_id } = await agent.ok('/credits-deposit', { amount_usd: 10 });
    await world.is('payments', payment_id, 'captured');
    await world.settled();

    const sdk = connect(theirs), seen = new Set();
    for (const ours of [...stripe.requests]) {
      const what = `${ours.method} ${ours.path}`, call = CALLS.find(([pattern]) => pattern.test(what));
      assert.ok(call, `the SDK's call for ${what}`);
      seen.add(call);
      const [pattern, run] = call, params = ours.method === 'POST' ? parseForm(ours.body) : ours.params;
      const { 'idempotency-key': idempotencyKey, 'stripe-account': stripeAccount } = ours.headers;
      await run(sdk, pattern.exec(what)[1], params, { ...(idempotencyKey && { idempotencyKey }), ...(stripeAccount && { stripeAccount }) }).catch(() => {});
      assert.deepEqual(shape(ours), shape(theirs.requests.at(-1)));
    }
    assert.deepEqual(CALLS.filter((call) => !seen.has(call)).map(([pattern]) => String(pattern)), []);
  });
});
