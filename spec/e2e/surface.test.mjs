// spec/e2e/surface.test.mjs -- "A surface of your own" of docs/scripting.md, byte by byte as the page has it, with the
// clients that would use it: orders by fetch, their stream by EventSource, notifications by ws, and the page.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { EventSource } from 'eventsource';
import WebSocket from 'ws';
import { blocksOf, wordsOf } from './docs_blocks.mjs';
import { BINARY, makeHome, startHost } from './hosts.mjs';
import { reload } from './modes.mjs';
import { root, until } from './support.mjs';

const FILES = ['errors.lua', 'migrations/9003_kitchen.sql', 'kitchen.lua', 'cook.lua'].map((name) => `api/local/${name}`);
const KEY = `kit_${'0123456789abcdef'.repeat(2)}`, PAGE = '<!doctype html><title>Kitchen</title>';
const ECHO = `-- api/local/echo.lua -- writes a text into the log.
local api, s = require "human.api", require "human.schema"
local g = api.group { tag = "Echo", base = "/echo", auth = false }
g:post("/", { summary = "Log", body = s.object { text = s.string }, reply = { [204] = false } }, function(_, body)
  print(body.text)
  return 204
end)
return {}
`;
const open = new Set();              // what a test that fails has not closed
const bearer = { authorization: `Bearer ${KEY}` };
const home = makeHome(), tree = path.join(home, 'tree');
const put = (name, text) => {
  fs.mkdirSync(path.dirname(path.join(home, name)), { recursive: true });
  fs.writeFileSync(path.join(home, name), text, { mode: 0o600 });
};
const configure = (cookS) => put('human.json', JSON.stringify({ kitchen: { cook_s: cookS, key: KEY } }));

let host;
before(async () => {
  const blocks = blocksOf('docs/scripting.md');
  for (const file of FILES) put(`tree/${file}`, blocks.find((block) => wordsOf(block).file === file).text);
  put('tree/api/local/echo.lua', ECHO);
  put('kitchen-ui/index.html', PAGE);
  configure('1h');
  host = await startHost({ home, env: {
    HUMAN_SCRIPTS: `${tree}:${root}/scripts`, HUMAN_CONFIG: path.join(home, 'human.json'), HUMAN_OVERRIDES: undefined, HUMAN_TIME_TEST_CLOCK: 'true',
  } });
});
after(async () => {
  for (const one of open) one.close();
  assert.equal((await host?.stop())?.code, 0, host?.log());
});

/** {status, body} of a request; fields: of fetch. */
async function ask(method, where, { headers, ...fields } = {}) {
  const answer = await fetch(host.url + where, { method, headers: { ...bearer, ...headers }, signal: AbortSignal.timeout(60_000), ...fields });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: /json/.test(answer.headers.get('content-type')) ? JSON.parse(text) : text };
}

const order = (dish, key) => ask('POST', '/kitchen/orders', {
  headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) }, body: JSON.stringify({ dish }),
});

/** A stream of the orders: {seen: ["1 soup", ..], errors, close()}. */
function follow() {
  const source = new EventSource(`${host.url}/kitchen/orders`, { fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...bearer } }) });
  const stream = { seen: [], errors: 0, close: () => source.close() };
  open.add(stream);
  source.onmessage = (e) => stream.seen.push(`${e.lastEventId} ${e.data}`);
  source.onerror = () => { stream.errors += 1; };
  return stream;
}

/** A socket that watches: {ws, call(method, params) -> its answer, ready: [n, ..]}. */
async function watch() {
  const ws = new WebSocket(`${host.url.replace('http', 'ws')}/kitchen/ws`, { headers: bearer }), frames = [];
  ws.on('message', (data) => frames.push(JSON.parse(data)));
  open.add(ws);
  await once(ws, 'open');
  let id = 0;
  const socket = {
    ws,
    get ready() { return frames.filter((f) => f.method === 'ready').map((f) => f.params.n); },
    async call(method, params) {
      const mine = (id += 1);
      ws.send(JSON.stringify({ jsonrpc: '2.0', id: mine, method, params }));
      await until(() => frames.some((f) => f.id === mine), 5000, `an answer to ${method}`);
      return frames.find((f) => f.id === mine);
    },
  };
  assert.ok('result' in await socket.call('watch'));
  return socket;
}

const human = (...args) => promisify(execFile)(BINARY, args, { env: { ...process.env, HUMAN_HOME: home, HUMAN_SCRIPTS: host.scripts, HUMAN_CONFIG: path.join(home, 'human.json') } });

describe('a surface of one page of scripts', () => {
  it('takes an order once for its key, streams it, and says in its own words when it is full', async () => {
    const stream = follow();
    assert.deepEqual((await order('soup', 'first')).body, { n: 1 });
    assert.deepEqual((await order('soup', 'first')).body, { n: 1 });
    assert.deepEqual([(await order('tea')).body, (await order('cake')).body], [{ n: 2 }, { n: 3 }]);
    const { status, body } = await order('pie');
    assert.deepEqual([status, body], [409, { problem: 'FULL', text: 'Three dishes wait already' }]);
    const socket = await watch(), { error } = await socket.call('order', { dish: 'pie' });
    assert.deepEqual([error.code, error.message, error.data.code], [-32050, body.text, 'FULL']);
    socket.ws.close();
    await until(() => stream.seen.length >= 3, 5000, 'three orders');
    assert.deepEqual(stream.seen, ['1 soup', '2 tea', '3 cake']);
    stream.close();
  });

  it('loses neither a stream nor a socket nor a dish when it is reloaded with another setting', async () => {
    const stream = follow(), socket = await watch();
    await until(() => stream.seen.length === 3, 5000, 'what was ordered');
    configure(0);
    fs.appendFileSync(path.join(tree, 'api/local/cook.lua'), '-- other scripts\n');
    const said = await reload(BINARY, home);
    assert.equal(said.code, 0, said.text);
    await human('clock', 'advance', '1h');
    await until(() => socket.ready.length === 3, 10_000, () => `three dishes are ready, not ${socket.ready}`);
    assert.deepEqual((await socket.call('order', { dish: 'pie' })).result, { n: 4 });
    await until(() => socket.ready.length === 4 && stream.seen.length === 4, 10_000, () => `the fourth: ${socket.ready}; ${stream.seen}`);
    assert.deepEqual([[...socket.ready].sort(), stream.seen[3], stream.errors], [[1, 2, 3, 4], '4 pie', 0]);
    stream.close();
    socket.ws.close();
  });

  it('begins where a client was that comes back', async () => {
    const controller = new AbortController(), signal = AbortSignal.any([controller.signal, AbortSignal.timeout(60_000)]);
    const answer = await fetch(`${host.url}/kitchen/orders`, { headers: { ...bearer, 'last-event-id': '2' }, signal });
    let text = '';
    for await (const bytes of answer.body) {
      text += Buffer.from(bytes);
      if (/id: 4[^]*\n\n/.test(text)) break;
    }
    assert.equal(text.replace(/^:.*\n\n?/gm, ''), 'id: 3\ndata: cake\n\nid: 4\ndata: pie\n\n');
    controller.abort();
  });

  it('refuses all that is wrong in its own shape', async () => {
    const json = { 'content-type': 'application/json' }, post = (body, headers) => ['POST', '/kitchen/orders', { headers: { ...json, ...headers }, body }];
    await order('jam', 'jam');
    for (const [status, problem, args] of [
      [401, 'unauthorized', ['GET', '/kitchen/orders', { headers: { authorization: '' } }]],
      [401, 'unauthorized', ['GET', '/kitchen/orders', { headers: { authorization: 'Bearer kit_wrong' } }]],
      [401, 'unauthorized', post('{', { authorization: 'Bearer kit_wrong' })],
      [400, 'validation_error', post('{')],
      [400, 'validation_error', post('{"dish":""}')],
      [400, 'validation_error', post('{"dish":"x","table":1}')],
      [400, 'validation_error', post('{"dish":"x"}', { 'idempotency-key': ' '.repeat(3) + 'é' })],
      [422, 'idempotency_key_reused', post('{"dish":"ham"}', { 'idempotency-key': 'jam' })],
      [415, 'unsupported_media_type', post('x', { 'content-type': 'text/plain' })],
      [413, 'payload_too_large', post(`{"dish":"${'x'.repeat(3e6)}"}`)],
      [404, 'not_found', ['GET', '/kitchen/nothing', { headers: { accept: 'text/html' } }]],
      [405, 'method_not_allowed', ['DELETE', '/kitchen/orders']],
      [426, 'upgrade_required', ['GET', '/kitchen/ws']],
    ]) {
      const { status: got, body } = await ask(...args);
      assert.deepEqual([got, body.problem, typeof body.text], [status, problem, 'string'], `${args[0]} ${args[1]} ${JSON.stringify(args[2])}: ${got} ${JSON.stringify(body)}`);
      assert.deepEqual(Object.keys(body).slice(0, 2), ['problem', 'text']);
      assert.ok(!('error' in body) && !('code' in body));
    }
  });

  it('refuses sockets without a key in its shape, and calls by the numbers of JSON-RPC', async () => {
    const ws = new WebSocket(`${host.url.replace('http', 'ws')}/kitchen/ws`);
    const [, answer] = await once(ws, 'unexpected-response');
    let text = '';
    for await (const bytes of answer) text += bytes;
    assert.deepEqual([answer.statusCode, JSON.parse(text).problem], [401, 'unauthorized']);
    const socket = await watch();
    assert.equal((await socket.call('nothing')).error.code, -32601);
    assert.equal((await socket.call('watch', { loud: true })).error.code, -32602);
    socket.ws.close();
  });

  it('has a page whose tag browsers come back with, is described, and shows its keys to no log', async () => {
    const page = await ask('GET', '/kitchen/', { headers: { authorization: '' } });
    assert.deepEqual([page.status, page.body], [200, PAGE]);
    assert.equal((await ask('GET', '/kitchen/', { headers: { 'if-none-match': page.headers.get('etag') } })).status, 304);
    const { body: api } = await ask('GET', '/openapi.json');
    const { responses } = api.paths['/kitchen/orders'].post;
    assert.match(JSON.stringify(responses[409]), /KitchenError/);
    assert.match(JSON.stringify(responses), /FULL/);
    const { body: rpc } = await ask('GET', '/openrpc.json');
    assert.ok(rpc.methods.some((m) => m.name === 'watch'));
    await ask('POST', '/echo/', { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text: `it is ${KEY}.` }) });
    await until(() => /it is /.test(host.log()), 5000, 'the line is in the log');
    assert.ok(!host.log().includes(KEY) && /it is kit_\S*\*|it is \S*kit_/.test(host.log()), /.*it is .*/.exec(host.log())[0]);
    assert.match((await human('config')).stdout, /kitchen\.key .*set, not shown/);
  });
});
