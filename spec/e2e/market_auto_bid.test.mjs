// spec/e2e/market_auto_bid.test.mjs -- agents that bid by themselves ask a rule, which an operator overrides for one of them or
// all: the reload takes effect, what was decided explains itself and can be replayed, and no rule leaves the agent's limits.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { errors, makeHome, startHost } from './hosts.mjs';
import { inhabit } from './market_trading.mjs';
import { SEED } from './market_seed.mjs';
import { root, until } from './support.mjs';

const PATIENCE_MS = 60_000;
const home = makeHome(), own = path.join(home, 'scripts/agent/rules'), file = path.join(own, 'bidding.lua');
const SHIPPED = fs.readFileSync(path.join(root, 'scripts/agent/rules/bidding.lua'), 'utf8');
let market, owner;
before(async () => {
  fs.mkdirSync(own, { recursive: true });
  market = await inhabit(await startHost({ home, env: { HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_SCRIPTS: `${home}/scripts:${root}/scripts` } }));
  owner = await market.actor({ name: 'Owner' });
});
after(async () => {
  await market?.stop();
  assert.deepEqual(errors(market?.log() ?? '').filter((line) => !/rule failed/.test(line)), []);
});

let kinds = 0;
/** An agent that bids on a tag of its own: {agent, tag}. */
async function bidder(rules = {}) {
  const agent = await market.actor({ name: 'Auto' }), tag = `own:kind-${kinds += 1}`;
  await agent.ok('/auto-bidding-config', { enabled: true, rules: { max_price_usd: 50, category_tags: [tag], min_listing_tier: 0, max_concurrent: 50, preferred_sla_hours: 24, ...rules } });
  return { agent, tag };
}
const ask = async (tag, more = {}) => (await owner.ok('/listings-create', { direction: 'buy', listing_type: 'task_execution', title: 'Count words',
  description: 'Count them', category_tags: [tag], budget_ceiling_usd: 40, ...more })).id;
const bidOn = async (agent, listing_id) => {
  const found = (await agent.ok('/bids-list')).bids.find((b) => b.listing_id === listing_id);
  return found && [found.price_usd, found.sla_hours, found.is_auto];
};
const bids = async (agent, listing_id) => {
  let bid;
  await until(async () => (bid = await bidOn(agent, listing_id)), PATIENCE_MS, 'it has bid');
  return bid;
};
/** What the rule said of a listing to an agent: {facts, said}. */
async function decided(agent, listing_id) {
  let row;
  await until(async () => (row = await market.one(`select json_build_object('facts', inputs, 'said', output) from rule_decisions
    where rule = 'agent.rules.bidding.decide' and subject = '${agent.id}' and ref = '${listing_id}'`)), PATIENCE_MS, 'it is decided');
  const { facts, said } = JSON.parse(row);
  return { facts: facts[0], said };
}
/** The rule with another beginning of decide(), in force. */
async function override(lines) {
  fs.writeFileSync(file, SHIPPED.replace('function M.decide(facts)\n', `function M.decide(facts)\n${lines}\n`));
  const { code, stdout, stderr } = await market.human('reload');
  assert.equal(code, 0, stdout + stderr);
}

describe('an agent that bids by itself', () => {
  it('bids nine tenths of the budget, as the shipped rule says, and the decision has all its facts', async () => {
    const { agent, tag } = await bidder(), listing_id = await ask(tag);
    assert.deepEqual(await bids(agent, listing_id), [36, 24, true]);
    const { facts, said } = await decided(agent, listing_id);
    assert.deepEqual(said, { action: 'bid', price_cents: 3600, reason: 'fits', sla_hours: 24 });
    assert.deepEqual(facts.listing, { id: listing_id, title: 'Count words', type: 'task_execution', tags: [tag], ceiling_cents: 4000, sla_hours: 72, min_seller_tier: 0 });
    assert.deepEqual(facts.buyer, { id: owner.id, tier: 1, accepted: 0, refused: 0, with_us: 0 });
    assert.deepEqual(facts.config, { max_price_cents: 5000, min_price_cents: 0, preferred_sla_hours: 24, max_concurrent: 50, tags: [tag] });
    assert.deepEqual([facts.load, facts.record, facts.actor], [{ open: 0 }, { tier: 1, tasks_completed: 0 }, { id: agent.id, name: 'Auto', tags: [] }]);
  });

  it('takes the documentation\'s rules', async () => {
    const agent = await market.actor(), [example] = SEED.find((e) => e.path === '/auto-bidding-config').requests;
    assert.equal((await agent.ok('/auto-bidding-config', example)).enabled, true);
  });

  it('is told that somebody is known, and how much is under way', async () => {
    const { agent, tag } = await bidder(), first = await ask(tag);
    await bids(agent, first);
    const [bid] = (await agent.ok('/bids-list')).bids;
    const { transaction_id } = await owner.ok('/bids-accept', { bid_id: bid.id });
    await owner.ok('/transactions-assign', { transaction_id });
    await agent.ok('/transactions-deliver', { transaction_id, output_data: { word_count: 1 } });
    await owner.ok('/transactions-accept', { transaction_id });
    const open = await ask(tag);
    await bids(agent, open);
    const listing_id = await ask(tag);
    await bids(agent, listing_id);
    const { facts } = await decided(agent, listing_id);
    assert.deepEqual([facts.buyer.with_us, facts.load.open], [1, 1]);
    assert.ok(facts.buyer.accepted >= 1);
  });

  it('asks the operator\'s rule, of one agent or of all, once it is in force', async () => {
    const [mine, other] = [await bidder(), await bidder()];
    await override(`  if facts.actor.id == "${mine.agent.id}" then
    return { action = "bid", price_cents = 1234, sla_hours = 7, reason = "a friend of " .. facts.buyer.id }
  end`);
    const [listing_id, theirs] = [await ask(mine.tag), await ask(other.tag)];
    assert.deepEqual(await bids(mine.agent, listing_id), [12.34, 7, true]);
    assert.deepEqual(await bids(other.agent, theirs), [36, 24, true]);
    assert.equal((await decided(mine.agent, listing_id)).said.reason, `a friend of ${owner.id}`);
    await override('  if facts.listing.title == "Boring" then return { action = "pass", reason = "dull" } end');
    const passed = await ask(mine.tag, { title: 'Boring' });
    assert.deepEqual((await decided(mine.agent, passed)).said, { action: 'pass', reason: 'dull' });
    const taken = await ask(mine.tag, { title: 'Sing' });
    assert.deepEqual(await bids(mine.agent, taken), [36, 24, true]);
    assert.equal(await bidOn(mine.agent, passed), undefined);
  });

  it('never bids beyond its limits, whatever the rule says', async () => {
    const { agent, tag } = await bidder({ min_price_usd: 10, max_concurrent: 2 });
    await override(`  local cents = ({ High = 5001, Low = 999, Most = 5000, Least = 1000, Late = 3000 })[facts.listing.title]
  if cents then return { action = "bid", price_cents = cents, reason = "as told" } end`);
    const high = await ask(tag, { title: 'High' }), low = await ask(tag, { title: 'Low' });
    for (const id of [high, low]) assert.equal((await decided(agent, id)).said.reason, 'as told');
    assert.deepEqual(await bids(agent, await ask(tag, { title: 'Most' })), [50, 24, true]);
    assert.deepEqual(await bids(agent, await ask(tag, { title: 'Least' })), [10, 24, true]);
    await ask(tag, { title: 'Late' });
    await until(async () => await market.one('select count(*) from host_queue where kind = \'market.match\'') === '0', PATIENCE_MS, 'all is matched');
    assert.equal((await agent.ok('/bids-list')).bids.length, 2, 'neither above nor below, nor a third at once');
  });

  it('is answered by the shipped rule where the operator\'s fails', async () => {
    const { agent, tag } = await bidder();
    await override('  if facts.listing.title == "Trap" then return facts.listing.nothing.here end');
    assert.deepEqual(await bids(agent, await ask(tag, { title: 'Trap' })), [36, 24, true]);
    assert.match(market.log(), /rule failed/);
  });

  it('can be asked again about all that was decided: the replay shows what an edit would have changed', async () => {
    const edit = path.join(home, 'cheaper.lua');
    fs.writeFileSync(edit, SHIPPED.replace('share_bp = 9000', 'share_bp = 4500').replaceAll('bid(18000)', 'bid(9000)').replaceAll(', 18000)', ', 9000)').replaceAll('18001', '9001'));
    const { code, stdout, stderr } = await market.human('rules', 'replay', edit, '--as', 'agent/rules/bidding.lua');
    assert.equal(code, 3, stdout + stderr);
    assert.match(stdout, /agent\.rules\.bidding\.decide/);
    assert.match(stdout, /"price_cents":1800/);
  });
});
