// spec/e2e/load_limit.test.mjs -- scripts whose loading does not end: each command, the checker and the
// start give up after reload.timeout_ms, say where, and obey signals at once. // limit: reload.timeout_ms
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { describe, it } from 'node:test';
import { BINARY, operator } from './operator.mjs';
import { SLOWER, freePort, sleep, until } from './support.mjs';

const LIMIT_MS = 1500, SLOW_MS = 60_000 * SLOWER; // without the limit it never ends; the operator's patience ends later
const LOOP = 'local M = {}\nwhile true do end\nreturn M\n';
const CAUGHT = 'local function count() for _ = 1, 1e7 do end end\nlocal M = {}\nwhile true do pcall(count) end\nreturn M\n';
const COMPILED = 'local M, n = {}, 0\nlocal function f(i) return i % 7 end\nfor i = 1, math.huge do n = n + f(i) end\nreturn M\n';
const LOOPS = { 'an endless loop': [LOOP, 2], 'a loop that catches every error': [CAUGHT, '[13]'], 'a long computation': [COMPILED, '[23]'] };
const set = ['--set', `reload.timeout_ms=${LIMIT_MS}`];

async function timed(promise) {
  const begun = performance.now(), result = await promise;
  return { ...result, ms: performance.now() - begun };
}

function given(file, text) {
  const me = operator();
  me.write(file, text);
  return me;
}

for (const [what, [text, line]] of Object.entries(LOOPS)) {
  describe(what, () => {
    const place = (file) => new RegExp(`${file.replaceAll('.', '\\.')}:${line}: loading took longer than reload\\.timeout_ms \\(1\\.5 s\\)`);
    const refused = (r, file, where = r.err) => {
      assert.equal(r.code, 1, r.err + r.out);
      assert.match(where, place(file));
      assert.ok(r.ms > LIMIT_MS - 100 && r.ms < SLOW_MS, `${r.ms} ms`);
    };

    it('in a script ends `human check`', async () => {
      const me = given('agent/tools.lua', text), r = await timed(me.human('check', ...set));
      refused(r, 'agent/tools.lua');
      assert.match(r.err, /^refused: /);
    });

    it('in a rule ends `human rules examples`', async () => {
      if (text === CAUGHT) return; // rules have no pcall
      refused(await timed(given('agent/rules/local.lua', text).human('rules', 'examples', ...set)), 'agent/rules/local.lua');
    });

    it('in an edited rule ends `human rules replay` before it has asked for anything', async () => {
      if (text === CAUGHT) return;
      const me = given('respond.lua', text);
      const r = await timed(me.human('rules', 'replay', me.path('respond.lua'), ...set, '--set', 'scripts=' + me.shipped));
      assert.equal(r.code, 1, r.err);
      assert.match(r.err, place('respond.lua'));
    });

    it('in a script ends `human test`', async () => {
      const me = given('agent/tools.lua', text);
      me.write('x_spec.lua', 'describe("x", function() it("y", function() require "agent.tools" end) end)\n');
      const r = await timed(me.human('test', me.own, ...set));
      refused(r, 'agent/tools.lua', r.err + r.out);
    });

    it('in a script refuses the start', async () => {
      const me = given('agent/tools.lua', text), port = await freePort();
      const r = await timed(me.human('gateway', '--port', String(port), ...set, '--set', 'agent_port=0',
        '--set', 'database.url=postgresql://127.0.0.1:1/none'));
      refused(r, 'agent/tools.lua', r.err + r.out);
      assert.doesNotMatch(r.err + r.out, /replacing it|out of service/);
    });

    for (const signal of ['SIGINT', 'SIGTERM']) {
      it(`is left at once on ${signal}`, async () => {
        const me = given('agent/tools.lua', text);
        const child = spawn(BINARY, ['check'], { stdio: 'ignore', cwd: me.dir,
          env: { ...process.env, HUMAN_HOME: `${me.dir}/home`, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: `${me.own}:${me.shipped}` } });
        const ended = once(child, 'exit');
        await loading(child.pid);
        const begun = performance.now();
        child.kill(signal);
        assert.deepEqual(await ended, [signal === 'SIGINT' ? 130 : 143, null]);
        assert.ok(performance.now() - begun < SLOW_MS / 2);
      });
    }
  });
}

describe('a machine without time', () => {
  it('is not what the limit is about: a process that stood still meanwhile loads its scripts', async () => {
    const me = given('api/local/slow.lua', 'local n = 0\nfor _ = 1, 1e8 do n = n + 1 end\nreturn {}\n');
    const child = spawn(BINARY, ['check', '--set', `reload.timeout_ms=${LIMIT_MS * 4}`], { stdio: 'ignore', cwd: me.dir,
      env: { ...process.env, HUMAN_HOME: `${me.dir}/home`, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: `${me.own}:${me.shipped}` } });
    const ended = once(child, 'exit');
    await loading(child.pid);
    child.kill('SIGSTOP');
    await sleep(LIMIT_MS * 4 + 300);
    child.kill('SIGCONT');
    assert.deepEqual(await ended, [0, null]);
  });
});

/** Until the process has used 400 ms of the processor, which loading the shipped scripts does not take. */
const loading = (pid) => until(() => {
  const used = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13);
  return Number(used[0]) + Number(used[1]) >= 40;
}, SLOW_MS, 'it loads');

describe('a rule whose examples do not end', () => {
  for (const [body, line] of [['return ("."):rep(4096):find(".-.-b")', 2], ['local s = ("."):rep(4096):find(".-.-b")\n  return s', 3],
    ['local t = {}\n  for i = 1, 20000 do table.insert(t, 1, i) end', 4], ['while true do end', 3]]) {
    it(`is refused at once, by its own name and line: ${body}`, async () => {
      const me = given('agent/rules/local.lua', `local M = {}\nfunction M.f()\n  ${body}\nend\nM.examples = { { "f" } }\nreturn M\n`);
      const r = await timed(me.human('check'));
      assert.equal(r.code, 1);
      assert.match(r.err, new RegExp(`^refused: \\S+/local\\.lua:\\d+: example 1 \\(f\\): \\S+/local\\.lua:${line}: used more than 200000 instructions`));
      assert.ok(r.ms < SLOW_MS);
    });
  }
});

describe('a call of C that would not end', () => {
  for (const body of ['table.insert({}, -2e9, 5)', 'local x = ("x" .. (" "):rep(60000) .. "y"):gsub("%s+$", "")', 'local x = ("."):rep(4096):find(".-.-b")']) {
    it(`is refused at once, with its line: ${body}`, async () => {
      const r = await timed(given('agent/tools.lua', `local M = {}\n${body}\nreturn M\n`).human('check'));
      assert.equal(r.code, 1);
      assert.match(r.err, /agent\/tools\.lua:2: /);
      assert.ok(r.ms < SLOW_MS);
    });
  }
});

describe('scripts that take all memory while they are loaded', () => {
  const GREEDY = 'local M, s = {}, "x"\nfor _ = 1, 40 do s = s .. s end\nreturn M\n';
  for (const file of ['agent/rules/local.lua', 'agent/tools.lua']) {
    it(`are refused by the name of their file: ${file}`, async () => {
      const me = given(file, GREEDY), says = `${file}: takes more memory than scripts may have (limits.lua_memory_bytes)`;
      for (const words of [['check'], ['gateway', '--port', String(await freePort()), '--set', 'agent_port=0', '--set', 'database.url=postgresql://127.0.0.1:1/none']]) {
        const { code, out, err } = await me.human(...words);
        assert.equal(code, 1, err + out);
        assert.ok((err + out).includes(says), err + out);
      }
    });
  }
});
