// spec/e2e/gateway_tools_refresh.test.mjs -- a server of mcp_servers that says nothing: what people are told who ask it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { open } from './gateway.mjs';
import { makeHome, startHost } from './hosts.mjs';

it('a server that was asked and is silent is said to be so, not to be unknown', async () => {
  const file = path.join(makeHome(), 'mine.json');
  fs.writeFileSync(file, JSON.stringify({ mcp_servers: { silent: { command: '/bin/sleep', args: ['300'] } } }));
  const host = await startHost({ env: { HUMAN_CONFIG: file, HUMAN_LLM_PROVIDER: 'offline' } }), c = await open(host);
  assert.equal((await c.call('tools.catalog')).payload.sources[0].state, 'unknown');
  const { payload } = await c.call('tools.refresh', { source: 'silent' });
  assert.equal(payload.sources[0].state, 'asked');
  assert.match(payload.sources[0].error, /^it has not answered yet: look again/);
  c.ws.close();
  await host.stop();
});
