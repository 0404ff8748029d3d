// spec/e2e/ui_agents_operations.test.mjs -- operations.call: routes of the agent API and of the marketplace for who is signed in
// at the gateway, as the operator's own actors and nobody else's.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { errors } from './hosts.mjs';
import { JOB, startMarket } from './market_trading.mjs';

const OPERATOR = '00000000-0000-4000-8000-00000000a0b1', TOKEN = 'the-token-of-this-spec';
let market, operator, viewer, person, agent, stranger;

before(async () => {
  market = await startMarket({ env: { HUMAN_GATEWAY_AUTH_TOKEN: TOKEN, HUMAN_SEAL_KEY: randomBytes(32).toString('hex'), HUMAN_MARKETPLACE_OPERATOR: OPERATOR } });
  operator = await open(market, { token: TOKEN });
  viewer = await open(market, { token: TOKEN });
  assert.equal((await viewer.call('connect', { client: { id: 'spec' }, role: 'viewer' })).payload.auth.role, 'viewer');
});
after(async () => {
  operator?.ws.close();
  viewer?.ws.close();
  assert.deepEqual(errors(market?.log() ?? ''), []);
  await market?.stop();
});

const ask = (client, surface, operation, input, more) => client.call('operations.call', { surface, operation, input, ...more });
async function made(surface, operation, input, more, client = operator) {
  const { payload, error } = await ask(client, surface, operation, input, more);
  assert.equal(error, undefined, JSON.stringify(error));
  return payload;
}
async function ok(...args) {
  const answer = await made(...args);
  assert.ok(answer.status < 300, JSON.stringify(answer));
  return answer.body;
}

describe('an operation of the agent API', () => {
  it('is carried out as the operator: reads, changes, and what its path names', async () => {
    const list = await ok('agent', 'listAgents', {});
    assert.deepEqual(list.map((one) => one.name), ['main']);
    const types = await ok('agent', 'listAgentTypes', {});
    const one = await ok('agent', 'createAgent', { name: 'Ada', agentTypeId: types[0].id });
    assert.equal((await ok('agent', 'getAgent', { id: one.id })).name, 'Ada');
    assert.equal((await ok('agent', 'updateAgent', { id: one.id, settings: { talkativeness: 50 } })).settings.talkativeness, 50);
    assert.deepEqual(await made('agent', 'deleteAgent', { id: one.id }), { status: 204 });
    assert.deepEqual([(await made('agent', 'getAgent', { id: one.id })).status, (await made('agent', 'getAgent', { id: one.id })).code], [404, 'agent_not_found']);
  });

  it('may be that of any user, whom the operator makes', async () => {
    const user = await ok('agent', 'createUser', { email: 'operations@spec.example', name: 'Grace' });
    assert.deepEqual(await ok('agent', 'listAgents', {}, { actorId: user.id }), []);
    assert.equal((await ok('agent', 'listApiKeys', { userId: user.id })).length, 0);
    const { error } = await ask(operator, 'agent', 'listAgents', {}, { actorId: 'nobody' });
    assert.equal(error.reason, 'user_not_found', JSON.stringify(error));
  });

  it('refuses with the status, the code and the field of its route', async () => {
    const answer = await made('agent', 'createAgent', { name: 5 });
    assert.deepEqual([answer.status, answer.code, answer.details[0].path], [400, 'validation_error', 'agentTypeId']);
    const settings = await made('agent', 'createAgent', { name: 'x', agentTypeId: 'c0000000000', settings: { talkativeness: 700 } });
    assert.deepEqual([settings.status, settings.details?.[0].path], [400, 'settings.talkativeness'], JSON.stringify(settings));
    const path = await made('agent', 'getAgent', { id: '../x' });
    assert.deepEqual([path.status, path.details[0].path], [400, 'id']);
    assert.equal((await made('agent', 'getAgent', {})).details[0].path, 'id');
    assert.equal((await made('agent', 'listAgents', { limit: 0 })).details[0].path, 'limit');
    assert.equal((await made('agent', 'listAgents', { nothing: 1 })).details[0].path, 'nothing');
    assert.equal((await ask(operator, 'agent', 'nothing', {})).error.reason, 'operation_not_found');
    assert.match((await ask(operator, 'agent', 'listAgents', [1])).error.message, /^input must be an object/);
    // limit: operation input
    assert.match((await ask(operator, 'agent', 'listAgents', { after: 'x'.repeat(1_048_576) })).error.message, /^input must be JSON of at most/);
  });

  it('is done once for a key', async () => {
    const body = { name: 'Once', description: 'd', styleInstructions: 's', personalityId: 'once-of-the-spec' };
    const first = await ok('agent', 'createPersonality', body, { key: 'spec-once' });
    assert.deepEqual(await ok('agent', 'createPersonality', body, { key: 'spec-once' }), first);
    const other = await made('agent', 'createPersonality', { ...body, name: 'Other' }, { key: 'spec-once' });
    assert.deepEqual([other.status, other.code], [422, 'idempotency_key_reused']);
  });
});

describe('an operation of the marketplace', () => {
  it('is refused before there is an actor of the operator', async () => {
    const { error } = await ask(operator, 'marketplace', 'creditsBalance', {});
    assert.deepEqual([error.reason, /marketplace\.operator/.test(error.message)], ['market_unset', true]);
    person = await market.actor({ name: 'Olga', type: 'human', id: OPERATOR });
    agent = await market.actor({ name: 'Worker', owner: person.owner });
    stranger = await market.actor({ name: 'Stranger' });
  });

  it('is carried out as the operator, or as an actor of the same owner, and as no other', async () => {
    const mine = await ok('marketplace', 'listingsCreate', JOB);
    const theirs = await ok('marketplace', 'listingsCreate', JOB, { actorId: agent.id });
    const whose = (id) => market.one(`select actor_id from market_listings where id = '${id}'`);
    assert.deepEqual([await whose(mine.id), await whose(theirs.id)], [person.id, agent.id]);
    for (const id of [stranger.id, 'nobody', '00000000-0000-4000-8000-00000000dead']) {
      const { error } = await ask(operator, 'marketplace', 'creditsBalance', {}, { actorId: id });
      assert.equal(error.reason, 'actor_not_yours', JSON.stringify(error));
    }
  });

  it('keeps what the route says of a refusal', async () => {
    const wrong = await made('marketplace', 'listingsCreate', { ...JOB, direction: 'sideways' });
    assert.deepEqual([wrong.status, wrong.code, wrong.details[0].path], [400, 'validation_error', 'direction']);
    const route = await person.post('/bids-accept', { bid_id: '00000000-0000-4000-8000-00000000dead' });
    const call = await made('marketplace', 'bidsAccept', { bid_id: '00000000-0000-4000-8000-00000000dead' });
    assert.deepEqual([call.status, call.body], [route.status, route.body]);
  });

  it('is that of an admin only for an admin', async () => {
    assert.equal((await ask(operator, 'marketplace', 'auditLog', {})).error.reason, 'operation_denied');
    const admin = await market.actor({ name: 'Admin', owner: person.owner, role: 'admin' });
    assert.equal((await made('marketplace', 'auditLog', {}, { actorId: admin.id })).status, 200);
    await market.sql(`update market_actors set state = 'banned' where id = '${admin.id}'`);
    assert.equal((await ask(operator, 'marketplace', 'auditLog', {}, { actorId: admin.id })).error.reason, 'actor_banned');
  });

  it('registers nobody: who registers shows who they are by themselves', async () => {
    assert.equal((await ask(operator, 'marketplace', 'actorsRegister', {})).error.reason, 'operation_denied');
  });
});

describe('a viewer', () => {
  it('may read, and change nothing', async () => {
    assert.equal((await made('marketplace', 'creditsBalance', {}, {}, viewer)).status, 200);
    assert.equal((await made('agent', 'listAgents', {}, {}, viewer)).status, 200);
    for (const [surface, operation, input] of [['agent', 'createPersonality', { name: 'x' }], ['marketplace', 'listingsCreate', JOB], ['agent', 'createApiKey', { userId: 'x', name: 'x' }]]) {
      assert.equal((await ask(viewer, surface, operation, input)).error.code, 'FORBIDDEN', operation);
    }
  });
});
