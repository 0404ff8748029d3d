// spec/e2e/overrides.test.mjs -- an operator's scripts that override the shipped ones: copied, changed, extended,
// compared after an upgrade, and refused if necessary.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { operator } from './operator.mjs';

const LIMITS = 'agent/rules/limits.lua', SYSTEM = 'api/system.lua';
let op;
beforeEach(() => { op = operator(); });

const edit = (file, from, to) => {
  const text = fs.readFileSync(file, 'utf8');
  assert.ok(text.includes(from), from);
  fs.writeFileSync(file, text.replace(from, to));
};

async function refused(words, why, code = 1) {
  const r = await op.human(...words);
  assert.equal(r.code, code, `${r.out}${r.err}`);
  assert.match(`${r.err}`, why);
}

async function accepted(...words) {
  const r = await op.human(...words);
  assert.equal(r.code, 0, `${r.out}${r.err}`);
  return r;
}

describe('human override', () => {
  it('copies a shipped script and says what it was copied from', async () => {
    const shipped = fs.readFileSync(path.join(op.shipped, LIMITS), 'utf8');
    const { out } = await accepted('override', LIMITS);
    assert.ok(out.includes(op.path(LIMITS)), out);
    assert.match(out, /`human rules replay limits\.lua` shows what it would have decided otherwise/);
    const [first, ...rest] = op.read(LIMITS).split('\n');
    assert.match(first, /^--% base: [0-9a-f]{64}$/);
    assert.equal(rest.join('\n'), shipped);
    assert.equal(fs.statSync(op.path(LIMITS)).mode & 0o777, 0o644);
    assert.match((await accepted('check')).out, /1 script overridden, 0 added/);
  });

  it('never writes over what is there', async () => {
    op.write(LIMITS, 'return {}');
    await refused(['override', LIMITS], /own\/agent\/rules\/limits\.lua: exists already/);
    assert.equal(op.read(LIMITS), 'return {}');
  });

  it('refuses what is no script that may be overridden', async () => {
    await refused(['override', 'agent/nope.lua'], /agent\/nope\.lua: there is no such script\n/);
    await refused(['override', 'limits.lua'], /no such script; did you mean agent\/rules\/limits\.lua\b/);
    for (const word of [`../shipped/${LIMITS}`, `/${LIMITS}`, `agent/../${LIMITS}`, 'agent//x.lua', 'agent/rules', '.lua']) {
      await refused(['override', word], /give the path of a script inside of the tree/);
    }
    await refused(['override', SYSTEM], /the setting `overrides` does not allow it/);
    await refused(['override', 'agent/migrations/0003_agents.sql'], /a migration cannot be overridden/);
    await refused(['override'], /usage: human override/, 2);
    await refused(['override', LIMITS, SYSTEM], /usage: human override/, 2);
    assert.deepEqual(fs.readdirSync(op.own), []);
  });

  it('needs a directory of the operator\'s', async () => {
    await refused(['override', LIMITS, '--scripts', op.shipped], /no directory of your own before/);
  });

  it('does not follow a link out of the directory', async () => {
    fs.mkdirSync(path.join(op.dir, 'elsewhere'));
    fs.symlinkSync('../elsewhere', op.path('agent'));
    await refused(['override', LIMITS], /link out of/);
    assert.deepEqual(fs.readdirSync(path.join(op.dir, 'elsewhere')), []);
  });
});

describe('human overrides', () => {
  it('lists what is not as it was shipped', async () => {
    assert.match((await accepted('overrides')).out, /^Every script is as it was shipped\.\n$/);
    await accepted('override', LIMITS);
    op.write('api/local/x.lua', 'return {}');
    op.write('agent/rules/safety.lua', fs.readFileSync(path.join(op.shipped, 'agent/rules/safety.lua')));
    const lines = (await accepted('overrides')).out.trim().split('\n').map((l) => l.replace(/ +/g, ' '));
    assert.deepEqual(lines, [`${LIMITS} overrides`, 'agent/rules/safety.lua overrides (not said which version)',
                             'api/local/x.lua added']);
    await refused(['overrides', '--dif'], /usage: human overrides/, 2);
    await refused(['overrides', SYSTEM], /api\/system\.lua: is not overridden/);
  });

  it('shows what was changed', async () => {
    await accepted('override', LIMITS);
    edit(op.path(LIMITS), 'runs_per_hour = 1200', 'runs_per_hour = 7');
    const { out } = await accepted('overrides', '--diff', LIMITS);
    assert.match(out, /^-  runs_per_hour = 1200,/m);
    assert.match(out, /^\+  runs_per_hour = 7,/m);
    assert.ok(!/base:/.test(out), out);
  });

  it('tells what an upgrade changed underneath', async () => {
    await accepted('override', LIMITS);
    edit(op.path(LIMITS), 'runs_per_hour = 1200', 'runs_per_hour = 7');
    edit(path.join(op.shipped, LIMITS), 'mailbox = 1000', 'mailbox = 2000');
    edit(path.join(op.shipped, LIMITS), 'participants = 200', 'participants = 300');
    const { out, err } = await accepted('check');
    assert.match(err, /^warning: .*own\/agent\/rules\/limits\.lua: based on an older shipped version; 2 lines changed upstream/m);
    assert.match(out, /1 script overridden/);
    const diff = (await accepted('overrides', '--diff')).out;
    assert.match(diff, /^--- agent\/rules\/limits\.lua \(as it was copied\)$/m);
    assert.match(diff, /^\+  mailbox = 2000,/m);
    await refused(['check', '--set', 'strict_overrides=true'], /2 lines changed upstream.*\(strict_overrides\)/);

    fs.rmSync(op.path('.base'), { recursive: true });
    assert.match((await accepted('check')).err, /based on an older shipped version; it has changed upstream/);
    assert.match((await accepted('overrides', '--diff')).out, /is not there, so what changed .* cannot be told/);
    await refused(['check', '--set', 'strict_overrides=true'], /strict_overrides/);

    edit(op.path(LIMITS), op.read(LIMITS).split('\n')[0], '-- brought up to date by hand');
    assert.equal((await accepted('check', '--set', 'strict_overrides=true')).err, '');
  });

  it('tells that a script is no longer shipped', async () => {
    const file = 'agent/rules/extra.lua';
    fs.writeFileSync(path.join(op.shipped, file), 'return {}\n');
    await accepted('override', file);
    fs.rmSync(path.join(op.shipped, file));
    assert.match((await accepted('check')).err, /overrides a shipped script that is no longer there/);
    assert.match((await accepted('overrides')).out, /no longer shipped/);
  });
});

describe('a script that stands before a shipped one', () => {
  const AMEND = `local base = require "shipped:agent.rules.tool_use"
local M = {}
function M.check(action, facts)
  if action.type == "add-reaction" then return "no-reactions" end
  return base.check(action, facts)
end
M.examples = { { "check", { type = "add-reaction" }, {}, expect = "no-reactions" },
  { "check", { type = "send-message" }, { taken = 9, max = 4 }, expect = "too-many-actions" } }
return M
`;

  it('may amend it', async () => {
    op.write('agent/rules/tool_use.lua', AMEND);
    await accepted('check');
  });

  it('is named by its place on disk when it is wrong', async () => {
    const file = 'agent/rules/tool_use.lua';
    for (const [text, why] of [
      [AMEND.replace('"no-reactions" }', '"ok" }'), `${op.path(file)}:7: example 1 (check): expected ok, got no-reactions`],
      ['return {', `${op.path(file)}:1:`],
      ['\nx = 1\nreturn {}', `${op.path(file)}:2: assignment to global 'x'`],
      ['return 1', `${op.path(file)}: must return a table`],
      ['--% host: >= 99\nreturn {}', `${op.path(file)}:1: needs a host of API level 99`],
    ]) {
      op.write(file, text);
      const r = await op.human('check');
      assert.equal(r.code, 1);
      assert.ok(r.err.startsWith(`refused: ${why}`), r.err);
    }
  });

  it('may not be what the setting `overrides` leaves out', async () => {
    op.write(SYSTEM, 'return {}');
    await refused(['check'], /refused: .*own\/api\/system\.lua: refused: the setting `overrides` does not allow api\/system\.lua/);
    await accepted('check', '--set', 'overrides=api/*');
    fs.rmSync(op.path('api'), { recursive: true });
    op.write('api/local/deep/x.lua', 'return {}');
    await accepted('check');
    await refused(['check', '--set', 'overrides=api/local/*'], /does not allow api\/local\/deep\/x\.lua/);
    await accepted('check', '--set', 'overrides=agent/**, api/local/*/x.lua');
    await accepted('check', '--set', 'overrides=**');
  });

  it('may be an area of its own once it is allowed, and the refusal says how', async () => {
    op.write('api/shop/errors.lua', 'return { sold_out = { status = 409, message = "There is no more of it" } }\n');
    op.write('api/shop/deep/shop.lua', `local g = require("human.api").group { auth = false }
g:get("/shop", { summary = "x", reply = { [204] = false }, errors = { "sold_out" } }, function(ctx) ctx:fail "sold_out" end)
return {}
`);
    await refused(['check'], /does not allow api\/shop\/deep\/shop\.lua .*\. Add "api\/shop\/\*\*" for an area of your own$/m);
    assert.match((await accepted('check', '--set', 'overrides=api/shop/**')).out, /2 added/);
    fs.rmSync(op.path('api'), { recursive: true });
    op.write('api/agent/x.lua', 'return {}');
    await refused(['check'], /does not allow api\/agent\/x\.lua \(it allows: [^)]*\)$/m);
  });

  it('may not declare a route that is there already', async () => {
    op.write('api/local/x.lua', `local api, s = require "human.api", require "human.schema"
local g = api.group { auth = false }
g:get("/health", { summary = "x", reply = { [200] = s.bool } }, function() return 200, true end)
return {}
`);
    await refused(['check'], /duplicate route GET \/health.*api\/(local\/x|system)\.lua:\d+/);
  });
});

// The binary has the bytecode of the scripts that it was built with, and may use it for these only.
describe('a shipped script that was edited in its place', () => {
  it('is loaded as it is now', async () => {
    await accepted('check');
    edit(path.join(op.shipped, LIMITS), 'local M = {', 'n = 1\nlocal M = {');
    await refused(['check'], /^refused: agent\/rules\/limits\.lua:\d+: assignment to global 'n'/);
    edit(path.join(op.shipped, LIMITS), 'n = 1\n', 'local n = 1\n');
    edit(path.join(op.shipped, LIMITS), '\nreturn M', '\nfunction M.count() n = n + 1 return n end\n\nreturn M');
    await refused(['check'], /^refused: agent\/rules\/limits\.lua:\d+: a rule keeps nothing between calls/);
  });
});
