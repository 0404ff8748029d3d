// spec/e2e/ui_build.test.mjs -- ui/dist, which the binary embeds, is what its sources and the declarations give, and stays
// small: nothing in it is written by hand, and nothing of it is loaded before it is needed.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { BINARY } from './hosts.mjs';

const run = promisify(execFile);
const [major, minor] = process.versions.node.split('.').map(Number);
const isOld = major < 20 || (major === 20 && minor < 19) ? 'vite needs Node 20.19, which Debian 12 has not' : false;
const UI = path.resolve('ui'), DIST = path.join(UI, 'dist');
const FIRST_KB = 60, CHUNK_KB = 60; // limit: first view, limit: chunk of a view
// CodeMirror, which comes once a script is opened: writing an editor that screen readers can follow is not ours to do.
const EDITOR_KB = 130; // limit: chunk of the editor
const packed = (name) => gzipSync(fs.readFileSync(path.join(DIST, name)), { level: 9 }).length / 1000;
const read = (dir) => Object.fromEntries(fs.readdirSync(dir).sort().map((name) => [name, fs.readFileSync(path.join(dir, name), 'latin1')]));

describe('the page', () => {
  it('has the types of the control protocol as it is declared', async () => {
    const { stdout } = await run(BINARY, ['openapi', '--types'], { env: { ...process.env, HUMAN_SCRIPTS: 'scripts' }, maxBuffer: 1e7 });
    assert.equal(fs.readFileSync(path.join(UI, 'src/core/rpc.d.ts'), 'utf8'), stdout, 'make ui');
  });

  it('passes the compiler at its strictest, and gives ui/dist again', { skip: isOld }, async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ui-'));
    await run('npx', ['--prefix', UI, 'tsc', '--noEmit', '-p', UI], { cwd: UI });
    await run('npx', ['vite', 'build', '--outDir', dir, '--emptyOutDir'], { cwd: UI });
    assert.deepEqual(read(DIST), read(dir), 'make ui');
    fs.rmSync(dir, { recursive: true });
  });

  it('loads little at first, and each view when it is opened', () => {
    const html = fs.readFileSync(path.join(DIST, 'index.html'), 'utf8');
    const first = ['index.html', ...[...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map((m) => m[1])];
    const kb = first.reduce((sum, name) => sum + packed(name), 0);
    assert.ok(first.length >= 3 && kb < FIRST_KB, `${first.join(' ')}: ${kb.toFixed(1)} KB`);
    for (const name of fs.readdirSync(DIST)) assert.ok(packed(name) < (/^ui-scripts_editor-/.test(name) ? EDITOR_KB : CHUNK_KB), `${name}: ${packed(name).toFixed(1)} KB`);
  });

  it('has the same texts in all languages, with the same places for values', () => {
    const dir = path.join(UI, 'src/text');
    const texts = (source) => Object.fromEntries([...source.matchAll(/^ +'?([\w.]+)'?: '((?:[^'\\]|\\.)*)',$/gm)]
      .map((m) => [m[1], (m[2].match(/\{\w+\}/g) ?? []).sort().join()]));
    let n = 0;
    for (const name of fs.readdirSync(dir)) {
      const source = fs.readFileSync(path.join(dir, name), 'utf8');
      const [en, de] = name === 'en.ts' ? [source, fs.readFileSync(path.join(dir, 'de.ts'), 'utf8')] : source.split(/^ {2}de: \{$/m);
      if (name === 'de.ts') continue;
      assert.deepEqual(texts(de), texts(en), name);
      n += Object.keys(texts(en)).length;
    }
    assert.ok(n > 50);
  });
});
