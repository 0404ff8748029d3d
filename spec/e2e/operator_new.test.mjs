// spec/e2e/operator_new.test.mjs -- an operator's first hour: a script is created, checked, tested, served.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { startHost } from './hosts.mjs';
import { luacheck, operator } from './operator.mjs';
import { root, until } from './support.mjs';

let op;
beforeEach(() => { op = operator(); });

async function run(code, ...words) {
  const r = await op.human(...words);
  assert.equal(r.code, code, `human ${words.filter((w) => typeof w === 'string').join(' ')}\n${r.out}${r.err}`);
  return `${r.out}${r.err}`;
}

describe('human new', () => {
  for (const [kind, words, file, tests] of [
    ['rule', ['rule', 'quiet_hours'], 'agent/rules/quiet_hours', 2],
    ['rule', ['rule', 'quiet_hours', '--area', 'marketplace'], 'marketplace/rules/quiet_hours', 2],
    ['route', ['route', 'hello'], 'api/local/hello', 2],
    ['channel', ['channel', 'a_name_as_long_as_it_may'], 'gateway/channels/a_name_as_long_as_it_may', 4],
  ]) {
    it(`writes a ${kind} that passes human check, luacheck and its own spec: ${file}`, async () => {
      const said = await run(0, 'new', ...words);
      assert.ok(said.includes(op.path(`${file}.lua`)) && said.includes(op.path(`${file}_spec.lua`)), said);
      assert.match(await run(0, 'check'), /0 scripts overridden, 1 added/);
      assert.equal(await luacheck(op.path(`${file}.lua`), `scripts/${file}.lua`), '');
      assert.equal(await luacheck(op.path(`${file}_spec.lua`), `spec/${path.basename(file)}_spec.lua`), '');
      assert.match(await run(0, 'test', op.path(`${file}_spec.lua`)), new RegExp(`^${tests} passed, 0 failed$`, 'm'));
      for (const part of ['.lua', '_spec.lua']) {
        for (const line of op.read(`${file}${part}`).split('\n')) assert.ok(line.length <= 120, line);
      }
    });
  }

  it('writes nothing where something is, nor what may not be there', async () => {
    op.write('api/local/x_spec.lua', 'mine');
    assert.match(await run(1, 'new', 'route', 'x'), /own\/api\/local\/x_spec\.lua: exists already/);
    assert.ok(!fs.existsSync(op.path('api/local/x.lua')));
    assert.match(await run(1, 'new', 'rule', 'limits'), /shipped\/agent\/rules\/limits\.lua: exists already.*human override/);
    assert.match(await run(1, 'new', 'rule', 'x', '--area', 'api'), /setting `overrides` does not allow/);
    for (const name of ['../x', 'a/b', 'X', 'a-b', '1a', '', 'a'.repeat(25), 'x.lua', 'ä']) {
      assert.match(await run(1, 'new', 'rule', name), /a name has small letters/, name);
    }
    assert.match(await run(1, 'new', 'rule', 'a_spec'), /names that end in _spec/);
    assert.match(await run(1, 'new', 'rule', 'x', '--area', '../y'), /an area is the name of a folder/);
    for (const words of [[], ['rule'], ['spec', 'x'], ['rule', 'x', 'y'], ['route', 'x', '--area', 'agent'], ['rule', '--x']]) {
      assert.match(await run(2, 'new', ...words), /usage: human new/);
    }
  });

  it('says how a new route is called: the line works when it is pasted', async () => {
    const scripts = `${op.own}:${op.shipped}`;
    const host = await startHost({ env: { HUMAN_SCRIPTS: scripts, HUMAN_WORKERS: '1' } });
    try {
      const here = { env: { HUMAN_HOME: host.home, HUMAN_SCRIPTS: scripts } };
      const line = (await run(0, 'new', 'route', 'hello', here)).match(/^Then: (curl .*)$/m)[1];
      await run(0, 'reload', here);
      assert.deepEqual(JSON.parse(execFileSync('sh', ['-c', line], { encoding: 'utf8' })), { greeting: 'Hello, Ann!' });
    } finally {
      await host.stop();
    }
    assert.match(await run(0, 'new', 'route', 'later', { env: { HUMAN_PORT: '4321', HUMAN_HOST: '::' } }),
      /^Then: curl -sS 'http:\/\/\[::1\]:4321\/api\/local\/later\?name=Ann'$/m);
  });

  it('makes what a server serves: a channel answers what its platform signed, through its API', async () => {
    await run(0, 'new', 'route', 'hello');
    await run(0, 'new', 'channel', 'chat');
    const got = [], platform = http.createServer(async (req, res) => {
      let text = '';
      for await (const piece of req) text += piece;
      got.push({ url: req.url, token: req.headers.authorization, ...JSON.parse(text) });
      res.writeHead(got.length === 1 ? 503 : 200, { 'content-type': 'application/json' }).end('{"id":"p1"}');
    }).listen(0, '127.0.0.1');
    await once(platform, 'listening');
    const host = await startHost({ env: { HUMAN_SCRIPTS: `${op.own}:${op.shipped}`, HUMAN_WORKERS: '1', HUMAN_LLM_PROVIDER: 'offline', HUMAN_CHANNELS_CHAT_SECRET: 's1',
      HUMAN_CHANNELS_CHAT_TOKEN: 't1', HUMAN_CHANNELS_CHAT_ALLOW_FROM: '*', HUMAN_CHANNELS_CHAT_API_BASE: `http://127.0.0.1:${platform.address().port}` } });
    try {
      const greeting = await fetch(`${host.url}/api/local/hello?name=Ann`);
      assert.deepEqual(await greeting.json(), { greeting: 'Hello, Ann!' });
      const body = '{"id":"m1","chat":"c1","text":"Good morning","from":{"id":"u1","name":"Ann"}}';
      const send = (signature) => fetch(`${host.url}/webhook/chat`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-chat-signature': signature } });
      assert.equal((await send('sha256=')).status, 401);
      for (let i = 0; i < 2; i += 1) assert.equal((await send(`sha256=${createHmac('sha256', 's1').update(body).digest('hex')}`)).status, 200);
      await until(() => got.length === 2, 20_000, 'it is answered, at the second try');
      assert.deepEqual([got[1].url, got[1].token, got[1].chat, got[1].idempotency_key], ['/messages', 'Bearer t1', 'c1', got[0].idempotency_key]);
    } finally {
      await host.stop();
      platform.close();
    }
  });
});

describe('human test', () => {
  const spec = (body) => `describe("x", function() it("is", function() ${body} end) end)\n`;
  const elsewhere = () => ({ env: { HUMAN_SCRIPTS: op.shipped } });

  it('finds the scripts of the directory that a spec lies in, wherever that is', async () => {
    op.write('agent/rules/tool_use.lua', 'return { mine = 42 }');
    op.write('agent/rules/x_spec.lua', spec(`assert.equal(42, require("agent.rules.tool_use").mine)
      assert.is_function(require("agent.rules.safety").may_say)`));
    for (const words of [[op.own], [op.path('agent/rules')], [op.path('agent/rules/x_spec.lua')]]) {
      assert.match(await run(0, 'test', ...words, elsewhere()), /^1 passed, 0 failed$/m, words[0]);
    }
    assert.match(await run(0, 'test', { ...elsewhere(), cwd: op.own }), /^1 passed, 0 failed$/m);
    assert.match(await run(0, 'test', 'rules/x_spec.lua', { ...elsewhere(), cwd: op.path('agent') }), /^1 passed/m);
  });

  it('runs rules as the server does: without a clock, with a budget', async () => {
    op.write('agent/rules/x.lua', 'return { spin = function() while true do end end }');
    op.write('agent/rules/x_spec.lua', spec(`local ok, err = pcall(require("agent.rules.x").spin)
      assert.is_false(ok) assert.equal("rule_budget", err.code)`));
    await run(0, 'test', op.own, elsewhere());
    op.write('agent/rules/x.lua', 'return { now = os.time() }');
    assert.match(await run(1, 'test', op.own, elsewhere()), /own\/agent\/rules\/x\.lua:1: undefined global 'os'/);
  });

  it('has no database unless a spec asks for one, and never the configured one', async () => {
    op.write('agent/x_spec.lua', spec('assert.is_false(require("human.db").is_ready())'));
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    await run(0, 'test', op.own, { env: { ...env, HUMAN_SCRIPTS: op.shipped } });
    assert.ok(!fs.existsSync(path.join(op.dir, 'home')));
    op.write('agent/x_spec.lua', spec(`require("human.spec").database()
      assert.equal(1, require("human.db").value "select 1")`));
    await run(0, 'test', op.own, { env: { ...env, HUMAN_SCRIPTS: op.shipped } });
    assert.ok(!fs.existsSync(path.join(op.dir, 'home')));
  });

  it('says so when specs fail, are wrong, or are not there', async () => {
    op.write('agent/x_spec.lua', spec('assert.equal(1, 2)'));
    assert.match(await run(1, 'test', op.own), /^0 passed, 1 failed$/m);
    op.write('agent/x_spec.lua', 'describe(');
    assert.match(await run(1, 'test', op.own), /x_spec\.lua[\s\S]*0 passed, 1 failed$/m);
    op.write('agent/x_spec.lua', spec('require "agent.nope"'));
    assert.match(await run(1, 'test', op.own), /no agent\/nope\.lua among the scripts/);
    fs.rmSync(op.path('agent'), { recursive: true });
    assert.match(await run(1, 'test', op.own), /No test files found/);
    assert.match(await run(1, 'test', op.path('nope_spec.lua')), /nope_spec\.lua: No such file or directory/);
    op.write('agent/x_spec.lua', spec('assert.equal(1, 1)'));
    op.write('api/system.lua', 'return {}');
    assert.match(await run(1, 'test', op.own), /does not allow api\/system\.lua/);
  });
});

describe('human check DIR', () => {
  const elsewhere = () => ({ env: { HUMAN_SCRIPTS: op.shipped } });

  it('looks at a directory that no server reads yet', async () => {
    op.write('api/local/x.lua', 'return {}');
    assert.match(await run(0, 'check', op.own, elsewhere()), /0 scripts overridden, 1 added/);
    assert.match(await run(0, 'check', '.', { ...elsewhere(), cwd: op.own }), /1 added/);
    const json = JSON.parse(await run(0, 'check', op.own, '--json', elsewhere()));
    assert.equal(json.ok, true);
    assert.equal(json.added, 1);
    op.write('api/local/x.lua', 'return');
    assert.match(await run(1, 'check', op.own, elsewhere()), /^refused: .*own\/api\/local\/x\.lua: must return a table/);
    assert.match(JSON.parse(await run(1, 'check', '--json', op.own, elsewhere())).error, /x\.lua: must return a table/);
  });

  it('says what is wrong with a directory that is none, or empty, or leads out of itself', async () => {
    assert.match(await run(1, 'check', op.path('nope'), elsewhere()), /own\/nope: No such file or directory/);
    assert.match(await run(1, 'check', path.join(root, 'README.md'), elsewhere()), /README\.md: not a directory/);
    assert.match(await run(2, 'check', op.own, op.own, elsewhere()), /usage: human check/);
    assert.match(await run(2, 'check', '--jsn', elsewhere()), /usage: human check/);
    assert.doesNotMatch(await run(0, 'check', op.own, elsewhere()), /overridden/);
    fs.mkdirSync(op.path('api/local'), { recursive: true });
    fs.writeFileSync(path.join(op.dir, 'out.lua'), 'return {}');
    fs.symlinkSync('../../../out.lua', op.path('api/local/x.lua'));
    assert.match(await run(1, 'check', op.own, elsewhere()), /own\/api\/local\/x\.lua: refused: a link out of/);
    fs.rmSync(op.path('api/local/x.lua'));
    fs.symlinkSync('nowhere.lua', op.path('api/local/x.lua'));
    assert.match(await run(1, 'check', op.own, elsewhere()), /own\/api\/local\/x\.lua: No such file or directory/);
  });
});
