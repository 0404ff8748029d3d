// spec/e2e/assets.mjs -- a host with files: the sample of a user interface in its binary, and a directory.
import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { BINARY, makeHome, pids, startHost } from './hosts.mjs';
import { root } from './support.mjs';

export const UI = path.join(root, 'spec/fixtures/ui');
/** Why there is no binary with the sample, or false. */
export const noSample = process.env.E2E_BINARY ? 'only build/human is built with the sample' : false;

function sample() {
  if (noSample) return BINARY;
  execFileSync('flock', ['build/sample.lock', 'make', '-s', 'build/human-sample'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  return `${BINARY}-sample`;
}

/** Starts it: `declare(dir)` is the Lua of its declarations.  Besides what startHost() gives: dir, a directory for files. */
export async function startWithFiles(declare, options = {}) {
  const home = makeHome(), dir = path.join(home, 'www'), tree = path.join(home, 'tree');
  fs.mkdirSync(path.join(tree, 'api/local'), { recursive: true });
  fs.mkdirSync(dir);
  const file = path.join(tree, 'api/local/ui.lua');
  fs.writeFileSync(file, `local api, s = require "human.api", require "human.schema"\n${declare(dir)}\nreturn { s }\n`);
  const env = { HUMAN_SCRIPTS: `${tree}:${path.join(root, 'scripts')}`, HUMAN_WORKERS: '1', ...options.env };
  const binary = sample();
  const host = await startHost({ ...options, home, env, as: { command: [binary, 'gateway'] } });
  const worker = () => pids(host.child.pid, path.basename(binary))[0];
  return { ...host, dir, script: file, worker };
}

/** curl's answer: {status, headers (lower case), body (Buffer)}. */
export async function curl(...args) {
  const { stdout } = await promisify(execFile)('curl', ['-s', '-i', '--path-as-is', ...args], { encoding: 'buffer', maxBuffer: 256 << 20 });
  const end = stdout.indexOf('\r\n\r\n');
  const [line, ...lines] = stdout.toString('latin1', 0, end).split('\r\n');
  const headers = {};
  for (const text of lines) {
    const name = text.slice(0, text.indexOf(':')).toLowerCase(), value = text.slice(text.indexOf(':') + 1).trim();
    headers[name] = headers[name] ? `${headers[name]}, ${value}` : value;
  }
  return { status: Number(line.split(' ')[1]), headers, body: stdout.subarray(end + 4) };
}

/** 304 and the like want an age: a file that was changed just now has a weak tag. */
export function age(file, seconds = 60) {
  const then = Date.now() / 1000 - seconds;
  fs.utimesSync(file, then, then);
}
