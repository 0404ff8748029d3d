// spec/e2e/secrets.test.mjs -- secrets stored in the home: `human secret`, and their use in a running host.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeHome, startHost } from './hosts.mjs';
import { root } from './support.mjs';

const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human');
const VALUE = 'sk-a-value-nobody-may-see-7Qx';
const seen = [];
const server = http.createServer((req, res) => {
  let body = '';
  req.on('data', (piece) => { body += piece; });
  req.on('end', () => {
    seen.push(body ? { body } : { url: req.url, auth: req.headers.authorization });
    res.end('ok');
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');

const ROUTES = `
local api, s, fetch, crypto = require "human.api", require "human.schema", require "human.fetch", require "human.crypto"
local g = api.group { tag = "Probe", auth = false, shape = "agent" }
g:get("/call", { summary = "Asks", reply = { [200] = s.raw "text/plain" } }, function()
  local answer, err = fetch { url = "http://127.0.0.1:${server.address().port}/?k=$\{sealed:mine}",
    headers = { authorization = "Bearer $\{sealed:mine}" } }
  return 200, answer and answer.body or err.code
end)
g:get("/guarded", { summary = "Asks for a stranger", reply = { [200] = s.raw "text/plain" } }, function()
  local answer, err = fetch { url = "https://1.1.1.1/", guard = true, headers = { authorization = "$\{sealed:mine}" } }
  return 200, answer and answer.body or err.code
end)
g:get("/equal", { summary = "Compares", reply = { [200] = s.raw "text/plain" } }, function()
  return 200, tostring(crypto.secret_equal("mine", "${VALUE.slice(0, 9)}" .. "${VALUE.slice(9)}x"))
end)
g:get("/body", { summary = "Asks with a secret in the body", query = { how = s.string }, reply = { [200] = s.raw "text/plain" } },
  function(ctx)
    local answer, err = fetch { url = "http://127.0.0.1:${server.address().port}/",
      body = "k=$\{secret:mine}" .. (" "):rep(ctx.query.how == "long" and 65536 or 0),
      body_secrets = ctx.query.how ~= "plain", guard = ctx.query.how == "guarded" }
    return 200, answer and answer.body or err.code
  end)
g:get("/hash", { summary = "Hashes", reply = { [200] = s.raw "text/plain" } }, function()
  return 200, crypto.hex(crypto.secret_sha256("mine", "a", "b")) .. " " .. crypto.hex(crypto.secret_sha1("mine"))
    .. " " .. tostring(crypto.secret_sha256("none"))
end)
return {}
`;

describe('secrets in the home', () => {
  let home, host;
  const human = (args, input = '') => new Promise((done) => {
    const child = spawn(BINARY, args, { env: { ...process.env, HUMAN_HOME: home }, stdio: 'pipe' });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (t) => { out += t; });
    child.on('close', (code) => done({ code, out }));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
  const text = async (at) => (await fetch(host.url + at)).text();

  before(async () => {
    home = makeHome();
    const tree = path.join(home, 'tree');
    fs.mkdirSync(path.join(tree, 'api/local'), { recursive: true });
    fs.writeFileSync(path.join(tree, 'api/local/probe.lua'), ROUTES);
    host = await startHost({ home, env: { HUMAN_SCRIPTS: `${tree}:${path.join(root, 'scripts')}` } });
  });
  after(async () => { await host?.stop(); server.close(); });

  it('take effect at once, in the address and headers of a request, and never for a stranger', async () => {
    assert.equal(await text('/call'), 'denied');
    assert.deepEqual(await human(['secret', 'set', 'MINE'], `${VALUE}\n`), { code: 0, out: '' });
    for (let i = 0; i < 4; i++) assert.equal(await text('/call'), 'ok');
    assert.deepEqual(seen.pop(), { url: `/?k=${VALUE}`, auth: `Bearer ${VALUE}` });
    assert.equal(await text('/guarded'), 'denied');
    assert.equal(await text('/equal'), 'false');
    await human(['secret', 'set', 'mine'], 'another');
    assert.equal(await text('/call'), 'ok');
    assert.equal(seen.pop().auth, 'Bearer another');
    await human(['secret', 'set', 'mine'], VALUE);
    await human(['secret', 'set', 'second'], 'x');
    assert.equal((await human(['secret', 'remove', 'second'])).code, 0);
    assert.equal((await human(['secret', 'remove', 'second'])).code, 1);
    assert.match((await human(['secret', 'list'])).out, /^mine +ok\n$/);
  });

  it('go into a body only if the script says so', async () => {
    await human(['secret', 'set', 'mine'], VALUE);
    assert.equal(await text('/body?how=filled'), 'ok');
    assert.deepEqual(seen.pop(), { body: `k=${VALUE}` });
    assert.equal(await text('/body?how=plain'), 'ok');
    assert.deepEqual(seen.pop(), { body: 'k=${secret:mine}' });
    const before = seen.length;
    assert.equal(await text('/body?how=guarded'), 'denied');
    assert.equal(await text('/body?how=long'), 'too_large'); // limit: fetch body with secrets
    assert.equal(seen.length, before);
  });

  it('are hashed with the text around them', async () => {
    await human(['secret', 'set', 'mine'], VALUE);
    const hash = (kind, said) => createHash(kind).update(said).digest('hex');
    assert.equal(await text('/hash'), `${hash('sha256', `a${VALUE}b`)} ${hash('sha1', VALUE)} nil`);
  });

  it('stay readable when their key is rotated, and say so when it is the wrong one', async () => {
    const sealed = () => fs.readFileSync(`${home}/secrets.sealed`, 'utf8');
    const earlier = sealed();
    assert.equal((await human(['secret', 'rotate'])).code, 0);
    assert.notEqual(sealed().split(':')[2], earlier.split(':')[2]);
    assert.equal(await text('/call'), 'ok');
    fs.writeFileSync(`${home}/secrets.sealed`, sealed().replace(/sealed:1:\w{8}/, 'sealed:1:00000000'));
    assert.match((await human(['secret', 'list'])).out, /^mine +sealed with a key that is not this home's\n$/);
    assert.equal(await text('/call'), 'denied');
    fs.writeFileSync(`${home}/secrets.sealed`, earlier);
    assert.equal(await text('/call'), 'ok');
  });

  it('are readable to nobody else, and appear in no file, log, environment, command line or database', async () => {
    for (const file of ['secrets.sealed', 'seal.key']) assert.equal(fs.statSync(`${home}/${file}`).mode & 0o777, 0o600, file);
    const holds = (data) => data.includes(VALUE);
    // The private database is below the home, too.
    const walk = (dir) => fs.readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
      (e.isDirectory() ? walk(path.join(dir, e.name)) : e.isFile() ? [path.join(dir, e.name)] : []));
    for (const file of walk(home)) assert.ok(!holds(fs.readFileSync(file)), file);
    assert.ok(!holds(host.log()));
    for (const pid of [host.child.pid, ...host.workers()]) {
      for (const part of ['environ', 'cmdline']) assert.ok(!holds(fs.readFileSync(`/proc/${pid}/${part}`)), `${pid} ${part}`);
    }
  });

  it('are intact when several are stored at once', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `n${i}`);
    for (const { code, out } of await Promise.all(names.map((n) => human(['secret', 'set', n], `v-${n}`)))) assert.equal(code, 0, out);
    const listed = (await human(['secret', 'list'])).out;
    for (const n of names) assert.match(listed, new RegExp(`^${n} +ok$`, 'm'));
  });

  it('are intact in a file whose last line is truncated', async () => {
    const file = `${home}/secrets.sealed`;
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').trimEnd());
    assert.equal((await human(['secret', 'set', 'zz'], 'last')).code, 0);
    const listed = (await human(['secret', 'list'])).out.trimEnd().split('\n');
    assert.deepEqual(listed.filter((line) => !/^\w+ +ok$/.test(line)), []);
    assert.equal((await human(['secret', 'remove', 'zz'])).code, 0);
  });

  it('are read from standard input only, one line each', async () => { // limit: kept secrets
    for (const [args, input, code] of [[['secret', 'set', 'x', 'value'], '', 2], [['secret', 'set'], '', 2], [['secret', 'set', 'a.b'], 'x', 2],
      [['secret', 'fly'], '', 2], [['secret'], '', 2], [['secret', 'set', 'x'], '', 1], [['secret', 'set', 'x'], 'a\nb', 1],
      [['secret', 'set', 'x'], 'y'.repeat(65537), 1], [['secret', 'set', 'y'.repeat(64)], 'x', 2]]) {
      const got = await human(args, input);
      assert.equal(got.code, code, `${args} ${got.out}`);
    }
    assert.doesNotMatch((await human(['secret', 'list'])).out, /^x /m);
  });
});
