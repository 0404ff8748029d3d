// spec/e2e/slice_world.mjs -- the shop of spec/slice on two hosts with one database: who its customers are, what receives
// its replies, what has been deployed, which workers were killed, and which broken connections that excuses.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { Webhook } from 'standardwebhooks';
import { call } from './agent_client.mjs';
import { age } from './assets.mjs';
import { isAlive, makeHome, sql } from './hosts.mjs';
import { startPair } from './pair.mjs';
import { sleep, until } from './support.mjs';

export const PATIENCE_MS = 60_000;
const SECRET = 'the channel and the shop know this', GRACE_MS = 1000, NEAR_MS = 1000;
const PLANS = 3000, RICH_MRC = 10 ** 12;
export const PRICE_MRC = 2_900_333, POOR_PLANS = 5;    // a price whose fee must be rounded; what the poor can pay for
const hooks = new Webhook(SECRET, { format: 'raw' });

export const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

/** Numbers in [0, 1), the same ones for the same seed (mulberry32). */
function numbersFrom(seed) {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The channel that gets replies: it loses one answer in twenty, and fails one time in ten, after it has taken the reply. */
async function startChannel(random) {
  const got = [], wrong = [];
  const server = http.createServer(async (req, res) => {
    let body = '';
    for await (const piece of req) body += piece;
    try {
      got.push({ ...hooks.verify(body, req.headers), id: req.headers['webhook-id'], at: Date.now() });
    } catch (error) {
      wrong.push(error.message);
    }
    const chance = random();
    if (got.length) got.at(-1).failed = chance < 0.15;
    if (chance < 0.05) req.socket.destroy();
    else res.writeHead(chance < 0.15 ? 500 : 204).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();                                // a shop that does not open leaves nothing that waits
  return { got, wrong, url: `http://127.0.0.1:${server.address().port}/replies`, close: () => server.closeAllConnections() || server.close() };
}

/** The processes that serve, as the host says; its children are also those that check scripts. */
async function workersOf(host) {
  const socket = net.connect(path.join(host.home, 'control.sock'));
  let text = '';
  socket.write('status\n');
  for await (const piece of socket) text += piece;
  return JSON.parse(text.slice(0, text.lastIndexOf('}') + 1)).workers.map((worker) => worker.pid).filter(Boolean);
}

/** The shop.  See the members for what it can do. */
export async function openShop(seed) {
  const random = numbersFrom(seed), channel = await startChannel(random), shared = makeHome(), ui = path.join(shared, 'ui');
  fs.mkdirSync(ui);
  const pair = await startPair('spec/slice', { pools: ['4', '4'], env: {
    HUMAN_OVERRIDES: 'api/shop/**, shop/**', HUMAN_SEAL_KEY: crypto.randomBytes(32).toString('hex'), HUMAN_SHOP_HOOK: SECRET,
    HUMAN_SHOP_REPLIES_TO: channel.url, HUMAN_SHOP_UI: ui, HUMAN_FILES_UPLOADS: path.join(shared, 'uploads'),
    HUMAN_RELOAD_TIMEOUT_MS: '60000', // a machine that has no time is not what is tested
  } });
  const hosts = [pair.one, pair.two], kills = [], broken = [], assets = [], keys = new Map(), late = {};
  let turn = 0, excused = 0;
  const rows = (statement) => sql(pair.home, statement);
  const shop = {
    hosts, random, channel, rows, kills, broken, assets, late, took: {}, faults: [], over: false, isClosed: false, openings: 0, sources: new Set(),
    get listings() { return listings; },
    get excused() { return excused; },
    keyOf: (name) => keys.get(name),

    async join(name, mrc = RICH_MRC) {
      keys.set(name, `shop_${crypto.randomBytes(16).toString('hex')}`);
      shop.openings += mrc;
      await rows(`insert into shop_wallets values ('${name}', '${sha256(keys.get(name))}', ${mrc})`);
    },

    /** One JSON call of a customer: {status, headers, body}. */
    call: (host, name, method, where, { headers, body } = {}) => call(host.url, method, `/shop${where}`, { key: keys.get(name), headers, body }),

    /** Sends a request until it is answered, each time to the other host. */
    async insist(what, send) {
      for (const end = Date.now() + PATIENCE_MS; ;) {
        const host = hosts[(turn += 1) % 2], begun = Date.now();
        const answer = await send(host).catch((error) => shop.broke(host, what, error, begun));
        if (answer) (shop.took[what] ??= []).push(Date.now() - begun);
        if (answer && answer.body?.code !== 'idempotency_in_progress') return answer;
        assert.ok(Date.now() < end && !shop.isClosed, `${what} is answered`);
        await sleep(10);
      }
    },

    /** Notes that a connection broke: while a request waited, or, without `begun`, just now. */
    broke(host, what, error, begun = Date.now()) {
      broken.push({ host, what, begun, ended: Date.now(), why: error.cause?.code ?? error.cause?.message ?? error.message });
    },
    /** Those whose worker was not killed. */
    unexcused: () => broken.filter((b) => !kills.some((k) => k.host === b.host && k.at >= b.begun - GRACE_MS && k.at <= b.ended))
      .map((b) => `${b.what}: ${b.why}`),

    /** How late something comes, unless a kill is to blame.  since: when the connection was opened. */
    arrived(kind, dueAt, since = 0) {
      const ms = Date.now() - dueAt;
      if (dueAt < since || kills.some((k) => Math.abs(k.at - dueAt) < NEAR_MS)) excused += 1;
      else (late[kind] ??= []).push({ dueAt, ms });
    },

    /** Any worker of any host. */
    async kill() {
      const host = hosts[Math.floor(random() * 2)], workers = await workersOf(host);
      const pid = workers[Math.floor(random() * workers.length)];
      kills.push({ host, at: Date.now() });
      process.kill(pid, 'SIGKILL');
      await until(() => !isAlive(pid), PATIENCE_MS, 'it is gone');
    },

    /** Another version of the page and of the scripts, on all workers of both hosts. */
    async deploy(version) {
      const next = path.join(shared, 'next.js'), text = `version(${version})\n${'// padding\n'.repeat(Math.floor(random() * 2000))}`;
      fs.writeFileSync(next, text);
      if (version % 2) age(next, 60 + version); // an older file has a strong tag, which ranges want
      assets.push(text);
      fs.renameSync(next, path.join(ui, 'app.js'));
      pair.write('shop/version.lua', `-- spec/slice/shop/version.lua -- written by a deployment.\nreturn { number = ${version} }\n`);
      await pair.reload();
      for (let i = 0; i < 8; i += 1) {
        const { body } = await shop.insist('version', (host) => call(host.url, 'GET', '/shop/version', { headers: { connection: 'close' } }));
        assert.equal(body.version, version);
      }
    },

    /** Headers of a webhook with this body. */
    signed(id, body) {
      const at = new Date();                       // one: a second may begin between two
      return { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': hooks.sign(id, at, body), 'content-type': 'application/json' };
    },

    async close() {
      shop.over = shop.isClosed = true;            // also for clients of which one has failed
      for (const source of shop.sources) source.close();
      channel.close();
      return [await pair.two.stop(), await pair.one.stop()].map((end) => end.code);
    },
  };
  await shop.join('platform', 0);
  await shop.join('provider', 0);
  const listings = await rows(`insert into shop_plans select gen_random_uuid(), 'starter', 'provider', ${PRICE_MRC}
    from generate_series(1, ${PLANS}) returning listing_id`);
  return shop;
}
