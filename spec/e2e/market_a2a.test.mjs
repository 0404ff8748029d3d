// spec/e2e/market_a2a.test.mjs -- the marketplace over A2A 1.0, by the official client: cards, messages that buy work, the
// task until it is paid for, its stream, and what no client should send.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { ClientFactory, JsonRpcTransportFactory } from '@a2a-js/sdk/client';
import { Role, TaskState } from '@a2a-js/sdk';
import { errors } from './hosts.mjs';
import { assigned, startMarket } from './market_trading.mjs';
import { until } from './support.mjs';

const PATIENCE_MS = 30_000;
const SELL = { direction: 'sell', listing_type: 'task_execution', title: 'Summaries', description: 'One page of any text', category_tags: ['data:extraction'], price_usd: 20 };
let market, person, seller, listing_id;
before(async () => {
  market = await startMarket();
  person = await market.actor({ name: 'Olga', type: 'human' });
  seller = await market.actor({ name: 'Summer' });
  listing_id = (await seller.ok('/listings-create', SELL)).id;
});
after(async () => {
  await market?.stop();
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

/** The official client of an actor, for the platform's card or that of an agent. */
async function clientOf(who, agent) {
  const fetchImpl = (url, init) => fetch(url, { ...init, headers: { ...init?.headers, 'x-api-key': who.key } });
  const factory = new ClientFactory({ transports: [new JsonRpcTransportFactory({ fetchImpl })] });
  return factory.createFromUrl(market.url, agent && `/agents/${agent.id}/agent-card.json`);
}

const text = (value) => ({ content: { $case: 'text', value }, mediaType: '', filename: '' });
const data = (value) => ({ content: { $case: 'data', value }, mediaType: 'application/json', filename: '' });
const message = (parts, more = {}) => ({ tenant: '', message: { messageId: randomUUID(), contextId: '', taskId: '', role: Role.ROLE_USER, parts, extensions: [], referenceTaskIds: [], ...more },
  configuration: { acceptedOutputModes: [], returnImmediately: true } });
const to = (task, parts) => message(parts, { taskId: task.id, contextId: task.contextId });
const said = (task) => task.status.message.parts[0].content.value;
const state = (task) => TaskState[task.status.state].slice('TASK_STATE_'.length);

/** What is said to an endpoint without the client: {status, body}. */
async function raw(body, { path = '/a2a', who = person, version = '1.0' } = {}) {
  const answer = await fetch(market.url + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...(version && { 'a2a-version': version }), ...(who && { 'x-api-key': who.key }) } });
  return { status: answer.status, body: await answer.json() };
}
const rpc = (method, params, id = 7) => ({ jsonrpc: '2.0', id, method, params });
const plain = (parts, more = {}) => rpc('SendMessage', { message: { messageId: randomUUID(), role: 'ROLE_USER', parts, ...more }, configuration: { returnImmediately: true } });

describe('the cards', () => {
  it('are at the places where clients look, with the verbs of the platform, and what an agent sells', async () => {
    const card = await (await clientOf(person)).getAgentCard();
    assert.deepEqual(card.supportedInterfaces.map((i) => [i.url, i.protocolBinding, i.protocolVersion]), [[`${market.url}/a2a`, 'JSONRPC', '1.0']]);
    assert.deepEqual(card.securitySchemes.key.scheme.value.name, 'X-API-Key');
    for (const id of ['listings-create', 'bids-accept', 'transactions-accept']) assert.ok(card.skills.some((s) => s.id === id), id);
    assert.ok(!card.skills.some((s) => /^admin-/.test(s.id)), 'nothing that is for administrators');

    const own = await (await clientOf(person, seller)).getAgentCard();
    assert.deepEqual([own.name, own.supportedInterfaces[0].url], ['Summer', `${market.url}/agents/${seller.id}/a2a`]);
    assert.deepEqual(own.skills.map((s) => [s.id, s.name, s.description, s.tags]), [[listing_id, 'Summaries', 'One page of any text Costs $20.00.', ['data:extraction']]]);
    assert.deepEqual(own.signatures, []);
    const wellKnown = await fetch(`${market.url}/agents/${seller.id}/.well-known/agent-card.json`);
    assert.equal((await wellKnown.json()).name, 'Summer');
  });

  it('are asked for again at no cost, and there is none of a person, nor of an agent that is not there', async () => {
    const first = await fetch(`${market.url}/.well-known/agent-card.json`);
    assert.equal(first.headers.get('cache-control'), 'no-cache');
    const again = await fetch(`${market.url}/.well-known/agent-card.json`, { headers: { 'if-none-match': first.headers.get('etag') } });
    assert.equal(again.status, 304);
    for (const id of [person.id, randomUUID()]) assert.equal((await fetch(`${market.url}/agents/${id}/agent-card.json`)).status, 404);
    assert.equal((await fetch(`${market.url}/agents/x/agent-card.json`)).status, 400);
  });
});

describe('a message to an agent', () => {
  it('buys what it sells, and the task goes on until it is accepted', async () => {
    const client = await clientOf(person, seller);
    const ask = message([text('Summarize this'), data({ url: 'https://example.com/' })]);
    const task = await client.sendMessage(ask);
    assert.deepEqual([state(task), task.metadata.status, task.metadata.price_usd], ['INPUT_REQUIRED', 'pending_payment', 20]);
    assert.match(said(task), /"pay"/);
    assert.equal(task.history[0].messageId, ask.message.messageId);
    assert.deepEqual(task.history[0].parts[0].content.value, { text: 'Summarize this', url: 'https://example.com/' });
    assert.equal((await person.ok(`/transactions-get?transaction_id=${task.id}`)).transaction.title, 'Summaries', 'a task is a transaction');

    assert.equal((await client.sendMessage(ask)).id, task.id, 'sent again, it is not bought again');
    const paid = await client.sendMessage(to(task, [data({ action: 'pay' })]));
    assert.deepEqual([paid.id, paid.contextId, state(paid)], [task.id, task.contextId, 'WORKING']);
    await client.sendMessage(to(task, [text('In German, please')]));
    const history = (await client.getTask({ tenant: '', id: task.id })).history;
    assert.deepEqual([history.at(-1).parts[0].content.value, history.at(-1).role], ['In German, please', Role.ROLE_USER]);

    await seller.ok('/transactions-deliver', { transaction_id: task.id, output_data: { summary: 'Kurz' } });
    const delivered = await client.getTask({ tenant: '', id: task.id, historyLength: 0 });
    assert.deepEqual([state(delivered), delivered.artifacts[0].parts[0].content.value, delivered.history], ['INPUT_REQUIRED', { summary: 'Kurz' }, []]);
    const revise = to(task, [data({ action: 'revise', note: 'Longer, please' })]);
    for (const again of [revise, revise]) assert.equal(state(await client.sendMessage(again)), 'WORKING');
    await seller.ok('/transactions-deliver', { transaction_id: task.id, output_data: { summary: 'Lang' } });
    const done = await client.sendMessage(to(task, [data({ action: 'accept' })]));
    assert.deepEqual([state(done), done.artifacts[0].parts[0].content.value], ['COMPLETED', { summary: 'Lang' }]);
    assert.equal(await market.earned(seller), 1_800_000);
    await assert.rejects(client.sendMessage(to(task, [text('Thanks')])), (e) => e.name === 'UnsupportedOperationError');
  });

  it('keeps the context that its client names, and lists the tasks of it', async () => {
    const client = await clientOf(person, seller), contextId = `ctx-${randomUUID()}`;
    const one = await client.sendMessage(message([text('One')], { contextId })), two = await client.sendMessage(message([text('Two')], { contextId }));
    assert.deepEqual([one.contextId, two.contextId], [contextId, contextId]);
    const ask = { tenant: '', contextId, status: TaskState.TASK_STATE_UNSPECIFIED, pageToken: '', pageSize: 1 };
    const page = await client.listTasks(ask);
    assert.deepEqual([page.tasks.map((t) => t.id), page.totalSize, page.tasks[0].artifacts], [[two.id], 2, []]);
    const rest = await client.listTasks({ ...ask, pageToken: page.nextPageToken });
    assert.deepEqual([rest.tasks.map((t) => t.id), rest.nextPageToken], [[one.id], '']);
    assert.equal((await client.listTasks({ ...ask, status: TaskState.TASK_STATE_COMPLETED })).totalSize, 0);
  });

  it('cancels what is not paid, declines as the seller, and cancels nothing that goes on', async () => {
    const client = await clientOf(person, seller), agent = await clientOf(seller, seller);
    const task = await client.sendMessage(message([text('Never mind')]));
    assert.equal(state(await client.cancelTask({ tenant: '', id: task.id })), 'CANCELED');
    assert.equal(state(await client.cancelTask({ tenant: '', id: task.id })), 'CANCELED', 'again');
    const declined = await client.sendMessage(message([text('Impossible')]));
    assert.equal(state(await agent.getTask({ tenant: '', id: declined.id })), 'SUBMITTED');
    await agent.cancelTask({ tenant: '', id: declined.id });
    assert.equal(state(await client.getTask({ tenant: '', id: declined.id })), 'REJECTED');
    const going = await client.sendMessage(message([text('Go')]));
    await client.sendMessage(to(going, [data({ action: 'pay' })]));
    await assert.rejects(client.cancelTask({ tenant: '', id: going.id }), (e) => e.name === 'TaskNotCancelableError');
  });

  it('is answered once its task needs the client, where that wants to wait', async () => {
    const client = await clientOf(person, seller), task = await client.sendMessage(message([text('Wait for it')]));
    const ask = to(task, [data({ action: 'pay' })]);
    ask.configuration.returnImmediately = false;
    const answered = client.sendMessage(ask);
    await until(async () => await market.one(`select state from market_transactions where id = '${task.id}'`) === 'assigned', PATIENCE_MS, 'it is paid for');
    await seller.ok('/transactions-deliver', { transaction_id: task.id, output_data: { done: true } });
    assert.equal(state(await answered), 'INPUT_REQUIRED');
  });

  it('is part of other work where it refers to that', async () => {
    const buyer = await market.actor({ name: 'Buyer' }), worker = await market.actor({ name: 'Worker' });
    const whole = await assigned(buyer, worker), client = await clientOf(worker, seller);
    await assert.rejects(client.sendMessage(message([text('Help')])), (e) => e.envelopeCode === -32000 && e.data[0].reason === 'MISSING_PARENT_TRANSACTION');
    const part = await client.sendMessage(message([text('Help')], { referenceTaskIds: [whole] }));
    assert.equal(state(part), 'WORKING');
    assert.equal((await worker.ok(`/transactions-get?transaction_id=${part.id}`)).transaction.parent_transaction_id, whole);
  });

  it('asks the people of an agent that may not buy without them, and sent again has what they have approved', async () => {
    const buyer = await market.actor({ name: 'Buyer' }), worker = await market.actor({ name: 'Novice', autonomy: 1 });
    const owner = await market.actor({ name: 'Owner', type: 'human', owner: worker.owner });
    const whole = await assigned(buyer, worker), client = await clientOf(worker, seller), ask = message([text('Help')], { referenceTaskIds: [whole] });
    const asked = await client.sendMessage(ask).then(() => assert.fail('it is bought'), (e) => e.data[0]);
    assert.deepEqual([asked.reason, asked.metadata.approval_status], ['APPROVAL_REQUIRED', 'pending']);
    const { transaction_id } = await owner.ok('/channel-respond', { message_id: asked.metadata.approval_message_id, response_status: 'approved' });
    for (let i = 0; i < 2; i += 1) {
      const task = await client.sendMessage(ask);
      assert.deepEqual([task.id, state(task), task.history[0].messageId], [transaction_id, 'WORKING', ask.message.messageId]);
    }
    assert.notEqual((await client.sendMessage(message([text('Help')], { referenceTaskIds: [whole] }))).id, transaction_id, 'another message is another purchase');
  });
});

describe('a stream', () => {
  it('begins with the task, has what happens to it, and ends with it', async () => {
    const client = await clientOf(person, seller), heard = [];
    let task;
    for await (const { payload } of client.sendMessageStream(message([text('Follow me')]))) {
      heard.push(payload.$case === 'artifactUpdate' ? 'artifact' : payload.$case === 'task' ? 'task' : state(payload.value));
      if (payload.$case === 'task') {
        task = payload.value;
        await client.sendMessage(to(task, [data({ action: 'pay' })]));
      } else if (heard.at(-1) === 'WORKING' && !heard.includes('artifact')) {
        await market.one(`select state from market_transactions where id = '${task.id}'`) === 'assigned'
          && await seller.ok('/transactions-deliver', { transaction_id: task.id, output_data: { n: 1 } });
      } else if (payload.$case === 'artifactUpdate') {
        assert.deepEqual(payload.value.artifact.parts[0].content.value, { n: 1 });
      } else if (heard.at(-1) === 'INPUT_REQUIRED' && heard.includes('artifact')) {
        await client.sendMessage(to(task, [data({ action: 'accept' })]));
      }
    }
    assert.deepEqual(heard.filter((x, i) => x !== heard[i - 1] && !(x === 'INPUT_REQUIRED' && i === 1)), ['task', 'WORKING', 'artifact', 'INPUT_REQUIRED', 'COMPLETED']);
  });

  it('is opened again for a task that goes on, and not for one that has ended', async () => {
    const client = await clientOf(person, seller), task = await client.sendMessage(message([text('Later')])), heard = [];
    for await (const { payload } of client.resubscribeTask({ tenant: '', id: task.id })) {
      heard.push(payload.$case === 'task' ? 'task' : state(payload.value));
      if (payload.$case === 'task') await client.cancelTask({ tenant: '', id: task.id });
    }
    assert.deepEqual([heard[0], heard.at(-1)], ['task', 'CANCELED']);
    await assert.rejects(client.resubscribeTask({ tenant: '', id: task.id }).next(), (e) => e.name === 'UnsupportedOperationError');
  });

  it('has one message, and ends, where that is all that there is', async () => {
    const heard = [];
    for await (const { payload } of (await clientOf(person)).sendMessageStream(message([text('Summaries')]))) heard.push(payload);
    assert.deepEqual(heard.map((p) => p.$case), ['message']);
    assert.ok(heard[0].value.parts[0].content.value.listings.some((l) => l.id === listing_id));
  });
});

describe('a message to the platform', () => {
  it('is carried out by the verb that it names, and work that was bought is a task', async () => {
    const buyer = await market.actor({ name: 'Buyer' }), [client, bidder] = [await clientOf(buyer), await clientOf(seller)];
    const does = async (who, skillId, value) => who.sendMessage(message([data(value)], { metadata: { skillId } }));
    const made = await does(client, 'listings-create', { direction: 'buy', listing_type: 'task_execution', title: 'Scrape', description: 'A shop', category_tags: ['data:extraction'], budget_ceiling_usd: 50 });
    const listing = made.parts[0].content.value;
    assert.equal(listing.title, 'Scrape');
    const bid = (await does(bidder, 'bids-create', { listing_id: listing.id, price_usd: 40, sla_hours: 24 })).parts[0].content.value;
    const task = await does(client, 'bids-accept', { bid_id: bid.id });
    assert.deepEqual([state(task), task.metadata.answer.transaction_id], ['INPUT_REQUIRED', task.id]);
    assert.equal(state(await client.sendMessage(to(task, [data({ action: 'pay' })]))), 'WORKING');
    await does(bidder, 'transactions-deliver', { transaction_id: task.id, output_data: { shops: [] } });
    assert.equal(state(await client.sendMessage(to(task, [data({ action: 'accept' })]))), 'COMPLETED');
  });
});

describe('what is wrong', () => {
  const refused = async (code, body, options) => {
    const answer = await raw(body, options);
    assert.deepEqual([answer.status, answer.body.error?.code], [200, code], JSON.stringify(answer.body));
    return answer.body;
  };
  const ours = () => ({ path: `/agents/${seller.id}/a2a` });

  it('is an error of JSON-RPC where it is none of its messages', async () => {
    assert.equal((await refused(-32700, '{')).id, null);
    for (const body of [[], [rpc('GetTask', { id: 'x' })], {}, '1', { jsonrpc: '2.0', method: 'GetTask', params: {} }, rpc('GetTask', {}, 'x'.repeat(300))]) await refused(-32600, body);
    assert.equal((await refused(-32601, rpc('message/send', {}))).id, 7);
    await refused(-32602, rpc('GetTask', []));
  });

  it('names the field', async () => {
    const field = async (body, options) => (await refused(-32602, body, options)).error.data[0].fieldViolations[0].field;
    assert.equal(await field(rpc('GetTask', {})), 'params');
    assert.equal(await field(rpc('GetTask', { id: 1 })), 'params.id');
    assert.equal(await field(rpc('SendMessage', {})), 'params');
    assert.equal(await field(plain([])), 'params.message.parts');
    assert.equal(await field(plain([{ text: 1 }])), 'params.message.parts[0].text');
    assert.equal(await field(plain([{ text: 'x' }], { role: 'ROLE_AGENT' })), 'params.message.role');
    assert.equal(await field(plain([{ data: {} }, { data: {} }])), 'params.message.parts');
    assert.equal(await field(plain([{ data: [1] }])), 'params.message.parts');
    assert.equal(await field(plain([{ data: {} }])), 'params.message.metadata.skillId');
    assert.equal(await field(plain([{ data: {} }], { metadata: { skillId: 'admin-kill-switch' } })), 'params.message.metadata.skillId');
    assert.equal(await field(plain([{ data: { bid_id: 'x' } }], { metadata: { skillId: 'bids-accept' } })), 'bid_id');
    assert.equal(await field(plain([{ text: 'x' }], { metadata: { skillId: randomUUID() } }), ours()), 'params.message.metadata.skillId');
    assert.equal(await field(rpc('ListTasks', { statusTimestampAfter: 'soon' })), 'params.statusTimestampAfter');
    assert.equal(await field(rpc('ListTasks', { pageToken: 'none' })), 'params.pageToken');
    assert.equal(await field(rpc('ListTasks', { pageSize: 101 })), 'params.pageSize');
  });

  it('is more than a message may have', async () => { // limit: A2A messages
    await refused(-32602, plain(Array.from({ length: 65 }, () => ({ text: 'x' }))));
    await refused(-32602, plain([{ text: 'x'.repeat(100_001) }]));
    await refused(-32602, plain([{ text: 'x' }], { messageId: 'x'.repeat(201) }));
    await refused(-32602, plain([{ text: 'x' }], { referenceTaskIds: [randomUUID(), randomUUID()] }));
    assert.equal((await raw(JSON.stringify(plain([{ text: 'x' }])) + ' '.repeat(1 << 20))).status, 413);
  });

  it('has the codes of A2A', async () => {
    await refused(-32009, rpc('GetTask', { id: 'x' }), { version: '0.3' });
    await refused(-32009, rpc('GetTask', { id: 'x' }), { version: null });
    for (const method of ['GetTask', 'CancelTask', 'SubscribeToTask']) await refused(-32001, rpc(method, { id: randomUUID() }));
    await refused(-32001, plain([{ text: 'x' }], { taskId: 'none' }));
    await refused(-32003, rpc('CreateTaskPushNotificationConfig', { taskId: 'x', url: 'https://example.com/' }));
    await refused(-32003, rpc('SendMessage', { ...plain([{ text: 'x' }]).params, configuration: { taskPushNotificationConfig: { url: 'https://example.com/' } } }));
    await refused(-32005, plain([{ raw: 'AAAA', mediaType: 'image/png' }]));
    await refused(-32005, rpc('SendMessage', { ...plain([{ text: 'x' }]).params, configuration: { acceptedOutputModes: ['image/png'] } }));
    await refused(-32007, rpc('GetExtendedAgentCard', {}));
  });

  it('is another\'s task, a task of another agent, or an action that is not one, or not of now', async () => {
    const client = await clientOf(person, seller), task = await client.sendMessage(message([text('Mine')]));
    const stranger = await market.actor({ name: 'Stranger' });
    await refused(-32001, rpc('GetTask', { id: task.id }), { who: stranger });
    await refused(-32001, rpc('GetTask', { id: task.id }), { path: `/agents/${stranger.id}/a2a` });
    await refused(-32602, plain([{ data: { action: 'fly' } }], { taskId: task.id }));
    await refused(-32602, plain([{ text: 'x' }], { taskId: task.id, contextId: 'another' }));
    await refused(-32004, plain([{ data: { action: 'accept' } }], { taskId: task.id }));
    await refused(-32004, plain([{ data: { action: 'pay' } }], { taskId: task.id }), { who: seller });
  });

  it('is a key that is none, or an agent that is not there', async () => {
    assert.equal((await raw(rpc('GetTask', { id: 'x' }), { who: null })).status, 401);
    assert.equal((await raw(rpc('GetTask', { id: 'x' }), { path: `/agents/${randomUUID()}/a2a` })).status, 404);
  });
});
