// spec/e2e/market_freezes.test.mjs -- payouts stop when the books are not true, and everybody who has to know does.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startMarket } from './market_trading.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = 30_000;
let market;
before(async () => { market = await startMarket(); });
after(() => market?.stop());

describe('payouts', () => {
  const broken = (by) => market.sql(`set session_replication_role = replica;
    update credit_debits set amount = amount + ${by} where id = (select max(id) from credit_debits)`);
  const health = async () => (await fetch(`${market.url}/health`)).json();
  const metric = async (name) => new RegExp(`^${name} (\\S+)$`, 'm').exec(await (await fetch(`${market.url}/metrics`, { headers: { connection: 'close' } })).text())?.[1];

  it('stop by themselves when a check fails, and go on when an operator says so', async () => {
    const who = await market.actor({ name: 'Paid' });
    const { onboarding_url } = await who.ok('/stripe-connect-onboard', {});
    assert.equal((await fetch(`${onboarding_url}?bank=ba_test_ok`)).status, 200);
    await who.ok('/credits-deposit', { amount_usd: 500 });
    await until(async () => (await who.ok('/credits-balance')).rc_balance_withdrawable > 0, PATIENCE_MS, 'the credits are there');
    await who.ok('/credits-withdraw', { amount: 100 });
    await broken(1);
    await market.advance('2m');
    await until(async () => (await health()).problems?.some((p) => p.includes('payouts are stopped')), PATIENCE_MS, 'health says so');
    for (let i = 0; i < 20; i += 1) assert.equal(await metric('human_market_payouts_frozen'), '1', 'each worker says so, and none for two');
    assert.equal(await metric('human_market_audit_findings{check="debits"}'.replace(/[{}]/g, '\\$&')), '1');
    for (const [target, body] of [['/credits-withdraw', { amount: 100 }], ['/payouts-request', { amount_usd: 5 }]]) {
      const answer = await who.post(target, body);
      assert.deepEqual([answer.status, answer.body.code], [503, 'service_unavailable'], JSON.stringify(answer.body));
    }
    const check = await market.human('ledger', 'check');
    assert.equal(check.code, 1);
    assert.match(check.stdout, /debits: a debit is not the sum of what it took: \d+, by 1\n[^]*payouts are stopped since .*a debit is not/);
    const refused = await market.human('ledger', 'unfreeze', 'I looked');
    assert.equal(refused.code, 1, refused.stdout);
    assert.match(refused.stderr, /not true yet/);
    await broken(-1);
    const lifted = await market.human('ledger', 'unfreeze', 'mended by hand');
    assert.deepEqual([lifted.code, lifted.stdout], [0, 'Payouts go on.\n'], lifted.stderr);
    await who.ok('/credits-withdraw', { amount: 100 });
    await until(async () => await metric('human_market_payouts_frozen') === '0', PATIENCE_MS, 'the gauge says so');
  });

  it('stop when an operator says so', async () => {
    assert.equal((await market.human('ledger', 'freeze', 'a drill')).stdout, 'Payouts are stopped.\n');
    assert.equal((await market.human('ledger', 'freeze', 'a drill')).stdout, 'Payouts are stopped already.\n');
    assert.equal((await market.human('ledger', 'unfreeze', 'it is over')).code, 0);
  });
});
