// spec/e2e/install.test.mjs -- `make install`: which files go where, with which modes; that it runs from there;
// and that systemd understands its units.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeHome } from './hosts.mjs';
import { root } from './support.mjs';

const EXPOSURE_MAX = 2.5; // of 10, as systemd-analyze counts
const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
const skip = process.env.E2E_BINARY ? 'installs build/human, which is not what is tested' : false;
const to = makeHome(), at = (file) => path.join(to, file), prefix = '/opt/human';
const make = (target) => execFileSync('make', ['-s', target, `DESTDIR=${to}`, `PREFIX=${prefix}`], { cwd: root, stdio: 'pipe' });
const mode = (file) => (fs.statSync(at(file)).mode & 0o777).toString(8);
const human = (...args) => spawnSync(at(`${prefix}/bin/human`), args,
  { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: to, HUMAN_CONFIG: '/dev/null' } });

describe('make install', { skip }, () => {
  before(() => make('install'));
  after(() => fs.rmSync(to, { recursive: true, force: true }));

  it('puts the program, its scripts and what describes them below PREFIX', () => {
    for (const file of ['bin/human', 'share/human/scripts/api/errors.lua', 'share/man/man1/human.1', 'share/bash-completion/completions/human',
      'share/zsh/vendor-completions/_human', 'share/fish/vendor_completions.d/human.fish',
      'share/doc/human/README.md', 'share/human/spec/scripts/agent_rules_spec.lua']) {
      assert.ok(fs.existsSync(at(`${prefix}/${file}`)), file);
    }
    const manual = fs.readFileSync(at(`${prefix}/share/man/man1/human.1`), 'utf8');
    for (const [, command] of human('help').stdout.split('flags:')[0].matchAll(/^ {2}(\w+)/gm)) {
      assert.ok(manual.includes(`.B ${command}\n`), command);
    }
  });
  it('keeps secrets and settings from strangers, and scripts from whoever is not root', () => {
    assert.deepEqual(['etc/human/secrets', 'etc/human/human.json', 'etc/human/scripts'].map(mode), ['700', '640', '755']);
    assert.equal(mode(`${prefix}/share/human/scripts/api/errors.lua`), '644');
  });
  it('keeps the database of the service where its user may write', () => {
    assert.match(fs.readFileSync(at('etc/human/human.json'), 'utf8'), /^ {2}"home": "\/var\/lib\/human",/m);
  });
  it('finds its scripts beside it, wherever that is', () => {
    const { stdout, status } = human('config');
    assert.equal(status, 0);
    assert.ok(stdout.includes(`"/etc/human/scripts:${at(prefix)}/share/human/scripts"`), stdout);
    const check = human('check', '--scripts', at(`${prefix}/share/human/scripts`));
    assert.equal(check.status, 0, check.stderr);
  });
  it('leaves settings alone that are there already', () => {
    fs.writeFileSync(at('etc/human/human.json'), '{}');
    make('install');
    assert.equal(fs.readFileSync(at('etc/human/human.json'), 'utf8'), '{}');
  });
  it('has units that systemd understands and finds well shielded', { skip: !has('systemd-analyze') && 'no systemd' }, () => {
    const units = ['human.service', 'human.socket'].map((unit) => at(`${prefix}/lib/systemd/system/${unit}`));
    for (const unit of units) {
      const text = fs.readFileSync(unit, 'utf8');
      assert.equal(text.includes('/usr/bin'), false);
      fs.writeFileSync(unit, text.replaceAll(`${prefix}/bin`, at(`${prefix}/bin`)));
    }
    const verify = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], { encoding: 'utf8' });
    assert.deepEqual(verify.stderr.split('\n').filter((line) => line.includes('human')), []);
    const security = spawnSync('systemd-analyze', ['security', '--offline=true', units[0]], { encoding: 'utf8' });
    const [, exposure] = /exposure level for human.service: ([\d.]+)/.exec(security.stdout) ?? [];
    assert.ok(exposure <= EXPOSURE_MAX, security.stdout + security.stderr);
  });
  it('is undone by make uninstall, but for what is yours', () => {
    make('uninstall');
    const left = fs.readdirSync(to, { recursive: true }).filter((file) => fs.statSync(at(file)).isFile());
    assert.deepEqual(left, ['etc/human/human.json']);
  });
});
