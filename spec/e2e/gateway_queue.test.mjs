// spec/e2e/gateway_queue.test.mjs -- what an operator sees and does over the control protocol to keep a server running:
// work that was given up, secrets that are written and never read, webhooks as they came, when a job would run.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { errors, makeHome, sql, startHost } from './hosts.mjs';
import { until } from './support.mjs';

const SECRET = 's'.repeat(32), TOKEN_OF_BOT = '123:token-of-the-bot';
let host, c, viewer, file;

before(async () => {
  const home = makeHome();
  file = path.join(home, 'mine.json');
  fs.writeFileSync(file, '{}');
  host = await startHost({ home, env: { HUMAN_CONFIG: file, HUMAN_RELOAD_TIMEOUT_MS: '60000', HUMAN_CHANNELS_TELEGRAM_TOKEN: TOKEN_OF_BOT,
    HUMAN_CHANNELS_TELEGRAM_WEBHOOK_SECRET: SECRET, HUMAN_CHANNELS_TELEGRAM_API_BASE: 'http://127.0.0.1:1' } });
  c = await open(host);
  viewer = await open(host);
  await viewer.call('connect', { role: 'viewer' });
});
after(async () => {
  c?.ws.close();
  viewer?.ws.close();
  assert.deepEqual(errors(host.log()), []);
  assert.equal((await host.stop()).code, 0);
});

const ok = async (method, params = {}) => {
  const { payload, error } = await c.call(method, params);
  assert.ok(payload, `${method}: ${JSON.stringify(error)}`);
  return payload;
};
const refused = async (method, params, client = c) => (await client.call(method, params)).error;

describe('work that was given up', () => {
  const KIND = 'spec.given_up';                  // no script declares it, so nothing runs it
  const bury = (...ids) => sql(host.home, ids.map((id, i) => `insert into host_queue (kind, id, key, payload, due_at, order_at, dead_at, last_error, attempts)
    values ('${KIND}', '${id}', 'a key', '{"to":"somebody","token":"of the bank"}', now(), now(), now() - interval '${100 - i} s', 'it said no', 10)`).join(';'));

  it('is counted by kind, listed page by page, and shown with what it was given, without secrets', async () => { // limit: queue list
    await bury('one', 'two', 'three');
    const { kinds } = await ok('queue.stats');
    assert.deepEqual(kinds.find((k) => k.kind === KIND), { kind: KIND, waiting: 0, running: 0, dead: 3, late_s: 0 });
    const first = await ok('queue.list', { kind: KIND, limit: 2 });
    assert.deepEqual(first.rows.map((r) => [r.id, r.state, r.key, r.last_error, r.attempts]), [['one', 'dead', 'a key', 'it said no', 10], ['two', 'dead', 'a key', 'it said no', 10]]);
    const second = await ok('queue.list', { kind: KIND, limit: 2, after: first.after });
    assert.deepEqual(second.rows.map((r) => r.id), ['three']);
    assert.equal(second.after, undefined);
    const { row } = await ok('queue.show', { kind: KIND, id: 'one' });
    assert.deepEqual(row.payload, { to: 'somebody', token: '[redacted]' });
    for (const after of ['x', '["x", 1]', '["2026-13-45 99:99", 1]']) assert.equal((await refused('queue.list', { after })).code, 'INVALID_PARAMS', after);
    assert.equal((await refused('queue.list', { limit: 1001 })).code, 'INVALID_PARAMS');
  });

  it('is tried again or dropped, one row or all of a kind, and everybody hears of it', async () => {
    await bury('again', 'away', 'rest-1', 'rest-2');
    assert.equal((await ok('queue.retry', { kind: KIND, id: 'again' })).rows, 1);
    await viewer.next((f) => f.event === 'queue.changed' && f.payload.action === 'retry' && f.payload.kind === KIND);
    assert.equal((await refused('queue.retry', { kind: KIND, id: 'again' })).reason, 'queue_row_not_found');
    assert.deepEqual((await ok('queue.list', { kind: KIND, state: 'waiting' })).rows.map((r) => [r.id, r.attempts]), [['again', 0]]);
    assert.equal((await ok('queue.drop', { kind: KIND, id: 'away' })).rows, 1);
    assert.equal((await refused('queue.show', { kind: KIND, id: 'away' })).code, 'NOT_FOUND');
    assert.ok((await ok('queue.drop', { kind: KIND })).rows >= 2);
    assert.deepEqual((await ok('queue.list', { kind: KIND })).rows, []);
    assert.equal((await ok('queue.list', { kind: KIND, state: 'waiting' })).rows.length, 1, 'what waits is not dropped');
  });

  it('is the operator\'s alone, but for the counts', async () => {
    assert.ok((await viewer.call('queue.stats')).payload.kinds);
    for (const [method, params] of [['queue.list', {}], ['queue.show', { kind: KIND, id: 'one' }], ['queue.retry', { kind: KIND }], ['queue.drop', { kind: KIND }]]) {
      assert.equal((await refused(method, params, viewer)).code, 'FORBIDDEN', method);
    }
  });
});

describe('a secret', () => {
  const one = async (name) => (await ok('secrets.list')).secrets.find((s) => s.name === name);

  it('is set and removed, and never shown: only that it is set, since when, and what uses it', async () => {
    assert.deepEqual(await one('secrets.groq'), { name: 'secrets.groq', about: 'the key of groq', kind: 'provider', used_by: 'groq', is_set: false });
    assert.deepEqual(await ok('secrets.set', { name: 'gateway.webhook_hmac_secret', value: 'gsk-of-this-spec' }), { set: true, restart_required: [] });
    const now = await one('gateway.webhook_hmac_secret');
    assert.deepEqual([now.is_set, now.waits, now.kind, now.used_by], [true, false, 'setting', 'gateway']);
    assert.ok(Date.parse(now.changed_at) > 0 && now.changed_by);
    assert.match(fs.readFileSync(file, 'utf8'), /gsk-of-this-spec/);
    assert.ok(!JSON.stringify([await ok('secrets.list'), await ok('config.get'), c.frames]).includes('gsk-of'));
    assert.ok(!host.log().includes('gsk-of'));
    await c.next((f) => f.event === 'config.changed');
    await ok('secrets.remove', { name: 'gateway.webhook_hmac_secret' });
    assert.equal((await one('gateway.webhook_hmac_secret')).is_set, false);
  });

  it('that the server reads when it starts says that it waits for that', async () => {
    assert.deepEqual((await ok('secrets.set', { name: 'secrets.groq', value: 'gsk-of-this-spec' })).restart_required, ['secrets.groq']);
    const { is_set: isSet, waits } = await one('secrets.groq');
    assert.deepEqual([isSet, waits], [false, true]);
    await ok('secrets.remove', { name: 'secrets.groq' });
    assert.equal((await one('secrets.groq')).waits, false);
  });

  it('of a channel is among them, also when it comes from elsewhere', async () => {
    const token = await one('channels.telegram.token');
    assert.deepEqual([token.is_set, token.kind, token.used_by], [true, 'channel', 'telegram']);
  });

  it('must have a name that the server knows, be one line, and be the operator\'s', async () => {
    assert.equal((await refused('secrets.set', { name: 'secrets.nobody', value: 'x' })).reason, 'secret_not_found');
    assert.equal((await refused('secrets.set', { name: 'gateway.max_steps', value: '5' })).reason, 'secret_not_found');
    assert.match((await refused('secrets.set', { name: 'secrets.groq', value: 'a\nb' })).message, /one line/);
    for (const method of ['secrets.list', 'secrets.set', 'secrets.remove']) {
      assert.equal((await refused(method, { name: 'secrets.groq', value: 'x' }, viewer)).code, 'FORBIDDEN', method);
    }
  });
});

describe('a webhook of a channel', () => {
  const post = (body, secret, more = {}) => fetch(`${host.url}/webhook/telegram`, { method: 'POST',
    headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret, ...more }, body });
  const kept = async () => (await ok('channels.requests', { channel: 'telegram' })).requests;
  const newest = (test) => until(async () => test((await kept())[0]), 30_000, 'the request is kept');

  it('is kept with each step of its verification and our reply, and without any secret', async () => {
    await post('{"update_id":1,"token":"sekret-in-the-body"}', 'a-wrong-secret');
    await newest((r) => r?.status === 401);
    const [bad] = await kept();
    assert.deepEqual(bad.steps.map((s) => [s.account, s.what, s.ok]), [['main', 'configured', true], ['main', 'vendor', false]]);
    assert.match(bad.steps[1].text, /signature is not that/);
    assert.match(bad.reply, /refused/);
    assert.deepEqual(JSON.parse(bad.body), { token: '[redacted]', update_id: 1 });
    await c.next((f) => f.event === 'channel.changed' && f.payload.channel === 'telegram' && f.payload.what === 'request');
    await post('{"update_id":2}', SECRET);
    await newest((r) => r.status === 200);
    const [good] = await kept();
    assert.deepEqual(good.steps.map((s) => [s.what, s.ok]), [['configured', true], ['vendor', true], ['understood', true]]);
    assert.deepEqual([good.account, good.reply, good.method], ['main', '{"received":true}', 'POST']);
    await post('[1', SECRET);
    await newest((r) => r.status === 400);
    assert.equal((await kept())[0].steps.at(-1).ok, false);
    await post('{}', 'x', { 'x-signature': `sha256=${'ab'.repeat(32)}` });
    await newest((r) => r.headers['x-signature'] !== undefined);
    const rows = (await sql(host.home, 'select * from channel_requests')).join('\n');
    for (const secret of [SECRET, 'a-wrong-secret', 'sekret', TOKEN_OF_BOT, 'abababababab']) assert.ok(!rows.includes(secret), secret);
  });

  it('is forgotten when fifty newer ones came', async () => { // limit: channel requests
    await sql(host.home, `insert into channel_requests (channel, method, address, headers, query, body, body_bytes, steps, status, reply, took_ms)
      select 'telegram', 'POST', '', '{}', '{}', '', 0, '[]', 418, '', 0 from generate_series(1, 200)`);
    await until(async () => {                    // more than a few a second are not kept
      await post('{"update_id":3}', SECRET);
      return await sql(host.home, `select count(*) from channel_requests where channel = 'telegram'`).then(([n]) => n === '50');
    }, 30_000, 'fifty are left');
    assert.equal((await kept()).length, 50);
    assert.equal((await refused('channels.requests', { channel: 'none' })).reason, 'channel_refused');
    assert.equal((await refused('channels.requests', { channel: 'telegram' }, viewer)).code, 'FORBIDDEN');
  });
});

describe('a job that is not made yet', () => {
  it('says its next five times, or what is wrong with what was given', async () => {
    const { times, expression } = await ok('cron.preview', { expression: '30 7 * * *', timezone: 'Europe/Stockholm' });
    assert.equal(expression, '30 7 * * *');
    assert.equal(times.length, 5);
    for (const at of times) {
      assert.equal(new Intl.DateTimeFormat('sv', { timeZone: 'Europe/Stockholm', timeStyle: 'short' }).format(at), '07:30');
    }
    assert.equal((await ok('cron.preview', { expression: 'in 10m' })).times.length, 1);
    assert.match((await refused('cron.preview', { expression: '61 * * * *' })).message, /minute/);
    assert.match((await refused('cron.preview', {})).message, /say when/);
    assert.deepEqual((await ok('cron.list')).jobs, []);
  });
});

describe('who may come in', () => {
  it('is said with what it means, as human doctor says it', async () => {
    const about = await ok('device.exposure');
    assert.deepEqual([about.port, about.is_public, about.has_token], [Number(host.port), false, false]);
    assert.ok(about.findings.some((f) => f.name === 'control' && f.level === 'ok'));
    assert.ok(about.findings.some((f) => f.name === 'management'));
  });

  it('and what runs for whom is what the rule about tools says', async () => {
    const { tools, level } = await ok('tools.verdicts');
    assert.equal(level, 2);
    const of = (name) => Object.fromEntries(tools.find((t) => t.name === name).verdicts.map((v) => [v.asker, `${v.action} ${v.reason}`]));
    assert.deepEqual(of('file_read'), { operator: 'run level-2', owner: 'run level-2', guest: 'ask guest', market: 'ask market' });
    assert.equal(of('file_write').operator.slice(0, 3), 'ask');
  });
});
