// spec/e2e/service_root.test.mjs -- root in a shell beside the packaged service: commands talk to it, with its
// settings and secrets, and report no false problems.  All of it runs with /etc and /var/lib replaced by
// directories of the test, and an empty /run.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BINARY, makeHome } from './hosts.mjs';
import { freePort, root, until } from './support.mjs';

const OVER = 'set -e; mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/etc,workdir=$1/work" /etc; mount --bind "$1/lib" /var/lib; '
  + 'mount -t tmpfs tmpfs /run; mkdir /run/human; mount --bind "$1/run" /run/human; shift; exec "$@"';
const dir = makeHome(), program = path.join(dir, 'opt/bin/human');
for (const name of ['etc/human/secrets', 'work', 'lib/dpkg', 'root', 'run', 'opt/bin', 'opt/share/human', 'credentials']) fs.mkdirSync(path.join(dir, name), { recursive: true });
const within = (command) => ['-m', 'sh', '-c', OVER, 'sh', dir, ...command];
const mayMount = process.getuid() === 0 && spawnSync('unshare', within(['true'])).status === 0;

/** {code, out, err} of root in a shell. */
async function run(...command) {
  const child = spawn('unshare', within(command), { cwd: path.join(dir, 'root'), env: { PATH: process.env.PATH, HOME: path.join(dir, 'root') } });
  const got = { out: '', err: '' };
  child.stdout.on('data', (t) => { got.out += t; });
  child.stderr.on('data', (t) => { got.err += t; });
  const [code] = await once(child, 'close');
  return { code, ...got };
}
const human = (...words) => run('sh', '-c', 'ulimit -n 1024 && exec "$0" "$@"', program, ...words); // a shell's limit, not the unit's

describe('root beside the service', { skip: mayMount ? false : 'needs root, who may mount, and an overlay' }, () => {
  let service, port;
  const start = async () => {
    const as = ['setpriv', '--reuid', 'human', '--regid', 'human', '--clear-groups', 'env', '-i', `PATH=${process.env.PATH}`, 'HOME=/var/lib/human',
      'RUNTIME_DIRECTORY=/run/human', `CREDENTIALS_DIRECTORY=${dir}/credentials`, program, 'gateway'];
    service = spawn('unshare', within(as), { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    service.stderr.on('data', (t) => { log += t; });
    await until(() => log !== '' || service.exitCode !== null, 30_000, 'it speaks'); // two mounts of one overlay at once fail
    await until(async () => {
      assert.equal(service.exitCode, null, log);
      return (await human('ping')).out.includes(': ok');
    }, 60_000, 'it is well');
    await until(async () => (await (await fetch(`http://127.0.0.1:${port}/ready`)).json()).ready, 30_000, 'it is ready');
  };
  const stop = async () => {
    if (service.exitCode !== null) return;
    const ended = once(service, 'exit');
    service.kill('SIGTERM');
    await ended;
  };

  before(async () => {
    port = await freePort();
    fs.copyFileSync(BINARY, program);
    fs.cpSync(path.join(root, 'scripts'), path.join(dir, 'opt/share/human/scripts'), { recursive: true });
    fs.copyFileSync('/var/lib/dpkg/statoverride', path.join(dir, 'lib/dpkg/statoverride'));
    fs.writeFileSync(path.join(dir, 'etc/human/human.json'), JSON.stringify({ home: '/var/lib/human', port, agent_port: 0, workers: 1,
      limits: { connections: 2000 }, llm: { model: 'a-model-of-ours' }, api: { user_management: 'token' } }));
    assert.equal((await run('sh', path.join(root, 'etc/debian/human.postinst'), 'configure')).code, 0);
    const secrets = { openai: 'sk-of-the-service', admin: 'admin-of-the-service' };
    for (const [name, text] of Object.entries(secrets)) {
      for (const place of ['etc/human/secrets', 'credentials']) fs.writeFileSync(path.join(dir, place, name), `${text}\n`);
    }
    fs.chmodSync(path.join(dir, 'etc/human/secrets'), 0o700);
    for (const [place, mode] of [['run', '0750'], ['lib/human', '0750']]) {
      assert.equal((await run('install', '-d', '-o', 'human', '-g', 'human', '-m', mode, path.join(dir, place))).code, 0);
    }
    await start();
  });
  after(stop);

  it('doctor finds nothing wrong with it, and knows its secrets', async () => {
    const { code, out } = await human('doctor');
    assert.equal(code, 0, out);
    assert.doesNotMatch(out, /^(warn|FAIL)/m);
    assert.match(out, /^ok +home +\/var\/lib\/human of the service, which runs as human$/m);
    assert.match(out, new RegExp(`^ok +http +http://127.0.0.1:${port} answers`, 'm'));
    assert.match(out, /^ok +database +PostgreSQL/m);
    assert.match(out, /^ok +model +openai with a-model-of-ours/m);
    assert.doesNotMatch(out, /of-the-service/);
  });

  it('every command talks to it, and leaves nothing of root in its home', async () => {
    assert.equal((await human('status')).code, 0);
    assert.equal((await human('psql', '-XAtqc', 'select 7')).out, '7\n');
    assert.match((await human('agent', '-m', 'hello')).out, /no answer, error/); // its model is nowhere; the key was made by the admin's secret
    assert.ok(fs.existsSync(path.join(dir, 'root/.human/agent.json')));
    const { out } = await run('find', '/var/lib/human', '/run/human', '-uid', '0');
    assert.equal(out, '');
  });

  it('a home that is named is not the service', async () => {
    const { code, err } = await human('status', '--set', `home=${dir}/root/other`);
    assert.deepEqual([code, err.includes(`no server of ${dir}/root/other runs`)], [1, true], err);
  });

  it('doctor finds nothing wrong when it is stopped, either', async () => {
    await stop();
    const { code, out } = await human('doctor');
    assert.equal(code, 0, out);
    assert.doesNotMatch(out, /^(warn|FAIL)/m);
    assert.match(out, /^ok +server +none runs/m);
    assert.match(out, /^ok +model +openai with a-model-of-ours/m);
  });
});
