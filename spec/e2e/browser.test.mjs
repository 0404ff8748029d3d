// spec/e2e/browser.test.mjs -- what browsers and similar clients send and expect: headers, cookies, paths, and answers
// that say how they may be used.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { open, responses } from './raw.mjs';
import { next, startHuman } from './support.mjs';

const WebSocket = createRequire(import.meta.url)('ws');

let server;
before(async () => { server = await startHuman({ scripts: ['spec/e2e/scripts/browser'] }); });
after(() => server.stop());

async function raw(target, lines = '', method = 'GET') {
  const c = await open(server.port);
  c.write(`${method} ${target} HTTP/1.1\r\nHost: x\r\n${lines}Connection: close\r\n\r\n`);
  const [answer] = await c.wait(() => { const list = responses(c.data()); return list.length && list; });
  c.socket.destroy();
  return { ...answer, json: answer.body.startsWith('{') ? JSON.parse(answer.body) : null };
}
const ask = (path, options) => fetch(server.url + path, options);

describe('a header', () => {
  it('is read whatever its case, and put together where it is repeated', async () => {
    const one = await raw('/in/header/X-Thing', 'x-thing: a\r\nOther: b\r\nX-THING: c,d\r\n');
    assert.deepEqual(one.json, { value: 'a, c,d', values: ['a', 'c,d'] });
    assert.deepEqual((await raw('/in/header/user-agent')).json, { values: [] });
    assert.deepEqual((await raw('/in/header/cookie', 'Cookie: a=1\r\nCookie: b=2\r\n')).json.value, 'a=1; b=2');
  });

  it('is there for authenticators and for a WebSocket, as long as it is open', async () => {
    assert.equal((await ask('/mine/me', { headers: { Cookie: '__Host-sid=good', 'X-Device': 'stolen' } })).status, 403);
    const ws = new WebSocket(`${server.url.replace('http', 'ws')}/mine/ws`, { headers: { Cookie: '__Host-sid=good', 'X-Device': 'phone' } });
    assert.equal(String((await next(ws, 'message'))[0]), 'phone');
    ws.send('Cookie');
    assert.equal(String((await next(ws, 'message'))[0]), '__Host-sid=good');
    ws.send('missing');
    assert.equal(String((await next(ws, 'message'))[0]), 'nil');
    ws.close();
  });

  it('may be several in an answer where that is legal', async () => {
    const answer = await ask('/in/login', { method: 'POST' });
    assert.equal(answer.headers.get('link'), '</a>; rel=prev, </b>; rel=next');
  });
});

describe('a cookie', () => {
  it('is found as browsers send it', async () => {
    const lines = 'Cookie: a=1; b = 2 ;c="q"; sid=long; sid=short; empty=; =none; bare; a%20b=x; d=e=f\r\n';
    const value = async (name) => (await raw(`/in/cookie/${name}`, lines)).json;
    assert.deepEqual(await value('a'), { value: '1', values: ['1'] });
    assert.deepEqual(await value('b'), { value: '2', values: ['2'] });
    assert.deepEqual(await value('c'), { value: '"q"', values: ['"q"'] });
    assert.deepEqual(await value('sid'), { value: 'long', values: ['long', 'short'] });
    assert.deepEqual(await value('empty'), { value: '', values: [''] });
    assert.deepEqual(await value('d'), { value: 'e=f', values: ['e=f'] });
    for (const name of ['none', 'bare', 'A', 'x']) assert.deepEqual(await value(name), { values: [] }, name);
  });

  it('is set with safe attributes, several of them in one answer', async () => {
    const answer = await ask('/in/login', { method: 'POST' });
    assert.deepEqual(answer.headers.getSetCookie(), ['a=1', '__Secure-b=2; Secure',
      '__Host-sid=good; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax', 'theme=dark; Path=/in; SameSite=Strict',
      'old=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax']);
    assert.deepEqual((await ask('/in/stream')).headers.getSetCookie(), ['s=1; Path=/; Secure; HttpOnly; SameSite=Lax']);
  });

  const wrong = { host_path: /path/, host_domain: /domain/, insecure: /Secure/, none: /Secure/, value: /value/, line: /value/,
                  name: /name/, path: /path/, option: /samesite/, long: /4096/ };
  for (const [how, why] of Object.entries(wrong)) {
    it(`is not set against the rules: ${how}`, async () => {
      const answer = await ask(`/in/wrong/${how}`);
      assert.match((await answer.json()).value, why);
      assert.deepEqual(answer.headers.getSetCookie(), []);
    });
  }

  it('keeps what its name promises also where a handler writes it itself', async () => {
    const answer = await ask('/in/raw');
    assert.equal(answer.status, 500);
    assert.deepEqual(answer.headers.getSetCookie(), []);
  });

  it('lets nobody act for its owner from the page of another', async () => {
    const cookie = { Cookie: 'x=y; __Host-sid=good' };
    const post = (headers) => ask('/mine/do', { method: 'POST', headers: { ...cookie, ...headers } });
    assert.equal((await post({})).status, 200);
    assert.equal((await post({ Origin: server.url })).status, 200);
    assert.equal((await post({ Origin: 'https://app.example' })).status, 200);
    for (const origin of ['https://evil.example', 'null', 'https://app.example.evil.example', 'http://app.example']) {
      assert.equal((await post({ Origin: origin })).status, 403, origin);
    }
    assert.equal((await ask('/mine/me', { headers: { ...cookie, Origin: 'https://evil.example' } })).headers.get('access-control-allow-origin'), null);
    const missing = await ask('/mine/me');
    assert.equal(missing.status, 401);
    assert.match(missing.headers.get('www-authenticate'), /^Cookie .*cookie-name="__Host-sid"/);
    const listed = await ask('/mine/me', { headers: { ...cookie, Origin: 'https://app.example' } });
    assert.equal(listed.headers.get('access-control-allow-origin'), 'https://app.example');
    assert.equal(listed.headers.get('access-control-allow-credentials'), 'true');
    const foreign = new WebSocket(`${server.url.replace('http', 'ws')}/mine/ws`, { headers: cookie, origin: 'https://evil.example' });
    assert.match((await next(foreign, 'error'))[0].message, /403/);
  });
});

describe('the headers of a group', () => {
  it('are on all that is answered there, errors too', async () => {
    for (const [path, options, status] of [
      ['/page/ok', {}, 200], ['/page/ok?own=7', {}, 400], ['/page/fail', { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } }, 500], ['/page/none', {}, 404],
      ['/page/fail', { method: 'POST', body: '{' }, 415], ['/page/ok', { method: 'DELETE' }, 405], ['/page', {}, 404],
    ]) {
      const answer = await ask(path, options);
      assert.equal(answer.status, status, path);
      assert.match(answer.headers.get('content-security-policy') ?? '', /^default-src 'self'.*frame-ancestors 'none'$/, path);
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(answer.headers.get('referrer-policy'), 'strict-origin-when-cross-origin');
      assert.equal(answer.headers.get('x-frame-options'), 'SAMEORIGIN');
      assert.equal(answer.headers.get('permissions-policy'), null);
    }
    assert.equal((await ask('/in/cookie/a')).headers.get('content-security-policy'), null);
    assert.match((await ask('/pages')).headers.get('content-security-policy'), /^default-src 'none'/, 'the files at / answer there');
  });

  it('are those of files, too, and of files that are not there', async () => {
    const home = /HUMAN_HOME=([^\0]*)/.exec(fs.readFileSync(`/proc/${server.child.pid}/environ`, 'latin1'))[1];
    fs.mkdirSync(`${home}/ui`);
    fs.writeFileSync(`${home}/ui/a.html`, '<p>');
    for (const [path, status] of [['/ui/a.html', 200], ['/ui/b.html', 404]]) {
      const answer = await ask(path);
      assert.equal(answer.status, status);
      assert.match(answer.headers.get('content-security-policy'), /frame-ancestors 'none'/);
    }
  });

  it('make way for what a handler says', async () => {
    const answer = await ask('/page/ok?own=true');
    assert.equal(answer.headers.get('content-security-policy'), "default-src 'none'");
    assert.equal(answer.headers.get('x-frame-options'), 'SAMEORIGIN');
  });
});

describe('a path', () => {
  const found = {
    '/files/fixed': 'fixed:', '/files/a/1': 'param:1', '/files/a/1/meta': 'meta:1', '/files/': 'rest:', '/files/x': 'rest:x',
    '/files/x/y%20z/': 'rest:x/y z/', '/files/a/1/other': 'rest:a/1/other', '/files/a': 'rest:a', '/files/%252e%252e/x': 'rest:%2e%2e/x',
    '/files/..x/.y': 'rest:..x/.y', '/files/fixed/': 'rest:fixed/', '/files/%66ixed': 'fixed:',
  };
  for (const [path, value] of Object.entries(found)) {
    it(`${path} goes to ${value}`, async () => assert.equal((await raw(path)).json.value, value));
  }

  for (const path of ['..', '../x', 'x/..', 'x/../y', '.', './x', '%2e%2e/x', '%2E./x', 'x%2fy', 'x%2Fy', '..%2f..%2fetc', 'x//y', '/x',
                      'x%00y', '%', '%zz', '%ff', 'x/%c0%ae%c0%ae']) {
    it(`/files/${path} is malformed`, async () => assert.equal((await raw(`/files/${path}`)).status, 400));
  }

  it('is chosen before its method, and checked by its schema', async () => {
    assert.equal((await raw('/files/fixed', '', 'POST')).status, 405);
    assert.equal((await raw('/files/b/x', '', 'GET')).status, 405);
    assert.equal((await raw('/files/b/x/y', '', 'POST')).json.value, 'b:x/y');
    assert.equal((await raw('/files/b/x/y/zz', '', 'POST')).status, 400);
  });

  it('is documented with its parameter', async () => {
    const document = await (await ask('/openapi.json')).json();
    const [parameter] = document.paths['/files/{path}'].get.parameters;
    assert.equal(parameter.name, 'path');
    assert.match(parameter.description, /slashes/);
    assert.deepEqual(document.components.securitySchemes.session, { type: 'apiKey', in: 'cookie', name: '__Host-sid' });
  });
});
