// spec/e2e/ui_run.test.mjs -- the views with which a server is run, in Chromium: the log as it is written, work that was
// given up, channels with their webhooks and people, devices, nodes.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { partsOf } from './browser.mjs';
import { sql } from './hosts.mjs';
import { until } from './support.mjs';
import { eachLook, startPage, TOKEN_OF_BOT, WEBHOOK_SECRET } from './ui_run.mjs';

let at, page;
before(async () => {
  at = await startPage();
  page = at.page;
});
after(() => at?.stop());

const { row, beside, toast, sure } = partsOf(() => page);

describe('the log', () => {
  it('shows lines as they are written, narrowed by text, level and request, all of it in the address', async () => {
    await at.go('logs');
    await page.getByRole('searchbox').fill('database: up');
    await row('database: up').first().waitFor();
    await fetch(`${at.host.url}/is-not-here-${'x'.repeat(5)}`);
    await page.getByRole('searchbox').fill('"status":404');
    await row('request').first().getByRole('link').click();
    await beside().getByText('status', { exact: true }).waitFor();
    const id = await beside().locator('dd').filter({ has: page.getByRole('link', { name: 'Only these' }) }).first().locator('.mono').innerText();
    await beside().getByRole('link', { name: 'Only these' }).first().click();
    await beside().waitFor({ state: 'detached' });
    await page.locator('.chip').filter({ hasText: id }).waitFor();
    await until(async () => await page.getByRole('table').getByRole('row').count() === 2, 10_000, 'one line, and the head');
    assert.match(page.url(), /q=%22status%22%3A404&request_id=/);
    await page.reload();
    await row('request').first().waitFor();
    await page.getByRole('button', { name: /^Close: request_id/ }).click();
    await page.getByRole('link', { name: 'Errors' }).click();
    await page.getByText('Nothing is like this').waitFor();
  });

  it('can be held', async () => {
    const LINE = '"method":"PUT"';
    await at.go(`logs?live=0&q=${encodeURIComponent(LINE)}`);
    await page.getByRole('button', { name: 'Go on' }).waitFor();
    await page.getByText('Nothing is like this').waitFor();
    await fetch(`${at.host.url}/pair`, { method: 'PUT', body: '{}' });
    await until(async () => (await at.operator.call('logs.tail', {})).payload.lines.some((line) => line.includes(LINE)), 30_000, 'it is logged');
    await page.getByText('Nothing is like this').waitFor();
    await page.getByRole('button', { name: 'Go on' }).click();
    await row('request').first().waitFor();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
  });
});

describe('the queue', () => {
  const KIND = 'spec.of_the_page';
  const bury = (...ids) => sql(at.host.home, ids.map((id) => `insert into host_queue (kind, id, key, payload, due_at, order_at, dead_at, last_error, attempts)
    values ('${KIND}', '${id}', 'order ${id}', '{"to":"<b>somebody</b>","token":"of the bank"}', now(), now(), now(), 'it said no', 10)`).join(';'));

  it('shows what was given up and why, and tries it again', async () => {
    await bury('one', 'two', 'three');
    await at.go('queue');
    await row('order one').getByRole('link').click();
    await beside().getByText('it said no').waitFor();
    assert.match(await beside().locator('pre').last().innerText(), /"to": "<b>somebody<\/b>"[\s\S]*redacted|redacted[\s\S]*<b>somebody/);
    await beside().getByRole('button', { name: 'Try again' }).click();
    await toast('1 to be tried again');
    await row('order one').waitFor({ state: 'detached' });
    await page.getByRole('navigation', { name: 'State' }).getByRole('link', { name: /^Waiting/ }).click();
    await row('order one').waitFor();
  });

  it('drops all of a kind when somebody is sure', async () => {
    await at.go(`queue?kind=${KIND}`);
    await row('order two').waitFor();
    await page.getByRole('button', { name: `Drop all of ${KIND}` }).click();
    await page.getByRole('dialog').getByText('cannot be taken back').waitFor();
    await sure('Drop');
    await toast('2 dropped');
    await page.getByText('Nothing was given up').waitFor();
  });
});

describe('the channels', () => {
  const post = (body, secret) => fetch(`${at.host.url}/webhook/telegram`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret } });

  it('show what came to a webhook, how it was verified, and the reply, as it comes', async () => {
    await at.go('channels');
    await row('Telegram').getByRole('link').click();
    await page.getByRole('navigation', { name: 'Parts of the channel' }).getByRole('link', { name: 'Requests' }).click();
    await page.getByText('Nothing has come yet').waitFor();
    await post('{"update_id":7,"token":"sekret-of-a-body"}', 'not-the-secret');
    const seen = page.locator('.folds > li').first();
    await seen.getByText(/signature is not that of the secret/).first().waitFor();
    await seen.locator('summary').click();
    await seen.getByText('The account is on and complete').waitFor();
    const text = await seen.innerText();
    assert.match(text, /401/);
    assert.match(text, /"x-telegram-bot-api-secret-token": "\[redacted\]"/);
    for (const secret of ['not-the-secret', 'sekret-of-a-body', WEBHOOK_SECRET]) assert.ok(!text.includes(secret), secret);
  });

  it('let in somebody who asks, with a way back', async () => {
    await at.go('channels');
    const from = { id: 77_001, is_bot: false, first_name: 'Nora' };
    await post(JSON.stringify({ update_id: 8, message: { message_id: 1, date: 1_790_000_000, from, chat: { id: from.id, type: 'private', first_name: 'Nora' }, text: 'Hello?' } }), WEBHOOK_SECRET);
    const asks = page.getByRole('listitem').filter({ hasText: 'Nora' });
    await asks.getByRole('button', { name: 'Let in' }).click();
    await toast('Nora may talk now');
    await at.go('channels/telegram?tab=people');
    await page.getByRole('listitem').filter({ hasText: 'Nora' }).getByText('may talk').waitFor();
    await page.getByRole('button', { name: 'Forget: Nora' }).click();
    await page.getByText('Nobody has asked to talk yet').waitFor();
  });

  it('ask the vendor, have it call an address, and say what became of a test message', async () => {
    await at.go('channels/telegram');
    await page.getByRole('button', { name: 'Ask the vendor' }).click();
    await page.getByText('The vendor answers: @the_bot_of_the_spec').or(page.getByText('The vendor answers: the_bot_of_the_spec')).waitFor();
    await page.getByLabel('Address that the vendor calls').fill('https://human.example/webhook/telegram');
    await page.getByRole('button', { name: 'Tell the vendor' }).click();
    await toast('The vendor calls that address now');
    await page.getByLabel('Chat', { exact: true }).fill('5');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('The vendor has taken it').waitFor();
    assert.ok(!(await page.locator('body').innerText()).includes(TOKEN_OF_BOT));
  });
});

describe('devices', () => {
  it('are paired with a code, listed at once, and revoked; and the page says who may come in', async () => {
    await at.go('devices');
    await page.getByText('Only this machine reaches it').waitFor();
    await page.getByRole('button', { name: 'Pair a device' }).click();
    const code = await page.getByLabel('Code', { exact: true }).innerText();
    const answer = await fetch(`${at.host.url}/pair`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ code, label: 'a telephone of the spec', role: 'viewer' }) });
    assert.equal(answer.status, 200);
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const device = page.getByRole('listitem').filter({ hasText: 'a telephone of the spec' });
    await device.getByText('may look').waitFor();
    await device.getByRole('button', { name: 'Revoke' }).click();
    await sure('Revoke');
    await device.waitFor({ state: 'detached' });
  });
});

describe('the nodes', () => {
  it('are this host, with its numbers', async () => {
    await at.go('nodes');
    await row('this one').waitFor();
    assert.match(await row('this one').innerText(), /online/);
  });
});

describe('the look', () => {
  it('has nothing that axe finds, in light and dark, wide and narrow', async () => {
    await sql(at.host.home, `insert into host_queue (kind, id, key, payload, due_at, order_at, dead_at, last_error, attempts)
      select 'market.webhooks', 'look' || n, 'endpoint ' || n, '{"attempt":10,"event":"task.accepted"}', now() - n * interval '7 minutes', now(), now() - n * interval '5 minutes', 'https://hooks.example: 503 Service Unavailable', 10 from generate_series(1, 30) n`);
    await eachLook(at, ['logs', 'logs?level=warn', 'queue', 'queue/look3?of=market.webhooks', 'channels', 'channels/telegram', 'channels/telegram?tab=requests', 'devices', 'nodes']);
  });
});
