// spec/e2e/market_pipelines.test.mjs -- pipelines over HTTP, on two hosts: templates, runs that are seen while they go on, workers and
// hosts that are killed, reloads, and calls that are cut off.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { databaseUrl, errors, startHost } from './hosts.mjs';
import { inhabit, startMarket } from './market_trading.mjs';
import { filled, SEED } from './market_seed.mjs';
import { counted, fund, makeTool, PATIENCE_MS, plan, startUpstream, UPSTREAM } from './market_tools_world.mjs';
import { until } from './support.mjs';

const env = { HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32`, HUMAN_SEAL_KEY: randomBytes(32).toString('hex'), HUMAN_TIME_TEST_CLOCK: 'true' };
const PATH = '/pipeline-templates';
let one, two, upstream, provider, usual;

before(async () => {
  upstream = await startUpstream();
  upstream.keep = 10_000;
  usual = upstream.answer;
  one = await startMarket({ env });
  two = inhabit(await startHost({ env: { ...env, HUMAN_DATABASE_POOL: '4', DATABASE_URL: databaseUrl(one.home) } }));
  provider = await one.actor({ name: 'Provider' });
});
after(async () => {
  await two?.stop();
  await one?.stop();
  upstream?.close();
  assert.deepEqual([one, two].flatMap((host) => errors(host?.log() ?? '')).filter((line) => !line.includes('was ended by signal 9')), []);
});

const code = (answer) => `${answer.status} ${answer.body.code ?? 'ok'}`;

/** Someone who has subscribed to a tool: {who, listing_id, subscription_id, step(name, fields), run(steps, fields), traces(id)}. */
async function subscriber(options = {}) {
  const who = await one.actor();
  const listing_id = await makeTool(one, provider, upstream.url, options);
  const { subscription_id } = await who.ok('/tool-subscriptions', { listing_id, plan_id: 'starter' });
  const step = (name, { after: depends_on, ...config } = {}) => ({ name, listing_type: 'compute_access', depends_on, config: { tool_listing_id: listing_id, ...config } });
  const create = async (steps) => (await who.ok(PATH, { name: 'P', steps })).template_id;
  const run = async (steps, fields = {}) => (await who.ok(PATH, { action: 'run', template_id: await create(steps), ...fields })).pipeline_id;
  const traces = (id, query = '') => who.ok(`/pipeline-traces?pipeline_id=${id}${query}`);
  return { who, listing_id, subscription_id, step, create, run, traces };
}

const OVER = new Set(['completed', 'failed', 'canceled']);

/** Waits for the end of a run: its traces, with outputs. */
async function ended(s, id) {
  let seen;
  await until(async () => OVER.has((seen = await s.traces(id, '&include=outputs')).status), PATIENCE_MS, 'the run has ended');
  return seen;
}
const shown = (seen) => [seen.status, ...seen.traces.map((t) => `${t.step} ${t.status}`)].join(', ');

/** Holds back answers of the tool until release(); n: how many requests wait. */
function holdBack() {
  const waiting = [];
  upstream.answer = (req, res, body) => waiting.push({ req, res, go: () => usual(req, res, body) });
  return { waiting, release() { upstream.answer = usual; for (const w of waiting) w.go(); } };
}

describe('a template', () => {
  it('is the one of the contract', async () => {
    const s = await subscriber();
    const body = filled(SEED.find((e) => e.path === PATH).requests[0], { 'steps.0.config.tool_listing_id': s.listing_id });
    const made = await s.who.post(PATH, body);
    assert.equal(made.status, 201);
    assert.deepEqual([made.body.name, made.body.version], ['Research Pipeline', 1]);
    assert.equal(code(await s.who.post(PATH, { action: 'run', template_id: made.body.template_id })), '400 step_not_runnable');
    const { templates, total } = await s.who.ok(PATH, { action: 'list' });
    assert.deepEqual([total, templates[0].template_id, templates[0].step_count], [1, made.body.template_id, 2]);
    const other = await one.actor();
    for (const action of ['get', 'run', 'update']) assert.equal(code(await other.post(PATH, { action, template_id: made.body.template_id })), '404 not_found');
    assert.equal(code(await one.request(null, 'POST', PATH, body)), '401 unauthorized');
  });

  it('is refused with what is wrong about it', async () => { // limit: pipeline steps
    const s = await subscriber(), ok = s.step('a');
    const many = (n) => Array.from({ length: n }, (_, i) => s.step(`s${i}`));
    const steps = (...list) => ({ name: 'P', steps: list });
    for (const [body, expected, says] of [
      [{}, 'validation_error', 'name'], [{ name: 'P' }, 'validation_error', 'steps'], [{ steps: [ok] }, 'validation_error', 'name'],
      [{ name: 'P', steps: [] }, 'validation_error', 'steps'], [{ name: 'P', steps: many(51) }, 'validation_error', 'steps'],
      [{ name: 'P', steps: 'x' }, 'validation_error', 'steps'], [{ name: 1, steps: [ok] }, 'validation_error', 'name'], [{ name: '', steps: [ok] }, 'validation_error', 'name'],
      [{ name: 'x'.repeat(101), steps: [ok] }, 'validation_error', 'name'], [{ ...steps(ok), more: 1 }, 'validation_error', 'more'],
      [steps({ ...ok, name: 'a b' }), 'validation_error', 'steps[0].name'], [steps({ ...ok, name: 'x'.repeat(65) }), 'validation_error', 'steps[0].name'],
      [steps({ ...ok, name: undefined }), 'validation_error', 'steps[0].name'], [steps({ ...ok, listing_type: 'x' }), 'validation_error', 'steps[0].listing_type'],
      [steps({ ...ok, listing_type: undefined }), 'validation_error', 'steps[0].listing_type'], [steps({ ...ok, depends_on: 'a' }), 'validation_error', 'steps[0].depends_on'],
      [steps(ok, ok), 'validation_error', 'name of another step: a'], [steps(s.step('a', { after: ['a'] })), 'cycle_detected', 'a -> a'],
      [steps(s.step('a', { after: ['b'] }), s.step('b', { after: ['a'] })), 'cycle_detected', 'a -> b -> a'], [steps(s.step('a', { after: ['z'] })), 'unknown_dependency', 'no step z'],
      [steps(s.step('a', { tool_listing_id: 'x' })), 'validation_error', 'steps[0].config.tool_listing_id'], [steps(s.step('a', { input: 'x'.repeat(16400) })), 'validation_error', 'steps[0].config.input'],
      [steps(s.step('a', { timeout_s: 0 })), 'validation_error', 'timeout_s'], [steps(s.step('a', { timeout_s: 3601 })), 'validation_error', 'timeout_s'],
      [steps(s.step('a', { retry: { max: 6 } })), 'validation_error', 'retry.max'], [steps(s.step('a', { retry: { max: 1, backoff_s: 301 } })), 'validation_error', 'backoff_s'],
      [steps(s.step('a', { retry: 3 })), 'validation_error', 'retry'], [steps(s.step('a', { on_failure: 'x' })), 'validation_error', 'on_failure'],
      [steps(s.step('a', { nothing: 1 })), 'validation_error', 'nothing'], [steps(ok, s.step('b', { input: { x: ['${steps.a.output}'] } })), 'validation_error', 'steps[1].config.input.x[0]'],
      [steps(s.step('a', { input: { x: '${process.env}' } })), 'validation_error', 'steps[0].config.input.x'],
      [{ action: 'run' }, 'validation_error', 'template_id'], [{ action: 'cancel' }, 'validation_error', 'pipeline_id'], [{ action: 'x' }, 'validation_error', 'action'],
      [{ action: 'get', template_id: 'x' }, 'validation_error', 'template_id'],
    ]) {
      const answer = await s.who.post(PATH, body);
      assert.equal(code(answer), `400 ${expected}`, JSON.stringify(body).slice(0, 300));
      assert.ok(JSON.stringify(answer.body).includes(says), `${JSON.stringify(answer.body)} does not say ${says}`);
    }
    const deep = `{"name":"P","steps":[{"name":"a","listing_type":"compute_access","config":{"input":${'['.repeat(5000)}${']'.repeat(5000)}}}]}`;
    assert.equal((await s.who.post(PATH, deep)).status, 400);
    assert.equal((await s.who.post(PATH, { name: 'P', steps: many(50) })).status, 201);
    assert.equal((await s.who.post(PATH, { name: 'P', steps: many(50).map((x) => ({ ...x, config: { ...x.config, input: 'x'.repeat(16000) } })) })).status, 413);
    assert.equal(code(await s.who.get('/pipeline-traces')), '400 validation_error');
    assert.equal(code(await s.who.get(`/pipeline-traces?pipeline_id=${randomUUID()}`)), '404 not_found');
    const template_id = await s.create([ok]);
    for (const fields of [{ input: [] }, { input: 'x' }, { input: { x: 'x'.repeat(66_000) } }, { budget_usd: -1 }, { budget_usd: 0.001 }, { budget_usd: 'x' }]) {
      assert.equal(code(await s.who.post(PATH, { action: 'run', template_id, ...fields })), '400 validation_error', JSON.stringify(fields).slice(0, 100));
    }
  });
});

describe('a run', () => {
  it('hands outputs on, is seen while it goes on, and tells its owner of its end', async () => {
    const s = await subscriber(), held = holdBack();
    const id = await s.run([s.step('scrape', { input: { url: '${input.urls.0}' } }), s.step('prices', { subscription_id: s.subscription_id, tool_listing_id: undefined }),
      s.step('analyze', { after: ['scrape', 'prices'], input: { from: '${steps.scrape.output.echo.url}', all: '${steps.prices.output}' } })], { input: { urls: ['https://example.com'] } });
    await until(() => held.waiting.length === 2, PATIENCE_MS, 'two steps are under way');
    const now = await s.traces(id);
    assert.equal(shown(now), 'running, scrape in_progress, prices in_progress, analyze blocked');
    assert.ok(now.traces[0].started_at && now.traces[0].duration_ms === undefined && now.traces[2].started_at === undefined);
    held.release();
    const seen = await ended(s, id);
    assert.equal(shown(seen), 'completed, scrape completed, prices completed, analyze completed');
    assert.deepEqual(seen.traces[2].output, { echo: { from: 'https://example.com', all: { echo: { urls: ['https://example.com'] } } } });
    assert.equal(seen.traces[2].output_size_bytes, JSON.stringify(seen.traces[2].output).length);
    assert.ok(seen.traces.every((t) => t.duration_ms >= 0 && t.tries === 1));
    assert.equal((await s.traces(id, '&step=prices')).traces.length, 1);
    assert.equal((await s.traces(id)).traces[0].output, undefined);
    assert.equal(code(await provider.get(`/pipeline-traces?pipeline_id=${id}`)), '404 not_found');
    assert.equal((await s.traces(seen.template_id)).pipeline_id, id);
    assert.deepEqual(await counted(one, s.subscription_id), { used: 3, overage: 0, in_flight: 0 });
    await until(async () => (await s.who.ok('/notifications-list')).notifications.some((n) => n.type === 'pipeline_completed' && n.payload.pipeline_id === id), PATIENCE_MS, 'its owner is told');
  });

  it('shows a tool its credential, as /tool-proxy does', async () => {
    const s = await subscriber({ meta: { auth_type: 'bearer', auth_secret: 's3cret' } });
    const seen = await ended(s, await s.run([s.step('a')], { input: { credential: s.listing_id } }));
    assert.equal(shown(seen), 'completed, a completed');
    assert.equal(upstream.seen.find((r) => r.body.includes(s.listing_id)).headers.authorization, 'Bearer s3cret');
  });

  it('fails with what a tool did wrong, and with an output that is too large', async () => { // limit: pipeline output
    const s = await subscriber();
    for (const [answer, expected] of [
      [(req, res) => res.writeHead(422).end('{}'), 'upstream_error'], [(req, res) => res.end('<html>'), 'upstream_error'],
      [(req, res) => res.end(JSON.stringify('x'.repeat(262_144))), 'output_too_large'],
      [(req, res) => res.writeHead(302, { location: 'http://169.254.169.254/' }).end('{}'), 'upstream_error'],
    ]) {
      upstream.answer = answer;
      const seen = await ended(s, await s.run([s.step('a', { retry: { max: 0 } }), s.step('b', { after: ['a'] })]));
      assert.deepEqual([seen.error.code, seen.traces[0].error.code, shown(seen)], [expected, expected, 'failed, a failed, b skipped']);
    }
    upstream.answer = usual;
    await one.sql(`update market_listings set tool_meta = jsonb_set(tool_meta, '{upstream_url}', '"https://169.254.169.254/"') where id = '${s.listing_id}'`);
    assert.equal((await ended(s, await s.run([s.step('a')]))).error.code, 'upstream_blocked');
    assert.deepEqual(await counted(one, s.subscription_id), { used: 0, overage: 0, in_flight: 0 });
  });

  it('that is canceled, from the other host too, cuts off its calls, and starts no other', async () => {
    const s = await subscriber(), held = holdBack();
    const id = await s.run([s.step('a'), s.step('b'), s.step('c', { after: ['a'] })]);
    await until(() => held.waiting.length === 2, PATIENCE_MS, 'two steps are under way');
    const cut = held.waiting.map(({ res }) => new Promise((done) => { res.on('close', done); }));
    for (const host of [two, one]) assert.deepEqual(code(await host.request(s.who.key, 'POST', PATH, { action: 'cancel', pipeline_id: id })), '200 ok');
    await Promise.all(cut);
    upstream.answer = usual;
    assert.equal(shown(await ended(s, id)), 'canceled, a canceled, b canceled, c canceled');
    await until(async () => (await counted(one, s.subscription_id)).in_flight === 0, PATIENCE_MS, 'the calls are given back');
    assert.deepEqual(await counted(one, s.subscription_id), { used: 0, overage: 0, in_flight: 0 });
    const done = await s.run([s.step('a')]);
    await ended(s, done);
    const late = await s.who.post(PATH, { action: 'cancel', pipeline_id: done });
    assert.deepEqual([code(late), late.body.status], ['409 invalid_state', 'completed']);
    assert.equal(code(await provider.post(PATH, { action: 'cancel', pipeline_id: id })), '404 not_found');
  });

  it('ends while a call is under way when its owner is frozen: later steps say so', async () => {
    const s = await subscriber(), held = holdBack();
    const id = await s.run([s.step('a'), s.step('b', { after: ['a'] })]);
    await until(() => held.waiting.length === 1, PATIENCE_MS, 'the first step is under way');
    await one.sql(`update market_actors set state = 'frozen' where id = '${s.who.id}'`);
    held.release();
    const seen = await ended(s, id);
    assert.deepEqual([shown(seen), seen.error.code], ['failed, a completed, b failed', 'agent_frozen']);
    await until(async () => (await s.who.ok('/notifications-list')).notifications.some((n) => n.type === 'pipeline_failed' && n.payload.code === 'agent_frozen'), PATIENCE_MS, 'its owner is told');
  });

  it('goes on over a reload, and keeps what is under way', async () => {
    const s = await subscriber(), held = holdBack();
    const id = await s.run([s.step('a'), s.step('b', { after: ['a'] })]);
    await until(() => held.waiting.length === 1, PATIENCE_MS, 'the first step is under way');
    for (const host of [one, two]) assert.equal((await host.human('reload')).code, 0);
    held.release();
    assert.equal(shown(await ended(s, id)), 'completed, a completed, b completed');
    assert.equal(held.waiting.length, 1);
  });

  it('that is asked for twice with the same key is one', async () => {
    const s = await subscriber(), template_id = await s.create([s.step('a')]);
    const ask = async () => (await fetch(one.url + PATH, { method: 'POST', body: JSON.stringify({ action: 'run', template_id }),
      headers: { 'x-api-key': s.who.key, 'content-type': 'application/json', 'idempotency-key': template_id } })).json();
    const first = await ask();
    assert.equal((await ask()).pipeline_id, first.pipeline_id);
    await ended(s, first.pipeline_id);
    assert.deepEqual(await counted(one, s.subscription_id), { used: 1, overage: 0, in_flight: 0 });
  });
});

describe('a step that buys a task', () => {
  let seller, human, listing_id;
  before(async () => {
    seller = await one.actor({ name: 'Seller' });
    human = await one.actor({ name: 'Hugo', type: 'human' });
    ({ id: listing_id } = await seller.ok('/listings-create', { direction: 'sell', listing_type: 'task_execution', title: 'Summary', description: 'Of a text',
      category_tags: ['data:text'], price_usd: 40 }));
  });

  /** A run of a task, and a step that reads what it has delivered, when the task is there: {id, transaction_id, s}. */
  async function begun(fields = {}) {
    const steps = [{ name: 'summarize', listing_type: 'task_execution', config: { listing_id, input: { text: '${input.text}' } } },
      { name: 'again', listing_type: 'task_execution', depends_on: ['summarize'], config: { listing_id, input: { text: '${steps.summarize.output.summary}' } } }];
    const { template_id } = await human.ok(PATH, { name: 'T', steps });
    const { pipeline_id: id } = await human.ok(PATH, { action: 'run', template_id, input: { text: 'long' }, ...fields });
    const s = { traces: (run, query = '') => human.ok(`/pipeline-traces?pipeline_id=${run}${query}`) };
    return { id, s, task: (n) => until(async () => (await s.traces(id)).traces[n].transaction_id, PATIENCE_MS, 'the task is there') };
  }
  const deliver = (transaction_id, summary) => seller.ok('/transactions-deliver', { transaction_id, output_data: { summary } });

  it('waits until it is delivered, and hands that on', async () => {
    const { id, s, task } = await begun({ budget_usd: 80 });
    await task(0);
    const first = (await s.traces(id)).traces[0].transaction_id;
    assert.equal(shown(await s.traces(id)), 'running, summarize in_progress, again blocked');
    await human.ok('/transactions-assign', { transaction_id: first });
    await deliver(first, 'short');
    await task(1);
    const second = (await s.traces(id)).traces[1].transaction_id;
    assert.deepEqual((await human.ok(`/transactions-get?transaction_id=${second}`)).input_data, { text: 'short' });
    await human.ok('/transactions-assign', { transaction_id: second });
    await deliver(second, 'shorter');
    const seen = await ended(s, id);
    assert.equal(shown(seen), 'completed, summarize completed, again completed');
    assert.deepEqual([seen.traces[1].output, seen.spent_cents], [{ summary: 'shorter' }, 8000]);
  });

  it('has failed when it is declined, and costs nothing', async () => {
    const { id, s, task } = await begun();
    await task(0);
    const { transaction_id } = (await s.traces(id)).traces[0];
    await human.ok('/transactions-assign', { transaction_id });
    await seller.ok('/transactions-cancel', { transaction_id });
    const seen = await ended(s, id);
    assert.deepEqual([shown(seen), seen.error.code, seen.spent_cents], ['failed, summarize failed, again skipped', 'task_canceled_refunded', 0]);
  });

  it('is not bought beyond the budget, nor by an agent without what it is a part of', async () => {
    const { id, s } = await begun({ budget_usd: 39.99 });
    assert.equal((await ended(s, id)).error.code, 'budget_exceeded');
    assert.equal(await one.one(`select count(*) from market_transactions t join market_history h on h.entity_id = t.id::text and h.cause = 'pipeline-run'
      where t.buyer_id = '${human.id}'`), await one.one(`select count(*) from market_pipeline_steps where task_id is not null`));
    const agent = await subscriber();
    const run = await agent.run([{ name: 'a', listing_type: 'task_execution', config: { listing_id } }]);
    assert.equal((await ended(agent, run)).error.code, 'missing_parent_transaction');
  });
});

describe('workers that are killed', () => {
  const kill = (host) => { for (const pid of host.workers()) process.kill(pid, 'SIGKILL'); };
  const killed = async (host) => {
    const before_ = host.workers();
    kill(host);
    await until(() => host.workers().length === 2 && !host.workers().some((pid) => before_.includes(pid)), PATIENCE_MS, 'new workers are there');
    await until(() => fetch(`${host.url}/ready`).then((r) => r.status === 200, () => false), PATIENCE_MS, 'they serve');
  };

  it('within a call leave a step that is not called again, and say that it was cut off', async () => {
    const s = await subscriber({ plans: [plan({ included_calls: 0, overage_cents_per_call: 2 })] });
    await fund(one, s.who, 1);
    const had = await one.earned(s.who), held = holdBack();
    const id = await s.run([s.step('a'), s.step('b', { after: ['a'] })]);
    await until(() => held.waiting.length === 1, PATIENCE_MS, 'the call is made');
    await Promise.all([killed(one), killed(two)]);
    const seen = await ended(s, id);
    upstream.answer = usual;
    assert.deepEqual([shown(seen), seen.error.code, seen.spent_cents], ['failed, a failed, b skipped', 'call_lost', 0]);
    assert.equal(held.waiting.length, 1);
    assert.deepEqual(await counted(one, s.subscription_id), { used: 0, overage: 0, in_flight: 0 });
    assert.equal(await one.earned(s.who), had);
  });

  it('again and again leave a run that ends, with each call known and paid for once', async () => {
    const s = await subscriber({ plans: [plan({ included_calls: 0, overage_cents_per_call: 2 })] });
    await fund(one, s.who, 5);
    const had = await one.earned(s.who), retry = { max: 5, backoff_s: 1 }, names = 'abcdefgh'.split('');
    const steps = names.map((name, i) => s.step(name, { retry, input: { of: name }, after: names.slice(Math.max(0, i - 2), i) }));
    upstream.seen.length = 0;
    let calls = 0;
    upstream.answer = (req, res, body) => { // within every third call workers die; it may be theirs
      calls += 1;
      if (calls % 3 === 0) kill(calls % 2 ? one : two);
      usual(req, res, body);
    };
    const id = await s.run(steps, { budget_usd: 5 });
    let seen;
    await until(async () => {
      const answer = await fetch(`${one.url}/pipeline-traces?pipeline_id=${id}`, { headers: { 'x-api-key': s.who.key } }).then((r) => r.status === 200 && r.json(), () => null);
      if (answer) seen = answer;
      return seen && OVER.has(seen.status);
    }, 4 * PATIENCE_MS, 'the run has ended');
    upstream.answer = usual;
    assert.equal(shown(seen), ['completed', ...names.map((name) => `${name} completed`)].join(', '));
    assert.ok(calls >= names.length);
    assert.equal(seen.spent_cents, 2 * names.length);
    assert.equal(had - await one.earned(s.who), 2000 * names.length);
    const ids = upstream.seen.map((r) => r.headers['x-call-id']);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(await one.sql(`select outcome || ' ' || count(*) from market_tool_calls where subscription_id = '${s.subscription_id}' and outcome = 'ok' group by outcome`), [`ok ${names.length}`]);
    const known = await one.sql(`select id from market_tool_calls where subscription_id = '${s.subscription_id}'`);
    assert.deepEqual(ids.filter((call) => !known.includes(call)), []);
  });
});

it('leaves the books true', async () => {
  await until(async () => (await one.one('select 1 from ledger_accounts where debits_pending <> 0 limit 1')) === undefined, PATIENCE_MS, 'nothing is set aside');
  await two.stop(); // the database has room for one host's connections, and few more
  const { stdout, stderr, code: exit } = await one.human('ledger', 'check');
  assert.equal(exit, 0, stdout + stderr);
});
