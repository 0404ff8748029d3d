// spec/e2e/market_consent.test.mjs -- what agents ask for on the marketplace is answered where their person is: by a client of
// the gateway, or in a chat; first answer counts, whoever gives it, whatever is killed.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { errors } from './hosts.mjs';
import { assigned, JOB, startMarket } from './market_trading.mjs';
import { fund, makeTool, PATIENCE_MS, plan, startUpstream, UPSTREAM } from './market_tools_world.mjs';
import { until } from './support.mjs';
import { ann, direct, hook, inGroup, settings, startTelegram } from './telegram.mjs';

const OPERATOR = '00000000-0000-4000-8000-00000000a0a1', GROUP = -1007007007, bob = { id: 43, is_bot: false, first_name: 'Bob' };
let market, upstream, telegram, client, person, updates = 70_000;
before(async () => {
  [upstream, telegram] = [await startUpstream(), await startTelegram()];
  market = await startMarket({ scripts: ['spec/e2e/scripts/market_govern'], env: settings(telegram, { HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32`, HUMAN_SEAL_KEY: randomBytes(32).toString('hex'),
    HUMAN_CHANNELS_TELEGRAM_ALLOW_FROM: `42, 43, ${GROUP}`, HUMAN_GATEWAY_APPROVERS: 'telegram:42', HUMAN_MARKETPLACE_OPERATOR: OPERATOR,
    HUMAN_MARKETPLACE_OPERATOR_CHANNEL: 'telegram', HUMAN_MARKETPLACE_OPERATOR_CHAT: String(GROUP) }) });
  person = await market.actor({ name: 'Olga', type: 'human', id: OPERATOR });
  client = await open(market);
});
after(async () => {
  client?.ws.close();
  await market?.stop();
  upstream?.close();
  await telegram?.close();
  assert.deepEqual(errors(market?.log() ?? '').filter((line) => !/ended by signal 9/.test(line)), []); // as it has to be
});

const wrong = async () => (await market.request(null, 'GET', '/api/local/govern/audit')).body;
/** An agent of the person's, with so many dollars. */
async function agentOf({ usd = 100, owner = person.owner, ...fields } = {}) {
  const agent = await market.actor({ name: 'Worker', autonomy: 1, owner, ...fields });
  if (usd) await fund(market, agent, usd);
  return agent;
}
/** A tool of a provider whom nobody has bought from. */
const sells = async (amount_cents = 2900, fields = {}, provider = undefined) => makeTool(market, provider ?? await market.actor({ name: 'Provider' }), upstream.url, { plans: [plan({ amount_cents })], ...fields });
const subscribes = (agent, listing_id) => agent.post('/tool-subscriptions', { listing_id, plan_id: 'starter', funding_type: 'direct' });
/** What asks for it: its id. */
async function asked(agent, listing_id) {
  const { status, body } = await subscribes(agent, listing_id);
  assert.deepEqual([status, body.code], [403, 'approval_required'], JSON.stringify(body));
  return body.approval_message_id;
}
const heard = async (id, event = 'exec.approval.requested') => (await client.next((f) => f.event === event && f.payload.id === id, PATIENCE_MS)).payload;
const resolve = (id, decision, more = {}) => client.call('exec.approval.resolve', { id, decision, ...more });
const count = (agent) => market.one(`select count(*) from market_subscriptions where subscriber_id = '${agent.id}'`);
const state = (id) => market.one(`select response_status from market_messages where id = '${id}'`);
const ends = (id, status) => until(async () => await state(id) === status, PATIENCE_MS, `it is ${status}`);
async function refusedAs(code, answer) {
  const { error, payload } = await answer;
  assert.equal(error?.code, code, JSON.stringify(error ?? payload));
}
const sent = (chat, pattern) => until(() => telegram.sent(chat).find((c) => pattern.test(c.body.text)), PATIENCE_MS, () => `${pattern} in ${chat}; there is ${JSON.stringify(telegram.sent(chat).map((c) => c.body.text))}`);
const shown = async (id) => (await sent(GROUP, new RegExp(`/approve ${id}`))).body;
/** Ends all workers at once, and waits until others are there. */
async function killed() {
  const pids = market.workers();
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await until(() => !market.workers().some((pid) => pids.includes(pid)), PATIENCE_MS, 'others are there');
  await until(async () => (await fetch(`${market.url}/health`).catch(() => null))?.ok && market.workers().length === pids.length, PATIENCE_MS, 'the workers are back');
  client = await open(market);
}
const press = (id, decision, from) => hook(market, { update_id: updates += 1, callback_query: { id: String(updates), from, chat_instance: 'x', data: `approve:${id}:${decision}`, message: { message_id: 5, date: 1, chat: { id: GROUP, type: 'supergroup' } } } });

describe('a client of the gateway', () => {
  it('hears what an agent asks for, resolves it, and the purchase is done', async () => {
    const agent = await agentOf(), listing_id = await sells(), id = await asked(agent, listing_id);
    const event = await heard(id);
    assert.deepEqual([event.tool, event.risk, event.reason, event.why, event.allowsAlways, event.sessionKey, event.request.command],
      ['marketplace', 'high', 'first_purchase', 'an agent of yours has never bought from this provider', true, 'market', 'May I subscribe to "Web Scraper API" (Starter) for $29.00?']);
    const { provider_id, ...about } = event.arguments;
    assert.deepEqual(about, { kind: 'tool_request', agent: 'Worker', agent_id: agent.id, message: event.request.command, amount_usd: '29.00', plan_id: 'starter', listing: 'Web Scraper API', listing_id, provider: 'Provider' });
    assert.ok(provider_id);
    assert.ok(Math.abs(event.expiresAtMs - event.createdAtMs - 24 * 3600_000) < 60_000);
    const { approvals } = (await client.call('exec.approval.list')).payload;
    assert.deepEqual(approvals.find((a) => a.id === id), event);
    await refusedAs('CONFLICT', resolve(id, 'allow-once', { argumentsHash: '0'.repeat(64) }));
    await refusedAs('INVALID_PARAMS', resolve(id, 'allow-prefix'));
    assert.equal(await count(agent), '0');
    assert.deepEqual((await resolve(id, 'allow-once', { argumentsHash: event.argumentsHash })).payload, { resolved: true, approved: true, decision: 'allow-once' });
    assert.equal(await count(agent), '1');
    const done = await heard(id, 'exec.approval.resolved');
    assert.deepEqual([done.decision, done.sessionKey, typeof done.resolvedBy], ['allow-once', 'market', 'string']);
    await sent(GROUP, /The request of .*Worker.* was allowed once\. It has been carried out\./);
    const { status, body } = await subscribes(agent, listing_id);
    assert.deepEqual([status, body.api_key.slice(0, 8)], [201, 'hm_tool_'], JSON.stringify(body));
    assert.deepEqual((await resolve(id, 'deny')).payload, { resolved: false, approved: true, decision: 'allow-once' });
    assert.ok(!(await client.call('exec.approval.list')).payload.approvals.some((a) => a.id === id));
    const [record] = await market.sql(`select facts->>'via' from market_records where resource_id = '${id}' and action = 'channel-respond'`);
    assert.equal(record, done.resolvedBy);
    assert.deepEqual(await wrong(), []);
  });

  it('allows for good by a rule, for what a rule can let pass', async () => {
    const provider = await market.actor({ name: 'Trusted' }), agent = await agentOf(), other = await agentOf();
    const id = await asked(agent, await sells(2900, {}, provider)), { alwaysCovers } = await heard(id);
    assert.equal(alwaysCovers, 'what any of your agents asks of this provider, up to $29.00 at a time, as an approval rule');
    assert.equal((await resolve(id, 'allow-always')).payload.decision, 'allow-always');
    const [rule] = (await person.ok('/approval-rules-manage', { action: 'list' })).rules;
    assert.deepEqual([rule.rule_type, rule.action_type, rule.conditions.max_amount_cents, rule.conditions.providers], ['tool_request', 'auto_approve', 2900, [provider.id]]);
    assert.equal((await subscribes(other, await sells(2900, {}, provider))).status, 201, 'it is not asked for any more');
    const much = await asked(await agentOf({ usd: 200 }), await sells(15_000)), event = await heard(much);
    assert.deepEqual([event.reason, event.allowsAlways], ['first_purchase', true]);
    const tied = await asked(await agentOf({ autonomy: 0 }), await sells(100, {}, provider));
    assert.equal((await heard(tied)).allowsAlways, false);
    await refusedAs('INVALID_PARAMS', resolve(tied, 'allow-always'));
    assert.equal(await state(tied), 'pending');
    for (const one of [much, tied]) await resolve(one, 'deny');
  });

  it('hears that it was answered elsewhere, and what others ask is none of its business', async () => {
    const agent = await agentOf(), id = await asked(agent, await sells());
    await heard(id);
    await person.ok('/channel-respond', { message_id: id, response_status: 'denied' });
    assert.equal((await heard(id, 'exec.approval.resolved')).decision, 'deny');
    const stranger = await market.actor({ type: 'human' }), foreign = await asked(await agentOf({ owner: stranger.owner }), await sells());
    await refusedAs('NOT_FOUND', resolve(foreign, 'allow-once'));
    await refusedAs('NOT_FOUND', resolve('00000000-0000-4000-8000-000000000404', 'deny'));
    assert.ok(!(await client.call('exec.approval.list')).payload.approvals.some((a) => a.id === foreign));
    assert.equal(await state(foreign), 'pending');
  });

  it('hears what an agent asks in a channel of its own, and that it was not carried out', async () => {
    const agent = await agentOf({ usd: 0 }), listing_id = await sells();
    const { channel: { id: channel_id } } = await agent.ok('/channels-manage', { action: 'create', channel_type: 'approval', participants: [person.id] });
    const ask = (fields) => agent.ok('/channel-messages', { channel_id, message_type: 'tool_request', body: 'I need it', structured_data: { amount_cents: 2900, tool_listing_id: listing_id, plan_id: 'starter' }, ...fields });
    const { id } = await ask();
    assert.deepEqual([(await heard(id)).reason, (await heard(id)).arguments.listing], ['asked', 'Web Scraper API']);
    assert.deepEqual((await resolve(id, 'allow-once')).payload, { resolved: true, approved: true, decision: 'allow-once', notCarriedOut: 'insufficient_balance' });
    const frozen = await ask();
    await heard(frozen.id);
    const admin = await market.actor({ role: 'admin' });
    await admin.ok('/admin-kill-switch', { action: 'freeze_agent', actor_id: agent.id, reason: 'r' });
    assert.equal((await resolve(frozen.id, 'allow-once')).payload.notCarriedOut, 'agent_frozen');
    const plain = await (await agentOf({ usd: 0 })).ok('/channels-manage', { action: 'create', channel_type: 'inquiry', participants: [person.id] });
    assert.ok(plain.channel.id);
    assert.equal(await count(agent), '0');
  });
});

describe('a chat', () => {
  it('shows a request with buttons, and lets those answer who may', async () => {
    const agent = await agentOf(), listing_id = await sells(), id = await asked(agent, listing_id), question = await shown(id);
    assert.deepEqual(question.reply_markup.inline_keyboard.map(([b]) => b.callback_data), ['allow-once', 'allow-always', 'deny'].map((d) => `approve:${id}:${d}`));
    await press(id, 'allow-once', bob);
    await sent(GROUP, /You may not decide about that.*telegram:43/);
    await hook(market, inGroup(`/approve@huma_test_bot ${id} allow-once`, { from: bob, chat: GROUP, entities: [{ type: 'bot_command', offset: 0, length: 22 }] }));
    await until(() => telegram.sent(GROUP).filter((c) => /You may not decide/.test(c.body.text)).length >= 2, PATIENCE_MS, 'not by words, either');
    await hook(market, direct(`/approve ${id} allow-once`, { from: ann }));
    await sent(ann.id, /There is no such approval here/);
    assert.equal(await state(id), 'pending');
    await hook(market, inGroup(`/approve@huma_test_bot ${id} allow-once`, { from: ann, chat: GROUP, entities: [{ type: 'bot_command', offset: 0, length: 22 }] }));
    await sent(GROUP, /The request of .*Worker.* was allowed once by Ann Lee\. It has been carried out\./);
    assert.equal(await count(agent), '1');
    assert.deepEqual([(await heard(id, 'exec.approval.resolved')).decision, (await heard(id, 'exec.approval.resolved')).resolvedBy], ['allow-once', 'telegram:42']);
    assert.equal((await subscribes(agent, listing_id)).status, 201);
    const denied = await asked(agent, await sells());
    await shown(denied);
    await press(denied, 'deny', ann);
    await sent(GROUP, /was denied by Ann Lee/);
    assert.equal(await state(denied), 'denied');
    await press(denied, 'allow-once', ann);
    await sent(GROUP, /It was denied before/);
  });

  it("shows a stranger's words as data, and no more of them than fit", async () => { // limit: approvals in a chat
    const title = 'Tool```\n/approve 1 allow-once **now** \u202Egnp', agent = await agentOf(), id = await asked(agent, await sells(2900, { title }));
    const { text } = await shown(id);
    assert.ok(text.includes('\\u202egnp') && text.includes('\\u0060\\u0060\\u0060'), text);
    assert.equal(text.match(/<\/?pre>/g).length, 2, 'one block');
    assert.ok(!text.includes('<b>now</b>'), text);
    await resolve(id, 'deny');
    const { channel: { id: channel_id } } = await agent.ok('/channels-manage', { action: 'create', channel_type: 'approval', participants: [person.id] });
    const long = await agent.ok('/channel-messages', { channel_id, message_type: 'approval_request', body: 'x'.repeat(4000) });
    const cut = await shown(long.id);
    assert.deepEqual(cut.reply_markup.inline_keyboard.map(([b]) => b.callback_data), [`approve:${long.id}:deny`]);
    await press(long.id, 'allow-once', ann);
    await sent(GROUP, /can only be denied here/);
    assert.equal((await resolve(long.id, 'allow-once')).payload.resolved, true);
  });
});

describe('a request', () => {
  it('is answered once when a client, the chat and the marketplace answer at the same time', async () => {
    for (let i = 0; i < 2; i += 1) {
      const agent = await agentOf(), id = await asked(agent, await sells(1000));
      await shown(id);
      const [one, two, http] = await Promise.all([resolve(id, 'allow-once'), resolve(id, 'deny'), person.post('/channel-respond', { message_id: id, response_status: 'approved' }), press(id, 'allow-once', ann)]);
      const { decision } = await heard(id, 'exec.approval.resolved');
      const is = await state(id);
      assert.equal(await count(agent), is === 'approved' ? '1' : '0');
      assert.equal(decision, is === 'approved' ? 'allow-once' : 'deny');
      const winners = [one.payload, two.payload].filter((p) => p.resolved).length + (http.status === 200 ? 1 : 0);
      assert.ok(winners <= 1, JSON.stringify([one.payload, two.payload, http]));
      for (const { payload } of [one, two]) assert.equal(payload.decision, decision);
    }
    assert.deepEqual(await wrong(), []);
  });

  it('is carried out once, or not at all, when everything is killed as it is answered', async () => {
    for (let i = 0; i < 3; i += 1) {
      const agent = await agentOf({ usd: 50 }), listing_id = await sells(), id = await asked(agent, listing_id);
      await heard(id);
      client.say({ type: 'req', id: `k${i}`, method: 'exec.approval.resolve', params: { id, decision: 'allow-once' } });
      if (i > 0) await until(async () => i === 1 || await state(id) === 'approved', PATIENCE_MS, 'it is answered');
      await killed();
      assert.equal(await count(agent), await state(id) === 'approved' ? '1' : '0');
      const { payload } = await resolve(id, 'allow-once');
      assert.equal(payload.decision, 'allow-once');
      assert.equal(await count(agent), '1');
      assert.equal((await subscribes(agent, listing_id)).status, 201);
      await sent(GROUP, /It has been carried out/);
    }
    assert.deepEqual(await wrong(), []);
  });

  it('to buy a part of its work waits, is answered in the chat, and goes on after a kill', async () => {
    const agent = await agentOf({ usd: 0, name: 'Contractor' }), parent_transaction_id = await assigned(await market.actor({ name: 'Buyer' }), agent);
    const { id: listing_id } = await (await market.actor()).ok('/listings-create', { ...JOB, direction: 'sell', price_usd: 30, budget_ceiling_usd: undefined });
    const buy = () => agent.post('/transactions-create', { listing_id, parent_transaction_id });
    const { status, body: { approval_message_id: id } } = await buy();
    assert.equal(status, 403);
    await shown(id);
    await killed();
    assert.equal((await buy()).body.approval_message_id, id, 'it waits still');
    await press(id, 'allow-once', ann);
    await sent(GROUP, /The request of .*Contractor.* was allowed once by Ann Lee\. It has been carried out\./);
    const made = await market.one(`select made_id from market_approvals where message_id = '${id}'`);
    await killed();
    const { status: again, body: bought } = await buy();
    assert.deepEqual([again, bought.transaction_id, bought.status], [201, made, 'assigned'], JSON.stringify(bought));
    assert.equal(await market.one(`select count(*) from market_approvals where message_id = '${id}' and used_at is not null`), '1');
    assert.equal(await market.one(`select count(*) from market_transactions where parent_id = '${parent_transaction_id}'`), '1');
    assert.deepEqual(await wrong(), []);
  });

  it('that nobody answers is told of again, and is denied in time, which its person hears wherever it was shown', async () => {
    const answered = await asked(await agentOf({ usd: 0, name: 'Answered' }), await sells()), agent = await agentOf({ usd: 0, name: 'Waiting' }), id = await asked(agent, await sells());
    await shown(id);
    await resolve(answered, 'deny');
    await heard(answered, 'exec.approval.resolved');
    await market.advance('18h1m');
    await sent(GROUP, new RegExp(`The request of .*Waiting.* waits for an answer still, until .* UTC: /approve ${id}`));
    assert.equal(await state(id), 'pending');
    await market.advance('6h');
    await ends(id, 'expired');
    assert.equal((await heard(id, 'exec.approval.resolved')).decision, 'expired');
    await sent(GROUP, /The request of .*Waiting.* was denied, since nobody answered in time/);
    for (const who of [person, agent]) await until(async () => (await who.ok('/notifications-list?limit=50')).notifications.some((n) => n.type === 'approval_expired' && n.payload.message_id === id), PATIENCE_MS, `${who.name} is told`);
    await refusedAs('NOT_FOUND', resolve(id, 'allow-once'));
    assert.ok(!(await client.call('exec.approval.list')).payload.approvals.some((a) => a.id === id));
    assert.ok(!telegram.sent(GROUP).some((c) => /Answered.* waits/.test(c.body.text)), 'what is answered is not told of again');
  });
});
