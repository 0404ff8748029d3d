// spec/e2e/gateway_release.test.mjs -- update.run: a signed version is installed beside the one that runs, and nothing else is;
// whoever is killed meanwhile leaves one that works.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { open } from './gateway.mjs';
import { BINARY, errors, makeHome, sql, startHost } from './hosts.mjs';
import { root, until } from './support.mjs';

const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519');
const key = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
const platform = `linux-${process.arch}`, sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
const signed = (value, by = privateKey) => {
  const text = JSON.stringify(value);
  return JSON.stringify({ signed: text, signature: crypto.sign(null, Buffer.from(text), by).toString('base64') });
};

const home = makeHome(), place = path.join(home, 'opt'), NEW = '98.0.0';
const MARK = '-- api/local/mark.lua -- says that this version runs.\nlocal api, s = require "human.api", require "human.schema"\nlocal g = api.group { tag = "Local", base = "/mark", auth = false }\n'
  + 'g:get("/", { summary = "Mark", reply = { [200] = s.raw "text/plain" } }, function() return 200, "new" end)\nreturn {}\n';
let host, c, server, url, archive, on;

/** A release as it is unpacked: the program and its scripts. */
function release(dir, mark) {
  fs.mkdirSync(dir, { recursive: true });
  fs.copyFileSync(BINARY, path.join(dir, 'human'));
  fs.cpSync(path.join(root, 'scripts'), path.join(dir, 'scripts'), { recursive: true });
  if (!mark) return;
  fs.mkdirSync(path.join(dir, 'scripts/api/local'), { recursive: true });
  fs.writeFileSync(path.join(dir, 'scripts/api/local/mark.lua'), MARK);
}
const start = async (more = {}) => {
  host = await startHost({ home, as: { command: [path.join(place, 'current/human'), 'gateway'] }, env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_WORKERS: '1', HUMAN_EGRESS_ALLOW: '127.0.0.1',
    HUMAN_SCRIPTS: path.join(place, 'current/scripts'), HUMAN_FILES_RELEASES: place, HUMAN_UPDATE_URL: `${url}/human.json`, HUMAN_UPDATE_PUBLIC_KEY: key, ...more } });
  c = await open(host);
};
const artifact = (more = {}) => ({ url: `${url}/human.tar.gz`, size: archive.length, sha256: sha256(archive), ...more });
const manifest = (more = {}, of = {}) => ({ version: NEW, url: 'https://releases.example/98', artifacts: { [platform]: artifact(of) }, ...more });
const current = () => fs.readlinkSync(path.join(place, 'current'));
const run = async () => (await c.call('update.run', {}));
const names = () => fs.readdirSync(path.join(place, 'releases')).sort();

before(async () => {
  server = http.createServer((req, res) => on(req, res));
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  url = `http://127.0.0.1:${server.address().port}`;
  release(path.join(place, 'releases/first'));
  fs.symlinkSync('releases/first', path.join(place, 'current'));
  const made = path.join(home, 'made');
  release(made, true);
  execFileSync('tar', ['czf', path.join(home, 'made.tgz'), '-C', made, 'human', 'scripts']);
  archive = fs.readFileSync(path.join(home, 'made.tgz'));
  await start();
});
after(async () => {
  c?.ws.close();
  assert.deepEqual(errors(host.log()), []);
  await host.stop();
  server.closeAllConnections();
  server.close();
});
const serve = (text, bytes = archive) => { on = (req, res) => res.end(req.url === '/human.json' ? text : bytes); };

describe('update.run', () => {
  it('installs nothing that is unsigned, older, for another machine, or not what was signed, and says why', async () => { // limit: release archive
    const other = crypto.generateKeyPairSync('ed25519').privateKey, changed = Buffer.from(archive);
    changed[1000] ^= 1;
    const junk = Buffer.from('no archive at all'), bare = path.join(home, 'bare.tgz');
    execFileSync('tar', ['czf', bare, '-C', path.join(home, 'made'), 'scripts/migrations.lua']);
    const away = path.join(home, 'away.tgz');
    execFileSync('tar', ['czPf', away, '--transform', 's,.*,../../away,', '-C', home, 'made/scripts/migrations.lua']);
    const of = (bytes, version = NEW) => [signed({ version, artifacts: { [platform]: { url: `${url}/x.tgz`, size: bytes.length, sha256: sha256(bytes) } } }), bytes];
    for (const [text, why, bytes = archive] of [
      [signed(manifest(), other), /not signed by update\.public_key/], [signed(manifest({ expires_at: '2020-01-01T00:00:00Z' })), /no longer valid/],
      [signed(manifest({ artifacts: { 'plan9-vax': artifact() } })), /no artifact for linux-/], [signed(manifest({ artifacts: undefined })), /no artifact/], [signed(manifest({}, { size: 1e12 })), /no size from 1/],
      [signed(manifest({}, { url: 'file:///etc/passwd' })), /no address/], [signed(manifest({}, { sha256: 'x' })), /no sha256/],
      [signed(manifest()), /SHA-256 is not the one/, changed], [signed(manifest()), /not as large/, archive.subarray(1)], [signed(manifest()), /not fetched/, Buffer.concat([archive, archive])],
      [of(junk)[0], /archive/, junk], [of(fs.readFileSync(away))[0], /archive/, fs.readFileSync(away)]]) {
      serve(text, bytes);
      const { error, payload } = await run();
      assert.equal(error?.code, 'UNAVAILABLE', JSON.stringify(payload));
      assert.match(error.message, why);
    }
    serve(...of(fs.readFileSync(bare), '97.0.0'));
    assert.match((await run()).error.message, /97\.0\.0\/human is not there/);
    for (const version of ['0.0.1', c.hello.server.version, '0.0.0+zzz']) {
      serve(signed(manifest({ version })));
      assert.deepEqual((await run()).payload.status, 'current');
    }
    assert.equal(current(), 'releases/first');
    assert.deepEqual(names(), ['97.0.0', 'first']);
    assert.equal((await sql(home, "select count(*) from gateway_updates where state = 'installed'"))[0], '0');
    assert.equal((await sql(home, "select count(*) from gateway_updates where state = 'failed' and error <> ''"))[0], '6');
  });

  it('is written down before it happens; killed meanwhile, the old version is in service', async () => {
    let asked;
    on = (req, res) => {
      if (req.url === '/human.json') return res.end(signed(manifest()));
      res.writeHead(200, { 'content-length': archive.length });
      res.write(archive.subarray(0, 100_000));
      asked = true;
    };
    run().catch(() => {});
    await until(() => asked, 20_000, 'the archive is asked for');
    assert.equal((await sql(home, `select state from gateway_updates where to_version = '${NEW}' order by id desc limit 1`))[0], 'started');
    await host.kill();
    assert.deepEqual([current(), names()], ['releases/first', ['97.0.0', 'first']]);
    await start();
  });

  it('killed when the archive is there, while it is unpacked, and when that is done, leaves a version that works', async () => {
    const seen = (test) => new Promise((done) => {
      const watcher = fs.watch(path.join(place, 'releases'), (_, name) => { if (test(name)) { watcher.close(); done(); } });
    });
    for (const moment of [() => new Promise((done) => { serve(signed(manifest())); const plain = on; on = (req, res) => { if (req.url !== '/human.json') res.once('finish', done); plain(req, res); }; }),
      () => { serve(signed(manifest())); return seen((name) => name.startsWith('.human-')); }, () => { serve(signed(manifest())); return seen((name) => name === NEW); }]) {
      fs.rmSync(path.join(place, 'releases', NEW), { recursive: true, force: true });
      const reached = moment();
      run().catch(() => {});
      await reached;
      await host.kill();
      assert.ok(['releases/first', `releases/${NEW}`].includes(current()), current());
      for (const name of names().filter((n) => n === NEW)) {
        assert.equal(sha256(fs.readFileSync(path.join(place, 'releases', name, 'human'))), sha256(fs.readFileSync(BINARY)));
        assert.equal(fs.readFileSync(path.join(place, 'releases', name, 'scripts/api/local/mark.lua'), 'utf8'), MARK);
      }
      if (current() !== 'releases/first') fs.renameSync(path.join(place, 'previous'), path.join(place, 'current'));
      await start();
    }
    for (const name of names()) if (!['first', '97.0.0'].includes(name)) fs.rmSync(path.join(place, 'releases', name), { recursive: true });
  });

  it('puts it beside the one that runs, and a restart has it in service; the old one stays to go back to', async () => {
    serve(signed(manifest()));
    const { payload, error } = await run();
    assert.deepEqual([payload?.status, payload?.version, payload?.restart_required], ['updated', NEW, true], JSON.stringify(error));
    assert.match(payload.message, /restart the server/);
    assert.deepEqual([current(), fs.readlinkSync(path.join(place, 'previous')), names()], [`releases/${NEW}`, 'releases/first', ['97.0.0', NEW, 'first'].sort()]);
    assert.equal((await sql(home, 'select state from gateway_updates order by id desc limit 1'))[0], 'installed');
    assert.equal((await fetch(`${host.url}/mark/`)).status, 404);
    assert.equal((await run()).payload.status, 'updated');   // again: it is there already
    c.ws.close();
    await host.stop();
    await start();
    assert.equal(await (await fetch(`${host.url}/mark/`)).text(), 'new');
    c.ws.close();
    await host.stop();
    fs.renameSync(path.join(place, 'previous'), path.join(place, 'current'));
    await start();
    assert.equal((await fetch(`${host.url}/mark/`)).status, 404);
  });

  it('is refused where the program is not run from there', async () => {
    const elsewhere = await startHost({ env: { HUMAN_LLM_PROVIDER: 'offline', HUMAN_WORKERS: '1', HUMAN_FILES_RELEASES: place, HUMAN_UPDATE_URL: `${url}/human.json`, HUMAN_UPDATE_PUBLIC_KEY: key } });
    const other = await open(elsewhere), { error } = await other.call('update.run', {});
    assert.deepEqual([error.code, /apt, or make install/.test(error.message)], ['UNAVAILABLE', true]);
    other.ws.close();
    await elsewhere.stop();
  });
});
