// spec/e2e/market_streams.test.mjs -- what happens to a task reaches its parties as notifications and in streams: none is
// lost, none comes early, none twice; on two hosts, over reloads, killed workers and a host that dies.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { databaseUrl, errors, isAlive, sql, startHost } from './hosts.mjs';
import { ask, follow as open, makeActor, makeListing, makeTask } from './market_people.mjs';
import { startPair } from './pair.mjs';
import { root, sleep, until } from './support.mjs';

const SCRIPTS = 'spec/e2e/scripts/market2', FILE = 'api/local/market2.lua', PATIENCE_MS = 30_000;
const ENV = { HUMAN_MARKETPLACE_AUDIT_S: '0', HUMAN_LIMITS_RECHECK_MS: '1000', HUMAN_RELOAD_TIMEOUT_MS: '60000' };
const streams = new Set();
let world, home, buyer, seller, stranger, listing, version = 0;

before(async () => {
  world = await startPair(SCRIPTS, { env: ENV });
  home = world.home;
  await sql(home, 'create table e2e_market_events (id bigint generated always as identity, name text, n text)');
  [buyer, seller, stranger] = [await makeActor(home), await makeActor(home), await makeActor(home)];
  listing = await makeListing(home, seller);
});
afterEach(() => {
  for (const stream of streams) stream.close();
  streams.clear();
});
after(async () => {
  for (const host of [world?.two, world?.one]) await host?.stop();
  const ours = (line) => !/was ended by signal 9/.test(line);
  assert.deepEqual([world.one, world.two].flatMap((host) => errors(host.log())).filter(ours), []);
});

function follow(...args) {
  const stream = open(...args);
  streams.add(stream);
  return stream;
}

const makeIt = () => makeTask(home, { buyer, seller, listing });
const progress = (task, n, more) => ({ name: 'transaction.progress', about: task, to: [buyer.id, seller.id], data: { transaction_id: task, n: String(n) }, ...more });
const put = (host, event) => fetch(`${host.url}/local/market2/events`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) })
  .then((r) => r.status, () => 0);
const committed = async (task) => sql(home, `select n from e2e_market_events where n like '${task.slice(0, 8)}%' order by id`);
const heard = (stream, task) => stream.heard.filter((e) => e.data.transaction_id === task).map((e) => e.data.n);
const of = (task) => `/task-progress-stream?transaction_id=${task}`;

async function reload() {
  version += 1;
  world.write(FILE, fs.readFileSync(path.join(root, SCRIPTS, FILE), 'utf8').replace('VERSION = 0', `VERSION = ${version}`));
  await world.reload();
}

describe('events of a task', () => {
  it('reach both parties once and in order, whatever is reloaded and killed', { timeout: 240_000 }, async (t) => {
    const task = await makeIt(), all = [];
    for (const host of [world.one, world.two]) {
      for (const actor of [buyer, seller]) all.push(follow(host, of(task), actor), follow(host, '/task-stream', actor));
    }
    await until(() => all.every((s) => s.opened), PATIENCE_MS, 'all follow');
    let n = 0, running = true;
    const statuses = {};
    const writer = (async () => {
      while (running) {
        const status = await put(n % 2 ? world.one : world.two, progress(task, `${task.slice(0, 8)}-${n += 1}`));
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (status !== 200) await sleep(50);
      }
    })();
    for (const host of [world.one, world.two]) {
      await reload();
      const [, pid] = host.workers();
      process.kill(pid, 'SIGKILL');
      await until(() => !isAlive(pid) && host.workers().length === 2, PATIENCE_MS, 'the worker is replaced');
    }
    const { port, home: its } = world.two;
    await world.two.kill();
    world.two = await startHost({ home: its, port, env: { ...ENV, HUMAN_SCRIPTS: world.one.scripts, HUMAN_DATABASE_POOL: '2', DATABASE_URL: databaseUrl(home) } });
    running = false;
    await writer;
    const want = await committed(task);
    t.diagnostic(`${want.length} events; answers ${JSON.stringify(statuses)}; streams opened ${all.map((s) => s.opened)}`);
    assert.ok(want.length > 20);
    await until(() => all.every((s) => heard(s, task).length >= want.length), 60_000, () => `all have heard ${want.length}: ${all.map((s) => heard(s, task).length)}`);
    for (const s of all) {
      assert.deepEqual(heard(s, task), want);
      assert.ok(s.heard.every((e) => e.event === 'progress'));
    }
    assert.ok(all.some((s) => s.opened > 1));
    for (const actor of [buyer, seller]) {
      const told = await sql(home, `select payload->>'n' from market_notifications where actor_id = '${actor.id}' and payload->>'transaction_id' = '${task}'`);
      assert.deepEqual(told.sort(), [...want].sort());
    }
    assert.deepEqual(await sql(home, 'select id from host_queue where dead_at is not null'), []);
  });

  it('are not told before their cause is committed, and never when it is undone', { timeout: 60_000 }, async () => {
    const task = await makeIt(), stream = follow(world.one, of(task), buyer);
    await until(() => stream.opened, PATIENCE_MS, 'it follows');
    assert.equal(await put(world.one, progress(task, 'undone', { undo: true })), 200);
    const late = put(world.two, { ...progress(task, 'late', { wait_s: 1.5 }) });
    await until(async () => (await sql(home, "select 1 from pg_stat_activity where query like '%pg_sleep%' and wait_event = 'PgSleep'")).length, PATIENCE_MS, 'it is under way');
    assert.equal(await put(world.one, { ...progress(task, 'soon'), about: 'something else' }), 200);
    await until(() => heard(stream, task).length === 1, PATIENCE_MS, 'the other is told');
    assert.deepEqual(heard(stream, task), ['soon']);
    assert.equal(await late, 200);
    await until(() => heard(stream, task).length === 2, PATIENCE_MS, 'it is told');
    assert.deepEqual(heard(stream, task), ['soon', 'late']);
    const told = (await ask(world.two, buyer, 'GET', '/notifications-list?limit=2')).body.notifications;
    assert.deepEqual(told.map((x) => [x.type, x.payload.n, x.read]), [['transaction_progress', 'late', false], ['transaction_progress', 'soon', false]]);
  });

  it('wait for who reads slowly, without holding up others, and all of them come', { timeout: 120_000 }, async () => {
    const task = await makeIt(), count = 60, quick = follow(world.one, of(task), seller);
    const socket = net.connect(world.one.port, '127.0.0.1');
    socket.write(`GET ${of(task)} HTTP/1.1\r\nHost: x\r\nX-API-Key: ${buyer.key}\r\n\r\n`);
    socket.pause();
    for (let i = 1; i <= count; i += 1) {
      assert.equal(await put(world.two, { ...progress(task, i), to: [], data: { transaction_id: task, n: String(i), text: 'x'.repeat(100_000) } }), 200);
    }
    await until(() => heard(quick, task).length === count, PATIENCE_MS, 'who reads has all');
    let said = '';
    socket.setEncoding('latin1').on('data', (piece) => { said += piece; }).resume();
    const ids = () => [...said.matchAll(/^id: (\d+)\n/gm)].map((m) => Number(m[1]));
    await until(() => ids().length >= count, PATIENCE_MS, () => `all came: ${ids().length}`);
    assert.deepEqual(ids(), Array.from({ length: count }, (_, i) => i + 1));
    socket.destroy();
  });

  it('are those of the parties alone', async () => {
    const task = await makeIt();
    assert.equal((await ask(world.one, stranger, 'GET', of(task))).status, 404);
    assert.equal((await ask(world.one, null, 'GET', of(task))).status, 401);
    assert.equal((await ask(world.one, buyer, 'GET', '/task-progress-stream')).status, 400);
    const theirs = follow(world.one, '/task-stream', stranger), mine = follow(world.one, '/task-stream', buyer);
    await until(() => theirs.opened && mine.opened, PATIENCE_MS, 'both follow');
    await put(world.one, progress(task, 'ours'));
    await put(world.one, { ...progress(task, 'theirs'), to: [stranger.id] });
    await until(() => mine.heard.length && theirs.heard.length, PATIENCE_MS, 'both have heard');
    assert.deepEqual([theirs, mine].map((s) => s.heard.map((e) => e.data.n)), [['theirs'], ['ours']]);
  });

  it('end with the task: who comes back is told to stay away, who is new gets what there was', async () => {
    const task = await makeIt(), stream = follow(world.two, of(task), buyer);
    await until(() => stream.opened, PATIENCE_MS, 'it follows');
    for (const name of ['transaction.assigned', 'transaction.delivered', 'milestone.accepted', 'transaction.accepted']) await put(world.one, { ...progress(task, '1'), name });
    await until(() => stream.source.readyState === 2, PATIENCE_MS, 'it was told to stay away');
    assert.equal(stream.status, 204);
    const names = ['status_change', 'delivery_submitted', 'milestone_completed', 'status_change', 'end'];
    assert.deepEqual(stream.heard.map((e) => e.event), names);
    assert.deepEqual(stream.heard.map((e) => e.data.status), ['assigned', 'delivered', undefined, 'accepted', undefined]);
    const text = await (await fetch(world.one.url + of(task), { headers: { 'x-api-key': seller.key } })).text();
    assert.deepEqual([...text.matchAll(/^event: (\w+)$/gm)].map((m) => m[1]), names);
  });

  it('that are kept no longer are not passed over in silence', async () => {
    const task = await makeIt();
    for (const n of [1, 2, 3]) await put(world.one, progress(task, n));
    await until(async () => (await sql(home, `select 1 from market_stream_events where key = 'task:${task}'`)).length === 3, PATIENCE_MS, 'they are there');
    await sql(home, `delete from market_stream_events where key = 'task:${task}' and pos < 3`);
    const stream = follow(world.one, of(task), { ...buyer, query: '&last_event_id=1' });
    await until(() => stream.heard.length === 2, PATIENCE_MS, 'it has heard');
    assert.deepEqual(stream.heard.map((e) => [e.event, e.data.n]), [['reset', undefined], ['progress', '3']]);
  });
});

describe('a ticket', () => {
  it('opens one stream, for a minute, for who asked for it', async () => { // limit: stream ticket
    const task = await makeIt();
    const { status, body } = await ask(world.one, buyer, 'POST', '/stream-tickets');
    assert.deepEqual([status, body.ticket.length], [201, 38]);
    const query = `&access_token=${body.ticket}`;
    const stream = follow(world.two, of(task), { query });
    await until(() => stream.opened, PATIENCE_MS, 'it follows');
    await put(world.one, progress(task, 'x'));
    await until(() => heard(stream, task).length, PATIENCE_MS, 'it hears');
    const again = await ask(world.one, null, 'GET', of(task) + query);
    assert.deepEqual([again.status, again.body.code], [401, 'unauthorized']);
    const old = (await ask(world.one, buyer, 'POST', '/stream-tickets')).body.ticket;
    await sql(home, 'update market_stream_tickets set expires_at = human_now()');
    assert.equal((await ask(world.one, null, 'GET', `${of(task)}&access_token=${old}`)).status, 401);
    assert.ok(!world.one.log().includes(body.ticket) && !world.two.log().includes(body.ticket));
  });

  it('is given twenty times at once, and then once a second', async () => { // limit: streams opened
    const actor = await makeActor(home);
    const all = await Promise.all(Array.from({ length: 40 }, () => ask(world.one, actor, 'POST', '/stream-tickets')));
    const given = all.filter((a) => a.status === 201).length;
    assert.ok(given >= 20 && given < 30, `${given} given`);
    assert.ok(all.every((a) => a.status === 201 || a.body.code === 'rate_limited'));
  });

  it('is good no longer than the key that it stands for', async () => {
    const task = await makeIt(), actor = await makeActor(home);
    const mine = await makeTask(home, { buyer: actor, seller, listing });
    const { ticket } = (await ask(world.one, actor, 'POST', '/stream-tickets')).body;
    const stream = follow(world.one, of(mine), { query: `&access_token=${ticket}` });
    await until(() => stream.opened, PATIENCE_MS, 'it follows');
    const left = (await ask(world.one, actor, 'POST', '/stream-tickets')).body.ticket;
    await sql(home, `update market_keys set revoked_at = human_now() where actor_id = '${actor.id}'`);
    await until(() => stream.source.readyState === 2, PATIENCE_MS, 'it is ended, and not let in again');
    assert.equal((await ask(world.one, null, 'GET', `${of(mine)}&access_token=${left}`)).status, 401);
    assert.ok(task);
  });
});
