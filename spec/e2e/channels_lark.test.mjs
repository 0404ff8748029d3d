// spec/e2e/channels_lark.test.mjs -- the agent on Lark: events that Lark's SDK decrypts and dispatches, and messages as its
// client sends them.
import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import * as lark from '@larksuiteoapi/node-sdk';
import { open } from './gateway.mjs';
import { errors, sql, startHost } from './hosts.mjs';
import { essence, one, post, recorder, spoiled, verdict } from './recorder.mjs';
import { until } from './support.mjs';

const KEY = 'lark-encrypt-key', VERIFICATION = 'lark-verification-token', APP = 'cli_a1', APP_SECRET = 'lark-app-secret', LOGIN = '/open-apis/auth/v3/tenant_access_token/internal', SEND = '/open-apis/im/v1/messages', BOT = 'ou_bot';
let api, host, tokens = 0, count = 0;
const good = new Set();

const usual = (call) => {
  if (call.path === LOGIN) {
    if (call.body.app_id !== APP || call.body.app_secret !== APP_SECRET) return { body: { code: 10014, msg: 'app secret invalid' } };
    const token = `t-g1044${tokens += 1}`;
    good.add(`Bearer ${token}`);
    return { body: { code: 0, msg: 'ok', tenant_access_token: token, expire: 7200 } };
  }
  if (!good.has(call.headers.authorization)) return { status: 400, body: { code: 99991663, msg: 'Invalid access token for authorization.' } };
  if (call.path === '/open-apis/bot/v3/info') return { body: { code: 0, msg: 'ok', bot: { activate_status: 2, app_name: 'Bot', open_id: BOT } } };
  if (call.path.startsWith(SEND)) return { body: { code: 0, msg: 'success', data: { message_id: `om_s${count += 1}` } } };
  return undefined;
};
const quiet = { error() {}, warn() {}, info() {}, debug() {}, trace() {} };
const env = (more) => ({ HUMAN_LLM_PROVIDER: 'offline', HUMAN_CHANNELS_LARK_APP_ID: APP, HUMAN_CHANNELS_LARK_APP_SECRET: APP_SECRET, HUMAN_CHANNELS_LARK_API_BASE: api.url,
  HUMAN_CHANNELS_LARK_ALLOW_FROM: '*', ...more });

before(async () => {
  api = await recorder(usual);
  host = await startHost({ env: env({ HUMAN_CHANNELS_LARK_ENCRYPT_KEY: KEY, HUMAN_CHANNELS_LARK_VERIFICATION_TOKEN: VERIFICATION }) });
});
after(async () => {
  assert.deepEqual(errors(host.log()), []);
  assert.doesNotMatch(host.log(), new RegExp(`${KEY}|${VERIFICATION}|${APP_SECRET}|t-g1044`));
  assert.equal((await host.stop()).code, 0);
  await api.close();
});
beforeEach(() => { api.answer = () => undefined; api.calls.length = 0; });

const cipher = new lark.AESCipher(KEY);
const encrypt = (value) => {
  const iv = Buffer.alloc(16, 7), c = createCipheriv('aes-256-cbc', createHash('sha256').update(KEY).digest(), iv);
  return JSON.stringify({ encrypt: Buffer.concat([iv, c.update(typeof value === 'string' ? value : JSON.stringify(value)), c.final()]).toString('base64') });
};
const signed = (body, { key = KEY, ts = '1700000000', nonce = 'n1' } = {}) => ({ 'x-lark-request-timestamp': ts, 'x-lark-request-nonce': nonce, 'x-lark-signature': createHash('sha256').update(ts + nonce + key + body).digest('hex') });
const hook = async (value, headers) => {
  const body = encrypt(value);
  return post(host, '/webhook/lark', body, headers === undefined ? signed(body) : headers);
};
const event = (text, message = {}, more = {}) => {
  const n = count += 1;
  return { schema: '2.0', header: { event_id: `e${n}`, event_type: 'im.message.receive_v1', create_time: String(Date.now()), token: VERIFICATION, app_id: APP, tenant_key: 'tk' },
    event: { sender: { sender_id: { open_id: `ou_${n}`, union_id: `on_${n}`, user_id: `u${n}` }, sender_type: 'user', tenant_key: 'tk' },
      message: { message_id: `om_${n}`, create_time: String(Date.now()), chat_id: `oc_${n}`, chat_type: 'p2p', message_type: 'text', content: JSON.stringify({ text }), ...message } }, ...more };
};
const sent = (chat) => api.of(SEND).filter((c) => c.body.receive_id === chat);
const client = (domain) => new lark.Client({ appId: APP, appSecret: APP_SECRET, domain, logger: quiet, loggerLevel: lark.LoggerLevel.fatal });

describe('a message on Lark', () => {
  it('of a group is read without the bot\'s own name, from the very first one on', async () => {
    assert.deepEqual(await sql(host.home, 'select me from channel_accounts where me is not null'), [], 'nobody knows the bot yet');
    const first = event('@_user_1 hello', { chat_id: 'oc_first', chat_type: 'group', mentions: [{ key: '@_user_1', id: { open_id: BOT }, name: 'Bot', tenant_key: 'tk' }] });
    assert.equal((await hook(first)).status, 200);
    assert.equal(await one(host, `select message->>'text' from channel_inbox where vendor_id = '${first.header.event_id}'`), 'hello');
    await api.call(`${SEND}/${first.event.message.message_id}/reply`);
  });

  it('is decrypted and dispatched as by the SDK, and answered as by its client', async () => {
    const asked = event('Good morning');
    const body = encrypt(asked);
    let dispatched;
    const dispatcher = new lark.EventDispatcher({ encryptKey: KEY, verificationToken: VERIFICATION, logger: quiet }).register({ 'im.message.receive_v1': (data) => { dispatched = data; } });
    await dispatcher.invoke(Object.assign(Object.create({ headers: signed(body) }), JSON.parse(body)));
    assert.equal(dispatched?.message.message_id, asked.event.message.message_id);
    assert.deepEqual(JSON.parse(cipher.decrypt(JSON.parse(body).encrypt)), asked);
    const answered = await post(host, '/webhook/lark', body, signed(body));
    assert.deepEqual([answered.status, answered.json], [200, { received: true }]);
    const chat = asked.event.message.chat_id;
    await until(() => sent(chat).length > 0, 20_000, () => `an answer: ${JSON.stringify(api.calls)}`);
    const said = sent(chat)[0];
    const sdk = await api.said((url) => client(url).im.message.create({ params: { receive_id_type: 'chat_id' }, data: said.body }));
    assert.deepEqual({ ...essence(said), authorization: 0 }, { ...essence(sdk), authorization: 0 });
    assert.match(said.headers.authorization, /^Bearer t-g1044/);
    assert.ok(JSON.parse(said.body.content).text.length > 0 && said.body.uuid.length <= 50);
    await post(host, '/webhook/lark', body, signed(body));
    await hook(event('And you?', { chat_id: chat }));
    await until(() => sent(chat).length === 2, 20_000, 'the second answer');
    assert.equal(await one(host, `select count(*) from channel_inbox where vendor_id = '${asked.header.event_id}'`), '1');
  });

  it('in a group is answered as a reply, in its thread, if it mentions the bot', async () => {
    const group = { chat_id: 'oc_group', chat_type: 'group' };
    const mention = (open_id, name) => [{ key: '@_user_1', id: { open_id, union_id: 'on', user_id: '' }, name, tenant_key: 'tk' }];
    const other = event('@_user_1 hello', { ...group, mentions: mention('ou_ann', 'Ann') });
    const asked = event('@_user_1 hello', { ...group, mentions: mention(BOT, 'Bot') });
    const threaded = event('@_user_1 hello', { ...group, thread_id: 'omt_1', root_id: 'om_root', mentions: mention(BOT, 'Bot') });
    assert.equal((await hook(other)).status, 200);
    assert.equal(await verdict(host, 'lark', other.header.event_id), 'not-addressed'); // since then it is known who the bot is
    for (const one_ of [asked, threaded]) assert.equal((await hook(one_)).status, 200);
    const said = await api.call(`${SEND}/${asked.event.message.message_id}/reply`);
    assert.equal(said.body.reply_in_thread, false);
    assert.equal((await api.call(`${SEND}/${threaded.event.message.message_id}/reply`)).body.reply_in_thread, true);
    const sdk = await api.said((url) => client(url).im.message.reply({ path: { message_id: asked.event.message.message_id }, data: said.body }));
    assert.deepEqual({ ...essence(said), authorization: 0 }, { ...essence(sdk), authorization: 0 });
    const c = await open(host);
    const { payload } = await c.call('chat.history', { sessionKey: 'agent:main:lark:group:oc_group:thread:om_root' });
    assert.match(payload.messages[0].content, /^ou_\d+: hello$/, 'our own name is not in what the agent reads');
    c.ws.close();
  });
});

describe('the token that Lark wants', () => {
  it('is requested once, and again when Lark no longer knows it; nothing is lost or said twice', async () => {
    const first = event('hello');
    await hook(first);
    await until(() => sent(first.event.message.chat_id).length === 1, 20_000, 'an answer');
    api.calls.length = 0;
    good.clear();
    const again = event('hello');
    await hook(again);
    await until(async () => await one(host, `select state from channel_posts where chat = '${again.event.message.chat_id}'`) === 'sent', 20_000, 'it is sent');
    const tries = sent(again.event.message.chat_id);
    assert.equal(api.of(LOGIN).length, 1);
    assert.equal(new Set(tries.map((t) => t.body.uuid)).size, 1);
    assert.equal(tries.filter((t) => good.has(t.headers.authorization)).length, 1);
    const kept = await one(host, 'select count(*) from channel_posts where message::text like \'%t-g1044%\' or error like \'%t-g1044%\'');
    assert.equal(kept, '0');
  });
});

describe('an answer on Lark', () => {
  it('waits when Lark limits the rate, and goes nowhere if its message is gone', async () => {
    const asked = event('hello'), chat = asked.event.message.chat_id;
    const isTaken = (to) => sent(to).some((c) => good.has(c.headers.authorization));
    api.answer = (call) => {
      if (call.body?.receive_id !== chat || sent(chat).length > 1) return undefined;
      good.clear(); // so what comes again comes twice: whichever worker sends it has a token that is over
      return { status: 400, headers: { 'x-ogw-ratelimit-reset': '1' }, body: { code: 99991400, msg: 'request trigger frequency limit' } };
    };
    await hook(asked);
    await until(() => sent(chat).length >= 2 && isTaken(chat), 20_000, () => `it comes again; there were ${JSON.stringify(sent(chat))}`);
    assert.equal(new Set(sent(chat).map((c) => c.body.uuid)).size, 1);
    api.answer = (call) => (call.path.endsWith('/reply') ? { status: 400, body: { code: 230011, msg: 'The message was withdrawn.' } } : undefined);
    const gone = event('@_user_1 hello', { chat_id: 'oc_gone', chat_type: 'group', mentions: [{ key: '@_user_1', id: { open_id: BOT }, name: 'Bot' }] });
    await hook(gone);
    await until(() => isTaken('oc_gone'), 20_000, 'it is said to the chat');
  });

  it('is given up with a reason that people understand', async () => {
    api.answer = (call) => (call.path === SEND ? { status: 400, body: { code: 230013, msg: 'Bot has NO availability to this user.' } } : undefined);
    const asked = event('hello');
    await hook(asked);
    await until(async () => (await one(host, `select state || ': ' || coalesce(error, '') from channel_posts where chat = '${asked.event.message.chat_id}'`))?.startsWith('failed: Lark refuses it: the other is not among those'), 20_000, 'it failed');
  });
});

describe('a webhook of Lark', () => {
  it('returns the challenge, encrypted or not, as the SDK does', async () => {
    const asked = { challenge: 'ajls384kdjx98XX', token: VERIFICATION, type: 'url_verification' };
    const body = encrypt(asked);
    const { challenge } = lark.generateChallenge(JSON.parse(body), { encryptKey: KEY });
    const got = await post(host, '/webhook/lark', body);
    assert.deepEqual([got.status, got.type.split(';')[0], got.json], [200, 'application/json', challenge]);
    assert.deepEqual((await post(host, '/webhook/lark', asked)).json, { challenge: asked.challenge });
    const wrong = await hook({ ...asked, token: 'other' }, {});
    assert.deepEqual([wrong.status, wrong.json.error], [401, 'invalid signature']);
    assert.equal((await post(host, '/webhook/lark', { ...asked, token: 'other' })).status, 401);
  });

  it('is refused without a signature, with one for other bytes, or with another token', async () => {
    const asked = event('x'), body = encrypt(asked), good_ = signed(body);
    const other = event('x');
    other.header.token = 'other';
    for (const [sentBody, headers] of [[body, {}], [body, signed(body, { key: 'other' })], [`${body} `, good_], [body, { ...good_, 'x-lark-request-nonce': 'n2' }],
      [body, { ...good_, 'x-lark-request-timestamp': '1' }], [body, { ...good_, 'x-lark-signature': good_['x-lark-signature'].slice(1) }], [JSON.stringify(asked), {}],
      [encrypt(other), signed(encrypt(other))], ['{"encrypt":"AAAA"}', {}], ['{"encrypt":5}', {}], ['[]', {}]]) {
      const got = await post(host, '/webhook/lark', sentBody, headers);
      assert.deepEqual([got.status, got.json.error], [401, 'invalid signature'], sentBody);
    }
    assert.equal(await one(host, `select count(*) from channel_inbox where vendor_id = '${asked.header.event_id}'`), '0');
  });

  it('that is signed but cannot be decrypted is no message, and the refusal says no more', async () => {
    const whole = encrypt(event('x'));
    for (const body of [JSON.stringify({ encrypt: JSON.parse(whole).encrypt.slice(0, -24) }), JSON.stringify({ encrypt: `${JSON.parse(whole).encrypt.slice(0, -8)}AAAAAAA=` }), '{"encrypt":""}', encrypt('no JSON'), encrypt(`${'['.repeat(5000)}`)]) {
      const got = await post(host, '/webhook/lark', body, signed(body));
      assert.ok(got.status === 401 || got.status === 400, `${got.status} ${body}`);
      assert.doesNotMatch(got.text, /pad|cipher|decrypt/i);
    }
  });

  it('that reports a pressed button gets an answer that leaves the card as it is', async () => {
    const id = `e${count += 1}`;
    const got = await hook({ schema: '2.0', header: { event_id: id, event_type: 'card.action.trigger', create_time: String(Date.now() * 1000), token: VERIFICATION, app_id: APP },
      event: { operator: { tenant_key: 'tk', open_id: 'ou_presser' }, token: 'c-1', action: { value: { data: 'nothing:1', direct: true }, tag: 'button' }, host: 'im_message', context: { open_message_id: 'om_c', open_chat_id: 'oc_c' } } });
    assert.deepEqual([got.status, got.text], [200, '{}']);
    assert.equal(await verdict(host, 'lark', id), 'unknown-button');
  });

  it('breaks nothing, whatever it contains', async () => {
    const whole = event('/noop', { mentions: [{ key: '@_user_1', id: { open_id: 'o' }, name: 'n' }] });
    for (const body of spoiled(whole, 150)) assert.ok([200, 400, 401].includes((await hook(body)).status));
  });
});

describe('without an encrypt key', () => {
  let plain;
  before(async () => { plain = await startHost({ env: env({ HUMAN_CHANNELS_LARK_VERIFICATION_TOKEN: VERIFICATION }) }); });
  after(async () => {
    assert.deepEqual(errors(plain.log()), []);
    await plain.stop();
  });

  it('the token is checked, in events of both versions', async () => {
    const asked = event('hello');
    assert.equal((await post(plain, '/webhook/lark', asked)).status, 200);
    await until(() => sent(asked.event.message.chat_id).length === 1, 20_000, 'an answer');
    const v1 = { uuid: 'v1-1', token: VERIFICATION, ts: '1700000000.1', type: 'event_callback', event: { type: 'message', app_id: APP, tenant_key: 'tk', open_chat_id: 'oc_v1', chat_type: 'private', msg_type: 'text', open_id: 'ou_v1', open_message_id: 'om_v1', is_mention: false, text: 'hello', text_without_at_bot: 'hello' } };
    assert.equal((await post(plain, '/webhook/lark', v1)).status, 200);
    await until(() => sent('oc_v1').length === 1, 20_000, 'an answer');
    assert.equal((await post(plain, '/webhook/lark', { ...v1, token: 'other' })).status, 401);
    assert.equal((await post(plain, '/webhook/lark', { ...v1, token: undefined })).status, 401);
    const got = await post(plain, '/webhook/lark', encrypt(event('x')), { 'x-forwarded-for': '203.0.113.5' });
    assert.deepEqual([got.status, /no secret to verify it with is set/.test(got.text)], [401, true], got.text);
  });
});
