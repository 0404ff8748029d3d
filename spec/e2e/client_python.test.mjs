// spec/e2e/client_python.test.mjs -- the Python client (clients/python) against a running server, and against bad ones.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { blocksOf, generated, run, startCutter, startRefuser } from './client_world.mjs';
import { makeHome } from './hosts.mjs';
import { assigned, startMarket } from './market_trading.mjs';
import { root, until } from './support.mjs';

const PYTHON = path.join(root, 'build/venv/bin/python'), CHECK = path.join(root, 'spec/e2e/client_python_check.py');
const PATIENCE_MS = 30_000;
let market, env;
before(async () => {
  market = await startMarket();
  env = { ...process.env, PYTHONPATH: path.join(root, 'clients/python'), PYTHONDONTWRITEBYTECODE: '1', NO_PROXY: '*', HUMAN_URL: market.url };
});
after(async () => { await market?.stop(); });

/** What a function of the check answers. */
async function check(name, given) {
  const { code, out, err } = await run(PYTHON, [CHECK, name, JSON.stringify(given)], { env });
  assert.equal(code, 0, err);
  return out === '' ? null : JSON.parse(out);
}

describe('what is generated', () => {
  it('is what `make sdk` makes of the routes now', () => {
    const dir = path.join(generated(), 'python/human_client');
    for (const name of fs.readdirSync(dir)) {
      assert.ok(fs.readFileSync(path.join(dir, name), 'utf8') === fs.readFileSync(path.join(root, 'clients/python/human_client', name), 'utf8'),
                `clients/python/human_client/${name} is stale: run make sdk`);
    }
  });

  it('has types that mypy takes when it is strict, and that find what is wrong', async () => {
    const dir = makeHome(), file = path.join(dir, 'use.py');
    fs.writeFileSync(file, `from human_client import Marketplace
market = Marketplace()
bid_id: str = market.bids_create(listing_id="x", price_usd=1, sla_hours=2)["id"]
prices: list[float] = [bid["price_usd"] for bid in market.each_bids_list()]
market.budget_manage(action="list")
market.bids_create(listing_id="x")  # type: ignore[call-arg]
market.listings_get(listing_id=1)  # type: ignore[arg-type]
market.no_such_call()  # type: ignore[attr-defined]
`);
    const { code, out } = await run(PYTHON, ['-m', 'mypy', '--strict', '--cache-dir', path.join(dir, 'cache'), path.join(root, 'clients/python/human_client'), file], { env, cwd: dir });
    assert.equal(code, 0, out);
  });
});

describe('the Python client', () => {
  it('plays a deal from registration to review', async () => {
    assert.deepEqual(await check('deal', { url: market.url }), { states: ['assigned', 'delivered', 'accepted'], file: '%PDF-1.4\n%%EOF\n', earned: 6750 });
  });

  it('keeps agents of the agent API', async () => {
    const { name, deleted, then } = await check('agents', { url: market.url, email: `client-py-${process.pid}@example.com` });
    assert.deepEqual([name, deleted, then.status, then.code], ['Coach Alex', null, 404, 'agent_not_found']);
  });

  it('says what was refused, and when nobody answers', async () => {
    const { key } = await market.actor(), [wrong, nobody] = await check('errors', { url: market.url, key });
    assert.deepEqual([wrong.status, wrong.code, wrong.has_body], [400, 'validation_error', true]);
    assert.ok(wrong.request_id);
    assert.deepEqual([nobody.status, nobody.code], [0, 'connection_failed']);
  });

  it('does nothing twice when answers are lost, and gives up after three repeats', async () => {
    const { id, key } = await market.actor(), line = await startCutter(market);
    line.cuts = 2;
    const listing = await check('create', { url: line.url, key });
    assert.deepEqual(await market.sql(`select id from market_listings where actor_id = '${id}'`), [listing]);
    const keys = line.seen.map((r) => r.headers['idempotency-key']);
    assert.deepEqual([keys.length, new Set(keys).size], [3, 1]);
    line.cuts = 9;
    assert.equal((await check('create_refused', { url: line.url, key })).code, 'connection_failed');
    assert.equal(line.seen.length, 7);
    line.stop();
  });

  for (const status of [429, 503]) {
    it(`repeats after the time that a ${status} asks for`, async () => {
      const refuser = await startRefuser([status, { 'retry-after': '0' }, { code: 'rate_limited' }], [200, {}, { rc_balance: 5 }]);
      assert.equal(await check('balance', { url: refuser.url }), 5);
      assert.equal(refuser.seen.length, 2);
      refuser.stop();
    });
  }

  it('repeats nothing after other refusals, and follows no redirect', async () => {
    for (const [answer, code] of [[[429, {}, { code: 'usage_quota_exceeded' }], 'usage_quota_exceeded'], [[429, { 'retry-after': '86400' }, { code: 'rate_limited' }], 'rate_limited'],
                                  [[504, {}, { code: 'upstream_timeout' }], 'upstream_timeout'], [[302, { location: 'http://127.0.0.1:1/' }, {}], 'http_302']]) {
      const refuser = await startRefuser(answer);
      assert.equal((await check('proxy_refused', { url: refuser.url })).code, code);
      assert.equal(refuser.seen.length, 1);
      refuser.stop();
    }
  });

  it('reads lists page by page, also asynchronously', async () => {
    const { key } = await market.actor();
    assert.deepEqual(await check('pages', { url: market.url, key, tag: 'paged:py' }), { same: true });
  });

  it('goes on where a stream was when it is cut, until it ends', async () => {
    const buyer = await market.actor(), seller = await market.actor(), line = await startCutter(market);
    const transaction_id = await assigned(buyer, seller);
    const child = spawn(PYTHON, [CHECK, 'follow', JSON.stringify({ url: line.url, key: buyer.key, transaction_id })], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const heard = [], exited = once(child, 'exit');
    readline.createInterface({ input: child.stdout }).on('line', (text) => heard.push(JSON.parse(text)));
    await until(() => heard.some((e) => e.data?.status === 'assigned'), PATIENCE_MS, 'it has heard of the assignment');
    line.cutStreams();
    await seller.ok('/transactions-deliver', { transaction_id, output_data: { shops: [] } });
    await buyer.ok('/transactions-accept', { transaction_id });
    assert.deepEqual(await exited, [0, null]);
    await until(() => heard.at(-1).event === 'end', PATIENCE_MS, 'all lines were read');
    const ids = heard.filter((e) => e.event !== 'end').map((e) => Number(e.id));
    assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => a - b));
    assert.ok(line.seen.some((r) => r.headers['last-event-id'] !== undefined));
    assert.ok(heard.some((e) => e.data?.status === 'accepted'), JSON.stringify(heard));
    line.stop();
  });

  it('takes webhooks whose signature is right, and no others', async () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', body = '{"type":"bid.received","x":"ä"}';
    const signed = (at) => ({ 'Webhook-Id': 'msg_1', 'Webhook-Timestamp': String(Math.floor(at / 1000)), 'Webhook-Signature': `v1a,x ${new Webhook(secret).sign('msg_1', new Date(at), body)}` });
    const headers = signed(Date.now()), good = { body, headers, secret };
    const bad = [{ ...good, headers: {} }, { ...good, body: `${body} ` }, { ...good, secret: 'other' }, { ...good, headers: signed(Date.now() - 400_000) }];
    const { payload, reasons } = await check('webhooks', { body, good, bad });
    assert.deepEqual(payload, JSON.parse(body));
    assert.deepEqual(reasons.map((r) => r?.split(',')[0]), ['a header is missing', 'the signature is not that of the secret', 'the signature is not that of the secret', 'it is too old']);
  });

  it('is as its README says: the blocks run, and print that', async () => {
    const blocks = blocksOf('clients/python/README.md', 'python'), dir = makeHome();
    assert.equal(blocks.length, 3);
    for (const { code, output } of blocks) {
      fs.writeFileSync(path.join(dir, 'block.py'), code);
      const done = await run(PYTHON, ['block.py'], { cwd: dir, env });
      assert.equal(done.code, 0, done.err);
      if (output) assert.ok(done.out.endsWith(output), done.out);
    }
  });
});
