// spec/e2e/file_answers.test.mjs -- a handler answers with a file of a root, to clients that may have it; an uploaded file
// is kept in a root, and sent again.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { curl, startWithFiles } from './assets.mjs';
import { errors } from './hosts.mjs';
import { until } from './support.mjs';

const big = crypto.randomBytes(3_000_000);
let host;

before(async () => {
  host = await startWithFiles(() => `
    local files = require "human.files"
    api.auth("word", { type = "apiKey", header = "X-Word" }, function(_, t) return t == "open" and { id = "w" } or nil end)
    local g = api.group { base = "/kept", auth = "word" }
    local root = files.root "uploads"
    g:get("/{name}", { summary = "x", reply = { [200] = s.raw "application/pdf" }, errors = { "not_found" } }, function(ctx)
      local sent, why = root:send(ctx, "kept/" .. ctx.params.name, { type = "application/pdf", filename = 'Füße "1".pdf' })
      if not sent then ctx:fail("not_found", { message = why }) end
    end)
    g:get("/plain/{name}", { summary = "x", reply = { [200] = s.raw "text/html" } }, function(ctx)
      root:send(ctx, ctx.params.name, { type = "text/html", inline = true })
    end)
    g:post("/{name}", { summary = "x", body = s.upload { max = 5000000 }, reply = { [201] = false } }, function(ctx, file)
      local ok, why = file:move(root, "kept/" .. ctx.params.name)
      if not ok then error(why) end
      return 201
    end)
    g:get("/both/ways", { summary = "x", reply = { [200] = s.raw "text/plain" } }, function()
      assert(files.root("workspace"):write("note.txt", "by a script"))
      local ran = assert(require("human.exec").run({ "cat", "note.txt" }, { sandbox = false }))
      return 200, ran.stdout
    end)`, { env: { HUMAN_FILES_WORKSPACE: 'elsewhere' } });
});
after(async () => {
  assert.equal((await host?.stop())?.code, 0);
  assert.deepEqual(errors(host.log()), []);
});

const get = (where, ...args) => curl('-H', 'X-Word: open', ...args, `${host.url}/kept${where}`);

describe('the workspace', () => {
  it('is the same directory for scripts and for the programs that they run', async () => {
    fs.mkdirSync(path.join(host.home, 'elsewhere'), { recursive: true });
    assert.equal((await get('/both/ways')).body.toString(), 'by a script');
    assert.equal(fs.readFileSync(path.join(host.home, 'elsewhere/note.txt'), 'utf8'), 'by a script');
  });
});

describe('a file as the answer of a handler', () => {
  it('is the uploaded file, for those who may have it, with ranges and 304', async () => {
    const sent = await fetch(`${host.url}/kept/a.pdf`, { method: 'POST', headers: { 'x-word': 'open', 'content-type': 'application/octet-stream' }, body: big });
    assert.equal(sent.status, 201, await sent.text());
    assert.ok(fs.readFileSync(path.join(host.home, 'uploads/kept/a.pdf')).equals(big));
    const a = await get('/a.pdf', '-H', 'Accept-Encoding: gzip, br');
    assert.equal(a.status, 200);
    assert.ok(a.body.equals(big));
    for (const [name, value] of Object.entries({ 'content-type': 'application/pdf', 'cache-control': 'private, no-cache', vary: undefined,
      'content-security-policy': "sandbox; default-src 'none'", 'x-content-type-options': 'nosniff', 'accept-ranges': 'bytes', 'content-encoding': undefined,
      'content-disposition': `attachment; filename="F__e _1_.pdf"; filename*=UTF-8''${encodeURIComponent('Füße "1".pdf')}` })) {
      if (name !== 'content-disposition') assert.equal(a.headers[name], value, name);
      else assert.match(a.headers[name], /^attachment; filename="F_+e _1_\.pdf"; filename\*=UTF-8''F%C3%BC%C3%9Fe%20%221%22\.pdf$/);
    }
    assert.equal((await get('/a.pdf', '-H', `If-None-Match: ${a.headers.etag}`)).status, 304);
    const part = await get('/a.pdf', '-r', '1000000-1999999');
    assert.equal(part.status, 206);
    assert.ok(part.body.equals(big.subarray(1_000_000, 2_000_000)));
    assert.equal((await get('/a.pdf', '-I')).headers['content-length'], String(big.length));
    assert.equal((await curl(`${host.url}/kept/a.pdf`)).status, 401);
  });

  it('is refused by the handler if there is none, or by its name', async () => {
    for (const name of ['none', '..%2f..%2fhuman.log', '%2e%2e', '..']) {
      const a = await get(`/${name}`);
      assert.ok(a.status === 404 || a.status === 400, `${name} ${a.status}`);
    }
    assert.match(JSON.parse((await get('/none')).body).error, /uploads\/kept\/none is not there/);
  });

  it('is shown in the browser if the handler says so', async () => {
    fs.writeFileSync(path.join(host.home, 'uploads/page'), '<script>alert(1)</script>');
    const a = await get('/plain/page');
    assert.deepEqual([a.headers['content-disposition'], a.headers['content-type'], a.body.toString()], ['inline', 'text/html', '<script>alert(1)</script>']);
    assert.match(a.headers['content-security-policy'], /^sandbox;/);
    const line = /"route":"\/kept\/plain\/\{name\}","request_id":"[^"]+","status":200,"bytes":25/;
    await until(() => line.test(host.log()), 5000, 'it is logged');
  });
});
