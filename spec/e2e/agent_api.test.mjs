// spec/e2e/agent_api.test.mjs -- users, keys and the five routes of each resource, and who may do what.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { call, humaType, makeUser, NOWHERE, refused, unique } from './agent_client.mjs';
import { launch, makeHome } from './hosts.mjs';
import { freePort, startHuman, until } from './support.mjs';

let host;
let url;
let user;
before(async () => {
  host = await startHuman();
  url = host.url;
  user = await makeUser(url);
});
after(() => host?.stop());

const ID = /^c[a-z0-9]{8,40}$/;
describe('users and keys', () => {
  it('are created, read, changed and deleted', async () => {
    const email = `${unique('coach')}@example.com`;
    const made = await call(url, 'POST', '/api/users', { body: { email, name: 'Coach Admin' } });
    assert.equal(made.status, 201);
    assert.match(made.body.id, ID);
    assert.deepEqual(Object.keys(made.body), ['id', 'email', 'name', 'createdAt', 'updatedAt']);
    const path = `/api/users/${made.body.id}`;
    assert.deepEqual((await call(url, 'GET', path)).body, made.body);
    assert.equal((await call(url, 'PUT', path, { body: { name: 'New' } })).body.name, 'New');
    refused(await call(url, 'POST', '/api/users', { body: { email: email.toUpperCase() } }), 409, 'Conflict');
    assert.equal((await call(url, 'DELETE', path)).status, 204);
    refused(await call(url, 'GET', path), 404, 'Not Found', 'User not found');
    refused(await call(url, 'DELETE', path), 404, 'Not Found');
  });

  it('show a key once and keep only its end', async () => {
    const path = `/api/users/${user.id}/api-keys`;
    const made = (await call(url, 'POST', path, { body: { name: 'Production Key', expiresAt: '2036-01-01T00:00:00Z' } })).body;
    assert.match(made.key, /^ak_[0-9A-Za-z]{32}$/);
    assert.equal(made.keyPreview, `...${made.key.slice(-4)}`);
    assert.equal(made.expiresAt, '2036-01-01T00:00:00.000Z');
    const list = (await call(url, 'GET', path)).body;
    assert.ok(list.some((k) => k.id === made.id));
    assert.ok(!JSON.stringify(list).includes(made.key));
    const again = (await call(url, 'POST', `${path}/${made.id}/regenerate`)).body;
    assert.equal(again.id, made.id);
    refused(await call(url, 'GET', '/api/agents', { key: made.key }), 401, 'Unauthorized', 'Invalid or missing API key');
    assert.equal((await call(url, 'GET', '/api/agents', { key: again.key })).status, 200);
    assert.equal((await call(url, 'DELETE', `${path}/${made.id}`)).status, 204);
    refused(await call(url, 'GET', '/api/agents', { key: again.key }), 401, 'Unauthorized');
    refused(await call(url, 'DELETE', `${path}/${made.id}`), 404, 'Not Found', 'API key not found');
    refused(await call(url, 'POST', `${path}/${made.id}/regenerate`), 404, 'Not Found');
    refused(await call(url, 'POST', `/api/users/${NOWHERE}/api-keys`, { body: {} }), 404, 'Not Found', 'User not found');
    refused(await call(url, 'GET', `/api/users/${NOWHERE}/api-keys`), 404, 'Not Found', 'User not found');
  });

  it('refuse expired keys, foreign kinds of keys and none', async () => {
    const expired = await makeUser(url, { expiresAt: '2026-01-01T00:00:00Z' });
    refused(await expired.api('GET', '/api/agents'), 401, 'Unauthorized');
    for (const key of [undefined, '', 'ak_short', `hm_${'a'.repeat(32)}`, `ak_${'a'.repeat(32)}`, `${user.key}x`]) {
      refused(await call(url, 'GET', '/api/agents', { key }), 401, 'Unauthorized', 'Invalid or missing API key');
    }
  });
});

const kinds = [
  ['personalities', 'Personality', { personalityId: 'coach-alex', name: 'Coach Alex' }, { name: 'B', description: 'd', styleInstructions: 's' }],
  ['system-prompts', 'System prompt', { name: 'P', promptType: 'system', template: 'You are.' }, { template: 'You were.' }],
  ['agents', 'Agent', { name: 'A' }, { description: 'd', status: 'paused' }],
];

for (const [path, title, body, change] of kinds) {
  describe(path, () => {
    const full = async () => (path === 'agents' ? { ...body, agentTypeId: await humaType(url) } : body);

    it('are created, listed, read, changed and deleted', async () => {
      const made = await user.api('POST', `/api/${path}`, await full());
      assert.equal(made.status, 201, JSON.stringify(made.body));
      const one = `/api/${path}/${made.body.id}`;
      assert.deepEqual((await user.api('GET', one)).body, made.body);
      assert.ok((await user.api('GET', `/api/${path}`)).body.some((x) => x.id === made.body.id));
      const changed = (await user.api('PUT', one, change)).body;
      const { updatedAt, ...rest } = { ...made.body, ...change };
      assert.ok(updatedAt);
      for (const [key, value] of Object.entries(rest)) assert.deepEqual(changed[key], value);
      assert.equal((await user.api('DELETE', one)).status, 204);
      refused(await user.api('GET', one), 404, 'Not Found', `${title} not found`);
    });

    it('belong to one user', async () => {
      const made = (await user.api('POST', `/api/${path}`, await full())).body;
      const stranger = await makeUser(url);
      const one = `/api/${path}/${made.id}`;
      refused(await stranger.api('GET', one), 404, 'Not Found', `${title} not found`);
      refused(await stranger.api('PUT', one, change), 404, 'Not Found');
      refused(await stranger.api('DELETE', one), 404, 'Not Found');
      assert.ok(!(await stranger.api('GET', `/api/${path}`)).body.some((x) => x.id === made.id));
      assert.equal((await user.api('GET', one)).status, 200);
    });

    it('name the field that is wrong', async () => {
      const extra = refused(await user.api('POST', `/api/${path}`, { ...await full(), nonsense: 1 }), 400, 'Bad Request');
      assert.equal(extra.details[0].path, 'nonsense');
      const none = refused(await user.api('POST', `/api/${path}`, {}), 400, 'Bad Request');
      assert.ok(none.details.some((d) => d.path === 'name'));
      refused(await call(url, 'POST', `/api/${path}`, { key: user.key, body: '{"name":' }), 400, 'Bad Request');
    });

    it('come in pages', async () => {
      const owner = await makeUser(url);
      for (let i = 0; i < 5; i += 1) await owner.api('POST', `/api/${path}`, await full());
      const ids = [];
      let next_ = `/api/${path}?limit=2`;
      while (next_) {
        const page = await owner.api('GET', next_);
        assert.equal(Number(page.headers.get('x-total-count')), path === 'agents' ? 5 : 6);
        ids.push(...page.body.map((x) => x.id));
        next_ = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
      }
      assert.equal(new Set(ids).size, path === 'agents' ? 5 : 6);
      assert.deepEqual(ids, [...ids].sort());
      refused(await owner.api('GET', `/api/${path}?limit=201`), 400, 'Bad Request');
    });
  });
}

it('shared resources are readable by all and writable by none', async () => {
  for (const path of ['personalities', 'system-prompts']) {
    const shared = (await user.api('GET', `/api/${path}`)).body.find((x) => x.userId === null);
    assert.equal((await user.api('GET', `/api/${path}/${shared.id}`)).status, 200);
    refused(await user.api('PUT', `/api/${path}/${shared.id}`, { name: 'Mine' }), 403, 'Forbidden');
    refused(await user.api('DELETE', `/api/${path}/${shared.id}`), 403, 'Forbidden');
  }
});

it('agent types are a bare array, public, and unique by name', async () => {
  const list = (await call(url, 'GET', '/api/agent-types')).body;
  const huma = list.find((t) => t.name === 'Huma-1');
  assert.deepEqual((await call(url, 'GET', `/api/agent-types/${huma.id}`)).body, huma);
  refused(await call(url, 'GET', `/api/agent-types/${NOWHERE}`), 404, 'Not Found', 'Agent type not found');
  const name = unique('type');
  assert.equal((await call(url, 'POST', '/api/agent-types', { body: { name } })).status, 201);
  refused(await call(url, 'POST', '/api/agent-types', { body: { name } }), 409, 'Conflict');
  refused(await user.api('POST', '/api/agents', { name: 'A', agentTypeId: NOWHERE }), 404, 'Not Found', 'Agent type not found');
});

it('the first answer of a fresh host has the agent type already', async () => {
  const port = await freePort(), { child } = launch({ HUMAN_HOME: makeHome(), HUMAN_PORT: port, HUMAN_WORKERS: '2' });
  const ended = once(child, 'exit');
  try {
    const ask = () => fetch(`http://127.0.0.1:${port}/api/agent-types`).then((r) => r.status === 200 && r.json(), () => false);
    assert.deepEqual((await until(ask, 60_000, 'an answer')).map((t) => t.name), ['Huma-1']);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
});
