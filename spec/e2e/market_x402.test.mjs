// spec/e2e/market_x402.test.mjs -- calls of tools that are paid for one by one, by x402 and by the Payment scheme (MPP): the official packages
// read what is asked for and make what it is paid with; what is tampered with, expired, another's or used is not taken.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { x402Client, x402HTTPClient } from '@x402/core/client';
import { PaymentPayloadV2Schema, PaymentRequiredV2Schema } from '@x402/core/schemas';
import { decodePaymentResponseHeader, encodePaymentSignatureHeader } from '@x402/core/http';
import { BodyDigest, Challenge, Credential, Method, Receipt, z } from 'mppx';
import { Mppx } from 'mppx/client';
import { errors } from './hosts.mjs';
import { startMarket } from './market_trading.mjs';
import { fund, makeTool, PATIENCE_MS, plan, startUpstream, UPSTREAM } from './market_tools_world.mjs';
import { root, until } from './support.mjs';

const CENTS = 0.5, PRICE = 500, SHARE = 425;       // of a call: in cents, in thousandths of a credit, and what of these the provider gets
let market, upstream, provider, secret;

before(async () => {
  upstream = await startUpstream();
  market = await startMarket({ env: { HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32`, HUMAN_SEAL_KEY: randomBytes(32).toString('hex') } });
  provider = await market.actor({ name: 'Provider' });
  secret = await market.one('select secret from market_call_secret');
});
after(async () => {
  await market?.stop();
  upstream?.close();
  assert.deepEqual(errors(market?.log() ?? '').filter((line) => !line.includes('was ended by signal 9')), []);
});

/** A tool that may be paid by the call: its id. */
const payable = (options = {}) => makeTool(market, provider, options.url ?? upstream.url, { plans: [plan({ amount_cents: 2900 })], ...options, meta: { pay_per_call_cents: CENTS, ...options.meta } });

/** An actor with a dollar. */
async function payer(options = {}, usd = 1) {
  const who = await market.actor(options);
  if (usd) await fund(market, who, usd);
  return who;
}

/** A call of a listing; headers: a payment. */
const call = (who, listing_id, { input = { url: 'https://example.com' }, headers = {}, ...more } = {}) => fetch(`${market.url}/tool-proxy`, {
  method: 'POST', body: JSON.stringify({ listing_id, input, ...more }), headers: { 'x-api-key': who.key, 'content-type': 'application/json', ...headers } });

const x402 = () => new x402Client().register('humai:credits', { scheme: 'exact',
  createPaymentPayload: async (x402Version, asked) => ({ x402Version, payload: { payer: asked.extra.payer } }) })
  .setSpendControls({ allowedAssets: [{ network: 'humai:credits', asset: 'RC', maxAmountPerPayment: '1000' }] });

/** What an unpaid answer asks for, and the headers that pay it by each protocol. */
async function demanded(answer) {
  assert.equal(answer.status, 402, await answer.clone().text());
  const body = await answer.clone().json(), client = new x402HTTPClient(x402());
  const asked = client.getPaymentRequiredResponse((name) => answer.headers.get(name), body);
  const payload = await client.createPaymentPayload(asked), challenge = Challenge.fromResponse(answer);
  return { body, asked, payload, challenge, x402: client.encodePaymentSignatureHeader(payload),
    mpp: { authorization: Credential.serialize(Credential.from({ challenge, payload: { payer: asked.accepts[0].extra.payer } })) } };
}

const code = async (answer) => `${answer.status} ${(await answer.clone().json()).code ?? 'ok'}`;
const why = async (answer) => `${answer.status} ${(await answer.clone().json()).error}`;
const calls = async (listing_id) => await market.one(`select coalesce(string_agg(state || ' ' || outcome || ' ' || n, ', ' order by state), '') from (select state, outcome, count(*) as n from market_tool_calls
  where listing_id = '${listing_id}' group by 1, 2) few`) ?? '';

describe('a call without a subscription', () => {
  it('is answered with what it costs, as the official packages read it', async () => {
    const who = await payer({}, 0), listing_id = await payable();
    const answer = await call(who, listing_id), { body, asked, challenge } = await demanded(answer);
    assert.deepEqual(PaymentRequiredV2Schema.parse(asked), asked);
    assert.deepEqual(PaymentRequiredV2Schema.parse(body), asked);
    const [one] = asked.accepts;
    assert.deepEqual([asked.accepts.length, one.scheme, one.network, one.amount, one.asset, one.payTo, one.maxTimeoutSeconds],
      [1, 'exact', 'humai:credits', String(PRICE), 'RC', provider.id, 300]);
    assert.deepEqual([one.extra.decimals, one.extra.payer, asked.resource.url], [3, who.id, `${market.url}/tool-proxy`]);
    assert.deepEqual([challenge.method, challenge.intent, challenge.request], ['humai', 'charge', { amount: String(PRICE), currency: 'RC', recipient: provider.id }]);
    assert.ok(Challenge.verify(challenge, { secretKey: secret }));
    assert.ok(!Challenge.verify({ ...challenge, expires: new Date().toISOString() }, { secretKey: secret }));
    assert.ok(BodyDigest.verify(challenge.digest, JSON.stringify({ listing_id, input: { url: 'https://example.com' } })));
    assert.deepEqual([body.code, answer.headers.get('cache-control')], ['payment_required', 'no-store']);
    assert.equal(await calls(listing_id), '');
  });

  it('is refused as ever where the provider wants subscribers', async () => {
    const who = await payer({}, 0), plain = await makeTool(market, provider, upstream.url), free = await payable({ meta: { pay_per_call_cents: 0 } });
    for (const id of [plain, free]) assert.equal(await code(await call(who, id)), '403 subscription_not_active');
    assert.equal(await code(await call(who, '00000000-0000-4000-8000-000000000000')), '404 not_found');
    const { status, body } = await who.post('/tool-proxy', { input: {} });
    assert.deepEqual([status, body.code, body.details[0].path], [400, 'validation_error', 'subscription_id']);
    assert.equal((await who.post('/tool-proxy', { subscription_id: plain, listing_id: plain, input: {} })).status, 400);
  });

  it('is refused before it is paid: by a wrong input, to a tool that stands still, to a frozen agent, from the provider, with a tool key', async () => {
    const who = await payer({}, 0), listing_id = await payable({ input_schema: { url: 'string' } });
    assert.equal(await code(await call(who, listing_id, { input: { url: 1 } })), '400 input_schema_mismatch');
    assert.equal(await code(await call(provider, listing_id)), '400 self_dealing_not_permitted');
    assert.equal(await code(await call(who, listing_id, { headers: { accept: 'text/event-stream' } })), '400 validation_error');
    const other = await makeTool(market, provider, upstream.url), { api_key } = await who.ok('/tool-subscriptions', { listing_id: other, plan_id: 'starter' });
    assert.equal(await code(await call({ key: api_key }, listing_id)), '403 subscription_not_active');
    await provider.ok('/provider-tools', { action: 'pause', listing_id });
    assert.equal(await code(await call(who, listing_id)), '503 tool_suspended');
    await market.sql(`update market_actors set state = 'frozen' where id = '${who.id}'`);
    assert.equal(await code(await call(who, await payable())), '403 agent_frozen');
  });

  it('by who has subscribed is one of the subscription', async () => {
    const who = await market.actor(), listing_id = await payable({ plans: [plan()] });
    await who.ok('/tool-subscriptions', { listing_id, plan_id: 'starter' });
    const body = await (await call(who, listing_id)).json();
    assert.deepEqual([body.usage.included_calls, body.usage.calls_this_period, body.payment], [1000, 1, undefined]);
  });

  it('may be paid for by who had subscribed, under the id of what has ended', async () => {
    const who = await payer(), listing_id = await payable({ plans: [plan()] });
    const { subscription_id } = await who.ok('/tool-subscriptions', { listing_id, plan_id: 'starter' });
    await market.sql(`update market_subscriptions set state = 'canceled', canceled_at = now() where id = '${subscription_id}'`);
    const send = (headers = {}) => fetch(`${market.url}/tool-proxy`, { method: 'POST', body: JSON.stringify({ subscription_id, input: {} }),
      headers: { 'x-api-key': who.key, 'content-type': 'application/json', ...headers } });
    assert.equal((await send((await demanded(await send())).x402)).status, 200);
    assert.equal((await send((await demanded(await send())).mpp)).status, 200);
    assert.equal((await who.ok('/subscriptions-list')).total, 1);
  });
});

describe('a payment', () => {
  for (const way of ['x402', 'mpp']) {
    it(`by ${way} makes the call, is paid to the provider, and shows what was paid`, async () => {
      const who = await payer(), listing_id = await payable(), had = await market.earned(who), provided = await market.earned(provider), fees = await market.platform(6310);
      const due = await demanded(await call(who, listing_id));
      assert.ok(PaymentPayloadV2Schema.parse(due.payload));
      const answer = await call(who, listing_id, { headers: due[way] }), body = await answer.json();
      assert.equal(answer.status, 200, JSON.stringify(body));
      assert.deepEqual([body.output, body.usage.is_overage, body.usage.included_calls], [{ echo: { url: 'https://example.com' } }, true, 0]);
      const settled = decodePaymentResponseHeader(answer.headers.get('payment-response')), receipt = Receipt.fromResponse(answer);
      assert.deepEqual(settled, body.payment);
      assert.deepEqual([settled.success, settled.network, settled.payer, settled.amount], [true, 'humai:credits', who.id, String(PRICE)]);
      assert.deepEqual([receipt.status, receipt.method, receipt.reference], ['success', 'humai', settled.transaction]);
      assert.equal(await market.one(`select state || ' ' || price_mrc || ' ' || fee_mrc from market_tool_calls where id = '${settled.transaction}'`), `done ${PRICE} ${PRICE - SHARE}`);
      assert.deepEqual([had - await market.earned(who), await market.earned(provider) - provided, await market.platform(6310) - fees], [PRICE, SHARE, PRICE - SHARE]);
      assert.equal(await market.one(`select protocol || ' ' || amount_mrc from market_call_payments where call_id = '${settled.transaction}'`), `${way} ${PRICE}`);
    });

    it(`by ${way} that comes again has the first answer, and takes nothing`, async () => {
      const who = await payer(), listing_id = await payable(), due = await demanded(await call(who, listing_id)), had = await market.earned(who);
      const first = await call(who, listing_id, { headers: due[way] }), text = await first.text(), asked = upstream.counted;
      await market.advance('6m');
      const second = await call(who, listing_id, { headers: due[way] });
      assert.deepEqual([second.status, JSON.parse(await second.text())], [200, JSON.parse(text)]);
      assert.equal(second.headers.get('payment-response'), first.headers.get('payment-response'));
      assert.deepEqual([upstream.counted, had - await market.earned(who)], [asked, PRICE]);
    });

    it(`by ${way} that is used fifty times at once takes exactly one call`, async () => {
      const who = await payer(), listing_id = await payable(), due = await demanded(await call(who, listing_id)), had = await market.earned(who), asked = upstream.counted;
      const tally = {};
      await Promise.all(Array.from({ length: 50 }, async () => {
        const got = await code(await call(who, listing_id, { headers: due[way] }));
        tally[got] = (tally[got] ?? 0) + 1;
      }));
      const { '200 ok': ok, '409 idempotency_in_progress': waits = 0, ...others } = tally;
      assert.deepEqual(others, {});
      assert.ok(ok >= 1 && ok + waits === 50, JSON.stringify(tally));
      assert.deepEqual([upstream.counted - asked, had - await market.earned(who), await calls(listing_id)], [1, PRICE, 'done ok 1']);
    });

    it(`by ${way} is given back when the tool fails, and is not good for another call`, async () => {
      const who = await payer(), listing_id = await payable(), due = await demanded(await call(who, listing_id)), had = await market.earned(who), usual = upstream.answer;
      upstream.answer = (req, res) => res.writeHead(503).end('{}');
      const failed = await call(who, listing_id, { headers: due[way] });
      upstream.answer = usual;
      assert.equal(await code(failed), '502 upstream_error');
      assert.deepEqual([failed.headers.get('payment-response'), had - await market.earned(who), await calls(listing_id)], [null, 0, 'returned failed 1']);
      const again = await call(who, listing_id, { headers: due[way] });
      assert.equal(await why(again), '402 The payment was used, and what it cost has been given back');
      assert.equal((await call(who, listing_id, { headers: (await demanded(again))[way] })).status, 200);
    });

    it(`by ${way} is good for five minutes, at the price of now, for this call and this actor`, async () => {
      const who = await payer(), other = await payer(), listing_id = await payable(), second = await payable(), had = await market.earned(who);
      const pay = (due, by = who, id = listing_id, more = {}) => call(by, id, { headers: due[way], ...more });
      let due = await demanded(await call(who, listing_id));
      assert.equal(await why(await pay(due, other)), '402 The payment is for another actor than whose key this is');
      assert.equal(await why(await pay(due, who, second)), '402 The payment is for another call');
      assert.equal(await why(await pay(due, who, listing_id, { input: { url: 'https://example.org' } })), '402 The payment is for another call');
      await market.sql(`update market_listings set tool_meta = jsonb_set(tool_meta, '{pay_per_call_cents}', '1') where id = '${listing_id}'`);
      assert.equal(await why(await pay(due)), '402 The price is another one now');
      due = await demanded(await call(who, listing_id));
      await market.advance('301s'); // limit: call price
      assert.equal(await why(await pay(due)), '402 The payment has expired');
      assert.equal(await market.earned(who), had);
      assert.equal((await pay(await demanded(await call(who, listing_id)))).status, 200);
      assert.equal(had - await market.earned(who), 1000);
    });
  }

  it('that was tampered with is not taken, whatever was changed', async () => {
    const who = await payer(), listing_id = await payable(), had = await market.earned(who), due = await demanded(await call(who, listing_id));
    const refused = '402 The payment answers no challenge of this platform';
    for (const change of [{ amount: '1' }, { payTo: who.id }, { asset: 'USD' }, { network: 'eip155:8453' }, { scheme: 'upto' },
      ...Object.entries({ nonce: 'f'.repeat(32), payer: provider.id, expires: '2099-01-01T00:00:00.000Z', digest: 'sha-256=x', id: 'A'.repeat(43) })
        .map(([name, value]) => ({ extra: { ...due.payload.accepted.extra, [name]: value } }))]) {
      const headers = { 'payment-signature': encodePaymentSignatureHeader({ ...due.payload, accepted: { ...due.payload.accepted, ...change } }) };
      assert.equal(await why(await call(who, listing_id, { headers })), refused, JSON.stringify(change));
    }
    const elsewhere = { 'payment-signature': encodePaymentSignatureHeader({ ...due.payload, resource: { url: 'https://example.com/other' } }) };
    assert.equal(await why(await call(who, listing_id, { headers: elsewhere })), refused);
    for (const change of [{ realm: 'x' }, { method: 'tempo' }, { intent: 'session' }, { expires: '2099-01-01T00:00:00.000Z' }, { digest: 'sha-256=x' }, { id: 'A'.repeat(43) },
      { request: { ...due.challenge.request, amount: '1' } }, { opaque: 'e30' }]) {
      const authorization = Credential.serialize(Credential.from({ challenge: { ...due.challenge, ...change }, payload: { payer: who.id } }));
      assert.equal(await why(await call(who, listing_id, { headers: { authorization } })), refused, JSON.stringify(change));
    }
    const signed = { 'payment-signature': encodePaymentSignatureHeader({ ...due.payload, payload: { payer: provider.id } }) };
    assert.equal(await why(await call(who, listing_id, { headers: signed })), '402 The payment is for another actor than whose key this is');
    assert.deepEqual([await market.earned(who), await calls(listing_id)], [had, '']);
  });

  it('that is none says which header is wrong', async () => {
    const who = await payer({}, 0), listing_id = await payable(), due = await demanded(await call(who, listing_id));
    const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64'), { accepted } = due.payload;
    for (const text of ['x', '!', b64('{'), b64([]), b64({ x402Version: 1 }), b64({ x402Version: 2 }), b64({ x402Version: 2, accepted: { ...accepted, extra: { id: 5 } } }), b64({ x402Version: 2, accepted }),
      b64({ x402Version: 2, accepted: { ...accepted, amount: 1e999 }, payload: {} }), b64({ x402Version: 2, accepted, payload: { payer: null } }), 'A'.repeat(8200)]) { // limit: call payment
      const { status, ...got } = await call(who, listing_id, { headers: { 'payment-signature': text } }).then(async (a) => ({ status: a.status, body: await a.json() }));
      assert.deepEqual([status, got.body.code, got.body.details?.[0].path], [400, 'validation_error', 'PAYMENT-SIGNATURE'], text.slice(0, 80));
    }
    for (const text of ['Payment x', 'Payment !!', `Payment ${b64('{}')}`, `payment ${b64({ challenge: { id: 'x' } })}`]) {
      const answer = await call(who, listing_id, { headers: { authorization: text } }), body = await answer.json();
      assert.deepEqual([answer.status, body.details?.[0].path], [400, 'Authorization'], text);
    }
    assert.equal((await call(who, listing_id, { headers: { ...due.x402, ...due.mpp } })).status, 400);
    assert.equal((await call(who, listing_id, { headers: { authorization: 'Bearer x' } })).status, 402);
  });

  it('needs credits, and a budget that pays obeys its cap and gets back what was not used', async () => {
    const poor = await payer({}, 0), listing_id = await payable();
    const pay = async (who, more) => call(who, listing_id, { ...more, headers: (await demanded(await call(who, listing_id, more))).x402 });
    assert.equal(await code(await pay(poor)), '400 insufficient_balance');
    assert.equal(await calls(listing_id), '');
    const giver = await payer(), { delegation } = await giver.ok('/budget-manage', { action: 'create', grantee_id: poor.id, total_cents: 1 });
    const budget = { budget_delegation_id: delegation.id }, had = await market.earned(giver);
    assert.equal((await pay(poor, budget)).status, 200);
    const usual = upstream.answer;
    upstream.answer = (req, res) => res.writeHead(500).end('{}');
    assert.equal((await pay(poor, budget)).status, 502);
    upstream.answer = usual;
    assert.equal((await pay(poor, budget)).status, 200);
    assert.equal(await code(await pay(poor, budget)), '400 budget_exceeded');
    assert.equal(had - await market.earned(giver), 1000);
    assert.equal(await code(await pay(await payer(), budget)), '400 delegation_invalid');
  });

  it('of an agent that has to ask waits for its people, as calls beyond a quota do', async () => {
    const owner = await market.actor({ type: 'human', name: 'Sarah' }), who = await payer({ owner: owner.owner, autonomy: 2 }), listing_id = await payable();
    const pay = async () => call(who, listing_id, { headers: (await demanded(await call(who, listing_id))).mpp });
    const asked = await (await pay()).json();
    assert.equal(asked.code, 'approval_required');
    assert.match(await market.one(`select body from market_messages where id = '${asked.approval_message_id}'`), /^May I call "Web Scraper API" and pay for each call, for up to \$0.50\?$/);
    await owner.ok('/channel-respond', { message_id: asked.approval_message_id, response_status: 'approved' });
    const paid = await pay(), { payment } = await paid.json();
    assert.equal(paid.status, 200);
    const { transactions } = await who.ok('/credits-history'), debit = transactions.find((t) => t.reason === 'tool_usage');
    const told = await who.ok(`/credits-explain?debit=${debit.id}`);
    assert.ok(JSON.stringify(told).includes(provider.id) && JSON.stringify(told).includes(asked.approval_message_id), JSON.stringify(told));
    assert.equal(await market.one(`select event || ' ' || amount from credit_debits where cause = '${payment.transaction}'`), `tool_usage ${PRICE}`);
  });

  it('goes with an Idempotency-Key: the price is no answer to keep, what was paid for is', async () => {
    const who = await payer(), listing_id = await payable(), key = { 'idempotency-key': 'once' }, had = await market.earned(who);
    const due = await demanded(await call(who, listing_id, { headers: key }));
    for (let n = 0; n < 2; n += 1) assert.equal((await call(who, listing_id, { headers: { ...key, ...due.x402 } })).status, 200);
    assert.equal(had - await market.earned(who), PRICE);
  });

  it('is made by the code of docs/marketplace.md', async () => {
    const who = await payer(), listing_id = await payable(), page = fs.readFileSync(path.join(root, 'docs/marketplace.md'), 'utf8');
    const paidCall = new Function(`${/```js\n(\/\/ Calls a tool and pays[^]*?)```/.exec(page)[1]} return paidCall;`)();
    assert.equal((await paidCall(market.url, who.key, listing_id, { n: 1 }, PRICE - 1)).status, 402);
    const answer = await paidCall(market.url, who.key, listing_id, { n: 1 }, PRICE);
    assert.deepEqual([answer.status, (await answer.json()).output], [200, { echo: { n: 1 } }]);
  });

  it('is made by the client of mppx itself', async () => {
    const who = await payer(), listing_id = await payable();
    const method = Method.toClient(Method.from({ name: 'humai', intent: 'charge', schema: { credential: { payload: z.object({ payer: z.string() }) },
      request: z.object({ amount: z.string(), currency: z.string(), recipient: z.string() }) } }),
    { createCredential: async ({ challenge }) => Credential.serialize(Credential.from({ challenge, payload: { payer: who.id } })) });
    const answer = await Mppx.create({ methods: [method], polyfill: false }).fetch(`${market.url}/tool-proxy`, { method: 'POST', body: JSON.stringify({ listing_id, input: { n: 1 } }),
      headers: { 'x-api-key': who.key, 'content-type': 'application/json' } });
    assert.deepEqual([answer.status, (await answer.json()).output], [200, { echo: { n: 1 } }]);
  });
});

describe('over MCP', () => {
  const send = async (who, params) => (await (await fetch(`${market.url}/mcp`, { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    headers: { 'x-api-key': who.key, 'content-type': 'application/json', accept: 'application/json, text/event-stream' } })).json());

  it('a tool is found, its call says what it costs, and is paid in its _meta', async () => {
    const who = await payer(), title = `Paid ${randomBytes(4).toString('hex')}`, listing_id = await payable({ title }), had = await market.earned(who);
    const { tools: [found] } = await who.ok(`/tool-search?query=${encodeURIComponent(title)}`);
    assert.deepEqual([found.id, found.pay_per_call_cents], [listing_id, CENTS]);
    const params = { name: found.mcp_name, arguments: { b: 1, a: [2] } }, { result: unpaid } = await send(who, params);
    assert.equal(unpaid.isError, true);
    const asked = PaymentRequiredV2Schema.parse(unpaid.structuredContent);
    assert.deepEqual(JSON.parse(unpaid.content[0].text), unpaid.structuredContent);
    const payload = await x402().createPaymentPayload(asked);
    const paying = (payment, args = { a: [2], b: 1 }) => send(who, { ...params, arguments: args, _meta: { 'x402/payment': payment } });
    const pay = async (...all) => (await paying(...all)).result;
    assert.equal((await pay(payload, { b: 2 })).structuredContent.error, 'The payment is for another call');
    const paid = await pay(payload);
    assert.deepEqual([paid.isError, paid.structuredContent], [undefined, { echo: { a: [2], b: 1 } }]);
    const receipt = paid._meta['x402/payment-response'];
    assert.deepEqual([receipt.success, receipt.amount, receipt.payer], [true, String(PRICE), who.id]);
    assert.deepEqual((await pay(payload))._meta['x402/payment-response'], receipt);
    assert.equal(had - await market.earned(who), PRICE);
    assert.equal((await paying({ x402Version: 2 })).error.code, -32602);
  });

  it('keys of one subscription find no others', async () => {
    const who = await payer({}, 0), title = `Paid ${randomBytes(4).toString('hex')}`, listing_id = await payable({ title });
    const { api_key } = await who.ok('/tool-subscriptions', { listing_id: await makeTool(market, provider, upstream.url), plan_id: 'starter' });
    const { tools: [found] } = await who.ok(`/tool-search?query=${encodeURIComponent(title)}`);
    assert.equal(found.id, listing_id);
    assert.equal((await send({ key: api_key }, { name: found.mcp_name, arguments: {} })).error.code, -32602);
  });
});

describe('when the host dies', () => {
  it('between the credits and the tool, the credits come back, and the books are right', async () => {
    const who = await payer(), listing_id = await payable(), due = await demanded(await call(who, listing_id)), had = await market.earned(who), usual = upstream.answer;
    let held;
    upstream.answer = (req, res) => { held = res; };
    const lost = call(who, listing_id, { headers: due.x402 }).catch((err) => err);
    await until(() => held, PATIENCE_MS, 'the tool has been asked');
    assert.equal(had - await market.earned(who), PRICE);
    assert.equal(await code(await call(who, listing_id, { headers: due.x402 })), '409 idempotency_in_progress');
    for (const pid of market.workers()) process.kill(pid, 'SIGKILL');
    await lost;
    held.destroy();
    upstream.answer = usual;
    await market.sql(`update market_tool_calls set settle_by = now() - interval '1 second' where listing_id = '${listing_id}' and state = 'open'`);
    await until(async () => await calls(listing_id) === 'returned lost 1', PATIENCE_MS, 'the call has been given back');
    assert.equal(await market.earned(who), had);
    assert.equal(await why(await call(who, listing_id, { headers: due.x402 })), '402 The payment was used, and what it cost has been given back');
    const { code: exit, stdout, stderr } = await market.human('ledger', 'check');
    assert.equal(exit, 0, stdout + stderr);
  });
});
