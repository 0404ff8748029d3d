// spec/e2e/llm_fault_server.mjs -- a model server that misbehaves on request.
// It speaks the four dialects.  The last "FAULT:mode:number" in the request's body selects the fault, so that
// concurrent requests do not disturb each other; without one the answer is complete.
//   cut:N     the first N bytes, then the connection is destroyed
//   end:N     the first N bytes, then a proper end of the response
//   split:N   cut in two pieces after N bytes, a moment apart
//   bytes:0   one byte at a time
//   delay:MS  nothing for this long
//   hang:0    never an answer
//   status:N  an error status
//   after:S   429 with Retry-After: S at the first request, an answer at the second
//   error:0   an error event in the middle of the stream
import http from 'node:http';
import * as shapes from './dialects.mjs';
import { lines, named, sse } from './dialects.mjs';

export const ANSWER = 'Hi Sarah, žluť 💪';

const answered = { pieces: [ANSWER.slice(0, 9), ANSWER.slice(9)] };

// Each dialect: the path that tells it, its whole stream, and an error in the middle of one.
const broken = (name, count, error) => shapes[name].stream(answered).split(/(?<=\n)(?=\S)/).slice(0, count).join('') + error;
const dialects = [
  { name: 'openai', path: /\/chat\/completions$/, error: broken('openai', 2, sse({ error: { message: 'broke', type: 'server_error' } })) },
  { name: 'anthropic', path: /\/messages$/,
    error: broken('anthropic', 2, named({ type: 'error', error: { type: 'overloaded_error', message: 'broke' } })) },
  { name: 'gemini', path: /:streamGenerateContent/, error: broken('gemini', 1, sse({ error: { code: 503, message: 'broke' } })) },
  { name: 'ollama', path: /\/api\/chat$/, error: broken('ollama', 1, lines({ error: 'broke' })) },
].map((d) => ({ ...d, type: shapes[d.name].type, stream: shapes[d.name].stream(answered) }));

export const streamOf = (name) => Buffer.from(dialects.find((d) => d.name === name).stream);

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// Written so that each piece is a segment of its own.
async function pieces(res, list) {
  for (const piece of list) {
    if (piece.length === 0) continue;
    res.write(piece);
    await pause(2);
  }
}

const modes = {
  async cut(res, whole, n) {
    res.write(whole.subarray(0, n));
    await pause(5);
    res.destroy();
  },
  async end(res, whole, n) { res.end(whole.subarray(0, n)); },
  async split(res, whole, n) {
    await pieces(res, [whole.subarray(0, n), whole.subarray(n)]);
    res.end();
  },
  async bytes(res, whole) {
    await pieces(res, [...whole].map((b) => Buffer.of(b)));
    res.end();
  },
  async delay(res, whole, n) {
    await pause(n);
    res.end(whole);
  },
};

function refuse(res, status, headers = {}) {
  res.writeHead(status, { 'content-type': 'application/json', ...headers });
  res.end(JSON.stringify({ error: { message: `fault ${status}` } }));
}

async function answer(server, req, res, body) {
  const dialect = dialects.find((d) => d.path.test(req.url.split('?')[0]));
  if (!dialect) return refuse(res, 404);
  const fault = [...body.matchAll(/FAULT:(\w+):(\d+)/g)].pop();
  const [mode, n] = fault ? [fault[1], Number(fault[2])] : ['end', Infinity];
  server.requests.push({ dialect: dialect.name, mode, headers: req.headers, body: JSON.parse(body) });
  if (mode === 'hang') {
    res.on('close', () => { server.hungUp += 1; });
    return undefined;
  }
  if (mode === 'status') return refuse(res, n);
  const key = `${mode}:${n}:${dialect.name}`;
  if (mode === 'after' && !server.seen.has(key)) {
    server.seen.add(key);
    return refuse(res, 429, { 'retry-after': String(n) });
  }
  res.writeHead(200, { 'content-type': dialect.type });
  const whole = Buffer.from(mode === 'error' ? dialect.error : dialect.stream);
  return (modes[mode] ?? modes.end)(res, whole, modes[mode] ? n : Infinity);
}

// Starts it on a free port of 127.0.0.1.  The result has url, requests, hungUp (clients that left while
// they were kept waiting) and close().
export async function startFaultServer() {
  const server = { requests: [], seen: new Set(), hungUp: 0 };
  const listener = http.createServer((req, res) => {
    const chunks = [];
    res.on('error', () => {});
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => { answer(server, req, res, Buffer.concat(chunks).toString()); });
  });
  await new Promise((resolve) => { listener.listen(0, '127.0.0.1', resolve); });
  server.url = `http://127.0.0.1:${listener.address().port}`;
  server.close = () => new Promise((resolve) => {
    listener.closeAllConnections();
    listener.close(resolve);
  });
  return server;
}
