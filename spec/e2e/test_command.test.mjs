// spec/e2e/test_command.test.mjs -- `human test` accepts all of busted's arguments, with the same meaning, output and
// exit status; only the output without `-o` is its own.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { operator, tempDir } from './operator.mjs';

const op = operator(), dir = tempDir();
const write = (file, text) => {
  fs.mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
  fs.writeFileSync(path.join(dir, file), text);
};
before(() => {
  write('specs/good_spec.lua', `describe("good", function()
    it("is one #quick", function() assert.equal(1, 1) end)
    it("is two #slow", function() assert.equal(2, 2) end)
  end)`);
  write('specs/bad_spec.lua', 'it("is bad", function() assert.equal(1, 2) end)\nit("is bad as well", function() error "x" end)');
  write('specs/other_test.lua', 'it("is found by its pattern", function() end)');
  write('helper.lua', 'io.stderr:write("helped\\n")');
  write('out.lua', 'return function(o) local h = require "busted.outputHandlers.base"() h.suiteEnd = function() print("mine " .. h.successesCount) return nil, true end local b = require "busted" b.subscribe({ "suite", "end" }, h.suiteEnd) return h end');
});

const busted = (words) => new Promise((done) => {
  execFile('busted', words, { cwd: dir }, (error, out, err) => done({ code: error ? error.code : 0, out, err }));
});
const human = (...words) => op.human('test', ...words, { cwd: dir });

/** Without what differs from run to run: times, a random seed. */
const steady = (text) => text.replace(/[\d.]+(e-\d+)? (seconds|Sekunden)|time(stamp)?="[^"]*"|duration":[\d.e-]+|"(startTime|endTime|startTick|endTick|starttime)":[^,}]*|\d+\.\d+ ms|randomseed":\d+|Random seed: \d+|seed" value="\d+"/g, '*');

const good = ['specs/good_spec.lua'], bad = ['specs/bad_spec.lua'];
const SAME = [
  ['-o TAP', ['-o', 'TAP', ...good]], ['--output=TAP', ['--output=TAP', ...good]], ['--output TAP', ['--output', 'TAP', ...good]],
  ['TAP of failures', ['-o', 'TAP', ...bad]], ['plainTerminal', ['-o', 'plainTerminal', ...good, ...bad]],
  ['utfTerminal', ['-o', 'utfTerminal', ...good]], ['gtest', ['-o', 'gtest', ...good]], ['an output of your own', ['-o', './out.lua', ...good]],
  ['--list', ['--list', ...good]], ['-l', ['-l', ...good]], ['--version', ['--version']],
  ['--tags', ['-o', 'TAP', '--tags', 'quick', ...good]], ['-t', ['-o', 'TAP', '-t', 'slow', ...good]],
  ['--exclude-tags', ['-o', 'TAP', '--exclude-tags', 'slow', ...good]],
  ['--filter', ['-o', 'TAP', '--filter', 'two', ...good]], ['--filter-out', ['-o', 'TAP', '--filter-out', 'two', ...good]],
  ['a filter that leaves nothing', ['-o', 'TAP', '--filter', 'nothing', ...good]],
  ['--repeat', ['-o', 'TAP', '--repeat', '3', ...good]], ['--pattern', ['-o', 'TAP', '-p', '_test', 'specs']],
  ['--exclude-pattern', ['-o', 'TAP', '--exclude-pattern', 'bad', 'specs']], ['-C', ['-C', 'specs', '-o', 'TAP', 'good_spec.lua']],
  ['--sort', ['-o', 'TAP', '--sort', ...good]],
  ['--no-keep-going', ['-o', 'TAP', '--no-keep-going', ...bad]], ['-e', ['-o', 'TAP', '-e', 'print "hello"', ...good]],
  ['--helper', ['-o', 'TAP', '--helper', './helper.lua', ...good]], ['--lpath', ['-o', 'TAP', '--lpath', './specs/?.lua', ...good]],
  ['several paths behind --', ['-o', 'TAP', '--', ...good, ...bad]], ['--lang', ['--lang', 'de', '-o', 'plainTerminal', ...bad]],
  ['--suppress-pending', ['--suppress-pending', '-o', 'TAP', ...good]], ['--defer-print', ['--defer-print', '-o', 'plainTerminal', ...good]],
];

describe('human test does as busted does with', () => {
  for (const [what, words] of SAME) {
    it(what, async () => {
      const [theirs, ours] = await Promise.all([busted(words), human(...words)]);
      assert.equal(ours.code, theirs.code, ours.err);
      assert.equal(steady(ours.out), steady(theirs.out));
    });
  }

  it('--shuffle, which a seed makes the same each time', async () => { // another one than busted's: that has another Lua
    write('many_spec.lua', 'for i = 1, 9 do it("no " .. i, function() end) end');
    const run = (...words) => human('-o', 'TAP', ...words, 'many_spec.lua').then((r) => [...r.out.matchAll(/no (\d)/g)].map((m) => m[1]).join(''));
    const [plain, one, again, other] = await Promise.all([run(), ...['7', '7', '8'].map((seed) => run('--shuffle', '--seed', seed))]);
    assert.equal(plain, '123456789');
    assert.deepEqual([one, [...one].sort().join('')], [again, plain]);
    assert.notEqual(one, other);
  });

  it('an option that does not exist', async () => {
    const [theirs, ours] = await Promise.all([busted(['--nope']), human('--nope')]);
    assert.equal(ours.code, theirs.code);
    assert.equal(ours.err, theirs.err.replaceAll('busted', 'human test'));
  });

  it('a task of .busted, and the settings file that -f names', async () => {
    write('.busted', 'return { default = { output = "TAP" }, quick = { tags = "quick", output = "TAP" } }');
    write('my.busted', 'return { _all = { output = "TAP", ROOT = { "specs/good_spec.lua" } } }');
    for (const words of [good, ['--run', 'quick', ...good], ['-r', 'quick', ...good], ['-f', 'my.busted', '--tags', 'slow']]) {
      const [theirs, ours] = await Promise.all([busted(words), human(...words)]);
      assert.deepEqual([ours.code, steady(ours.out)], [theirs.code, steady(theirs.out)]);
    }
    fs.rmSync(path.join(dir, '.busted'));
  });
});

describe('human test writes to its standard output', () => {
  it('JSON alone, with -o json', async () => {
    for (const [words, code, counts] of [[good, 0, [2, 0, 0]], [bad, 1, [0, 1, 1]]]) {
      const { code: got, out } = await human('--output=json', ...words), told = JSON.parse(out);
      assert.equal(got, code);
      assert.deepEqual([told.successes.length, told.failures.length, told.errors.length], counts);
    }
  });

  it('XML alone, with -o junit, or none when -Xoutput names a file', async () => {
    const { code, out } = await human('-o', 'junit', ...good, ...bad);
    assert.equal(code, 1);
    assert.match(out, /^\s*<testsuites [^]*<\/testsuites>\s*$/);
    assert.equal(out.match(/<testcase /g).length, 4);
    assert.deepEqual(await human('-o', 'junit', '-Xoutput', 'report.xml', ...good).then((r) => [r.code, r.out]), [0, '']);
    assert.match(fs.readFileSync(path.join(dir, 'report.xml'), 'utf8'), /<testcase /);
  });

  it('its closing line, without -o, and 1 for any number of failures', async () => {
    assert.match((await human(...good)).out, /\n2 passed, 0 failed\n$/);
    const { code, out } = await human(...bad, ...good);
    assert.equal(code, 1);
    assert.match(out, /\n2 passed, 2 failed\n$/);
  });

  it('what --help says of itself and of busted', async () => {
    const { code, out } = await human('--help');
    assert.equal(code, 0);
    assert.match(out, /^usage: human test /);
    for (const flag of ['--tags', '--filter-out', '--list', '-Xoutput']) assert.ok(out.includes(flag), flag);
  });
});
