// spec/e2e/gateway_sessions.test.mjs -- conversations that are begun anew, summarised and stopped: by methods, by words in a
// chat, and by npm's client of the protocol's ancestor, which also waits for runs.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createRequire } from 'node:module';
import WebSocket from 'ws';
import { ollama } from './dialects.mjs';
import { open } from './gateway.mjs';
import { databaseUrl, errors, makeHome, sql, startHost } from './hosts.mjs';
import { startServer, stream } from './models_server.mjs';
import { until } from './support.mjs';
import { ann, direct, hook, inGroup, settings, startTelegram } from './telegram.mjs';

globalThis.WebSocket ??= WebSocket;
const { OpenClawClient } = createRequire(import.meta.url)('openclaw-node');

const ENV = { HUMAN_LLM_PROVIDER: 'ollama', HUMAN_LLM_MODEL: 'm' };
let telegram, model, host, other, c, n = 0;
const key = () => `k${n += 1}`;
const answers = (_, res) => stream(res, ollama.stream({ text: 'Noted.' }), { 'content-type': ollama.type });
const read = () => JSON.stringify(model.requests.at(-1).body.messages);
const users = async (k, more) => (await ok('chat.history', { sessionKey: k, ...more })).messages.filter((m) => m.role === 'user').map((m) => m.content);

async function ok(method, params) {
  const { payload, error } = await c.call(method, params);
  assert.ok(payload, `${method}: ${JSON.stringify(error)}`);
  return payload;
}
const say = async (k, message, more) => (await ok('chat.send', { sessionKey: k, message, ...more })).runId;
const sent = (run) => c.next((f) => f.event === 'chat' && f.payload.runId === run && f.payload.state === 'sent', 30_000);
const told = async (k, message, more) => (await sent(await say(k, message, more))).payload;

before(async () => {
  telegram = await startTelegram();
  model = await startServer(answers);
  const env = { ...settings(telegram), ...ENV, OLLAMA_HOST: model.url, HUMAN_CHANNELS_TELEGRAM_ALLOW_FROM: '42,*', HUMAN_WORKERS: '1', HUMAN_DATABASE_POOL: '4' };
  host = await startHost({ env });
  other = await startHost({ env: { ...env, DATABASE_URL: databaseUrl(host.home), HUMAN_DATABASE_POOL: '2' } });
  c = await open(host);
});
after(async () => {
  c.ws.close();
  assert.deepEqual(errors(host.log()).filter((line) => !/was ended by signal 9/.test(line)), []);
  await other.stop();
  await host.stop();
  await telegram.close();
  await model.close();
});

describe('sessions.reset', () => {
  it('begins a new conversation under the old key; clients can still read the old one, the model cannot', async () => {
    const k = key();
    await told(k, 'The cat is called Mia');
    const { entry, ...done } = await ok('sessions.reset', { key: k, reason: 'new' });
    assert.deepEqual([done, entry.turn_count, entry.messages_count, entry.last_message], [{ ok: true, key: k, reset: true }, 0, 0, '']);
    assert.deepEqual(await users(k), []);
    await told(k, 'What is it called?');
    assert.doesNotMatch(read(), /Mia/);
    assert.deepEqual(await users(k), ['What is it called?']);
    assert.deepEqual(await users(k, { all: true }), ['The cat is called Mia', 'What is it called?']);
    await c.next((e) => e.event === 'sessions.changed' && e.payload.key === k && e.payload.reason === 'reset');
    assert.equal((await ok('sessions.reset', { key: 'nobody' })).reset, false);
  });

  it('aborts what runs, even on another host, and what waits', async () => {
    const k = key();
    model.on = () => {};
    const runs = [await say(k, 'First'), await say(k, 'Second')];
    await until(() => model.requests.at(-1)?.body.messages.at(-1).content === 'First', 30_000, 'the model is asked');
    const there = await open(other);
    await there.call('sessions.reset', { key: k });
    there.ws.close();
    await until(() => model.hungUp > 0, 10_000, 'the model is left alone');
    assert.deepEqual(await sql(host.home, `select state from gateway_runs where id in ('${runs.join("','")}')`), ['aborted', 'aborted']);
    model.on = answers;
    assert.equal((await told(k, 'Third')).message, 'Noted.');
  });

  it('survives kill -9', async () => {
    const k = key();
    await told(k, 'The cat is called Mia');
    await ok('sessions.reset', { key: k });
    process.kill(host.workers()[0], 'SIGKILL');
    c = await until(() => open(host).catch(() => false), 30_000, 'it is there again');
    await told(k, 'What is it called?');
    assert.doesNotMatch(read(), /Mia/);
    assert.deepEqual(await users(k, { all: true }), ['The cat is called Mia', 'What is it called?']);
  });
});

describe('a message', () => {
  it('/new begins anew with the rest as the first message; the same message sent again does not', async () => {
    const k = key();
    await told(k, 'The cat is called Mia');
    assert.equal((await told(k, '/new', { idempotencyKey: 'n1' })).message, 'This is a new conversation.');
    assert.deepEqual(await users(k), []);
    await told(k, 'Hello');
    await told(k, '/new', { idempotencyKey: 'n1' });
    assert.deepEqual(await users(k), ['Hello']);
    const run = await say(k, '/new What is it called?', { idempotencyKey: 'n2' });
    await sent(run);
    assert.deepEqual(await users(k), ['What is it called?']);
    assert.equal(await say(k, '/new What is it called?', { idempotencyKey: 'n2' }), run);
    assert.deepEqual(await users(k), ['What is it called?']);
    await told(k, '/news of the world?');
    assert.deepEqual((await users(k)).at(-1), '/news of the world?');
  });

  it('/stop ends what runs, and /compact has the session summarised', async () => {
    const k = key();
    assert.equal((await told(k, '/compact')).message, 'Nothing was said here yet.');
    assert.equal((await told(k, '/stop')).message, 'There is nothing to stop.');
    model.on = () => {};
    const run = await say(k, 'Think long');
    await until(() => read().includes('Think long'), 30_000, 'the model is asked');
    assert.equal((await told(k, '/stop')).message, 'Stopped.');
    assert.equal((await sent(run)).payload.aborted, true);
    model.on = answers;
    for (let i = 0; i < 6; i += 1) await told(k, `Message ${i}`);
    assert.equal((await told(k, '/compact')).message, 'I make notes of what was said; no message is lost.');
    await c.next((f) => f.event === 'sessions.changed' && f.payload.key === k && f.payload.reason === 'compact', 30_000);
    assert.equal((await ok('chat.history', { sessionKey: k })).summary, 'Noted.');
  });

  it('does the same in a chat; in a group only from people who may approve', async () => {
    const guest = { ...ann, id: 77, username: undefined };
    await hook(host, direct('The cat is called Mia', { from: guest }));
    await telegram.answer(77);
    await hook(host, direct('/new', { from: guest }));
    assert.equal((await telegram.answer(77, 2)).text, 'This is a new conversation.');
    await hook(host, direct('/new What is it called?', { from: guest }));
    await telegram.answer(77, 3);
    assert.match(read(), /What is it called/);
    assert.doesNotMatch(read(), /Mia/);
    const chat = -100777;
    await hook(host, inGroup('/new@huma_test_bot', { from: guest, chat }));
    assert.equal((await telegram.answer(chat)).text, 'In a group, that is for who may approve what I do.');
    await hook(host, inGroup('/new@huma_test_bot', { from: ann, chat }));
    assert.equal((await telegram.answer(chat, 2)).text, 'This is a new conversation.');
  });
});

describe("npm's openclaw-node", () => {
  let client;
  before(async () => {
    client = new OpenClawClient({ url: `${host.url.replace('http', 'ws')}/ws`, deviceIdentityPath: path.join(makeHome(), 'device.json'), autoReconnect: false });
    client.on('error', () => {});
    await client.connect();
  });
  after(() => client.disconnect());

  it('waits for a run, by its id or its own key, and learns whether it goes on, has ended or failed', async () => { // limit: calls that wait
    const k = key();
    let answer;
    model.on = (request, res) => { answer = () => answers(request, res); };
    const run = await say(k, 'Hello', { idempotencyKey: 'mine' });
    await until(() => answer, 30_000, 'the model is asked');
    assert.equal((await client.agentWait(run, { timeoutMs: 0 })).status, 'timeout');
    assert.deepEqual(Object.keys(await client.agentWait(run, { timeoutMs: 200 })).includes('endedAt'), false);
    const waits = [client.agentWait(run), client.agentWait('mine')];
    answer();
    for (const done of await Promise.all(waits)) {
      assert.deepEqual([done.status, done.stopReason], ['ok', 'stop']);
      assert.ok(done.endedAt >= done.startedAt && Math.abs(done.endedAt - Date.now()) < 60_000);
    }
    model.on = (_, res) => { res.writeHead(401); res.end('{}'); };
    const failed = await client.agentWait(await say(k, 'Hello'));
    assert.deepEqual([failed.status, failed.errorCode], ['error', 'unauthorized']);
    model.on = answers;
    await assert.rejects(client.agentWait('nobody'), /no such run/);
    assert.equal((await ok('sessions.describe', { key: k })).activeRunId, undefined);
  });

  it('is refused where 200 calls wait already', async () => { // limit: calls that wait
    const k = key();
    model.on = () => {};
    const run = await say(k, 'Hello');
    const sockets = await Promise.all(Array.from({ length: 9 }, () => open(host)));
    for (const s of sockets) for (let i = 0; i < 25; i += 1) s.say({ type: 'req', id: `w${i}`, method: 'agent.wait', params: { runId: run, timeoutMs: 5000 } });
    await until(() => sockets.some((s) => s.frames.some((f) => /Too many calls wait/.test(f.error?.message))), 10_000, 'one is refused');
    await ok('chat.abort', { sessionKey: k });
    model.on = answers;
    for (const s of sockets) s.ws.close();
  });

  it('resets and compacts sessions', async () => {
    const k = key();
    await told(k, 'Hello');
    assert.equal((await client.sessions.reset(k)).ok, true);
    assert.deepEqual(await users(k), []);
    assert.equal((await client.sessions.compact(k)).ok, true);
  });
});
