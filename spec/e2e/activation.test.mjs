// spec/e2e/activation.test.mjs -- a restart while systemd keeps the listening socket open
// (socket activation): clients wait for a moment; none is refused, none loses its answer.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { after, it } from 'node:test';
import { makeHome } from './hosts.mjs';
import { tempDir } from './operator.mjs';
import { freePort, root, until } from './support.mjs';

const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human');
const ACTIVATOR = path.join(root, 'spec/support/activator.lua');
const LUAJIT = execFileSync('sh', ['-c', 'command -v luajit || command -v luajit2'], { encoding: 'utf8' }).trim();
const READY_MS = 60_000, CLIENTS = 8, ANSWER_MS = 60_000;
const open = new Set();
after(() => { for (const end of open) end(); });

/** A service that is started `runs` times on one socket; {port, log(), pids: of the runs, exited}. */
async function activate({ name = 'port', runs = 1, port, more = '', env = {} }) {
  port ??= await freePort();
  const child = spawn(LUAJIT, [ACTIVATOR, name, port + more, runs, BINARY, 'gateway'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HUMAN_CONFIG: '/dev/null', HUMAN_HOME: makeHome(), HUMAN_AGENT_PORT: '0', HUMAN_WORKERS: '2',
           HUMAN_PORT: port, HUMAN_SCRIPTS: path.join(root, 'scripts'), HUMAN_LOG_FORMAT: 'json', ...env },
  });
  const service = { port, url: `http://127.0.0.1:${port}`, out: '', log: '', exited: once(child, 'exit') };
  service.pids = () => [...service.out.matchAll(/started (\d+)/g)].map((m) => Number(m[1]));
  service.codes = () => [...service.out.matchAll(/ended (\d+)/g)].map((m) => Number(m[1]));
  child.stdout.on('data', (text) => { service.out += text; });
  child.stderr.on('data', (text) => { service.log += text; });
  open.add(() => {
    const ended = service.codes().length;
    for (const pid of service.pids().slice(ended)) try { process.kill(pid, 'SIGKILL'); } catch { /* gone */ }
    child.kill('SIGKILL');
  });
  return service;
}

function get(service, agent) {
  return new Promise((resolve, reject) => {
    const request = http.get(`${service.url}/ready`, { agent, timeout: ANSWER_MS }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode)).on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}

const ready = (service) => until(async () => {
  assert.equal(service.codes().length, 0, service.log);
  return service.pids().length > 0 && (await get(service)) === 200; // from the first run on the socket is there
}, READY_MS, 'the service is ready');

/** Clients that ask as fast as they are answered, until stopped: {count(), stop() -> failures}. */
function hammer(service, keepAlive) {
  let going = true, count = 0;
  const failures = [];
  const client = async () => {
    const agent = new http.Agent({ keepAlive, maxSockets: 1 });
    while (going) {
      // 503 is an answer too: of a host whose database is not up yet.
      const status = await get(service, agent).catch((error) => error.code ?? error.message);
      if (status === 200 || status === 503) count++;
      else failures.push(status);
    }
    agent.destroy();
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  return { count: () => count, stop: async () => { going = false; await clients; return failures; } };
}

it('a restart refuses no connection and loses no answer', async () => {
  const service = await activate({ runs: 3 });
  await ready(service);
  const runs = [hammer(service, false), hammer(service, true)];
  for (const n of [1, 2]) {
    const before = runs.map((r) => r.count());
    await until(() => runs.every((r, i) => r.count() > before[i] + 100), READY_MS, 'clients are answered');
    process.kill(service.pids()[n - 1], 'SIGTERM');
    await until(() => service.pids().length === n + 1, READY_MS, 'the next one starts');
    const since = runs.map((r) => r.count());
    await until(() => runs.every((r, i) => r.count() > since[i] + 100), READY_MS, 'the next one answers clients');
  }
  assert.deepEqual(await Promise.all(runs.map((r) => r.stop())), [[], []]);
  process.kill(service.pids()[2], 'SIGTERM');
  await service.exited;
  assert.deepEqual(service.codes(), [0, 0, 0], service.log);
});

it('a socket belongs to the setting that it is named after, else to the one that has its port', async () => {
  const [other, agentPort] = [await freePort(), await freePort()];
  const [byNumber, byName] = await Promise.all([
    activate({ name: 'human.socket', more: `,${agentPort}`, env: { HUMAN_AGENT_PORT: agentPort } }),
    activate({ env: { HUMAN_PORT: other } })]);
  await ready(byNumber);
  // Each worker answers for itself: the first may be ready before the second.
  await until(async () => (await get({ url: `http://127.0.0.1:${agentPort}` })) === 200, READY_MS, 'the agent port answers');
  for (const service of [byNumber, byName]) {
    await ready(service);
    process.kill(service.pids()[0], 'SIGTERM');
    await service.exited;
    assert.deepEqual(service.codes(), [0], service.log);
  }
});

it('a Unix socket is one more door, whose peers are of this machine', async () => {
  const socketPath = path.join(tempDir(), 'http.sock');
  const service = await activate({ name: 'human.socket', more: `,${socketPath}`, env: { HUMAN_HTTP_TRUSTED_PROXIES: 'unix', HUMAN_HTTP_HOSTS: 'api.example' } });
  await ready(service);
  const ask = (method, target, headers, body) => new Promise((resolve, reject) => {
    const request = http.request({ socketPath, method, path: target, headers: { host: 'localhost', ...headers } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject).end(body);
  });
  await until(async () => (await ask('GET', '/ready')) === 200, READY_MS, 'the Unix socket answers');
  const create = (headers) => ask('POST', '/api/users', headers, JSON.stringify({ email: `${Math.random()}@example.com` }));
  assert.equal(await create(), 201);
  assert.equal(await create({ 'x-forwarded-for': '203.0.113.9', host: 'api.example' }), 401);
  assert.equal(await create({ 'x-forwarded-for': '127.0.0.1', host: 'api.example' }), 201);
  assert.equal(await create({ host: 'evil.example' }), 421);
  const addresses = await until(() => {
    const all = service.log.split('\n').filter((l) => l.includes('"/api/users"')).map((l) => JSON.parse(l).ip);
    return all.length === 3 && all;
  }, 5000, 'the requests are logged');
  assert.deepEqual(addresses, ['unix', '203.0.113.9', '127.0.0.1']);
  process.kill(service.pids()[0], 'SIGTERM');
  await service.exited;
  assert.deepEqual(service.codes(), [0], service.log);
});

const refused = [
  ['a port in no setting', 'human.socket'],
  ['a setting that is turned off', 'agent_port'],
];
for (const [what, name] of refused) {
  it(`a socket for ${what} is refused`, async () => {
    const service = await activate({ name, env: { HUMAN_PORT: await freePort() } });
    await service.exited;
    const where = `descriptor 3, named ${name}: listens on port ${service.port} of 127.0.0.1`;
    assert.ok(service.log.includes(`${where}, which is in no setting`), service.log);
    assert.notDeepEqual(service.codes(), [0]);
  });
}

for (const [what, handed, message] of [
  ['a file', '3</dev/null', /descriptor 3: is not a TCP socket/],
  ['nothing', '3<&-', /descriptor 3: Bad file descriptor/],
]) {
  it(`${what} instead of a socket is refused`, () => {
    const line = `LISTEN_PID=$$ LISTEN_FDS=1 HUMAN_CONFIG=/dev/null exec "$0" gateway ${handed}`;
    const { status, stderr } = spawnSync('sh', ['-c', line, BINARY], { encoding: 'utf8', timeout: READY_MS });
    assert.match(stderr, message);
    assert.equal(status, 1);
  });
}
