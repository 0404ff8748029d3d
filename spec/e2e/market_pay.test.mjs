// spec/e2e/market_pay.test.mjs -- Credits & Payments over HTTP, with the seed's examples: deposits by card, the balance and its
// history, withdrawals, payouts, fees and the founders' share, by the test clock; and the books that come of it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BINARY, databaseUrl, sql, startHost } from './hosts.mjs';
import { makeActor } from './market_pay_world.mjs';
import { root, until } from './support.mjs';

const PATIENCE_MS = 60_000;
let host;
before(async () => {
  host = await startHost({ env: { HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_DATABASE_POOL: '8' } });
});
after(async () => {
  await host?.stop();
});

const actor = (options) => makeActor(host.home, options);

async function ask(who, method, target, body, headers = {}) {
  const answer = await fetch(host.url + target, {
    method, headers: { ...(who && { 'x-api-key': who.key }), ...(body && { 'content-type': 'application/json' }), ...headers },
    body: body && JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}
const get = (who, target) => ask(who, 'GET', target);
const post = (who, target, body = {}, headers) => ask(who, 'POST', target, body, headers);
const balance = async (who) => (await get(who, '/credits-balance')).body;
const has = (who, rc) => until(async () => (await balance(who)).rc_balance === rc, PATIENCE_MS, `a balance of ${rc}`);

const human = (...args) => new Promise((done) => {
  const env = { ...process.env, HUMAN_HOME: host.home, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: path.join(root, 'scripts') };
  execFile(BINARY, args, { env }, (error, stdout, stderr) => done({ code: error ? error.code : 0, stdout, stderr }));
});

async function deposited(amount_usd, options) {
  const who = await actor(options);
  const made = await post(who, '/credits-deposit', { amount_usd, payment_method: 'pm_test_ok' });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await has(who, made.body.credits);
  return who;
}

async function onboarded(who, bank = 'ba_test_ok') {
  const { body } = await post(who, '/stripe-connect-onboard');
  const answer = await fetch(`${body.onboarding_url}?bank=${bank}`);
  assert.equal((await answer.json()).payouts_enabled, true);
  return who;
}

describe('deposits', () => {
  it('wait for their payment, take a second card, and come less the fee', async () => {
    const who = await actor({ founding: true });
    const { status, body } = await post(who, '/credits-deposit', { amount_usd: 50 });
    assert.equal(status, 201);
    assert.match(body.stripe_payment_intent_id, /^pi_/);
    assert.deepEqual([body.amount_usd, body.fee_usd, body.credits, body.status], [50, 0.13, 4987, 'created']);
    const declined = await post(who, '/payments-confirm', { payment_id: body.payment_id, payment_method: 'pm_test_insufficient_funds' });
    assert.deepEqual([declined.status, declined.body.code, declined.body.decline_code], [402, 'payment_provider_error', 'insufficient_funds']);
    assert.deepEqual((await balance(who)), { rc_balance: 0, rc_balance_withdrawable: 0, rc_balance_marketplace: 0 });
    const paid = await post(who, '/payments-confirm', { payment_id: body.payment_id, payment_method: 'pm_test_ok' });
    assert.deepEqual([paid.status, paid.body.status], [200, 'authorized']);
    await has(who, 4987);
    const other = await post(await actor(), '/payments-confirm', { payment_id: body.payment_id });
    assert.deepEqual([other.status, other.body.code], [404, 'not_found']);
  });

  it('are paid by agents with the card that is kept for them, and are made once for an Idempotency-Key', async () => {
    const agent = await actor({ type: 'delegated_agent' }), key = { 'idempotency-key': randomUUID() };
    assert.equal((await post(agent, '/payments-method', { payment_method: 'pm_test_visa' })).status, 400);
    assert.equal((await post(agent, '/payments-method', { payment_method: 'pm_test_ok' })).status, 200);
    const [first, second] = [await post(agent, '/credits-deposit', { amount_usd: 10 }, key), await post(agent, '/credits-deposit', { amount_usd: 10 }, key)];
    assert.deepEqual(first.body, second.body);
    await has(agent, 990);
  });

  it('are refused below a dollar and above ten thousand, to a frozen actor, and without a key', async () => { // limit: deposit
    for (const amount_usd of [0.99, 10000.01]) {
      const bad = await post(await actor(), '/credits-deposit', { amount_usd });
      assert.deepEqual([bad.status, bad.body.code, bad.body.details[0].path], [400, 'validation_error', 'amount_usd']);
    }
    const frozen = await post(await actor({ state: 'frozen' }), '/credits-deposit', { amount_usd: 5 });
    assert.deepEqual([frozen.status, frozen.body.code], [403, 'agent_frozen']);
    assert.equal((await post(null, '/credits-deposit', { amount_usd: 5 })).status, 401);
  });
});

describe('withdrawals', () => {
  it('are at least a dollar', async () => { // limit: withdrawal
    const who = await onboarded(await deposited(50));
    assert.equal((await post(who, '/credits-withdraw', { amount: 99 })).body.code, 'validation_error');
    assert.equal((await post(who, '/payouts-request', { amount_usd: 0.99 })).body.code, 'validation_error');
  });

  it('need an account that was set up, take withdrawable credits, and come back with a payment that fails', async () => {
    const who = await deposited(50);
    const early = await post(who, '/credits-withdraw', { amount: 100 });
    assert.deepEqual([early.status, early.body.code], [400, 'connect_not_ready']);
    await onboarded(who, 'ba_test_closed');
    const failing = await post(who, '/credits-withdraw', { amount: 100 });
    assert.equal(failing.status, 201);
    assert.deepEqual(failing.body, { withdrawal_id: failing.body.withdrawal_id, amount: 100, fee_usd: 0.25, status: 'processing' });
    await until(async () => (await sql(host.home, `select state from market_withdrawals where id = '${failing.body.withdrawal_id}'`))[0] === 'failed', PATIENCE_MS, 'it failed');
    await has(who, 4950);
    await onboarded(who);
    await post(who, '/credits-withdraw', { amount: 100, instant: true });
    await has(who, 4850);
    const much = await post(who, '/credits-withdraw', { amount: 4851 });
    assert.deepEqual([much.status, much.body.code], [400, 'insufficient_balance']);
  });

  it('as payouts are of what was earned alone', async () => {
    const who = await onboarded(await deposited(100));
    const { status, body } = await post(who, '/payouts-request', { amount_usd: 50 });
    assert.deepEqual([status, body.code], [400, 'insufficient_balance']);
    await sql(host.home, `update credit_lots set reason = 'task_completion' where actor = '${who.id}'`);
    const made = await post(who, '/payouts-request', { amount_usd: 50 });
    assert.equal(made.status, 201);
    assert.deepEqual(made.body, { payout_id: made.body.payout_id, amount_usd: 50, fee_usd: 0.5, status: 'processing' });
    await until(async () => (await sql(host.home, `select state from market_withdrawals where id = '${made.body.payout_id}'`))[0] === 'paid', PATIENCE_MS, 'it was paid');
  });
});

describe('a host that takes no payments', () => {
  it('says so, and moves nothing', async () => {
    const who = await actor();
    const none = await startHost({ env: {
      HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_MARKETPLACE_PAYMENTS: 'none', HUMAN_DATABASE_POOL: '2', DATABASE_URL: databaseUrl(host.home),
    } });
    const answer = await fetch(`${none.url}/credits-deposit`, {
      method: 'POST', headers: { 'x-api-key': who.key, 'content-type': 'application/json', connection: 'close' }, body: '{"amount_usd":5}' });
    assert.deepEqual([answer.status, await answer.json()], [402, { error: 'This server takes no payments', code: 'payment_provider_error' }]);
    assert.deepEqual(await sql(host.home, `select id from market_payments where payer_id = '${who.id}'`), []);
    await none.stop();
  });
});

describe('the rest', () => {
  it('tells what came and went, at most fifty at a time', async () => { // limit: credits history page
    const who = await onboarded(await deposited(50));
    await post(who, '/credits-withdraw', { amount: 150 });
    const { status, body } = await get(who, '/credits-history?limit=20&offset=0&include=lots');
    assert.equal(status, 200);
    assert.equal(body.total, 2);
    const [went, came] = body.transactions;
    assert.deepEqual([went.amount, went.reason, went.withdrawal_eligible, went.lots[0].id], [-150, 'withdrawal', false, came.id]);
    assert.deepEqual([came.amount, came.reason, came.credit_type, came.withdrawal_eligible, came.remaining_amount], [4950, 'deposit', 'liquid', true, 4800]);
    assert.equal((await get(who, '/credits-history?reason=deposit')).body.total, 1);
    assert.equal((await get(who, '/credits-history?limit=51')).status, 400);
    const wrong = await get(who, '/credits-history?reason=alms');
    assert.deepEqual([wrong.status, wrong.body.details[0].path], [400, 'reason']);
  });

  it('tells what a fee would be', async () => {
    const founder = await actor({ founding: true });
    const fee = (type, amount = 100) => get(founder, `/fee-calculate?amount=${amount}&fee_type=${type}`);
    assert.deepEqual((await fee('deposit')).body, { fee_amount: 0.25, rate_percent: 0.25, tier: 'founding', waived: false });
    assert.deepEqual((await fee('transaction', 75)).body, { fee_amount: 7.5, rate_percent: 10, tier: 'founding', waived: false });
    assert.deepEqual((await fee('withdrawal')).body, { fee_amount: 0, rate_percent: 0.25, tier: 'founding', waived: true });
    assert.equal((await fee('gift')).status, 400);
    assert.equal((await fee('deposit', '1.005')).status, 400);
  });

  it('shows founders their share, which is given on the 5th', async () => {
    const founder = await actor({ founding: true });
    const stranger = await get(await actor(), '/revenue-share-status');
    assert.deepEqual([stranger.status, stranger.body.code], [403, 'not_founding']);
    const now = (await get(founder, '/revenue-share-status')).body;
    assert.match(now.month, /^\d{4}-\d\d$/);
    assert.ok(now.total_fees_collected > 0);
    assert.deepEqual([now.founders_pool_amount, now.distributed], [Math.round(now.total_fees_collected / 10 + 1e-9), false]);
    assert.equal((await get(founder, '/revenue-share-status?month=2026-13')).status, 400);
    await human('clock', 'advance', '37d');
    const then = () => get(founder, `/revenue-share-status?month=${now.month}`);
    await until(async () => (await then()).body.distributed, PATIENCE_MS, 'it is distributed');
    assert.deepEqual((await then()).body, { ...now, distributed: true });
  });

  it('leaves books that are true, and that an operator can read', async () => {
    const check = await human('ledger', 'check', '--json');
    assert.equal(check.code, 0, check.stdout + check.stderr);
    assert.deepEqual(JSON.parse(check.stdout).found, []);
    const [withdrawal] = await sql(host.home, `select id from market_withdrawals where state = 'failed' limit 1`);
    assert.match((await human('ledger', 'explain', withdrawal)).stdout, /withdrawal\.failed\n {2}100\.000 RC released.*\n(.*\n)*debit \d+: 100 credits went/);
    assert.equal((await human('ledger', 'explain', 'nothing')).code, 1);
    assert.match((await human('ledger', 'export')).stdout, /\n\d{4}-\d\d-\d\d \(\d+\) deposit \| /);
    assert.equal((await human('ledger', 'chek')).code, 2);
    await sql(host.home, `update credit_lots set remaining = remaining - 1 where id = (select max(id) from credit_lots where remaining > 0)`);
    const wrong = await human('ledger', 'check');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stdout, /wallets: /);
  });
});
