// spec/e2e/market_proxy_credentials.test.mjs -- the credential of a tool is opened by the host alone: a worker that has called tools,
// shown it in each of the four places, and failed to, has it nowhere in its memory.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, it } from 'node:test';
import { databaseUrl, startHost } from './hosts.mjs';
import { startMarket } from './market_trading.mjs';
import { makeTool, startUpstream, UPSTREAM } from './market_tools_world.mjs';
import { found, mappings } from './memory.mjs';

const CLOCK = { HUMAN_TIME_TEST_CLOCK: 'true' };
const env = { HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32`, HUMAN_SEAL_KEY: randomBytes(32).toString('hex'), HUMAN_WORKERS: '1' };
const PLACES = { header: { auth_header: 'X-Token' }, bearer: {}, basic: {}, query: { auth_header: 'token' } };
let one, upstream, provider, who;

before(async () => {
  upstream = await startUpstream((req, res) => res.end('{"is": "fine"}')); // which echoes nothing
  one = await startMarket({ env });
  provider = await one.actor({ name: 'Provider' });
  who = await one.actor();
});
after(async () => {
  await one?.stop();
  upstream?.close();
});

const second = (more) => startHost({ env: { ...env, ...CLOCK, HUMAN_DATABASE_POOL: '4', DATABASE_URL: databaseUrl(one.home), ...more } });

async function subscribe(auth_type, secret) {
  const listing_id = await makeTool(one, provider, upstream.url, { meta: { auth_type, ...PLACES[auth_type], auth_secret: secret } });
  const { subscription_id, api_key } = await who.ok('/tool-subscriptions', { listing_id, plan_id: 'starter' });
  return { listing_id, call: async (host) => {
    const answer = await fetch(`${host.url}/tool-proxy`, { method: 'POST', body: JSON.stringify({ subscription_id, input: { a: 1 } }),
      headers: { 'x-api-key': api_key, 'content-type': 'application/json' } });
    return { status: answer.status, body: await answer.json() };
  } };
}

const shown = {
  header: (r) => r.headers['x-token'], bearer: (r) => r.headers.authorization.slice('Bearer '.length),
  basic: (r) => Buffer.from(r.headers.authorization.slice('Basic '.length), 'base64').toString(),
  query: (r) => new URL(r.url, 'http://x').searchParams.get('token'),
};

it('a worker that shows a credential to tools has it nowhere in its memory afterwards', async () => {
  const tools = {}, secrets = {};
  for (const place of Object.keys(PLACES)) {
    secrets[place] = `user:s3cret-${randomBytes(12).toString('hex')}`;
    tools[place] = await subscribe(place, secrets[place]);
  }
  const two = await second();
  try {
    for (let round = 0; round < 3; round++) {
      for (const [place, tool] of Object.entries(tools)) {
        upstream.seen.length = 0;
        const { status, body } = await tool.call(two);
        assert.equal(status, 200, JSON.stringify(body));
        assert.equal(shown[place](upstream.seen[0]), secrets[place]);
      }
    }
    const known = { marker: 'market_listings.tool_secret' };
    for (const [place, secret] of Object.entries(secrets)) {
      const inner = secret.slice('user:'.length);
      Object.assign(known, { [place]: inner, [`${place} in base64`]: Buffer.from(secret).toString('base64').slice(8, -4) });
    }
    const [pid] = two.workers();
    assert.deepEqual(found(pid, mappings(pid), known), ['marker'], 'and what is there is found');
  } finally {
    await two.stop();
  }
});

it('a host with another key sends nothing, says so, and neither the call nor the tool suffers', async () => {
  const tool = await subscribe('bearer', 's3cret');
  const other = await second({ HUMAN_SEAL_KEY: randomBytes(32).toString('hex') });
  try {
    upstream.seen.length = 0;
    const { status, body } = await tool.call(other);
    assert.deepEqual([status, body.code, upstream.seen.length], [502, 'upstream_error', 0]);
    assert.match(body.error, /cannot be opened on this host/);
    assert.equal(await one.one(`select outcome || ' ' || state from market_tool_calls where listing_id = '${tool.listing_id}'`), 'refused returned');
  } finally {
    await other.stop();
  }
});
