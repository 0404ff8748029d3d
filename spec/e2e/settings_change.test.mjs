// spec/e2e/settings_change.test.mjs -- config.set in a running host: the file, the values on all workers, and
// concurrent changes, invalid ones, and a supervisor that is killed meanwhile.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { errors, makeHome, startHost } from './hosts.mjs';
import { root, sleep, until } from './support.mjs';

const DEFINED = `
local config = require "human.config"
config.define("probe.word", { type = "text", default = "none", max = 10, text = "x" })
config.define("probe.count", { type = "int", text = "x" })
config.define("probe.fixed", { type = "int", text = "x", restart = true })
config.define("probe.any", { type = "object", text = "x" })
return {}
`;
const ROUTES = `
local api, s, config = require "human.api", require "human.schema", require "human.config"
local json = require "human.json"
local g = api.group { tag = "Probe", auth = false, shape = "agent" }
g:get("/probe", { summary = "Settings", reply = { [200] = s.raw "application/json" } }, function()
  return 200, json.encode { word = config.probe.word, count = config.probe.count, fixed = config.probe.fixed, hash = config.hash() }
end)
g:post("/probe", { summary = "Change", idempotent = false, body = s.object { changes = s.text, hash = s.text }, reply = { [200] = s.raw "application/json" } },
  function(_, body)
    local result, err = config.set(json.decode(body.changes), body.hash ~= "" and body.hash or nil)
    return 200, json.encode(result or err)
  end)
return {}
`;
const TEXT = `// mine
{
  "probe": {
    "word": "one", // a word
    /* none */ "count": 1,
  },
  "database": { "pool": 4 },
}
`;

describe('a change of settings', () => {
  let home, file, tree, host;
  const start = () => startHost({ home, env: { HUMAN_CONFIG: file, HUMAN_RELOAD_TIMEOUT_MS: '60000', HUMAN_SCRIPTS: `${tree}:${path.join(root, 'scripts')}` } });
  const get = async () => (await fetch(`${host.url}/probe`)).json();
  const set = async (changes, hash = '') => {
    const answer = await fetch(`${host.url}/probe`, { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ changes: JSON.stringify(changes), hash }) });
    assert.equal(answer.status, 200, errors(host.log()).join('\n'));
    return answer.json();
  };
  const text = () => fs.readFileSync(file, 'utf8');
  const sha = (t) => crypto.createHash('sha256').update(t).digest('hex');

  before(async () => {
    home = makeHome();
    file = path.join(home, 'mine.json');
    tree = path.join(home, 'tree');
    fs.mkdirSync(path.join(tree, 'api/local/probe'), { recursive: true });
    fs.writeFileSync(path.join(tree, 'api/local/probe/config.lua'), DEFINED);
    fs.writeFileSync(path.join(tree, 'api/local/probe/routes.lua'), ROUTES);
    fs.writeFileSync(file, TEXT);
    host = await start();
  });
  beforeEach(() => fs.writeFileSync(file, TEXT));
  after(async () => { await host?.stop(); });

  it('is in the file and in force on all workers, and leaves comments as they are', async () => {
    fs.chmodSync(file, 0o644);
    const done = await set({ 'probe.word': 'two', 'probe.fixed': 7, 'database.pool': 5, 'limits.awaits': 900, 'probe.any': { a: [1, 'x'] } });
    assert.ok(done.hash, JSON.stringify(done));
    assert.deepEqual(done.restart.sort(), ['database.pool', 'limits.awaits', 'probe.fixed'], JSON.stringify(done));
    assert.equal(done.hash, sha(text()));
    for (const a of await Promise.all(Array.from({ length: 20 }, get))) assert.deepEqual(a, { word: 'two', count: 1, fixed: 0, hash: done.hash });
    assert.match(text(), /"word": "two", \/\/ a word\n {4}\/\* none \*\/ "count": 1,/);
    assert.match(text(), /"database": \{ "pool": 5 \}/);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    assert.equal(fs.readFileSync(`${file}.bak`, 'utf8'), TEXT);
    assert.equal(fs.statSync(`${file}.bak`).mode & 0o777, 0o600);
    assert.deepEqual(fs.readdirSync(home).filter((f) => f.startsWith('mine.')).sort(), ['mine.json', 'mine.json.bak']);
    await set({ 'probe.word': null });
    assert.equal((await get()).word, 'none');
  });

  it('that is wrong changes nothing, and says where', async () => { // limit: changes of settings
    assert.ok((await set({ 'probe.word': 'kept' })).hash);
    const kept = text();
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`probe.n${i}`, 1]));
    await assert.rejects(set(many), /500|at most 100 changes/);
    for (const [changes, why] of [[{ 'probe.word': 'far too long' }, /probe\.word: must have 0 to 10 bytes/], [{ 'probe.wrod': 1 }, /unknown setting "probe\.wrod"/],
      [{ 'database.pool': 0 }, /database\.pool: must be a whole number from 1 to 64/], [{ 'probe.word': 'x', 'probe.count': 'y' }, /probe\.count: must be a number/],
      [{ 'probe.word.deeper': 1 }, /its parent in the file is not a \{/]]) {
      const refused = await set(changes);
      assert.equal(refused.code, 'invalid', JSON.stringify(refused));
      assert.match(refused.message, why);
      assert.equal(text(), kept);
      assert.equal((await get()).word, 'kept');
    }
  });

  it('based on an outdated hash is a conflict; without a hash both changes count', async () => {
    const { hash } = await get();
    const insist = async (...change) => { // on a slow machine the one that waits for the other may have to come again
      for (;;) {
        const answer = await set(...change);
        if (answer.code !== 'busy') return answer;
      }
    };
    const both = await Promise.all([insist({ 'probe.word': 'a' }, hash), insist({ 'probe.word': 'b' }, hash)]);
    assert.deepEqual(both.map((r) => r.code ?? 'saved').sort(), ['conflict', 'saved']);
    const saved = both.find((r) => r.hash);
    assert.equal(saved.hash, sha(text()));
    fs.writeFileSync(file, text().replace('// mine', '// by hand'));
    assert.equal((await insist({ 'probe.count': 2 }, saved.hash)).code, 'conflict');
    const two = await Promise.all([insist({ 'probe.word': 'c' }), insist({ 'probe.count': 9 })]);
    assert.ok(two.every((r) => r.hash), JSON.stringify(two));
    const { word, count } = await get();
    assert.deepEqual({ word, count }, { word: 'c', count: 9 });
    assert.match(text(), /^\/\/ by hand/);
  });

  it('does not pick up an edit of a script', async () => {
    const routes = path.join(tree, 'api/local/probe/routes.lua');
    fs.writeFileSync(routes, 'this is no Lua');
    assert.ok((await set({ 'probe.count': 3 })).hash);
    fs.writeFileSync(routes, ROUTES);
    assert.equal((await get()).count, 3);
  });

  it('is all or nothing after a kill at any moment: the old file, or the accepted one', async () => {
    for (let round = 0; round < 4; round++) {
      fs.writeFileSync(file, TEXT);
      const words = ['one', `w${round}`];
      const asked = set({ 'probe.word': words[1] }).catch(() => null);
      await sleep(round * 100);
      await host.kill();
      await asked;
      assert.ok(words.some((w) => text() === TEXT.replace('"one"', `"${w}"`)), text());
      host = await start();
      assert.ok(words.includes((await until(() => get().catch(() => null), 10_000, 'an answer')).word));
    }
    assert.deepEqual(errors(host.log()), []);
  });
});
