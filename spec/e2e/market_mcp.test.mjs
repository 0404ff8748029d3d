// spec/e2e/market_mcp.test.mjs -- the marketplace over MCP: the contract's own dialect, JSON-RPC of all revisions, the official
// clients, what tools do, how calls end early, and what no client should send.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { errors } from './hosts.mjs';
import { startMarket } from './market_trading.mjs';
import { SEED } from './market_seed.mjs';
import { counted, makeTool, PATIENCE_MS, plan, startUpstream, UPSTREAM } from './market_tools_world.mjs';
import { root, until } from './support.mjs';

const [LIST, CALL] = SEED.find((e) => e.path === '/mcp-gateway').requests;
const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
const USAGE = 'humai.market/usage', KEY = 'humai.market/idempotencyKey';
const JSON_OF_OBJECT = { url: { type: 'string' }, format: { type: 'string' } };
let market, upstream, provider, caller, sub;

before(async () => {
  upstream = await startUpstream();
  market = await startMarket({ env: { HUMAN_CORS_ORIGINS: 'https://app.example', HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32`, HUMAN_SEAL_KEY: randomBytes(32).toString('hex') } });
  provider = await market.actor({ name: 'Provider' });
  caller = await market.actor({ name: 'Caller' });
  sub = await subscribed(caller, { input_schema: { type: 'object', properties: JSON_OF_OBJECT, required: ['url'] } });
});
after(async () => {
  await market?.stop();
  upstream?.close();
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

async function subscribed(who, fields = {}) {
  const listing_id = await makeTool(market, provider, upstream.url, fields);
  return { listing_id, ...await who.ok('/tool-subscriptions', { listing_id, plan_id: 'starter' }) };
}

/** One request: {status, headers, text, body}. */
async function send(body, { key = caller.key, headers = {}, to = '/mcp-gateway', ...options } = {}) {
  const answer = await fetch(market.url + to, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...(key && { 'x-api-key': key }), ...headers }, ...options });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: answer.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : null };
}

const rpc = (method, params, id = 1) => ({ jsonrpc: '2.0', id, method, params });
const modern = (method, params = {}, id = 'x') => rpc(method, { ...params, _meta: { ...META, ...params._meta } }, id);
const told = (method, name) => ({ 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': method, ...(name && { 'Mcp-Name': name }) });
const call = (name, args = {}, more = {}) => rpc('tools/call', { name, arguments: args, ...more });
const version = (v) => ({ headers: { 'MCP-Protocol-Version': v } });

/** The events of a stream: their JSON. */
const events = (text) => [...text.matchAll(/^data: (.*)$/gm)].map((m) => JSON.parse(m[1]));

describe('the dialect of the contract', () => {
  it('lists the tools that the caller has subscribed to', async () => {
    const { status, body } = await send(LIST);
    assert.equal(status, 200);
    const tool = body.tools.find((t) => t.name === 'humai__web_scraper');
    assert.deepEqual([tool.title, tool.description], ['Web Scraper API', 'High-performance web scraping with JS rendering']);
    assert.deepEqual(tool.inputSchema.properties, JSON_OF_OBJECT);
    assert.equal(tool.inputSchema.type, 'object');
  });

  it('calls one, at both paths, and the call counts', async () => {
    const { used } = await counted(market, sub.subscription_id);
    for (const to of ['/mcp-gateway', '/mcp']) {
      const { status, body } = await send(CALL, { to });
      assert.equal(status, 200);
      assert.equal(body.jsonrpc, undefined);
      assert.deepEqual(body.structuredContent, { echo: CALL.params.arguments });
      assert.deepEqual(JSON.parse(body.content[0].text), body.structuredContent);
      assert.equal(body._meta[USAGE].included_calls, 1000);
    }
    assert.equal((await counted(market, sub.subscription_id)).used, used + 2);
  });

  it('has errors of its own', async () => {
    const cases = [
      [{ method: 'resources/list' }, 400, 'unknown_method'], [{ method: 'tools/call', params: { name: 'humai__nothing' } }, 404, 'tool_not_found'],
      [{ method: 'tools/call' }, 404, 'tool_not_found'], [{ method: 'tools/call', params: [] }, 400, 'validation_error'],
      [{ method: 'tools/call', params: { name: 'humai__web_scraper', arguments: [1] } }, 400, 'validation_error'],
      [{ method: 'tools/list', params: { cursor: 'nowhere' } }, 400, 'validation_error'], [{ method: 'tools/list', params: { cursor: 5 } }, 400, 'validation_error'],
    ];
    for (const [body, status, code] of cases) {
      const answer = await send(body);
      assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(body));
    }
  });
});

describe('keys', () => {
  it('come as X-API-Key or as a bearer token', async () => {
    assert.equal((await send(LIST, { key: null, headers: { authorization: `Bearer ${caller.key}` } })).status, 200);
    for (const headers of [{}, { authorization: 'Bearer hm_no' }, { 'x-api-key': 'hm_no' }, { authorization: 'Basic YTpi' }]) {
      const answer = await send(LIST, { key: null, headers });
      assert.deepEqual([answer.status, answer.body.code], [401, 'unauthorized']);
      assert.match(answer.headers.get('www-authenticate'), /^(Bearer|ApiKey) realm=/);
    }
  });

  it('of a subscription open its one tool', async () => {
    await subscribed(caller, { title: 'Another one' });
    for (const headers of [{ 'x-api-key': sub.api_key }, { authorization: `Bearer ${sub.api_key}` }]) {
      assert.deepEqual((await send(LIST, { key: null, headers })).body.tools.map((t) => t.name), ['humai__web_scraper']);
      assert.deepEqual((await send(CALL, { key: null, headers })).body.structuredContent, { echo: CALL.params.arguments });
      for (const name of ['humai__another_one', 'humai__credits-balance']) assert.equal((await send({ method: 'tools/call', params: { name } }, { key: null, headers })).status, 404, name);
    }
  });

  it('of others open what they have subscribed to', async () => {
    const other = await market.actor();
    const names = (await send(LIST, { key: other.key })).body.tools.map((t) => t.name);
    assert.ok(!names.includes('humai__web_scraper') && names.includes('humai__tool-search'));
    assert.equal((await send(CALL, { key: other.key })).status, 404);
  });

  it('open nothing to pages elsewhere that cors.origins does not list', async () => {
    for (const [origin, status] of [['https://evil.example', 403], ['null', 403], [market.url, 200], ['https://app.example', 200]]) assert.equal((await send(LIST, { headers: { origin } })).status, status, origin);
  });
});

describe('names', () => {
  it('are of the title, told apart by numbers, and stay', async () => {
    const who = await market.actor(), ids = [];
    for (const title of ['Text Mill', 'Text mill API', 'text-mill!', '磨坊', 'A'.repeat(60)]) ids.push((await subscribed(who, { title })).listing_id);
    const names = async () => (await send(LIST, { key: who.key })).body.tools.map((t) => t.name).filter((n) => !n.includes('-'));
    const first = await names();
    assert.deepEqual(first, [`humai__${'a'.repeat(48)}`, 'humai__text_mill', 'humai__text_mill_2', 'humai__text_mill_3', `humai__tool_${ids[3].slice(0, 8)}`]);
    await market.sql(`update market_listings set title = 'Something else' where id = '${ids[0]}'`);
    assert.deepEqual(await names(), first);
  });

  it('are legal, of one kind of letters, and each has a schema of an object', async () => {
    const { tools } = (await send(LIST)).body;
    assert.equal(new Set(tools.map((t) => t.name)).size, tools.length);
    for (const tool of tools) {
      assert.match(tool.name, /^[a-zA-Z0-9_-]{1,64}$/);
      assert.equal(tool.inputSchema.type, 'object', tool.name);
      assert.ok(!tool.inputSchema.oneOf && !tool.inputSchema.anyOf, tool.name);
      assert.ok(tool.description, tool.name);
    }
  });
});

describe('what the platform does', () => {
  it('is a tool for each route that takes and gives JSON', async () => {
    const doc = await (await fetch(`${market.url}/openapi.json`)).json();
    const names = new Set((await send(LIST)).body.tools.map((t) => t.name));
    const admin = await market.actor({ type: 'human', role: 'admin' });
    const more = new Set((await send(LIST, { key: admin.key })).body.tools.map((t) => t.name));
    for (const e of SEED.filter((each) => doc.paths[each.path] && !/stream|upload|health|quick-start|actors-register|mcp-gateway|payments-test/.test(each.path))) {
      const name = `humai__${e.path.slice(1)}${e.path.includes('-') ? '' : `-${e.method.toLowerCase()}`}`;
      const isAdmins = /^\/(admin|disputes-resolve|audit)/.test(e.path);
      assert.equal(names.has(name), !isAdmins, name);
      assert.ok(more.has(name), name);
    }
    for (const left of ['actors-register', 'agents-quick-start', 'stripe-webhook', 'mcp-gateway', 'deliverables-upload', 'task-stream']) assert.ok(!names.has(`humai__${left}`), left);
  });

  it('is done by the same code, with the same answers and refusals', async () => {
    const listing = { direction: 'buy', listing_type: 'task_execution', title: 'Over MCP', description: 'A task', category_tags: ['data:extraction'], budget_ceiling_usd: 200 };
    const made = (await send(call('humai__listings-create', listing))).body.result;
    assert.equal(made.isError, undefined);
    const { id } = made.structuredContent;
    assert.deepEqual(await caller.ok(`/listings-get?listing_id=${id}`), (await send(call('humai__listings-get', { listing_id: id }))).body.result.structuredContent);
    const bidder = await market.actor({ tier: 2 });
    const bid = { listing_id: id, price_usd: 900, sla_hours: 24 };
    const overHttp = await bidder.post('/bids-create', bid);
    const overMcp = (await send(call('humai__bids-create', bid), { key: bidder.key })).body.result;
    assert.deepEqual([overMcp.isError, overMcp.structuredContent], [true, overHttp.body]);
    assert.equal(overHttp.body.code, 'bid_price_too_high');
  });

  it('is read-only or not, as its route is', async () => {
    const { tools } = (await send(LIST)).body;
    const hints = (name) => tools.find((t) => t.name === name).annotations;
    assert.deepEqual(hints('humai__listings-search'), { readOnlyHint: true, openWorldHint: false });
    assert.deepEqual(hints('humai__listings-update'), { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false });
    assert.equal(hints('humai__bids-create').destructiveHint, false);
    assert.deepEqual(hints('humai__web_scraper'), { openWorldHint: true });
  });

  it('is done once for an Idempotency-Key, in a header or in _meta', async () => {
    const listing = { direction: 'buy', listing_type: 'task_execution', title: `Once ${randomBytes(4).toString('hex')}`, description: 'A task', category_tags: ['data:extraction'], budget_ceiling_usd: 200 };
    const ways = [(key, args) => send(call('humai__listings-create', args, { _meta: { [KEY]: key } })),
      (key, args) => send(call('humai__listings-create', args), { headers: { 'idempotency-key': key } })];
    for (const [n, way] of ways.entries()) {
      const mine = { ...listing, title: `${listing.title} ${n}` }, key = randomBytes(8).toString('hex');
      const [first, again] = [await way(key, mine), await way(key, mine)];
      assert.equal(first.body.result.structuredContent.id, again.body.result.structuredContent.id);
      assert.equal(await market.one(`select count(*) from market_listings where title = '${mine.title}'`), '1');
      const other = await way(key, { ...mine, description: 'Another' });
      assert.deepEqual([other.body.result.isError, other.body.result.structuredContent.code], [true, 'idempotency_key_reused']);
    }
    const wrong = await send(call('humai__listings-create', listing, { _meta: { [KEY]: 5 } }));
    assert.equal(wrong.body.error.code, -32602);
    const { used } = await counted(market, sub.subscription_id);
    for (let n = 0; n < 2; n += 1) await send(call('humai__web_scraper', { url: 'https://once.example' }, { _meta: { [KEY]: 'one-call' } }));
    assert.equal((await counted(market, sub.subscription_id)).used, used + 1);
  });

  it('refuses wrong arguments as each revision says', async () => {
    const wrong = [call('humai__credits-history', { limit: 0 }), call('humai__credits-history', { nothing: 1 }), call('humai__web_scraper', { url: 5 }), call('humai__credits-balance', { x: 1 })];
    for (const body of wrong) {
      for (const v of ['2025-03-26', '2025-06-18']) assert.equal((await send(body, version(v))).body.error?.code, -32602, `${v} ${JSON.stringify(body)}`);
      const { result } = (await send(body, version('2025-11-25'))).body;
      assert.equal(result.isError, true);
      assert.match(result.structuredContent.code, /^(validation_error|input_schema_mismatch)$/);
      const { name } = body.params;
      assert.equal((await send(modern('tools/call', { ...body.params }), { headers: told('tools/call', name) })).body.result.isError, true);
    }
  });
});

describe('a tool', () => {
  const usual = (req, res, body) => res.end(JSON.stringify({ echo: body }));
  const ask = (more) => send(call('humai__web_scraper', { url: 'https://example.com' }, more));

  it('that fails is a result with its code, and does not count', async () => {
    const before_ = await counted(market, sub.subscription_id);
    upstream.answer = (req, res) => res.writeHead(500).end('{}');
    const { body } = await ask();
    upstream.answer = usual;
    assert.deepEqual([body.result.isError, body.result.structuredContent.code], [true, 'upstream_error']);
    assert.deepEqual(await counted(market, sub.subscription_id), before_);
  });

  it('is refused beyond its quota', async () => {
    const who = await market.actor();
    await subscribed(who, { title: 'Small quota', plans: [plan({ included_calls: 1 })] });
    const once = () => send(call('humai__small_quota'), { key: who.key });
    assert.equal((await once()).body.result.isError, undefined);
    assert.equal((await once()).body.result.structuredContent.code, 'usage_quota_exceeded');
  });

  it('may answer with content of MCP', async () => {
    const content = [{ type: 'text', text: 'a picture' }, { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' }];
    upstream.answer = (req, res) => res.end(JSON.stringify({ content, isError: true, structuredContent: { n: 1 } }));
    const { result } = (await ask()).body;
    assert.deepEqual([result.content, result.isError, result.structuredContent], [content, true, { n: 1 }]);
    for (const bad of [{ content: [{ type: 'image' }] }, { content: [] }, { content: [{ type: 'text', text: 'x' }, 5] }, [1, 2]]) {
      upstream.answer = (req, res) => res.end(JSON.stringify(bad));
      const got = (await ask()).body.result;
      assert.deepEqual(JSON.parse(got.content[0].text), bad);
      assert.deepEqual(got.structuredContent, Array.isArray(bad) ? { output: bad } : bad);
    }
    upstream.answer = usual;
  });

  it('is gone once it is paused, and back when it is open again', async () => {
    const who = await market.actor(), { listing_id } = await subscribed(who, { title: 'Sometimes there' });
    const has = async () => (await send(LIST, { key: who.key })).body.tools.some((t) => t.name === 'humai__sometimes_there');
    assert.equal(await has(), true);
    await provider.ok('/provider-tools', { action: 'pause', listing_id });
    assert.equal(await has(), false);
    await provider.ok('/provider-tools', { action: 'resume', listing_id });
    assert.equal(await has(), true);
  });
});

describe('a call that takes long', () => {
  const usual = (req, res, body) => res.end(JSON.stringify({ echo: body }));
  let held;
  before(() => {
    held = [];
    upstream.answer = (req, res) => {
      const one = { res, closed: false };
      res.on('close', () => { one.closed = !res.writableFinished; });
      held.push(one);
    };
  });
  after(() => { upstream.answer = usual; });
  const arrival = async (n) => { await until(() => held.length >= n, PATIENCE_MS, 'the tool is asked'); return held[n - 1]; };
  const scrape = (id, more) => ({ ...call('humai__web_scraper', { url: 'https://example.com' }, more), id });
  const open = async () => {
    const answer = await send(rpc('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } }));
    return { 'mcp-session-id': answer.headers.get('mcp-session-id'), 'MCP-Protocol-Version': '2025-11-25' };
  };

  it('tells its progress to who asks for it', async () => {
    const n = held.length + 1, answer = send(scrape(1, { _meta: { progressToken: 'p' } }));
    (await arrival(n)).res.end('{"a":1}');
    const { headers, text } = await answer;
    assert.match(headers.get('content-type'), /^text\/event-stream/);
    const all = events(text), last = all.pop();
    assert.deepEqual([last.id, last.result.structuredContent], [1, { a: 1 }]);
    assert.ok(all.length >= 2);
    for (const [i, each] of all.entries()) {
      assert.deepEqual([each.method, each.params.progressToken], ['notifications/progress', 'p']);
      if (i) assert.ok(each.params.progress > all[i - 1].params.progress);
    }
    const plain = send(scrape(2, { _meta: { progressToken: 'p' } }), { headers: { accept: 'application/json' } });
    (await arrival(n + 1)).res.end('{}');
    assert.match((await plain).headers.get('content-type'), /^application\/json/);
  });

  it('tells of each event of a tool that streams, and of its own progress, and has all of them as its result', async () => {
    const n = held.length + 1, answer = send(scrape(3, { _meta: { progressToken: 'p' } }));
    const { res } = await arrival(n);
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.end('data: {"page": 1}\n\nevent: progress\ndata: {"progress": 60, "total": 100, "message": "Reading"}\n\nevent: progress\ndata: {"progress": 99, "total": 100}\n\n');
    const all = events((await answer).text), last = all.pop();
    const told = all.map(({ params: { progress, total, message } }) => ({ progress, total, message }));
    assert.deepEqual([told.at(-3).message, ...told.slice(-2)], ['{"page": 1}', { progress: 60, total: 100, message: 'Reading' }, { progress: 99, total: 100, message: undefined }]);
    assert.deepEqual(last.result.structuredContent, { output: [{ page: 1 }, { progress: 60, total: 100, message: 'Reading' }, { progress: 99, total: 100 }] });
    assert.equal(last.result._meta[USAGE].is_overage, false);
  });

  it('ends when its session cancels it, and no other does', async () => {
    const mine = await open(), other = await open(), n = held.length + 1, { used } = await counted(market, sub.subscription_id);
    const answer = send(scrape(7), { headers: mine });
    const one = await arrival(n);
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } };
    for (const [headers, requestId] of [[other, 7], [mine, 8], [mine, '7'], [mine, {}], [mine, undefined]]) assert.equal((await send({ ...cancel, params: { requestId } }, { headers })).status, 202);
    assert.equal(one.closed, false);
    assert.equal((await send(cancel, { headers: mine })).status, 202);
    assert.equal((await answer).body.error.code, -32000);
    await until(() => one.closed, PATIENCE_MS, 'the tool is hung up on');
    await until(async () => (await counted(market, sub.subscription_id)).in_flight === 0, PATIENCE_MS, 'its place in the quota is free');
    assert.equal((await counted(market, sub.subscription_id)).used, used);
    assert.equal(await market.one(`select state || ' ' || outcome from market_tool_calls where listing_id = '${sub.listing_id}' order by started_at desc limit 1`), 'returned canceled');
  });

  it('that was cancelled is done anew by who repeats it with its Idempotency-Key', async () => {
    const mine = await open(), n = held.length + 1, headers = { ...mine, 'idempotency-key': randomBytes(8).toString('hex') };
    const answer = send(scrape(20), { headers });
    await arrival(n);
    await send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 20 } }, { headers: mine });
    assert.equal((await answer).body.error.code, -32000);
    const again = send(scrape(21), { headers });
    (await arrival(n + 1)).res.end('{"again":true}');
    assert.deepEqual((await again).body.result.structuredContent, { again: true });
  });

  /** A request whose client hangs up once the tool has been asked: what the tool is then. */
  async function hungUp(body, headers) {
    const n = held.length + 1;
    const request = http.request(`${market.url}/mcp-gateway`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-api-key': caller.key, ...headers } });
    request.on('error', () => {});
    request.end(JSON.stringify(body));
    const one = await arrival(n);
    request.destroy();
    return one;
  }

  it('ends when its client hangs up, since 2026-07-28', async () => {
    const body = modern('tools/call', { name: 'humai__web_scraper', arguments: { url: 'x' } });
    const one = await hungUp(body, told('tools/call', 'humai__web_scraper'));
    await until(() => one.closed, PATIENCE_MS, 'the tool is hung up on');
    const streamed = await hungUp({ ...body, params: { ...body.params, _meta: { ...META, progressToken: 1 } } }, told('tools/call', 'humai__web_scraper'));
    await until(() => streamed.closed, PATIENCE_MS, 'the tool is hung up on');
  });

  it('goes on when its client hangs up, before that, and counts', async () => {
    const who = await market.actor(), { subscription_id } = await subscribed(who, { title: 'Patient' });
    const one = await hungUp(call('humai__patient'), { 'x-api-key': who.key });
    await send(LIST);                            // the host has heard of it by then, on this worker
    one.res.end('{}');
    await until(async () => (await counted(market, subscription_id)).in_flight === 0, PATIENCE_MS, 'the call is settled');
    assert.deepEqual(await counted(market, subscription_id), { used: 1, overage: 0, in_flight: 0 });
  });
});

describe('a client that listens', () => {
  /** The events of subscriptions/listen, as they come: {next(), close()}. */
  async function listen(who, notifications) {
    const stop = new AbortController();
    const answer = await fetch(`${market.url}/mcp-gateway`, { method: 'POST', signal: stop.signal, body: JSON.stringify(modern('subscriptions/listen', { notifications }, 'ear')),
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', 'x-api-key': who.key, ...told('subscriptions/listen') } });
    assert.match(answer.headers.get('content-type') ?? '', /^text\/event-stream/);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const next = async () => {
      for (;;) {
        const at = /^(?:[^]*?\n)?data: (.*)\n/.exec(text);
        if (at) { text = text.slice(at[0].length); return JSON.parse(at[1]); }
        const { value, done } = await reader.read();
        if (done) return null;
        text += value;
      }
    };
    return { next, close: () => stop.abort() };
  }
  const SUBSCRIPTION = { 'io.modelcontextprotocol/subscriptionId': 'ear' };

  it('hears when it has another list of tools, whoever has changed it', async () => {
    const who = await market.actor(), ear = await listen(who, { toolsListChanged: true, promptsListChanged: true });
    assert.deepEqual(await ear.next(), { jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { notifications: { toolsListChanged: true }, _meta: SUBSCRIPTION } });
    const CHANGED = { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: SUBSCRIPTION } };
    const { listing_id, subscription_id } = await subscribed(who, { title: 'Comes and goes' });
    assert.deepEqual(await ear.next(), CHANGED);
    await provider.ok('/provider-tools', { action: 'pause', listing_id });
    assert.deepEqual(await ear.next(), CHANGED);
    await who.ok('/subscriptions-cancel', { subscription_id }); // one that stands still ends at once
    assert.deepEqual(await ear.next(), CHANGED);
    ear.close();
  });

  it('is told at once that nothing follows of what never comes', async () => {
    const ear = await listen(caller, { promptsListChanged: true });
    assert.deepEqual((await ear.next()).params.notifications, {});
    const last = await ear.next();
    assert.deepEqual([last.id, last.result.resultType, last.result._meta['io.modelcontextprotocol/subscriptionId']], ['ear', 'complete', 'ear']);
    assert.equal(await ear.next(), null);
  });

  it('is one of 2026-07-28: before, nothing is told', async () => {
    assert.equal((await send(rpc('subscriptions/listen', { notifications: { toolsListChanged: true } }))).body.error.code, -32601);
    const init = await send(rpc('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} }));
    assert.deepEqual(init.body.result.capabilities, { tools: { listChanged: false } });
    const found = await send(modern('server/discover'), { headers: told('server/discover') });
    assert.deepEqual(found.body.result.capabilities, { tools: { listChanged: true } });
  });
});

describe('the official clients', () => {
  const both = { requestInit: { headers: {} } };
  before(() => { both.requestInit.headers = { 'X-API-Key': caller.key, Authorization: `Bearer ${caller.key}` }; });
  const url = () => new URL(`${market.url}/mcp-gateway`);

  async function everything(client) {
    const { tools } = await client.listTools();
    assert.ok(tools.some((t) => t.name === 'humai__web_scraper'));
    const said = await client.callTool({ name: 'humai__web_scraper', arguments: { url: 'https://example.com' } });
    assert.deepEqual(said.structuredContent, { echo: { url: 'https://example.com' } });
    const found = await client.callTool({ name: 'humai__tool-search', arguments: { query: 'scraper', limit: 1 } });
    assert.equal(found.structuredContent.tools[0].title, 'Web Scraper API');
    const failed = await client.callTool({ name: 'humai__transactions-get', arguments: { transaction_id: '00000000-0000-4000-8000-000000000000' } });
    assert.deepEqual([failed.isError, failed.structuredContent.code], [true, 'not_found']);
    await assert.rejects(client.callTool({ name: 'humai__nothing', arguments: {} }), (error) => error.code === -32602);
  }

  it('of 2025 initializes, lists and calls', async () => {
    const client = new Client({ name: 'spec', version: '1' }), transport = new StreamableHTTPClientTransport(url(), both);
    await client.connect(transport);
    assert.equal(client.getServerVersion().name, 'humai-marketplace');
    assert.ok(transport.sessionId);
    await everything(client);
    await client.ping();
    const seen = [];
    await client.callTool({ name: 'humai__web_scraper', arguments: { url: 'x' } }, undefined, { onprogress: (p) => seen.push(p.progress) });
    assert.ok(seen.length >= 2, seen.join());
    await client.close();
  });

  it('of 2025 cancels what it no longer wants', async () => {
    const client = new Client({ name: 'spec', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(url(), both));
    const usual = upstream.answer, stop = new AbortController();
    let ended = false;
    upstream.answer = (req, res) => { res.on('close', () => { ended = true; }); stop.abort(); };
    await assert.rejects(client.callTool({ name: 'humai__web_scraper', arguments: { url: 'x' } }, undefined, { signal: stop.signal }));
    await until(() => ended, PATIENCE_MS, 'the tool is hung up on');
    upstream.answer = usual;
    await client.close();
  });

  it('of 2026 discovers, lists and calls', async () => {
    const client = new ModernClient({ name: 'spec', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new ModernTransport(url(), both));
    assert.equal(client.getNegotiatedProtocolVersion(), '2026-07-28');
    await everything(client);
    await client.close();
  });

  it('in Python lists and calls', async () => {
    const script = path.join(root, 'spec/e2e/market_mcp_client.py');
    const { stdout } = await promisify(execFile)(path.join(root, 'build/venv/bin/python'), [script, url().href, caller.key]);
    const said = JSON.parse(stdout);
    assert.ok(said.tools.includes('humai__web_scraper') && said.tools.includes('humai__credits-balance'));
    assert.deepEqual(said.called, { echo: { url: 'https://example.com' } });
    assert.deepEqual(said.failed, [true, 'not_found']);
  });
});

describe('what is no request', () => {
  const DEEP = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${'{"a":'.repeat(100)}1${'}'.repeat(101)}`;
  const cases = {
    'is not JSON': ['{', 400, -32700], 'is cut off': ['{"jsonrpc":"2.0","id":1,', 400, -32700], 'has a lone surrogate': ['{"jsonrpc":"2.0","id":1,"method":"\\ud800"}', 400, -32700],
    'nests too deep': [DEEP, 400, -32700], 'is a batch': [[rpc('ping')], 400, -32600], 'is an empty list': [[], 400, -32600], 'is a number': ['5', 400, -32600],
    'is null': ['null', 400, -32600], 'is a text': ['"tools/list"', 400, -32600], 'is empty': [{}, 400, -32600], 'has another jsonrpc': [{ jsonrpc: '1.0', id: 1, method: 'ping' }, 400, -32600],
    'has a jsonrpc that is a number': [{ jsonrpc: 2.0, id: 1, method: 'ping' }, 400, -32600], 'has the id null': [{ jsonrpc: '2.0', id: null, method: 'ping' }, 400, -32600],
    'has an object as its id': [rpc('ping', undefined, {}), 400, -32600], 'has a list as its id': [rpc('ping', undefined, [1]), 400, -32600], 'has true as its id': [rpc('ping', undefined, true), 400, -32600],
    'has a fraction as its id': [rpc('ping', undefined, 1.5), 400, -32600], 'has an id that no number of JSON can be': ['{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"ping"}', 400, -32600],
    'has an endless id': ['{"jsonrpc":"2.0","id":1e999,"method":"ping"}', 400, -32600], 'has a very long id': [rpc('ping', undefined, 'x'.repeat(257)), 400, -32600],
    'has no method': [{ jsonrpc: '2.0', id: 1 }, 400, -32600], 'has a method that is no text': [rpc(5), 400, -32600], 'has params that are a text': [rpc('tools/list', 'x'), 400, -32600],
    'has an unknown method': [rpc('resources/list'), 200, -32601], 'has the method of a prompt': [rpc('prompts/get', { name: 'x' }), 200, -32601], 'calls no tool': [rpc('tools/call'), 200, -32602],
    'has a list of params': [rpc('tools/call', ['humai__web_scraper']), 200, -32602], 'calls a tool that is a number': [call(5), 200, -32602], 'has a cursor of nobody': [rpc('tools/list', { cursor: '4 x' }), 200, -32602],
    'has a number as its cursor': [rpc('tools/list', { cursor: 4 }), 200, -32602], 'has arguments that are a list': [call('humai__web_scraper', [1]), 200, -32602],
    'has arguments that are a text': [call('humai__web_scraper', 'x'), 200, -32602],
  };
  for (const [what, [body, status, code]] of Object.entries(cases)) {
    it(`and ${what} is answered ${status}, ${code}`, async () => {
      const answer = await send(body);
      assert.deepEqual([answer.status, answer.body.jsonrpc, answer.body.error.code], [status, '2.0', code], answer.text);
      if (status === 400) assert.equal(answer.body.id ?? null, body?.id === 1 || /"id":1[,}]/.test(body) && code === -32600 ? 1 : null);
    });
  }

  it('is told apart from its last member of a name', async () => {
    assert.deepEqual((await send('{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list","method":"ping"}')).body, { jsonrpc: '2.0', id: 2, result: {} });
  });

  it('and names another revision is refused by name', async () => {
    const unknown = await send({ ...modern('tools/list'), params: { _meta: { ...META, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' } } }, { headers: { ...told('tools/list'), 'MCP-Protocol-Version': '2099-01-01' } });
    assert.deepEqual([unknown.status, unknown.body.error.code, unknown.body.error.data.requested], [400, -32022, '2099-01-01']);
    assert.equal((await send(rpc('tools/list'), version('banana'))).body.error.code, -32602);
    assert.equal((await send(modern('tools/list'), { headers: told('tools/call') })).body.error.code, -32020);
  });

  it('and is of no session of the caller is 404', async () => {
    const other = await market.actor();
    const theirs = (await send(rpc('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} }), { key: other.key })).headers.get('mcp-session-id');
    for (const id of ['x', 'sealed:1:x', theirs, 'y'.repeat(600)]) {
      const answer = await send(rpc('tools/list'), { headers: { 'mcp-session-id': id } });
      assert.deepEqual([answer.status, answer.body.id], [404, 1]);
    }
    const mine = (await send(rpc('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} }))).headers.get('mcp-session-id');
    assert.match(mine, /^[\x21-\x7e]+$/);
    assert.equal((await send(rpc('tools/list'), { headers: { 'mcp-session-id': mine } })).status, 200);
    await market.advance('169h'); // limit: MCP sessions
    assert.equal((await send(rpc('tools/list'), { headers: { 'mcp-session-id': mine } })).status, 404);
  });

  it('and comes otherwise than by POST, as JSON, in one piece of a megabyte, is refused', async () => {
    for (const method of ['GET', 'DELETE', 'PUT']) {
      const answer = await fetch(`${market.url}/mcp-gateway`, { method, headers: { 'x-api-key': caller.key } });
      assert.equal(answer.status, 405);
      assert.match(answer.headers.get('allow'), /POST/);
    }
    assert.equal((await send(LIST, { headers: { 'content-type': 'text/plain' } })).status, 415);
    assert.equal((await send('')).status, 400);
    assert.equal((await send(JSON.stringify(LIST) + ' '.repeat(1 << 20))).status, 413); // limit: MCP messages
  });

  it('and needs no answer gets none', async () => {
    for (const method of ['notifications/initialized', 'notifications/nothing', 'notifications/cancelled']) {
      const answer = await send({ jsonrpc: '2.0', method });
      assert.deepEqual([answer.status, answer.text], [202, '']);
    }
  });
});
