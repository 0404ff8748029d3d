// spec/e2e/market_tools_streams.test.mjs -- answers of tools that are passed on as they come: events and lines, a caller that reads
// slowly or leaves, tools that break off, and what is counted and paid then.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { startMarket } from './market_trading.mjs';
import { counted, fund, makeTool, PATIENCE_MS, plan, startUpstream, UPSTREAM } from './market_tools_world.mjs';
import { until } from './support.mjs';

const env = { HUMAN_EGRESS_ALLOW: `${UPSTREAM}/32`, HUMAN_WORKERS: '1', HUMAN_MARKETPLACE_AUDIT_S: '0' };
const SSE = { 'content-type': 'text/event-stream' };
let market, upstream, provider;

before(async () => {
  upstream = await startUpstream();
  market = await startMarket({ env });
  provider = await market.actor({ name: 'Provider' });
});
after(async () => {
  await market?.stop();
  upstream?.close();
  assert.deepEqual(errors(market?.log() ?? '').filter((line) => !line.includes('was ended by signal 9')), []);
});

/** Someone who has subscribed: {id, listing_id, who, open(input, headers)}. */
async function subscriber({ usd, ...options } = {}) {
  const who = await market.actor();
  if (usd) await fund(market, who, usd);
  const listing_id = await makeTool(market, provider, upstream.url, options);
  const { subscription_id, api_key } = await who.ok('/tool-subscriptions', { listing_id, plan_id: 'starter' });
  return { id: subscription_id, listing_id, who, open: (input, headers) => open(api_key, { subscription_id, input: input ?? {} }, headers) };
}

/** Asks for a stream: {status, headers, events (as they come), text, ended, json(), leave(), pause(), resume()}. */
function open(key, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const req = http.request(`${market.url}/tool-proxy`, { method: 'POST', agent: false,
      headers: { 'x-api-key': key, 'content-type': 'application/json', accept: 'text/event-stream', ...headers } });
    req.on('error', reject);
    req.on('response', (res) => {
      const got = { status: res.statusCode, headers: res.headers, text: '', ended: false, leave: () => req.destroy(), pause: () => res.pause(), resume: () => res.resume() };
      res.on('data', (piece) => { got.text += piece; });
      res.on('end', () => { got.ended = true; });
      res.on('error', () => { got.ended = true; });
      Object.defineProperty(got, 'events', { get: () => got.text.split('\n\n').slice(0, -1).filter((one) => one.startsWith('event:') || one.startsWith('data:'))
        .map((one) => ({ name: /^event: (.*)$/m.exec(one)?.[1], data: JSON.parse(/^data: (.*)$/m.exec(one)[1]) })) });
      got.end = async () => { await until(() => got.ended, PATIENCE_MS, 'the answer has ended'); return got; };
      got.json = async () => { await got.end(); return JSON.parse(got.text); };
      resolve(got);
    });
    req.end(JSON.stringify(body));
    req.leave = () => req.destroy();
    open.last = req;
  });
}

/** Lets the tool answer so, in what fn does. */
async function answering(answer, fn) {
  const usual = upstream.answer;
  upstream.answer = answer;
  try {
    return await fn();
  } finally {
    upstream.answer = usual;
  }
}

const settled = (id) => until(async () => (await counted(market, id)).in_flight === 0, PATIENCE_MS, 'the call is settled');
const row = (s) => market.one(`select state || ' ' || outcome || ' ' || (first_ms is not null) || ' ' || (latency_ms is not null) from market_tool_calls
  where listing_id = '${s.listing_id}' order by started_at desc limit 1`);

describe('an answer that is streamed', () => {
  it('has the events of the tool as they come, then how the period is used, and none of its headers', async () => {
    const s = await subscriber();
    let next;
    await answering((req, res) => {
      assert.match(req.headers.accept, /text\/event-stream/);
      res.writeHead(200, { ...SSE, 'set-cookie': 'a=b', 'x-evil': '1' });
      res.write(': hello\nid: 7\nretry: 5\ndata: {"n":\ndata:  1}\n\n');
      next = () => res.end('event: delta\ndata: {"text": "ü"}\n\nevent: error\ndata: "mine"\n\nevent: usage\ndata: 5\n\ndata: [DONE]\n\ndata: {"after": 1}\n\n');
    }, async () => {
      const got = await s.open({ q: 1 });
      await until(() => got.events.length === 1, PATIENCE_MS, 'the first event is there before the second');
      assert.equal((await counted(market, s.id)).in_flight, 1);
      next();
      await got.end();
      assert.equal(got.status, 200);
      assert.match(got.headers['content-type'], /^text\/event-stream/);
      assert.deepEqual([got.headers['set-cookie'], got.headers['x-evil']], [undefined, undefined]);
      const events = got.events, usage = events.pop();
      assert.deepEqual(events, [{ name: undefined, data: { n: 1 } }, { name: 'delta', data: { text: 'ü' } }, { name: 'tool_error', data: 'mine' }, { name: 'tool_usage', data: 5 }]);
      assert.ok(usage.data.first_event_ms <= usage.data.latency_ms);
      assert.deepEqual({ ...usage, data: { ...usage.data, latency_ms: 0, first_event_ms: 0 } },
        { name: 'usage', data: { calls_this_period: 1, included_calls: 1000, latency_ms: 0, first_event_ms: 0, is_overage: false } });
      assert.doesNotMatch(got.text, /^(id|retry):/m);
    });
    assert.deepEqual(await counted(market, s.id), { used: 1, overage: 0, in_flight: 0 });
    assert.equal(await row(s), 'done ok true true');
  });

  it('has lines of JSON as events, and an answer that is no stream as one', async () => {
    const s = await subscriber();
    await answering((req, res) => {
      res.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8' });
      res.write('{"a": 1}\n\n{"b"');
      res.end(': 2}\r\n[3]');
    }, async () => {
      const got = await (await s.open()).end();
      assert.deepEqual(got.events.slice(0, -1).map((one) => one.data), [{ a: 1 }, { b: 2 }, [3]]);
    });
    const got = await (await s.open({ q: 1 })).end();
    assert.deepEqual(got.events.map((one) => one.name), [undefined, 'usage']);
    assert.deepEqual(got.events[0].data, { echo: { q: 1 } });
  });

  it('is none without Accept, and cannot be had with an Idempotency-Key', async () => {
    const s = await subscriber();
    for (const accept of ['application/json', '*/*', 'text/event-stream;q=0']) {
      assert.deepEqual((await (await s.open({ q: 1 }, { accept })).json()).output, { echo: { q: 1 } });
    }
    const { code, details } = await (await s.open({}, { 'idempotency-key': 'k' })).json();
    assert.deepEqual([code, details[0].path], ['validation_error', 'Idempotency-Key']);
    assert.equal((await counted(market, s.id)).used, 3);
  });

  it('is refused with a status before its first event, and does not count then', async () => {
    const s = await subscriber({ meta: { timeout_ms: 1000 } });
    for (const [what, answer, status, code] of [
      ['fails', (req, res) => res.writeHead(503).end('{}'), 502, 'upstream_error'],
      ['says no', (req, res) => res.writeHead(422).end('{}'), 502, 'upstream_error'],
      ['has no event', (req, res) => res.writeHead(200, SSE).end(': nothing\n\n'), 502, 'upstream_error'],
      ['begins with no JSON', (req, res) => res.writeHead(200, SSE).end('data: hello\n\n'), 502, 'upstream_error'],
      ['begins with a NUL', (req, res) => res.writeHead(200, SSE).end('data: "\0"\n\n'), 502, 'upstream_error'],
      ['begins with bytes that are no text', (req, res) => res.writeHead(200, SSE).end(Buffer.concat([Buffer.from('data: "'), Buffer.from([255]), Buffer.from('"\n\n')])), 502, 'upstream_error'],
      ['begins with an event that is too long', (req, res) => res.writeHead(200, SSE).end(`data: "${'x'.repeat(262145)}"\n\n`), 502, 'upstream_too_large'], // limit: tool event
      ['is a page', (req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), 502, 'upstream_error'],
      ['hangs', (req, res) => res.writeHead(200, SSE).flushHeaders(), 504, 'upstream_timeout'],
      ['is cut off', (req, res) => { res.writeHead(200, SSE); res.write('data: {', () => req.socket.destroy()); }, 502, 'upstream_error'],
    ]) {
      const got = await answering(answer, () => s.open());
      assert.deepEqual([what, got.status, (await got.json()).code], [what, status, code]);
      assert.deepEqual(await counted(market, s.id), { used: 0, overage: 0, in_flight: 0 }, what);
    }
  });

  it('ends with an error where the tool breaks off, and is given back with what it cost', async () => {
    const s = await subscriber({ usd: 1, plans: [plan({ included_calls: 0, overage_cents_per_call: 5 })] });
    const had = await market.earned(s.who);
    for (const [what, rest, code] of [
      ['is cut off', (res, req) => req.socket.destroy(), 'upstream_error'],
      ['goes on with no JSON', (res) => res.write('data: {oh\n\n'), 'upstream_error'],
      ['never ends', (res) => { const on = () => { while (!res.destroyed && res.write(`data: "${'x'.repeat(60000)}"\n\n`)); }; res.on('drain', on); on(); }, 'upstream_too_large'], // limit: tool stream
    ]) {
      let go;
      const got = await answering((req, res) => {
        res.on('error', () => {});
        res.writeHead(200, SSE);
        res.write('data: 1\n\n');
        go = () => rest(res, req);
      }, async () => {
        const one = await s.open();
        await until(() => one.events.length === 1, PATIENCE_MS, 'its first event is there');
        assert.equal(had - await market.earned(s.who), 5000);
        go();
        return one.end();
      });
      const last = got.events.pop();
      assert.deepEqual([what, last.name, last.data.code], [what, 'error', code]);
      assert.equal(await market.earned(s.who), had, what);
      assert.equal(await row(s), 'returned failed true true');
    }
  });
});

describe('a caller', () => {
  it('that leaves ends the call of the tool, and has paid for what it was sent', async () => {
    const s = await subscriber();
    let ended = false;
    await answering((req, res) => {
      res.writeHead(200, SSE);
      res.write('data: 1\n\n');
      res.on('close', () => { ended = true; });
    }, async () => {
      const got = await s.open();
      await until(() => got.events.length === 1, PATIENCE_MS, 'the event is there');
      got.leave();
      await until(() => ended, PATIENCE_MS, 'the tool hears of it');
      await settled(s.id);
    });
    assert.deepEqual(await counted(market, s.id), { used: 1, overage: 0, in_flight: 0 });
    assert.equal(await row(s), 'done ok true true');
  });

  it('that leaves before the first event ends it as well, and has its place again', async () => {
    const s = await subscriber();
    let asked = false, ended = false;
    await answering((req, res) => { asked = true; res.on('close', () => { ended = true; }); }, async () => {
      const got = s.open().catch(() => 'left');
      await until(() => asked, PATIENCE_MS, 'the tool is asked');
      open.last.leave();
      assert.equal(await got, 'left');
      await until(() => ended, PATIENCE_MS, 'the tool hears of it');
      await settled(s.id);
    });
    assert.deepEqual(await counted(market, s.id), { used: 0, overage: 0, in_flight: 0 });
    assert.equal(await row(s), 'returned canceled false true');
  });

  it('that reads slowly holds the tool up, and little waits for it', async () => {
    const s = await subscriber();
    const EVENT = `data: "${'x'.repeat(50_000)}"\n\n`, N = 150;
    let sent = 0, isHeld = false;
    await answering((req, res) => {
      res.writeHead(200, SSE);
      const on = () => {
        while (sent < N) { sent += 1; if (!res.write(EVENT)) { isHeld = true; return; } }
        res.end();
      };
      res.on('drain', on);
      on();
    }, async () => {
      const got = await s.open();
      got.pause();
      let before_ = -1; // what the buffers of the system hold is sent; then nothing moves
      await until(() => { const still = sent === before_ && isHeld; before_ = sent; return still; }, PATIENCE_MS, 'the tool is held up');
      assert.ok(sent < N, `${sent} events were sent to a caller that reads nothing`);
      got.resume();
      await got.end();
      assert.equal(got.events.length, N + 1);
    });
    assert.deepEqual(await counted(market, s.id), { used: 1, overage: 0, in_flight: 0 });
  });
});

describe('a host', () => {
  it('that gets new scripts lets a stream end as it began', async () => {
    const s = await subscriber();
    let go;
    await answering((req, res) => {
      res.writeHead(200, SSE);
      res.write('data: 1\n\n');
      go = () => res.end('data: 2\n\n');
    }, async () => {
      const got = await s.open();
      await until(() => got.events.length === 1, PATIENCE_MS, 'the event is there');
      const { code, stdout, stderr } = await market.human('reload');
      assert.equal(code, 0, stdout + stderr);
      go();
      await got.end();
      assert.deepEqual(got.events.map((one) => one.name ?? one.data), [1, 2, 'usage']);
    });
    assert.deepEqual(await counted(market, s.id), { used: 1, overage: 0, in_flight: 0 });
  });

  it('whose worker is killed within a stream gives the call back by a job', async () => {
    const s = await subscriber();
    await answering((req, res) => { res.writeHead(200, SSE); res.write('data: 1\n\n'); }, async () => {
      const got = await s.open();
      await until(() => got.events.length === 1, PATIENCE_MS, 'the event is there');
      for (const pid of market.workers()) process.kill(pid, 'SIGKILL');
      await until(() => got.ended, PATIENCE_MS, 'it is cut off');
    });
    await market.sql(`update market_tool_calls set settle_by = now() - interval '1 second' where listing_id = '${s.listing_id}' and state = 'open'`);
    await settled(s.id);
    assert.deepEqual(await counted(market, s.id), { used: 0, overage: 0, in_flight: 0 });
    assert.equal(await row(s), 'returned lost false false');
  });
});
