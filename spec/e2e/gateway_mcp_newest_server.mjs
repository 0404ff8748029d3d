// spec/e2e/gateway_mcp_newest_server.mjs -- a server of the official SDK for revision 2026-07-28, which speaks older ones
// unless it is told not to: as a program (node gateway_mcp_newest_server.mjs DIRECTORY serve|reject) and behind HTTP.
// What it was asked is noted in a file of the directory.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { createMcpHandler, fromJsonSchema, inputRequired, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

console.warn = () => {}; // the SDK warns of an odd name, each time that a request makes a server

const text = (t) => ({ content: [{ type: 'text', text: t }] });
const object = (properties, required) => fromJsonSchema({ type: 'object', properties, required, additionalProperties: false });

/** changes: whether it tells when its list does; ttlMs: how long that holds; headers: it has a tool with arguments in headers. */
export function server(note, era, { changes = true, ttlMs = 3_600_000, headers = false } = {}) {
  const s = new McpServer({ name: 'newest', title: 'Newest', version: '4.5.6' }, { capabilities: { tools: { listChanged: changes } }, cacheHints: { 'tools/list': { ttlMs, cacheScope: 'private' } } });
  s.registerTool('add', { description: 'Adds two numbers', inputSchema: object({ a: { type: 'number' }, b: { type: 'number' } }, ['a', 'b']), annotations: { readOnlyHint: true } },
    ({ a, b }) => { note(`add ${a} ${b}`); return text(`The sum is ${a + b} (${era})`); });
  s.registerTool('count', { description: 'Counts', outputSchema: object({ n: { type: 'number' } }, ['n']) }, () => ({ content: [], structuredContent: { n: 3 } }));
  s.registerTool('fail', { description: 'Fails' }, () => { throw new Error('no luck today'); });
  s.registerTool('slow', { description: 'Takes an hour' }, async (ctx) => {
    note('slow begins');
    ctx.mcpReq.signal.addEventListener('abort', () => note('slow aborted'));
    const token = ctx.mcpReq._meta?.progressToken;
    if (token !== undefined) await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken: token, progress: 1, total: 3600, message: 'one second of an hour' } });
    await new Promise(() => {});
  });
  s.registerTool('ask', { description: 'Asks its user' }, () => { note('ask'); return inputRequired({ inputRequests: { who: { method: 'elicitation/create', params: { mode: 'form', message: 'Who?', requestedSchema: { type: 'object', properties: {} } } } } }); });
  s.registerTool('again', { description: 'Wants to be called three times' }, (ctx) => {
    const state = ctx.mcpReq.requestState();
    note(`again ${state}`);
    return state === 'x~~' ? text('done at last') : inputRequired({ requestState: `${state ?? 'x'}${state === undefined ? '' : '~'}` });
  });
  if (headers) {
    s.registerTool('name it ✓', { description: 'Has an odd name' }, () => text('odd, but called'));
    s.registerTool('routed', { description: 'Is routed', inputSchema: object({ region: { type: 'string', 'x-mcp-header': 'Region' }, n: { type: 'integer', 'x-mcp-header': 'Count' } }, ['region']) },
      ({ region }) => text(`routed to ${region}`));
  }
  return s;
}

/** The same behind HTTP: {url, requests ({method, body, headers, res}), handler, state, close}. options: those of the SDK's handler and of server(). */
export async function serveHttp(note, options = {}) {
  const requests = [];
  const state = { grown: false, ...options };
  const handler = createMcpHandler(({ era }) => {
    const s = server(note, era, state);
    if (state.grown) s.registerTool('grown', { description: 'Came later' }, () => text('grown up'));
    return s;
  }, { legacy: options.legacy, keepAliveMs: 500 });
  const web = http.createServer(async (req, res) => {
    const parts = [];
    for await (const part of req) parts.push(part);
    const body = Buffer.concat(parts), gone = new AbortController();
    const entry = { method: req.method, body: body.length ? JSON.parse(body) : undefined, headers: req.headers };
    Object.defineProperty(entry, 'res', { value: res });
    requests.push(entry);
    res.on('close', () => gone.abort());
    const answer = state.intercept?.(entry) ?? await handler.fetch(new Request(`http://${req.headers.host}${req.url}`, { method: req.method, headers: req.headers, body: body.length ? body : undefined, signal: gone.signal })).catch(() => undefined);
    if (!answer) { res.destroy(); return; }
    res.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (!answer.body) { res.end(); return; }
    const stream = Readable.fromWeb(answer.body).on('error', () => {});
    res.on('close', () => stream.destroy());
    stream.pipe(res);
  });
  await new Promise((done) => { web.listen(0, '127.0.0.1', done); });
  return { url: `http://127.0.0.1:${web.address().port}/mcp`, requests, handler, state, close: () => { web.closeAllConnections(); web.close(); } };
}

if (process.argv[1] === import.meta.filename) {
  const [, , dir, legacy] = process.argv;
  const note = (t) => fs.appendFileSync(path.join(dir, 'notes'), `${t}\n`);
  note('start');
  serveStdio(({ era }) => {
    const s = server(note, era), growth = path.join(dir, 'grown');
    note(`era ${era}`);
    const grow = () => { s.registerTool('grown', { description: 'Came later' }, () => text('grown up')); note('grown'); };
    if (fs.existsSync(growth)) grow();
    else fs.watch(dir, (_, name) => { if (name === 'grown' && !s._registeredTools.grown) grow(); });
    return s;
  }, { legacy });
}
