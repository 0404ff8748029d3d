// bench/peers.mjs -- peers that not every machine has: each is found or built, or a line says why it is skipped.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const here = path.dirname(new URL(import.meta.url).pathname);

const onlyOnce = (find) => {
  let found;
  return () => (found ??= [find()])[0];
};

function skipped(name, why) {
  console.log(`${name} is skipped: ${why}`);
}

// The path of the program, or undefined.
export const rustPeer = onlyOnce(() => {
  const target = path.join(here, '../build/bench/rust');
  if (spawnSync('cargo', ['--version']).status !== 0) return skipped('Rust', 'it needs cargo 1.94 or newer, which rustup installs');
  const build = spawnSync('cargo', ['build', '--release', '--locked', '--quiet', '--target-dir', target],
    { cwd: path.join(here, 'peers/rust'), stdio: 'inherit' });
  if (build.status !== 0) return skipped('Rust', 'it could not be built (it needs cargo 1.94 or newer, and its crates)');
  return path.join(target, 'release/bench-peer');
});

export const bunPeer = onlyOnce(() => {
  const program = path.join(here, 'node_modules/bun/bin/bun.exe');       // its name on all systems
  if (spawnSync(program, ['--version']).status === 0) return program;
  return skipped('Bun', 'npm could not install it; `cd bench && npm install bun` says why');
});

// {node, script}: it wants a newer Node than the one that runs the benchmarks, and brings it.
export const openclawPeer = onlyOnce(() => {
  const source = path.join(here, 'peers/openclaw'), own = path.join(here, '../build/bench/openclaw');
  const peer = { node: path.join(own, 'node_modules/node/bin/node'), script: path.join(own, 'node_modules/openclaw/openclaw.mjs') };
  const lock = fs.readFileSync(path.join(source, 'package-lock.json')), copy = path.join(own, 'installed.json');
  if (fs.existsSync(copy) && fs.readFileSync(copy).equals(lock)) return peer;
  console.log('openclaw is installed: 830 MB, once');
  fs.mkdirSync(own, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) fs.copyFileSync(path.join(source, file), path.join(own, file));
  // Its scripts refuse to run under an older Node; those of the package `node` fetch it.
  for (const args of [['ci', '--ignore-scripts', '--silent', '--no-audit', '--no-fund'], ['rebuild', '--silent', 'node']]) {
    if (spawnSync('npm', args, { cwd: own, stdio: 'inherit' }).status !== 0) return skipped('openclaw', 'npm could not install it');
  }
  fs.writeFileSync(copy, lock);
  return peer;
});
