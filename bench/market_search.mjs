// bench/market_search.mjs -- (c) of `make bench ARGS=market`: searching 100,000 listings by words, by meaning and by both, one
// request at a time, one worker on one core, the encoder's work included.  Texts and queries (two to six words) are of
// one vocabulary, in which few words are frequent and most are rare (Zipf; the first is in a third of the listings); one query
// in ten has a letter too few.  A hundred listings are encoded; half of the others have one of their vectors, half a random one.
// The floor: what some of the queries have sent to the database, by pgbench.  LISTINGS=100000 QUERIES=300
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { floorScript, requestsOf } from './floor_script.mjs';
import { listenIn } from './wire.mjs';

const root = path.dirname(path.dirname(new URL(import.meta.url).pathname));
const LISTINGS = Number(process.env.LISTINGS ?? 100_000), QUERIES = Number(process.env.QUERIES ?? 300), PATIENCE_MS = 120_000, GOAL_MS = 25;
const RECORDED = 20, WARM = 20, FLOOR_S = 3, ENCODED = 100;
const OWNER = '00000000-0000-4000-9000-00000000bec0', SELLER = '00000000-0000-4000-8000-00000000beca';
// Where `make build/search.weights` and `make deps-search` put them.
const WEIGHTS = [path.join(root, 'build/search.weights'), path.join(process.env.HUMAN_HOME ?? path.join(os.homedir(), '.human'), 'search.weights')]
  .find((file) => fs.existsSync(file));

const WORDS = `data analysis report research agent code text image market price product web search content translation summary review design
  video audio support test security audit invoice tax legal contract email campaign social media finance stock news digest document customer
  sales lead shop crawler website mobile model training evaluation benchmark dataset label annotation transcript speech voice chat assistant
  python database query dashboard chart spreadsheet presentation slide paper article blog headline slogan brand logo icon illustration photo
  music podcast subtitle caption editing proofreading grammar english french german spanish italian japanese chinese arabic portuguese russian
  medical biology chemistry physics mathematics statistics economics history geography philosophy law patent trademark privacy compliance policy
  insurance mortgage loan credit bank payment crypto wallet token exchange trading forecast risk portfolio accounting bookkeeping payroll salary
  recruiting resume interview onboarding training course lesson homework quiz exam tutor student teacher school university library book novel
  story poem script dialogue character game level puzzle quest map travel hotel flight train route weather climate energy solar battery
  vehicle engine repair maintenance factory robot sensor drone satellite network server cloud container deployment monitoring alert incident
  backup migration integration api webhook plugin extension template theme layout color font accessibility usability survey questionnaire
  feedback rating recommendation ranking classification clustering regression detection recognition segmentation extraction parsing scraping
  cleaning matching deduplication enrichment validation verification simulation optimization scheduling planning logistics warehouse delivery
  restaurant recipe nutrition fitness yoga health clinic dentist nurse therapy sleep garden plant animal dog cat horse farm harvest wood metal
  glass textile fashion shoe jewelry makeup hair wedding party event ticket concert theater museum gallery auction antique furniture kitchen
  bathroom floor roof window door paint plumbing electricity cleaning moving storage rental apartment house office coworking meeting calendar
  reminder note task project milestone budget proposal tender grant donation charity volunteer community forum newsletter subscription`
  .split(/\s+/);
const WEIGHT = WORDS.map((_, i) => 1 / (i + 30)), TOTAL = WEIGHT.reduce((a, b) => a + b, 0);

// The same texts in each run.
function generator(seed) {
  let s = seed * 2654435761 + 1 >>> 0 || 1;
  const random = () => {
    s ^= s << 13; s >>>= 0; s ^= s >>> 17; s ^= s << 5; s >>>= 0;
    return s / 2 ** 32;
  };
  const word = () => {
    let left = random() * TOTAL, i = 0;
    while (i < WORDS.length - 1 && (left -= WEIGHT[i]) > 0) i++;
    return WORDS[i];
  };
  for (let i = 0; i < 4; i++) random();
  return (n) => Array.from({ length: n }, word).join(' ');
}

// Each tenth with a typo in its longest word.
function query(n) {
  const words = generator(10_000_000 + n)(2 + n % 5), longest = words.split(' ').sort((a, b) => b.length - a.length)[0];
  return n % 10 === 9 ? words.replace(longest, longest.slice(0, 3) + longest.slice(4)) : words;
}

async function fill(client, model) {
  await client.query(`insert into market_owners (id) values ('${OWNER}') on conflict do nothing`);
  await client.query(`insert into market_actors (id, owner_id, type, display_name, slot, is_founding, referral_code)
    values ('${SELLER}', '${OWNER}', 'delegated_agent', 'Bench', 900000, false, '0fbeca') on conflict do nothing`);
  for (let from = 0; from < LISTINGS; from += 5000) {
    const rows = Array.from({ length: Math.min(5000, LISTINGS - from) }, (_, i) => {
      const say = generator(from + i + 1);
      return { t: say(5), d: say(30), g: say(1) };
    });
    await client.query(`with made as (insert into market_listings (actor_id, direction, listing_type, title, description, category_tags, price_cents)
        select '${SELLER}', 'sell', 'task_execution', r->>'t', r->>'d', array['x:' || (r->>'g')], 5000 from json_array_elements($1::json) r returning id)
      insert into market_vectors (id, kind, model, vector) select m.id, 1, $2, coalesce(v.vector,
          (select string_agg(sha512((m.id::text || i)::bytea), '') from generate_series(1, 8) i))
        from (select id, row_number() over () as n from made) m
        left join (select vector, row_number() over (order by id) as n from market_vectors where kind > 0 and model = $2 limit ${ENCODED}) v
          on m.n % 2 = 0 and v.n = 1 + m.n / 2 % ${ENCODED} where $2 <> ''`, [JSON.stringify(rows), model]);
  }
  await client.query('vacuum analyze market_listings');  // as autovacuum does before long
  await client.query('vacuum analyze market_vectors');
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

async function connected(database) {
  const client = new pg.Client({ host: database.socket, user: 'human', database: 'human' });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function start(t, name, weights, url) {
  const port = await t.freePort();
  const server = await t.serve(name, t.human, ['gateway', '--port', String(port), '--agent-port', '0', '--workers', '1', '--log-level', 'error',
    '--set', `search.weights=${weights}`, '--set', 'search.listings=200000'], port, { HUMAN_HOME: path.join(t.dir, name), DATABASE_URL: url });
  while ((await fetch(`http://127.0.0.1:${port}/ready`).catch(() => ({}))).status !== 200) await sleep(50);
  return { ...server, url: `http://127.0.0.1:${port}` };
}

async function asked(server, key, route, n) {
  const answer = await fetch(`${server.url}${route}?query=${encodeURIComponent(query(n))}`, { headers: { 'x-api-key': key } });
  const page = await answer.json();
  if (answer.status !== 200) throw new Error(`${route} ${query(n)}: ${answer.status} ${JSON.stringify(page).slice(0, 500)}`);
  return page.search_mode;
}

// Until a host searches so: one with weights has to read the vectors first.
async function ready(server, key, route, mode) {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const is = await asked(server, key, route, 0);
    if (mode.includes(is)) return;
    if (performance.now() > end) throw new Error(`${route} is still ${is} after ${PATIENCE_MS / 1000} s, not ${mode}`);
    await sleep(200);
  }
}

// An actor's key, and the encoder's model once it has made a vector.
async function begin(t, database, client) {
  const host = await start(t, 'begun', WEIGHTS ?? '/nonexistent', database.url);
  const post = async (target, body, key) => {
    const answer = await fetch(host.url + target, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...(key && { 'x-api-key': key }) } });
    if (!answer.ok) throw new Error(`${target}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const { api_key: key } = await post('/agents-quick-start', { display_name: 'Searcher' });
  for (let i = 0; i < ENCODED; i++) {
    const say = generator(20_000_000 + i);
    await post('/listings-create', { direction: 'sell', listing_type: 'task_execution', title: say(5), description: say(30), category_tags: ['a:b'], price_usd: 1 }, key);
  }
  let model = '';
  for (let end = performance.now() + PATIENCE_MS; WEIGHTS && !model; await sleep(50)) {
    const { rows } = await client.query('select model from market_vectors where kind > 0');
    if (rows.length >= ENCODED) [{ model }] = rows;
    if (performance.now() > end) throw new Error(`the encoder has made ${rows.length} vectors, not ${ENCODED}`);
  }
  await t.stop(host);
  return { key, model };
}

// Scripts of what some queries send.
async function record(t, database, key, kind) {
  const wire = await listenIn(database.socket, path.join(t.dir, `wire-${kind.name}`)), files = [];
  const host = await start(t, `recorded ${kind.name}`, kind.weights, wire.url);
  await ready(host, key, kind.route, kind.modes);
  for (let n = 0; n < RECORDED; n++) {
    const mark = wire.seen.length, from = performance.now();
    await asked(host, key, kind.route, n);
    const all = wire.seen.slice(mark).filter((s) => /market_listings|market_corrected|market_near/.test(s.sql) && s.sent <= performance.now());
    const list = requestsOf(all, from, performance.now(), ['']);
    if (!list.length) continue;
    const file = path.join(t.dir, `search_${kind.name}_${n}.sql`);
    fs.writeFileSync(file, floorScript(list, list, [], []).script);
    files.push(file);
  }
  await t.stop(host);
  wire.close();
  return files;
}

export async function marketSearch(t, database) {
  const client = await connected(database), begun = performance.now();
  const { key, model } = await begin(t, database, client);
  await fill(client, model);
  await client.end();
  console.log(`${LISTINGS.toLocaleString('en')} listings are there after ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  const kinds = [{ name: 'words', weights: '/nonexistent', route: '/listings-search', modes: ['lexical', 'trigram'] }];
  if (WEIGHTS) {
    kinds.push({ name: 'meaning', weights: WEIGHTS, route: '/listings-search-semantic', modes: ['semantic'] },
      { name: 'both', weights: WEIGHTS, route: '/listings-search', modes: ['hybrid'], goal: GOAL_MS });
  } else console.log('search by meaning is SKIPPED: there are no weights; `make build/search.weights` fetches them');
  for (const kind of kinds) {
    const files = await record(t, database, key, kind);
    const server = await start(t, kind.name, kind.weights, database.url);
    await ready(server, key, kind.route, kind.modes);
    const times = [];
    const seen = await t.turns(`(c) search by ${kind.name}`, [
      { name: 'human', server, run: async () => {
        const from = times.length;
        for (let n = -WARM; n < Math.ceil(QUERIES / t.rounds); n++) {
          const at0 = performance.now(), mode = await asked(server, key, kind.route, 1000 + from + n);
          if (n >= 0) times.push(performance.now() - at0);
          if (!kind.modes.includes(mode)) throw new Error(`a search has been ${mode}`);
        }
        const mine = times.slice(from);
        return { count: mine.length + WARM, rate: mine.length * 1000 / mine.reduce((a, b) => a + b, 0) };
      } },
      { name: 'pgbench', run: () => t.pgbench(t.socket, files, 1, Math.min(FLOOR_S, t.seconds), 'human') },
    ]);
    await t.stop(server);
    times.sort((a, b) => a - b);
    const p99 = at(times, 0.99), m = (name, field) => t.median(seen[name].map((r) => r[field]));
    t.row(`(c) search by ${kind.name}, ${LISTINGS.toLocaleString('en')} listings`,
      `p50 ${t.short(at(times, 0.5))} ms, p99 ${t.short(p99)} ms, mean ${t.short(1000 / m('human', 'rate'))} ms; CPU ${t.short(m('human', 'host'))} + ${t.short(m('human', 'database'))} µs`,
      `mean ${t.short(1000 / m('pgbench', 'rate'))} ms; CPU ${t.short(m('pgbench', 'database'))} µs`,
      `${(m('pgbench', 'rate') / m('human', 'rate')).toFixed(2)} x${kind.goal ? `, goal p99 ${kind.goal} ms: ${p99 <= kind.goal ? 'holds' : 'MISSED'}` : ''}`);
  }
}
