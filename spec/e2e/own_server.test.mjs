// spec/e2e/own_server.test.mjs -- commands talk to the server of their home, wherever flags have put it, and
// to no other: another program listens on the port in their settings.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BINARY, binaryForAll, launch, makeHome } from './hosts.mjs';
import { makeAuthority } from './secure.mjs';
import { freePort, root, until } from './support.mjs';

delete process.env.E2E_CLUSTER; // each home's database has an identity of its own

const foreign = { seen: [] };

before(async () => {
  foreign.server = http.createServer((req, res) => { // says yes to everything
    req.resume();
    foreign.seen.push({ what: `${req.method} ${req.url}`, headers: req.headers });
    res.writeHead(req.method === 'POST' ? 201 : 200, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ id: 'c000000000000000000000000', key: 'ak_foreign', status: 'ok', instance: '0'.repeat(32), llm: {} }));
  }).listen(0, '127.0.0.1');
  await once(foreign.server, 'listening');
  foreign.port = foreign.server.address().port;
});

after(() => foreign.server.close());

const settings = (home) => ({ HUMAN_CONFIG: '/dev/null', HUMAN_HOME: home, HUMAN_PORT: String(foreign.port),
                              HUMAN_SCRIPTS: path.join(root, 'scripts'), HUMAN_WORKERS: '1' });

/** {code, out, err} of a command in that home, with what goes to its stdin. */
function human(home, words, { input = '', env = {}, ...options } = {}) {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HUMAN_|DATABASE_URL|OPENAI|ANTHROPIC|GEMINI)/.test(name)));
  const child = spawn(options.uid ? binaryForAll() : BINARY, words, { env: { ...clean, ...settings(home), ...env }, ...options });
  const got = { out: '', err: '' };
  child.stdout.on('data', (text) => { got.out += text; });
  child.stderr.on('data', (text) => { got.err += text; });
  child.stdin.on('error', () => {}).end(input);
  return once(child, 'close').then(([code]) => ({ code, ...got }));
}

/** A server of `home` with these flags, once `human ping` finds it. */
async function start(home, ...flags) {
  const host = launch(settings(home), [], { command: [BINARY, 'gateway', ...flags] });
  await until(async () => {
    if (host.child.exitCode !== null) throw new Error(host.log());
    return (await human(home, ['ping'])).code === 0;
  }, 60_000, 'it answers');
  await until(async () => (await human(home, ['ping'])).out.includes(': ok'), 30_000, 'it is well');
  return { ...host, home };
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

const kept = (home) => JSON.parse(fs.readFileSync(path.join(home, 'agent.json'), 'utf8'));
const ANSWER = /^[^\n]+: \S/;

describe('with a server on other ports', () => {
  const home = makeHome();
  let host, port;
  before(async () => {
    port = await freePort();
    host = await start(home, '--port', String(port));
  });
  after(() => stop(host.child));

  it('every command finds it, and nothing reaches the program at the configured one', async () => {
    foreign.seen.length = 0;
    const ping = await human(home, ['ping']);
    assert.equal(ping.out, `http://127.0.0.1:${port}/health answers 200: ok\n`);
    const said = await human(home, ['agent', '-m', 'hello']);
    assert.deepEqual([said.code, said.err], [0, '']);
    assert.match(said.out, ANSWER);
    const status = JSON.parse((await human(home, ['status', '--json'])).out);
    assert.ok(status.requests.total > 0, 'numbers of this very server');
    const top = await human(home, ['top', '-n', '1']);
    assert.match(top.out, /requests {2}/);
    const doctor = await human(home, ['doctor']);
    assert.match(doctor.out, new RegExp(`^ok +http +http://127.0.0.1:${port} answers`, 'm'));
    assert.equal(doctor.code, 0, doctor.out);
    assert.deepEqual(foreign.seen, []);
  });

  it('the key is kept for its database, and serves again', async () => {
    const before_ = fs.readFileSync(path.join(home, 'agent.json'), 'utf8');
    assert.equal(fs.statSync(path.join(home, 'agent.json')).mode & 0o777, 0o600);
    const health = await (await fetch(`http://127.0.0.1:${port}/health`)).json();
    assert.deepEqual(Object.keys(kept(home)), [health.database_id]);
    assert.equal((await human(home, ['agent', '-m', 'again'])).code, 0);
    assert.equal(fs.readFileSync(path.join(home, 'agent.json'), 'utf8'), before_);
  });

  it('agent is a filter in a pipe', async () => {
    const { code, out, err } = await human(home, ['agent', '--name', 'Ann'], { input: 'hello\n\nI struggle with cardio\n' });
    assert.deepEqual([code, err], [0, '']);
    assert.ok(out.trim().split('\n').length >= 2, out);
    for (const line of out.trim().split('\n')) assert.match(line, /^([^:]+: |\()/);
    assert.doesNotMatch(out, /\x1b|Ann: |quit ends it/);
    const nothing = await human(home, ['agent'], { input: '' });
    assert.deepEqual(nothing, { code: 0, out: '', err: '' });
  });

  it('a command of another home does not take it for its own', async () => {
    const other = makeHome();
    foreign.seen.length = 0;
    for (const words of [['agent', '-m', 'x'], ['ping'], ['status'], ['top', '-n', '1'], ['reload']]) {
      const { code, out, err } = await human(other, words, { env: { HUMAN_PORT: String(port) } });
      assert.equal(code, 1, words[0]);
      assert.ok((out + err).includes(`no server of ${other} runs`), out + err);
    }
    assert.deepEqual(foreign.seen, []);
    assert.equal(fs.existsSync(path.join(other, 'agent.json')), false);
  });

  it('a server that is named by its address is talked to with the key that is given, and nothing is made or kept', async () => {
    const other = makeHome(), url = `http://127.0.0.1:${port}`, [{ key }] = Object.values(kept(home));
    const users = async () => (await (await fetch(`${url}/metrics`)).text()).match(/^human_http_requests_total\{.*POST.*users.*/gm)?.length;
    const before_ = await users();
    const ask = (env, ...words) => human(other, ['agent', '--url', url, '-m', 'hello', ...words], { env });
    assert.match((await ask({ HUMAN_AGENT_KEY: key })).out, ANSWER);
    assert.match((await ask({ HUMAN_AGENT_KEY: 'ak_wrong' })).err, /answered 401/);
    assert.match((await ask({ HUMAN_AGENT_KEY: key }, '--agent', 'c000000000000000000000000')).err, /there is no agent c0000/);
    assert.match((await ask({})).err, /HUMAN_AGENT_KEY/);
    assert.equal(await users(), before_);
    assert.deepEqual(fs.readdirSync(other), []);
  });

  it('it is found after a restart elsewhere, with the same key; a new database gets a new one', async () => {
    const [first] = Object.entries(kept(home));
    await stop(host.child);
    assert.equal((await human(home, ['agent'], { input: 'x\n' })).code, 1);
    port = await freePort();
    host = await start(home, '--port', String(port));
    assert.equal((await human(home, ['agent', '-m', 'x'])).code, 0);
    assert.deepEqual(Object.entries(kept(home)), [first]);
    await stop(host.child);
    fs.rmSync(path.join(home, 'pg'), { recursive: true });
    host = await start(home, '--port', String(port));
    assert.equal((await human(home, ['agent', '-m', 'x'])).code, 0);
    const entries = Object.entries(kept(home));
    assert.equal(entries.length, 2);
    assert.deepEqual(entries.find(([id]) => id === first[0]), first);
  });

  it('a socket that a killed server left is no server', async () => {
    const pid = host.child.pid, ended = once(host.child, 'exit');
    process.kill(pid, 'SIGKILL');
    await ended;
    assert.ok(fs.existsSync(path.join(home, 'control.sock')));
    const { code, err } = await human(home, ['ping']);
    assert.deepEqual([code, err.includes(`no server of ${home} runs`)], [1, true], err);
  });
});

describe('with a server that speaks TLS by flags, on ::1 alone', () => {
  const home = makeHome();
  let host, port, authority;
  before(async () => {
    authority = makeAuthority(fs.mkdtempSync(path.join(home, 'tls-')));
    const { cert, key } = authority.issue('main', { hosts: ['chat.example.org'] });
    port = await freePort();
    host = await start(home, '--port', String(port), '--host', '::1', '--set', `tls.certificate=${cert}`, '--set', `tls.key=${key}`);
  });
  after(() => stop(host.child));

  it('every command finds it and knows it by its key', async () => {
    assert.match((await human(home, ['ping'])).out, new RegExp(`^https://\\[::1\\]:${port}/health answers 200: ok`));
    assert.match((await human(home, ['agent', '-m', 'hello'])).out, ANSWER);
    assert.match((await human(home, ['doctor'])).out, /^ok +http +https:/m);
    assert.ok(JSON.parse((await human(home, ['status', '--json'])).out).requests.total > 0);
  });

  it('a certificate of an authority that nobody knows is still refused to who names an address', async () => {
    const { code, err } = await human(home, ['ping', '--url', `https://[::1]:${port}`]);
    assert.equal(code, 1);
    assert.match(err, /no answer: https.*(certificate|SSL)/i);
  });

  it('a renewed key is known as soon as it is in force', async () => {
    authority.issue('main', { hosts: ['chat.example.org'] });
    assert.equal((await human(home, ['reload'])).code, 0);
    assert.match((await human(home, ['ping'])).out, /answers 200/);
  });
});

const outside = Object.values(os.networkInterfaces()).flat().find((a) => a.family === 'IPv4' && !a.internal)?.address;

describe('with a server that other machines can reach', { skip: outside ? false : 'this machine has no address of its own' }, () => {
  const home = makeHome(), admin = { env: { HUMAN_API_ADMIN_TOKEN: 'token-of-the-operator' } };
  let host;
  before(async () => {
    const port = await freePort();
    host = await start(home, '--port', String(port), '--host', outside, '--set', 'api.admin_token=token-of-the-operator');
  });
  after(() => stop(host.child));

  it('every command finds it; who has the admin token sees and may more', async () => {
    assert.match((await human(home, ['ping'])).out, new RegExp(`^http://${outside}:\\d+/health answers 200: ok`));
    assert.match((await human(home, ['status'])).out, /not available: the server asks for the admin token .*this command has none/);
    assert.ok(JSON.parse((await human(home, ['status', '--json'], admin)).out).requests.total > 0);
    assert.match((await human(home, ['agent', '-m', 'hello'])).err, /answered 401: .*admin token/);
    assert.match((await human(home, ['agent', '-m', 'hello'], admin)).out, ANSWER);
    assert.match((await human(home, ['agent', '-m', 'with the key that was kept'])).out, ANSWER);
  });
});

describe('with a control socket that leads elsewhere', () => {
  const home = makeHome();
  let control, status;
  before(async () => {
    control = net.createServer((socket) => socket.once('data', () => socket.end(`${JSON.stringify(status)}\nexit 0\n`)));
    control.listen(path.join(home, 'control.sock'));
    await once(control, 'listening');
    status = { version: '1', pid: 1, uptime_s: 1, home, instance: 'a'.repeat(32), url: `http://127.0.0.1:${foreign.port}`, pin: '',
               bundle: 'x', generation: 1, stopping: false, workers: [] };
  });
  after(() => control.close());

  it('who answers there is asked for its name, and for nothing else', async () => {
    foreign.seen.length = 0;
    for (const words of [['agent', '-m', 'x'], ['ping'], ['agent']]) {
      const { code, err } = await human(home, words, { input: 'x\n', env: { HUMAN_API_ADMIN_TOKEN: 'a-secret-of-ours' } });
      assert.equal(code, 1);
      assert.match(err, /another program answers at http:\/\/127\.0\.0\.1/);
    }
    assert.match((await human(home, ['doctor'])).out, /^FAIL +http +another program answers/m);
    assert.match((await human(home, ['status'])).out, /not available: another program answers/);
    for (const { what, headers } of foreign.seen) {
      assert.equal(what, 'GET /health');
      assert.deepEqual([headers['x-api-key'], headers.authorization], [undefined, undefined]);
    }
    assert.equal(fs.existsSync(path.join(home, 'agent.json')), false);
  });

  it('a key that is not that of the control socket ends the connection', async () => {
    const { cert, key } = makeAuthority(fs.mkdtempSync(path.join(home, 'tls-'))).issue('other', { hosts: ['127.0.0.1'] });
    const https = await import('node:https');
    let asked = 0;
    const server = https.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, (req, res) => {
      asked += 1;
      res.end('{}');
    }).on('tlsClientError', () => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    Object.assign(status, { url: `https://127.0.0.1:${server.address().port}`, pin: `sha256//${Buffer.alloc(32).toString('base64')}` });
    const { code, err } = await human(home, ['ping']);
    server.close();
    assert.deepEqual([code, asked], [1, 0], err);
    assert.match(err, /pinned|public key/i);
  });

  it('a server of before that does not tell where it is has to be restarted', async () => {
    delete status.instance;
    const { code, err } = await human(home, ['ping']);
    assert.deepEqual([code, /restart it/.test(err)], [1, true], err);
  });

  it('who may not open it is told so', { skip: process.getuid() !== 0 && 'only root can be somebody else' }, async () => {
    fs.chmodSync(path.join(home, 'control.sock'), 0o660);
    const { code, err } = await human(home, ['ping'], { uid: 65534, gid: 65534, cwd: '/' });
    assert.deepEqual([code, /control\.sock: Permission denied: the server is for its own user/.test(err)], [1, true], err);
  });
});
