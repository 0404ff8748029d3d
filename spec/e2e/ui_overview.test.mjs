// spec/e2e/ui_overview.test.mjs -- the overview in Chromium: what somebody should look at appears, and is gone when it is
// mended.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch } from './browser.mjs';
import { jobsOf } from './gateway_cron_world.mjs';
import { errors, startHost } from './hosts.mjs';

let host, browser, us;

before(async () => {
  host = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_TOOLS_ENABLED: 'shell', HUMAN_SECURITY_AUTONOMY_LEVEL: '4' } });
  browser = await launch();
  us = await jobsOf(host);
});
after(async () => {
  await browser?.close();
  us?.c.ws.close();
  assert.deepEqual(errors(host.log()), []);
  assert.equal((await host.stop()).code, 0);
});

describe('the overview', () => {
  it('shows a job that fails, with its reason, and no more when it has succeeded', async () => {
    const page = await browser.newPage({ reducedMotion: 'reduce' });
    await page.goto(host.url);
    await page.getByText('Nothing waits for you').waitFor();
    const id = await us.add({ name: 'Tidy up', expression: '0 0 1 1 *', type: 'shell', command: 'exit 3' });
    await us.ok('cron.run', { id });
    await us.over(id);
    const list = page.getByRole('list', { name: 'Look at these' });
    const shown = list.getByRole('listitem').filter({ hasText: 'Tidy up' });
    await shown.getByText('It ended with status 3.').waitFor();
    assert.match(await shown.innerText(), /Job fails/);
    await us.ok('cron.update', { id, command: 'true' });
    await us.ok('cron.run', { id });
    await us.over(id, 2);
    await page.getByText('Nothing waits for you').waitFor();
    assert.equal(await list.count(), 0);
  });
});
