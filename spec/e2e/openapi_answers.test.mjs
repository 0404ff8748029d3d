// spec/e2e/openapi_answers.test.mjs -- the OpenAPI document is true: real answers match it.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { open } from './gateway.mjs';
import { call, humaType, makeUser, newMessage, NOWHERE, sarah, unique } from './agent_client.mjs';
import { sql, startHost } from './hosts.mjs';
import { makeActor as makePayer } from './market_pay_world.mjs';
import { until } from './support.mjs';
import { makeActor, makeListing, makeTask } from './market_people.mjs';
import { assigned, inhabit, JOB } from './market_trading.mjs';
import { makeTool, plan, startUpstream, UPSTREAM } from './market_tools_world.mjs';
import { closed, pointer } from './traffic.mjs';

const MAIN = /^[a-z]+\/[a-z.+-]+/;               // a media type without its parameters

const HOOK = 'what webhooks are signed with';
let host, doc, user;
before(async () => {
  host = await startHost({ env: { HUMAN_MARKETPLACE_AUDIT_S: '0', HUMAN_LLM_PROVIDER: 'offline', HUMAN_WEBHOOK_HMAC_SECRET: HOOK, HUMAN_CHANNELS_TELEGRAM_TOKEN: 't', HUMAN_CHANNELS_SLACK_BOT_TOKEN: 't', HUMAN_CHANNELS_SLACK_SIGNING_SECRET: 's',
    HUMAN_CHANNELS_WHATSAPP_PHONE_NUMBER_ID: '1', HUMAN_CHANNELS_WHATSAPP_ACCESS_TOKEN: 't', HUMAN_CHANNELS_WHATSAPP_APP_SECRET: 's', HUMAN_CHANNELS_WHATSAPP_VERIFY_TOKEN: 'v',
    HUMAN_MARKETPLACE_STRIPE_WEBHOOK_SECRET: HOOK, HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32` } });
  doc = await (await fetch(`${host.url}/openapi.json`)).json();
  user = await makeUser(host.url);
});
after(async () => {
  await host?.stop();
});

describe('what the host answers', () => {
  const seen = new Set();
  let ajv;
  before(() => {
    ajv = formats(new Ajv({ strict: false, allErrors: true }));
    ajv.addSchema(closed(doc), 'api');
  });

  /** Sends a request to an operation ("POST /api/users/{id}") and holds the answer against the document. */
  async function truly(title, status, { ids = [], query = '', ...options } = {}) {
    const [method, template] = title.split(' ');
    const target = ids.reduce((p, id) => p.replace(/{\w+}/, id), template) + query;
    const { key = user.key, body, headers } = options;
    const answer = await fetch(host.url + target, {
      method, body: body === undefined || body instanceof FormData ? body : JSON.stringify(body),
      headers: { ...(key && { 'x-api-key': key }), ...(body !== undefined && !(body instanceof FormData) && { 'content-type': 'application/json' }), ...headers },
    });
    const raw = await answer.text();
    assert.equal(answer.status, status, `${title}: ${raw}`);
    const op = doc.paths[template][method.toLowerCase()];
    assert.ok(op.responses[status], `${title} does not document ${status}`);
    seen.add(`${title} ${status}`);
    const { content } = op.responses[status];
    if (!content) return assert.equal(raw, '', title);
    const mime = MAIN.exec(answer.headers.get('content-type'))[0];
    const documented = Object.keys(content).find((type) => type === '*/*' || MAIN.exec(type)[0] === mime);
    assert.ok(documented, `${title} ${status}: ${mime} is not documented`);
    const value = mime === 'application/json' ? JSON.parse(raw) : raw;
    if (mime !== 'application/json' || documented === '*/*' || template.startsWith('/openapi')) return value;
    const valid = ajv.getSchema(`api#${pointer('paths', template, method.toLowerCase(), 'responses', status, 'content', documented, 'schema')}`);
    assert.ok(valid(value), `${title} ${status}: ${ajv.errorsText(valid.errors)} in ${raw}`);
    const examples = Object.entries(content[documented].examples ?? {}).flatMap(([name, example]) => [name, example.value?.code]);
    const code = value.code ?? value.error?.code ?? value.error?.replaceAll?.(' ', '_'); // a surface has its own name for it
    const itself = content[documented].schema.properties?.code?.const; // of a refusal that has a schema of its own
    if (status >= 400) assert.ok(examples.includes(code) || itself !== undefined && itself === code, `${title} ${status}: ${code} is not documented`);
    return value;
  }

  it('is as documented for users and keys', async () => {
    const email = `${unique('doc')}@example.com`;
    const made = await truly('POST /api/users', 201, { body: { email } });
    const ids = [made.id];
    await truly('POST /api/users', 409, { body: { email } });
    await truly('POST /api/users', 400, { body: { email: 'no', name: 1, more: true } });
    await truly('GET /api/users/{id}', 200, { ids });
    await truly('PUT /api/users/{id}', 200, { ids, body: { name: 'New' } });
    const secret = await truly('POST /api/users/{userId}/api-keys', 201, { ids, body: {} });
    const both = [made.id, secret.id];
    await truly('GET /api/users/{userId}/api-keys', 200, { ids });
    await truly('POST /api/users/{userId}/api-keys/{keyId}/regenerate', 200, { ids: both });
    await truly('DELETE /api/users/{userId}/api-keys/{keyId}', 204, { ids: both });
    await truly('DELETE /api/users/{userId}/api-keys/{keyId}', 404, { ids: both });
    await truly('DELETE /api/users/{id}', 204, { ids });
    await truly('GET /api/users/{id}', 404, { ids });
  });

  for (const [name, body, change] of [
    ['personalities', { personalityId: 'doc', name: 'Doc' }, { description: 'd' }],
    ['system-prompts', { name: 'P', template: 'You are.' }, { template: 'You were.' }],
  ]) {
    it(`is as documented for ${name}`, async () => {
      const all = `/api/${name}`, one = `${all}/{id}`;
      const headers = { 'idempotency-key': unique('doc') };
      const made = await truly(`POST ${all}`, 201, { body, headers });
      assert.deepEqual(await truly(`POST ${all}`, 201, { body, headers }), made);
      await truly(`POST ${all}`, 422, { body: { ...body, name: 'X' }, headers });
      await truly(`POST ${all}`, 400, { body, headers: { 'idempotency-key': 'a b' } });
      await truly(`POST ${all}`, 415, { body, headers: { 'content-type': 'text/plain' } });
      const list = await truly(`GET ${all}`, 200);
      await truly(`GET ${all}`, 400, { query: '?limit=0' });
      await truly(`GET ${all}`, 401, { key: null });
      const ids = [made.id], shared = [list.find((x) => x.userId === null).id];
      await truly(`GET ${one}`, 200, { ids });
      await truly(`PUT ${one}`, 200, { ids, body: change });
      await truly(`PUT ${one}`, 403, { ids: shared, body: change });
      await truly(`DELETE ${one}`, 403, { ids: shared });
      await truly(`DELETE ${one}`, 204, { ids });
      await truly(`GET ${one}`, 404, { ids });
    });
  }

  it('is as documented for agents, their state and their events', async () => {
    await truly('GET /api/agent-types', 200, { key: null });
    const agentTypeId = await humaType(host.url);
    await truly('GET /api/agent-types/{id}', 200, { ids: [agentTypeId], key: null });
    await truly('GET /api/agent-types/{id}', 404, { ids: [NOWHERE], key: null });
    const type = { name: unique('type') };
    await truly('POST /api/agent-types', 201, { body: type });
    await truly('POST /api/agent-types', 409, { body: type });
    const personality = (await call(host.url, 'POST', '/api/personalities', { key: user.key, body: { name: 'Alex' } })).body;
    const made = await truly('POST /api/agents', 201, { body: { name: 'A', agentTypeId } });
    await truly('POST /api/agents', 404, { body: { name: 'A', agentTypeId: NOWHERE } });
    const ids = [made.id];
    await truly('GET /api/agents/{id}/state', 200, { ids });
    await truly('PUT /api/agents/{id}/state', 200, { ids, body: { personalityId: personality.id } });
    await truly('PUT /api/agents/{id}/state', 404, { ids, body: { systemPromptId: NOWHERE } });
    const identity = '/api/agents/{id}/market-identity', named = { display_name: 'A', agent_id: made.id }, bearer = { authorization: `Bearer ${user.key}` };
    await truly(`GET ${identity}`, 404, { ids });
    await truly(`POST ${identity}`, 201, { ids, body: {} });
    await truly(`POST ${identity}`, 409, { ids, body: {} });
    await truly(`GET ${identity}`, 200, { ids });
    await truly(`DELETE ${identity}`, 200, { ids });
    await truly(`POST ${identity}`, 200, { ids, body: {} });
    await truly(`DELETE ${identity}`, 404, { ids: [NOWHERE] });
    await truly('POST /agents-quick-start', 409, { key: null, body: named, headers: bearer });
    await truly('POST /agents-quick-start', 404, { key: null, body: { ...named, agent_id: NOWHERE }, headers: bearer });
    await truly('POST /agents-quick-start', 403, { key: null, body: named, headers: { 'x-forwarded-for': '203.0.113.7' } });
    await sql(host.home, 'delete from market_registrations');
    const say = 'POST /api/agents/{id}/messages';
    const joined = { type: 'agent-joined', content: { chatCode: 'c', participants: [sarah] } };
    await truly(say, 202, { ids, body: joined });
    const message = newMessage('How do I begin?');
    await truly(say, 202, { ids, body: message });
    assert.equal((await truly(say, 202, { ids, body: message })).duplicate, true);
    await truly(say, 400, { ids, body: { type: 'nonsense' } });
    await truly(say, 404, { ids: [NOWHERE], body: message });
    await truly(say, 200, { ids, body: newMessage('And then?'), headers: { accept: 'text/event-stream' } });
    const events = await truly('GET /api/agents/{id}/events', 200, { ids });
    assert.deepEqual([...new Set(events.map((e) => e.direction))].sort(), ['in', 'out']);
    await truly('GET /api/agents/{id}/events', 404, { ids, query: `?after=${NOWHERE}` });
    await truly('GET /api/agents/{id}/state', 200, { ids });
    await truly('GET /api/agents', 200);
    await truly('GET /api/agents/{id}', 200, { ids });
    await truly('PUT /api/agents/{id}', 200, { ids, body: { status: 'paused' } });
    await truly('DELETE /api/agents/{id}', 204, { ids });
    await truly('GET /api/agents/{id}/state', 404, { ids });
  });

  it('is as documented for the server itself', async () => {
    for (const p of ['/health', '/ready', '/metrics', '/openapi.json', '/asyncapi.json', '/openrpc.json', '/types.d.ts']) await truly(`GET ${p}`, 200, { key: null });
  });

  it('is as documented for pairing', async () => {
    const c = await open(host);
    for (const title of ['POST /pair', 'POST /api/pair']) {
      const { code } = (await c.call('device.pair.code')).payload;
      await truly(title, 200, { key: null, body: { code, label: 'a screen', role: 'viewer' } });
      await truly(title, 401, { key: null, body: { code } });
      await truly(title, 400, { key: null, body: {} });
    }
    c.ws.close();
  });

  it('is as documented for a browser, a call without a socket, and clients made for OpenAI', async () => {
    await truly('POST /ui/session', 400, { key: null, body: {} });
    await truly('POST /ui/session', 401, { key: null, body: { token: 'zc_none' } });
    await truly('GET /ui/session', 200, { key: null });
    const c = await open(host);
    await truly('POST /ui/session', 200, { key: null, body: { code: (await c.call('device.pair.code')).payload.code } });
    c.ws.close();
    await truly('DELETE /ui/session', 204, { key: null });
    await truly('GET /ui/files/{id}', 404, { key: null, ids: [NOWHERE] });
    fs.mkdirSync(`${host.home}/workspace`, { recursive: true });
    fs.writeFileSync(`${host.home}/workspace/a.txt`, 'a');
    const of = await open(host);
    await of.call('chat.send', { message: 'run the tool file_send with {"path":"a.txt"}' });
    const { file } = (await of.next((f) => f.event === 'chat' && f.payload.state === 'file')).payload;
    of.ws.close();
    await truly('GET /ui/files/{id}', 200, { key: null, ids: [file.id] });
    assert.equal((await truly('POST /rpc', 200, { key: null, body: { type: 'req', id: '1', method: 'health' } })).ok, true);
    await truly('GET /v1/models', 200, { key: null });
    await truly('GET /v1/models/{model}', 200, { key: null, ids: ['human'] });
    await truly('GET /v1/models/{model}', 200, { key: null, ids: ['offline%2Foffline'] });
    await truly('GET /v1/models/{provider}/{name}', 200, { key: null, ids: ['offline', 'offline'] });
    await truly('GET /v1/models/{model}', 404, { key: null, ids: ['nobody'] });
    const messages = [{ role: 'user', content: 'Hello' }];
    await truly('POST /v1/chat/completions', 200, { key: null, body: { model: 'human', messages } });
    await truly('POST /v1/chat/completions', 400, { key: null, body: { model: 'human', messages, n: 2 } });
    await truly('POST /v1/responses', 200, { key: null, body: { model: 'human', input: 'Hello' } });
  });

  it('is as documented for webhooks', async () => {
    const body = {}, headers = { 'x-signature': createHmac('sha256', HOOK).update(JSON.stringify(body)).digest('hex') };
    for (const title of ['POST /webhook/{channel}', 'POST /telegram', 'POST /slack/events']) {
      await truly(title, 200, { key: null, ids: ['telegram'], body, headers });
      await truly(title, 401, { key: null, ids: ['telegram'], body, headers: { 'x-signature': 'f'.repeat(64) } });
    }
    await truly('POST /webhook/{channel}', 404, { key: null, ids: ['none'], body, headers });
    const ids = ['whatsapp'];
    assert.equal(await truly('GET /webhook/{channel}', 200, { key: null, ids, query: '?hub.mode=subscribe&hub.verify_token=v&hub.challenge=15' }), '15');
    await truly('GET /webhook/{channel}', 405, { key: null, ids: ['telegram'] });
  });

  it('is as documented for actors of the marketplace', async () => {
    const bot = { display_name: 'Bot', capability_tags: ['doc:true'] }, person = { type: 'human', display_name: 'P', email: `${unique('doc')}@example.com` };
    const { api_key: key, actor_id: id, referral_code } = await truly('POST /agents-quick-start', 201, { key: null, body: bot });
    await truly('POST /agents-quick-start', 400, { key: null, body: {} });
    const other = await truly('POST /actors-register', 201, { key: null, body: person });
    await truly('POST /actors-register', 409, { key: null, body: person });
    await truly('POST /actors-register', 400, { key: null, body: { ...person, referral_code: 'ffffff' } });
    await truly('GET /genesis-status', 200, { key: null });
    await truly('GET /actors-profile', 200, { key: null, query: `?actor_id=${id}&include=details` });
    await truly('GET /actors-profile', 404, { key: null, query: '?actor_id=00000000-0000-4000-8000-000000000000' });
    await truly('POST /agents-heartbeat', 200, { key });
    await truly('POST /agents-heartbeat', 401, { key: null });
    await truly('POST /capabilities-register', 200, { key, body: { capability_tags: ['doc:true'] } });
    assert.equal((await truly('GET /capabilities-search', 200, { key, query: '?tags=doc:*' })).total, 1);
    await truly('PUT /profile-update', 200, { key, body: { bio: 'b', settings: { a: 1 } } });
    await truly('POST /actors-referral', 200, { key: other.api_key, body: { referral_code } });
    await truly('POST /actors-referral', 409, { key: other.api_key, body: { referral_code } });
    await truly('POST /actors-referral', 404, { key, body: { referral_code: 'ffffff' } });
    const { item } = await truly('POST /portfolio-manage', 201, { key, body: { action: 'add', title: 'T', sample_output: { a: 1 } } });
    await truly('POST /portfolio-manage', 200, { key, body: { action: 'list' } });
    await truly('POST /portfolio-manage', 200, { key, body: { action: 'remove', item_id: item.id } });
    await truly('POST /portfolio-manage', 404, { key, body: { action: 'remove', item_id: item.id } });
    await truly('GET /audit-log', 403, { key });
    await sql(host.home, `update market_actors set role = 'admin' where id = '${id}'`);
    assert.equal((await truly('GET /audit-log', 200, { key })).total, 5); // with the identity of the agent above
  });

  it('is as documented for credits and payments', async () => {
    const { id, key } = await makePayer(host.home, { founding: true });
    const deposit = await truly('POST /credits-deposit', 201, { key, body: { amount_usd: 50 } });
    await truly('POST /credits-deposit', 400, { key, body: { amount_usd: 0 } });
    await truly('POST /credits-deposit', 402, { key, body: { amount_usd: 5, payment_method: 'pm_test_declined' } });
    await truly('POST /payments-confirm', 402, { key, body: { payment_id: deposit.payment_id, payment_method: 'pm_test_lost_card' } });
    await truly('POST /payments-confirm', 404, { key, body: { transaction_id: id } });
    await truly('POST /payments-confirm', 200, { key, body: { payment_id: deposit.payment_id } });
    await truly('POST /payments-intent', 200, { key, body: { payment_id: deposit.payment_id } });
    await truly('POST /payments-intent', 404, { key, body: { transaction_id: id } });
    const event = { id: 'evt_spec', type: 'charge.captured', data: { object: { id: 'ch_spec' } } }, t = Math.floor(Date.now() / 1000);
    const v1 = createHmac('sha256', HOOK).update(`${t}.${JSON.stringify(event)}`).digest('hex');
    await truly('POST /stripe-webhook', 200, { key: null, body: event, headers: { 'stripe-signature': `t=${t},v1=${v1}` } });
    await truly('POST /stripe-webhook', 401, { key: null, body: event });
    await truly('POST /payments-method', 200, { key, body: { payment_method: 'pm_test_ok' } });
    await until(async () => (await truly('GET /credits-balance', 200, { key })).rc_balance > 0, 60_000, 'the deposit has come');
    await truly('POST /credits-withdraw', 400, { key, body: { amount: 100 } });
    const { onboarding_url: address } = await truly('POST /stripe-connect-onboard', 200, { key, body: {} });
    await truly('GET /payments-test-setup/{token}', 200, { key: null, ids: [address.split('/').at(-1)] });
    await truly('GET /payments-test-setup/{token}', 404, { key: null, ids: ['f'.repeat(32)] });
    await truly('POST /credits-withdraw', 201, { key, body: { amount: 100 } });
    await truly('POST /credits-withdraw', 400, { key, body: { amount: 100000 } });
    await truly('POST /payouts-request', 400, { key, body: { amount_usd: 50 } });
    await sql(host.home, `update credit_lots set reason = 'task_completion' where actor = '${id}'`);
    await truly('POST /payouts-request', 201, { key, body: { amount_usd: 10 } });
    await truly('GET /credits-history', 200, { key, query: '?include=lots' });
    await truly('GET /fee-calculate', 200, { key, query: '?amount=100&fee_type=deposit' });
    await truly('GET /fee-calculate', 400, { key });
    await truly('GET /revenue-share-status', 200, { key });
    await truly('GET /revenue-share-status', 403, { key: (await makePayer(host.home)).key });
    await truly('GET /credits-balance', 401, { key: null });
  });

  it('is as documented for what actors of the marketplace hear of each other', async () => {
    const { home } = host;
    const [buyer, seller, admin] = [await makeActor(home), await makeActor(home), await makeActor(home, { role: 'admin' })];
    const listing = await makeListing(home, seller), none = '00000000-0000-4000-8000-000000000000', { key } = buyer;
    const task = await makeTask(home, { buyer, seller, listing, states: ['assigned', 'delivered', 'accepted'] });
    const [channel] = await sql(home, `with c as (insert into market_channels (type) values ('inquiry') returning id)
      insert into market_channel_members (channel_id, actor_id) select c.id, a from c, unnest('{${buyer.id},${seller.id}}'::uuid[]) a returning channel_id`);
    const message = await truly('POST /messages-send', 201, { key, body: { channel_id: channel, body: 'Hello' } });
    await truly('POST /messages-send', 404, { key, body: { channel_id: none, body: 'Hello' } });
    await truly('POST /messages-send', 403, { key: admin.key, body: { channel_id: channel, body: 'Hello' } });
    await truly('GET /messages-list', 200, { key, query: `?channel_id=${channel}` });
    await truly('GET /messages-list', 401, { key: null, query: `?channel_id=${channel}` });
    await truly('POST /messages-read', 200, { key: seller.key, body: { message_id: message.id } });
    await truly('POST /messages-read-all', 200, { key: seller.key, body: { channel_id: channel } });
    await sql(home, `insert into market_notifications (actor_id, event_id, type, payload) values ('${buyer.id}', 'x', 'bid_received', '{"price": 50}')`);
    const { notifications } = await truly('GET /notifications-list', 200, { key });
    await truly('POST /notifications-read', 200, { key, body: { notification_ids: notifications.map((n) => n.id) } });
    await truly('POST /stream-tickets', 201, { key });
    await sql(home, `insert into market_streams values ('task:${task}', 1, true); insert into market_stream_events values ('task:${task}', 1, 'end', '{}')`);
    const progress = `?transaction_id=${task}`;
    assert.match(await truly('GET /task-progress-stream', 200, { key, query: progress }), /^event: end$/m);
    await truly('GET /task-progress-stream', 204, { key, query: progress, headers: { 'last-event-id': '1' } });
    await truly('GET /task-progress-stream', 404, { key: admin.key, query: progress });
    const stream = new AbortController(), following = await fetch(`${host.url}/task-stream`, { headers: { 'x-api-key': key }, signal: stream.signal });
    assert.deepEqual([following.status, following.headers.get('content-type')], [200, 'text/event-stream; charset=utf-8']);
    seen.add('GET /task-stream 200');
    stream.abort();
    await truly('GET /feed-public', 200, { key: null });
    await truly('GET /feed-public-stats', 200, { key: null });
    const review = { transaction_id: task, rating: 5, content: 'Excellent work' };
    await truly('POST /reviews-create', 201, { key, body: review });
    await truly('POST /reviews-create', 409, { key, body: review });
    await truly('POST /reviews-create', 403, { key: seller.key, body: review });
    await truly('GET /reviews-list', 200, { key, query: `?actor_id=${seller.id}` });
    const praise = { actor_id: seller.id, transaction_id: task, content: 'Reliable', rating: 5 };
    await truly('POST /endorsements-create', 201, { key, body: praise });
    await truly('POST /endorsements-create', 409, { key, body: praise });
    await truly('GET /leaderboard', 200, { key: null });
    const claim = { source: 'github', score: 0.85, proof_url: 'https://github.com/x' };
    await truly('POST /reputation-import', 201, { key, body: claim });
    await truly('POST /reputation-import', 400, { key, body: { ...claim, proof_url: 'https://localhost/' } });
    const dispute = async (state, more = '') => (await sql(home, `insert into market_disputes (transaction_id, buyer_id, seller_id, reason, state, response_due_at${more && ', resolution, note, resolved_at'})
      values (gen_random_uuid(), '${buyer.id}', '${seller.id}', 'Output does not match', '${state}', human_now() + interval '1 h'${more}) returning id`))[0];
    const open = await dispute('open'), over = await dispute('resolved', ", 'refund_buyer', 'n', human_now()");
    const shown = { evidence_type: 'screenshot', content: 'https://storage.humai.market/evidence/uuid.png' };
    await truly('POST /disputes-submit-evidence', 201, { key, body: { dispute_id: open, ...shown } });
    const decision = { dispute_id: over, resolution: 'refund_buyer', note: 'Output clearly incomplete' };
    await truly('POST /disputes-resolve', 200, { key: admin.key, body: decision });
    await truly('POST /disputes-resolve', 403, { key, body: decision });
    await truly('POST /disputes-create', 404, { key, body: { transaction_id: none, reason: 'Output does not match' } });
    await truly('POST /transactions-dispute', 404, { key, body: { transaction_id: none, dispute_reason: 'Output does not match' } });
    await truly('POST /milestones-dispute', 404, { key, body: { transaction_id: none, sequence: 1, dispute_reason: 'Output does not match' } });
    for (const name of ['disputes-create', 'transactions-dispute', 'milestones-dispute']) seen.add(`POST /${name} 2..`); // a delivery that is paid for: market_disputes.test.mjs
  });

  let people; // one for all, since it numbers its actors
  const inhabited = () => (people ??= inhabit(host));

  it('is as documented for trading', async () => {
    const market = inhabited(), alice = await market.actor(), bot = await market.actor(), human = await market.actor({ type: 'human' });
    const as = (who, title, status, options = {}) => truly(title, status, { key: who.key, ...options });
    const listed = async () => (await as(alice, 'POST /listings-create', 201, { body: { ...JOB, output_schema: { summary: 'string' } } })).id;
    const listing_id = await listed(), other = await listed();
    await as(alice, 'POST /listings-create', 400, { body: { ...JOB, input_schema: [] } });
    await as(alice, 'GET /listings-get', 200, { query: `?listing_id=${listing_id}` });
    await as(alice, 'PUT /listings-update', 200, { body: { listing_id, title: 'New' } });
    await as(bot, 'PUT /listings-update', 403, { body: { listing_id, title: 'Mine' } });
    await as(bot, 'GET /listings-search', 200, { query: '?query=scraping' });
    await as(bot, 'GET /listings-search-semantic', 200, { query: '?query=scraping' });
    await as(bot, 'GET /listings-search-semantic', 400);
    await truly('GET /listings-requests', 200, { key: null });
    await as(bot, 'GET /listings-price-suggestion', 200, { query: '?listing_type=task_execution&category_tags=a,b' });
    const bid = async (where, fields = {}) => (await as(bot, 'POST /bids-create', 201, { body: { listing_id: where, price_usd: 50, sla_hours: 24, ...fields } })).id;
    const bid_id = await bid(listing_id);
    await as(bot, 'POST /bids-create', 400, { body: { listing_id, price_usd: 50, sla_hours: 24 } });
    await as(bot, 'POST /batch-bids', 200, { body: { bids: [{ listing_id, price_usd: 30, sla_hours: 24 }, { listing_id: other, price_usd: 30, sla_hours: 24 }] } });
    await as(alice, 'POST /bids-counter', 200, { body: { bid_id, counter_price_usd: 60 } });
    await as(alice, 'POST /bids-counter', 403, { body: { bid_id, counter_price_usd: 61 } });
    const { transaction_id } = await as(bot, 'POST /bids-counter-accept', 200, { body: { bid_id } });
    await as(bot, 'POST /bids-withdraw', 409, { body: { bid_id } });
    const [second] = (await as(bot, 'GET /bids-list', 200, { query: '?status=pending' })).bids;
    await as(bot, 'POST /bids-withdraw', 200, { body: { bid_id: second.id } });
    await as(alice, 'POST /bids-reject', 200, { body: { bid_id: await bid(other) } });
    const third = await bid(other);
    await as(alice, 'POST /bids-counter', 200, { body: { bid_id: third, counter_price_usd: 60 } });
    await as(bot, 'POST /bids-counter-reject', 200, { body: { bid_id: third } });
    await as(bot, 'POST /auto-bidding-config', 200, { body: { enabled: true, rules: { max_price_usd: 1, category_tags: ['no:*'] } } });
    await as(alice, 'POST /transactions-assign', 200, { body: { transaction_id } });
    await as(bot, 'POST /transactions-assign', 403, { body: { transaction_id } });
    const part = (await as(human, 'POST /listings-create', 201, { body: { ...JOB, direction: 'sell', price_usd: 10 } })).id;
    const sub = (await as(bot, 'POST /subcontracts-create', 201, { body: { parent_transaction_id: transaction_id, listing_id: part, price_usd: 9 } })).transaction_id;
    await as(bot, 'POST /subcontracts-create', 400, { body: { parent_transaction_id: transaction_id, listing_id: part, price_usd: 11 } });
    await as(human, 'POST /transactions-cancel', 200, { body: { transaction_id: sub } });
    const form = new FormData();
    form.append('file', new Blob(['text']), 'a.txt');
    const { storage_path } = await as(bot, 'POST /deliverables-upload', 201, { body: form });
    await as(bot, 'GET /deliverables/{id}/{name}', 200, { ids: storage_path.split('/').slice(1) });
    await as(bot, 'POST /transactions-deliver', 400, { body: { transaction_id, output_data: {} } });
    const output = { transaction_id, output_data: { summary: 's' } };
    await as(bot, 'POST /transactions-deliver', 200, { body: { ...output, output_storage_path: storage_path } });
    await as(alice, 'POST /transactions-request-revision', 200, { body: { transaction_id, note: 'n' } });
    await as(bot, 'POST /transactions-deliver', 200, { body: output });
    await as(alice, 'POST /transactions-accept', 200, { body: { transaction_id } });
    await as(bot, 'POST /transactions-accept', 409, { body: { transaction_id } });
    await as(bot, 'GET /transactions-get', 200, { query: `?transaction_id=${transaction_id}` });
    await as(bot, 'GET /transactions-list', 200, { query: '?role=seller' });
    await as(bot, 'GET /transactions-chain', 200, { query: `?transaction_id=${transaction_id}` });
    const bought = await as(human, 'POST /transactions-create', 201, { body: { listing_id: (await as(bot, 'POST /listings-create', 201, { body: { ...JOB, direction: 'sell', price_usd: 10 } })).id } });
    await as(human, 'POST /transactions-cancel', 200, { body: { transaction_id: bought.transaction_id } });
    const staged = await bid(other, { milestone_pricing: true, milestones: [{ title: 'all', pct_of_total: 100, sla_hours: 24 }] });
    const whole = (await as(alice, 'POST /bids-accept', 200, { body: { bid_id: staged } })).transaction_id;
    await as(alice, 'POST /transactions-assign', 200, { body: { transaction_id: whole } });
    await as(bot, 'POST /milestones-deliver', 200, { body: { transaction_id: whole, sequence: 1, output_data: {} } });
    await as(alice, 'POST /milestones-accept', 200, { body: { transaction_id: whole, sequence: 1 } });
    await as(alice, 'POST /milestones-accept', 404, { body: { transaction_id: whole, sequence: 2 } });
    await as(alice, 'POST /listings-deactivate', 200, { body: { listing_id } });
    const tied = await market.actor({ autonomy: 0 }), work = await assigned(alice, tied);
    await as(human, 'POST /agents-claim', 403, { body: { agent_key: tied.key } });
    const { onboarding_url } = await human.ok('/stripe-connect-onboard', {});
    assert.equal((await fetch(`${onboarding_url}?bank=ba_test_ok`)).status, 200);
    await as(human, 'POST /agents-claim', 200, { body: { agent_key: tied.key } });
    const { approval_message_id: message_id } = await as(tied, 'POST /transactions-create', 403, { body: { listing_id: (await as(bot, 'POST /listings-create', 201, { body: { ...JOB, direction: 'sell', price_usd: 10 } })).id, parent_transaction_id: work } });
    await as(human, 'POST /channel-respond', 200, { body: { message_id, response_status: 'approved', response_data: { note: 'n' } } });
    await as(human, 'POST /channel-respond', 409, { body: { message_id, response_status: 'denied' } });
  });

  it('is as documented for credit tasks and the sandbox', async () => {
    const market = inhabited(), admin = await market.actor({ type: 'human', role: 'admin' }), bot = await market.actor();
    const as = (who, title, status, options = {}) => truly(title, status, { key: who.key, ...options });
    const task = { title: 'Summarize', description: 'All of it', rc_reward: 5, evaluation_rubric: { min_length: { summary: 2 } } };
    const { id: task_id } = await as(admin, 'POST /admin-credit-tasks', 201, { body: task });
    await as(admin, 'POST /admin-credit-tasks', 400, { body: { ...task, rc_reward: 0 } });
    await as(bot, 'POST /admin-credit-tasks', 403, { body: task });
    await as(bot, 'POST /listings-create', 403, { body: { ...JOB, rc_reward: 5 } });
    await as(admin, 'GET /admin-credit-tasks', 200);
    await as(bot, 'GET /tasks-credit-available', 200, { query: '?limit=50' });
    const { transaction_id } = await as(bot, 'POST /tasks-credit-accept', 201, { body: { task_id } });
    await as(await market.actor(), 'POST /tasks-credit-accept', 409, { body: { task_id } });
    await as(await market.actor({ type: 'human' }), 'POST /tasks-credit-accept', 403, { body: { task_id } });
    await as(bot, 'POST /sandbox-run', 200, { body: { transaction_id, output_data: { summary: '' } } });
    await as(bot, 'POST /sandbox-run', 400, { body: { transaction_id, output_data: [] } });
    await as(admin, 'POST /admin-credit-tasks-close', 200, { body: { task_id } });
    await as(bot, 'POST /transactions-deliver', 200, { body: { transaction_id, output_data: { summary: 'All' } } });
    await as(bot, 'GET /transactions-get', 200, { query: `?transaction_id=${transaction_id}` });
  });

  it('is as documented for budgets and rules', async () => {
    const market = inhabited(), human = await market.actor({ type: 'human' }), bot = await market.actor();
    const as = (who, title, status, options = {}) => truly(title, status, { key: who.key, ...options });
    const budget = { action: 'create', grantee_id: bot.id, total_cents: 5000, rules: { allowed_categories: ['data:*'], max_per_purchase_cents: 100 } };
    const { delegation } = await as(human, 'POST /budget-manage', 200, { body: budget });
    await as(human, 'POST /budget-manage', 400, { body: { ...budget, grantee_id: human.id } });
    await as(bot, 'POST /budget-manage', 200, { body: { action: 'list' } });
    await as(bot, 'POST /budget-manage', 403, { body: { action: 'revoke', delegation_id: delegation.id } });
    await as(human, 'POST /budget-manage', 200, { body: { action: 'revoke', delegation_id: delegation.id } });
    const conditions = { max_amount_cents: 5000, allowed_categories: ['data:*'], providers: [bot.id], min_tier: 1, time_window: { from: '22:00', to: '06:00' } };
    await as(human, 'POST /approval-rules-manage', 200, { body: { action: 'create', rule_type: 'overage', action_type: 'escalate', conditions } });
    await as(bot, 'POST /approval-rules-manage', 403, { body: { action: 'list' } });
    const { channel } = await as(human, 'POST /channels-manage', 200, { body: { action: 'create', channel_type: 'inquiry', participants: [bot.id] } });
    await as(bot, 'POST /channels-manage', 200, { body: { action: 'list' } });
    await as(bot, 'POST /channels-manage', 403, { body: { action: 'archive', channel_id: channel.id } });
    await as(bot, 'POST /channel-messages', 201, { body: { channel_id: channel.id, message_type: 'budget_request', body: 'May I?', structured_data: { amount_cents: 5 } } });
    await as(bot, 'POST /channel-messages', 201, { body: { channel_id: channel.id, message_type: 'text', body: 'Hello' } });
    await as(bot, 'POST /channel-messages', 400, { body: { channel_id: channel.id, message_type: 'text', body: '' } });
    await sql(host.home, `insert into credit_debits (actor, amount, reason, event, cause) values ('${bot.id}', 1500, 'tool_usage', 'spec.used', '${bot.id}')`);
    const [{ id: debit }] = (await as(bot, 'GET /credits-history', 200)).transactions;
    await as(bot, 'GET /credits-explain', 200, { query: `?debit=${debit}` });
    await as(human, 'GET /credits-explain', 404, { query: `?debit=${debit}` });
  });

  it('is as documented for what admins do', async () => {
    const market = inhabited(), provider = await market.actor(), bot = await market.actor(), admin = await market.actor({ role: 'admin' });
    const as = (who, title, status, options = {}) => truly(title, status, { key: who.key, ...options });
    const listing_id = await makeTool(market, provider), acts = (status, body) => as(admin, 'POST /admin-kill-switch', status, { body: { reason: 'r', ...body } });
    const { subscription_id } = await as(bot, 'POST /tool-subscriptions', 201, { body: { listing_id, plan_id: 'starter' } });
    await as(bot, 'POST /admin-kill-switch', 403, { body: { action: 'freeze_agent', actor_id: bot.id, reason: 'r' } });
    await acts(400, { action: 'freeze_agent' });
    await acts(404, { action: 'freeze_agent', actor_id: listing_id });
    for (const action of ['suspend_tool', 'reinstate_tool']) await acts(200, { action, listing_id });
    await acts(409, { action: 'reinstate_tool', listing_id });
    for (const action of ['freeze_agent', 'unfreeze_agent', 'ban_provider', 'unban_provider']) await acts(200, { action, actor_id: provider.id });
    await acts(200, { action: 'revoke_subscription', subscription_id });
    for (const action of ['grant', 'revoke']) await as(admin, 'POST /admin-roles', 200, { body: { action, actor_id: bot.id } });
    await as(admin, 'POST /admin-roles', 200, { body: { action: 'list' } });
    await as(admin, 'POST /admin-roles', 403, { body: { action: 'revoke', actor_id: admin.id } });
    const person = await market.actor({ type: 'human', owner: bot.owner });
    await as(person, 'POST /agents-autonomy', 200, { body: { agent_id: bot.id, autonomy: 2 } });
    await as(bot, 'POST /agents-autonomy', 403, { body: { agent_id: bot.id, autonomy: 3 } });
    await as(person, 'POST /agents-autonomy', 404, { body: { agent_id: admin.id, autonomy: 3 } });
  });

  // Its calls are refused: the quota is used up.
  async function pipelines(as, bot, provider, tool_listing_id) {
    const step = (name, fields) => ({ name, listing_type: 'compute_access', config: { tool_listing_id }, ...fields });
    const title = 'POST /pipeline-templates', steps = [step('a'), step('b', { depends_on: ['a'] })];
    const { template_id } = await as(bot, title, 201, { body: { name: 'P', steps } });
    await as(bot, title, 400, { body: { name: 'P', steps: [step('a', { depends_on: ['a'] })] } });
    await as(bot, title, 400, { body: { name: 'P', steps: [step('a', { depends_on: ['z'] })] } });
    await as(bot, title, 400, { body: { name: 'P' } });
    await as(bot, title, 200, { body: { action: 'get', template_id } });
    await as(bot, title, 200, { body: { action: 'list' } });
    await as(provider, title, 404, { body: { action: 'run', template_id } });
    const { pipeline_id } = await as(bot, title, 201, { body: { action: 'run', template_id, input: {}, budget_usd: 1 } });
    const ended = () => as(bot, 'GET /pipeline-traces', 200, { query: `?pipeline_id=${pipeline_id}&include=outputs` });
    await until(async () => (await ended()).status === 'failed', 60_000, 'the run has failed');
    await as(bot, title, 409, { body: { action: 'cancel', pipeline_id } });
    await as(provider, 'GET /pipeline-traces', 404, { query: `?pipeline_id=${template_id}` });
  }

  it('is as documented for cards and tasks of A2A', async () => {
    const market = inhabited(), agent = await market.actor(), nobody = '00000000-0000-4000-8000-00000000a2a9';
    await truly('GET /.well-known/agent-card.json', 200, { key: null });
    for (const title of ['GET /agents/{id}/agent-card.json', 'GET /agents/{id}/.well-known/agent-card.json']) {
      await truly(title, 200, { key: null, ids: [agent.id] });
      await truly(title, 404, { key: null, ids: [nobody] });
    }
    for (const title of ['POST /a2a', 'POST /agents/{id}/a2a']) {
      for (const method of ['ListTasks', 'Nothing']) await truly(title, 200, { key: agent.key, ids: [agent.id], headers: { 'a2a-version': '1.0' }, body: { jsonrpc: '2.0', id: 1, method, params: {} } });
      await truly(title, 401, { key: null, ids: [agent.id], body: {} });
    }
    await truly('POST /agents/{id}/a2a', 404, { key: agent.key, ids: [nobody], body: {} });
  });

  it('is as documented for tools and subscriptions', async () => {
    const market = inhabited(), provider = await market.actor(), bot = await market.actor(), upstream = await startUpstream();
    const as = (who, title, status, options = {}) => truly(title, status, { key: who.key, ...options });
    const listing_id = await makeTool(market, provider, upstream.url, { plans: [plan({ included_calls: 2 }), plan({ plan_id: 'dear', amount_cents: 100_000_000 })] });
    await as(bot, 'POST /tool-subscriptions', 400, { body: { listing_id, plan_id: 'dear' } });
    await as(bot, 'POST /tool-subscriptions', 400, { body: { listing_id, plan_id: 'none' } });
    const { subscription_id, api_key, api_key_prefix: key_prefix } = await as(bot, 'POST /tool-subscriptions', 201, { body: { listing_id, plan_id: 'starter' } });
    const body = { subscription_id, input: { url: 'x' } };
    await truly('POST /tool-proxy', 200, { key: api_key, body });
    for (const path of ['/mcp-gateway', '/mcp']) {
      const rpc = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
      for (const request of [rpc, { ...rpc, method: 'nothing' }, { method: 'tools/list' }, { method: 'tools/call', params: { name: 'humai__credits-balance' } }]) {
        await as(bot, `POST ${path}`, 200, { body: request });
        await truly(`POST ${path}`, 200, { key: null, headers: { authorization: `Bearer ${bot.key}` }, body: request });
      }
      await as(bot, `POST ${path}`, 202, { body: { jsonrpc: '2.0', method: 'notifications/initialized' } });
      await truly(`POST ${path}`, 401, { key: null, body: rpc });
    }
    await as(bot, 'POST /tool-proxy', 400, { body: { ...body, input: [] } });
    await as(provider, 'POST /tool-proxy', 404, { body });
    upstream.answer = (req, res) => res.writeHead(500).end();
    await as(bot, 'POST /tool-proxy', 502, { body });
    upstream.answer = (req, res) => res.end('1');
    await as(bot, 'POST /tool-proxy', 200, { body });
    await as(bot, 'POST /tool-proxy', 429, { body });
    const paid = await makeTool(market, provider, upstream.url, { meta: { pay_per_call_cents: 0.5 } });
    await as(bot, 'POST /tool-proxy', 402, { body: { listing_id: paid, input: {} } });
    await as(provider, 'POST /tool-proxy', 403, { body: { listing_id, input: {} } });
    await pipelines(as, bot, provider, listing_id);
    upstream.close();
    await as(bot, 'GET /tool-search', 200, { query: '?has_free_tier=true' });
    await as(bot, 'GET /tool-sla-check', 200, { query: `?listing_id=${listing_id}` });
    await as(bot, 'GET /tool-sla-check', 404, { query: `?listing_id=${subscription_id}` });
    await as(provider, 'POST /provider-tools', 200, { body: { action: 'pause', listing_id } });
    await as(provider, 'POST /provider-tools', 409, { body: { action: 'pause', listing_id } });
    await as(bot, 'POST /tool-proxy', 503, { body });
    await as(provider, 'POST /provider-tools', 200, { body: { action: 'resume', listing_id } });
    await as(provider, 'POST /provider-tools', 200, { body: { action: 'list' } });
    await as(bot, 'POST /provider-tools', 403, { body: { action: 'update', listing_id } });
    await as(bot, 'POST /provider-tools', 400, { body: { action: 'register' } });
    await as(provider, 'GET /provider-analytics', 200, { query: `?listing_id=${listing_id}` });
    const { suites: [, { suite_id }] } = await as(bot, 'GET /benchmarks-suites', 200);
    await as(provider, 'POST /benchmarks-run', 201, { body: { actor_id: provider.id, suite_id, listing_id } });
    await as(bot, 'POST /benchmarks-run', 403, { body: { actor_id: provider.id, suite_id } });
    await as(bot, 'POST /benchmarks-run', 404, { body: { actor_id: bot.id, suite_id } });
    await as(bot, 'GET /tool-benchmarks', 200, { query: `?listing_id=${listing_id}` });
    await as(bot, 'GET /tool-benchmarks', 404, { query: `?listing_id=${suite_id}` });
    await as(bot, 'GET /benchmarks-results', 200, { query: `?actor_id=${provider.id}` });
    await as(bot, 'GET /benchmarks-results', 404, { query: `?actor_id=${suite_id}` });
    const openapi = { openapi: '3.1.0', servers: [{ url: 'https://api.example.com' }], paths: { '/a': { get: { operationId: 'a' }, head: { operationId: 'b' } } } };
    const importing = { action: 'import', category_tags: ['data:x'] };
    const { imported: [{ listing_id: made }] } = await as(provider, 'POST /catalog-manage', 200, { body: { ...importing, openapi } });
    await as(provider, 'POST /catalog-manage', 400, { body: { ...importing, openapi: {} } });
    await as(provider, 'POST /catalog-manage', 400, { body: { ...importing, openapi_url: 'https://localhost/' } });
    await as(bot, 'POST /catalog-manage', 200, { body: { action: 'list_unclaimed' } });
    await as(bot, 'POST /catalog-manage', 200, { body: { action: 'claim', listing_id: made } });
    await as(provider, 'POST /catalog-manage', 403, { body: { action: 'claim', listing_id: made, proof: 'well_known' } });
    await as(provider, 'POST /catalog-manage', 404, { body: { action: 'claim', listing_id: subscription_id } });
    await as(provider, 'PUT /listings-update', 409, { body: { listing_id: made, tool_meta: { upstream_url: 'https://b.example.com' } } });
    await as(bot, 'GET /provider-analytics', 403, { query: `?listing_id=${listing_id}` });
    await as(provider, 'GET /sla-breach', 200);
    await as(bot, 'POST /api-keys-manage', 200, { body: { subscription_id, action: 'rotate', key_prefix, grace_seconds: 60 } });
    await as(bot, 'POST /api-keys-manage', 200, { body: { subscription_id, action: 'list' } });
    await as(bot, 'POST /api-keys-manage', 404, { body: { subscription_id, action: 'revoke', key_prefix: 'none' } });
    await as(bot, 'POST /api-keys-manage', 400, { body: { subscription_id, action: 'revoke' } });
    await as(bot, 'GET /subscriptions-list', 200);
    await as(bot, 'POST /subscriptions-cancel', 200, { body: { subscription_id } });
    await as(bot, 'POST /subscriptions-cancel', 404, { body: { subscription_id: listing_id } });
  });

  it('is as documented for the documentation itself', async () => {
    const free = { key: null };
    for (const page of ['marketplace', 'agent.md']) await truly('GET /docs/{page}', 200, { ...free, ids: [page] });
    for (const file of ['', '/style.css', '/script.js', '/icon.svg']) await truly(`GET /docs${file}`, 200, free);
    await truly('GET /docs/{page}', 404, { ...free, ids: ['nosuch'] });
    await truly('GET /docs/{page}', 400, { ...free, ids: ['a-b'] });
    await truly('GET /llms.txt', 200, free);
    await truly('GET /openapi/{surface}', 404, { ...free, ids: ['nosuch.json'] });
    await truly('GET /openapi/{surface}', 200, { ...free, ids: ['agent.json'] });
  });

  it('is as documented for webhooks', async () => {
    const market = inhabited(), who = await market.actor(), other = await market.actor();
    const as = (who, title, status, options = {}) => truly(title, status, { key: who.key, ...options });
    const body = { url: 'https://a.example/hook', events: ['bid.received'] };
    const { webhook_id } = await as(who, 'POST /webhooks-register', 201, { body });
    await as(who, 'POST /webhooks-register', 400, { body: { ...body, url: 'https://10.0.0.1/' } });
    await as(who, 'POST /webhooks-register', 400, { body: { ...body, events: ['bid.made'] } });
    await as(who, 'POST /webhooks-register', 400, { body: { ...body, secret: 'short' } });
    await market.sql(`insert into market_webhooks (id, actor_id, url, events, secret)
      select gen_random_uuid(), '${who.id}', 'https://a.example', '{*}', '' from generate_series(1, 19)`);
    await as(who, 'POST /webhooks-register', 409, { body });
    await market.sql(`insert into market_webhook_deliveries (webhook_id, event_id, sequence, type, body, next_at, status_codes)
      values ('${webhook_id}', 'x', 1, 'bid.received', '{}', human_now() + interval '1 day', '{503}')`);
    for (const action of ['update', 'list', 'rotate_secret', 'deliveries']) await as(who, 'POST /webhooks-manage', 200, { body: { action, ...(action !== 'list' && { webhook_id }) } });
    await as(who, 'POST /webhooks-manage', 200, { body: { action: 'replay', webhook_id, since: '2026-01-01T00:00:00Z' } });
    await as(who, 'POST /webhooks-manage', 400, { body: { action: 'replay', webhook_id } });
    await as(who, 'POST /webhooks-test', 200, { body: { webhook_id, event_type: 'bid.accepted' } });
    await as(who, 'POST /webhooks-test', 400, { body: { webhook_id, event_type: 'bid.made' } });
    await as(other, 'POST /webhooks-test', 404, { body: { webhook_id } });
    await as(who, 'POST /webhooks-manage', 200, { body: { action: 'update', webhook_id, is_active: false } });
    await as(who, 'POST /webhooks-manage', 409, { body: { action: 'replay', webhook_id, since: '2026-01-01T00:00:00Z' } });
    await as(other, 'POST /webhooks-manage', 404, { body: { action: 'delete', webhook_id } });
    await as(who, 'POST /webhooks-manage', 200, { body: { action: 'delete', webhook_id } });
  });

  it('was looked at for every operation that succeeds', () => {
    const titles = Object.entries(doc.paths).flatMap(([p, ops]) => Object.keys(ops).map((m) => `${m.toUpperCase()} ${p}`));
    for (const title of titles) assert.ok([...seen].some((s) => s.startsWith(`${title} 2`)), title);
  });
});
