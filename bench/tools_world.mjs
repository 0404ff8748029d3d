// bench/tools_world.mjs -- a marketplace for bench/tools.mjs: actors, a tool that nginx is, subscriptions to it, and what an
// operation sends to the database.
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requestsOf } from './floor_script.mjs';
import { connect, keyOf, post, quiet } from './market.mjs';
import { watchOthers } from './others.mjs';

const here = path.dirname(new URL(import.meta.url).pathname), root = path.dirname(here);
const ACTOR = '00000000-0000-4000-8000-', OWNER = '00000000-0000-4000-9000-', FIRST = 200_000_000_000, SLOT = 6_000_000;
const CALLS = 1_000_000_000, SINK = '127.0.0.2', ENDED_MS = 100, QUIET_MS = 700;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SEAL_KEY = randomBytes(32).toString('hex');

export const hashOf = (key) => createHash('sha256').update(key).digest('hex');

/** An actor by its number: its id and key. */
export const actor = (n) => ({ id: ACTOR + (FIRST + n), key: keyOf(FIRST + n) });

/** Makes the actors 0 to count - 1, people with credits. */
export async function people(client, count) {
  for (let n = 0; n < count; n++) {
    const { id, key } = actor(n);
    await client.query(`insert into market_owners (id) values ('${OWNER}${FIRST + n}');
      insert into market_actors (id, owner_id, type, display_name, email, role, tier, autonomy, slot, is_founding, referral_code)
        values ('${id}', '${OWNER}${FIRST + n}', 'human', 'Bench', '${FIRST + n}@example.com', 'member', 1, 3, ${SLOT + n}, false, '${(SLOT + n).toString(16).padStart(6, '0')}');
      insert into market_keys (hash, actor_id, prefix) values ('${hashOf(key)}', '${id}', 'hm_000000000');
      insert into ledger_accounts (ledger, code, owner) values ('rc', 6000, '${id}'), ('rc', 6010, '${id}'), ('rc', 6200, '${id}'), ('usd', 2100, '${id}');
      insert into ledger_transfers (kind, debit, credit, amount, event, cause, n)
        select 'posted', 5010, id, 1000000, 'bench.begun', owner, 1 from ledger_accounts where owner = '${id}' and code = 6010;
      insert into credit_lots (actor, pool, amount, remaining, reason, event, cause) values ('${id}', 'W', 1000000, 1000000, 'deposit', 'bench.begun', '${id}')`);
  }
}

/** nginx as the tool, as a proxy to the tool at that port, or as both. */
export async function startNginx(t, name, core, tool) {
  const port = await t.freePort(), own = path.join(t.dir, `nginx-${name.replace(/\W/g, '_')}`), file = path.join(own, 'nginx.conf');
  fs.mkdirSync(own, { recursive: true });
  const text = fs.readFileSync(path.join(here, 'peers/nginx_tools.conf.in'), 'utf8').replaceAll('@PORT@', port).replaceAll('@DIR@', own)
    .replaceAll('@TOOL@', `127.0.0.1:${tool?.port ?? port}`);
  fs.writeFileSync(file, (process.getuid() === 0 ? 'user root;\n' : '') + text);
  return t.serve(name, '/usr/sbin/nginx', ['-c', file, '-e', path.join(own, 'error.log')], port, {}, core);
}

/** The same tool at an address that the guard of ours lets pass. */
export const guarded = (tool, target) => `http://${SINK}:${tool.port}${target}`;

export async function startHost(t, name, url) {
  const port = await t.freePort();
  const server = await t.serve(name, t.human, ['gateway', '--port', String(port), '--agent-port', '0', '--workers', '1', '--log-level', 'error',
    '--set', 'overrides=**', '--scripts', `${path.join(here, 'scripts')}:${path.join(root, 'scripts')}`], port,
  { HUMAN_HOME: path.join(t.dir, `home-${name}`), DATABASE_URL: url, HUMAN_EGRESS_ALLOW: `${SINK}/32`, HUMAN_SEAL_KEY: SEAL_KEY,
    HUMAN_MARKETPLACE_OPEN_WEBHOOKS: 'true', HUMAN_MARKETPLACE_AUDIT_S: '0' });
  while ((await fetch(`http://127.0.0.1:${port}/ready`).catch(() => ({}))).status !== 200) await sleep(50);
  return server;
}

/** A tool of actor 0 at the URL: the id of its listing. */
export async function makeTool(client, port, url) {
  const { id } = await post(port, '/listings-create', { direction: 'sell', listing_type: 'compute_access', title: 'Bench Scraper', description: 'Reads pages',
    category_tags: ['data:scraping'], tool_meta: { upstream_url: 'https://tool.example/v2', auth_type: 'none' },
    input_schema: { type: 'object', properties: { url: { type: 'string' }, max_pages: { type: 'integer' } }, required: ['url'] },
    subscription_plans: [{ plan_id: 'all', name: 'All', interval: 'monthly', amount_cents: 0, included_calls: CALLS }] }, actor(0).key);
  await client.query("update market_listings set tool_meta = jsonb_set(tool_meta, '{upstream_url}', to_jsonb($2::text)) where id = $1", [id, url]);
  return id;
}

/** Actor n subscribes to it: {id, period_id, listing_id, key}. */
export async function subscribe(client, port, listing_id, n) {
  const { subscription_id: id, api_key: key } = await post(port, '/tool-subscriptions', { listing_id, plan_id: 'all' }, actor(n).key);
  const { rows: [{ period_id }] } = await client.query('select period_id from market_subscriptions where id = $1', [id]);
  return { id, period_id, listing_id, key };
}

/** What act() has sent to the database that names one of these, or an id that was returned then. */
export async function recorded(client, wire, names, act) {
  await quiet(client);
  const from = performance.now(), mark = wire.seen.length;
  await act();
  const to = performance.now();
  await sleep(QUIET_MS);
  const seen = wire.seen.slice(mark), ids = requestsOf(seen, from, to, names).flatMap((s) => s.rows.flat()).filter((cell) => UUID.test(cell));
  return requestsOf(seen, from, to, [...names, ...ids]);
}

/** What t lends, and rounds of several sides in turns: {name: {rate, p50, p99, host, database (microseconds of CPU)}}, the middle. */
export async function lend(t, database, middle) {
  const client = await connect(database, 'human'), { rows: [{ data_directory: data }] } = await client.query('show data_directory');
  await client.end();
  const postmaster = Number(fs.readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const turns = async (title, sides) => {
    const seen = Object.fromEntries(sides.map((s) => [s.name, []]));
    for (let i = 0; i < t.rounds; i++) {
      for (const side of i % 2 ? [...sides].reverse() : sides) {
        seen[side.name].push(await t.round(title, { name: side.name, log: side.server?.log, daemons: [postmaster] }, async () => {
          const host = side.server ? t.cpuSeconds(side.server) : 0, base = watchOthers([postmaster]);
          const done = await side.run();
          await sleep(ENDED_MS);                     // a backend that is about to end would be in neither sum
          return { ...done, host: side.server ? (t.cpuSeconds(side.server) - host) / done.count * 1e6 : 0, database: base().own / done.count * 1e6 };
        }));
      }
    }
    return Object.fromEntries(Object.entries(seen).map(([name, rounds]) => [name, middle(rounds)]));
  };
  return { ...t, socket: database.socket, turns };
}
