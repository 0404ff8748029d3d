// spec/e2e/gateway_hostile_names.test.mjs -- names that strangers choose, in the page in Chromium: markup is shown and not
// run, what turns the order of characters around shows itself, and a long one does not push anything off the page.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { launch } from './browser.mjs';
import { ollama } from './dialects.mjs';
import { open } from './gateway.mjs';
import { startHost } from './hosts.mjs';
import { startServer } from './models_server.mjs';
import { until } from './support.mjs';

const RLO = '\u202e', MARKUP = '<img src=x onerror="document.title=`run`"><b>bold</b>', LONG = 'long-'.repeat(2000);
const NAMES = [MARKUP, `invoice${RLO}gpj.exe`, LONG, '\u200b\u2066hidden\u2069', "'\"><script>document.title='run'</script>", 'javascript:document.title=`run`'];
let host, model, browser, c;

before(async () => {
  model = await startServer();
  // Calls a tool of each of these names, once.
  model.on = ({ body }, res) => {
    const said = body.messages.at(-1);
    const calls = said.role === 'user' && said.content.includes('Call') ? NAMES.map((name, i) => ({ id: `c${i}`, name, arguments: { [name]: name } })) : [];
    res.writeHead(200, { 'content-type': ollama.type });
    res.end(ollama.stream(calls.length ? { calls } : { text: NAMES.join('\n') }));
  };
  host = await startHost({ env: { HUMAN_WORKERS: '1', HUMAN_LLM_PROVIDER: 'ollama', HUMAN_LLM_MODEL: 'm', OLLAMA_HOST: model.url } });
  browser = await launch();
  c = await open(host);
});
after(async () => {
  await browser?.close();
  c?.ws.close();
  await host?.stop();
  await model?.close();
});

it('hostile names of sessions, tools, arguments and labels are texts in the page, each on its line', async () => {
  const keys = NAMES.map((name) => name.slice(0, 200));
  for (const sessionKey of keys) {
    const { payload, error } = await c.call('chat.send', { message: 'Call them', sessionKey });
    assert.ok(payload, JSON.stringify(error));
    await c.next((f) => f.event === 'chat' && f.payload.runId === payload.runId && f.payload.state === 'sent', 60_000);
  }
  const label = await c.call('sessions.patch', { key: keys[0], label: LONG.slice(0, 200) });
  assert.ok(label.payload ?? label.error.code === 'INVALID_PARAMS', JSON.stringify(label));
  const page = await (await browser.newContext({ viewport: { width: 900, height: 700 } })).newPage(), broken = [];
  page.on('pageerror', (e) => broken.push(String(e)));
  page.on('dialog', (d) => { broken.push(d.message()); d.dismiss(); });
  page.on('request', (r) => { if (/\/x$/.test(r.url())) broken.push(r.url()); });
  await page.goto(`${host.url}/#chat`);
  await page.getByRole('status').filter({ hasText: 'Connected' }).waitFor();
  const list = page.getByRole('navigation', { name: 'Conversations' });
  await until(async () => (await list.getByRole('link').count()) >= keys.length, 30_000, 'the sessions are listed');
  for (const [i, key] of keys.entries()) {
    await page.evaluate((k) => { location.hash = `#chat/${encodeURIComponent(k)}`; }, key);
    await page.locator('[role=log] li.tool').nth(NAMES.length - 1).waitFor();
    const seen = await page.evaluate(() => ({
      title: document.title,
      names: [...document.querySelectorAll('nav .name, #conversation, [role=log] .name')].map((e) => e.textContent),
      made: document.querySelectorAll('[role=log] :is(img, b, script), nav :is(img, b, script), #conversation *').length,
      wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      lines: [...document.querySelectorAll('[role=log] summary')].map((e) => e.getBoundingClientRect().height),
      details: [...document.querySelectorAll('[role=log] li.tool pre')].map((e) => e.textContent).join('\n'),
    }));
    assert.equal(seen.made, 0, 'no name became markup');
    assert.doesNotMatch(seen.title, /^run$/);
    assert.ok(seen.wide <= 0, `session ${i}: the page is ${seen.wide} px too wide`);
    for (const name of seen.names) {
      assert.ok(name.length <= 160, `a name of ${name.length} characters`);
      assert.doesNotMatch(name, /[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/, name);
    }
    assert.ok(seen.lines.every((height) => height < 80), `names take ${Math.max(...seen.lines)} px`);
    assert.doesNotMatch(seen.details, /[\u202a-\u202e\u2066-\u2069]/);
    assert.ok(seen.names.some((name) => name.includes('<img src=x')), 'markup is shown');
  }
  assert.ok((await list.getByRole('link').allTextContents()).some((name) => name.includes('\\u202e')), 'what turns text around shows itself');
  assert.deepEqual(broken, []);
});
