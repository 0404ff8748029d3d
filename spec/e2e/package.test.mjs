// spec/e2e/package.test.mjs -- the scripts of the Debian package beside a host that root runs from a source tree:
// neither stops, takes or removes anything of the other.  All of it runs with /etc and /var/lib replaced by
// directories of the test.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { BINARY, children, isAlive, makeHome } from './hosts.mjs';
import { root } from './support.mjs';

const LIMIT_MS = 90_000;
const OVER = 'set -e; mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/etc,workdir=$1/work" /etc; mount --bind "$1/lib" /var/lib; shift; exec "$@"';
const within = (dir, command) => ['-m', 'sh', '-c', OVER, 'sh', dir, ...command];

/** A machine: directories for /etc and /var/lib, and the home of root. */
function machine() {
  const dir = makeHome(), user = path.join(dir, 'root');
  for (const name of ['etc/human', 'work', 'lib/dpkg', 'root']) fs.mkdirSync(path.join(dir, name), { recursive: true });
  fs.chmodSync(user, 0o700);
  fs.copyFileSync('/var/lib/dpkg/statoverride', path.join(dir, 'lib/dpkg/statoverride'));
  const settings = fs.readFileSync(path.join(root, 'etc/human.json'), 'utf8');
  fs.writeFileSync(path.join(dir, 'etc/human/human.json'), settings.replace('// "home": "~/.human",', '"home": "/var/lib/human",'));
  return { dir, user, lib: (name) => path.join(dir, 'lib', name) };
}

const mayMount = process.getuid() === 0 && spawnSync('unshare', within(machine().dir, ['sh', '-c', 'command -v adduser'])).status === 0;
const skip = mayMount ? false : 'needs adduser, and root, who may mount an overlay';

function run(m, command, env = {}) {
  const { DATABASE_URL, HUMAN_HOME, HUMAN_CONFIG, HUMAN_SCRIPTS, ...rest } = process.env; // eslint-disable-line no-unused-vars
  const child = spawn('unshare', within(m.dir, command), { env: { ...rest, HOME: m.user, HUMAN_SCRIPTS: path.join(root, 'scripts'), ...env } });
  let out = '', err = '';
  child.stdout.on('data', (t) => { out += t; });
  child.stderr.on('data', (t) => { err += t; });
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const ended = once(child, 'close').then(([code]) => { clearTimeout(timer); return { code, out, err }; });
  return Object.assign(ended, { child, text: () => out });
}

const script = (m, name, ...args) => run(m, ['sh', path.join(root, `etc/debian/human.${name}`), ...args]);
/** `human` of root's source tree, and that of the package. */
const own = (m, ...words) => run(m, [BINARY, ...words], { HUMAN_CONFIG: '/dev/null' });
const service = (m, ...words) => run(m, [BINARY, ...words], { HUMAN_CONFIG: '/etc/human/human.json' });
const well = async (done) => {
  const { code, out, err } = await done;
  assert.equal(code, 0, err);
  return out;
};

/** Where 0.1.0 had the cluster of root's ~/.human. */
async function former(m) {
  const home = makeHome();
  await well(run(m, [BINARY, 'psql', '-Xqc', 'create table kept as select 7 as n'], { HUMAN_CONFIG: '/dev/null', HUMAN_HOME: home }));
  fs.mkdirSync(m.lib('human'), { mode: 0o711 });
  spawnSync('cp', ['-a', `${home}/pg`, m.lib('human')]);
  fs.mkdirSync(`${m.user}/.human`);
  fs.writeFileSync(`${m.user}/.human/lock`, '1\n');
}

const kept = (m) => own(m, 'psql', '-XAtqc', 'select n from kept');
const count = "select count(*) from pg_tables where tablename = 'kept'";

describe('the package, and a host of root', { skip }, () => {
  let m;
  before(async () => {
    m = machine();
    await former(m);
  });

  it('of an earlier version: installing moves its database out of the way, and the host finds it', async () => {
    await well(script(m, 'postinst', 'configure'));
    assert.deepEqual(fs.readdirSync(m.lib('human')), []);
    assert.equal(await well(service(m, 'psql', '-XAtqc', count)), '0\n');
    assert.equal(await well(kept(m)), '7\n');
    assert.equal(await well(service(m, 'psql', '-XAtqc', count)), '0\n');
  });

  it('use their databases side by side', async () => {
    const mine = own(m, 'psql', '-XAtq', '-c', 'select pg_backend_pid()', '-c', 'select pg_sleep(600)');
    await once(mine.child.stdout, 'data');
    const [postgres] = children(mine.child.pid).filter((c) => c.name === 'postgres');
    assert.equal(await well(service(m, 'psql', '-XAtqc', count)), '0\n');
    assert.ok(isAlive(postgres.pid));
    for (const c of children(mine.child.pid).filter((one) => one.name === 'psql')) process.kill(c.pid, 'SIGTERM');
    await mine;
  });

  it('all that is made as root in the home of the service is the service\'s', () => {
    const stranger = spawnSync('find', [m.lib('human'), '-uid', '0'], { encoding: 'utf8' }).stdout;
    assert.equal(stranger, '');
    assert.ok(fs.existsSync(m.lib('human/pg/PG_VERSION')));
  });

  it('purging removes the home of the service, and nothing that is another\'s', async () => {
    fs.writeFileSync(m.lib('human/of-root'), '');
    await well(script(m, 'postrm', 'purge'));
    assert.deepEqual(fs.readdirSync(m.lib('human')), ['of-root']);
    assert.equal(await well(kept(m)), '7\n');
  });

  it('purging leaves a home alone that is in use', async () => {
    await well(script(m, 'postinst', 'configure'));
    fs.rmSync(m.lib('human'), { recursive: true });
    await well(script(m, 'postinst', 'configure'));
    const used = service(m, 'psql', '-XAtq', '-c', 'select 1', '-c', 'select pg_sleep(600)');
    await once(used.child.stdout, 'data');
    const { err } = await script(m, 'postrm', 'purge');
    assert.match(err, /is in use and stays/);
    assert.ok(fs.existsSync(m.lib('human/pg/PG_VERSION')));
    for (const c of children(used.child.pid).filter((one) => one.name === 'psql')) process.kill(c.pid, 'SIGTERM');
    await used;
    await well(script(m, 'postrm', 'purge'));
    assert.equal(fs.existsSync(m.lib('human')), false);
  });

  it('of an earlier version that runs: installing says what to do, and touches nothing', async () => {
    const other = machine();
    await former(other);
    fs.writeFileSync(other.lib('human/pg/postmaster.pid'), `${process.pid}\n`);
    const { code, err } = await script(other, 'postinst', 'configure');
    assert.equal(code, 1);
    assert.match(err, /\/var\/lib\/human\/pg is the database of a host that root runs/);
    assert.ok(fs.existsSync(other.lib('human/pg/PG_VERSION')));
  });
});
