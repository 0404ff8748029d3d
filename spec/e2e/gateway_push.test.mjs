// spec/e2e/gateway_push.test.mjs -- what is told by push, to webhooks and browsers: checked as receivers check it, and that
// nothing is lost, repeated under another name, or sent where it must not go.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import ece from 'http_ece';
import { Webhook } from 'standardwebhooks';
import { ollama } from './dialects.mjs';
import { open } from './gateway.mjs';
import { errors, makeHome, sql, startHost } from './hosts.mjs';
import { startServer } from './models_server.mjs';
import { until } from './support.mjs';

const home = makeHome();
let host, model, c, receiver;
const env = () => ({ HUMAN_LLM_PROVIDER: 'ollama', HUMAN_LLM_MODEL: 'm', OLLAMA_HOST: model.url, HUMAN_LLM_MAX_RETRIES: '0', HUMAN_EGRESS_ALLOW: '127.0.0.1', HUMAN_PUSH_CONTACT: 'mailto:me@example.com' });

/** A server that keeps what it is sent: {url, got: [{path, headers, body}], on(request) -> [status, headers]}. */
async function receive() {
  const self = { got: [], on: () => [201, {}] };
  const server = http.createServer((req, res) => {
    const chunks = [];
    req.on('data', (d) => chunks.push(d)).on('end', () => {
      const request = { path: req.url, headers: req.headers, body: Buffer.concat(chunks) };
      const [status, headers] = self.on(request);
      self.got.push(request);
      if (status) res.writeHead(status, headers).end();
    });
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  self.url = `http://127.0.0.1:${server.address().port}`;
  self.close = () => { server.closeAllConnections(); server.close(); };
  return self;
}

before(async () => {
  [model, receiver] = [await startServer(), await receive()];
  model.on = (request, res) => { res.writeHead(200, { 'content-type': ollama.type }); res.end(ollama.stream({ text: 'It is done.' })); };
  host = await startHost({ home, env: env() });
  c = await open(host);
});
after(async () => {
  c?.ws.close();
  assert.deepEqual(errors(host.log()), []);
  await host.stop();
  await model.close();
  receiver.close();
});
beforeEach(async () => {
  receiver.on = () => [201, {}];
  receiver.got.length = 0;
  await sql(home, 'delete from gateway_push');
});

const register = async (params) => {
  const { payload, error } = await c.call('push.register', params);
  assert.ok(payload, JSON.stringify(error));
  return payload;
};
const say = (message, sessionKey = 'push') => c.call('chat.send', { message, sessionKey });
const got = (n = 1, from = receiver) => until(() => from.got.length >= n && from.got, 20_000, () => `${n} messages; there are ${from.got.length}`);
const list = async () => (await c.call('push.list', {})).payload.registrations;
const subscribe = () => {
  const ua = crypto.createECDH('prime256v1'), auth = crypto.randomBytes(16);
  const key = ua.generateKeys();
  return { ua, auth, json: JSON.stringify({ endpoint: `${receiver.url}/push/1`, expirationTime: null, keys: { p256dh: key.toString('base64url'), auth: auth.toString('base64url') } }) };
};

describe('a webhook', () => {
  it('is told of an answer, signed per standardwebhooks', async () => {
    const { registered, deliverable, secret, error } = await register({ provider: 'webhook', token: `${receiver.url}/hook` });
    assert.deepEqual([registered, deliverable, error], [true, true, undefined]);
    const { payload: { runId } } = await say('Do it');
    const [message] = await got();
    const told = new Webhook(secret).verify(message.body.toString(), message.headers);
    assert.equal(told.type, 'answer.ready');
    assert.deepEqual([told.data.body, told.data.sessionKey, told.data.runId], ['It is done.', 'push', runId]);
    await until(async () => (await list())[0].sent_at, 10_000, 'it is noted');
    assert.throws(() => new Webhook(secret).verify(`${message.body} `, message.headers));
  });

  it('is sent again what it did not take, as the same message, after the delay that it asks for', async () => {
    await register({ provider: 'webhook', token: `${receiver.url}/busy` });
    receiver.on = () => (receiver.got.length ? [204, {}] : [503, { 'retry-after': '1' }]);
    await say('Again');
    const [a, b] = await got(2);
    assert.equal(a.headers['webhook-id'], b.headers['webhook-id']);
    await until(async () => (await list())[0].sent_at, 10_000, 'it is noted');
    assert.equal(receiver.got.length, 2);
  });

  it('is told what happened before a crash', async () => {
    await register({ provider: 'webhook', token: `${receiver.url}/crash` });
    receiver.on = () => [0, {}]; // it takes the message and says nothing
    await say('Crash');
    const [first] = await got();
    await host.kill();
    receiver.on = () => [204, {}];
    receiver.got.length = 0;
    host = await startHost({ home, port: host.port, env: env() });
    c = await open(host);
    const [again] = await got();
    assert.equal(again.headers['webhook-id'], first.headers['webhook-id']);
    assert.equal(again.body.toString(), first.body.toString());
  });

  it('that is gone is forgotten, and a refusal is kept with its reason', async () => {
    await register({ provider: 'webhook', token: `${receiver.url}/gone` });
    await register({ provider: 'webhook', token: `${receiver.url}/refuses` });
    receiver.on = ({ path }) => (path === '/gone' ? [410, {}] : [403, {}]);
    await say('Anybody?');
    await until(async () => (await list()).length === 1 && (await list())[0].error, 20_000, 'one is left, with an error');
    assert.equal((await list())[0].error, 'it answered 403');
    assert.equal(receiver.got.length, 2);
  });

  it('is told of an error, and of an approval that is wanted', async () => {
    const { secret } = await register({ provider: 'webhook', token: `${receiver.url}/all` });
    const calls = [{ id: 'a', name: 'web_fetch', arguments: { url: 'https://example.com/' } }], before_ = model.on;
    model.on = (request, res) => { res.writeHead(200, { 'content-type': ollama.type }); res.end(ollama.stream({ calls })); };
    const { payload: { runId } } = await say('Look', 'approvals');
    const approval = new Webhook(secret).verify((await got())[0].body.toString(), receiver.got[0].headers);
    assert.equal(approval.type, 'approval.requested');
    const { payload: { approvals } } = await c.call('exec.approval.list', {});
    assert.ok(approvals.some((a) => a.id === approval.data.approvalId));
    assert.match(approval.data.body, /example\.com/);
    await c.call('chat.abort', { runId });
    model.on = (request, res) => { res.writeHead(400); res.end('{}'); };
    await say('Fail', 'fails');
    const failed = JSON.parse((await got(2))[1].body);
    assert.deepEqual([failed.type, failed.data.sessionKey], ['error', 'fails']);
    model.on = before_;
  });
});

describe('a job of cron', () => {
  it('is announced when it is done', async () => {
    const { secret } = await register({ provider: 'webhook', token: `${receiver.url}/cron` });
    const { payload: { id } } = await c.call('cron.add', { name: 'Yearly', expression: '0 0 1 1 *', prompt: 'Sum up' });
    await c.call('cron.run', { id });
    const [message] = await got();
    const told = new Webhook(secret).verify(message.body.toString(), message.headers);
    assert.deepEqual([told.type, told.data.title, told.data.body, told.data.status], ['cron.completed', 'Job done: Yearly', 'It is done.', 'completed']);
    await c.call('cron.remove', { id });
  });
});

describe('a browser', () => {
  it('receives what only it can read, from a server that its push service knows', async () => {
    const { ua, auth, json } = subscribe(), { payload: { publicKey } } = await c.call('push.key', {});
    assert.equal((await c.call('push.key', {})).payload.publicKey, publicKey);
    assert.deepEqual(Object.keys(await register({ provider: 'webpush', token: json })).sort(), ['deliverable', 'id', 'registered']);
    await say('Tell the browser');
    const [{ headers, body }] = await got();
    assert.deepEqual([headers['content-encoding'], headers.urgency, Number(headers.ttl) > 0], ['aes128gcm', 'normal', true]);
    const text = ece.decrypt(body, { version: 'aes128gcm', privateKey: ua, authSecret: auth.toString('base64url') }).toString();
    assert.equal(JSON.parse(text).type, 'answer.ready');
    assert.doesNotMatch(body.toString('latin1'), /It is done/);
    const [, token, key] = /^vapid t=([^,]+), k=(.+)$/.exec(headers.authorization);
    assert.equal(key, publicKey);
    const [head, claims, signature] = token.split('.'), point = Buffer.from(key, 'base64url');
    const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') };
    assert.ok(crypto.verify('sha256', Buffer.from(`${head}.${claims}`), { key: crypto.createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')));
    const { aud, exp, sub } = JSON.parse(Buffer.from(claims, 'base64url'));
    assert.deepEqual([aud, sub], [receiver.url, 'mailto:me@example.com']);
    assert.ok(exp > Date.now() / 1000 && exp < Date.now() / 1000 + 86_400);
  });

  it('that subscribes again is told once, and not at all after it unsubscribes', async () => {
    const { json } = subscribe();
    await register({ provider: 'webpush', token: json });
    await register({ provider: 'webpush', token: JSON.stringify(JSON.parse(json), null, 2) });
    assert.equal((await list()).length, 1);
    assert.deepEqual((await c.call('push.unregister', { token: JSON.parse(json).endpoint })).payload, { unregistered: true });
    assert.deepEqual((await c.call('push.unregister', { token: json })).payload, { unregistered: false });
  });
});

describe('what registers', () => {
  it('may be an app, which is told that nothing can be sent to it', async () => {
    for (const frame of [{ action: 'push.register', id: 'ios', token: 'a1b2', provider: 'apns' }, { type: 'req', id: 'android', method: 'push.register', params: { token: 'fcm-token', provider: 'fcm' } }]) {
      c.say(frame);
      const { payload } = await c.next((f) => f.id === frame.id);
      assert.deepEqual([payload.registered, payload.deliverable, payload.error], [true, false, undefined]);
      assert.match(payload.note, /Web Push|webhook/);
    }
  });

  it('must be a valid token; the refusal says what one is', async () => {
    const { json } = subscribe();
    for (const [params, why] of [[{ provider: 'webhook', token: 'x' }, /address/], [{ provider: 'webhook', token: 'https://x:99999/' }, /port/],
      [{ provider: 'webpush', token: json.replace(/:\d+\//, ':99999/') }, /port/], [{ provider: 'webhook', token: 'https://a:b@x/' }, /address/], [{ provider: 'webhook', token: 'http://x/${secret:openai}' }, /address/],
      [{ provider: 'webpush', token: '{}' }, /subscription/], [{ provider: 'webpush', token: json.replace('p256dh', 'p256') }, /p256dh/], [{ provider: 'sms', token: 'x' }, /provider/],
      [{ provider: 'fcm', token: '' }, /token/], [{ provider: 'fcm', token: 'x'.repeat(4097) }, /token/], [{ token: 'x' }, /provider/]]) {
      const { error } = await c.call('push.register', params);
      assert.equal(error?.code, 'INVALID_PARAMS', JSON.stringify(params).slice(0, 80));
      assert.match(error.message, why);
    }
  });

  it('may write an address in capitals, and is the same one however that is written', async () => {
    const { id } = (await c.call('push.register', { provider: 'webhook', token: 'HTTPS://Hooks.Example:443/Human' })).payload;
    assert.equal((await c.call('push.register', { provider: 'webhook', token: 'https://hooks.example/Human' })).payload.id, id);
    assert.equal((await c.call('push.unregister', { token: 'https://HOOKS.example/Human' })).payload.unregistered, true);
  });

  it('is limited in number, and may not be a viewer', async () => { // limit: push registrations
    for (let i = 0; i < 50; i += 1) await register({ provider: 'fcm', token: `t${i}` });
    assert.equal((await c.call('push.register', { provider: 'fcm', token: 't50' })).error.code, 'CONFLICT');
    await register({ provider: 'fcm', token: 't1' });
    const viewer = await open(host);
    await viewer.call('connect', { role: 'viewer' });
    for (const method of ['push.register', 'push.list', 'push.key', 'push.unregister']) assert.equal((await viewer.call(method, { provider: 'fcm', token: 'x' })).error.code, 'FORBIDDEN');
    viewer.ws.close();
  });

  it('cannot make the server ask its own network', async () => {
    const own = await receive();
    await register({ provider: 'webhook', token: own.url.replace('127.0.0.1', '127.0.0.2') });
    await register({ provider: 'webhook', token: 'https://169.254.169.254/latest/meta-data' });
    await say('Inside');
    await until(async () => (await list()).every((r) => r.error), 20_000, 'both have failed');
    assert.equal(own.got.length, 0);
    own.close();
  });

  it('leaves nothing readable in the database', async () => {
    const { secret } = await register({ provider: 'webhook', token: `${receiver.url}/sealed-path` });
    const kept = (await sql(home, 'select row_to_json(p)::text from gateway_push p')).join('\n');
    assert.doesNotMatch(kept, /sealed-path/);
    assert.ok(!kept.includes(secret));
    assert.doesNotMatch(JSON.stringify(await list()), /sealed-path|whsec/);
  });
});
