// spec/e2e/market_webhooks_go.test.mjs -- webhooks are verified by the official library for Go, in the receiver of docs/webhooks.md.
// The module is pinned in webhooks_go; without Go, or where the module cannot be fetched, this is skipped and says why.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { blocksOf } from './docs_blocks.mjs';
import { errors, makeHome } from './hosts.mjs';
import { deliveries, PATIENCE_MS, put, register, SECRET, SINK, startHooks } from './market_webhooks_world.mjs';
import { freePort, root, until } from './support.mjs';

const FETCHING_MS = 60_000, BUILDING_MS = 300_000;
const dir = makeHome();
const env = { ...process.env, GO111MODULE: 'on', GOFLAGS: '-mod=readonly -modcacherw', GOTOOLCHAIN: 'local', GOWORK: 'off', GOCACHE: path.join(dir, 'cache'), GOPATH: path.join(root, 'build/go') };
const go = (args, timeout) => promisify(execFile)('go', args, { cwd: dir, env, timeout });

// Why there is no module: undefined when there is.  One that is not the pinned one is no reason, but a failure.
async function lacking() {
  for (const file of ['go.mod', 'go.sum']) fs.copyFileSync(path.join(root, 'spec/e2e/webhooks_go', file), path.join(dir, file));
  try { await go(['version'], FETCHING_MS); } catch { return 'needs Go'; }
  try { await go(['mod', 'download'], FETCHING_MS); } catch (error) {
    if (/SECURITY ERROR|checksum mismatch|missing go.sum entry/.test(error.stderr)) throw error;
    return `the module could not be fetched: ${(error.stderr || error.message).trim().slice(-200)}`;
  }
}
const skip = await lacking();

describe('the library for Go', { skip, timeout: BUILDING_MS + 2 * PATIENCE_MS }, () => {
  let market, child, url, said = '';
  before(async () => {
    fs.writeFileSync(path.join(dir, 'main.go'), blocksOf('docs/webhooks.md').find((b) => b.language === 'go').text);
    await go(['build', '-o', 'receiver', '.'], BUILDING_MS);
    const port = await freePort();
    url = `http://${SINK}:${port}/`;
    child = spawn(path.join(dir, 'receiver'), { env: { ...process.env, WEBHOOK_SECRET: SECRET, PORT: String(port), HOST: SINK }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { said += text; });
    market = await startHooks();
    await until(() => fetch(url, { method: 'POST', body: '{}' }).then((r) => r.status === 400, () => false), PATIENCE_MS, () => `it listens: ${said}`);
  });
  after(async () => {
    child?.kill();
    await market?.stop();
    assert.deepEqual(errors(market?.log() ?? ''), []);
  });

  const tried = async (who, webhook_id) => {
    let row;
    await put(market, who, { data: { tier: 2 } });
    await until(async () => ([row] = await deliveries(who, webhook_id)) && row?.status_codes.length > 0, PATIENCE_MS, () => `it is tried: ${JSON.stringify(row)} ${said}`);
    return row;
  };

  it('verifies what an endpoint is sent', async () => {
    const who = await market.actor(), row = await tried(who, await register(who, url));
    assert.deepEqual([row.status, row.status_codes], ['delivered', [204]]);
    await until(() => said.includes('"type":"reputation.updated"') && said.includes('"tier":2'), PATIENCE_MS, () => said);
  });

  it('verifies it for a day by the secret before, too', async () => {
    const who = await market.actor(), webhook_id = await register(who, url);
    await who.ok('/webhooks-manage', { action: 'rotate_secret', webhook_id });
    assert.deepEqual((await tried(who, webhook_id)).status_codes, [204]);
  });

  it('refuses what another secret has signed', async () => {
    const who = await market.actor(), row = await tried(who, await register(who, url, ['*'], { secret: 'whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }));
    assert.deepEqual([row.status, row.status_codes, row.last_error], ['pending', [400], 'it answered 400']);
  });
});
