// bench/market_search.mjs -- (c) of `make bench ARGS=market`: searching 100,000 listings by words, by meaning and by both, one
// request at a time, one worker on one core, PostgreSQL and the load on the other; the encoder's work is included.
// Beside it the floor: the SQL of the words alone by pgbench.  Vectors of the listings are random, as their
// values do not change what a scan costs; the query's is encoded.  LISTINGS=100000 QUERIES=200
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const root = path.dirname(path.dirname(new URL(import.meta.url).pathname));
const LISTINGS = Number(process.env.LISTINGS ?? 100_000), QUERIES = Number(process.env.QUERIES ?? 200), PATIENCE_MS = 600_000;
const WEIGHTS = path.join(root, 'build/search.weights');
const WORDS = `analysis report data research market price product shop web crawler translation french english summary paper review
  logo design video audio transcript support chat agent code python test security audit invoice tax legal contract lead email
  campaign social media image caption weather finance stock crypto news digest health recipe travel hotel flight map`.split(/\s+/);

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const word = (n) => WORDS[(n * 2654435761 >>> 0) % WORDS.length];
const sentence = (seed, n) => Array.from({ length: n }, (_, i) => word(seed * 31 + i * 7 + (seed >> 3) * i)).join(' ');

async function fill(client, model) {
  await client.query("insert into market_owners (id) values ('00000000-0000-4000-8000-00000000bec0') on conflict do nothing");
  await client.query(`insert into market_actors (id, owner_id, type, display_name, slot, is_founding, referral_code)
    values ('00000000-0000-4000-8000-00000000beca', '00000000-0000-4000-8000-00000000bec0', 'delegated_agent', 'Bench', 900000, false, '0fbeca')
    on conflict do nothing`);
  for (let from = 0; from < LISTINGS; from += 5000) {
    const rows = Array.from({ length: Math.min(5000, LISTINGS - from) }, (_, i) => ({ t: sentence(from + i, 5), d: sentence(from + i + 7, 30), g: word(from + i) }));
    await client.query(`with made as (insert into market_listings (actor_id, direction, listing_type, title, description, category_tags, price_cents)
        select '00000000-0000-4000-8000-00000000beca', 'sell', 'task_execution', r->>'t', r->>'d', array['x:' || (r->>'g')], 5000
        from json_array_elements($1::json) r returning id)
      insert into market_vectors (id, kind, model, vector) select id, 1, $2, (select string_agg(sha512((id::text || i)::bytea), '')
        from generate_series(1, 8) i) from made`, [JSON.stringify(rows), model]);
  }
  await client.query('analyze market_listings; analyze market_vectors');
}

export async function marketSearch(t, database) {
  if (!fs.existsSync(WEIGHTS)) throw new Error('the weights are missing: make build/search.weights');
  const client = new pg.Client({ host: database.socket, user: 'human', database: 'human' });
  client.on('error', () => {});                    // the server ends first when something else has failed
  await client.connect();
  const start = async (name, weights) => {
    const port = await t.freePort();
    const server = await t.serve(name, t.human, ['gateway', '--port', String(port), '--agent-port', '0', '--workers', '1', '--log-level', 'error',
      '--set', `search.weights=${weights}`, '--set', 'search.listings=200000'], port, { HUMAN_HOME: path.join(t.dir, name), DATABASE_URL: database.url });
    while ((await fetch(`http://127.0.0.1:${port}/ready`).catch(() => ({}))).status !== 200) await sleep(50);
    return { ...server, url: `http://127.0.0.1:${port}` };
  };
  const post = (server, key, target, body) => fetch(server.url + target, { method: 'POST', body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...(key && { 'x-api-key': key }) } }).then((r) => r.json());

  const whole = await start('meaning', WEIGHTS);
  const { api_key: key } = await post(whole, null, '/agents-quick-start', { display_name: 'Searcher' });
  await post(whole, key, '/listings-create', { direction: 'sell', listing_type: 'task_execution', title: 'One', description: 'Two', category_tags: ['a:b'], price_usd: 1 });
  let model;
  while (!model) [model] = (await client.query('select model from market_vectors where kind > 0')).rows.map((r) => r.model);
  await fill(client, model);
  const get = async (server, target, mode) => {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const begun = performance.now();
      const page = await (await fetch(server.url + target, { headers: { 'x-api-key': key } })).json();
      if (page.search_mode === mode) return performance.now() - begun;
      if (performance.now() > end) throw new Error(`${target}: ${JSON.stringify(page).slice(0, 500)}`);
      await sleep(200);
    }
  };
  const plain = await start('words', '/nonexistent');
  const kinds = [['words', plain, '/listings-search', 'lexical'], ['meaning', whole, '/listings-search-semantic', 'semantic'], ['both', whole, '/listings-search', 'hybrid']];
  console.log(`\n(m) search over ${LISTINGS.toLocaleString('en')} listings, ${QUERIES} queries of six words: milliseconds, p50 and p99`);
  for (const [name, server, route, mode] of kinds) {
    const times = [];
    for (let i = -20; i < QUERIES; i++) {
      const ms = await get(server, `${route}?query=${encodeURIComponent(sentence(i + 1_000_000, 6))}`, mode);
      if (i >= 0) times.push(ms);
    }
    times.sort((a, b) => a - b);
    console.log(`  ${name.padEnd(30)} ${t.short(at(times, 0.5))}  ${t.short(at(times, 0.99))}`);
  }
  const file = path.join(t.dir, 'search_floor.sql');
  fs.writeFileSync(file, `select id from market_listings where is_active and words @@ websearch_to_tsquery('english', '${sentence(1_000_000, 6)}')
    order by ts_rank(words, websearch_to_tsquery('english', '${sentence(1_000_000, 6)}')) desc limit 20;\n`);
  const r = spawnSync('pgbench', ['-n', '-M', 'prepared', '-f', file, '-c', '1', '-t', String(QUERIES)],
    { env: { ...process.env, PGHOST: database.socket, PGUSER: 'human', PGDATABASE: 'human' }, encoding: 'utf8' });
  console.log(`  ${'floor (pgbench, words)'.padEnd(30)} ${/latency average = ([\d.]+)/.exec(r.stdout)?.[1]} on average`);
  await client.end();
  await t.stop(whole);
  await t.stop(plain);
}
