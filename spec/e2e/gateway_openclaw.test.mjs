// spec/e2e/gateway_openclaw.test.mjs -- npm's client of the protocol's ancestor connects, lists and talks, unchanged.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createRequire } from 'node:module';
import WebSocket from 'ws';
import { open } from './gateway.mjs';
import { errors, makeHome, startHost } from './hosts.mjs';
import { next, until } from './support.mjs';

globalThis.WebSocket ??= WebSocket; // as its README says for this version of Node
const { OpenClawClient } = createRequire(import.meta.url)('openclaw-node');

const home = makeHome();
let host, clients = [];
const client = (options = {}) => {
  const c = new OpenClawClient({ url: `${host.url.replace('http', 'ws')}/ws`, deviceIdentityPath: path.join(home, `device-${clients.length}.json`),
    autoReconnect: false, ...options });
  c.on('error', () => {});
  clients.push(c);
  return c;
};

before(async () => { host = await startHost({ home, env: { HUMAN_LLM_PROVIDER: 'offline' } }); });
after(async () => {
  for (const c of clients) await c.disconnect();
  assert.deepEqual(errors(host.log()), []);
  assert.equal((await host.stop()).code, 0);
});

describe("npm's openclaw-node", () => {
  it('connects by the challenge that its device signs', async () => {
    const c = client();
    const hello = await c.connect();
    assert.equal(hello.protocol, 4);
    assert.equal(hello.auth.role, 'operator');
    assert.ok(c.hasMethod('config.get'));
    assert.equal((await c.health()).status, 'ok');
    const { config, hash } = await c.config.get();
    assert.equal(config.gateway.enabled, true);
    assert.match(hash, /^[0-9a-f]{64}$/);
    assert.equal((await c.channels.status()).channels.length, 6);
  });

  it('is sent ticks', async () => {
    const c = client();
    await c.connect();
    const tick = await new Promise((done) => c.on('event', (e) => e.event === 'tick' && done(e)));
    assert.ok(Math.abs(tick.payload.ts - Date.now()) < 60_000);
  });

  it('is refused with a reason that it understands', async () => {
    const own = await startHost({ env: { HUMAN_GATEWAY_REQUIRE_PAIRING: 'true', HUMAN_GATEWAY_AUTH_TOKEN: 'the right one', HUMAN_WORKERS: '1' } });
    const url = `${own.url.replace('http', 'ws')}/ws`;
    const nobody = client({ url });
    const asked = next(nobody, 'pairingRequired', 10_000);
    await assert.rejects(nobody.connect(), /closed before handshake/);
    assert.match((await asked)[0].raw, /^pairing required: POST \/pair/);
    await assert.rejects(client({ url, token: 'wrong' }).connect(), /closed before handshake/);
    assert.equal((await client({ url, token: 'the right one' }).connect()).auth.role, 'operator');
    await own.stop();
  });
});

describe('a conversation with it', () => {
  const all = async (stream) => { const list = []; for await (const chunk of stream) list.push(chunk); return list; };

  it('is streamed with the calls of tools, and ends', async () => {
    const c = client();
    await c.connect();
    const chunks = await all(c.chat('What time is it?', { sessionKey: 'node' }));
    const types = chunks.map((x) => x.type).filter((t, i, list) => t !== list[i - 1]);
    assert.deepEqual(types, ['agent_start', 'tool_use', 'tool_result', 'text', 'agent_end', 'done'], JSON.stringify(chunks));
    assert.equal(chunks.find((x) => x.type === 'tool_use').text, 'time');
    const reply = await c.chatSync('Hello', { sessionKey: 'node' });
    const { messages } = await c.sessions.history('node');
    assert.equal(messages.at(-1).content, reply);
    assert.deepEqual(messages.map((m) => m.role).filter((r) => r === 'user').length, 2);
    assert.ok((await c.sessions.list({ limit: 10 })).sessions.some((s) => s.key === 'node'));
    const { lastActivityAt, ...described } = await c.sessions.describe('node');
    assert.deepEqual(described, { key: 'node', exists: true, status: 'idle' });
    assert.ok(Math.abs(Date.now() - lastActivityAt) < 60_000);
    assert.equal((await c.agents.list()).agents[0].id, (await c.agents.list()).defaultId);
    assert.equal((await c.sessions.send('node', 'once more')).status, 'queued');
    await c.sessions.delete('node');
    assert.equal((await c.sessions.describe('node')).exists, false);
  });

  it('that waits for an approval ends when aborted, and goes on when approved', async () => {
    const c = client(), operator = await open(host);
    await c.connect();
    const say = (content) => all(c.chat(`run the tool file_write with {"path":"a.txt","content":"${content}"}`, { sessionKey: content }));
    const asked = (content) => operator.next((f) => f.event === 'exec.approval.requested' && f.payload.sessionKey === content);
    const first = say('given');
    await operator.call('exec.approval.resolve', { id: (await asked('given')).payload.id, approved: true });
    assert.ok((await first).some((x) => x.type === 'tool_result'));
    const raw = [];
    c.on('protocol:response', (r) => raw.push(r));
    const second = say('aborted');
    await asked('aborted');
    assert.equal((await c.chatAbort('aborted')).aborted, true);
    await second;
    await until(() => raw.some((r) => r.payload?.status === 'aborted'), 5000, 'the second answer');
    operator.ws.close();
  });

  it('is refused at once if the message is invalid', async () => {
    const c = client();
    await c.connect();
    const chunks = await all(c.chat(''));
    assert.deepEqual(chunks.map((x) => x.type), ['error', 'done']);
  });
});

describe('a device', () => {
  const key = crypto.generateKeyPairSync('ed25519');
  const raw = key.publicKey.export({ type: 'spki', format: 'der' }).subarray(12);
  const id = crypto.createHash('sha256').update(raw).digest('hex');
  const params = (nonce, change = {}, line) => {
    const signedAt = change.signedAt ?? Date.now();
    const text = line ?? `v2|${id}|me|backend|operator|operator.write|${signedAt}||${nonce}`;
    return { minProtocol: 3, maxProtocol: 4, client: { id: 'me', mode: 'backend' }, role: 'operator', scopes: ['operator.write'],
      device: { id, publicKey: raw.toString('base64url'), signature: crypto.sign(null, Buffer.from(text), key.privateKey).toString('base64url'), signedAt, nonce, ...change } };
  };
  const nonceOf = async (c) => (await c.next((f) => f.event === 'connect.challenge')).payload.nonce;

  it('whose signature is valid is let in, in both versions', async () => {
    for (const line of [undefined, (nonce, at) => `v3|${id}|me|backend|operator|operator.write|${at}||${nonce}||`]) {
      const c = await open(host), nonce = await nonceOf(c), at = Date.now();
      const { payload, error } = await c.call('connect', params(nonce, { signedAt: at }, line?.(nonce, at)));
      assert.equal(payload?.type, 'hello-ok', JSON.stringify(error));
      c.ws.close();
    }
  });

  it('whose signature is invalid is refused, and its connection ends', async () => {
    const other = crypto.createHash('sha256').update('x').digest('hex');
    for (const [change, why] of [[{ nonce: 'another' }, /another challenge/], [{ id: other }, /not that of its key/], [{ signedAt: Date.now() - 700_000 }, /clock/],
      [{ signature: 'AAAA' }, /does not hold/], [{ publicKey: '!' }, /not that of its key/], [{ signature: '' }, /does not hold/]]) {
      const c = await open(host);
      const { error } = await c.call('connect', params(await nonceOf(c), change));
      assert.equal(error.code, 'UNAUTHORIZED');
      assert.match(error.message, why);
      assert.equal((await c.closed).code, 1008);
    }
  });

  it('that speaks no version of ours is told which one to speak', async () => {
    const c = await open(host);
    const { error } = await c.call('connect', { minProtocol: 9, maxProtocol: 12 });
    assert.equal(error.code, 'INVALID_REQUEST');
    assert.equal(error.data.expectedProtocol, 4);
  });
});
