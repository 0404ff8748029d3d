// spec/e2e/gateway_cron_channels.test.mjs -- results of jobs in chats of channels: to a chat that is named, to whoever is
// allowed there, and back to the chat in which the agent was asked.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { CLOCK, jobsOf, PATIENCE_MS } from './gateway_cron_world.mjs';
import { errors, startHost } from './hosts.mjs';
import { ann, direct, hook, settings, startTelegram } from './telegram.mjs';
import { until } from './support.mjs';

const NEVER = '0 0 1 1 *', SAYS = 'What time is it?';
let telegram, host, us;
before(async () => {
  telegram = await startTelegram();
  host = await startHost({ env: settings(telegram, { ...CLOCK, HUMAN_SECURITY_AUTONOMY_LEVEL: '4', HUMAN_CHANNELS_TELEGRAM_ALLOW_FROM: '42' }) });
  us = await jobsOf(host);
});
after(async () => {
  us.close();
  assert.deepEqual(errors(host.log()), []);
  assert.equal((await host.stop()).code, 0);
  await telegram.close();
});
const delivered = async (id, how) => {
  await until(async () => (await us.runs(id))[0]?.delivery === how, PATIENCE_MS, `job ${id} is ${how}`);
  return (await us.runs(id))[0];
};

it('a result goes to the chat that its job names, in several messages if needed, and counts as delivered when all are sent', async () => {
  const id = await us.add({ expression: NEVER, command: 'seq 3000', name: 'Numbers', delivery: { mode: 'announce', channel: 'telegram', to: '4711' } });
  await us.ok('cron.run', { id });
  await delivered(id, 'delivered');
  const texts = telegram.sent(4711).map((m) => m.body.text);
  assert.ok(texts.length > 1, `${texts.length} messages`);
  assert.match(texts[0], /^1\n2\n3\n/);
  await us.remove(id);
});

it('a result that a chat refuses is an error with the channel\'s reason', async () => {
  telegram.on = (method, body) => (method === 'sendMessage' && body.chat_id === 666
    ? { status: 403, ok: false, error_code: 403, description: 'Forbidden: bot was blocked by the user' } : undefined);
  const id = await us.add({ expression: NEVER, prompt: SAYS, channel: 'telegram', delivery: { mode: 'announce', channel: 'telegram', to: 666 } });
  await us.ok('cron.run', { id });
  const run = await delivered(id, 'failed');
  assert.match(run.delivery_error, /blocked by the user/);
  assert.match((await us.job(id)).last_error, /^It was not delivered: .*blocked by the user/);
  await us.remove(id);
});

it('a channel alone is not enough while nobody is allowed to talk there', async () => {
  const id = await us.add({ expression: NEVER, prompt: SAYS, channel: 'telegram' });
  assert.equal((await us.job(id)).channel, 'telegram');
  await us.ok('cron.run', { id });
  assert.match((await delivered(id, 'failed')).delivery_error, /nobody is allowed to talk there yet/);
  await us.remove(id);
});

it('a person who asks in a chat for something later is told there', async () => {
  const from = { ...ann, id: 42 };
  await hook(host, direct('Run the tool cron_add with {"when": "in 10m", "prompt": "What time is it?", "name": "Tea"}', { from }));
  await telegram.answer(42);
  const [job] = (await us.ok('cron.list')).jobs;
  assert.deepEqual([job.made_by, job.delivery.channel, job.delivery.to, job.one_shot], ['agent', 'telegram', '42', true]);
  await us.advance(601);
  const said = await telegram.answer(42, 2);
  assert.match(said.text, /The tool time says/);
  await us.remove(job.id);
});
