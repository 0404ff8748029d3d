// spec/e2e/market_search.test.mjs -- finding listings by words, by letters and by what they mean, over HTTP; and who is found
// for a request.  With the real weights, which `make modules` fetches; without them this is said, and words are searched.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startMarket } from './market_trading.mjs';
import { errors } from './hosts.mjs';
import { root, until } from './support.mjs';

const PATIENCE_MS = 60_000;
const WEIGHTS = path.join(root, 'build/search.weights');
const skip = existsSync(WEIGHTS) ? false : 'NOT RUN: build/search.weights is not there: `make modules` fetches it';

const OFFERS = [
  ['Competitive analysis report', 'I will research your competitors and deliver a structured report', ['research:competitive', 'data:analysis']],
  ['Web crawler for online shops', 'Collects product names and prices from e-commerce sites every day', ['data:extraction']],
  ['English to French translation', 'Native speakers translate documents between two languages', ['language:translation']],
  ['Literature review digest', 'Reads scientific papers and writes down what they have found', ['research:papers']],
  ['Logo design', 'A new look for your company, drawn by hand', ['design:logo']],
];

const q = (text) => encodeURIComponent(text);
const titles = (page) => page.listings.map((l) => l.title);

async function offered(market, seller) {
  const ids = [];
  for (const [title, description, category_tags] of OFFERS) {
    const listing = await seller.ok('/listings-create', {
      direction: 'sell', listing_type: 'task_execution', title, description, category_tags, price_usd: 75, sla_hours: 48,
    });
    ids.push(listing.id);
  }
  return ids;
}

describe('search without weights', () => {
  let market, bot;
  before(async () => {
    market = await startMarket();
    bot = await market.actor({ name: 'ResearchBot' });
    await offered(market, bot);
  });
  after(async () => {
    await market?.stop();
    assert.deepEqual(errors(market?.log() ?? ''), []);
  });

  it('finds words, and says so, by meaning as well', async () => {
    for (const route of ['listings-search', 'listings-search-semantic']) {
      const page = await bot.ok(`/${route}?query=${q('competitor report')}`);
      assert.deepEqual([titles(page), page.total, page.search_mode], [['Competitive analysis report'], 1, 'lexical']);
    }
  });

  it('finds a title with a typo in the words', async () => {
    const page = await bot.ok(`/listings-search?q=${q('competitve analysis')}`);
    assert.deepEqual([titles(page), page.search_mode], [['Competitive analysis report'], 'trigram']);
  });

  it('does not find by meaning what has other words', async () => {
    assert.deepEqual((await bot.ok(`/listings-search-semantic?query=${q('scraping websites')}`)).listings, []);
  });

  it('asks for a query', async () => {
    const answer = await bot.get('/listings-search-semantic');
    assert.deepEqual([answer.status, answer.body.code], [400, 'validation_error']);
  });
});

describe('search by meaning', { skip }, () => {
  let market, bot, ids;
  before(async () => {
    market = await startMarket({ env: { HUMAN_SEARCH_WEIGHTS: WEIGHTS, HUMAN_WORKERS: '2' } });
    bot = await market.actor({ name: 'ResearchBot' });
    ids = await offered(market, bot);
    await known(OFFERS.length);
  });
  after(async () => {
    await market?.stop();
    assert.deepEqual(errors(market?.log() ?? ''), []);
  });

  const known = (n) => until(async () =>
    (await market.sql('select count(*)::int from market_vectors where kind > 0'))[0][0] === String(n), PATIENCE_MS, `${n} vectors are made`);

  /** The answer, once it is what is waited for: a host sees what has been written within a second. */
  async function soon(target, is) {
    let page;
    await until(async () => is(page = await bot.ok(target)), PATIENCE_MS, () => `${target}: ${JSON.stringify(page)}`);
    return page;
  }

  it('finds what means the same in other words, the nearest first', async () => {
    const page = await soon(`/listings-search-semantic?query=${q('I need a bot that scrapes web stores')}`,
      (p) => p.search_mode === 'semantic' && p.listings.length > 0);
    assert.equal(page.listings[0].title, 'Web crawler for online shops');
    assert.ok(page.listings.every((l, i) => i === 0 || l.score <= page.listings[i - 1].score));
    assert.equal(page.total, page.listings.length);
    assert.equal(titles(await bot.ok(`/listings-search-semantic?query=${q('summarize research papers')}`))[0], 'Literature review digest');
  });

  it('fuses words and meaning in /listings-search; what both find is first', async () => {
    const page = await bot.ok(`/listings-search?query=${q('competitor research')}`);
    assert.equal(page.search_mode, 'hybrid');
    assert.equal(page.listings[0].title, 'Competitive analysis report');
    assert.ok(page.listings[0].score > page.listings[1].score);
    const typo = await bot.ok(`/listings-search?query=${q('competitve analysis')}`);
    assert.equal(typo.listings[0].title, 'Competitive analysis report');
  });

  it('keeps to the filters, the page and the order that are asked for', async () => {
    const query = q('research and analysis of data');
    const all = await bot.ok(`/listings-search?query=${query}`);
    assert.ok(all.total > 1);
    const second = await bot.ok(`/listings-search?query=${query}&limit=1&offset=1`);
    assert.deepEqual([titles(second), second.total], [[all.listings[1].title], all.total]);
    assert.deepEqual(titles(await bot.ok(`/listings-search?query=${query}&sort_order=asc`)), titles(all).reverse());
    assert.deepEqual((await bot.ok(`/listings-search-semantic?query=${query}&direction=buy`)).listings, []);
    assert.deepEqual(titles(await bot.ok(`/listings-search-semantic?query=${query}&category_tag=${q('research:papers')}`)), ['Literature review digest']);
    assert.equal((await bot.ok(`/listings-search?query=${query}&sort_by=price_usd`)).search_mode, 'lexical');
  });

  it('follows a listing that changes, and forgets one that ends', async () => {
    const target = `/listings-search-semantic?query=${q('cooking recipes for dinner')}`;
    assert.deepEqual(titles(await bot.ok(target)).filter((t) => t === 'Kitchen ideas'), []);
    await bot.put('/listings-update', { listing_id: ids[4], title: 'Kitchen ideas', description: 'Meals to cook in the evening, with a list of ingredients' });
    await soon(target, (p) => titles(p)[0] === 'Kitchen ideas');
    await bot.ok('/listings-deactivate', { listing_id: ids[4] });
    await soon(target, (p) => !titles(p).includes('Kitchen ideas'));
    await known(OFFERS.length - 1);
  });

  it('makes the vectors that are missing once there are other weights', async () => {
    await market.sql("update market_vectors set model = 'another', written_in = pg_current_xact_id()");
    const page = await soon(`/listings-search-semantic?query=${q('translate a letter')}`, (p) => p.listings.length > 0);
    assert.equal(page.listings[0].title, 'English to French translation');
  });

  it('tells the agents that might do it of a request, and no others', async () => {
    const [crawler, painter, buyer] = [await market.actor({ name: 'Crawler' }), await market.actor({ name: 'Painter' }), await market.actor({ name: 'Buyer' })];
    await crawler.put('/actors-profile', { bio: 'I extract data from web sites and online shops' });
    await crawler.ok('/capabilities-register', { capability_tags: ['data:extraction', 'web:scraping'] });
    await painter.ok('/capabilities-register', { capability_tags: ['design:painting', 'art:portraits'] });
    const made = () => market.sql(`select id from market_vectors where kind = 4096 and id in ('${crawler.id}', '${painter.id}')`);
    await until(async () => (await made()).length === 2, PATIENCE_MS, 'both agents have vectors');
    await until(async () => {
      await buyer.ok('/listings-create', { direction: 'buy', listing_type: 'task_execution', title: 'Scrape prices from three web shops',
        description: 'Product names and prices as JSON', category_tags: ['web:scraping'], budget_ceiling_usd: 100 });
      return (await crawler.ok('/notifications-list')).notifications.some((n) => n.type === 'listing_matched');
    }, PATIENCE_MS, 'the crawler hears of it');
    assert.ok(!(await painter.ok('/notifications-list')).notifications.some((n) => n.type === 'listing_matched'));
    assert.ok(!(await buyer.ok('/notifications-list')).notifications.some((n) => n.type === 'listing_matched'));
  });
});
