// spec/e2e/gateway_mcp_newest.test.mjs -- servers of revision 2026-07-28 of the Model Context Protocol as sources of
// tools: the official SDK's, as a program and behind HTTP, and how it is found out which revision a server speaks.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { makeHome, startHost } from './hosts.mjs';
import { serveHttp } from './gateway_mcp_newest_server.mjs';
import { root, until } from './support.mjs';

const here = path.join(root, 'spec/e2e'), dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mcp-'));
fs.chmodSync(dir, 0o777);
const place = (name) => { const at = path.join(dir, name); fs.mkdirSync(at, { recursive: true }); fs.chmodSync(at, 0o777); return at; };
const lines = (name) => { try { return fs.readFileSync(path.join(dir, name), 'utf8').trim().split('\n'); } catch { return []; } };
const note = (name) => (text) => fs.appendFileSync(path.join(dir, name), `${text}\n`);
const program = (name, file, ...args) => ({ command: process.execPath, args: [path.join(here, file), place(name), ...args], read: [here, path.dirname(process.execPath)], write: [place(name)] });

let host, web, c;
before(async () => {
  web = await serveHttp(note('web'), { legacy: 'reject', headers: true });
  host = await startHost({ home: makeHome(), env: {
    HUMAN_LLM_PROVIDER: 'offline', HUMAN_SECURITY_AUTONOMY_LEVEL: '4', HUMAN_EGRESS_ALLOW: '127.0.0.1/32', OPENAI_API_KEY: 'sk-spec-key', HUMAN_WORKERS: '1',
    HUMAN_MCP_SERVERS: JSON.stringify({
      only: program('only', 'gateway_mcp_newest_server.mjs', 'reject'), both: program('both', 'gateway_mcp_newest_server.mjs', 'serve'),
      web: { url: web.url },
    }),
  } });
  c = await open(host);
});
after(async () => {
  c?.ws.close();
  await host?.stop();
  web?.close();
});

const catalog = async () => (await c.call('tools.catalog')).payload;
const tool = async (name) => (await catalog()).tools.find((t) => t.name === name);
async function allow(name) {
  assert.equal((await c.call('tools.allow', { name })).error, undefined, name);
}
async function refresh(source) {
  const { payload, error } = await c.call('tools.refresh', { source });
  assert.ok(payload, JSON.stringify(error));
  await until(async () => (await catalog()).sources.find((s) => s.name === source).state !== 'unknown', 20_000, `${source} was asked`);
  return (await catalog()).sources.find((s) => s.name === source);
}
/** What the offline model says when it has run a tool. */
async function run(name, args = {}) {
  const { payload, error } = await c.call('chat.send', { message: `Run the tool ${name} with ${JSON.stringify(args)}`, sessionKey: `s${Math.random()}` });
  assert.ok(payload, JSON.stringify(error));
  return (await c.next((f) => f.event === 'chat' && f.payload.runId === payload.runId && f.payload.state === 'sent', 60_000)).payload.message;
}

describe('a program of the official SDK that speaks the newest revision only', () => {
  it('is asked what it is, lists its tools, and is called', async () => {
    const source = await refresh('only');
    assert.deepEqual([source.state, source.title, source.error], ['ready', 'Newest 4.5.6', undefined]);
    await allow('mcp__only__add');
    assert.equal(await run('mcp__only__add', { a: 40, b: 2 }), 'The tool mcp__only__add says: The sum is 42 (modern)');
  });
});
