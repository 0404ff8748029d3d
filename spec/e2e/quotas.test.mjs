// spec/e2e/quotas.test.mjs -- how much a user may create, and how fast: an operator's numbers replace the shipped ones.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { call, humaType, makeUser, refused, unique } from './agent_client.mjs';
import { startHost } from './hosts.mjs';
import { root } from './support.mjs';

const QUOTA = 10, AT_ONCE = 50;

/** A tree with the shipped quotas, changed. */
function quotas(change) {
  const tree = fs.mkdtempSync(path.join(os.tmpdir(), 'human-quotas-')), file = 'agent/rules/quotas.lua';
  fs.chmodSync(tree, 0o755);
  const shipped = fs.readFileSync(path.join(root, 'scripts', file), 'utf8'), changed = change(shipped);
  assert.notEqual(changed, shipped);
  fs.mkdirSync(path.join(tree, 'agent/rules'), { recursive: true });
  fs.writeFileSync(path.join(tree, file), changed);
  return tree;
}

async function hostWith(change) {
  const tree = quotas(change), host = await startHost({ scripts: [path.relative(root, tree)] });
  return { ...host, end: async () => { await host.stop(); fs.rmSync(tree, { recursive: true }); } };
}

const count = (answers, status) => answers.filter((a) => a.status === status).length;

describe('a user', () => { // limit: quotas
  let host, type;
  before(async () => {
    host = await hostWith((text) => text.replace(/(api_keys|personalities|system_prompts|agents) = \d+/g, `$1 = ${QUOTA}`)
      .replace(/agent_types = \d+/, 'agent_types = 5'));
    type = await humaType(host.url);
  });
  after(async () => { await host?.end(); });

  const kinds = {
    too_many_api_keys: (user) => call(host.url, 'POST', `/api/users/${user.id}/api-keys`, { body: { name: 'k' } }),
    too_many_personalities: (user) => user.api('POST', '/api/personalities', { name: 'p' }),
    too_many_system_prompts: (user) => user.api('POST', '/api/system-prompts', { name: 's', promptType: 'system', template: 't' }),
    too_many_agents: (user) => user.api('POST', '/api/agents', { name: 'a', agentTypeId: type }),
  };
  for (const [code, create] of Object.entries(kinds)) {
    it(`that creates ${AT_ONCE} at the same time gets what it may have and then ${code}`, async () => {
      const user = await makeUser(host.url), has = code === 'too_many_api_keys' ? 1 : 0;
      const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => create(user)));
      assert.equal(count(answers, 201), QUOTA - has);
      assert.equal(count(answers, 409), AT_ONCE - QUOTA + has);
      assert.equal(refused(answers.find((a) => a.status === 409), 409, 'Conflict').code, code);
      assert.equal((await create(await makeUser(host.url))).status, 201, 'others are not touched');
    });
  }

  it('that deletes one may create another', async () => {
    const user = await makeUser(host.url);
    let made;
    for (let i = 0; i < QUOTA; i += 1) made = (await kinds.too_many_personalities(user)).body;
    assert.equal((await kinds.too_many_personalities(user)).status, 409);
    assert.equal((await user.api('DELETE', `/api/personalities/${made.id}`)).status, 204);
    assert.equal((await kinds.too_many_personalities(user)).status, 201);
  });

  it('that repeats a request with its Idempotency-Key uses up no quota', async () => {
    const user = await makeUser(host.url);
    const create = (key) => call(host.url, 'POST', '/api/personalities', { key: user.key, body: { name: 'p' }, headers: { 'idempotency-key': key } });
    for (let i = 0; i < QUOTA; i += 1) {
      const [first, again] = [await create(`key-${i}`), await create(`key-${i}`)];
      assert.deepEqual([first.status, again.status, again.body.id], [201, 201, first.body.id]);
    }
    assert.equal((await create('one-more')).status, 409);
    assert.equal((await create('key-0')).status, 201);
  });

  it('has a limited number of agent types, whoever creates them', async () => {
    const make = () => call(host.url, 'POST', '/api/agent-types', { body: { name: unique('T') } });
    const answers = await Promise.all(Array.from({ length: 20 }, make));
    assert.equal(count(answers, 201), 4);
    assert.equal(answers.find((a) => a.status === 409).body.code, 'too_many_agent_types');
  });
});

describe('a client that creates too fast', () => { // limit: creation
  let host;
  before(async () => {
    host = await hostWith((text) => text.replace(/new_users = .*/, 'new_users = { { per = "address", rate = 0.01, burst = 6 } },')
      .replace(/new_things = .*/, 'new_things = { { per = "address", rate = 0.01, burst = 8 }, { per = "actor", rate = 0.02, burst = 5 } },'));
  });
  after(async () => { await host?.end(); });

  it('is told when to come back: per address for users, per address and user for the rest', async () => {
    const [one, two] = [await makeUser(host.url), await makeUser(host.url)];
    const create = (user) => user.api('POST', '/api/personalities', { name: 'p' });
    const answers = [], begun = performance.now();
    // A bucket fills while requests are answered, on a slow machine by some seconds.
    const isBack = (answer, s) => { const after = Number(answer.headers.get('retry-after')); return after <= s && after >= s - (performance.now() - begun) / 1000 - 1; };
    for (let i = 0; i < 6; i += 1) answers.push(await create(one));
    assert.deepEqual(answers.map((a) => a.status), [201, 201, 201, 201, 201, 429]);
    assert.deepEqual([answers[5].body.code, isBack(answers[5], 50)], ['rate_limited', true]);
    const others = [await create(two), await create(two), await create(two)];
    assert.deepEqual(others.map((a) => a.status), [201, 201, 429], 'the address has had its eight');
    assert.ok(isBack(others[2], 100), others[2].headers.get('retry-after'));
    assert.equal((await one.api('GET', '/api/personalities')).status, 200);
    const users = await Promise.all(Array.from({ length: 8 }, () => call(host.url, 'POST', '/api/users', { body: { email: `${unique('u')}@example.com` } })));
    assert.equal(count(users, 201), 4);
    assert.equal(count(users, 429), 4);
  });
});
