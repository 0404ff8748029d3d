// spec/e2e/gateway_nodes.test.mjs -- nodes.list: the hosts of one database, those that come and those that go.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { databaseUrl, errors, sql, startHost } from './hosts.mjs';
import { until } from './support.mjs';

const ENV = { HUMAN_LLM_PROVIDER: 'offline', HUMAN_DATABASE_POOL: '2' };
let one, two, c1, c2;
const nodes = async (c) => (await c.call('nodes.list')).payload.nodes;
const ids = async (c) => (await nodes(c)).map((n) => n.id);

before(async () => {
  one = await startHost({ env: ENV });
  two = await startHost({ env: { ...ENV, HUMAN_WORKERS: '1', DATABASE_URL: databaseUrl(one.home) } });
  [c1, c2] = [await open(one), await open(two)];
});
after(async () => {
  for (const c of [c1, c2]) c?.ws.close();
  assert.deepEqual(errors(one.log()), []);
  await one.stop();
});

describe('nodes.list', () => {
  it('lists the hosts of the database with their workers, the answering host first', async () => {
    await until(async () => (await nodes(c1)).length === 2 && (await nodes(c2)).length === 2, 30_000, async () => JSON.stringify(await nodes(c1)));
    const [mine, theirs] = [await nodes(c1), await nodes(c2)];
    assert.deepEqual(mine.map((n) => n.id), theirs.map((n) => n.id).reverse());
    assert.equal(new Set(mine.map((n) => n.id)).size, 2);
    assert.deepEqual(theirs.map((n) => n.workers), mine.map((n) => n.workers).reverse());
    for (const n of mine) {
      assert.deepEqual([n.type, n.status, n.version], ['gateway', 'online', mine[0].version]);
      assert.ok(n.memory_mb > 1 && n.workers >= 1);
    }
    assert.equal(mine[1].workers, 1);
  });

  it('knows the sockets of another host within seconds', async () => {
    await until(async () => (await nodes(c1))[1]?.ws_connections === 1, 30_000, async () => JSON.stringify(await nodes(c1)));
    const more = await open(two);
    await until(async () => (await nodes(c1))[1]?.ws_connections === 2, 30_000, async () => JSON.stringify(await nodes(c1)));
    more.ws.close();
  });

  it('drops a host that is gone, and lists the new one in its place', async () => { // limit: gateway nodes
    const [me, gone] = await ids(c1);
    c2.ws.close();
    await two.kill();
    await sql(one.home, `update gateway_nodes set seen_at = seen_at - interval '15 seconds' where id = '${gone}'`); // as if so much time had passed
    await until(async () => (await ids(c1)).length === 1, 60_000, async () => JSON.stringify(await nodes(c1)));
    assert.deepEqual(await ids(c1), [me]);
    two = await startHost({ env: { ...ENV, HUMAN_WORKERS: '1', DATABASE_URL: databaseUrl(one.home) } });
    await until(async () => (await ids(c1)).length === 2, 30_000, async () => JSON.stringify(await nodes(c1)));
    assert.equal((await ids(c1)).includes(gone), false);
    await two.stop();
    await sql(one.home, "update gateway_nodes set seen_at = seen_at - interval '2 minutes'");
    await until(async () => (await sql(one.home, 'select count(*) from gateway_nodes'))[0] === '1', 30_000, 'who is gone is forgotten');
  });
});
