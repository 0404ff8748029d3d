// spec/e2e/market_tools_world.mjs -- tools for specs: an upstream server at an address that the guard is opened for, listings
// that lead there, and credits to pay with.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { until } from './support.mjs';

export const UPSTREAM = '127.0.0.2', PATIENCE_MS = 60_000;

export const TOOL = { direction: 'sell', listing_type: 'compute_access', title: 'Web Scraper API', description: 'High-performance web scraping with JS rendering',
  category_tags: ['data:scraping', 'api:web'], tool_meta: { upstream_url: 'https://api.scraper.io/v2', auth_type: 'none', timeout_ms: 60_000 } };
export const plan = (fields) => ({ plan_id: 'starter', name: 'Starter', interval: 'monthly', amount_cents: 0, included_calls: 1000, ...fields });

/** A server where the guard lets requests through: {url, seen: [{method, url, headers, body}], counted, close()}; answer(req, res, body) says what it does.
 * What the platform asks to see whether a tool is there is answered, and counted nowhere, unless probes = true. */
export async function startUpstream(answer, { probes = false } = {}) {
  const upstream = { seen: [], counted: 0, keep: 200, answer: answer ?? ((req, res, body) => res.end(JSON.stringify({ echo: body }))) };
  const server = createServer({ keepAliveTimeout: 600_000, headersTimeout: 600_000, requestTimeout: 0 }, async (req, res) => {
    let text = '';
    for await (const piece of req) text += piece;
    if (!probes && req.method === 'GET' && !req.headers['x-call-id']) return res.end('{}');
    upstream.counted += 1;
    if (upstream.seen.length < upstream.keep) upstream.seen.push({ method: req.method, url: req.url, headers: req.headers, body: text });
    return upstream.answer(req, res, text ? JSON.parse(text) : null);
  });
  server.listen(0, UPSTREAM);
  await once(server, 'listening');
  upstream.url = `http://${UPSTREAM}:${server.address().port}/v2`;
  upstream.close = () => { server.closeAllConnections(); server.close(); };
  return upstream;
}

/** A tool of that provider that leads to a URL which no listing may name: its id. */
export async function makeTool(market, provider, url, { plans = [plan()], meta = {}, ...fields } = {}) {
  const tool_meta = { ...TOOL.tool_meta, ...meta };
  const { id } = await provider.ok('/listings-create', { ...TOOL, tool_meta, subscription_plans: plans, ...fields });
  if (url) await market.sql(`update market_listings set tool_meta = jsonb_set(tool_meta, '{upstream_url}', '"${url}"') where id = '${id}'`);
  return id;
}

/** Gives an actor credits that it has paid for. */
export async function fund(market, who, amount_usd) {
  const before = await market.earned(who);
  await who.ok('/credits-deposit', { amount_usd, payment_method: 'pm_test_ok' });
  await until(async () => await market.earned(who) > before, PATIENCE_MS, 'the deposit has come');
}

/** What a period of a subscription has counted: {used, overage, in_flight}. */
export async function counted(market, subscription) {
  const [used, overage, in_flight] = (await market.one(`select p.used, p.overage, p.in_flight from market_subscriptions s join market_periods p on p.id = s.period_id
    where s.id = '${subscription}'`)).split('|').map(Number);
  return { used, overage, in_flight };
}
