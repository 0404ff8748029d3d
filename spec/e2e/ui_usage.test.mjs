// spec/e2e/ui_usage.test.mjs -- what models have cost, in the page, in Chromium: by agent, model, channel and user, day by day with
// exact numbers, as CSV in which no text is a formula, and what is left of each budget.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { launch } from './browser.mjs';
import { open } from './gateway.mjs';
import { errors, sql, startHost } from './hosts.mjs';

const TOKEN = 'the-token-of-this-spec';
const TODAY = new Date().toISOString().slice(0, 10), YESTERDAY = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
let host, browser, operator, contexts = [];

before(async () => {
  host = await startHost({ env: { HUMAN_GATEWAY_AUTH_TOKEN: TOKEN } });
  browser = await launch();
  operator = await open(host, { token: TOKEN });
  const rest = async (operation, input, more) => (await operator.call('operations.call', { surface: 'agent', operation, input, ...more })).payload.body;
  const user = await rest('createUser', { email: 'usage@spec.example', name: 'Uma' });
  const [type] = await rest('listAgentTypes', {});
  const names = ['=HYPERLINK("http://evil.example","x")', 'Plain, with "quotes"', 'Third'];
  const made = [];
  for (const name of names) made.push(await rest('createAgent', { name, agentTypeId: type.id, settings: { tokens_per_day: 10_000, cost_per_day_micros: 2_000_000 } }, { actorId: user.id }));
  await sql(host.home, `insert into agent_usage (agent_id, hour, runs, tokens, cost_micros) values
    ('${made[0].id}', date_trunc('hour', now()), 2, 9000, 1500000), ('${made[0].id}', date_trunc('day', now(), 'UTC') - interval '12 hours', 1, 1000, 250001),
    ('${made[1].id}', date_trunc('hour', now()), 4, 500, 1234), ('${made[2].id}', date_trunc('hour', now()), 1, 10, 0);
    insert into llm_calls (id, provider, model, status, attempts, input_tokens, output_tokens, estimated, cost_micros, duration_ms) values
    ('spec-1', 'spec', 'large', 'ok', 1, 8000, 1000, false, 1500000, 900), ('spec-2', 'spec', 'small', 'ok', 1, 500, 10, false, null, 90)`);
});
after(async () => {
  await browser?.close();
  operator?.ws.close();
  assert.deepEqual(errors(host?.log() ?? '').filter((line) => !line.includes('ended by signal')), []);
  await host?.stop();
});
afterEach(async () => {
  for (const context of contexts) await context.close();
  contexts = [];
});

async function visit(place, { colorScheme = 'light' } = {}) {
  const context = await browser.newContext({ colorScheme, reducedMotion: 'reduce', viewport: { width: 1280, height: 900 }, timezoneId: 'America/Los_Angeles', acceptDownloads: true });
  contexts.push(context);
  const page = await context.newPage(), broken = [];
  page.on('console', (m) => { if (m.type() === 'error' && !/401|ERR_|WebSocket/.test(m.text())) broken.push(m.text()); });
  page.on('pageerror', (e) => broken.push(String(e)));
  await page.goto(`${host.url}/#token=${(await operator.call('device.pair.code')).payload.code}`);
  await page.getByRole('status').filter({ hasText: 'Connected' }).waitFor();
  await page.evaluate((to) => { location.hash = to; }, place);
  return { page, broken };
}
const rowOf = (table, text) => table.getByRole('row').filter({ hasText: text });

describe('usage', () => {
  it('is a table with exact sums, by agent and by model, and the address says which', async () => {
    const { page, broken } = await visit('#usage?days=7');
    const table = page.getByRole('table', { name: 'Usage', exact: true });
    const first = rowOf(table, 'HYPERLINK');
    await first.getByText('10,000', { exact: true }).waitFor();
    await first.getByText('$1.75', { exact: true }).waitFor();
    await rowOf(table, 'Plain').getByText('$0.001234', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'By model' }).click();
    await rowOf(table, 'spec/large').getByText('8,000', { exact: true }).waitFor();
    await rowOf(table, 'spec/small').getByText('–', { exact: true }).first().waitFor();
    await page.getByText('no price is known').waitFor();
    assert.match(await page.evaluate('location.hash'), /by=model/);
    await page.reload();
    await rowOf(table, 'spec/large').waitFor();
    for (const [link, name] of [['By channel', 'Agent API'], ['By user', 'Uma']]) {
      await page.getByRole('link', { name: link }).click();
      await rowOf(table, name).waitFor();
    }
    assert.deepEqual(broken, []);
  });

  it('is drawn day by day, and tells each day exactly, by key and under the pointer', async () => {
    const { page, broken } = await visit('#usage?days=7&metric=tokens');
    const plot = page.getByRole('group', { name: 'Tokens by day' }), said = plot.locator('xpath=following-sibling::ul');
    await said.getByText(TODAY).waitFor();
    await said.getByText('9,000', { exact: true }).waitFor();
    await plot.focus();
    await page.keyboard.press('ArrowLeft');
    await said.getByText(YESTERDAY).waitFor();
    await said.getByText('1,000', { exact: true }).waitFor();
    const { x, y, width, height } = await plot.boundingBox();
    await page.mouse.move(x + width - 30, y + height / 2);
    await said.getByText(TODAY).waitFor();
    assert.ok(await plot.locator('canvas').count() > 0);
    assert.deepEqual(broken, []);
  });

  it('is exported as CSV, in which no text is a formula', async () => {
    const { page } = await visit('#usage?days=7');
    await page.getByRole('table', { name: 'Usage', exact: true }).waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export CSV' }).click()]);
    assert.equal(download.suggestedFilename(), `usage-agent-${TODAY}.csv`);
    const text = fs.readFileSync(await download.path(), 'utf8');
    assert.ok(text.startsWith('\ufeffDate,Id,Name,Turns,Tokens,Cost (USD)\r\n'), text.slice(0, 100));
    const lines = text.split('\r\n');
    assert.ok(lines.some((line) => line.startsWith(YESTERDAY) && line.endsWith(',"\'=HYPERLINK(""http://evil.example"",""x"")",1,1000,0.250001')), text);
    assert.ok(lines.some((line) => line.startsWith(TODAY) && line.includes(',"Plain, with ""quotes""",4,500,0.001234')), text);
    assert.equal(lines.at(-1), '');
  });

  it('shows how much of each budget is used', async () => {
    const { page } = await visit('#usage');
    const table = page.getByRole('table', { name: 'Budgets of the last 24 hours' });
    await rowOf(table, 'HYPERLINK').getByText('10,000 of 10,000').or(rowOf(table, 'HYPERLINK').getByText('9,000 of 10,000')).waitFor();
    await rowOf(table, 'All users together').waitFor();
    await rowOf(table, 'Agent Third').getByText('10 of 10,000').waitFor();
  });

  it('has nothing that axe finds, in light and dark, wide and on a telephone, and speaks German', async () => {
    const axe = fs.readFileSync('spec/e2e/node_modules/axe-core/axe.min.js', 'utf8');
    for (const colorScheme of ['light', 'dark']) {
      const { page } = await visit('#usage?days=7', { colorScheme });
      for (const width of [1280, 380]) {
        await page.setViewportSize({ width, height: 900 });
        await page.getByRole('table', { name: 'Usage', exact: true }).waitFor();
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => window.axe.run());
        assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(' | ')}`), [], `${colorScheme} ${width}`);
        assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${width}`);
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/usage-${colorScheme}-${width}.png` });
      }
      await page.evaluate(() => localStorage.setItem('human.locale', 'de'));
      await page.reload();
      await page.getByRole('link', { name: 'Nach Agent' }).waitFor();
    }
  });
});
