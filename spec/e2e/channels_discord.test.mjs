// spec/e2e/channels_discord.test.mjs -- the agent on Discord: whom it believes, by Discord's own SDK; commands, buttons and
// messages that are forwarded; and what goes out, against Discord's types.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { InteractionResponseType, InteractionType, verifyKey } from 'discord-interactions';
import { ollama } from './dialects.mjs';
import { errors, sql, startHost } from './hosts.mjs';
import { startServer } from './models_server.mjs';
import { root, until } from './support.mjs';
import { discord, discordHeaders, DISCORD_KEY, now, post, snowflake, startDiscord } from './vendors.mjs';

const GENERIC = 'topsecret', APPLICATION = '42';
let vendor, host;

before(async () => {
  vendor = await startDiscord();
  host = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_WEBHOOK_HMAC_SECRET: GENERIC, HUMAN_CHANNELS_DISCORD_PUBLIC_KEY: DISCORD_KEY, HUMAN_CHANNELS_DISCORD_APPLICATION_ID: APPLICATION,
    HUMAN_CHANNELS_DISCORD_TOKEN: 'bot-t0ken', HUMAN_CHANNELS_DISCORD_API_BASE: vendor.url, HUMAN_CHANNELS_DISCORD_ALLOW_FROM: '9' } });
});
after(async () => {
  assert.deepEqual(errors(host.log()), []);
  assert.ok(!host.log().includes('bot-t0ken'));
  assert.equal((await host.stop()).code, 0);
  await vendor.close();
});
beforeEach(() => {
  vendor.on = () => undefined;
  vendor.calls.length = 0;
});

const one = async (statement) => (await sql(host.home, statement))[0];
const chat = () => snowflake();
const command = (text, more = {}) => ({ type: InteractionType.APPLICATION_COMMAND, id: snowflake(), application_id: APPLICATION, token: 'aW50ZXJhY3Rpb24', channel_id: chat(), guild_id: '8', version: 1,
  member: { user: { id: '9', username: 'ann', global_name: 'Ann' }, nick: null }, data: { id: '1', type: 1, name: 'ask', options: [{ type: 3, name: 'text', value: text }] }, ...more });
const message = (content, more = {}) => ({ id: snowflake(), type: 0, channel_id: chat(), author: { id: '9', username: 'ann', bot: false }, content, mentions: [], ...more });
const signed = (body) => ({ 'x-signature': createHmac('sha256', GENERIC).update(body).digest('hex') });
const forward = (m) => { const body = JSON.stringify(m); return post(host, '/webhook/discord', body, signed(body)); };

describe('a webhook of Discord', () => {
  it('is accepted if Discord\'s SDK accepts it, and answered as it wants, whatever the age of a ping', async () => {
    for (const at of [now(), 1700000000]) {
      const body = '{"type":1}', headers = discordHeaders(body, at);
      assert.equal(await verifyKey(body, headers['x-signature-ed25519'], headers['x-signature-timestamp'], DISCORD_KEY), true);
      const got = await discord(host, body, { headers });
      assert.deepEqual([got.status, got.headers.get('content-type'), JSON.parse(got.body)], [200, 'application/json', { type: InteractionResponseType.PONG }]);
    }
    const event = await discord(host, { version: 1, application_id: APPLICATION, type: 0 });
    assert.deepEqual([event.status, event.body], [204, '']);
    assert.equal((await discord(host, { version: 1, application_id: APPLICATION, type: 1, event: { type: 'APPLICATION_AUTHORIZED', timestamp: '2026-01-01T00:00:00Z', data: {} } })).status, 204);
    assert.deepEqual(JSON.parse((await discord(host, command('x', { type: 4 }))).body), { type: InteractionResponseType.APPLICATION_COMMAND_AUTOCOMPLETE_RESULT, data: { choices: [] } });
  });

  it('is refused if the SDK refuses it (forged, for another body or time, truncated, unsigned), or if it is old', async () => {
    const body = JSON.stringify(command('Let me in')), good = discordHeaders(body);
    const forged = [[{ ...good, 'x-signature-ed25519': '0'.repeat(128) }, body], [good, `${body} `], [{ ...good, 'x-signature-timestamp': String(now() + 1) }, body],
      [{ ...good, 'x-signature-ed25519': good['x-signature-ed25519'].slice(0, 126) }, body], [{ ...good, 'x-signature-ed25519': 'x' }, body]];
    for (const [headers, text] of forged) {
      assert.equal(await verifyKey(text, headers['x-signature-ed25519'], headers['x-signature-timestamp'], DISCORD_KEY).catch(() => false), false);
      assert.equal((await discord(host, text, { headers })).status, 401);
    }
    const { 'x-signature-timestamp': stamp, 'x-signature-ed25519': signature } = good;
    for (const headers of [{}, { 'x-signature-ed25519': signature }, { 'x-signature-timestamp': stamp }]) assert.equal((await discord(host, body, { headers })).status, 401);
    // Discord's headers are Discord's business: our own secret does not replace its key.
    assert.equal((await discord(host, body, { headers: { ...forged[0][0], ...signed(body) } })).status, 401);
    for (const at of [now() - 310, now() + 310]) assert.equal((await discord(host, command('late'), { at })).status, 401);
    assert.equal(await one(`select count(*) from channel_inbox where message->>'text' in ('Let me in', 'late')`), '0');
  });
});

describe('a command', () => {
  it('is acknowledged before it is answered; its answer replaces "is thinking", needs no token and pings nobody', async () => {
    const c = command('Good morning');
    const got = await discord(host, c);
    assert.deepEqual(JSON.parse(got.body), { type: InteractionResponseType.DEFERRED_CHANNEL_MESSAGE_WITH_SOURCE });
    const said = await vendor.next((v) => v.method === 'PATCH');
    assert.equal(said.path, `/webhooks/${APPLICATION}/${c.token}/messages/@original`);
    assert.equal(said.headers.authorization, undefined);
    assert.match(said.headers['user-agent'], /^DiscordBot \(https:\/\/\S+, \S+\)/);
    assert.deepEqual(said.body.allowed_mentions, { parse: [] });
    assert.ok(said.body.content.length > 0 && said.body.content.length <= 2000);
    await discord(host, c);                                  // comes again: it is not answered again
    const next = command('And now?', { channel_id: c.channel_id });
    await discord(host, next);
    await vendor.next((v) => v.method === 'PATCH', 2);
    assert.equal(await one(`select count(*) from gateway_runs where cause in (select 'channel:' || id from channel_inbox where message->>'chat' = '${c.channel_id}')`), '2');
  });

  it('whose token has expired is answered by the bot in the channel', async () => {
    const c = command('Good morning');
    vendor.on = (v) => (v.method === 'PATCH' ? { status: 404, body: { message: 'Unknown Webhook', code: 10015 } } : undefined);
    await discord(host, c);
    const said = await vendor.next((v) => v.path === `/channels/${c.channel_id}/messages`);
    assert.equal(said.headers.authorization, 'Bot bot-t0ken');
    assert.ok(said.body.nonce.length <= 25 && said.body.enforce_nonce === true);
  });
});

describe('an application without a bot', () => {
  let model, talker, said;
  before(async () => {
    model = await startServer((_, res) => { res.writeHead(200, { 'content-type': ollama.type }); res.end(ollama.stream({ text: said })); });
    talker = await startHost({ env: { HUMAN_LLM_PROVIDER: 'ollama', HUMAN_LLM_MODEL: 'm', OLLAMA_HOST: model.url, HUMAN_CHANNELS_DISCORD_PUBLIC_KEY: DISCORD_KEY, HUMAN_CHANNELS_DISCORD_APPLICATION_ID: APPLICATION,
      HUMAN_CHANNELS_DISCORD_API_BASE: vendor.url, HUMAN_CHANNELS_DISCORD_ALLOW_FROM: '9' } });
  });
  after(async () => {
    await model.close();
    assert.equal((await talker.stop()).code, 0);
  });

  it('answers a command in several messages if needed, all with the command\'s token', async () => {
    said = Array.from({ length: 4 }, (_, i) => `${i} ${'x'.repeat(1900)}`).join('\n\n');
    const c = command('Tell me all');
    await discord(talker, c);
    const base = `/webhooks/${APPLICATION}/${c.token}`;
    await until(() => vendor.calls.length === 4, 20_000, 'all of it');
    assert.deepEqual(vendor.calls.map((v) => [v.method, v.path, v.body.content[0], v.headers.authorization]),
      [['PATCH', `${base}/messages/@original`, '0', undefined], ...['1', '2', '3'].map((n) => ['POST', `${base}?wait=true`, n, undefined])]);
    await until(async () => (await sql(talker.home, "select count(*) from channel_posts where state = 'sent'"))[0] === '4', 20_000, 'all of it is sent');
  });
});

describe('a forwarded message', () => {
  it('is answered by the bot in a direct chat, and in a channel only if it addresses the bot', async () => {
    const direct = message('Good morning'), there = message('<@42> Good morning', { guild_id: '8', mentions: [{ id: '42', username: 'human' }] });
    const other = message('Good morning', { guild_id: '8' });
    for (const m of [other, direct, there]) assert.equal((await forward(m)).status, 200);
    for (const m of [direct, there]) {
      const said = await vendor.next((v) => v.path === `/channels/${m.channel_id}/messages`);
      assert.equal(said.body.content.length > 0, true);
      if (m.guild_id) assert.deepEqual(said.body.message_reference, { message_id: m.id, fail_if_not_exists: false });
    }
    await until(async () => await one(`select verdict from channel_inbox where vendor_id = '${other.id}'`) === 'not-addressed', 20_000, 'the other is not addressed');
    assert.equal((await post(host, '/webhook/discord', JSON.stringify(direct), signed('x'))).status, 401);
  });

  it('from a bot, or from the agent itself, is not answered', async () => {
    for (const author of [{ id: '42', username: 'human', bot: true }, { id: '9', username: 'ann', bot: true }]) {
      const m = message('Good morning', { author });
      await forward(m);
      const asked = message('What time is it?');
      await forward(asked);
      await vendor.next((v) => v.path === `/channels/${asked.channel_id}/messages`);
      assert.equal(vendor.calls.filter((v) => v.path === `/channels/${m.channel_id}/messages`).length, 0);
    }
  });

  it('whose answer is rate-limited goes out when Discord says, to fractions of a second', async () => {
    const m = message('Good morning');
    let refused;
    vendor.on = (v) => {
      if (refused || !v.path.endsWith('/messages')) return undefined;
      refused = v.at;
      return { status: 429, headers: { 'retry-after': '1' }, body: { message: 'You are being rate limited.', retry_after: 1.25, global: false } };
    };
    await forward(m);
    const said = await vendor.next((v) => v.path === `/channels/${m.channel_id}/messages`, 2);
    assert.ok(said.at - refused >= 1200, `${said.at - refused} ms`);
    assert.equal(vendor.calls.find((v) => v.at === refused).body.nonce, said.body.nonce);
  });
});

describe('hostile bodies', () => {
  it('with a good signature are refused or ignored, and cause no error of ours', async () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    for (const body of ['', '{', '[]', 'null', '1', '"x"', deep, '{"type":2}', '{"type":"2"}', '{"type":2,"data":[]}', '{"type":1e400}', `{"author":${deep}}`,
      JSON.stringify(command('x', { id: 5, channel_id: {}, member: [] })), JSON.stringify(command('x', { data: { name: {}, options: [[[]]] } })), JSON.stringify(message('\u0000'.repeat(1000)))]) {
      const got = await discord(host, body);
      assert.ok([200, 204, 400].includes(got.status), `${got.status} of ${body.slice(0, 60)}`);
    }
    assert.equal((await discord(host, `{"type":2,"x":"${'x'.repeat(1048576)}"}`)).status, 413);
  });
});

describe('what goes out', () => {
  it('has the types that Discord\'s API has', async () => {
    const m = message('<@42> Good morning', { guild_id: '8' }), c = command('Good morning');
    await forward(m);
    await discord(host, c);
    const sent = (await vendor.next((v) => v.path === `/channels/${m.channel_id}/messages`)).body, changed = (await vendor.next((v) => v.method === 'PATCH')).body;
    const dir = fs.mkdtempSync(path.join(root, 'spec/e2e/node_modules/.types-'));
    try {
      fs.writeFileSync(path.join(dir, 'sent.ts'), `import type { RESTPostAPIChannelMessageJSONBody as Sent, RESTPatchAPIInteractionOriginalResponseJSONBody as Changed } from 'discord-api-types/v10';
        export const sent: Sent = ${JSON.stringify(sent)};
        export const changed: Changed = ${JSON.stringify(changed)};`);
      await promisify(execFile)(process.execPath, [path.join(root, 'spec/e2e/node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext',
        '--moduleResolution', 'nodenext', path.join(dir, 'sent.ts')]).catch((e) => assert.fail(e.stdout));
    } finally {
      fs.rmSync(dir, { recursive: true });
    }
  });
});
