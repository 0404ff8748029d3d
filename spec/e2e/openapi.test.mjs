// spec/e2e/openapi.test.mjs -- the OpenAPI document is valid and complete.  openapi_answers checks that it is true.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { makeHome, startHost } from './hosts.mjs';
import { root } from './support.mjs';

const run = promisify(execFile);
const OUTPUT_MAX = 16 * 1024 * 1024;

// "API Reference" of the agent API's documentation, in its order.
const SEED = `
POST /api/users
GET /api/users/{id}
PUT /api/users/{id}
DELETE /api/users/{id}
GET /api/users/{userId}/api-keys
POST /api/users/{userId}/api-keys
DELETE /api/users/{userId}/api-keys/{keyId}
POST /api/users/{userId}/api-keys/{keyId}/regenerate
GET /api/personalities
POST /api/personalities
GET /api/personalities/{id}
PUT /api/personalities/{id}
DELETE /api/personalities/{id}
GET /api/system-prompts
POST /api/system-prompts
GET /api/system-prompts/{id}
PUT /api/system-prompts/{id}
DELETE /api/system-prompts/{id}
GET /api/agents
POST /api/agents
GET /api/agents/{id}
PUT /api/agents/{id}
DELETE /api/agents/{id}
GET /api/agents/{id}/state
PUT /api/agents/{id}/state
GET /api/agents/{id}/events
GET /api/agent-types
GET /api/agent-types/{id}
POST /api/agent-types`.trim().split('\n');
const OURS = ['POST /api/agents/{id}/messages', 'GET /api/agents/{id}/market-identity', 'POST /api/agents/{id}/market-identity',
  'DELETE /api/agents/{id}/market-identity']; // below /api; the rest is not the agent API
const PUBLIC = ['GET /api/agent-types', 'GET /api/agent-types/{id}'];
const REPEATABLE = ['users', 'users/{userId}/api-keys', 'users/{userId}/api-keys/{keyId}/regenerate', 'personalities', 'system-prompts',
  'agents', 'agents/{id}/messages', 'agents/{id}/market-identity', 'agent-types'];

let host, text, doc, dir;
before(async () => {
  host = await startHost();
  text = await (await fetch(`${host.url}/openapi.json`)).text();
  doc = JSON.parse(text);
  dir = makeHome();
});
after(async () => {
  await host?.stop();
});

describe('the document as a download', () => {
  const ask = (headers, method = 'GET') => new Promise((resolve, reject) => {
    http.request(`${host.url}/openapi.json`, { method, headers }, async (answer) => {
      resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(await answer.toArray()) });
    }).on('error', reject).end();
  });

  for (const [coding, expand] of [['gzip', zlib.gunzipSync], ['deflate', zlib.inflateSync]]) {
    it(`comes as ${coding} to who takes that, and is the same`, async () => {
      const answer = await ask({ 'accept-encoding': coding });
      assert.deepEqual([answer.headers['content-encoding'], answer.headers.vary], [coding, 'Accept-Encoding']);
      assert.equal(Number(answer.headers['content-length']), answer.body.length);
      assert.ok(answer.body.length < text.length / 4);
      assert.equal(expand(answer.body).toString(), text);
    });
  }

  it('comes as it is to others, and not at all to who has it', async () => {
    const plain = await ask({});
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal(plain.body.toString(), text);
    for (const method of ['GET', 'HEAD']) {
      const answer = await ask({ 'if-none-match': `"other", W/${plain.headers.etag}` }, method);
      assert.deepEqual([answer.status, answer.body.length, answer.headers.etag], [304, 0, plain.headers.etag]);
    }
    const head = await ask({}, 'HEAD');
    assert.deepEqual([head.status, head.headers['content-length'], head.headers.etag, head.body.length],
                     [200, plain.headers['content-length'], plain.headers.etag, 0]);
  });
});

/** Every operation: [title, operation]. */
const operations = () => Object.entries(doc.paths).flatMap(([p, methods]) =>
  Object.entries(methods).map(([method, op]) => [`${method.toUpperCase()} ${p}`, op]));

const MARKET = /^POST \/(?!(stripe-webhook|mcp-gateway)$)[a-z]+(-[a-z]+)+$/; // the marketplace's are at the root; Stripe names its events itself, MCP its calls
describe('the OpenAPI document', () => {
  it('passes redocly lint without a warning', async () => {
    const file = path.join(dir, 'openapi.json');
    fs.writeFileSync(file, text);
    const redocly = path.join(root, 'spec/e2e/node_modules/.bin/redocly');
    const { stdout } = await run(redocly, ['lint', '--extends=recommended', '--format=json', file],
      { cwd: dir, env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' } })
      .catch((error) => error);
    const verdict = JSON.parse(stdout);
    assert.deepEqual(verdict.totals, { errors: 0, warnings: 0, ignored: 0 }, JSON.stringify(verdict.problems, null, 1));
  });

  it('is what `human openapi` prints', async () => {
    const env = { ...process.env, HUMAN_HOME: dir, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: host.scripts, HUMAN_OVERRIDES: '**' };
    const { stdout } = await run(process.env.E2E_BINARY ?? path.join(root, 'build/human'), ['openapi'],
      { env, maxBuffer: OUTPUT_MAX });
    assert.equal(stdout, `${await (await fetch(`${host.url}/openapi.json`)).text()}\n`);
    assert.ok(!fs.existsSync(path.join(dir, 'pg')), 'it needs no database');
  });

  it('lists the routes of the documentation, and says which of them need no key', () => {
    const listed = operations().filter(([title, op]) => title.includes(' /api/') && !op.tags.includes('Gateway'));
    assert.equal(SEED.length, 29);
    assert.deepEqual(listed.map(([title]) => title).sort(), [...SEED, ...OURS].sort());
    for (const [title, op] of listed) {
      const management = /\/api\/users|^POST \/api\/agent-types/.test(title);
      const want = PUBLIC.includes(title) ? [] : management ? [{ management: [] }, {}] : [{ agent_key: [] }];
      assert.deepEqual(op.security, want, title);
    }
  });

  it('leaves nothing undocumented', () => {
    for (const [title, op] of operations()) {
      assert.ok(op.summary && op.operationId && op.tags?.length === 1, title);
      const inPath = [...title.matchAll(/{(\w+)}/g)].map((m) => m[1]);
      const given = (op.parameters ?? []).filter((p) => p.in === 'path').map((p) => p.name);
      assert.deepEqual(given.sort(), inPath.sort(), title);
      for (const p of op.parameters ?? []) assert.ok(p.schema, `${title}: ${p.name}`);
      if (op.requestBody) assert.ok(Object.values(op.requestBody.content).every((c) => c.schema), title);
      assert.ok(Object.keys(op.responses).some((s) => s.startsWith('2')), title);
      for (const [status, r] of Object.entries(op.responses)) {
        assert.ok(r.description, `${title} ${status}`);
        assert.ok(['202', '204', '304'].includes(status) || Object.values(r.content ?? {}).some((c) => c.schema), `${title} ${status}`);
      }
    }
  });

  it('names Idempotency-Key and its refusals where the header is heeded, and only there', () => {
    for (const [title, op] of operations()) {
      const wanted = REPEATABLE.some((name) => title === `POST /api/${name}`) || MARKET.test(title);
      const key = (op.parameters ?? []).find((p) => p.name === 'Idempotency-Key');
      if (title.startsWith('POST /v1/')) { // heeds it itself: a repeat joins the run, so none is ever in progress
        assert.ok(key && op.responses[422].content['application/json'].examples.idempotency_key_reused, title);
        continue;
      }
      assert.equal(Boolean(key), wanted, title);
      const codes = [409, 422].flatMap((s) => Object.keys(op.responses[s]?.content['application/json'].examples ?? {}));
      for (const code of ['idempotency_in_progress', 'idempotency_key_reused']) {
        assert.equal(codes.includes(code), wanted, `${title} ${code}`);
      }
    }
  });
});
