// spec/e2e/settings.test.mjs -- settings that scripts define, in a running host: an edit of the file and a reload
// change them on all workers; an invalid edit changes nothing.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeHome, startHost } from './hosts.mjs';
import { root, until } from './support.mjs';

const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human');
const DEFINED = `
local config = require "human.config"
config.define("probe.word", { type = "text", default = "none", max = 10, text = "x" })
config.define("probe.token", { type = "text", text = "x", secret = true })
config.define("probe.fixed", { type = "int", text = "x", restart = true })
return {}
`;
const ROUTES = `
local api, s, config = require "human.api", require "human.schema", require "human.config"
local task = require "human.task"
local AT_LOAD = config.probe.word
local g = api.group { tag = "Probe", auth = false, shape = "agent" }
local function all() return ("%s %s %d"):format(config.probe.word, AT_LOAD, config.probe.fixed) end
g:get("/probe", { summary = "Settings", reply = { [200] = s.raw "text/plain" } }, function() return 200, all() end)
local crypto = require "human.crypto"
g:get("/probe-token/{t}", { summary = "Is it that", params = { t = s.text }, reply = { [200] = s.raw "text/plain" } },
  function(ctx) return 200, tostring(crypto.secret_equal("probe.token", ctx.params.t)) end)
g:get("/probe-later", { summary = "Settings, before and after", reply = { [200] = s.raw "text/plain" } }, function()
  local before = all()
  task.sleep(3)
  return 200, before .. " / " .. all()
end)
return {}
`;

describe('settings of scripts', () => {
  let host, home, file;
  const text = async (at) => (await fetch(host.url + at)).text();
  const human = (...args) => new Promise((done) => {
    execFile(BINARY, args, { env: { ...process.env, HUMAN_HOME: home } }, (error, out, err) => done({ code: error?.code ?? 0, out: out + err }));
  });

  before(async () => {
    home = makeHome();
    file = path.join(home, 'config.json');
    const tree = path.join(home, 'tree');
    fs.mkdirSync(path.join(tree, 'api/local/probe'), { recursive: true });
    fs.writeFileSync(path.join(tree, 'api/local/probe/config.lua'), DEFINED);
    fs.writeFileSync(path.join(tree, 'api/local/probe/routes.lua'), ROUTES);
    fs.writeFileSync(file, '{"probe": {"word": "one", "fixed": 1}}');
    host = await startHost({ home, env: { HUMAN_CONFIG: file, HUMAN_RELOAD_TIMEOUT_MS: '60000', HUMAN_SCRIPTS: `${tree}:${path.join(root, 'scripts')}` } });
  });
  after(async () => { await host?.stop(); });

  it('take effect with a reload, on all workers; work in progress keeps its old settings', async () => {
    assert.equal(await text('/probe'), 'one one 1');
    const begun = text('/probe-later');
    await text('/probe');
    fs.writeFileSync(file, '{"probe": {"word": "two", "fixed": 2}, "database": {"pool": 3}}');
    const { code, out } = await human('reload');
    assert.equal(code, 0, out);
    assert.match(out, /a restart is needed for probe\.fixed/);
    assert.match(out, /a restart is needed for database\.pool/);
    for (const answer of await Promise.all(Array.from({ length: 20 }, () => text('/probe')))) assert.equal(answer, 'two two 1');
    assert.equal(await begun, 'one one 1 / one one 1');
  });

  it('that are secret are compared by the host, and may be kept sealed in the home', async () => {
    const are = async (json) => {
      fs.writeFileSync(file, json);
      assert.equal((await human('reload')).code, 0);
      return [await text('/probe-token/t-one'), await text('/probe-token/t-two')];
    };
    const json = (token) => JSON.stringify({ probe: { word: 'two', fixed: 1, token } });
    assert.deepEqual(await are(json(null)), ['false', 'false']);
    assert.deepEqual(await are(json('t-one')), ['true', 'false']);
    assert.deepEqual(await are(json('${sealed:kept}')), ['false', 'false']);
    execFileSync(BINARY, ['secret', 'set', 'kept'], { env: { ...process.env, HUMAN_HOME: home }, input: 't-two' });
    assert.deepEqual([await text('/probe-token/t-one'), await text('/probe-token/t-two')], ['false', 'true']);
  });

  it('that are wrong make the reload fail, and change nothing', async () => {
    for (const [json, why] of [['{\n"probe": {"word": "far too long"}}', /config\.json:2: probe\.word: must have 0 to 10 bytes/],
      ['{"probe": {"wrd": "x"}}', /config\.json:1: unknown setting "probe\.wrd" \(did you mean "probe\.word"\?\)/],
      ['{"database": {"pool": 0}}', /database\.pool: must be a whole number from 1 to 64/], ['{', /config\.json:1: /]]) {
      fs.writeFileSync(file, json);
      const { code, out } = await human('reload');
      assert.notEqual(code, 0, out);
      assert.match(out, why);
      assert.equal(await text('/probe'), 'two two 1');
    }
  });

  it('survive the replacement of a worker, and never include what was refused', async () => {
    const before = host.workers();
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await until(() => host.workers().length === 2 && !host.workers().some((pid) => before.includes(pid)), 10_000, 'both are replaced');
    for (let i = 0; i < 20; i++) assert.equal(await until(() => text('/probe').catch(() => null), 5000, 'an answer'), 'two two 1');
  });

  it('that are wrong at the start end the host with status 2, and it names the place', () => {
    fs.writeFileSync(file, '{"llm": {"timeout_ms": "long"}}');
    const { status, stderr } = spawnSync(BINARY, ['gateway', '--port', '1', '--set', 'agent_port=0'], {
      env: { ...process.env, HUMAN_HOME: `${home}/other`, HUMAN_CONFIG: file, HUMAN_PORT: String(20000 + process.pid % 20000) }, encoding: 'utf8' });
    assert.match(stderr, /config\.json:1: llm\.timeout_ms: must be a whole number from 1 to 86400000, or like 500ms, 30s or 5m/);
    assert.equal(status, 2);
  });
});
