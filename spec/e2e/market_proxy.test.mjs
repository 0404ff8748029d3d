// spec/e2e/market_proxy.test.mjs -- tools are called through the proxy: quotas that hold on two hosts, upstreams that misbehave,
// and calls whose worker dies.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { after, before, describe, it } from 'node:test';
import { databaseUrl, errors, startHost } from './hosts.mjs';
import { startMarket } from './market_trading.mjs';
import { counted, fund, makeTool, PATIENCE_MS, plan, startUpstream, TOOL, UPSTREAM } from './market_tools_world.mjs';
import { until } from './support.mjs';

const MANY = Number(process.env.TOOL_CALLS ?? 2000), AT_ONCE = 64;
const env = { HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32`, HUMAN_SEAL_KEY: randomBytes(32).toString('hex') };
let one, two, upstream, provider;

before(async () => {
  upstream = await startUpstream();
  one = await startMarket({ env });
  two = await startHost({ env: { ...env, HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_DATABASE_POOL: '4', DATABASE_URL: databaseUrl(one.home) } });
  provider = await one.actor({ name: 'Provider' });
});
after(async () => {
  await two?.stop();
  await one?.stop();
  upstream?.close();
  assert.deepEqual([one, two].flatMap((host) => errors(host?.log() ?? '')).filter((line) => !line.includes('was ended by signal 9')), []);
});

async function post(host, key, path, body) {
  const answer = await fetch(host.url + path, { method: 'POST', body: JSON.stringify(body), headers: { 'x-api-key': key, 'content-type': 'application/json' } });
  return { status: answer.status, body: await answer.json() };
}

/** Someone who has subscribed: {who, id, key, call(input, host)}. */
async function subscriber(options = {}, { who, usd } = {}) {
  who ??= await one.actor();
  if (usd) await fund(one, who, usd);
  const listing_id = await makeTool(one, provider, options.url ?? upstream.url, options);
  const { subscription_id, api_key, api_key_prefix } = await who.ok('/tool-subscriptions', { listing_id, plan_id: 'starter' });
  const call = (input = { url: 'https://example.com' }, host = one, key = api_key) => post(host, key, '/tool-proxy', { subscription_id, input });
  return { who, listing_id, id: subscription_id, key: api_key, prefix: api_key_prefix, call };
}

const code = (answer) => `${answer.status} ${answer.body.code ?? 'ok'}`;

/** Sends n requests, so many at a time: how often each answer came. */
async function flood(n, send) {
  const tally = {};
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, n) }, async () => {
    while (next < n) {
      const answer = code(await send(next++));
      tally[answer] = (tally[answer] ?? 0) + 1;
    }
  }));
  return tally;
}

describe('a call', () => {
  it('reaches the tool with the credential that only it sees, and is answered with the output and the usage', async () => {
    for (const [meta, shows] of [
      [{ auth_type: 'header', auth_header: 'X-Token' }, (r) => r.headers['x-token']],
      [{ auth_type: 'bearer' }, (r) => r.headers.authorization?.replace('Bearer ', '')],
      [{ auth_type: 'basic' }, (r) => Buffer.from(r.headers.authorization.replace('Basic ', ''), 'base64').toString()],
      [{ auth_type: 'query', auth_header: 'token' }, (r) => new URL(r.url, 'http://x').searchParams.get('token')],
    ]) {
      const s = await subscriber({ meta: { ...meta, auth_secret: 'user:s3cret&value' } });
      upstream.seen.length = 0;
      const { status, body } = await s.call({ url: 'https://example.com/products', max_pages: 5 });
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(body.output, { echo: { url: 'https://example.com/products', max_pages: 5 } });
      assert.deepEqual({ ...body.usage, latency_ms: 0 }, { calls_this_period: 1, included_calls: 1000, latency_ms: 0, is_overage: false });
      assert.equal(shows(upstream.seen[0]), 'user:s3cret&value');
      assert.equal(upstream.seen[0].headers['x-api-key'], undefined);
      const shown = await s.who.ok(`/listings-get?listing_id=${s.listing_id}`);
      assert.ok(!JSON.stringify(shown).includes('s3cret'));
      assert.equal(await one.one(`select count(*) from market_listings where tool_meta::text like '%s3cret%' or tool_secret like '%s3cret%'`), '0');
    }
    assert.ok(![one, two].some((host) => host.log().includes('s3cret')));
  });

  it('is made by GET where the tool says so', async () => {
    const s = await subscriber({ meta: { method: 'GET' } });
    upstream.seen.length = 0;
    assert.equal(code(await s.call({ q: 'a b&c', n: 1.5, list: [1] })), '200 ok');
    assert.deepEqual(Object.fromEntries(new URL(upstream.seen[0].url, 'http://x').searchParams), { q: 'a b&c', n: '1.5', list: '[1]' });
    assert.equal(code(await s.call({ q: 'x'.repeat(9000) })), '400 validation_error');
    assert.deepEqual(await counted(one, s.id), { used: 1, overage: 0, in_flight: 0 });
  });

  it('takes the key of the subscription or of who has subscribed, and of nobody else', async () => {
    const s = await subscriber(), other = await subscriber();
    assert.equal(code(await s.call({}, two)), '200 ok');
    assert.equal(code(await s.call({}, one, s.who.key)), '200 ok');
    assert.equal(code(await s.call({}, one, other.key)), '404 not_found');
    assert.equal(code(await s.call({}, one, other.who.key)), '404 not_found');
    assert.equal(code(await s.call({}, one, provider.key)), '404 not_found');
    assert.equal(code(await s.call({}, one, `${s.key.slice(0, -1)}!`)), '401 unauthorized');
    assert.equal(code(await post(one, s.key, '/agents-heartbeat', {})), '401 unauthorized');
  });

  it('is refused with the field that is wrong, before it counts', async () => {
    const s = await subscriber({ input_schema: { url: 'string' } }), before_ = upstream.counted;
    for (const input of [[], 'text', { url: 1 }, {}]) assert.equal((await s.call(input)).status, 400, JSON.stringify(input));
    assert.equal(code(await s.call({ url: 1 })), '400 input_schema_mismatch');
    assert.equal(code(await s.call({ url: 'x'.repeat(262144) })), '400 validation_error'); // limit: tool input
    assert.equal(upstream.counted, before_);
    assert.deepEqual(await counted(one, s.id), { used: 0, overage: 0, in_flight: 0 });
  });
});

describe('a quota', () => {
  it('is taken exactly, however many call at a time, on two hosts', async () => {
    const s = await subscriber({ plans: [plan({ included_calls: 1000 })] }), before_ = upstream.counted;
    const tally = await flood(MANY, (n) => s.call({ n }, n % 2 ? one : two));
    assert.deepEqual(tally, { '200 ok': 1000, '429 usage_quota_exceeded': MANY - 1000 });
    assert.equal(upstream.counted - before_, 1000);
    assert.deepEqual(await counted(one, s.id), { used: 1000, overage: 0, in_flight: 0 });
    assert.equal(await one.one(`select count(*) from market_tool_calls where subscription_id = '${s.id}' and state = 'done' and latency_ms is not null`), '1000');
  });

  it('has its place again when the tool fails, and only then', async () => {
    const s = await subscriber({ plans: [plan({ included_calls: 20 })] });
    const usual = upstream.answer;
    let n = 0;
    upstream.answer = (req, res) => {
      n += 1;
      if (n % 3 === 0) res.writeHead(503).end('{}');
      else res.end('{}');
    };
    const tally = {};
    while ((tally['200 ok'] ?? 0) < 20) {
      for (const [name, times] of Object.entries(await flood(25, () => s.call()))) tally[name] = (tally[name] ?? 0) + times;
    }
    upstream.answer = usual;
    assert.deepEqual([tally['200 ok'], code(await s.call())], [20, '429 usage_quota_exceeded']);
    assert.equal(n, 20 + tally['502 upstream_error']);
    assert.deepEqual(await counted(one, s.id), { used: 20, overage: 0, in_flight: 0 });
  });

  it('is exceeded for what the plan says, to the tenth of a cent, and paid to the provider when the call succeeds', async () => {
    const s = await subscriber({ plans: [plan({ included_calls: 10, overage_cents_per_call: 0.5 })] }, { usd: 1 });
    const had = await one.earned(s.who), provided = await one.earned(provider);
    const tally = await flood(50, (n) => s.call({ n }, n % 2 ? one : two));
    assert.deepEqual(tally, { '200 ok': 50 });
    assert.deepEqual(await counted(one, s.id), { used: 10, overage: 40, in_flight: 0 });
    assert.equal(had - await one.earned(s.who), 40 * 500);
    assert.equal(await one.earned(provider) - provided, 40 * 425);
    assert.equal((await s.call()).body.usage.is_overage, true);
    const usual = upstream.answer;
    upstream.answer = (req, res) => res.writeHead(500).end();
    assert.equal(code(await s.call()), '502 upstream_error');
    upstream.answer = usual;
    assert.equal(had - await one.earned(s.who), 41 * 500);
    await until(async () => (await s.who.ok('/notifications-list')).notifications.some((note) => note.type === 'tool_usage_overage'), PATIENCE_MS, 'it is told');
  });

  it('is exceeded as far as there are credits', async () => {
    const s = await subscriber({ plans: [plan({ included_calls: 1, overage_cents_per_call: 30 })] }, { usd: 1 });
    assert.deepEqual(await flood(10, () => s.call()), { '200 ok': 4, '400 insufficient_balance': 6 }); // 99 cents are left of the dollar
    assert.deepEqual(await counted(one, s.id), { used: 1, overage: 3, in_flight: 0 });
  });

  it('has room for so many calls at a time', async () => { // limit: tool calls at a time
    const s = await subscriber();
    await one.sql(`update market_periods set in_flight = 200 where subscription_id = '${s.id}'`);
    assert.equal(code(await s.call()), '429 rate_limited');
    await one.sql(`update market_periods set in_flight = 199 where subscription_id = '${s.id}'`);
    assert.equal(code(await s.call()), '200 ok');
    await one.sql(`update market_periods set in_flight = 0 where subscription_id = '${s.id}'`);
  });
});

describe('a bad upstream', () => {
  const BOMB = gzipSync(Buffer.alloc(50 << 20, 32));
  const BAD = {
    'hangs': [(req) => req.socket.on('error', () => {}), '504 upstream_timeout'],
    'hangs within its answer': [(req, res) => res.write('{"a":'), '504 upstream_timeout'],
    'lies about its length': [(req, res) => { res.writeHead(200, { 'content-length': 1000 }); res.write('{"a":1}', () => req.socket.destroy()); }, '502 upstream_error'],
    'closes at once': [(req) => req.socket.destroy(), '502 upstream_error'],
    'redirects to the metadata of the cloud': [(req, res) => res.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end('{}'), '502 upstream_error'],
    'redirects to itself': [(req, res) => res.writeHead(307, { location: upstream.url }).end('{}'), '502 upstream_error'],
    'answers with no JSON': [(req, res) => res.end('<html></html>'), '502 upstream_error'],
    'answers with half of it': [(req, res) => res.end('{"a": '), '502 upstream_error'],
    'answers with nothing': [(req, res) => res.end(), '502 upstream_error'],
    'answers with bytes that are no text': [(req, res) => res.end(Buffer.from([0x22, 0xff, 0xfe, 0x22])), '502 upstream_error'],
    'answers with a NUL': [(req, res) => res.end('"a\0b"'), '502 upstream_error'],
    'nests too deep': [(req, res) => res.end('['.repeat(5000) + ']'.repeat(5000)), '502 upstream_error'],
    'fails': [(req, res) => res.writeHead(500, { 'set-cookie': 'a=b', 'x-evil': '1' }).end('{"secret":"stack"}'), '502 upstream_error'],
    'throws a bomb of headers': [(req) => { req.socket.on('error', () => {}); req.socket.write(`HTTP/1.1 200 OK\r\n${'x-a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(200_000)}content-length: 2\r\n\r\n{}`); }, '502 upstream_too_large'],
    'throws a bomb of gzip': [(req, res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end(BOMB), '502 upstream_too_large'], // limit: tool output
    'says that it sends two gigabytes': [(req, res) => { res.writeHead(200, { 'content-length': 2 ** 31 }); pour(res); }, '502 upstream_too_large'],
    'never ends': [(req, res) => pour(res), '502 upstream_too_large'],
  };

  let poured = 0;
  function pour(res) {
    const piece = Buffer.alloc(65536, 32);
    const on = () => { while (!res.destroyed && res.write(piece)) poured += piece.length; };
    res.on('drain', on);
    res.on('error', () => {});
    on();
  }

  let s;
  before(async () => { s = await subscriber({ meta: { timeout_ms: 1000 } }); });

  for (const [what, [answer, expected]] of Object.entries(BAD)) {
    it(`${what}: ${expected}, and the call does not count`, async () => {
      const usual = upstream.answer, before_ = upstream.counted;
      upstream.answer = answer;
      const got = await fetch(`${one.url}/tool-proxy`, { method: 'POST', body: JSON.stringify({ subscription_id: s.id, input: {} }),
        headers: { 'x-api-key': s.key, 'content-type': 'application/json' } });
      const body = await got.json();
      upstream.answer = usual;
      assert.equal(code({ status: got.status, body }), expected);
      assert.deepEqual([got.headers.get('set-cookie'), got.headers.get('x-evil'), JSON.stringify(body).includes('stack')], [null, null, false]);
      assert.equal(upstream.counted, before_ + 1);
      assert.deepEqual(await counted(one, s.id), { used: 0, overage: 0, in_flight: 0 });
      assert.ok(poured < 64 << 20, `${poured} bytes were sent`);
    });
  }

  it('at an address inside is not asked', async () => {
    const { port } = new URL(upstream.url), before_ = upstream.counted;
    for (const url of [`http://127.0.0.1:${port}/`, `http://localhost:${port}/`, `https://localhost:8443/`, 'http://169.254.169.254/latest/', `http://[::1]:${port}/`,
      `http://0:${port}/`, `http://[::ffff:127.0.0.1]:${port}/`, 'http://10.0.0.1/', 'http://example.com@127.0.0.1/', '${secret:seal.key}'.replace(/^/, 'https://127.0.0.2/')]) {
      await one.sql(`update market_listings set tool_meta = jsonb_set(tool_meta, '{upstream_url}', '"${url}"') where id = '${s.listing_id}'`);
      assert.equal(code(await s.call()), '502 upstream_blocked', url);
    }
    await one.sql(`update market_listings set tool_meta = jsonb_set(tool_meta, '{upstream_url}', '"${upstream.url}"') where id = '${s.listing_id}'`);
    assert.equal(upstream.counted, before_);
    for (const upstream_url of ['http://api.scraper.io/', 'https://127.0.0.1/', 'https://localhost/', 'https://api.scraper.io:22/', 'https://a@api.scraper.io/']) {
      assert.equal(code(await provider.post('/listings-create', { ...TOOL, subscription_plans: [plan()], tool_meta: { upstream_url } })), '400 unsafe_url', upstream_url);
    }
  });

  it('that breaks lines within its strings is answered as JSON all the same', async () => {
    const usual = upstream.answer;
    upstream.answer = (req, res) => res.end('{"a":\n"x\ny",\t"n": 12345678901234567890}');
    const got = await fetch(`${one.url}/tool-proxy`, { method: 'POST', body: JSON.stringify({ subscription_id: s.id, input: {} }), headers: { 'x-api-key': s.key, 'content-type': 'application/json' } });
    const text = await got.text();
    upstream.answer = usual;
    assert.equal(JSON.parse(text).output.a, 'x y');
    assert.match(text, /12345678901234567890/);
  });
});

describe('a worker that dies', () => {
  const settled = (id) => until(async () => (await counted(one, id)).in_flight === 0, PATIENCE_MS, 'the call is given back');
  const late = (id) => one.sql(`update market_tool_calls set settle_by = now() - interval '1 second' where subscription_id = '${id}' and state = 'open'`);

  it('within a call leaves it to a job, which gives back its place and its price', async () => {
    const s = await subscriber({ plans: [plan({ included_calls: 1, overage_cents_per_call: 2 })] }, { usd: 1 });
    assert.equal(code(await s.call()), '200 ok');
    const usual = upstream.answer, had = await one.earned(s.who), before_ = upstream.counted;
    upstream.answer = () => {};
    const calls = [s.call({}, one), s.call({}, one)].map((call) => call.then(code, () => 'cut'));
    await until(() => upstream.counted === before_ + 2, PATIENCE_MS, 'the calls are made');
    assert.deepEqual(await counted(one, s.id), { used: 1, overage: 2, in_flight: 2 });
    assert.equal(await one.earned(s.who), had - 4000);
    for (const pid of one.workers()) process.kill(pid, 'SIGKILL');
    assert.deepEqual(await Promise.all(calls), ['cut', 'cut']);
    upstream.answer = usual;
    await late(s.id);
    await settled(s.id);
    assert.deepEqual(await counted(one, s.id), { used: 1, overage: 0, in_flight: 0 });
    assert.equal(await one.earned(s.who), had);
    assert.deepEqual(await one.sql(`select distinct state || ' ' || outcome from market_tool_calls where subscription_id = '${s.id}' order by 1`), ['done ok', 'returned lost']);
    await until(async () => code(await s.call({}, one).catch(() => ({ status: 0, body: {} }))) === '200 ok', PATIENCE_MS, 'new workers serve');
  });

  it('or comes too late charges nothing for what it has', async () => {
    const s = await subscriber();
    const usual = upstream.answer;
    let go;
    upstream.answer = (req, res) => { go = () => res.end('{}'); };
    const call = s.call({}, two);
    await until(() => go, PATIENCE_MS, 'the call is made');
    await late(s.id);
    await settled(s.id);
    go();
    assert.equal(code(await call), '504 upstream_timeout');
    upstream.answer = usual;
    assert.deepEqual(await counted(one, s.id), { used: 0, overage: 0, in_flight: 0 });
  });
});

it('leaves the books true', async () => {
  await until(async () => (await one.one('select 1 from ledger_accounts where debits_pending <> 0 limit 1')) === undefined, PATIENCE_MS, 'nothing is set aside');
  await two.stop(); // the database has room for one host's connections, and few more
  const { stdout, stderr, code: exit } = await one.human('ledger', 'check');
  assert.equal(exit, 0, stdout + stderr);
});
