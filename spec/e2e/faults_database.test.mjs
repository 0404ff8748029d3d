// spec/e2e/faults_database.test.mjs -- PostgreSQL dies, hangs, has a full disk and comes back, under load.
// Invariants: meanwhile 503 with Retry-After and nothing else, /ready reports the cause, no request
// waits beyond its limits, the service recovers by itself, and no acknowledged write is lost or doubled.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { makeAgent, makeUser } from './agent_client.mjs';
import { children, databaseUrl, isAlive, makeHome, sql, startHost } from './hosts.mjs';
import { keepAsking, readsAndWrites } from './load.mjs';
import { Outside } from './outside.mjs';
import { until } from './support.mjs';

const STATEMENT_MS = 1500, LEASE_MS = 2500, REQUEST_MS = 5000;
const limits = { HUMAN_DATABASE_STATEMENT_TIMEOUT_MS: STATEMENT_MS, HUMAN_DATABASE_LEASE_TIMEOUT_MS: LEASE_MS,
  HUMAN_LIMITS_REQUEST_TIMEOUT_MS: REQUEST_MS };
const CLIENTS = 9;

const family = (pid) => [pid, ...children(pid).map((c) => c.pid)];

/** Signals processes, some of which may have ended meanwhile. */
function signal(all, name) {
  for (const pid of all) try { process.kill(pid, name); } catch (e) { assert.equal(e.code, 'ESRCH'); }
}

const stateOf = (pid) => { try { return /^State:\s+(\S)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]; } catch { return 'gone'; } };
const STILL = ['T', 'Z', 'gone'];

/** Stops PostgreSQL, the postmaster first: a session that it began meanwhile would go on, and answer for all.  Its processes. */
async function freeze(postmaster) {
  signal([postmaster], 'SIGSTOP');
  await until(() => STILL.includes(stateOf(postmaster)), 5000, 'the postmaster has stopped');
  const all = family(postmaster);
  signal(all, 'SIGSTOP');
  await until(() => all.every((pid) => STILL.includes(stateOf(pid))), 5000, 'all of PostgreSQL has stopped');
  return all;
}

async function killAll(postmaster) {
  const all = await freeze(postmaster);
  signal(all, 'SIGKILL');
  await until(() => !all.some(isAlive), 5000, 'all of PostgreSQL is gone');
}

/** What /ready says of the database; undefined while it is well. */
async function conditionOf(host) {
  const ready = await fetch(`${host.url}/ready`);
  return ready.status === 200 ? undefined : (await ready.json()).database;
}

/** Each worker finds out by itself; so many connections come to all of them. */
const isWell = async (host) => (await Promise.all(Array.from({ length: 16 }, () => conditionOf(host)))).every((said) => !said);

async function says(host, condition) {
  let said;
  await until(async () => (said = await conditionOf(host)) === condition, 15_000, () => `/ready says ${condition}; it said ${said}`);
  await until(async () => {
    const health = await (await fetch(`${host.url}/health`)).json();
    return health.status === 'degraded' && health.database === condition && health.problems.length > 0;
  }, 5000, `/health says ${condition}`);
}

/**
 * Load, a fault, until `over`, and load again; then what every request got is looked at.
 * home, name: where the database is.
 */
async function survives(host, home, fault, over, name = 'human') {
  const user = await makeUser(host.url), agent = await makeAgent(host.url, user);
  const load = keepAsking(CLIENTS, readsAndWrites(host, user, agent)), { seen } = load;
  const good = () => seen.filter((a) => a.status === 202).length, bad = () => seen.filter((a) => a.status === 503).length;
  await until(() => good() > 100, 10_000, 'events are taken');
  const workers = host.workers();
  await fault();
  const from = performance.now();
  await until(() => bad() > 0, REQUEST_MS, 'requests are refused');
  // No request waits beyond its limit: while the fault lasts, each client has an answer to what it asked then, or before.
  await until(() => new Set(seen.filter((a) => a.at + a.ms > from).map((a) => a.who)).size === CLIENTS, REQUEST_MS, 'each client is answered');
  await over();
  const then = good();
  await until(() => good() > then + 100, 20_000, 'events are taken again');
  await load.stop();

  const odd = seen.filter((a) => ![200, 202, 503].includes(a.status));
  assert.deepEqual(odd.slice(0, 3), [], `${odd.length} answers are neither good nor 503`);
  for (const a of seen.filter((one) => one.status === 503)) {
    assert.ok(['database_unavailable', 'db_timeout'].includes(a.code), a.code);
    assert.match(a.retry ?? 'no Retry-After', /^[1-9]\d*$/);
  }
  await until(() => isWell(host), 15_000, '/ready says that all is well');
  const stored = await sql(home, `select id from agent_events where agent_id = '${agent.id}' and type = 'user-joined'`, name);
  assert.equal(new Set(stored).size, stored.length, 'no event is doubled');
  const lost = seen.filter((a) => a.id && !stored.includes(a.id));
  assert.deepEqual(lost, [], 'no acknowledged event is lost');
  assert.deepEqual(host.workers(), workers, 'no worker was replaced');
}

describe('the private database, under load', () => {
  let host;
  after(async () => assert.equal((await host?.stop())?.code, 0));

  it('killed with all its processes: the host starts it again', async () => {
    host = await startHost({ env: limits });
    const first = host.postgres();
    await survives(host, host.home, () => killAll(first), () => until(() => host.postgres() && host.postgres() !== first,
      10_000, 'another PostgreSQL runs'));
  });
});

describe("somebody else's database, under load", () => {
  const outside = new Outside();
  let host;
  after(async () => {
    assert.equal((await host?.stop())?.code, 0);
    await outside.end();
  });

  it('killed with all its processes and started again: the host finds it', async () => {
    await outside.start();
    host = await startHost({ env: { ...limits, DATABASE_URL: databaseUrl(outside.home) } });
    await survives(host, outside.home, () => killAll(outside.postmaster), async () => {
      assert.equal((await fetch(`${host.url}/health`)).status, 200);
      await says(host, 'unreachable');
      await outside.end();
      await outside.start();
    });
  });

  // limit: cancelled statement; limit: cancel requests
  it('hung: requests end at their limits, and go on when it does', async () => {
    let all;
    await survives(host, outside.home, async () => { all = await freeze(outside.postmaster); }, async () => {
      await says(host, 'stuck');
      signal(all, 'SIGCONT');
    });
  });

  // limit: database answer
  it('hung while nobody asks anything: /ready says so all the same', async () => {
    const all = await freeze(outside.postmaster);
    await says(host, 'stuck').finally(() => signal(all, 'SIGCONT'));
    await until(() => isWell(host), 15_000, '/ready says that all is well');
  });

  it('told to take no writes: /ready says so, and when it takes them again', async () => {
    const set = (value) => sql(outside.home, `alter database human set default_transaction_read_only = ${value}`, 'postgres');
    const cut = () => sql(outside.home, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'human'");
    await survives(host, outside.home, async () => { await set('on'); await cut(); }, async () => {
      await says(host, 'read_only');
      await set('off');
    });
  });
});

describe('a database whose disk is full, under load', { skip: process.getuid() !== 0 && 'only root makes file systems' }, () => {
  const outside = new Outside(), disk = makeHome();
  let host;
  after(async () => {
    await host?.stop();
    await outside.end();
    execFileSync('umount', ['-l', disk]);
  });

  it('refuses writes, says so, and writes again when there is room', async () => {
    await outside.start();
    const { uid, gid } = fs.statSync(`${outside.home}/run`);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=48m,uid=${uid},gid=${gid},mode=700`, 'tmpfs', disk]);
    await sql(outside.home, `create tablespace small location '${disk}'`);
    await sql(outside.home, 'create database small tablespace small template template0');
    host = await startHost({ env: { ...limits, DATABASE_URL: databaseUrl(outside.home, 'small') } });
    const ballast = path.join(disk, 'ballast');
    await survives(host, outside.home, () => {
      assert.throws(() => fs.writeFileSync(ballast, Buffer.alloc(64 << 20)), { code: 'ENOSPC' });
    }, async () => {
      await says(host, 'full');
      fs.rmSync(ballast);
    }, 'small');
  });
});
