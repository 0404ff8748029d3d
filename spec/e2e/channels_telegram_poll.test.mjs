// spec/e2e/channels_telegram_poll.test.mjs -- Telegram by long polling: one poller among all workers and hosts, which goes on
// where it was; and webhooks, which nobody sets or deletes unasked.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Api } from 'grammy';
import TelegramServer from 'telegram-test-api';
import { open } from './gateway.mjs';
import { databaseUrl, errors, sql, startHost } from './hosts.mjs';
import { ann, BOT, direct, SECRET, settings, startTelegram, TOKEN } from './telegram.mjs';
import { freePort, until } from './support.mjs';

// A host may finish its work for longer than stop() has patience: one that stops does not poll on.
const env = (telegram, more = {}) => settings(telegram, { HUMAN_CHANNELS_TELEGRAM_MODE: 'poll', HUMAN_LIMITS_DRAIN_TIMEOUT_MS: '60000', HUMAN_CHANNELS_TELEGRAM_ALLOW_FROM: '*', HUMAN_DATABASE_POOL: '3', ...more });
let telegram, host, other, people = 3000;
const chat = () => ({ ...ann, id: people += 1 });

before(async () => {
  telegram = await startTelegram();
  host = await startHost({ env: env(telegram) });
  other = await startHost({ env: env(telegram, { DATABASE_URL: databaseUrl(host.home) }) });
});
after(async () => {
  const ends = await Promise.all([other?.stop(), host?.stop()]);
  await telegram.close();
  assert.deepEqual(errors(host.log()), []);
  assert.deepEqual(ends.map((end) => end.code), [0, 0]);
});

describe('the Telegram of these specs', () => {
  it('answers as a client of Telegram expects', async () => {
    const api = new Api(TOKEN, { apiRoot: telegram.url });
    assert.equal((await api.getMe()).username, BOT.username);
    assert.ok((await api.sendMessage(1, 'x')).message_id > 0);
    telegram.on = () => ({ status: 429, ok: false, error_code: 429, description: 'Too Many Requests', parameters: { retry_after: 7 } });
    await assert.rejects(api.sendMessage(1, 'x'), (e) => e.error_code === 429 && e.parameters.retry_after === 7);
    telegram.on = () => undefined;
  });
});

describe('polling', () => {
  it('answers each update once, by one poller of two hosts, and confirms what it has taken', async () => {
    const froms = Array.from({ length: 10 }, chat);
    for (const from of froms) telegram.give(direct('Hello', { from }));
    for (const from of froms) await telegram.answer(from.id);
    await until(() => telegram.updates.length === 0, 10_000, 'all are confirmed');
    for (const from of froms) assert.equal(telegram.sent(from.id).length, 1);
    assert.equal(telegram.most, 1, 'never two at a time');
    assert.equal(telegram.of('deleteWebhook').length + telegram.of('setWebhook').length, 0);
  });

  it('survives invalid answers, a cut line, and somebody else who polls', async () => {
    const good = { ok: true, result: [] }; // pauses grow from one failure to the next, and begin anew behind an answer
    const kinds = ['cut', good, { status: 502, ok: false }, good, { ok: true, result: 'x' },
      { status: 409, ok: false, error_code: 409, description: 'Conflict: terminated by other getUpdates request' }];
    let n = 0;
    telegram.on = (method) => (method === 'getUpdates' ? kinds[n++] : undefined);
    await until(() => n >= kinds.length, 40_000, 'all were tried');
    const c = await open(host);
    const mine = async () => (await c.call('channels.status')).payload.channels.find((x) => x.key === 'telegram');
    await until(async () => /somebody else/.test((await mine()).error ?? ''), 10_000, 'the conflict is told');
    telegram.on = () => undefined;
    const from = chat();
    telegram.give(direct('Still there?', { from }));
    await telegram.answer(from.id, 1, 60_000);
    await until(async () => (await mine()).healthy, 10_000, 'it is well again');
    c.ws.close();
  });

  it('continues on the other host when the one that polls is killed', async () => {
    telegram.on = () => undefined;
    const [a, b] = [chat(), chat()];
    telegram.give(direct('One', { from: a }));
    await telegram.answer(a.id);
    await other.kill();
    other = await startHost({ home: other.home, port: other.port, env: env(telegram, { DATABASE_URL: databaseUrl(host.home) }) });
    telegram.give(direct('Two', { from: b }));
    await telegram.answer(b.id, 1, 60_000);
    assert.deepEqual([telegram.sent(a.id).length, telegram.sent(b.id).length], [1, 1]);
  });
});

describe('a webhook of Telegram', () => {
  it('is set and removed at the operator\'s command, and the secret stays in the host', async () => {
    const c = await open(host);
    assert.deepEqual((await c.call('channels.webhook', { channel: 'telegram', url: 'https://bot.example/webhook/telegram?x=1&y' })).payload, { set: true });
    const set = telegram.of('setWebhook').at(-1);
    assert.deepEqual([set.query.url, set.query.secret_token, set.body.allowed_updates[0]], ['https://bot.example/webhook/telegram?x=1&y', SECRET, 'message']);
    assert.deepEqual((await c.call('channels.webhook', { channel: 'telegram' })).payload, { set: false });
    assert.equal(telegram.of('deleteWebhook').length, 1);
    telegram.on = () => ({ status: 400, ok: false, error_code: 400, description: 'Bad Request: bad webhook: HTTPS url must be provided for webhook' });
    const { error } = await c.call('channels.webhook', { channel: 'telegram', url: 'http://bot.example/' });
    assert.match(error.message, /HTTPS url must be provided/);
    telegram.on = () => undefined;
    assert.deepEqual((await c.call('channels.probe', { channel: 'telegram' })).payload, { ok: true, bot: BOT.username });
    c.ws.close();
  });
});

describe('telegram-test-api', () => {
  it('delivers a message, and gets the answer', async () => {
    const server = new TelegramServer({ port: await freePort(), host: '127.0.0.1' });
    await server.start();
    const client = server.getClient(TOKEN, { userId: 77, chatId: 77, firstName: 'Tess', timeout: 30_000 });
    const mine = await startHost({ env: env({ url: server.config.apiURL }) });
    await client.sendMessage(client.makeMessage('Good morning'));
    const { result } = await client.getUpdates();
    assert.ok(result[0].message.text.length > 0 && Number(result[0].message.chat_id) === 77, JSON.stringify(result));
    assert.equal((await sql(mine.home, 'select verdict from channel_inbox'))[0], 'run');
    assert.equal((await mine.stop()).code, 0);
    await server.stop();
  });
});
