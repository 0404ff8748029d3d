// spec/e2e/client_js.test.mjs -- the JavaScript client (clients/js) against a running server, and against bad ones.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Agent, HumanError, Marketplace, verifyWebhook, WebhookError } from '../../clients/js/index.js';
import { launch } from './browser.mjs';
import { blocksOf, generated, run, startCutter, startRefuser, startSite } from './client_world.mjs';
import { makeHome } from './hosts.mjs';
import { assigned, startMarket } from './market_trading.mjs';
import { root, until } from './support.mjs';

const JOB = { direction: 'buy', listing_type: 'task_execution', title: 'Scrape three shops', category_tags: ['data:extraction'],
  description: 'Product names and prices of three shops', budget_ceiling_usd: 100 };
const PATIENCE_MS = 30_000;

let market;
before(async () => { market = await startMarket({ env: { HUMAN_CORS_ORIGINS: '*' } }); });
after(async () => { await market?.stop(); });

const as = (actor, options = {}) => new Marketplace({ url: market.url, key: actor.key, ...options });
const deal = async (buyer, seller) => {
  const listing = await buyer.listingsCreate(JOB);
  const bid = await seller.bidsCreate({ listing_id: listing.id, price_usd: 75, sla_hours: 24 });
  return (await buyer.bidsAccept({ bid_id: bid.id })).transaction_id;
};

describe('what is generated', () => {
  it('is what `make sdk` makes of the routes now', () => {
    const dir = generated();
    for (const name of fs.readdirSync(path.join(dir, 'js'))) {
      assert.ok(fs.readFileSync(path.join(dir, 'js', name), 'utf8') === fs.readFileSync(path.join(root, 'clients/js', name), 'utf8'),
                `clients/js/${name} is stale: run make sdk`);
    }
  });

  it('has types that a strict compiler takes, and that find what is wrong', async () => {
    const dir = makeHome();
    fs.mkdirSync(path.join(dir, 'node_modules'));
    fs.symlinkSync(path.join(root, 'clients/js'), path.join(dir, 'node_modules/human-client'));
    fs.writeFileSync(path.join(dir, 'package.json'), '{ "type": "module" }');
    fs.writeFileSync(path.join(dir, 'use.ts'), `import { Agent, HumanError, Marketplace, verifyWebhook } from 'human-client';
      import type { MarketplaceErrorCode } from 'human-client';
      import type { BidsCreateInput } from 'human-client/marketplace';
      const market = new Marketplace({ key: 'hm_' });
      const input: BidsCreateInput = { listing_id: 'x', price_usd: 1, sla_hours: 2 };
      const id: string = (await market.bidsCreate(input)).id;
      for await (const bid of market.each('bidsList')) { const price: number = bid.price_usd; void price; }
      for await (const { event } of market.taskStream({})) { const name: string = event; void name; }
      await market.budgetManage({ action: 'list' });
      try { await market.creditsBalance(); } catch (error) {
        if (HumanError.is<MarketplaceErrorCode>(error, 'already_bid')) { const code: 'already_bid' | MarketplaceErrorCode = error.code; void code; }
      }
      const me: string = (await new Agent().createUser({ email: id })).id;
      const payload: unknown = await verifyWebhook({ body: me, headers: {}, secret: 's' });
      // @ts-expect-error a field is missing
      await market.bidsCreate({ listing_id: 'x' });
      // @ts-expect-error no such value
      await market.listingsCreate({ ...({} as any as { title: string; description: string; category_tags: string[] }), direction: 'rent', listing_type: 'task_execution' });
      // @ts-expect-error that is no list
      market.each('bidsCreate');
      // @ts-expect-error no such code
      HumanError.is<MarketplaceErrorCode>(payload, 'no_such_code');
      export {};\n`);
    const { code, out } = await run(path.join(root, 'spec/e2e/node_modules/.bin/tsc'), ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022',
      '--lib', 'es2022,dom,dom.iterable', '--preserveSymlinks', 'use.ts'], { cwd: dir });
    assert.equal(code, 0, out);
  });
});

describe('a deal', () => {
  it('goes from registration to review', async () => {
    const open = new Marketplace({ url: market.url });
    const buyer = open.with({ key: (await open.agentsQuickStart({ display_name: 'Buyer' })).api_key });
    const seller = open.with({ key: (await open.agentsQuickStart({ display_name: 'Seller' })).api_key });
    const transaction_id = await deal(buyer, seller);
    assert.equal((await buyer.transactionsAssign({ transaction_id })).status, 'assigned');
    const { storage_path } = await seller.deliverablesUpload({ transaction_id, file: new File(['%PDF-1.4\n%%EOF\n'], 'report.pdf') });
    const [, id, name] = /([0-9a-f-]{36})\/([^/]+)$/.exec(storage_path);
    assert.match(await (await seller.deliverablesGet({ id, name })).text(), /^%PDF/);
    await seller.transactionsDeliver({ transaction_id, output_data: { shops: [] } });
    assert.equal((await buyer.transactionsAccept({ transaction_id })).status, 'accepted');
    await buyer.reviewsCreate({ transaction_id, rating: 5, content: 'Good' });
    assert.equal((await seller.creditsBalance()).rc_balance_withdrawable, 6750);
  });

  it('is one of agents that the agent API has', async () => {
    const operator = new Agent({ url: market.url });
    const user = await operator.createUser({ email: `client-js-${process.pid}@example.com` });
    const { key } = await operator.createApiKey({ userId: user.id, name: 'Production Key' });
    const api = operator.with({ key });
    const [type] = await api.listAgentTypes();
    const made = await api.createAgent({ name: 'Coach Alex', agentTypeId: type.id });
    assert.equal((await api.getAgent({ id: made.id })).name, 'Coach Alex');
    assert.equal(await api.deleteAgent({ id: made.id }), undefined);
    await assert.rejects(api.getAgent({ id: made.id }), (e) => HumanError.is(e, 'agent_not_found') && e.status === 404);
  });
});

describe('errors', () => {
  it('have the status, the code and the facts of the answer', async () => {
    const actor = as(await market.actor());
    const error = await actor.bidsCreate({ listing_id: 'no', price_usd: 1, sla_hours: 1 }).catch((e) => e);
    assert.deepEqual([error.name, error.status, error.code, HumanError.is(error, 'validation_error'), HumanError.is(error, 'not_found')],
                     ['HumanError', 400, 'validation_error', true, false]);
    assert.equal(error.body.code, 'validation_error');
    assert.ok(error.requestId);
  });

  it('say when nobody answers, and when no answer comes in time', async () => {
    const actor = as(await market.actor());
    await assert.rejects(actor.with({ url: 'http://127.0.0.1:1', retries: 0 }).creditsBalance(), (e) => e.status === 0 && e.code === 'connection_failed');
    const silent = await startCutter(market);
    const stuck = actor.with({ url: silent.url, timeoutMs: 300, retries: 0, fetch: (url, init) => fetch(url, init).then(() => new Promise((_, no) => {
      init.signal.addEventListener('abort', () => no(init.signal.reason));
    })) });
    await assert.rejects(stuck.creditsBalance(), (e) => e.code === 'timeout');
    silent.stop();
  });

  it('of the caller who gives up are the caller\'s', async () => {
    const reason = new Error('enough');
    await assert.rejects(as(await market.actor()).creditsBalance({}, { signal: AbortSignal.abort(reason) }), (e) => e === reason || e.cause === reason || e.name === 'AbortError');
  });
});

describe('repeats', () => {
  it('do nothing twice when answers are lost', async () => {
    const line = await startCutter(market), actor = as(await market.actor(), { url: line.url });
    line.cuts = 2;
    const listing = await actor.listingsCreate(JOB);
    assert.deepEqual(await market.sql(`select count(*) from market_listings where actor_id = (select actor_id from market_listings where id = '${listing.id}')`), ['1']);
    const keys = line.seen.map((r) => r.headers['idempotency-key']);
    assert.deepEqual([keys.length, new Set(keys).size], [3, 1]);
    line.cuts = 1;
    assert.equal((await actor.listingsGet({ listing_id: listing.id })).id, listing.id);
    line.stop();
  });

  it('end after three, and are none where a repeat could do harm', async () => {
    const line = await startCutter(market), actor = as(await market.actor(), { url: line.url });
    line.cuts = 9;
    await assert.rejects(actor.listingsCreate(JOB), { code: 'connection_failed' });
    assert.equal(line.seen.length, 4);
    await assert.rejects(new Agent({ url: line.url, key: 'ak_x' }).deleteAgent({ id: 'clx1' }), { code: 'connection_failed' });
    assert.equal(line.seen.length, 5);
    line.stop();
  });

  for (const status of [429, 503]) {
    it(`come after the time that a ${status} asks for`, async () => {
      const refuser = await startRefuser([status, { 'retry-after': '0' }, { code: 'rate_limited' }], [200, {}, { rc_balance: 5 }]);
      assert.equal((await new Marketplace({ url: refuser.url }).creditsBalance()).rc_balance, 5);
      assert.equal(refuser.seen.length, 2);
      refuser.stop();
    });
  }

  it('are none after other refusals, or when the time is too long', async () => {
    for (const answer of [[429, {}, { code: 'usage_quota_exceeded' }], [429, { 'retry-after': '86400' }, { code: 'rate_limited' }], [500, {}, { code: 'internal' }],
                          [504, {}, { code: 'upstream_timeout' }], [302, { location: 'http://127.0.0.1:1/' }, {}]]) {
      const refuser = await startRefuser(answer);
      await assert.rejects(new Marketplace({ url: refuser.url, retries: 1 }).toolProxy({ subscription_id: 'x', input: {} }), HumanError);
      assert.equal(refuser.seen.length, 1, answer.join());
      refuser.stop();
    }
  });
});

describe('lists and streams', () => {
  it('are read page by page', async () => {
    const actor = as(await market.actor());
    const made = [];
    for (let i = 0; i < 5; i += 1) made.push((await actor.listingsCreate({ ...JOB, title: `Paged ${i}`, category_tags: ['paged:js'] })).id);
    const found = [];
    for await (const listing of actor.each('listingsSearch', { category_tag: 'paged:js', limit: 2 })) found.push(listing.id);
    assert.deepEqual(found.sort(), made.sort());
  });

  it('go on where they were when they are cut, until they end', async () => {
    const buyer = await market.actor(), seller = await market.actor(), line = await startCutter(market);
    const transaction_id = await assigned(buyer, seller);
    const heard = [], ended = (async () => {
      for await (const event of as(buyer, { url: line.url }).taskProgressStream({ transaction_id })) heard.push(event);
    })();
    await until(() => heard.some((e) => e.data?.status === 'assigned'), PATIENCE_MS, 'it has heard of the assignment');
    line.cutStreams();
    await as(seller).transactionsDeliver({ transaction_id, output_data: { shops: [] } });
    await as(buyer).transactionsAccept({ transaction_id });
    await ended;
    const ids = heard.map((e) => Number(e.id)).filter((n) => !Number.isNaN(n));
    assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => a - b));
    assert.ok(line.seen.some((r) => r.headers['last-event-id'] !== undefined));
    assert.ok(heard.some((e) => e.data?.status === 'accepted') && heard.at(-1).event === 'end', JSON.stringify(heard));
    line.stop();
  });

  it('refuse a stranger at once', async () => {
    const events = as({ key: 'hm_00000000000000000000000000000000' }).taskStream({});
    await assert.rejects(events.next(), (e) => HumanError.is(e, 'unauthorized'));
  });
});

describe('webhooks', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', body = '{"type":"bid.received","x":"ä"}';
  const signed = (at = new Date()) => ({ 'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': `v1a,x ${new Webhook(secret).sign('msg_1', at, body)}` });

  it('are taken when the signature is right', async () => {
    assert.deepEqual(await verifyWebhook({ body, headers: signed(), secret: ['old', secret] }), JSON.parse(body));
    assert.deepEqual(await verifyWebhook({ body, headers: new Headers(signed()), secret }), JSON.parse(body));
  });

  it('are refused otherwise', async () => {
    const wrong = [{ headers: {} }, { body: `${body} ` }, { secret: 'other' }, { headers: signed(new Date(Date.now() - 400_000)) },
                   { headers: signed(new Date(Date.now() + 400_000)) }, { headers: { ...signed(), 'webhook-timestamp': '1e9' } }];
    for (const one of wrong) await assert.rejects(verifyWebhook({ body, headers: signed(), secret, ...one }), WebhookError);
  });
});

describe('elsewhere', () => {
  let browser;
  before(async () => { browser = await launch(); });
  after(async () => { await browser?.close(); });

  it('the blocks of the README run, and print what it says', async () => {
    const blocks = blocksOf('clients/js/README.md', 'js'), dir = makeHome();
    fs.mkdirSync(path.join(dir, 'node_modules'));
    fs.symlinkSync(path.join(root, 'clients/js'), path.join(dir, 'node_modules/human-client'));
    assert.equal(blocks.length, 4);
    for (const [i, { code, output }] of blocks.entries()) {
      fs.writeFileSync(path.join(dir, `block${i}.mjs`), code);
      const done = await run(process.execPath, [`block${i}.mjs`], { cwd: dir, env: { ...process.env, HUMAN_URL: market.url } });
      assert.equal(done.code, 0, done.err);
      if (output) assert.equal(done.out, output);
    }
  });

  it('it works in a browser', async () => {
    const { key } = await market.actor();
    const page = await browser.newPage(), site = await startSite();
    await page.goto(site.url);
    const balance = await page.evaluate(async ([url, key]) => {
      const client = await import('/js/index.js');
      return new client.Marketplace({ url, key }).creditsBalance();
    }, [market.url, key]);
    site.stop();
    assert.equal(typeof balance.rc_balance, 'number');
  });
});
