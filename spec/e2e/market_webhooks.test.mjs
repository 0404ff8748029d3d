// spec/e2e/market_webhooks.test.mjs -- outgoing webhooks, end to end: the contract's examples, all eighteen events from their
// causes, signatures that the official libraries verify, and endpoints that are dead, slow or hostile.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'node:test';
import { blocksOf } from './docs_blocks.mjs';
import { errors, makeHome } from './hosts.mjs';
import { assigned, JOB } from './market_trading.mjs';
import { SEED, filled, lacking } from './market_seed.mjs';
import { fund, makeTool, plan } from './market_tools_world.mjs';
import { deliveries, library, PATIENCE_MS, put, register, SECRET, SINK, startHooks, startSink } from './market_webhooks_world.mjs';
import { freePort, root, until } from './support.mjs';

const python = process.env.WEBHOOKS_PYTHON ?? path.join(root, 'build/venv/bin/python');
const of = (route) => SEED.find((e) => e.path === route);
let market, sink;
before(async () => {
  sink = await startSink();
  market = await startHooks();
});
after(async () => {
  await market?.stop();
  sink?.close();
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

const manage = (who, action, fields = {}) => who.ok('/webhooks-manage', { action, ...fields });
const arrived = (place, n = 1) => until(() => sink.of(place).length >= n, PATIENCE_MS, () => `${n} at ${place}, not ${sink.of(place).length}`);
const settled = async (who, webhook_id, status) => {
  let found;
  await until(async () => {
    found = await deliveries(who, webhook_id);
    return found.length > 0 && found.every((d) => d.status === status || (status === 'tried' && d.attempts > 0 && d.status_codes.length > 0));
  }, PATIENCE_MS, async () => `${status}: ${JSON.stringify(found)}`);
  return found;
};
const at = (place) => `http://${SINK}:${sink.port}${place}`;

describe('the contract', () => {
  it('has its examples answered', async () => {
    const who = await market.actor();
    const made = await who.post('/webhooks-register', of('/webhooks-register').requests[0]);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.deepEqual(lacking(of('/webhooks-register').response, made.body), []);
    assert.deepEqual(made.body.events, of('/webhooks-register').requests[0].events);
    assert.equal(made.body.secret, undefined);
    const { webhook_id } = made.body;
    const tested = await who.ok('/webhooks-test', filled(of('/webhooks-test').requests[0], { webhook_id }));
    assert.equal(tested.delivered, false);
    assert.equal(typeof tested.error, 'string');
    assert.deepEqual(await who.ok('/webhooks-manage', filled(of('/webhooks-manage').requests[0], { webhook_id })), { deleted: true });
    assert.equal((await who.post('/webhooks-manage', { webhook_id, action: 'delete' })).status, 404);
  });

  it('refuses what it says, naming the field', async () => {
    const who = await market.actor();
    const body = { url: 'https://a.example/hook', events: ['bid.received'] };
    const refused = async (fields, code, status = 400) => {
      const answer = await who.post('/webhooks-register', { ...body, ...fields });
      assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
      return answer.body.error;
    };
    await refused({ url: 'ftp://a.example/' }, 'unsafe_url');
    await refused({ url: 'https://me:secret@a.example/' }, 'unsafe_url');
    assert.match(await refused({ events: ['bid.received', 'bid.made'] }, 'unknown_event'), /bid\.made/);
    await refused({ secret: 'fifteen-letters' }, 'validation_error');
    await refused({ events: [] }, 'validation_error');
  });
});

describe('a delivery', () => {
  it('is thin, signed, and verified by the official libraries of two languages', async () => {
    const [owner, bidder] = [await market.actor({ name: 'Owner' }), await market.actor({ name: 'Bidder' })];
    const drawn = await owner.ok('/webhooks-register', { url: at('/drawn'), events: ['bid.received'] });
    assert.match(drawn.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    const secrets = { '/drawn': drawn.secret, '/key': SECRET, '/raw': 'whsec_my_signing_secret' };
    for (const place of ['/key', '/raw']) await register(owner, at(place), ['bid.received'], { secret: secrets[place] });
    await register(bidder, at('/foreign'), ['bid.accepted']);
    const { id: listing_id } = await owner.ok('/listings-create', JOB);
    const bid = await bidder.ok('/bids-create', { listing_id, price_usd: 75, sla_hours: 24 });
    for (const [place, secret] of Object.entries(secrets)) {
      await arrived(place);
      const [{ text, headers, method, body }] = sink.of(place);
      assert.equal(method, 'POST');
      assert.equal(headers['content-type'], 'application/json');
      assert.match(headers['webhook-id'], /^msg_[0-9a-f-]{36}$/);
      assert.ok(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000) < 300);
      assert.deepEqual(Object.keys(body), ['type', 'timestamp', 'data', 'sequence']);
      assert.equal(library(secret).verify(text, headers).data.bid_id, bid.id);
      assert.throws(() => library(secret).verify(text.replace('75', '57'), headers));
      const said = await promisify(execFile)(python, ['-c', `import json, sys
from standardwebhooks import Webhook
m = json.loads(sys.argv[1])
print(Webhook(m["secret"] if m["key"] else m["secret"].encode()).verify(m["text"], m["headers"])["type"])`, JSON.stringify({ secret, key: place !== '/raw', text, headers })]);
      assert.equal(said.stdout.trim(), 'bid.received');
    }
    assert.equal(sink.of('/foreign').length, 0);
  });

  it('is signed with both secrets after the secret was changed', async () => {
    const who = await market.actor();
    const webhook_id = await register(who, at('/rotated'));
    const { secret, old_secret_until } = await manage(who, 'rotate_secret', { webhook_id });
    assert.ok(Date.parse(old_secret_until) > Date.now());
    await put(market, who);
    await arrived('/rotated');
    const [{ text, headers }] = sink.of('/rotated');
    assert.equal(headers['webhook-signature'].split(' ').length, 2);
    for (const one of [secret, SECRET]) library(one).verify(text, headers);
  });

  it('can be tried out, flagged as a test, and counts for nothing', async () => {
    const who = await market.actor();
    const webhook_id = await register(who, at('/tested'), ['bid.accepted']);
    const { delivered, status_code, latency_ms } = await who.ok('/webhooks-test', { webhook_id });
    assert.deepEqual([delivered, status_code, typeof latency_ms], [true, 204, 'number']);
    const [{ text, headers }] = sink.of('/tested');
    const said = library(SECRET).verify(text, headers);
    assert.deepEqual([said.type, said.test, said.sequence], ['bid.accepted', true, undefined]);
    assert.deepEqual(await deliveries(who, webhook_id), []);
    sink.answer = (req, res) => res.writeHead(503).end();
    const failed = await who.ok('/webhooks-test', { webhook_id });
    sink.answer = (req, res) => res.writeHead(204).end();
    assert.deepEqual([failed.delivered, failed.status_code, failed.error], [false, 503, 'it answered 503']);
  });

  it('comes again under its id, newly dated, until it is taken, and once more when that is asked for', async () => {
    const who = await market.actor();
    let busy = true;
    sink.answer = (req, res) => res.writeHead(busy && req.url === '/again' ? 503 : 204).end();
    const webhook_id = await register(who, at('/again'));
    await put(market, who);
    const [first] = await settled(who, webhook_id, 'tried');
    assert.deepEqual([first.status, first.attempts, first.status_codes, first.last_error], ['pending', 1, [503], 'it answered 503']);
    assert.ok(Date.parse(first.next_at) > Date.parse(first.tried_at));
    busy = false;
    await market.advance('7s');
    const [second] = await settled(who, webhook_id, 'delivered');
    assert.deepEqual([second.attempts, second.status_codes], [2, [503, 204]]);
    const { replayed } = await manage(who, 'replay', { webhook_id, delivery_id: second.delivery_id });
    assert.equal(replayed, 1);
    await arrived('/again', 3);
    await settled(who, webhook_id, 'delivered');
    const all = sink.of('/again');
    assert.equal(new Set(all.map((m) => m.headers['webhook-id'])).size, 1);
    assert.equal(new Set(all.map((m) => m.text)).size, 1);
    assert.ok(Number(all[1].headers['webhook-timestamp']) > Number(all[0].headers['webhook-timestamp']));
  });
});

describe('the receivers of docs/webhooks.md', () => {
  const COMMAND = { js: ['receiver.mjs', process.execPath], python: ['receiver.py', python] };
  for (const [language, [file, program]] of Object.entries(COMMAND)) {
    it(`verify what they are sent, in ${language}`, async () => {
      const dir = makeHome(), port = await freePort(), who = await market.actor();
      fs.symlinkSync(path.join(root, 'spec/e2e/node_modules'), path.join(dir, 'node_modules'));
      fs.writeFileSync(path.join(dir, file), blocksOf('docs/webhooks.md').find((b) => b.language === language).text);
      const child = spawn(program, [path.join(dir, file)], { env: { ...process.env, WEBHOOK_SECRET: SECRET, PORT: String(port), HOST: SINK }, stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { said += text; });
      try {
        const url = `http://${SINK}:${port}/`;
        await until(() => fetch(url, { method: 'POST', body: '{}' }).then((r) => r.status >= 400, () => false), PATIENCE_MS, () => `it listens: ${said}`);
        const webhook_id = await register(who, url);
        await put(market, who, { data: { tier: 2 } });
        const [row] = await settled(who, webhook_id, 'delivered');
        assert.deepEqual(row.status_codes, [204]);
        await until(() => /reputation\.updated.*tier/.test(said), PATIENCE_MS, () => said);
      } finally {
        child.kill();
      }
    });
  }
});

describe('tests of one actor', () => {
  it('are ten at once', async () => { // limit: webhook tests
    const who = await market.actor(), webhook_id = await register(who, at('/many'));
    const all = await Promise.all(Array.from({ length: 40 }, () => who.post('/webhooks-test', { webhook_id })));
    const limited = all.filter((answer) => answer.status === 429).length;
    assert.ok(limited > 0 && limited <= 30, `${limited} of 40`);
  });
});

describe('all eighteen events', () => {
  it('come of their causes', { timeout: 300_000 }, async () => {
    const [buyer, seller, subscriber] = [await market.actor({ tier: 2 }), await market.actor({ tier: 2 }), await market.actor()];
    const upstream = await startSink((req, res) => res.writeHead(upstream.broken ? 500 : 200).end('{}'));
    for (const who of [buyer, seller, subscriber]) await register(who, at(`/all/${who.id}`));
    const told = (who) => new Set(sink.of(`/all/${who.id}`).map((m) => m.body.type));
    const asks = async () => (await buyer.ok('/listings-create', JOB)).id;
    const bids = async (fields = {}) => (await seller.ok('/bids-create', { listing_id: await asks(), price_usd: 75, sla_hours: 24, ...fields })).id;

    await buyer.ok('/bids-reject', { bid_id: await bids() });
    await buyer.ok('/bids-counter', { bid_id: await bids(), counter_price_usd: 60 });
    const delivered = async () => {
      const transaction_id = await assigned(buyer, seller);
      await seller.ok('/transactions-deliver', { transaction_id, output_data: {} });
      return transaction_id;
    };
    const transaction_id = await delivered();
    await buyer.ok('/transactions-accept', { transaction_id });
    await buyer.ok('/reviews-create', { transaction_id, rating: 5, content: 'Good' });
    await buyer.ok('/transactions-dispute', { transaction_id: await delivered(), dispute_reason: 'It is not what was agreed' });
    const staged = await bids({ milestone_pricing: true, milestones: [{ title: 'All', pct_of_total: 100, sla_hours: 24 }] });
    const whole = (await buyer.ok('/bids-accept', { bid_id: staged })).transaction_id;
    await buyer.ok('/transactions-assign', { transaction_id: whole });
    await seller.ok('/milestones-deliver', { transaction_id: whole, sequence: 1, output_data: {} });
    await buyer.ok('/milestones-accept', { transaction_id: whole, sequence: 1 });

    await fund(market, subscriber, 10);
    await fund(market, buyer, 10);
    const listing_id = await makeTool(market, seller, upstream.url, { plans: [plan({ included_calls: 1, overage_cents_per_call: 1 })], sla_config: { uptime_target_pct: 99 } });
    const { subscription_id } = await subscriber.ok('/tool-subscriptions', { listing_id, plan_id: 'starter' });
    const call = () => subscriber.post('/tool-proxy', { subscription_id, input: {} });
    await call();
    await call();
    upstream.broken = true;
    const dear = await makeTool(market, seller, upstream.url, { plans: [plan({ amount_cents: 100 })] });
    const { delegation } = await buyer.ok('/budget-manage', { action: 'create', grantee_id: subscriber.id, total_cents: 100 });
    await subscriber.ok('/tool-subscriptions', { listing_id: dear, plan_id: 'starter', funding_type: 'delegation', budget_delegation_id: delegation.id });
    await subscriber.ok('/subscriptions-cancel', { subscription_id });
    const all = ['transaction.created', 'transaction.assigned', 'transaction.delivered', 'transaction.accepted', 'transaction.disputed',
      'bid.received', 'bid.accepted', 'bid.rejected', 'bid.countered', 'subscription.created', 'subscription.canceled', 'tool.usage_overage', 'tool.sla_breach',
      'reputation.updated', 'budget.exhausted', 'budget.delegation_created', 'milestone.delivered', 'milestone.accepted'];
    const missing = () => all.filter((name) => ![buyer, seller, subscriber].some((who) => told(who).has(name)));
    await until(() => missing().every((name) => name === 'tool.sla_breach' || name === 'subscription.canceled'), PATIENCE_MS * 2, () => `still missing: ${missing()}`);
    await until(async () => {                                          // tools are looked at each minute, and by the hour
      if (told(seller).has('tool.sla_breach')) return true;
      for (let i = 0; i < 25; i += 1) await call();
      await market.advance('70s');
      return false;
    }, PATIENCE_MS * 3, 'the tool has not kept its promise');
    await market.advance('768h');                                      // the period ends
    await until(() => missing().length === 0, PATIENCE_MS * 2, () => `still missing: ${missing()}`);
    assert.ok(!told(buyer).has('tool.usage_overage') && !told(seller).has('tool.usage_overage'), 'it concerns the subscriber alone');
    assert.ok([buyer, seller, subscriber].every((who) => [...told(who)].every((name) => all.includes(name))));
    upstream.close();
  });
});
