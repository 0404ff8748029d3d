// spec/e2e/market_messages.test.mjs -- messages, notifications, the public feed and health over HTTP, with the examples of
// the marketplace's documentation.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startHost } from './hosts.mjs';
import { ask as asked, makeActor, makeListing, makeTask } from './market_people.mjs';
import { sql } from './hosts.mjs';
import { until } from './support.mjs';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, NOWHERE = '00000000-0000-4000-8000-000000000000', PATIENCE_MS = 20_000;
let host, home, alice, bot, stranger, listing;

before(async () => {
  host = await startHost({ scripts: ['spec/e2e/scripts/market2'], env: { HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_MARKETPLACE_AUDIT_S: '0' } }); // tasks here have no money
  home = host.home;
  await sql(home, 'create table e2e_market_events (id bigint generated always as identity, name text, n text)');
  alice = await makeActor(home, { type: 'human', name: 'Alice' });
  [bot, stranger] = [await makeActor(home, { name: 'DataBot' }), await makeActor(home)];
  listing = await makeListing(home, bot);
});
after(async () => { await host?.stop(); });

const ask = (...args) => asked(host, ...args);

/** The body of an answer with this status. */
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

const put = (event) => ok(200, null, 'POST', '/local/market2/events', event);

async function channel(...members) {
  return (await ok(200, null, 'POST', '/local/market2/channels', { type: 'inquiry', participants: members.map((a) => a.id) })).id;
}

describe('messages', () => {
  it('are sent in a channel and listed there, newest first, page by page', async () => {
    const id = await channel(alice, bot);
    const sent = await ok(201, alice, 'POST', '/messages-send', { channel_id: id, body: 'Can you clarify the output format?' });
    assert.match(sent.id, UUID);
    assert.deepEqual([sent.sender_name, sent.message_type, sent.read], ['Alice', 'text', true]);
    for (let n = 2; n <= 5; n += 1) await ok(201, bot, 'POST', '/messages-send', { channel_id: id, body: `${n}` });
    const seen = [];
    for (let before; before !== null;) {
      const page = await ok(200, bot, 'GET', `/messages-list?channel_id=${id}&limit=2${before ? `&before=${before}` : ''}`);
      seen.push(...page.messages.map((m) => [m.body, m.read]));
      before = page.next_before;
    }
    assert.deepEqual(seen, [['5', true], ['4', true], ['3', true], ['2', true], ['Can you clarify the output format?', false]]);
    assert.equal((await ok(200, bot, 'GET', `/messages-list?channel_id=${id}`)).messages.length, 5);
  });

  it('are all there for who pages while many are sent at once', async () => {
    const id = await channel(alice, bot);
    await Promise.all(Array.from({ length: 30 }, (_, i) => ok(201, i % 2 ? alice : bot, 'POST', '/messages-send', { channel_id: id, body: `${i}` })));
    const seen = new Set();
    for (let before; before !== null;) {
      const page = await ok(200, bot, 'GET', `/messages-list?channel_id=${id}&limit=7${before ? `&before=${before}` : ''}`);
      for (const m of page.messages) seen.add(m.body);
      before = page.next_before;
    }
    assert.equal(seen.size, 30);
  });

  it('are marked as read one by one, or all', async () => {
    const id = await channel(alice, bot), ids = [];
    for (const body of ['a', 'b', 'c']) ids.push((await ok(201, alice, 'POST', '/messages-send', { channel_id: id, body })).id);
    assert.deepEqual(await ok(200, bot, 'POST', '/messages-read', { message_id: ids[1] }), { read: true });
    assert.deepEqual(await ok(200, bot, 'POST', '/messages-read', { message_id: ids[1] }), { read: true });
    const read = async () => (await ok(200, bot, 'GET', `/messages-list?channel_id=${id}`)).messages.map((m) => m.read);
    assert.deepEqual(await read(), [false, true, false]);
    assert.deepEqual(await ok(200, bot, 'POST', '/messages-read-all', { channel_id: id }), { marked: 2 });
    assert.deepEqual(await ok(200, bot, 'POST', '/messages-read-all', { channel_id: id }), { marked: 0 });
    assert.deepEqual(await ok(200, alice, 'POST', '/messages-read-all', { channel_id: id }), { marked: 0 });
    assert.deepEqual(await read(), [true, true, true]);
  });

  it('are those of the channel\'s members alone', async () => {
    const id = await channel(alice, bot);
    const { id: message } = await ok(201, alice, 'POST', '/messages-send', { channel_id: id, body: 'x' });
    await refused(403, 'forbidden', stranger, 'POST', '/messages-send', { channel_id: id, body: 'x' });
    await refused(403, 'forbidden', stranger, 'GET', `/messages-list?channel_id=${id}`);
    await refused(403, 'forbidden', stranger, 'POST', '/messages-read', { message_id: message });
    await refused(403, 'forbidden', stranger, 'POST', '/messages-read-all', { channel_id: id });
    await refused(404, 'not_found', alice, 'POST', '/messages-send', { channel_id: NOWHERE, body: 'x' });
    await refused(404, 'not_found', alice, 'POST', '/messages-read', { message_id: NOWHERE });
    await refused(401, 'unauthorized', null, 'POST', '/messages-send', { channel_id: id, body: 'x' });
    await refused(400, 'validation_error', alice, 'POST', '/messages-send', { channel_id: id, body: 'x'.repeat(4001) }); // limit: message body
    await refused(400, 'validation_error', alice, 'POST', '/messages-send', { channel_id: id, body: '' });
    await sql(home, `update market_channels set closed_at = human_now() where id = '${id}'`);
    assert.equal((await refused(409, 'invalid_state', alice, 'POST', '/messages-send', { channel_id: id, body: 'x' })).status, 'closed');
  });

  it('make a notification for the others', async () => {
    const id = await channel(alice, stranger);
    await ok(201, alice, 'POST', '/messages-send', { channel_id: id, body: 'y'.repeat(200) });
    const [told] = await until(async () => {
      const { notifications } = await ok(200, stranger, 'GET', '/notifications-list');
      const messages = notifications.filter((n) => n.type === 'message_received');
      return messages.length && messages;
    }, PATIENCE_MS, 'the other is told');
    assert.deepEqual([told.type, told.payload.channel_id, told.payload.sender, told.payload.preview], ['message_received', id, 'Alice', 'y'.repeat(100)]);
  });
});

describe('a new transaction', () => {
  it('has a channel of its parties, of which both are told once', async () => {
    const buyer = await makeActor(home), seller = await makeActor(home);
    const task = await makeTask(home, { buyer, seller, listing: await makeListing(home, seller), states: [] });
    const created = { name: 'transaction.created', about: task, to: [buyer.id, seller.id], data: { n: '1', transaction_id: task } };
    await put(created);
    await put(created);
    const told = await until(async () => {
      const { notifications } = await ok(200, buyer, 'GET', '/notifications-list');
      return notifications.filter((n) => n.type === 'transaction_created').length === 2 && notifications.find((n) => n.type === 'channel_opened');
    }, PATIENCE_MS, 'the buyer is told');
    assert.equal(told.payload.transaction_id, task);
    await ok(201, buyer, 'POST', '/messages-send', { channel_id: told.payload.channel_id, body: 'Hello' });
    await ok(201, seller, 'POST', '/messages-send', { channel_id: told.payload.channel_id, body: 'Hello' });
    await until(async () => (await sql(home, "select 1 from host_queue where kind like 'outbox market.event%'")).length === 0, PATIENCE_MS, 'all is told');
    const { notifications } = await ok(200, seller, 'GET', '/notifications-list');
    assert.equal(notifications.filter((n) => n.type === 'channel_opened').length, 1);
  });
});

describe('notifications', () => {
  const event = { name: 'bid.received', about: 'x', data: { n: '1', listing_id: NOWHERE, bidder: 'DataBot' } };

  it('are listed newest first, and marked as read by who has them', async () => {
    const mine = await makeActor(home), other = await makeActor(home);
    for (const n of ['1', '2', '3']) await put({ ...event, to: [mine.id, other.id, NOWHERE], data: { ...event.data, n } });
    const list = async (actor, query = '') => ok(200, actor, 'GET', `/notifications-list${query}`);
    await until(async () => (await list(mine)).total === 3, PATIENCE_MS, 'they are there');
    const { notifications, unread } = await list(mine);
    assert.deepEqual([unread, ...notifications.map((n) => n.payload.n)], [3, '3', '2', '1']);
    const { id, created_at: at, ...rest } = notifications[0];
    assert.match(id, UUID);
    assert.ok(Date.parse(at));
    assert.deepEqual(rest, { type: 'bid_received', payload: { ...event.data, n: '3' }, read: false });
    assert.deepEqual(await ok(200, other, 'POST', '/notifications-read', { notification_ids: [id] }), { marked: 0 });
    assert.deepEqual(await ok(200, mine, 'POST', '/notifications-read', { notification_ids: [id, NOWHERE] }), { marked: 1 });
    assert.deepEqual(await ok(200, mine, 'POST', '/notifications-read', { notification_ids: [id] }), { marked: 0 });
    assert.deepEqual((await list(mine, '?unread=true')).notifications.map((n) => n.payload.n), ['2', '1']);
    const page = await list(mine, '?limit=1&offset=1');
    assert.deepEqual([page.total, page.unread, page.notifications[0].payload.n], [3, 2, '2']);
    await refused(400, 'validation_error', mine, 'POST', '/notifications-read', { notification_ids: [] });
    await refused(400, 'validation_error', mine, 'GET', '/notifications-list?limit=51');
  });
});

describe('the public feed', () => {
  it('shows completed transactions and new listings, and nothing that is not public', async () => {
    const task = await makeTask(home, { buyer: alice, seller: bot, listing, states: ['assigned', 'delivered', 'accepted'] });
    await put({ name: 'listing.created', about: listing, to: [], data: { n: '1', listing_id: listing }, public: true });
    await until(async () => (await ok(200, null, 'GET', '/feed-public')).events.length === 1, PATIENCE_MS, 'the listing is there');
    await put({ name: 'transaction.accepted', about: task, to: [alice.id, bot.id], data: { n: '1', transaction_id: task } });
    await put({ name: 'transaction.accepted', about: task, to: [alice.id, bot.id], data: { n: '1', transaction_id: task }, public: true });
    const events = await until(async () => {
      const all = (await ok(200, null, 'GET', '/feed-public')).events;
      return all.length > 1 && all;
    }, PATIENCE_MS, 'the transaction is there');
    assert.deepEqual(events.map(({ at, ...rest }) => { assert.ok(Date.parse(at)); return rest; }), [
      { type: 'transaction_completed', actor: 'DataBot', listing: 'Market Analysis', amount_usd: 50 },
      { type: 'listing_created', actor: 'DataBot', title: 'Market Analysis' },
    ]);
    assert.equal((await ok(200, null, 'GET', '/feed-public?limit=1')).events.length, 1);
    await refused(400, 'validation_error', null, 'GET', '/feed-public?limit=101');
  });

  it('has numbers beside it', async () => {
    const stats = await ok(200, null, 'GET', '/feed-public-stats');
    assert.deepEqual(Object.keys(stats), ['active_agents', 'active_humans', 'active_listings', 'total_transactions', 'total_volume_usd']);
    assert.ok(Object.values(stats).every((n) => n >= 1), JSON.stringify(stats));
  });
});

describe('health', () => {
  it('is ok, with a version', async () => {
    const health = await ok(200, null, 'GET', '/health');
    assert.deepEqual([health.status, typeof health.version], ['ok', 'string']);
  });
});
