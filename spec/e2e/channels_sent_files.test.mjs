// spec/e2e/channels_sent_files.test.mjs -- files of the workspace that the agent sends to chats, as each vendor wants them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { sql, startHost } from './hosts.mjs';
import { until } from './support.mjs';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');
const BYTES = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 256));
let host, c, server, base, calls = [], on = () => undefined;

/** A vendor of every kind: {method, path, query, headers, form | json | raw}, read by Node's own parser of forms. */
async function vendor(req, res) {
  const pieces = [];
  for await (const piece of req) pieces.push(piece);
  const raw = Buffer.concat(pieces), type = req.headers['content-type'] ?? '', url = new URL(req.url, base);
  const call = { method: req.method, path: url.pathname, query: Object.fromEntries(url.searchParams), headers: req.headers, raw };
  if (type.startsWith('multipart/')) call.form = await new Response(raw, { headers: { 'content-type': type } }).formData();
  if (type.startsWith('application/json')) call.json = JSON.parse(raw);
  calls.push(call);
  const { status = 200, body } = on(call) ?? { body: usual(call) };
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(body));
}

function usual({ path }) {
  if (path.startsWith('/bot')) return { ok: true, result: { message_id: 7 } };
  if (path.endsWith('files.getUploadURLExternal')) return { ok: true, upload_url: `${base}/upload/1`, file_id: 'F1' };
  if (path.endsWith('/media')) return { id: 'media1' };
  if (path.endsWith('/images')) return { code: 0, data: { image_key: 'img_1' } };
  if (path.endsWith('/files')) return { code: 0, data: { file_key: 'file_1' } };
  if (path.includes('tenant_access_token')) return { code: 0, tenant_access_token: 't-1', expire: 7200 };
  if (path.startsWith('/open-apis')) return { code: 0, data: { message_id: 'om_1' } };
  if (path.startsWith('/channels/')) return { id: '99' };
  return { ok: true, messages: [{ id: 'wamid.1' }] };
}

const asked = (part) => calls.filter((call) => call.path.includes(part));

before(async () => {
  server = http.createServer(vendor).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${server.address().port}`;
  const of = (name, values) => Object.fromEntries(Object.entries({ ...values, API_BASE: base }).map(([key, value]) => [`HUMAN_CHANNELS_${name}_${key}`, value]));
  host = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_SECURITY_AUTONOMY_LEVEL: '4', HUMAN_DATABASE_POOL: '8',
    ...of('TELEGRAM', { TOKEN: 't0ken' }), ...of('DISCORD', { TOKEN: 'd1scord', PUBLIC_KEY: 'ab'.repeat(32), APPLICATION_ID: '42' }),
    ...of('SLACK', { BOT_TOKEN: 'xoxb-1', SIGNING_SECRET: 's' }), ...of('WHATSAPP', { ACCESS_TOKEN: 'wa', PHONE_NUMBER_ID: '10', APP_SECRET: 'x', VERIFY_TOKEN: 'v' }),
    ...of('LINE', { CHANNEL_SECRET: 's', CHANNEL_ACCESS_TOKEN: 'l' }), ...of('LARK', { APP_ID: 'cli_1', APP_SECRET: 'y', VERIFICATION_TOKEN: 'v', ENCRYPT_KEY: 'k' }) } });
  fs.mkdirSync(`${host.home}/workspace/out`, { recursive: true });
  fs.writeFileSync(`${host.home}/workspace/out/a "b".bin`, BYTES);
  fs.writeFileSync(`${host.home}/workspace/p.png`, PNG);
  fs.writeFileSync(`${host.home}/workspace/big`, Buffer.alloc(10_000_001, 'x'));
  fs.writeFileSync(`${host.home}/workspace/empty`, '');
  c = await open(host);
});
after(async () => { c?.ws.close(); await host?.stop(); server.close(); server.closeAllConnections(); });
beforeEach(() => { calls = []; on = () => undefined; });

async function use(args, key = 'files') {
  const { payload } = await c.call('chat.send', { message: `Run the tool file_send with ${JSON.stringify(args)}`, sessionKey: key });
  return (await c.next((f) => f.event === 'chat' && f.payload.runId === payload.runId && f.payload.state === 'sent')).payload.message;
}

/** Sends, and waits until the vendor has taken it. */
async function sent(args) {
  assert.match(await use(args), /goes out to/);
  const rows = () => sql(host.home, `select state || coalesce(': ' || error, '') from channel_posts order by created_at desc, id desc limit 1`);
  let state;
  await until(async () => /^(sent|failed)/.test(state = (await rows())[0]), 20_000, () => `it is over: ${state}`);
  assert.deepEqual(await sql(host.home, 'select post_id from channel_post_files'), [], 'no bytes are kept');
  return state;
}

const bytes = async (file) => Buffer.from(await file.arrayBuffer());

describe('a file that the agent sends', () => {
  it('is a document of Telegram, or a photo where it is a picture', async () => {
    assert.equal(await sent({ path: 'out/a "b".bin', to: 'telegram:5', text: 'Here: *it*' }), 'sent');
    const [{ form }] = asked('/sendDocument');
    assert.deepEqual([form.get('chat_id'), form.get('caption'), form.get('document').name], ['5', 'Here: *it*', 'a _b_.bin']);
    assert.ok((await bytes(form.get('document'))).equals(BYTES));
    assert.equal(await sent({ path: 'p.png', to: 'telegram:5' }), 'sent');
    assert.equal(asked('/sendPhoto')[0].form.get('photo').type, 'image/png');
  });

  it('is a part of a message of Discord', async () => {
    assert.equal(await sent({ path: 'out/a "b".bin', to: 'discord:77', text: 'It' }), 'sent');
    const [{ form, headers }] = asked('/channels/77/messages');
    const message = JSON.parse(form.get('payload_json'));
    assert.deepEqual([message.content, message.allowed_mentions.parse, headers.authorization], ['It', [], 'Bot d1scord']);
    assert.ok((await bytes(form.get('files[0]'))).equals(BYTES));
  });

  it('is uploaded to where Slack says, without the token, and then shown in the chat', async () => {
    assert.equal(await sent({ path: 'out/a "b".bin', to: 'slack:C1', text: 'It' }), 'sent');
    const [place] = asked('getUploadURLExternal'), [upload] = asked('/upload/1'), [done] = asked('completeUploadExternal');
    assert.deepEqual(place.query, { filename: 'a _b_.bin', length: '70000' });
    assert.ok(upload.raw.equals(BYTES) && upload.headers.authorization === undefined);
    assert.deepEqual(done.json, { files: [{ id: 'F1', title: 'a _b_.bin' }], channel_id: 'C1', initial_comment: 'It' });
    on = ({ path }) => (path.endsWith('getUploadURLExternal') ? { body: { ok: true, upload_url: 'https://evil.example/x', file_id: 'F2' } } : undefined);
    assert.match(await sent({ path: 'p.png', to: 'slack:C1' }), /failed: Slack names an address that is not its own/);
  });

  it('is uploaded to WhatsApp and to Lark, and sent by its id, once however often that is tried', async () => {
    assert.equal(await sent({ path: 'p.png', to: 'whatsapp:491', text: 'It' }), 'sent');
    assert.equal(asked('/10/media')[0].form.get('messaging_product'), 'whatsapp');
    assert.deepEqual(asked('/10/messages')[0].json.image, { id: 'media1', caption: 'It' });
    let refused = 0;
    on = ({ path }) => (path.endsWith('/im/v1/messages') && (refused += 1) === 1 ? { status: 500, body: {} } : undefined);
    assert.equal(await sent({ path: 'out/a "b".bin', to: 'lark:oc_1' }), 'sent');
    assert.equal(asked('/im/v1/files').length, 1, 'what was uploaded is not uploaded again');
    assert.ok((await bytes(asked('/im/v1/files')[0].form.get('file'))).equals(BYTES));
    assert.deepEqual(asked('/im/v1/messages').map((m) => [m.json.msg_type, m.json.content]), Array(2).fill(['file', '{"file_key":"file_1"}']));
    assert.equal(new Set(asked('/im/v1/messages').map((m) => m.json.uuid)).size, 1);
  });

  it('is as it was when it was sent, whatever becomes of the file meanwhile', async () => {
    let cut;
    on = ({ path }) => (path.endsWith('/sendDocument') && !cut ? (cut = { status: 500, body: { ok: false } }) : undefined);
    fs.writeFileSync(`${host.home}/workspace/note.txt`, 'before');
    assert.match(await use({ path: 'note.txt', to: 'telegram:6' }), /goes out/);
    fs.writeFileSync(`${host.home}/workspace/note.txt`, 'after');
    await until(() => asked('/sendDocument').length === 2, 20_000, 'it was sent again');
    for (const { form } of asked('/sendDocument')) assert.equal(String(await bytes(form.get('document'))), 'before');
  });

  it('may have 10 MB', async () => {
    fs.writeFileSync(`${host.home}/workspace/whole`, Buffer.alloc(10_000_000, BYTES));
    assert.equal(await sent({ path: 'whole', to: 'telegram:5' }), 'sent');
    assert.ok((await bytes(asked('/sendDocument')[0].form.get('document'))).equals(Buffer.alloc(10_000_000, BYTES)));
  });

  it('that cannot be sent is refused in words', async () => { // limit: sent file
    assert.match(await use({ path: 'p.png', to: 'line:U1' }), /LINE takes no files from here: LINE fetches files itself, from a public https address/);
    assert.match(await use({ path: 'big', to: 'telegram:5' }), /may have 10000000 bytes/);
    assert.match(await use({ path: 'empty', to: 'telegram:5' }), /empty/);
    assert.match(await use({ path: '../secrets.sealed', to: 'telegram:5' }), /is no name for a file here/);
    assert.deepEqual(calls, []);
  });
});
