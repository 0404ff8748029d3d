// spec/e2e/market_sla.test.mjs -- the platform asks tools whether they are there, tells of those that do not keep what they promise, and
// shows their providers numbers that are the ledger's.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { startMarket } from './market_trading.mjs';
import { fund, makeTool, plan, startUpstream, PATIENCE_MS, UPSTREAM } from './market_tools_world.mjs';
import { until } from './support.mjs';

const DEAF = '127.0.0.3'; // another host than the others', since one host is asked only so much at a time
const env = { HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32, ${DEAF}/32` };
let market;

before(async () => {
  market = await startMarket({ env });
});
after(async () => {
  await market?.stop();
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

/** A tool with a subscriber: {id, provider, user, subscription_id, call()}. */
async function tool(url, { usd, plan_id = 'starter', ...options } = {}) {
  const provider = await market.actor(), user = await market.actor();
  if (usd) await fund(market, user, usd);
  const id = await makeTool(market, provider, url, options);
  const { subscription_id } = await user.ok('/tool-subscriptions', { listing_id: id, plan_id });
  return { id, provider, user, subscription_id, call: (input = {}) => user.post('/tool-proxy', { subscription_id, input }) };
}

const probed = async (id) => (await market.one(`select coalesce(sum(probes), 0) || ' ' || coalesce(sum(probe_failures), 0) from market_tool_hours where listing_id = '${id}'`));
const probes = async (id) => Number((await probed(id)).split(' ')[0]);

/** Has a tool asked once more than it was. */
async function ask(id) {
  const had = await probes(id);
  await market.sql(`update market_tools set probe_at = human_now() where listing_id = '${id}'`);
  await until(async () => await probes(id) > had, PATIENCE_MS, 'it is asked');
}

const summed = (id, n) => until(async () => Number(await market.one(`select coalesce(sum(calls), 0) from market_tool_hours where listing_id = '${id}'`)) === n, 90_000, 'its calls are summed up');

const upstreams = [];
after(() => upstreams.forEach((one) => one.close()));

/** A server of this spec's own. */
async function serves(answer) {
  const one = await startUpstream(answer, { probes: true });
  upstreams.push(one);
  return one;
}

describe('a tool that somebody has subscribed to', { concurrency: true }, () => {
  it('is asked by GET, without input and credential, at its own address', async () => {
    const upstream = await serves(), t = await tool(`${upstream.url}/asked`, { meta: { auth_type: 'bearer', auth_secret: 's3cret' } });
    await ask(t.id);
    const [seen] = upstream.seen.filter((r) => r.url === '/v2/asked');
    assert.deepEqual([seen.method, seen.body, seen.headers.authorization, seen.headers['x-api-key']], ['GET', '', undefined, undefined]);
    assert.equal(await probed(t.id), '1 0');
    assert.equal(await market.one(`select count(*) from market_tool_calls where listing_id = '${t.id}'`), '0');
    assert.equal(await market.one(`select probe_at > human_now() + interval '20 seconds' from market_tools where listing_id = '${t.id}'`), 't');
  });

  it('and does not answer is in breach of its uptime after three times, once an hour', async () => {
    const dead = await serves((req, res) => res.writeHead(503).end());
    const t = await tool(dead.url, { sla_config: { uptime_target_pct: 99.5 } });
    for (let i = 0; i < 2; i += 1) await ask(t.id);
    assert.deepEqual((await t.provider.ok('/sla-breach')).breaches, []);
    await ask(t.id);
    const breaches = async () => (await t.provider.ok(`/sla-breach?listing_id=${t.id}`)).breaches.map((b) => [b.severity, b.type, b.value, b.threshold]);
    await until(async () => (await breaches()).length === 1, PATIENCE_MS, 'the breach is noted');
    assert.deepEqual(await breaches(), [['critical', 'uptime', 0, 99.5]]);
    await ask(t.id);
    await ask(t.id); // what the one before has come to has been noted
    assert.equal((await breaches()).length, 1);
    for (const who of [t.provider, t.user]) {
      await until(async () => (await who.ok('/notifications-list')).notifications.some((note) => note.type === 'tool_sla_breach'), PATIENCE_MS, 'it is told');
    }
    await market.sql(`update market_sla_breaches set at = at - interval '61 minutes' where listing_id = '${t.id}'`);
    await ask(t.id);
    await until(async () => (await breaches()).length === 2, PATIENCE_MS, 'the next breach is noted');
    const check = await t.user.ok(`/tool-sla-check?listing_id=${t.id}`);
    assert.deepEqual([check.uptime_30d, check.sla_target_pct, check.breaches_30d, check.status], [0, 99.5, 2, 'breached']);
    dead.answer = (req, res) => res.writeHead(405).end(); // it is there, and takes no GET
    await ask(t.id);
    await until(async () => await market.one(`select probe_misses from market_tools where listing_id = '${t.id}'`) === '0', PATIENCE_MS, 'it is there again');
  });

  it('holds up no other when it hangs', async () => {
    let open = 0, most = 0;
    const deaf = createServer((req) => { open += 1; most = Math.max(most, open); req.on('error', () => {}).on('close', () => { open -= 1; }); });
    deaf.listen(0, DEAF);
    await once(deaf, 'listening');
    const hanging = await Promise.all(Array.from({ length: 12 }, () => tool(`http://${DEAF}:${deaf.address().port}/`)));
    let during = 0;
    const well = await tool((await serves((req, res) => { if (open > 0) during += 1; res.end('{}'); })).url);
    const ids = [...hanging, well].map((t) => `'${t.id}'`).join(',');
    const all = () => market.sql(`update market_tools set probe_at = human_now() where listing_id in (${ids})`);
    await all();
    for (const t of hanging) await until(async () => await probed(t.id) === '1 1', PATIENCE_MS, 'it was asked in vain');
    await until(async () => { await all(); return during >= 2; }, 90_000, 'the other is asked while they hang'); // limit: tool probes
    assert.equal((await probed(well.id)).split(' ')[1], '0');
    assert.ok(most <= 32, `${most}`);
    deaf.closeAllConnections();
    deaf.close();
  });

  it('and has lost all that did, or is paused, is not asked', async () => {
    const { url } = await serves(), t = await tool(url), other = await tool(url);
    await t.provider.ok('/provider-tools', { action: 'pause', listing_id: t.id });
    await market.sql(`update market_tools set probe_at = human_now() - interval '1 hour' where listing_id = '${t.id}'`);
    await ask(other.id);
    assert.equal(await probes(t.id), 0);
  });

  it('may promise a rate of errors, which callers alone meet', async () => {
    let n = 0;
    const flaky = await serves((req, res) => { n += 1; if (req.method === 'POST' && n % 5 === 0) res.writeHead(500).end(); else res.end('{}'); });
    const t = await tool(flaky.url, { sla_config: { max_error_rate_pct: 5 } });
    for (let i = 0; i < 25; i += 1) await t.call();
    await summed(t.id, 25);
    const breaches = () => t.provider.ok('/sla-breach').then((b) => b.breaches.map(({ type, severity, threshold }) => [type, severity, threshold]));
    await until(async () => (await breaches()).length > 0, PATIENCE_MS, 'the breach is noted');
    assert.deepEqual(await breaches(), [['error_rate', 'critical', 5]]);
  });

  it('is shown alike wherever it is searched for, and the money is the ledger\'s', async () => {
    const upstream = await serves(), t = await tool(upstream.url, { usd: 50, title: 'Heliotrope', plans: [plan({ amount_cents: 2933, included_calls: 2, overage_cents_per_call: 0.7 })] });
    upstream.answer = (req, res) => res.end('{}');
    for (let i = 0; i < 9; i += 1) assert.equal((await t.call()).status, 200);
    upstream.answer = (req, res) => res.writeHead(500).end();
    assert.equal((await t.call()).status, 502);
    upstream.answer = (req, res) => res.end('{}');
    await summed(t.id, 10);
    await until(async () => (await t.user.ok(`/tool-sla-check?listing_id=${t.id}`)).uptime_30d !== undefined, PATIENCE_MS, 'its uptime is known');
    await market.sql(`update market_tools set probe_at = human_now() + interval '1 day' where listing_id = '${t.id}'`);
    await until(async () => {
      const [found] = (await t.user.ok('/tool-search?query=heliotrope')).tools, check = await t.user.ok(`/tool-sla-check?listing_id=${t.id}`);
      const sums = await market.one(`select round(100.0 * sum(calls + probes - failures - probe_failures) / sum(calls + probes), 2) from market_tool_hours where listing_id = '${t.id}'`);
      return found.uptime_30d === check.uptime_30d && check.uptime_30d === Number(sums);
    }, PATIENCE_MS, 'both have the same uptime, of all that was asked');
    const a = await t.provider.ok(`/provider-analytics?listing_id=${t.id}`), check = await t.user.ok(`/tool-sla-check?listing_id=${t.id}`);
    assert.deepEqual([a.uptime_30d, a.calls_30d, a.subscribers], [check.uptime_30d, 10, 1]);
    const rows = (await market.sql(`select t.amount, c.code in (6300, 6310) from ledger_transfers t join ledger_accounts c on c.id = t.credit
      where t.kind in ('posted', 'post') and t.event in ('tool_subscription', 'tool_usage') and t.cause in
        (select p.id::text from market_periods p join market_subscriptions s on s.id = p.subscription_id where s.listing_id = '${t.id}'
         union all select id::text from market_tool_calls where listing_id = '${t.id}')`)).map((line) => line.split('|'));
    const sum = (of) => rows.filter(of).reduce((all, [amount]) => all + Number(amount), 0);
    assert.equal(sum(() => true), 2_933_000 + 7 * 700);
    assert.deepEqual([a.revenue_30d_cents, a.platform_fee_30d_cents], [Math.round(sum(() => true) / 1000), Math.round(sum(([, fee]) => fee === 't') / 1000)]);
    assert.equal(a.revenue_30d_cents, a.platform_fee_30d_cents + a.net_revenue_30d_cents);
    assert.equal(sum(([, fee]) => fee === 'f'), await market.earned(t.provider) + Number(await market.one(`select coalesce(sum(remaining), 0) from credit_lots where actor = '${t.provider.id}' and pool = 'M'`)));
  });

  it('may name an address of the same host to be asked at', async () => {
    const provider = await market.actor();
    const meta = { upstream_url: 'https://api.example.com/v2', health_url: 'https://api.example.com/up' };
    const { tool: { id } } = await provider.ok('/provider-tools', { action: 'register', title: 'T', description: 'D', category_tags: ['a:b'], subscription_plans: [plan()], tool_meta: meta });
    const changed = await provider.post('/provider-tools', { action: 'update', listing_id: id, tool_meta: { health_url: 'https://example.org/' } });
    assert.equal(`${changed.status} ${changed.body.code}`, '400 unsafe_url');
    assert.equal((await provider.ok(`/listings-get?listing_id=${id}`)).tool_meta.health_url, meta.health_url);
  });
});

describe('tools that fail all at once', () => {
  const set = (ids, at) => market.sql(`update market_tools set probe_at = human_now() ${at} where listing_id = any ('{${ids.join(',')}}')`);
  const misses = async (ids) => (await market.sql(`select probe_misses || ' ' || (select coalesce(sum(probe_failures), 0) from market_tool_minutes m where m.listing_id = t.listing_id)
    from market_tools t where listing_id = any ('{${ids.join(',')}}') order by 1`)).map(String);

  it('are not at fault, whose number says that this host is; fewer are', async () => {
    const servers = [], ids = [];
    let dead = 5;
    for (let i = 0; i < 5; i += 1) {
      servers.push(await serves((req, res) => res.writeHead(i < dead ? 503 : 200).end('{}')));
      ids.push((await tool(servers[i].url, { sla_config: { uptime_target_pct: 99.5 } })).id);
    }
    await market.sql(`update market_tools set probe_at = human_now() + interval '1 day', probe_misses = 0 where listing_id <> all ('{${ids.join(',')}}')`);
    const said = () => market.log().split('most tools do not answer').length;
    const had = said();
    await set(ids, '');
    await until(() => said() > had, PATIENCE_MS, 'the operator is told');
    assert.deepEqual(await misses(ids), Array(5).fill('0 0'));
    dead = 2;
    await set(ids, '');
    await until(async () => (await misses(ids)).filter((m) => m === '1 1').length === 2, PATIENCE_MS, 'two have missed');
    assert.deepEqual(await misses(ids), ['0 0', '0 0', '0 0', '1 1', '1 1']);
  });
});
