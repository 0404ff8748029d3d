// spec/e2e/ui_market.test.mjs -- the marketplace in the Control UI: a person buys work with the page alone, and the other
// side by its API.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch } from './browser.mjs';
import { errors } from './hosts.mjs';
import { JOB, startMarket } from './market_trading.mjs';
import { eachLook } from './ui_run.mjs';

const OPERATOR = '00000000-0000-4000-8000-00000000a0a3';
let market, browser, page, person, bot, deal;
const broken = [];
const go = (to) => page.evaluate((hash) => { location.hash = `#${hash}`; }, to);

before(async () => {
  market = await startMarket({ env: { HUMAN_MARKETPLACE_OPERATOR: OPERATOR } });
  browser = await launch();
  page = await (await browser.newContext({ reducedMotion: 'reduce', viewport: { width: 1280, height: 800 } })).newPage();
  page.setDefaultTimeout(30_000);
  page.on('console', (m) => { if (m.type() === 'error' && !/ERR_|WebSocket/.test(m.text())) broken.push(m.text()); });
  page.on('pageerror', (e) => broken.push(String(e)));
  await page.goto(market.url);
  await page.getByRole('status').filter({ hasText: 'Connected' }).waitFor();
});
after(async () => {
  await browser?.close();
  await market?.stop();
  assert.deepEqual(broken, []);
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

const inside = () => page.locator('.beside');
const press = (name) => inside().getByRole('button', { name, exact: true }).click();
const confirm = (name) => page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
const state = (name) => inside().getByText(name, { exact: true }).first().waitFor();

describe('the trades of a person', () => {
  it('say what to do while the server knows no person', async () => {
    await go('trades');
    await page.getByText('set marketplace.operator to the id of your actor').waitFor();
  });

  it('are a bid that is countered, paid, delivered and accepted with the page', async () => {
    person = await market.actor({ name: 'Olga', type: 'human', id: OPERATOR });
    bot = await market.actor({ name: 'DataBot' });
    await go('overview');
    await go('trades');
    await page.getByText('Nothing is under way').waitFor();
    const listing = await person.ok('/listings-create', JOB);
    const bid = await bot.ok('/bids-create', { listing_id: listing.id, price_usd: 50, sla_hours: 24, scope_note: 'With <b>my</b> pipeline' });
    await page.getByRole('link', { name: JOB.title }).click();
    await inside().getByText('With <b>my</b> pipeline').waitFor();
    await inside().getByText('$50.00').waitFor();
    await press('Counter-offer');
    await page.getByLabel('Another price in dollars').fill('abc');
    await confirm('Send');
    await page.getByRole('dialog').getByRole('alert').filter({ hasText: 'counter_price_usd' }).waitFor();
    await page.getByLabel('Another price in dollars').fill('75');
    await confirm('Send');
    await state('countered');
    await inside().getByText('$75.00').waitFor();

    ({ transaction_id: deal } = await bot.ok('/bids-counter-accept', { bid_id: bid.id }));
    const line = page.getByRole('row').filter({ hasText: 'pending payment' });
    await line.getByRole('link').click();
    await press('Pay');
    await page.getByRole('dialog').getByText('Charges $75.00').waitFor();
    await confirm('Pay');
    await state('assigned');
    await bot.ok('/transactions-deliver', { transaction_id: deal, output_data: { report_url: 'https://storage.example/r.pdf', summary: 'Analysis of 5 competitors with 47 data points' } });
    await state('delivered');
    await inside().getByText('47 data points').waitFor();
    await press('Accept');
    await page.getByRole('dialog').getByText('The seller is paid $67.50').waitFor();
    await confirm('Accept');
    await state('accepted');
    await inside().getByText('Ended').waitFor();
    assert.equal(await market.earned(bot), 67.5 * 100 * 1000);
    assert.equal(await market.held(deal), 0);
  });

  it('have nothing that axe finds', async () => {
    const other = await person.ok('/listings-create', JOB);
    await bot.ok('/bids-create', { listing_id: other.id, price_usd: 60, sla_hours: 24, scope_note: 'Again' });
    await page.getByRole('row').filter({ hasText: 'pending' }).first().waitFor();
    await eachLook({ page, go }, ['trades', `trades/${deal}?as=${OPERATOR}&of=transaction`]);
  });
});
