// bench/tools_mcp.mjs -- (b) of `make bench ARGS=tools`: MCP over HTTP, 8 at a time, beside a server of the official SDK that lists
// the same tools, reads one row for the same verb, and asks the same tool.
import fs from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { NUMBER, postScript, wrk } from './tools_load.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const CLIENTS = 8, VERSION = '2025-06-18', BALANCE = 'humai__credits-balance', TOOL = 'humai__bench_scraper';
const rpc = (method, params = {}, id = 1) => ({ jsonrpc: '2.0', id, method, params });

async function say(port, headers, body) {
  const answer = await fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST', body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers } });
  return { status: answer.status, session: answer.headers.get('mcp-session-id'), text: await answer.text() };
}

// A session: the headers of its requests.
async function begin(port, key) {
  const headers = { 'x-api-key': key, accept: 'application/json, text/event-stream', 'mcp-protocol-version': VERSION };
  const { session, text } = await say(port, headers, rpc('initialize', { protocolVersion: VERSION, capabilities: {}, clientInfo: { name: 'bench', version: '1' } }));
  if (!session) throw new Error(`initialize: ${text}`);
  headers['mcp-session-id'] = session;
  await say(port, headers, { jsonrpc: '2.0', method: 'notifications/initialized' });
  return headers;
}

async function startPeer(t, tool, list) {
  const port = await t.freePort(), file = path.join(t.dir, 'mcp_tools.json');
  fs.writeFileSync(file, JSON.stringify(list));
  return t.serve('mcp sdk', process.execPath, [path.join(here, 'peers/mcp_sdk.mjs'), String(port), file, `http://127.0.0.1:${tool.port}/v2`, t.socket], port);
}

// Both have to answer with a result, the tool's with the same.
async function agree(sides, asked) {
  const results = [];
  for (const { server, headers } of sides) {
    const { status, text } = await say(server.port, headers, asked), { result } = JSON.parse(text);
    if (status !== 200 || !result || result.isError) throw new Error(`${server.name} answers ${status} ${text.slice(0, 500)}`);
    results.push(result);
  }
  return results;
}

export async function mcpRounds(t, host, tool, key, input) {
  const headers = await begin(host.port, key), ours = { name: 'human', server: host, headers };
  const { result: list } = JSON.parse((await say(host.port, headers, rpc('tools/list'))).text);
  const peer = await startPeer(t, tool, list), sides = [ours, { name: 'sdk', server: peer, headers: await begin(peer.port, key) }];
  const loads = [['tools/list', rpc('tools/list')], [`tools/call ${BALANCE}`, rpc('tools/call', { name: BALANCE, arguments: {} })],
    ['tools/call of a tool', rpc('tools/call', { name: TOOL, arguments: input })]];
  for (const [what, asked] of loads) {
    const results = await agree(sides, asked);
    const [one, two] = results.map((r) => r.tools ?? r.structuredContent);
    if (asked.params.name !== BALANCE && !isDeepStrictEqual(one, two)) {
      throw new Error(`${what}: the two do not answer alike: ${results.map((r) => JSON.stringify(r).slice(0, 400)).join(' and ')}`);
    }
    const title = `(b) MCP ${what}${results[0].tools ? ` (${results[0].tools.length})` : ''}, ${CLIENTS} at a time`;
    const seen = await t.turns(title, sides.map((side) => {
      const script = postScript(t.dir, `mcp ${what} ${side.name}`, side.headers, { ...asked, id: NUMBER }); // of requests that wait, each has its own
      return { ...side, run: () => wrk({ port: side.server.port, target: '/mcp', script, clients: CLIENTS, seconds: t.seconds }) };
    }));
    t.row(title, t.cell(seen.human), `SDK: ${t.cell(seen.sdk)}`, '-', `${t.short(seen.human.rate / seen.sdk.rate)} x as many`);
  }
  await t.stop(peer);
}
