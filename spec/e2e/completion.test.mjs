// spec/e2e/completion.test.mjs -- `human completion` in the shells themselves: somebody types in a terminal and presses Tab.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { BINARY, makeHome } from './hosts.mjs';
import { root } from './support.mjs';

const home = makeHome(), bin = path.join(home, 'bin');
fs.mkdirSync(bin);
fs.symlinkSync(BINARY, path.join(bin, 'human'));
const env = { PATH: `${bin}:${process.env.PATH}`, HOME: home, HUMAN_HOME: home, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: path.join(root, 'scripts'),
              TERM: 'xterm', LC_ALL: 'C.UTF-8', INPUTRC: '/dev/null', ZDOTDIR: home, XDG_CONFIG_HOME: home };
const human = (...words) => execFileSync(BINARY, words, { env, encoding: 'utf8' });
const COMMANDS = /commands:\n([\s\S]*?)\n\n/.exec(human('help'))[1].split('\n').map((line) => line.trim().split(/\s/)[0]);

const begin = (shell) => {
  const file = path.join(home, `completion.${shell}`);
  fs.writeFileSync(file, human('completion', shell));
  return file;
};
const SHELLS = {
  bash: () => ({ command: ['bash', '--norc', '--noprofile', '-i'], setup: [[`PS1='rea''dy> '; source ${begin('bash')}; bind 'set bell-style none'\r`, 'ready> ']] }),
  zsh: () => ({ command: ['zsh', '-f', '-i'], setup: [[`PS1='rea''dy> '; autoload -U compinit; compinit -u -D; source ${begin('zsh')}\r`, 'ready> ']] }),
  fish: () => ({ command: ['fish', '--no-config', '-i'], setup: [[`function fish_prompt; echo -n rea''dy'> '; end; source ${begin('fish')}\r`, 'ready> ']] }),
};

/** What the terminal shows once `wanted` is there after these keys. */
async function type(shell, keys, wanted) {
  const { command, setup } = SHELLS[shell]();
  const steps = JSON.stringify([...setup, [keys, wanted]]);
  const { stdout } = await promisify(execFile)('python3', [path.join(root, 'spec/e2e/shell_keys.py'), steps, ...command], { env, cwd: home, timeout: 60_000 });
  return stdout;
}

for (const shell of Object.keys(SHELLS)) {
  describe(`in ${shell}`, () => {
    it('a command, its sub-commands and its flags are completed', async () => {
      await type(shell, 'human sess\t', 'human sessions ');
      await type(shell, 'human sessions del\t', 'human sessions delete ');
      await type(shell, 'human rules replay --sam\t', 'human rules replay --sample ');
      await type(shell, 'human --port 3000 devices rev\t', 'devices revoke ');
    });

    it('what is not told yet is listed', async () => {
      const tabs = shell === 'bash' ? '\t\t' : '\t';
      const shown = await type(shell, `human approvals ${tabs}`, 'list');
      for (const sub of ['allow', 'deny']) assert.ok(shown.includes(sub), shown);
    });

    it('every command is known', () => {
      const text = human('completion', shell);
      for (const command of COMMANDS) assert.match(text, new RegExp(`\\b${command}\\b`));
    });
  });
}
