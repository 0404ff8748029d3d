// spec/e2e/fetch_upload.test.mjs -- outbound bodies that are no text: files and forms with files, read by the host while
// they are sent; a file that is missing, shrinks or changes; servers that answer early, hang up, or read slowly.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { BINARY, makeHome, rss, startHost } from './hosts.mjs';
import { makeAuthority } from './secure.mjs';
import { root, until } from './support.mjs';

const LARGE = 200_000_000, FEW = 6_000_000;
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
const home = makeHome(), workspace = path.join(home, 'workspace');
const seen = [];
let port, on = {};

/** Takes all of a request: {method, url, headers, bytes, sha256, body (of small ones), ended}. */
function take(request, response) {
  const hash = crypto.createHash('sha256'), one = { method: request.method, url: request.url, headers: request.headers, bytes: 0, parts: [], ended: false };
  seen.push(one);
  request.on('data', (data) => {
    hash.update(data);
    one.bytes += data.length;
    if (one.bytes < 1_000_000) one.parts.push(data);
  });
  request.on('close', () => { one.closed = true; });
  request.on('end', () => {
    Object.assign(one, { ended: true, sha256: hash.digest('hex'), body: Buffer.concat(one.parts) });
    response.end(`${one.bytes} bytes`);
  });
  return one;
}

const server = http.createServer((request, response) => (on[request.url] ?? take)(request, response));
before(() => new Promise((done) => {
  fs.mkdirSync(workspace, { recursive: true });
  server.listen(0, '127.0.0.1', () => { port = server.address().port; done(); });
}));
after(() => server.close());
beforeEach(() => { seen.length = 0; });

const write = (name, bytes) => { fs.writeFileSync(path.join(workspace, name), bytes); return bytes; };

const HEAD = `
local crypto, fetch, files, json, sched = require "human.crypto", require "human.fetch", require "human.files", require "human.json", require "human.core.sched"
local URL, workspace = "http://127.0.0.1:PORT", files.root "workspace"
local function file(name) return { root = workspace, name = name } end
local function send(request)
  request.url = URL .. (request.url or "/")
  local answer, err = fetch(request)
  return answer and { answer.status, answer.body } or err
end
local function memory(name) return tonumber(io.open("/proc/self/status"):read("*a"):match(name .. ":%s+(%d+)")) * 1024 end
it("says", function()
  local f = assert(io.open([[ANSWER]], "w"))
  f:write(json.encode((function() TEXT end)()))
  f:close()
end)`;

/** What a script says that runs in a process of its own, with the home of this file. */
async function says(text) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'human-fetch-')), answer = path.join(dir, 'answer'), spec = path.join(dir, 'send_spec.lua');
  fs.writeFileSync(spec, HEAD.replace('TEXT', () => text).replace('PORT', port).replace('ANSWER', answer));
  fs.chmodSync(dir, 0o755);
  try {
    await promisify(execFile)(BINARY, ['test', spec], { cwd: root, env: { ...process.env, HUMAN_HOME: home, HUMAN_CONFIG: '/dev/null' } });
    return JSON.parse(fs.readFileSync(answer));
  } catch (error) {
    throw new Error(`${error.stdout}${error.stderr}`);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

describe('a file', () => {
  it('is sent unchanged, with its length, by any method', async () => {
    const bytes = write('a.bin', crypto.randomBytes(300_001));
    write('empty.bin', '');
    assert.deepEqual(await says(`return { send { body = file "a.bin", headers = { ["content-type"] = "image/png" } },
      send { method = "PUT", body = file "empty.bin" } }`), [[200, '300001 bytes'], [200, '0 bytes']]);
    const [one, empty] = seen.splice(0);
    assert.deepEqual([one.method, one.sha256, one.headers['content-length'], one.headers['content-type'], one.headers.expect],
      ['POST', sha256(bytes), '300001', 'image/png', undefined]);
    assert.deepEqual([empty.method, empty.headers['content-length'], empty.headers['transfer-encoding']], ['PUT', '0', undefined]);
  });

  it('of 200 MB costs a few megabytes of memory', async () => { // limit: fetch piece
    const large = path.join(workspace, 'large.bin');
    fs.writeFileSync(large, crypto.randomBytes(70_000));
    fs.truncateSync(large, LARGE);
    fs.appendFileSync(large, 'end');
    const [answer, grown] = await says(`
      send { body = file "a.bin" }
      collectgarbage()
      local peak = io.open("/proc/self/clear_refs", "w")
      peak:write "5"
      peak:close()
      local before = memory "VmRSS"
      return { send { body = file "large.bin", timeout_s = 120 }, memory "VmHWM" - before }`);
    assert.deepEqual(answer, [200, `${LARGE + 3} bytes`]);
    assert.ok(grown < FEW, `${grown} bytes`);
    assert.equal(seen.splice(0)[1].sha256, sha256(fs.readFileSync(large)));
    fs.rmSync(large);
  });

  it('that does not exist, or is no file, is named, and nothing is sent', async () => {
    fs.mkdirSync(path.join(workspace, 'dir'), { recursive: true });
    fs.symlinkSync('/etc/passwd', path.join(workspace, 'link'));
    const list = await says(`
      local list = {}
      for i, name in ipairs { "none.bin", "dir", "link", "dir/none" } do list[i] = send { body = file(name) } end
      list[5] = send { form = { { name = "a", file = file "a.bin" }, { name = "b", file = file "none.bin" } } }
      return list`);
    assert.deepEqual(list.map((e) => [e.code, e.message.split(': ').slice(1).join(': ')]), [['file', 'workspace/none.bin: No such file or directory'],
      ['file', 'workspace/dir: Is a directory'], ['file', 'workspace/link: Too many levels of symbolic links'],
      ['file', 'workspace/dir/none: No such file or directory'], ['file', 'workspace/none.bin: No such file or directory']]);
    assert.deepEqual(seen, []);
  });

  it('must be below a root, under a name that leads nowhere else', async () => {
    const [raised, named] = await says(`
      local ok, err = pcall(send, { body = { root = { dir = "/etc" }, name = "passwd" } })
      return { ok and "sent" or tostring(err), send { body = file "../seal.key" } }`);
    assert.match(raised, /send_spec.lua:\d+: fetch: body must be a text, \{root = files.root\(..\), name = ..\}, or a file of an upload/);
    assert.deepEqual([named.code, seen.length], ['network', 0]);
  });

  for (const [what, change, why] of [
    ['shrinks', (f) => fs.truncateSync(f, 100_000), 'it became shorter while it was sent'],
    ['changes', (f) => { const h = fs.openSync(f, 'r+'); fs.writeSync(h, 'x', 5_000_000); fs.closeSync(h); }, 'it changed while it was sent'],
    ['grows', (f) => fs.appendFileSync(f, 'more'), 'it changed while it was sent'],
  ]) {
    it(`that ${what} while it is sent ends the request with that cause, and the server sees no whole one`, async () => {
      write('changing.bin', crypto.randomBytes(20_000_000));
      on['/change'] = (request, response) => {
        const one = take(request, response);
        request.once('data', () => {
          request.pause();
          change(path.join(workspace, 'changing.bin'));
          request.resume();
        });
        return one;
      };
      const said = await says('return send { url = "/change", body = file "changing.bin" }');
      assert.deepEqual(said, { code: 'file', message: `http://127.0.0.1:${port}: workspace/changing.bin: ${why}` });
      await until(() => seen[0].closed, 5000, 'the connection has ended');
      assert.equal(seen.splice(0)[0].ended, false);
    });
  }

  it('is read again when an idle connection turns out to be closed', async () => {
    const bytes = write('again.bin', crypto.randomBytes(150_000));
    const used = new Set();
    let died = 0;
    on['/again'] = (request, response) => {
      if (!used.has(request.socket)) {
        used.add(request.socket);
        return take(request, response);
      }
      died += 1;
      return request.socket.destroy();
    };
    assert.deepEqual(await says('return { send { url = "/again", body = file "again.bin" }, send { url = "/again", body = file "again.bin", repeatable = true } }'),
      [[200, '150000 bytes'], [200, '150000 bytes']]);
    assert.deepEqual([died, ...seen.splice(0).map((s) => s.sha256)], [1, sha256(bytes), sha256(bytes)]);
  });

  it('stops being sent when the server has answered, or the script was canceled', async () => {
    write('long.bin', crypto.randomBytes(30_000_000));
    on['/early'] = (request, response) => response.writeHead(413, { connection: 'close' }).end('too large');
    let stuck;
    on['/stuck'] = (request, response) => {
      take(request, response);
      stuck = request;
      request.once('data', () => request.pause());
    };
    on['/begun'] = (_, response) => response.end(String(seen.some((s) => s.bytes > 0)));
    on['/closed'] = (_, response) => { stuck.resume(); response.end(String(seen[0].closed === true)); };
    assert.deepEqual(await says(`
      local early, state = send { url = "/early", body = file "long.bin" }, "running"
      local t = sched.spawn(function() state = pcall(fetch, { url = URL .. "/stuck", body = file "long.bin" }) and "ended" or "canceled" end)
      local function wait_for(url) repeat sched.sleep(0.01) until send({ url = url })[2] == "true" end
      wait_for "/begun"
      sched.kill(t)
      repeat sched.sleep(0) until state ~= "running"
      wait_for "/closed"
      return { early, state }`), [[413, 'too large'], 'canceled']);
    assert.equal(seen[0].ended, false);
  });
});

describe('a form', () => {
  it('is read alike by other parsers: texts, files, names with quotes, types', async () => {
    const bytes = write('cat.png', crypto.randomBytes(70_000));
    assert.deepEqual(await says(`return send { form = {
      { name = "chat_id", value = "5" }, { name = "payload_json", value = '{"a":1}', type = "application/json" },
      { name = "files[0]", file = file "cat.png", type = "image/png", filename = 'my "cat".png' }, { name = "note", value = "made here", filename = "n.txt" },
      { name = "empty" } } }`).then(([status]) => status), 200);
    const [one] = seen.splice(0);
    assert.equal(Number(one.headers['content-length']), one.bytes);
    const form = await new Response(one.body, { headers: { 'content-type': one.headers['content-type'] } }).formData();
    assert.deepEqual([form.get('chat_id'), await form.get('empty')], ['5', '']);
    const cat = form.get('files[0]'), note = form.get('note');
    assert.deepEqual([cat.name, cat.type, sha256(Buffer.from(await cat.arrayBuffer()))], ['my "cat".png', 'image/png', sha256(bytes)]);
    assert.deepEqual([note.name, await note.text()], ['n.txt', 'made here']);
    assert.match(one.body.toString('latin1'), /name="payload_json"\r\nContent-Type: application\/json\r\n\r\n\{"a":1\}\r\n/);
  });

  it('has at most 16 files', async () => { // limit: fetch files
    const [few, many] = await says(`
      local function form(n)
        local list = {}
        for i = 1, n do list[i] = { name = "f" .. i, file = file "empty.bin" } end
        return send { form = list }
      end
      return { form(16)[1], form(17) }`);
    assert.deepEqual([few, many.code, many.message.split(': ')[1]], [200, 'too_large', 'the body has more than 32 MB of text, or 16 files']);
    seen.splice(0);
  });
});

it('a server that reads slowly over HTTP/2 gets the same bytes', async () => {
  const bytes = write('h2.bin', crypto.randomBytes(8_000_000));
  const dir = fs.mkdtempSync(path.join(home, 'ca-')), { cert, key } = makeAuthority(dir).issue('localhost', { hosts: ['localhost', '127.0.0.1'] });
  const secure = http2.createSecureServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) });
  const got = { hash: crypto.createHash('sha256'), n: 0 };
  secure.on('stream', (stream) => {
    stream.on('data', (data) => {
      got.hash.update(data);
      got.n += 1;
      if (got.n % 50) return;
      stream.pause();
      setImmediate(() => stream.resume());
    });
    stream.on('end', () => { stream.respond({ ':status': 201 }); stream.end('taken'); });
  });
  await new Promise((done) => { secure.listen(0, '127.0.0.1', done); });
  const spki = crypto.createPublicKey(fs.readFileSync(cert)).export({ type: 'spki', format: 'der' });
  const pin = `sha256//${crypto.createHash('sha256').update(spki).digest('base64')}`;
  const [status, text] = await says(`
    URL = "https://127.0.0.1:${secure.address().port}"
    return send { body = file "h2.bin", pin = "${pin}" }`);
  assert.deepEqual([status, text, got.hash.digest('hex')], [201, 'taken', sha256(bytes)]);
  secure.close();
});

describe('an upload', () => {
  const SCRIPT = () => `
local api, fetch, files, s = require "human.api", require "human.fetch", require "human.files", require "human.schema"
local g = api.group { auth = false }
local function send(request)
  request.url = "http://127.0.0.1:${port}/"
  local answer, err = fetch(request)
  return 200, answer and answer.body or err.message
end
g:post("/local/forward", { summary = "Forwards", body = s.upload { max = 300000000 }, reply = { [200] = s.raw "text/plain" } },
  function(_, file) return send { body = file, timeout_s = 120 } end)
g:post("/local/form", { summary = "Forwards", body = { ["multipart/form-data"] = s.object { photo = s.upload } }, reply = { [200] = s.raw "text/plain" } }, function(_, body)
  assert(body.photo:move(files.root "uploads", "kept/photo"))
  return send { form = { { name = "document", file = body.photo } } }
end)
return {}`;
  let host;
  before(async () => {
    const own = makeHome(), tree = path.join(own, 'tree');
    fs.mkdirSync(path.join(tree, 'api/local'), { recursive: true });
    fs.writeFileSync(path.join(tree, 'api/local/forward.lua'), SCRIPT());
    host = await startHost({ home: own, env: { HUMAN_SCRIPTS: `${tree}:${path.join(root, 'scripts')}`, HUMAN_WORKERS: '1' } });
  });
  after(async () => { await host?.stop(); });

  it('is forwarded, and the worker grows by a few megabytes for 200 MB', async () => {
    const post = (bytes) => fetch(`${host.url}/local/forward`, { method: 'POST', body: bytes, headers: { 'content-type': 'application/octet-stream' } }).then((r) => r.text());
    await post('first');
    const [worker] = host.workers(), before_ = rss(worker), bytes = Buffer.alloc(LARGE, 'x');
    let most = 0;
    const timer = setInterval(() => { most = Math.max(most, rss(worker)); }, 20);
    assert.equal(await post(bytes), `${LARGE} bytes`);
    clearInterval(timer);
    assert.equal(seen.splice(0)[1].sha256, sha256(bytes));
    const grown = most - before_;
    assert.ok(grown < (process.env.E2E_BINARY ? 60_000_000 : FEW), `${grown} bytes`);
  });

  it('that was moved is sent from its new place, with the name and type that its client gave it', async () => {
    const form = new FormData();
    form.set('photo', new Blob(['a photo'], { type: 'image/jpeg' }), 'me.jpg');
    assert.match(await fetch(`${host.url}/local/form`, { method: 'POST', body: form }).then((r) => r.text()), /^\d+ bytes$/);
    const [one] = seen.splice(0);
    const got = (await new Response(one.body, { headers: { 'content-type': one.headers['content-type'] } }).formData()).get('document');
    assert.deepEqual([got.name, got.type, await got.text()], ['me.jpg', 'image/jpeg', 'a photo']);
  });
});
