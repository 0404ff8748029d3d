// spec/e2e/market_governance.test.mjs -- budgets, and people's rules for what their agents buy, over HTTP and on two hosts, with
// the examples of the contract; and a purchase that waits for consent while its host is killed.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { databaseUrl, errors, startHost } from './hosts.mjs';
import { filled, SEED } from './market_seed.mjs';
import { assigned, startMarket } from './market_trading.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = 30_000, NOWHERE = '00000000-0000-4000-8000-000000000000';
const SCRIPTS = ['spec/e2e/scripts/market_govern'], OPERATOR = '00000000-0000-4000-8000-00000000a0a0';
let market;
before(async () => {
  market = await startMarket({ scripts: SCRIPTS, env: {
    HUMAN_MARKETPLACE_OPERATOR: OPERATOR, HUMAN_MARKETPLACE_OPERATOR_CHANNEL: 'telegram', HUMAN_MARKETPLACE_OPERATOR_CHAT: '4711' } });
});
after(async () => {
  await market?.stop();
  assert.deepEqual(errors(market?.log() ?? '').filter((line) => !/ended by signal 9/.test(line)), []); // as it has to be
});

const example = (path, n = 0) => SEED.find((e) => e.path === path).requests[n];
const SELL = { direction: 'sell', listing_type: 'task_execution', title: 'Web Scraper API', description: 'Pages as text', category_tags: ['data:extraction'] };
const sells = async (who, price_usd, fields = {}) => (await who.ok('/listings-create', { ...SELL, price_usd, ...fields })).id;
const in_hours = async (n) => (await market.one(`select to_char((human_now() + interval '${n} hours') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`));

async function refused(status, code, answer) {
  const { status: got, body } = await answer;
  assert.deepEqual([got, body.code], [status, code], JSON.stringify(body));
  return body;
}

/** A notification of that type that somebody has. */
async function told(who, type, is = () => true) {
  let found;
  await until(async () => (found = (await who.ok('/notifications-list?limit=50')).notifications.find((n) => n.type === type && is(n.payload))), PATIENCE_MS, `${who.name} is told: ${type}`);
  return found.payload;
}

/** Credits that can be withdrawn. */
const deposit = (who, cents) => market.request(null, 'POST', '/api/local/govern/deposit', { actor_id: who.id, cents });

/** Buys with a budget; what was answered. */
const spend = (who, delegation_id, fields) => who.post('/api/local/govern/buy', { delegation_id, category: 'data:extraction', ...fields });

describe('a budget', () => {
  let giver, agent, provider;
  before(async () => {
    giver = await market.actor({ name: 'Giver', type: 'human' });
    [agent, provider] = [await market.actor({ name: 'Spender' }), await market.actor({ name: 'Provider' })];
    assert.equal((await deposit(giver, 100_000)).status, 204);
  });
  const give = async (fields) => (await giver.ok('/budget-manage', { action: 'create', grantee_id: agent.id, total_cents: 100, ...fields })).delegation;
  const listed = async (who, status) => (await who.ok('/budget-manage', { action: 'list', ...(status && { status }) })).delegations;
  const only = async (id, status) => (await listed(giver, status)).find((d) => d.id === id);

  it('is given, listed and taken back as the contract prints it', async () => {
    const transaction_id = await assigned(await market.actor({ name: 'Buyer', owner: giver.owner }), agent);
    await refused(404, 'not_found', giver.post('/budget-manage', { ...filled(example('/budget-manage'), { grantee_id: agent.id, transaction_id }), expires_at: await in_hours(2) }));
    const own = await assigned(giver, agent);
    const body = { ...filled(example('/budget-manage'), { grantee_id: agent.id, transaction_id: own }), expires_at: await in_hours(2) };
    const made = await giver.ok('/budget-manage', body);
    assert.deepEqual([made.delegation.status, made.delegation.total_cents, made.delegation.spent_cents, made.delegation.remaining_cents, made.delegation.rules], ['active', 5000, 0, 5000, body.rules]);
    assert.deepEqual(made.delegations[0], made.delegation);
    for (const who of [giver, agent]) {
      assert.deepEqual((await who.ok('/budget-manage', example('/budget-manage', 1))).delegations.find((d) => d.id === made.delegation.id), made.delegation);
      assert.equal((await told(who, 'budget_delegation_created', (p) => p.delegation_id === made.delegation.id)).total_usd, 50);
    }
    const revoke = filled(example('/budget-manage', 2), { delegation_id: made.delegation.id });
    await refused(403, 'forbidden', agent.post('/budget-manage', revoke));
    await refused(404, 'not_found', provider.post('/budget-manage', revoke));
    for (let i = 0; i < 2; i += 1) assert.equal((await giver.ok('/budget-manage', revoke)).delegation.status, 'revoked');
    assert.equal(await only(made.delegation.id), undefined);
    assert.equal((await only(made.delegation.id, 'revoked')).id, made.delegation.id);
    await refused(400, 'delegation_invalid', spend(agent, made.delegation.id, { amount: 1 }));
    await told(agent, 'budget_revoked');
  });

  it('refuses what makes no sense, and names it', async () => {
    const create = (fields, who = giver) => who.post('/budget-manage', { action: 'create', grantee_id: agent.id, total_cents: 100, ...fields });
    await refused(400, 'cannot_delegate_to_self', create({ grantee_id: giver.id }));
    await refused(404, 'not_found', create({ grantee_id: NOWHERE }));
    await refused(400, 'validation_error', create({ total_cents: 0 }));
    await refused(400, 'validation_error', create({ total_cents: 1.5 }));
    assert.deepEqual((await refused(400, 'validation_error', create({ expires_at: '2026-04-01T00:00:00Z' }))).details.map((d) => d.path), ['expires_at']);
    assert.deepEqual((await refused(400, 'validation_error', create({ rules: { allowed_categories: ['Data:*'] } }))).details.map((d) => d.path), ['rules.allowed_categories[0]']);
    const tied = await market.actor({ name: 'Tied', autonomy: 1 });
    await refused(403, 'forbidden', create({}, tied));
    assert.equal((await create({ grantee_id: (await market.actor({ owner: tied.owner })).id }, tied)).status, 200);
  });

  it('gives exactly its cap to two hundred purchases of half a cent on two hosts, from who gave it', async () => {
    const other = await startHost({ scripts: SCRIPTS, env: { HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_DATABASE_POOL: '4', DATABASE_URL: databaseUrl(market.home) } }), d = await give({ total_cents: 50 }), before = await giver.ok('/credits-balance');
    const buy = (url) => fetch(`${url}/api/local/govern/buy`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-api-key': agent.key },
      body: JSON.stringify({ delegation_id: d.id, provider_id: provider.id, amount: 0.5, category: 'data:x' }) });
    const answers = await Promise.all(Array.from({ length: 200 }, async (_, i) => {
      for (let left = 20; ; left -= 1) { // a host that has no connection free says so, and has done nothing
        const answer = await buy(i % 2 ? market.url : other.url);
        if (answer.status === 204) return 'bought';
        const { code } = await answer.json();
        if (answer.status < 500 || left === 0) return code;
      }
    }));
    await other.stop();
    assert.deepEqual(answers.sort(), [...Array(100).fill('bought'), ...Array(100).fill('budget_exceeded')]);
    const now = await only(d.id, 'exhausted');
    assert.deepEqual([now.spent_cents, now.remaining_cents], [50, 0]);
    assert.equal((await giver.ok('/credits-balance')).rc_balance, before.rc_balance - 50);
    for (const who of [giver, agent]) await told(who, 'budget_exhausted', (p) => p.delegation_id === d.id);
  });

  it('expires, also while nobody looks', async () => {
    const d = await give({ expires_at: await in_hours(1) });
    await market.advance('61m');
    await refused(400, 'delegation_expired', spend(agent, d.id, { amount: 1 }));
    await until(async () => only(d.id, 'expired'), PATIENCE_MS, 'it has expired');
    await told(agent, 'budget_expired', (p) => p.delegation_id === d.id);
    await refused(409, 'invalid_state', giver.post('/budget-manage', { action: 'revoke', delegation_id: d.id }));
  });

  it('is good while the transaction goes on that it is for', async () => {
    const transaction_id = await assigned(giver, agent), d = await give({ transaction_id });
    assert.equal((await spend(agent, d.id, { amount: 1, provider_id: provider.id })).status, 204);
    await refused(400, 'delegation_invalid', spend(agent, d.id, { amount: 1, provider_id: provider.id, transaction_id: NOWHERE }));
    await agent.ok('/transactions-deliver', { transaction_id, output_data: {} });
    await giver.ok('/transactions-accept', { transaction_id });
    await refused(400, 'delegation_invalid', spend(agent, d.id, { amount: 1, provider_id: provider.id }));
  });
});

describe('rules for what agents buy', () => {
  let person, agent, provider;
  before(async () => {
    person = await market.actor({ name: 'Person', type: 'human' });
    provider = await market.actor({ name: 'Seller' });
  });
  const spender = async (autonomy = 1, owner = person.owner) => {
    const who = await market.actor({ name: 'Shopper', autonomy, owner });
    assert.equal((await deposit(who, 100_000)).status, 204);
    return who;
  };
  const buys = (who, listing_id, amount = 1) => who.post('/api/local/govern/buy', { listing_id, amount });
  const manage = (who, body) => who.post('/approval-rules-manage', body);
  const rules = async (body) => (await person.ok('/approval-rules-manage', body));
  const cleared = async () => {
    for (const rule of (await rules({ action: 'list' })).rules) await rules({ action: 'delete', rule_id: rule.id });
  };

  it('are made, changed, listed and deleted by people, as the contract prints it', async () => {
    const body = example('/approval-rules-manage');
    const { rule, rules: all } = await rules(body);
    assert.deepEqual([rule.rule_type, rule.conditions, rule.action_type, rule.notify, rule.priority], [body.rule_type, body.conditions, body.action_type, true, 100]);
    assert.deepEqual(all, [rule]);
    const time_window = { from: '09:00', to: '17:30' };
    const changed = (await rules({ action: 'update', rule_id: rule.id, priority: 7, conditions: { time_window, providers: [provider.id], min_tier: 1 } })).rule;
    assert.deepEqual([changed.conditions, changed.priority, changed.notify, changed.rule_type], [{ time_window, providers: [provider.id], min_tier: 1 }, 7, true, 'tool_request']);
    assert.deepEqual((await rules({ action: 'update', rule_id: rule.id, notify: false })).rule.conditions, changed.conditions);
    agent = await spender();
    await refused(403, 'forbidden', manage(agent, { action: 'list' }));
    await refused(403, 'forbidden', manage(agent, body));
    const stranger = await market.actor({ type: 'human' });
    assert.deepEqual((await stranger.ok('/approval-rules-manage', { action: 'list' })).rules, []);
    await refused(404, 'not_found', manage(stranger, { action: 'update', rule_id: rule.id, priority: 1 }));
    await refused(404, 'not_found', manage(stranger, { action: 'delete', rule_id: rule.id }));
    await refused(400, 'validation_error', manage(person, { ...body, conditions: { time_window: { from: '9', to: '24:00' } } }));
    await refused(400, 'validation_error', manage(person, { ...body, rule_type: 'all' }));
    assert.deepEqual((await rules({ action: 'delete', rule_id: rule.id })).rules, []);
    await refused(404, 'not_found', manage(person, { action: 'delete', rule_id: rule.id }));
    const kept = await market.sql(`select action from market_records where resource_id = '${rule.id}' order by id`);
    assert.deepEqual(kept, ['create', 'update', 'update', 'delete'].map((what) => `approval-rules-manage ${what}`));
  });

  it('are fifty at most', async () => {
    const rich = await market.actor({ type: 'human' }), body = example('/approval-rules-manage');
    for (let i = 0; i < 50; i += 1) await rich.ok('/approval-rules-manage', body); // limit: approval rules
    await refused(409, 'conflict', manage(rich, body));
  });

  it('let a first purchase through that they fit, and tell the people where they want that', async () => {
    await cleared();
    agent = await spender();
    const { rule } = await rules(example('/approval-rules-manage'));
    const fits = await sells(provider, 10), other = await sells(provider, 10, { category_tags: ['web'] });
    await refused(403, 'approval_required', buys(agent, other));
    assert.equal((await buys(agent, fits)).status, 204);
    const heard = await told(person, 'approval_auto_approved', (p) => p.agent_id === agent.id);
    assert.deepEqual([heard.rule_id, heard.amount_usd, heard.kind], [rule.id, 0.01, 'tool_request']);
    await refused(403, 'approval_required', buys(await spender(0), fits));
    await refused(403, 'approval_required', buys(await spender(), fits, 5001));
  });

  it('refuse what they deny, whoever asks, and approve nothing beyond the day\'s cap', async () => {
    await cleared();
    await rules({ ...example('/approval-rules-manage'), conditions: {} });
    const listing_id = await sells(provider, 10), free = await spender(3);
    assert.equal((await buys(await spender(), listing_id, 10_000)).status, 204);
    await refused(403, 'approval_required', buys(await spender(), listing_id, 10_001));
    await rules({ action: 'create', rule_type: 'tool_request', action_type: 'auto_deny' });
    assert.equal((await refused(403, 'approval_required', buys(free, listing_id))).approval_status, 'auto_denied');
    assert.equal((await refused(403, 'approval_required', buys(await spender(), listing_id))).approval_message_id, undefined);
  });

  it('ask the people of the freest agent when they escalate', async () => {
    await cleared();
    await rules({ action: 'create', rule_type: 'tool_request', action_type: 'escalate', conditions: { providers: [provider.id] } });
    const listing_id = await sells(provider, 10), free = await spender(3);
    const { approval_message_id: message_id } = await refused(403, 'approval_required', buys(free, listing_id));
    await person.ok('/channel-respond', { message_id, response_status: 'approved' });
    assert.equal((await buys(free, listing_id)).status, 204);
    await refused(403, 'approval_required', buys(free, listing_id));
    assert.equal((await buys(await spender(3, (await market.actor()).owner), listing_id)).status, 204);
  });
});

describe('a purchase that needs consent', () => {
  it('waits, is answered and goes on once, whatever is killed meanwhile, and says afterwards why it was paid', async () => {
    const person = await market.actor({ name: 'Ada', type: 'human' }), giver = await market.actor({ name: 'Fund', type: 'human' });
    const agent = await market.actor({ name: 'Worker', autonomy: 1, owner: person.owner }), seller = await market.actor({ name: 'Tools' });
    assert.equal((await deposit(giver, 5000)).status, 204);
    const listing_id = await sells(seller, 29);
    const { delegation } = await giver.ok('/budget-manage', { action: 'create', grantee_id: agent.id, total_cents: 5000, rules: { allowed_categories: ['data:*'] } });
    const buy = () => agent.post('/api/local/govern/buy', { delegation_id: delegation.id, listing_id, amount: 2900, category: 'data:extraction' });
    const spent = async () => (await giver.ok('/budget-manage', { action: 'list' })).delegations.find((d) => d.id === delegation.id).spent_cents;
    const back = async () => until(async () => (await fetch(`${market.url}/health`).catch(() => null))?.ok && market.workers().length === 2, PATIENCE_MS, 'the workers are back');
    const killed = async () => {
      const before = market.workers();
      for (const pid of before) process.kill(pid, 'SIGKILL');
      await until(() => !market.workers().some((pid) => before.includes(pid)), PATIENCE_MS, 'others are there');
      await back();
    };

    const asked = await refused(403, 'approval_required', buy());
    const { approval_message_id: message_id } = asked;
    await killed();
    assert.equal((await refused(403, 'approval_required', buy())).approval_message_id, message_id, 'it waits still, and asks once');
    assert.equal((await told(person, 'approval_requested', (p) => p.message_id === message_id)).amount_usd, 29);
    assert.equal(await spent(), 0);
    await person.ok('/channel-respond', { message_id, response_status: 'approved', response_data: { note: 'Approved within budget' } });
    await killed();
    const answers = await Promise.all(Array.from({ length: 8 }, buy));
    assert.deepEqual(answers.map((a) => a.status).sort(), [204, ...Array(7).fill(403)]);
    assert.equal(await spent(), 2900);

    const { transactions: [entry] } = await giver.ok('/credits-history?reason=tool_usage');
    const why = await giver.ok(`/credits-explain?debit=${entry.id}`);
    assert.deepEqual([why.debit.id, why.debit.amount, why.lots.map((l) => [l.reason, l.amount])], [entry.id, 2900, [['deposit', 2900]]]);
    assert.deepEqual(why.went_to, [{ to: 'actor', actor_id: seller.id, amount: 2900 }]);
    assert.deepEqual([why.budget.id, why.budget.grantee_id, why.budget.amount_cents, why.budget.decided.verdict], [delegation.id, agent.id, 2900, 'allow']);
    const { consent } = why;
    assert.deepEqual([consent.agent_id, consent.kind, consent.reason, consent.message_id, consent.response_status, consent.responded_by, consent.response_data],
      [agent.id, 'tool_request', 'first_purchase', message_id, 'approved', person.id, { note: 'Approved within budget' }]);
    assert.match(consent.decided.bundle, /^[0-9a-f]{8,}/);
    assert.deepEqual(why.decisions.map((d) => d.rule).sort(), ['marketplace.rules.approvals.decide', 'marketplace.rules.budget.may_spend']);
    assert.deepEqual(why.decisions.map((d) => d.bundle), [consent.decided.bundle, consent.decided.bundle]);
    assert.deepEqual(await agent.ok(`/credits-explain?debit=${entry.id}`), why);
    for (const who of [person, seller]) await refused(404, 'not_found', who.get(`/credits-explain?debit=${entry.id}`));
    await refused(404, 'not_found', giver.get(`/credits-explain?debit=${NOWHERE}`));
    assert.deepEqual((await market.request(null, 'GET', '/api/local/govern/audit')).body, []);
  });

  it('is pushed to the person whose gateway this is, and said in its chat, once', async () => {
    const owner = (await market.actor()).owner, agent = await market.actor({ autonomy: 0, owner });
    await market.sql(`insert into market_actors (id, owner_id, type, display_name, email, slot, is_founding, referral_code)
        values ('${OPERATOR}', '${owner}', 'human', 'Op', 'op@example.com', 4999999, false, '4c4b3f');
      insert into gateway_push (id, token_hash, provider, sealed) values ('cspecpush0001', '${'5'.repeat(64)}', 'webhook', 'not to be opened')`);
    const buy = async () => refused(403, 'approval_required', agent.post('/api/local/govern/buy', { listing_id: await listing, amount: 2900 }));
    const listing = sells(await market.actor(), 29), { approval_message_id: id } = await buy();
    assert.equal((await buy()).approval_message_id, id);
    const said = () => market.sql(`select replace(message->>'text', chr(10), ' ') from channel_posts where channel = 'telegram' and chat = '4711' and once = 'market approval ${id}'`);
    const [text] = await until(async () => { const rows = await said(); return rows.length && rows; }, PATIENCE_MS, 'it is said');
    assert.match(text, /Web Scraper API.*\$29/);
    await until(async () => market.one("select error from gateway_push where id = 'cspecpush0001' and failed_at is not null"), PATIENCE_MS, 'it was to be pushed');
  });

  it('names the rule that let it through', async () => {
    const person = await market.actor({ name: 'Ruler', type: 'human' }), seller = await market.actor({ name: 'Tools' });
    const agent = await market.actor({ name: 'Ruled', autonomy: 1, owner: person.owner });
    assert.equal((await deposit(agent, 5000)).status, 204);
    const { rule } = await person.ok('/approval-rules-manage', example('/approval-rules-manage'));
    assert.equal((await agent.post('/api/local/govern/buy', { listing_id: await sells(seller, 29), amount: 2900 })).status, 204);
    const { transactions: [entry] } = await agent.ok('/credits-history?reason=tool_usage');
    const { consent, budget } = await person.ok(`/credits-explain?debit=${entry.id}`);
    assert.deepEqual([consent.rule, consent.reason, consent.message_id, budget], [rule, 'rule', undefined, null]);
  });
});

describe('a channel that actors open', () => {
  let person, agent, seller, listing_id, channel_id;
  const manage = (who, body) => who.post('/channels-manage', body);
  const send = (who, fields) => who.post('/channel-messages', { channel_id, message_type: 'text', body: 'Hello', ...fields });
  const pending = async (id) => market.one(`select response_status from market_messages where id = '${id}'`);
  const ask = (fields) => ({ ...filled(example('/channel-messages'), { channel_id, 'structured_data.tool_listing_id': listing_id }), response_deadline: undefined, ...fields });
  before(async () => {
    person = await market.actor({ name: 'Owner', type: 'human' });
    agent = await market.actor({ name: 'Asker', autonomy: 1, owner: person.owner });
    seller = await market.actor({ name: 'Vendor' });
    assert.equal((await deposit(agent, 100_000)).status, 204);
    listing_id = await sells(seller, 29);
  });

  it('is opened as the contract prints it, listed, changed and archived by who opened it', async () => {
    const { channel } = await agent.ok('/channels-manage', filled(example('/channels-manage'), { listing_id, 'participants.0': person.id, 'participants.1': agent.id }));
    channel_id = channel.id;
    assert.deepEqual([channel.channel_type, channel.listing_id, channel.created_by, new Set(channel.participants)], ['approval', listing_id, agent.id, new Set([person.id, agent.id])]);
    const { channels, total } = await person.ok('/channels-manage', { action: 'list' });
    assert.deepEqual([channels, total], [[channel], 1]);
    await refused(403, 'forbidden', manage(seller, { action: 'add_participant', channel_id, participant_id: seller.id }));
    await refused(403, 'forbidden', manage(person, { action: 'archive', channel_id }));
    assert.equal((await agent.ok('/channels-manage', { action: 'add_participant', channel_id, participant_id: seller.id })).channel.participants.length, 3);
    await refused(404, 'not_found', manage(agent, { action: 'add_participant', channel_id, participant_id: NOWHERE }));
    assert.equal((await send(seller)).status, 201);
    assert.equal((await agent.ok('/channels-manage', { action: 'remove_participant', channel_id, participant_id: seller.id })).channel.participants.length, 2);
    await refused(403, 'forbidden', send(seller));
    await refused(400, 'validation_error', manage(agent, { action: 'remove_participant', channel_id, participant_id: person.id }));
    await refused(404, 'not_found', manage(agent, { action: 'create', channel_type: 'inquiry', participants: [person.id], transaction_id: NOWHERE }));
    await refused(400, 'validation_error', manage(agent, { action: 'create', channel_type: 'inquiry', participants: [agent.id] }));
    const other = (await agent.ok('/channels-manage', { action: 'create', channel_type: 'inquiry', participants: [seller.id] })).channel.id;
    for (let i = 0; i < 2; i += 1) assert.ok((await agent.ok('/channels-manage', { action: 'archive', channel_id: other })).channel.archived_at);
    assert.equal((await refused(409, 'invalid_state', send(seller, { channel_id: other }))).status, 'closed');
    assert.equal((await agent.ok('/channels-manage', { action: 'list', archived: true })).total, 2);
  });

  it('are twenty at most of one actor', async () => {
    const opens = { action: 'create', channel_type: 'inquiry', participants: [person.id] };
    for (let i = 0; i < 20; i += 1) await seller.ok('/channels-manage', opens); // limit: channels opened
    await refused(409, 'conflict', manage(seller, opens));
  });

  it('takes a request, whose approval is consent to one purchase', async () => {
    const sent = (await send(agent, ask())).body;
    assert.deepEqual([sent.response_status, sent.message_type], ['pending', 'approval_request']);
    assert.equal((await refused(403, 'approval_required', agent.post('/api/local/govern/buy', { listing_id, amount: 2900 }))).approval_message_id, sent.id);
    await refused(403, 'forbidden', agent.post('/channel-respond', { message_id: sent.id, response_status: 'approved' }));
    await person.ok('/channel-respond', { message_id: sent.id, response_status: 'approved' });
    assert.equal((await agent.post('/api/local/govern/buy', { listing_id, amount: 2900 })).status, 204);
    await refused(403, 'approval_required', agent.post('/api/local/govern/buy', { listing_id: await sells(await market.actor(), 1), amount: 1 }));
    const own = await market.one(`select channel_id from market_approval_channels where agent_id = '${agent.id}'`);
    await refused(403, 'forbidden', manage(agent, { action: 'archive', channel_id: own }));
  });

  it('ends a request at its deadline, which is a day away or where the request says', async () => {
    const first = (await send(agent, ask({ message_type: 'budget_request', response_deadline: await in_hours(1) }))).body;
    const second = (await send(agent, ask({ message_type: 'budget_request' }))).body;
    await market.advance('61m');
    await until(async () => (await pending(first.id)) === 'expired', PATIENCE_MS, 'it has expired');
    await told(agent, 'approval_expired', (p) => p.message_id === first.id);
    assert.equal(await pending(second.id), 'pending');
    for (const [fields, path] of [[{ response_deadline: '2026-03-26T14:00:00Z' }, 'response_deadline'], [{ response_deadline: await in_hours(24 * 31) }, 'response_deadline'],
      [{ structured_data: { amount_cents: -1 } }, 'structured_data.amount_cents'], [{ structured_data: { listing_id: 'x' } }, 'structured_data.listing_id'], [{ structured_data: [] }, 'structured_data']]) {
      assert.deepEqual((await refused(400, 'validation_error', send(agent, ask(fields)))).details.map((d) => d.path), [path]);
    }
    await refused(400, 'validation_error', send(agent, { response_deadline: await in_hours(1) }));
  });

  it('has requests answered by the rules of a person who is in it', async () => {
    const { rule } = await person.ok('/approval-rules-manage', example('/approval-rules-manage'));
    const said = async (fields) => (await send(agent, ask(fields))).body.response_status;
    assert.equal(await said(), 'auto_approved');
    assert.equal(await said({ structured_data: { amount_cents: 5001, tool_listing_id: listing_id } }), 'pending');
    assert.equal(await said({ message_type: 'budget_request' , structured_data: { amount_cents: 1 } }), 'pending');
    await person.ok('/approval-rules-manage', { action: 'update', rule_id: rule.id, action_type: 'auto_deny' });
    const denied = (await send(agent, ask())).body;
    assert.equal(denied.response_status, 'auto_denied');
    await refused(409, 'already_resolved', person.post('/channel-respond', { message_id: denied.id, response_status: 'approved' }));
    assert.equal((await told(person, 'approval_auto_denied', (p) => p.agent_id === agent.id)).rule_id, rule.id);
    const { channel } = await agent.ok('/channels-manage', { action: 'create', channel_type: 'negotiation', participants: [seller.id] });
    assert.equal((await send(agent, { ...ask(), channel_id: channel.id })).body.response_status, 'pending');
    assert.deepEqual((await person.ok(`/messages-list?channel_id=${channel_id}&limit=1`)).messages.map((m) => m.response_status), ['auto_denied']);
  });
});
