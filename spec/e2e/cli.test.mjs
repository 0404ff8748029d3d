// spec/e2e/cli.test.mjs -- the command line as a newcomer meets it: wrong words, help, pipes that close, no terminal.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, it } from 'node:test';
import { BINARY, makeHome } from './hosts.mjs';
import { root } from './support.mjs';

const home = makeHome();
const env = { PATH: process.env.PATH, HOME: home, HUMAN_HOME: path.join(home, 'h'), HUMAN_CONFIG: '/dev/null',
              HUMAN_SCRIPTS: path.join(root, 'scripts'), NO_COLOR: '1' };

/** {code, out, err} of `human WORDS`, which gets nothing to read. */
const human = (...words) => new Promise((resolve) => {
  const child = execFile(BINARY, words, { env, timeout: 120_000, maxBuffer: 16 << 20 }, (error, out, err) => resolve({ code: error ? error.code ?? -1 : 0, out, err }));
  child.stdin.end();
});

/** The same with a shell's redirections. */
const shell = (line) => new Promise((resolve) => {
  execFile('sh', ['-c', line], { env: { ...env, HUMAN: BINARY }, timeout: 120_000 }, (error, out, err) => resolve({ code: error ? error.code ?? -1 : 0, out, err }));
});

const help = execFileSync(BINARY, ['help'], { env, encoding: 'utf8' });
const COMMANDS = /commands:\n([\s\S]*?)\n\n/.exec(help)[1].split('\n').map((line) => line.trim().split(/\s/)[0]);
const FOREIGN = ['test', 'psql', 'help'];

// Those that have no result to be read by a program, or whose output is made for one already.
const NO_JSON = { agent: 'a chat', top: 'a terminal', model: 'a server', test: "busted's words", psql: "psql's words",
                  openapi: 'is JSON', completion: 'is a script', help: 'is a text' };

describe('every command', () => {
  for (const command of COMMANDS) {
    it(`${command} ${command in NO_JSON ? `has no --json: ${NO_JSON[command]}` : 'has --json'}, and ends with 2 when it is used wrongly`, async () => {
      const { out } = await human('help', command);
      assert.equal(/--json/.test(out), !(command in NO_JSON));
      if (FOREIGN.includes(command)) return;
      for (const word of ['--no-such-flag', '--jsn']) {
        const wrong = await human(command, word);
        assert.deepEqual([wrong.code, wrong.out], [2, ''], `${command} ${word}`);
        assert.match(wrong.err, new RegExp(`^human(?: ${command})?: .*\\n`));
      }
    });
  }

  it('that has nothing to wait for answers in JSON', async () => {
    for (const words of [['version'], ['overrides'], ['rules', 'list'], ['doctor'], ['secret', 'list'], ['gateway', '--check'], ['check']]) {
      const { out, err } = await human(...words, '--json');
      assert.doesNotThrow(() => JSON.parse(out), `${words}: ${out}${err}`);
    }
  });

  it('that writes or changes something says in JSON what, or why not', async () => {
    const none = await human('reload', '--json');
    assert.equal(none.code, 1);
    assert.deepEqual([JSON.parse(none.out).reloaded, /no server of .* runs/.test(JSON.parse(none.out).message)], [false, true]);
    assert.deepEqual([(await human('reload', '--json', 'x')).code, (await human('migrate', '--json', 'x')).code], [2, 2]);
    const own = makeHome(), made = await shell(`HUMAN_SCRIPTS=${own}:${path.join(root, 'scripts')} "$HUMAN" new rule spoken --json`);
    assert.deepEqual(JSON.parse(made.out), { files: ['spoken.lua', 'spoken_spec.lua'].map((f) => path.join(own, 'agent/rules', f)) }, made.err);
    assert.equal((await shell(`HUMAN_SCRIPTS=${own}:${path.join(root, 'scripts')} "$HUMAN" new rule spoken --json`)).code, 1);
  });
});

describe('help', () => {
  for (const command of COMMANDS) {
    it(`says of ${command} how it is called and how it ends`, async () => {
      const { code, out } = await human('help', command);
      assert.equal(code, 0);
      assert.match(out, new RegExp(`^usage: human \\[?${command}`));
      assert.match(out, /^exit status: /m);
      if (FOREIGN.includes(command)) return; // they have a --help of their own
      for (const flag of ['--help', '-h']) assert.equal((await human(command, flag)).out, out, flag);
      assert.equal((await human('--port', '3001', command, '--help')).out, out);
    });
  }

  it('is on the manual page, exit statuses included', () => {
    const page = execFileSync('sh', [path.join(root, 'etc/man.sh'), BINARY], { env, encoding: 'utf8' });
    for (const command of COMMANDS) assert.ok(page.includes(`.SH "HUMAN ${command.toUpperCase()}"`), command);
    assert.match(page, /^\.SH EXIT STATUS$/m);
    assert.match(page, /^exit status: 0 nothing is wrong/m);
  });

  it('of a command that is none says which may have been meant', async () => {
    for (const words of [['help', 'stauts'], ['stauts']]) {
      const { code, err } = await human(...words);
      assert.deepEqual([code, err.split('\n')[0]], [2, 'human: unknown command: stauts (did you mean status?)']);
    }
  });
});

describe('words that mean nothing', () => {
  const cases = [
    [['--prot', '1'], 'human: unknown flag: --prot (did you mean --port?)'], [['reload', '--jsno'], 'human: unknown flag: --jsno'],
    [['--port'], 'human: a value is missing after --port'], [['--set', 'port'], 'human: --set needs NAME=VALUE, not port'],
    [['version', 'x'], 'human: unexpected argument: x'], [['version', '--', 'x'], 'human: unexpected argument: x'],
    [['help', 'status', 'top'], 'human: unexpected argument: top'],
    [['status', '--jsn'], 'human status: unknown flag: --jsn (did you mean --json?)'], [['status', '--prot=1'], 'human status: unknown flag: --prot (did you mean --port?)'],
    [['status', '--json=1'], 'human status: --json takes no value'], [['status', '--', '--json'], 'human status: unexpected argument: --json'],
    [['top', '-n'], 'human top: a value is missing after --looks (LOOKS)'], [['top', '-n', 'x'], 'human top: -n must be a whole number from 1, not x'],
    [['top', '-n', '0'], 'human top: -n must be a whole number from 1, not 0'], [['doctor', '--onlin'], 'human doctor: unknown flag: --onlin (did you mean --online?)'],
    [['rules', 'shwo'], 'human rules: unknown command: shwo (did you mean show?)'], [['rules', 'show'], 'human rules: NAME is missing'],
    [['new'], 'human new: what (rule, route or channel) is missing'], [['new', 'chanel', 'x'], 'human new: not one of rule, route, channel: chanel (did you mean channel?)'],
    [['new', 'rule'], 'human new: NAME is missing'], [['override'], 'human override: PATH is missing'],
    [['overrides', '--dif'], 'human overrides: unknown flag: --dif (did you mean --diff?)'], [['check', '.', 'b'], 'human check: unexpected argument: b'],
    [['model', 'install'], 'human model: small is missing'], [['model', 'install', 'large'], 'human model: the only model is called small, not large'],
    [['model', 'srve', 'small'], 'human model: unknown command: srve (did you mean serve?)'], [['model', 'serve', 'small', '--at', 'x'], 'human model: --at must be a port, not x'],
    [['model', 'install', 'small', '--at', '1'], 'human model: --at goes with serve'],
    [['rules', 'replay', '--limit', 'x'], "human rules: --limit must be a whole number from 1 to 1000000, not 'x'"],
    [['rules', 'replay', '--since', 'now'], "human rules: --since must be like 90m, 1h, 2d or 2025-11-27T10:00:00Z, not 'now'"],
    [['rules', 'replay', '--jsn'], 'human rules: unknown flag: --jsn (did you mean --json?)'], [['rules', 'replay', 'a', 'b'], 'human rules: unexpected argument: b'],
    [['rules', 'replay', '--as', 'x'], 'human rules: --as goes with a FILE'],
    [['agent', 'hello'], 'human agent: unexpected argument: hello'], [['agent', '-m'], 'human agent: a value is missing after --message (TEXT)'],
    [['agent', '--url', 'example.org'], 'human agent: --url must be like https://example.org'], [['ping', '--url', 'ftp://x'], 'human ping: --url must be like https://example.org'],
  ];
  for (const [words, says] of cases) {
    it(`are refused, and nothing else happens: human ${words.join(' ')}`, async () => {
      const { code, out, err } = await human(...words);
      assert.deepEqual([code, out, err.split('\n')[0]], [2, '', says]);
      assert.match(err, /Try `human help/);
      assert.equal(fs.existsSync(env.HUMAN_HOME), false);
    });
  }
});

describe('what is about nothing', () => {
  for (const [words, says] of [
    [['rules', 'replay'], /no rule is edited/], [['rules', 'replay', 'nosuch.lua'], /there is no file nosuch\.lua/], [['rules', 'replay', '/nosuch/limits.lua'], /no file/],
    [['rules', 'show', 'nosuch'], /no rule file is called nosuch/], [['test', 'nosuch'], /nosuch: No such file/], [['test', path.join(root, 'spec/rocks'), 'nosuch'], /nosuch: No such file/],
    [['test', '--nonsense'], /unknown\/bad flag: --nonsense/], [['check', 'nosuch'], /nosuch: No such file/], [['override', 'nosuch'], /own/], [['overrides', 'nosuch'], /is not overridden/],
    [['new', 'rule', 'A-B'], /a name has small letters/],
  ]) {
    it(`starts and makes nothing: human ${words.join(' ')}`, async () => {
      const { code, out, err } = await human(...words);
      assert.deepEqual([code, out], [1, '']);
      assert.match(err, says);
      assert.equal(fs.existsSync(env.HUMAN_HOME), false);
    });
  }

  it('as what psql tells without a database', async () => {
    for (const words of [['--help'], ['-V'], ['--', '--version']]) {
      const { code, out } = await human('psql', ...words);
      assert.deepEqual([code, /^psql /.test(out)], [0, true]);
      assert.equal(fs.existsSync(env.HUMAN_HOME), false);
    }
  });
});

describe('scripts that are not where the settings say', () => {
  const file = path.join(home, 'a-file'), empty = path.join(home, 'empty');
  fs.writeFileSync(file, '');
  fs.mkdirSync(empty);
  const NEEDED_BY = ['gateway', 'rules list', 'overrides', 'override agent/rules/limits.lua', 'migrate', 'check', 'test spec/lua/id_spec.lua', 'openapi', 'config'];
  for (const [where, why] of [['/no/such', 'No such file or directory'], [file, 'Not a directory'], [empty, 'there are no scripts']]) {
    it(`are named, with how to set others: ${why}`, async () => {
      for (const words of NEEDED_BY) {
        const { code, err } = await new Promise((resolve) => {
          execFile(BINARY, words.split(' '), { env: { ...env, HUMAN_SCRIPTS: where }, cwd: root, timeout: 120_000 }, (error, out, text) => resolve({ code: error?.code ?? 0, err: text }));
        });
        assert.equal(code, 1, words);
        assert.ok(err.includes(`${where}: ${why} (scripts, set by: HUMAN_SCRIPTS). Set another with --scripts DIR[:DIR..], HUMAN_SCRIPTS, or "scripts" in the settings file`), `${words}: ${err}`);
      }
    });
  }

  it('are named, too, where only the operator\'s are among them', async () => {
    const own = path.join(home, 'own', 'api', 'local');
    fs.mkdirSync(own, { recursive: true });
    fs.writeFileSync(path.join(own, 'x.lua'), 'return {}');
    const at = path.join(home, 'own');
    for (const words of ['config', 'check']) {
      const { code, err } = await human(...words.split(' '), '--scripts', at);
      assert.equal(code, 1);
      assert.ok(err.includes(`the setting scripts (${at}) must end with the shipped scripts`), err);
    }
  });
});

describe('the database of the settings', () => {
  it('is not even called by commands that do not need it, nor before their words are known to be right', async () => {
    let calls = 0;
    const server = net.createServer((socket) => { calls += 1; socket.destroy(); }).listen(0, '127.0.0.1').unref();
    await once(server, 'listening');
    const url = `postgresql://x@127.0.0.1:${server.address().port}/x`;
    const own = makeHome();
    fs.mkdirSync(path.join(own, 'agent/rules'), { recursive: true });
    fs.copyFileSync(path.join(root, 'scripts/agent/rules/limits.lua'), path.join(own, 'agent/rules/limits.lua'));
    const running = [], settings = ['--set', `database.url=${url}`, '--scripts', `${own}:${env.HUMAN_SCRIPTS}`];
    for (const words of [['rules', 'replay', '--jsn'], ['rules', 'replay', 'nosuch'], ['rules', 'list'], ['check'], ['openapi'], ['overrides'], ['ping']]) {
      running.push(human(...settings, ...words));
    }
    await Promise.all(running);
    assert.equal(calls, 0);
    const { code, err } = await human(...settings, 'rules', 'replay');
    assert.equal(code, 1);
    assert.match(err, /^human rules: the database is not reachable: /m);
    assert.ok(calls > 0);
    server.close();
  });
});

describe('without a server', () => {
  it('commands that need one say which home has none', async () => {
    for (const words of [['ping'], ['status'], ['top'], ['top', '-n', '3'], ['reload'], ['agent'], ['agent', '-m', 'x']]) {
      const { code, out, err } = await human(...words);
      assert.deepEqual([code, out], [1, ''], words.join(' '));
      assert.ok(err.includes(`no server of ${env.HUMAN_HOME} runs`), err);
    }
  });
});

describe('an answer that cannot be written', () => {
  it('is told and is no success', async () => {
    await Promise.all(['help', 'version', 'config', 'openapi', 'help status', 'rules list', 'check --json'].map(async (command) => {
      const [full, closed] = await Promise.all(['/dev/full', '&-'].map((to) => shell(`"$HUMAN" ${command} >${to}`)));
      assert.equal(full.code, 1, command);
      assert.match(full.err, /standard output: (No space left on device|could not be written)/);
      assert.equal(closed.code, 1, command);
    }));
  });

  it('to a reader who has left ends quietly', async () => {
    for (const words of [['openapi'], ['rules', 'show', 'respond'], ['config']]) {
      const child = spawn(BINARY, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
      let err = '';
      child.stderr.on('data', (text) => { err += text; });
      child.stdout.destroy();
      const [code, signal] = await once(child, 'close');
      assert.deepEqual([signal, err], [null, ''], words.join(' '));
      assert.ok(code === 0 || code === 1, String(code));
    }
  });

  it('nor goes to whatever has its descriptor: all three may be closed', async () => {
    const { code } = await shell('"$HUMAN" check <&- >&- 2>&-');
    assert.equal(code, 1);
    assert.equal((await shell('"$HUMAN" version <&- 2>&-')).code, 0);
  });
});

describe('output', () => {
  it('has no escape codes where no terminal is', async () => {
    await Promise.all([['help'], ['config'], ['doctor'], ['rules', 'list'], ['check'], ['status'], ['overrides']].map(async (words) => {
      const { out, err } = await human(...words);
      assert.doesNotMatch(out + err, /\x1b/, words.join(' '));
    }));
  });

  it('for programs has its names in one order', async () => {
    await Promise.all([['doctor', '--json'], ['check', '--json'], ['rules', 'list', '--json'], ['openapi']].map(async (words) => {
      const order = (text) => [...text.matchAll(/"([a-z_]+)":/g)].map((m) => m[1]).join();
      const [one, two] = await Promise.all([human(...words), human(...words)]);
      assert.equal(order(one.out), order(two.out), words.join(' '));
    }));
    const [finding] = JSON.parse((await human('doctor', '--json')).out);
    assert.deepEqual(Object.keys(finding).slice(0, 3), ['level', 'name', 'text']);
  });
});
