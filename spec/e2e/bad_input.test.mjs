// spec/e2e/bad_input.test.mjs -- every REST route against invalid keys, paths, queries and bodies.
// The routes come from the host's own OpenAPI document, so a new one is covered the day it appears.
// What must hold for every answer: the seed's error shape, the right status, the field named, no 5xx,
// nothing changed, and the next request served.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, describe, it } from 'node:test';
import { call, humaType, makeAgent, makeUser, newMessage, unique } from './agent_client.mjs';
import { databaseUrl, errors, startHost } from './hosts.mjs';
import { exchange } from './raw.mjs';
import { until } from './support.mjs';

const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
const host = await startHost({ env: { HUMAN_LIMITS_AUTH_FAILURES: '100000' } });
const mine = await makeUser(host.url), theirs = await makeUser(host.url), gone = await makeUser(host.url);
const expired = await makeUser(host.url, { expiresAt: '2020-01-01T00:00:00Z' });
await call(host.url, 'DELETE', `/api/users/${gone.id}`);
const typeId = await humaType(host.url);
const resourcesOf = async (user) => {
  const made = await makeAgent(host.url, user);
  const first = async (path) => (await user.api('GET', path)).body.find((row) => row.userId === user.id).id;
  return { agents: made.id, personalities: await first('/api/personalities'), 'system-prompts': await first('/api/system-prompts'),
    'agent-types': typeId, users: user.id, 'api-keys': user.keyId };
};
const myIds = await resourcesOf(mine), theirIds = await resourcesOf(theirs);
const document = (await call(host.url, 'GET', '/openapi.json')).body;

after(async () => {
  agent.destroy();
  assert.equal((await host?.stop())?.code, 0);
  assert.deepEqual(errors(host.log()), []);
});

/** Sends a request as it is, which fetch would put in order: {status, type, body (text)}. */
function raw(method, path, { key = mine.key, body, headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const req = http.request({ port: host.port, host: '127.0.0.1', agent, method, path,
      headers: { ...(key !== null && { 'x-api-key': key }),
        ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }), ...headers } },
    (res) => {
      const chunks = [];
      res.on('data', (c) => chunks.push(c));
      res.on('end', () => resolve({ status: res.statusCode, type: res.headers['content-type'],
        body: Buffer.concat(chunks).toString() }));
    });
    req.on('error', reject);
    req.end(body);
  });
}

/** The decoded body of an answer that must be a refusal with one of these statuses. */
function refused(answer, statuses, what) {
  const shown = `${what}: ${answer.status} ${answer.body.slice(0, 300)}`;
  assert.ok([statuses].flat().includes(answer.status), shown);
  assert.match(answer.type ?? '', /^application\/json/, shown);
  const body = JSON.parse(answer.body);
  assert.equal(body.statusCode, answer.status, shown);
  const reason = answer.status === 413 ? 'Content Too Large' : http.STATUS_CODES[answer.status]; // RFC 9110; Node has RFC 7231's
  assert.equal(body.error, reason, shown);
  assert.ok(typeof body.message === 'string' && body.message.length > 0 && body.message.length < 300, shown);
  assert.doesNotMatch(answer.body, /traceback|SQLSTATE|\.lua|select |insert /i, shown);
  return body;
}

function namesField(body, field, what) {
  assert.equal(body.code, 'validation_error', `${what}: ${JSON.stringify(body)}`);
  assert.ok(body.details.some((d) => d.path === field && d.message), `${what}: ${JSON.stringify(body)}`);
}

// ---- routes --------------------------------------------------------------------------------------

const operations = Object.entries(document.paths).filter(([path]) => path.startsWith('/api/')).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, op]) => ({ method: method.toUpperCase(), path, op,
    schema: op.requestBody?.content['application/json']?.schema,
    keyed: (op.security ?? []).length > 0 && op.security.every((s) => 'agent_key' in s),
    query: (op.parameters ?? []).filter((p) => p.in === 'query') }))).filter((o) => !o.op.tags.includes('Gateway'));

/** A path with its parameters filled in: each stands behind the name of its collection. */
const fill = (path, ids) => path.replace(/([\w-]+)\/\{\w+\}/g, (_, collection) => {
  assert.ok(ids[collection], `this test knows no id for ${path}`);
  return `${collection}/${ids[collection]}`;
});

/** A value that a schema accepts. */
function sample(schema, name) {
  const type = [schema.type].flat().find((t) => t !== 'null');
  if (schema.enum) return schema.enum[0];
  if (name === 'email') return `${unique('u')}@example.com`;
  if (name === 'agentTypeId') return typeId;
  if (schema.format === 'date-time') return '2099-01-01T00:00:00Z';
  if (type === 'string') return unique('text').slice(0, schema.maxLength);
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1;
  if (type === 'boolean') return true;
  if (type === 'array') return [];
  return Object.fromEntries((schema.required ?? []).map((key) => [key, sample(schema.properties[key], key)]));
}

const bodyOf = ({ path, schema }) => (path.endsWith('/messages') ? newMessage('Hello') : schema && sample(schema));
const objects = (ids) => ['agents', 'personalities', 'system-prompts'].map((name) => `/api/${name}/${ids[name]}`);
const title = (o) => `${o.method} ${o.path}`;

it('there are routes to test', () => assert.ok(operations.length >= 27 && operations.filter((o) => o.keyed).length >= 18));

describe('without a key of the agent API', () => {
  const keys = [['none', null], ['an empty one', ''], ['a short one', 'ak_'], ['an unknown one', `ak_${'x'.repeat(32)}`],
    ['one of the marketplace', `hm_${'x'.repeat(32)}`],
    ['one of a deleted user', gone.key], ['an expired one', expired.key], ['one with more behind it', `${mine.key}x`],
    ['one in upper case', mine.key.toUpperCase()],
    ['two', `${mine.key}, ${mine.key}`], ['10,000 characters', 'a'.repeat(10000)], ['quotes', "' or 1=1 --"]];
  for (const o of operations.filter((op) => op.keyed)) {
    it(`${title(o)} is refused with 401`, async () => {
      const path = fill(o.path, myIds), body = o.schema && JSON.stringify(bodyOf(o));
      for (const [what, key] of keys) refused(await raw(o.method, path, { key, body }), 401, what);
      refused(await raw(o.method, `${path}?apiKey=${mine.key}`, { key: null, body }), 401, 'the key in the query');
      refused(await raw(o.method, path, { key: null, body, headers: { authorization: `Bearer ${mine.key}` } }), 401,
        'the key as a token');
    });
  }
});

describe("somebody else's and nobody's objects", () => {
  const nobody = Object.fromEntries(Object.keys(myIds).map((name) => [name, 'c00000000000000000000000']));
  for (const o of operations.filter((op) => op.path.includes('{'))) {
    it(`${title(o)} answers 404`, async () => {
      const body = o.schema && JSON.stringify(bodyOf(o));
      refused(await raw(o.method, fill(o.path, nobody), { body }), 404, 'an unknown id');
      if (o.keyed) refused(await raw(o.method, fill(o.path, theirIds), { body }), 404, "another user's id");
    });
  }
  it('are all still there', async () => {
    for (const path of objects(theirIds)) assert.equal((await theirs.api('GET', path)).status, 200);
  });
});

const PATHS = ['%00', '%2e%2e', '..', '.', '%2f', 'a%2fb', '..%2f..%2fusers', '%ff', '%c0%af', '%', '%z', '%2',
  '%0d%0aX-A:%20b', '%20', 'null', '-1', '0', 'C00000000',
  "c0'--", 'c00000000%00', 'c'.repeat(3000), '%F0%9F%98%80', '{id}', 'c00000000;x=y', '*', '$1', '%25s%25n'];

describe('ids with tricks in them', () => {
  for (const o of operations.filter((op) => op.path.includes('{'))) {
    it(`${title(o)} refuses`, async () => {
      const body = o.schema && JSON.stringify(bodyOf(o));
      for (const id of PATHS) {
        const ids = Object.fromEntries(Object.keys(myIds).map((name) => [name, id]));
        refused(await raw(o.method, fill(o.path, ids), { body }), o.method === 'GET' ? [400, 404] : [400, 404, 405], id.slice(0, 40));
      }
    });
  }
});

describe('queries', () => {
  for (const o of operations.filter((op) => op.method === 'GET')) {
    it(`${title(o)} names what is wrong`, async () => {
      const path = fill(o.path, myIds);
      const bad = { limit: ['0', '201', '-1', '1.5', 'x', '', '1e9', '%31%30x', '99999999999999999999', 'limit'],
        direction: ['sideways', ''], after: ['x', '%00', "c'"], before: ['x'], type: ['x'.repeat(51)] };
      for (const p of o.query) {
        assert.ok(bad[p.name], `this test knows no wrong ${p.name}`);
        for (const value of bad[p.name]) {
          const answer = await raw('GET', `${path}?${p.name}=${value}`);
          const body = refused(answer, 400, `${p.name}=${value}`);
          if (!value.includes('%00')) namesField(body, p.name, value);
        }
        namesField(refused(await raw('GET', `${path}?${p.name}=1&${p.name}=2`), 400, 'twice'), p.name, 'twice');
      }
      if (o.query.length) namesField(refused(await raw('GET', `${path}?nope=1`), 400, 'unknown'), 'nope', 'unknown');
      if (o.query.length) for (const q of ['%zz', 'limit=%ff', 'a=1&'.repeat(101)]) refused(await raw('GET', `${path}?${q}`), 400, q);
    });
  }
});

// ---- bodies --------------------------------------------------------------------------------------

const deep = (n) => '[{"a":'.repeat(n / 2) + '1' + '}]'.repeat(n / 2);
const NOT_JSON = ['{', '}', '[[],"a', '{"a":[],"b', 'x', '{"a":1,}', "{'a':1}", '{a:1}', 'NaN', '[1', '{"a":01}', '{"a":1}{"b":2}', '\ufeff{}',
  '{"a":"\n"}', '{"a":"\\x"}', '{"a":"\\ud800"}', '{"a":1e999}', '{"a":-1e999}',
  deep(70), deep(200_000), '[]', '1', '"x"', 'null', 'true', Buffer.from('{"a":"\xff"}', 'latin1'),
  Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1'), ''];
const TYPES = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
  'application/json; charset=latin1', 'application/jsonx', 'x', 'text/json'];

/** [what, value] that a field's schema refuses. */
function wrongValues(schema) {
  const types = [schema.type].flat();
  const all = [['a number', 5, 'number'], ['an array', ['x'], 'array'], ['an object', { x: 1 }, 'object'],
    ['a boolean', true, 'boolean'], ['null', null, 'null']];
  const wrong = all.filter(([, , type]) => !types.includes(type)).map(([what, value]) => [what, value]);
  if (types.includes('string')) wrong.push(['NUL', 'a\0b'], ['a million characters', 'x'.repeat(900_000)]);
  if (schema.maxLength) wrong.push(['a character too many', 'x'.repeat(schema.maxLength + 1)]);
  if (schema.minLength) wrong.push(['nothing', '']);
  if (schema.enum) wrong.push(['another word', 'nope']);
  if (schema.format) wrong.push(['another format', 'x'], ['no such day', '2025-13-45T99:99:99Z']);
  return wrong;
}

describe('bodies', () => {
  for (const o of operations.filter((op) => op.schema)) {
    const path = fill(o.path, myIds);
    const sent = (value) => raw(o.method, path, { body: JSON.stringify(value) });

    it(`${title(o)} refuses what is not a JSON object`, async () => {
      for (const body of NOT_JSON) refused(await raw(o.method, path, { body }), 400, String(body).slice(0, 40));
      const [large] = await exchange(host.port, `${o.method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n{`);
      refused({ ...large, type: large.headers['content-type'] }, 413, 'too large');
      for (const type of TYPES) refused(await raw(o.method, path,
        { body: JSON.stringify(bodyOf(o)), headers: { 'content-type': type } }), 415, type);
    });

    if (!o.schema.properties) continue;
    it(`${title(o)} names the field that is wrong`, async () => {
      for (const [name, schema] of Object.entries(o.schema.properties)) {
        for (const [what, value] of wrongValues(schema)) {
          namesField(refused(await sent({ ...bodyOf(o), [name]: value }), 400, `${name}: ${what}`), name, what);
        }
      }
      for (const name of o.schema.required ?? []) {
        const { [name]: _, ...rest } = bodyOf(o);
        namesField(refused(await sent(rest), 400, `no ${name}`), name, 'missing');
      }
      for (const name of ['nope', 'id', '__proto__x', 'userId']) {
        if (!o.schema.properties[name]) namesField(refused(await sent({ ...bodyOf(o), [name]: 'x' }), 400, name), name, 'unknown');
      }
    });
  }
});

it('afterwards everything is as it was, and works', async () => {
  for (const path of objects(myIds)) assert.equal((await mine.api('GET', path)).status, 200);
  assert.deepEqual((await mine.api('GET', `/api/agents/${myIds.agents}/events`)).body, []);
  const posted = await mine.api('POST', `/api/agents/${myIds.agents}/messages`, newMessage('Hello'));
  assert.equal(posted.status, 202);
  await until(async () => (await mine.api('GET', `/api/agents/${myIds.agents}/events?type=agent-stopped`)).body.length === 1,
    10_000, 'the agent answers');
});

it('user management asks for the admin token when it is told to, and nothing else will do', async () => {
  const closed = await startHost({ env: { DATABASE_URL: databaseUrl(host.home), HUMAN_API_USER_MANAGEMENT: 'token', HUMAN_LIMITS_AUTH_FAILURES: '100000',
    HUMAN_API_ADMIN_TOKEN: 'let-me-in-please' } });
  try {
    const open = operations.filter((o) => !o.keyed && (o.op.security ?? []).length);
    assert.ok(open.length >= 9);
    for (const o of open) {
      const path = fill(o.path, theirIds), body = o.schema && bodyOf(o);
      for (const authorization of [undefined, 'Bearer wrong', 'Bearer let-me-in-pleas', 'Bearer let-me-in-pleasee',
        `Bearer ${mine.key}`, 'Basic let-me-in-please', 'let-me-in-please']) {
        const answer = await call(closed.url, o.method, path,
          { key: mine.key, body, headers: authorization ? { authorization } : {} });
        assert.deepEqual([answer.status, answer.body.statusCode], [401, 401], `${title(o)} ${authorization}`);
      }
    }
    const headers = { authorization: 'Bearer let-me-in-please' };
    assert.equal((await call(closed.url, 'GET', `/api/users/${theirs.id}`, { headers })).status, 200);
    assert.equal((await call(closed.url, 'GET', '/api/agents', { headers })).status, 401);
  } finally {
    await closed.stop();
  }
});
