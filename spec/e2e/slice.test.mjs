// spec/e2e/slice.test.mjs -- the shop of spec/slice under load, on two hosts with one database, while it is deployed a
// dozen times and workers are killed: money, runs, webhooks, uploads and the page.  Nothing is lost, nothing happens twice,
// nothing is late, and no request fails but those whose worker was killed.  SLICE_SEED: of what is left to chance;
// SLICE_DEPLOYMENTS: how many of them.
// TIMES=5, for a machine on which nothing else runs: nothing is later than so many times what it was before the first deployment.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { quantile } from './load.mjs';
import { buy, look, store, talk, write } from './slice_clients.mjs';
import { openShop, PATIENCE_MS, POOR_PLANS, PRICE_MRC } from './slice_world.mjs';
import { sleep, until } from './support.mjs';

const SEED = Number(process.env.SLICE_SEED ?? Date.now() % 1e6), DEPLOYMENTS = Number(process.env.SLICE_DEPLOYMENTS ?? 12);
const KILLS = Math.floor(DEPLOYMENTS / 3), BETWEEN = 40; // events of runs between two deployments
const WHOLE = Math.floor(DEPLOYMENTS / 2), CALM = 400;   // deployments before the first kill; events before the first of them
// What nobody tells is found by who looks for it every second or two: then half of it is later than HALF_MS, and much of it
// later than LATE_MS.  What is told comes within a few ms, or, on a machine that has no time, a few times as long as a request.
const HALF_MS = 300, LATE_MS = 1000, TIMES = 5, HARDLY = Number(process.env.TIMES ?? 0);
const SOON_MS = 50;                              // what a deployment may add, beside what the machine takes anyhow
let shop, clients, deployedAt;

const numbers = (n, from = 1) => Array.from({ length: n }, (_, i) => from + i);
const one = async (statement) => (await shop.rows(statement))[0];

/** Which deployments are accompanied by a kill: some of those behind the first, which have the workers whole. */
function chooseKills() {
  const list = numbers(DEPLOYMENTS - 1 - WHOLE, WHOLE + 1);
  return new Set(numbers(KILLS).map(() => list.splice(Math.floor(shop.random() * list.length), 1)[0]));
}

async function deployAll() {
  const killing = chooseKills(), heard = () => (shop.late.socket?.length ?? 0) + shop.excused;
  await until(() => heard() >= CALM, PATIENCE_MS, 'runs go on');
  deployedAt = Date.now();
  for (const version of numbers(DEPLOYMENTS)) {
    const upto = heard() + BETWEEN, deployed = shop.deploy(version);
    if (killing.has(version)) {
      await sleep(shop.random() * 900);           // any moment will do: there is none to wait for
      await shop.kill();
    }
    await deployed;
    await until(() => heard() >= upto, PATIENCE_MS, 'runs go on');
  }
}

before(async () => {
  shop = await openShop(SEED);
  for (const name of ['ann', 'bob', 'cem', 'dee']) await shop.join(name);
  await shop.join('poor', POOR_PLANS * PRICE_MRC);
  await shop.deploy(0);
  clients = {
    money: [buy(shop, 'ann'), buy(shop, 'bob'), buy(shop, 'cem')], poor: [buy(shop, 'poor'), buy(shop, 'poor', 1500)],
    runs: [talk(shop, 'ann', 0), talk(shop, 'bob', 1), talk(shop, 'cem', 0), talk(shop, 'dee', 1)],
    chats: [write(shop, 'x'), write(shop, 'y'), write(shop, 'z')], files: [store(shop, 'ann'), store(shop, 'dee')],
    views: [look(shop), look(shop)],
  };
  const running = Promise.all(Object.values(clients).flat().map((client) => client.running));
  await Promise.race([running, deployAll()]);     // a client that fails ends it
  shop.over = true;
  await running;
  // What killed workers had is tried again once its lease has ended, and later with each try.
  let left;
  await until(async () => {
    left = await shop.rows(`select kind || ' ' || key || ' ' || attempts || ' ' || due_at || ' ' || coalesce(last_error, '') from host_queue
      where kind not like 'market.%' and dead_at is null`);
    return left.length === 0;
  }, 2 * PATIENCE_MS, () => `the queue is empty, not ${left.join('\n')}`);
});
after(async () => {
  if (!shop) return;
  assert.deepEqual(await shop.close(), [0, 0]);
  const ours = (line) => !/was ended by signal 9|ended while it loaded the scripts|its lease was lost/.test(line); // by a kill; where a machine has no time
  assert.deepEqual(shop.hosts.flatMap((host) => errors(host.log())).filter(ours), []);
});

const done = (kind) => clients[kind].flatMap((client) => client.done);

describe(`a shop that is deployed ${DEPLOYMENTS} times while it sells, and loses ${KILLS} workers (SLICE_SEED=${SEED})`, () => {
  it('takes the price of each subscription once, whatever was sent again, and no more than there is', async () => {
    const sold = done('money'), tried = done('poor');
    assert.ok(sold.length > DEPLOYMENTS && sold.every((s) => s.status === 201), JSON.stringify(sold.find((s) => s.status !== 201)));
    const bought = tried.filter((s) => s.status === 201), refused = tried.filter((s) => s.status !== 201);
    assert.equal(bought.length, POOR_PLANS);
    assert.ok(refused.length && refused.every((s) => s.status === 400 && s.answer.code === 'insufficient_balance'));
    const all = [...sold, ...bought], rows = await shop.rows('select id, buyer_id, listing_id from shop_subscriptions order by id');
    const row = (s) => `${s.answer.subscription_id}|${s.name}|${s.body.listing_id}`;
    assert.deepEqual(all.map(row).sort(), rows);
    assert.equal(await one('select sum(mrc) from shop_wallets'), String(shop.openings));
    assert.equal(await one("select mrc from shop_wallets where id = 'poor'"), '0');
    const fee = Math.round(PRICE_MRC * 0.15);
    assert.equal(await one("select mrc from shop_wallets where id = 'platform'"), String(fee * all.length));
    assert.deepEqual(await shop.rows('select ref from shop_entries group by ref having sum(mrc) <> 0 or count(*) <> 3'), []);
    assert.equal(await one('select count(distinct ref) from shop_entries'), String(all.length));
  });

  it('shows the key of a subscription again to whoever repeats the request, at either host, and to nobody else', async () => {
    const sold = done('money');
    for (const sale of sold.slice(-20)) {
      for (const host of shop.hosts) {
        const again = await sale.again(host);
        assert.deepEqual([again.status, again.body, again.headers.get('idempotent-replayed')], [201, sale.answer, 'true']);
      }
    }
    const key = sold.at(-1).answer.api_key;
    assert.equal(await one(`select count(*) from idempotency_keys where convert_from(body, 'utf8') like '%${key}%'`), '0');
  });

  it('tells each run in order, without gaps and once, by sockets and by streams, and nothing after its abort', async () => {
    const runs = done('runs'), counts = { done: 0, aborted: 0 };
    const rows = await shop.rows('select id, state, last, (select count(*) from shop_events where run_id = id) from shop_runs');
    const kept = new Map(rows.map((row) => row.split('|')).map(([id, ...others]) => [id, others.join()]));
    for (const { id, message, heard, streamed, abort } of runs) {
      const words = message.split(' '), end = heard.at(-1)[1];
      assert.deepEqual(heard.map(([n]) => n), numbers(heard.length));
      assert.deepEqual(heard.slice(0, -1).map(([, , text]) => text), end === 'done' ? words : words.slice(0, heard.length - 1));
      assert.deepEqual(streamed, heard);
      if (abort) assert.deepEqual(abort, { state: end, last: heard.length });
      assert.equal(kept.get(id), [end, heard.length, heard.length].join());
      counts[end] += 1;
    }
    assert.ok(counts.done && counts.aborted, JSON.stringify(counts));
    assert.equal(kept.size, runs.length);
    assert.deepEqual(shop.faults, []);
  });

  it('replies to each message that it has taken, in the order of its chat, by one id', () => {
    assert.deepEqual(shop.channel.wrong, []);
    for (const { done: sent } of clients.chats) {
      assert.ok(sent.length > DEPLOYMENTS);
      assert.deepEqual(sent.filter((m) => m.status !== 202), []);
      const got = shop.channel.got.filter((reply) => reply.chat === sent[0].chat), firsts = [...new Set(got.map((reply) => reply.to))];
      assert.deepEqual(firsts, sent.map((m) => m.id));
      for (const m of sent) {
        const replies = got.filter((reply) => reply.to === m.id);
        assert.deepEqual([...new Set(replies.map((reply) => reply.id))].length, 1);
        assert.ok(replies.every((reply) => reply.text === `You said: ${m.text}`));
      }
      const ids = new Set(got.map((reply) => reply.id));
      assert.equal(ids.size, sent.length);
      for (let i = 1; i < got.length; i += 1) { // what a killed worker had not noted as done comes again, and none is left out
        const [last, now] = [got[i - 1], got[i]].map((reply) => firsts.indexOf(reply.to));
        assert.ok(now <= last + 1 && now > last - 8, `${now} after ${last}`);
      }
    }
  });

  it('keeps each upload as it was sent, for both hosts', () => {
    const files = done('files');
    assert.ok(files.length > DEPLOYMENTS);
    for (const { size, hash, status, kept, back } of files) {
      assert.deepEqual([status, kept, back], [201, { size, sha256: hash }, { status: 200, hash }]);
    }
  });

  it('serves a version of the page that was deployed, under the tag of that one', () => {
    const views = done('views'), tags = new Map(), seen = { 200: 0, 206: 0, 304: 0 };
    for (const { status, tag, text, oldest, newest, part, held } of views) {
      seen[status] += 1;
      const whole = status === 200 ? text : status === 304 || tag === held.tag ? held.text : tags.get(tag);
      const version = shop.assets.lastIndexOf(whole);
      assert.ok(version >= oldest && version <= newest, `version ${version} of ${oldest} to ${newest}`);
      const plain = tag.replace('W/', '');         // the tag of a file is weak while it is young
      assert.equal(tags.get(plain) ?? whole, whole);
      tags.set(plain, whole);
      if (status === 206) assert.equal(text, whole.slice(part[0], part[1] + 1));
      if (status === 304) assert.equal(text, '');
    }
    assert.ok(seen[200] >= DEPLOYMENTS && seen[206] && seen[304], JSON.stringify(seen));
    assert.equal(seen[200] + seen[206] + seen[304], views.length);
  });

  it('breaks no connection but those of the workers that were killed', (t) => {
    t.diagnostic(`${shop.broken.length} connections broke, ${shop.kills.length} workers were killed`);
    assert.equal(shop.kills.length, KILLS);
    assert.deepEqual(shop.unexcused(), []);
  });

  /** Replies that no other waited for in vain: what the channel has not taken, and what is behind it, waits for the next try. */
  function replies() {
    const { got } = shop.channel, out = [];
    for (const { done: sent } of clients.chats) {
      const mine = got.filter((reply) => reply.chat === sent[0].chat);
      const waits = mine.flatMap((reply, i) => (reply.failed ? [[reply.at, mine[i + 1]?.at ?? Infinity]] : []));
      for (const m of sent) {
        const { at } = mine.find((reply) => reply.to === m.id);
        if (!waits.some(([from, to]) => from < at && to > m.sentAt)) out.push({ dueAt: m.sentAt, ms: at - m.sentAt });
      }
    }
    return out;
  }
  /** By kind, what was due when, and came how many ms later. */
  const lateness = () => Object.entries({ ...shop.late, replies: replies() });
  const times = (list) => list.map((one) => one.ms);

  it('is hardly later while it is deployed than before, as long as no worker is killed', (t) => {
    const killedAt = Math.min(Date.now(), ...shop.kills.map((kill) => kill.at)) - LATE_MS;
    for (const [kind, list] of lateness()) {
      const calm = times(list.filter((one) => one.dueAt < deployedAt)), busy = times(list.filter((one) => one.dueAt >= deployedAt && one.dueAt < killedAt));
      const said = [0.5, 0.9, 0.99, 1].map((q) => `${q * 100} % ${quantile(calm, q)} -> ${quantile(busy, q)}`).join(', ');
      t.diagnostic(`${kind}: ${calm.length} -> ${busy.length}; ms late: ${said}`);
      if (HARDLY) assert.ok(quantile(busy, 0.5) < SOON_MS + HARDLY * quantile(calm, 0.5), `${kind}: ${said}`);
    }
  });

  it('is not late', (t) => {
    const asked = shop.took.subscription;
    t.diagnostic(`a subscription took ${quantile(asked, 0.5)} ms, 90 % ${quantile(asked, 0.9)}`);
    for (const [kind, list] of lateness()) {
      const [half, many, most, worst] = [0.5, 0.9, 0.99, 1].map((q) => quantile(times(list), q));
      t.diagnostic(`${kind}: ${list.length}; ms late: half ${half}, 90 % ${many}, 99 % ${most}, worst ${worst}`);
      if (kind === 'replies') continue;            // those behind one that a dead worker had wait for its lease
      assert.ok(half < HALF_MS + TIMES * quantile(asked, 0.5), kind);
      assert.ok(many < LATE_MS + TIMES * quantile(asked, 0.9), kind);
    }
    t.diagnostic(`not counted: ${shop.excused} events that were due near a kill, or before their reader came; ${done('runs').reduce((sum, run) => sum + run.missed, 0)} were asked for`);
  });
});
