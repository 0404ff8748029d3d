// spec/e2e/gateway_config.test.mjs -- settings over the control protocol: what is shown, the three ways to change them,
// and that no secret, no edit of another client and no working file gets lost.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { errors, makeHome, startHost } from './hosts.mjs';

// The block as the seed prints it, and secrets of others.
const SEED = `{
"gateway": {
"enabled": true,
"port": PORT,
"host": "::",
"require_pairing": false,
"allow_public_bind": false,
"pair_rate_limit_per_minute": 60,
"webhook_hmac_secret": null,
"control_ui_dir": null,
"cors_origins": []
},
"secrets": { "openai": "sk-of-the-operator" }, // mine
}
`;

describe('settings over /ws', () => {
  const home = makeHome(), file = path.join(home, 'mine.json');
  let host, c, seed;
  const text = () => fs.readFileSync(file, 'utf8');
  const set = async (params, method = 'config.set') => c.call(method, params);

  before(async () => {
    fs.writeFileSync(file, '{ "secrets": { "anthropic": "sk-of-the-start" } }');
    host = await startHost({ home, env: { HUMAN_CONFIG: file, HUMAN_RELOAD_TIMEOUT_MS: '60000' } });
    seed = SEED.replace('PORT', host.port);
    c = await open(host);
  });
  beforeEach(() => fs.writeFileSync(file, seed));
  after(async () => {
    c.ws.close();
    assert.deepEqual(errors(host.log()).filter((line) => !/reload: refused/.test(line)), []); // what is wrong is refused as a reload is
    assert.equal((await host.stop()).code, 0);
  });

  it('are shown with secrets hidden, and described by a JSON Schema', async () => {
    const saved = await set({ 'gateway.webhook_hmac_secret': 'of the webhooks' });
    assert.equal(saved.payload?.saved, true, JSON.stringify(saved.error));
    const { payload } = await c.call('config.get');
    assert.equal(payload.exists, true);
    assert.equal(payload.config.gateway.webhook_hmac_secret, '***');
    assert.ok(!('auth_token' in payload.config.gateway));
    assert.equal(payload.config.gateway.pair_rate_limit_per_minute, 60);
    assert.deepEqual(payload.config.gateway.cors_origins, []);
    assert.deepEqual(JSON.parse(payload.raw), payload.config);
    assert.equal(payload.gateway.require_pairing, false);
    assert.equal(payload.config.secrets.anthropic, '***');
    assert.match(payload.workspace_dir, /workspace/);
    assert.ok(!JSON.stringify(payload).includes('of the webhooks') && !JSON.stringify(payload).includes('sk-of'), 'a secret is shown');
    const { schema } = (await c.call('config.schema')).payload;
    assert.equal(schema.type, 'object');
    assert.deepEqual({ ...schema.properties['gateway.pair_rate_limit_per_minute'], description: '' },
      { type: 'integer', description: '', minimum: 1, maximum: 100000, default: 60 });
    assert.equal(schema.properties['gateway.auth_token'].writeOnly, true);
    for (const one of Object.values(schema.properties)) assert.ok(one.type && one.description, JSON.stringify(one));
  });

  it('change in all three shapes, and by apply and patch', async () => {
    for (const [params, method] of [[{ raw: '{"gateway":{"pair_rate_limit_per_minute":11}}' }], [{ key: 'gateway.pair_rate_limit_per_minute', value: 12 }],
      [{ gateway: { pair_rate_limit_per_minute: 13 } }], [{ 'gateway.pair_rate_limit_per_minute': 14 }],
      [{ raw: '{"gateway":{"pair_rate_limit_per_minute":15}}' }, 'config.apply'], [{ raw: '{"gateway":{"pair_rate_limit_per_minute":16}}' }, 'config.patch']]) {
      const { payload, error } = await set(params, method);
      assert.equal(payload?.saved, true, JSON.stringify(error));
      if (method === 'config.apply') assert.equal(payload.applied, true);
      const now = (await c.call('config.get')).payload;
      assert.equal(now.hash, payload.hash);
      assert.match(text(), new RegExp(`"pair_rate_limit_per_minute": ${now.config.gateway.pair_rate_limit_per_minute}\\b`));
    }
    assert.equal((await c.call('config.get')).payload.config.gateway.pair_rate_limit_per_minute, 16);
    assert.ok((await set({ default_provider: 'offline' })).payload.saved);
    assert.equal((await c.call('config.get')).payload.default_provider, 'offline');
    assert.ok((await set({ default_model: 'offline' })).payload.saved);
    assert.ok((await set({ key: 'database.pool', value: 5 })).payload.restart_required.includes('database.pool'));
  });

  it('keep every secret and comment when they come back as shown', async () => {
    const { payload } = await c.call('config.get');
    payload.config.gateway.cors_origins = ['https://app.example'];
    const { gateway, secrets } = payload.config;
    const saved = await set({ raw: JSON.stringify({ gateway: { cors_origins: gateway.cors_origins, auth_token: '***' }, secrets }), baseHash: payload.hash });
    assert.equal(saved.payload?.saved, true, JSON.stringify(saved.error));
    assert.match(text(), /"openai": "sk-of-the-operator" \}, \/\/ mine/);
    assert.ok(!text().includes('***') && text().includes('https://app.example'));
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    const kept = text();
    assert.equal((await set({ gateway: { auth_token: '***' } })).payload.saved, true);
    assert.equal(text(), kept);
  });

  it('hide a secret inside a text, and restore it when the text comes back', async () => {
    const proxy = 'http://me:pass-of-proxy@127.0.0.1:3128', url = 'https://me:pass-of-mcp@mcp.example/?token=query-of-mcp';
    const servers = { a: { url }, b: { command: 'x', args: ['--api_key=arg-of-mcp', 'plain'] } };
    assert.equal((await set({ llm: { proxy, base_url: 'https://models.example/v1?key=query-of-models' }, mcp_servers: servers })).payload?.saved, true);
    const { config } = (await c.call('config.get')).payload;
    assert.deepEqual([config.llm.proxy, config.llm.base_url], ['http://me:***@127.0.0.1:3128', 'https://models.example/v1?key=***']);
    assert.deepEqual(config.mcp_servers, { a: { url: 'https://me:***@mcp.example/?token=***' }, b: { command: 'x', args: ['--api_key=***', 'plain'] } });
    const kept = text();
    const { llm, mcp_servers } = config;
    assert.equal((await set({ raw: JSON.stringify({ llm: { proxy: llm.proxy, base_url: llm.base_url }, mcp_servers }) })).payload?.saved, true);
    assert.deepEqual(JSON.parse(text().replace(/\/\/ mine/, '').replace(/,\s*}\s*$/, '}')).mcp_servers, servers);
    for (const one of [proxy, url, 'query-of-models', 'arg-of-mcp']) assert.ok(text().includes(one) && kept.includes(one), one);
    const moved = await set({ 'llm.proxy': 'http://me:***@elsewhere.example:3128' });
    assert.match(moved.error?.message ?? 'saved', /^llm\.proxy: say all of it anew/);
    assert.equal((await set({ llm: { proxy: null, base_url: null }, mcp_servers: null })).payload?.saved, true);
  });

  it('hide a token before an address, and what an option, a header or JSON in a text says is a secret', async () => {
    const servers = { a: { url: 'https://token-of-mcp@mcp.example/x', headers: { 'x-one': 'header-of-mcp' } }, b: { command: 'x', args: ['--token', 'option-of-mcp', '--password=word-of-mcp', 'plain'] } };
    const llm = { provider: 'openai', base_url: 'http://token-of-models@127.0.0.1:1/v1', proxy: 'http://token-of-proxy@127.0.0.1:3128', extra_body: '{"user":"me","api_key":"key-of-body","deep":[{"auth_token":"key-of-body"}]}' };
    const saved = await set({ llm, mcp_servers: servers, update: { url: 'https://token-of-update@host/' } });
    assert.equal(saved.payload?.saved, true, JSON.stringify(saved.error));
    const shown = (await c.call('config.get')).payload, { config } = shown;
    assert.equal(config.llm.extra_body, '{"api_key":"***","deep":[{"auth_token":"***"}],"user":"me"}');
    assert.deepEqual([config.llm.base_url, config.update.url], ['http://***@127.0.0.1:1/v1', 'https://***@host/']);
    assert.deepEqual(config.mcp_servers, { a: { url: 'https://***@mcp.example/x', headers: { 'x-one': '***' } }, b: { command: 'x', args: ['--token', '***', '--password=***', 'plain'] } });
    assert.doesNotMatch(JSON.stringify([shown, (await c.call('models.list')).payload, (await c.call('tools.catalog')).payload]), /(token|header|option|word|key)-of-/);
    assert.equal((await set({ raw: JSON.stringify({ llm: config.llm, mcp_servers: config.mcp_servers, update: config.update }) })).payload?.saved, true);
    for (const one of ['token-of-models', 'token-of-proxy', 'token-of-update', 'option-of-mcp', 'word-of-mcp', 'header-of-mcp']) assert.ok(text().includes(one), one);
    const kept = JSON.parse(text().replace(/\/\/ mine/, '').replace(/,\s*}\s*$/, '}'));
    assert.deepEqual([kept.llm.extra_body, kept.mcp_servers], [llm.extra_body, servers]);
    await c.call('chat.send', { sessionKey: 'secrets', message: 'Hello' });
    await c.next((f) => f.event === 'error' && f.payload.sessionKey === 'secrets');
    assert.equal((await set({ llm: { provider: null, base_url: null, proxy: null, extra_body: null }, mcp_servers: null, update: { url: null } })).payload?.saved, true);
    assert.doesNotMatch(host.log(), /(token|header|option|word|key)-of-(mcp|models|proxy|body|update)/);
    assert.doesNotMatch(JSON.stringify(c.frames), /(token|header|option|word|key)-of-(mcp|models|proxy|body|update)/);
  });

  it('based on an older file are a conflict that names the present hash', async () => {
    const { hash } = (await c.call('config.get')).payload;
    const [a, b] = await Promise.all([set({ key: 'agent.max_actions', value: 5, baseHash: hash }), set({ key: 'agent.max_actions', value: 6, baseHash: hash })]);
    assert.deepEqual([a, b].map((r) => r.error?.code ?? 'saved').sort(), ['CONFLICT', 'saved']);
    const { error } = await set({ raw: '{"agent":{"max_actions":7}}', baseHash: hash }, 'config.apply');
    assert.equal(error.code, 'CONFLICT');
    assert.equal(error.data.hash, (await c.call('config.get')).payload.hash);
  });

  it('that are invalid change nothing, and the error reveals no secret', async () => { // limit: settings in one call
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`agent.n${i}`, 1]));
    for (const [params, why] of [[{ 'gateway.pair_rate_limit_per_minute': 0 }, /gateway\.pair_rate_limit_per_minute: must be a whole number/],
      [{ 'gateway.no_such': 1 }, /unknown setting "gateway\.no_such"/], [{ raw: '{' }, /raw must be a JSON object/], [{ raw: '[]' }, /raw must be a JSON object/],
      [{ key: 'bad name', value: 1 }, /letters, digits/], [many, /At most 100 settings/], [{ 'gateway.auth_token': 5 }, /gateway\.auth_token/],
      [{ 'gateway.cors_origins': ['*'] }, /is no origin/], [{ raw: '{"agent":{"max_actions":1e999}}' }, /agent\.max_actions: a number must be finite/],
      [{ raw: '{"mcp_servers":{"a":{"env":{"N":[-1e999]}}}}' }, /mcp_servers: a number must be finite/], [{ key: 'agent.max_actions' }, /key goes with value/], [{ value: 5 }, /key goes with value/],
      [{ raw: '{"agent":{"max_actions":5}}', key: 'agent.max_actions', value: 6 }, /do not go together/], [{ 'agent.max_actions': { deeper: 1 } }, /./],
      [{ gateway: { auth_token: 'a-new-secret', pair_rate_limit_per_minute: 'x' } }, /pair_rate_limit/]]) {
      const { error } = await set(params);
      assert.equal(error?.code, 'INVALID_PARAMS', JSON.stringify([params, error]));
      assert.match(error.message, why);
      assert.ok(!JSON.stringify(error).includes('a-new-secret'));
      assert.equal(text(), seed);
    }
  });

  it('are written to the real file if its name is a link', async () => {
    const real = path.join(home, 'in-git.json');
    fs.renameSync(file, real);
    fs.symlinkSync(real, file);
    assert.equal((await set({ 'agent.max_actions': 9 })).payload?.saved, true);
    assert.ok(fs.lstatSync(file).isSymbolicLink());
    assert.match(fs.readFileSync(real, 'utf8'), /"max_actions": 9/);
  });
});
