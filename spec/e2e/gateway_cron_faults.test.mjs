// spec/e2e/gateway_cron_faults.test.mjs -- jobs, and what goes wrong around them: hosts that are killed in a run, that
// were off when a job was due, settings that switch jobs off, and more jobs than may run at a time.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CLOCK, human, jobsOf, PATIENCE_MS, receiver } from './gateway_cron_world.mjs';
import { BINARY, databaseUrl, errors, makeHome, sql, startHost } from './hosts.mjs';
import { reload } from './modes.mjs';
import { until } from './support.mjs';

// Level 4: no tool asks.
const home = makeHome(), file = path.join(home, 'mine.json'), NEVER = '0 0 1 1 *', SAYS = 'What time is it?';
const ENV = { ...CLOCK, HUMAN_CONFIG: file, HUMAN_SECURITY_AUTONOMY_LEVEL: '4', HUMAN_DATABASE_POOL: '4', HUMAN_LIMITS_DRAIN_TIMEOUT_MS: '2000', HUMAN_EGRESS_ALLOW: '127.0.0.1' };
let host, us;
const start = async () => {
  host = await startHost({ home, env: ENV });
  us = await jobsOf(host);
};
const stop = async (how = 'stop') => {
  us.close();
  await host[how]();
};
before(async () => {
  fs.writeFileSync(file, '{}');
  await start();
});
after(async () => {
  us?.close();
  await host?.stop();
});
/** A command that says in the workspace that it began. */
const marks = (name, then) => `echo x >> ${name}; ${then}`;
const begun = (name) => { try { return fs.readFileSync(path.join(home, 'workspace', name), 'utf8').length / 2; } catch { return 0; } };

describe('a host that is killed', () => {
  it('in a command leaves it interrupted; it is tried again once', async () => {
    const id = await us.add({ expression: NEVER, command: marks('killed', 'sleep 3600') });
    await us.ok('cron.run', { id });
    for (let n = 1; n <= 2; n += 1) {
      await until(() => begun('killed') === n, PATIENCE_MS, `it has begun ${n} times`);
      await stop('kill');
      await start();
      await until(async () => (await us.runs(id)).filter((r) => r.status === 'interrupted').length === n, PATIENCE_MS, () => `${n} runs are interrupted`);
      await us.advance(6);                            // the pause before another try
    }
    await us.over(id, 2);
    assert.deepEqual((await us.runs(id)).map((r) => [r.status, r.cause, r.attempt]), [['interrupted', 'retry', 2], ['interrupted', 'manual', 1]]);
    await us.advance(3600);
    assert.equal((await us.runs(id)).length, 2);
    assert.equal(begun('killed'), 2);
    const job = await us.job(id);
    assert.deepEqual([job.last_status, job.running, job.state.consecutiveErrors], ['interrupted', false, 2]);
    await us.remove(id);
  });

  it("in the agent's turn does not end it: the next host goes on", async () => {
    const id = await us.add({ expression: NEVER, prompt: 'Run the tool time, then the tool time, then the tool time, then the tool time' });
    await us.ok('cron.run', { id });
    await stop('kill');
    await start();
    assert.deepEqual((await us.over(id)).map((r) => [r.status, r.attempt]), [['completed', 1]]);
    await us.remove(id);
  });

  it('beside another host leaves its job to that one', async () => {
    const otherHome = makeHome(), other = await startHost({ home: otherHome, env: { ...ENV, HUMAN_CONFIG: '/dev/null', HUMAN_DATABASE_POOL: '2', DATABASE_URL: databaseUrl(home) } });
    const them = await jobsOf(other);
    const there = (name) => fs.existsSync(path.join(otherHome, 'workspace', name));
    for (let n = 1; ; n += 1) {
      assert.ok(n <= 30, 'the other host never has a command');
      const id = await us.add({ expression: NEVER, command: marks(`beside${n}`, `case $PWD in ${otherHome}/*) sleep 3600;; esac`) });
      await them.ok('cron.run', { id });
      await until(() => begun(`beside${n}`) > 0 || there(`beside${n}`), PATIENCE_MS, 'it has begun');
      if (there(`beside${n}`)) {
        them.close();
        await other.kill();
        await until(async () => {
          await us.advance(6);
          return (await us.runs(id)).some((r) => r.status === 'completed');
        }, PATIENCE_MS, 'it is tried again here');
        assert.deepEqual((await us.over(id, 2)).map((r) => [r.status, r.attempt]), [['completed', 2], ['interrupted', 1]]);
        await us.remove(id);
        return;
      }
      await us.over(id);
      await us.remove(id);
    }
  });

  it('again and again while jobs are due starts each due time once', async () => {
    const id = await us.add({ expression: 'every 2s', command: marks('often', 'true') });
    for (let n = 0; n < 3; n += 1) {
      const seen = (await us.runs(id)).length;
      await until(async () => (await us.runs(id)).length > seen, PATIENCE_MS, 'it goes on');
      await stop('kill');
      await start();
    }
    await us.ok('cron.update', { id, enabled: false });
    await us.over(id, 1);
    const list = await us.runs(id), ran = list.filter((r) => r.status === 'completed');
    assert.equal(new Set(ran.map((r) => r.due_at)).size, ran.length, JSON.stringify(list));
    assert.deepEqual(await sql(home, `select due_at, count(*) from gateway_cron_runs where job_id = ${id} and cause <> 'retry' and state <> 'skipped' group by 1 having count(*) > 1`), []);
    const tried = list.filter((r) => r.status !== 'skipped' && r.status !== 'aborted').length;
    assert.ok(begun('often') <= tried && begun('often') >= ran.length, `${begun('often')} of ${tried}`);
    await us.remove(id);
  });
});

describe('a host that was off', () => {
  const away = async (by) => {
    await stop();
    const { code, stderr } = await human(home, ['clock', 'advance', by], CLOCK);
    assert.equal(code, 0, stderr);
    await start();
  };

  it('makes up for what it missed within the hour, reports the rest, and leaves alone what is not due', async () => {
    const soon = await us.add({ delay: '30m', prompt: SAYS }), early = await us.add({ delay: '5m', prompt: SAYS }), later = await us.add({ delay: '3h', prompt: SAYS });
    const often = await us.add({ expression: 'every 10m', prompt: SAYS }), never = await us.add({ delay: '30m', prompt: SAYS, missed: 'skip' });
    await away('80m');
    assert.deepEqual((await us.over(soon)).map((r) => [r.status, r.cause]), [['completed', 'missed']]);
    assert.deepEqual((await us.over(early)).map((r) => [r.status, r.reason]), [['skipped', 'too-late']]);
    assert.deepEqual((await us.over(never)).map((r) => [r.status, r.reason]), [['skipped', 'missed']]);
    const list = await us.over(often, 2);
    assert.deepEqual(list.map((r) => [r.status, r.times]), [['completed', 1], ['skipped', 7]]);
    assert.deepEqual(await us.runs(later), []);
    assert.equal((await us.job(later)).enabled, true);
    assert.deepEqual([(await us.job(early)).enabled, (await us.job(early)).last_status], [false, 'skipped']);
    for (const id of [soon, early, later, often, never]) await us.remove(id);
  });

  it('puts a job back in the queue when its row was dropped', async () => {
    const id = await us.add({ delay: '2h', prompt: SAYS });
    await sql(home, `delete from host_queue where kind = 'cron.due' and key = '${id}'`);
    await away('121m');
    assert.equal((await us.over(id))[0].status, 'completed');
    await us.remove(id);
  });
});

describe('settings', () => {
  const set = async (settings) => {
    fs.writeFileSync(file, JSON.stringify(settings));
    const { code, text } = await reload(BINARY, home);
    assert.equal(code, 0, text);
  };

  it('switch jobs off and on again: times in between count as missed', async () => {
    const id = await us.add({ expression: 'every 10m', prompt: SAYS });
    await us.ok('config.set', { key: 'cron.enabled', value: false });
    await us.advance(610);
    await until(async () => (await sql(home, `select kind from host_queue where kind = 'cron.due'`)).length === 0, PATIENCE_MS, 'its time comes, and goes');
    assert.deepEqual(await us.runs(id), []);
    assert.deepEqual((await us.ok('cron.status')).enabled, false);
    await us.ok('cron.run', { id });                  // by hand it goes
    await us.over(id);
    await us.advance(120);
    await us.ok('config.set', { key: 'cron.enabled', value: true });
    const list = await us.over(id, 2);
    assert.deepEqual([list[0].status, list[0].cause], ['completed', 'missed']);
    await us.remove(id);
  });

  it('say how many jobs run at a time; the others wait for their turn', async () => { // limit: cron.max_concurrent
    const ids = [];
    for (let i = 0; i < 6; i += 1) ids.push(await us.add({ expression: NEVER, command: marks('held', 'until [ -e go ]; do sleep 0.1; done') }));
    for (const id of ids) await us.ok('cron.run', { id });
    const states = async () => (await sql(home, `select state from gateway_cron_runs where job_id between ${ids[0]} and ${ids[5]} order by 1`)).join(' ');
    await until(async () => await states() === 'queued queued running running running running' && begun('held') === 4, PATIENCE_MS, 'four run, two wait');
    fs.writeFileSync(path.join(home, 'workspace', 'go'), '');
    await until(async () => /^completed( completed){5}$/.test(await states()), PATIENCE_MS, 'all have run');
    for (const id of ids) await us.remove(id);
    await set({});
  });
});

it('the only errors in the log are those of the database that ended', async () => {
  assert.deepEqual(errors(host.log()).filter((line) => !/database/.test(line)), []);
});

describe('who is told by push', () => {
  let hook;
  before(async () => { hook = await receiver(); });
  after(() => hook.close());
  /** What is told of a job, once it is. */
  const told = async (id) => {
    const all = () => hook.requests.map((r) => JSON.parse(r.body)).filter((m) => m.data.jobId === id);
    await until(() => all().length > 0, PATIENCE_MS, () => `it is told of job ${id}: ${JSON.stringify(hook.requests)}`);
    return all().map((m) => [m.type, m.data.title, m.data.status, m.data.body]);
  };

  it('learns how a job ended: a command failed, came too late, was cut off by its host\'s end, or was skipped', async () => {
    await us.ok('push.register', { provider: 'webhook', token: `${hook.url}/push` });
    const ran = async (name, params) => {
      const id = await us.add({ name, expression: NEVER, ...params });
      await us.ok('cron.run', { id });
      return id;
    };
    const fine = await ran('Fine', { command: 'echo all is well' });
    assert.deepEqual(await told(fine), [['cron.completed', 'Job done: Fine', 'completed', 'all is well\n']]);
    const failed = await ran('Backup', { command: 'echo half; exit 3' });
    assert.deepEqual(await told(failed), [['error', 'Job failed: Backup', 'failed', 'It ended with status 3.\n\nhalf\n']]);
    const late = await ran('Slow', { command: 'sleep 3600', timeoutSeconds: 600 });
    await us.is(late, 'running');
    await us.advance(601);
    assert.deepEqual(await told(late), [['error', 'Job failed: Slow', 'failed', 'It took longer than 600 seconds and was ended.']]);

    const cut = await ran('Cut', { command: marks('cut', 'sleep 600'), timeoutSeconds: 7200 }), skipped = await us.add({ name: 'Early', delay: '5m', prompt: SAYS, missed: 'skip' });
    await until(() => begun('cut') === 1, PATIENCE_MS, 'it has begun');
    await stop('kill');
    assert.equal((await human(home, ['clock', 'advance', '80m'], CLOCK)).code, 0);
    await start();
    assert.deepEqual((await told(cut)).map((m) => m.slice(0, 3))[0], ['error', 'Job interrupted: Cut', 'interrupted']);
    assert.deepEqual(await told(skipped), [['cron.skipped', 'Job skipped: Early', 'skipped', 'It was due while no server ran it.']]);
    for (const id of [fine, failed, late, cut, skipped]) await us.remove(id);
  });
});
