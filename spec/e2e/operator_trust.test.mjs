// spec/e2e/operator_trust.test.mjs -- which scripts an installed program runs: by owner, mode and place.
// The program is copied to an installation path, since in a source tree it trusts all files.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { BINARY, operator, tempDir } from './operator.mjs';
import { root } from './support.mjs';

const LIMITS = 'agent/rules/limits.lua', isRoot = process.getuid() === 0, NOBODY = 65534, SOMEBODY = 1234;
const prefix = tempDir(), installed = path.join(prefix, 'bin/human');
fs.mkdirSync(path.dirname(installed));
fs.copyFileSync(BINARY, installed);
fs.chmodSync(installed, 0o755);

let op;
beforeEach(() => {
  op = operator({ binary: installed });
  op.write(LIMITS, fs.readFileSync(path.join(root, 'scripts', LIMITS)));
  chmodAll(op.dir);
});

function chmodAll(dir) {
  for (const e of fs.readdirSync(dir, { withFileTypes: true, recursive: false })) {
    const file = path.join(dir, e.name);
    fs.chmodSync(file, e.isDirectory() ? 0o755 : 0o644);
    if (e.isDirectory()) chmodAll(file);
  }
}

async function refused(why, options = {}) {
  const r = await op.human('check', options);
  assert.equal(r.code, 1, r.out);
  assert.match(r.err, why);
}

async function accepted(options = {}) {
  const r = await op.human('check', options);
  assert.equal(r.code, 0, r.err);
}

// A person's own files are trusted in their home, so that these hold without root, too.
const mine = () => (isRoot ? {} : { env: { HUMAN_SCRIPTS: `${op.own}:${op.shipped}`, HUMAN_HOME: op.dir } });

describe('an installed program', () => {
  it('refuses what group or others may write, file or directory', async () => {
    await accepted(mine());
    fs.chmodSync(op.path(LIMITS), 0o664);
    await refused(/own\/agent\/rules\/limits\.lua: refused: group or others may write it \(chmod go-w\)/, mine());
    fs.chmodSync(op.path(LIMITS), 0o644);
    fs.chmodSync(op.path('agent/rules'), 0o777);
    await refused(/own\/agent\/rules: refused: group or others/, mine());
    fs.chmodSync(op.path('agent/rules'), 0o755);
    fs.chmodSync(op.own, 0o775);
    await refused(/own: refused: group or others/, mine());
  });

  it('refuses links out of the tree', async () => {
    fs.renameSync(op.path(LIMITS), path.join(op.dir, 'out.lua'));
    fs.symlinkSync(path.join(op.dir, 'out.lua'), op.path(LIMITS));
    await refused(/limits\.lua: refused: a link out of its script directory/, mine());
  });

  it('does not judge a draft by its owner', async () => {
    fs.chmodSync(op.path(LIMITS), 0o666);
    const r = await op.human('check', op.own, { env: { ...mine().env, HUMAN_SCRIPTS: op.shipped } });
    assert.equal(r.code, 0, r.err);
  });

  it('has a person\'s directory before that of the machine, which is the only one of services', { skip: !isRoot }, async () => {
    const list = async (uid) => (await op.human('config', { uid, gid: uid, env: { HUMAN_SCRIPTS: '' } })).out
      .split('\n').find((line) => line.startsWith('scripts '));
    const machine = `/etc/human/scripts:${prefix}/share/human/scripts`;
    assert.ok((await list(SOMEBODY)).includes(`"${op.dir}/home/scripts:${machine}"`));
    for (const uid of [0, 999, NOBODY]) assert.ok((await list(uid)).includes(`"${machine}"`), uid);
  });
});

describe('a service, which is nobody in particular', { skip: !isRoot && 'needs root' }, () => {
  const as = (uid) => ({ uid, gid: uid });

  it('runs what root or an operator owns', async () => {
    await accepted(as(NOBODY));
    fs.chownSync(op.path(LIMITS), SOMEBODY, SOMEBODY);
    await accepted(as(NOBODY));
  });

  it('refuses what it owns itself, and could therefore be made to change', async () => {
    fs.chownSync(op.path(LIMITS), NOBODY, NOBODY);
    await refused(/limits\.lua: refused: the user that runs the server owns it/, as(NOBODY));
    await accepted();
    fs.chownSync(op.path(LIMITS), 0, 0);
    fs.chownSync(op.own, NOBODY, NOBODY);
    await refused(/own: refused: the user that runs the server owns it/, as(NOBODY));
  });

  it('says which file it cannot read', async () => {
    fs.chmodSync(op.path(LIMITS), 0o600);
    await refused(/own\/agent\/rules\/limits\.lua: Permission denied/, as(NOBODY));
    fs.chmodSync(op.path(LIMITS), 0o644);
    fs.chmodSync(op.path('agent'), 0o700);
    await refused(/own\/agent.*: Permission denied/, as(NOBODY));
  });

  it('is not a person: somebody with a home may own the scripts in it', async () => {
    fs.chownSync(op.path(LIMITS), SOMEBODY, SOMEBODY);
    await refused(/the user that runs the server owns it/, as(SOMEBODY));
    await accepted({ ...as(SOMEBODY), env: { HUMAN_HOME: op.dir, HUMAN_SCRIPTS: `${op.own}:${op.shipped}` } });
  });
});
