// spec/e2e/gateway_cron.test.mjs -- jobs by the clock, over the control protocol: two hosts with one database and a clock
// that the spec moves.  They begin at their second and once, and say what became of them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Cron } from 'croner';
import { Webhook } from 'standardwebhooks';
import { open } from './gateway.mjs';
import { CLOCK, jobsOf, PATIENCE_MS, receiver } from './gateway_cron_world.mjs';
import { databaseUrl, errors, sql, startHost } from './hosts.mjs';
import { until } from './support.mjs';

const ENV = { ...CLOCK, HUMAN_EGRESS_ALLOW: '127.0.0.0/8' };
let host, other, us, c, hook;
before(async () => {
  hook = await receiver();
  host = await startHost({ env: { HUMAN_DATABASE_POOL: '4', ...ENV } });
  other = await startHost({ env: { HUMAN_DATABASE_POOL: '2', DATABASE_URL: databaseUrl(host.home), ...ENV } });
  us = await jobsOf(host);
  c = us.c;
});
after(async () => {
  us?.close();
  assert.deepEqual(errors(host.log() + other.log()), []);
  await other?.stop();
  await host?.stop();
  await hook?.close();
});

const iso = (s) => new Date(s * 1000).toISOString().replace('.000Z', 'Z');
const SAYS = 'What time is it?';

describe('a job of a client', () => {
  it('has the fields of the web UI, runs by hand, and can be removed', async () => {
    const { added, id } = await us.ok('cron.add', { expression: '0 8 * * *', type: 'agent', prompt: SAYS, name: 'Daily digest', channel: 'gateway', one_shot: false });
    assert.ok(added === true && Number.isInteger(id));
    const job = await us.job(id), { id: _, ...fields } = job;
    assert.deepEqual(Object.fromEntries(['name', 'expression', 'command', 'enabled', 'last_run', 'type', 'channel', 'last_status', 'paused', 'one_shot'].map((k) => [k, fields[k]])),
      { name: 'Daily digest', expression: '0 8 * * *', command: SAYS, enabled: true, last_run: 0, type: 'agent', channel: '', last_status: '', paused: false, one_shot: false });
    const now = await us.now() / 1000;
    assert.match(iso(job.next_run), /T08:00:00Z$/);
    assert.ok(job.next_run > now && job.next_run <= now + 86_400 && Math.abs(job.created_at - now) < 60);
    assert.deepEqual(await us.ok('cron.run', { id }).then(({ started, status }) => [started, status]), [true, 'running']);
    const [run] = await us.over(id);
    assert.equal(run.status, 'completed');
    assert.match(run.output, /The tool time says/);
    assert.ok(run.finished_at >= run.started_at && run.duration_ms >= 0 && run.cause === 'manual');
    const states = c.events('cron.job').filter((e) => e.payload.id === id).map((e) => [e.payload.state, e.payload.status]);
    assert.deepEqual(states, [['started', undefined], ['completed', 'completed']]);
    const after_it = await us.job(id);
    assert.deepEqual([after_it.last_status, after_it.last_run, after_it.next_run], ['completed', run.started_at, job.next_run]);
    assert.deepEqual(await us.remove(id), { removed: true });
    assert.equal((await us.refused('cron.remove', { id })).code, 'NOT_FOUND');
    assert.equal((await us.refused('cron.run', { id })).code, 'NOT_FOUND');
    assert.equal((await us.refused('cron.runs', { id })).code, 'NOT_FOUND');
  });

  it("takes the UI's templates, and is paused by its switch", async () => {
    for (const expression of ['0 8 * * *', '0 17 * * 5', '0 9-17 * * 1-5', '*/15 * * * *', '0 0 * * *']) {
      const id = await us.add({ expression, command: 'true', type: 'shell' });
      assert.equal((await us.job(id)).expression, expression);
      await us.ok('cron.update', { id, enabled: false });
      const paused = await us.job(id);
      assert.deepEqual([paused.enabled, paused.paused, paused.next_run], [false, true, 0]);
      await us.ok('cron.update', { id, enabled: true, expression: '1 2 3 4 *' });
      assert.match(iso((await us.job(id)).next_run), /-04-03T02:01:00Z$/);
      await us.remove(id);
    }
  });

  it('may have the ancestor\'s form: schedule, payload, delivery, a patch', async () => {
    const at = new Date(await us.now() + 3_600_000).toISOString();
    const one = await us.add({ name: 'Once', schedule: { kind: 'at', at }, sessionTarget: 'main', wakeMode: 'now', payload: { kind: 'systemEvent', text: SAYS }, deleteAfterRun: true });
    const job = await us.job(one);
    assert.deepEqual([job.session, job.one_shot, job.deleteAfterRun, job.schedule, job.payload.kind], ['default', true, true, { kind: 'at', at }, 'agentTurn']);
    await us.ok('cron.update', { jobId: String(one), patch: { name: 'Twice', schedule: { kind: 'every', everyMs: 600_000, anchorMs: 0 }, deleteAfterRun: false } });
    const every = await us.job(one);
    assert.deepEqual([every.name, every.expression, every.one_shot, every.next_run % 600], ['Twice', 'every 10m', false, 0]);
    await us.ok('cron.update', { jobId: one, patch: { schedule: { kind: 'cron', expr: '30 7 * * MON', tz: 'Asia/Kolkata', staggerMs: 60_000 }, payload: { kind: 'agentTurn', message: 'Hello', timeoutSeconds: 60 },
      sessionTarget: 'isolated', delivery: { mode: 'announce', channel: 'telegram', to: '12345' } } });
    const cron = await us.job(one);
    const minute = cron.state.nextRunAtMs % 86_400_000 - 2 * 3_600_000;
    assert.ok(minute >= 0 && minute < 60_000, `${cron.state.nextRunAtMs} is within a minute of 02:00 UTC`);
    assert.deepEqual([cron.session, cron.payload.message, cron.payload.timeoutSeconds, cron.delivery.to, cron.channel], [`cron:${one}`, 'Hello', 60, '12345', 'telegram']);
    assert.deepEqual((await us.ok('cron.status')).jobs, 1);
    await us.ok('cron.remove', { jobId: one });
  });

  it('that is nonsense is refused, and the error names the field, the position and the reason', async () => {
    const say = { prompt: 'Hello' };
    const table = [
      [{ ...say, expression: '61 * * * *' }, /^expression: minute \(field 1 of 5\): 61 is out of range/],
      [{ ...say, expression: '0 25 * * *' }, /^expression: hour \(field 2 of 5\): 25 is out of range/],
      [{ ...say, expression: '0 0 0 * *' }, /^expression: day of the month \(field 3 of 5\): 0 is out of range/],
      [{ ...say, expression: '0 0 * FOO *' }, /^expression: month \(field 4 of 5\): 'FOO' is not known/],
      [{ ...say, expression: '0 0 * * 1-' }, /^expression: day of the week \(field 5 of 5\): '1-' is not known/],
      [{ ...say, expression: '* * * *' }, /^expression: a pattern has five fields/], [{ ...say, expression: '@reboot' }, /^expression: a pattern has five fields/],
      [{ ...say, expression: '0 0 31 2 *' }, /^expression: '0 0 31 2 \*' never comes/], [{ ...say, expression: '' }, /^expression: it is empty/],
      [{ ...say, expression: 'x'.repeat(1000) }, /^expression: it is longer than 256 bytes/], [{ ...say, expression: 'every banana' }, /^expression: every: 'banana' is no time/],
      [{ ...say, expression: 'every 0s' }, /^expression: every: '0s'/], [{ ...say, expression: 'every 100000000w' }, /^expression: the time between two runs must be from 1s to 366d/], [{ ...say, expression: 5 }, /^expression must be a string/],
      [{ ...say, expression: '0 8 * * *', tz: 'Mars/Base' }, /^tz: there is no time zone 'Mars\/Base'/], [{ ...say, expression: '0 8 * * *', tz: '../../etc/passwd' }, /^tz: there is no time zone/],
      [{ ...say, schedule: { kind: 'at', at: '2020-01-01T00:00:00Z' } }, /^schedule\.at: 2020-01-01T00:00:00\.000Z is in the past/],
      [{ ...say, schedule: { kind: 'at', at: 'tomorrow' } }, /^schedule\.at: 'tomorrow' is no time/], [{ ...say, schedule: { kind: 'every', everyMs: 1 } }, /^schedule\.everyMs: .*from 1s to/],
      [{ ...say, schedule: { kind: 'never' } }, /^schedule\.kind: it must be at, every or cron/], [{ ...say, schedule: [] }, /^schedule/], [say, /^expression: say when/],
      [{ ...say, delay: 'soon' }, /^delay: 'soon' is no time to wait/], [{ expression: '* * * * *' }, /^command: say what to do/], [{ expression: '* * * * *', command: ' ' }, /^command: it is required/],
      [{ expression: '* * * * *', prompt: 'x'.repeat(4001) }, /^prompt: it is longer than 4000 bytes/], // limit: cron texts
      [{ expression: '* * * * *', command: 'a\u001b[31m' }, /^command: it has control characters/], [{ expression: '* * * * *', argv: [] , type: 'shell' }, /^argv: it must be a list/],
      [{ ...say, expression: '* * * * *', type: 'magic' }, /^type: it must be agent or shell/], [{ expression: '* * * * *', payload: { kind: 'x' } }, /^payload\.kind/],
      [{ ...say, expression: '* * * * *', delivery: { mode: 'webhook', to: 'file:///etc/passwd' } }, /^delivery\.to: it must be an address/],
      [{ ...say, expression: '* * * * *', delivery: { mode: 'webhook', to: 'https://a.example/${secret:openai}' } }, /^delivery\.to: it may hold no secret/],
      [{ ...say, expression: '* * * * *', delivery: { mode: 'announce', channel: 'telegram', to: '1'.repeat(151) } }, /^delivery\.to: it must be a text of 1 to 150 bytes/],
      [{ ...say, expression: '* * * * *', delivery: { mode: 'shout' } }, /^delivery\.mode/], [{ ...say, expression: '* * * * *', sessionTarget: 'moon' }, /^sessionTarget/],
      [{ ...say, expression: '* * * * *', model: 'm', session: 'default' }, /^model: a model goes with a session of the job's own/], [{ ...say, expression: '* * * * *', missed: 'always' }, /^missed/],
      [{ ...say, delay: {} }, /^delay/], [{ ...say, schedule: { kind: 'at', at: {} } }, /^schedule\.at: what was given is no time/], [{ ...say, schedule: { kind: 'cron', expr: [] } }, /^schedule\.expr/],
      [{ ...say, expression: '* * * * *', name: 'a\nb' }, /^name: /], [{ ...say, expression: '* * * * *', timeoutSeconds: 1e9 }, /^timeoutSeconds/],
    ];
    for (const [params, why] of table) {
      const error = await us.refused('cron.add', params);
      assert.equal(error.code, 'INVALID_PARAMS', JSON.stringify(params));
      assert.match(error.message, why, JSON.stringify(params));
    }
    assert.deepEqual((await us.ok('cron.list')).jobs, []);
    assert.match((await us.refused('cron.run', {})).message, /^id: it is required/);
  });

  it('may be planned for any year of four digits', async () => {
    const last = Date.parse('9999-12-31T23:59:59Z');
    for (const schedule of [{ kind: 'at', at: '9999-12-31T23:59:59Z' }, { kind: 'at', at: last }, { kind: 'every', everyMs: 60_000, anchorMs: last }]) {
      const id = await us.add({ prompt: 'Hello', schedule });
      assert.equal((await us.job(id)).next_run, last / 1000, JSON.stringify(schedule));
      await us.remove(id);
    }
  });

  it('whose results cannot be delivered at present says so at once', async () => {
    const said = { expression: '0 0 1 1 *', prompt: SAYS };
    for (const [channel, why] of [['telegran', /^There is no channel telegran\b.*not delivered/], ['telegram', /^channels\.telegram\.\w+ is not set\./]]) {
      const { id, note } = await us.ok('cron.add', { ...said, channel });
      assert.match(note, why);
      await us.remove(id);
    }
    const { id, note } = await us.ok('cron.add', { ...said, channel: 'web' });
    assert.equal(note, undefined);
    await us.remove(id);
  });

  it('keeps what a change does not name, and loses what it says is none', async () => {
    const id = await us.add({ expression: '0 8 * * *', prompt: SAYS, tz: 'Europe/Stockholm', staggerMs: 5000 });
    const when = async (change) => (await us.ok('cron.update', { id, ...change })).job.schedule;
    assert.deepEqual(await when({ expression: '0 9 * * *' }), { kind: 'cron', expr: '0 9 * * *', tz: 'Europe/Stockholm', staggerMs: 5000 });
    assert.deepEqual(await when({ tz: 'America/New_York' }), { kind: 'cron', expr: '0 9 * * *', tz: 'America/New_York', staggerMs: 5000 });
    assert.deepEqual(await when({ staggerMs: 0 }), { kind: 'cron', expr: '0 9 * * *', tz: 'America/New_York' });
    assert.equal((await us.ok('cron.update', { id, model: 'ollama/m' })).job.payload.model, 'ollama/m');
    assert.deepEqual(await us.ok('cron.update', { id, model: null, session: 'mornings' }).then(({ job }) => [job.payload.model, job.session]), [undefined, 'mornings']);
    assert.equal((await us.ok('cron.update', { id, session: null })).job.session, `cron:${id}`);
    for (const patch of [5, 'x', []]) assert.match((await us.refused('cron.update', { id, patch })).message, /^patch: it must be an object/);
    assert.match((await us.refused('cron.update', { id: await us.add({ expression: 'every 5m', prompt: SAYS }), staggerMs: 5 })).message, /^staggerMs: it goes with a pattern/);
    for (const job of (await us.ok('cron.list')).jobs) await us.remove(job.id);
  });

  it('that cannot begin fails, and blocks no other', async () => {
    const id = await us.add({ expression: '0 0 1 1 *', prompt: SAYS }), next = await us.add({ expression: '0 0 1 1 *', prompt: SAYS });
    await sql(host.home, `update gateway_cron_jobs set session_key = E'a\\nb' where id = ${id}`);
    await us.ok('cron.run', { id });
    await us.ok('cron.run', { id: next });
    assert.deepEqual((await us.over(id)).map((r) => r.status), ['failed']);
    assert.deepEqual((await us.over(next)).map((r) => r.status), ['completed']);
    for (const each of [id, next]) await us.remove(each);
  });

  it('that is sent twice with one key is created once', async () => {
    const params = { expression: '0 0 1 1 *', prompt: SAYS, delivery: { mode: 'webhook', to: hook.url }, idempotencyKey: 'once-and-only' };
    const first = await us.ok('cron.add', params);
    assert.deepEqual(await us.ok('cron.add', params), first);
    assert.equal((await us.ok('cron.list')).jobs.length, 1);
    await us.remove(first.id);
  });

  it('can be read but not changed by a viewer, who does not see its address', async () => {
    const id = await us.add({ expression: '0 0 1 1 *', prompt: SAYS, delivery: { mode: 'webhook', to: `${hook.url}/secret-path?key=1` } });
    const viewer = await open(host);
    await viewer.call('connect', { role: 'viewer' });
    const { jobs } = (await viewer.call('cron.list')).payload;
    assert.deepEqual(jobs.map((j) => j.delivery), [{ mode: 'webhook', to: `${hook.url}/…` }]);
    await us.remove(id);
    for (const method of ['cron.add', 'cron.remove', 'cron.run', 'cron.update']) assert.equal((await viewer.call(method, { id: 1 })).error.code, 'FORBIDDEN');
    viewer.ws.close();
  });
});

describe('the clock', () => {
  it('starts a job at its time, on one of two hosts, and reading the job moves nothing', async () => {
    const at = new Date(Math.ceil((await us.now()) / 1000) * 1000 + 5000).toISOString();
    const id = await us.add({ schedule: { kind: 'at', at }, prompt: SAYS });
    const before_it = (await us.job(id)).next_run;
    for (let i = 0; i < 5; i += 1) assert.equal((await us.job(id)).next_run, before_it);
    const [run] = await us.over(id);
    const late = Number((await sql(host.home, `select extract(epoch from started_at - due_at) * 1000 from gateway_cron_runs where id = ${run.id}`))[0]);
    assert.ok(late >= 0 && late < 10_000, `${late} ms late`);
    assert.deepEqual([run.cause, run.status], ['due', 'completed']);
    const done = await us.job(id);
    assert.deepEqual([done.enabled, done.next_run, done.last_status], [false, 0, 'completed']);
    assert.match((await us.refused('cron.update', { id, enabled: true })).message, /^enabled: its time is past/);
    await us.remove(id);
  });

  it('runs each due time once, whatever happens to the hosts', async () => {
    const ids = [await us.add({ expression: '*/5 * * * *', prompt: SAYS }), await us.add({ expression: 'every 5m', prompt: SAYS })];
    for (let n = 1; n <= 4; n += 1) {
      await us.advance(300);
      for (const id of ids) await us.over(id, n);
    }
    for (const id of ids) {
      const list = await us.runs(id);
      assert.deepEqual(list.map((r) => r.status), ['completed', 'completed', 'completed', 'completed']);
      assert.equal(new Set(list.map((r) => r.due_at)).size, 4);
      await us.remove(id);
    }
  });

  it('waits for the present run: times that come due meanwhile are skipped, and recorded once', async () => {
    const id = await us.add({ expression: '* * * * *', command: 'true' });
    await us.advance(60);
    await us.is(id, 'running');
    for (let n = 1; n <= 3; n += 1) {
      await us.advance(60);
      await until(async () => (await us.runs(id))[0].times === n, PATIENCE_MS, `skipped ${n} times`);
    }
    const [skipped, ...before] = await us.runs(id);
    assert.deepEqual([skipped.status, skipped.reason, before.filter((r) => r.status === 'running').length], ['skipped', 'still-running', 1]);
    assert.deepEqual(before.filter((r) => r.reason === 'still-running'), []);
    assert.deepEqual((await us.ok('cron.run', { id })).started, false);
    await us.remove(id);
  });

  it('gives a reason for each missed time, and makes up for the newest within an hour', async () => {
    const hourly = await us.add({ expression: '0 * * * *', prompt: SAYS }), daily = await us.add({ expression: 'every 1d', prompt: SAYS });
    const never = await us.add({ expression: 'every 1d', prompt: SAYS, missed: 'skip' });
    const due = (await us.job(hourly)).next_run, t = (await us.job(daily)).next_run;
    await us.advanceTo(iso(due + 5 * 3600 + 1800));
    const list = await us.over(hourly, 2);
    assert.deepEqual(list.map((r) => [r.status, r.cause, r.due_at - due, r.reason ?? '', r.times]), [['completed', 'missed', 5 * 3600, 'made-up-for', 1], ['skipped', 'missed', 5 * 3600, 'missed', 5]]);
    await us.remove(hourly);
    await us.advanceTo(iso(t + 1800));
    assert.equal((await us.over(daily, 1))[0].cause, 'missed');
    assert.deepEqual((await us.over(never, 1)).map((r) => [r.status, r.reason]), [['skipped', 'missed']]);
    await us.advanceTo(iso(t + 3 * 86_400 + 2 * 3600));
    const late = (await us.over(daily, 2))[0];
    assert.deepEqual([late.status, late.reason, late.times], ['skipped', 'too-late', 3]);
    const job = await us.job(daily);
    assert.deepEqual([job.last_status, job.last_error, job.next_run], ['skipped', 'too-late', t + 4 * 86_400]);
    await us.remove(daily);
    await us.remove(never);
  });

  it('makes up for many jobs one after another, within a limit', async () => { // limit: cron catch-ups
    const at = new Date(await us.now() + 600_000).toISOString(), ids = [];
    for (let i = 0; i < 23; i += 1) ids.push(await us.add({ schedule: { kind: 'at', at }, prompt: SAYS }));
    await us.advance(1200);
    const first = async () => (await sql(host.home, `select state || coalesce(' ' || reason, '') from gateway_cron_runs where job_id between ${ids[0]} and ${ids.at(-1)}`));
    await until(async () => (await first()).length === 23, PATIENCE_MS, 'each is written down');
    assert.ok((await first()).filter((r) => r === 'skipped too-many-missed').length >= 2, String(await first()));
    assert.ok((await first()).filter((r) => r.startsWith('queued')).length >= 10, String(await first()));
    for (let i = 0; i < 10; i += 1) await us.advance(10);
    await until(async () => !(await first()).some((r) => /^(queued|running)/.test(r)), PATIENCE_MS, 'all are over');
    for (const id of ids) await us.remove(id);
  });
});

describe('patterns', () => {
  it('of jobs come due when croner says, in three zones', async () => {
    const zones = ['Europe/Stockholm', 'America/New_York', 'Asia/Kolkata'], id = await us.add({ expression: '* * * * *', prompt: SAYS, paused: true });
    const patterns = ['0 8 * * MON-FRI', '30 2 * * *', '*/15 9-17 1,15 * 5', '0 0 L * *', '5 4 * JAN,jul sun', '@monthly', '0 12 29 2 *', '59 23 * * 5#2', '0 */6 13 * FRI', '15 3 15W * *', '0 9 1-7 * +1', '45 1 * 3,10 0'];
    for (const expression of patterns) {
      for (const tz of zones) {
        await us.ok('cron.update', { id, expression, tz, enabled: true });
        const { next_run: next } = await us.job(id);
        const wanted = new Cron(expression, { timezone: tz, mode: '5-part' }).nextRun(new Date(await us.now() - 500));
        assert.equal(next, wanted.getTime() / 1000, `${expression} in ${tz}`);
      }
    }
    await us.remove(id);
  });
});

describe('clocks that change', () => {
  it('skip and repeat no one-shot, and series follow them', async () => {
    await us.advanceTo('2027-03-27T12:00:00Z');
    const tz = 'Europe/Stockholm';
    const single = await us.add({ expression: '30 2 * * *', prompt: SAYS, tz }), series = await us.add({ expression: '*/30 2 * * *', prompt: SAYS, timezone: tz });
    const ny = await us.add({ expression: '0 9 * * *', prompt: SAYS, tz: 'America/New_York' }), lord = await us.add({ expression: '0 9 * * *', prompt: SAYS, tz: 'Australia/Lord_Howe' });
    assert.deepEqual([single, series, ny, lord].map((id) => id), [single, series, ny, lord]);
    const next = async (id) => iso((await us.job(id)).next_run);
    assert.deepEqual([await next(single), await next(series), await next(ny), await next(lord)], ['2027-03-28T01:00:00Z', '2027-03-29T00:00:00Z', '2027-03-27T13:00:00Z', '2027-03-27T22:00:00Z']);
    await us.advanceTo('2027-03-28T01:00:01Z');
    assert.equal((await us.over(single))[0].status, 'completed');
    assert.equal(await next(single), '2027-03-29T00:30:00Z');
    assert.equal((await us.runs(series)).length, 0);
    await us.advanceTo('2027-10-30T12:00:00Z');
    await us.over(single, 2);
    assert.deepEqual([await next(single), await next(series), await next(ny), await next(lord)], ['2027-10-31T00:30:00Z', '2027-10-31T00:00:00Z', '2027-10-30T13:00:00Z', '2027-10-30T22:00:00Z']);
    await us.advanceTo('2027-10-31T00:30:01Z');
    const n = (await us.over(single, 3)).length;
    assert.equal(await next(single), '2027-11-01T01:30:00Z');
    await us.advanceTo('2027-10-31T01:30:01Z');
    assert.equal((await us.runs(single)).length, n);
    for (const id of [single, series, ny, lord]) await us.remove(id);
  });
});

describe('a command', () => {
  it('asks as the tool does, runs what was approved, fails as programs do, and keeps all output', async () => { // limit: cron output
    const id = await us.add({ expression: '0 0 1 1 *', command: 'printf x%.0s $(seq 20000); echo oops >&2; exit 3' });
    await us.ok('cron.run', { id });
    const asked = await us.approval(id);
    assert.deepEqual([asked.tool, asked.risk, asked.arguments.argv[0]], ['shell', 'high', '/bin/sh']);
    await us.ok('exec.approval.resolve', { id: asked.id, decision: 'allow-always' });
    const [run] = await us.over(id);
    assert.deepEqual([run.status, run.error, run.output, run.output_bytes, run.truncated], ['failed', 'It ended with status 3.', 'x'.repeat(8000), 20_006, true]);
    const [whole] = (await us.ok('cron.runs', { id, runId: run.id })).runs;
    assert.equal(whole.output, `${'x'.repeat(20_000)}\noops\n`);
    const job = await us.job(id);
    assert.deepEqual([job.last_status, job.last_error, job.state.consecutiveErrors], ['failed', 'It ended with status 3.', 1]);
    await us.ok('cron.run', { id });
    await us.over(id, 2);                             // allowed for good
    await us.remove(id);
  });

  it('may print any bytes', async () => {
    const id = await us.add({ expression: '0 0 1 1 *', command: 'printf "a\\000b\\377c"' });
    await us.ok('cron.run', { id });
    await us.ok('exec.approval.resolve', { id: (await us.approval(id)).id, decision: 'allow-once' });
    assert.deepEqual((await us.over(id)).map((r) => [r.status, r.output]), [['completed', 'a\ufffdb\ufffdc']]);
    await us.remove(id);
  });

  it('that is denied, or not approved in time, fails', async () => {
    const id = await us.add({ expression: '0 0 1 1 *', argv: ['ls', '-l'] , type: 'shell' });
    await us.ok('cron.run', { id });
    await us.ok('exec.approval.resolve', { id: (await us.approval(id)).id, decision: 'deny' });
    assert.deepEqual((await us.over(id)).map((r) => [r.status, r.error]), [['failed', 'The operator denied it.']]);
    await us.ok('cron.run', { id });
    await us.approval(id);
    await us.advance(1860);
    assert.match((await us.over(id, 2))[0].error, /Nobody approved it in time/);
    await us.remove(id);
  });

  it('that exceeds its time is ended', async () => { // limit: cron run time
    const id = await us.add({ expression: '0 0 1 1 *', command: 'true', timeoutSeconds: 90 });
    await us.ok('cron.run', { id });
    await us.approval(id);
    await us.advance(91);
    assert.deepEqual((await us.over(id)).map((r) => [r.status, r.reason, r.error]), [['failed', 'timed-out', 'It took longer than 90 seconds and was ended.']]);
    await us.remove(id);
  });

  it('goes on when its job is paused, and ends with its approval when its job is removed', async () => {
    const id = await us.add({ expression: '* * * * *', command: 'echo paused' });
    await us.advance(60);
    const asked = await us.approval(id);
    await us.ok('cron.update', { id, paused: true });
    await us.advance(120);
    await us.ok('exec.approval.resolve', { id: asked.id, decision: 'allow-once' });
    assert.deepEqual((await us.over(id)).map((r) => r.output), ['paused\n']);
    await us.ok('cron.run', { id });
    const next = await us.approval(id);
    await us.remove(id);
    assert.equal((await us.refused('exec.approval.resolve', { id: next.id, decision: 'allow-once' })).code, 'NOT_FOUND');
    assert.deepEqual(await sql(host.home, `select id from gateway_runs where finished_at is null`), []);
    assert.deepEqual(await sql(host.home, `select kind from host_queue where kind like 'cron.%' and key in ('${id}')`), []);
  });
});

describe('a result', () => {
  const bell = (more) => ({ expression: '0 0 1 1 *', prompt: SAYS, delivery: { mode: 'webhook', to: `${hook.url}/bell`, ...more } });

  it('goes to an address, signed per Standard Webhooks, and is repeated with the same id until it arrives', async () => {
    const { id, webhook_secret } = await us.ok('cron.add', bell());
    assert.match(webhook_secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.ok(!JSON.stringify(await us.ok('cron.list')).includes(webhook_secret));
    hook.answers = [500];
    await us.ok('cron.run', { id });
    await us.is(id, 'completed');
    await until(() => hook.requests.length === 1, PATIENCE_MS, 'it is sent');
    await until(async () => {
      await us.advance(3);
      return hook.requests.length === 2;
    }, PATIENCE_MS, 'it is sent again');
    const [first, second] = hook.requests;
    assert.equal(second.headers['webhook-id'], first.headers['webhook-id']);
    const told = new Webhook(webhook_secret);
    // The test clock is ahead of this process's, so the signature is checked without the time's tolerance.
    assert.equal(told.sign(second.headers['webhook-id'], new Date(second.headers['webhook-timestamp'] * 1000), second.body), second.headers['webhook-signature']);
    const body = JSON.parse(second.body);
    assert.deepEqual([body.type, body.data.job_id, body.data.status], ['cron.run.completed', id, 'completed']);
    assert.match(body.data.output, /The tool time says/);
    await until(async () => (await us.runs(id))[0].delivery === 'delivered', PATIENCE_MS, 'it is delivered');
    await us.remove(id);
  });

  // The other host cannot open the secret, and leaves it to this one.
  it('is given up after six tries if its address never takes it', async () => { // limit: cron webhook
    const before_it = hook.requests.length, id = await us.add(bell());
    hook.answers = Array.from({ length: 20 }, () => 503);
    await us.ok('cron.run', { id });
    await until(async () => {
      await us.advance(2400);
      return (await us.runs(id))[0].delivery === 'failed';
    }, PATIENCE_MS, 'it is given up');
    assert.equal(hook.requests.length - before_it, 6);
    assert.equal((await us.runs(id))[0].delivery_error, 'it answered 503');
    await us.remove(id);
  });

  it('that is refused, or must not go there, shows an error', async () => {
    const cases = [[bell(), [404], /it answered 404/], [bell(), [410], /it answered 410/], [bell({ to: 'http://192.168.7.7/x' }), [], /./],
      [{ expression: '0 0 1 1 *', prompt: SAYS, delivery: { mode: 'announce', channel: 'nosuch', to: '1' } }, [], /channel nosuch/]];
    for (const [params, answers, why] of cases) {
      hook.answers = answers;
      const id = await us.add(params);
      await us.ok('cron.run', { id });
      await until(async () => (await us.runs(id))[0].delivery === 'failed', PATIENCE_MS, `${JSON.stringify(params)} is not delivered`);
      const [run] = await us.runs(id);
      assert.deepEqual([run.status, run.delivery], ['completed', 'failed']);
      assert.match(run.delivery_error, why);
      assert.match((await us.job(id)).last_error, /^It was not delivered: /);
      await c.next((f) => f.event === 'error' && f.payload.code === 'cron_not_delivered' && why.test(f.payload.message));
      await us.remove(id);
    }
  });
});

describe('the agent', () => {
  const ask = async (message, key, decision = 'allow-once') => {
    const { runId } = await us.ok('chat.send', { message, sessionKey: key });
    const asked = decision && await until(async () => (await us.ok('exec.approval.list')).approvals.find((a) => a.runId === runId), PATIENCE_MS, 'it asks');
    if (asked) await us.ok('exec.approval.resolve', { id: asked.id, decision });
    return (await c.next((f) => f.event === 'chat' && f.payload.runId === runId && f.payload.state === 'sent', PATIENCE_MS)).payload.message;
  };

  it('creates, lists and removes its own jobs, once somebody permits it', async () => {
    const said = await ask('Run the tool cron_add with {"when": "0 7 * * *", "prompt": "What time is it?", "name": "Morning", "time_zone": "Europe/Stockholm"}', 'planner');
    const id = Number(/"id":(\d+)/.exec(said)[1]);
    const job = await us.job(id);
    assert.deepEqual([job.name, job.type, job.made_by, job.timezone], ['Morning', 'agent', 'agent', 'Europe/Stockholm']);
    assert.match(await ask('Run the tool cron_list', 'planner', null), /Morning/);
    assert.match(await ask('Run the tool cron_add with {"when": "every 5s", "prompt": "Hello"}', 'planner'), /once a minute at most/);
    assert.match(await ask('Run the tool cron_add with {"when": "61 * * * *", "prompt": "Hello"}', 'planner'), /expression: minute \(field 1 of 5\)/);
    assert.match(await ask(`Run the tool cron_remove with {"id": ${id}}`, 'planner'), /was removed/);
  });

  it('creates no jobs while it runs one', async () => {
    const id = await us.add({ expression: '0 0 1 1 *', prompt: 'Run the tool cron_add with {"when": "@daily", "prompt": "Again"}', session: 'breeder' });
    await us.ok('cron.run', { id });
    const asked = await until(async () => (await us.ok('exec.approval.list')).approvals.find((a) => a.sessionKey === 'breeder'), PATIENCE_MS, 'it asks');
    await us.ok('exec.approval.resolve', { id: asked.id, decision: 'allow-once' });
    assert.match((await us.over(id))[0].output, /a run of a job may make no jobs/);
    await us.remove(id);
  });

  it('creates none through an agent that works for a job', async () => {
    const task = 'Run the tool cron_add with {"when": "@daily", "prompt": "Again"}';
    const id = await us.add({ expression: '0 0 1 1 *', prompt: `Run the tool agent_spawn with ${JSON.stringify({ task })}` });
    await us.ok('cron.run', { id });
    for (const tool of ['agent_spawn', 'cron_add']) {
      const asked = await until(async () => (await us.ok('exec.approval.list')).approvals.find((a) => a.tool === tool), PATIENCE_MS, `${tool} asks`);
      await us.ok('exec.approval.resolve', { id: asked.id, decision: 'allow-once' });
    }
    assert.match((await us.over(id))[0].output, /a run of a job may make no jobs/);
    assert.deepEqual((await us.ok('cron.list')).jobs.map((j) => j.id), [id]);
    await us.remove(id);
  });
});

describe('the limits', () => {
  it('allow 200 jobs, and keep 50 runs of each in the history', async () => { // limit: cron jobs; limit: cron.max_run_history
    const id = await us.add({ expression: '0 0 1 1 *', prompt: SAYS });
    for (let i = 1; i < 200; i += 1) await us.add({ expression: '0 0 1 1 *', prompt: `Job ${i}` });
    const error = await us.refused('cron.add', { expression: '0 0 1 1 *', prompt: 'one more' });
    assert.deepEqual([error.code, error.message], ['CONFLICT', 'there are 200 jobs already, as many as there may be; remove one']);
    assert.equal((await us.ok('cron.list')).jobs.length, 200);
    await sql(host.home, `insert into gateway_cron_runs (job_id, cause, state, due_at, start_at, finished_at) select ${id}, 'due', 'completed', now(), now(), now() from generate_series(1, 60)`);
    await us.ok('cron.run', { id });
    await us.is(id, 'completed');
    assert.equal((await us.runs(id)).length, 50);
    await sql(host.home, 'delete from gateway_cron_jobs');
  });
});
