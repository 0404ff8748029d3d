// spec/e2e/cli_cron.test.mjs -- `human cron`: jobs are made, seen, run, paused and removed in the terminal.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { CLOCK, human, PATIENCE_MS } from './gateway_cron_world.mjs';
import { errors, startHost } from './hosts.mjs';
import { until } from './support.mjs';

let host;
before(async () => { host = await startHost({ env: { ...CLOCK, HUMAN_SECURITY_AUTONOMY_LEVEL: '4', HUMAN_GATEWAY_REQUIRE_PAIRING: 'true' } }); });
after(async () => {
  assert.deepEqual(errors(host.log()), []);
  assert.equal((await host.stop()).code, 0);
});
const cron = (...words) => human(host.home, ['cron', ...words]);
const json = async (...words) => {
  const { code, stdout, stderr } = await cron(...words, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
};

it('a job is created, listed, run, inspected, paused and removed', async () => {
  assert.equal((await cron()).stdout, 'There is no job. `human help cron` shows how to add one.\n');
  const made = await cron('add', '0 8 * * MON-FRI', 'What time is it?', '--name', 'Morning', '--tz', 'Europe/Stockholm');
  assert.match(made.stdout, /^Job 1: 0 8 \* \* MON-FRI, next \d{4}-\d\d-\d\d 0[67]:00:00Z\.\n$/, made.stderr);
  const [head, line] = (await cron('list')).stdout.split('\n');
  assert.match(head, /^ID +WHEN +ZONE +NEXT +LAST +STATUS +DOES +NAME$/);
  assert.match(line, /^1 +0 8 \* \* MON-FRI +Europe\/Stockholm +20.*Z +- +- +agent +Morning$/);
  assert.match((await cron('run', '1')).stdout, /^It has begun/);
  await until(async () => (await json('runs', '1')).runs[0].status === 'completed', PATIENCE_MS, 'it has run');
  assert.match((await cron('runs', '1')).stdout, /completed +\d+\.\d s .*The tool time says/);
  const { runs: [run] } = await json('runs', '1');
  assert.match((await cron('runs', '1', String(run.id))).stdout, /completed\.\nThe tool time says/);
  assert.equal((await cron('pause', '1')).stdout, 'Paused.\n');
  assert.match((await cron('list')).stdout, /paused/);
  assert.equal((await cron('resume', '1')).stdout, 'It goes on.\n');
  assert.equal((await json('list')).jobs[0].enabled, true);
  assert.equal((await cron('remove', '1')).stdout, 'Removed, with its history.\n');
  assert.deepEqual([(await cron('remove', '1')).code, (await cron('runs', '1')).stderr], [1, 'human cron: 1: There is no such job; see `human cron`\n']);
});

it('a command, a webhook and a one-shot each take one line', async () => {
  const shell = await json('add', 'every 15m', 'echo from the shell', '--shell', '--timeout', '60', '--missed', 'skip');
  assert.deepEqual([shell.job.type, shell.job.missed, shell.job.payload.timeoutSeconds], ['shell', 'skip', 60]);
  await cron('run', String(shell.id));
  await until(async () => (await json('runs', String(shell.id))).runs[0].output === 'from the shell\n', PATIENCE_MS, 'it has run');
  const hook = await cron('add', 'in 10m', 'Hello', '--deliver', 'https://example.org/hook');
  assert.match(hook.stdout, /shown this once: whsec_\S+\n$/);
  const told = await json('add', '@daily', 'Hello', '--deliver', 'telegram:4711', '--once', '--paused');
  assert.deepEqual([told.job.delivery, told.job.one_shot, told.job.paused], [{ mode: 'announce', channel: 'telegram', to: '4711' }, true, true]);
});

it('a command that cannot run yet says so when it is created', async () => {
  const own = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_WORKERS: '1' } });
  const { stdout } = await human(own.home, ['cron', 'add', '@daily', 'true', '--shell']);
  assert.match(stdout, /^Job 1: @daily, next .*\nThe tool shell is switched off\. Until tools\.enabled has shell, this job fails\.\n$/);
  await own.stop();
});

it('a mistake ends with 1 or 2 and a message', async () => {
  const bad = await cron('add', '61 * * * *', 'Hello');
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /^human cron: WHEN: minute \(field 1 of 5\): 61 is out of range/);
  for (const [words, why] of [[['add', '@daily'], 'WHAT is missing'], [['remove', 'x'], 'ID is the number of a job'], [['runs', '1', '--limit', '0'], '--limit is a number of 1 to 100'],
    [['lits'], 'unknown command: lits'], [['list', '--jason'], 'unknown flag: --jason']]) {
    const { code, stderr } = await cron(...words);
    assert.equal(code, 2, words.join(' '));
    assert.ok(stderr.includes(why), stderr);
  }
});
