// spec/e2e/faults_log.test.mjs -- the disk that takes the log is full.
// Invariants: serving, replacing a worker and reloading still work; lost lines are
// counted, and the count is logged as soon as there is room.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { after, afterEach, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connected, makeAgent, makeUser, newMessage, outline, NORMAL, run, send } from './agent_client.mjs';
import { BINARY, isAlive, makeHome, startHost } from './hosts.mjs';
import { reload } from './modes.mjs';
import { until } from './support.mjs';

const PATIENT = { HUMAN_RELOAD_TIMEOUT_MS: '60000' }; // a machine that has no time is not what is tested
let host;
afterEach(async () => assert.equal((await host?.stop())?.code, 0));

/** A user, an agent, a conversation; errors that are logged; a worker that dies; a reload. */
async function serves() {
  const user = await makeUser(host.url), agent = await makeAgent(host.url, user);
  const socket = await connected(host.url, agent.id, user.key);
  assert.equal((await send(socket, newMessage('Hello there'))).ok, true);
  assert.deepEqual(outline(await run(socket)), NORMAL);
  socket.disconnect();
  const [victim] = host.workers();
  process.kill(victim, 'SIGKILL');
  await until(() => !isAlive(victim) && host.workers().length === 2, 10_000, 'the worker is replaced');
  await nextTurn().then(() => nextTurn()); // a whole one: fetch sees that its connections to it are closed
  for (let i = 0; i < 50; i += 1) assert.equal((await user.api('GET', '/api/agents')).status, 200);
  await until(async () => (await reload(BINARY, host.home)).code === 0, 100_000, 'scripts are reloaded');
}

it('no byte can ever be written: serving goes on', async () => {
  host = await startHost({ env: PATIENT, as: { stderr: fs.openSync('/dev/full', 'w') } });
  await serves();
});

describe('a small disk', () => {
  const canMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
  const disk = makeHome();
  after(() => fs.rmSync(disk, { recursive: true, force: true }));

  it('that is full and has room again: serving goes on, and the log says what is missing', { skip: !canMount && 'mounting is not permitted here' }, async () => {
    const script = 'mount -t tmpfs -o size=64k tmpfs "$1" && exec "$0" gateway 2>>"$1/log"';
    host = await startHost({ env: PATIENT, as: { command: ['unshare', '-m', 'sh', '-c', script, BINARY, disk] } });
    const inside = `/proc/${host.child.pid}/root${disk}`, filler = fs.openSync(`${inside}/filler`, 'w');
    assert.throws(() => { for (;;) fs.writeSync(filler, Buffer.alloc(512)); }, { code: 'ENOSPC' });
    // The last page of the log itself has room: all but what the beginning of a line takes.
    assert.throws(() => { for (;;) fs.appendFileSync(`${inside}/log`, '\n'); }, { code: 'ENOSPC' });
    fs.truncateSync(`${inside}/log`, fs.statSync(`${inside}/log`).size - 40);
    const full = fs.readFileSync(`${inside}/log`, 'utf8');
    await serves();
    const still = fs.readFileSync(`${inside}/log`, 'utf8');
    assert.equal(still.length, full.length + 40, 'the disk was full');
    fs.closeSync(filler);
    fs.rmSync(`${inside}/filler`);
    assert.equal((await reload(BINARY, host.home)).code, 0);
    // Workers keep their lines until there is room; it is the supervisor that lost some, and tells of it with its next one.
    const later = () => fs.readFileSync(`${inside}/log`, 'utf8').slice(still.length), told = () => /"msg":"log: (\d+) lines were lost/.exec(later());
    await until(told, 20_000, () => `lost lines are told of: ${later()}`);
    assert.ok(Number(told()[1]) >= 2, told()[0]);
    const after_ = later();
    // The line that was begun in the last bytes of the disk is ended later, perhaps behind another's.
    const isWhole = (line) => { try { return JSON.parse(line); } catch { return false; } };
    const torn = after_.split('\n').filter((line) => line && !isWhole(line));
    assert.ok(torn.length <= 2, torn.join('\n'));
  });
});
