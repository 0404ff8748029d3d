// spec/e2e/operator.mjs -- an operator at the command line, with a directory of scripts of their own.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './support.mjs';

export const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human');
const LIMIT_MS = 120_000;

const dirs = [];
process.on('exit', () => {
  for (const dir of dirs) fs.rmSync(dir, { recursive: true, force: true });
});

/** A temporary directory that is gone when the tests are over. */
export function tempDir() {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'human-op-')));
  fs.chmodSync(dir, 0o755);
  dirs.push(dir);
  return dir;
}

/**
 * An operator with a directory `own` before `shipped`, a copy of the scripts.  binary: which program.
 * Returns {dir, own, shipped, write(file, text), read(file), human(...words)}; human resolves to {code, out, err},
 * the last word may be {env, cwd, uid, gid}.
 */
export function operator({ binary = BINARY } = {}) {
  const dir = tempDir(), own = path.join(dir, 'own'), shipped = path.join(dir, 'shipped');
  fs.mkdirSync(own);
  fs.cpSync(path.join(root, 'scripts'), shipped, { recursive: true });
  return {
    dir, own, shipped,
    path: (file) => path.join(own, file),
    read: (file) => fs.readFileSync(path.join(own, file), 'utf8'),
    write(file, text) {
      fs.mkdirSync(path.dirname(path.join(own, file)), { recursive: true });
      fs.writeFileSync(path.join(own, file), text);
    },
    human(...words) {
      const o = typeof words.at(-1) === 'object' ? words.pop() : {};
      const env = { ...process.env, HUMAN_HOME: path.join(dir, 'home'), HUMAN_CONFIG: '/dev/null', TMPDIR: os.tmpdir(),
                    HUMAN_SCRIPTS: `${own}:${shipped}`, HUMAN_LOG_FORMAT: 'json', HUMAN_LOG_LEVEL: 'warn', ...o.env };
      const options = { env, cwd: o.cwd ?? dir, uid: o.uid, gid: o.gid, timeout: LIMIT_MS, maxBuffer: 16 << 20 };
      return new Promise((resolve) => {
        execFile(binary, words, options, (error, out, err) => resolve({ code: error ? error.code ?? -1 : 0, out, err }));
      });
    },
  };
}

/** What luacheck says of a file as if it lay at `as` in the repository; "" when it is content. */
export function luacheck(file, as) {
  const args = ['--quiet', '--no-color', '--formatter', 'plain', '--config', '.luacheckrc', '--filename', as, file];
  return new Promise((resolve) => {
    execFile('luacheck', args, { cwd: root }, (error, out, err) => resolve(error ? `${out}${err}${error.message}` : out));
  });
}
