// spec/e2e/homes.test.mjs -- which private database belongs to whom: each home has its own cluster, used by one host
// at a time; a cluster in use elsewhere is neither stopped nor taken, and a crash leaves no obstacles.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { BINARY, binaryForAll, children, isAlive, launch, makeHome, startHost } from './hosts.mjs';
import { freePort, root, until } from './support.mjs';

const LIMIT_MS = 90_000;
delete process.env.E2E_CLUSTER; // each home here makes its own
const mayMount = process.getuid() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;
const skip = mayMount ? false : 'needs root, who may mount';

/** `human WORDS` with a home: {code, out, err}.  inside: a directory that is /var/lib for it. */
function human(home, words, { inside, env = {}, open = false, uid, gid } = {}) {
  const [command, ...args] = inside ? within(inside, words) : [uid ? binaryForAll() : BINARY, ...words];
  const child = spawn(command, args, { uid, gid, cwd: uid ? '/' : undefined, env: { ...process.env, HUMAN_HOME: home, HUMAN_CONFIG: '/dev/null', DATABASE_URL: '', ...env } });
  let out = '', err = '';
  child.stdout.on('data', (t) => { out += t; });
  child.stderr.on('data', (t) => { err += t; });
  child.stdin.on('error', () => {});
  if (!open) child.stdin.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  return Object.assign(once(child, 'close').then(([code]) => { clearTimeout(timer); return { code, out, err }; }), { child });
}

const query = (home, sql, options) => human(home, ['psql', '-XAtqc', sql], options);

/** The program, in a mount namespace where `dir` is /var/lib. */
const within = (dir, words) => ['unshare', '-m', 'sh', '-c', 'mount --bind "$1" /var/lib && shift && exec "$0" "$@"', BINARY, dir, ...words];

/** A home that only root can enter, as /root/.human is. */
function closedHome() {
  const dir = makeHome(), home = path.join(dir, 'home');
  fs.chmodSync(dir, 0o700);
  fs.mkdirSync(home);
  return home;
}

const start = (home, inside) => startHost({ home, as: inside && { command: within(inside, ['gateway']) }, env: { HUMAN_WORKERS: '1' } });
const clusters = (inside) => fs.readdirSync(path.join(inside, 'human-homes')).map((id) => path.join(inside, 'human-homes', id));

describe('homes that the user of the database cannot enter', { skip }, () => {
  it('have a cluster each, apart from that of the service, and use them at the same time', async () => {
    const inside = makeHome(), homes = [closedHome(), closedHome()];
    const hosts = await Promise.all(homes.map((home) => start(home, inside)));
    const places = clusters(inside);
    assert.deepEqual(places.map((dir) => fs.readFileSync(`${dir}/home`, 'utf8')).sort(), homes.map((h) => fs.realpathSync(h)).sort());
    for (const dir of places) assert.ok(fs.existsSync(`${dir}/pg/PG_VERSION`));
    assert.equal(fs.existsSync(path.join(inside, 'human')), false);
    for (const host of hosts) assert.equal((await host.stop()).code, 0);
  });

  it('take along the cluster that an earlier version had put into the home of the service', async () => {
    const inside = makeHome(), home = closedHome(), first = makeHome();
    assert.equal((await query(first, 'create table kept as select 7 as n')).code, 0);
    const former = path.join(inside, 'human');
    fs.mkdirSync(former, { mode: 0o711 });
    execFileSync('mv', [`${first}/pg`, former]);
    fs.renameSync(`${former}/pg`, `${former}/pg-${fnv(home)}`);
    fs.writeFileSync(`${home}/lock`, '1\n');
    const { code, out, err } = await query(home, 'select n from kept', { inside });
    assert.deepEqual([code, out], [0, '7\n'], err);
    assert.deepEqual(fs.readdirSync(former), []);
  });
});

/** As hosts of the earlier version told homes apart. */
function fnv(text) {
  let h = 2166136261;
  for (const byte of Buffer.from(text)) h = Math.imul(h ^ byte, 16777619) >>> 0;
  return h.toString(16).padStart(8, '0');
}

describe('a cluster', () => {
  it('of a host that runs is refused to another home, however that came to it, and goes on', async () => {
    const host = await start(makeHome()), other = makeHome(), postgres = host.postgres();
    fs.symlinkSync(`${host.home}/pg`, `${other}/pg`);
    const { code, err } = await query(other, 'select 1');
    assert.equal(code, 1);
    assert.match(err, new RegExp(`in use by another home's host: human \\(process ${host.child.pid}\\)`));
    assert.equal(host.postgres(), postgres);
    assert.equal((await fetch(`${host.url}/ready`)).status, 200);
    assert.equal((await host.stop()).code, 0);
  });

  it('whose server somebody started by hand is not stopped', async () => {
    const home = makeHome();
    assert.equal((await query(home, 'select 1')).code, 0);
    const bin = fs.readdirSync('/usr/lib/postgresql').map((v) => `/usr/lib/postgresql/${v}/bin/postgres`).find(fs.existsSync);
    const { uid, gid } = fs.statSync(`${home}/pg`);
    const server = spawn(bin, ['-D', `${home}/pg`, '-k', `${home}/pg`, '-c', 'listen_addresses='], { uid, gid, stdio: 'ignore' });
    await until(() => fs.existsSync(`${home}/pg/postmaster.pid`) && /ready/.test(fs.readFileSync(`${home}/pg/postmaster.pid`, 'utf8')), 20_000, 'it runs');
    const { code, err } = await query(home, 'select 1');
    assert.equal(code, 1);
    assert.match(err, new RegExp(`is not ours to stop: postgres \\(process ${server.pid}\\) has it`));
    assert.ok(isAlive(server.pid));
    server.kill('SIGINT');
    await once(server, 'exit');
    assert.equal((await query(home, 'select 1')).code, 0);
  });

  it('that a host did not finish making when it was killed is not in the way of the next one', async () => {
    for (const stage of ['boot', 'later']) {
      const home = makeHome(), { child, log } = launch({ HUMAN_HOME: home, HUMAN_PORT: await freePort() });
      const exited = once(child, 'exit');
      const begun = () => fs.readdirSync(home).some((name) => name.startsWith('pg.new') &&
        fs.existsSync(`${home}/${name}/${stage === 'boot' ? 'base' : 'global/pg_control'}`));
      await until(begun, 30_000, `initdb has begun: ${log()}`);
      child.kill('SIGKILL');
      await exited;
      const { code, out, err } = await query(home, 'select 7');
      assert.deepEqual([code, out], [0, '7\n'], err);
      await until(async () => {
        assert.equal((await query(home, 'select 7')).code, 0);
        return !fs.readdirSync(home).some((name) => name.startsWith('pg.new'));
      }, 20_000, 'what was unfinished is gone');
    }
  });
});

describe('commands', () => {
  it('that need the database at once, while nothing runs, all get it', async () => {
    const home = makeHome();
    const all = await Promise.all([1, 2, 3, 4, 5].map((n) => query(home, `select ${n}`)));
    assert.deepEqual(all.map((r) => [r.code, r.out, r.err.replace(/.*"level":"info".*\n|^\S+ info.*\n/gm, '')]), [1, 2, 3, 4, 5].map((n) => [0, `${n}\n`, '']));
  });

  it('that use the server of another one may end first, but are not waited for without end', async () => { // limit: shared server
    const home = makeHome(), first = human(home, ['psql', '-XAtq'], { open: true });
    first.child.stdin.write("select 'up';\n");
    await once(first.child.stdout, 'data');
    const short = human(home, ['psql', '-XAtq', '-c', "select 'here'", '-c', 'select pg_sleep(2)', '-c', 'select 7']);
    await once(short.child.stdout, 'data');
    first.child.stdin.end();
    assert.equal((await short).out, 'here\n\n7\n');
    assert.equal((await first).code, 0);

    const second = human(home, ['psql', '-XAtq'], { open: true });
    second.child.stdin.write("select 'up';\n");
    await once(second.child.stdout, 'data');
    const long = human(home, ['psql', '-XAtq', '-c', "select 'here'", '-c', 'select pg_sleep(600)']);
    await once(long.child.stdout, 'data');
    const begun = Date.now();
    second.child.stdin.end();
    assert.notEqual((await long).code, 0);
    assert.equal((await second).code, 0);
    assert.ok(Date.now() - begun >= 10_000);
  });

  it('that come while a host starts use its server, which it stops when it ends', async () => {
    const home = makeHome(), starting = start(home);
    await until(() => fs.existsSync(`${home}/lock`), 20_000, 'the host has its home');
    const asked = query(home, 'select 7'), host = await starting;
    assert.equal((await asked).out, '7\n');
    const postgres = host.postgres();
    assert.equal(children(host.child.pid).filter((c) => c.name === 'postgres').length, 1);
    assert.equal((await host.stop()).code, 0);
    assert.ok(!isAlive(postgres));
    assert.equal((await query(home, 'select 8')).out, '8\n');
  });
});

describe('root, in a home and a directory of scripts that are another user\'s', { skip: process.getuid() !== 0 && 'needs root' }, () => {
  it('leaves no file behind that is root\'s, whichever command is run', async () => {
    const home = makeHome(), { uid, gid } = { uid: 65534, gid: 65534 };
    fs.mkdirSync(`${home}/scripts`);
    for (const dir of [home, `${home}/scripts`]) fs.chownSync(dir, uid, gid);
    const strange = () => execFileSync('find', [home, '!', '-user', String(uid)], { encoding: 'utf8' });
    const env = { HUMAN_SCRIPTS: `${home}/scripts:${path.join(root, 'scripts')}`, HOME: makeHome() };
    const agent = ['--port', String(await freePort()), '--agent-port', String(await freePort())];
    for (const words of [['doctor', ...agent], ['agent', '-m', 'Hi'], ['status'], ['reload'], ['config'], ['check'], ['openapi'],
      ['rules', 'list'], ['psql', '-c', 'select 1'], ['migrate'], ['rules', 'replay', 'agent/rules/limits.lua'],
      ['override', 'agent/rules/limits.lua'], ['new', 'route', 'local/mine'], ['overrides'], ['ping']]) {
      const { code, err } = await human(home, words, { env });
      assert.equal(strange(), '', `${words.join(' ')} (${code} ${err})`);
    }
    assert.ok(fs.existsSync(`${home}/scripts/agent/rules/limits.lua`));
    const host = await startHost({ home });
    const said = await human(home, ['agent', '-m', 'Hi'], { env: { ...env, HUMAN_AGENT_PORT: '0', HUMAN_PORT: host.port } });
    assert.equal(strange(), `${home}/control.sock\n`, `as long as it runs: ${said.out}${said.err}`);
    await host.kill();
    fs.rmSync(`${home}/control.sock`, { force: true });
    assert.equal(strange(), '');
    const own = await human(home, ['psql', '-XAtqc', 'select 7'], { env: { ...env, HOME: home }, uid, gid });
    assert.equal(own.out, '7\n');
  });
});
