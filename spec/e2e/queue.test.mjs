// spec/e2e/queue.test.mjs -- the queue and the outbox on two hosts with one database: rows run once, in order, and
// killed workers and hosts lose none.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { databaseUrl, sql, startHost } from './hosts.mjs';
import { until } from './support.mjs';

const TREES = ['spec/e2e/scripts/queue'], PATIENCE_MS = 90_000;
const PATIENT = { HUMAN_DATABASE_STATEMENT_TIMEOUT_MS: '60000', HUMAN_DATABASE_LEASE_TIMEOUT_MS: '60000', HUMAN_LIMITS_REQUEST_TIMEOUT_MS: '60000' };
let first, second;
before(async () => {
  first = await startHost({ scripts: TREES, env: { HUMAN_DATABASE_POOL: '8', ...PATIENT } }); // its server has room for the other one's
  second = await startHost({ scripts: TREES, env: { HUMAN_DATABASE_POOL: '2', DATABASE_URL: databaseUrl(first.home) } });
});
after(async () => {
  await second?.stop();
  await first?.stop();
});

async function post(path, body, host = first) {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const answer = await fetch(host.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, ...(await answer.json()) };
}

const rows = (statement) => sql(first.home, statement);
const one = async (statement) => (await rows(statement))[0];
const add = async (body, host) => {
  const answer = await post('/queue', body, host);
  assert.equal(answer.status, 200, JSON.stringify(answer));
  return answer.id;
};
const put = async (body, host) => assert.equal((await post('/outbox', body, host)).status, 200);
const clear = () => rows('delete from host_queue; delete from effects');
const drained = (kind = '%') => until(async () => (await one(`select count(*) from host_queue where kind not like 'market.%' and kind like '${kind}' and dead_at is null`)) === '0',
  PATIENCE_MS, `no row of ${kind} is left`);

describe('a kind of work', () => {
  before(clear);

  it('runs each of 2,000 rows once, on all workers of both hosts', async () => {
    await clear();
    await add({ kind: 'once', count: 2000 });
    await drained();
    assert.equal(await one(`select count(*) || ' ' || count(distinct n) || ' ' || count(distinct row_id) from effects`), '2000 2000 2000');
  });

  it('that is per key runs one row of a key at a time, in order, even if one fails', async () => {
    await clear();
    await add({ kind: 'keyed', count: 300, keys: 5, payload: { fails: 0 } });
    await add({ kind: 'keyed', count: 5, keys: 5, payload: { fails: 2 } }, second);
    await add({ kind: 'keyed', count: 300, keys: 5, payload: { fails: 0 } }, second);
    await drained();
    const seen = new Map();
    for (const line of await rows('select key, what, row_id, attempt from effects order by pos')) {
      const [key, what, id, attempt] = line.split('|');
      const list = seen.get(key) ?? [];
      const last = list.at(-1);
      if (what === 'end') assert.deepEqual(last, { what: 'begin', id, attempt }, 'what ended is what had begun last');
      else if (last?.what === 'begin') assert.deepEqual({ id, attempt: Number(attempt) }, { id: last.id, attempt: Number(last.attempt) + 1 }, 'only its own next try follows one that failed');
      list.push({ what, id, attempt });
      seen.set(key, list);
    }
    assert.equal(await one(`select count(*) from effects where what = 'end'`), '605');
    const order = `select count(*) from (select n, lag(n) over (partition by key, batch order by pos) as before from (select *,
      row_number() over (partition by key order by pos) <= 60 as batch from effects where what = 'end') x) y where before > n`;
    assert.equal(await one(order), '0');
  });

  it('with a concurrency of 1 runs one row at a time on all hosts together', async () => { // limit: queue concurrency
    await clear();
    await Promise.all([add({ kind: 'single', count: 40 }), add({ kind: 'single', count: 40 }, second)]);
    await drained();
    const what = await rows('select what, row_id from effects order by pos');
    assert.equal(what.length, 160);
    for (let i = 0; i < what.length; i += 2) {
      assert.deepEqual([what[i].split('|'), what[i + 1].split('|')], [['begin', what[i].split('|')[1]], ['end', what[i].split('|')[1]]]);
    }
  });

  it('does not run before it is due, nor twice for one unique row', async () => {
    await clear();
    const due = new Date(Date.now() + 600_000).toISOString();
    const id = await add({ kind: 'once', count: 1, keys: 1, due_at: due, unique: 'first' });
    assert.equal(await add({ kind: 'once', count: 1, keys: 1, due_at: due, unique: 'first' }, second), id);
    assert.equal(await one(`select count(*) from host_queue where kind not like 'market.%'`), '1');
    assert.equal(await add({ kind: 'once', count: 1, keys: 1, unique: 'last' }, second), id);
    await drained();
    assert.equal(await one('select count(*) from effects'), '1');
  });
});

describe('the outbox', () => {
  it('tells each consumer of each committed event, in the order of its key, and of no event that was rolled back', async () => {
    await clear();
    await put({ count: 500, keys: 7 });
    assert.equal((await post('/outbox', { count: 5, fails: true })).status, 500);
    await put({ count: 500, keys: 7, from: 500 }, second);
    await drained();
    assert.equal(await one(`select count(*) || ' ' || count(distinct n) from effects where what = 'heard'`), '1000 1000');
    assert.equal(await one(`select count(distinct n) from effects where what = 'stumbled over'`), '1000');
    assert.equal(await one(`select count(*) from (select n, lag(n) over (partition by key order by pos) as before from effects
      where what = 'heard') x where before > n`), '0');
    assert.equal(await one(`select count(distinct a.row_id) from effects a join effects b using (row_id, n)
      where a.what = 'heard' and b.what = 'stumbled over'`), '1000', 'all consumers are given the same id');
  });

  it('writes no row for a consumer that does not want an event', async () => {
    await clear();
    await rows('create table written (kind text, n int)');
    await rows(`create function note_written() returns trigger language plpgsql as $f$ begin
      insert into written values (new.kind, (new.payload ->> 'n')::int); return new; end $f$`);
    await rows("create trigger note_written after insert on host_queue for each row when (new.kind like 'outbox told%') execute function note_written()");
    await put({ count: 10, keys: 3 });
    await drained('outbox%');
    await rows('drop trigger note_written on host_queue');
    assert.equal(await one(`select string_agg(n::text, ' ' order by n) from written where kind like '%choose'`), '2 4 6 8 10');
    assert.equal(await one(`select string_agg(n::text, ' ' order by n) from effects where what = 'chosen'`), '2 4 6 8 10');
    assert.equal(await one(`select count(*) from effects where what = 'heard'`), '10');
  });

  it('goes on with a key that was busy on another host, in order', async () => {
    await clear();
    await Promise.all(Array.from({ length: 40 }, (_, n) => put({ count: 1, keys: 1, from: 1000 + n }, n % 2 ? second : first)));
    await drained('outbox%');
    assert.equal(await one(`select count(*) || ' ' || count(distinct n) from effects where what = 'heard'`), '40 40');
    assert.equal(await one('select count(*) from host_queue where is_parked'), '0');
  });

  it('loses no event of a transaction that commits after later ones have been told', async () => {
    await clear();
    // The spec has the lock for which the late transaction waits.
    const args = ['-h', `${first.home}/run`, '-p', '5432', '-U', 'human', '-d', 'human', '-XAtq'];
    const psql = spawn('psql', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    psql.stdin.write('select pg_advisory_lock(77), 1;\n');
    await once(psql.stdout, 'data');
    const late = put({ count: 3, locked: 77 });
    await until(async () => (await one(`select count(*) from pg_locks where locktype = 'advisory' and objid = 77 and not granted`)) === '1', PATIENCE_MS, 'the late one is open');
    await put({ count: 10, from: 100 }, second);
    await drained('outbox%');
    assert.equal(await one(`select count(*) from effects where what = 'heard' and n > 100`), '10');
    assert.equal(await one(`select count(*) from effects where n <= 100`), '0');
    psql.stdin.end();
    await late;
    await drained('outbox%');
    assert.equal(await one(`select count(*) from effects where what = 'heard' and n <= 100`), '3');
  });

  it('retries a failed event by itself, so that it does not hold up the others', async () => {
    await clear();
    await put({ count: 20 });
    await put({ count: 1, from: 50, payload: { poison: true } });
    await put({ count: 20, from: 100 });
    await drained();
    assert.equal(await one(`select count(distinct n) from effects where what = 'stumbled over'`), '41');
  });
});

describe('kill -9', () => {
  // Two hosts, four workers: one after another is killed while there are rows; then the second host with all its.
  async function killing() {
    let killed = 0;
    while ((await one(`select count(*) from host_queue where kind not like 'market.%'`)) !== '0') {
      for (const host of [first, second]) {
        const worker = host.workers()[killed % 2];
        if (worker && killed < 6) process.kill(worker, 'SIGKILL');
        killed += 1;
      }
      const left = Number(await one(`select count(*) from host_queue where kind not like 'market.%'`));
      await until(async () => Number(await one(`select count(*) from host_queue where kind not like 'market.%'`)) < Math.max(left - 300, 1), PATIENCE_MS, 'rows go on');
    }
    return killed;
  }

  it('of workers over 5,000 rows: rows that end in their own transaction run once, the rest at least once', async () => {
    await clear();
    await Promise.all([add({ kind: 'once', count: 2500 }), add({ kind: 'at_least', count: 2500 }, second)]);
    await killing();
    assert.equal(await one(`select count(*) || ' ' || count(distinct n) from effects where what = 'once'`), '2500 2500');
    assert.equal(await one(`select count(distinct n) from effects where what = 'at_least'`), '2500');
  });

  it('of a host over 5,000 rows and events: the other host does the rest', async () => {
    await clear();
    await Promise.all([add({ kind: 'once', count: 2500 }), put({ count: 2500, keys: 100 }, second)]);
    await until(async () => Number(await one('select count(*) from effects')) > 200, PATIENCE_MS, 'they have begun');
    await second.kill();
    second = undefined;
    await drained();
    assert.equal(await one(`select count(*) || ' ' || count(distinct n) from effects where what = 'once'`), '2500 2500');
    assert.equal(await one(`select count(*) || ' ' || count(distinct n) from effects where what = 'heard'`), '2500 2500');
  });
});
