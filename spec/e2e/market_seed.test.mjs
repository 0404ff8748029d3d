// spec/e2e/market_seed.test.mjs -- the marketplace is the one of its contract: each endpoint, field, limit and error is documented, the
// contract's requests are answered as it says, and each of its errors can be had.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { assigned, JOB, startMarket } from './market_trading.mjs';
import { answerOf, bodyOf, fieldProblems, filled, lacking, operation, SEED, shapes, title, undocumented } from './market_seed.mjs';
import { fund, makeTool, plan, startUpstream, UPSTREAM } from './market_tools_world.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = 30_000;
let market, doc, upstream;
before(async () => {
  upstream = await startUpstream((req, res) => res.end(JSON.stringify(of('/tool-proxy').response.output)), { probes: true });
  market = await startMarket({ env: { HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32` } });
  doc = await (await fetch(`${market.url}/openapi.json`)).json();
});
after(async () => {
  await market?.stop();
  upstream?.close();
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

const of = (path) => SEED.find((e) => e.path === path);

describe('the contract', () => {
  it('has 90 endpoints, 9 of them public, and 21 errors', () => {
    assert.equal(SEED.length, 90);
    assert.equal(new Set(SEED.map(title)).size, 90);
    assert.equal(SEED.filter((e) => e.public).length, 9);
    assert.equal(SEED.flatMap((e) => e.errors ?? []).length, 21);
  });
});

describe('the document', () => {
  it('has each endpoint', () => {
    assert.deepEqual(SEED.filter((e) => !operation(doc, e)).map((e) => e.path), []);
  });

  it('says where a key is needed: wherever the contract does not say PUBLIC', async () => {
    for (const e of SEED) {
      assert.equal(operation(doc, e).responses[401] === undefined || e.path === '/health', Boolean(e.public), title(e));
      const answer = await market.request(null, e.method, e.path, e.method === 'GET' ? undefined : {});
      assert.equal(answer.status !== 401, Boolean(e.public), title(e));
    }
  });

  it('has each field of the tables, with its type and limits', () => {
    const wrong = [];
    for (const e of SEED) {
      const op = operation(doc, e), bodies = shapes(doc, bodyOf(doc, op));
      for (const field of e.fields ?? []) {
        const within = bodies.filter((b) => b.properties?.[field.name]);
        if (!within.length) wrong.push(`${title(e)} has no ${field.name}`);
        for (const body of within) {
          for (const text of fieldProblems(doc, field, body.properties[field.name], body.required?.includes(field.name) ?? false)) wrong.push(`${title(e)}: ${field.name} ${text}`);
        }
      }
      for (const field of e.query ?? []) {
        const at = op.parameters?.find((p) => p.in === 'query' && p.name === field.name);
        if (!at) wrong.push(`${title(e)} has no ${field.name}`);
        else for (const text of fieldProblems(doc, field, at.schema, at.required ?? false)) wrong.push(`${title(e)}: ${field.name} ${text}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('has each field of the examples', () => {
    const wrong = SEED.flatMap((e) => {
      const op = operation(doc, e);
      const sent = (e.requests ?? []).flatMap((example) => undocumented(doc, bodyOf(doc, op), example).map((at) => `${title(e)} takes no ${at}`));
      return e.response ? [...sent, ...undocumented(doc, answerOf(op), e.response).map((at) => `${title(e)} has no ${at}`)] : sent;
    });
    assert.deepEqual(wrong, []);
  });

  it('has each error where it can be had, and what the body of invalid_state says', () => {
    const wrong = [];
    for (const e of SEED) {
      for (const { status, code } of e.errors ?? []) {
        const media = operation(doc, e).responses[status]?.content?.['application/json'];
        if (media?.examples?.[code]?.value.code !== code) wrong.push(`${title(e)}: ${status} ${code}`);
      }
      const conflict = operation(doc, e).responses[409]?.content['application/json'];
      if (conflict?.examples?.invalid_state && !shapes(doc, conflict.schema)[0].properties.status) wrong.push(`${title(e)}: status`);
    }
    assert.deepEqual(wrong, []);
  });
});

// ---- the examples ------------------------------------------------------------------------------------------------

describe('the requests of the contract', { concurrency: false }, () => {
  const asked = new Set();
  let alice, bot, human, third, admin, task, channel, bid, listing, sold, tool;

  /** Sends the n-th request of an endpoint, and holds the answer against the contract's. */
  async function play(who, path, ids = {}, { n = 0, status, query = '', response = n === 0, later = {} } = {}) { // later: times that have passed
    const e = of(path);
    const body = e.requests ? { ...filled(e.requests[n], ids), ...later } : e.method === 'GET' ? undefined : {};
    const answer = await market.request(who?.key, e.method, path + query, body);
    assert.ok(status ? answer.status === status : answer.status === 200 || answer.status === 201, `${title(e)}: ${answer.status} ${JSON.stringify(answer.body)}`);
    if (e.response && response) assert.deepEqual(lacking(e.response, answer.body), [], `${title(e)}: ${JSON.stringify(answer.body)}`);
    asked.add(`${path} ${n}`);
    return answer.body;
  }

  const sells = async (who, fields = {}) => (await who.ok('/listings-create', { direction: 'sell', listing_type: 'task_execution', title: 'Part of it',
    description: 'A part', category_tags: ['data:extraction'], price_usd: 40, ...fields })).id;

  before(async () => {
    alice = await market.actor({ name: 'Alice', tier: 2 });
    bot = await market.actor({ name: 'DataBot', tier: 2 });
    third = await market.actor({ name: 'AgentB', tier: 2 });
    human = await market.actor({ name: 'Hugo', type: 'human' });
    admin = await market.actor({ name: 'Admin', type: 'human', role: 'admin' });
    await market.sql(`update market_actors set referral_code = '3f8a1b' where id = '${human.id}'; update market_actors set is_founding = true where id = '${bot.id}'`);
  });

  it('register people and agents', async () => {
    await play(null, '/agents-quick-start');
    await play(null, '/actors-register');
    const agent = await play(null, '/actors-register', {}, { n: 1, response: true });
    await play(null, '/genesis-status');
    const made = { key: agent.api_key };
    await play(made, '/agents-heartbeat');
    await play(made, '/capabilities-register');
    await play(made, '/capabilities-search', {}, { query: '?tags=data:extraction' });
    await play(made, '/profile-update');
    await play(made, '/actors-referral');
    await play(made, '/portfolio-manage');
    await play(made, '/auto-bidding-config');
    await market.request(made.key, 'POST', '/auto-bidding-config', { enabled: false, rules: of('/auto-bidding-config').requests[0].rules });
  });

  it('list what is offered and asked for', async () => {
    sold = (await play(bot, '/listings-create')).id;
    listing = (await play(alice, '/listings-create', {}, { n: 1, response: true })).id;
    tool = (await play(bot, '/listings-create', {}, { n: 2, response: true })).id;
    await play(alice, '/listings-requests');
    await play(bot, '/listings-update', { listing_id: sold });
    await play(alice, '/listings-price-suggestion', {}, { query: '?listing_type=task_execution&category_tags=a', response: false });
    await play(bot, '/listings-deactivate', { listing_id: tool });
  });

  it('bid, counter, accept and reject', async () => {
    bid = (await play(bot, '/bids-create', { listing_id: listing })).id;
    await play(alice, '/bids-counter', { bid_id: bid });
    await play(bot, '/bids-counter-accept', { bid_id: bid });
    const asks = async () => (await alice.ok('/listings-create', JOB)).id;
    const one = await bot.ok('/bids-create', { listing_id: await asks(), price_usd: 75, sla_hours: 24 });
    task = (await play(alice, '/bids-accept', { bid_id: one.id })).transaction_id;
    const two = await bot.ok('/bids-create', { listing_id: await asks(), price_usd: 75, sla_hours: 24 });
    await play(alice, '/bids-reject', { bid_id: two.id });
    const other = await asks();
    const three = await bot.ok('/bids-create', { listing_id: other, price_usd: 75, sla_hours: 24 });
    await alice.ok('/bids-counter', { bid_id: three.id, counter_price_usd: 60 });
    await play(bot, '/bids-counter-reject', { bid_id: three.id });
    const fourth = await asks();
    await third.ok('/bids-create', { listing_id: fourth, price_usd: 75, sla_hours: 24 });
    await play(third, '/batch-bids', { 'bids.0.listing_id': await asks(), 'bids.1.listing_id': fourth });
  });

  it('buy, subcontract, deliver and accept', async () => {
    await play(human, '/transactions-create', { listing_id: sold });
    await play(alice, '/transactions-assign', { transaction_id: task });
    const form = new FormData();
    form.append('file', new Blob(['%PDF-1.4 a report']), 'report.pdf');
    const upload = await market.request(bot.key, 'POST', '/deliverables-upload', form);
    assert.deepEqual(lacking({ storage_path: 'deliverables/uuid/report.pdf', size_bytes: 245000 }, upload.body), []);
    asked.add('/deliverables-upload 0');
    const parent = await assigned(alice, bot);
    const child = await play(bot, '/subcontracts-create', { parent_transaction_id: parent, listing_id: await sells(third) });
    await play(bot, '/transactions-create', { listing_id: await sells(third), parent_transaction_id: parent }, { n: 1, response: false });
    await play(alice, '/transactions-chain', {}, { query: `?transaction_id=${child.transaction_id}` });
    await play(bot, '/transactions-deliver', { transaction_id: task });
    const following = fetch(`${market.url}/task-progress-stream?transaction_id=${task}`, { headers: { 'x-api-key': alice.key } });
    assert.match((await following).headers.get('content-type'), /^text\/event-stream/);
    await play(alice, '/transactions-accept', { transaction_id: task });
    assert.match(await (await following).text(), /event: delivery_submitted[^]*event: end/);
    asked.add('/task-progress-stream 0');
    const stop = new AbortController();
    assert.equal((await fetch(`${market.url}/task-stream`, { headers: { 'x-api-key': alice.key }, signal: stop.signal })).status, 200);
    stop.abort();
    asked.add('/task-stream 0');
  });

  it('do tasks for credits, and try what they deliver', async () => {
    const posted = await admin.ok('/admin-credit-tasks', { title: 'Summarize 10 research papers', description: 'One summary of all', rc_reward: 5,
      sla_hours: 24, output_schema: { summary: 'string' }, evaluation_rubric: { min_length: { summary: 200 } } });
    await play(third, '/tasks-credit-available');
    const { transaction_id } = await play(third, '/tasks-credit-accept', { task_id: posted.id });
    await play(third, '/sandbox-run', { transaction_id });
  });

  it('deliver milestones', async () => {
    const staged = async (n) => {
      const asks = (await alice.ok('/listings-create', JOB)).id;
      const made = await play(bot, '/bids-create', { listing_id: asks }, { n: 1, response: true });
      const { transaction_id } = await alice.ok('/bids-accept', { bid_id: made.id });
      await alice.ok('/transactions-assign', { transaction_id });
      await play(bot, '/milestones-deliver', { transaction_id });
      return transaction_id;
    };
    await play(alice, '/milestones-accept', { transaction_id: await staged() });
    await play(alice, '/milestones-dispute', { transaction_id: await staged() });
  });

  it('dispute', async () => {
    const delivered = async () => {
      const transaction_id = await assigned(alice, bot);
      await bot.ok('/transactions-deliver', { transaction_id, output_data: {} });
      return transaction_id;
    };
    await play(alice, '/transactions-dispute', { transaction_id: await delivered() });
    const { dispute_id } = await play(alice, '/disputes-create', { transaction_id: await delivered() });
    await play(alice, '/disputes-submit-evidence', { dispute_id });
    await play(admin, '/disputes-resolve', { dispute_id });
  });

  it('review, endorse and rank', async () => {
    await play(alice, '/reviews-create', { transaction_id: task });
    await play(alice, '/reviews-list', {}, { query: `?actor_id=${bot.id}` });
    await play(alice, '/endorsements-create', { actor_id: bot.id, transaction_id: task });
    await play(bot, '/reputation-import', { proof_url: 'https://github.com/databot' });
    await until(async () => (await market.request(null, 'GET', `/actors-profile?actor_id=${bot.id}`)).body.consumer_score !== null, PATIENCE_MS, 'its score is there');
    await bot.ok('/capabilities-register', { capability_tags: of('/actors-profile').response.capability_tags });
    await play(null, '/actors-profile', {}, { query: `?actor_id=${bot.id}` });
    const more = await market.actor({ name: 'ResearchAgent' });
    const transaction_id = await assigned(alice, more);
    await more.ok('/transactions-deliver', { transaction_id, output_data: {} });
    await alice.ok('/transactions-accept', { transaction_id });
    await until(async () => (await market.request(null, 'GET', '/leaderboard')).body.rankings.length > 1, PATIENCE_MS, 'both are ranked');
    await play(null, '/leaderboard');
  });

  it('search what has been sold and reviewed', async () => {
    await human.ok('/transactions-list');
    const bought = await human.ok('/transactions-create', { listing_id: sold });
    await human.ok('/transactions-assign', { transaction_id: bought.transaction_id });
    await bot.ok('/transactions-deliver', { transaction_id: bought.transaction_id, output_data: of('/transactions-deliver').requests[0].output_data });
    await human.ok('/transactions-accept', { transaction_id: bought.transaction_id });
    await human.ok('/reviews-create', { transaction_id: bought.transaction_id, rating: 5, content: 'Good' });
    await play(alice, '/listings-search', {}, { query: '?query=Updated&direction=sell' });
    await play(alice, '/listings-search-semantic', {}, { query: '?query=competitive+analysis' });
    for (let i = 0; i < 3; i += 1) await sells(bot, { category_tags: ['data:prices'], price_usd: 40 + i });
    const suggests = async () => (await market.request(alice.key, 'GET', '/listings-price-suggestion?listing_type=task_execution&category_tags=data:prices')).body;
    assert.deepEqual(lacking(of('/listings-price-suggestion').response, await suggests()), []);
  });

  it('subscribe to tools, and call them', async () => {
    await fund(market, alice, 30);
    const listing_id = (await play(bot, '/listings-create', {}, { n: 2, response: true })).id;
    await market.sql(`update market_listings set tool_meta = jsonb_set(tool_meta - 'auth_type', '{upstream_url}', '"${upstream.url}"') where id = '${listing_id}'`);
    const { subscription_id, api_key_prefix: key_prefix } = await play(alice, '/tool-subscriptions', { listing_id });
    await fund(market, human, 100);
    const { delegation } = await human.ok('/budget-manage', { action: 'create', grantee_id: third.id, total_cents: 9900 });
    await play(third, '/tool-subscriptions', { listing_id, budget_delegation_id: delegation.id }, { n: 1, response: true });
    await play(alice, '/tool-proxy', { subscription_id });
    const before = await market.one(`select coalesce(input_schema::text, 'null') as s from market_listings where id = '${listing_id}'`);
    await market.sql(`update market_tool_names set name = name || '_x' where name = 'humai__web_scraper'; update market_tool_names set name = 'humai__web_scraper' where listing_id = '${listing_id}';
      update market_listings set input_schema = '{"url": "string"}' where id = '${listing_id}'`);
    await play(alice, '/mcp-gateway');
    assert.equal((await play(alice, '/mcp-gateway', {}, { n: 1 })).isError, undefined);
    await market.sql(`update market_listings set input_schema = nullif('${before}', 'null')::jsonb where id = '${listing_id}'`);
    const { api_key_prefix } = await play(alice, '/api-keys-manage', { subscription_id });
    assert.notEqual(api_key_prefix, key_prefix);
    const e = of('/api-keys-manage');
    await alice.ok('/api-keys-manage', { ...e.requests[1], subscription_id, key_prefix: api_key_prefix });
    asked.add('/api-keys-manage 1');
    await market.sql(`update market_tools set uptime_30d = 99.8, checked_at = human_now() where listing_id = '${listing_id}';
      update market_listings set avg_rating = 4.7 where id = '${listing_id}';
      insert into market_tool_hours (listing_id, hour, calls, ok, latency_ms) values ('${listing_id}', human_now() - interval '2 hours', 1, 1, 180);
      insert into market_sla_breaches (listing_id, severity, type, value, threshold) values ('${listing_id}', 'warning', 'latency', 520, 500)`);
    await play(alice, '/tool-search', {}, { query: '?query=scraper&category=data:scraping&min_uptime=99&sort_by=uptime_30d' });
    await play(alice, '/tool-sla-check', {}, { query: `?listing_id=${listing_id}` });
    await play(bot, '/provider-analytics', {}, { query: `?listing_id=${listing_id}` });
    await play(bot, '/sla-breach');
    const usual = upstream.answer;
    upstream.answer = (req, res) => res.end(JSON.stringify({ openapi: '3.1.0', servers: [{ url: 'https://api.example.com' }], paths: { '/pets': { get: { operationId: 'pets' } } } }));
    const { imported } = await play(bot, '/catalog-manage', {}, { later: { openapi_url: `${upstream.url}/openapi.json` } });
    assert.deepEqual(imported.map((i) => i.operationId), ['pets']);
    upstream.answer = usual;
    const { suites: [, { suite_id }] } = await bot.ok('/benchmarks-suites');
    const { run_id } = await play(bot, '/benchmarks-run', { actor_id: bot.id, suite_id }, { later: { listing_id } });
    await until(async () => await market.one(`select state from market_benchmark_runs where id = '${run_id}'`) === 'completed', PATIENCE_MS, 'the run has ended');
    await play(alice, '/benchmarks-results', {}, { query: `?actor_id=${bot.id}` });
    await play(alice, '/tool-benchmarks', {}, { query: `?listing_id=${listing_id}` });
    await play(bot, '/provider-tools', { listing_id });
  });

  it('run pipelines', async () => {
    const tool_listing_id = await makeTool(market, bot, upstream.url);
    await alice.ok('/tool-subscriptions', { listing_id: tool_listing_id, plan_id: 'starter' });
    const { template_id } = await play(alice, '/pipeline-templates', { 'steps.0.config.tool_listing_id': tool_listing_id });
    const { steps } = await alice.ok('/pipeline-templates', { action: 'get', template_id });
    await alice.ok('/pipeline-templates', { action: 'update', template_id, steps: [steps[0]] });
    const { pipeline_id } = await alice.ok('/pipeline-templates', { action: 'run', template_id });
    await until(async () => (await alice.ok(`/pipeline-traces?pipeline_id=${pipeline_id}`)).status === 'completed', PATIENCE_MS, 'the run has ended');
    await play(alice, '/pipeline-traces', {}, { query: `?pipeline_id=${pipeline_id}` });
  });

  it('talk', async () => {
    await until(async () => (channel = await market.one(`select id from market_channels where transaction_id = '${task}'`)), PATIENCE_MS, 'the channel is there');
    const message = await play(alice, '/messages-send', { channel_id: channel });
    await play(bot, '/messages-list', {}, { query: `?channel_id=${channel}` });
    await play(bot, '/messages-read', { message_id: message.id });
    await play(bot, '/messages-read-all', { channel_id: channel });
    const notified = async () => (await alice.ok('/notifications-list?limit=50')).notifications;
    await until(async () => (await notified()).some((n) => n.type === 'bid_received'), PATIENCE_MS, 'it is told of a bid');
    const few = await alice.ok('/notifications-list?limit=50');
    assert.deepEqual(lacking(of('/notifications-list').response, { notifications: few.notifications.filter((n) => n.type === 'bid_received') }), []);
    await play(alice, '/notifications-list', {}, { response: false });
    await play(alice, '/notifications-read', { 'notification_ids.0': few.notifications[0].id, 'notification_ids.1': few.notifications[1].id });
  });

  it('answer what an agent asks for', async () => {
    const tied = await market.actor({ autonomy: 0, owner: human.owner }), parent_transaction_id = await assigned(alice, tied);
    const refused = await tied.post('/transactions-create', { listing_id: await sells(third), parent_transaction_id });
    assert.equal(refused.body.code, 'approval_required');
    await play(human, '/channel-respond', { message_id: refused.body.approval_message_id });
  });

  it('give budgets, and make rules for what agents buy', async () => {
    const later = { expires_at: new Date(Date.now() + 3_600_000).toISOString() };
    const { delegation } = await play(alice, '/budget-manage', { grantee_id: bot.id, transaction_id: await assigned(alice, bot) }, { later });
    await play(bot, '/budget-manage', {}, { n: 1, response: true });
    await play(alice, '/budget-manage', { delegation_id: delegation.id }, { n: 2 });
    await play(human, '/approval-rules-manage');
    const own = await market.actor({ owner: human.owner });
    const { channel: { id } } = await play(own, '/channels-manage', { listing_id: sold, 'participants.0': human.id, 'participants.1': own.id });
    const asked = await play(own, '/channel-messages', { channel_id: id, 'structured_data.tool_listing_id': sold }, { later: { response_deadline: later.expires_at } });
    assert.equal(asked.response_status, 'auto_approved');
  });

  it('move credits', async () => {
    const { onboarding_url } = await play(bot, '/stripe-connect-onboard');
    assert.equal((await fetch(`${onboarding_url}?bank=ba_test_ok`)).status, 200);
    await play(bot, '/credits-withdraw');
    await play(bot, '/payouts-request');
    await play(bot, '/credits-balance');
    await play(bot, '/credits-history');
    await play(bot, '/fee-calculate', {}, { query: '?amount=100&fee_type=deposit' });
    await play(bot, '/revenue-share-status');
  });

  it('are told of events', async () => {
    const made = await play(alice, '/webhooks-register');
    await play(alice, '/webhooks-test', { webhook_id: made.webhook_id });
    await play(alice, '/webhooks-manage', { webhook_id: made.webhook_id });
  });

  it('look at the platform, and stop what goes wrong', async () => {
    const provider = await market.actor(), listing_id = await makeTool(market, provider, upstream.url);
    await play(admin, '/admin-kill-switch', { listing_id });
    await play(admin, '/admin-kill-switch', { actor_id: provider.id }, { n: 1 });
    await play(admin, '/admin-kill-switch', { actor_id: provider.id }, { n: 2 });
    await play(admin, '/audit-log');
    await until(async () => !lacking(of('/feed-public').response, (await market.request(null, 'GET', '/feed-public?limit=100')).body).length, PATIENCE_MS, 'the feed has both');
    await play(null, '/feed-public', {}, { query: '?limit=100' });
    await play(null, '/feed-public-stats');
    await play(null, '/health');
  });

  it('were all sent, one of each endpoint at least', () => {
    const missing = SEED.flatMap((e) => (e.requests ?? [null]).map((_, n) => `${e.path} ${n}`)).filter((name) => !asked.has(name));
    assert.deepEqual(missing, []);
  });
});

// ---- the errors --------------------------------------------------------------------------------------------------

describe('the errors of the contract', () => {
  let alice, bot, human;
  before(async () => {
    alice = await market.actor({ name: 'Alice' });
    bot = await market.actor({ name: 'Bot' });
    human = await market.actor({ name: 'Hugo', type: 'human' });
  });

  const open = (body) => market.request(null, 'POST', '/agents-quick-start', body);
  const asks = async (fields = {}) => (await alice.ok('/listings-create', { ...JOB, ...fields })).id;
  const sells = async (who, price_usd = 10) => (await who.ok('/listings-create', { ...JOB, direction: 'sell', price_usd, budget_ceiling_usd: undefined })).id;
  const bids = (listing_id, fields = {}) => bot.post('/bids-create', { listing_id, price_usd: 50, sla_hours: 24, ...fields });
  const buys = async (who, seller, parent_transaction_id, price) => who.post('/transactions-create', { listing_id: await sells(seller, price), parent_transaction_id });

  const subscribed = async (who = alice, options = {}) => {
    const { subscription_id } = await who.ok('/tool-subscriptions', { listing_id: await makeTool(market, bot, upstream.url, options), plan_id: 'starter' });
    return { subscription_id, input: {} };
  };

  // How each is had: by path and code.
  const BY = {
    '/agents-quick-start': {
      validation_error: () => open({ display_name: '' }),
      founding_slots_full: async () => {
        const before = await market.one('update market_genesis set registrations = 1000 returning (select registrations from market_genesis)');
        const answer = await open({ display_name: 'Late' });
        await market.sql(`update market_genesis set registrations = ${before}`);
        return answer;
      },
      rate_limited: async () => {
        for (let i = 0; i < 5; i += 1) await open({ display_name: `Bot ${i}` });
        return open({ display_name: 'One too many' });
      },
    },
    '/bids-create': {
      already_bid: async () => { const id = await asks(); await bids(id); return bids(id); },
      bid_price_too_high: async () => bids(await asks(), { price_usd: 300.01 }),
      milestone_sum_invalid: async () => bids(await asks(), { milestone_pricing: true, milestones: [{ title: 'Half', pct_of_total: 50, sla_hours: 1 }] }),
    },
    '/bids-counter': {
      max_counter_rounds_exceeded: async () => {
        const bid_id = (await bids(await asks())).body.id;
        await alice.ok('/bids-counter', { bid_id, counter_price_usd: 40 });
        await bot.ok('/bids-counter', { bid_id, counter_price_usd: 45 });
        return alice.post('/bids-counter', { bid_id, counter_price_usd: 42 });
      },
      negotiation_not_permitted: async () => alice.post('/bids-counter', { bid_id: (await bids(await asks({ negotiation_permitted: false }))).body.id, counter_price_usd: 40 }),
    },
    '/transactions-create': {
      missing_parent_transaction: () => buys(alice, bot),
      budget_exceeded: async () => buys(bot, human, await assigned(alice, bot), 90.01),
      self_dealing_not_permitted: async () => buys(await market.actor({ type: 'human', owner: bot.owner }), bot),
      circular_chain_detected: async () => buys(bot, alice, await assigned(alice, bot)),
      max_chain_depth_exceeded: async () => {
        let parent = await assigned(alice, bot), who = bot;
        for (let depth = 1; depth <= 3; depth += 1) {
          const next = await market.actor();
          parent = (await buys(who, next, parent, 80 - depth * 20)).body.transaction_id;
          who = next;
        }
        return buys(who, await market.actor(), parent, 1);
      },
    },
    '/tool-subscriptions': {
      subscription_already_exists: async () => {
        const ask = { listing_id: await makeTool(market, bot), plan_id: 'starter' };
        await alice.ok('/tool-subscriptions', ask);
        return alice.post('/tool-subscriptions', ask);
      },
      insufficient_balance: async () => (await market.actor()).post('/tool-subscriptions', { listing_id: await makeTool(market, bot, null, { plans: [plan({ amount_cents: 2900 })] }), plan_id: 'starter' }),
    },
    '/tool-proxy': {
      subscription_not_active: async () => {
        const body = await subscribed();
        await market.sql(`update market_subscriptions set state = 'canceled' where id = '${body.subscription_id}'`);
        return alice.post('/tool-proxy', body);
      },
      agent_frozen: async () => {
        const who = await market.actor(), body = await subscribed(who);
        await market.sql(`update market_actors set state = 'frozen' where id = '${who.id}'`);
        return who.post('/tool-proxy', body);
      },
      usage_quota_exceeded: async () => {
        const body = await subscribed(alice, { plans: [plan({ included_calls: 1 })] });
        await alice.ok('/tool-proxy', body);
        return alice.post('/tool-proxy', body);
      },
      tool_suspended: async () => {
        const body = await subscribed();
        await market.sql(`update market_tools set state = 'suspended' where listing_id = (select listing_id from market_subscriptions where id = '${body.subscription_id}')`);
        return alice.post('/tool-proxy', body);
      },
      upstream_timeout: async () => {
        const usual = upstream.answer, body = await subscribed(alice, { meta: { timeout_ms: 1000 } });
        upstream.answer = () => {};
        const answer = await alice.post('/tool-proxy', body);
        upstream.answer = usual;
        return answer;
      },
    },
    '/credits-withdraw': {
      insufficient_balance: async () => {
        const { onboarding_url } = await human.ok('/stripe-connect-onboard', {});
        await fetch(`${onboarding_url}?bank=ba_test_ok`);
        return human.post('/credits-withdraw', { amount: 100 });
      },
    },
  };

  for (const e of SEED) {
    for (const { status, code } of e.errors ?? []) {
      it(`${title(e)}: ${status} ${code}`, async () => {
        const answer = await BY[e.path][code]();
        assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
      });
    }
  }
});
