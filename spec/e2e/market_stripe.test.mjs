// spec/e2e/market_stripe.test.mjs -- tasks whose money moves at Stripe: paid, delivered, accepted, paid out; and the same when
// Stripe fails, answers nothing, or tells late, twice, in another order or never.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { startStripeMarket } from './stripe_world.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = Number(process.env.PATIENCE_MS ?? 60_000);
let world, stripe;
before(async () => {
  world = await startStripeMarket();
  stripe = world.stripe;
});
after(async () => {
  await world?.stop();
  if (process.env.SHOW) console.error(errors(world.log()).slice(-6).map((l) => l.slice(0, 900)).join('\n'));
});
afterEach(() => {
  stripe.hooks.mode = 'at once';
  stripe.refundsAre = undefined;
  stripe.faults.length = 0;
});

const state = async (task) => (await world.payment(task.id)).state;

/** What `human ledger findings` lists. */
const open = async () => JSON.parse((await world.human('ledger', 'findings', '--json')).stdout).findings;

/** A seller who has earned, and whose account is set up; bank: how payouts to it end. */
async function earner(bank) {
  const task = await world.funded();
  await world.deliver(task);
  await world.accept(task);
  const { onboarding_url } = await task.seller.ok('/stripe-connect-onboard', {});
  const account = onboarding_url.split('/').at(-2);
  stripe.setUp(account, bank);
  await world.settled();
  return { ...task, account };
}

describe('a task', () => {
  it('is paid, delivered, accepted and paid out', async () => {
    const task = await world.funded();
    assert.equal(await state(task), 'authorized');
    await world.deliver(task);
    await world.accept(task);
    assert.equal(await world.earned(task.seller), 6_750_000);
    await world.settled();
    const payment = await world.payment(task.id);
    assert.equal(payment.state, 'captured');
    const shown = await task.buyer.ok(`/transactions-get?transaction_id=${task.id}`);
    assert.equal((shown.transaction ?? shown).stripe_payment_intent_id, payment.provider_id);

    const early = await task.seller.post('/payouts-request', { amount_usd: 60 });
    assert.deepEqual([early.status, early.body.code], [400, 'connect_not_ready']);
    const first = await task.seller.ok('/stripe-connect-onboard', { return_url: 'https://example.com/done' });
    const second = await task.seller.ok('/stripe-connect-onboard', {});
    assert.notEqual(first.onboarding_url, second.onboarding_url);
    assert.equal(first.onboarding_url.split('/').at(-2), second.onboarding_url.split('/').at(-2));
    stripe.setUp(first.onboarding_url.split('/').at(-2));
    const { payout_id } = await until(async () => {
      const { status, body } = await task.seller.post('/payouts-request', { amount_usd: 60 });
      return status === 201 ? body : null;
    }, PATIENCE_MS, 'the account is ready');
    await world.settled();
    await world.is('withdrawals', payout_id, 'processing');
    stripe.bankDay();
    await world.is('withdrawals', payout_id, 'paid');
    assert.equal(await world.earned(task.seller), 750_000);
    await world.settled();
  });

  it('that takes long, or is paid in parts, is captured before it is assigned', async () => {
    const task = await world.funded({ hours: 72 });
    assert.equal(await state(task), 'captured');
    await task.seller.ok('/transactions-cancel', { transaction_id: task.id }); // else it is refunded when it is late, in another test
    await world.settled();
  });

  it('is captured a day before its authorisation ends', async () => {
    const task = await world.funded();
    await world.deliver(task);
    await world.sql(`delete from host_queue where kind = 'market.transaction' and key = '${task.id}'`); // as if it lasted
    await world.later(145);
    await until(async () => (await state(task)) === 'captured', PATIENCE_MS, 'it is captured');
    await world.settled();
  });

  it('that is not assigned is let go', async () => {
    const task = await world.wanted(), { stripe_payment_intent_id: intent } = await world.intent(task);
    await task.buyer.ok('/transactions-cancel', { transaction_id: task.id });
    await world.settled();
    assert.equal(stripe.objects.payment_intents.get(intent).status, 'canceled');
    assert.equal(await state(task), 'canceled');
  });

  it('that its seller declines is let go while it is authorised, and refunded when it is captured', async () => {
    for (const hours of [24, 72]) {
      const task = await world.funded({ hours });
      await task.seller.ok('/transactions-cancel', { transaction_id: task.id });
      await world.settled();
      const payment = await world.payment(task.id), intent = stripe.objects.payment_intents.get(payment.provider_id);
      assert.deepEqual([payment.state, intent.status], hours === 24 ? ['canceled', 'canceled'] : ['captured', 'succeeded']);
      if (hours === 72) assert.equal(await world.one(`select state from market_refunds where payment_id = '${payment.id}'`), 'paid');
    }
  });

  it('takes a second card after one that was declined', async () => {
    const task = await world.wanted(), { client_secret } = await world.intent(task);
    assert.equal(stripe.pay(client_secret, 'pm_card_chargeDeclinedInsufficientFunds'), 'insufficient_funds');
    await until(async () => (await world.payment(task.id)).decline_code === 'insufficient_funds', PATIENCE_MS, 'it is told');
    const again = await task.buyer.ok('/payments-confirm', { transaction_id: task.id, payment_method: 'pm_card_chargeDeclined' });
    assert.equal(again.status, 'created');
    await until(async () => (await world.payment(task.id)).declines === 2, PATIENCE_MS, 'it is told');
    await task.buyer.ok('/payments-confirm', { transaction_id: task.id, payment_method: 'pm_card_visa' });
    await world.is('transactions', task.id, 'assigned');
    assert.equal((await world.payment(task.id)).declines, 2);
    await world.settled();
  });

  it('is not assigned by a buyer whose card is still being asked', async () => {
    const task = await world.wanted();
    const none = await task.buyer.post('/transactions-assign', { transaction_id: task.id });
    assert.deepEqual([none.status, none.body.decline_code], [402, 'no_card']);
    await task.buyer.ok('/payments-method', { payment_method: 'pm_card_visa' });
    const soon = await task.buyer.post('/transactions-assign', { transaction_id: task.id });
    assert.deepEqual([soon.status, soon.body.decline_code], [402, 'processing']);
    await world.is('transactions', task.id, 'assigned');
    await world.settled();
  });
});

describe('a card that is being captured', () => {
  it('is refunded when its task is given up meanwhile', async () => {
    stripe.fault(/capture$/, 'before', 2);
    const task = await world.funded({ hours: 72, wait: false });
    await until(async () => (await state(task)) === 'capturing', PATIENCE_MS, 'it is being captured');
    await task.buyer.ok('/transactions-cancel', { transaction_id: task.id });
    await eventually(async () => (await world.one(`select count(*) from market_refunds where state = 'pending'`)) === '0', 'it is refunded');
    await world.settled();
    assert.equal((await world.payment(task.id)).refunded_cents, 7500);
  });

  it('and cannot be is nobody\'s loss before its task is assigned, and the platform\'s once it is accepted', async () => {
    const early = await world.funded({ hours: 72, card: 'pm_card_captureFails', wait: false });
    await world.is('transactions', early.id, 'canceled');
    await world.settled();
    const late = await world.funded({ card: 'pm_card_captureFails' });
    await world.deliver(late);
    await world.accept(late);
    await world.is('payments', (await world.payment(late.id)).id, 'failed');
    await world.settled(['lost']);
    assert.equal(await world.platform(4010), -7500);
    const [lost] = await open();
    assert.deepEqual([lost.kind, lost.subject], ['lost', (await world.payment(late.id)).id]);
    assert.equal((await world.human('ledger', 'settle', String(lost.id), '--because', 'written off')).code, 0);
    await world.settled();
  });
});

describe('an agent', () => {
  it('pays with the card that is kept for it, again and again', async () => {
    const buyer = await world.actor();
    await buyer.ok('/payments-method', { payment_method: 'pm_card_visa' });
    for (const amount_usd of [10, 20]) {
      const made = await buyer.ok('/credits-deposit', { amount_usd });
      await world.is('payments', made.payment_id, 'captured');
    }
    await world.settled();
    assert.equal([...stripe.objects.customers.values()].filter((c) => c.metadata.actor_id === buyer.id).length, 1);
    assert.ok(await world.earned(buyer) > 2_900_000);
  });

  it('is told why its card was declined', async () => {
    const buyer = await world.actor();
    await buyer.ok('/payments-method', { payment_method: 'pm_card_authenticationRequired' });
    const made = await buyer.ok('/credits-deposit', { amount_usd: 10 });
    await until(async () => (await buyer.ok('/payments-intent', { payment_id: made.payment_id })).decline_code === 'authentication_required',
      PATIENCE_MS, 'it is declined');
    await world.settled();
  });
});

describe('what is paid out', () => {
  it('comes back when the bank does not take it', async () => {
    const { seller } = await earner('account_closed');
    const had = await world.earned(seller);
    const { withdrawal_id } = await seller.ok('/credits-withdraw', { amount: 5000 });
    await until(() => [...stripe.objects.payouts.values()].some((p) => p.metadata.withdrawal_id === withdrawal_id), PATIENCE_MS, 'it is under way');
    stripe.bankDay();
    await world.is('withdrawals', withdrawal_id, 'failed');
    assert.equal(await world.earned(seller), had);
    await world.settled();
  });
});

// What may go wrong on the way, at each of the requests that move money, and with what is told of it.
const MOVES = [/^POST .*payment_intents$/, /^POST .*capture$/, /^POST .*cancel$/, /^POST .*refunds$/, /^POST .*transfers$/, /^POST .*payouts$/, /^POST .*reversals$/];
const each = (kind, times) => () => MOVES.forEach((on) => stripe.fault(on, kind, times));
const told = (mode) => () => Object.assign(stripe.hooks, { mode });
const FAULTS = {
  'Stripe fails before it has acted': each('before', 2),
  'Stripe fails after it has acted, and says so for a day': each('after', 1),
  'nobody hears the answer': each('cut', 1),
  'Stripe is asked too often': each('busy', 2),
  'everything is told twice': told('twice'),
  'nothing is told': told('never'),
  'everything is told late, and backwards': told('late'),
  'nobody hears the answer, and nothing is told': () => [each('cut', 1), told('never')].forEach((arrange) => arrange()),
};

describe('whoever changes a payment', () => {
  // Others hold the transaction: whoever wants its payment waits for that, and holds nothing that these will want.
  async function meanwhile(task, act) {
    const others = world.session();
    try {
      await others.run(`begin; select from market_transactions where id = '${task.id}' for update`);
      const acted = act();
      await until(async () => (await world.one('select count(*) from pg_locks where not granted')) !== '0', PATIENCE_MS, 'it waits for the transaction');
      assert.equal(await others.run(`select state from market_payments where transaction_id = '${task.id}' for update nowait`), 'created');
      assert.equal(await world.one(`select count(*) from market_orders o join market_payments p on p.id = o.subject where p.transaction_id = '${task.id}' and o.kind = 'confirm'`), '0');
      await others.run('rollback');
      return await acted;
    } finally {
      await others.end();
    }
  }

  it('locks what it pays for first: a card that is confirmed, and a word of Stripe\'s', async () => {
    const asked = await world.wanted();
    await world.intent(asked);
    await meanwhile(asked, () => asked.buyer.ok('/payments-confirm', { transaction_id: asked.id, payment_method: 'pm_card_visa' }));
    await world.is('transactions', asked.id, 'assigned');
    const told = await world.wanted(), { client_secret } = await world.intent(told);
    await meanwhile(told, async () => stripe.pay(client_secret));
    await world.is('transactions', told.id, 'assigned');
    await world.settled();
  });

  it('never waits for whoever waits for it: confirmed, paid, assigned, accepted and canceled at once', async () => {
    const deadlocks = async () => Number(await world.one('select deadlocks from pg_stat_database where datname = current_database()'));
    const before = await deadlocks(), tasks = [];
    for (let n = 0; n < 6; n += 1) tasks.push({ ...await world.wanted() });
    for (const task of tasks) task.secret = (await world.intent(task)).client_secret;
    await Promise.all(tasks.flatMap((task, n) => {
      const { buyer, seller, id } = task, confirm = { transaction_id: id, payment_method: 'pm_card_visa' };
      return [buyer.post('/payments-confirm', confirm), buyer.post('/transactions-assign', { transaction_id: id }), buyer.post('/payments-confirm', confirm),
        (n % 2 ? buyer : seller).post('/transactions-cancel', { transaction_id: id }), n % 3 && stripe.pay(task.secret)];
    }));
    const late = [];
    for (let n = 0; n < 4; n += 1) late.push(await world.funded());
    for (const task of late) await world.deliver(task);
    await Promise.all(late.flatMap((task) => [world.accept(task), task.buyer.post('/payments-confirm', { transaction_id: task.id }),
      task.seller.post('/transactions-cancel', { transaction_id: task.id })]));
    for (const task of late) await eventually(async () => (await state(task)) === 'captured', 'it is captured');
    await world.settled();
    assert.equal(await deadlocks(), before);
  });
});

describe('a finding', () => {
  const settle = (...args) => world.human('ledger', 'settle', ...args);

  it('is listed, and ended by an operator who says why', async () => {
    assert.equal((await world.human('ledger', 'findings')).stdout, 'There are none.\n');
    const dispute = stripe.dispute('pi_none');
    const [found] = await until(async () => (await open()).length && open(), PATIENCE_MS, 'a finding');
    assert.deepEqual([found.kind, found.subject, found.says], ['chargeback', dispute, 'charge.dispute.created: see the dispute at Stripe']);
    assert.ok(Date.parse(found.found_at));
    assert.match((await world.human('ledger', 'findings')).stdout, new RegExp(`^${found.id}  chargeback of ${dispute}: .* \\(since .*\\)\n1 to look at\n$`));
    const id = String(found.id);
    for (const [args, says] of [[[id], /--because TEXT is missing/], [[id, '--because', ''], /--because must be/], [['x', '--because', 'y'], /ID must be a number, not x/], [[], /ID is missing/]]) {
      const { code, stderr } = await settle(...args);
      assert.equal(code, 2);
      assert.match(stderr, says);
    }
    assert.match((await settle('999999999', '--because', 'y')).stderr, /there is no finding 999999999/);
    assert.deepEqual(await settle(id, '--because', 'we won'), { code: 0, stdout: `Settled: chargeback of ${dispute}.\n`, stderr: '' });
    assert.deepEqual([(await settle(id, '--because', 'we won')).code, await open()], [1, []]);
    const facts = JSON.parse(await world.one(`select facts from market_records where action = 'finding settle' and resource_id = '${id}'`));
    assert.deepEqual([facts.because, facts.kind, facts.subject], ['we won', 'chargeback', dispute]);
    await world.settled();
  });

  it('of the balance ends with the difference, and not before', async () => {
    const task = await world.funded({ hours: 72 });
    await task.seller.ok('/transactions-cancel', { transaction_id: task.id }); // else it is refunded when it is late, in another test
    await world.settled();
    stripe.topUp(70_000);                          // which is no difference: our books leave it to the operator
    stripe.topUp(-500);
    stripe.payOut(30_000);                         // nor is what goes to the platform's own bank
    stripe.payOut(20_000);
    stripe.payOut(-20_000);
    stripe.moveThere(-500);
    const kinds = async () => (await open()).map((f) => f.kind).join();
    await eventually(async () => (await kinds()) === 'balance', 'it is found');
    const refused = await settle(String((await open())[0].id), '--because', 'it will be fine');
    assert.deepEqual([refused.code, await kinds()], [1, 'balance']);
    assert.match(refused.stderr, /ends by itself/);
    const { theirs, ours } = /Stripe has (?<theirs>\d+) cents, our books say (?<ours>\d+)/.exec((await open())[0].says).groups;
    assert.equal(theirs - ours, -500);
    stripe.moveThere(500);
    await eventually(async () => (await kinds()) === '', 'it has ended');
    stripe.payOut(90_000);                         // which is others' money
    await eventually(async () => (await open()).some((f) => f.subject === 'payouts'), 'it is found');
    assert.match((await open())[0].says, /^\d+ cents more than the platform has earned went to its bank: top them up$/);
    assert.equal((await open()).length, 1);
    stripe.payOut(-120_000);
    stripe.topUp(-69_500);
    await eventually(async () => (await kinds()) === '', 'it has ended');
    await world.human('ledger', 'unfreeze', 'it is gone'); // if the audit was quicker
    await world.settled();
  });

  it('of a chargeback has its money booked: it is lost, and there again when the bank is told why not', async () => {
    const lost = async () => -(await world.platform(4010)), fees = async () => -(await world.platform(4000));
    for (const [status, mode] of [['lost', 'at once'], ['won', 'twice'], ['won', 'late'], ['won', 'never']]) {
      const task = await world.funded({ hours: 72 }), before = [await lost(), await fees()];
      stripe.hooks.mode = mode;
      const dispute = stripe.dispute((await world.payment(task.id)).provider_id);
      if (mode !== 'late') {
        await eventually(async () => (await lost()) === before[0] + 7500, 'it is booked');
        await world.settled(['chargeback']);
      }
      stripe.decide(dispute, status);
      await eventually(async () => (await fees()) === before[1] + 1500 && (await lost()) === before[0] + (status === 'lost' ? 7500 : 0), 'it is decided');
      if (status === 'lost') await settle(String((await open())[0].id), '--because', 'written off');
      await eventually(async () => (await open()).length === 0, 'the finding has ended');
      stripe.hooks.mode = 'at once';
      assert.equal(await world.one(`select state from market_transactions where id = '${task.id}'`), 'assigned');
      await task.seller.ok('/transactions-cancel', { transaction_id: task.id });
      await world.settled();
    }
  });
});

describe('events that never came', () => {
  const told = (type, object) => stripe.requests.filter((r) => r.method === 'GET' && r.path.endsWith(object) && r.status === 200).length;
  const walks = () => stripe.requests.filter((r) => r.path === '/v1/events' && !r.account);
  const findings = () => world.sql(`select kind from market_stripe_findings where ended_at is null order by kind`);

  it('are read from Stripe\'s list, page by page, on where it was stopped, and each is read once', async () => {
    await timePasses();
    await until(() => walks().length > 0, PATIENCE_MS, 'they have been read once');
    const { seller, account } = await earner('paid'), task = await world.funded();
    const { withdrawal_id } = await seller.ok('/credits-withdraw', { amount: 1000 });
    const payout = await until(() => [...stripe.objects.payouts.values()].find((p) => p.metadata.withdrawal_id === withdrawal_id), PATIENCE_MS, 'it is under way');
    stripe.bankDay();
    await world.is('withdrawals', withdrawal_id, 'paid');
    const fresh = await world.actor(), { onboarding_url } = await fresh.ok('/stripe-connect-onboard', {}), theirs = onboarding_url.split('/').at(-2);
    await world.settled();

    stripe.hooks.mode = 'never';                   // our endpoint is down for days
    const before = walks().length, heard = told('payout', payout.id);
    stripe.setUp(theirs);
    const dispute = stripe.dispute((await world.payment(task.id)).provider_id);
    for (let n = 0; n < 250; n += 1) stripe.emit('charge.dispute.updated', { id: dispute, object: 'dispute' });
    stripe.sendBack(payout.id);
    let pages = 0;
    stripe.fault({ test: (what) => /^GET .*events$/.test(what) && (pages += 1) === 3 }, 'before'); // the third page cannot be had
    await world.later(30);
    await eventually(async () => (await findings()).join() === 'chargeback,payout', 'both findings are there');
    await until(async () => (await world.one(`select can_be_paid from market_stripe_actors where account = '${theirs}'`)) === 't', PATIENCE_MS, 'the account is ready');
    await eventually(() => walks().length >= before + 4, 'it goes on an hour later');
    const [first, second, third, again] = walks().slice(before).map((r) => r.params.starting_after);
    assert.deepEqual([first, typeof second, third === second, again], [undefined, 'string', false, third]);
    await timePasses();
    await until(async () => (await world.one('select count(*) from market_stripe_events where processed_at is null')) === '0', PATIENCE_MS, 'all are read');
    assert.equal(told('payout', payout.id), heard + 1);
    for (const { id } of await open()) assert.equal((await world.human('ledger', 'settle', String(id), '--because', 'a drill')).code, 0);
    await world.settled();
    assert.deepEqual([account, await world.one(`select count(*) from market_stripe_walks where after is not null`)], [account, '0']);
  });
});

// What comes late has come by now; an hour passes, after which what is open is looked at.
async function timePasses() {
  await stripe.flush('reversed');
  await world.later(1.1);
}

const eventually = (fn, what) => until(async () => {
  if (await fn()) return true;
  await timePasses();
  return null;
}, PATIENCE_MS, what);

describe('whatever fails', () => {
  for (const [what, arrange] of Object.entries(FAULTS)) {
    it(`everything is done once, and nothing is lost: ${what}`, async () => {
      arrange();
      const counted = () => ['payment_intents', 'refunds', 'transfers', 'payouts', 'reversals'].map((name) => stripe.objects[name].size);
      const before = counted(), is = (table, id, wanted) => eventually(async () => (await world.one(`select state from market_${table} where id = '${id}'`)) === wanted, `${id} is ${wanted}`);
      const [kept, back, gone] = [await world.funded({ wait: false }), await world.funded({ hours: 72, wait: false }), await world.funded({ wait: false })];
      for (const { id } of [kept, back, gone]) await is('transactions', id, 'assigned');
      for (const one of [back, gone]) await one.seller.ok('/transactions-cancel', { transaction_id: one.id });
      await world.deliver(kept);
      await world.accept(kept);
      await eventually(async () => (await world.payment(kept.id)).state === 'captured', 'it is captured');
      await eventually(async () => (await world.one(`select count(*) from market_refunds where state = 'pending'`)) === '0', 'it is refunded');

      const { onboarding_url } = await kept.seller.ok('/stripe-connect-onboard', {}), account = onboarding_url.split('/').at(-2);
      for (const [bank, wanted] of [['paid', 'paid'], ['account_closed', 'failed']]) {
        stripe.setUp(account, bank);
        await kept.seller.ok('/stripe-connect-onboard', {});
        const { withdrawal_id } = await kept.seller.ok('/credits-withdraw', { amount: 1000 });
        await eventually(async () => [...stripe.objects.payouts.values()].some((p) => p.metadata.withdrawal_id === withdrawal_id), 'it is under way');
        stripe.bankDay();
        await is('withdrawals', withdrawal_id, wanted);
      }
      await stripe.flush('reversed');
      await world.settled();
      assert.deepEqual(counted().map((n, i) => n - before[i]), [3, 1, 2, 2, 1]);
      assert.equal(await world.earned(kept.seller), 5_750_000);
    });
  }
});
