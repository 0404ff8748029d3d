// spec/e2e/queue_clock.test.mjs -- failing rows, with a clock that the spec moves: their retries, dead rows
// and what an operator can do about them; a database that goes away; scripts that change.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BINARY, databaseUrl, launch, makeHome, sql, startHost } from './hosts.mjs';
import { freePort, root, until } from './support.mjs';

const TREES = ['spec/e2e/scripts/queue'], PATIENCE_MS = 60_000, CLOCK = { HUMAN_TIME_TEST_CLOCK: 'true' };
let host, other;
before(async () => {
  host = await startHost({ scripts: TREES, env: { HUMAN_DATABASE_POOL: '8', HUMAN_WORKERS: '1', ...CLOCK } });
  other = await startHost({ scripts: TREES, env: { HUMAN_DATABASE_POOL: '2', HUMAN_WORKERS: '1', DATABASE_URL: databaseUrl(host.home), ...CLOCK } });
});
after(async () => {
  await other?.stop();
  await host?.stop();
});

const human = (args, home = host.home) => new Promise((done) => {
  const env = { ...process.env, HUMAN_HOME: home, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: path.join(root, 'scripts') };
  execFile(BINARY, args, { env }, (error, stdout, stderr) => done({ code: error ? error.code : 0, stdout, stderr }));
});
async function json(...args) {
  const { code, stdout, stderr } = await human([...args, '--json']);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}
const advance = (by) => json('clock', 'advance', by);
const one = async (statement) => (await sql(host.home, statement))[0];
const clear = () => sql(host.home, 'delete from host_queue; delete from effects');
async function add(body, at = host) {
  const answer = await fetch(`${at.url}/queue`, { method: 'POST', headers: { 'content-type': 'application/json', connection: 'close' }, body: JSON.stringify(body) });
  assert.equal(answer.status, 200);
  return (await answer.json()).id;
}
const tries = (n) => until(async () => (await one(`select count(*) from effects where what = 'try'`)) === String(n), PATIENCE_MS, `${n} tries`);
const state = (s) => until(async () => (await one(`select count(*) from host_queue where kind not like 'market.%' and ${s}`)) === '1', PATIENCE_MS, s);

describe('a row that fails', () => {
  it('is retried after its backoff, by the test clock, and given up after its attempts; the operator can retry it', async () => { // limit: queue attempts
    await clear();
    // When it is due, seen from its last try, however late the spec looks.
    const fromNow = `due_at - human_now() + (clock_timestamp() - (select max(at) from effects where what = 'try'))`;
    const id = await add({ kind: 'failing', count: 1, payload: { heals: true } });
    await tries(1);
    await state(`attempts = 1 and owner is null and ${fromNow} between interval '45 s' and interval '100 s'`);
    await advance('100s');
    await tries(2);
    await state(`attempts = 2 and owner is null and ${fromNow} between interval '450 s' and interval '800 s'`);
    await advance('800s');
    await tries(3);
    await state('dead_at is not null');
    const [row] = await json('queue', 'list', 'failing');
    assert.deepEqual([row.kind, row.id, row.state, row.attempts], ['failing', id, 'dead', 3]);
    assert.match(row.last_error, /it broke: 1/);
    const [shown] = await json('queue', 'show', id);
    assert.deepEqual(shown.payload, { heals: true, n: 1 });
    await sql(host.home, `insert into effects (what, row_id) values ('healed', '')`);
    assert.deepEqual(await json('queue', 'retry', id), { rows: 1 });
    await tries(4);
    await until(async () => (await one(`select count(*) from host_queue where kind not like 'market.%'`)) === '0', PATIENCE_MS, 'it is done');
  });

  it('is ended when an attempt takes too long', async () => { // limit: queue try
    await clear();
    await add({ kind: 'late', count: 1, payload: { sleep: 600 } });
    await state(`attempts = 1 and dead_at is not null and last_error = 'it took longer than its timeout_s'`);
  });

  it('may say when to retry it, or that retrying is useless', async () => {
    await clear();
    await add({ kind: 'failing', count: 1, payload: { retry_in: 7200 } });
    await state(`attempts = 1 and owner is null and last_error = 'busy' and due_at - human_now() between interval '6900 s' and interval '7200 s'`);
    await clear();
    const id = await add({ kind: 'failing', count: 1, payload: { dead: true } });
    await state(`attempts = 1 and dead_at is not null and last_error = 'useless'`);
    assert.deepEqual(await json('queue', 'drop', id), { rows: 1 });
    const again = await human(['queue', 'drop', id]);
    assert.deepEqual([again.code, again.stderr], [1, `human queue: there is no row ${id} that was given up\n`]);
    assert.equal((await human(['queue', 'lits'])).code, 2);
  });
});

describe('the test clock', () => {
  it('makes rows that are due in days due at once, on all hosts, when it moves', async () => {
    await clear();
    const before_at = Date.parse((await json('clock')).now);
    const due = new Date(before_at + 3 * 86_400_000).toISOString();
    await Promise.all([add({ kind: 'once', count: 20, due_at: due }), add({ kind: 'once', count: 20, due_at: due }, other)]);
    assert.equal(await one(`select count(*) from effects`), '0');
    const now = await advance('3d');
    assert.ok(Date.parse(now.now) - before_at >= 3 * 86_400_000);
    await until(async () => (await one(`select count(*) from effects`)) === '40', PATIENCE_MS, 'all have run');
  });

  it('needs no look that comes once a second, but is told to all hosts', async () => {
    await clear();
    // Whoever looks stops at a row whose worker is gone, as long as the spec has the lock: nothing is found by looking.
    const psql = spawn('psql', ['-h', `${host.home}/run`, '-p', '5432', '-U', 'human', '-d', 'human', '-XAtq'], { stdio: ['pipe', 'pipe', 'inherit'] });
    psql.stdin.write('select pg_advisory_lock(78), 1;\n');
    await once(psql.stdout, 'data');
    await sql(host.home, `create function spec_stop() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(78); return new; end $$;
      create trigger spec_stop before update on host_queue for each row when (new.last_error = 'its worker ended before it did') execute function spec_stop()`);
    for (const n of ['1', '2']) { // one for each host: what one has locked the other skips
      await sql(host.home, `insert into host_queue (kind, id, payload, due_at, order_at, owner, lease_until)
        values ('once', 'gone${n}', '{}', human_now(), human_now(), 'nobody', now() - interval '1 s')`);
      await until(async () => (await one(`select count(*) from pg_locks where locktype = 'advisory' and objid = 78 and not granted`)) === n, PATIENCE_MS, `${n} wait`);
    }
    const day = new Date(Date.parse((await json('clock')).now) + 86_400_000).toISOString();
    await add({ kind: 'once', count: 20, due_at: day });
    await sql(host.home, `with moved as (update host_clock set shift = shift + interval '1 day' returning shift)
      select pg_notify('human_clock', extract(epoch from shift)::text) from moved`);
    await until(async () => (await one(`select count(*) from effects`)) === '20', PATIENCE_MS, 'all have run');
    psql.stdin.end();
    await once(psql, 'exit');
    await clear();
    await sql(host.home, 'drop trigger spec_stop on host_queue; drop function spec_stop');
  });

  it('is refused by a database that was made without it, and by a host that does not expect it', async () => {
    const real = await startHost({ scripts: TREES });
    const { code, stderr } = await human(['clock', 'advance', '1d'], real.home);
    assert.deepEqual([code, stderr], [1, 'human clock: this database has no test clock: it was made without the setting time.test_clock\n']);
    const refuses = async (home, env, why) => {
      const { child, log } = launch({ HUMAN_HOME: makeHome(), HUMAN_PORT: await freePort(), HUMAN_WORKERS: '1', HUMAN_DATABASE_POOL: '1',
        DATABASE_URL: databaseUrl(home), ...env }, TREES);
      await until(() => why.test(log()), 20_000, () => `${why} in ${log()}`).finally(() => child.kill('SIGKILL'));
    };
    await refuses(real.home, CLOCK, /this database was made without a test clock, and never gets one/);
    await refuses(host.home, {}, /this database has a test clock, so no time in it can be trusted/);
    await real.stop();
  });
});

describe('work in progress', () => {
  it('resumes after the database was away', async () => {
    await clear();
    await add({ kind: 'slow', count: 5, payload: { sleep: 1 } });
    await until(async () => (await one(`select count(*) from effects where what = 'begin'`)) === '5', PATIENCE_MS, 'they have begun');
    await sql(host.home, `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`);
    await until(async () => (await one(`select count(*) from host_queue where kind not like 'market.%'`).catch(() => '')) === '0', PATIENCE_MS, 'they are done');
    assert.equal(await one(`select count(distinct n) from effects where what = 'end'`), '5');
  });

  it('that kills its worker each time is retried ever later, then given up; work that ran beside it completes', async () => {
    await clear();
    await add({ kind: 'killer', count: 6, payload: { sleep: 3 } });
    await tries(6);
    await sql(host.home, `insert into host_queue (kind, id, payload, due_at, order_at) values ('killer', 'guilty', '{"kills": true}', human_now(), human_now())`);
    await until(async () => {
      await human(['clock', 'advance', '1h']);       // the database may be starting anew, too
      return (await one(`select count(*) from host_queue where kind not like 'market.%' and dead_at is null`).catch(() => '1')) === '0';
    }, 240_000, 'none waits any more');
    const [row] = await json('queue', 'list', 'killer');
    assert.deepEqual([row.id, row.last_error], ['guilty', 'its worker ended before it did']);
    assert.equal(await one(`select count(*) from host_queue where kind not like 'market.%'`), '1');
  });
});

describe('a reload', () => {
  it('gives new work to the new scripts, and keeps and names what they do not declare', async () => {
    const home = makeHome(), tree = path.join(home, 'own'), file = path.join(tree, 'api/local/kinds.lua');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const script = (text, kind = 'k') => fs.writeFileSync(file, `local queue, log = require "human.queue", require "human.log"
local M = {}
function M.run(row) log.info("ran ${text} " .. row.key) end
queue.define("${kind}", "api.local.kinds.run")
require("human.api").group { tag = "K", base = "", auth = false }:post("/${kind}/{key}", { summary = "add", params = { key = require("human.schema").string },
  reply = { [204] = false } }, function(ctx) ctx:tx(function(tx) queue.add(tx, "${kind}", ctx.params.key) end) return 204 end)
return M
`);
    script('first');
    const own = await startHost({ home, env: { HUMAN_SCRIPTS: `${tree}:${path.join(root, 'scripts')}`, HUMAN_LOG_LEVEL: 'info' } });
    const call = async (p) => assert.equal((await fetch(own.url + p, { method: 'POST' })).status, 204);
    const says = (pattern) => until(() => pattern.test(own.log()), PATIENCE_MS, String(pattern));
    await call('/k/a');
    await says(/ran first a/);
    script('second');
    assert.equal((await human(['reload'], home)).code, 0);
    await call('/k/b');
    await says(/ran second b/);
    await sql(home, `insert into host_queue (kind, id, key, payload, due_at, order_at) values ('k', 'late', 'c', '{}', now() + interval '1 hour', now())`);
    script('third', 'other');
    assert.equal((await human(['reload'], home)).code, 0);
    await says(/the scripts do not declare this kind any more; its rows stay/);
    await says(/rows of a kind that no script declares stay where they are/);
    assert.deepEqual(await sql(home, `select id from host_queue where kind not like 'market.%'`), ['late']);
    const metrics = await (await fetch(`${own.url}/metrics`)).text();
    assert.match(metrics, /human_queue_done_total\{kind="k"\} 2/);
    assert.match(metrics, /human_queue_depth\{kind="k"\} 1/);
    await own.stop();
  });
});
