// spec/e2e/gateway_engine.test.mjs -- sessions, runs, tools and approvals of the gateway, below any protocol: answers
// that come in pieces, tools side by side, approvals that outlive workers, scripts, hosts and hours, and runs that end
// at once when cancelled.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ollama } from './dialects.mjs';
import { answer, approvals, asks, call, effects, ended, listen, modelled, one, PATIENCE_MS, resolve, send, slowly, TREES } from './gateway_world.mjs';
import { BINARY, databaseUrl, makeHome, sql, startHost } from './hosts.mjs';
import { median } from './load.mjs';
import { reload } from './modes.mjs';
import { startServer, stream } from './models_server.mjs';
import { root, until } from './support.mjs';

const CLOCK = { HUMAN_TIME_TEST_CLOCK: 'true' };
const human = (home, ...args) => promisify(execFile)(BINARY, args, { env: { ...process.env, HUMAN_HOME: home, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: path.join(root, 'scripts') } });
let host, other, model, n = 0;
const key = () => `s${n += 1}`;

before(async () => {
  model = await startServer(() => {});
  host = await startHost({ scripts: TREES, env: { HUMAN_DATABASE_POOL: '8', ...CLOCK, ...asks(model) } });
  other = await startHost({ scripts: TREES, env: { HUMAN_DATABASE_POOL: '2', DATABASE_URL: databaseUrl(host.home), ...CLOCK, ...asks(model) } });
});
after(async () => {
  await other?.stop();
  await host?.stop();
  await model?.close();
});
beforeEach(() => sql(host.home, 'truncate tool_effects'));

describe('a message', () => {
  it('is answered by a run of its own, told from "received" to "sent", and both are in the history', async () => {
    const k = key(), ear = await listen(host);
    const run = await send(host, k, 'Good morning');
    assert.equal(await ended(host, run), 'done');
    const last = await ear.next((p) => p.runId === run && p.state === 'sent');
    const mine = ear.events.filter((e) => e.payload.runId === run);
    const states = mine.map((e) => e.payload.state);
    assert.deepEqual([states[0], states[1], states.at(-1)], ['received', 'thinking', 'sent']);
    assert.ok(states.slice(2, -1).every((s) => s === 'chunk') && states.length > 3, String(states));
    assert.equal(mine.filter((e) => e.payload.state === 'chunk').map((e) => e.payload.message).join(''), last.payload.message);
    const { value } = await call(host, 'sessions.history', k);
    assert.deepEqual(value.map((m) => [m.role, m.content]), [['user', 'Good morning'], ['assistant', last.payload.message]]);
    assert.equal(value[1].run_id, run);
    ear.close();
  });

  it('is streamed as it comes, joined to at most 30 pieces a second, as notifications to the connection that asked', async () => { // limit: gateway pieces
    const k = key(), ear = await listen(other, ['gateway', 'conn']);
    await modelled(host, k);
    const pieces = Array.from({ length: 200 }, (_, i) => `w${i} `);
    // The second half comes once the first ones were heard.
    const heard = () => ear.events.some((e) => e.event === 'chat' && e.payload.state === 'chunk');
    model.on = (_, res) => slowly(res, pieces, 5, (i) => i < 100 || heard());
    const began = performance.now();
    const run = await send(other, k, 'Count', { origin: { conn: ear.conn, stream: true } });
    await ear.next((p, event) => event === 'chat.chunk' && p.runId === run && p.done);
    const took = (performance.now() - began) / 1000;
    const chunks = ear.events.filter((e) => e.event === 'chat' && e.payload.runId === run && e.payload.state === 'chunk');
    const sent = await ear.next((p, event) => event === 'chat' && p.runId === run && p.state === 'sent');
    assert.equal(chunks.map((c) => c.payload.message).join(''), pieces.join(''));
    assert.equal(sent.payload.message, pieces.join(''));
    assert.ok(chunks.length >= 2 && chunks.length <= 30 * took + 2, `${chunks.length} in ${took} s`);
    const seqs = chunks.map((c) => c.payload.index);
    assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b));
    const notes = ear.events.filter((e) => e.event === 'chat.chunk' && e.payload.runId === run);
    assert.equal(notes.map((c) => c.payload.content).join(''), pieces.join(''));
    assert.deepEqual(notes.at(-1).payload.usage.input_tokens, 12);
    ear.close();
  });

  it('waits for the previous one of its session, and for none of another session', async () => {
    const k = key(), elsewhere = key();
    const first = await send(host, k, 'Run the tool effect_asked with {"name": "slow"}');
    const [approval] = await approvals(host, k);
    const second = await send(host, k, 'What time is it?');
    const third = await send(host, elsewhere, 'What time is it?');
    await ended(host, third);
    assert.equal(await one(host, `select state from gateway_runs where id = '${second}'`), 'waiting');
    await resolve(host, approval.id, 'allow-once');
    assert.deepEqual([await ended(host, first), await ended(host, second)], ['done', 'done']);
    const { value } = await call(host, 'sessions.history', k);
    assert.deepEqual(value.filter((m) => m.role === 'user').map((m) => m.content), ['Run the tool effect_asked with {"name": "slow"}', 'What time is it?']);
    assert.equal(await one(host, `select count(*) from gateway_runs a join gateway_runs b using (session_id)
      where a.id = '${first}' and b.id = '${second}' and a.finished_at <= b.finished_at`), '1');
  });

  it('that is sent again with its key is the same run; empty, endless and surplus messages are refused', async () => { // limit: gateway message; limit: gateway waiting
    const k = key();
    const run = await send(host, k, 'Hello', { idempotency_key: 'once' });
    assert.equal(await send(host, k, 'Hello', { idempotency_key: 'once' }), run);
    assert.equal((await call(host, 'chat.send', { key: k, message: '  ' })).why, 'empty_message');
    assert.equal((await call(host, 'chat.send', { key: k, message: 'x'.repeat(100_001) })).why, 'message_too_long');
    assert.equal((await call(host, 'chat.send', { key: '\n', message: 'x' })).why, 'bad_key');
    await ended(host, run);
    const held = await send(host, k, 'Run the tool effect_asked with {"name": "held"}');
    for (let i = 0; i < 32; i += 1) await send(host, k, 'And?');
    assert.equal((await call(host, 'chat.send', { key: k, message: 'And?' })).why, 'too_many_waiting');
    assert.equal((await call(host, 'chat.abort', { key: k })).value, true);
    assert.equal(await ended(host, held), 'aborted');
    assert.equal(await one(host, `select count(*) from gateway_runs r join agents a on a.id = r.session_id where session_key = '${k}' and finished_at is null`), '0');
  });

  it('that the model does not answer ends with a sentence saying so, and the next one is answered', async () => {
    const k = key(), ear = await listen(other);
    await modelled(host, k);
    model.on = (_, res) => { res.writeHead(401, { 'content-type': 'application/json' }); res.end('{"error":{"message":"no"}}'); };
    const run = await send(other, k, 'Hello', { origin: { conn: ear.conn, stream: true } });
    assert.equal(await ended(host, run), 'failed');
    await ear.next((p, event) => event === 'chat.chunk' && p.runId === run && p.done);
    assert.match((await ear.next((p) => p.runId === run && p.state === 'sent')).payload.message, /The model did not answer \(unauthorized\)/);
    model.on = (_, res) => stream(res, ollama.stream({ text: 'Here I am.' }));
    const next = await send(other, k, 'And now?');
    assert.equal(await ended(host, next), 'done');
    assert.deepEqual(model.requests.at(-1).body.messages.map((m) => m.role), ['system', 'user', 'assistant', 'user', 'assistant', 'user']);
    assert.equal(model.requests.at(-1).body.messages.at(-2).content, '[This was not answered.]');
    ear.close();
  });

  it('costs what the model counts, booked to the run, its session and the operator', async () => {
    const k = key();
    await modelled(host, k);
    model.on = (_, res) => stream(res, ollama.stream({ text: 'Dear.', usage: [1000, 500] }));
    const before = (await call(other, 'usage.summary')).value;
    const run = await send(other, k, 'Hello');
    await ended(host, run);
    assert.equal(await one(host, `select input_tokens || ' ' || output_tokens || ' ' || provider || ' ' || reason from agent_runs where id = '${run}'`), '1000 500 ollama completed');
    const now = (await call(other, 'usage.summary')).value;
    assert.equal(now.total_tokens - before.total_tokens, 1500);
    assert.equal(now.request_count - before.request_count, 1);
    assert.equal(await one(host, `select runs || ' ' || tokens from agent_usage u join gateway_runs r on r.session_id = u.agent_id where r.id = '${run}'`), '2 1500');
  });
});

describe('a budget', () => {
  it('that is used up ends a run before the model is asked, or between two steps', async () => {
    const k = key();
    await ended(host, await send(host, k, 'Hello'));
    const limit = (tokens) => sql(host.home, `update agents set settings = '{"tokens_per_day": ${tokens}}' where session_key = '${k}'`);
    await limit(0);
    const none = await send(host, k, 'Hello?');
    assert.equal(await ended(host, none), 'failed');
    const record = (run) => one(host, `select reason || ' ' || error_code from agent_runs where id = '${run}'`);
    assert.equal(await record(none), 'budget-exceeded budget_exceeded');
    await limit(10);
    const cut = await send(host, k, 'Run the tool effect_asked with {"name": "dear"}');
    const [approval] = await approvals(host, k);
    await sql(host.home, `insert into agent_usage (agent_id, hour, tokens) select session_id, date_trunc('hour', now()) - interval '1 hour', 11 from gateway_runs where id = '${cut}'`);
    await resolve(host, approval.id, 'allow-once');
    assert.equal(await ended(host, cut), 'failed');
    assert.equal(await record(cut), 'budget-exceeded budget_exceeded');
    assert.deepEqual(await effects(host), ['dear begin', 'dear end']);
  });
});

describe('tools', () => {
  it('are called for plain words without a model, and their result is the answer', async () => {
    const k = key(), ear = await listen(host);
    const run = await send(host, k, 'What time is it?');
    assert.equal(await ended(host, run), 'done');
    assert.match(await answer(host, k), /The tool time says: .*"now":"20\d\d-/);
    const told = ear.events.filter((e) => e.event === 'agent.tool' && e.payload.runId === run);
    assert.deepEqual(told.map((e) => [e.payload.message, e.payload.status]), [['time', 'running'], ['time', 'done']]);
    assert.equal(told[0].payload.id, told[1].payload.id);
    ear.close();
  });

  it('that are declared parallel run side by side, others alone and in their order', async () => {
    const side = await send(host, key(), 'Run the tool effect with {"name": "a", "ms": 500}, the tool effect with {"name": "b", "ms": 500} and the tool effect with {"name": "c", "ms": 500}');
    await ended(host, side);
    assert.deepEqual((await effects(host)).slice(0, 3).map((e) => e.split(' ')[1]), ['begin', 'begin', 'begin']);
    await sql(host.home, 'truncate tool_effects');
    const alone = await send(host, key(), 'Run the tool effect_alone with {"name": "a", "ms": 100}, the tool effect with {"name": "b"} and the tool effect_alone with {"name": "c"}');
    await ended(host, alone);
    assert.deepEqual(await effects(host), ['a begin', 'a end', 'b begin', 'b end', 'c begin', 'c end']);
  });

  it('are called step after step, as often as a run may', async () => { // limit: gateway.max_steps
    const k = key();
    const run = await send(host, k, 'Run the tool effect with {"name": "one"}, then the tool effect with {"name": "two"}');
    assert.equal(await ended(host, run), 'done');
    assert.deepEqual(await effects(host), ['one begin', 'one end', 'two begin', 'two end']);
    const endless = await send(host, k, `Run the tool time${', then the tool time'.repeat(60)}`);
    assert.equal(await ended(host, endless), 'failed');
    assert.equal(await one(host, `select step || ' ' || error_code from gateway_runs where id = '${endless}'`), '50 too_many_steps');
  });

  it('tell the model when they do not exist, are off, get invalid arguments, fail or take too long', async () => { // limit: gateway tool time
    const k = key();
    const said = async (text) => {
      assert.equal(await ended(host, await send(host, k, text)), 'done');
      return answer(host, k);
    };
    assert.match(await said('Run the tool nothing'), /There is no tool nothing/);
    assert.match(await said('Run the tool shell with {"argv": ["ls"]}'), /The tool shell is switched off/);
    assert.match(await said('Run the tool effect with {"nome": "x"}'), /The arguments do not fit/);
    assert.match(await said('Run the tool broken'), /says: It failed\.$/);
    assert.match(await said('Run the tool effect_short with {"name": "short", "ms": 20000}'), /It took longer than 0.3 seconds/);
    assert.deepEqual(await effects(host), ['short begin']);
  });

  it('are limited per answer in number, and in the length of arguments', async () => { // limit: gateway step calls; limit: gateway arguments
    const k = key();
    assert.equal(await ended(host, await send(host, k, `Run ${Array.from({ length: 17 }, (_, i) => `the tool effect with {"name": "n${i}"}`).join(' and ')}`)), 'done');
    assert.equal(await one(host, `select count(*) from tool_effects where what = 'end'`), '16', await answer(host, k));
    assert.match(await answer(host, k), /At most 16 tools can be called at once/);
    assert.equal(await ended(host, await send(host, k, `Run the tool effect with {"name": "${'x'.repeat(66_000)}"}`)), 'done');
    assert.match(await answer(host, k), /longer than 65536 bytes/);
  });

  it('that return more than the model can read are cut for it, and kept whole', async () => { // limit: gateway result; limit: gateway whole result
    const k = key();
    await ended(host, await send(host, k, 'Run the tool flood'));
    const { value } = await call(host, 'sessions.history', k);
    const [flood] = value.find((m) => m.tool_calls).tool_calls;
    assert.equal(flood.result_bytes, 100_002);
    assert.ok(Buffer.byteLength(flood.result) <= 32768);
    assert.match(flood.result, /\[100002 bytes in all; tool_output shows more\]$/);
    assert.equal(await one(host, `select length(whole) from gateway_results where call_id = '${flood.id}'`), '100002');
    await ended(host, await send(host, k, 'Run the tool tool_output with {"from": 99991}'));
    assert.match(await answer(host, k), /01234567890?/);
  });

  it('remember notes up to their limit', async () => { // limit: gateway memories
    const k = key();
    await ended(host, await send(host, k, 'Run the tool memory_store with {"name": "first", "text": "x"}'));
    await sql(host.home, `insert into gateway_memory (agent_id, name, text) select agent_id, 'filler ' || n, 'x' from gateway_owner, generate_series(1, 999) n`);
    await ended(host, await send(host, k, 'Run the tool memory_store with {"name": "one more", "text": "x"}'));
    assert.match(await answer(host, k), /There are 1000 notes already/);
    await ended(host, await send(host, k, `Run the tool memory_store with {"name": "first", "text": "${'x'.repeat(4001)}"}`));
    assert.match(await answer(host, k), /The arguments do not fit/);
    await sql(host.home, `delete from gateway_memory`);
  });

  it('work: notes are found again in another session, files stay inside the workspace', async () => {
    const k = key();
    await ended(host, await send(host, k, 'Run the tool memory_store with {"name": "shoe size", "text": "It is 43."}'));
    const asked = await send(host, k, 'Run the tool file_write with {"path": "notes/a.txt", "content": "kept"}');
    const [approval] = await approvals(host, k);
    assert.deepEqual([approval.tool, approval.risk, JSON.parse(approval.arguments)], ['file_write', 'high', { path: 'notes/a.txt', content: 'kept' }]);
    await resolve(host, approval.id, 'allow-once');
    await ended(host, asked);
    const k2 = key(), said = async (text) => { await ended(host, await send(host, k2, text)); return answer(host, k2); };
    assert.match(await said('Run the tool memory_recall with {"query": "what SHOE do I need"}'), /It is 43/);
    // Which host does it is open, and each has a workspace of its own.
    assert.match(await said('Run the tool file_read with {"path": "../secrets"}'), /says: .*secrets/);
  });
});

describe('work whose worker died', () => {
  /** A run at a call that waits, so that a spec can put it where a worker would have left it. */
  const left = async (tool) => {
    const k = key(), run = await send(host, k, 'Run the tool effect_asked with {"name": "left"}');
    await approvals(host, k);
    const call_id = await one(host, `update gateway_calls set tool = '${tool}', status = 'running' where run_id = '${run}' returning id`);
    await sql(host.home, `update gateway_approvals set decision = 'void', decided_at = human_now() where run_id = '${run}'`);
    return { k, run, call_id };
  };
  const row = (kind, id, more, attempts) => sql(host.home, `insert into host_queue (kind, id, key, payload, due_at, order_at, attempts)
    values ('${kind}', '${id}', '${id}', '${JSON.stringify(more)}', human_now(), human_now(), ${attempts})`);

  it('in a tool: it is not run again, and the model is told that it may have happened', async () => {
    const { k, run, call_id } = await left('effect');
    await row('session.act', call_id, { call: call_id }, 1);
    assert.equal(await ended(host, run), 'done');
    assert.match(await answer(host, k), /It was interrupted: it may or may not have happened/);
    assert.equal(await one(host, `select status from gateway_calls where id = '${call_id}'`), 'interrupted');
    assert.deepEqual(await effects(host), []);
  });

  it('in a repeatable tool: it is repeated, but not forever', async () => { // limit: gateway attempts
    const again = await left('effect_again');
    await row('session.act', again.call_id, { call: again.call_id }, 2);
    assert.equal(await ended(host, again.run), 'done');
    assert.deepEqual(await effects(host), ['left begin', 'left end']);
    const never = await left('effect_again');
    await row('session.act', never.call_id, { call: never.call_id }, 3);
    assert.equal(await ended(host, never.run), 'done');
    assert.match(await answer(host, never.k), /It was interrupted/);
  });

  it('while asking the model, again and again: the run fails, and the next message is answered', async () => {
    const { k, run } = await left('effect');
    await sql(host.home, `update gateway_runs set state = 'thinking' where id = '${run}'`);
    const session = await one(host, `select session_id from gateway_runs where id = '${run}'`);
    const next = await send(host, k, 'What time is it?');
    await row('session.think', session, { run, step: 1 }, 5);
    assert.equal(await ended(host, run), 'failed');
    assert.equal(await one(host, `select reason || ' ' || error_code from agent_runs where id = '${run}'`), 'error interrupted');
    assert.equal(await ended(host, next), 'done');
  });
});

describe('an approval', () => {
  const ask = async (k, name = 'x', at = host) => {
    const run = await send(at, k, `Run the tool effect_asked with {"name": "${name}"}`);
    const [approval] = await approvals(at, k);
    return { run, approval };
  };

  it('holds nothing while it waits: no task, and no queue row but its expiry; the first answer counts', async () => {
    const k = key(), ear = await listen(host);
    const { run, approval } = await ask(k);
    const told = await ear.next((p, event) => event === 'exec.approval.requested' && p.runId === run);
    assert.deepEqual([told.payload.id, told.payload.tool, told.payload.arguments, told.payload.sessionKey], [approval.id, 'effect_asked', { name: 'x' }, k]);
    await until(async () => (await one(host, `select count(*) from host_queue where owner is not null`)) === '0', PATIENCE_MS, 'no row runs');
    assert.equal(await one(host, `select string_agg(kind, ' ') from host_queue where payload::text like '%${approval.id}%' or payload::text like '%${run}%'`), 'session.expire');
    const answers = await Promise.all([resolve(host, approval.id, 'allow-once'), resolve(other, approval.id, 'deny'), resolve(host, approval.id, 'allow-once')]);
    assert.equal(answers.filter((a) => a.value.resolved).length, 1);
    const [{ value: { decision } }] = answers.filter((a) => a.value.resolved);
    assert.ok(answers.every((a) => a.value.decision === decision));
    assert.equal(await ended(host, run), 'done');
    assert.deepEqual(await effects(host), decision === 'deny' ? [] : ['x begin', 'x end']);
    assert.equal((await ear.next((p, event) => event === 'exec.approval.resolved' && p.id === approval.id)).payload.resolvedBy, 'spec');
    assert.equal(await one(host, `select count(*) from host_queue where kind = 'session.expire' and key = '${approval.id}'`), '0');
    ear.close();
  });

  it('that is denied tells the model, and the tool does not run', async () => {
    const k = key(), { run, approval } = await ask(k);
    assert.deepEqual((await resolve(host, approval.id, 'deny')).value, { resolved: true, decision: 'deny' });
    assert.equal(await ended(host, run), 'done');
    assert.match(await answer(host, k), /The operator denied it/);
    assert.deepEqual(await effects(host), []);
  });

  it('is for the operator, for the arguments that were shown, and for nothing else', async () => {
    const k = key(), { run, approval } = await ask(k);
    assert.equal((await resolve(host, approval.id, 'allow-once', { id: 'v', role: 'viewer' })).why, 'forbidden');
    assert.equal((await resolve(host, approval.id, 'allow-once', null)).why, 'forbidden');
    assert.equal((await resolve(host, approval.id, 'maybe')).why, 'invalid');
    assert.equal((await resolve(host, 'cnothingofthatkind', 'deny')).why, 'not_found');
    assert.equal((await resolve(host, approval.id, 'allow-once', undefined, 'f'.repeat(64))).why, 'conflict');
    await sql(host.home, `update gateway_calls set arguments = '{"name":"other"}' where run_id = '${run}'`);
    assert.equal((await resolve(host, approval.id, 'allow-once')).value.resolved, true);
    assert.equal(await ended(host, run), 'done');
    assert.match(await answer(host, k), /not those that were approved/);
    assert.deepEqual(await effects(host), []);
  });

  it('"always" is for the same tool with the same subject, in every session', async () => {
    const { run, approval } = await ask(key(), 'trusted');
    await resolve(host, approval.id, 'allow-always');
    await ended(host, run);
    assert.equal(await ended(host, await send(host, key(), 'Run the tool effect_asked with {"name": "trusted"}')), 'done');
    assert.equal((await effects(host, 'trusted')).length, 4);
    const { run: again, approval: open } = await ask(key(), 'stranger');
    await resolve(host, open.id, 'deny');
    await ended(host, again);
  });

  it('that nobody answers becomes a denial when its time is up', async () => { // limit: gateway approval
    const k = key(), { run, approval } = await ask(k);
    assert.equal(approval.expiresAtMs - approval.createdAtMs, 1_800_000);
    await human(host.home, 'clock', 'advance', '29m');
    assert.equal(await one(host, `select state from gateway_runs where id = '${run}'`), 'acting');
    await human(host.home, 'clock', 'advance', '2m');
    assert.equal(await ended(host, run), 'done');
    assert.match(await answer(host, k), /Nobody approved it in time/);
    assert.equal((await resolve(host, approval.id, 'allow-once')).why, 'not_found');
    assert.deepEqual(await effects(host), []);
  });

  it('has a limit of how many wait at a time; more are denied at once', async () => { // limit: gateway open approvals
    const keys = Array.from({ length: 7 }, key), runs = [];
    for (const k of keys) runs.push(await send(host, k, `Run ${Array.from({ length: 16 }, (_, i) => `the tool effect_asked with {"name": "m${i}"}`).join(' and ')}`));
    await until(async () => (await one(host, `select count(*) from gateway_calls where status in ('asked', 'denied')`)) >= 112, PATIENCE_MS, 'all are judged');
    assert.equal(await one(host, `select count(*) from gateway_approvals where decision is null`), '100');
    assert.equal(await one(host, `select count(*) from gateway_calls where status = 'denied' and result like 'Too many calls wait%'`), '12');
    for (const k of keys) await call(host, 'chat.abort', { key: k });
    for (const run of runs) assert.match(await ended(host, run), /aborted|done/);
    assert.deepEqual(await effects(host), []);
  });

  it('goes on on another host, after a reload, and after all of its host was killed', async () => {
    const own = await startHost({ scripts: TREES, home: makeHome(), env: { HUMAN_WORKERS: '1', HUMAN_DATABASE_POOL: '2', DATABASE_URL: databaseUrl(host.home), ...CLOCK, ...asks(model) } });
    const k = key(), { run, approval } = await ask(k, 'late', own);
    await own.kill();
    assert.equal((await reload(BINARY, host.home)).code, 0);
    assert.equal((await resolve(host, approval.id, 'allow-once')).value.resolved, true);
    assert.equal(await ended(host, run), 'done');
    assert.deepEqual(await effects(host), ['late begin', 'late end']);
  });
});

describe('abort', () => {
  const ABORT_MS = Number(process.env.ABORT_MS ?? 600), ROUNDS = 5;                 // who only looks every two seconds takes a second, half of the time

  const ours = (pid) => [host, other].some((h) => { try { return fs.readlinkSync(`/proc/${pid}/cwd`).startsWith(h.home); } catch { return false; } });
  /** Milliseconds from the call until `test` holds, as the fastest way to see it tells. */
  const took = async (request, at, test) => {
    const began = performance.now();
    const aborted = call(at, 'chat.abort', request);
    await until(test, 10_000, 'it has ended');
    const ms = performance.now() - began;
    assert.equal((await aborted).value, true);
    return ms;
  };

  it('ends a call of the model at once, from any worker of any host, and keeps what was said', async () => {
    const times = [];
    for (let i = 0; i < ROUNDS; i += 1) {
      const k = key(), ear = await listen(other);
      await modelled(host, k);
      model.on = (_, res) => slowly(res, Array.from({ length: 3000 }, () => 'word '), 10);
      const hungUp = model.hungUp, run = await send(other, k, 'Talk', { origin: { conn: ear.conn, stream: true } });
      await ear.next((p) => p.runId === run && p.state === 'chunk');
      times.push(await took({ key: k }, i % 2 ? host : other, () => model.hungUp > hungUp));
      assert.equal(await ended(host, run), 'aborted');
      await ear.next((p) => p.runId === run && p.aborted && /^word /.test(p.message));
      await ear.next((p, event) => event === 'chat.chunk' && p.runId === run && p.done);
      assert.match(await answer(host, k), /^word /);
      ear.close();
    }
    assert.ok(median(times) < ABORT_MS, `${times.map(Math.round)} ms`);
  });

  it('ends a tool and the program that it runs at once', async () => {
    const times = [], sleeping = () => one(host, `select count(*) from tool_effects where name = 'program'`);
    for (let i = 0; i < ROUNDS; i += 1) {
      const k = key(), run = await send(host, k, 'Run the tool program');
      await until(async () => Number(await sleeping()) === i + 1, PATIENCE_MS, 'it runs');
      const pid = await until(async () => {
        const { stdout } = await promisify(execFile)('pgrep', ['-x', '-f', 'sleep 3607']).catch(() => ({ stdout: '' }));
        return stdout.trim().split('\n').filter(Boolean).find(ours); // others may run this spec, too
      }, PATIENCE_MS, 'the program is there');
      times.push(await took({ run_id: run }, i % 2 ? other : host, () => { try { process.kill(Number(pid), 0); return false; } catch { return true; } }));
      assert.equal(await ended(host, run), 'aborted');
      assert.equal(await one(host, `select status from gateway_calls where run_id = '${run}'`), 'aborted');
    }
    assert.ok(median(times) < ABORT_MS, `${times.map(Math.round)} ms`);
  });

  it('without a key ends what this connection asked for, and nothing else; the next message is answered', async () => {
    const mine = key(), theirs = key();
    const a = await send(host, mine, 'Run the tool effect_asked with {"name": "a"}', { origin: { conn: 'conn-1' } });
    const b = await send(host, theirs, 'Run the tool effect_asked with {"name": "b"}', { origin: { conn: 'conn-2' } });
    const [open] = await approvals(host, mine);
    await approvals(host, theirs);
    assert.equal((await call(host, 'chat.abort', { origin: { conn: 'conn-1' } })).value, true);
    assert.equal((await call(host, 'chat.abort', { origin: { conn: 'conn-1' } })).value, false);
    assert.equal((await resolve(host, open.id, 'allow-once')).why, 'not_found');
    assert.equal(await one(host, `select a.state || ' ' || b.state from gateway_runs a, gateway_runs b where a.id = '${a}' and b.id = '${b}'`), 'aborted acting');
    assert.equal(await ended(host, await send(host, mine, 'What time is it?')), 'done');
    assert.match(await answer(host, mine), /^The tool time says: [^\n]*$/, 'what was aborted is not done after all');
    assert.equal((await call(host, 'chat.abort', { run_id: b })).value, true);
    assert.deepEqual(await effects(host), []);
  });
});

describe('whoever asked for a run', () => {
  it('is told once how it ended, in the transaction of its end; an unknown cause is ignored', async () => {
    const k = key(), told = () => sql(host.home, `select call_id || ' ' || what from tool_effects where name = 'spec:${k}' order by pos`);
    const cause = { cause: `spec:${k}` };
    const done = await send(host, k, 'What time is it?', cause);
    await ended(host, done);
    await modelled(host, k);
    model.on = (_, res) => res.writeHead(401, { 'content-type': 'application/json' }).end('{"error": {"message": "no"}}');
    const failed = await send(other, k, 'And now?', cause);
    await ended(host, failed);
    model.on = (_, res) => stream(res, ollama.stream({ calls: [{ id: 'c1', name: 'effect_asked', arguments: { name: 'x' } }] }));
    const aborted = await send(host, k, 'Do it', cause);
    await approvals(host, k);
    await call(other, 'chat.abort', { run_id: aborted });
    model.on = (_, res) => stream(res, ollama.stream({ text: 'Yes.' }));
    await ended(host, await send(host, k, 'Well?', { cause: 'nobody:1' }));
    assert.deepEqual(await told(), [`${done} done The`, `${failed} failed unauthorized`, `${aborted} aborted aborted`]);
  });
});

describe('sessions', () => {
  it('are listed, named, archived and deleted; none is served as an agent, or counted as one', async () => { // limit: gateway sessions
    const k = key();
    await ended(host, await send(host, k, 'Hello\nthere'));
    const seen = (await call(host, 'sessions.list')).value.find((s) => s.key === k);
    assert.deepEqual([seen.status, seen.turns, seen.messages, seen.running], ['active', 1, 2, false]);
    assert.deepEqual((await call(host, 'sessions.patch', k, { label: 'Mine', archived: true })).value.label, 'Mine');
    assert.equal((await call(host, 'sessions.list')).value.some((s) => s.key === k), false);
    assert.equal((await call(host, 'sessions.list', { archived: true })).value.find((s) => s.key === k).status, 'archived');
    await ended(host, await send(host, k, 'Again'));
    assert.equal((await call(host, 'sessions.list')).value.some((s) => s.key === k), true);
    assert.equal((await call(host, 'sessions.patch', 'nothing', { label: 'x' })).value, null);
    const parents = await one(host, `select count(*) || ' ' || count(*) filter (where parent_id is null) from agents a join gateway_owner o using (user_id)`);
    assert.match(parents, / 1$/);
    const run = await send(host, k, 'Run the tool effect_asked with {"name": "x"}');
    await approvals(host, k);
    assert.equal((await call(host, 'sessions.delete', k)).value, true);
    assert.equal((await call(host, 'sessions.delete', k)).value, false);
    assert.equal(await one(host, `select count(*) from gateway_runs where id = '${run}'`), '0');
    assert.deepEqual((await call(host, 'sessions.history', k)).value, {});
  });

  it('have a history that is read page by page', async () => { // limit: gateway history
    const k = key();
    for (let i = 0; i < 5; i += 1) await ended(host, await send(host, k, `Message ${i}`));
    const { value: newest } = await call(host, 'sessions.history', k, { limit: 4 });
    const { value: older } = await call(host, 'sessions.history', k, { limit: 100, before: newest[0].id });
    const { value: all } = await call(host, 'sessions.history', k);
    assert.equal(all.length, 10);
    assert.deepEqual([...older, ...newest].map((m) => m.id), all.map((m) => m.id));
  });
});
