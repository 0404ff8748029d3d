// spec/e2e/exec.test.mjs -- kill -9 of every process above a program: nothing of it is left, and the rest continues.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { BINARY, binaryForAll, children, errors, isAlive, makeHome, pids, scriptsForAll, startHost } from './hosts.mjs';
import { sleep, until } from './support.mjs';

const SCRIPTS = ['spec/e2e/scripts/programs'];
const ROOT = process.getuid?.() === 0;
let count = 0;
const newFile = () => `c${String(count++).padStart(12, '0')}`;

const get = (host, what) => fetch(`${host.url}/programs/${what}`).then((r) => r.json(), (error) => ({ error }));
const noted = (host, file) => {
  try {
    return fs.readFileSync(path.join(host.home, 'workspace', file), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

/** n families of three, running: {numbers, answers}. */
async function hold(host, n) {
  const files = Array.from({ length: n }, newFile);
  const answers = files.map((file) => get(host, `hold/${file}`));
  await until(() => files.every((file) => noted(host, file).length === 3), 20_000, 'the programs run');
  return { numbers: files.flatMap((file) => noted(host, file)), answers };
}

/** Processes whose working directory is that of programs. */
const workingIn = (host) => fs.readdirSync('/proc').filter((pid) => {
  try {
    return /^\d+$/.test(pid) && fs.readlinkSync(`/proc/${pid}/cwd`).startsWith(path.join(host.home, 'workspace'));
  } catch {
    return false;
  }
});

const gone = (numbers) => until(() => !numbers.some(isAlive), 10_000, () => `alive: ${numbers.filter(isAlive)}`);
const brokerOf = (host) => pids(host.child.pid, 'human-broker')[0];
const zombies = (pid) => children(pid).filter((c) => !isAlive(c.pid));

function suite(name, options, make) {
  describe(name, options, () => {
    let host;
    const start = async () => { host = await make(host?.home); };
    after(() => host?.stop());

    it('runs programs without any of the server\'s environment', async () => {
      await start();
      assert.deepEqual(await get(host, 'quick'), { status: 0, stdout: 'ran\n' });
      const environment = fs.readFileSync(`/proc/${brokerOf(host)}/environ`, 'utf8').split('\0').filter(Boolean);
      assert.deepEqual(environment.filter((e) => !/^(LD_LIBRARY_PATH|[AU].*SAN_OPTIONS)=/.test(e)), []);
    });

    it('a worker that is killed takes its programs with it, and no others', async () => {
      const { numbers, answers } = await hold(host, 6);
      const [victim] = host.workers();
      process.kill(victim, 'SIGKILL');
      await until(() => numbers.filter(isAlive).length < numbers.length, 10_000, 'the first programs end');
      const results = await Promise.race([Promise.all(answers), until(() => host.workers().filter(Boolean).length === 2, 20_000, 'its successor')]);
      assert.ok(results);
      await until(async () => (await get(host, 'quick')).stdout === 'ran\n', 20_000, 'programs run again');
      for (const worker of host.workers()) process.kill(worker, 'SIGKILL');
      await gone(numbers);
    });

    it('a broker that is killed takes the programs with it; their callers are told, and the next broker runs others', async () => {
      await until(async () => (await get(host, 'quick')).stdout === 'ran\n', 20_000, 'programs run');
      const { numbers, answers } = await hold(host, 4), old = brokerOf(host);
      process.kill(old, 'SIGKILL');
      assert.deepEqual(await Promise.all(answers), Array(4).fill({ code: 'lost' }));
      await gone(numbers);
      assert.deepEqual(await get(host, 'quick'), { status: 0, stdout: 'ran\n' });
      assert.notEqual(brokerOf(host), old);
    });

    it('a keeper that is killed leaves no process behind', async () => {
      const { numbers, answers } = await hold(host, 3), broker = brokerOf(host);
      for (const { pid } of children(broker)) process.kill(pid, 'SIGKILL');
      assert.deepEqual(await Promise.all(answers), Array(3).fill({ code: 'lost' }));
      await gone(numbers);
      await until(() => children(broker).length === 0, 10_000, 'the broker has nobody below it');
    });

    it('whichever process is killed at random, no program is still at work when the calls are over', async () => {
      const answers = [];
      for (let i = 0; i < 10; i++) {
        const file = newFile();
        answers.push(get(host, `hold/${file}`), get(host, 'quick'));
        const victims = [brokerOf(host), ...children(brokerOf(host) ?? 0).map((c) => c.pid), ...host.workers()].filter(Boolean);
        const victim = victims[Math.floor(Math.random() * victims.length)];
        try { process.kill(victim, 'SIGKILL'); } catch { /* it has ended by itself */ }
        await sleep(Math.random() * 200);
      }
      let over = false;
      Promise.all(answers).then(() => { over = true; });
      for (let ms = 500; !over; ms *= 2) { // what came while nobody served is taken by who comes next, once they have begun
        for (const worker of host.workers()) process.kill(worker, 'SIGKILL');
        await Promise.race([Promise.all(answers), sleep(ms)]);
      }
      await until(() => workingIn(host).length === 0, 20_000, () => `at work: ${workingIn(host)}`);
      await until(async () => (await get(host, 'quick')).stdout === 'ran\n', 30_000, 'programs run again');
    });

    it('a program outlives its client\'s disconnect, and a reload', async () => {
      const file = newFile(), answer = get(host, `wait/${file}`);
      await until(() => noted(host, file).length === 1, 20_000, 'it runs');
      await promisify(execFile)(BINARY, ['reload'], { env: { ...process.env, HUMAN_HOME: host.home, HUMAN_CONFIG: '/dev/null' } });
      fs.writeFileSync(path.join(host.home, 'workspace/go'), '');
      assert.deepEqual(await answer, { status: 0, stdout: 'went\n' });
    });

    it('keeps no descriptor, zombie or keeper of programs that have ended, in any process', async () => {
      const everybody = () => [host.child.pid, brokerOf(host), ...host.workers()];
      const links = (pid) => fs.readdirSync(`/proc/${pid}/fd`).map((fd) => {
        try { return fs.readlinkSync(`/proc/${pid}/fd/${fd}`); } catch { return ''; }
      });
      // Three pipes and a socket a call; sockets of clients and of the database come and go, but not by hundreds.
      const fds = () => everybody().flatMap((pid) => [links(pid).filter((to) => to.startsWith('pipe:')).length,
        Math.floor(links(pid).length / 50)]);
      // Whoever was killed before is back, or its descriptors would be taken for new ones.
      await until(() => host.workers().length === 2, 30_000, 'both workers are there');
      for (let i = 0; i < 40; i++) await get(host, 'quick');
      const before = fds();
      await Promise.all(Array.from({ length: 200 }, () => get(host, 'quick')));
      await until(() => fds().every((n, i) => n <= before[i] + i % 2), 20_000, () => `descriptors ${before} -> ${fds()}`);
      assert.deepEqual([...zombies(host.child.pid), ...children(brokerOf(host))], []);
    });

    it('a supervisor that is killed takes everything with it', async () => {
      const { numbers } = await hold(host, 4), broker = brokerOf(host), keepers = children(broker).map((c) => c.pid);
      assert.ok(keepers.length >= 4);
      process.kill(host.child.pid, 'SIGKILL');
      await gone([...numbers, ...keepers, broker]);
    });

    it('a supervisor, its broker and its workers leave nothing either when all are killed at once', async () => {
      await start();
      const { numbers } = await hold(host, 4), broker = brokerOf(host), keepers = children(broker).map((c) => c.pid);
      for (const pid of [broker, host.child.pid, ...host.workers()]) process.kill(pid, 'SIGKILL');
      await gone([...numbers, ...keepers, broker]);
    });

    it('a server that stops ends its programs', async () => {
      await start();
      const { numbers } = await hold(host, 2), broker = brokerOf(host);
      assert.equal((await host.stop()).code, 0);
      await gone([...numbers, broker]);
      assert.deepEqual(errors(host.log()), []);
    });
  });
}

const env = { HUMAN_LIMITS_DRAIN_TIMEOUT_MS: '500', HUMAN_TOKEN: 'secret' };
suite('Programs', {}, (home) => startHost({ home, scripts: SCRIPTS, env }));

// The private database of root's host belongs to another user; here all is nobody's.
suite('Programs of an ordinary user', { skip: !ROOT && 'only root can become another user' }, (home = makeHome()) => {
  fs.chownSync(home, 65534, 65534);
  return startHost({ home, env: { ...env, HUMAN_SCRIPTS: scriptsForAll(SCRIPTS) },
    as: { command: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', binaryForAll(), 'gateway'] } });
});

describe('exec.enabled = false', () => {
  it('starts no broker and runs nothing', async () => {
    const host = await startHost({ scripts: SCRIPTS, env: { HUMAN_EXEC_ENABLED: 'false' } });
    try {
      assert.deepEqual(await get(host, 'quick'), { code: 'disabled' });
      assert.equal(brokerOf(host), undefined);
    } finally {
      await host.stop();
    }
  });
});
