// spec/e2e/market_agents.test.mjs -- an agent of the agent API trades on the marketplace: it bids, delivers and is paid, and buys a
// tool with its owner's consent; each thing once, whatever worker is killed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { call, makeUser, newMessage, NOWHERE, sarah } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { errors, PSQL } from './hosts.mjs';
import { JOB, startMarket } from './market_trading.mjs';
import { fund, makeTool, PATIENCE_MS, plan, startUpstream, UPSTREAM } from './market_tools_world.mjs';
import { until } from './support.mjs';

const UUID = /[0-9a-f]{8}-[0-9a-f-]{27}/, QUICK = { display_name: 'ResearchBot', capability_tags: ['data:extraction', 'research:analysis'], framework: 'langgraph' };
let market, model, upstream, provider, type;
before(async () => {
  [model, upstream] = [await startModel(), await startUpstream()];
  market = await startMarket({ env: { ...model.env, HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32`, HUMAN_SEAL_KEY: randomBytes(32).toString('hex') } });
  provider = await market.actor({ name: 'Provider' });
  type = (await call(market.url, 'GET', '/api/agent-types')).body.find((t) => t.name === 'Huma-1').id;
  model.answer = (_, body) => play(body);
});
after(async () => {
  await market?.stop();
  await model?.close();
  upstream?.close();
  assert.deepEqual(errors(market?.log() ?? '').filter((line) => !/ended by signal 9/.test(line)), []);
});

// What the agents do: {[agent's name and event]: [(facts) => a step]}, by the newest message and how many steps it has had.
const plays = {};
function play(body) {
  const said_ = body.messages.filter((m) => m.role === 'tool').map((m) => m.content), names = body.tools?.map((t) => t.function.name) ?? [];
  if (plays.chat) return plays.chat(said_, names);
  const last = body.messages.findLastIndex((m) => m.role === 'user'), name = /Name: (.*)/.exec(body.messages[0].content)[1];
  const text = body.messages[last].content, event = /^Event of the marketplace: (\S+)/.exec(text)?.[1];
  const results = body.messages.slice(last + 1).filter((m) => m.role === 'tool').map((m) => m.content);
  const steps = plays[`${name} ${event}`] ?? [];
  return steps[results.length]?.({ text, results, tools: names }) ?? { text: 'Nothing to do.' };
}
const uses = (tool, args) => ({ tools: [[tool, args]] });
const factsOf = (text) => { const facts = JSON.parse(/Facts: <untrusted>(.*)<\/untrusted>/.exec(text)[1]); return facts.about ?? facts; };
const said = (result) => JSON.parse(result.slice(result.indexOf('{'), result.lastIndexOf('}') + 1));

const one = (statement) => market.one(statement);
const quickStart = (body, token) => call(market.url, 'POST', '/agents-quick-start', { body, headers: token ? { authorization: `Bearer ${token}` } : {} });

let traders = 0;
/** An agent with an identity: {user, id, name, actor (as of market.actor: ok, post, get)}. */
async function trader() {
  const user = await makeUser(market.url), name = `Trader ${traders += 1}`;
  const agent = (await user.api('POST', '/api/agents', { name, agentTypeId: type })).body;
  await market.sql("delete from market_registrations");
  const { status, body } = await quickStart({ ...QUICK, display_name: name, agent_id: agent.id }, user.key);
  assert.equal(status, 201, JSON.stringify(body));
  const ask = (method, path, sent) => market.request(body.api_key, method, path, sent);
  const actor = { id: body.actor_id, key: body.api_key, name, post: (path, sent) => ask('POST', path, sent), get: (path) => ask('GET', path) };
  actor.ok = async (path, sent) => {
    const answer = await ask(sent === undefined ? 'GET' : 'POST', path, sent);
    assert.ok(answer.status < 300, `${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return { user, id: agent.id, name, actor };
}

async function worked(who, event, n = 1) {
  let rows;
  await until(async () => (rows = await market.sql(`select state from market_agent_work where agent_id = '${who.id}' and name = '${event}' and state <> 'begun'`)).length >= n,
    PATIENCE_MS, () => `${n} of ${event} are over, not ${rows.length}`);
  assert.ok(rows.every((state) => state === 'done'), `${event}: ${rows}`);
}

async function killed() {
  const before_ = market.workers();
  for (const pid of before_) process.kill(pid, 'SIGKILL');
  await until(() => !market.workers().some((pid) => before_.includes(pid)), PATIENCE_MS, 'others are there');
  await until(async () => (await fetch(`${market.url}/health`).catch(() => null))?.ok && market.workers().length === 2, PATIENCE_MS, 'the workers are back');
}

/** Locks rows, as another transaction would; the function that lets them go. */
async function locked(statement) {
  const psql = spawn(PSQL, ['-h', `${market.home}/run`, '-p', '5432', '-U', 'human', '-d', 'human', '-XAtq'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let out = '';
  psql.stdout.on('data', (text) => { out += text; });
  psql.stdin.write(`begin; ${statement};\n\\echo it is locked\n`);
  await until(() => out.includes('it is locked'), PATIENCE_MS, 'the rows are locked');
  return async () => {
    const ended = once(psql, 'exit');
    psql.stdin.end('rollback;\n');
    await ended;
  };
}

/** Says something to an agent in a channel of the sender's. */
async function say(from, who, body) {
  const { channel } = await from.ok('/channels-manage', { action: 'create', channel_type: 'inquiry', participants: [who.actor.id] });
  await from.ok('/messages-send', { channel_id: channel.id, body });
}

describe('an identity', () => {
  it('is given to an agent by who shows a key of its owner, once', async () => {
    const who = await trader(), path = `/api/agents/${who.id}/market-identity`;
    const again = await quickStart({ ...QUICK, agent_id: who.id }, who.user.key);
    assert.deepEqual([again.status, again.body.code, again.body.actor_id], [409, 'agent_has_actor', who.actor.id]);
    const { status, body } = await who.user.api('GET', path);
    assert.deepEqual([status, body.actorId, body.displayName, body.acts, body.state, body.agentId], [200, who.actor.id, who.name, true, 'active', who.id]);
    assert.ok(body.rcBalance > 0);
    assert.equal((await who.user.api('POST', path, {})).body.code, 'agent_has_actor');
    assert.equal((await who.user.api('DELETE', path)).body.acts, false);
    assert.deepEqual(await who.user.api('POST', path, {}).then((a) => [a.status, a.body.acts, a.body.actorId]), [200, true, who.actor.id]);
  });

  it('is given by the agent API, too, which shows the key this once', async () => {
    const user = await makeUser(market.url), agent = (await user.api('POST', '/api/agents', { name: 'Own', agentTypeId: type })).body;
    const path = `/api/agents/${agent.id}/market-identity`;
    assert.equal((await user.api('GET', path)).body.code, 'no_actor');
    await market.sql('delete from market_registrations');
    const made = await call(market.url, 'POST', path, { key: user.key, body: { capabilityTags: ['data:extraction'] }, headers: { 'idempotency-key': 'i1' } });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.match(made.body.apiKey, /^hm_\w{32}$/);
    assert.deepEqual((await call(market.url, 'POST', path, { key: user.key, body: { capabilityTags: ['data:extraction'] }, headers: { 'idempotency-key': 'i1' } })).body, made.body);
    assert.equal((await market.request(made.body.apiKey, 'GET', '/credits-balance')).body.rc_balance, made.body.rcBalance);
    assert.equal((await user.api('GET', path)).body.apiKey, undefined);
  });

  it('is not given to the agent of another, which nobody can tell from one that is not there', async () => {
    const who = await trader(), stranger = await makeUser(market.url);
    const [theirs, none] = [await quickStart({ ...QUICK, agent_id: who.id }, stranger.key), await quickStart({ ...QUICK, agent_id: NOWHERE }, stranger.key)];
    assert.deepEqual([theirs.status, theirs.body], [404, none.body]);
    assert.equal((await quickStart({ ...QUICK, agent_id: who.id }, `ak_${'x'.repeat(32)}`)).body.code, 'agent_key_required');
    assert.equal((await stranger.api('GET', `/api/agents/${who.id}/market-identity`)).status, 404);
    const outside = await call(market.url, 'POST', '/agents-quick-start', { body: { ...QUICK, agent_id: who.id }, headers: { 'x-forwarded-for': '203.0.113.9' } });
    assert.deepEqual([outside.status, outside.body.code], [403, 'agent_key_required']);
  });
});

describe('an agent that sells', () => {
  it('finds a request, bids, is accepted, delivers and is paid; a worker that is killed makes nothing twice', async () => {
    const who = await trader(), buyer = await market.actor({ name: 'Buyer' });
    let release, toldToDeliver, thinking = 0;
    const held = new Promise((done) => { release = done; }), assigned = new Promise((done) => { toldToDeliver = done; });
    plays[`${who.name} message.received`] = [
      ({ text, tools }) => (assert.ok(tools.includes('market_bid') && tools.every((t) => t.startsWith('market_')), String(tools)),
        uses('market_listing', { listing_id: UUID.exec(factsOf(text).preview)[0] })),
      ({ results }) => { thinking += 1; return { ...uses('market_bid', { listing_id: said(results[0]).id, price_usd: 90, sla_hours: 24 }), wait: held }; },
      () => ({ text: 'I have bid.' }),
    ];
    plays[`${who.name} transaction.assigned`] = [
      ({ text }) => (assert.deepEqual([factsOf(text).description, factsOf(text).title], [JOB.description, JOB.title]), { ...uses('market_transaction', { transaction_id: factsOf(text).transaction_id }), wait: assigned }),
      ({ text }) => uses('market_deliver', { transaction_id: factsOf(text).transaction_id, output_data: { rows: 3 } }),
    ];
    const { id } = await buyer.ok('/listings-create', JOB);
    await say(buyer, who, `Please bid on ${id}`);
    await until(() => thinking > 0, PATIENCE_MS, 'it thinks of a bid');
    await killed();
    release();
    await worked(who, 'message.received');
    const { bids } = await buyer.ok(`/bids-list?listing_id=${id}`);
    assert.deepEqual(bids.map((b) => [b.bidder_id, b.price_usd, b.status]), [[who.actor.id, 90, 'pending']]);

    const { transaction_id } = await buyer.ok('/bids-accept', { bid_id: bids[0].id });
    await buyer.ok('/transactions-assign', { transaction_id });
    const unlock = await locked(`select from market_transactions where id = '${transaction_id}' for update`);
    toldToDeliver();
    await until(async () => await one("select count(*) from gateway_calls where tool = 'market_deliver' and status = 'running'") === '1'
      && await one('select count(*) from pg_locks where not granted') !== '0', PATIENCE_MS, 'it is about to deliver');
    await killed();
    await unlock();
    await worked(who, 'transaction.assigned');
    const { transaction, output_data } = await buyer.ok(`/transactions-get?transaction_id=${transaction_id}`);
    assert.deepEqual([transaction.status, output_data ?? transaction.output_data], ['delivered', { rows: 3 }]);
    await buyer.ok('/transactions-accept', { transaction_id });
    assert.equal((await who.actor.ok('/transactions-list?role=seller')).transactions[0].status, 'accepted');
    assert.equal(await one(`select count(*) from market_history where entity = 'transaction' and entity_id = '${transaction_id}' and to_state = 'delivered'`), '1');
    assert.equal(await one(`select count(distinct r.id) from gateway_runs r join agents a on a.id = r.session_id where a.parent_id = '${who.id}' and a.session_key = 'market'`),
      await one(`select count(*) from market_agent_work where agent_id = '${who.id}'`));
  });
});

describe('an agent in a chat', () => {
  it('looks at the marketplace for its owner, and offers something there, as its actor', async () => {
    const who = await trader(), title = 'Charts from your numbers', seen = {};
    assert.equal((await who.user.api('PUT', `/api/agents/${who.id}`, { settings: { owners: [sarah.id], debounce_ms: 0 } })).status, 200);
    plays.chat = (results, names) => {
      seen.names ??= names;
      if (!results.length) return uses('market_offer', { direction: 'sell', listing_type: 'task_execution', title, description: 'PNG or SVG.', category_tags: ['data:charts'], price_usd: 3 });
      if (results.length === 1) return uses('market_listing', { listing_id: said(results[0]).id });
      return { text: `I offer "${said(results[1]).title}" now.` };
    };
    const say_ = (body) => who.user.api('POST', `/api/agents/${who.id}/messages`, body);
    assert.equal((await say_({ type: 'agent-joined', content: { chatCode: 'market', participants: [sarah] } })).status, 202);
    assert.equal((await say_(newMessage('Please offer charts for 3 dollars.'))).status, 202);
    let events;
    await until(async () => (events = (await who.user.api('GET', `/api/agents/${who.id}/events?direction=out`)).body).some((e) => e.type === 'send-message'),
      PATIENCE_MS, () => `it says something, of ${JSON.stringify(events)}`);
    delete plays.chat;
    assert.equal(events.find((e) => e.type === 'send-message').content.content ?? events.find((e) => e.type === 'send-message').content, `I offer "${title}" now.`);
    assert.ok(seen.names.includes('market_offer') && seen.names.includes('market_call'), String(seen.names));
    assert.deepEqual(await market.sql(`select actor_id from market_listings where title = '${title}'`), [who.actor.id]);
  });
});

describe('an agent that buys', () => {
  it('is refused where its owner has to be asked, goes on when that has been approved, and pays once', async () => {
    const who = await trader(), person = await market.actor({ name: 'Ada', type: 'human', owner: await one(`select owner_id from market_actors where agent_id = '${who.id}'`) });
    await market.sql(`update market_actors set autonomy = 1 where id = '${who.actor.id}'`);
    await fund(market, who.actor, 50);
    const listing_id = await makeTool(market, provider, upstream.url, { plans: [plan({ amount_cents: 2900 })] });
    const seen = {};
    plays[`${who.name} message.received`] = [
      () => uses('market_tools', { query: 'Web Scraper' }),
      () => uses('market_subscribe', { listing_id, plan_id: 'starter' }),
      ({ results }) => { seen.refused = results[1]; return { text: 'I wait.' }; },
    ];
    plays[`${who.name} approval.approved`] = [
      () => uses('market_subscriptions', {}),
      ({ results }) => uses('market_call', { subscription_id: said(results[0]).subscriptions[0].id, input: { url: 'https://example.com' } }),
      ({ results }) => { seen.called = results[1]; return { text: 'Done.' }; },
    ];
    const credits = async () => (await who.actor.ok('/credits-balance')).rc_balance, had = await credits();
    await say(person, who, 'Scrape example.com for me, please.');
    await worked(who, 'message.received');
    assert.match(seen.refused, /^approval_required: .*people were asked \(message [0-9a-f-]{36}\)/);
    assert.equal(await one(`select count(*) from market_subscriptions where subscriber_id = '${who.actor.id}'`), '0');
    const { response_status } = await person.ok('/channel-respond', { message_id: UUID.exec(seen.refused)[0], response_status: 'approved' });
    assert.equal(response_status ?? 'approved', 'approved');
    await worked(who, 'approval.approved');
    assert.deepEqual(said(seen.called).output, { echo: { url: 'https://example.com' } });
    assert.equal(upstream.counted, 1);
    assert.equal(had - await credits(), 2900);
    assert.equal(await one(`select count(*) from market_subscriptions where subscriber_id = '${who.actor.id}'`), '1');
  });
});
