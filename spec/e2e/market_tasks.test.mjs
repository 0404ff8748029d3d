// spec/e2e/market_tasks.test.mjs -- credit tasks, the sandbox and what an output is measured against, over HTTP, with the
// documentation's examples.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { assigned, JOB, startMarket } from './market_trading.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = 20_000, NONE = '00000000-0000-4000-8000-000000000000';
const RUBRIC = { checks: [{ check: 'min_length', field: 'summary', value: 200, weight: 1 }], pass_threshold: 1 };
const LONG = 'Agents that are paid well deliver in time. '.repeat(6);
const PAPERS = { title: 'Summarize 10 research papers', description: 'One summary of all', rc_reward: 5, sla_hours: 24, evaluation_rubric: RUBRIC };

let host, admin;
before(async () => {
  // Without the audit: time leaps over the day on which cards are charged before their authorisation ends, and a task whose
  // card can no longer be charged holds nothing.
  host = await startMarket({ env: { HUMAN_MARKETPLACE_AUDIT_S: '0' } });
  admin = await host.actor({ type: 'human', role: 'admin', name: 'Admin' });
});
after(async () => {
  await host?.stop();
  if (host) assert.deepEqual(errors(host.log()), []);
});

const refused = (answer, status, code, field) => {
  assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
  if (field) assert.equal(answer.body.details[0].path, field);
};
const agent = async ({ tags = [], ...fields } = {}) => {
  const made = await host.actor(fields);
  if (tags.length) await made.ok('/capabilities-register', { capability_tags: tags });
  return made;
};
const post = async (fields = {}) => (await admin.ok('/admin-credit-tasks', { ...PAPERS, ...fields })).id;
const offered = async (who, query = '') => (await who.ok(`/tasks-credit-available${query}`)).tasks.map((t) => t.id);
const state = (id) => host.one(`select state from market_transactions where id = '${id}'`);
const reserve = () => host.platform(6400);
const lots = async (who) => host.sql(`select reason || ' ' || pool || ' ' || amount || ' ' || (expires_at > human_now() + interval '364 days') from credit_lots where actor = '${who.id}' order by id`);

/** The ledger's own checks hold, and what is reserved is what is promised to those who are at work. */
async function holds() {
  assert.equal(await reserve(), 1000 * Number(await host.one(`select coalesce(sum(t.rc_reward), 0) from market_credit_slots s join market_credit_tasks t on t.id = s.task_id where s.state in ('reserved', 'submitted')`)));
  assert.deepEqual(await host.sql(`select id from market_credit_tasks t where free <> slots - (select count(*) from market_credit_slots s where s.task_id = t.id and s.state in ('reserved', 'submitted', 'passed'))`), []);
  const off = await host.sql(`select a.id from ledger_accounts a left join (select actor, pool, sum(remaining) as remaining from credit_lots group by 1, 2) l on l.actor = a.owner and a.code = case l.pool when 'M' then 6000 else 6010 end
    where a.code in (6000, 6010) and a.credits_posted - a.debits_posted - a.debits_pending <> coalesce(l.remaining, 0)`);
  assert.deepEqual(off, []);
}

describe('a credit task', () => {
  it('is offered, taken, delivered and paid at once in credits that can be spent, not withdrawn', async () => {
    const bot = await agent(), id = await post();
    const { tasks, total } = await bot.ok('/tasks-credit-available');
    const { description, output_schema, input_data, ...literal } = tasks.find((t) => t.id === id);
    assert.deepEqual(literal, { id, title: 'Summarize 10 research papers', rc_reward: 5, sla_hours: 24, evaluation_rubric: RUBRIC });
    assert.deepEqual([description, output_schema, input_data, total], ['One summary of all', null, null, tasks.length]);
    assert.equal((await bot.ok('/agents-heartbeat', {})).credit_tasks_available, total);
    const taken = await bot.ok('/tasks-credit-accept', { task_id: id });
    assert.equal(taken.status, 'assigned');
    const left = Date.parse(taken.sla_deadline) - Date.now();
    assert.ok(left > 23 * 3_600_000 && left <= 24 * 3_600_000 + 60_000, `${left}`);
    assert.deepEqual(await bot.ok('/tasks-credit-accept', { task_id: id }), taken);
    await holds();
    const { transaction_id } = taken;
    assert.ok(!(await offered(bot)).includes(id));
    const short = await bot.ok('/sandbox-run', { transaction_id, output_data: { summary: 'x'.repeat(50) } });
    assert.deepEqual(short, { passed: false, results: [{ check: 'min_length', passed: false, message: 'Field summary length 50 < required 200' }] });
    const done = await bot.ok('/transactions-deliver', { transaction_id, output_data: { summary: LONG } });
    assert.deepEqual(done, { transaction_id, status: 'accepted', passed: true, results: [{ check: 'min_length', passed: true }] });
    assert.deepEqual(await lots(bot), ['credit_task M 5000 true']);
    assert.deepEqual(await bot.ok('/credits-balance'), { rc_balance: 5, rc_balance_withdrawable: 0, rc_balance_marketplace: 5 });
    const whole = await bot.ok(`/transactions-get?transaction_id=${transaction_id}`);
    assert.deepEqual([whole.transaction.price_usd, whole.transaction.status, whole.checks.map((c) => [c.moment, c.passed, c.score])], [0, 'accepted', [['delivery', true, 1]]]);
    refused(await bot.post('/tasks-credit-accept', { task_id: id }), 409, 'already_accepted');
    refused(await bot.post('/transactions-deliver', { transaction_id, output_data: { summary: LONG } }), 409, 'invalid_state');
    await holds();
  });

  it('is completed, and says nothing of how buyers accept the agent\'s work', async () => {
    const bot = await agent({ tier: 0 }), buyer = await host.actor();
    const known = () => host.one(`select tasks_completed || ' ' || coalesce(acceptance_rate::text, '-') || ' ' || tier from market_actors where id = '${bot.id}'`);
    for (let i = 0; i < 5; i += 1) {
      const { transaction_id } = await bot.ok('/tasks-credit-accept', { task_id: await post() });
      await bot.ok('/transactions-deliver', { transaction_id, output_data: { summary: LONG } });
    }
    await until(async () => await known() === '5 - 0', PATIENCE_MS, async () => `five tasks, and no acceptance: ${await known()}`);
    const transaction_id = await assigned(buyer, bot, { listing: { budget_ceiling_usd: 1000 }, bid: { price_usd: 1000 } });
    await bot.ok('/transactions-deliver', { transaction_id, output_data: {} });
    await buyer.ok('/transactions-accept', { transaction_id });
    await buyer.ok('/reviews-create', { transaction_id, rating: 5 });
    await until(async () => await known() === '6 1 0', PATIENCE_MS, async () => `one sale is no tier, however many tasks: ${await known()}`);
    await until(async () => await host.one(`select count(*) from host_queue where kind = 'market.reputation' and key = '${bot.id}'`) === '0', PATIENCE_MS, 'all is reckoned with');
    assert.equal(await known(), '6 1 0');
    assert.ok(Number(await host.one(`select max(composite) from market_reputation_scores where actor_id = '${bot.id}' and category = ''`)) > 0.6, 'which its score alone would give');
  });

  it('may be tried three times; then the slot is free for another', async () => { // limit: credit task tries
    const bot = await agent(), other = await agent(), id = await post();
    const { transaction_id } = await bot.ok('/tasks-credit-accept', { task_id: id });
    refused(await other.post('/tasks-credit-accept', { task_id: id }), 409, 'no_slots');
    const tries = [];
    for (let i = 0; i < 3; i += 1) tries.push((await bot.ok('/transactions-deliver', { transaction_id, output_data: { summary: 'TODO' } })).status);
    assert.deepEqual(tries, ['assigned', 'assigned', 'failed']);
    refused(await bot.post('/transactions-deliver', { transaction_id, output_data: { summary: LONG } }), 409, 'invalid_state');
    refused(await bot.post('/tasks-credit-accept', { task_id: id }), 409, 'already_accepted');
    assert.deepEqual(await lots(bot), []);
    await holds();
    const again = await other.ok('/tasks-credit-accept', { task_id: id });
    assert.equal((await other.ok('/transactions-deliver', { transaction_id: again.transaction_id, output_data: { summary: LONG } })).status, 'accepted');
    await holds();
  });

  it('that is not delivered in time has failed, and its reward is nobody\'s', async () => {
    const bot = await agent(), id = await post({ sla_hours: 2 });
    const { transaction_id } = await bot.ok('/tasks-credit-accept', { task_id: id });
    await host.advance('121m');
    await until(async () => await state(transaction_id) === 'failed', PATIENCE_MS, 'the slot has expired');
    assert.equal(await host.one(`select state from market_credit_slots where transaction_id = '${transaction_id}'`), 'expired');
    refused(await bot.post('/transactions-deliver', { transaction_id, output_data: { summary: LONG } }), 409, 'invalid_state');
    const told = async () => (await bot.ok('/notifications-list')).notifications.map((n) => n.type);
    await until(async () => (await told()).includes('transaction_failed'), PATIENCE_MS, 'its agent is told');
    assert.deepEqual((await told()).sort(), ['transaction_assigned', 'transaction_failed', 'transaction_sla_warning']);
    await holds();
  });

  it('is for agents with its tags and tier, and not for those of who asks for it', async () => {
    const id = await post({ capability_tags: ['research:analysis'], min_tier: 1 });
    const fits = await agent({ tags: ['nlp', 'research:analysis'] });
    const person = await host.actor({ type: 'human' }), low = await agent({ tier: 0, tags: ['research:analysis'] });
    const other = await agent({ tags: ['data:extraction'] }), own = await agent({ owner: admin.owner, tags: ['research:analysis'] });
    const frozen = await agent({ tags: ['research:analysis'] }), twin = await agent({ owner: fits.owner, tags: ['research:analysis'] });
    await host.sql(`update market_actors set state = 'frozen' where id = '${frozen.id}'`);
    for (const [who, status, code] of [[person, 403, 'forbidden'], [low, 403, 'tier_too_low'], [other, 403, 'forbidden'], [own, 400, 'self_dealing_not_permitted']]) {
      assert.ok(!(await offered(who)).includes(id), who.name);
      refused(await who.post('/tasks-credit-accept', { task_id: id }), status, code);
      refused(await who.post('/sandbox-run', { task_id: id, output_data: {} }), 403, 'forbidden');
    }
    refused(await frozen.post('/tasks-credit-accept', { task_id: id }), 403, 'agent_frozen');
    assert.ok((await offered(fits)).includes(id));
    assert.equal((await fits.ok('/sandbox-run', { task_id: id, output_data: { summary: LONG } })).passed, true);
    await fits.ok('/tasks-credit-accept', { task_id: id });
    refused(await twin.post('/tasks-credit-accept', { task_id: id }), 409, 'already_accepted');
    await holds();
  });

  it('is what an admin asks for with a reward of credits, under the id of the listing', async () => {
    const task = { direction: 'buy', listing_type: 'task_execution', title: 'Summarize 10 research papers', description: 'One summary of all', category_tags: ['research:papers'],
      sla_hours: 24, evaluation_rubric: RUBRIC, rc_reward: 5 };
    const bot = await agent({ tags: ['research:papers'] }), other = await agent({ tags: ['data:extraction'] }), low = await agent({ tier: 0, tags: ['research:papers'] });
    const { id, created_at, ...listing } = await admin.ok('/listings-create', task);
    assert.ok(created_at);
    assert.deepEqual(listing, { direction: 'buy', listing_type: 'task_execution', title: task.title, is_active: false, total_sales: 0 });
    const { description, output_schema, input_data, ...literal } = (await bot.ok('/tasks-credit-available')).tasks.find((t) => t.id === id);
    assert.deepEqual([literal, description], [{ id, title: task.title, rc_reward: 5, sla_hours: 24, evaluation_rubric: RUBRIC }, 'One summary of all']);
    assert.ok(!(await offered(other)).includes(id));
    refused(await other.post('/bids-create', { listing_id: id, price_usd: 0.05, sla_hours: 24 }), 409, 'listing_inactive');
    assert.ok(!(await bot.ok('/listings-search?category_tag=research:papers')).listings.some((l) => l.id === id));
    const { transaction_id } = await bot.ok('/tasks-credit-accept', { task_id: id });
    assert.equal((await bot.ok('/transactions-deliver', { transaction_id, output_data: { summary: LONG } })).status, 'accepted');
    assert.deepEqual(await lots(bot), ['credit_task M 5000 true']);
    const tiered = await admin.ok('/listings-create', { ...task, min_seller_tier: 1, budget_ceiling_usd: 200 });
    assert.ok(!(await offered(low)).includes(tiered.id));
    refused(await low.post('/listings-deactivate', { listing_id: tiered.id }), 403, 'not_owner');
    assert.ok((await offered(await agent({ tags: ['research:papers'] }))).includes(tiered.id));
    assert.deepEqual(await admin.ok('/listings-deactivate', { listing_id: tiered.id }), { id: tiered.id, is_active: false });
    assert.equal((await admin.ok('/admin-credit-tasks')).tasks.find((t) => t.id === tiered.id).status, 'closed');
    refused(await bot.post('/listings-create', task), 403, 'forbidden');
    for (const [fields, field] of [[{ direction: 'sell', price_usd: 75 }, 'direction'], [{ listing_type: 'compute_access' }, 'listing_type'], [{ price_usd: 75 }, 'price_usd'],
      [{ input_schema: { a: 'string' } }, 'input_schema'], [{ sla_config: { uptime_target_pct: 99 } }, 'sla_config'], [{ rc_reward: 10001 }, 'rc_reward'], [{ rc_reward: 0.5 }, 'rc_reward'],
      [{ evaluation_rubric: undefined }, 'evaluation_rubric'], [{ category_tags: [] }, 'category_tags']]) {
      refused(await admin.post('/listings-create', { ...task, ...fields }), 400, 'validation_error', field);
    }
    await holds();
  });

  it('of which an owner holds three at a time', async () => { // limit: credit tasks held
    const bot = await agent();
    const ids = [await post(), await post(), await post(), await post()];
    for (const task_id of ids.slice(0, 3)) await bot.ok('/tasks-credit-accept', { task_id });
    const answer = await bot.post('/tasks-credit-accept', { task_id: ids[3] });
    refused(answer, 409, 'no_slots');
    assert.match(answer.body.error, /You hold 3 credit tasks/);
  });

  it('is ended by an admin: nobody takes it, and who has it goes on', async () => {
    const bot = await agent(), other = await agent(), id = await post({ slots: 2 });
    const { transaction_id } = await bot.ok('/tasks-credit-accept', { task_id: id });
    const closed = await admin.ok('/admin-credit-tasks-close', { task_id: id });
    assert.deepEqual([closed.status, closed.slots, closed.free], ['closed', 2, 1]);
    assert.deepEqual(await admin.ok('/admin-credit-tasks-close', { task_id: id }), closed);
    assert.ok(!(await offered(other)).includes(id));
    refused(await other.post('/tasks-credit-accept', { task_id: id }), 404, 'not_found');
    refused(await other.post('/sandbox-run', { task_id: id, output_data: {} }), 404, 'not_found');
    assert.equal((await bot.ok('/transactions-deliver', { transaction_id, output_data: { summary: LONG } })).status, 'accepted');
    assert.equal((await admin.ok('/admin-credit-tasks')).tasks.find((t) => t.id === id).status, 'closed');
    assert.equal(await host.one(`select count(*) from market_records where resource_id = '${id}'`), '2');
  });

  it('is not bought, sold, bid on, canceled, disputed, revised or accepted as other work is', async () => {
    const bot = await agent(), id = await post(), { transaction_id } = await bot.ok('/tasks-credit-accept', { task_id: id });
    const listing_id = await host.one(`select listing_id from market_transactions where id = '${transaction_id}'`);
    refused(await bot.post('/bids-create', { listing_id, price_usd: 0.01, sla_hours: 1 }), 409, 'listing_inactive');
    refused(await bot.post('/transactions-cancel', { transaction_id }), 409, 'invalid_state');
    refused(await admin.post('/transactions-cancel', { transaction_id }), 409, 'invalid_state');
    refused(await admin.post('/transactions-accept', { transaction_id }), 409, 'invalid_state');
    refused(await admin.post('/transactions-deliver', { transaction_id, output_data: {} }), 403, 'forbidden');
    refused(await admin.post('/transactions-request-revision', { transaction_id, note: 'n' }), 409, 'invalid_state');
    refused(await admin.post('/transactions-dispute', { transaction_id, dispute_reason: 'It is not good at all' }), 409, 'invalid_state');
    const sold = await (await host.actor()).ok('/listings-create', { ...JOB, direction: 'sell', price_usd: 1 });
    refused(await bot.post('/subcontracts-create', { parent_transaction_id: transaction_id, listing_id: sold.id }), 400, 'budget_exceeded');
    assert.equal(await state(transaction_id), 'assigned');
    await holds();
  });

  it('names the field that is wrong, and is nobody else\'s', async () => {
    const bot = await agent(), other = await agent(), id = await post({ slots: 5 });
    for (const [fields, code, field] of [[{ rc_reward: 0 }, 'validation_error', 'rc_reward'], [{ rc_reward: 1.5 }, 'validation_error', 'rc_reward'], [{ rc_reward: '5' }, 'validation_error', 'rc_reward'],
      [{ rc_reward: 10001 }, 'validation_error', 'rc_reward'], [{ slots: 1001 }, 'validation_error', 'slots'], [{ slots: 0 }, 'validation_error', 'slots'], [{ title: '' }, 'validation_error', 'title'],
      [{ title: 'x'.repeat(201) }, 'validation_error', 'title'], [{ description: '' }, 'validation_error', 'description'], [{ sla_hours: 169 }, 'validation_error', 'sla_hours'],
      [{ min_tier: 3 }, 'validation_error', 'min_tier'], [{ capability_tags: ['NO WAY'] }, 'validation_error', 'capability_tags[0]'], [{ input_data: [] }, 'validation_error', 'input_data'],
      [{ output_schema: { type: 'nonsense' } }, 'invalid_schema', 'output_schema'], [{ evaluation_rubric: undefined }, 'validation_error', 'evaluation_rubric'],
      [{ evaluation_rubric: {} }, 'validation_error', 'evaluation_rubric'], [{ evaluation_rubric: { stars: 5 } }, 'validation_error', 'evaluation_rubric.stars'],
      [{ evaluation_rubric: { checks: [{ check: 'min_length', field: 'a', value: '200' }] } }, 'validation_error', 'evaluation_rubric.checks[0].value']]) {
      refused(await admin.post('/admin-credit-tasks', { ...PAPERS, ...fields }), 400, code, field);
    }
    for (const path of ['/admin-credit-tasks', '/admin-credit-tasks-close']) refused(await bot.post(path, { ...PAPERS, task_id: id }), 403, 'forbidden');
    refused(await bot.get('/admin-credit-tasks'), 403, 'forbidden');
    refused(await bot.post('/tasks-credit-accept', {}), 400, 'validation_error', 'task_id');
    refused(await bot.post('/tasks-credit-accept', { task_id: 'uuid' }), 400, 'validation_error', 'task_id');
    refused(await bot.post('/tasks-credit-accept', { task_id: NONE }), 404, 'not_found');
    refused(await host.request(null, 'POST', '/tasks-credit-accept', { task_id: id }), 401, 'unauthorized');
    for (const query of ['limit=0', 'limit=51', 'limit=x']) refused(await bot.get(`/tasks-credit-available?${query}`), 400, 'validation_error', 'limit');
    const { transaction_id } = await bot.ok('/tasks-credit-accept', { task_id: id });
    for (const who of [other, await agent({ owner: bot.owner })]) {
      refused(await who.post('/transactions-deliver', { transaction_id, output_data: { summary: LONG } }), 404, 'not_found');
      refused(await who.post('/sandbox-run', { transaction_id, output_data: {} }), 404, 'not_found');
      refused(await who.get(`/transactions-get?transaction_id=${transaction_id}`), 404, 'not_found');
    }
    assert.equal((await offered(other, '?limit=1')).length, 1);
    await holds();
  });
});

describe('two hundred at once', () => {
  const count = (answers, status) => answers.filter((a) => a.status === status).length;

  it('ask for the one slot of a task: one has it, the others are told that there is none', async () => {
    const id = await post(), bots = await Promise.all(Array.from({ length: 200 }, () => agent()));
    const answers = await Promise.all(bots.map((b) => b.post('/tasks-credit-accept', { task_id: id })));
    assert.deepEqual([count(answers, 201), count(answers, 409)], [1, 199], JSON.stringify(answers.find((a) => ![201, 409].includes(a.status))));
    assert.deepEqual(new Set(answers.filter((a) => a.status === 409).map((a) => a.body.code)), new Set(['no_slots']));
    await holds();
  });

  it('are one agent: each gets the same answer, and it is paid once', async () => {
    const bot = await agent(), id = await post({ slots: 3 });
    const answers = await Promise.all(Array.from({ length: 200 }, () => bot.post('/tasks-credit-accept', { task_id: id })));
    assert.deepEqual([count(answers, 201), new Set(answers.map((a) => a.body.transaction_id)).size], [200, 1]);
    const { transaction_id } = answers[0].body;
    const outputs = await Promise.all(Array.from({ length: 200 }, () => bot.post('/transactions-deliver', { transaction_id, output_data: { summary: LONG } })));
    assert.deepEqual([count(outputs, 200), count(outputs, 409)], [1, 199]);
    assert.deepEqual(await lots(bot), ['credit_task M 5000 true']);
    await holds();
  });

  it('are agents of one owner: one of them has it', async () => {
    const first = await agent(), id = await post({ slots: 5 });
    const bots = [first, ...await Promise.all(Array.from({ length: 19 }, () => agent({ owner: first.owner })))];
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => bots[i % 20].post('/tasks-credit-accept', { task_id: id })));
    assert.equal(new Set(answers.filter((a) => a.status === 201).map((a) => a.body.transaction_id)).size, 1);
    assert.deepEqual(new Set(answers.filter((a) => a.status !== 201).map((a) => a.body.code)), new Set(['already_accepted']));
    await holds();
  });
});

describe('the sandbox', () => {
  const SCHEMA = { report_url: 'string', summary: 'string', data_points: 'number' };
  const rubric = { min_length: { summary: 200 }, max_length: { summary: 1000 }, url_format: ['report_url'], field_complete: ['summary', 'data_points'], no_placeholder: true };
  let buyer, seller;
  before(async () => { [buyer, seller] = [await host.actor(), await host.actor()]; });

  it('checks an output as the documentation has it, for both sides, without delivering it', async () => {
    const transaction_id = await assigned(buyer, seller, { listing: { output_schema: { summary: 'string' }, evaluation_rubric: RUBRIC } });
    const output_data = { summary: 'x'.repeat(50) };
    const literal = { passed: false, results: [{ check: 'schema_valid', passed: true }, { check: 'min_length', passed: false, message: 'Field summary length 50 < required 200' }] };
    for (const who of [seller, buyer]) assert.deepEqual(await who.ok('/sandbox-run', { transaction_id, output_data }), literal);
    assert.equal(await state(transaction_id), 'assigned');
    const whole = await buyer.ok(`/transactions-get?transaction_id=${transaction_id}`);
    assert.deepEqual([whole.evaluation_rubric, whole.output_schema, whole.checks], [RUBRIC, { summary: 'string' }, []]);
  });

  it('knows all six checks', async () => {
    const transaction_id = await assigned(buyer, seller, { listing: { output_schema: SCHEMA, evaluation_rubric: rubric } });
    const run = async (output_data) => (await seller.ok('/sandbox-run', { transaction_id, output_data })).results.filter((r) => !r.passed).map((r) => `${r.check}: ${r.message}`);
    const good = { report_url: 'https://storage.humai.market/deliverables/uuid/report.pdf', summary: LONG, data_points: 47 };
    assert.deepEqual(await run(good), []);
    assert.deepEqual(await run({ ...good, data_points: 'many' }), ['schema_valid: output_data.data_points must be a number']);
    assert.deepEqual(await run({ ...good, summary: '  ' }), ['field_complete: Field summary is empty', 'min_length: Field summary length 2 < required 200']);
    assert.deepEqual(await run({ ...good, summary: 'é'.repeat(1001) }), ['max_length: Field summary length 1001 > allowed 1000']);
    assert.deepEqual(await run({ ...good, summary: `${LONG} TODO: more` }), ['no_placeholder: Field summary has placeholder text: todo']);
    assert.deepEqual(await run({ ...good, report_url: 'report.pdf' }), ['url_format: Field report_url is no http(s) address']);
  });

  it('refuses what it cannot run, with the field that is wrong', async () => {
    const bare = await assigned(buyer, seller), stranger = await host.actor();
    refused(await seller.post('/sandbox-run', { transaction_id: bare, output_data: {} }), 400, 'no_rubric');
    refused(await stranger.post('/sandbox-run', { transaction_id: bare, output_data: {} }), 404, 'not_found');
    refused(await seller.post('/sandbox-run', { transaction_id: NONE, output_data: {} }), 404, 'not_found');
    refused(await seller.post('/sandbox-run', { output_data: {} }), 400, 'validation_error', 'transaction_id');
    refused(await seller.post('/sandbox-run', { transaction_id: bare, task_id: NONE, output_data: {} }), 400, 'validation_error', 'transaction_id');
    refused(await seller.post('/sandbox-run', { transaction_id: bare }), 400, 'validation_error', 'output_data');
    refused(await seller.post('/sandbox-run', { transaction_id: bare, output_data: [] }), 400, 'validation_error', 'output_data');
    refused(await seller.post('/sandbox-run', { transaction_id: bare, output_data: { a: 'x'.repeat(262144) } }), 400, 'validation_error', 'output_data');
    refused(await seller.post('/listings-create', { ...JOB, evaluation_rubric: { checks: [{ check: 'is_nice' }] } }), 400, 'validation_error', 'evaluation_rubric.checks[0].check');
    refused(await seller.post('/listings-create', { ...JOB, evaluation_rubric: { field_complete: Array.from({ length: 51 }, (_, i) => `f${i}`) } }), 400, 'validation_error', 'evaluation_rubric.field_complete'); // limit: rubric checks
  });

  it('runs sixty times an hour', async () => { // limit: sandbox runs
    const bot = await host.actor(), transaction_id = await assigned(buyer, bot, { listing: { evaluation_rubric: RUBRIC } });
    const run = () => bot.post('/sandbox-run', { transaction_id, output_data: {} });
    const answers = [];
    for (let i = 0; i < 61; i += 1) answers.push((await run()).status);
    assert.deepEqual([answers.slice(0, 60).every((s) => s === 200), answers[60]], [true, 429]);
  });
});

describe('what was agreed', () => {
  const listing = { evaluation_rubric: { checks: [{ check: 'min_length', field: 'summary', value: 200, weight: 1 }, { check: 'field_complete', field: 'summary', weight: 3 }] } };
  let buyer, seller;
  before(async () => { [buyer, seller] = [await host.actor(), await host.actor()]; });

  it('is locked when the money is there, in the database as well', async () => {
    const transaction_id = await assigned(buyer, seller, { listing });
    for (const column of ['evaluation_rubric', 'output_schema', 'input_schema', 'input_data']) {
      await assert.rejects(host.sql(`update market_transactions set ${column} = '{"a": 1}' where id = '${transaction_id}'`), /criteria locked/, column);
    }
    const listing_id = await host.one(`select listing_id from market_transactions where id = '${transaction_id}'`);
    assert.equal((await buyer.put('/listings-update', { listing_id, evaluation_rubric: { no_placeholder: true } })).status, 200);
    assert.deepEqual((await seller.ok(`/transactions-get?transaction_id=${transaction_id}`)).evaluation_rubric, listing.evaluation_rubric);
  });

  it('is looked at when it is delivered, and both see what came of it', async () => {
    const transaction_id = await assigned(buyer, seller, { listing });
    assert.equal((await seller.ok('/transactions-deliver', { transaction_id, output_data: { summary: 'short' } })).status, 'delivered');
    for (const who of [buyer, seller]) {
      const [check] = (await who.ok(`/transactions-get?transaction_id=${transaction_id}`)).checks;
      assert.deepEqual([check.moment, check.passed, check.score, check.results.map((r) => r.passed)], ['delivery', false, 0.75, [false, true]]);
    }
    await assert.rejects(host.sql(`update market_checks set passed = true where transaction_id = '${transaction_id}'`), /only ever added/);
  });

  it('is what each milestone is measured by when it is delivered, and again in a dispute of it', async () => {
    const part = (title) => ({ title, pct_of_total: 50, sla_hours: 24 });
    const delivered = async (output_data) => {
      const transaction_id = await assigned(buyer, seller, { listing, bid: { milestone_pricing: true, milestones: [part('a'), part('b')] } });
      assert.equal((await seller.ok('/milestones-deliver', { transaction_id, sequence: 1, output_data })).status, 'delivered');
      return transaction_id;
    };
    const checks = async (who, transaction_id) => (await who.ok(`/transactions-get?transaction_id=${transaction_id}`)).checks
      .map((c) => [c.moment, c.milestone_sequence, c.passed, c.score, c.results.map((r) => r.passed)]);
    const [bad, good] = [await delivered({ summary: 'short' }), await delivered({ summary: LONG })];
    for (const who of [buyer, seller]) {
      assert.deepEqual(await checks(who, bad), [['delivery', 1, false, 0.75, [false, true]]]);
      assert.deepEqual(await checks(who, good), [['delivery', 1, true, 1, [true, true]]]);
    }
    await assert.rejects(host.sql(`update market_transactions set evaluation_rubric = '{"no_placeholder": true}' where id = '${bad}'`), /criteria locked/);
    const disputed = [];
    for (const transaction_id of [bad, good]) {
      const { dispute_id } = await buyer.ok('/milestones-dispute', { transaction_id, sequence: 1, dispute_reason: 'Output does not match schema' });
      for (const who of [seller, buyer]) await who.ok('/disputes-submit-evidence', { dispute_id, evidence_type: 'text', content: 'As I say' });
      disputed.push(dispute_id);
    }
    await host.advance('73h');
    for (const [i, says] of ['refund_buyer', 'release_seller'].entries()) {
      await until(async () => await host.one(`select proposal from market_disputes where id = '${disputed[i]}'`) === says, PATIENCE_MS, says);
    }
    assert.deepEqual(await checks(seller, bad), [['dispute', 1, false, 0.75, [false, true]], ['delivery', 1, false, 0.75, [false, true]]]);
    await host.advance('169h');
    await until(async () => await state(bad) === 'canceled_refunded', PATIENCE_MS, 'it counts when nobody decides');
    const goes_on = () => host.one(`select string_agg(state, ' ' order by sequence) from market_milestones where transaction_id = '${good}'`);
    await until(async () => await goes_on() === 'accepted active', PATIENCE_MS, 'the other is paid for');
    await seller.ok('/milestones-deliver', { transaction_id: good, sequence: 2, output_data: {} });
    assert.deepEqual((await checks(buyer, good))[0], ['delivery', 2, false, 0, [false, false]]);
  });

  it('makes the proposal of a dispute: what has not passed goes back', async () => {
    const decided = async (output_data) => {
      const transaction_id = await assigned(buyer, seller, { listing });
      await seller.ok('/transactions-deliver', { transaction_id, output_data });
      const { dispute_id } = await buyer.ok('/disputes-create', { transaction_id, reason: 'Output does not match schema' });
      for (const who of [seller, buyer]) await who.ok('/disputes-submit-evidence', { dispute_id, evidence_type: 'text', content: 'As I say' });
      return { transaction_id, dispute_id };
    };
    const [part, all, nothing] = [await decided({ summary: 'short' }), await decided({ summary: LONG }), await decided({})];
    await host.advance('73h');
    const proposal = (d) => host.one(`select coalesce(proposal, '') || ' ' || coalesce(proposal_pct, 0) from market_disputes where id = '${d.dispute_id}'`);
    for (const [d, says] of [[part, 'split 25'], [all, 'release_seller 0'], [nothing, 'refund_buyer 0']]) {
      await until(async () => await proposal(d) === says, PATIENCE_MS, says);
      const { checks } = await buyer.ok(`/transactions-get?transaction_id=${d.transaction_id}`);
      assert.deepEqual(checks.map((c) => c.moment), ['dispute', 'delivery']);
    }
    await host.advance('76h'); // the cards are charged before their authorisation ends
    const paid = async () => host.one(`select count(*) from market_payments where state = 'captured' and transaction_id in ('${part.transaction_id}', '${all.transaction_id}', '${nothing.transaction_id}')`);
    await until(async () => await paid() === '3', PATIENCE_MS, 'the money is taken');
    await host.advance('93h');
    await until(async () => await state(part.transaction_id) === 'split_resolved', PATIENCE_MS, 'it counts when nobody decides');
    await until(async () => await state(nothing.transaction_id) === 'refunded' && await state(all.transaction_id) === 'accepted', PATIENCE_MS, 'so do the others');
    for (const d of [part, all, nothing]) assert.equal(await host.held(d.transaction_id), 0);
  });
});

describe('the rule table of credit tasks', () => {
  it('says what the database does', async () => {
    const { readFileSync } = await import('node:fs');
    const text = readFileSync(new URL('../../scripts/marketplace/rules/credit_tasks.lua', import.meta.url), 'utf8');
    for (const [machine, entity, first] of [['transaction', 'credit_transaction', 'assigned'], ['slot', 'credit_slot', 'reserved']]) {
      const block = new RegExp(`\\n  ${machine} = {(.*?)\\n  },`, 's').exec(text)[1];
      const told = new Set([...block.matchAll(/{ "(\w+)", "\w+", "(\w+)" }/g)].map(([, from, to]) => `${from} ${to}`));
      told.add(`: ${first}`);
      assert.deepEqual(new Set(await host.sql(`select case from_state when '' then ':' else from_state end || ' ' || to_state from market_edges where entity = '${entity}'`)), told, machine);
    }
    for (const [table, states] of [['market_credit_slots', ['passed', 'failed', 'expired', 'reserved']], ["market_transactions where listing_type = 'credit_task'", ['accepted', 'failed', 'assigned']]]) {
      for (const from of states) {
        const id = await host.one(`select id from ${table}${table.includes('where') ? ' and' : ' where'} state = '${from}' limit 1`);
        for (const to of ['canceled', 'passed', 'accepted', 'refunded']) {
          if (id && to !== from) await assert.rejects(host.sql(`update ${table.split(' ')[0]} set state = '${to}' where id = '${id}'`), /cannot go from/, `${from} ${to}`);
        }
      }
    }
  });
});
