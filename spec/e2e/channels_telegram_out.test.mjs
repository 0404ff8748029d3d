// spec/e2e/channels_telegram_out.test.mjs -- what goes out to Telegram: in pieces, in order, at its pace, again when it was
// refused for a while, and once however a host dies.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { asks } from './gateway_world.mjs';
import { databaseUrl, sql, startHost } from './hosts.mjs';
import { ollama } from './dialects.mjs';
import { startServer, stream } from './models_server.mjs';
import { ann, direct, hook, inGroup, settings, startTelegram } from './telegram.mjs';
import { until } from './support.mjs';

let telegram, host, other, model, people = 2000;
const env = () => settings(telegram, { ...asks(model), HUMAN_CHANNELS_TELEGRAM_ALLOW_FROM: '*', HUMAN_DATABASE_POOL: '3' });

before(async () => {
  telegram = await startTelegram();
  model = await startServer(() => {});
  host = await startHost({ env: env() });
});
after(async () => {
  await other?.stop();
  await host?.stop();
  await model.close();
  await telegram.close();
});
beforeEach(() => {
  telegram.on = () => undefined;
  telegram.calls.length = 0;
});

const one = async (statement) => (await sql(host.home, statement))[0];
const chat = () => ({ ...ann, id: people += 1 });
const of = (method, answer) => (m, body) => (m === method ? answer(body) : undefined);

/** Somebody whose session asks the model server, which answers with this text. */
async function told(text, from = chat()) {
  await hook(host, direct('Hello', { from }));
  await telegram.answer(from.id);
  const c = await open(host);
  await c.call('sessions.patch', { key: `agent:main:telegram:direct:${from.id}`, model: 'ollama/m' });
  c.ws.close();
  telegram.calls.length = 0;
  model.on = (_, res) => stream(res, ollama.stream({ text }));
  const since = performance.now();
  await hook(host, direct('Tell me', { from }));
  return { from, since };
}

describe('an answer', () => {
  it('of more than 4096 characters goes out in pieces, in order, a second apart, with its markup', async () => {
    const text = Array.from({ length: 180 }, (_, i) => `**Part ${i}** has a <few> words & more of them, 💪 as it should.\n\n`).join('');
    const { from, since } = await told(text);
    await until(() => telegram.sent(from.id).map((c) => c.body.text).join('').includes('Part 179'), 30_000, 'all of it is there');
    const calls = telegram.sent(from.id);
    assert.ok(calls.length >= 3);
    assert.deepEqual(calls.map((c) => c.body.text).join('\n').match(/Part \d+/g), text.match(/Part \d+/g));
    for (const [i, { body, at }] of calls.entries()) {
      assert.equal(body.parse_mode, 'HTML');
      assert.ok(body.text.replace(/<\/?b>/g, '').replace(/&(lt|gt|amp);/g, '_').length <= 4096);
      assert.ok(at - since > 950 * i, `${i}: ${at - since} ms`); // one that a busy machine sent late does not hold up the next
      assert.match(body.text, /^<b>Part \d+<\/b> has a &lt;few&gt; words &amp; more/);
    }
  });

  it('goes out without markup if Telegram cannot read it', async () => {
    telegram.on = of('sendMessage', (b) => (b.parse_mode ? { status: 400, ok: false, error_code: 400, description: "Bad Request: can't parse entities: Unexpected end tag" } : undefined));
    const from = chat();
    await hook(host, direct('Hello', { from }));
    await until(() => telegram.sent(from.id).length === 2, 10_000, 'it was sent again');
    assert.deepEqual(telegram.sent(from.id).map((c) => c.body.parse_mode), ['HTML', undefined]);
  });

  it('waits as long as Telegram says; answers to other chats do not', async () => {
    const from = chat(), else_ = chat();
    let refused = 0;
    telegram.on = of('sendMessage', (b) => (b.chat_id === from.id && !telegram.sent(else_.id).length && (refused += 1) ? { status: 429, ok: false, error_code: 429, description: 'Too Many Requests: retry after 3', parameters: { retry_after: 3 } } : undefined));
    await hook(host, direct('Hello', { from }));
    await until(() => refused === 1, 10_000, 'it is refused');
    await hook(host, direct('Hello', { from: else_ }));
    await telegram.answer(else_.id);
    await until(() => telegram.sent(from.id).length > refused, 15_000, 'it was sent again');
    const [a, b] = telegram.sent(from.id);
    assert.ok(b.at - a.at >= 2900, `${b.at - a.at} ms`);
    assert.deepEqual(a.body, b.body);
  });

  it('follows a group that has become another', async () => {
    const old = -4001, fresh = -1004001;
    telegram.on = of('sendMessage', (b) => (b.chat_id === old ? { status: 400, ok: false, error_code: 400, description: 'Bad Request: group chat was upgraded to a supergroup chat', parameters: { migrate_to_chat_id: fresh } } : undefined));
    await hook(host, inGroup('/time', { chat: old, entities: [{ type: 'bot_command', offset: 0, length: 5 }] }));
    await telegram.answer(fresh);
  });

  it('is sent again if Telegram does not respond, hangs up or fails; if refused, it is reported instead', async () => {
    const from = chat(), gone = chat(), c = await open(host);
    let n = 0;
    telegram.on = of('sendMessage', (b) => {
      if (b.chat_id === gone.id) return { status: 403, ok: false, error_code: 403, description: 'Forbidden: bot was blocked by the user' };
      n += 1;
      return n === 1 ? 'cut' : n === 2 ? { status: 502, ok: false } : undefined;
    });
    await hook(host, direct('Hello', { from }));
    await hook(host, direct('Hello', { from: gone }));
    await until(() => n === 3, 20_000, 'the third one is taken');
    const failed = await c.next((f) => f.event === 'channel.failed' && f.payload.chat === String(gone.id));
    assert.match(failed.payload.message, /blocked by the user/);
    await until(async () => (await one(`select state from channel_posts where chat = '${from.id}'`)) === 'sent', 10_000, 'it is written down');
    assert.equal(telegram.sent(gone.id).length, 1);
    const { channels } = (await c.call('channels.status')).payload;
    const mine = channels.find((x) => x.key === 'telegram');
    assert.ok(mine.configured && mine.last_in > 0 && mine.last_out > 0, JSON.stringify(mine));
    assert.match(mine.last_out_error, /blocked by the user|502|network|empty reply/i);
    assert.doesNotMatch(JSON.stringify(channels), /telegram-test-token/);
    c.ws.close();
  });

  it('that fails twelve times is given up', async () => { // limit: channel tries
    const from = chat();
    await sql(host.home, `insert into channel_posts (id, channel, account, chat, message, tries) values ('cxxxxxxxxx1', 'telegram', 'main', '${from.id}', '{"chat": "${from.id}", "text": "x", "first": true}', 11)`);
    await sql(host.home, `insert into host_queue (kind, id, key, payload, due_at, order_at) values ('channel.out', 'cxxxxxxxxx2', 'telegram main ${from.id}', '{"post": "cxxxxxxxxx1"}', human_now(), human_now())`);
    telegram.on = of('sendMessage', () => ({ status: 500, ok: false }));
    await until(async () => (await one("select state || error from channel_posts where id = 'cxxxxxxxxx1'")) === 'failedTelegram answers 500', 10_000, 'it is given up');
  });
});

describe('what came in', () => {
  it('and cannot be read is given up, so that its chat goes on', async () => { // limit: channel attempts
    const from = chat(), key = `telegram main ${from.id}`;
    await sql(host.home, "insert into channel_inbox (id, channel, account, vendor_id, message) values ('cyyyyyyyyy1', 'telegram', 'main', 'bad', '{\"from\": 5}')");
    await sql(host.home, `insert into host_queue (kind, id, key, payload, attempts, due_at, order_at) values ('channel.in', 'cyyyyyyyyy2', '${key}', '{"item": "cyyyyyyyyy1"}', 12, human_now(), human_now())`);
    await hook(host, direct('Hello', { from }));
    await telegram.answer(from.id);
    assert.equal(await one("select verdict from channel_inbox where id = 'cyyyyyyyyy1'"), 'failed');
  });
});

describe('a host that is killed', () => {
  it('between a message and its answer leaves nothing undone; only what was on its way to Telegram may arrive twice', async () => {
    other = await startHost({ env: { ...env(), DATABASE_URL: databaseUrl(host.home) } });
    const froms = Array.from({ length: 12 }, chat);
    for (const [i, from] of froms.entries()) {
      const got = await hook(i % 2 ? other : host, direct(`Hello ${i}`, { from }));
      assert.equal(got.status, 200);
      if (i === 6) await other.kill();
      if (i === 6) other = await startHost({ home: other.home, port: other.port, env: { ...env(), DATABASE_URL: databaseUrl(host.home) } });
    }
    for (const from of froms) await telegram.answer(from.id, 1, 60_000);
    await until(async () => (await one("select count(*) from channel_posts where state in ('waiting', 'sending')")) === '0', 30_000, 'nothing waits');
    for (const from of froms) {
      const tries = Number(await one(`select tries from channel_posts where chat = '${from.id}'`));
      assert.ok(telegram.sent(from.id).length <= tries && tries <= 2, `${from.id}: ${telegram.sent(from.id).length} of ${tries}`);
    }
    assert.equal(await one(`select count(*) from gateway_runs where cause in (select 'channel:' || id from channel_inbox where person in ('${froms.map((f) => f.id).join("','")}'))`), '12');
  });
});
