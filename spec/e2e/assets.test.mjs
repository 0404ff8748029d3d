// spec/e2e/assets.test.mjs -- files over HTTP, from the binary and from a directory, requested by curl, by undici, by
// Chromium and by bytes that none of these would send.  Invariants: HTTP's rules about copies that a client has
// (RFC 9110, sections 12 to 14), no page in place of an API's answer, and nothing from outside the tree.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import zlib from 'node:zlib';
import { UI, age, curl, noSample, startWithFiles } from './assets.mjs';
import { launch } from './browser.mjs';
import { errors } from './hosts.mjs';
import { open, responses } from './raw.mjs';
import { freePort, root, until } from './support.mjs';

const APP = 'assets/app-BX3f9aQ1.js';
const app = fs.readFileSync(path.join(UI, APP)), page = fs.readFileSync(path.join(UI, 'index.html'));
const big = crypto.randomBytes(3_000_000);
let host, agentPort;

before(async () => {
  agentPort = await freePort();
  host = await startWithFiles((dir) => `
    api.assets("/", { embedded = "ui", dir = ${noSample ? `"${dir}/ui"` : '""'}, fallback = "index.html" })
    api.assets("/dir", { dir = "${dir}", fallback = "fall.html", immutable = "fixed/" })
    api.assets("/links", { dir = "${dir}", links = true })
    api.assets("/big", { embedded = "docs" })
    api.assets("/later", { dir = "later" })
    api.assets("/agent-too", { dir = "${dir}", agent_port = true })
    local g = api.group { tag = "T", base = "/made-up", auth = false }
    g:get("/up/{id}", { summary = "x", reply = { [204] = false } }, function() return 204 end)`, { env: { HUMAN_AGENT_PORT: agentPort } });
  fs.cpSync(UI, path.join(host.dir, 'ui'), { recursive: true });
  for (const [name, bytes] of Object.entries({ 'big.bin': big, 'a.txt': 'abcdefghij', 'fall.html': '<p>fallen', 'empty.txt': '',
    'deep/index.html': '<p>deep', 'fixed/app.js': 'fixed()', '.env': 'SECRET', 'deep/.git/config': 'SECRET', '.well-known/security.txt': 'Contact: x',
    'sp ace é.txt': 'named', 'packed.js': 'x'.repeat(3000), 'stale.js': 'new()' })) {
    fs.mkdirSync(path.dirname(path.join(host.dir, name)), { recursive: true });
    fs.writeFileSync(path.join(host.dir, name), bytes);
    age(path.join(host.dir, name));
  }
  fs.writeFileSync(path.join(host.dir, 'packed.js.gz'), zlib.gzipSync('x'.repeat(3000)));
  fs.writeFileSync(path.join(host.dir, 'stale.js.gz'), zlib.gzipSync('old()'));
  age(path.join(host.dir, 'stale.js.gz'), 600);
  fs.writeFileSync(path.join(host.dir, '../outside.txt'), 'OUTSIDE');
  fs.symlinkSync('a.txt', path.join(host.dir, 'inner'));
  fs.symlinkSync('../outside.txt', path.join(host.dir, 'outer'));
  fs.symlinkSync('/etc', path.join(host.dir, 'etc'));
  execFileSync('mkfifo', [path.join(host.dir, 'pipe')]);
});
after(async () => {
  assert.equal((await host?.stop())?.code, 0);
  assert.deepEqual(errors(host.log()), []);
});

const get = (where, ...args) => curl(...args, host.url + where);
const HTML = ['-H', 'Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8'];

describe('a file of the binary', { skip: noSample }, () => {
  it('has its type, a strong tag of its contents, and may be kept when its name has a hash', async () => {
    const a = await get(`/${APP}`);
    assert.equal(a.status, 200);
    assert.ok(a.body.equals(app));
    const hash = crypto.createHash('sha256').update(app).digest('hex').slice(0, 16);
    for (const [name, value] of Object.entries({ 'content-type': 'text/javascript; charset=utf-8', etag: `"${hash}"`,
      'cache-control': 'public, max-age=31536000, immutable', 'x-content-type-options': 'nosniff',
      vary: 'accept-encoding', 'content-length': String(app.length), 'accept-ranges': 'bytes' })) assert.equal(a.headers[name], value, name);
    assert.equal((await get('/')).headers['cache-control'], 'no-cache');
    assert.equal((await get('/favicon.svg')).headers['content-type'], 'image/svg+xml; charset=utf-8');
  });

  it('comes in the coding that the client likes best', async () => {
    const coded = async (accept) => {
      const a = await get(`/${APP}`, '-H', `Accept-Encoding: ${accept}`);
      const body = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync }[a.headers['content-encoding']]?.(a.body) ?? a.body;
      assert.ok(body.equals(app), accept);
      assert.equal(a.headers.vary, 'accept-encoding');
      return a.headers['content-encoding'];
    };
    for (const [accept, coding] of [['gzip, deflate, br', 'br'], ['gzip', 'gzip'], ['x-gzip', 'gzip'], ['br;q=0, gzip', 'gzip'],
      ['br;q=0.5, gzip;q=0.8', 'gzip'], ['GZIP;Q=1.0', 'gzip'], ['*', 'br'], ['*;q=0', undefined], ['gzip;q=0', undefined],
      ['identity, gzip;q=0.5', undefined], ['deflate', undefined], ['gzip;q=2', undefined], ['br;q=0, *', 'gzip'], ['', undefined]]) {
      assert.equal(await coded(accept), coding, accept);
    }
  });

  it('is understood by curl --compressed, fetch and Chromium', async () => {
    assert.ok((await get(`/${APP}`, '--compressed')).body.equals(app));
    const answer = await fetch(`${host.url}/${APP}`);
    assert.match(answer.headers.get('content-encoding'), /^(br|gzip)$/);
    assert.equal(await answer.text(), app.toString());
    const browser = await launch();
    try {
      const tab = await browser.newPage();
      await tab.goto(`${host.url}/some/page`);
      await tab.waitForFunction('document.querySelector("#said").textContent === "the script ran"');
      assert.equal(await tab.evaluate('getComputedStyle(document.querySelector("p")).color'), 'rgb(1, 2, 3)');
    } finally {
      await browser.close();
    }
  });

  it('that is larger than a piece comes whole, and so does what was asked behind it', async () => {
    const text = fs.readFileSync(path.join(root, 'docs/decisions.md'));
    assert.ok(text.length > 65_536);
    assert.ok((await get('/big/decisions.md')).body.equals(text));
    assert.ok((await get('/big/decisions.md', '--compressed')).body.equals(text));
    assert.equal((await get('/big/decisions.md', '-I')).headers['content-length'], String(text.length));
    assert.ok((await get('/big/decisions.md', '-r', '100-70000')).body.equals(text.subarray(100, 70_001)));
    const c = await open(host.port);
    c.write('GET /big/decisions.md HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3));
    const list = await c.wait(() => responses(c.data()).length === 3 && responses(c.data()), 15_000);
    for (const a of list) assert.equal(a.body, text.toString());
    c.socket.destroy();
  });

  it('has a tag for each coding, and each gives its own 304 with all that a cache must learn', async () => {
    const tags = new Set();
    for (const coding of ['identity', 'gzip', 'br']) {
      const args = ['-H', `Accept-Encoding: ${coding}`];
      const { headers } = await get(`/${APP}`, ...args);
      tags.add(headers.etag);
      const again = await get(`/${APP}`, ...args, '-H', `If-None-Match: "x", W/${headers.etag}`);
      assert.equal(again.status, 304);
      assert.equal(again.body.length, 0);
      for (const name of ['etag', 'cache-control', 'vary']) assert.equal(again.headers[name], headers[name]);
      for (const name of ['content-length', 'content-type', 'content-encoding']) assert.equal(again.headers[name], undefined);
    }
    assert.equal(tags.size, 3);
  });
});

describe('a file of a directory', () => {
  it('is sent whole, with the time of its last change, and so is one that is larger than a piece', async () => {
    const a = await get('/dir/big.bin');
    assert.ok(a.body.equals(big));
    assert.equal(Date.parse(a.headers['last-modified']), Math.floor(fs.statSync(path.join(host.dir, 'big.bin')).mtimeMs / 1000) * 1000);
    assert.equal(a.headers['content-type'], 'application/octet-stream');
    const empty = await get('/dir/empty.txt');
    assert.deepEqual([empty.status, empty.headers['content-length'], empty.body.length], [200, '0', 0]);
    assert.equal((await get('/dir/sp%20ace%20%C3%A9.txt')).body.toString(), 'named');
  });

  it('answers HEAD as GET without the body, and other methods with what is allowed', async () => {
    for (const where of ['/dir/big.bin', '/dir/a.txt', '/dir/empty.txt', `/${APP}`]) {
      const a = await get(where), b = await get(where, '-I');
      assert.equal(b.body.length, 0);
      for (const name of ['content-length', 'content-type', 'etag', 'cache-control', 'vary', 'last-modified', 'accept-ranges']) {
        assert.equal(b.headers[name], a.headers[name], `${where} ${name}`);
      }
    }
    for (const where of ['/dir/a.txt', `/${APP}`]) {
      const a = await get(where, '-X', 'DELETE');
      assert.deepEqual([a.status, a.headers.allow, JSON.parse(a.body).code], [405, 'GET, HEAD', 'method_not_allowed']);
    }
    assert.equal((await get('/dir/none', '-X', 'POST', '-d', 'x')).status, 404);
  });

  it('gives a file that was compressed beside it, unless that is older', async () => {
    const a = await get('/dir/packed.js', '--compressed', '-H', 'Accept-Encoding: br, gzip');
    assert.deepEqual([a.headers['content-encoding'], a.body.toString()], ['gzip', 'x'.repeat(3000)]);
    assert.notEqual(a.headers.etag, (await get('/dir/packed.js')).headers.etag);
    const stale = await get('/dir/stale.js', '-H', 'Accept-Encoding: gzip');
    assert.deepEqual([stale.headers['content-encoding'], stale.body.toString()], [undefined, 'new()']);
  });

  it('says what has not changed, in the order of RFC 9110 section 13.2.2', async () => {
    const { headers: { etag, 'last-modified': changed } } = await get('/dir/a.txt');
    const later = new Date(Date.parse(changed) + 1000).toUTCString(), earlier = new Date(Date.parse(changed) - 1000).toUTCString();
    const seconds = Date.parse(changed) / 1000;
    const asctime = new Date(Date.parse(changed)).toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+) ([\d:]+) GMT$/, (_, d, n, m, y, t) => `${d} ${m} ${n.replace(/^0/, ' ')} ${t} ${y}`);
    for (const [status, ...lines] of [
      [304, `If-None-Match: ${etag}`], [304, 'If-None-Match: *'], [304, `If-None-Match: "a,b", ${etag}`], [304, `If-None-Match: W/${etag}`],
      [200, 'If-None-Match: "other"'], [200, `If-None-Match: "x${etag.slice(1)}`], [200, 'If-None-Match: broken'],
      [304, `If-Modified-Since: ${changed}`], [304, `If-Modified-Since: ${later}`], [200, `If-Modified-Since: ${earlier}`], [304, `If-Modified-Since: ${asctime}`],
      [200, 'If-Modified-Since: yesterday'], [200, 'If-None-Match: "other"', `If-Modified-Since: ${later}`],
      [200, `If-Match: ${etag}`], [200, 'If-Match: *'], [412, 'If-Match: "other"'], [412, `If-Match: W/${etag}`], [412, 'If-Match: "other"', `If-None-Match: ${etag}`],
      [412, `If-Unmodified-Since: ${earlier}`], [200, `If-Unmodified-Since: ${changed}`], [200, `If-Match: ${etag}`, `If-Unmodified-Since: ${earlier}`],
      [304, `If-Match: ${etag}`, `If-None-Match: ${etag}`], [304, `If-None-Match: ${etag}`, 'Range: bytes=0-1'],
    ]) {
      const a = await get('/dir/a.txt', ...lines.flatMap((line) => ['-H', line]));
      assert.equal(a.status, status, lines.join(' | '));
      assert.equal(a.body.toString(), status === 200 ? 'abcdefghij' : '', lines.join(' | '));
    }
    assert.equal((await get('/dir/a.txt', '-z', new Date((seconds + 5) * 1000).toUTCString())).status, 304);
  });

  it('has a weak tag while a change could still go unnoticed', async () => {
    fs.writeFileSync(path.join(host.dir, 'fresh.txt'), 'fresh');
    const { headers } = await get('/dir/fresh.txt');
    assert.match(headers.etag, /^W\/"/);
    assert.equal((await get('/dir/fresh.txt', '-H', `If-None-Match: ${headers.etag}`)).status, 304);
    assert.equal((await get('/dir/fresh.txt', '-H', `If-Range: ${headers.etag}`, '-r', '0-1')).status, 200);
  });
});

describe('a range', () => {
  it('is one range of bytes; all else is answered with the whole', async () => {
    for (const [range, status, body, header] of [
      ['bytes=2-4', 206, 'cde', 'bytes 2-4/10'], ['bytes=0-0', 206, 'a', 'bytes 0-0/10'], ['bytes=7-', 206, 'hij', 'bytes 7-9/10'],
      ['bytes=-3', 206, 'hij', 'bytes 7-9/10'], ['bytes=-30', 206, 'abcdefghij', 'bytes 0-9/10'], ['bytes=5-99', 206, 'fghij', 'bytes 5-9/10'],
      ['Bytes=9-9', 206, 'j', 'bytes 9-9/10'], ['bytes=0-99999999999999999999999', 206, 'abcdefghij', 'bytes 0-9/10'],
      ['bytes=10-', 416, '', 'bytes */10'], ['bytes=99999999999999999999999-', 416, '', 'bytes */10'], ['bytes=-0', 416, '', 'bytes */10'],
      ['bytes=0-1,3-4', 200], ['bytes=4-2', 200], ['bytes=-', 200], ['bytes=a-b', 200], ['lines=1-2', 200], ['bytes=1', 200], ['bytes=', 200],
    ]) {
      const a = await get('/dir/a.txt', '-H', `Range: ${range}`);
      assert.deepEqual([a.status, a.body.toString(), a.headers['content-range']], [status, body ?? 'abcdefghij', header], range);
    }
    assert.equal((await get('/dir/empty.txt', '-r', '0-')).status, 416);
    assert.equal((await get('/dir/a.txt', '-I', '-H', 'Range: bytes=0-1')).headers['content-length'], '10');
  });

  it('of a large file is that part of it, and what was cut can be gone on with', async () => {
    const a = await get('/dir/big.bin', '-r', '1000000-2499999');
    assert.ok(a.body.equals(big.subarray(1_000_000, 2_500_000)));
    const file = path.join(host.home, 'part');
    fs.writeFileSync(file, big.subarray(0, 700_000));
    execFileSync('curl', ['-s', '-C', '-', '-o', file, `${host.url}/dir/big.bin`]);
    assert.ok(fs.readFileSync(file).equals(big));
  });

  it('counts only for who has the rest of this very representation', async () => {
    const { headers: { etag, 'last-modified': changed } } = await get('/dir/a.txt');
    for (const [status, ...value] of [[206, etag], [200, `W/${etag}`], [200, '"other"'], [206, changed], [200, new Date(Date.parse(changed) + 1000).toUTCString()], [200, 'x']]) {
      assert.equal((await get('/dir/a.txt', '-r', '0-1', '-H', `If-Range: ${value}`)).status, status, value.join());
    }
  });

  it('is one of the coded bytes', { skip: noSample }, async () => {
    const whole = await get(`/${APP}`, '-H', 'Accept-Encoding: gzip');
    const part = await get(`/${APP}`, '-H', 'Accept-Encoding: gzip', '-r', '10-99');
    assert.ok(part.body.equals(whole.body.subarray(10, 100)));
    assert.equal(part.headers['content-encoding'], 'gzip');
  });
});

describe('where there is no file', () => {
  it('a navigation gets the page, and everybody else the error', async () => {
    for (const where of ['/somewhere', '/some/where?x=1', '/assets/missing.js', '/made-up-not']) {
      const a = await get(where, ...HTML);
      assert.deepEqual([a.status, a.body.toString(), a.headers['cache-control'], a.headers.vary],
        [200, page.toString(), 'no-cache', 'accept, accept-encoding'], where);
      assert.equal((await get(where, '-I', ...HTML)).headers['content-length'], String(page.length));
      for (const args of [[], ['-H', 'Accept: */*'], ['-H', 'Accept: application/json'], ['-H', 'Accept: text/html;q=0'], ['-H', 'Accept: text/htmlx'], ['-X', 'POST', ...HTML]]) {
        const b = await get(where, ...args);
        assert.deepEqual([b.status, JSON.parse(b.body).code], [404, 'not_found'], `${where} ${args}`);
      }
    }
    assert.equal((await get('/dir/none', ...HTML)).body.toString(), '<p>fallen', 'the nearest declaration decides');
  });

  it('no page hides the error of an API', async () => {
    for (const where of ['/api/none', '/api/agent/none', '/%61pi/none', '/api//none', '/made-up', '/made-up/none', '/made-up/up', '/socket.io/none', '/%6Dade-up/x']) {
      const a = await get(where, ...HTML);
      assert.ok(a.status >= 400, `${where} ${a.status}`);
      assert.match(a.headers['content-type'], /^application\/json/, where);
      JSON.parse(a.body);
    }
    assert.equal((await get('/made-up/up/1')).status, 204, 'routes go before files');
  });

  it('nothing at all is on the second port, unless it is said', async () => {
    const at = (where) => fetch(`http://127.0.0.1:${agentPort}${where}`).then((r) => r.status);
    assert.deepEqual([await at('/dir/a.txt'), await at('/'), await at('/agent-too/a.txt')], [404, 404, 200]);
  });
});

describe('a directory', () => {
  it('that is not there is an error for clients, and a line for the operator', async () => {
    const a = await get('/later/a.txt', ...HTML);
    assert.deepEqual([a.status, JSON.parse(a.body).code], [404, 'not_found']);
    await until(() => /"msg":"the directory of api.assets is not there","directory":"[^"]+\/later"/.test(host.log()), 5000, 'it is in the log');
    fs.mkdirSync(path.join(host.home, 'later'));
    fs.writeFileSync(path.join(host.home, 'later/a.txt'), 'came');
    assert.equal((await get('/later/a.txt')).body.toString(), 'came');
  });

  it('is its page, asked for with a slash; there are no listings', async () => {
    assert.equal((await get('/dir/deep/')).body.toString(), '<p>deep');
    const a = await get('/dir/deep?x=1');
    assert.deepEqual([a.status, a.headers.location], [301, './deep/?x=1']);
    assert.equal((await get('/dir/deep?x=1', '-L')).body.toString().split('\r\n\r\n').pop(), '<p>deep');
    assert.deepEqual([(await get('/dir')).status, (await get('/dir')).headers.location], [301, './dir/']);
    for (const where of ['/dir/fixed', '/dir/fixed/', '/dir/', '/dir/a.txt/']) assert.equal((await get(where)).status, 404, where);
    const b = await get('//docs');
    assert.deepEqual([b.status, b.headers.location], [301, './docs/'], 'never to another host');
  });

  it('marks what is below `immutable`, and what looks like it', async () => {
    assert.match((await get('/dir/fixed/app.js')).headers['cache-control'], /immutable/);
    assert.equal((await get('/dir/packed.js')).headers['cache-control'], 'no-cache');
  });
});

describe('a name from a stranger', () => {
  it('never leads out, and never to what is hidden', async () => { // limit: file names
    const names = ['../outside.txt', '..%2foutside.txt', '%2e%2e/outside.txt', '%2E%2E%2Foutside.txt', 'deep/../../outside.txt', '..\\outside.txt', '..%5coutside.txt',
      '%252e%252e/outside.txt', '..%c0%afoutside.txt', '..%u2215outside.txt', 'a.txt%00', 'a.txt%00.html', '%00', '.', '..', './a.txt', 'deep/./index.html',
      'outer', 'etc/passwd', 'etc', '.env', '%2eenv', 'deep/.git/config', 'deep/%2Egit/config', '.git/', 'a.txt%0d%0ax: y', '%', '%zz', '%e', 'pipe', 'A.TXT', 'a.txt.',
      `${'x/'.repeat(2000)}a.txt`, 'y'.repeat(3000), 'a.txt;x', 'a.txt%20', '%ff', '~root/', 'inner', 'a.txt::$DATA', 'COM1'];
    for (const mount of ['/dir/', '/']) {
      for (const name of names) {
        const c = await open(host.port);
        c.write(`GET ${mount}${name} HTTP/1.1\r\nHost: x\r\n\r\n`);
        const [a] = await c.wait(() => responses(c.data()).length && responses(c.data()));
        assert.ok(a.status === 404 || a.status === 400, `${mount}${name}: ${a.line}`);
        assert.doesNotMatch(a.body, /OUTSIDE|SECRET|root:/);
        assert.equal(a.headers.x, undefined);
        c.socket.destroy();
      }
    }
    assert.equal((await get('/links/inner')).body.toString(), 'abcdefghij');
    for (const name of ['outer', 'etc/passwd']) assert.equal((await get(`/links/${name}`)).status, 404);
    assert.equal((await get('/dir/.well-known/security.txt')).body.toString(), 'Contact: x');
    assert.equal((await get('/dir//deep///index.html')).body.toString(), '<p>deep', 'slashes are one, as nginx has it');
  });
});
