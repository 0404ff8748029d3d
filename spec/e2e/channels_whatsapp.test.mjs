// spec/e2e/channels_whatsapp.test.mjs -- the agent on WhatsApp: webhooks that a library of the Cloud API's believes and
// understands, and messages as it sends them.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { WhatsAppAPI } from 'whatsapp-api-js';
import { Text } from 'whatsapp-api-js/messages';
import { open } from './gateway.mjs';
import { errors, startHost } from './hosts.mjs';
import { essence, one, post, recorder, spoiled, verdict } from './recorder.mjs';
import { until } from './support.mjs';

const SECRET = 'app-secret', TOKEN = 'whatsapp-access-token', VERIFY = 'a text of ours', NUMBER = '106540352242922', PHONE = '15550783881', SEND = `/v24.0/${NUMBER}/messages`;
let meta, host, count = 16505550000;

const usual = (call) => {
  if (call.path === SEND && call.body.status) return { body: { success: true } };
  if (call.path === SEND) return { body: { messaging_product: 'whatsapp', contacts: [{ input: call.body.to, wa_id: call.body.to }], messages: [{ id: `wamid.S${count += 1}` }] } };
  return call.path === `/v24.0/${NUMBER}` ? { body: { display_phone_number: '+1 555-078-3881', verified_name: 'Test', id: NUMBER } } : undefined;
};

before(async () => {
  meta = await recorder(usual);
  host = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_CHANNELS_WHATSAPP_PHONE_NUMBER_ID: NUMBER, HUMAN_CHANNELS_WHATSAPP_TOKEN: TOKEN, HUMAN_CHANNELS_WHATSAPP_APP_SECRET: SECRET,
    HUMAN_CHANNELS_WHATSAPP_VERIFY_TOKEN: VERIFY, HUMAN_CHANNELS_WHATSAPP_API_BASE: meta.url, HUMAN_CHANNELS_WHATSAPP_ALLOW_FROM: '*' } });
});
after(async () => {
  assert.deepEqual(errors(host.log()), []);
  assert.doesNotMatch(host.log(), new RegExp(`${SECRET}|${TOKEN}|${VERIFY}`));
  assert.equal((await host.stop()).code, 0);
  await meta.close();
});
beforeEach(() => { meta.answer = () => undefined; meta.calls.length = 0; });

const library = () => new WhatsAppAPI({ token: TOKEN, appSecret: SECRET, webhookVerifyToken: VERIFY, v: 'v24.0' });
const sign = (text, secret = SECRET) => `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;
const texts = () => meta.of(SEND).filter((c) => !c.body.status);
const answer = async (to, n = 1) => {
  const mine = () => texts().filter((c) => c.body.to === to);
  await until(() => mine().length >= n, 20_000, () => `message ${n} to ${to}: ${JSON.stringify(meta.calls.map((c) => c.body))}`);
  return mine()[n - 1];
};
const value = (more) => ({ messaging_product: 'whatsapp', metadata: { display_phone_number: PHONE, phone_number_id: NUMBER }, ...more });
const envelope = (v, field = 'messages') => ({ object: 'whatsapp_business_account', entry: [{ id: 'WABA', changes: [{ field, value: v }] }] });
const message = (text, more = {}) => ({ from: String(count += 1), id: `wamid.A${count += 1}`, timestamp: String(Math.floor(Date.now() / 1000)), type: 'text', text: { body: text }, ...more });
const hook = (body, signature) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const given = signature === undefined ? sign(text) : signature;
  return post(host, '/webhook/whatsapp', text, given === null ? {} : { 'x-hub-signature-256': given });
};
const say = (...messages) => hook(envelope(value({ contacts: messages.map((m) => ({ wa_id: m.from, profile: { name: 'Sheena' } })), messages })));

describe('a message on WhatsApp', () => {
  it('is answered as the library would, and marked as read with "typing…"', async () => {
    const asked = message('Good morning');
    const body = JSON.stringify(envelope(value({ contacts: [{ wa_id: asked.from, profile: { name: 'Sheena' } }], messages: [asked] })));
    const lib = library();
    lib.on.message = ({ from, message: m, name }) => [from, m.id, m.text.body, name].join();
    assert.equal(await lib.post(JSON.parse(body), body, sign(body)), [asked.from, asked.id, 'Good morning', 'Sheena'].join(), 'the library believes and understands it');
    assert.equal((await hook(body)).status, 200);
    const said = await answer(asked.from);
    const sent = await meta.said(async (url) => {
      const mine = new WhatsAppAPI({ token: TOKEN, secure: false, v: 'v24.0', ponyfill: { fetch: (to, options) => fetch(String(to).replace('https://graph.facebook.com', url), options) } });
      await mine.sendMessage(NUMBER, asked.from, new Text(said.body.text.body));
    });
    const { preview_url: preview, ...text } = said.body.text;
    assert.equal(preview, false);
    assert.deepEqual(essence({ ...said, body: { ...said.body, text } }), essence({ ...sent, body: { recipient_type: 'individual', ...sent.body } }));
    const read = meta.of(SEND).find((c) => c.body.status === 'read');
    if (read) assert.deepEqual(read.body, { messaging_product: 'whatsapp', status: 'read', message_id: asked.id, typing_indicator: { type: 'text' } });
    await hook(body);
    await say(message('And you?', { from: asked.from }));
    await answer(asked.from, 2);
    assert.equal(texts().length, 2, 'what comes again is answered once');
  });

  it('in a group is answered there if it is meant for us', async () => {
    const here = { group_id: 'G1' };
    const other = message('hello all', here), asked = message(`@${PHONE} hello`, here), quote = message('and?', { ...here, context: { from: PHONE, id: 'wamid.Q' } });
    await say(other, asked, quote);
    const said = await answer('G1', 2);
    assert.deepEqual([said.body.recipient_type, said.body.context], ['group', { message_id: quote.id }]);
    assert.equal(await verdict(host, 'whatsapp', other.id), 'not-addressed');
    assert.equal(texts().length, 2);
  });

  it('for another number of the same app is ignored', async () => {
    const asked = message('hello');
    const got = await hook(envelope({ ...value({ messages: [asked] }), metadata: { display_phone_number: '1', phone_number_id: '107' } }));
    assert.equal(got.status, 200);
    assert.equal(await one(host, `select count(*) from channel_inbox where vendor_id = '${asked.id}'`), '0');
  });
});

describe('an answer on WhatsApp', () => {
  const refusal = (code, details, status = 400) => ({ status, body: { error: { message: `(#${code}) ${details}`, type: 'OAuthException', code, error_data: { messaging_product: 'whatsapp', details }, fbtrace_id: 'x' } } });
  const state = (to) => one(host, `select state || ': ' || coalesce(error, '') from channel_posts where chat = '${to}'`);

  it('waits when WhatsApp limits the rate, and arrives once', async () => {
    const asked = message('hello');
    let n = 0;
    meta.answer = (call) => (call.body?.text && call.body.to === asked.from && (n += 1) === 1 ? refusal(130429, 'Rate limit hit', 429) : undefined);
    await say(asked);
    const [first, second] = [await answer(asked.from), await answer(asked.from, 2)];
    assert.ok(second.at - first.at > 1800, String(second.at - first.at));
  });

  it('is given up with a reason that people understand: outside 24 hours, a bad token', async () => {
    meta.answer = (call) => (call.body?.text ? refusal(131047, 'Message failed to send because more than 24 hours have passed') : undefined);
    const asked = message('hello');
    await say(asked);
    await until(async () => (await state(asked.from))?.startsWith('failed: WhatsApp takes free text only within 24 hours'), 20_000, 'it failed');
    meta.answer = (call) => (call.body?.text ? refusal(190, `Error validating access token ${TOKEN}`, 401) : undefined);
    const again = message('hello');
    await say(again);
    await until(async () => (await state(again.from))?.startsWith('failed: WhatsApp refuses access_token'), 20_000, 'it failed');
    const c = await open(host);
    const status = async () => JSON.stringify((await c.call('channels.status')).payload);
    await until(async () => /WhatsApp refuses access_token/.test(await status()), 10_000, 'the status says so');
    assert.doesNotMatch(await status(), new RegExp(TOKEN));
    c.ws.close();
  });

  it('that did not arrive after all is reported', async () => {
    const asked = message('hello');
    await say(asked);
    await answer(asked.from);
    await until(async () => (await state(asked.from)).startsWith('sent'), 10_000, () => 'it is sent');
    const id = await one(host, `select vendor_id from channel_posts where chat = '${asked.from}'`);
    const c = await open(host);
    const status = { id, status: 'failed', timestamp: '1700000000', recipient_id: asked.from, errors: [{ code: 131026, title: 'Message undeliverable' }] };
    await hook(envelope(value({ statuses: [{ ...status, status: 'sent', errors: undefined }, status] })));
    const told = await c.next((f) => f.event === 'channel.failed' && f.payload.chat === asked.from);
    assert.match(told.payload.message, /131026: Message undeliverable/);
    assert.match(await state(asked.from), /^failed: .*131026/);
    assert.equal(texts().filter((t) => t.body.to === asked.from).length, 1, 'a status is no message');
    c.ws.close();
  });
});

describe('a webhook of WhatsApp', () => {
  it('returns the challenge to a caller that knows our token', async () => {
    const ask = async (params) => {
      const answer_ = await fetch(`${host.url}/webhook/whatsapp?${new URLSearchParams(params)}`);
      return [answer_.status, answer_.headers.get('content-type').split(';')[0], await answer_.text()];
    };
    const asked = { 'hub.mode': 'subscribe', 'hub.verify_token': VERIFY, 'hub.challenge': '1158201444' };
    assert.equal(library().get(asked), '1158201444', 'as the library does');
    assert.deepEqual(await ask(asked), [200, 'text/plain', '1158201444']);
    for (const bad of [{ ...asked, 'hub.verify_token': 'other' }, { ...asked, 'hub.mode': 'x' }, {}, { 'hub.mode': 'subscribe' }]) {
      const [status, , text] = await ask(bad);
      assert.equal(status, 403);
      assert.doesNotMatch(text, new RegExp(VERIFY));
    }
  });

  it('is refused without a signature, or with one for other bytes', async () => {
    const asked = message('x'), body = JSON.stringify(envelope(value({ messages: [asked] })));
    for (const signature of [null, '', 'x', sign(body, 'other'), sign(`${body} `), sign(body).slice(0, -1), `${sign(body)}0`, sign(body).slice(7).slice(1)]) {
      assert.equal((await hook(body, signature)).status, 401, String(signature));
    }
    assert.equal(await one(host, `select count(*) from channel_inbox where vendor_id = '${asked.id}'`), '0');
  });

  it('breaks nothing, whatever it contains', async () => {
    const whole = envelope(value({ contacts: [{ wa_id: '1', profile: { name: 'x' } }], messages: [message('/noop'), { ...message(''), type: 'image', image: { id: '1', caption: '/noop' } }],
      statuses: [{ id: 'w', status: 'failed', recipient_id: '1', errors: [{ code: 1, title: 't' }] }] }));
    for (const body of spoiled(whole, 200)) assert.ok([200, 400].includes((await hook(body)).status));
  });
});
