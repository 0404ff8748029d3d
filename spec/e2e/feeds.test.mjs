// spec/e2e/feeds.test.mjs -- streams that follow a feed, rooms of WebSockets and runs with names, over workers, hosts,
// reloads and kills.  Events found only by polling (every 2 s) would be a second late, half of them.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { closeAll, doer, everywhere, follow, followOn, startTwo } from './feeds_world.mjs';
import { errors, isAlive, rss, sql } from './hosts.mjs';
import { sleep, until } from './support.mjs';

const HALF_MS = 600; // on a machine that does other things as well; by itself it is a few
const PATIENCE_MS = 20_000;
const RELOADS = 12, PACE_MS = 50;    // between two lines of one writer: reloads need a part of the machine as well
let world, sockets;

before(async () => {
  world = await startTwo({ HUMAN_RELOAD_GRACE_MS: '2000', // what runs on old scripts ends while the tests go on
    HUMAN_RELOAD_TIMEOUT_MS: '60000' });                     // a machine that has no time is not what is tested
  sockets = await everywhere(world);
});
afterEach(closeAll);
after(async () => {
  for (const { socket } of sockets ?? []) socket.terminate();
  const ends = [await world?.two.stop(), await world?.one.stop()];
  assert.deepEqual(ends.map((end) => end.code), [0, 0]);
  const ours = (line) => !/was ended by signal 9|"job failed"/.test(line); // by a test; by the end of old scripts
  assert.deepEqual([world.one, world.two].flatMap((host) => errors(host.log())).filter(ours), []);
});

const followEverywhere = (room) => Promise.all([[world.one, 0], [world.one, 1], [world.two, 0], [world.two, 1]].map(([host, worker]) => followOn(host, worker, room)));
const numbers = (n, from = 1) => Array.from({ length: n }, (_, i) => from + i);
const worst = (streams) => Math.max(...streams.flatMap((s) => s.lines.map((line) => line.late)));

describe('streams that follow a feed', () => {
  it(`get each line once, in order and soon, whoever wrote it, over ${RELOADS} reloads`, { timeout: 240_000 }, async (t) => {
    const streams = await followEverywhere('reloads'), workers = [world.one.workers(), world.two.workers()];
    let n = 0, running = true;
    const begun = Date.now();
    const writers = sockets.map(async (s) => {
      while (running) {
        const text = String(n += 1);
        await s.do('post', { room: 'reloads', text });
        await until(() => streams.every((stream) => stream.lines.some((line) => line.text === text)), PATIENCE_MS, `all have heard ${text}`);
        await sleep(PACE_MS);
      }
    });
    for (let i = 0; i < RELOADS; i += 1) await world.reload();
    running = false;
    await Promise.all(writers);
    await sockets[0].do('post', { room: 'reloads', text: String(n += 1) });
    assert.ok(Date.now() - begun > 2000);
    await until(() => streams.every((s) => s.lines.length === n), PATIENCE_MS, () => `all ${n} lines are there: ${streams.map((s) => s.lines.length)}`);
    for (const s of streams) {
      assert.deepEqual(s.lines.map((line) => line.id), numbers(n));
      assert.equal(s.errors, 0);
      assert.equal(s.lines.at(-1).version, world.version());
    }
    const all = streams.flatMap((s) => s.lines.map((line) => line.late)).sort((a, b) => a - b);
    t.diagnostic(`${n} lines, ${all.length} times told; ms late: half ${all[all.length >> 1]}, 99 % ${all[Math.floor(all.length * 0.99)]}, worst ${all.at(-1)}`);
    assert.ok(n > RELOADS);
    assert.ok(all[all.length >> 1] < HALF_MS);
    assert.deepEqual([world.one.workers(), world.two.workers()], workers);
  });

  it('resume after their worker was killed, and learn of what another committed but did not live to announce', { timeout: 120_000 }, async () => {
    const streams = await followEverywhere('killed');
    await sockets[0].do('post', { room: 'killed', text: 'a' });
    await until(() => streams.every((s) => s.lines.length === 1), PATIENCE_MS, 'all have heard the first');
    const victim = await doer(world.one, 1), pid = world.one.workers()[1];
    victim.ask('commit', { room: 'killed', text: 'b' });
    await until(async () => (await sql(world.one.home, "select last from e2e_rooms where id = 'killed'"))[0] === '2', PATIENCE_MS, 'it is committed');
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid), PATIENCE_MS, 'the worker is gone');
    await until(() => streams.every((s) => s.lines.length === 2), PATIENCE_MS, () => `all have heard: ${streams.map((s) => s.lines.length)}`);
    await until(() => world.one.workers().length === 2, PATIENCE_MS, 'it is replaced');
    await sockets[2].do('post', { room: 'killed', text: 'c' });
    await until(() => streams.every((s) => s.lines.length === 3), PATIENCE_MS, 'all have heard the last');
    for (const s of streams) assert.deepEqual(s.lines.map((line) => [line.id, line.text]), [[1, 'a'], [2, 'b'], [3, 'c']]);
    assert.deepEqual(streams.map((s) => s.errors > 0), [false, true, false, false]);
    sockets[1].socket.terminate();
    sockets[1] = await doer(world.one, 1);
  });

  it('get all lines once and in order, however slowly they read, without delaying others', { timeout: 120_000 }, async () => {
    const n = 120, text = 'x'.repeat(80_000), socket = net.connect(world.one.port, '127.0.0.1'), quick = await follow(world.one, 'slow');
    socket.write('GET /feeds/slow HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.pause();
    for (let i = 0; i < n; i += 1) {
      const { status } = await fetch(`${world.one.url}/feeds/slow`, { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text }) });
      assert.equal(status, 204);
    }
    await until(() => quick.lines.length === n, PATIENCE_MS, 'who reads has all');
    let said = '';
    socket.setEncoding('latin1').on('data', (piece) => { said += piece; }).resume();
    const ids = () => [...said.matchAll(/^id: (\d+)\n/gm)].map((m) => Number(m[1]));
    await until(() => ids().length >= n, PATIENCE_MS, () => `all came: ${ids().length}`);
    assert.deepEqual(ids(), numbers(n));
    socket.destroy();
  });

  it('cost no task while nothing happens, and little memory: a thousand of them', { timeout: 120_000 }, async (t) => {
    const gauge = async (name) => {
      const text = await (await fetch(`${world.one.url}/metrics`)).text();
      return [...text.matchAll(new RegExp(`^${name}\\{worker="\\d"\\} (.*)$`, 'gm'))].reduce((sum, m) => sum + Number(m[1]), 0);
    };
    const held = () => world.one.workers().reduce((sum, pid) => sum + rss(pid), 0), before_ = held();
    const streams = [];
    for (let i = 0; i < 10; i += 1) streams.push(...await Promise.all(numbers(100).map(() => follow(world.one, 'idle'))));
    await until(async () => await gauge('human_feed_followers') === 1000, PATIENCE_MS, 'all follow');
    await until(async () => await gauge('human_tasks') <= 4, PATIENCE_MS, 'no task is left but those that answer this');
    const each = (held() - before_) / 1000;
    t.diagnostic(`${Math.round(each)} bytes each`);
    assert.ok(each < 20_000, `${each} bytes each`);
    await sockets[3].do('post', { room: 'idle', text: 'x' });
    await until(() => streams.every((s) => s.lines.length === 1), PATIENCE_MS, 'all have heard');
    t.diagnostic(`worst ${worst(streams)} ms late`);
    closeAll();
    await until(async () => await gauge('human_feed_followers') === 0, PATIENCE_MS, 'all have left');
  });
});

describe('rooms of WebSockets', () => {
  it('reach everybody in them, in each sender\'s order, over reloads', async () => {
    for (const s of sockets) { s.said.length = 0; await s.do('join', { room: 'hall' }); }
    await world.reload();
    for (const text of numbers(30)) {
      for (const [i, s] of sockets.entries()) s.ask('say', { room: 'hall', text: `${i}:${text}` });
      if (text % 10 === 0) await world.reload();
    }
    const heard = (s, i) => s.said.filter((m) => typeof m === 'string' && m.startsWith(`${i}:`));
    await until(() => sockets.every((s) => sockets.every((_, i) => heard(s, i).length === 30)), PATIENCE_MS, 'all have heard all');
    for (const s of sockets) for (const i of sockets.keys()) assert.deepEqual(heard(s, i), numbers(30).map((n) => `${i}:${n}`));
    await sockets[3].do('leave', { room: 'hall' });
    await sockets[0].do('say', { room: 'hall', text: '0:31' });
    await until(() => sockets.slice(0, 3).every((s) => heard(s, 0).length === 31), PATIENCE_MS, 'the others hear on');
    assert.equal(heard(sockets[3], 0).length, 30);
  });
});

describe('runs with names', () => {
  it('begin after the answer that announces them, and can be ended from any worker of any host, even after reloads', async (t) => {
    for (const s of sockets) await s.do('join', { room: 'runs' });
    const took = [];
    for (const [i, s] of sockets.entries()) {
      for (const [j, other] of sockets.entries()) {
        const key = `run ${i} ${j}`;
        await s.do('run', { key });
        await until(() => s.said.some((m) => m.runs === key), PATIENCE_MS, 'it runs');
        const at = (what) => s.said.findIndex((m) => m[what] === key);
        assert.ok(at('accepted') < at('runs'));
        if (j === 3) await world.reload();
        const begun = Date.now();
        await other.do('kill', { key });
        assert.equal(other.said.filter((m) => m.found !== undefined).at(-1).found, i === j);
        await until(() => s.said.some((m) => m.ended === key), PATIENCE_MS, 'it has ended');
        took.push(Date.now() - begun);
        assert.equal(s.said.find((m) => m.ended === key).canceled, true);
      }
    }
    t.diagnostic(`ms until the run had ended, and its room had heard: ${took.join(' ')}`);
  });
});
