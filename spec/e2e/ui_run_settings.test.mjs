// spec/e2e/ui_run_settings.test.mjs -- settings and secrets in Chromium: what changes is looked at before it is saved, and there
// is a way back; a secret goes in and is never shown.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { partsOf } from './browser.mjs';
import { until } from './support.mjs';
import { eachLook, startPage, TOKEN_OF_BOT } from './ui_run.mjs';

let at, page;
before(async () => {
  at = await startPage();
  page = at.page;
});
after(() => at?.stop());

const { row, beside, toast, sure } = partsOf(() => page);

describe('the settings', () => {
  it('are looked at before they are saved, refused in words, and undone', async () => {
    await at.go('config?q=gateway.max_steps');
    const field = page.getByLabel('gateway.max_steps');
    await field.fill('x');
    await page.getByText('It must be a number').waitFor();
    await field.fill('0');
    await page.getByRole('button', { name: 'Look at 1 changes' }).click();
    await sure('Save');
    await page.getByRole('dialog').getByRole('alert').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await field.fill('33');
    await page.getByRole('button', { name: 'Look at 1 changes' }).click();
    await page.getByRole('dialog').getByText('33').waitFor();
    await sure('Save');
    await toast('Saved');
    assert.equal(JSON.parse(fs.readFileSync(at.file, 'utf8')).gateway.max_steps, 33);
    await page.getByRole('button', { name: 'Undo' }).first().click();
    await toast('The settings are as before');
    await until(async () => await field.inputValue() === '50', 10_000, 'the value of before');
  });

  it('that are secrets are set in a view of their own, and shown to nobody', async () => {
    await at.go('secrets?q=hmac');
    await row('gateway.webhook_hmac_secret').getByRole('link').click();
    await beside().getByLabel('Value').fill('hush-hush-of-this-spec');
    await beside().getByRole('button', { name: 'Keep it' }).click();
    await toast('gateway.webhook_hmac_secret is set');
    await beside().getByText('set', { exact: true }).first().waitFor();
    assert.equal(await beside().getByLabel('Value').inputValue(), '');
    assert.match(fs.readFileSync(at.file, 'utf8'), /hush-hush/);
    await beside().getByRole('button', { name: 'Remove' }).click();
    await sure('Remove');
    await toast('was removed');
    await beside().getByText('not set', { exact: true }).first().waitFor();
    await at.go('secrets/channels.telegram.token');
    await beside().getByText('The server has it from HUMAN_CHANNELS_TELEGRAM_TOKEN').waitFor();
    assert.ok(!(await page.locator('body').innerText()).includes(TOKEN_OF_BOT));
  });
});

describe('the look of both', () => {
  it('has nothing that axe finds', async () => {
    await eachLook(at, ['config?group=gateway', 'secrets?q=channel', 'secrets/channels.line.channel_secret']);
  });
});
