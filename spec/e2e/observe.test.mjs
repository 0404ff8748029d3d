// spec/e2e/observe.test.mjs -- observability: log lines, metrics, traces, health, and the commands.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { call, connected, makeAgent, makeUser, newMessage, run, send } from './agent_client.mjs';
import { startModel } from './agent_model.mjs';
import { makeHome, startHost } from './hosts.mjs';
import { parse, sum } from './prometheus.mjs';
import { freePort, root, until } from './support.mjs';

const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human');
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736', PARENT = '00f067aa0ba902b7';

/** A command of the host's; {code, out, err}. */
const human = (host, ...args) => new Promise((resolve) => {
  const env = { ...process.env, HUMAN_CONFIG: '/dev/null', HUMAN_HOME: host.home, HUMAN_PORT: host.port,
                HUMAN_AGENT_PORT: '0', HUMAN_WORKERS: '2', HUMAN_SCRIPTS: host.scripts ?? path.join(root, 'scripts') };
  execFile(BINARY, args, { env }, (error, out, err) => resolve({ code: error?.code ?? 0, out, err }));
});
const lines = (host) => host.log().split('\n').filter(Boolean).map((line) => {
  assert.match(line, /^\{.*\}$/, 'a line of the log is one object');
  return JSON.parse(line);
});
const requests = (host) => lines(host).filter((l) => l.msg === 'request');
const metrics = async (host) => parse(await (await fetch(`${host.url}/metrics`)).text());
const shown = (host, id) => until(() => requests(host).find((l) => l.request_id === id), 5000, `the line of ${id}`);

let host, model, user;
before(async () => {
  model = await startModel();
  host = await startHost({ env: { ...model.env, HUMAN_AGENT_WINDOW_MESSAGES: '20' } });
  user = await makeUser(host.url);
});
after(async () => {
  await host?.stop();
  await model?.close();
});

describe('the log', () => {
  it('has one line for each request, with the id that its client was told', async () => {
    const answer = await user.api('GET', '/api/personalities');
    const line = await shown(host, answer.headers.get('x-request-id'));
    assert.deepEqual([line.method, line.route, line.status, line.actor, line.ip, line.gen],
      ['GET', '/api/personalities', 200, `user:${user.id}`, '127.0.0.1', answer.headers.get('x-gen')]);
    assert.ok(line.duration_ms > 0 && line.bytes > 0 && line.time && line.level === 'info' && line.pid > 0);
    const ids = requests(host).map((l) => l.request_id);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('shows no secret, wherever a client puts it', async () => {
    const secret = 'S3cretS3cretS3cretS3cretS3cret12', key = `ak_${secret}`, base = host.url;
    const agent = await makeAgent(host.url, user);
    const get = (target, headers = {}) => new Promise((resolve, reject) => {
      const req = http.request(base, { path: target, headers }, (res) => res.resume().on('end', resolve));
      req.on('error', reject).end();
    });
    await get('/api/agents', { 'x-api-key': key, authorization: `Bearer ${secret}`, cookie: `session=${secret}` });
    await get(`/api/agents?apiKey=${key}&token=${secret}`, { 'x-api-key': user.key });
    await get(`/${key}/${secret}`);
    await get(`http://someone:${secret}@127.0.0.1/api/agents`);
    await get(`/socket.io/?EIO=4&transport=polling&agentId=${agent.id}&apiKey=${key}`);
    await get('/ready', { traceparent: `00-${secret}-x-01`, tracestate: `a=${secret}`, 'x-request-id': `no ${secret} "` });
    await call(base, 'POST', '/api/users', { body: `{"email":"${secret}","password":"${secret}"` });
    await call(base, 'POST', '/api/users', { body: { email: secret, password: secret } });
    const socket = await connected(base, agent.id, user.key);
    await send(socket, { type: 'new-message', content: { token: secret } }).catch(() => {});
    socket.disconnect();
    const last = await call(base, 'GET', '/ready');
    await shown(host, last.headers.get('x-request-id'));
    assert.equal(requests(host).filter((l) => l.route === '/socket.io/').length > 0, true);
    assert.ok(!host.log().includes(secret), host.log().split('\n').find((l) => l.includes(secret)));
    assert.ok(!host.log().includes(user.key.slice(3)), 'the key of a user');
  });

  it('names refusals that no script saw', async () => {
    await new Promise((resolve) => {
      const raw = http.request(host.url, { headers: { big: 'x'.repeat(15000), bigger: 'y'.repeat(9000) } });
      raw.on('response', (res) => res.resume().on('end', resolve)).on('error', resolve).end();
    });
    await until(() => lines(host).find((l) => l.msg === 'request refused' && l.status === 431), 5000, 'the line');
    assert.equal(sum(await metrics(host), 'human_http_refused_total', { status: '431' }), 1);
  });
});

describe('a reload', () => {
  it('shows in every line, at /health and in /metrics, accepted or refused', async () => {
    const tree = path.join(makeHome(), 'scripts'), file = path.join(tree, 'api/local/hello.lua');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const write = (text) => fs.writeFileSync(file, `-- hello
      local s = require "human.schema"
      local g = require("human.api").group { base = "/local", auth = false }
      g:get("/hello", { summary = "H", reply = { [200] = s.object { said = s.string } } },
        function(ctx) ctx.log.info "said" return 200, { said = "${text}" } end)
      return g`);
    write('one');
    const scripts = `${tree}:${path.join(root, 'scripts')}`;
    const other = { scripts, ...await startHost({ env: { HUMAN_SCRIPTS: scripts } }) };
    try {
      const hello = () => call(other.url, 'GET', '/local/hello');
      const first = await hello();
      write('two');
      assert.equal((await human(other, 'reload')).code, 0);
      const second = await hello();
      write('three"');
      assert.equal((await human(other, 'reload')).code, 1);
      const [a, b] = [first, second].map((r) => r.headers.get('x-gen'));
      assert.notEqual(a, b);
      for (const [answer, gen] of [[first, a], [second, b]]) {
        const id = answer.headers.get('x-request-id');
        await shown(other, id);
        assert.deepEqual(lines(other).filter((l) => l.request_id === id).map((l) => [l.msg, l.gen]),
          [['said', gen], ['request', gen]]);
      }
      const health = (await call(other.url, 'GET', '/health')).body;
      assert.deepEqual([health.status, health.reload, health.scripts, health.problems.length], ['ok', 'refused', b, 1]);
      const m = await metrics(other);
      assert.deepEqual(['accepted', 'refused'].map((result) => sum(m, 'human_reloads_total', { result })), [1, 1]);
      assert.equal(sum(m, 'human_last_reload_successful'), 0);
      assert.equal(sum(m, 'human_bundle_info', { bundle: b }), 1);
      assert.equal((await human(other, 'status', '--json')).out.includes('"ok":false'), true);
      assert.deepEqual(lines(other).filter((l) => !l.gen && !/^database: |listen/.test(l.msg)), []);
    } finally {
      await other.stop();
    }
  });
});

describe('/metrics', () => {
  it('is what Prometheus reads, and counts each request once', async () => {
    const labels = { method: 'GET', route: '/api/agent-types' }, name = 'human_http_requests_total';
    const before_ = sum(await metrics(host), name, { ...labels, status: '200' });
    for (let i = 0; i < 20; i += 1) await call(host.url, 'GET', '/api/agent-types');
    const now = await until(async () => { // the other worker tells its numbers once a second
      const m = await metrics(host);
      return sum(m, name, { ...labels, status: '200' }) === before_ + 20 && m;
    }, 5000, 'all are counted');
    assert.equal(sum(now, 'human_http_request_duration_seconds_count', labels), before_ + 20);
    assert.ok(sum(now, 'human_http_request_duration_seconds_sum', labels) > 0);
    for (const gauge of ['human_connections', 'human_pool_connections', 'human_resident_memory_bytes', 'human_tasks']) {
      assert.deepEqual(new Set(now.get(gauge).samples.map((s) => s.labels.worker)), new Set(['0', '1']), gauge);
    }
    assert.equal(sum(now, 'human_pool_connections'), 16);
    assert.ok(sum(now, 'human_pool_statements_total') > 10);
  });
});

describe('a trace', () => {
  it('goes from the event through the turn to the provider, and into the log', async () => {
    const agent = await makeAgent(host.url, user), socket = await connected(host.url, agent.id, user.key);
    model.headers.length = 0;
    const ended = run(socket);
    const answer = await call(host.url, 'POST', `/api/agents/${agent.id}/messages`, { key: user.key, body: newMessage('Hi'),
      headers: { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'vendor=opaque' } });
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    await ended;
    socket.disconnect();
    const [sent] = model.headers;
    assert.match(sent.traceparent, new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
    assert.ok(!sent.traceparent.includes(PARENT), 'a span of its own');
    assert.equal(sent.tracestate, 'vendor=opaque');
    assert.equal((await shown(host, answer.headers.get('x-request-id'))).trace_id, TRACE);
    const m = await until(async () => {
      const found = await metrics(host);
      return sum(found, 'human_llm_tokens_total', { model: 'spec-model', direction: 'input' }) >= 100 && found;
    }, 5000, 'tokens are counted');
    assert.ok(sum(m, 'human_llm_requests_total', { provider: 'openai', model: 'spec-model', status: 'ok' }) >= 1);
  });
});

describe('commands', () => {
  it('status tells a person and a program how the server is', async () => {
    const text = await human(host, 'status'), json = await human(host, 'status', '--json');
    assert.equal(text.code, 0, text.err);
    assert.match(text.out, /^human \S+, process \d+, up /);
    const view = JSON.parse(json.out);
    assert.deepEqual([view.pid, view.workers.length, view.database_up], [host.child.pid, 2, true]);
    assert.deepEqual(view.workers.map((w) => w.pid), host.workers());
    assert.ok(view.requests.total > 0 && view.requests.p99_ms > 0 && view.workers.every((w) => w.memory_bytes > 1e6));
  });

  it('top shows one look after another when nobody sits before it', async () => {
    const { code, out } = await human(host, 'top', '-n', '2');
    assert.deepEqual([code, out.match(/^human /gm).length, out.includes('\x1b')], [0, 2, false]);
    assert.match(out, /requests {2}[0-9.]+\/s, p50/);
  });

  it('doctor finds nothing wrong with a server that runs, and changes nothing', async () => {
    const { code, out } = await human(host, 'doctor');
    assert.equal(code, 0, out);
    for (const what of ['server', 'workers', 'http', 'scripts', 'database', 'clock', 'migrations', 'model']) {
      assert.match(out, new RegExp(`^ok +${what} `, 'm'));
    }
    const nowhere = { home: path.join(makeHome(), 'new'), port: await freePort() };
    const other = await human(nowhere, 'doctor');
    assert.match(other.out, /^ok +server +none runs/m);
    assert.equal(fs.existsSync(nowhere.home), false);
  });

  it('doctor names what is wrong, and the remedy', async () => {
    const dir = makeHome(), broken = path.join(dir, 'scripts');
    fs.mkdirSync(path.join(broken, 'api/local'), { recursive: true });
    fs.writeFileSync(path.join(broken, 'api/local/x.lua'), 'return nonsense(\n');
    const { code, out } = await human({ home: path.join(dir, 'home'), port: host.port,
      scripts: `${broken}:${path.join(root, 'scripts')}` }, 'doctor');
    assert.equal(code, 1);
    assert.match(out, new RegExp(`^FAIL +port +127.0.0.1:${host.port}: Address already in use`, 'm'));
    assert.match(out, /^FAIL +scripts +\S+\/api\/local\/x\.lua:\d+: /m);
    assert.match(out, /-> stop that, or choose another/);
  });

  it('status and top say when no server runs', async () => {
    const nowhere = { home: makeHome(), port: await freePort() };
    for (const args of [['status'], ['top', '-n', '1']]) {
      const { code, out, err } = await human(nowhere, ...args);
      assert.equal(code, 1);
      assert.match(out + err, /no server of \S+ runs \(.*control\.sock/);
    }
  });
});

describe('a worker that dies', () => {
  it('is counted, and takes no line with it that nobody has read yet', async () => {
    const home = makeHome(), port = await freePort();
    const child = spawn(BINARY, ['gateway'], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env,
      HUMAN_CONFIG: '/dev/null', HUMAN_HOME: home, HUMAN_PORT: port, HUMAN_AGENT_PORT: '0', HUMAN_WORKERS: '1',
      HUMAN_LOG_FORMAT: 'json', HUMAN_SCRIPTS: path.join(root, 'scripts') } });
    const other = { url: `http://127.0.0.1:${port}`, home, port }, ids = [];
    const ended = once(child, 'exit');
    try {
      const get = () => fetch(`${other.url}/ready`).then((r) => r.status === 200 && r, () => null);
      await until(get, 60_000, 'it is ready');
      for (let i = 0; i < 600; i += 1) ids.push((await get()).headers.get('x-request-id')); // more than a pipe holds
      const worker = JSON.parse((await human(other, 'status', '--json')).out).workers[0].pid;
      process.kill(worker, 'SIGKILL');
      let log = '';
      child.stderr.on('data', (text) => { log += text; });
      await until(get, 20_000, 'it is ready again');
      await until(() => log.includes(ids.at(-1)), 5000, 'the last line');
      const seen = new Set(log.split('\n').filter((l) => l.includes('"request_id"')).map((l) => JSON.parse(l).request_id));
      assert.deepEqual(ids.filter((id) => !seen.has(id)), []);
      assert.equal(sum(await metrics(other), 'human_worker_restarts_total', { reason: 'signal' }), 1);
    } finally {
      child.kill('SIGTERM');
      child.stderr.resume();
      await ended;
    }
  });
});

describe('a log that cannot be written', () => {
  it('hurts no request, and is counted', async () => {
    const home = makeHome(), port = await freePort(), full = fs.openSync('/dev/full', 'w');
    const child = spawn(BINARY, ['gateway'], { stdio: ['ignore', 'ignore', full], env: { ...process.env,
      HUMAN_CONFIG: '/dev/null', HUMAN_HOME: home, HUMAN_PORT: port, HUMAN_AGENT_PORT: '0', HUMAN_WORKERS: '1',
      HUMAN_LOG_FORMAT: 'json', HUMAN_SCRIPTS: path.join(root, 'scripts') } });
    const other = { url: `http://127.0.0.1:${port}` }, ended = once(child, 'exit');
    try {
      await until(() => fetch(`${other.url}/ready`).then((r) => r.status === 200, () => false), 60_000, 'it is ready');
      for (let i = 0; i < 1500; i += 1) assert.equal((await fetch(`${other.url}/ready`)).status, 200);
      await until(async () => sum(await metrics(other), 'human_log_lines_lost_total') > 0, 5000, 'lost lines are counted');
    } finally {
      child.kill('SIGTERM');
      assert.deepEqual((await ended)[0], 0);
    }
  });
});

describe('a server that stops', () => {
  it('serves until its load balancer has noticed', async () => {
    const other = await startHost({ env: { HUMAN_STOP_NOTICE_MS: '5000' } });
    other.child.kill('SIGTERM');
    const ready = () => fetch(`${other.url}/ready`, { headers: { connection: 'close' } });
    const answer = await until(async () => {          // of a worker that has been told
      const one = await ready();
      return one.status === 503 && one;
    }, 2000, 'it says so');
    assert.deepEqual((await answer.json()).reasons, ['draining']);
    assert.equal((await call(other.url, 'GET', '/api/agent-types')).status, 200);
    await until(() => ready().then(() => false, () => true), 8000, 'clients are refused');
    assert.equal((await other.stop()).code, 0);
  });

  it('says so at /ready to those who are still connected', async () => {
    const other = await startHost({ env: { HUMAN_WORKERS: '1', HUMAN_LIMITS_DRAIN_TIMEOUT_MS: '20000', ...model.env } });
    const someone = await makeUser(other.url), agent = await makeAgent(other.url, someone);
    model.headers.length = 0;
    let go;
    model.answer = () => ({ text: 'Late.', wait: new Promise((done) => { go = done; }) }); // a turn that keeps it from ending at once
    const socket = await connected(other.url, agent.id, someone.key);
    await send(socket, newMessage('Hi'));
    await until(() => model.headers.length > 0, 5000, 'the turn is at the model');
    const keep = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const ready = () => new Promise((resolve, reject) => {
      http.get(`${other.url}/ready`, { agent: keep }, (res) => {
        let text = '';
        res.on('data', (t) => { text += t; }).on('end', () => resolve({ status: res.statusCode, body: JSON.parse(text) }));
      }).on('error', reject);
    });
    assert.deepEqual(await ready(), { status: 200, body: { ready: true, reasons: [], database: 'up' } });
    other.child.kill('SIGTERM');
    await until(() => other.log().includes('stopping (Terminated)'), 5000, 'it was told');
    const answer = await ready();
    assert.deepEqual(answer, { status: 503, body: { ready: false, reasons: ['draining'], database: 'up' } });
    keep.destroy();
    go();
    socket.disconnect();
    await other.stop();
    model.answer = () => ({ text: 'Fine.' });
  });
});
