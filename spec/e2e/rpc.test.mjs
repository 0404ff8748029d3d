// spec/e2e/rpc.test.mjs -- an RPC socket over the wire: npm's JSON-RPC client, the gateway's frames and malformed ones.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { JSONRPCClient } from 'json-rpc-2.0';
import WebSocket from 'ws';
import { BINARY, makeHome, startHost } from './hosts.mjs';
import { root, until } from './support.mjs';

let host;
before(async () => { host = await startHost({ scripts: ['spec/e2e/scripts/rpc'] }); });
after(async () => { assert.equal((await host?.stop())?.code, 0, host?.log()); });

/** An open socket with the frames that came: {ws, frames, say, next(test)}. */
async function open(token, url = host.url) {
  const ws = new WebSocket(url.replace('http', 'ws') + '/control/ws', token ? { headers: { authorization: `Bearer ${token}` } } : {});
  const frames = [];
  ws.on('message', (data) => frames.push(JSON.parse(data)));
  const next = async (test) => {
    await until(() => frames.some(test) || ws.readyState === WebSocket.CLOSED, 10_000, `a frame such as ${test}; there are ${JSON.stringify(frames)}`);
    return frames.find(test);
  };
  await next((f) => f.type === 'hello-ok');
  return { ws, frames, next, say: (frame) => ws.send(typeof frame === 'string' ? frame : JSON.stringify(frame)) };
}

const req = (id, method, params) => ({ type: 'req', id, method, params });
const answered = (id) => (f) => f.type === 'res' && f.id === id;

/** npm's client over such a socket. */
async function jsonrpc(token) {
  const socket = await open(token);
  const client = new JSONRPCClient((request) => socket.say(request));
  const events = [];
  socket.ws.on('message', (data) => {
    const value = JSON.parse(data);
    const list = Array.isArray(value) ? value : [value];
    if (list.every((f) => f.jsonrpc && 'id' in f)) client.receive(value);
    else if (value.jsonrpc) events.push(value);
  });
  return { ...socket, client, events };
}

describe('JSON-RPC', () => {
  it('is answered, told events in its own dialect, and refused with numbers and the name of the field', async () => {
    const { client, events, ws } = await jsonrpc('open');
    assert.deepEqual(await client.request('health'), { status: 'ok' });
    const { status, runId } = await client.request('chat.send', { message: 'one two', stream: true });
    assert.equal(status, 'queued');
    await until(() => events.some((e) => e.params.state === 'sent'), 5000, 'the last event');
    assert.deepEqual(events.filter((e) => e.method === 'chat').map((e) => [e.params.seq, e.params.state, e.params.runId]),
      [[1, 'chunk', runId], [2, 'chunk', runId], [3, 'sent', runId]]);
    assert.deepEqual(events.filter((e) => e.method === 'chat.chunk').map((e) => e.params),
      [{ content: 'one', done: false }, { content: 'two', done: false }, { content: '', done: true }]);
    await assert.rejects(client.request('nope'), { code: -32601, message: 'unknown method: nope' });
    await assert.rejects(client.request('chat.send', { message: '' }), (e) => e.code === -32602
      && e.message === 'message must be a string of 1 to 1000 characters' && e.data.details[0].path === 'message');
    await assert.rejects(client.request('sessions.get', { key: 'dear' }),
      (e) => e.code === -32077 && e.data.code === 'too_dear' && e.data.price_usd === 5);
    await assert.rejects(client.request('sessions.get', { key: 'x' }), { code: -32004, message: 'There is no such session' });
    await assert.rejects(client.request('bug'), (e) => e.code === -32603 && e.message === 'Internal error' && /\.\d+$/.test(e.data.requestId));
    ws.close();
  });

  it('carries batches out in order and answers them together, notifications without an answer', async () => {
    const { client, ws, say, frames } = await jsonrpc('open');
    const all = await client.requestAdvanced([
      { jsonrpc: '2.0', id: 1, method: 'health' }, { jsonrpc: '2.0', id: 'two', method: 'wait', params: { seconds: 0.05 } },
      { jsonrpc: '2.0', id: 3, method: 'nope' }]);
    assert.deepEqual(all.map((a) => [a.id, a.result?.status ?? a.result?.gen ?? a.error.code]), [[1, 'ok'], ['two', 'first'], [3, -32601]]);
    client.notify('tell', { text: 'x' });
    const seen = frames.length;
    say([{ jsonrpc: '2.0', method: 'health' }, { jsonrpc: '2.0', method: 'bug' }]);
    say('[1,{"jsonrpc":"2.0","id":9,"method":"health"}]');
    await until(() => frames.length > seen, 5000, 'an answer');
    assert.deepEqual(frames.slice(seen).map((f) => f.map((a) => [a.id, a.result?.status ?? a.error.code])), [[[null, -32600], [9, 'ok']]]);
    ws.close();
  });

  it('gives ids back as they came', async () => {
    const { ws, say } = await open('open');
    for (const id of ['12345678901234567890', '1.0', '-0', '1e2', '"\\u0041\\/"', '""', '"ü"', 'null', '0.1']) {
      const text = new Promise((done) => ws.once('message', (data) => done(data.toString())));
      say(`{"jsonrpc":"2.0","method":"health","id": ${id} }`);
      assert.equal(await text, `{"jsonrpc":"2.0","id":${id},"result":{"status":"ok"}}`);
    }
    ws.close();
  });
});

describe("the gateway's frames", () => {
  it('greet, answer, tell of events and refuse in their own shape', async () => {
    const { ws, frames, say, next } = await open('open');
    assert.deepEqual(frames[0].features.methods.slice(0, 5), ['bug', 'cancel', 'chat.send', 'connect', 'count']);
    say(req('1', 'connect', { client: 'human-ui', version: '0.3.0' }));
    assert.deepEqual((await next(answered('1'))), { type: 'res', id: '1', ok: true, payload: { type: 'hello-ok', protocol: 4, role: 'operator' } });
    say(req('2', 'chat.send', { message: 'Hello' }));
    await next((f) => f.event === 'chat' && f.payload.state === 'sent');
    const order = frames.filter((f) => f.id === '2' || f.event).map((f) => f.event ? `${f.event} ${f.seq} ${f.payload.state}` : f.payload.status);
    assert.deepEqual(order, ['queued', 'chat 1 chunk', 'chat 2 sent']);
    say(req('3', 'chat.send', { message: 'x', pace: 'odd' }));
    const refused = await next(answered('3'));
    assert.equal(refused.ok, false);
    assert.deepEqual(refused.payload, { code: 'INVALID_PARAMS', error: 'pace must be one of slow, fast', message: 'pace must be one of slow, fast' });
    assert.deepEqual(refused.error, { code: 'INVALID_PARAMS', message: 'pace must be one of slow, fast', reason: 'validation_error',
      details: [{ path: 'pace', message: 'must be one of slow, fast' }] });
    ws.close();
  });

  it('may lack a type, have a number for an id, or be what scripts adapt', async () => {
    const { ws, frames, say, next } = await open('open');
    say({ id: 7, method: 'health' });
    assert.equal((await next((f) => f.id === 7)).ok, true);
    say({ method: 'chat.send', params: { message: 'from a telephone' } });
    await next((f) => f.event === 'chat' && f.payload.state === 'sent');
    assert.equal(frames.filter((f) => f.payload?.status === 'queued').length, 0);
    say({ action: 'health', id: 'a' });
    assert.equal((await next(answered('a'))).payload.status, 'ok');
    ws.close();
  });

  // limit: rpc names
  it('that are invalid are refused, and the connection goes on', async () => {
    const { ws, say, frames, next } = await open('open');
    const cases = { '{': 'PARSE_ERROR', '5': 'INVALID_REQUEST', '{}': 'INVALID_REQUEST', '{"type":"req","method":"health"}': 'INVALID_REQUEST',
      '{"type":"event","id":"1"}': 'INVALID_REQUEST', '{"type":"req","id":{},"method":"health"}': 'INVALID_REQUEST',
      [`{"type":"req","id":"${'x'.repeat(300)}","method":"health"}`]: 'INVALID_REQUEST',
      [`{"type":"req","id":"1","method":"${'x'.repeat(200)}"}`]: 'INVALID_REQUEST',
      [`{"type":"req","id":"1","method":"echo","params":{"value":${'['.repeat(100)}${']'.repeat(100)}}}`]: 'PARSE_ERROR' };
    for (const [text, code] of Object.entries(cases)) {
      const seen = frames.length;
      say(text);
      await until(() => frames.length > seen, 5000, text);
      assert.equal(frames[seen].error.code, code, text);
    }
    ws.send(Buffer.from('{"type":"req"}'), { binary: true });
    say(req('last', 'health'));
    assert.equal((await next(answered('last'))).ok, true);
    ws.close();
  });
});

describe('a connection', () => {
  it('leaves the rooms of an actor that it no longer speaks for', async () => {
    const [one, operator] = [await open(), await open()];
    const signIn = async (socket, id, token) => { socket.say(req(id, 'connect', { auth: { token } })); await socket.next(answered(id)); };
    await signIn(operator, '1', 'open');
    await signIn(one, '1', 'open');
    await signIn(one, '2', 'open');
    for (const [id, text] of [['2', 'first'], ['3', 'second']]) {
      operator.say(req(id, 'tell', { text }));
      await operator.next((f) => f.payload?.text === text);
      if (text === 'first') await one.next((f) => f.payload?.text === text);
      await signIn(one, `look ${id}`, 'look');
    }
    assert.deepEqual(one.frames.filter((f) => f.event).map((f) => f.payload.text), ['first']);
    one.ws.close();
    operator.ws.close();
  });

  it('may call what its role allows, and signs in by a message', async () => {
    const { ws, say, next } = await open();
    const codes = async (id, method, params) => { say(req(id, method, params)); return (await next(answered(id))).error?.code ?? 'ok'; };
    assert.equal(await codes('1', 'health'), 'ok');
    assert.equal(await codes('2', 'chat.send', { message: 'x' }), 'FORBIDDEN');
    assert.equal(await codes('3', 'connect', { auth: { token: 'wrong' } }), 'UNAUTHORIZED');
    assert.equal(await codes('4', 'connect', { auth: { token: 'look' } }), 'ok');
    assert.equal(await codes('5', 'sessions.get', { key: 'x' }), 'NOT_FOUND');
    assert.equal(await codes('6', 'chat.send', { message: 'x' }), 'FORBIDDEN');
    assert.equal(await codes('7', 'connect', { auth: { token: 'open' } }), 'ok');
    assert.equal(await codes('8', 'chat.send', { message: 'x' }), 'ok');
    ws.close();
  });

  // limit: rpc calls
  it('has a limited number of open calls, and ends them by id or method', async () => {
    const { ws, say, next, frames } = await open('open');
    for (let i = 0; i < 9; i++) say(req(`w${i}`, 'wait', { seconds: 15 }));
    assert.equal((await next(answered('w8'))).error.message, 'At most 8 calls may be open at a time');
    // one of the eight must end before the canceling call finds a place
    ws.close();
    const other = await open('open');
    other.say(req('a', 'wait', { seconds: 15 }));
    other.say(req('a', 'health'));
    assert.equal((await other.next(answered('a'))).error.message, 'the id is that of a call which is still open');
    other.frames.length = 0;
    other.say('{"type":"req","id":5,"method":"wait","params":{"seconds":15}}');
    other.say(req('c', 'cancel', { id: 5 }));
    assert.equal((await other.next((f) => f.id === 5)).error.code, 'CANCELED');
    assert.deepEqual((await other.next(answered('c'))).payload, { canceled: 1 });
    other.say(req('d', 'cancel', { method: 'wait' }));
    assert.equal((await other.next(answered('a'))).error.code, 'CANCELED');
    assert.equal((await other.next(answered('d'))).payload.canceled, 1);
    other.ws.close();
    assert.ok(frames.length);
  });

  it('learns when a call took too long or came too often', async () => {
    const { ws, say, next } = await open('open');
    say(req('h', 'hurry'));
    assert.deepEqual((({ code, reason }) => [code, reason])((await next(answered('h'))).error), ['DEADLINE_EXCEEDED', 'deadline_exceeded']);
    for (const id of ['1', '2', '3']) say(req(id, 'count'));
    const { error } = await next(answered('3'));
    assert.deepEqual([error.code, error.retryable, error.retryAfterMs], ['RATE_LIMITED', true, 10000]);
    ws.close();
  });

  it('hears what its whole room hears, in its own dialect, on any worker', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => open('open')));
    for (const [i, one] of all.entries()) {
      one.say(i % 2 ? req('c', 'connect', {}) : { jsonrpc: '2.0', id: 'c', method: 'connect', params: {} });
      await one.next((f) => f.id === 'c');
    }
    all[0].say({ jsonrpc: '2.0', id: 't', method: 'tell', params: { text: 'hi' } });
    for (const [i, one] of all.entries()) {
      const note = await one.next((f) => f.event === 'note' || f.method === 'note');
      assert.deepEqual(note, i % 2 ? { type: 'event', event: 'note', payload: { text: 'hi' } } : { jsonrpc: '2.0', method: 'note', params: { text: 'hi' } });
      one.ws.close();
    }
  });
});

it('the declarations are an OpenRPC document and types that a compiler takes', async () => {
  const doc = await (await fetch(`${host.url}/openrpc.json`)).json();
  assert.equal(doc.openrpc, '1.3.2');
  const send = doc.methods.find((m) => m.name === 'chat.send');
  assert.deepEqual(send.params.map((p) => [p.name, p.required, p.schema.type]), [['message', true, 'string'], ['pace', false, 'string'], ['stream', false, 'boolean']]);
  assert.deepEqual(send.result.schema.required, ['runId', 'status']);
  assert.ok(send.errors.some((e) => e.code === -32602 && e.data.code === 'validation_error'));
  assert.deepEqual(doc.methods.find((m) => m.name === 'sessions.get').errors.find((e) => e.code === -32077).data, { code: 'too_dear' });
  assert.deepEqual(doc['x-events'].filter((e) => e.socket === '/control/ws').map((e) => e.name), ['chat', 'chat.chunk', 'note']);
  const ajv = new Ajv2020({ strict: false });
  for (const m of doc.methods) for (const one of [...m.params, m.result]) ajv.compile(one.schema);

  const dir = fs.mkdtempSync(path.join(makeHome(), 'types-'));
  fs.writeFileSync(path.join(dir, 'types.d.ts'), await (await fetch(`${host.url}/types.d.ts`)).text());
  const program = (params) => `import type { ControlWs } from './types';
    const params: ControlWs['methods']['chat.send']['params'] = ${params};
    const result: ControlWs['methods']['chat.send']['result'] = { status: 'queued', runId: 'r' };
    const code: ControlWs['methods']['sessions.get']['errors'] = 'too_dear';
    const event: ControlWs['events']['chat'] = { state: 'sent', runId: 'r' };
    export { params, result, code, event };`;
  const compile = async (params) => {
    fs.writeFileSync(path.join(dir, 'client.ts'), program(params));
    return promisify(execFile)(process.execPath, [path.join(root, 'spec/e2e/node_modules/typescript/bin/tsc'), '--noEmit', '--strict',
      path.join(dir, 'client.ts')]).then(() => '', (e) => e.stdout);
  };
  assert.equal(await compile("{ message: 'x', pace: 'fast' }"), '');
  assert.match(await compile("{ message: 'x', pace: 'odd' }"), /"odd"/);
  assert.match(await compile('{}'), /message/);
});

it('an open call ends on the scripts that it began with, and new scripts answer the next one', async () => {
  const home = makeHome(), own = path.join(home, 'own');
  fs.cpSync(path.join(root, 'spec/e2e/scripts/rpc'), own, { recursive: true });
  const env = { HUMAN_SCRIPTS: `${own}:${path.join(root, 'scripts')}` };
  const other = await startHost({ home, env });
  try {
    const { ws, say, next } = await open('open', other.url);
    say(req('old', 'hold'));
    const file = path.join(own, 'api/control/chat.lua');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replaceAll('gen = "first"', 'gen = "second"'));
    await promisify(execFile)(BINARY, ['reload'], { env: { ...process.env, ...env, HUMAN_HOME: home, HUMAN_CONFIG: '/dev/null', HUMAN_OVERRIDES: '**',
      HUMAN_PORT: other.port, HUMAN_AGENT_PORT: '0' } });
    say(req('new', 'release'));
    assert.equal((await next(answered('new'))).payload.gen, 'second');
    assert.equal((await next(answered('old'))).payload.gen, 'first');
    ws.close();
  } finally {
    await other.stop();
  }
});
