// spec/e2e/idempotency.test.mjs -- a repeated request is carried out once: by any worker, and by
// the next host after a crash.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, makeUser, unique } from './agent_client.mjs';
import { sql, startHost } from './hosts.mjs';

const SENDERS = 50, TRIES_MS = 20_000, SCRIPTS = ['spec/e2e/scripts/ledger'];
let host;
let user;
before(async () => {
  host = await startHost({ scripts: SCRIPTS });
  user = await makeUser(host.url);
});
after(async () => {
  await host?.stop();
});

const create = (key, name = 'Prompt') => call(host.url, 'POST', '/api/system-prompts', {
  key: user.key, headers: { 'idempotency-key': key, connection: 'close' }, body: { name, template: 'You are.' } });

/** What a client does that must succeed: sends again while the first one is still at work. */
async function insist(key) {
  for (const end = Date.now() + TRIES_MS; ;) {
    const answer = await create(key);
    if (answer.status !== 409 || Date.now() > end) return answer;
    assert.equal(answer.body.code, 'idempotency_in_progress');
    assert.equal(answer.headers.get('retry-after'), '1');
  }
}

async function own() {
  const list = await call(host.url, 'GET', '/api/system-prompts?limit=200', { key: user.key });
  return list.body.filter((p) => p.userId === user.id);
}

const replayed = (answer) => answer.headers.get('idempotent-replayed') === 'true';

describe('Idempotency-Key', () => {
  it('lets one of many concurrent requests through, on whichever workers they arrive', async () => {
    const key = unique('many');
    const answers = await Promise.all(Array.from({ length: SENDERS }, () => insist(key)));
    assert.equal(answers.filter((a) => !replayed(a)).length, 1);
    for (const a of answers) {
      assert.equal(a.status, 201);
      assert.deepEqual(a.body, answers[0].body);
    }
    assert.equal((await own()).length, 1);
    const other = await create(key, 'Another');
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused']);
  });

  it('is remembered by the next host after a crash', async () => {
    const key = unique('crash');
    const first = await create(key);
    await host.kill();
    host = await startHost({ home: host.home, scripts: SCRIPTS });
    const again = await create(key);
    assert.deepEqual([again.status, again.body, replayed(again)], [201, first.body, true]);
    assert.ok(!replayed(await create(unique('other'))));
    assert.equal((await own()).length, 3);
  });

  it('shows a secret again to the caller who saw it, and stores it where nobody else can read it', async () => {
    const headers = { 'idempotency-key': unique('secret') };
    const make = (more) => call(host.url, 'POST', `/api/users/${user.id}/api-keys`, { headers, body: { ...more } });
    const [one, two] = [await make(), await make()];
    assert.deepEqual([one.status, two.status, two.body, replayed(two)], [201, 201, one.body, true]);
    assert.match(one.body.key, /^ak_/);
    assert.equal((await make({ name: 'another' })).body.code, 'idempotency_key_reused');
    const [row] = await sql(host.home, `select convert_from(body, 'UTF8') || headers from idempotency_keys where key = '${headers['idempotency-key']}'`);
    assert.match(row, /^sealed:/);
    assert.ok(!row.includes(one.body.key.slice(3)));
  });
});

describe('a handler that is repeated', () => {
  const teller = 'teller';
  let account;
  const post = (path, body, key = unique('key'), more = {}) => call(host.url, 'POST', `/ledger${path}`,
    { key: teller, headers: key ? { 'idempotency-key': key, ...more } : {}, body });
  const take = (way, key, cents = 1) => post(`/accounts/${account}/${way}`, { cents, request: String(key) }, key);
  const left = async () => Number((await sql(host.home, `select cents from purse_accounts where id = '${account}'`))[0]);
  before(async () => {
    account = unique('account');
    assert.equal((await post(`/accounts/${account}`, { cents: 100, request: 'open' })).status, 201);
  });

  for (const [way, what, cents] of [['debits', 'is one transaction', 1], ['pairs', 'has two', 2], ['patient', 'waits for others', 1], ['strict', 'may not', 1]]) {
    it(`does what it does once when it ${what}`, async () => {
      const [before, key] = [await left(), unique('way')];
      const [one, two] = [await take(way, key), await take(way, key)];
      assert.deepEqual([one.status, replayed(one), two.status, two.body, replayed(two)], [201, false, 201, one.body, true]);
      assert.equal(await left(), before - cents);
    });
  }

  it('keeps a refusal with what was done before it, and undoes the work if a retry may end otherwise', async () => {
    for (const [code, status, taken, kept] of [['conflict', 409, 1, true], ['rate_limited', 429, 0, false], ['internal', 500, 0, false]]) {
      const [before, key] = [await left(), unique('refused')];
      const [one, two] = [await take(`then_${code}`, key), await take(`then_${code}`, key)];
      assert.deepEqual([one.status, two.status, replayed(two)], [status, status, kept], code);
      assert.equal(await left(), before - taken, code);
    }
  });

  it('undoes only the transaction that failed', async () => {
    const [before, key] = [await left(), unique('poor')];
    const [one, two] = [await take('debits', key, 1000), await take('debits', key, 1000)];
    assert.deepEqual([one.status, two.status, replayed(two), await left()], [409, 409, true, before]);
    const half = unique('half');
    assert.equal((await take('pairs', half, before - 1)).status, 409);
    assert.equal(await left(), 1);
    assert.equal(replayed(await take('pairs', half, before - 1)), true);
    await post(`/accounts/${account = unique('account')}`, { cents: 100, request: 'open' });
  });

  it('is refused by name if it waits although it declared that it would not', async () => {
    for (const key of [unique('strict'), null]) {
      assert.equal((await take('strict', key, 2)).status, 500);
      assert.equal(await left(), 100);
    }
    assert.match(host.log(), /task\.sleep: not in POST \/ledger\/accounts\/\{id\}\/strict, which is one transaction/);
  });

  it('is the same when it brings the same file', async () => {
    const key = unique('receipt');
    const bring = (text) => fetch(`${host.url}/ledger/receipts`, { method: 'POST', body: text,
      headers: { 'x-api-key': teller, 'idempotency-key': key, 'content-type': 'text/plain' } });
    const [one, two, other] = [await bring('paid'), await bring('paid'), await bring('owed')];
    assert.deepEqual([one.status, two.status, replayed(two), other.status], [201, 201, true, 422]);
  });

  it('has separate keys per address if the caller is unknown', async () => {
    const key = unique('public');
    const from = (address) => fetch(`http://${address}:${host.port}/ledger/keys`,
      { method: 'POST', headers: { 'idempotency-key': key } }).then(async (r) => ({ body: await r.json(), headers: r.headers }));
    const [one, two] = [await from('127.0.0.1'), await from('127.0.0.1')];
    assert.deepEqual([two.body, replayed(two)], [one.body, true]);
    const [scope] = await sql(host.home, `select scope from idempotency_keys where key = '${key}'`);
    assert.equal(scope, 'public 127.0.0.1 POST /ledger/keys');
  });
});
