// spec/e2e/bench_tools.test.mjs -- `make bench ARGS=tools`: what its load says, what its floors do, and all of it, briefly.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import path from 'node:path';
import { describe, it } from 'node:test';
import { middle, NUMBER, postScript, readWrk } from '../../bench/tools_load.mjs';
import { makeHome } from './hosts.mjs';
import { startMarket } from './market_trading.mjs';
import { counted, makeTool } from './market_tools_world.mjs';
import { library, SECRET, startSink } from './market_webhooks_world.mjs';
import { freePort, root, until } from './support.mjs';

const has = (program, flag) => spawnSync(program, [flag]).error === undefined;
const lacks = (...programs) => {
  const missing = programs.filter((program) => !has(program, program === 'nginx' || program === '/usr/sbin/nginx' ? '-v' : '--version'));
  return missing.length > 0 && `needs ${missing.join(', ')}`;
};

const SAID = `Running 1s test @ http://127.0.0.1:1/tool-proxy
  1 threads and 32 connections
  Latency Distribution
     50%  812.00us
     75%    1.90ms
     90%    2.17ms
     99%    1.05s
  4711 requests in 1.10s, 0.93MB read
Requests/sec:   4282.73
Transfer/sec:    866.02KB
`;

describe('the load of tools', () => {
  it('reads what wrk says, in milliseconds', () => {
    assert.deepEqual(readWrk(SAID), { count: 4711, rate: 4282.73, p50: 0.812, p99: 1050 });
  });

  it('counts no answer that was refused or lost', () => {
    assert.throws(() => readWrk(`${SAID}  Non-2xx or 3xx responses: 3\n`), /responses: 3/);
    assert.throws(() => readWrk(`${SAID}  Socket errors: connect 0, read 0, write 0, timeout 2\n`), /timeout 2/);
    assert.throws(() => readWrk('unable to connect'), /has not said/);
  });

  it('takes what lies in the middle of each number', () => {
    assert.deepEqual(middle([{ rate: 3, p50: 1 }, { rate: 1, p50: 2 }, { rate: 2, p50: 9 }]), { rate: 2, p50: 2 });
  });

  it('posts the body as it is, each time with another number', { skip: lacks('wrk', 'taskset') }, async () => {
    const seen = [], server = createServer(async (req, res) => {
      let text = '';
      for await (const piece of req) text += piece;
      seen.push({ key: req.headers['x-api-key'], body: JSON.parse(text) });
      res.end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address(), script = postScript(makeHome(), 'numbered', { 'x-api-key': 'hm_]=]' }, { id: NUMBER, text: ']=] \\ "%d"' });
    // A process of its own: wrk() waits for wrk, and the server is here.
    const child = spawn(process.execPath, ['-e', `import(${JSON.stringify(path.join(root, 'bench/tools_load.mjs'))}).then(({ wrk }) => console.log(JSON.stringify(wrk(${JSON.stringify({ port, target: '/', script, clients: 2, seconds: 1 })}))))`],
      { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (text) => { out += text; });
    const [status] = await once(child, 'close');
    server.close();
    assert.equal(status, 0);
    assert.ok(JSON.parse(out).count > 0);
    assert.ok(seen.every(({ key, body }) => key === 'hm_]=]' && body.text === ']=] \\ "%d"'));
    assert.equal(new Set(seen.map(({ body }) => body.id)).size, seen.length);
  });
});

describe('the floor of webhooks', () => {
  it('sends as many as it says, so many at a time, each signed', async () => {
    let open = 0, most = 0;
    const held = [], sink = await startSink((req, res) => {
      most = Math.max(most, ++open);
      held.push(() => { open -= 1; res.writeHead(204).end(); });
      if (held.length === 3 || sink.seen.length > 9) for (const go of held.splice(0)) go();
    });
    const port = await freePort(), child = spawn(process.execPath, [path.join(root, 'bench/peers/webhook_loop.mjs'), String(port), sink.url], { stdio: 'inherit' });
    try {
      const ask = () => fetch(`http://127.0.0.1:${port}/10/3`, { method: 'POST' });
      let answer;
      await until(async () => (answer = await ask().catch(() => null)) !== null, 30_000, 'it listens');
      assert.ok(Number(await answer.text()) > 0);
      assert.deepEqual([sink.seen.length, most], [10, 3]);
      for (const { text, headers } of sink.seen) assert.equal(library(SECRET).verify(text, headers).type, 'reputation.updated');
      assert.equal(new Set(sink.seen.map((m) => m.headers['webhook-id'])).size, 10);
      sink.answer = (req, res) => res.writeHead(500).end();
      assert.equal((await ask()).status, 500);
    } finally {
      child.kill();
      sink.close();
    }
  });
});

describe('a reservation of the benchmark', () => {
  it('takes a place, and its call has ended', async () => {
    const market = await startMarket({ scripts: ['bench/scripts'], env: { HUMAN_OVERRIDES: '**', HUMAN_SEAL_KEY: randomBytes(32).toString('hex') } });
    try {
      const [provider, who] = [await market.actor(), await market.actor()];
      const listing_id = await makeTool(market, provider), { subscription_id: id } = await who.ok('/tool-subscriptions', { listing_id, plan_id: 'starter' });
      const period_id = await market.one(`select period_id from market_subscriptions where id = '${id}'`);
      const reserve = () => fetch(`${market.url}/bench/tools/reservation`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ id, period_id, listing_id }) }).then((r) => r.json());
      assert.deepEqual(new Set((await Promise.all(Array.from({ length: 5 }, reserve))).map((r) => r.calls)), new Set([1, 2, 3, 4, 5]));
      assert.deepEqual(await counted(market, id), { used: 5, overage: 0, in_flight: 0 });
      assert.equal(await market.one(`select string_agg(distinct state || ' ' || outcome, ',') from market_tool_calls where subscription_id = '${id}'`), 'done ok');
    } finally {
      await market.stop();
    }
  });
});

describe('make bench ARGS=tools', () => {
  const installed = ['@modelcontextprotocol/sdk', 'pg'].every((name) => fs.existsSync(path.join(root, 'bench/node_modules', name)));
  const skip = !installed ? 'needs what `make bench` installs' : lacks('wrk', 'pgbench', 'taskset', '/usr/sbin/nginx');
  it('ends with a table of all its parts', { skip, timeout: 300_000 }, async () => {
    const child = spawn(process.execPath, [path.join(root, 'bench/run.mjs'), 'tools'],
      { env: { ...process.env, ROUNDS: '1', SECONDS: '1', EVENTS: '100', HUMAN_CONFIG: '', DATABASE_URL: '' }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { out += text; });
    const [status] = await once(child, 'close');
    assert.equal(status, 0, out);
    for (const row of [/\(a\) .*, 1 at a time .*proxy_pass: .*nginx alone/, /\(a\) .*, 32 at a time /, /\(b\) MCP tools\/list \(\d\d+\).*SDK: /, /\(b\) MCP tools\/call humai__credits-balance/,
      /\(b\) MCP tools\/call of a tool/, /\(c\) webhooks to one endpoint .*fetch, 5 at a time/, /\(c\) webhooks to 50 endpoints/, /\(d\) reservations .*, 1 at a time .*pgbench/, /\(d\) reservations .*, 32 at a time/]) assert.match(out, row);
  });
});
