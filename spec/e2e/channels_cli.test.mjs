// spec/e2e/channels_cli.test.mjs -- `human channels`, several accounts of one channel, and a channel of one's own.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { open } from './gateway.mjs';
import { BINARY, makeHome, sql, startHost } from './hosts.mjs';
import { ann, direct, hook, settings, startTelegram, TOKEN } from './telegram.mjs';
import { root, until } from './support.mjs';

const home = makeHome(), file = path.join(home, 'config.json');
let telegram, host;

/** A command on this home: {code, out, err}. */
async function human(...args) {
  const env = { ...process.env, HUMAN_HOME: home, HUMAN_CONFIG: file, HUMAN_SCRIPTS: `${home}/scripts:${path.join(root, 'scripts')}` };
  try {
    const { stdout, stderr } = await promisify(execFile)(BINARY, args, { env });
    return { code: 0, out: stdout, err: stderr };
  } catch (e) {
    return { code: e.code, out: e.stdout, err: e.stderr };
  }
}

before(async () => {
  telegram = await startTelegram();
  fs.mkdirSync(path.join(home, 'scripts'));
  const many = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`a${i}`, { channel_secret: `s${i}`, channel_token: `t${i}` }]));
  fs.writeFileSync(file, JSON.stringify({ session: { dm_scope: 'per_peer', identity_links: { ann: ['discord:7', 'telegram:51'] } }, channels: { line: { accounts: many }, telegram: { bot_token: TOKEN, secret_token: 's-main', api_base: `${telegram.url}/`,
    accounts: { work: { token: TOKEN, webhook_secret: 's-work', api_base: telegram.url, allow_from: ['*'] }, off: { token: TOKEN, enabled: false } } } } }));
  const { HUMAN_LLM_PROVIDER } = settings(telegram);
  host = await startHost({ home, env: { HUMAN_LLM_PROVIDER, HUMAN_CONFIG: file, HUMAN_SCRIPTS: `${home}/scripts:${path.join(root, 'scripts')}`, HUMAN_OVERRIDES: 'gateway/channels/**' } });
});
after(async () => {
  await host?.stop();
  await telegram.close();
});

describe('an account of a channel', () => {
  it('is found by its secret, answers by itself, and shows its secret to nobody', async () => {
    await hook(host, direct('Hello', { from: { ...ann, id: 51 } }), { secret: 's-work' });
    await telegram.answer(51);
    assert.equal((await sql(home, "select account || ' ' || verdict from channel_inbox"))[0], 'work run');
    assert.equal((await hook(host, direct('Hello'), { secret: 's-off' })).status, 401);
    const c = await open(host), { payload } = await c.call('config.get');
    const shown = JSON.parse(JSON.stringify(payload.config)).channels.telegram;
    assert.deepEqual([shown.bot_token, shown.accounts.work.token, shown.accounts.work.webhook_secret, shown.accounts.work.api_base], ['***', '***', '***', telegram.url]);
    const { channels } = (await c.call('channels.status')).payload;
    assert.deepEqual(channels.filter((x) => x.name === 'telegram').map((x) => [x.key, x.status]), [['telegram', 'active'], ['telegram:off', 'disabled'], ['telegram:work', 'active']]);
    assert.equal(channels.filter((x) => x.name === 'line').length, 20); // limit: channel accounts
    c.ws.close();
  });

  it('shares a conversation with other channels if the settings say that it is one person', async () => {
    assert.deepEqual(await sql(home, "select session_key from agents where session_key like '%direct%'"), ['agent:main:direct:ann']);
  });

  it('keeps its secret when the settings are saved as they were shown', async () => {
    const c = await open(host), { payload } = await c.call('config.get');
    shownAgain(payload.config);
    const saved = await c.call('config.set', { raw: JSON.stringify({ channels: payload.config.channels }) });
    assert.equal(saved.payload?.saved, true, JSON.stringify(saved.error));
    const now = JSON.parse(fs.readFileSync(file, 'utf8')).channels.telegram;
    assert.deepEqual([now.bot_token, now.accounts.work.token, now.accounts.work.webhook_secret], [TOKEN, TOKEN, 's-work']);
    c.ws.close();
  });
});

function shownAgain(config) { config.channels.telegram.accounts.work.groups = 'all'; }

describe('human channels', () => {
  it('shows their state and who has asked to talk, and admits them', async () => {
    await hook(host, direct('Hello, it is me', { from: { ...ann, id: 61 } }), { secret: 's-main' });
    const code = /\b([A-Z2-9]{8})\b/.exec((await telegram.answer(61)).text)[1];
    assert.match((await human('channels')).out, /telegram +active/);
    assert.match((await human('channels', 'people')).out, new RegExp(`telegram +61 +Ann Lee +asked +${code}`));
    assert.deepEqual(await human('channels', 'approve', 'ZZZZZZZZ').then((r) => [r.code, /no such code/.test(r.err)]), [1, true]);
    assert.match((await human('channels', 'approve', code)).out, /Ann Lee \(telegram, 61\) may talk now/);
    await until(() => telegram.sent(61).length === 2, 10_000, 'they are told');
    assert.equal(JSON.parse((await human('channels', 'people', '--json')).out).people[0].state, 'allowed');
    assert.match((await human('channels', 'forget', 'telegram', '61')).out, /a stranger again/);
    assert.match((await human('channels', 'block', 'telegram:work', '51')).out, /may not talk/);
    assert.match((await human('channels', 'probe', 'telegram')).out, /the bot is huma_test_bot/);
    assert.match((await human('channels', 'webhook', 'telegram:work', 'https://bot.example/webhook/telegram')).out, /sends its messages there/);
    assert.equal(telegram.of('setWebhook')[0].query.secret_token, 's-work');
    assert.equal((await human('channels', 'probe', 'line')).code, 1);
    assert.deepEqual(await human('channels', 'aprove', code).then((r) => [r.code, /did you mean.*approve/i.test(r.err)]), [2, true]);
  });
});
