// spec/e2e/gateway_ws.test.mjs -- the control protocol at /ws: its greeting, both dialects over every method that is
// declared, frames of clients that are careless or hostile, and who may come in.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import WebSocket from 'ws';
import { methodsOf, open } from './gateway.mjs';
import { errors, startHost } from './hosts.mjs';
import { until } from './support.mjs';

const MILLION = 'x'.repeat(1_000_000);
// What the protocol may refuse with; INTERNAL is a bug.
const CODES = ['INVALID_REQUEST', 'METHOD_NOT_FOUND', 'INVALID_PARAMS', 'UNAUTHORIZED', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'RATE_LIMITED', 'UNAVAILABLE'];
const NUMBERS = [-32600, -32601, -32602, -32001, -32002, -32004, -32005, -32029, -32003];
// These sign out the connection that tries them.
const APART = new Set(['connect', 'auth.token']);

let host, methods;
before(async () => {
  host = await startHost();
  methods = await methodsOf(host);
});
after(async () => {
  assert.deepEqual(errors(host.log()), []);
  assert.equal((await host.stop()).code, 0);
});

const RELOAD = 'scripts.reload';                 // takes no params, so it would be carried out; gateway_scripts tries it

/** Params that are wrong in as many ways as a method has parameters. */
function wrongParams(method) {
  const all = (value) => Object.fromEntries(method.params.map((p) => [p.name, value]));
  return [undefined, null, {}, [], [1], 'text', 5, true, all(null), all(5), all(-1e300), all([[[]]]), all({ a: { b: {} } }),
    ...method.params.map((p) => ({ [p.name]: MILLION })), all('\u0000'), { ...all('x'), [MILLION.slice(0, 1000)]: 1 }, all('../../etc/passwd'), all(['a', 1, null])];
}

describe('the greeting', () => {
  it('is hello-ok on open and as the answer to connect, and lists what there is', async () => {
    const c = await open(host);
    assert.equal(c.frames[0].type, 'hello-ok');
    assert.equal(typeof c.hello.protocol, 'number');
    assert.match(c.hello.server.version, /^\d+\.\d+\.\d+/);
    for (const name of ['sessions', 'cron', 'skills', 'cost_tracking']) assert.equal(typeof c.hello.features[name], 'boolean', name);
    assert.deepEqual(c.hello.features.methods, methods.map((m) => m.name).sort());
    const answer = await c.ask('7', 'connect', { client: 'human-ui', version: '0.3.0' });
    assert.deepEqual(answer, { type: 'res', id: '7', ok: true, payload: c.hello });
    const challenge = await c.next((f) => f.event === 'connect.challenge');
    assert.match(challenge.payload.nonce, /^[0-9a-f]{32}$/);
    c.ws.close();
  });

  it('makes a client of this machine the operator', async () => {
    const c = await open(host);
    assert.equal(c.hello.auth.role, 'operator');
    assert.equal((await c.call('config.get')).payload.config.gateway.enabled, true);
    c.ws.close();
  });

  it('lets an operator ask for less: a viewer changes nothing, a node sees nothing', async () => {
    for (const [params, code] of [[{ role: 'viewer' }, undefined], [{ scopes: ['operator.read'] }, undefined], [{ role: 'node' }, 'FORBIDDEN']]) {
      const c = await open(host);
      await c.call('connect', params);
      assert.equal((await c.call('models.list')).error?.code, code);
      assert.equal((await c.call('config.get')).error.code, 'FORBIDDEN');
      c.ws.close();
    }
  });
});

describe('each method', () => {
  for (const jsonrpc of [false, true]) {
    it(`answers anything with a result or a refusal that has a name, in ${jsonrpc ? 'JSON-RPC' : 'frames'}`, async () => {
      for (const method of methods.filter((m) => !APART.has(m.name) && m.name !== RELOAD)) {
        const c = await open(host, { jsonrpc });
        for (const params of wrongParams(method)) {
          const { payload, error } = await c.call(method.name, params);
          const what = `${method.name}(${JSON.stringify(params)?.slice(0, 80)}): ${JSON.stringify(error)?.slice(0, 300)}`;
          if (payload) {
            assert.equal(typeof payload, 'object', what);
            assert.equal(payload.error, undefined, what);
          } else if (jsonrpc) {
            assert.ok(NUMBERS.includes(error.code), what);
            assert.equal(typeof error.message, 'string', what);
          } else {
            assert.ok(CODES.includes(error.code), what);
            assert.doesNotMatch(error.message, /\b401\b|unauthorized|Authentication/, what);
          }
          assert.ok(!JSON.stringify(error ?? {}).includes(MILLION.slice(0, 1000)), what);
        }
        c.ws.close();
      }
    });
  }

  it('names the parameter that is wrong or missing', async () => {
    for (const [i, method] of methods.filter((m) => !APART.has(m.name) && m.name !== RELOAD).entries()) {
      const c = await open(host, { jsonrpc: i % 2 === 1 }), names = method.params.map((p) => p.name);
      for (const name of names) {
        for (const value of [5, 'x', [], 'a\u0000']) {
          const { error } = await c.call(method.name, { [name]: value });
          if (![-32602, 'INVALID_PARAMS'].includes(error?.code)) continue;
          const named = [...(error.details ?? error.data?.details ?? []).map((d) => d.path), ...error.message.split(/[^\w]+/)].map((text) => text.split(/[.[]/)[0]);
          assert.ok(named.some((n) => names.includes(n)), `${method.name}(${JSON.stringify({ [name]: value })}): ${JSON.stringify(error)}`);
        }
      }
      c.ws.close();
    }
  });

  it('that signs in refuses an invalid token', async () => {
    for (const jsonrpc of [false, true]) {
      for (const method of methods.filter((m) => APART.has(m.name))) {
        for (const params of wrongParams(method)) {
          const c = await open(host, { jsonrpc });
          const { payload, error } = await c.call(method.name, params);
          assert.ok(payload?.type === 'hello-ok' || (jsonrpc ? NUMBERS : CODES).includes(error?.code), `${method.name} ${JSON.stringify(error)}`);
          c.ws.terminate();
        }
      }
    }
  });

  it('that is unknown is named with a suggestion, in both dialects', async () => {
    const c = await open(host);
    const { answer } = await c.call('no.such.method', { a: 1 });
    const text = 'unknown method: no.such.method';
    assert.deepEqual(answer.payload, { code: 'METHOD_NOT_FOUND', error: text, message: text });
    assert.equal(answer.error.code, 'METHOD_NOT_FOUND');
    assert.equal((await c.call('chat.sned')).error.message, 'unknown method: chat.sned (did you mean chat.send?)');
    assert.equal((await c.call('chat\u001b[31m')).error.message, 'unknown method: chat?[31m');
    const r = await open(host, { jsonrpc: true });
    assert.deepEqual((await r.call('session.list')).error, { code: -32601, data: { code: 'method_not_found' },
      message: 'unknown method: session.list (did you mean sessions.list?)' });
    for (const x of [c, r]) x.ws.close();
  });
});

describe('frames', () => {
  it('may be careless: a numeric id, no type, an action, both dialects on one socket', async () => {
    const c = await open(host);
    c.say({ type: 'req', id: 5, method: 'health' });
    assert.equal((await c.next((f) => f.id === 5)).payload.status, 'ok');
    c.say({ id: 'a', method: 'health' });
    assert.equal((await c.next((f) => f.id === 'a')).ok, true);
    c.say({ action: 'health', id: 'b' });
    assert.equal((await c.next((f) => f.id === 'b')).ok, true);
    c.say({ jsonrpc: '2.0', id: 6, method: 'health' });
    assert.equal((await c.next((f) => f.id === 6)).result.status, 'ok');
    c.say({ type: 'req', id: 'c', method: 'health', params: { unknown: 1 } });
    assert.equal((await c.next((f) => f.id === 'c')).ok, true);
    c.ws.close();
  });

  it('that are invalid get an answer, and the connection goes on', async () => {
    const c = await open(host);
    for (const [text, code] of [['{', 'PARSE_ERROR'], ['null', 'INVALID_REQUEST'], ['[]', -32600], ['{"type":"req"}', 'INVALID_REQUEST'],
      ['{"type":"req","id":"1"}', 'INVALID_REQUEST'], [`"${MILLION}"`, 'INVALID_REQUEST'], ['[[[[[[[[', 'PARSE_ERROR']]) {
      const seen = c.frames.length;
      c.say(text);
      await until(() => c.frames.length > seen, 5000, text.slice(0, 40));
      assert.equal((c.frames[seen].error ?? c.frames[seen][0]?.error).code, code, text.slice(0, 40));
    }
    c.ws.send(Buffer.from([0, 255, 1]), { binary: true });
    assert.equal((await c.call('health')).payload.status, 'ok');
    c.ws.close();
  });

  it('of more than four megabytes end the connection', async () => { // limit: gateway message
    const c = await open(host);
    c.say({ type: 'req', id: '1', method: 'health', params: { x: '\u{1F600}'.repeat(1_000_000) } });
    assert.equal((await c.next((f) => f.id === '1')).payload.status, 'ok');
    c.say('x'.repeat(5 * 1024 * 1024));
    assert.ok([1006, 1009].includes((await c.closed).code)); // 1006: it still wrote when the server hung up
  });

  it('in a flood are refused under their own ids, and hold up nobody else', async () => {
    const c = await open(host), other = await open(host);
    for (let i = 0; i < 2000; i += 1) c.say({ type: 'req', id: `f${i}`, method: 'health' });
    const begun = Date.now();
    assert.equal((await other.call('health')).payload.status, 'ok');
    assert.ok(Date.now() - begun < 10_000);        // clients wait no longer
    await until(() => c.frames.filter((f) => f.type === 'res').length === 2000, 20_000, 'each is answered');
    const refused = c.frames.filter((f) => f.error);
    assert.ok(refused.length > 1000, `${refused.length} of 2000`);
    assert.ok(refused.every((f) => f.error.code === 'RATE_LIMITED' && f.error.retryAfterMs > 0 && /^f\d+$/.test(f.id)));
    for (const x of [c, other]) x.ws.close();
  });
});

describe('a page', () => {
  it('of another origin opens no socket, whatever its name holds', async () => {
    for (const origin of ['https://evil.example', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example', 'http://evil.example/?://localhost',
      'null', 'file://', `http://127.0.0.1:${host.port + 1}`, `https://127.0.0.1:${host.port}`]) {
      await assert.rejects(open(host, { headers: { origin } }), (e) => e.status === 403, origin);
    }
  });

  it('of our own opens one as the operator; a name that is not ours opens none', async () => {
    const c = await open(host, { headers: { origin: host.url } });
    assert.equal(c.hello.auth.role, 'operator');
    c.ws.close();
    await assert.rejects(open(host, { headers: { host: 'rebound.evil.example' } }), (e) => e.status === 421);
    const passed = await open(host, { headers: { 'x-forwarded-for': '192.0.2.7' } });
    assert.equal(passed.hello.auth.role, null);
    assert.equal((await passed.call('models.list')).error.code, 'UNAUTHORIZED');
    passed.ws.close();
  });
});

describe('with gateway.auth_token', () => {
  const TOKEN = 'a-token-of-the-operator';
  let own;
  before(async () => {
    own = await startHost({ env: { HUMAN_GATEWAY_AUTH_TOKEN: TOKEN, HUMAN_WORKERS: '1',
                                   HUMAN_GATEWAY_CORS_ORIGINS: 'https://app.example' } });
  });
  after(async () => { assert.equal((await own.stop()).code, 0); });

  it('a client that presents it with the upgrade, or in a message, is the operator; a wrong one is refused', async () => {
    const c = await open(own, { token: TOKEN });
    assert.equal(c.hello.auth.role, 'operator');
    assert.ok((await c.call('config.get')).payload.config);
    assert.ok(!JSON.stringify(c.frames).includes(TOKEN));
    await assert.rejects(open(own, { token: 'wrong' }), (e) => e.status === 401 && JSON.parse(e.text).error === 'invalid_token');
    await assert.rejects(open(own, { token: 'undefined' }), (e) => e.status === 401);
    for (const params of [['connect', { auth: { token: TOKEN } }], ['connect', { auth: { password: TOKEN } }], ['auth.token', { token: TOKEN }]]) {
      const d = await open(own);
      assert.equal(d.hello.auth.role, null);
      assert.equal((await d.call('models.list')).error.code, 'UNAUTHORIZED');
      assert.ok((await d.call(...params)).payload, params[0]);
      assert.ok((await d.call('models.list')).payload);
      d.ws.close();
    }
    c.ws.close();
  });

  it('anybody else may only say hello, and hears no event', async () => {
    const c = await open(own);
    for (const method of await methodsOf(own)) {
      const { payload, error } = await c.call(method.name, {});
      if (['connect', 'health'].includes(method.name)) assert.ok(payload, method.name);
      else assert.ok(['UNAUTHORIZED', 'INVALID_PARAMS'].includes(error.code), `${method.name}: ${error.code}`);
    }
    assert.deepEqual((await c.call('health')).payload, { status: 'ok' });
    assert.equal((await c.call('auth.token', { token: 'wrong' })).error.code, 'UNAUTHORIZED');
    assert.deepEqual(c.frames.filter((f) => f.type === 'event').map((f) => f.event), ['connect.challenge']);
    c.ws.close();
  });

  // limit: gateway.sign_in_ms
  it('who does not sign in is sent away after a while', async () => {
    const short = await startHost({ env: { HUMAN_GATEWAY_AUTH_TOKEN: TOKEN, HUMAN_GATEWAY_SIGN_IN_MS: '1000', HUMAN_WORKERS: '1' } });
    const c = await open(short);
    assert.deepEqual(await c.closed, { code: 1008, reason: 'pairing required: nobody has signed in on this connection' });
    await short.stop();
  });

  it('a page that cors_origins lists may come in with a token, and no other page', async () => {
    const c = await open(own, { headers: { origin: 'https://app.example' } });
    assert.equal(c.hello.auth.role, null);
    assert.equal((await c.call('auth.token', { token: TOKEN })).payload.role, 'operator');
    c.ws.close();
    await assert.rejects(open(own, { headers: { origin: 'https://app.example.evil' }, token: TOKEN }), (e) => e.status === 403);
  });

  it('a token in the query string does not count', async () => {
    const ws = new WebSocket(`${own.url.replace('http', 'ws')}/ws?token=${TOKEN}`), frames = [];
    ws.on('message', (data) => frames.push(JSON.parse(data)));
    await until(() => frames.length, 5000, 'the greeting');
    assert.equal(frames[0].auth.role, null);
    ws.close();
  });
});

describe('settings', () => {
  it('turn the control protocol off, and leave the other APIs', async () => {
    const own = await startHost({ env: { HUMAN_GATEWAY_ENABLED: 'false', HUMAN_WORKERS: '1' } });
    await assert.rejects(open(own), (e) => e.status === 404);
    assert.equal((await fetch(`${own.url}/pair`, { method: 'POST' })).status, 404);
    assert.equal((await fetch(`${own.url}/health`)).status, 200);
    await own.stop();
  });

  it('that would let strangers in, or nobody, are refused at the start', async () => {
    for (const [env, why] of [[{ HUMAN_GATEWAY_ALLOW_PUBLIC_BIND: 'true', HUMAN_GATEWAY_HOST: '0.0.0.0' }, /gateway\.allow_public_bind: needs gateway\.auth_token/],
      [{ HUMAN_GATEWAY_CORS_ORIGINS: '*' }, /gateway\.cors_origins: .*is no origin/]]) {
      await assert.rejects(startHost({ env: { ...env, HUMAN_WORKERS: '1' } }), (e) => why.test(e.message), why.source);
    }
  });
});
