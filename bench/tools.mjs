// bench/tools.mjs -- `make bench ARGS=tools`: (a) a call of a tool through the metered proxy beside nginx's proxy_pass to the same
// tool, and the tool alone; (b) MCP beside the official SDK's server (tools_mcp.mjs); (c) webhooks beside a loop of fetch
// (tools_webhooks.mjs); (d) places of the quota of one hot subscription beside the same statements by pgbench.
// In the end one table.  PARTS='a b c d' picks; SHOW=1 prints the statements of a call; an error ends it with a status other than 0.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { floorScript } from './floor_script.mjs';
import { connect, post } from './market.mjs';
import { middle, postScript, wrk } from './tools_load.mjs';
import { mcpRounds } from './tools_mcp.mjs';
import { webhookCounts, webhookRounds } from './tools_webhooks.mjs';
import { actor, guarded, hashOf, lend, makeTool, people, recorded, startHost, startNginx, subscribe } from './tools_world.mjs';
import { listenIn } from './wire.mjs';

const PARTS = (process.env.PARTS ?? 'a b c d').split(/\s+/), SHOW = process.env.SHOW;
const AT_ONCE = [1, 32], POOL = 8, ENDPOINTS = 50, INPUT = { url: 'https://example.com/products', max_pages: 5 };
// Actor 0 has the tool, 1 calls it, 2 has the hot subscription and 3 that of the floor.
const PEOPLE = 4 + ENDPOINTS;

function about(name, floor, statements) {
  console.log(`(${name}) one sends ${floor.statements} statements in ${floor.trips} round trips: ${floor.commits} transactions and ${floor.alone} statements alone`);
  if (SHOW) for (const s of statements) console.log(`    ${s.conn}.${s.flight} ${s.sql.replace(/\s+/g, ' ').trim().slice(0, 160)}`);
}

// Of deliveries, whose statements are of no one request.
function aboutWebhooks({ count, seen }) {
  const mine = seen.filter((s) => /webhook/.test(s.sql) || s.params.some((p) => p?.includes('webhook')) || /^\s*(begin|commit)/i.test(s.sql)), counts = new Map();
  const commits = mine.filter((s) => /^\s*commit/i.test(s.sql)).length, trips = new Set(mine.map((s) => `${s.conn}.${s.flight}`)).size;
  console.log(`(c) one of ${count} webhooks sends ${(mine.length / count).toFixed(1)} statements in ${(trips / count).toFixed(1)} round trips, and makes ${(commits / count).toFixed(1)} commits`);
  for (const s of mine) counts.set(s.sql, (counts.get(s.sql) ?? 0) + 1);
  if (SHOW) for (const [sql, n] of [...counts].sort((a, b) => b[1] - a[1])) console.log(`    ${String(n).padStart(4)} ${sql.replace(/\s+/g, ' ').trim().slice(0, 160)}`);
}

const reserve = (port, s) => post(port, '/bench/tools/reservation', { id: s.id, period_id: s.period_id, listing_id: s.listing_id });

/** Makes the actors and their subscriptions, and notes what an operation sends. */
async function prepare(t, database, client, tool) {
  const wire = await listenIn(database.socket, path.join(t.dir, 'wire-tools')), host = await startHost(t, 'tools-recorded', wire.url);
  try {
    await people(client, PEOPLE);
    const listing = await makeTool(client, host.port, guarded(tool, '/v2')), subs = [];
    for (const n of [1, 2, 3]) subs.push(await subscribe(client, host.port, listing, n));
    const [mine, hot, floor] = subs, call = () => post(host.port, '/tool-proxy', { subscription_id: mine.id, input: INPUT }, mine.key);
    const warm = async (fn) => { for (let i = 0; i < 3; i++) await fn(); };      // what was prepared is used
    await warm(call);
    const called = await recorded(client, wire, [mine.id, mine.period_id, hashOf(mine.key)], call);
    about('a', floorScript(called, called, [], []), called);
    const two = [];
    for (const s of [hot, floor]) {
      await warm(() => reserve(host.port, s));
      two.push(await recorded(client, wire, [s.period_id], () => reserve(host.port, s)));
    }
    const inputs = [['id'], ['period_id']].map(([key]) => ({ values: [hot[key], floor[key]], is: `'${floor[key]}'` }));
    const script = floorScript(...two, inputs, []);
    about('d', script, two[0]);
    aboutWebhooks(await webhookCounts(client, wire, host.port, tool, actor(1)));
    return { mine, hot, floor, script: script.script };
  } finally {
    await t.stop(host);
    wire.close();
  }
}

const ms = (x) => (x >= 100 ? x.toFixed(0) : x.toPrecision(3));

// A cell of the table.
function cell(t, r) {
  const times = r.p50 === undefined ? '' : `p50 ${ms(r.p50)}, p99 ${ms(r.p99)} ms; `;
  return `${times}${t.short(r.rate)}/s; CPU ${t.short(r.host)}${r.database === undefined ? '' : ` + ${t.short(r.database)}`} µs`;
}

async function proxyRounds(t, host, tool, mine) {
  const proxy = await startNginx(t, 'nginx proxy_pass', '0', tool), alone = await startNginx(t, 'nginx alone', '0');
  const script = postScript(t.dir, 'proxy', { 'x-api-key': mine.key }, { subscription_id: mine.id, input: INPUT });
  for (const clients of AT_ONCE) {
    const title = `(a) a call through the proxy, ${clients} at a time`, run = (server, target) => () => wrk({ port: server.port, target, script, clients, seconds: t.seconds });
    const seen = await t.turns(title, [
      { name: 'human', server: host, run: run(host, '/tool-proxy') },
      { name: 'proxy_pass', server: proxy, run: run(proxy, '/tool-proxy') },
      { name: 'alone', server: alone, run: run(alone, '/v2') },
    ]);
    const { human: ours, proxy_pass: peer, alone: floor } = seen;
    delete peer.database;
    delete floor.database;
    t.row(title, cell(t, ours), `proxy_pass: ${cell(t, peer)}`, `nginx alone: ${cell(t, floor)}`,
      `${t.short(ours.p50 - peer.p50)} ms more (p50), ${t.short(ours.p99 - peer.p99)} ms (p99); ${t.short(peer.rate / ours.rate)} x the time`);
  }
  await t.stop(proxy);
  await t.stop(alone);
}

// With no more connections than the host has.
function pgbench(t, file, clients) {
  const r = spawnSync('pgbench', ['-n', '-M', 'prepared', '-f', file, '-c', String(Math.min(clients, POOL)), '-j', '1', '-T', String(Math.max(1, t.seconds)), 'human'],
    { encoding: 'utf8', env: { ...process.env, PGHOST: t.socket, PGUSER: 'human' } });
  if (r.error) throw r.error;
  if (r.status !== 0 || /number of failed transactions: [1-9]/.test(r.stdout)) throw new Error(`pgbench: ${r.stdout}${r.stderr.slice(-1500)}`);
  return { count: Number(/actually processed: (\d+)/.exec(r.stdout)[1]), rate: Number(/tps = ([\d.]+)/.exec(r.stdout)[1]) };
}

async function quotaRounds(t, host, client, world) {
  const file = path.join(t.dir, 'reservation.sql'), { hot } = world;
  fs.writeFileSync(file, world.script);
  const script = postScript(t.dir, 'reservation', {}, { id: hot.id, period_id: hot.period_id, listing_id: hot.listing_id });
  const used = async (s) => Number((await client.query('select used from market_periods where id = $1', [s.period_id])).rows[0].used);
  // Each has to be in the row: the same on both sides.  What is under way at the end may count or not.
  const counted = async (s, clients, run) => {
    const before = await used(s), done = await run(), made = await used(s) - before;
    if (Math.abs(made - done.count) > clients + 1) throw new Error(`${done.count} reservations have used ${made} places`);
    return done;
  };
  for (const clients of AT_ONCE) {
    const title = `(d) reservations of one subscription, ${clients} at a time`;
    const seen = await t.turns(title, [
      { name: 'human', server: host, run: () => counted(hot, clients, () => wrk({ port: host.port, target: '/bench/tools/reservation', script, clients, seconds: t.seconds })) },
      { name: 'pgbench', run: () => counted(world.floor, clients, () => pgbench(t, file, clients)) },
    ]);
    t.row(title, cell(t, seen.human), '-', `pgbench: ${cell(t, seen.pgbench)}`, `${t.short(seen.pgbench.rate / seen.human.rate)} x the time of the floor`);
  }
}

function table(rows) {
  const all = [['', 'ours', 'peer', 'floor', ''], ...rows], width = [0, 1, 2, 3].map((k) => Math.max(...all.map((r) => r[k].length)));
  console.log('\nTools (CPU of one: host + database)');
  for (const row of all) console.log(`  ${row.map((text, k) => text.padEnd(width[k] ?? 0)).join('  ').trimEnd()}`);
}

/** t: what run.mjs lends. */
export async function tools(borrowed, database) {
  const t = await lend(borrowed, database, middle), rows = [];
  t.row = (...cells) => rows.push(cells);
  t.cell = (r) => cell(t, r);
  const tool = await startNginx(t, 'tool', '1');
  const client = await connect(database, 'human');
  try {
    const warm = await startHost(t, 'tools-migrated', database.url);             // which makes the tables
    await t.stop(warm);
    const world = await prepare(t, database, client, tool), host = await startHost(t, 'tools', database.url);
    if (PARTS.includes('a')) await proxyRounds(t, host, tool, world.mine);
    if (PARTS.includes('b')) await mcpRounds(t, host, tool, actor(1).key, INPUT);
    if (PARTS.includes('c')) await webhookRounds(t, host, client, tool, Array.from({ length: ENDPOINTS }, (_, i) => actor(4 + i)));
    if (PARTS.includes('d')) await quotaRounds(t, host, client, world);
    await t.stop(host);
    await t.stop(tool);
  } finally {
    await client.end();
  }
  table(rows);
}
