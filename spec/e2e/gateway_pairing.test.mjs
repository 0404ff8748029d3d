// spec/e2e/gateway_pairing.test.mjs -- devices that are paired by the code of the server's terminal: how long a code is
// valid, what guessing costs, and what happens to a revoked device.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { databaseUrl, errors, makeHome, sql, startHost } from './hosts.mjs';
import { until } from './support.mjs';

const home = makeHome();
const ENV = { HUMAN_HINTS: '1', HUMAN_GATEWAY_REQUIRE_PAIRING: 'true', HUMAN_LIMITS_RECHECK_MS: '600000' };
let host;

/** How a socket ended, which it must within the time that a look at all of them takes. */
async function ended(socket) {
  let how;
  socket.closed.then((value) => { how = value; });
  await until(() => how, 6000, 'the socket has ended');
  return how;
}

/** POST to a path; from: the address that asks. */
function post(path, { body, headers = {}, from = '127.0.0.1', port = host.port } = {}) {
  const text = body === undefined ? '' : JSON.stringify(body);
  return new Promise((done, fail) => {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const request = http.request({ host: '127.0.0.1', port, path, method: 'POST', localAddress: from,
      headers: { ...type, 'content-length': Buffer.byteLength(text), ...headers } }, (response) => {
      let said = '';
      response.on('data', (d) => { said += d; });
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, body: JSON.parse(said) }));
    });
    request.on('error', fail);
    request.end(text);
  });
}

const codes = () => [...host.log().matchAll(/To pair a device with the gateway: code (\d{8})/g)].map((m) => m[1]);
const used = new Set();
/** The code that the terminal shows, once it is one that no test has had. */
async function fresh() {
  await until(() => codes().length && !used.has(codes().at(-1)), 10_000, () => `a new code; there are ${codes().length}`);
  used.add(codes().at(-1));
  return codes().at(-1);
}
const wrongCode = () => (codes().at(-1) === '12345678' ? '87654321' : '12345678');

before(async () => { host = await startHost({ home, env: ENV }); });
after(async () => {
  assert.deepEqual(errors(host.log()), []);
  assert.equal((await host.stop()).code, 0);
});

describe('a code', () => {
  it('from the terminal pairs one device; then there is a new one', async () => {
    const nobody = await open(host);
    assert.equal(nobody.hello.auth.role, null);
    const code = await fresh();
    const paired = await post('/pair', { body: { code, label: 'a telephone' } });
    assert.equal(paired.status, 200, JSON.stringify(paired.body));
    assert.match(paired.body.token, /^zc_[0-9a-f]{64}$/);
    assert.equal(paired.headers['cache-control'], 'no-store');
    const again = await post('/pair', { body: { code } });
    assert.deepEqual([again.status, again.body.error], [401, 'invalid_code']);
    await until(() => codes().at(-1) !== code, 5000, 'another code is shown');
    const c = await open(host, { token: paired.body.token });
    assert.equal(c.hello.auth.role, 'operator');
    const { paired: list } = (await c.call('device.pair.list')).payload;
    assert.deepEqual(list.map((d) => [d.label, d.role]), [['a telephone', 'operator']]);
    assert.ok(list[0].created_at && !('token' in list[0]));
    assert.deepEqual(await sql(home, "select count(*) from gateway_devices where token_hash like '%zc%'"), ['0']);
    assert.ok(!host.log().includes(paired.body.token));
    for (const x of [nobody, c]) x.ws.close();
  });

  it('may come in a header, or by the older path; the error for an invalid one says what a code is', async () => {
    const byHeader = await post('/api/pair', { headers: { 'x-pairing-code': await fresh() } });
    assert.equal(byHeader.status, 200, JSON.stringify(byHeader.body));
    const missing = await post('/pair');
    assert.deepEqual([missing.status, missing.body.error], [400, 'missing_code']);
    assert.equal((await post('/pair', { body: { code: 'abc' } })).status, 400);
    assert.equal((await post('/pair', { body: { code: '123456' }, from: '127.0.0.9' })).body.error, 'invalid_code');
    const c = await open(host, { token: byHeader.body.token });
    const { code } = (await c.call('device.pair.code')).payload;
    used.add(code);
    const viewer = await post('/pair', { body: { code, label: 'a screen', role: 'viewer' } });
    const v = await open(host, { token: viewer.body.token });
    assert.equal(v.hello.auth.role, 'viewer');
    assert.equal((await v.call('connect', { role: 'operator' })).payload.auth.role, 'viewer');
    assert.equal((await v.call('device.pair.list')).error.code, 'FORBIDDEN');
    for (const x of [c, v]) x.ws.close();
  });
});

describe('guessing', () => {
  it('closes pairing to its own address after five wrong codes, and to nobody else', async () => { // limit: pairing failures
    const guesses = await Promise.all(Array.from({ length: 20 }, () => post('/pair', { body: { code: wrongCode() }, from: '127.0.0.2' })));
    assert.deepEqual(guesses.map((g) => g.body.error).sort(), [...Array(5).fill('invalid_code'), ...Array(15).fill('locked_out')]);
    const locked = guesses.find((g) => g.status === 429);
    assert.ok(Number(locked.headers['retry-after']) > 590, locked.headers['retry-after']);
    const code = await fresh();
    assert.equal((await post('/pair', { body: { code }, from: '127.0.0.2' })).body.error, 'locked_out');
    assert.equal((await post('/pair', { body: { code }, from: '127.0.0.3' })).status, 200);
  });

  it('from many addresses of one network of IPv6 ends after a hundred, and not from another', async () => { // limit: pairing failures
    const own = await startHost({ env: { ...ENV, HUMAN_HTTP_TRUSTED_PROXIES: '127.0.0.1', HUMAN_GATEWAY_PAIR_RATE_LIMIT_PER_MINUTE: '10000' } });
    const guess = async (address) => (await post('/pair', { body: { code: '00000000' }, port: own.port, headers: { 'x-forwarded-for': address } })).body.error;
    const said = [];
    for (let i = 0; i < 104; i += 1) said.push(await guess(`2001:db8:7:${i.toString(16)}::1`));
    assert.deepEqual([said.slice(0, 100), said.slice(100)], [Array(100).fill('invalid_code'), Array(4).fill('locked_out')]);
    assert.equal(await guess('2001:db8:8::1'), 'invalid_code');
    await own.stop();
  });

  it('is limited by pair_rate_limit_per_minute', async () => {
    const own = await startHost({ env: { HUMAN_GATEWAY_PAIR_RATE_LIMIT_PER_MINUTE: '3', HUMAN_WORKERS: '1' } });
    const answers = [];
    for (let i = 0; i < 4; i += 1) answers.push((await post('/pair', { body: { code: '00000000' }, port: own.port })).body.error);
    assert.deepEqual(answers, ['invalid_code', 'invalid_code', 'invalid_code', 'rate_limited']);
    await own.stop();
  });

  it('is pointless when the limit of devices is reached', async () => { // limit: paired devices
    await sql(home, `insert into gateway_devices (id, token_hash, label, role) select 'cfilled' || i + 1000, lpad(i::text, 64, '0'), 'filled', 'node'
      from generate_series(1, 1000) i`);
    const full = await post('/pair', { body: { code: await fresh() } });
    assert.deepEqual([full.status, full.body.error], [409, 'too_many_devices']);
    await sql(home, "delete from gateway_devices where label = 'filled'");
    assert.equal((await post('/pair', { body: { code: await fresh() } })).status, 200);
  });

  it('one code from several clients at once pairs one device', async () => {
    const code = await fresh();
    const from = (i) => `127.0.1.${i + 1}`;
    const all = await Promise.all(Array.from({ length: 10 }, (_, i) => post('/pair', { body: { code }, from: from(i) })));
    assert.equal(all.filter((a) => a.status === 200).length, 1);
  });
});

describe('settings that say who may come in', () => {
  it('count for open sockets as soon as they are saved, on all workers; who changed them is answered first', async () => {
    const file = path.join(makeHome(), 'mine.json');
    fs.writeFileSync(file, '{}');
    const open_ = await startHost({ env: { HUMAN_CONFIG: file, HUMAN_LIMITS_RECHECK_MS: '600000' } });
    const all = await Promise.all(Array.from({ length: 6 }, () => open(open_))), c = await open(open_);
    const { payload } = await c.call('config.set', { key: 'gateway.require_pairing', value: true });
    assert.equal(payload?.saved, true);
    for (const socket of [...all, c]) assert.equal((await ended(socket)).code, 4000);
    await open_.stop();
  });
});

describe('a device', () => {
  it('is known after a restart, and its use is noted', async () => {
    const { body } = await post('/pair', { body: { code: await fresh(), label: 'kept' } });
    await host.stop();
    host = await startHost({ home, env: ENV });
    const c = await open(host, { token: body.token });
    await until(async () => (await c.call('device.pair.list')).payload.paired.find((d) => d.label === 'kept').last_used_at, 5000, 'its use is noted');
    c.ws.close();
  });

  it('that is revoked is out at once, on all workers, and does not come back', async () => {
    const { body } = await post('/pair', { body: { code: await fresh(), label: 'gone' } });
    const operator = await post('/pair', { body: { code: await fresh() } });
    const all = await Promise.all(Array.from({ length: 6 }, () => open(host, { token: body.token })));
    const c = await open(host, { token: operator.body.token });
    assert.deepEqual((await c.call('device.pair.revoke', { id: body.id })).payload, { revoked: true });
    for (const one of all) assert.equal((await one.closed).code, 4000);
    await assert.rejects(open(host, { token: body.token }), (e) => e.status === 401);
    assert.equal((await c.call('device.pair.revoke', { id: body.id })).error.code, 'NOT_FOUND');
    c.ws.close();
  });

  it('that is revoked is out on other hosts, too, however it signed in, and also where the message is lost', async () => {
    const one = (await post('/pair', { body: { code: await fresh() } })).body, lost = (await post('/pair', { body: { code: await fresh() } })).body;
    const c = await open(host, { token: (await post('/pair', { body: { code: await fresh() } })).body.token });
    const two = await startHost({ env: { ...ENV, DATABASE_URL: databaseUrl(home), HUMAN_DATABASE_POOL: '2' } }); // a start makes a new code
    const sockets = async (token) => {
      const late = await open(two);
      assert.equal((await late.call('auth.token', { token })).payload.result, 'authenticated');
      return [...await Promise.all(Array.from({ length: 4 }, () => open(two, { token }))), late, await open(host, { token })];
    };
    const told = await sockets(one.token), untold = await sockets(lost.token);
    await c.call('device.pair.revoke', { id: one.id });
    for (const socket of told) assert.equal((await ended(socket)).code, 4000);
    await sql(home, `delete from gateway_devices where id = '${lost.id}'`); // what a lost notification leaves behind
    for (const socket of untold) assert.equal((await ended(socket)).code, 4000);
    assert.equal((await c.call('health')).payload.status, 'ok');
    c.ws.close();
    await two.stop();
  });
});
