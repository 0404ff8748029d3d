// spec/e2e/ui_run.mjs -- a host with a settings file and a channel (whose vendor takes everything), and the page in a browser,
// for the specs of the views with which a server is run.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { launch } from './browser.mjs';
import { open } from './gateway.mjs';
import { errors, makeHome, startHost } from './hosts.mjs';

export const WEBHOOK_SECRET = 'w'.repeat(32), TOKEN_OF_BOT = '123:token-of-the-bot';

/** {host, page, operator (a socket), file (of settings), go(fragment), broken (what the console said), stop()}. */
export async function startPage(env = {}) {
  const vendor = http.createServer((request, response) => {
    request.resume().on('end', () => {
      const result = /getMe$/.test(request.url) ? { id: 123, is_bot: true, first_name: 'Bot', username: 'the_bot_of_the_spec' }
        : /setWebhook$/.test(request.url) ? true : { message_id: 7, date: 1, chat: { id: 5, type: 'private' } };
      response.end(JSON.stringify({ ok: true, result }));
    });
  }).listen(0, '127.0.0.1');
  await once(vendor, 'listening');
  const home = makeHome(), file = path.join(home, 'settings.json');
  fs.writeFileSync(file, '{}');
  const host = await startHost({ home, env: { HUMAN_CONFIG: file, HUMAN_RELOAD_TIMEOUT_MS: '60000', HUMAN_CHANNELS_TELEGRAM_TOKEN: TOKEN_OF_BOT,
    HUMAN_CHANNELS_TELEGRAM_WEBHOOK_SECRET: WEBHOOK_SECRET, HUMAN_CHANNELS_TELEGRAM_API_BASE: `http://127.0.0.1:${vendor.address().port}`, ...env } });
  const browser = await launch();
  const context = await browser.newContext({ reducedMotion: 'reduce', colorScheme: 'light', viewport: { width: 1280, height: 800 } });
  const page = await context.newPage(), broken = [];
  page.setDefaultTimeout(30_000);
  page.on('console', (m) => { if (m.type() === 'error' && !/ERR_|WebSocket/.test(m.text())) broken.push(m.text()); });
  page.on('pageerror', (e) => broken.push(String(e)));
  const operator = await open(host);
  await page.goto(host.url);
  await page.getByRole('status').filter({ hasText: 'Connected' }).waitFor();
  return {
    host, page, operator, file, broken,
    go: (to) => page.evaluate((hash) => { location.hash = `#${hash}`; }, to),
    stop: async () => {
      await browser.close();
      operator.ws.close();
      assert.deepEqual(broken, []);
      assert.deepEqual(errors(host.log()).filter((line) => !/reload: refused/.test(line)), []);
      assert.equal((await host.stop()).code, 0);
      vendor.close();
    },
  };
}

/** axe in each view, light and wide, dark and narrow; nothing scrolls sideways. SHOTS=DIR keeps pictures, also of the others. */
export async function eachLook({ page, go }, views) {
  const axe = fs.readFileSync('spec/e2e/node_modules/axe-core/axe.min.js', 'utf8');
  await page.evaluate(axe);
  const looks = [['light', 1280], ['dark', 380], ...(process.env.SHOTS ? [['dark', 1280], ['light', 380]] : [])];
  for (const [colorScheme, width] of looks) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    for (const view of views) {
      await go(view);
      await page.waitForFunction((name) => document.querySelector(`nav a[aria-current=page][href="#${name}"]`), view.split(/[/?]/)[0]);
      await page.waitForFunction(() => document.querySelector('main .table, main .panel, main .empty, main .settings'));
      const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
      assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(' | ')}`), [], `${view} ${colorScheme} ${width}`);
      assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${view} ${width}`);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${view.replaceAll(/\W+/g, '_')}-${colorScheme}-${width}.png` });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 800 });
}
