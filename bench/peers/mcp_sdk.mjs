// bench/peers/mcp_sdk.mjs -- the official SDK's server at its best: one session, answers as JSON, handlers of its low-level
// Server, so that no schema is made anew for a list.  It lists what ours lists (a file); humai__credits-balance reads one row
// by the caller's key, all other tools are asked over connections that stay open.
// node mcp_sdk.mjs PORT FILE TOOL_URL DATABASE_SOCKET
import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import pg from 'pg';

const [port, file, tool, socket] = process.argv.slice(2);
const { tools } = JSON.parse(fs.readFileSync(file, 'utf8'));
const pool = new pg.Pool({ host: socket, user: 'human', database: 'human', max: 8 });
const agent = new http.Agent({ keepAlive: true });

const BALANCE = `select k.actor_id, coalesce(sum(l.remaining) filter (where l.remaining > 0), 0)::text as balance
  from market_keys k left join credit_lots l on l.actor = k.actor_id::text where k.hash = $1 group by k.actor_id`;

const ask = (body) => new Promise((done, failed) => {
  const req = http.request(tool, { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, async (res) => {
    let text = '';
    for await (const piece of res) text += piece;
    done(JSON.parse(text));
  });
  req.on('error', failed);
  req.end(body);
});

const shown = (value) => ({ content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent: value });

async function call(name, args, key) {
  if (name !== 'humai__credits-balance') return shown(await ask(JSON.stringify(args)));
  const hash = createHash('sha256').update(key).digest('hex');
  const { rows: [row] } = await pool.query({ name: 'balance', text: BALANCE, values: [hash] });
  if (!row) throw new Error('unauthorized');
  return shown({ actor_id: row.actor_id, balance: Number(row.balance) });
}

const server = new Server({ name: 'peer', version: '1.0' }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
server.setRequestHandler(CallToolRequestSchema, ({ params }, { requestInfo }) => call(params.name, params.arguments, String(requestInfo.headers['x-api-key'])));
const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => randomUUID(), enableJsonResponse: true });
await server.connect(transport);
http.createServer((req, res) => transport.handleRequest(req, res)).listen(Number(port), '127.0.0.1');
