// spec/e2e/gateway.mjs -- clients of the control protocol, for the specs of the gateway.
import assert from 'node:assert/strict';
import WebSocket from 'ws';
import { until } from './support.mjs';

const ANSWER_MS = 10_000; // clients of this protocol wait no longer

/**
 * An open socket: {ws, frames, hello, say(frame), next(test), call(method, params), ask(id, method, params), events(name), closed}.
 * token: in the header of the upgrade; jsonrpc: calls are made in that dialect.
 */
export async function open(host, { token, headers = {}, jsonrpc = false, ...options } = {}) {
  const authorization = token ? { authorization: `Bearer ${token}` } : {};
  const ws = new WebSocket(`${host.url.replace('http', 'ws')}/ws`, { headers: { ...authorization, ...headers }, ...options });
  const frames = [];
  let count = 0;
  ws.on('message', (data) => frames.push(JSON.parse(data)));
  const closed = new Promise((done) => ws.once('close', (code, reason) => done({ code, reason: String(reason) })));
  const next = async (test, ms = ANSWER_MS) => {
    await until(() => frames.some(test) || ws.readyState === WebSocket.CLOSED, ms,
      () => `a frame such as ${test}; there are ${JSON.stringify(frames.slice(-20)).slice(0, 2000)}`);
    return frames.find(test);
  };
  const say = (frame) => ws.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  const ask = async (id, method, params) => {
    say(jsonrpc ? { jsonrpc: '2.0', id, method, params } : { type: 'req', id, method, params });
    return next((f) => f.id === id && (jsonrpc ? f.jsonrpc === '2.0' : f.type === 'res'));
  };
  /** {payload} or {error} of a call, in either dialect. */
  const call = async (method, params) => {
    const answer = await ask(`c${count += 1}`, method, params);
    assert.ok(answer, `${method} is answered`);
    return { payload: jsonrpc ? answer.result : answer.ok ? answer.payload : undefined, error: answer.error, answer };
  };
  await new Promise((done, fail) => {
    ws.once('open', done);
    ws.once('error', fail);
    ws.once('unexpected-response', (_, response) => {
      let text = '';
      response.on('data', (d) => { text += d; });
      response.on('end', () => fail(Object.assign(new Error(`refused with ${response.statusCode}: ${text}`), { status: response.statusCode, text })));
    });
  });
  const hello = await next((f) => f.type === 'hello-ok');
  return { ws, frames, hello, say, next, ask, call, closed, events: (name) => frames.filter((f) => f.event === name || f.method === name) };
}

/** The methods that a host declares: [{name, params, ..}] of /openrpc.json. */
export async function methodsOf(host) {
  const doc = await (await fetch(`${host.url}/openrpc.json`)).json();
  return doc.methods.filter((m) => m.servers[0].url.endsWith('/ws') && !m.name.includes('@'));
}
