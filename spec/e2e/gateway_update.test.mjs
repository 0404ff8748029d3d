// spec/e2e/gateway_update.test.mjs -- whether there is a newer version: nobody is asked unasked, and nobody believed unsigned.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { after, before, it } from 'node:test';
import { open } from './gateway.mjs';
import { errors, startHost } from './hosts.mjs';

const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519');
const key = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
const signed = (value, by = privateKey) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return JSON.stringify({ signed: text, signature: crypto.sign(null, Buffer.from(text), by).toString('base64') });
};

let host, c, server, asked = 0, answer = [200, ''];
before(async () => {
  server = http.createServer((req, res) => { asked += 1; res.writeHead(answer[0]).end(answer[1]); });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  host = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_WORKERS: '1', HUMAN_EGRESS_ALLOW: '127.0.0.1',
    HUMAN_UPDATE_URL: `http://127.0.0.1:${server.address().port}/human.json`, HUMAN_UPDATE_PUBLIC_KEY: key } });
  c = await open(host);
});
after(async () => {
  c?.ws.close();
  assert.deepEqual(errors(host.log()), []);
  await host.stop();
  server.closeAllConnections();
  server.close();
});
const check = () => c.call('update.check', {});

it('trusts only a recent, valid version signed by the operator’s key, and says why it trusts no other', async () => {
  const newer = { version: '99.0.0' }, other = crypto.generateKeyPairSync('ed25519').privateKey;
  const changed = JSON.parse(signed(newer));
  changed.signed = changed.signed.replace('99', '98');
  for (const [body, why, status = 200] of [
    [signed(newer, other), /not signed by update\.public_key/], [JSON.stringify(changed), /not signed/], [JSON.stringify({ signed: '{}', signature: '!' }), /not signed/],
    ['{"version":"99.0.0"}', /signed and signature/], ['<html>', /signed and signature/], ['', /signed and signature/], [JSON.stringify({ signed: 5, signature: 5 }), /signed and signature/],
    [signed({ version: 'latest' }), /no version/], [signed('[]'), /no version/], [signed('{'), /no version/], [signed({ ...newer, expires_at: '2020-01-01T00:00:00Z' }), /no longer valid/],
    [signed({ ...newer, expires_at: 'soon' }), /no longer valid/], [signed(newer), /answered 500/, 500], [signed({ ...newer, pad: 'x'.repeat(70_000) }), /not reached/]]) {
    answer = [status, body];
    const { error } = await check();
    assert.equal(error?.code, 'UNAVAILABLE', body.slice(0, 100));
    assert.match(error.message, why);
  }
});

it('tells both kinds of clients of a newer version, and asks for it once in ten minutes', async () => {
  answer = [200, signed({ version: 'v99.0.0', url: 'https://releases.example/99', expires_at: new Date(Date.now() + 86_400_000).toISOString() })];
  const n = asked, { payload } = await check(), current = c.hello.server.version;
  assert.deepEqual(payload, { current, current_version: current, latest: '99.0.0', latest_version: '99.0.0', available: true, url: 'https://releases.example/99' });
  assert.deepEqual((await check()).payload, payload);
  assert.equal(asked - n, 1);
});

it('installs nothing, and says who does', async () => {
  const { error } = await c.call('update.run', {});
  assert.equal(error.code, 'UNAVAILABLE');
  assert.match(error.message, /apt, or make install/);
});

it('asks nobody until it is told whom', async () => {
  const own = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_WORKERS: '1' } });
  const other = await open(own);
  const { error } = await other.call('update.check', {});
  assert.equal(error.code, 'UNAVAILABLE');
  assert.match(error.message, /update\.url/);
  other.ws.close();
  await own.stop();
});
