// spec/e2e/gateway_update_once.test.mjs -- update.run on a host of two workers: one at a time, whichever is asked; all of
// them tell what became of it, also when the one that carried it out was killed.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { open } from './gateway.mjs';
import { BINARY, makeHome, sql, startHost } from './hosts.mjs';
import { root, until } from './support.mjs';

const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519');
const home = makeHome(), place = path.join(home, 'opt'), BYTES = Buffer.from('no archive'), VERSION = '98.0.0';
let host, server, held = [], asked = 0;
const sockets = [];

before(async () => {
  server = http.createServer((req, res) => {
    if (req.url !== '/human.json') { asked += 1; held.push(res); return; }
    const url = `http://127.0.0.1:${server.address().port}/human.tar.gz`;
    const text = JSON.stringify({ version: VERSION, url: 'https://releases.example/98', artifacts: {
      [`linux-${process.arch}`]: { url, size: BYTES.length, sha256: crypto.createHash('sha256').update(BYTES).digest('hex') } } });
    res.end(JSON.stringify({ signed: text, signature: crypto.sign(null, Buffer.from(text), privateKey).toString('base64') }));
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  const first = path.join(place, 'releases/first');
  fs.mkdirSync(first, { recursive: true });
  fs.copyFileSync(BINARY, path.join(first, 'human'));
  fs.cpSync(path.join(root, 'scripts'), path.join(first, 'scripts'), { recursive: true });
  fs.symlinkSync('releases/first', path.join(place, 'current'));
  host = await startHost({ home, as: { command: [path.join(place, 'current/human'), 'gateway'] }, env: {
    HUMAN_LLM_PROVIDER: 'offline', HUMAN_WORKERS: '2', HUMAN_EGRESS_ALLOW: '127.0.0.1', HUMAN_SCRIPTS: path.join(place, 'current/scripts'),
    HUMAN_FILES_RELEASES: place, HUMAN_UPDATE_URL: `http://127.0.0.1:${server.address().port}/human.json`,
    HUMAN_UPDATE_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64') } });
  for (let i = 0; i < 8; i += 1) sockets.push(await open(host)); // they are on both workers
});
after(async () => {
  for (const c of sockets) c.ws.close();
  await host?.stop();
  server.closeAllConnections();
  server.close();
});

const states = () => sql(home, 'select state from gateway_updates order by id');
const last = async (c) => { const { payload, error } = await c.call('update.check', {}); assert.ok(payload, JSON.stringify(error)); return payload.last; };

it('is one at a time, and the same from every worker', async () => {
  assert.equal(await last(sockets[0]), undefined);
  const runs = sockets.map((c) => c.call('update.run', {}));
  const answers = await Promise.all(runs);
  assert.deepEqual(answers.map(({ payload }) => [payload?.status, payload?.version]), sockets.map(() => ['started', VERSION]));
  assert.equal(asked, 1, 'it is fetched once');
  for (const c of sockets) assert.deepEqual([(await last(c)).version, (await last(c)).state], [VERSION, 'started']);
  held.shift().end(BYTES);                        // as signed, and no archive
  for (const c of sockets) await until(async () => (await last(c)).state === 'failed', 10_000, 'it has failed, from every worker');
  assert.match((await last(sockets[0])).error, /archive/i);
  assert.deepEqual(await states(), ['failed']);
});

it('counts as failed soon after its worker was killed, and may be asked for again', async () => { // limit: interrupted update
  const before = asked;
  sockets.forEach((c) => c.call('update.run', {}).catch(() => {}));
  await until(() => asked === before + 1, 10_000, 'it is fetched');
  for (const pid of host.workers()) process.kill(pid, 'SIGKILL');
  await until(() => host.workers().length === 2, 20_000, 'others have taken their place');
  const c = await until(() => open(host).catch(() => undefined), 20_000, 'a socket');
  sockets.push(c);
  await until(async () => (await last(c)).state === 'failed', 30_000, 'it counts as failed');
  assert.match((await last(c)).error, /interrupted/);
  const again = c.call('update.run', {});
  await until(() => asked === before + 2, 10_000, 'it is fetched again');
  held.pop().end(BYTES);
  assert.equal((await again).error.code, 'UNAVAILABLE');
  assert.deepEqual(await states(), ['failed', 'failed', 'failed']);
});
