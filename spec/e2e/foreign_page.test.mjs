// spec/e2e/foreign_page.test.mjs -- a web page that an operator happens to open, in a real Chromium on the machine
// of a host with default settings: it tries everything a page can, and may neither manage the server, nor read
// private answers, nor open a socket that needs no key.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { chromium } from 'playwright-core';
import { makeUser } from './agent_client.mjs';
import { sql, startHost } from './hosts.mjs';
import { freePort } from './support.mjs';

const NAMES = ['evil.example', 'localhost.evil.com', 'human.localhost.evil.com'];
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', `--host-resolver-rules=${NAMES.map((n) => `MAP ${n} 127.0.0.1`).join(',')}`];

let host, browser, server, pagePort, user, agentPort;

before(async () => {
  agentPort = await freePort();
  host = await startHost({ scripts: ['spec/e2e/scripts/echo'], env: { HUMAN_HTTP_HOSTS: '', HUMAN_AGENT_PORT: agentPort } });
  user = await makeUser(host.url);
  server = http.createServer((_, answer) => answer.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>x</title>'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  pagePort = server.address().port;
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS });
});

after(async () => {
  await browser?.close();
  server?.close();
  await host?.stop();
});

async function open(url) {
  const page = await browser.newPage();
  await page.goto(url);
  return page;
}

const state = () => sql(host.home, `select (select count(*) from users) || ' users, ' || (select count(*) from api_keys) || ' keys, '
  || (select string_agg(email, ',' order by email) from users where email not like '%@example.com')`);

/** In the page: each attempt's name and what the page saw of it: a status and text it could read, or why not. */
async function attempts({ base, id, frame }) {
  const body = JSON.stringify({ email: `evil-${Math.random()}@evil.example` }), key = JSON.stringify({ name: 'evil' });
  const users = `${base}/api/users`, keys = `${users}/${id}/api-keys`;
  const ask = (url, options) => fetch(url, options).then(async (r) => (r.type === 'opaque' ? 'opaque' : `${r.status} ${await r.text()}`), () => 'refused');
  const post = (url, text, more) => ask(url, { method: 'POST', body: text, ...more });
  const xhr = (method, url, text) => new Promise((resolve) => {
    const x = new XMLHttpRequest();
    x.open(method, url);
    x.withCredentials = true;
    x.onload = () => resolve(`${x.status} ${x.responseText}`);
    x.onerror = () => resolve('refused');
    x.send(text);
  });
  const form = (url, type) => new Promise((resolve) => {
    const target = document.createElement('iframe');
    target.name = `t${Math.random()}`;
    document.body.append(target);
    const f = Object.assign(document.createElement('form'), { action: url, method: 'POST', enctype: type, target: target.name });
    const [name, value] = body.split(/(?<=@)/); // {"email":"…@=evil…"} is what text/plain makes of it
    f.append(Object.assign(document.createElement('input'), { name, value }));
    document.body.append(f);
    target.onload = () => {
      let seen = 'opaque';
      try { seen = target.contentDocument?.body ? `200 ${target.contentDocument.body.textContent}` : 'opaque'; } catch { /* as it should be */ }
      resolve(seen);
    };
    f.submit();
  });
  const element = (tag, url) => new Promise((resolve) => {
    const e = document.createElement(tag);
    e.onload = () => resolve('opaque');
    e.onerror = () => resolve('refused');
    if (tag === 'link') Object.assign(e, { rel: 'stylesheet', href: url });
    else e.src = url;
    document.body.append(e);
  });
  const socket = (url) => new Promise((resolve) => {
    const ws = new WebSocket(url);
    ws.onopen = () => { ws.close(); resolve('101 open'); };
    ws.onerror = () => resolve('refused');
  });
  const stream = (url) => new Promise((resolve) => {
    const source = new EventSource(url);
    source.onopen = () => { source.close(); resolve('200 open'); };
    source.onerror = () => { source.close(); resolve('refused'); };
  });
  const typed = { headers: { 'content-type': 'application/json' } }, silent = { mode: 'no-cors' };
  const untyped = new Blob([body]);
  const seen = {
    'user by fetch': post(users, body, typed), 'user without a type': post(users, untyped),
    'user as text': post(users, body), 'user blindly': post(users, untyped, silent),
    'user as text, blindly': post(users, body, silent), 'user by XHR': xhr('POST', users, body),
    'key by fetch': post(keys, key, typed), 'key blindly': post(keys, new Blob([key]), silent),
    'key by a beacon': Promise.resolve(navigator.sendBeacon(keys, new Blob([key])) ? 'opaque' : 'refused'),
    'key kept alive': post(keys, new Blob([key]), { ...silent, keepalive: true }),
    'change of a user': ask(`${users}/${id}`, { method: 'PUT', body: '{"name":"evil"}', ...typed }),
    'end of a user': ask(`${users}/${id}`, { method: 'DELETE' }), 'end of a user by XHR': xhr('DELETE', `${users}/${id}`),
    'list of keys': ask(keys), 'a user': ask(`${users}/${id}`), 'a user with cookies': ask(`${users}/${id}`, { credentials: 'include' }),
    'guessed token': ask(`${users}/${id}`, { headers: { authorization: 'Bearer x' } }),
    health: ask(`${base}/health`), metrics: ask(`${base}/metrics`), document: ask(`${base}/openapi.json`), nothing: ask(`${base}/ready`),
    script: element('script', `${users}/${id}`), image: element('img', keys), style: element('link', keys),
    'WebSocket that asks for nothing': socket(`${base.replace('http', 'ws')}/echo.ws`), 'events': stream(`${base}/health`),
  };
  if (!frame) seen.form = form(users, 'text/plain');
  const out = {};
  for (const [name, promise] of Object.entries(seen)) out[name] = await promise;
  return out;
}

/** The same from a sandboxed frame, whose Origin is `null`. */
const inFrame = (page, args) => page.evaluate(({ source, args: a }) => new Promise((resolve) => {
  addEventListener('message', (event) => resolve(event.data), { once: true });
  const text = `<body><script>(${source})(${JSON.stringify(a)}).then((v) => parent.postMessage(v, '*'), (e) => parent.postMessage({ error: String(e) }, '*'))</` + 'script>';
  document.body.append(Object.assign(document.createElement('iframe'), { sandbox: 'allow-scripts', srcdoc: text }));
}), { source: attempts.toString(), args: { ...args, frame: true } });

async function expectNothing(seen, was) {
  for (const [name, what] of Object.entries(seen)) assert.match(what, /^(refused|opaque)$/, `${name}: ${what}`);
  assert.ok(Object.keys(seen).length > 20);
  assert.deepEqual(await state(), was);
}

describe('a page of another origin', () => {
  const origins = {
    'a stranger': () => `http://evil.example:${pagePort}/`,
    'a name that begins with ours': () => `http://localhost.evil.com:${pagePort}/`,
    'another port of this machine': () => `http://localhost:${pagePort}/`,
    'our other port': () => `http://127.0.0.1:${agentPort}/health`,
  };
  for (const [what, url] of Object.entries(origins)) {
    for (const name of ['localhost', '127.0.0.1', '[::1]']) {
      it(`neither changes nor reads anything at ${name}: ${what}`, async () => {
        const page = await open(url()), was = await state();
        await expectNothing(await page.evaluate(attempts, { base: `http://${name}:${host.port}`, id: user.id }), was);
        await page.close();
      });
    }
  }

  it('cannot hide in a sandboxed frame, whose origin is null', async () => {
    const page = await open(`http://evil.example:${pagePort}/`), was = await state();
    for (const port of [host.port, agentPort]) {
      await expectNothing(await inFrame(page, { base: `http://localhost:${port}`, id: user.id }), was);
    }
    await page.close();
  });

  it('does not become ours when its name resolves to this machine', async () => {
    for (const name of NAMES) {
      for (const port of [host.port, agentPort]) {
        const page = await browser.newPage(), was = await state();
        const answer = await page.goto(`http://${name}:${port}/api/agent-types`);
        assert.equal(answer.status(), 421);
        const seen = await page.evaluate(attempts, { base: `http://${name}:${port}`, id: user.id });
        for (const [attempt, what] of Object.entries(seen)) {
          assert.match(what, /^(421 |refused|opaque|200 \{"error":"Misdirected Request")/, `${attempt}: ${what}`);
        }
        const hidden = await page.evaluate(([base, id]) => fetch(`${base}/api/users/${id}/api-keys`, { method: 'POST', body: '{}',
          headers: { 'x-forwarded-host': 'localhost', 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1;host=localhost' } })
          .then((r) => r.status), [`http://${name}:${port}`, user.id]);
        assert.equal(hidden, 421);
        assert.deepEqual(await state(), was);
        await page.close();
      }
    }
  });

  it('may use the API with a key, over HTTP and Socket.IO', async () => {
    const page = await open(`http://evil.example:${pagePort}/`);
    const seen = await page.evaluate(async ([base, key]) => {
      const text = async (r) => `${r.status} ${await r.text()}`;
      return [await text(await fetch(`${base}/api/agents`, { headers: { 'x-api-key': key } })),
        await text(await fetch(`${base}/api/agents`, { headers: { 'x-api-key': 'ak_wrong' } })),
        await text(await fetch(`${base}/socket.io/?EIO=4&transport=polling`)),
        await new Promise((resolve) => {
          const ws = new WebSocket(`${base.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
          ws.onmessage = (m) => { ws.close(); resolve(m.data); };
          ws.onerror = () => resolve('refused');
        })];
    }, [host.url, user.key]);
    assert.match(seen[0], /^200 \[/);
    assert.match(seen[1], /^401 /);
    assert.match(seen[2], /^200 0\{"sid"/);
    assert.match(seen[3], /^0\{"sid"/);
    await page.close();
  });
});

it('a page of our own origin may manage like any client of this machine', async () => {
  for (const name of ['localhost', '127.0.0.1']) {
    const page = await open(`http://${name}:${host.port}/health`);
    const seen = await page.evaluate(async (name_) => {
      const made = await fetch('/api/users', { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: `own-${name_}@example.com` }) });
      const ws = new WebSocket(`ws://${location.host}/echo.ws`);
      return [made.status, await new Promise((resolve) => { ws.onopen = () => resolve('open'); ws.onerror = () => resolve('refused'); })];
    }, name);
    assert.deepEqual(seen, [201, 'open']);
    await page.close();
  }
});
