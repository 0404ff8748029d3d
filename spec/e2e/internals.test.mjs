// spec/e2e/internals.test.mjs -- the server's internals are hidden from strangers.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import os from 'node:os';
import { after, before, describe, it } from 'node:test';
import { BINARY, startHost } from './hosts.mjs';

const TOKEN = 'open-sesame-1234';
// An address of this machine that others reach, or a proxy that nobody has told us of.
const outside = Object.values(os.networkInterfaces()).flat().find((a) => a.family === 'IPv4' && !a.internal)?.address;
let host, open;
const settings = { HUMAN_HOST: '0.0.0.0', HUMAN_API_ADMIN_TOKEN: TOKEN, HUMAN_LIMITS_AUTH_FAILURES: '5' };
before(async () => {
  host = await startHost({ env: settings });
  open = await startHost({ env: { ...settings, HUMAN_API_INTERNALS: 'open' } });
});
after(async () => { await host?.stop(); await open?.stop(); });

const ask = async (where, path, { headers = {}, address = '127.0.0.1' } = {}) => {
  const answer = await fetch(`http://${address}:${where.port}${path}`, { headers });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : null };
};
const strangers = { 'through a proxy': { headers: { 'x-forwarded-for': '203.0.113.9' } },
  ...(outside && { 'over the network': { address: outside } }) };

for (const [how, options] of Object.entries(strangers)) {
  describe(`a stranger who comes ${how}`, () => {
    it('sees metrics with the admin token only', async () => {
      const refused = await ask(host, '/metrics', options);
      assert.deepEqual([refused.status, refused.body.code], [401, 'admin_token_required']);
      assert.match(refused.headers.get('www-authenticate'), /^Bearer/);
      const shown = await ask(host, '/metrics', { ...options, headers: { ...options.headers, authorization: `Bearer ${TOKEN}` } });
      assert.equal(shown.status, 200);
      assert.match(shown.text, /^human_build_info/m);
    });

    it('sees whether the server is well, and no more', async () => {
      const { status, instance, database_id: id, ...more } = (await ask(host, '/health', options)).body;
      assert.deepEqual([status, /^[0-9a-f]{32}$/.test(instance), /^[0-9a-f]{16}$/.test(id), more], ['ok', true, true, { version: '1.0.0' }]);
      assert.equal((await ask(host, '/ready', options)).body.ready, true);
      const full = (await ask(host, '/health', { ...options, headers: { ...options.headers, authorization: `Bearer ${TOKEN}` } })).body;
      assert.ok(full.version && full.scripts && full.llm);
    });

    it('sees all of it where the setting says so', async () => {
      assert.equal((await ask(open, '/metrics', options)).status, 200);
      assert.ok((await ask(open, '/health', options)).body.version);
    });
  });
}

describe('a client of this machine', () => {
  it('sees all of it without a token', async () => {
    assert.equal((await ask(host, '/metrics')).status, 200);
    assert.ok((await ask(host, '/health')).body.version);
  });
});

describe('who guesses the admin token', () => { // limit: limits.auth_failures
  it('is limited, at /health as well', async () => {
    const statuses = [];
    for (let i = 0; i < 7; i += 1) {
      statuses.push((await ask(host, '/health', { headers: { 'x-forwarded-for': '203.0.113.9', authorization: `Bearer guess-${i}` } })).status);
    }
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429]);
  });
});

describe('the commands of an operator, where everybody is asked for the token', () => {
  let strict;
  const settings = { HUMAN_API_INTERNALS: 'token', HUMAN_LIMITS_AUTH_FAILURES: '5' };
  before(async () => { strict = await startHost({ env: { ...settings, HUMAN_API_ADMIN_TOKEN: TOKEN } }); });
  after(() => strict?.stop());
  const human = (words, token) => new Promise((resolve) => {
    execFile(BINARY, words, { timeout: 60_000,
      env: { PATH: process.env.PATH, HUMAN_CONFIG: '/dev/null', HUMAN_HOME: strict.home, HUMAN_SCRIPTS: strict.scripts, HUMAN_API_ADMIN_TOKEN: token } },
      (error, out, err) => resolve({ code: error ? error.code ?? -1 : 0, text: out + err }));
  });
  const COMMANDS = { status: ['status'], top: ['top', '-n', '4'], doctor: ['doctor'], ping: ['ping'] };

  for (const [name, words] of Object.entries(COMMANDS)) {
    it(`${name} uses the token that it can read`, async () => {
      const { text } = await human(words, TOKEN);
      if (name === 'status' || name === 'top') assert.match(text, /^requests +[-\d]/m);
      assert.doesNotMatch(text, /\b401\b|admin token|not available/);
    });

    it(`${name} says what is missing where it can read none`, async () => {
      assert.match((await human(words, '')).text, /admin token .*and this command has none: set HUMAN_API_ADMIN_TOKEN/);
    });
  }

  it('with a wrong one, they say so, and ask no more often than once', async () => { // else they lock this machine out
    for (const words of Object.values(COMMANDS)) assert.match((await human(words, 'not-the-token-1234')).text, /the admin token of this command is not the server's/);
    assert.match((await human(COMMANDS.status, TOKEN)).text, /^requests /m);
  });
});
