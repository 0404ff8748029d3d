// spec/e2e/market_benchmarks.test.mjs -- tools are measured by suites: what comes out is what the tool did, also when the host is killed.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { startMarket } from './market_trading.mjs';
import { makeTool, plan, startUpstream, PATIENCE_MS, UPSTREAM } from './market_tools_world.mjs';
import { until } from './support.mjs';

const env = { HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32`, HUMAN_SEAL_KEY: randomBytes(32).toString('hex') };
let market, suites;

before(async () => {
  market = await startMarket({ env });
  const who = await market.actor();
  suites = Object.fromEntries((await who.ok('/benchmarks-suites')).suites.map((s) => [s.name, s.suite_id]));
});
after(async () => {
  await market?.stop();
  assert.deepEqual(errors(market?.log() ?? '').filter((line) => !line.includes('was ended by signal 9')), []);
});

const code = (answer) => `${answer.status} ${answer.body.code ?? 'ok'}`;
const ended = (run_id) => until(async () => ['completed', 'failed'].includes(await market.one(`select state from market_benchmark_runs where id = '${run_id}'`)), PATIENCE_MS, 'the run has ended');

/** A provider with a tool that answers so: {who, upstream, listing_id, run(suite)}. */
async function provider(answer, options = {}) {
  const who = await market.actor(), upstream = await startUpstream(answer);
  after(() => upstream.close());
  const listing_id = await makeTool(market, who, upstream.url, options);
  const run = async (suite) => who.ok('/benchmarks-run', { actor_id: who.id, suite_id: suites[suite] });
  return { who, upstream, listing_id, run, of_tool: async () => (await who.ok(`/tool-benchmarks?listing_id=${listing_id}`)).benchmarks,
    results: async () => (await who.ok(`/benchmarks-results?actor_id=${who.id}`)).results };
}

describe('a run', () => {
  it('measures what the tool does, at nobody\'s cost', async () => {
    let n = 0;
    const p = await provider((req, res, body) => { // it knows one of the two words, and fails each eighth time
      n += 1;
      if (n % 8 === 0) return res.writeHead(503).end('{}');
      return res.end(JSON.stringify({ label: 'Positive', given: body.text.length }));
    }, { category_tags: ['text:sentiment'], plans: [plan({ included_calls: 1 })], meta: { auth_type: 'bearer', auth_secret: 's3cret' } });
    const user = await market.actor();
    await user.ok('/tool-subscriptions', { listing_id: p.listing_id, plan_id: 'starter' });
    assert.deepEqual(await p.of_tool(), []);
    const { run_id, status } = await p.run('sentiment');
    assert.equal(status, 'queued');
    await ended(run_id);
    assert.equal(n, 16);
    const samples = (await market.sql(`select outcome, latency_ms, score from market_benchmark_samples where run_id = '${run_id}' order by n`)).map((line) => line.split('|'));
    const ok = samples.filter(([outcome]) => outcome === 'ok'), times = ok.map(([, ms]) => Number(ms)).sort((a, b) => a - b);
    assert.deepEqual([samples.length, ok.length], [16, 14]);
    const accuracy = Math.round(10_000 * ok.reduce((sum, [, , score]) => sum + Number(score), 0) / 14) / 10_000;
    assert.ok(accuracy > 0.4 && accuracy < 0.6, `${accuracy}`); // four of the eight texts are positive
    assert.deepEqual(await p.of_tool(), [
      { type: 'latency', status: 'completed', results: { p50_ms: times[6], p95_ms: times[13] }, suite: 'sentiment' },
      { type: 'accuracy', status: 'completed', results: { score: accuracy }, suite: 'sentiment' },
      { type: 'reliability', status: 'completed', results: { success_rate: 0.875 }, suite: 'sentiment' }]);
    const [result] = await p.results();
    assert.deepEqual([result.suite, result.accuracy, result.speed_p50_ms, result.success_rate, result.listing_id], ['sentiment', accuracy, times[6], 0.875, p.listing_id]);
    assert.ok(Math.abs(result.composite - (0.6 * accuracy + 0.3 * 0.875 + 0.1 * Math.min(1, 1000 / times[6]))) < 0.001, JSON.stringify(result));
    assert.equal(p.upstream.seen[0].headers.authorization, 'Bearer s3cret');
    assert.equal(await market.one(`select count(*) from market_tool_calls where listing_id = '${p.listing_id}'`), '0');
    assert.equal(await market.one(`select sum(used + overage + in_flight) from market_periods p join market_subscriptions s on s.id = p.subscription_id where s.listing_id = '${p.listing_id}'`), '0');
    const score = Math.round(100 * (0.45 + 0.1 * (2.5 + result.composite) / 6)); // a tenth of it, which begins at one half
    await until(async () => await market.one(`select provider_score from market_actors where id = '${p.who.id}'`) === String(score), PATIENCE_MS, 'its provider is known by it');
    assert.equal(await market.one(`select consumer_score is null from market_actors where id = '${p.who.id}'`), 't');
  });

  it('holds the examples of any tool against what it promises', async () => {
    const p = await provider((req, res, body) => res.end(JSON.stringify(body.n === 2 ? { sum: 'two' } : { sum: body.n })), {
      input_schema: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'], examples: [{ n: 1 }, { n: 2 }, 5] }, output_schema: { sum: 'number' } });
    const { run_id } = await p.run('api-conformance');
    await ended(run_id);
    const [result] = await p.results();
    assert.deepEqual([result.accuracy, result.success_rate, p.upstream.counted], [0.5, 1, 10]);
  });

  it('ends when the tool does nothing but fail, and says so', async () => {
    const p = await provider((req, res) => res.writeHead(500).end(), { category_tags: ['text:sentiment'] });
    const { run_id } = await p.run('sentiment');
    await ended(run_id);
    assert.equal(p.upstream.counted, 5); // limit: benchmark failures
    assert.deepEqual((await p.of_tool()).map((b) => [b.status, b.results.success_rate ?? b.results.score ?? b.results.p50_ms]), [['failed', undefined], ['failed', undefined], ['failed', 0]]);
    assert.deepEqual(await p.results(), []);
    await until(async () => (await p.who.ok('/notifications-list')).notifications.some((note) => note.type === 'benchmark_failed'), PATIENCE_MS, 'it is told');
  });

  it('goes on where it was when its worker is killed', async () => {
    let held = null;
    const p = await provider((req, res, body) => {
      const go = () => res.end(JSON.stringify({ label: /not bad|best|fast|staff/i.test(body.text) ? 'positive' : 'negative' }));
      if (p.upstream.counted === 6) held = go; else go();
    }, { category_tags: ['text:sentiment'] });
    const { run_id } = await p.run('sentiment');
    await until(() => held, PATIENCE_MS, 'the sixth call is made');
    const measured = () => market.sql(`select n, outcome, latency_ms, score from market_benchmark_samples where run_id = '${run_id}' and n <= 5 order by n`);
    const before_ = await measured();
    assert.deepEqual((await p.who.ok('/benchmarks-run', { actor_id: p.who.id, suite_id: suites.sentiment })), { run_id, status: 'running' });
    for (const pid of market.workers()) process.kill(pid, 'SIGKILL');
    await ended(run_id);
    assert.deepEqual([await measured(), p.upstream.counted], [before_, 17]); // the sixth was made again, and no other
    const [result] = await p.results();
    assert.deepEqual([result.accuracy, result.success_rate], [1, 1]);
  });
});

describe('who', () => {
  it('may run them is the actor, its owner\'s and an admin, so often a day', async () => { // limit: benchmark runs
    const p = await provider(undefined, { category_tags: ['text:sentiment'] });
    const ask = { actor_id: p.who.id, suite_id: suites.sentiment };
    const other = await market.actor(), admin = await market.actor({ type: 'human', role: 'admin' }), sibling = await market.actor({ owner: p.who.owner });
    assert.equal(code(await other.post('/benchmarks-run', ask)), '403 forbidden');
    assert.equal(code(await p.who.post('/benchmarks-run', { ...ask, suite_id: p.listing_id })), '404 not_found');
    assert.equal(code(await p.who.post('/benchmarks-run', { ...ask, suite_id: suites['data-extraction'] })), '404 not_found');
    assert.equal(code(await other.post('/benchmarks-run', { ...ask, actor_id: p.listing_id })), '404 not_found');
    assert.equal(code(await other.post('/benchmarks-run', { ...ask, actor_id: other.id })), '404 not_found');
    for (const who of [sibling, admin]) await ended((await who.ok('/benchmarks-run', ask)).run_id);
    await market.sql(`insert into market_benchmark_runs (actor_id, listing_id, asked_by, suite_id, suite, plan, passes, target_ms)
      select '${p.who.id}', '${p.listing_id}', '${p.who.id}', gen_random_uuid(), 'spec', '[]', 1, 1 from generate_series(1, 8)`);
    assert.equal(code(await p.who.post('/benchmarks-run', ask)), '429 rate_limited');
    await market.sql(`update market_actors set state = 'frozen' where id = '${p.who.id}'`);
    assert.equal(code(await admin.post('/benchmarks-run', ask)), '403 agent_frozen');
  });

  it('asks for what is not there is told so', async () => {
    const who = await market.actor();
    assert.equal(code(await who.get(`/benchmarks-results?actor_id=${suites.sentiment}`)), '404 not_found');
    assert.equal(code(await who.get(`/tool-benchmarks?listing_id=${suites.sentiment}`)), '404 not_found');
    assert.deepEqual(await who.ok(`/benchmarks-results?actor_id=${who.id}`), { results: [] });
  });
});
