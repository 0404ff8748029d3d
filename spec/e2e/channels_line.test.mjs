// spec/e2e/channels_line.test.mjs -- the agent on LINE: webhooks that LINE's SDK would believe, answers as its client sends them.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { messagingApi, validateSignature } from '@line/bot-sdk';
import { ollama } from './dialects.mjs';
import { errors, startHost } from './hosts.mjs';
import { startServer } from './models_server.mjs';
import { essence, one, post, recorder, spoiled, verdict } from './recorder.mjs';
import { until } from './support.mjs';

const SECRET = 'line-secret', TOKEN = 'line-access-token', REPLY = '/v2/bot/message/reply', PUSH = '/v2/bot/message/push', ME = { userId: 'Ubot', basicId: '@bot', displayName: 'Bot' };
let line, host, count = 0;

const usual = (call) => {
  if (call.path === '/v2/bot/info') return { body: ME };
  if (call.path === REPLY || call.path === PUSH) return { body: { sentMessages: call.body.messages.map(() => ({ id: `${count += 1}`, quoteToken: 'q' })) } };
  return call.path === '/v2/bot/chat/loading/start' ? { status: 202 } : undefined;
};

const settings = () => ({ HUMAN_LLM_PROVIDER: 'offline', HUMAN_CHANNELS_LINE_CHANNEL_SECRET: SECRET, HUMAN_CHANNELS_LINE_CHANNEL_TOKEN: TOKEN,
  HUMAN_CHANNELS_LINE_API_BASE: line.url, HUMAN_CHANNELS_LINE_ALLOW_FROM: '*' });

before(async () => {
  line = await recorder(usual);
  host = await startHost({ env: settings() });
});
after(async () => {
  assert.deepEqual(errors(host.log()), []);
  assert.doesNotMatch(host.log(), new RegExp(`${SECRET}|${TOKEN}`));
  assert.equal((await host.stop()).code, 0);
  await line.close();
});
beforeEach(() => { line.answer = () => undefined; line.calls.length = 0; });

const sign = (text, secret = SECRET) => createHmac('sha256', secret).update(text).digest('base64');
async function hook(events, { signature, to = host, body = JSON.stringify({ destination: 'Ubot', events }) } = {}) {
  if (signature === undefined) assert.ok(validateSignature(body, SECRET, sign(body)), 'the SDK believes it');
  const given = signature === undefined ? sign(body) : signature;
  return post(to, '/webhook/line', body, given === null ? {} : { 'x-line-signature': given });
}
const event = (text, more = {}) => ({ type: 'message', mode: 'active', timestamp: Date.now(), webhookEventId: `01H${count += 1}`, deliveryContext: { isRedelivery: false }, replyToken: `rt${count}`,
  source: { type: 'user', userId: `U${count}` }, message: { id: `${count}`, type: 'text', quoteToken: 'q', text }, ...more });
const client = (baseURL) => new messagingApi.MessagingApiClient({ channelAccessToken: TOKEN, baseURL });

describe('a message on LINE', () => {
  it('is answered with its reply token, as by the SDK\'s client, while people see that work is in progress', async () => {
    const asked = event('Good morning');
    assert.deepEqual(await hook([asked]).then((a) => [a.status, a.json]), [200, { received: true }]);
    const said = await line.call(REPLY);
    assert.equal(said.body.replyToken, asked.replyToken);
    assert.deepEqual(essence(said), essence(await line.said((url) => client(url).replyMessage({ replyToken: asked.replyToken, messages: said.body.messages }))));
    assert.equal(said.headers['x-line-retry-key'], undefined);
    const loading = line.calls.find((c) => c.path === '/v2/bot/chat/loading/start');
    if (loading) assert.deepEqual(essence(loading), essence(await line.said((url) => client(url).showLoadingAnimation({ chatId: asked.source.userId, loadingSeconds: 20 }))));
    await hook([{ ...asked, deliveryContext: { isRedelivery: true } }, event('And you?', { source: asked.source })]);
    await line.call(REPLY, 2);
    assert.equal(line.of(REPLY).length, 2, 'a message that comes again is answered once');
  });

  it('gets its answer as a push, under a key, when its reply token is no longer valid', async () => {
    line.answer = (call) => (call.path === REPLY ? { status: 400, body: { message: 'Invalid reply token' } } : undefined);
    const asked = event('Hello'), late = event('Hello', { timestamp: Date.now() - 60_000 });
    await hook([asked]);
    const said = await line.call(PUSH);
    const key = said.headers['x-line-retry-key'];
    assert.match(key, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const sdk = await line.said((url) => client(url).pushMessage({ to: asked.source.userId, messages: said.body.messages }, key));
    assert.deepEqual([essence(said), key], [essence(sdk), sdk.headers['x-line-retry-key']]);
    await hook([late]);
    await line.call(PUSH, 2);
    assert.equal(line.of(REPLY).length, 1, 'an old token is not tried');
  });

  it('is not answered twice if LINE took the answer and the connection broke', async () => {
    const seen = new Set();
    line.answer = (call) => {
      if (call.path === REPLY && seen.size > 0) return { status: 400, body: { message: 'Invalid reply token' } };
      if (call.path !== REPLY) return undefined;
      seen.add(call.body.replyToken);
      return 'cut';
    };
    const asked = event('Hello');
    await hook([asked]);
    await until(async () => await one(host, `select state from channel_posts where chat = '${asked.source.userId}'`) === 'sent', 20_000, 'it is sent');
    assert.deepEqual([line.of(REPLY).length, line.of(PUSH).length], [2, 0]);
  });

  it('gets every push under one key however often LINE fails, and only once if LINE had taken it', async () => {
    let n = 0;
    line.answer = (call) => {
      if (call.path !== PUSH) return undefined;
      n += 1;
      return n === 1 ? { status: 500, body: { message: 'Internal error' } } : { status: 409, headers: { 'x-line-accepted-request-id': 'r' }, body: { message: 'The retry key is already accepted', sentMessages: [{ id: '9' }] } };
    };
    const asked = event('Hello', { timestamp: Date.now() - 60_000 });
    await hook([asked]);
    await line.call(PUSH, 2);
    await until(async () => await one(host, `select state || ' ' || vendor_id from channel_posts where chat = '${asked.source.userId}'`) === 'sent 9', 20_000, 'it is sent');
    assert.equal(new Set(line.of(PUSH).map((c) => c.headers['x-line-retry-key'])).size, 1);
  });

  it('is given up visibly when the plan\'s messages are used up', async () => {
    line.answer = (call) => (call.path === PUSH ? { status: 429, body: { message: 'You have reached your monthly limit.' } } : undefined);
    const asked = event('Hello', { timestamp: Date.now() - 60_000 });
    await hook([asked]);
    await until(async () => (await one(host, `select state || ': ' || error from channel_posts where chat = '${asked.source.userId}'`))?.startsWith('failed: The plan\'s messages of this month are used up'), 20_000, 'it failed');
    assert.equal(line.of(PUSH).length, 1);
  });
});

describe('a long answer on LINE', () => {
  let model, talker;
  before(async () => {
    const text = Array.from({ length: 7 }, (_, i) => `${i} ${'x'.repeat(4900)}`).join('\n\n');
    model = await startServer((_, res) => { res.writeHead(200, { 'content-type': ollama.type }); res.end(ollama.stream({ text })); });
    talker = await startHost({ env: { ...settings(), HUMAN_LLM_PROVIDER: 'ollama', HUMAN_LLM_MODEL: 'm', OLLAMA_HOST: model.url } });
  });
  after(async () => {
    await model.close();
    await talker.stop();
  });

  it('is up to five bubbles in one call, so that a reply token goes as far as it can', async () => {
    const asked = event('Tell me all');
    await hook([asked], { to: talker });
    const said = await line.call(PUSH), first = line.of(REPLY)[0];
    assert.deepEqual(first.body.messages.map((m) => m.text[0]), ['0', '1', '2', '3', '4']);
    assert.deepEqual(said.body.messages.map((m) => m.text[0]), ['5', '6']);
  });
});

describe('in a group on LINE', () => {
  const group = { type: 'group', groupId: 'C1', userId: 'U1' };
  const said = (text, more) => event(text, { source: group, ...more });

  it('only a message that mentions or quotes the bot is answered', async () => {
    const mention = said('@Bot hello', { message: { id: `m${count += 1}`, type: 'text', quoteToken: 'q', text: '@Bot hello', mention: { mentionees: [{ index: 0, length: 4, type: 'user', userId: 'Ubot', isSelf: true }] } } });
    const other = said('hello all');
    await hook([other, mention]);
    const answer = await line.call(REPLY);
    assert.equal(answer.body.replyToken, mention.replyToken);
    assert.equal(await verdict(host, 'line', other.webhookEventId), 'not-addressed');
    const ours = await until(() => one(host, "select vendor_id from channel_posts where chat = 'C1' and vendor_id is not null"), 10_000, 'its id is known');
    const quote = said('and then?', { message: { id: `m${count += 1}`, type: 'text', quoteToken: 'q', text: 'and then?', quotedMessageId: ours } });
    const stranger = said('why?', { message: { id: `m${count += 1}`, type: 'text', quoteToken: 'q', text: 'why?', quotedMessageId: 'of another' } });
    await hook([quote, stranger]);
    assert.equal((await line.call(REPLY, 2)).body.replyToken, quote.replyToken);
    assert.equal(await verdict(host, 'line', stranger.webhookEventId), 'not-addressed');
    assert.equal(line.of('/v2/bot/chat/loading/start').length, 0);
  });
});

describe('a webhook of LINE', () => {
  it('is refused without a signature, or with one for other bytes', async () => {
    const body = JSON.stringify({ destination: 'U', events: [event('x')] });
    for (const signature of [null, '', 'x', sign(body, 'other'), sign(`${body} `), sign(body).slice(0, -1), `${sign(body)}=`, sign(body).toLowerCase()]) {
      const got = await hook([], { body, signature });
      assert.deepEqual([got.status, got.json.error], [401, 'invalid signature'], String(signature));
    }
    assert.equal(await one(host, `select count(*) from channel_inbox where vendor_id = '${JSON.parse(body).events[0].webhookEventId}'`), '0');
  });

  it('may have no events, as when LINE verifies an address, and skips what another channel of the account answers', async () => {
    assert.equal((await hook([])).status, 200);
    const standby = event('x', { mode: 'standby' });
    assert.equal((await hook([standby])).status, 200);
    assert.equal(await one(host, `select count(*) from channel_inbox where vendor_id = '${standby.webhookEventId}'`), '0');
  });

  it('breaks nothing, whatever it contains', async () => {
    const text = { id: 'x', type: 'sticker', keywords: ['a'] };
    for (const body of spoiled({ destination: 'U', events: [event('/noop'), event('/noop', { message: text, mode: 'standby' })] }, 150)) {
      assert.ok([200, 400].includes((await hook([], { body: JSON.stringify(body) })).status));
    }
    const deep = `{"events":${'['.repeat(5000)}${']'.repeat(5000)}}`;
    assert.equal((await hook([], { body: deep, signature: sign(deep) })).status, 400);
  });
});
