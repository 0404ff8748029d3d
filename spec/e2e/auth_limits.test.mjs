// spec/e2e/auth_limits.test.mjs -- wrong keys: how many one address may try, and who is not affected.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { makeAgent, makeUser, openSocket } from './agent_client.mjs';
import { startHost } from './hosts.mjs';
import { next } from './support.mjs';

const FAILURES = 3;                               // another one may be tried after 20 s: a machine may be slow
let host, user, agent;
before(async () => {
  host = await startHost({ env: { HUMAN_LIMITS_AUTH_FAILURES: String(FAILURES), HUMAN_API_ADMIN_TOKEN: 'open-sesame' } });
  user = await makeUser(host.url);
  agent = await makeAgent(host.url, user);
});
after(async () => { await host?.stop(); });

const wrong = () => `ak_${Math.random().toString(36).slice(2).padEnd(32, 'x').slice(0, 32)}`;

/** One request from an address of this machine: {status, headers, body}. */
const from = (localAddress, headers, path = '/api/agents') => new Promise((resolve, reject) => {
  http.get({ host: '127.0.0.1', port: host.port, path, localAddress, headers, agent: false }, (res) => {
    let text = '';
    res.on('data', (t) => { text += t; });
    res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, body: JSON.parse(text) }));
  }).on('error', reject);
});

const guess = async (address, n) => {
  const all = [];
  for (let i = 0; i < n; i += 1) all.push((await from(address, { 'x-api-key': wrong() })).status);
  return all;
};

describe('an address that comes with wrong keys', () => { // limit: limits.auth_failures
  it('is answered 429, with the time to wait, before its key is looked at', async () => {
    assert.deepEqual(await guess('127.0.0.2', FAILURES), Array(FAILURES).fill(401));
    const limited = await from('127.0.0.2', { 'x-api-key': wrong() });
    assert.deepEqual([limited.status, limited.body.code], [429, 'rate_limited']);
    assert.equal(limited.headers['retry-after'], String(60 / FAILURES));
  });

  it('is limited over all workers together, however many it asks at the same time', async () => {
    const statuses = (await Promise.all(Array.from({ length: 100 }, () => from('127.0.0.3', { 'x-api-key': wrong() })))).map((r) => r.status);
    assert.ok(statuses.filter((s) => s === 401).length <= FAILURES + 16, 'most are not looked at');
    assert.deepEqual(new Set(await guess('127.0.0.3', 5)), new Set([429]));
  });

  it('does not keep others behind it out, whose keys were right before', async () => {
    assert.equal((await from('127.0.0.4', { 'x-api-key': user.key })).status, 200);
    await guess('127.0.0.4', FAILURES + 1);
    for (let i = 0; i < 6; i += 1) assert.equal((await from('127.0.0.4', { 'x-api-key': user.key })).status, 200);
    assert.equal((await from('127.0.0.5', { 'x-api-key': user.key })).status, 200, 'nor other addresses');
  });

  it('is not limited for right keys, however many come at once and for the first time', async () => {
    const users = await Promise.all(Array.from({ length: 20 }, () => makeUser(host.url)));
    const answers = await Promise.all(users.flatMap((u) => Array.from({ length: 10 }, () => from('127.0.0.7', { 'x-api-key': u.key }))));
    assert.deepEqual(new Set(answers.map((a) => a.status)), new Set([200]));
  });

  it('is not limited for keys that it does not send', async () => {
    for (let i = 0; i < 2 * FAILURES; i += 1) assert.equal((await from('127.0.0.6', {})).status, 401);
    assert.equal((await from('127.0.0.6', { 'x-api-key': wrong() })).status, 401);
  });

  it('has its Socket.IO handshakes counted with the rest', async () => {
    const connect = async (key, options) => {
      const socket = openSocket(host.url, agent.id, key, { ...options, transports: ['websocket'] });
      const [what] = await Promise.race([next(socket, 'connect_error'), next(socket, 'connect').then(() => ['connected'])]);
      socket.disconnect();
      return what.data?.statusCode ?? what;
    };
    const seen = [];
    for (let i = 0; i < FAILURES + 2; i += 1) seen.push(await connect(wrong()));
    assert.deepEqual(seen, [...Array(FAILURES).fill(401), 429, 429]);
    assert.equal(await connect(user.key), 'connected');
    assert.equal((await from('127.0.0.1', { 'x-api-key': wrong() })).status, 429);
  });
});
