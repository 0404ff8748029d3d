// spec/e2e/ui_scripts.test.mjs -- the Scripts view, in Chromium: a shipped rule is edited, an example turns red, is mended,
// replayed, saved and reloaded; the agent behaves as it says; and it is brought back.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { launch } from './browser.mjs';
import { open } from './gateway.mjs';
import { BINARY, makeHome, startHost } from './hosts.mjs';
import { until } from './support.mjs';

const TOKEN = 'the-token-of-this-spec', RULE = 'agent/rules/respond.lua', WAIT_MS = 60_000;
const SPEAKS = 'if reason == "one-to-one" then return { action = "speak"';
const run = promisify(execFile);
let host, browser, operator, own, contexts = [];

before(async () => {
  own = path.join(makeHome(), 'own');
  fs.mkdirSync(own, { recursive: true });
  host = await startHost({ env: { HUMAN_GATEWAY_AUTH_TOKEN: TOKEN, HUMAN_SCRIPTS: `${own}:${path.resolve('scripts')}` } });
  browser = await launch();
  operator = await open(host, { token: TOKEN });
});
after(async () => {
  await browser?.close();
  operator?.ws.close();
  assert.equal((await host.stop()).code, 0);
});
afterEach(async () => {
  for (const context of contexts) await context.close();
  contexts = [];
});

/** The view in a browser that has just signed in: {page, broken: what the console and the policy complained of}. */
async function visit(at = 'scripts', { colorScheme = 'light', locale = 'en', viewport = { width: 1280, height: 800 } } = {}) {
  const context = await browser.newContext({ colorScheme, reducedMotion: 'reduce', viewport });
  contexts.push(context);
  const page = await context.newPage(), broken = [];
  page.setDefaultTimeout(WAIT_MS);
  page.on('console', (m) => { if (m.type() === 'error' && !/401|ERR_|WebSocket/.test(m.text())) broken.push(m.text()); });
  page.on('pageerror', (e) => broken.push(String(e)));
  await page.addInitScript((name) => { if (name !== 'en') localStorage.setItem('human.locale', name); }, locale);
  const code = (await operator.call('device.pair.code')).payload.code;
  await page.goto(`${host.url}/#token=${code}`);
  await page.getByRole('main').waitFor();
  await page.evaluate((to) => { location.hash = to; }, `#${at}`);
  return { page, broken };
}
const editorOf = (page, name = RULE) => page.getByRole('textbox', { name, exact: true });
const toRule = (side = '') => `scripts/${encodeURIComponent(RULE)}${side}`;
/** Replaces a text in the editor, as somebody does who finds it first. */
async function replace(page, from, to) {
  await editorOf(page).click();
  await page.keyboard.press('Control+f');
  await page.getByRole('textbox', { name: 'Find' }).fill(from);
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await page.keyboard.insertText(to);
}
const shot = async (page, name) => { if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/scripts-${name}.png` }); };
/** What the demo agent answers, as its own client prints it. */
async function agentSays(text) {
  const env = { ...process.env, HUMAN_HOME: host.home, HUMAN_PORT: String(host.port), HUMAN_SCRIPTS: `${own}:${path.resolve('scripts')}`, HUMAN_CONFIG: '/dev/null' };
  const { stdout } = await run(BINARY, ['agent', '-m', text], { env }).catch((e) => e);
  return stdout;
}

describe('a rule', () => {
  it('is edited, tried, replayed, saved, put in force, seen at work, and brought back', async () => {
    assert.match(await agentSays('Good morning to you'), /: \S/);
    assert.doesNotMatch(await agentSays('what helps with rain'), /no answer/);
    const { page, broken } = await visit(toRule());
    await page.getByText('It loads').waitFor();
    await editorOf(page).getByText('should the agent speak').waitFor();
    await shot(page, 'open');

    await replace(page, SPEAKS, 'if reason == "one-to-one" then return silent "today" end\n  if reason == "one-to-one" then return { action = "speak"');
    const side = page.getByRole('region', { name: 'Examples' });
    await side.getByText(/\d+ of \d+ fail/).waitFor();
    assert.match(await side.locator('.example.bad').first().innerText(), /expected[\s\S]*speak[\s\S]*got[\s\S]*silent/);
    assert.equal(await page.getByRole('button', { name: /^Save/ }).isDisabled(), true);
    await side.locator('.example.bad button').first().click();
    await until(async () => await page.locator('.cm-lint-marker-error').count() > 0, WAIT_MS, 'a mark at the line');
    await shot(page, 'red');

    await replace(page, 'then return silent "today" end', 'and m.text == "what helps with rain" then return silent "today" end');
    await side.getByText('It loads').waitFor();
    await page.getByRole('link', { name: 'Replay' }).click();
    assert.match(page.url(), /side=replay/);
    await page.getByRole('button', { name: 'Replay' }).click();
    const replayed = page.getByRole('region', { name: 'Replay' });
    await replayed.getByText('1 changed').waitFor();
    assert.match(await replayed.locator('.groups').innerText(), /speak one-to-one → silent today/);
    await replayed.locator('summary').first().click();
    await replayed.getByText('It read').waitFor();
    assert.match(await replayed.locator('.facts').first().innerText(), /messages\[1\]\.text = "what helps with rain"/);
    await shot(page, 'replay');

    await page.keyboard.press('Control+s');
    await page.getByText(`${RULE} is saved.`).waitFor();
    assert.match(fs.readFileSync(path.join(own, RULE), 'utf8'), /^--% base: [0-9a-f]{64}\n/);
    assert.doesNotMatch(await agentSays('what helps with rain'), /no answer/);
    await page.getByRole('button', { name: 'Difference' }).click();
    await page.locator('.cm-changedLine, .cm-insertedLine').first().waitFor();
    await shot(page, 'diff');
    await page.getByRole('button', { name: 'Difference' }).click();
    await page.getByRole('button', { name: /^Reload/ }).click();
    const verdict = page.getByRole('status', { name: 'Reload' });
    await verdict.getByText('In force on all workers').waitFor();
    assert.match(await verdict.innerText(), /Worker 0: yes, [\s\S]*Worker 1: yes, /);
    await shot(page, 'reloaded');
    assert.match(await agentSays('what helps with rain'), /no answer|silent/);
    assert.doesNotMatch(await agentSays('Good morning to you'), /no answer/);

    await page.getByRole('link', { name: 'History' }).click();
    const history = page.getByRole('region', { name: 'History' });
    await history.getByText('reloaded').first().waitFor();
    await shot(page, 'history');
    await history.getByRole('button', { name: /^Roll back / }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
    await page.getByText('Brought back, and in force on all workers').waitFor();
    assert.equal(fs.existsSync(path.join(own, RULE)), false);
    assert.doesNotMatch(await agentSays('what helps with rain'), /no answer/);
    await until(async () => !(await editorOf(page).innerText()).includes('today'), WAIT_MS, 'the shipped text is shown');
    assert.deepEqual(broken, []);
  });

  it('that somebody else has changed meanwhile is not overwritten', async () => {
    const { page } = await visit(toRule());
    await editorOf(page).getByText('should the agent speak').waitFor();
    await replace(page, 'should the agent speak?', 'should it speak?');
    await page.getByText('Not saved').first().waitFor();
    const { payload } = await operator.call('scripts.read', { path: RULE });
    await operator.ask('other', 'scripts.save', { path: RULE, text: `${payload.text}-- theirs\n`, hash: payload.hash });
    await page.getByText('The file was changed by somebody else').waitFor();
    assert.equal(await page.getByRole('button', { name: /^Save/ }).isDisabled(), true);
    await page.getByRole('button', { name: 'Take theirs' }).click();
    await until(async () => !(await editorOf(page).innerText()).includes('should it speak?'), WAIT_MS, 'the other text');
    await page.getByRole('button', { name: 'Remove the override' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove the override' }).click();
    await until(() => !fs.existsSync(path.join(own, RULE)), WAIT_MS, 'it is removed');
  });
});

describe('the tree', () => {
  it('is filtered, walked by arrows, and remembered by the address', async () => {
    const { page } = await visit();
    await page.getByText('Choose a script').waitFor();
    await page.getByRole('main').focus();
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.keyboard.press('/');
    await page.keyboard.type('respond');
    await until(() => /q=respond/.test(page.url()), WAIT_MS, 'the filter is in the address');
    const link = page.getByRole('navigation', { name: 'Scripts' }).getByRole('link', { name: /respond/ });
    await until(async () => await link.count() === 1, WAIT_MS, 'one script');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await editorOf(page).waitFor();
    await page.reload();
    await editorOf(page).waitFor();
    assert.equal(await link.getAttribute('aria-current'), 'page');
  });
});

describe('the look', () => {
  it('has nothing that axe finds, in light and dark, wide and on a telephone, and by another language', async () => {
    const axe = fs.readFileSync('spec/e2e/node_modules/axe-core/axe.min.js', 'utf8');
    for (const [colorScheme, locale] of [['light', 'en'], ['dark', 'de'], ['light', 'pseudo']]) {
      const { page, broken } = await visit('scripts', { colorScheme, locale });
      const views = [['none', 'scripts'], ['rule', toRule()], ['history', toRule('?side=history')]];
      for (const [name, at] of locale === 'en' ? views : views.slice(1, 2)) {
        await page.evaluate((to) => { location.hash = to; }, `#${at}`);
        await (name === 'none' ? page.locator('.scripts .about') : name === 'rule' ? page.locator('.scripts .example').first() : page.locator('.scripts .bundle').first()).waitFor();
        for (const width of [1280, 380]) {
          await page.setViewportSize({ width, height: 800 });
          await page.evaluate(axe);
          const { violations } = await page.evaluate(() => window.axe.run());
          assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html.slice(0, 120)} ${n.failureSummary}`).join(' | ')}`), [], `${name} ${colorScheme} ${width}`);
          assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${name} ${width}`);
          await shot(page, `${name}-${colorScheme}-${locale}-${width}`);
        }
      }
      assert.deepEqual(broken, []);
      await page.context().close();
    }
  });
});
