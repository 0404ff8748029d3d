// spec/e2e/llm_fault_server.mjs -- a model server that misbehaves on request.
// It speaks the four dialects.  What goes wrong is said by the last "FAULT:mode:number" in the request's
// body, so that requests in parallel do not disturb each other; without one the answer is whole.
//   cut:N     the first N bytes, then the connection is destroyed
//   end:N     the first N bytes, then a proper end of the response
//   split:N   cut in two pieces after N bytes, a moment apart
//   bytes:0   one byte at a time
//   delay:MS  nothing for so long
//   hang:0    never an answer
//   status:N  an error status
//   after:S   429 with Retry-After: S at the first request, an answer at the second
//   error:0   an error event in the middle of the stream
import http from 'node:http';

export const ANSWER = 'Hi Sarah, žluť 💪';

const halves = [ANSWER.slice(0, 9), ANSWER.slice(9)];
const sse = (...events) => events.map((e) => `data: ${typeof e === 'string' ? e : JSON.stringify(e)}\n\n`).join('');
const named = (...events) => events.map((e) => `event: ${e.type}\ndata: ${JSON.stringify(e)}\n\n`).join('');

// Each dialect: the path that tells it, its whole stream, and an error in the middle of one.
const dialects = [
  {
    name: 'openai', path: /\/chat\/completions$/, type: 'text/event-stream',
    stream: sse({ choices: [{ delta: { content: halves[0] } }] },
      { choices: [{ delta: { content: halves[1] }, finish_reason: 'stop' }] },
      { choices: [], usage: { prompt_tokens: 12, completion_tokens: 7 } }, '[DONE]'),
    error: sse({ choices: [{ delta: { content: halves[0] } }] }, { error: { message: 'broke', type: 'server_error' } }),
  },
  {
    name: 'anthropic', path: /\/messages$/, type: 'text/event-stream',
    stream: named({ type: 'message_start', message: { usage: { input_tokens: 12 } } }, { type: 'ping' },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: halves[0] } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: halves[1] } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } },
      { type: 'message_stop' }),
    error: named({ type: 'message_start', message: {} }, { type: 'error', error: { type: 'overloaded_error', message: 'broke' } }),
  },
  {
    name: 'gemini', path: /:streamGenerateContent/, type: 'text/event-stream',
    stream: sse({ candidates: [{ content: { parts: [{ text: halves[0] }] } }] },
      { candidates: [{ content: { parts: [{ text: halves[1] }] }, finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 7 } }),
    error: sse({ candidates: [{ content: { parts: [{ text: halves[0] }] } }] }, { error: { code: 503, message: 'broke' } }),
  },
  {
    name: 'ollama', path: /\/api\/chat$/, type: 'application/x-ndjson',
    stream: [{ message: { content: halves[0] }, done: false }, { message: { content: halves[1] }, done: false },
      { done: true, done_reason: 'stop', prompt_eval_count: 12, eval_count: 7 }].map((l) => JSON.stringify(l) + '\n').join(''),
    error: `${JSON.stringify({ message: { content: halves[0] }, done: false })}\n${JSON.stringify({ error: 'broke' })}\n`,
  },
];

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
