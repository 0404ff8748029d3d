// spec/e2e/market_reputation.test.mjs -- reviews, endorsements, scores, tiers and the leaderboard over HTTP, with the
// documentation's examples; nights pass by the test clock.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { BINARY, errors, sql, startHost } from './hosts.mjs';
import { ask as asked, makeActor, makeListing, makeTask } from './market_people.mjs';
import { until } from './support.mjs';

const NOWHERE = '00000000-0000-4000-8000-000000000000', PATIENCE_MS = 20_000, DONE = ['assigned', 'delivered', 'accepted'];
let host, home, alice, bot, stranger, listing;

before(async () => {
  host = await startHost({ scripts: ['spec/e2e/scripts/market2'], env: { HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_MARKETPLACE_AUDIT_S: '0' } }); // tasks here have no money
  home = host.home;
  await sql(home, 'create table e2e_market_events (id bigint generated always as identity, name text, n text)');
  alice = await makeActor(home, { type: 'human', name: 'Alice' });
  [bot, stranger] = [await makeActor(home, { name: 'DataBot' }), await makeActor(home)];
  listing = await makeListing(home, bot);
});
after(async () => {
  await host?.stop();
  assert.deepEqual(errors(host.log()), []);
});

const ask = (...args) => asked(host, ...args);

async function ok(status, actor, method, path, body) {
  const answer = await ask(actor, method, path, body);
  assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

async function refused(status, code, actor, method, path, body) {
  const answer = await ask(actor, method, path, body);
  assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
  return answer.body;
}

/** A transaction that has ended so, and of which the platform has heard. */
async function ended(state = 'accepted', more = {}) {
  const path = { accepted: DONE, refunded: ['assigned', 'delivered', 'disputed', 'refunded'] }[state];
  const task = await makeTask(home, { buyer: alice, seller: bot, listing, states: path, ...more });
  await ok(200, null, 'POST', '/local/market2/events', { name: `transaction.${state}`, about: task, to: [], data: { n: '1', transaction_id: task } });
  return task;
}

const known = async (actor) => (await sql(home, `select tier, tasks_completed, coalesce(round(acceptance_rate::numeric, 2)::text, '-'), coalesce(consumer_score::text, '-'), coalesce(provider_score::text, '-')
  from market_actors where id = '${actor.id}'`))[0];
const settled = () => until(async () => (await sql(home, "select 1 from host_queue where (kind like 'outbox market.event%' or kind = 'market.reputation') and dead_at is null")).length === 0, PATIENCE_MS, 'all is reckoned with');
async function nextNight(by = '1d') {
  const judged = `select count(*) from market_reputation_states where judged_on = (human_now() at time zone 'utc')::date and actor_id = '${bot.id}'`;
  await promisify(execFile)(BINARY, ['clock', 'advance', by], { env: { ...process.env, HUMAN_HOME: home, HUMAN_CONFIG: '/dev/null' } });
  await until(async () => (await sql(home, judged))[0] === '1', PATIENCE_MS, 'the night has passed');
}

describe('reviews', () => {
  it('are written once for a completed transaction, by its buyer', async () => {
    const task = await ended();
    const body = { transaction_id: task, rating: 5, content: 'Excellent work — delivered ahead of schedule with thorough analysis' };
    const open = await makeTask(home, { buyer: alice, seller: bot, listing });
    assert.equal((await refused(409, 'invalid_state', alice, 'POST', '/reviews-create', { ...body, transaction_id: open })).status, 'assigned');
    await refused(403, 'forbidden', bot, 'POST', '/reviews-create', body);
    await refused(404, 'not_found', stranger, 'POST', '/reviews-create', body);
    await refused(400, 'validation_error', alice, 'POST', '/reviews-create', { ...body, rating: 6 });
    await refused(401, 'unauthorized', null, 'POST', '/reviews-create', body);
    const both = await Promise.all([1, 2].map(() => ask(alice, 'POST', '/reviews-create', body)));
    assert.deepEqual(both.map((a) => a.body.code ?? a.status).sort(), [201, 'review_exists'].sort());
    const { reviews, total } = await ok(200, bot, 'GET', `/reviews-list?actor_id=${bot.id}`);
    assert.equal(total, 1);
    const { id, created_at: at, ...rest } = reviews[0];
    assert.ok(id && Date.parse(at));
    assert.deepEqual(rest, { rating: 5, content: body.content, reviewer_name: 'Alice', transaction_id: task });
    assert.deepEqual((await ok(200, bot, 'GET', `/reviews-list?listing_id=${listing}`)).reviews, reviews);
    await refused(400, 'validation_error', bot, 'GET', '/reviews-list');
    await ok(201, alice, 'POST', '/reviews-create', { transaction_id: await ended(), rating: 4 });
    assert.deepEqual(await sql(home, `select avg_rating from market_listings where id = '${listing}'`), ['4.50']);
  });
});

describe('endorsements', () => {
  it('are written once by a party of a completed transaction, for the other', async () => {
    const task = await ended();
    const body = { actor_id: bot.id, transaction_id: task, content: 'Reliable data extraction agent — consistently delivers quality results', rating: 5 };
    const made = await ok(201, alice, 'POST', '/endorsements-create', body);
    assert.deepEqual([made.actor_id, made.endorser_id, made.rating], [bot.id, alice.id, 5]);
    await refused(409, 'conflict', alice, 'POST', '/endorsements-create', body);
    await ok(201, bot, 'POST', '/endorsements-create', { ...body, actor_id: alice.id });
    await refused(403, 'forbidden', stranger, 'POST', '/endorsements-create', body);
    await refused(403, 'forbidden', alice, 'POST', '/endorsements-create', { ...body, transaction_id: NOWHERE });
    await refused(400, 'validation_error', alice, 'POST', '/endorsements-create', { ...body, actor_id: alice.id });
    await refused(400, 'validation_error', alice, 'POST', '/endorsements-create', { ...body, actor_id: stranger.id });
    await refused(400, 'validation_error', alice, 'POST', '/endorsements-create', { ...body, content: '' });
  });
});

describe('reputation', () => {
  it('follows from how transactions end, each counted once', async () => {
    assert.equal(await known(stranger), '0|0|-|-|-');
    const mine = await makeActor(home, { name: 'Fresh' }), theirs = await makeListing(home, mine, { tags: ['data:scraping', 'api:web'] });
    const task = await ended('accepted', { seller: mine, listing: theirs });
    await settled();
    const first = await known(mine);
    assert.match(first, /^0\|1\|1\.00\|\d+\|-$/);
    await ok(200, null, 'POST', '/local/market2/events', { name: 'transaction.accepted', about: task, to: [], data: { n: '1', transaction_id: task } });
    await settled();
    assert.equal(await known(mine), first);
    await ended('refunded', { seller: mine, listing: theirs });
    await settled();
    assert.match(await known(mine), /^0\|1\|0\.50\|\d+\|-$/);
    assert.ok(Number((await known(mine)).split('|')[3]) < Number(first.split('|')[3]));
    const told = (await ok(200, mine, 'GET', '/notifications-list')).notifications.filter((n) => n.type === 'reputation_updated');
    assert.equal(told.length, 2);
  });

  it('gives a tier at once, and takes it after two nights in a row', async () => {
    for (let i = 0; i < 6; i += 1) await ok(201, alice, 'POST', '/reviews-create', { transaction_id: await ended('accepted', { cents: 50_000 }), rating: 5 });
    await settled();
    assert.match(await known(bot), /^1\|9\|1\.00\|/);
    for (let i = 0; i < 4; i += 1) await ended('refunded');
    await settled();
    assert.match(await known(bot), /^1\|9\|0\.69\|/);
    await nextNight();
    assert.match(await known(bot), /^1\|/);
    await nextNight();
    assert.match(await known(bot), /^0\|/);
    assert.deepEqual(await sql(home, `select from_state, to_state from market_history where entity = 'tier' and entity_id = '${bot.id}' order by id`), ['0|1', '1|0']);
  });

  it('fades: what is older weighs less, and is no part of a shorter leaderboard', async () => {
    const place = async (query) => (await ok(200, null, 'GET', `/leaderboard${query}`)).rankings.find((r) => r.actor_id === bot.id);
    assert.ok(await place('?period=weekly'));
    const off = async () => Math.abs(Number((await known(bot)).split('|')[3]) - 50), was = await off();
    await nextNight('8d');
    assert.equal(await place('?period=weekly'), undefined);
    assert.ok(await place('?period=monthly'));
    await nextNight('180d');
    assert.equal(await place('?period=monthly'), undefined);
    assert.ok(await place(''));
    assert.ok(await off() < was, `${await off()} < ${was}`);
    await sql(home, `update market_reputation_events set at = human_now() - interval '898 days'`); // limit: reputation events
    await nextNight();
    assert.ok(await place(''));
    await nextNight('1d');
    assert.equal(await place(''), undefined);
    assert.match(await known(bot), /\|-\|-$/);
    await sql(home, `update market_reputation_events set at = human_now()`);
    await nextNight();
  });

  it('is imported from others, and weighs nothing while nobody has verified it', async () => {
    const body = { source: 'github', score: 0.85, proof_url: 'https://github.com/databot' };
    const score = async () => Number((await known(bot)).split('|')[3]), was = await score();
    assert.ok(was > 50);
    const made = await ok(201, bot, 'POST', '/reputation-import', body);
    assert.deepEqual([made.source, made.status], ['github', 'unverified']);
    assert.equal((await ok(201, bot, 'POST', '/reputation-import', { ...body, score: 0 })).id, made.id);
    await nextNight();
    assert.ok(Math.abs(await score() - was) <= 1);
    await sql(home, `update market_reputation_imports set status = 'verified'`);
    await nextNight();
    assert.ok(was - await score() >= 2, 'what is verified counts');
    await refused(400, 'unsafe_url', bot, 'POST', '/reputation-import', { ...body, proof_url: 'https://127.0.0.1/x' });
    await refused(400, 'validation_error', bot, 'POST', '/reputation-import', { ...body, score: 1.1 });
  });
});

describe('the leaderboard', () => {
  it('ranks active actors, best first, by category and time', async () => {
    const { rankings } = await ok(200, null, 'GET', '/leaderboard');
    assert.deepEqual(Object.keys(rankings[0]), ['rank', 'actor_id', 'display_name', 'composite_score', 'tasks_completed']);
    assert.deepEqual(rankings.map((r) => r.rank), rankings.map((_, i) => i + 1));
    assert.deepEqual(rankings.map((r) => r.composite_score), rankings.map((r) => r.composite_score).sort((a, b) => b - a));
    assert.ok(rankings.every((r) => r.composite_score > 0 && r.composite_score <= 1));
    const names = async (query) => (await ok(200, null, 'GET', `/leaderboard?${query}`)).rankings.map((r) => r.display_name);
    assert.deepEqual(await names('category=api'), ['Fresh']);
    assert.deepEqual((await names('category=data')).sort(), ['Alice', 'DataBot', 'Fresh']);
    assert.deepEqual(await names('category=nothing'), []);
    assert.equal((await names('limit=1')).length, 1);
    await sql(home, `update market_actors set state = 'banned' where display_name = 'Fresh'`);
    assert.deepEqual(await names('category=api'), []);
    await refused(400, 'validation_error', null, 'GET', '/leaderboard?period=daily');
  });
});
