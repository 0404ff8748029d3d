// spec/e2e/market_admin.test.mjs -- the platform's kill switch over HTTP, with the examples of the contract: each action and its
// inverse, and in the middle of traffic on two hosts.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { databaseUrl, errors, startHost } from './hosts.mjs';
import { filled, SEED } from './market_seed.mjs';
import { assigned, JOB, startMarket } from './market_trading.mjs';
import { counted, fund, makeTool, PATIENCE_MS, plan, startUpstream, UPSTREAM } from './market_tools_world.mjs';
import { until } from './support.mjs';

const SCRIPTS = ['spec/e2e/scripts/market_govern'], NOWHERE = '00000000-0000-4000-8000-000000000000';
const env = { HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32`, HUMAN_SEAL_KEY: randomBytes(32).toString('hex') };
let market, two, upstream, admin;
before(async () => {
  upstream = await startUpstream();
  market = await startMarket({ env, scripts: SCRIPTS });
  two = await startHost({ scripts: SCRIPTS, env: { ...env, HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_DATABASE_POOL: '4', DATABASE_URL: databaseUrl(market.home) } });
  admin = await market.actor({ name: 'Admin', type: 'human', role: 'admin' });
});
after(async () => {
  await two?.stop();
  await market?.stop();
  upstream?.close();
  assert.deepEqual([market, two].flatMap((host) => errors(host?.log() ?? '')), []);
});

const example = (n) => SEED.find((e) => e.path === '/admin-kill-switch').requests[n];
const kill = (fields, who = admin) => who.post('/admin-kill-switch', { reason: 'Suspicious usage pattern', ...fields });
const killed = async (fields) => {
  const { status, body } = await kill(fields);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};
async function refused(status, code, answer) {
  const { status: got, body } = await answer;
  assert.deepEqual([got, body.code], [status, code], JSON.stringify(body));
  return body;
}
async function told(who, type, is = () => true) {
  let found;
  await until(async () => (found = (await who.ok('/notifications-list?limit=50')).notifications.find((n) => n.type === type && is(n.payload))), PATIENCE_MS, `${who.name} is told: ${type}`);
  return found.payload;
}
async function post(host, key, path, body) {
  const answer = await fetch(host.url + path, { method: 'POST', body: JSON.stringify(body), headers: { 'x-api-key': key, 'content-type': 'application/json' } });
  return { status: answer.status, body: await answer.json() };
}
const wrong = async () => (await market.request(null, 'GET', '/api/local/govern/audit')).body;
const state = (table, id, column = 'id') => market.one(`select state from ${table} where ${column} = '${id}'`);

/** Someone who has subscribed: {who, id, key, call(host)}. */
async function subscriber(listing_id, { who, usd } = {}) {
  who ??= await market.actor({ name: 'Subscriber' });
  if (usd) await fund(market, who, usd);
  const { subscription_id, api_key } = await who.ok('/tool-subscriptions', { listing_id, plan_id: 'starter' });
  return { who, id: subscription_id, key: api_key, call: (host = market, key = api_key) => post(host, key, '/tool-proxy', { subscription_id, input: { n: 1 } }) };
}

/** The next requests reach the tool, and are answered when release() is called. */
function held() {
  const usual = upstream.answer, waiting = [];
  upstream.answer = (req, res) => waiting.push(res);
  return { waiting, release: () => { upstream.answer = usual; for (const res of waiting) res.end('{}'); } };
}

describe('the kill switch', () => {
  it('is for admins, says what is missing, and is not used on oneself', async () => {
    const agent = await market.actor();
    await refused(403, 'forbidden', kill({ action: 'freeze_agent', actor_id: NOWHERE }, agent));
    await refused(404, 'not_found', kill({ action: 'freeze_agent', actor_id: NOWHERE }));
    await refused(404, 'not_found', kill({ action: 'suspend_tool', listing_id: NOWHERE }));
    await refused(404, 'not_found', kill({ action: 'revoke_subscription', subscription_id: NOWHERE }));
    await refused(403, 'forbidden', kill({ action: 'freeze_agent', actor_id: admin.id }));
    await refused(400, 'validation_error', kill({ action: 'explode', actor_id: agent.id }));
    for (const [body, field] of [[{ action: 'freeze_agent' }, 'actor_id'], [{ action: 'suspend_tool', actor_id: agent.id }, 'listing_id'], [{ action: 'freeze_agent', actor_id: agent.id, reason: '' }, 'reason']]) {
      assert.ok((await refused(400, 'validation_error', kill(body))).details.some((d) => d.path === field), field);
    }
    await refused(400, 'not_a_tool', kill({ action: 'suspend_tool', listing_id: (await agent.ok('/listings-create', JOB)).id }));
    assert.equal(await state('market_actors', agent.id), 'active');
  });

  it('suspends a tool as the contract prints it, and reinstates it with the keys that it had', async () => {
    const provider = await market.actor({ name: 'Provider' }), listing_id = await makeTool(market, provider, upstream.url);
    const all = [await subscriber(listing_id), await subscriber(listing_id), await subscriber(listing_id)], [one, other, third] = all;
    const { api_key: newer } = await other.who.ok('/api-keys-manage', { subscription_id: other.id, action: 'rotate', grace_seconds: 600 });
    const body = filled(example(0), { listing_id });
    assert.deepEqual(await killed(body), { action: 'suspend_tool', listing_id, paused_subscriptions: 3, revoked_keys: 4 });
    assert.equal((await refused(409, 'invalid_state', kill(body))).status, 'suspended');
    await refused(401, 'unauthorized', one.call());
    await refused(503, 'tool_suspended', one.call(two, one.who.key));
    await refused(503, 'tool_suspended', (await market.actor()).post('/tool-subscriptions', { listing_id, plan_id: 'starter' }));
    await refused(409, 'invalid_state', provider.post('/provider-tools', { action: 'resume', listing_id }));
    for (const who of [provider, one.who, third.who]) assert.equal((await told(who, 'tool_suspended', (p) => p.listing_id === listing_id)).reason, body.reason);
    await third.who.ok('/api-keys-manage', { subscription_id: third.id, action: 'revoke', key_prefix: third.key.slice(0, 12) });
    const { entries: [entry] } = await admin.ok('/audit-log?resource_type=listing&action=suspend_tool');
    assert.deepEqual([entry.actor_id, entry.resource_id, entry.facts.reason, entry.facts.paused_subscriptions, entry.facts.revoked_keys], [admin.id, listing_id, body.reason, 3, 4]);

    assert.deepEqual(await killed({ action: 'reinstate_tool', listing_id }), { action: 'reinstate_tool', listing_id, resumed_subscriptions: 3, restored_keys: 2 });
    await refused(409, 'invalid_state', kill({ action: 'reinstate_tool', listing_id }));
    assert.equal((await one.call()).status, 200);
    assert.equal((await one.call(two, one.who.key)).status, 200);
    assert.equal((await other.call(market, newer)).status, 200);
    await refused(401, 'unauthorized', other.call()); // it was rotated
    await refused(401, 'unauthorized', third.call()); // its owner has taken it back
    await until(async () => await state('market_subscriptions', one.id) === 'active', PATIENCE_MS, 'its period goes on');
    for (const who of [provider, one.who]) await told(who, 'tool_reinstated', (p) => p.listing_id === listing_id);
  });

  it('lets a call end that the tool is answering: it is settled, and nothing else begins', async () => {
    const provider = await market.actor(), listing_id = await makeTool(market, provider, upstream.url, { plans: [plan({ included_calls: 0, overage_cents_per_call: 10 })] });
    const s = await subscriber(listing_id, { usd: 5 }), had = await market.earned(s.who), { waiting, release } = held();
    const calls = [s.call(), s.call(two)];
    await until(() => waiting.length === 2, PATIENCE_MS, 'both are at the tool');
    assert.deepEqual(await counted(market, s.id), { used: 0, overage: 2, in_flight: 2 });
    assert.equal((await killed({ action: 'freeze_agent', actor_id: s.who.id })).calls_under_way, 1);
    await killed({ action: 'suspend_tool', listing_id });
    release();
    assert.deepEqual((await Promise.all(calls)).map((a) => a.status), [200, 200]);
    assert.deepEqual(await counted(market, s.id), { used: 0, overage: 2, in_flight: 0 });
    assert.deepEqual([had - await market.earned(s.who), await market.earned(provider)], [20_000, 17_000]);
    await refused(403, 'agent_frozen', s.call(market, s.who.key));
    assert.deepEqual(await wrong(), []);
  });

  it('freezes what an agent spends, and no more', async () => {
    const person = await market.actor({ type: 'human' }), agent = await market.actor({ name: 'Frozen', owner: person.owner });
    const provider = await market.actor(), listing_id = await makeTool(market, provider, upstream.url), { who, ...s } = await subscriber(listing_id, { who: agent, usd: 10 });
    const buyer = await market.actor({ type: 'human' }), transaction_id = await assigned(buyer, agent), mine = (await agent.ok('/listings-create', JOB)).id;
    const bid = await provider.ok('/bids-create', { listing_id: mine, price_usd: 100, sla_hours: 24 });
    const body = filled(example(1), { actor_id: agent.id });
    assert.deepEqual(await killed(body), { action: 'freeze_agent', actor_id: agent.id, status: 'frozen', calls_under_way: 0 });
    assert.equal((await refused(409, 'invalid_state', kill(body))).status, 'frozen');
    assert.equal((await told(agent, 'actor_freeze')).reason, body.reason);
    await refused(403, 'agent_frozen', s.call());
    await refused(403, 'agent_frozen', agent.post('/tool-subscriptions', { listing_id: await makeTool(market, provider, upstream.url), plan_id: 'starter' }));
    await refused(403, 'agent_frozen', agent.post('/bids-accept', { bid_id: bid.id }));
    await refused(403, 'agent_frozen', agent.post('/budget-manage', { action: 'create', grantee_id: provider.id, total_cents: 100 }));
    await refused(403, 'agent_frozen', agent.post('/credits-withdraw', { amount: 100 }));
    await agent.ok('/transactions-deliver', { transaction_id, output_data: {} });
    await buyer.ok('/transactions-accept', { transaction_id });
    assert.deepEqual(await killed({ action: 'unfreeze_agent', actor_id: agent.id }), { action: 'unfreeze_agent', actor_id: agent.id, status: 'active' });
    await refused(409, 'invalid_state', kill({ action: 'unfreeze_agent', actor_id: agent.id }));
    assert.equal((await s.call()).status, 200);
    await agent.ok('/bids-accept', { bid_id: bid.id });
    await told(agent, 'actor_unfreeze');
  });

  it('bans a provider with all that it offers, and lets it come back as it was', async () => {
    const provider = await market.actor({ name: 'Banned' }), open = await makeTool(market, provider, upstream.url), paused = await makeTool(market, provider, upstream.url);
    const suspended = await makeTool(market, provider, upstream.url), job = (await provider.ok('/listings-create', JOB)).id, gone = (await provider.ok('/listings-create', JOB)).id;
    const s = await subscriber(open), t = await subscriber(paused), u = await subscriber(suspended);
    await provider.ok('/provider-tools', { action: 'pause', listing_id: paused });
    await provider.ok('/listings-deactivate', { listing_id: gone });
    await killed({ action: 'suspend_tool', listing_id: suspended });
    const buyer = await market.actor({ name: 'Buyer' }), asked = (await buyer.ok('/listings-create', JOB)).id;
    const placed = await provider.ok('/bids-create', { listing_id: asked, price_usd: 100, sla_hours: 24 }), got = await s.who.ok('/bids-create', { listing_id: job, price_usd: 100, sla_hours: 24 });
    await killed({ action: 'freeze_agent', actor_id: provider.id });
    const body = filled(example(2), { actor_id: provider.id });
    assert.deepEqual(await killed(body), { action: 'ban_provider', actor_id: provider.id, status: 'banned', suspended_listings: 4, suspended_tools: 2, paused_subscriptions: 1, revoked_keys: 2, expired_bids: 1 });
    assert.equal((await refused(409, 'invalid_state', kill(body))).status, 'banned');
    await refused(409, 'invalid_state', kill({ action: 'unfreeze_agent', actor_id: provider.id }));
    await refused(403, 'provider_banned', kill({ action: 'reinstate_tool', listing_id: open }));
    await refused(403, 'actor_banned', provider.post('/agents-heartbeat', {}));
    await refused(503, 'tool_suspended', s.call(two, s.who.key));
    await refused(409, 'invalid_state', buyer.post('/bids-accept', { bid_id: placed.id }));
    for (const bid of [placed, got]) assert.equal(await state('market_bids', bid.id), 'expired');
    for (const who of [s.who, t.who]) assert.equal((await told(who, 'provider_banned', (p) => p.provider_id === provider.id)).reason, body.reason);
    await told(buyer, 'bid_expired', (p) => p.bid_id === placed.id);
    assert.ok(!(await buyer.ok('/listings-search?query=scraping&limit=50')).listings.some((l) => l.seller_id === provider.id));

    assert.deepEqual(await killed({ action: 'unban_provider', actor_id: provider.id }), { action: 'unban_provider', actor_id: provider.id, status: 'frozen', reinstated_listings: 4, reinstated_tools: 2, resumed_subscriptions: 1, restored_keys: 2 });
    await refused(409, 'invalid_state', kill({ action: 'unban_provider', actor_id: provider.id }));
    assert.deepEqual(await Promise.all([open, paused, suspended].map((id) => state('market_tools', id, 'listing_id'))), ['open', 'paused', 'suspended']);
    assert.deepEqual(await Promise.all([job, gone].map((id) => market.one(`select is_active from market_listings where id = '${id}'`))), ['t', 'f']);
    assert.equal((await s.call()).status, 200);
    await refused(503, 'tool_suspended', t.call());
    await refused(401, 'unauthorized', u.call());
    assert.equal((await told(provider, 'actor_unban')).status, 'frozen');
  });

  it('revokes a subscription and its keys', async () => {
    const provider = await market.actor({ name: 'Provider' }), listing_id = await makeTool(market, provider, upstream.url), s = await subscriber(listing_id);
    await s.who.ok('/api-keys-manage', { subscription_id: s.id, action: 'generate' });
    const body = { action: 'revoke_subscription', subscription_id: s.id };
    assert.deepEqual(await killed(body), { ...body, status: 'revoked', revoked_keys: 2 });
    assert.equal((await refused(409, 'invalid_state', kill(body))).status, 'revoked');
    await refused(401, 'unauthorized', s.call());
    await refused(403, 'subscription_not_active', s.call(market, s.who.key));
    await refused(403, 'subscription_not_active', s.who.post('/api-keys-manage', { subscription_id: s.id, action: 'generate' }));
    assert.equal(await market.one(`select subscriber_count from market_tools where listing_id = '${listing_id}'`), '0');
    for (const who of [provider, s.who]) assert.equal((await told(who, 'subscription_canceled', (p) => p.subscription_id === s.id)).status, 'revoked');
    const again = await subscriber(listing_id, { who: s.who });
    assert.equal((await again.call()).status, 200);
  });
});

describe('roles', () => {
  const roles = (fields, who = admin) => who.post('/admin-roles', fields);

  it('are given and taken by admins, of whom the operator makes the first, and not by oneself', async () => {
    const agent = await market.actor({ name: 'New' });
    await refused(403, 'forbidden', roles({ action: 'list' }, agent));
    await refused(403, 'forbidden', roles({ action: 'revoke', actor_id: admin.id }));
    await refused(404, 'not_found', roles({ action: 'grant', actor_id: NOWHERE }));
    await refused(400, 'validation_error', roles({ action: 'grant' }));
    for (let i = 0; i < 2; i += 1) assert.deepEqual((await roles({ action: 'grant', actor_id: agent.id })).body, { actor: { actor_id: agent.id, display_name: 'New', role: 'admin' } });
    assert.deepEqual((await roles({ action: 'list' }, agent)).body.admins.map((a) => a.actor_id).sort(), [admin.id, agent.id].sort());
    assert.equal((await told(agent, 'actor_role')).role, 'admin');
    assert.equal((await roles({ action: 'revoke', actor_id: agent.id })).body.actor.role, 'member');
    await refused(403, 'forbidden', roles({ action: 'list' }, agent));
    const { entries } = await admin.ok('/audit-log?resource_type=actor&limit=2');
    assert.deepEqual(entries.map((e) => [e.action, e.actor_id, e.resource_id]), ['revoke', 'grant'].map((what) => [`admin-roles ${what}`, admin.id, agent.id]));
    await killed({ action: 'freeze_agent', actor_id: agent.id });
    assert.equal((await refused(409, 'invalid_state', roles({ action: 'grant', actor_id: agent.id }))).status, 'frozen');
  });
});

describe("an agent's autonomy", () => {
  it('is set by the people of its owner, up or down, and counts from then on', async () => {
    const person = await market.actor({ type: 'human' }), agent = await market.actor({ name: 'Agent', autonomy: 1, owner: person.owner }), stranger = await market.actor({ type: 'human' });
    const sets = (who, autonomy, agent_id = agent.id) => who.post('/agents-autonomy', { agent_id, autonomy });
    await refused(403, 'forbidden', sets(agent, 3));
    await refused(404, 'not_found', sets(stranger, 3));
    await refused(404, 'not_found', sets(person, 3, person.id));
    await refused(400, 'validation_error', sets(person, 4));
    await fund(market, agent, 5);
    const buys = async () => agent.post('/tool-subscriptions', { listing_id: await makeTool(market, await market.actor(), upstream.url, { plans: [plan({ amount_cents: 10 })] }), plan_id: 'starter' });
    await refused(403, 'approval_required', buys());
    assert.deepEqual((await sets(person, 3)).body, { agent_id: agent.id, autonomy: 3, before: 1 });
    assert.equal((await buys()).status, 201);
    assert.deepEqual((await sets(person, 0)).body, { agent_id: agent.id, autonomy: 0, before: 3 });
    await refused(403, 'approval_required', buys());
    await told(agent, 'actor_autonomy', (p) => p.autonomy === 0);
    const { entries: [entry] } = await admin.ok('/audit-log?action=agents-autonomy');
    assert.deepEqual([entry.actor_id, entry.resource_id, entry.facts], [person.id, agent.id, { before: 3, autonomy: 0 }]);
    await killed({ action: 'freeze_agent', actor_id: person.id });
    await refused(403, 'agent_frozen', sets(person, 3));
  });
});

describe('in the middle of traffic on two hosts', () => {
  it('a freeze stops all that is begun after its answer, and the books are true', async () => {
    const provider = await market.actor({ name: 'Busy' }), spender = await market.actor({ name: 'Spender' }), other = await market.actor({ name: 'Other' });
    const options = { plans: [plan({ amount_cents: 10, included_calls: 5, overage_cents_per_call: 0.5 })] };
    await fund(market, spender, 50);
    await fund(market, other, 50);
    const listing_id = await makeTool(market, provider, upstream.url, options), s = await subscriber(listing_id, { who: spender }), o = await subscriber(listing_id, { who: other });
    const more = [];
    for (let i = 0; i < 30; i += 1) more.push(await makeTool(market, provider, upstream.url, options));
    const seen = { early: 0, late: [], others: [] };
    let answered = false, over = false;
    const uses = [(host) => s.call(host), () => {
      const tool = more.pop();
      return tool ? spender.post('/tool-subscriptions', { listing_id: tool, plan_id: 'starter' }) : s.call(two);
    }];
    const spends = async (use, host) => {
      while (!over) {
        const is_late = answered, { status, body } = await use(host);
        if (is_late) seen.late.push(body.code ?? status);
        else if (status < 300) seen.early += 1;
        if (status >= 500 && body.code !== 'service_unavailable') assert.fail(JSON.stringify(body));
      }
    };
    const goes_on = async () => {
      while (!over) seen.others.push((await o.call(two)).status);
    };
    const traffic = [market, two].flatMap((host) => uses.map((use) => spends(use, host))).concat(spends(uses[0], two), goes_on());
    await until(() => seen.early > 60, PATIENCE_MS, 'they spend');
    await killed({ action: 'freeze_agent', actor_id: spender.id });
    answered = true;
    const [debits, left] = (await market.one(`select (select count(*) from credit_debits where actor = '${spender.id}'), (select count(*) from market_tool_calls where state = 'open')`)).split('|');
    await until(() => seen.late.length > 40, PATIENCE_MS, 'they go on asking');
    over = true;
    await Promise.all(traffic);
    assert.deepEqual([...new Set(seen.late)].filter((code) => code !== 'service_unavailable'), ['agent_frozen']);
    assert.equal(await market.one(`select count(*) from credit_debits where actor = '${spender.id}'`), debits, `nothing was spent after the answer; ${left} calls were under way`);
    assert.ok(seen.others.length && seen.others.every((status) => status === 200), 'whoever else calls is not held up');
    assert.equal((await counted(market, s.id)).in_flight, 0);
    assert.equal(await market.one("select count(*) from market_tool_calls where state = 'open'"), '0');
    assert.deepEqual(await wrong(), []);

    const ban = killed({ action: 'ban_provider', actor_id: provider.id }), subscribes = (await Promise.all(Array.from({ length: 8 }, async () => (await market.actor()).post('/tool-subscriptions', { listing_id, plan_id: 'starter' }))));
    await ban;
    assert.ok(subscribes.every((a) => a.status < 500 || a.body.code === 'tool_suspended'), JSON.stringify(subscribes));
    assert.equal(await market.one(`select count(*) from market_subscriptions where provider_id = '${provider.id}' and state = 'active'`), '0', 'none is active with a tool that is suspended');
    await refused(503, 'tool_suspended', o.call(market, other.key));
    assert.deepEqual(await wrong(), []);
  });
});
