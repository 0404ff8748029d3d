// spec/e2e/gateway_page.test.mjs -- the page at /, in Chromium: signing in by a link, a code or a token; a chat that
// streams; approvals with the exact arguments; a strict policy; and a cookie that is a device and helps no other page.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { launch } from './browser.mjs';
import { open } from './gateway.mjs';
import { BINARY, errors, makeHome, startHost } from './hosts.mjs';
import { freePort, until } from './support.mjs';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');
const TOKEN = 'the-token-of-this-spec', COOKIE = 'human_session';
let host, browser, operator, contexts = [];

before(async () => {
  host = await startHost({ env: { HUMAN_GATEWAY_AUTH_TOKEN: TOKEN, HUMAN_SECURITY_AUTONOMY_LEVEL: '1' } });
  browser = await launch();
  operator = await open(host, { token: TOKEN });
});
after(async () => {
  await browser?.close();
  operator?.ws.close();
  assert.deepEqual(errors(host.log()).filter((line) => !line.includes('ended by signal')), []);
  assert.ok(!host.log().includes(TOKEN));
  assert.equal((await host.stop()).code, 0);
});
afterEach(async () => {
  for (const context of contexts) await context.close();
  contexts = [];
});

/** A browser of its own with the page in it: {page, broken: what the console and the policy complained of, asked: origins}. */
async function visit(fragment = '', { at = host.url, colorScheme = 'light' } = {}) {
  const context = await browser.newContext({ colorScheme, reducedMotion: 'reduce' });
  contexts.push(context);
  const page = await context.newPage(), broken = [], asked = new Set();
  page.on('console', (m) => { if (m.type() === 'error' && !/401|ERR_|WebSocket/.test(m.text())) broken.push(m.text()); });
  page.on('pageerror', (e) => broken.push(String(e)));
  page.on('request', (r) => asked.add(new URL(r.url()).origin));
  await page.goto(`${at}/${fragment}`);
  return { context, page, broken, asked };
}
const newCode = async () => (await operator.call('device.pair.code')).payload.code;
const devices = async () => (await operator.call('device.pair.list')).payload.paired;
const connected = (page) => page.getByRole('status').filter({ hasText: 'Connected' }).waitFor();
const toChat = async (page, key = 'default') => {
  await page.evaluate((to) => { location.hash = to; }, `#chat/${encodeURIComponent(key)}`);
  await page.getByRole('heading', { name: key, exact: true }).waitFor();
};
/** The chat of a browser that has just signed in. */
async function visitChat(key = 'default', options) {
  const visited = await visit(`#token=${await newCode()}`, options);
  await connected(visited.page);
  await toChat(visited.page, key);
  return { ...visited, log: visited.page.getByRole('log') };
}
const say = async (page, text) => {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
};
const post = (body, headers = {}) => fetch(`${host.url}/ui/session`, { method: 'POST', body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers } });

describe('signing in', () => {
  it('by the terminal\'s link takes the code out of the address, and sets a cookie that no script reads', async () => {
    const code = await newCode();
    const { context, page, broken } = await visit(`#token=${code}`);
    await connected(page);
    assert.equal(await page.evaluate('location.hash'), '');
    assert.ok(!(await page.evaluate('document.cookie')).includes(COOKIE));
    const cookie = (await context.cookies()).find((c) => c.name === COOKIE);
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, 'Strict', '/']);
    assert.match((await devices()).at(-1).label, /^Chrome \d+ on Linux$/);
    assert.equal((await post({ code })).status, 401);
    await page.reload();
    await connected(page);
    assert.deepEqual(broken, []);
  });

  it('works with a typed token or code; a wrong one is reported, and nothing of the server shows before', async () => {
    const { page } = await visit();
    const field = page.getByLabel('Token or code');
    await field.waitFor();
    assert.doesNotMatch(await page.locator('body').innerText(), /default|\d+\.\d+/);
    await field.fill('no token');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: /not known/ }).waitFor();
    assert.equal(await field.inputValue(), '');
    await field.fill(TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await connected(page);
  });

  it('ends with signing out: the device is gone, and the cookie is worthless', async () => {
    const { context, page } = await visit(`#token=${await newCode()}`);
    await connected(page);
    const [cookie] = await context.cookies(), was = (await devices()).length;
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You have signed out.').waitFor();
    assert.equal((await devices()).length, was - 1);
    assert.deepEqual(await context.cookies(), []);
    const answer = await fetch(`${host.url}/ui/session`, { headers: { cookie: `${COOKIE}=${cookie.value}` } });
    assert.equal(answer.status, 401);
    await assert.rejects(open(host, { headers: { cookie: `${COOKIE}=${cookie.value}` } }), { status: 401 });
  });

  it('ends when the device is revoked', async () => {
    const { page } = await visit(`#token=${await newCode()}`);
    await connected(page);
    await operator.call('device.pair.revoke', { id: (await devices()).at(-1).id });
    await page.getByText('Sign in again.').waitFor();
  });

  it('again in one browser leaves no device behind', async () => {
    const { page } = await visit(`#token=${TOKEN}`);
    await connected(page);
    const was = (await devices()).length;
    const again = await page.evaluate((token) => fetch('ui/session', { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }) }).then((r) => r.status), TOKEN);
    assert.deepEqual([again, (await devices()).length], [200, was]);
  });

  it('is not needed on the server\'s own machine if it asks for no token', async () => {
    const free = await startHost();
    const { page, broken } = await visit('', { at: free.url });
    await connected(page);
    assert.equal(await page.getByRole('button', { name: 'Sign out' }).isVisible(), false);
    assert.deepEqual(broken, []);
    await free.stop();
  });
});

describe('a cookie', () => {
  it('opens the socket only for our own pages, and lets no other page sign in or out', async () => {
    const answer = await post({ token: TOKEN });
    const [set] = answer.headers.getSetCookie();
    assert.match(set, /; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/); // limit: browser session
    assert.deepEqual(await answer.json(), { role: 'operator', byCookie: true });
    const cookie = set.split(';')[0];
    const c = await open(host, { headers: { cookie, origin: host.url } });
    assert.equal(c.hello.auth.role, 'operator');
    c.ws.close();
    for (const origin of ['http://evil.example', 'null', `http://localhost.evil.com:${host.port}`, `http://127.0.0.1:${await freePort()}`]) {
      await assert.rejects(open(host, { headers: { cookie, origin } }), { status: 403 }, origin);
      const out = await fetch(`${host.url}/ui/session`, { method: 'DELETE', headers: { cookie, origin } });
      assert.equal(out.status, 403, origin);
    }
    assert.equal((await post({ token: TOKEN }, { 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal((await post({ token: TOKEN }, { 'content-type': 'text/plain' })).status, 415);
    assert.equal((await fetch(`${host.url}/ui/session`, { headers: { cookie } })).status, 200);
  });

  it('is never the token that was shown', async () => {
    const set = (await post({ token: TOKEN })).headers.getSetCookie()[0];
    assert.ok(!set.includes(TOKEN));
    assert.equal((await fetch(`${host.url}/ui/session`, { headers: { cookie: `${COOKIE}=${TOKEN}` } })).status, 401);
  });

  it('is for https only if the page came over https', async () => {
    const set = (await post({ token: TOKEN }, { origin: 'https://human.example' })).headers.getSetCookie()[0];
    assert.match(set, /; Secure; HttpOnly; SameSite=Strict$/);
  });
});

describe('the chat', () => {
  it('shows messages and their results, each run in its own bubble, and again after a reload', async () => {
    const { page, broken, asked, log } = await visitChat();
    await say(page, 'hello <img src=x onerror=alert(1)>');
    await log.locator('li.user').waitFor(); // calls of one connection may overtake each other
    await say(page, 'and once more');
    await until(async () => await log.locator('li.user').count() === 2 && await log.locator('li.agent').count() >= 2, 20_000, 'two answers');
    assert.equal(await log.locator('li.user .text').first().innerText(), 'hello <img src=x onerror=alert(1)>');
    assert.equal(await log.locator('img').count(), 0);
    await until(async () => await page.getByRole('button', { name: 'Stop' }).isHidden(), 20_000, 'both runs have ended');
    const shown = await log.locator('li').count();
    await page.reload();
    await until(async () => await log.locator('li').count() >= shown, 10_000, 'the same messages');
    assert.deepEqual([...asked], [host.url]);
    assert.deepEqual(broken, []);
  });

  it('keeps conversations apart, and lists them', async () => {
    const { page, log } = await visitChat();
    await page.getByLabel('Its name').fill('a & b/#1');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByRole('heading', { name: 'a & b/#1' }).waitFor();
    await say(page, 'only here');
    await log.locator('li.agent').first().waitFor();
    const list = page.getByRole('navigation', { name: 'Conversations' });
    await list.getByRole('link', { name: /^default/ }).click();
    await page.getByRole('heading', { name: 'default' }).waitFor();
    await until(async () => !(await log.innerText()).includes('only here'), 30_000, 'another conversation');
    await list.getByRole('link', { name: /a & b\/#1/ }).click();
    await log.getByText('only here', { exact: true }).waitFor();
    assert.match(page.url(), /#chat\/a%20%26%20b%2F%231$/);
  });

  it('opens by links as they were before', async () => {
    const { page } = await visitChat();
    await page.evaluate(() => { location.hash = '#chat:a & b/#1'; });
    await page.getByRole('heading', { name: 'a & b/#1' }).waitFor();
  });

  it('begins anew with /new, and shows no more of what was said before', async () => {
    const { page, log } = await visitChat('anew');
    await say(page, 'before');
    await log.locator('li.agent').first().waitFor();
    await say(page, '/new');
    await log.getByText('This is a new conversation.').waitFor();
    await until(async () => !(await log.innerText()).includes('before'), 30_000, 'the old one is gone');
  });

  it('shows markdown as elements, and what it has of markup as text', async () => {
    const { page, broken } = await visitChat('marked');
    await page.evaluate(() => { location.hash = '#parts'; });
    const sample = page.getByRole('region', { name: 'Markdown' });
    await sample.getByRole('heading', { name: 'A title' }).waitFor();
    assert.deepEqual(await sample.evaluate((el) => ['strong', 'ul li', 'table', 'pre code', 'script', 'img', 'a'].map((name) => el.querySelectorAll(name).length)), [1, 2, 1, 1, 0, 0, 1]);
    assert.match(await sample.innerText(), /<script>alert\(1\)<\/script>/);
    assert.equal(await sample.getByRole('link').getAttribute('href'), 'https://example.com/?a=1&b=2');
    assert.deepEqual(broken, []);
  });

  it('shows a file that the agent sends, a picture as one and anything else as a link that saves it, again after a reload', async () => {
    fs.mkdirSync(`${host.home}/workspace`, { recursive: true });
    fs.writeFileSync(`${host.home}/workspace/dot.png`, PNG);
    fs.writeFileSync(`${host.home}/workspace/<b>.html`, '<script>alert(1)</script>');
    const { page, broken, log } = await visitChat('files');
    const send = async (args) => {
      await say(page, `run the tool file_send with ${JSON.stringify(args)}`);
      await page.getByRole('article', { name: /file_send asks/ }).getByRole('button', { name: 'Allow once' }).click();
    };
    const whole = async () => {
      await until(async () => await log.locator('img[alt="dot.png"]').evaluate((i) => i.naturalWidth) === 1, 10_000, 'the picture is shown');
      const link = log.getByRole('link', { name: '<b>.html' });
      const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
      assert.equal(fs.readFileSync(await download.path(), 'utf8'), '<script>alert(1)</script>');
      assert.equal(await log.getByText('Look').count() >= 1, true);
      assert.equal(await log.locator('a').count(), 2);
    };
    await send({ path: 'dot.png', text: 'Look' });
    await log.locator('img').waitFor();
    await send({ path: '<b>.html' });
    await whole();
    await page.reload();
    await whole();
    assert.deepEqual(broken, []);
  });

  it('resumes after the connection was lost', async () => {
    const { page, log } = await visitChat();
    for (const pid of host.workers()) process.kill(pid, 'SIGKILL');
    await operator.closed;
    await page.getByRole('status').filter({ hasText: 'Offline' }).waitFor();
    await connected(page);
    operator = await open(host, { token: TOKEN });
    await say(page, 'still there?');
    await log.locator('li.user').getByText('still there?').waitFor();
  });
});

describe('an approval', () => {
  it('is shown with its exact arguments, hidden characters too, and decided by key', async () => {
    const { page, broken, log } = await visitChat();
    await say(page, 'run the tool file_write with {"path":"a.txt","content":"x\u202e<b>evil</b>"}');
    const card = page.getByRole('article', { name: /file_write asks/ });
    await card.waitFor();
    assert.match(await card.locator('pre').innerText(), /"content": "x\\u202e<b>evil<\/b>"/);
    await card.getByRole('button', { name: 'Allow once' }).focus();
    await page.keyboard.press('Enter');
    await card.waitFor({ state: 'detached' });
    await log.locator('summary').filter({ hasText: 'file_write' }).filter({ hasText: 'done' }).first().waitFor();
    assert.deepEqual(broken, []);
  });

  it('disappears when somebody else decides, and one that waits is there when the page opens', async () => {
    await operator.call('chat.send', { message: 'run the tool file_write with {"path":"b.txt","content":"b"}' });
    const asked = (await operator.next((f) => f.event === 'exec.approval.requested' && f.payload.arguments.path === 'b.txt')).payload;
    const { page } = await visit(`#token=${await newCode()}`);
    await connected(page);
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    const card = page.getByRole('article', { name: /file_write asks/ });
    await card.waitFor();
    await operator.call('exec.approval.resolve', { id: asked.id, decision: 'deny' });
    await card.waitFor({ state: 'detached' });
  });
});

describe('the files', () => {
  it('come with a policy that allows nothing from elsewhere, nothing inline, and no markup from text', async () => {
    for (const file of ['', ...fs.readdirSync('ui/dist').filter((name) => /\.(js|css)$/.test(name))]) {
      const { headers } = await fetch(`${host.url}/${file}`);
      const policy = headers.get('content-security-policy');
      for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "base-uri 'none'"]) {
        assert.ok(policy.split('; ').includes(part), part);
      }
      assert.doesNotMatch(policy, /unsafe|\*|https?:/);
      assert.deepEqual(['x-frame-options', 'x-content-type-options', 'referrer-policy', 'cross-origin-opener-policy'].map((n) => headers.get(n)),
        ['DENY', 'nosniff', 'no-referrer', 'same-origin'], file);
      assert.ok(headers.get('permissions-policy'));
    }
    assert.equal((await fetch(`${host.url}/ui/session`)).headers.get('cache-control'), 'no-store');
  });

  it('answer invalid paths with JSON errors, whatever they try', async () => {
    const get = (target) => new Promise((done) => http.get({ host: '127.0.0.1', port: host.port, path: target, headers: { accept: 'text/html' } },
      (r) => { let t = ''; r.on('data', (d) => { t += d; }); r.on('end', () => done({ status: r.statusCode, text: t })); }));
    for (const target of ['/nope', '/../etc/passwd', '/%2e%2e/etc/passwd', '/%252e%252e/x', '/ui%00.js', '/ui.js%00', '/.git/config', '//etc/passwd', '/..%5cui.js']) {
      const { status, text } = await get(target);
      assert.ok(status === 404 || status === 400, `${target} ${status}`);
      assert.doesNotThrow(() => JSON.parse(text), target);
    }
  });

  it('can be the operator\'s own, with a page for paths of an app; the gateway switched off serves none', async () => {
    const dir = path.join(makeHome(), 'ui');
    fs.mkdirSync(path.join(dir, 'assets'), { recursive: true });
    fs.writeFileSync(path.join(dir, 'index.html'), '<!doctype html><title>own</title>');
    fs.writeFileSync(path.join(dir, 'assets/app.js'), 'own()');
    fs.symlinkSync('/etc/passwd', path.join(dir, 'passwd'));
    const own = await startHost({ as: { command: [BINARY, 'gateway', '--control-ui', path.relative(process.cwd(), dir)] } });
    const html = { headers: { accept: 'text/html' } };
    assert.match(await (await fetch(`${own.url}/`)).text(), /<title>own/);
    assert.match(await (await fetch(`${own.url}/some/view`, html)).text(), /<title>own/);
    assert.equal(await (await fetch(`${own.url}/assets/app.js`)).text(), 'own()');
    assert.match((await fetch(`${own.url}/`)).headers.get('content-security-policy'), /^default-src 'self'; connect-src 'self' ws: wss:; .*frame-ancestors 'none'$/);
    for (const at of ['api/nope', 'ui/nope']) assert.equal((await fetch(`${own.url}/${at}`, html)).status, 404, at);
    assert.equal((await fetch(`${own.url}/passwd`)).status, 404);
    await own.stop();
    const off = await startHost({ env: { HUMAN_GATEWAY_ENABLED: 'false' } });
    for (const at of ['', 'ui/session', 'rpc']) assert.equal((await fetch(`${off.url}/${at}`)).status, 404, at);
    await off.stop();
  });
});

describe('the look', () => {
  it('has nothing that axe finds, in light and dark, wide and on a telephone, and by another language', async () => {
    const axe = fs.readFileSync('spec/e2e/node_modules/axe-core/axe.min.js', 'utf8');
    for (const colorScheme of ['light', 'dark']) {
      const { page } = await visitChat('default', { colorScheme });
      for (const width of [1280, 380]) {
        await page.setViewportSize({ width, height: 800 });
        for (const view of ['overview', 'chat', 'approvals', 'parts']) {
          await page.evaluate((to) => { location.hash = `#${to}`; }, view);
          await page.getByRole('heading', { level: 1 }).filter({ hasText: new RegExp(`^${view}`, 'i') }).waitFor();
          await page.evaluate(axe);
          const { violations } = await page.evaluate(() => window.axe.run());
          assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(' | ')}`), [], `${view} ${colorScheme} ${width}`);
          assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${view} ${width}`);
          if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${view}-${colorScheme}-${width}.png` });
        }
      }
    }
  });

  it('is steered by keys: commands, pages, a list of all keys; and it speaks German', async () => {
    const { page } = await visitChat();
    await page.getByRole('main').focus();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('deutsch');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Übersicht' }).waitFor();
    assert.equal(await page.evaluate('document.documentElement.lang'), 'de');
    await page.getByRole('main').focus();
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.getByRole('heading', { level: 1, name: 'Übersicht' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Tasten' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('shows some of a hundred thousand rows, and all by scrolling', async () => {
    const { page } = await visitChat();
    await page.evaluate(() => { location.hash = '#parts'; });
    const table = page.getByRole('table', { name: 'Rows' });
    await table.waitFor();
    assert.equal(await table.getAttribute('aria-rowcount'), '100000');
    assert.ok(await table.getByRole('row').count() < 100);
    const all = await table.evaluate((el) => { el.scrollTop = el.scrollHeight; return el.scrollHeight; });
    assert.ok(all > 100_000 * 36, 'no row is squeezed');
    await table.getByText('Row number 99999').waitFor();
    assert.ok(await table.getByRole('row').count() < 100);
  });
});
