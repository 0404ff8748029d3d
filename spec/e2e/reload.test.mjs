// spec/e2e/reload.test.mjs -- an operator edits scripts under a running host and reloads.
// Invariants: a good edit serves on all workers, a bad one changes nothing and names the
// mistake; running tasks end on the scripts that began them; connections and their data survive.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { io } from 'socket.io-client';
import WebSocket from 'ws';
import { makeHome, sql, startHost } from './hosts.mjs';
import { next, root, sleep, until } from './support.mjs';

const BINARY = process.env.E2E_BINARY ?? path.join(root, 'build/human');
const FILE = 'api/local/probe.lua';
let host, home, tree, called;

// A server of the test's own: scripts call it, and wait until the test lets them go on.
const calls = [];
const told = http.createServer((req, res) => { calls.push({ url: req.url, go: () => res.end('ok') }); called?.(); });
told.listen(0, '127.0.0.1');
await once(told, 'listening');
/** The next call that a script makes to `url`. */
async function call(url, ms = 60_000) {
  const end = AbortSignal.timeout(ms);
  for (;;) {
    const i = calls.findIndex((c) => c.url === url);
    if (i >= 0) return calls.splice(i, 1)[0];
    await new Promise((done, fail) => {
      called = done;
      end.onabort = () => fail(new Error(`no script called ${url} within ${ms} ms`));
    });
  }
}

/** A script that says `version`, and what else the test adds. */
const probe = (version, more = '') => `
local api, s = require "human.api", require "human.schema"
local fetch, sio, jobs = require "human.fetch", require "human.sio", require "human.jobs"
local g = api.group { tag = "Probe", auth = false, shape = "agent" }
local M = {}
g:get("/probe", { summary = "Its version", reply = { [200] = s.raw "text/plain" } },
  function() return 200, "${version}" end)
g:get("/slow", { summary = "Its version, later", reply = { [200] = s.raw "text/plain" } }, function()
  fetch { url = "http://127.0.0.1:${told.address().port}/slow" }
  return 200, "${version}"
end)
${more}
return M
`;

const write = (text, file = FILE) => {
  const target = path.join(tree, file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, text);
};

const human = (...args) => new Promise((done) => {
  const env = { ...process.env, HUMAN_HOME: home, HUMAN_CONFIG: '/dev/null', HUMAN_PORT: host.port, HUMAN_AGENT_PORT: '0' };
  execFile(BINARY, args, { env }, (error, stdout, stderr) => done({ code: error?.code ?? 0, stdout, stderr }));
});
const reload = () => human('reload');
async function reloads() {
  const { code, stderr } = await reload();
  assert.equal(code, 0, stderr);
}
const get = (url) => fetch(host.url + url, { headers: { connection: 'close' } });

/** ms of user and system time that a process has used; in ticks of 10 ms, behind its name. */
function spentBy(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** What every worker answers: 40 connections reach them all. */
async function versions() {
  const answers = await Promise.all(Array.from({ length: 40 }, async () => {
    const response = await get('/probe');
    return `${response.headers.get('x-gen')} ${await response.text()}`;
  }));
  return [...new Set(answers)];
}

/** A host with a tree of its own, which tests edit from now on. */
async function serve(timeout_ms) {
  home = makeHome();
  tree = fs.mkdtempSync(path.join(home, 'tree-in-a-directory-of-a-long-name-'));
  write(probe('one'));
  host = await startHost({ home, env: { HUMAN_SCRIPTS: `${tree}:${path.join(root, 'scripts')}`, HUMAN_RELOAD_TIMEOUT_MS: String(timeout_ms),
    HUMAN_RELOAD_GRACE_MS: '2000' } });
}
before(() => serve(60_000));
const begin = async () => {
  write(probe('one'));
  await reloads();
};
after(async () => {
  const end = await host?.stop();
  told.close();
  told.closeAllConnections();
  assert.equal(end?.code, 0);
});

describe('a good edit', () => {
  it('serves on all workers when `human reload` returns, under a new x-gen', async () => {
    const [before] = await versions();
    write(probe('two'));
    const { code, stdout } = await reload();
    assert.equal(code, 0);
    assert.match(stdout, /^scripts [0-9a-f]{12}: .*\nin force on 2 workers after \d+ ms\n$/);
    const now = await versions();
    assert.equal(now.length, 1);
    assert.match(now[0], / two$/);
    assert.notEqual(now[0].split(' ')[0], before.split(' ')[0]);
    assert.equal(now[0].split(' ')[0], /^scripts ([0-9a-f]{12})/.exec(stdout)[1]);
  });

  it('is taken by SIGHUP, too', async () => {
    write(probe('hup'));
    host.child.kill('SIGHUP');
    await until(async () => (await versions()).join().endsWith(' hup'), 10_000, 'the new scripts serve');
  });

  it('is in force when two operators reload at once', async () => {
    write(probe('both'));
    const all = await Promise.all([reload(), reload(), reload()]);
    assert.deepEqual(all.map((r) => r.code), [0, 0, 0]);
    assert.match((await versions()).join(), / both$/);
  });

  it('leaves the processors to the workers while they load it', async () => {
    const spent = () => spentBy(host.child.pid);
    write(probe('heavy', 'for _ = 1, 60 do ("a"):rep(100000):gsub("a", "b") end'));
    const before = spent(), { code, stdout } = await reload();
    assert.equal(code, 0);
    const took = Number(/after (\d+) ms/.exec(stdout)[1]), used = spent() - before;
    assert.ok(used < took / 5, `the supervisor used ${used} of ${took} ms`);
  });

  it('is loaded by half of the workers while the others answer', async () => {
    write(probe('long', 'for _ = 1, 50 do ("a"):rep(100000):gsub("a", "b") end'));
    const workers = host.workers(), before = workers.map(spentBy), used = (i) => spentBy(workers[i]) - before[i];
    let ended, answers = 0;
    const asked = [], seen = [], ask = async () => { await (await get('/health')).text(); if (!ended) answers += 1; };
    const reloaded = reload().finally(() => { ended = true; });
    for (; !ended; await sleep(50)) { // half of what is asked waits for the one that loads
      asked.push(ask());
      seen.push([used(0), used(1), used(0)]);
    }
    const { code, stderr } = await reloaded;
    assert.equal(code, 0, stderr);
    await Promise.all(asked);
    // When the second one has begun, by the processor's time that it has used, the first one is done.
    const begun = [0, 1].map((i) => seen.find((s) => s[i] >= 250)), later = seen.indexOf(begun[1]) >= seen.indexOf(begun[0]) ? 1 : 0;
    const first = begun[later][later + 1], whole = used(later);
    assert.ok(first > whole * 0.6, `the first had used ${first} ms of ${whole} when the second began`);
    assert.ok(answers >= 5, `${answers} answers came meanwhile`);
  });

  it('is in force where a machine has no time for it', async () => {
    write(probe('starved', 'for _ = 1, 50 do ("a"):rep(100000):gsub("a", "b") end'));
    const workers = host.workers(), before = workers.map(spentBy), reloaded = reload();
    const pid = await until(() => workers.find((one, i) => spentBy(one) - before[i] >= 250), 120_000, 'a worker loads it');
    process.kill(pid, 'SIGSTOP');
    await sleep(3500); // longer than limits.script_hard_ms
    process.kill(pid, 'SIGCONT');
    const { code, stderr } = await reloaded;
    assert.equal(code, 0, stderr);
    assert.deepEqual(host.workers(), workers);
  });

  it('is what a replaced worker begins with', async () => {
    write(probe('kept'));
    await reloads();
    const [pid] = host.workers();
    process.kill(pid, 'SIGKILL');
    await until(async () => host.workers().length === 2 && !host.workers().includes(pid), 10_000, 'it is replaced');
    await until(() => versions().then((v) => v.join().endsWith(' kept') && v.length === 1, () => false), 10_000, 'it serves');
  });
});

describe('a bad edit', () => {
  const line = (text) => probe('bad', text);
  const LINE = line('HERE').split('\n').indexOf('HERE') + 1;
  const cases = {
    'a syntax error': [{ [FILE]: line('local x = = 1') }, `${FILE}:${LINE}: unexpected symbol near '='`],
    'a run-time error while it loads': [{ [FILE]: line('local n = nil + 1; print(n)') }, `${FILE}:${LINE}: `],
    'a pattern that never ends': [{ [FILE]: line('print(("a"):rep(40):find(("a?"):rep(40) .. ("a"):rep(40)))') },
      `${FILE}:${LINE}: string.find: the pattern tries too many ways`],
    'a route that is there already': [{ [FILE]: line('g:get("/probe", { summary = "Twice", reply = { [200] = s.bool } }, print)') },
      `${FILE}:${LINE}: duplicate route GET /probe, first declared at ${FILE}:6`],
    'a global': [{ [FILE]: line('oops = 1') }, `${FILE}:${LINE}: assignment to global 'oops'`],
    'an unknown global': [{ [FILE]: line('print(oops)') }, `${FILE}:${LINE}: undefined global 'oops'`],
    'a module that is not there': [{ [FILE]: line('require "agent.nothing"') }, `${FILE}:${LINE}: module 'agent.nothing' not found`],
    'a failing example of a rule': [{ 'agent/rules/probe.lua':
      'local M = {}\nfunction M.f() return allow() end\nM.examples = {\n  { "f", expect = "allow" },\n  { "f", expect = "never" },\n}\nreturn M\n' },
      'agent/rules/probe.lua:5: example 2 (f): expected never, got allow'],
    'a missing migration': [{ 'agent/migrations/0999_probe.sql': 'create table probe (id int);\n' },
      'agent/migrations/0999_probe.sql: this migration is not in the database yet'],
    'a job without its function': [{ [FILE]: line('jobs.every("probe", 60, "api.local.probe.nothing")') },
      'job probe: api.local.probe.nothing names no function'],
  };

  const endless = {
    'an endless loop while it loads': [{ [FILE]: line('while true do end') }, `${FILE}:${LINE}: loading took longer than reload.timeout_ms`],
    'a loop that catches every error': [{ [FILE]: line('while true do pcall(function() for _ = 1, 1e7 do end end) end') }, // limit: reload.timeout_ms
      `${FILE}:${LINE}: loading took longer than reload.timeout_ms`],
  };

  before(begin);
  afterEach(() => {
    fs.rmSync(tree, { recursive: true });
    fs.mkdirSync(tree);
  });

  const refuses = ([name, [files, message]]) => {
    it(`with ${name} is refused with its place, and changes nothing`, async () => {
      const before = await versions();
      for (const [file, text] of Object.entries(files)) write(text, file);
      const { code, stderr } = await reload();
      assert.equal(code, 1);
      const said = stderr.replaceAll(`${fs.realpathSync(tree)}/`, ''); // scripts go by their place on disk
      assert.ok(said.startsWith(`refused: ${message}`), stderr);
      assert.match(stderr, /\nscripts [0-9a-f]{12} stay in force\n$/);
      assert.deepEqual(await versions(), before);
    });
  };
  Object.entries(cases).forEach(refuses);

  describe('where there is little time to load', () => {
    let kept;
    before(() => { kept = [host, home, tree]; return serve(3000); });
    after(async () => {
      assert.equal((await host.stop()).code, 0);
      [host, home, tree] = kept;
    });
    Object.entries(endless).forEach(refuses);
  });
});

describe('what is under way', () => {
  beforeEach(begin);

  it('ends on the scripts that it began with', async () => {
    const answer = get('/slow');
    const waiting = await call('/slow');
    write(probe('two'));
    await reloads();
    waiting.go();
    assert.equal(await (await answer).text(), 'one');
    assert.match((await versions()).join(), / two$/);
  });

  it('is answered 504 when it takes longer than reload.grace_ms after that', async () => { // limit: reload.grace_ms
    const answer = get('/slow');
    const waiting = await call('/slow');
    await reloads();
    assert.equal((await answer).status, 504);
    waiting.go();
  });
});

describe('connections', () => {
  const socket = (version, handlers) => probe(version, `g:websocket("/probe.ws", { summary = "Counts" }, {${handlers}})`);
  const counting = `on_message = function(conn)
      conn.data.n = (conn.data.n or 0) + 1
      conn:send("VERSION " .. conn.data.n)
    end,`;
  const ask = async (ws) => { ws.send('?'); return (await next(ws, 'message'))[0].toString(); };
  const open = async (url) => {
    const ws = new WebSocket(host.url.replace('http', 'ws') + url);
    await once(ws, 'open');
    return ws;
  };

  it('of raw WebSockets stay open with what they keep; on_upgrade may change it', async () => {
    write(socket('one', counting));
    await reloads();
    const ws = await open('/probe.ws');
    assert.equal(await ask(ws), 'VERSION 1');
    write(socket('two', counting.replace('VERSION', 'two')));
    await reloads();
    assert.equal(await ask(ws), 'two 2');
    write(socket('three', `${counting} on_upgrade = function(data, from, to)
      return { n = data.n + 100 + #from + #to }
    end,`));
    await reloads();
    assert.equal(await ask(ws), 'VERSION 127');
    assert.equal(await ask(ws), 'VERSION 128');
    ws.terminate();
  });

  it('hold what handles their messages: removing that is refused until they are closed', async () => {
    write(socket('one', counting));
    await reloads();
    const ws = await open('/probe.ws');
    write(probe('two'));
    const refused = await reload();
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^refused: \S*api\/local\/probe\.lua:\d+: .*\/probe\.ws has open connections/);
    assert.equal(await ask(ws), 'VERSION 1');
    ws.close();
    await once(ws, 'close');
    await until(async () => (await reload()).code === 0, 5000, 'the handler can go');
  });

  it('of raw WebSockets are closed when their handler ends neither by itself nor by force', async () => {
    write(socket('one', `on_message = function()
      while true do pcall(fetch, { url = "http://127.0.0.1:${told.address().port}/never" }) end
    end,`));
    await reloads();
    const ws = await open('/probe.ws');
    ws.send('?');
    await call('/never');
    write(socket('two', counting));
    await reloads();
    const [code] = await next(ws, 'close', 15_000); // reload.grace_ms, and being told three times
    assert.equal(code, 1011);
    assert.match(host.log(), /websocket handler abandoned/);
  });

  const namespace = (version, more) => probe(version, `local server = sio.server { path = "/probe.io/" }
server:namespace("/", { on = { ask = function(socket, ack)
  socket.data.n = (socket.data.n or 0) + 1
  ack("${version} " .. socket.data.n)
end${more}`);

  it('of Socket.IO stay with their data, and hold their handlers as well', async () => {
    write(namespace('one', ' } })'));
    await reloads();
    const client = io(host.url, { path: '/probe.io/', transports: ['websocket'], reconnection: false });
    await once(client, 'connect');
    const id = client.id;
    assert.equal(await client.emitWithAck('ask'), 'one 1');
    write(namespace('two', ', more = print }, on_upgrade = function(data) data.n = data.n + 10; return data end })'));
    await reloads();
    assert.equal(await client.emitWithAck('ask'), 'two 12');
    assert.equal(client.id, id);
    write(namespace('three', ' } })'));
    const refused = await reload();
    assert.match(refused.stderr, /api\/local\/probe\.lua:\d+: namespace \/ has connected sockets, and no handler for 'more'/);
    write(probe('four'));
    assert.match((await reload()).stderr, /api\/local\/probe\.lua:\d+: sessions are open at \/probe\.io\//);
    client.disconnect();
    await until(async () => (await reload()).code === 0, 5000, 'the server can go');
  });
});

describe('jobs', () => {
  const job = (version, seconds) => probe(version, `function M.tick()
  fetch { url = "http://127.0.0.1:${told.address().port}/${version}" }
end
jobs.every("probe", ${seconds}, "api.local.probe.tick")`);

  it('are found anew by their names, sooner when they come more often, and dropped with a warning', async () => {
    write(job('first', 3600));
    await reloads();
    (await call('/first')).go();
    const due = "select due_at > now() + interval '30 minutes' from host_jobs where name = 'probe'";
    await until(async () => (await sql(home, due))[0] === 't', 5000, 'the next run is an hour away');
    write(job('second', 1));
    await reloads();
    (await call('/second')).go();
    write(probe('none'));
    await reloads();
    await until(() => /job dropped.*probe/.test(host.log()), 5000, 'the log says that the job is dropped');
  });
});

describe('reload.watch', () => {
  it('reloads when a file is saved, also in a folder that is new', async () => {
    const other = makeHome();
    const own = fs.mkdtempSync(path.join(other, 'tree-'));
    const watched = await startHost({ home: other, env: { HUMAN_SCRIPTS: `${own}:${path.join(root, 'scripts')}`, HUMAN_RELOAD_WATCH: 'true' } });
    const file = path.join(own, FILE);
    for (const version of ['first', 'second']) {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, probe(version));
      const answer = () => fetch(`${watched.url}/probe`).then((r) => r.text());
      await until(async () => (await answer()) === version, 15_000, `${version} serves`);
    }
    assert.equal((await watched.stop()).code, 0);
  });
});

describe('reload.watch, of a directory of overrides', () => {
  const home = makeHome(), own = path.join(home, 'scripts'); // where a person has them without being told
  let watched;
  const serves = (version) => until(async () => await fetch(`${watched.url}/probe`).then((r) => r.text()) === version, 15_000, `${version} serves`);
  const save = (dir, version) => {
    fs.mkdirSync(path.dirname(path.join(dir, FILE)), { recursive: true });
    fs.writeFileSync(path.join(dir, FILE), probe(version));
  };

  it('that comes after the start, goes, comes back, and is replaced by a link', async () => {
    watched = await startHost({ home, env: { HUMAN_SCRIPTS: '', HUMAN_RELOAD_WATCH: 'true' } });
    assert.equal(fs.existsSync(own), false);
    save(own, 'first');
    await serves('first');
    save(own, 'second');
    await serves('second');
    fs.rmSync(own, { recursive: true });
    await until(async () => (await fetch(`${watched.url}/probe`)).status === 404, 15_000, 'it is gone');
    const other = path.join(makeHome(), 'other');
    save(other, 'third');
    fs.symlinkSync(other, own);
    await serves('third');
    save(other, 'fourth');
    await serves('fourth');
    assert.equal((await watched.stop()).code, 0);
  });
});

describe('without a server', () => {
  it('`human reload` says so and fails', async () => {
    const env = { ...process.env, HUMAN_HOME: makeHome(), HUMAN_CONFIG: '/dev/null' };
    const run = await new Promise((done) => execFile(BINARY, ['reload'], { env }, (e, out, err) => done({ code: e?.code, err })));
    assert.equal(run.code, 1);
    assert.match(run.err, /^no server of \/.* runs \(.*control\.sock: No such file or directory\); `human gateway` starts one/);
  });
});
