// spec/e2e/rpc_once.test.mjs -- calls with an idempotencyKey are carried out once, whichever connection, worker or host they come
// by and whatever is killed meanwhile: what they took, what they started, and what they answered.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import WebSocket from 'ws';
import { unique } from './agent_client.mjs';
import { BINARY, databaseUrl, isAlive, sql, startHost } from './hosts.mjs';
import { reload } from './modes.mjs';
import { until } from './support.mjs';

const CLIENTS = 6, KILLS = Number(process.env.KILLS ?? 12), PATIENCE_MS = 60_000, START = 1_000_000;
const SCRIPTS = ['spec/e2e/scripts/ledger'], POOL = { HUMAN_DATABASE_POOL: '4' };
let first, second, account;
before(async () => {
  first = await startHost({ scripts: SCRIPTS, env: POOL });
  second = await startHost({ scripts: SCRIPTS, env: { ...POOL, DATABASE_URL: databaseUrl(first.home) } });
  account = unique('account');
  await sql(first.home, `insert into purse_accounts (id, cents) values ('${account}', ${START})`);
});
after(async () => {
  await second?.stop();
  await first?.stop();
});

/** A connection to one of the workers of a host: call(method, params) -> its answer frame, or null when it went away. */
async function open(host, token = 'teller') {
  const ws = new WebSocket(`${host.url.replace('http', 'ws')}/ledger/ws`, { headers: { 'x-api-key': token } });
  const waiting = new Map(), events = [];
  let n = 0;
  ws.on('message', (data) => {
    const frame = JSON.parse(data);
    if (frame.type === 'event') events.push(frame);
    waiting.get(frame.id)?.(frame);
  });
  const gone = new Promise((resolve) => ws.on('close', resolve));
  ws.on('error', () => {});
  await Promise.race([new Promise((resolve) => ws.on('open', resolve)), gone]);
  const call = (method, params) => {
    if (ws.readyState !== WebSocket.OPEN) return Promise.resolve(null);
    const id = String(n += 1);
    ws.send(JSON.stringify({ type: 'req', id, method, params }));
    return Promise.race([new Promise((resolve) => waiting.set(id, resolve)), gone.then(() => null)]);
  };
  return { ws, call, events, close: () => ws.close() };
}

const BUSY = ['SERVICE_UNAVAILABLE', 'UNAVAILABLE', 'idempotency_in_progress', 'route_disabled', 'request_canceled'];

/** Repeats a call until it is answered for good, each time by another connection to another host. */
async function insist(method, params) {
  for (let i = 0, end = Date.now() + PATIENCE_MS; ; i += 1) {
    const host = i % 2 ? second : first;
    const one = await open(host);
    const answer = await one.call(method, params);
    one.close();
    if (answer?.error?.reason === 'route_disabled') await reload(BINARY, host.home);
    if (answer && (answer.ok || !BUSY.includes(answer.error.reason) && !BUSY.includes(answer.error.code))) return answer;
    assert.ok(Date.now() < end, `${method} ${params.idempotencyKey} was answered in time, not ${JSON.stringify(answer)}`);
  }
}

const runs = async (request) => Number((await sql(first.home, `select count(*) from purse_runs where request = '${request}'`))[0]);
const debits = async (request) => Number((await sql(first.home, `select count(*) from purse_debits where request = '${request}'`))[0]);

it('a repeat gets the same answer in either dialect, and takes and starts nothing', async () => {
  for (const method of ['take', 'strict', 'direct']) {
    const request = unique(method), params = { account, request, idempotencyKey: request };
    const one = await open(first);
    const answer = await one.call(method, params);
    assert.equal(answer.ok, true, JSON.stringify(answer));
    await until(() => one.events.filter((e) => e.payload.text === 'three').length, 5000, 'the run has ended');
    const before = one.events.length;
    assert.deepEqual((await one.call(method, params)).payload, answer.payload);
    const two = await open(second);
    assert.deepEqual((await two.call(method, params)).payload, answer.payload);
    two.ws.send(JSON.stringify({ jsonrpc: '2.0', id: 'j', method, params }));
    const [frame] = await new Promise((resolve) => two.ws.once('message', (data) => resolve([JSON.parse(data)])));
    assert.deepEqual(frame, { jsonrpc: '2.0', id: 'j', result: answer.payload });
    assert.deepEqual([await runs(request), await debits(request), one.events.length, two.events.length], [1, 1, before, 0]);
    one.close();
    two.close();
  }
});

it('a key belongs to its caller, its method and its params', async () => {
  const request = unique('own'), params = { account, request, idempotencyKey: request };
  const one = await open(first), other = await open(first, 'somebody');
  const answer = await one.call('take', params);
  const changed = await one.call('take', { ...params, request: `${request}2` });
  assert.deepEqual([changed.ok, changed.error.reason], [false, 'idempotency_key_reused']);
  assert.equal((await one.call('strict', params)).payload.left, answer.payload.left - 1);
  assert.equal((await other.call('take', params)).payload.left, answer.payload.left - 2);
  const bad = await one.call('take', { ...params, idempotencyKey: 'a b' });
  assert.deepEqual([bad.error.code, bad.error.details[0].path], ['INVALID_PARAMS', 'idempotencyKey']);
  one.close();
  other.close();
});

it('a refusal is kept with what was done before it, unless it is about the moment', async () => {
  const one = await open(first), two = await open(second);
  const kept = unique('kept'), params = { account, request: kept, code: 'conflict', idempotencyKey: kept };
  const answer = await one.call('refuse', params), again = await two.call('refuse', params);
  assert.deepEqual([answer.error.message, answer.error.data], ['refused conflict', { held_s: 5 }]);
  assert.deepEqual(again.error, answer.error);
  assert.equal(await debits(kept), 1);
  const passing = unique('passing');
  for (const socket of [one, two]) {
    const busy = await socket.call('refuse', { account, request: passing, code: 'rate_limited', idempotencyKey: passing });
    assert.equal(busy.error.reason, 'rate_limited');
  }
  assert.equal(await debits(passing), 0);
  one.close();
  two.close();
});

it('a method that is one transaction may not reach beyond it; one that reached beyond and failed is not begun again', async () => {
  const one = await open(first);
  const vain = unique('vain');
  assert.equal((await one.call('impatient', { account, request: vain, idempotencyKey: vain })).error.code, 'INTERNAL');
  await until(() => /task.spawn_named: not in rpc impatient, which is one transaction/.test(first.log()), 5000, 'the log says why');
  assert.deepEqual([await runs(vain), await debits(vain)], [0, 0]);
  const bug = unique('bug'), params = { account, request: bug, idempotencyKey: bug };
  assert.equal((await one.call('direct', params)).error.code, 'INTERNAL');
  assert.equal((await one.call('direct', params)).error.reason, 'idempotency_answer_lost');
  assert.deepEqual([await runs(bug), await debits(bug)], [1, 1]);
  one.close();
});

it('a repeat is told to wait while the first call runs, and that the answer is lost if its worker was killed', async () => {
  const request = unique('slow'), params = { account, request, idempotencyKey: request };
  const one = await open(first), two = await open(second);
  const begun = one.call('direct', params);
  await until(async () => await runs(request) === 1, 5000, 'the run was started');
  const busy = await two.call('direct', params);
  assert.deepEqual([busy.error.reason, busy.error.retryable, busy.error.retryAfterMs], ['idempotency_in_progress', true, 1000]);
  for (const pid of first.workers()) process.kill(pid, 'SIGKILL');
  assert.equal(await begun, null);
  await sql(first.home, `update idempotency_keys set lease_until = now() where key = '${request}'`);
  assert.equal((await insist('direct', params)).error.reason, 'idempotency_answer_lost');
  assert.deepEqual([await runs(request), await debits(request)], [1, 1]);
  two.close();
});

it('takes once and starts at most once while workers of two hosts are killed', async () => {
  const answers = new Map();
  let over = false, number = 0;
  const client = async () => {
    while (!over) {
      const request = `${account}-${(number += 1)}`;
      answers.set(request, await insist(number % 2 ? 'take' : 'strict', { account, request, idempotencyKey: request }));
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  for (let i = 0; i < KILLS; i += 1) {
    const upto = answers.size + 1 + Math.floor(Math.random() * 30);
    await until(() => answers.size >= upto, PATIENCE_MS, () => `${upto} answers, not ${answers.size}`);
    const host = i % 2 ? first : second;
    const [pid] = await until(() => host.workers().length && host.workers(), 30_000, 'a worker');
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid), 30_000, 'it is gone');
  }
  over = true;
  await Promise.all(clients);
  const rows = await sql(first.home, `select request, count(*) from purse_debits where request like '${account}-%' group by 1`);
  assert.deepEqual(rows.filter((row) => !row.endsWith('|1')), []);
  assert.equal(rows.length, answers.size);
  const twice = await sql(first.home, `select request from purse_runs where request like '${account}-%' group by 1 having count(*) > 1`);
  assert.deepEqual(twice, []);
  for (const [request, answer] of answers) assert.deepEqual([answer.ok, answer.payload.run], [true, `run ${request}`]);
});
