// spec/e2e/docs_api.test.mjs -- the documents of the three surfaces: the contract's examples in them, the pages at /docs, and llms.txt.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { launch } from './browser.mjs';
import { run } from './client_world.mjs';
import { BINARY, makeHome, startHost } from './hosts.mjs';
import { SEED } from './market_seed.mjs';
import { root } from './support.mjs';
import { pointer, watch } from './traffic.mjs';

const AXE = fs.readFileSync(path.join(root, 'spec/e2e/node_modules/axe-core/axe.min.js'), 'utf8');

let host, doc;
before(async () => {
  host = await startHost();
  doc = await (await fetch(`${host.url}/openapi.json`)).json();
});
after(async () => { await host?.stop(); });

/** All examples of a document: [title, schema's pointer, example]. */
function* examples(of) {
  for (const [p, methods] of Object.entries(of.paths)) {
    for (const [method, op] of Object.entries(methods)) {
      const bodies = [['requestBody', op.requestBody], ...Object.entries(op.responses).map(([status, r]) => [['responses', status], r])];
      for (const [at, body] of bodies) {
        for (const [mime, { examples: named }] of Object.entries(body?.content ?? {})) {
          for (const [name, { value }] of Object.entries(named ?? {})) {
            yield [`${method.toUpperCase()} ${p} ${at} ${name}`, pointer('paths', p, method, ...[at].flat(), 'content', mime, 'schema'), value];
          }
        }
      }
    }
  }
}

const OPEN = /\.\.\.|uuid|^[a-z]+-\d$|^<.*>$/; // what examples of the contract leave to their reader

/** Whether an example of the document says all that one of the contract says. */
function says(wanted, given) {
  if (typeof wanted === 'string' && OPEN.test(wanted)) return typeof given === 'string';
  if (wanted === null || typeof wanted !== 'object') return wanted === given;
  if (typeof given !== 'object' || given === null || Array.isArray(wanted) !== Array.isArray(given)) return false;
  if (Array.isArray(wanted) && wanted.length !== given.length && wanted.length > 0) return false;
  return Object.entries(wanted).every(([name, value]) => says(value, given[name]));
}

const valuesOf = (content) => Object.values(content?.['application/json']?.examples ?? {}).map((e) => e.value);

describe('examples', () => {
  it('each follow their schema', () => {
    const ajv = formats(new Ajv({ strict: false, allErrors: true }));
    ajv.addSchema(doc, 'api');
    const wrong = [];
    let seen = 0;
    for (const [title, at, value] of examples(doc)) {
      const valid = ajv.getSchema(`api#${at}`);
      if (!valid(value)) wrong.push(`${title}: ${ajv.errorsText(valid.errors)} in ${JSON.stringify(value)}`);
      seen += 1;
    }
    assert.deepEqual(wrong, []);
    assert.ok(seen > 500, `${seen} examples`);
  });

  for (const e of SEED.filter((one) => one.requests || one.response)) {
    it(`of the contract are those of ${e.method} ${e.path}`, () => {
      const op = doc.paths[e.path][e.method.toLowerCase()];
      for (const wanted of e.requests ?? []) {
        assert.ok(valuesOf(op.requestBody.content).some((given) => says(wanted, given)), JSON.stringify(wanted));
      }
      if (!e.response) return;
      const [, answer] = Object.entries(op.responses).find(([status]) => status.startsWith('2'));
      assert.ok(valuesOf(answer.content).some((given) => says(e.response, given)), JSON.stringify([e.response, valuesOf(answer.content)]));
    });
  }

  it('of the agent API are there', () => {
    const [user] = valuesOf(doc.paths['/api/users'].post.requestBody.content);
    assert.deepEqual(user, { email: 'coach@example.com', name: 'Coach Admin' });
    assert.equal(valuesOf(doc.paths['/api/agents'].post.requestBody.content).length, 2);
  });
});

const SURFACES = ['agent', 'gateway', 'marketplace'];
const get = async (target, headers = {}) => {
  const answer = await fetch(host.url + target, { headers });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

describe('the documents', () => {
  it('of the surfaces have all routes between them, each what the whole has', async () => {
    const seen = new Set();
    for (const surface of SURFACES) {
      const { status, headers, text } = await get(`/openapi/${surface}.json`);
      assert.equal(status, 200);
      assert.match(headers.get('content-type'), /^application\/json/);
      const one = JSON.parse(text);
      for (const [p, methods] of Object.entries(one.paths)) {
        assert.deepEqual(methods, doc.paths[p], p);
        seen.add(p);
      }
    }
    assert.deepEqual([...seen].sort(), Object.keys(doc.paths).sort());
    const market = JSON.parse((await get('/openapi/marketplace.json')).text);
    assert.ok(market.paths['/bids-create'] && market.paths['/health'] && !market.paths['/api/users']);
    assert.equal((await get('/openapi/nosuch.json')).status, 404);
  });

  it('name each operation after what it does, in the words of the contract', () => {
    for (const e of SEED.filter((one) => doc.paths[one.path])) {
      const name = e.path.slice(1).replace(/-(\w)/g, (_, c) => c.toUpperCase());
      assert.equal(doc.paths[e.path][e.method.toLowerCase()].operationId, name);
    }
    assert.equal(doc.paths['/api/agents/{id}'].get.operationId, 'getAgent');
  });

  it('are kept as text in docs/api, as `make docs` makes it', async () => {
    for (const surface of SURFACES) {
      const { status, headers, text } = await get(`/docs/${surface}.md`);
      assert.deepEqual([status, headers.get('content-type')], [200, 'text/markdown; charset=utf-8']);
      const kept = fs.readFileSync(path.join(root, `docs/api/${surface}.md`), 'utf8');
      assert.ok(kept === text.replaceAll(host.url, 'http://localhost:3000'), `docs/api/${surface}.md is stale: run make docs`);
    }
  });

  it('are printed by `human openapi SURFACE`, which knows the surfaces', async () => {
    const env = { ...process.env, HUMAN_HOME: makeHome(), HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: host.scripts, HUMAN_OVERRIDES: '**' };
    const [one, text, other] = await Promise.all([['gateway'], ['gateway', '--markdown'], ['nosuch']].map((words) => run(BINARY, ['openapi', ...words], { env })));
    assert.equal(one.out, `${(await get('/openapi/gateway.json')).text}\n`);
    assert.equal(text.out, (await get('/docs/gateway.md')).text);
    assert.deepEqual([other.code, /no surface 'nosuch': agent, gateway, marketplace/.test(other.err)], [1, true]);
  });

  it('tell models where they are, in llms.txt', async () => {
    const { status, headers, text } = await get('/llms.txt');
    assert.deepEqual([status, headers.get('content-type')], [200, 'text/plain; charset=utf-8']);
    assert.match(text, /^# human\n\n> [^\n]+\n\n[^#]+\n\n## APIs\n\n- \[/);
    const sections = text.split(/^## /m).slice(1);
    assert.deepEqual(sections.map((s) => s.split('\n')[0]), ['APIs', 'Documents for programs', 'Optional']);
    for (const line of sections.flatMap((s) => s.trim().split('\n').slice(2))) {
      const [, url] = /^- \[[^\]]+\]\(([^)]+)\): \S/.exec(line) ?? assert.fail(line);
      assert.equal((await get(new URL(url).pathname)).status, 200, url);
    }
  });
});

// Operations of the long pages that axe looks at; the others are made alike, and would take it a minute.
const SOME = { '/docs/agent': 'state', '/docs/marketplace': 'bids' };

describe('the pages', () => {
  let browser;
  before(async () => { browser = await launch(); });
  after(async () => { await browser?.close(); });

  /** A page that is open, with what it asked for and complained of. */
  async function open(target, options = {}) {
    const context = await browser.newContext(options), page = await context.newPage();
    const asked = [], complaints = [];
    page.on('request', (r) => asked.push(r.url()));
    page.on('console', (m) => { if (['error', 'warning'].includes(m.type())) complaints.push(m.text()); });
    page.on('pageerror', (e) => complaints.push(String(e)));
    await page.goto(host.url + target);
    return { page, asked, complaints, close: () => context.close() };
  }

  for (const target of ['/docs', ...SURFACES.map((s) => `/docs/${s}`)]) {
    for (const colorScheme of ['light', 'dark']) {
      it(`${target} loads nothing of strangers, complains of nothing, and axe finds nothing (${colorScheme})`, async () => {
        const { page, asked, complaints, close } = await open(target, { colorScheme, bypassCSP: true });
        if (SOME[target]) await page.fill('#search', SOME[target]);
        await page.addScriptTag({ content: AXE });
        const { violations } = await page.evaluate((options) => globalThis.axe.run(document, { resultTypes: ['violations'], ...options }),
          colorScheme === 'dark' ? { runOnly: ['color-contrast'] } : {});
        assert.deepEqual(violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html)]), []);
        await close();
        assert.deepEqual(asked.filter((url) => !url.startsWith(host.url)), []);
        assert.deepEqual(complaints, []);
      });
    }
  }

  it('work under their own policy, which lets in nothing else', async () => {
    const { headers } = await get('/docs/marketplace');
    assert.match(headers.get('content-security-policy'), /^default-src 'none'; script-src 'self'; style-src 'self'; /);
    const { page, asked, complaints, close } = await open('/docs/marketplace');
    assert.deepEqual([complaints, asked.map((url) => new URL(url).pathname).filter((p) => p !== '/docs/icon.svg').sort()],
                     [[], ['/docs/marketplace', '/docs/script.js', '/docs/style.css']]);
    await page.fill('#search', 'bids counter');
    assert.equal(await page.textContent('#found'), `${await page.locator('article:visible').count()} of ${await page.locator('article').count()}`);
    assert.deepEqual(await page.locator('article:visible h3 code').allTextContents(),
                     ['/bids-counter', '/bids-counter-accept', '/bids-counter-reject']);
    await page.press('#search', 'Escape');
    assert.ok(await page.locator('article:visible').count() > 80);
    await close();
  });

  it('have each operation at its own anchor, with its fields, a line for curl and its errors', async () => {
    const { page, close } = await open('/docs/marketplace#bidsCreate');
    const article = page.locator('#bidsCreate');
    assert.ok(await article.evaluate((el) => el.getBoundingClientRect().top < innerHeight));
    const text = await article.textContent();
    for (const part of ['/bids-create', 'price_usd', '0.01 to 100000', 'bid_price_too_high', 'Idempotency-Key', 'X-API-Key: $KEY',
                        'I can deliver this using my NLP pipeline']) {
      assert.ok(text.includes(part), part);
    }
    await close();
  });

  it('fit a phone', async () => {
    for (const target of ['/docs', '/docs/marketplace']) {
      const { page, close } = await open(target, { viewport: { width: 360, height: 740 }, isMobile: true });
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 360), target);
      await close();
    }
  });

  it('are sent compressed, once', async () => {
    const { headers } = await get('/docs/marketplace');
    const again = await get('/docs/marketplace', { 'if-none-match': headers.get('etag') });
    assert.deepEqual([headers.get('content-encoding'), again.status, again.text], ['gzip', 304, '']);
    assert.equal((await get('/docs/nosuch')).status, 404);
  });
});

describe('answers to specs', () => {
  it('are held against the document: statuses, codes, fields', () => {
    const see = watch(doc), error = { error: 'Gone', code: 'not_found' };
    const balance = { rc_balance: 1, rc_balance_withdrawable: 0, rc_balance_marketplace: 1 };
    assert.equal(see('GET', '/credits-balance', 200, balance), undefined);
    assert.match(see('GET', '/credits-balance', 200, { ...balance, more: 1 }), /must NOT have additional properties/);
    assert.match(see('GET', '/credits-balance?x=1', 200, {}), /must have required property 'rc_balance'/);
    assert.match(see('GET', '/credits-balance', 418, {}), /^GET \/credits-balance 418 is not documented/);
    assert.match(see('GET', '/listings-get', 404, { ...error, code: 'gone' }), /the code gone is not documented/);
    assert.deepEqual([see('GET', '/listings-get', 404, error), see('GET', '/nowhere', 404, error)], [undefined, undefined]);
    assert.match(see('GET', '/nowhere', 200, {}), /is not documented/);
  });
});
