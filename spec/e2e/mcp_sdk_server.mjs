// spec/e2e/mcp_sdk_server.mjs -- a server of the official SDK, as a program (node mcp_sdk_server.mjs DIRECTORY) and
// behind HTTP.  What it was asked is noted in a file of the directory.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import * as z from 'zod/v4';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

export function server(note) {
  const s = new McpServer({ name: 'sums', title: 'Sums', version: '1.2.3' });
  s.registerTool('add', { description: 'Adds two numbers', inputSchema: { a: z.number(), b: z.number() }, annotations: { readOnlyHint: true } },
    ({ a, b }) => { note(`add ${a} ${b}`); return { content: [{ type: 'text', text: `The sum is ${a + b}` }, { type: 'image', data: PIXEL, mimeType: 'image/png' }] }; });
  s.registerTool('fail', { description: 'Fails' }, () => { throw new Error('no luck today'); });
  s.registerTool('key', { description: 'Says its key' }, () => ({ content: [{ type: 'text', text: `The key has ${(process.env.KEY ?? '').length} letters` }] }));
  s.registerTool('slow', { description: 'Takes an hour' }, async (extra) => {
    note('slow begins');
    extra.signal.addEventListener('abort', () => note('slow aborted'));
    const token = extra._meta?.progressToken;
    if (token !== undefined) await extra.sendNotification({ method: 'notifications/progress', params: { progressToken: token, progress: 1, total: 3600, message: 'one second of an hour' } });
    await new Promise(() => {});
  });
  return s;
}

/** The same behind HTTP: {url, requests (their headers), close}. */
export async function serveHttp(note) {
  const sessions = new Map(), requests = [];
  const web = http.createServer(async (req, res) => {
    requests.push({ method: req.method, ...req.headers });
    let transport = sessions.get(req.headers['mcp-session-id']);
    if (!transport && req.headers['mcp-session-id']) { res.writeHead(404).end(); return; }
    if (!transport) {
      transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => crypto.randomUUID(), onsessioninitialized: (id) => sessions.set(id, transport) });
      await server(note).connect(transport);
    }
    await transport.handleRequest(req, res);
  });
  await new Promise((done) => { web.listen(0, '127.0.0.1', done); });
  return { url: `http://127.0.0.1:${web.address().port}/mcp`, requests, sessions, close: () => { web.closeAllConnections(); web.close(); } };
}

if (process.argv[1] === import.meta.filename) {
  const file = path.join(process.argv[2], 'notes');
  const note = (text) => fs.appendFileSync(file, `${text}\n`);
  note('start');
  await server(note).connect(new StdioServerTransport());
}
