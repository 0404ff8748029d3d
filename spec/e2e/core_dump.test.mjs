// spec/e2e/core_dump.test.mjs -- a core dump of a host in use holds no secret: not those of its environment, its files and its
// home, not the key that seals, and not what clients showed.  What a dump has is asked of the kernel (coredump_filter and the
// mappings) and of gcore, where there is one.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { makeAgent, makeUser } from './agent_client.mjs';
import { BINARY, makeHome, startHost } from './hosts.mjs';
import { found, mappings } from './memory.mjs';
import { makeAuthority } from './secure.mjs';
import { root } from './support.mjs';

const SEAL = 'a1'.repeat(16) + 'b2'.repeat(16);
const KNOWN = { environment: 'env-secret-4711-qwertz', kept: 'kept-secret-0815-asdfgh', admin: 'admin-token-2323-yxcvbn' };
const seen = [];
const server = http.createServer((request, response) => { seen.push(request.headers.authorization); response.end('ok'); });
const { cert, key } = makeAuthority(makeHome()).issue('localhost');
const secure = https.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, server.listeners('request')[0]);
const digest = crypto.createHash('sha256').update(crypto.createPublicKey(fs.readFileSync(cert)).export({ type: 'spki', format: 'der' })).digest('base64');
for (const one of [server, secure]) {
  one.listen(0, '127.0.0.1');
  await once(one, 'listening');
}
after(() => { server.close(); secure.close(); });

const ROUTES = `
local api, s, fetch = require "human.api", require "human.schema", require "human.fetch"
local g = api.group { auth = false, shape = "agent" }
g:get("/local/call/{name}/{port}", { summary = "Asks", reply = { [200] = s.raw "text/plain" } }, function(ctx)
  local scheme = ctx.params.port == "${secure.address().port}" and "https" or "http"
  local answer, err = fetch { url = scheme .. "://127.0.0.1:" .. ctx.params.port .. "/?k=$\{secret:" .. ctx.params.name .. "}",
    pin = scheme == "https" and "sha256//${digest}" or nil, headers = { authorization = "Bearer $\{secret:" .. ctx.params.name .. "}" } }
  return 200, answer and answer.body or err.message
end)
return {}
`;

/** A host that has used all of KNOWN, and a client's key: {host, secrets, pids}. */
async function used(settings = {}) {
  const home = makeHome(), tree = path.join(home, 'tree');
  fs.mkdirSync(path.join(tree, 'api/local'), { recursive: true });
  fs.writeFileSync(path.join(tree, 'api/local/call.lua'), ROUTES);
  const env = { HUMAN_SCRIPTS: `${tree}:${path.join(root, 'scripts')}`, HUMAN_WORKERS: '1', HUMAN_SECRET_PROBE: KNOWN.environment,
    HUMAN_SEAL_KEY: SEAL, HUMAN_API_ADMIN_TOKEN: KNOWN.admin, ...settings };
  const child = spawn(BINARY, ['secret', 'set', 'mine'], { env: { ...process.env, HUMAN_HOME: home, HUMAN_CONFIG: '/dev/null', ...env }, stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(KNOWN.kept);
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  const host = await startHost({ home, env });
  for (const to of [server, secure]) {
    for (const name of ['probe', 'mine']) assert.equal(await (await fetch(`${host.url}/local/call/${name}/${to.address().port}`)).text(), 'ok');
    assert.deepEqual(seen.splice(0), [`Bearer ${KNOWN.environment}`, `Bearer ${KNOWN.kept}`]);
  }
  assert.equal((await fetch(`${host.url}/metrics`, { headers: { authorization: `Bearer ${KNOWN.admin}` } })).status, 200);
  const user = await makeUser(host.url);
  await makeAgent(host.url, user);
  const secrets = { ...KNOWN, client: user.key, seal: SEAL, sealing: Buffer.from(SEAL, 'hex') };
  return { host, secrets, pids: [host.child.pid, ...host.workers()] };
}

/** Does the kernel write it to a dump?  See vma_dump_size() in its fs/coredump.c; what is only a file's first page does not count. */
function isDumped(m, filter) {
  if (m.flags.includes('dd') || m.flags.includes('io')) return false;
  if (m.perms[3] === 's') return filter & (m.name && !m.name.includes('(deleted)') ? 8 : 2);
  return m.name.startsWith('/') && !m.anonymous ? filter & 4 : filter & 1;
}

const dumped = (pid, secrets) => {
  const filter = parseInt(fs.readFileSync(`/proc/${pid}/coredump_filter`, 'utf8'), 16);
  return found(pid, mappings(pid).filter((m) => isDumped(m, filter)), secrets);
};

const hasGcore = (() => { try { execFileSync('gcore', ['-h'], { stdio: 'ignore' }); return true; } catch (e) { return e.code !== 'ENOENT'; } })();

describe('a core dump', () => {
  let one;
  before(async () => { one = await used(); });
  after(async () => { await one?.host.stop(); });

  it('of any process of a host holds no secret', () => {
    for (const pid of one.pids) {
      assert.deepEqual(dumped(pid, one.secrets), [], `process ${pid}`);
      assert.match(fs.readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +0 /m);
    }
  });

  it('that somebody takes with gcore holds none either', { skip: !hasGcore && 'there is no gcore' }, async () => {
    const [pid] = one.host.workers(), to = path.join(makeHome(), 'core');
    await promisify(execFile)('gcore', ['-o', to, String(pid)]);
    const bytes = fs.readFileSync(`${to}.${pid}`);
    assert.deepEqual(Object.entries(one.secrets).filter(([, secret]) => bytes.includes(secret)).map(([name]) => name), []);
    assert.equal((await fetch(`${one.host.url}/ready`)).status, 200);
  });

  it('may be had with all that is in memory where the operator asks for it', async () => {
    const open = await used({ HUMAN_CORE_DUMPS: 'true' });
    try {
      const [pid] = open.host.workers();
      for (const name of ['environment', 'sealing']) assert.ok(dumped(pid, open.secrets).includes(name), name);
    } finally {
      await open.host.stop();
    }
  });
});

it('a secret of the home is in the memory of a worker only while it is used', async () => {
  const { host, secrets } = await used();
  try {
    const [pid] = host.workers();
    assert.deepEqual(found(pid, mappings(pid), { kept: secrets.kept }), []);
    assert.deepEqual(found(pid, mappings(pid), { environment: secrets.environment }), ['environment'], 'what is there is found');
  } finally {
    await host.stop();
  }
});
