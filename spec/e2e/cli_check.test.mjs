// spec/e2e/cli_check.test.mjs -- `human gateway --check` says what a start would refuse, or what would not work, and
// starts nothing.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { BINARY, makeHome } from './hosts.mjs';
import { freePort, root } from './support.mjs';

const home = path.join(makeHome(), 'h'), port = await freePort();
const env = { PATH: process.env.PATH, HOME: home, HUMAN_HOME: home, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: path.join(root, 'scripts'),
              HUMAN_OVERRIDES: '**', HUMAN_PORT: String(port), HUMAN_AGENT_PORT: '0', HUMAN_LLM_PROVIDER: 'offline' };
const human = (...words) => new Promise((resolve) => {
  execFile(BINARY, words, { env, timeout: 30_000 }, (error, out, err) => resolve({ code: error ? error.code ?? -1 : 0, out, err }));
});
const set = (settings) => Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const check = async (settings = {}) => {
  const { code, out, err } = await human('gateway', '--check', '--json', ...set(settings));
  return { code, err, of: (name) => JSON.parse(out).filter((f) => f.name === name).map((f) => [f.level, f.text]) };
};

it('says what is right, and leaves no trace', async () => {
  const { code, of } = await check();
  assert.equal(code, 0);
  assert.deepEqual(of('bind'), [['ok', `127.0.0.1:${port}, for this machine only`]]);
  assert.deepEqual(of('access'), [['ok', 'any program of this machine is the operator, no other is']]);
  assert.deepEqual(of('channel'), []);
  assert.deepEqual(of('model'), [['ok', 'llm.provider is offline: built-in rules answer, as chosen']]);
  assert.match((await human('gateway', '--check')).out, /^Nothing is wrong/m);
  assert.ok(!fs.existsSync(home));
});

it('says whom a token, pairing and origins let in', async () => {
  assert.deepEqual((await check({ 'gateway.require_pairing': true })).of('access'), [['ok', 'clients need to be paired (`human pair`)']]);
  assert.deepEqual((await check({ 'gateway.cors_origins': 'https://a.example' })).of('origins'), [['ok', 'its own page, and pages of https://a.example']]);
});

for (const [what, settings, name, text] of [
  ['an address that needs somebody who signs in', { 'gateway.host': '0.0.0.0', 'gateway.allow_public_bind': true }, 'scripts', /gateway\.auth_token, or gateway\.require_pairing/],
  ['an origin that is none', { 'gateway.cors_origins': 'app' }, 'scripts', /"app" is no origin/],
  ['a channel that lacks a secret', { 'channels.telegram.groups': 'all' }, 'channel', /^telegram: channels\.telegram\.token is not set$/],
  ['a setting that has no such value', { 'gateway.sign_in_ms': 'soon' }, 'scripts', /gateway\.sign_in_ms: must be/],
]) {
  it(`finds ${what}`, async () => {
    const { code, of } = await check(settings);
    assert.ok(code === 1 || code === 2, String(code));
    const [[level, found]] = of(name);
    assert.equal(level, 'fail');
    assert.match(found, text);
  });
}

it('tells that an address is left out, and refuses words that are none', async () => {
  assert.match((await check({ 'gateway.host': '0.0.0.0' })).of('bind')[0][1], /^gateway\.host is left out/);
  assert.equal((await human('gateway', '--check', '--port', 'x')).code, 2);
  assert.equal((await human('gateway', '--json')).code, 2);
  assert.equal((await human('status', '--check')).code, 2);
});
