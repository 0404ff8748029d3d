// spec/e2e/failover.test.mjs -- PostgreSQL under Patroni: its leader is demoted, killed and frozen under load.
// Invariants: writes succeed again soon after the new leader is there (within 5 s on a machine that has time), meanwhile 503 and nothing else, and
// no acknowledged write is lost.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { makeAgent, makeUser } from './agent_client.mjs';
import { startHost } from './hosts.mjs';
import { keepAsking, readsAndWrites } from './load.mjs';
import { Cluster } from './patroni.mjs';
import { until } from './support.mjs';

const AGAIN_MS = 20_000, CLIENTS = 9, ELECTION_MS = 40_000;
const CONDITIONS = ['starting', 'unreachable', 'read_only', 'stuck', 'refused'];

describe('PostgreSQL under Patroni, under load', () => {
  const cluster = new Cluster();
  let host;
  before(() => cluster.start());
  after(async () => {
    await host?.stop();
    await cluster.stop();
  });

  /** Load, `fault(leader, other)`, the new leader, and again load; what every request got is looked at. */
  async function survives(fault) {
    const leader = await cluster.settled(), other = cluster.other(leader);
    const user = await makeUser(host.url), agent = await makeAgent(host.url, user);
    const load = keepAsking(CLIENTS, readsAndWrites(host, user, agent)), { seen } = load;
    const good = () => seen.filter((a) => a.status === 202);
    await until(() => good().length > 100, 10_000, 'events are taken');
    const unready = keepAsking(1, async () => {
      const answer = await fetch(`${host.url}/ready`);
      return { status: answer.status, body: { code: (await answer.json()).database } };
    });
    await fault(leader, other);
    await until(() => other.is('primary'), ELECTION_MS, 'another leader');
    const since = performance.now();
    await until(() => good().some((a) => a.at > since), ELECTION_MS, 'writes are answered again');
    const first = good().find((a) => a.at > since), late = first.at + first.ms - since;
    assert.ok(late < AGAIN_MS, `the first write was answered ${late} ms after the new leader\n${host.log().slice(-3000)}`);
    const then = good().length;
    await until(() => good().length > then + 100, 20_000, 'events are taken as before');
    await load.stop();

    const odd = seen.filter((a) => ![200, 202, 503].includes(a.status));
    assert.deepEqual(odd.slice(0, 3), [], `${odd.length} answers are neither good nor 503\n${host.log().slice(-3000)}`);
    for (const a of seen.filter((one) => one.status === 503)) {
      assert.ok(['database_unavailable', 'db_timeout'].includes(a.code), a.code);
      assert.match(a.retry ?? 'no Retry-After', /^[1-9]\d*$/);
    }
    const said = (await unready.stop()).filter((a) => a.status === 503).map((a) => a.code);
    assert.ok(said.length && said.every((s) => CONDITIONS.includes(s)), `/ready said ${[...new Set(said)]}`);
    const stored = new Set(await cluster.sql(`select id from agent_events where agent_id = '${agent.id}'`));
    assert.deepEqual(seen.filter((a) => a.id && !stored.has(a.id)), [], 'no acknowledged event is lost');
    assert.equal((await fetch(`${host.url}/ready`)).status, 200);
  }

  it('demoted by a switchover: the host writes to the new leader', async () => {
    host = await startHost({ env: { DATABASE_URL: cluster.url() } });
    await survives((leader, other) => cluster.switchover(leader, other));
  });

  it('killed with its machine: the host writes to the new leader', async () => {
    await survives(async (leader) => leader.kill());
    cluster.nodes.find((n) => !n.postmaster()).start();
  });

  it('frozen with its machine: the host leaves it and writes to the new leader', async () => {
    let frozen;
    await survives((leader) => { frozen = leader; leader.signal('SIGSTOP'); });
    await frozen.kill(); // what a watchdog does with such a machine
    frozen.start();
  });

  it('started on a standby alone, the host is not ready and says why', async () => {
    const standby = cluster.other(await cluster.settled());
    const alone = cluster.url('').replace(/@[^/]*/, `@127.0.0.1:${standby.port}`);
    const lone = await startHost({ env: { DATABASE_URL: alone }, ready: async (url) => {
      const answer = await fetch(`${url}/health`).catch(() => undefined);
      return answer && (await answer.json()).database === 'read_only';
    } });
    const ready = await fetch(`${lone.url}/ready`);
    assert.deepEqual([ready.status, (await ready.json()).database], [503, 'read_only']);
    assert.match(lone.log(), /read_only: 127\.0\.0\.1:\d+ is a standby and takes no writes/);
    assert.equal((await lone.stop()).code, 0);
  });
});
