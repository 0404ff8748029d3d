// spec/e2e/gateway_logs.test.mjs -- what the server says of itself: its log, and what it can do.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { open } from './gateway.mjs';
import { startHost } from './hosts.mjs';
import { until } from './support.mjs';

let host, c;
before(async () => {
  host = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_WORKERS: '2', HUMAN_CHANNELS_TELEGRAM_TOKEN: '1:x', HUMAN_CHANNELS_TELEGRAM_WEBHOOK_SECRET: 's'.repeat(32), HUMAN_CHANNELS_TELEGRAM_API_BASE: 'http://127.0.0.1:1' } });
  c = await open(host);
});
after(async () => { c?.ws.close(); await host?.stop(); });

const tail = async (params = {}) => {
  const { payload, error } = await c.call('logs.tail', params);
  assert.ok(payload, JSON.stringify(error));
  return payload;
};
const ask = (path) => fetch(`${host.url}${path}`).then((r) => r.text());

it('shows the newest lines of all workers, as they were logged', async () => {
  await until(async () => new Set((await tail()).lines.map((line) => JSON.parse(line).pid)).size > 1, 15_000, 'both have said something');
  const { lines, cursor, reset, truncated } = await tail();
  assert.ok(lines.length > 3);
  const said = lines.map((line) => JSON.parse(line));
  assert.ok(said.every((l) => l.time && l.level && l.msg));
  assert.ok(new Set(said.map((l) => l.pid)).size > 1);
  assert.ok(cursor > 0);
  assert.deepEqual([reset, truncated], [false, false]);
});

it('goes on from a cursor without losing or repeating a line', async () => {
  const { cursor } = await tail();
  for (let i = 0; i < 5; i += 1) await ask(`/none-${i}`);
  await until(async () => (await tail({ cursor })).lines.filter((line) => JSON.parse(line).status === 404).length === 5, 15_000, 'all is logged');
  let at = cursor;
  const heard = [];
  for (let i = 0; i < 10; i += 1) {
    const part = await tail({ cursor: at, limit: 2 });
    assert.ok(part.lines.length <= 2 && !part.reset);
    heard.push(...part.lines);
    at = part.cursor;
  }
  const again = await tail({ cursor });
  assert.deepEqual(heard, again.lines.slice(0, heard.length));
  assert.equal(heard.filter((line) => JSON.parse(line).status === 404).length, 5);
  assert.equal(JSON.parse((await tail({ limit: 1 })).lines[0]).time, JSON.parse((await tail()).lines.at(-1)).time);
});

it('reports lines that were lost for lack of room, and begins with a whole one', async () => { // limit: log tail
  const { cursor } = await tail();
  for (let i = 0; i < 40; i += 1) await Promise.all(Array.from({ length: 100 }, () => ask('/none')));
  const late = await tail({ cursor, maxBytes: 8192 });
  assert.equal(late.reset, true);
  assert.doesNotThrow(() => JSON.parse(late.lines[0]));
  assert.ok(late.lines.join('\n').length <= 8192 && late.truncated === false);
});

it('contains no secrets, and only operators read it', async () => {
  await fetch(`${host.url}/api/me`, { headers: { 'x-api-key': 'ak_abcdefghijklmnopqrstuvwxyz0123', 'user-agent': 'zc_abcdefghijklmnopqrstuvwxyz01234567' } });
  assert.doesNotMatch((await tail()).lines.join('\n'), /abcdefghijklmnopqrstuvwxyz/);
  const viewer = await open(host);
  await viewer.call('connect', { role: 'viewer' });
  assert.equal((await viewer.call('logs.tail', {})).error.code, 'FORBIDDEN');
  viewer.ws.close();
  for (const params of [{ cursor: -1 }, { limit: 0 }, { maxBytes: 1 }, { cursor: 'x' }]) assert.equal((await c.call('logs.tail', params)).error.code, 'INVALID_PARAMS');
  assert.equal((await tail({ cursor: 2 ** 52 })).reset, true, 'of another start');
});

it('capabilities counts and names what there is', async () => {
  const { payload } = await c.call('capabilities', {});
  for (const [count, names] of [['tools', 'tool_names'], ['channels', 'channel_names'], ['providers', 'provider_names']]) {
    assert.equal(payload[count], payload[names].length);
  }
  assert.ok(payload.tool_names.includes('time') && payload.provider_names.includes('offline'));
  assert.ok(payload.peak_rss_mb > 1);
  assert.equal(payload.version, c.hello.server.version);
  assert.deepEqual(payload.channel_names, ['telegram']);
});
