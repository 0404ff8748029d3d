// spec/e2e/channels_files.test.mjs -- what people send to a channel besides words, and clients with chat.send: what the model
// sees of it, whose credentials fetch it, and what is refused in words.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ollama } from './dialects.mjs';
import { open } from './gateway.mjs';
import { errors, startHost } from './hosts.mjs';
import { startServer } from './models_server.mjs';
import { one, post, recorder } from './recorder.mjs';
import { until } from './support.mjs';

const PNG = Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), Buffer.alloc(100)]), NUMBER = '1065', TOKEN = { whatsapp: 'wa-token', line: 'line-token', telegram: '12:tg-token' };
let vendor, model, host, count = 100, given = 0, file = PNG; // ids of ours, and those that the vendor gives

const usual = (call) => {
  if (call.path === '/v24.0/media1') return { body: { url: `${vendor.url}/lookaside/1?x=y`, mime_type: 'image/png', file_size: 108, id: 'media1', messaging_product: 'whatsapp' } };
  if (call.path === '/v24.0/media2') return { body: { url: 'https://evil.example/steal', id: 'media2' } };
  if (call.path === '/lookaside/1' || call.path.startsWith('/file/') || call.path.endsWith('/content') || call.path.includes('/resources/')) return file && { body: file };
  if (call.path.endsWith('/getFile')) return { body: { ok: true, result: { file_id: 'f', file_path: 'photos/file 1.png' } } };
  if (call.path.endsWith('/tenant_access_token/internal')) return { body: { code: 0, tenant_access_token: 't-lark', expire: 7200 } };
  if (call.path.includes('/im/v1/messages')) return { body: { code: 0, data: { message_id: `om${given += 1}` } } };
  if (call.path.startsWith('/bot')) return { body: { ok: true, result: { message_id: given += 1 } } };
  if (call.path.startsWith('/v2/bot')) return { body: { sentMessages: [{ id: `${given += 1}` }] } };
  return { body: { messages: [{ id: `wamid.${given += 1}` }] } };
};

before(async () => {
  vendor = await recorder(usual);
  model = await startServer((request, res) => {
    res.writeHead(200, { 'content-type': ollama.type });
    res.end(ollama.stream({ text: 'I see.' }));
  });
  const of = (name, more) => Object.fromEntries(Object.entries({ api_base: vendor.url, allow_from: '*', ...more }).map(([k, v]) => [`HUMAN_CHANNELS_${name}_${k.toUpperCase()}`, v]));
  host = await startHost({ env: { HUMAN_LLM_PROVIDER: 'ollama', HUMAN_LLM_MODEL: 'llava', OLLAMA_HOST: model.url,
    ...of('WHATSAPP', { phone_number_id: NUMBER, token: TOKEN.whatsapp, app_secret: 's', verify_token: 'v' }), ...of('LINE', { channel_secret: 's', channel_token: TOKEN.line }),
    ...of('TELEGRAM', { token: TOKEN.telegram, webhook_secret: 'tg' }), ...of('LARK', { app_id: 'cli', app_secret: 'as', verification_token: 'vt' }) } });
});
after(async () => {
  if (process.env.SHOW) console.log(host.log().split('\n').filter((l) => /warn|error/.test(l)).slice(-20).join('\n'));
  await vendor.close();
  await model.close();
  assert.deepEqual(errors(host.log()), []);
  assert.equal((await host.stop()).code, 0);
});
beforeEach(() => { vendor.answer = () => undefined; vendor.calls.length = 0; model.requests.length = 0; file = PNG; });

const line = (message, who = `U${count += 1}`) => {
  const body = JSON.stringify({ destination: 'U', events: [{ type: 'message', mode: 'active', timestamp: Date.now(), webhookEventId: `e${count += 1}`, replyToken: `rt${count}`, source: { type: 'user', userId: who }, message: { id: `${count}`, ...message } }] });
  return post(host, '/webhook/line', body, { 'x-line-signature': createHmac('sha256', 's').update(body).digest('base64') });
};
const whatsapp = (message, from = String(count += 1)) => {
  const body = JSON.stringify({ entry: [{ changes: [{ field: 'messages', value: { metadata: { display_phone_number: '1', phone_number_id: NUMBER }, messages: [{ from, id: `wamid.A${count += 1}`, timestamp: '1700000000', ...message }] } }] }] });
  return post(host, '/webhook/whatsapp', body, { 'x-hub-signature-256': `sha256=${createHmac('sha256', 's').update(body).digest('hex')}` });
};
/** The user's message that the model was asked about last, of n requests. */
const asked = async (n = 1) => {
  await until(() => model.requests.filter((r) => r.url === '/api/chat').length >= n, 20_000, () => `the model is asked; ${JSON.stringify(vendor.calls.map((c) => c.path))}`);
  return model.requests.filter((r) => r.url === '/api/chat')[n - 1].body.messages.filter((m) => m.role === 'user').at(-1);
};
/** What is said to somebody: by this reply token on LINE, or to this number on WhatsApp. */
const said = async (to) => {
  const find = () => vendor.calls.find((c) => c.method === 'POST' && (c.body?.replyToken === to || (c.body?.to === to && c.body.text)));
  await until(find, 20_000, `something is said to ${to}`);
  return find().body.messages?.[0].text ?? find().body.text.body;
};

describe('an image that is sent to a channel', () => {
  it('is fetched with the account\'s credentials, and seen by the model', async () => {
    const cases = [
      [() => line({ type: 'image', contentProvider: { type: 'line' } }), (c) => c.path.endsWith('/content') && c.headers.authorization === `Bearer ${TOKEN.line}`],
      [() => whatsapp({ type: 'image', image: { id: 'media1', mime_type: 'image/png', caption: 'look' } }), (c) => c.path === '/lookaside/1' && c.headers.authorization === `Bearer ${TOKEN.whatsapp}`],
      [() => post(host, '/webhook/telegram', { update_id: count += 1, message: { message_id: count += 1, date: 1, from: { id: count += 1, is_bot: false, first_name: 'A' }, chat: { id: count, type: 'private' }, photo: [{ file_id: 'small' }, { file_id: 'big' }] } },
        { 'x-telegram-bot-api-secret-token': 'tg' }), (c) => c.path === `/file/bot${TOKEN.telegram}/photos/file%201.png`],
      [() => post(host, '/webhook/lark', { schema: '2.0', header: { event_id: `e${count += 1}`, event_type: 'im.message.receive_v1', token: 'vt' }, event: { sender: { sender_id: { open_id: `ou${count}` }, sender_type: 'user' },
        message: { message_id: `om_x${count}`, chat_id: `oc${count}`, chat_type: 'p2p', message_type: 'image', content: '{"image_key":"img_1"}' } } }), (c) => /\/im\/v1\/messages\/om_x\d+\/resources\/img_1$/.test(c.path) && c.query.type === 'image' && c.headers.authorization === 'Bearer t-lark'],
    ];
    for (const [i, [send, fetched]] of cases.entries()) {
      assert.equal((await send()).status, 200);
      const message = await asked(i + 1);
      assert.deepEqual(message.images, [PNG.toString('base64')], String(i));
      assert.equal(vendor.calls.filter(fetched).length, 1, String(i));
    }
    assert.equal((await asked(2)).content, 'look');
  });

  it('is not fetched for people who may not talk, and our token goes only to the vendor', async () => {
    await whatsapp({ type: 'image', image: { id: 'media2' } }, '999');
    assert.match(await said('999'), /^I can't open photos: its address is none of Meta's/);
    assert.equal(model.requests.length, 0);
  });

  it('is one of at most four; the agent learns the names of the others', async () => { // limit: channel files
    const content = { content: [Array.from({ length: 6 }, (_, i) => ({ tag: 'img', image_key: `img_${i}` })), [{ tag: 'text', text: 'look' }]] };
    await post(host, '/webhook/lark', { header: { event_id: `e${count += 1}`, event_type: 'im.message.receive_v1', token: 'vt' }, event: { sender: { sender_id: { open_id: `ou${count}` }, sender_type: 'user' },
      message: { message_id: `om_y${count}`, chat_id: `oc${count}`, chat_type: 'p2p', message_type: 'post', content: JSON.stringify(content) } } });
    const message = await asked();
    assert.deepEqual([message.images.length, message.content.match(/you cannot open it \(at most 4 are opened\)/g).length], [4, 2]);
    assert.equal(vendor.calls.filter((c) => c.path.includes('/resources/')).length, 4);
  });

  it('is retried while the vendor is down; then people are told', async () => {
    let n = 0;
    vendor.answer = (call) => (call.path.endsWith('/content') && (n += 1) === 1 ? { status: 503 } : undefined);
    await line({ type: 'image' });
    assert.equal((await asked()).images.length, 1);
    assert.equal(n, 2);
  });
});

describe('what cannot be opened', () => {
  it('is refused in words without asking a model: voice, video, too large, neither image nor text', async () => {
    const cases = [[{ type: 'audio', duration: 5 }, /voice messages|audio/, 0], [{ type: 'video' }, /videos/, 0], [{ type: 'file', fileName: 'a.pdf', fileSize: 9e6 }, /larger than 3 MB/, 0],
      [{ type: 'file', fileName: 'a.pdf', fileSize: 10 }, /this kind of file: images/, 1], [{ type: 'image' }, /larger than 3 MB/, 1]];
    for (const [message, words, fetches] of cases) {
      vendor.calls.length = 0;
      file = message.type === 'image' ? Buffer.alloc(4e6, 1) : Buffer.from('%PDF-1.7 \xff\xfe', 'latin1');
      await line(message);
      assert.match(await said(`rt${count}`), words);
      assert.equal(vendor.calls.filter((c) => c.path.endsWith('/content')).length, fetches, message.type);
    }
    assert.equal(model.requests.length, 0);
  });

  it('a text is read', async () => {
    file = Buffer.from('milk\neggs\n');
    await line({ type: 'file', fileName: 'list.txt', fileSize: 10 });
    assert.match((await asked()).content, /\[file list\.txt\]\nmilk\neggs\n\n\[end of the file\]/);
  });
});

describe('chat.send with attachments', () => {
  it('shows the model images and texts, and keeps them for later messages', async () => {
    const c = await open(host);
    const { payload } = await c.call('chat.send', { message: 'What is it?', sessionKey: 'files', attachments: [{ name: 'a.png', type: 'image/png', data: `data:image/png;base64,${PNG.toString('base64')}` },
      { fileName: 'b.txt', mimeType: 'text/plain', content: Buffer.from('hello').toString('base64') }] });
    assert.equal(payload.status, 'queued');
    const message = await asked();
    assert.deepEqual([message.images.length, message.content], [1, 'What is it?\n\n[file b.txt]\nhello\n[end of the file]']);
    await c.next((f) => f.event === 'chat' && f.payload.state === 'sent' && f.payload.runId === payload.runId);
    await c.call('chat.send', { message: 'And now?', sessionKey: 'files' });
    await asked(2);
    assert.equal(model.requests.filter((r) => r.url === '/api/chat')[1].body.messages.filter((m) => m.images?.length === 1).length, 1);
    c.ws.close();
  });

  it('refuses what cannot be opened, with its name and the reason, and takes nothing of the message', async () => {
    const c = await open(host);
    const { error } = await c.call('chat.send', { message: 'x', sessionKey: 'refused', attachments: [{ name: 'a.pdf', type: 'application/pdf', data: `data:application/pdf;base64,${Buffer.from('%PDF\xff', 'latin1').toString('base64')}` }] });
    assert.deepEqual([error.code, /I can't open a\.pdf: images/.test(error.message)], ['INVALID_PARAMS', true], JSON.stringify(error));
    assert.deepEqual((await c.call('chat.history', { sessionKey: 'refused' })).payload.messages, []);
    assert.equal(await one(host, "select count(*) from agents where session_key = 'refused'"), '0');
    c.ws.close();
  });
});
