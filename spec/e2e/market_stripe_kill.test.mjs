// spec/e2e/market_stripe_kill.test.mjs -- processes are killed while Stripe is asked: all workers, or the whole host, at each step
// of each request that moves money, and between an event and what it changes.  Afterwards each thing is at Stripe once, both
// books say the same, and whoever asked gets an answer.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import { PATIENCE_MS, startStripeMarket } from './stripe_world.mjs';
import { until } from './support.mjs';

let world, stripe, rich, refused;
before(async () => {
  world = await startStripeMarket({ HUMAN_DATABASE_POOL: '32' }); // all of them commit at once
  stripe = world.stripe;
  rich = await earner();
  refused = await earner('account_closed');
});
after(async () => {
  await world?.stop();
});

afterEach(() => {
  for (const hold of [...stripe.holds]) hold.go();
});

const values = (name) => [...stripe.objects[name].values()];
const onboard = async (seller) => {
  const { onboarding_url } = await seller.ok('/stripe-connect-onboard', {});
  return onboarding_url.split('/').at(-2);
};

async function accepted(options) {
  const task = await world.funded(options);
  await world.deliver(task);
  await world.accept(task);
  return task;
}

/** A seller who has enough for what is paid out below, and whose account is set up; bank: how payouts to it end. */
async function earner(bank) {
  const { seller } = await accepted({ cents: 20_000 });
  const account = await onboard(seller);
  stripe.setUp(account, bank);
  await world.settled();
  return { seller, account };
}

/** A request that can be sent again: it has a key. */
const asker = (who, target, body) => {
  const key = randomUUID();
  return () => fetch(world.url + target, { method: 'POST', body: JSON.stringify(body),
    headers: { 'x-api-key': who.key, 'content-type': 'application/json', 'idempotency-key': key } })
    .then(async (answer) => ({ status: answer.status, body: await answer.json() }), () => ({ status: 0 }));
};

const payment = async (task) => world.payment(task.id);
const ofPayment = async (name, task) => {
  const { id } = await payment(task);
  return values(name).filter((o) => o.metadata.payment_id === id);
};
const charges = async (task) => {
  const { provider_id: intent } = await payment(task);
  return values('charges').filter((c) => c.payment_intent === intent);
};

/**
 * What is asked of Stripe.  ready() arranges it: {ask, when: request that is held, done(): waits for its end, made(): what
 * Stripe has of it}.
 */
const ASKED = {
  async 'a payment'() {
    const [buyer, seller] = [await world.actor({ type: 'human' }), await world.actor()];
    const listing = await buyer.ok('/listings-create', { direction: 'buy', listing_type: 'task_execution', title: 'Need data scraping agent',
      description: 'Scrape product listings from 3 e-commerce sites', category_tags: ['data:extraction'], budget_ceiling_usd: 200 });
    const bid = await seller.ok('/bids-create', { listing_id: listing.id, price_usd: 75, sla_hours: 24 });
    let task;
    const ask = asker(buyer, '/bids-accept', { bid_id: bid.id });
    return { on: /^POST .*payment_intents$/, ask: async () => {
      const answer = await ask();
      if (answer.status < 300) task = { buyer, id: answer.body.transaction_id };
      return answer;
    }, done: () => world.intent(task), made: () => ofPayment('payment_intents', task) };
  },
  async 'an authorisation'() {
    const task = await world.wanted();
    await world.intent(task);
    return { on: /^POST .*confirm$/, ask: asker(task.buyer, '/payments-confirm', { transaction_id: task.id, payment_method: 'pm_card_visa' }),
      done: () => world.is('transactions', task.id, 'assigned'), made: () => charges(task) };
  },
  async 'a capture'() {
    const task = await world.funded();
    await world.deliver(task);
    return { on: /^POST .*capture$/, ask: asker(task.buyer, '/transactions-accept', { transaction_id: task.id }),
      done: async () => world.is('payments', (await payment(task)).id, 'captured'),
      made: async () => {
        const [charge] = await charges(task);
        return values('balance_transactions').filter((t) => t.type === 'charge' && t.source === charge.id);
      } };
  },
  async 'a cancellation'() {
    const task = await world.funded(), { provider_id: intent } = await payment(task);
    return { on: /^POST .*cancel$/, ask: asker(task.seller, '/transactions-cancel', { transaction_id: task.id }),
      done: () => until(() => stripe.objects.payment_intents.get(intent).status === 'canceled', PATIENCE_MS, 'it is canceled'),
      made: () => stripe.events.filter((e) => e.type === 'payment_intent.canceled' && e.data.object.id === intent) };
  },
  async 'a refund'() {
    const task = await world.funded({ hours: 72 }), { id, provider_id: intent } = await payment(task);
    return { on: /^POST .*refunds$/, ask: asker(task.seller, '/transactions-cancel', { transaction_id: task.id }),
      done: () => until(async () => (await world.one(`select state from market_refunds where payment_id = '${id}'`)) === 'paid', PATIENCE_MS, 'it is paid back'),
      made: () => values('refunds').filter((r) => r.payment_intent === intent) };
  },
  async 'an account'() {
    const seller = await world.actor();
    return { on: /^POST .*accounts$/, isWaitedFor: true, ask: () => seller.post('/stripe-connect-onboard', {}).catch(() => ({ status: 0 })),
      done: () => onboard(seller), made: () => values('accounts').filter((a) => a.metadata.actor_id === seller.id) };
  },
  async 'a payout'() { return paidOut('payouts'); },
  async 'a transfer'() { return paidOut('transfers'); },                    // after the payout, whose own transfer is let through
  // Asked for by the bank, which does not take the payout: nobody has a key for it.
  async 'a reversal'() {
    const { seller } = refused, had = await world.earned(seller);
    const { withdrawal_id: withdrawal } = await seller.ok('/credits-withdraw', { amount: 200 });
    const payout = await until(() => values('payouts').find((p) => p.metadata.withdrawal_id === withdrawal), PATIENCE_MS, 'it is under way');
    await world.settled();
    let isTold = false;
    return { on: /^POST .*reversals$/, async ask() {
      if (!isTold) stripe.bankDay(payout.account);
      isTold = true;
      return { status: 200, body: {} };
    }, async done() {
      await world.is('withdrawals', withdrawal, 'failed');
      assert.equal(await world.earned(seller), had);
    }, made: () => values('reversals').filter((o) => o.metadata.withdrawal_id === withdrawal) };
  },
};

async function paidOut(name) {
  let withdrawal;
  const ask = asker(rich.seller, '/credits-withdraw', { amount: 200 });
  return { on: new RegExp(`^POST .*${name}$`), ask: async () => {
    const answer = await ask();
    withdrawal = answer.body?.withdrawal_id ?? withdrawal;
    return answer;
  }, async done() {
    await until(() => values('payouts').some((p) => p.metadata.withdrawal_id === withdrawal), PATIENCE_MS, 'it is under way');
    stripe.bankDay();
    await world.is('withdrawals', withdrawal, 'paid');
  }, made: () => values(name).filter((o) => o.metadata.withdrawal_id === withdrawal) };
}

/** Nobody commits what moves an order until go(); waiting(n): so many wait to. */
async function stopCommits() {
  const session = world.session();
  await session.run('begin; lock table market_orders in exclusive mode');
  const waits = `select count(*) from pg_locks where not granted and relation = 'market_orders'::regclass`;
  return { waiting: (n) => until(async () => Number(await world.one(waits)) >= n, PATIENCE_MS, `${n} are about to commit`), go: session.end };
}

// How far Stripe is when they die: {when: it holds the requests, die(kill, holds)}.
const each = (holds, how) => holds.forEach((hold) => hold[how]());
const STEPS = {
  'before Stripe has acted': { when: 'before', async die(kill, holds) {
    await kill();
    each(holds, 'drop');
  } },
  'and Stripe acts afterwards': { when: 'before', async die(kill, holds) {
    await kill();
    each(holds, 'go');
  } },
  'after it has acted, before anybody has read its answer': { when: 'after', async die(kill, holds) {
    await kill();
    each(holds, 'drop');
  } },
  'after its answer was read, before it was committed': { when: 'after', async die(kill, holds) {
    const commits = await stopCommits();
    each(holds, 'go');
    await commits.waiting(holds.length).then(kill).finally(commits.go);
  } },
};
const KILLS = { 'all workers': () => world.killWorkers(), 'the host': () => world.killHost() };

const isClear = ({ status, body }) => status >= 200 && status < 500 && (status < 300 || typeof body.code === 'string');

describe('whoever dies', () => {
  for (const [who, kill] of Object.entries(KILLS)) {
    for (const [step, { when, die }] of Object.entries(STEPS)) {
      it(`what is asked of Stripe is done once: ${who}, ${step}`, async () => {
        const asked = [], answers = [], holds = [];
        for (const ready of Object.values(ASKED)) asked.push(await ready());
        for (const one of asked) {
          const hold = stripe.hold(one.on, when);
          holds.push(hold);
          const answer = one.ask();
          if (!one.isWaitedFor) answers.push(await answer);
          await hold.arrived(1);
          if (one.isWaitedFor) answers.push(answer);
        }
        await die(kill, holds);
        const first = await Promise.all(answers);
        for (const [i, one] of asked.entries()) {
          const again = await until(async () => {
            const answer = await one.ask();
            return answer.status !== 0 && answer.status !== 503 && answer;
          }, PATIENCE_MS, 'it is answered');
          assert.ok(isClear(again), JSON.stringify(again));
          if (!one.isWaitedFor) assert.deepEqual(again, first[i]);
        }
        for (const one of asked) await one.done();
        for (const [i, one] of asked.entries()) assert.equal((await one.made()).length, 1, Object.keys(ASKED)[i]);
        await world.settled();
        await world.compared();
      });
    }
  }
});

describe('whoever dies between an event and what it changes', () => {
  for (const [who, kill] of Object.entries(KILLS)) {
    it(`it changes it: ${who}`, async () => {
      const wanted = await world.wanted(), { client_secret, stripe_payment_intent_id: intent } = await world.intent(wanted);
      stripe.refundsAre = 'pending';
      const back = await world.funded({ hours: 72 });
      await back.seller.ok('/transactions-cancel', { transaction_id: back.id });
      const { provider_id: refunded } = await payment(back);
      const refund = await until(() => values('refunds').find((r) => r.payment_intent === refunded), PATIENCE_MS, 'a refund');
      stripe.refundsAre = undefined;
      const { withdrawal_id } = await rich.seller.ok('/credits-withdraw', { amount: 200 });
      const payout = await until(() => values('payouts').find((p) => p.metadata.withdrawal_id === withdrawal_id), PATIENCE_MS, 'a payout');
      const fresh = await world.actor(), account = await onboard(fresh);
      await world.compared();

      const holds = [intent, refund.id, payout.id, account].map((id) => stripe.hold(new RegExp(`^GET .*/${id}$`), 'before'));
      stripe.pay(client_secret);
      stripe.refundArrives(refund.id);
      stripe.bankDay();
      stripe.setUp(account);
      await Promise.all(holds.map((hold) => hold.arrived(1)));
      await kill();
      each(holds, 'drop');
      await world.is('transactions', wanted.id, 'assigned');
      await world.is('withdrawals', withdrawal_id, 'paid');
      await until(async () => (await world.one(`select state from market_refunds where payment_id = '${(await payment(back)).id}'`)) === 'paid', PATIENCE_MS, 'it is paid back');
      await until(async () => (await world.one(`select can_be_paid from market_stripe_actors where account = '${account}'`)) === 't', PATIENCE_MS, 'it is ready');
      await world.settled();
      await world.compared();
    });
  }
});
