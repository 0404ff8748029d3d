// spec/e2e/market_bids.test.mjs -- listings and bids: what is refused, whose turn it is, what ends by itself, and many at once.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { JOB, startMarket } from './market_trading.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = 30_000;
let market, alice, bot;
before(async () => {
  market = await startMarket();
  alice = await market.actor({ name: 'Alice' });
  bot = await market.actor({ name: 'DataBot' });
});
after(async () => {
  await market?.stop();
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

/** An answer is this refusal. */
function refused(answer, status, code) {
  assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
  return answer.body;
}

const ask = async (fields = {}, who = alice) => (await who.ok('/listings-create', { ...JOB, ...fields })).id;
const place = async (listing_id, who = bot, fields = {}) => (await who.ok('/bids-create', { listing_id, price_usd: 50, sla_hours: 24, ...fields })).id;
const stateOf = (id) => market.one(`select state from market_bids where id = '${id}'`);

const SELL = { direction: 'sell', listing_type: 'task_execution', title: 'Competitive analysis report',
  description: 'I will research your competitors and deliver a structured report', category_tags: ['research:competitive', 'data:analysis'],
  price_usd: 75, sla_hours: 48, input_schema: { company_name: 'string', competitors: 'string[]' },
  output_schema: { report_url: 'string', summary: 'string', data_points: 'number' } };
const TOOL = { direction: 'sell', listing_type: 'compute_access', title: 'Web Scraper API', description: 'High-performance web scraping with JS rendering',
  category_tags: ['data:scraping', 'api:web'], tool_meta: { upstream_url: 'https://api.scraper.io/v2', auth_type: 'header' },
  subscription_plans: [
    { plan_id: 'starter', name: 'Starter', interval: 'monthly', amount_cents: 2900, included_calls: 10000, overage_cents_per_call: 1, features: ['basic', 'js_rendering'] },
    { plan_id: 'pro', name: 'Pro', interval: 'monthly', amount_cents: 9900, included_calls: 100000, overage_cents_per_call: 0.5, features: ['basic', 'js_rendering', 'proxy_rotation', 'priority'] }],
  sla_config: { uptime_target_pct: 99.5, max_latency_p95_ms: 500 } };

describe('a listing', () => {
  it('is made, changed and ended by its owner alone', async () => {
    const made = await bot.ok('/listings-create', SELL);
    assert.deepEqual([made.direction, made.listing_type, made.title, made.is_active, made.total_sales], ['sell', 'task_execution', SELL.title, true, 0]);
    refused(await alice.put('/listings-update', { listing_id: made.id, title: 'Mine' }), 403, 'not_owner');
    const changed = await bot.put('/listings-update', { listing_id: made.id, title: 'Updated title', price_usd: 85 });
    assert.deepEqual([changed.status, changed.body.title, changed.body.price_usd, changed.body.sla_hours], [200, 'Updated title', 85, 48]);
    assert.deepEqual(changed.body.input_schema, SELL.input_schema);
    refused(await alice.post('/listings-deactivate', { listing_id: made.id }), 403, 'not_owner');
    assert.deepEqual(await bot.ok('/listings-deactivate', { listing_id: made.id }), { id: made.id, is_active: false });
    assert.deepEqual(await bot.ok('/listings-deactivate', { listing_id: made.id }), { id: made.id, is_active: false });
    refused(await bot.put('/listings-update', { listing_id: made.id, title: 'Late' }), 409, 'listing_inactive');
  });

  it('of a tool has plans, and a secret that nobody reads', async () => {
    const secret = 'sk-of-the-upstream';
    const { id } = await bot.ok('/listings-create', { ...TOOL, tool_meta: { ...TOOL.tool_meta, auth_secret: secret } });
    const shown = await bot.ok(`/listings-get?listing_id=${id}`);
    assert.deepEqual(shown.subscription_plans, TOOL.subscription_plans);
    assert.ok(!JSON.stringify(shown).includes(secret));
    assert.match(await market.one(`select tool_secret from market_listings where id = '${id}'`), /^sealed:/);
    for (const upstream_url of ['http://api.scraper.io', 'https://127.0.0.1/x', 'https://a@api.scraper.io', 'https://api.scraper.io:22/', 'https://localhost/']) {
      refused(await bot.post('/listings-create', { ...TOOL, tool_meta: { upstream_url } }), 400, 'unsafe_url');
    }
    refused(await bot.post('/listings-create', { ...TOOL, subscription_plans: [TOOL.subscription_plans[0], TOOL.subscription_plans[0]] }), 400, 'validation_error');
  });

  it('is refused with the field that is wrong', async () => {
    for (const [change, path] of [[{ price_usd: undefined }, 'price_usd'], [{ price_usd: 0 }, 'price_usd'], [{ price_usd: 7.555 }, 'price_usd'],
      [{ title: '' }, 'title'], [{ evaluation_rubric: [] }, 'evaluation_rubric'], [{ category_tags: [] }, 'category_tags'], [{ sla_hours: 169 }, 'sla_hours'], [{ direction: 'buy', price_usd: undefined }, 'budget_ceiling_usd']]) {
      const body = refused(await bot.post('/listings-create', { ...SELL, ...change }), 400, 'validation_error');
      assert.equal(body.details[0].path, path, JSON.stringify(body));
    }
    refused(await bot.post('/listings-create', { ...SELL, output_schema: { type: 'nothing' } }), 400, 'invalid_schema');
    refused(await bot.post('/listings-create', { ...SELL, input_schema: [] }), 400, 'invalid_schema');
  });

  it('is found by words, by tags, by numbers, and by words with typos', async () => {
    const word = 'zyzzyva', other = await market.actor({ name: 'Low', tier: 0 });
    const cheap = (await bot.ok('/listings-create', { ...SELL, title: `${word} reports`, price_usd: 20 })).id;
    const dear = (await other.ok('/listings-create', { ...SELL, title: `${word} reports daily`, price_usd: 90, category_tags: ['zz:top'] })).id;
    const wanted = await ask({ title: `A ${word} report is wanted` });
    const ids = async (query) => (await alice.ok(`/listings-search?${query}`)).listings.map((l) => l.id);
    assert.deepEqual(new Set(await ids(`query=${word}`)), new Set([cheap, dear, wanted]));
    assert.deepEqual(await ids(`q=${word}&direction=sell&sort_by=price_usd&sort_order=asc`), [cheap, dear]);
    assert.deepEqual(await ids(`query=${word}&direction=sell&max_price_usd=50`), [cheap]);
    assert.deepEqual(await ids(`query=${word}&direction=sell&min_tier=1`), [cheap]);
    assert.deepEqual(await ids('category_tag=zz:top'), [dear]);
    const typo = await alice.ok('/listings-search?query=zyzyva');
    assert.equal(typo.search_mode, 'trigram');
    assert.equal(typo.total, 3);
    const page = await alice.ok(`/listings-search?query=${word}&limit=1&offset=1`);
    assert.deepEqual([page.total, page.limit, page.offset, page.listings.length, page.search_mode], [3, 1, 1, 1, 'lexical']);
    const open = await market.request(null, 'GET', `/listings-requests?query=${word}`);
    assert.deepEqual([open.status, open.body.listings.map((l) => l.id)], [200, [wanted]]);
    refused(await market.request(null, 'GET', '/listings-search'), 401, 'unauthorized');
    refused(await alice.get('/listings-search-semantic'), 400, 'validation_error');
    assert.equal((await alice.ok(`/listings-search-semantic?query=${word}`)).search_mode, 'lexical');
  });

  it('has a price that comparable ones suggest, when there are three', async () => {
    const tag = 'price:test', about = `/listings-price-suggestion?listing_type=task_execution&category_tags=${tag},other`;
    for (const price_usd of [40, 65]) await bot.ok('/listings-create', { ...SELL, category_tags: [tag], price_usd });
    assert.deepEqual(await alice.ok(about), { suggested_price_usd: null, range_low: null, range_high: null, comparable_count: 2 });
    await bot.ok('/listings-create', { ...SELL, category_tags: [tag], price_usd: 120 });
    assert.deepEqual(await alice.ok(about), { suggested_price_usd: 65, range_low: 40, range_high: 120, comparable_count: 3 });
  });
});

describe('a bid', () => {
  it('is refused where it may not be placed', async () => {
    const listing_id = await ask({ min_seller_tier: 1 });
    const bid = (fields, who = bot) => who.post('/bids-create', { listing_id, price_usd: 50, sla_hours: 24, ...fields });
    refused(await bid({ price_usd: 300.01 }), 400, 'bid_price_too_high');
    refused(await bid({ milestone_pricing: true, milestones: [{ title: 'a', pct_of_total: 40, sla_hours: 24 }, { title: 'b', pct_of_total: 59.99, sla_hours: 24 }] }), 400, 'milestone_sum_invalid');
    refused(await bid({ milestone_pricing: true }), 400, 'milestone_sum_invalid');
    refused(await bid({ listing_id: (await bot.ok('/listings-create', SELL)).id }, alice), 400, 'not_a_buy_listing');
    refused(await bid({}, await market.actor({ owner: alice.owner })), 400, 'self_bid_not_permitted');
    refused(await bid({}, await market.actor({ tier: 0 })), 403, 'tier_too_low');
    refused(await bid({ scope_note: 'x'.repeat(301) }), 400, 'validation_error');
    assert.equal((await bid({ price_usd: 300 })).status, 201);
    refused(await bid({}), 400, 'already_bid');
    await alice.ok('/listings-deactivate', { listing_id });
    refused(await bid({}, await market.actor()), 409, 'listing_inactive');
  });

  it('is one of a batch, whose bids fail one by one', async () => { // limit: batch bids
    const [a, b] = [await ask(), await ask()];
    await place(b);
    const { results } = await bot.ok('/batch-bids', { bids: [{ listing_id: a, price_usd: 30, sla_hours: 24 }, { listing_id: b, price_usd: 45, sla_hours: 48 }] });
    assert.match(results[0].bid_id, /^[0-9a-f-]{36}$/);
    assert.deepEqual(results, [{ listing_id: a, bid_id: results[0].bid_id, status: 'created' }, { listing_id: b, error: 'already_bid' }]);
    refused(await bot.post('/batch-bids', { bids: Array.from({ length: 51 }, () => ({ listing_id: a, price_usd: 30, sla_hours: 24 })) }), 400, 'validation_error');
  });

  it('is countered by turns, twice, and then accepted by whoever got the last counter', async () => { // limit: counter rounds
    const bid_id = await place(await ask());
    refused(await bot.post('/bids-counter', { bid_id, counter_price_usd: 60 }), 403, 'not_your_turn');
    refused(await alice.post('/bids-counter', { bid_id, counter_price_usd: 301 }), 400, 'bid_price_too_high');
    await alice.ok('/bids-counter', { bid_id, counter_price_usd: 65, counter_sla_hours: 36, counter_note: 'Need more time for thorough analysis' });
    refused(await alice.post('/bids-counter', { bid_id, counter_price_usd: 60 }), 403, 'not_your_turn');
    refused(await alice.post('/bids-counter-accept', { bid_id }), 403, 'not_your_turn');
    refused(await alice.post('/bids-counter-reject', { bid_id }), 403, 'not_your_turn');
    assert.equal(refused(await alice.post('/bids-accept', { bid_id }), 409, 'invalid_state').status, 'countered');
    assert.equal((await bot.ok('/bids-counter', { bid_id, counter_price_usd: 70 })).counter_round, 2);
    refused(await alice.post('/bids-counter', { bid_id, counter_price_usd: 66 }), 400, 'max_counter_rounds_exceeded');
    const { transaction_id } = await alice.ok('/bids-counter-accept', { bid_id });
    const { transaction } = await alice.ok(`/transactions-get?transaction_id=${transaction_id}`);
    assert.deepEqual([transaction.price_usd, transaction.sla_hours], [70, 36]);
  });

  it('is not countered where nothing is negotiated', async () => {
    const bid_id = await place(await ask({ negotiation_permitted: false }));
    refused(await alice.post('/bids-counter', { bid_id, counter_price_usd: 60 }), 400, 'negotiation_not_permitted');
  });

  it('is rejected or taken back by those who may, and unknown to others', async () => {
    const stranger = await market.actor(), listing_id = await ask(), bid_id = await place(listing_id);
    for (const path of ['/bids-accept', '/bids-reject', '/bids-counter-accept', '/bids-counter-reject', '/bids-withdraw']) {
      refused(await stranger.post(path, { bid_id }), 404, 'not_found');
    }
    refused(await bot.post('/bids-accept', { bid_id }), 403, 'forbidden');
    refused(await bot.post('/bids-reject', { bid_id }), 403, 'forbidden');
    refused(await alice.post('/bids-withdraw', { bid_id }), 403, 'forbidden');
    assert.deepEqual(await alice.ok('/bids-reject', { bid_id, reason: 'Too slow' }), { id: bid_id, status: 'rejected' });
    assert.deepEqual(await alice.ok('/bids-reject', { bid_id }), { id: bid_id, status: 'rejected' });
    const again = await place(listing_id);
    await alice.ok('/bids-counter', { bid_id: again, counter_price_usd: 40 });
    assert.deepEqual(await bot.ok('/bids-counter-reject', { bid_id: again }), { id: again, status: 'rejected' });
    const third = await place(listing_id);
    assert.deepEqual(await bot.ok('/bids-withdraw', { bid_id: third }), { id: third, status: 'withdrawn' });
    const mine = await bot.ok(`/bids-list?status=withdrawn&limit=1`);
    assert.equal(mine.bids[0].id, third);
    assert.deepEqual((await alice.ok(`/bids-list?listing_id=${listing_id}`)).bids.map((b) => b.id), [third, again, bid_id]);
    refused(await bot.get(`/bids-list?listing_id=${listing_id}`), 403, 'not_owner');
  });

  it('is outbid when another is accepted, and expires with its listing', async () => {
    const rival = await market.actor(), listing_id = await ask();
    const [mine, theirs] = [await place(listing_id), await place(listing_id, rival)];
    await alice.ok('/bids-accept', { bid_id: mine });
    assert.equal(await market.one(`select state || ' ' || reason from market_bids where id = '${theirs}'`), 'rejected outbid');
    const other = await place(listing_id, rival);
    await alice.ok('/listings-deactivate', { listing_id });
    assert.equal(await stateOf(other), 'expired');
  });

  it('expires after 7 days, and a counter after 48 hours', async () => { // limit: bid time
    const [one, two] = [await place(await ask()), await place(await ask())];
    await market.advance('167h');
    await alice.ok('/bids-counter', { bid_id: two, counter_price_usd: 60 });
    await market.advance('2h');
    await until(async () => (await stateOf(one)) === 'expired', PATIENCE_MS, 'the bid expires');
    assert.equal(await stateOf(two), 'countered');
    await market.advance('47h');
    await until(async () => (await stateOf(two)) === 'expired', PATIENCE_MS, 'the counter expires');
    assert.equal(refused(await bot.post('/bids-counter-accept', { bid_id: two }), 409, 'invalid_state').status, 'expired');
  });
});

describe('an agent that bids by itself', () => {
  const RULES = { max_price_usd: 50, category_tags: ['auto:*', 'research:*'], min_listing_tier: 0, max_concurrent: 3, preferred_sla_hours: 24 };
  const bidsOf = (who) => market.sql(`select listing_id || ' ' || price_cents from market_bids where bidder_id = '${who.id}' order by created_at, listing_id`);

  it('bids on what is there and on what comes, as its rules say, and on no more than it wants at once', async () => {
    const agent = await market.actor({ name: 'Auto' }), owner = await market.actor();
    const there = await ask({ category_tags: ['auto:text'] }, owner);
    const other = await ask({ category_tags: ['other:text'] }, owner);
    await ask({ category_tags: ['auto:own'] }, await market.actor({ owner: agent.owner }));
    await ask({ category_tags: ['auto:high'], min_seller_tier: 2 }, owner);
    refused(await agent.post('/auto-bidding-config', { enabled: false }), 400, 'validation_error');
    const saved = await agent.ok('/auto-bidding-config', { enabled: true, rules: RULES });
    assert.deepEqual(saved, { enabled: true, rules: { ...RULES, min_price_usd: 0 } });
    await until(async () => (await bidsOf(agent)).length === 1, PATIENCE_MS, 'it bids on what is there');
    const cheap = await ask({ category_tags: ['auto:text'], budget_ceiling_usd: 20 }, owner);
    await until(async () => (await bidsOf(agent)).length === 2, PATIENCE_MS, 'it bids on what comes');
    assert.deepEqual(await bidsOf(agent), [`${there} 5000`, `${cheap} 1800`]);
    for (let i = 0; i < 3; i += 1) await ask({ category_tags: ['auto:text'] }, owner);
    await until(async () => (await bidsOf(agent)).length === 3, PATIENCE_MS, 'it bids once more');
    await agent.ok('/auto-bidding-config', { enabled: false });
    const [last] = (await agent.ok('/bids-list?limit=1')).bids;
    assert.deepEqual([last.is_auto, last.price_usd], [true, 50]);
    await agent.ok('/bids-withdraw', { bid_id: last.id });
    await ask({ category_tags: ['auto:text'] }, owner);
    await until(async () => (await market.one(`select count(*) from host_queue where kind = 'market.match'`)) === '0', PATIENCE_MS, 'all is matched');
    assert.equal((await bidsOf(agent)).length, 3, 'none is beyond three, nor once it has stopped');
    assert.ok(!(await bidsOf(agent)).some((b) => b.startsWith(other)));
  });
});

describe('two hundred at once', () => {
  const many = (fn) => Promise.all(Array.from({ length: 200 }, (_, i) => fn(i)));

  it('accept one bid: one transaction is made', async () => {
    const bid_id = await place(await ask());
    const answers = await many(() => alice.post('/bids-accept', { bid_id }));
    assert.deepEqual(new Set(answers.map((a) => a.status)), new Set([200]), JSON.stringify(answers.find((a) => a.status !== 200)?.body));
    assert.equal(new Set(answers.map((a) => a.body.transaction_id)).size, 1);
    assert.equal(await market.one(`select count(*) from market_transactions where bid_id = '${bid_id}'`), '1');
  });

  it('counter one bid, and bid on one listing: one of each is there', async () => {
    const listing_id = await ask(), bid_id = await place(listing_id, await market.actor());
    const counters = await many((i) => alice.post('/bids-counter', { bid_id, counter_price_usd: 50 + i }));
    assert.equal(counters.filter((a) => a.status === 200).length, 1);
    assert.deepEqual(new Set(counters.filter((a) => a.status !== 200).map((a) => a.body.code)), new Set(['not_your_turn']));
    const bids = await many(() => bot.post('/bids-create', { listing_id, price_usd: 50, sla_hours: 24 }));
    assert.equal(bids.filter((a) => a.status === 201).length, 1);
    assert.deepEqual(new Set(bids.filter((a) => a.status !== 201).map((a) => a.body.code)), new Set(['already_bid']));
  });

  it('accept and take back one bid: it has one end', async () => {
    const bid_id = await place(await ask());
    const answers = await many((i) => (i % 2 ? alice.post('/bids-accept', { bid_id }) : bot.post('/bids-withdraw', { bid_id })));
    const state = await stateOf(bid_id), made = await market.one(`select count(*) from market_transactions where bid_id = '${bid_id}'`);
    assert.equal(made, state === 'accepted' ? '1' : '0');
    assert.equal(await market.one(`select count(*) from market_history where entity_id = '${bid_id}' and from_state = 'pending'`), '1');
    for (const a of answers.filter((x) => x.status !== 200)) refused(a, 409, 'invalid_state');
  });
});
