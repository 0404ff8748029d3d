// spec/e2e/market_transactions.test.mjs -- purchases: what may happen to them in which state, chains of them, and what time does.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { assigned, JOB, startMarket } from './market_trading.mjs';
import { root, until } from './support.mjs';

const PATIENCE_MS = 30_000;
let market, alice, bot, human;
before(async () => {
  market = await startMarket();
  alice = await market.actor({ name: 'Alice' });
  bot = await market.actor({ name: 'DataBot' });
  human = await market.actor({ name: 'Hugo', type: 'human' });
});
after(async () => {
  await market?.stop();
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

function refused(answer, status, code) {
  assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
  return answer.body;
}

const SELL = { direction: 'sell', listing_type: 'task_execution', title: 'Part of it', description: 'A part', category_tags: ['data:extraction'], price_usd: 30 };
const sell = async (who, fields = {}) => (await who.ok('/listings-create', { ...SELL, ...fields })).id;
const get = async (transaction_id, who = alice) => (await who.ok(`/transactions-get?transaction_id=${transaction_id}`)).transaction;
const status = (id, who) => get(id, who).then((t) => t.status);
const reaches = (id, state, who = alice) => until(async () => (await status(id, who)) === state, PATIENCE_MS, `it is ${state}`);
const settled = async (id) => assert.equal(await market.one(`select credits_posted - debits_posted || ' ' || credits_pending
  from ledger_accounts where owner = '${id}' and code = 2000`), '0 0', 'nothing is held for it');

describe('a purchase', () => {
  it('by a human waits for its payment, and is canceled without one', async () => { // limit: payment time
    const listing_id = await sell(bot, { price_usd: 75 });
    const bought = await human.post('/transactions-create', { listing_id });
    assert.equal(bought.status, 201);
    const { transaction_id, stripe_payment_intent_id, client_secret, ...rest } = bought.body;
    assert.deepEqual(rest, { status: 'pending_payment', price_usd: 75, platform_fee_usd: 7.5, seller_payout_usd: 67.5, chain_depth: 0 });
    assert.match(stripe_payment_intent_id, /^pi_/);
    assert.ok(client_secret);
    await market.advance('25h');
    await reaches(transaction_id, 'canceled', human);
    await settled(transaction_id);
    refused(await human.post('/transactions-assign', { transaction_id }), 409, 'invalid_state');
  });

  it('is refused where it may not be made', async () => {
    const listing_id = await sell(bot);
    refused(await alice.post('/transactions-create', { listing_id }), 400, 'missing_parent_transaction');
    refused(await (await market.actor({ type: 'human', owner: bot.owner })).post('/transactions-create', { listing_id }), 400, 'self_dealing_not_permitted');
    refused(await human.post('/transactions-create', { listing_id: (await alice.ok('/listings-create', JOB)).id }), 400, 'validation_error');
    const frozen = await market.actor({ type: 'human' });
    await market.sql(`update market_actors set state = 'frozen' where id = '${frozen.id}'`);
    refused(await frozen.post('/transactions-create', { listing_id }), 403, 'agent_frozen');
    const strict = await sell(bot, { input_schema: { company_name: 'string', competitors: 'string[]', note: 'string?' } });
    const wrong = refused(await human.post('/transactions-create', { listing_id: strict, input_data: { company_name: 1, competitors: ['a'] } }), 400, 'input_schema_mismatch');
    assert.equal(wrong.details[0].path, 'input_data.company_name');
    assert.equal((await human.post('/transactions-create', { listing_id: strict, input_data: { company_name: 'A', competitors: ['b'] } })).status, 201);
    await bot.ok('/listings-deactivate', { listing_id });
    refused(await human.post('/transactions-create', { listing_id }), 409, 'listing_inactive');
  });

  it('delivers what was agreed when it was made, whatever its listing says later', async () => {
    const listing = (await alice.ok('/listings-create', { ...JOB, output_schema: { summary: 'string', data_points: 'number' } })).id;
    const bid = await bot.ok('/bids-create', { listing_id: listing, price_usd: 10, sla_hours: 24 });
    const { transaction_id } = await alice.ok('/bids-accept', { bid_id: bid.id });
    await alice.put('/listings-update', { listing_id: listing, output_schema: { summary: 'number' } });
    await alice.ok('/transactions-assign', { transaction_id });
    const wrong = refused(await bot.post('/transactions-deliver', { transaction_id, output_data: { summary: 'x' } }), 400, 'output_schema_mismatch');
    assert.deepEqual(wrong.details.map((d) => d.path), ['output_data']);
    refused(await bot.post('/transactions-deliver', { transaction_id, output_data: 'x' }), 400, 'validation_error');
    await bot.ok('/transactions-deliver', { transaction_id, output_data: { summary: 'x', data_points: 47 } });
  });

  it('is unknown to strangers, and each side does its own part', async () => {
    const transaction_id = await assigned(alice, bot), stranger = await market.actor();
    refused(await stranger.get(`/transactions-get?transaction_id=${transaction_id}`), 404, 'not_found');
    for (const [target, more] of [['assign', {}], ['deliver', { output_data: {} }], ['accept', {}], ['cancel', {}], ['request-revision', { note: 'n' }]]) {
      refused(await stranger.post(`/transactions-${target}`, { transaction_id, ...more }), 404, 'not_found');
    }
    refused(await bot.post('/transactions-assign', { transaction_id }), 403, 'forbidden');
    refused(await alice.post('/transactions-deliver', { transaction_id, output_data: {} }), 403, 'forbidden');
    await bot.ok('/transactions-deliver', { transaction_id, output_data: {} });
    refused(await bot.post('/transactions-accept', { transaction_id }), 403, 'forbidden');
  });

  it('has a file, which its parties get, and which is good for it alone', async () => { // limit: deliverable
    const transaction_id = await assigned(alice, bot), stranger = await market.actor();
    const upload = (name, bytes, who = bot) => {
      const form = new FormData();
      if (bytes) form.append('file', new Blob([bytes], { type: 'text/html' }), name);
      return who.post('/deliverables-upload', form);
    };
    refused(await upload('x', null), 400, 'missing_file');
    refused(await upload('x', '\x7fELF…'), 415, 'unsupported_media_type');
    refused(await upload('large', new Uint8Array(50 * 1024 * 1024 + 1)), 413, 'payload_too_large');
    const { status: made, body } = await upload('../../re port.pdf', '%PDF-1.7 …');
    assert.equal(made, 201, JSON.stringify(body));
    assert.match(body.storage_path, /^deliverables\/[0-9a-f-]{36}\/re_port\.pdf$/);
    assert.deepEqual([body.size_bytes, body.media_type], [12, 'application/pdf']);
    refused(await alice.get(`/${body.storage_path}`), 404, 'not_found');
    const theirs = (await upload('mine.txt', 'text', stranger)).body.storage_path;
    refused(await bot.post('/transactions-deliver', { transaction_id, output_data: {}, output_storage_path: theirs }), 400, 'validation_error');
    await bot.ok('/transactions-deliver', { transaction_id, output_data: {}, output_storage_path: body.storage_path });
    for (const who of [alice, bot]) {
      const file = await fetch(`${market.url}/${body.storage_path}`, { headers: { 'x-api-key': who.key } });
      assert.deepEqual([file.status, await file.text()], [200, '%PDF-1.7 …']);
      assert.match(file.headers.get('content-disposition'), /^attachment/);
    }
    refused(await stranger.get(`/${body.storage_path}`), 404, 'not_found');
    const next = await assigned(alice, bot);
    refused(await bot.post('/transactions-deliver', { transaction_id: next, output_data: {}, output_storage_path: body.storage_path }), 400, 'validation_error');
  });

  it('is revised at most twice', async () => { // limit: revisions
    const transaction_id = await assigned(alice, bot);
    for (const revisions of [1, 2]) {
      await bot.ok('/transactions-deliver', { transaction_id, output_data: {} });
      const revised = await alice.ok('/transactions-request-revision', { transaction_id, note: 'Shorter' });
      assert.deepEqual([revised.status, revised.revisions], ['revision_requested', revisions]);
    }
    await bot.ok('/transactions-deliver', { transaction_id, output_data: {} });
    refused(await alice.post('/transactions-request-revision', { transaction_id, note: 'Again' }), 409, 'invalid_state');
    await alice.ok('/transactions-accept', { transaction_id });
    await settled(transaction_id);
  });

  it('goes back to its buyer when its seller declines', async () => {
    for (const sla_hours of [24, 100]) {         // authorised only; captured
      const transaction_id = await assigned(alice, bot, { bid: { sla_hours } });
      assert.equal(await market.held(transaction_id), sla_hours === 24 ? 0 : 10000);
      refused(await alice.post('/transactions-cancel', { transaction_id }), 409, 'invalid_state');
      assert.deepEqual(await bot.ok('/transactions-cancel', { transaction_id }), { id: transaction_id, status: 'canceled_refunded' });
      await settled(transaction_id);
    }
  });

  it('that is late is flagged, may be canceled, and is refunded after a grace', async () => {
    const [one, two] = [await assigned(alice, bot), await assigned(alice, bot)];
    await market.advance('24h');
    await until(async () => (await get(one)).sla_breached && (await get(two)).sla_breached, PATIENCE_MS, 'they are late');
    await alice.ok('/transactions-cancel', { transaction_id: one });
    await settled(one);
    assert.equal(await status(two), 'assigned');
    await market.advance('7h');
    await reaches(two, 'canceled_refunded');
    await settled(two);
  });

  it('ends as a late milestone does: the rest goes back', async () => {
    const transaction_id = await assigned(alice, bot, { bid: { sla_hours: 48, milestone_pricing: true,
      milestones: [{ title: 'a', pct_of_total: 40, sla_hours: 20 }, { title: 'b', pct_of_total: 60, sla_hours: 20 }] } });
    await bot.ok('/milestones-deliver', { transaction_id, sequence: 1, output_data: {} });
    await market.advance('49h');
    await until(async () => (await market.one(`select state from market_milestones where transaction_id = '${transaction_id}' and sequence = 1`)) === 'accepted',
      PATIENCE_MS, 'the first is accepted by itself');
    assert.equal(await market.held(transaction_id), 6000);
    await market.advance('26h');
    await reaches(transaction_id, 'canceled_refunded');
    await settled(transaction_id);
  });
});

describe('a chain', () => {
  const under = (who, parent_transaction_id, listing_id, price_usd) => who.post('/subcontracts-create', { parent_transaction_id, listing_id, price_usd });

  it('is paid out of the escrow of the whole, three links deep', async () => { // limit: chain depth
    const [b, c, d, e] = await Promise.all(['B', 'C', 'D', 'E'].map((name) => market.actor({ name })));
    const top = await assigned(alice, b);
    const first = await under(b, top, await sell(c, { price_usd: 40 }));
    assert.equal(first.status, 201, JSON.stringify(first.body));
    assert.deepEqual([first.body.status, first.body.chain_depth, first.body.price_usd], ['assigned', 1, 40]);
    assert.deepEqual([await market.held(top), await market.held(first.body.transaction_id)], [6000, 4000]);
    const second = await c.ok('/transactions-create', { listing_id: await sell(d, { price_usd: 20 }), parent_transaction_id: first.body.transaction_id });
    const third = await under(d, second.transaction_id, await sell(e, { price_usd: 10 }), 8);
    assert.deepEqual([third.body.chain_depth, third.body.price_usd], [3, 8]);
    const f = await market.actor();
    refused(await under(e, third.body.transaction_id, await sell(f, { price_usd: 1 })), 429, 'max_chain_depth_exceeded');
    refused(await under(d, second.transaction_id, await sell(b, { price_usd: 1 })), 400, 'circular_chain_detected');
    refused(await under(d, second.transaction_id, await sell(f, { price_usd: 11 })), 400, 'budget_exceeded');
    refused(await under(d, second.transaction_id, await sell(f, { price_usd: 5 }), 6), 400, 'validation_error');
    refused(await under(alice, top, await sell(f, { price_usd: 1 })), 403, 'forbidden');
    refused(await under(f, top, await sell(e, { price_usd: 1 })), 404, 'not_found');
    const { chain } = await e.ok(`/transactions-chain?transaction_id=${top}`);
    assert.deepEqual(chain.map((t) => [t.depth, t.buyer, t.seller, t.price_usd, t.status]),
      [[0, 'Alice', 'B', 100, 'assigned'], [1, 'B', 'C', 40, 'assigned'], [2, 'C', 'D', 20, 'assigned'], [3, 'D', 'E', 8, 'assigned']]);
    refused(await f.get(`/transactions-chain?transaction_id=${top}`), 404, 'not_found');
    refused(await b.post('/transactions-deliver', { transaction_id: top, output_data: {} }), 409, 'invalid_state');
    for (const [buyer, seller, transaction_id] of [[d, e, third.body.transaction_id], [c, d, second.transaction_id], [b, c, first.body.transaction_id], [alice, b, top]]) {
      assert.deepEqual(await Promise.all([b, c, d, e].map((x) => market.earned(x))), [0, 0, 0, 0], 'nobody is paid before the whole is');
      await seller.ok('/transactions-deliver', { transaction_id, output_data: {} });
      await buyer.ok('/transactions-accept', { transaction_id });
      await settled(transaction_id);
    }
    assert.deepEqual(await Promise.all([b, c, d, e].map((x) => market.earned(x))), [5_000_000, 1_600_000, 1_000_000, 720_000]);
  });

  it('takes back what a link gives up', async () => {
    const [b, c] = await Promise.all([market.actor(), market.actor()]), top = await assigned(alice, b);
    const { transaction_id } = (await under(b, top, await sell(c, { price_usd: 40 }))).body;
    await c.ok('/transactions-cancel', { transaction_id });
    assert.deepEqual([await market.held(top), await market.held(transaction_id)], [10000, 0]);
    const again = (await under(b, top, await sell(c, { price_usd: 40 }))).body.transaction_id;
    await b.ok('/transactions-cancel', { transaction_id: top });
    assert.equal(await status(again, c), 'canceled', 'it ends with the whole');
    refused(await c.post('/transactions-deliver', { transaction_id: again, output_data: {} }), 409, 'invalid_state');
    await settled(top);
    await settled(again);
    assert.equal(await market.earned(b), 0);
  });
});

describe('two hundred at once', () => {
  const many = (fn) => Promise.all(Array.from({ length: 200 }, (_, i) => fn(i)));

  it('accept one delivery: the seller is paid once', async () => {
    const seller = await market.actor(), transaction_id = await assigned(alice, seller);
    await seller.ok('/transactions-deliver', { transaction_id, output_data: {} });
    const answers = await many(() => alice.post('/transactions-accept', { transaction_id }));
    assert.deepEqual(new Set(answers.map((a) => a.status)), new Set([200]));
    assert.equal(await market.earned(seller), 9_000_000);
    assert.equal(await market.one(`select total_sales from market_listings l join market_transactions t on t.listing_id = l.id where t.id = '${transaction_id}'`), '1');
  });

  it('deliver and decline: it has one of both states', async () => {
    const seller = await market.actor(), transaction_id = await assigned(alice, seller);
    await many((i) => (i % 2 ? seller.post('/transactions-deliver', { transaction_id, output_data: { i } }) : seller.post('/transactions-cancel', { transaction_id })));
    assert.equal(await market.one(`select count(*) from market_history where entity_id = '${transaction_id}' and from_state = 'assigned'`), '1');
    if ((await status(transaction_id)) === 'canceled_refunded') await settled(transaction_id);
  });

  it('subcontract what one of them may: the escrow is not overdrawn', async () => {
    const [b, c] = await Promise.all([market.actor(), market.actor()]), top = await assigned(alice, b), listing_id = await sell(c, { price_usd: 50 });
    const answers = await many(() => b.post('/subcontracts-create', { parent_transaction_id: top, listing_id }));
    assert.equal(answers.filter((a) => a.status === 201).length, 1);
    assert.deepEqual(new Set(answers.filter((a) => a.status !== 201).map((a) => a.body.code)), new Set(['budget_exceeded']));
  });
});

describe('the rule tables', () => {
  /** The edges of a machine, as the rule file has them. */
  function edges(machine) {
    const text = fs.readFileSync(path.join(root, 'scripts/marketplace/rules/states.lua'), 'utf8');
    const block = new RegExp(`M\\.${machine} = {(.*?)\\n}`, 's').exec(text)[1];
    return [...block.matchAll(/edge\("(\w+)", "(\w+)", "(\w+)", "(\w+)"/g)].map(([, from, event, by, to]) => ({ from, event, by, to }));
  }
  const FIRST = { bid: 'pending', transaction: 'pending_payment', milestone: 'pending' };

  it('say what the database does', async () => {
    for (const machine of Object.keys(FIRST)) {
      const told = new Set(edges(machine).filter((e) => e.from !== e.to).map((e) => `${e.from} ${e.to}`));
      told.add(`: ${FIRST[machine]}`);
      assert.deepEqual(new Set(await market.sql(`select case from_state when '' then ':' else from_state end || ' ' || to_state from market_edges where entity = '${machine}'`)), told, machine);
    }
  });

  it('are kept by the database: no other edge of a bid or a transaction can be taken', async () => {
    for (const [machine, table] of [['bid', 'market_bids'], ['transaction', 'market_transactions'], ['milestone', 'market_milestones']]) {
      const all = new Set(edges(machine).flatMap((e) => [e.from, e.to])), legal = new Set(edges(machine).map((e) => `${e.from} ${e.to}`));
      const wrong = await market.sql(`do $$ declare r record; begin
        for r in select distinct on (state) id, state from ${table} loop
          begin
            update ${table} set state = 'nonsense' where id = r.id;
            raise exception 'it was moved';
          exception when object_not_in_prerequisite_state then null; end;
        end loop; end $$`);
      assert.deepEqual(wrong, []);
      for (const from of all) {
        const id = await market.one(`select id from ${table} where state = '${from}' limit 1`);
        for (const to of id ? all : []) {
          if (from === to || legal.has(`${from} ${to}`)) continue;
          await assert.rejects(market.sql(`update ${table} set state = '${to}' where id = '${id}'`), /cannot go from/, `${from} ${to}`);
        }
      }
    }
  });

  // What a client asks for, the event that it is, and who asks.
  const CALLS = [
    ['deliver', 'seller', (t) => ['/transactions-deliver', { transaction_id: t, output_data: {} }]],
    ['accept', 'buyer', (t) => ['/transactions-accept', { transaction_id: t }]],
    ['revise', 'buyer', (t) => ['/transactions-request-revision', { transaction_id: t, note: 'n' }]],
    ['cancel', 'buyer', (t) => ['/transactions-cancel', { transaction_id: t }]],
    ['decline', 'seller', (t) => ['/transactions-cancel', { transaction_id: t }]],
    ['authorize', 'buyer', (t) => ['/transactions-assign', { transaction_id: t }]],
  ];
  const ANSWERED = { accept: ['accepted'], cancel: ['canceled', 'canceled_refunded'], decline: ['canceled', 'canceled_refunded'], authorize: ['assigned'] };

  it('refuse each event of a transaction in each state that has no edge for it', async () => {
    const legal = new Set(edges('transaction').map((e) => `${e.from} ${e.event}`));
    const states = [...new Set(edges('transaction').flatMap((e) => [e.from, e.to]))];
    const template = await assigned(alice, bot);
    let tried = 0;
    for (const state of states) {                // put there past the rules, as nothing else can
      await market.sql(`begin; set local session_replication_role = replica; update market_transactions set state = '${state}' where id = '${template}'; commit`);
      for (const [event, by, call] of CALLS) {
        if (legal.has(`${state} ${event}`) || ANSWERED[event]?.includes(state)) continue;
        const body = refused(await (by === 'buyer' ? alice : bot).post(...call(template)), 409, 'invalid_state');
        assert.equal(body.status, state);
        tried += 1;
      }
    }
    assert.ok(tried > 25, String(tried));
  });

  it('refuse each event of a bid in each state that has no edge for it', async () => {
    const legal = new Set(edges('bid').map((e) => `${e.from} ${e.event}`));
    const listing = (await alice.ok('/listings-create', JOB)).id;
    const { id } = await bot.ok('/bids-create', { listing_id: listing, price_usd: 10, sla_hours: 24 });
    const calls = [['accept', alice, '/bids-accept'], ['reject', alice, '/bids-reject'], ['withdraw', bot, '/bids-withdraw'], ['counter', alice, '/bids-counter'],
      ['counter_accept', alice, '/bids-counter-accept'], ['counter_reject', alice, '/bids-counter-reject']];
    const answered = { accept: 'accepted', reject: 'rejected', withdraw: 'withdrawn' };
    let tried = 0;
    for (const state of new Set(edges('bid').flatMap((e) => [e.from, e.to]))) {
      await market.sql(`begin; set local session_replication_role = replica; update market_bids set state = '${state}' where id = '${id}'; commit`);
      for (const [event, who, target] of calls) {
        if (legal.has(`${state} ${event}`) || answered[event] === state) continue;
        const body = refused(await who.post(target, { bid_id: id, ...(event === 'counter' && { counter_price_usd: 11 }) }), 409, 'invalid_state');
        assert.equal(body.status, state);
        tried += 1;
      }
    }
    assert.ok(tried > 20, String(tried));
  });
});
