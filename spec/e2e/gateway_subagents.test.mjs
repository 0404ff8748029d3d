// spec/e2e/gateway_subagents.test.mjs -- a run that gives work to other sessions: their answers are results of its calls,
// whatever dies meanwhile, and none of them outlives it.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { answer, call, ended, one, resolve, send, TREES } from './gateway_world.mjs';
import { sql, startHost } from './hosts.mjs';
import { until } from './support.mjs';

let host, n = 0;
const key = () => `p${n += 1}`;
const spawn = (task) => `agent_spawn with ${JSON.stringify({ task })}`;
before(async () => { host = await startHost({ scripts: TREES, env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_SECURITY_AUTONOMY_LEVEL: '3', HUMAN_DATABASE_POOL: '8' } }); });
after(async () => { await host?.stop(); });
beforeEach(() => sql(host.home, 'truncate tool_effects'));

const states = (run) => sql(host.home, `with recursive below as (
  select r.id, r.session_id, r.state, 0 as level from gateway_runs r where r.id = '${run}'
  union all select r.id, r.session_id, r.state, level + 1 from below b join gateway_calls c on c.run_id = b.id
    join gateway_sessions s on s.asked_by = c.id join gateway_runs r on r.session_id = s.id)
  select level || ' ' || state from below order by level`);

describe('a call of agent_spawn', () => {
  it('is answered by a session of its own, in parallel with others', async () => {
    const k = key();
    const run = await send(host, k, `Run the tool ${spawn('Run the tool effect with {"name": "one"}')} and the tool ${spawn('Run the tool effect with {"name": "two"}')}`);
    assert.equal(await ended(host, run), 'done');
    const said = await answer(host, k);
    assert.match(said, /did one/);
    assert.match(said, /did two/);
    assert.deepEqual(await states(run), ['0 done', '1 done', '1 done']);
    const { value } = await call(host, 'sessions.list', { archived: true });
    assert.ok(value.some((s) => s.key.startsWith('task:') && s.status === 'archived' && s.label.startsWith('Task: ')));
  });

  it('holds nothing while its agent waits for an approval, also over kill -9', async () => {
    const k = key();
    const run = await send(host, k, `Run the tool ${spawn('Run the tool effect_asked with {"name": "held"}')}`);
    let list;
    await until(async () => {
      list = (await call(host, 'approvals.list')).value;
      return list.length > 0;
    }, 60_000, 'its approval is open');
    assert.match(list[0].sessionKey, /^task:/);
    assert.equal(await one(host, "select count(*) from gateway_calls where status in ('ready', 'running')"), '0');
    for (const pid of host.workers()) process.kill(pid, 'SIGKILL');
    await until(async () => (await resolve(host, list[0].id, 'allow-once').catch(() => ({}))).value?.resolved !== undefined, 60_000, 'somebody answers');
    assert.equal(await ended(host, run), 'done');
    assert.match(await answer(host, k), /did held/);
    assert.deepEqual(await sql(host.home, "select what from tool_effects where name = 'held' order by pos"), ['begin', 'end']);
  });

  it('is aborted with its run, and so is everything below it', async () => {
    const k = key();
    const run = await send(host, k, `Run the tool ${spawn(`Run the tool ${spawn('Run the tool program')}`)}`);
    await until(async () => (await sql(host.home, "select 1 from tool_effects where name = 'program'")).length > 0, 60_000, 'the lowest works');
    assert.deepEqual(await states(run), ['0 acting', '1 acting', '2 acting']);
    assert.equal((await call(host, 'chat.abort', { key: k })).value, true);
    await until(async () => (await states(run)).every((s) => s.endsWith('aborted')), 30_000, 'all are aborted');
    assert.equal(await one(host, "select count(*) from gateway_calls where status in ('ready', 'running', 'waiting')"), '0');
  });

  it('says so if its agent is aborted or fails, and its run goes on', async () => {
    const k = key();
    const run = await send(host, k, `Run the tool ${spawn('Run the tool program')}`);
    await until(async () => (await sql(host.home, "select 1 from tool_effects where name = 'program'")).length > 0, 60_000, 'it works');
    const below = await one(host, `select a.session_key from agents a join gateway_sessions s on s.id = a.id join gateway_calls c on c.id = s.asked_by where c.run_id = '${run}'`);
    await call(host, 'chat.abort', { key: below });
    assert.equal(await ended(host, run), 'done');
    assert.match(await answer(host, k), /It was aborted/);
  });

  it('is refused two below, and for the ninth of one message', async () => { // limit: gateway spawned
    const k = key();
    const run = await send(host, k, `Run the tool ${spawn(`Run the tool ${spawn(`Run the tool ${spawn('Hello')}`)}`)}`);
    assert.equal(await ended(host, run), 'done');
    assert.match(await answer(host, k), /at most 2 below each other/);
    const many = await send(host, k, `Run the tool ${Array.from({ length: 9 }, () => spawn('Hello')).join(' and the tool ')}`);
    assert.equal(await ended(host, many), 'done');
    assert.equal((await states(many)).length, 9);
    assert.match(await answer(host, k), /At most 8 agents/);
  });
});
