// spec/e2e/gateway_push_peer.test.mjs -- what a push service is sent, beside what npm `web-push` would send it: the same
// headers, the same claims, and a body of the same make.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { after, before, it } from 'node:test';
import webpush from 'web-push';
import { open } from './gateway.mjs';
import { startHost } from './hosts.mjs';
import { until } from './support.mjs';

const CONTACT = 'mailto:me@example.com', got = [];
let host, c, server, endpoint;
before(async () => {
  server = http.createServer((req, res) => {
    const chunks = [];
    req.on('data', (d) => chunks.push(d)).on('end', () => { got.push({ method: req.method, headers: req.headers, body: Buffer.concat(chunks) }); res.writeHead(201).end(); });
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  endpoint = `http://127.0.0.1:${server.address().port}/push/1`;
  host = await startHost({ env: { HUMAN_WORKERS: '1', HUMAN_LLM_PROVIDER: 'offline', HUMAN_EGRESS_ALLOW: '127.0.0.1', HUMAN_PUSH_CONTACT: CONTACT } });
  c = await open(host);
});
after(async () => {
  c?.ws.close();
  await host?.stop();
  server.close();
});

const claims = (headers) => {
  const [, token, key] = /^vapid t=([^,]+), ?k=(.+)$/.exec(headers.authorization);
  const [head, body] = token.split('.').map((part, i) => (i < 2 ? JSON.parse(Buffer.from(part, 'base64url')) : part));
  return { head, body, key: Buffer.from(key, 'base64url') };
};
const lower = (headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));

it('a browser\'s push service is sent what web-push sends', async () => {
  const ua = crypto.createECDH('prime256v1'), auth = crypto.randomBytes(16);
  const keys = { p256dh: ua.generateKeys().toString('base64url'), auth: auth.toString('base64url') };
  const { payload, error } = await c.call('push.register', { provider: 'webpush', token: JSON.stringify({ endpoint, expirationTime: null, keys }) });
  assert.ok(payload?.registered, JSON.stringify(error));
  await c.call('chat.send', { message: 'Hello', sessionKey: 'push' });
  await until(() => got.length > 0, 60_000, 'the push service is called');
  const [ours] = got, own = webpush.generateVAPIDKeys();
  const theirs = webpush.generateRequestDetails({ endpoint, keys }, 'Hello', { vapidDetails: { subject: CONTACT, ...own }, contentEncoding: 'aes128gcm', TTL: 60 });
  const expected = lower(theirs.headers);
  assert.equal(ours.method, theirs.method);
  for (const name of ['content-encoding', 'content-type']) assert.equal(ours.headers[name], expected[name], name);
  for (const name of Object.keys(expected)) assert.ok(ours.headers[name] !== undefined, `the header ${name}`);
  assert.match(ours.headers.ttl, /^\d+$/);
  const [mine, peer] = [claims(ours.headers), claims(expected)];
  assert.deepEqual(mine.head, peer.head);
  assert.deepEqual([mine.body.aud, mine.body.sub, Object.keys(mine.body).sort()], [peer.body.aud, peer.body.sub, Object.keys(peer.body).sort()]);
  assert.ok(mine.body.exp - Date.now() / 1000 <= 86_400);
  assert.deepEqual([mine.key.length, mine.key[0]], [peer.key.length, 4]);
  // The head of aes128gcm (RFC 8188): salt, size of records, and the sender's key, of the same length as theirs.
  assert.deepEqual([ours.body[20], ours.body[21]], [theirs.body[20], theirs.body[21]]);
  assert.ok(ours.body.readUInt32BE(16) >= 18);
});
