// spec/e2e/market_recount.test.mjs -- trade over HTTP on two hosts with one database, while workers, whole hosts and the database are
// killed.  Afterwards spec/recount/recount.py works out from the answers alone who has what, and the ledger has to agree to the
// thousandth.
// MARKET_SOAK_SECONDS (12) and MARKET_SOAK_SEED say how long, and which; MARKET_SOAK_KEEP where the answers and the ledger are left.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { BINARY, children, databaseUrl, makeHome, sql, startHost } from './hosts.mjs';
import { inhabit, JOB } from './market_trading.mjs';
import { root, sleep, until } from './support.mjs';

const SECONDS = Number(process.env.MARKET_SOAK_SECONDS ?? 12), SEED = Number(process.env.MARKET_SOAK_SEED ?? Date.now() % 1e6);
const TRADERS = 6, TRADERS_AT_ONCE = 3, PATIENCE_MS = 120_000;
const ENV = { HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_DATABASE_POOL: '8', HUMAN_WORKERS: '2', HUMAN_LIMITS_DRAIN_TIMEOUT_MS: '2000',
  HUMAN_SEAL_KEY: randomBytes(32).toString('hex') };
const homes = [makeHome(), makeHome()], hosts = [], lines = [], faults = [];
let seed = SEED, isHavoc = true, market, requests = 0;

/** The next number below n of the seed's sequence (mulberry32). */
function random(n) {
  seed = (seed + 0x6D2B79F5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % n;
}
/** Dollars, to the cent. */
const dollars = (from, to) => (from * 100 + random((to - from) * 100)) / 100;
const pick = (list) => list[random(list.length)];

const start = async (i, port) => {
  hosts[i] = await startHost({ home: homes[i], port, env: i ? { ...ENV, HUMAN_DATABASE_POOL: '4', DATABASE_URL: databaseUrl(homes[0]) } : ENV });
};
before(async () => {
  await start(0);
  await start(1);
  market = inhabit(hosts[0]);
});
after(async () => {
  isHavoc = false;
  await hosts[1]?.stop();
  await hosts[0]?.stop();
});

/** One request, again and again with the same key until some host answers it for good; the answer is written down. */
async function insist(who, method, target, body) {
  const key = method === 'POST' ? { 'idempotency-key': randomUUID() } : {};
  for (const giveUp = Date.now() + PATIENCE_MS; ;) {
    try {
      requests += 1;
      const answer = await fetch(pick(hosts).url + target, {
        method, body: body && JSON.stringify(body), signal: AbortSignal.timeout(30_000),
        headers: { ...(who.key && { 'x-api-key': who.key, ...key }), ...(body && { 'content-type': 'application/json' }) },
      });
      const value = JSON.parse(await answer.text());
      if (answer.status < 500 && answer.status !== 429 && value.code !== 'idempotency_in_progress') {
        lines.push(JSON.stringify({ actor: who.id, method, path: target, body, status: answer.status, answer: value }));
        return { status: answer.status, body: value };
      }
      if (Date.now() > giveUp) throw new Error(`${target}: ${answer.status} ${JSON.stringify(value)}`);
    } catch (error) {
      if (Date.now() > giveUp) throw error;
    }
    await sleep(50);
  }
}

/** The same for what has to be done: the body. */
async function ok(who, target, body) {
  const answer = await insist(who, body ? 'POST' : 'GET', target, body);
  assert.ok(answer.status < 300, `${target}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

// What is done to them -------------------------------------------------------------------------------------

const kill = (pid) => { try { process.kill(pid ?? 0x7fffffff, 'SIGKILL'); } catch { /* it has ended */ } };
const FAULTS = [
  ['a worker is killed', async () => kill(pick(pick(hosts).workers()))],
  ['the database ends', async () => { const pid = hosts[0].postgres(); for (const each of [pid, ...children(pid).map((c) => c.pid)]) kill(each); }],
  ['a worker is killed', async () => kill(pick(pick(hosts).workers()))],
  ['a host is killed and started again', async () => { const { port } = hosts[1]; await hosts[1].kill(); await start(1, port); }],
  ['the host with the database is killed and started again', async () => { const { port } = hosts[0]; await hosts[0].kill(); await start(0, port); }],
];

async function havoc() {
  for (let i = 0; isHavoc; i += 1) {
    await sleep(700 + random(1500));
    if (!isHavoc) return;
    const [name, fault] = FAULTS[i % FAULTS.length];
    faults.push(name);
    await fault();
  }
}

// What they do ---------------------------------------------------------------------------------------------------

const SELL = { direction: 'sell', listing_type: 'task_execution', title: 'A part', description: 'A part', category_tags: ['data:extraction'] };
const THIRDS = [{ title: 'a', pct_of_total: 33.33, sla_hours: 24 }, { title: 'b', pct_of_total: 33.33, sla_hours: 24 }, { title: 'c', pct_of_total: 33.34, sla_hours: 24 }];

/** A transaction of one actor with another, paid (or not): its id. */
async function assigned(buyer, seller, bid, isPaid = true) {
  const listing = await ok(buyer, '/listings-create', JOB);
  const placed = await ok(seller, '/bids-create', { listing_id: listing.id, sla_hours: 24, ...bid });
  let price = { bid_id: placed.id };
  if (random(3) === 0) {
    await ok(buyer, '/bids-counter', { bid_id: placed.id, counter_price_usd: dollars(100, 200) });
    price = await ok(seller, '/bids-counter-accept', price);
  } else price = await ok(buyer, '/bids-accept', price);
  if (isPaid) await ok(buyer, '/transactions-assign', { transaction_id: price.transaction_id });
  return price.transaction_id;
}

const DECISIONS = { refund: () => ({ resolution: 'refund_buyer' }), release: () => ({ resolution: 'release_seller' }), split: () => ({ resolution: 'split', buyer_pct: 1 + random(99) }) };

/** A disputed delivery, or that of a milestone, is decided that way. */
async function dispute(buyer, admin, how, transaction_id, milestone_sequence) {
  const { dispute_id } = await ok(buyer, '/disputes-create', { transaction_id, milestone_sequence, reason: 'It is not what was agreed' });
  return ok(admin, '/disputes-resolve', { dispute_id, note: 'As it is', ...DECISIONS[how]() });
}

/** The end of a delivered transaction. */
const end = (buyer, transaction_id, admin, how = pick(['accept', 'accept', 'refund', 'release', 'split', 'split'])) => (
  how === 'accept' ? ok(buyer, '/transactions-accept', { transaction_id }) : dispute(buyer, admin, how, transaction_id));

/** Gives a part of a transaction to the next, who may do so again. */
async function subcontract(people, transaction_id, cents, admin) {
  const [buyer, seller, ...others] = people, price_usd = (100 + random(Math.floor(cents / 2))) / 100;
  const { id: listing_id } = await ok(seller, '/listings-create', { ...SELL, price_usd });
  const part = (await ok(buyer, '/subcontracts-create', { parent_transaction_id: transaction_id, listing_id })).transaction_id;
  if (others.length && price_usd > 4 && random(2)) await subcontract([seller, ...others], part, Math.floor(price_usd * 100), admin);
  const fate = random(6);
  if (fate === 0) return ok(seller, '/transactions-cancel', { transaction_id: part });
  await ok(seller, '/transactions-deliver', { transaction_id: part, output_data: {} });
  return end(buyer, part, admin);
}

/** A whole of which others have parts; how it ends, when all of them have. */
async function withParts(people, admin, how) {
  const [buyer, seller, ...others] = people;
  const transaction_id = await assigned(buyer, seller, { price_usd: dollars(50, 150) });
  for (let n = 1 + random(2); n > 0; n -= 1) await subcontract([seller, ...others], transaction_id, 2000, admin);
  if (how === 'decline') return ok(seller, '/transactions-cancel', { transaction_id });
  await ok(seller, '/transactions-deliver', { transaction_id, output_data: {} });
  if (random(3) === 0) {
    await ok(buyer, '/transactions-request-revision', { transaction_id, note: 'Once more' });
    await ok(seller, '/transactions-deliver', { transaction_id, output_data: {} });
  }
  return end(buyer, transaction_id, admin, how);
}

/** Milestones, of which the last is disputed, or the rest is declined. */
async function inMilestones([buyer, seller], admin, how) {
  const transaction_id = await assigned(buyer, seller, { price_usd: dollars(50, 150), milestone_pricing: true, milestones: THIRDS });
  for (let sequence = 1, last = 1 + random(3); sequence <= last; sequence += 1) {
    await ok(seller, '/milestones-deliver', { transaction_id, sequence, output_data: {} });
    if (sequence === last && how) await dispute(buyer, admin, how, transaction_id, sequence);
    else await ok(buyer, '/milestones-accept', { transaction_id, sequence });
  }
  if (how !== 'refund' && random(2)) await insist(seller, 'POST', '/transactions-cancel', { transaction_id });
}

/** One that is left as it is: what becomes of it says the clock. */
async function abandoned([buyer, seller, ...others], admin) {
  const stage = random(4);
  const transaction_id = await assigned(buyer, seller, { price_usd: dollars(50, 150) }, stage > 0);
  if (stage > 0) await subcontract([seller, ...others], transaction_id, 2000, admin);
  if (stage > 1) await ok(seller, '/transactions-deliver', { transaction_id, output_data: {} });
  if (stage > 2) await ok(buyer, '/disputes-create', { transaction_id, reason: 'It is not what was agreed' });
}

const KINDS = [
  (people, admin) => withParts(people, admin, 'split'), (people, admin) => inMilestones(people, admin, 'refund'),
  (people, admin) => withParts(people, admin, 'decline'), (people, admin) => inMilestones(people, admin, pick(['release', undefined])),
  (people, admin) => withParts(people, admin, 'refund'), abandoned, (people, admin) => withParts(people, admin), (people, admin) => withParts(people, admin, 'split'),
  (people, admin) => inMilestones(people, admin, pick(['refund', 'release', undefined])),
];

async function credits(who) {
  if (random(2)) return ok(who, '/credits-deposit', { amount_usd: dollars(1, 200), payment_method: 'pm_test_ok' });
  return insist(who, 'POST', '/credits-withdraw', { amount: 1000 + random(4000) });
}

/** The kinds in turn: all traders together do each of them, however short the time is. */
async function trade(people, admin, until_ms, trader) {
  const share = KINDS.length / TRADERS_AT_ONCE;
  for (let i = 0; i < share || Date.now() < until_ms; i += 1) {
    const first = random(people.length), order = [...people.slice(first), ...people.slice(0, first)];
    await KINDS[(trader * share + i) % KINDS.length](order.slice(0, 5), admin);
    await credits(order[1]);
  }
}

// What is true afterwards ------------------------------------------------------------------------------------------

const command = (args) => new Promise((done) => {
  const env = { ...process.env, HUMAN_HOME: homes[0], HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: path.join(root, 'scripts') };
  execFile(BINARY, args, { env, maxBuffer: 256 << 20 }, (error, stdout, stderr) => done({ code: error ? error.code : 0, stdout, stderr }));
});

/** A command of the operator, once the database has room for it: both hosts have just connected again. */
async function human(...args) {
  for (const giveUp = Date.now() + PATIENCE_MS; ;) {
    const ended = await command(args);
    if (!ended.stderr.includes('too many clients') || Date.now() > giveUp) return ended;
    await sleep(200);
  }
}

/** Moves the clock, though the database is killed meanwhile. */
async function advance(by) {
  await until(async () => (await command(['clock', 'advance', by])).code === 0, PATIENCE_MS, 'the clock is moved');
}

const recount = (...files) => new Promise((done) => {
  execFile('/usr/bin/python3', [path.join(root, 'spec/recount/recount.py'), ...files], (error, stdout, stderr) => done({ code: error ? error.code : 0, out: stdout + stderr }));
});

/** Rows, once the database is there again. */
const rows = (statement) => until(() => sql(homes[0], statement).catch(() => null), PATIENCE_MS, 'the database answers');

/** Until nothing is due, nor has begun: what a worker that was killed has left is tried again later. */
async function quiet() {
  let waiting;
  const isDone = async () => {
    waiting = await rows(`select kind || ' ' || attempts || ' ' || due_at from host_queue where kind like 'market%' and dead_at is null
      and (due_at <= human_now() or attempts > 0 or owner is not null)`);
    return waiting.length === 0;
  };
  await until(isDone, PATIENCE_MS, () => `the queue is done: ${waiting}`);
  assert.deepEqual(await rows("select kind, last_error from host_queue where kind like 'market%' and dead_at is not null"), []);
}

it(`what the answers say is what the ledger has, after ${SECONDS} s of trade and kills (seed ${SEED})`, async () => {
  const admin = await market.actor({ role: 'admin', name: 'Admin' }), people = [];
  for (let i = 0; i < TRADERS - 3; i += 1) people.push(await market.actor({ name: `T${i}` }));
  for (let i = 0; i < 3; i += 1) {
    const { actor_id, api_key } = await ok({}, '/agents-quick-start', { display_name: `Q${i}` });
    people.push({ id: actor_id, key: api_key });
  }
  await market.sql('update market_actors set autonomy = 3'); // they ask nobody before they buy
  for (const who of people) {
    const { onboarding_url } = await ok(who, '/stripe-connect-onboard', {});
    assert.equal((await fetch(`${onboarding_url}?bank=ba_test_ok`)).status, 200);
  }
  const until_ms = Date.now() + SECONDS * 1000, wreck = havoc();
  const lives = await Promise.allSettled([0, 1, 2].map((n) => trade(people, admin, until_ms, n)));
  await advance('31h');                          // what was abandoned ends by itself, some of it while there are kills
  const before = faults.length;
  await until(() => faults.length >= before + 2, PATIENCE_MS, 'there are more kills');
  isHavoc = false;
  await wreck;
  assert.deepEqual(lives.filter((l) => l.status === 'rejected').map((l) => l.reason.stack), []);
  await quiet();
  await advance('49h');
  await quiet();
  for (const who of people) {
    for (const role of ['buyer', 'seller']) {
      for (let offset = 0, total = 1; offset < total; offset += 50) {
        const page = await ok(who, `/transactions-list?role=${role}&limit=50&offset=${offset}`);
        total = page.total;
        for (const t of page.transactions) if (role === 'buyer') await ok(who, `/transactions-get?transaction_id=${t.transaction_id}`);
      }
    }
    await ok(who, '/credits-balance');
  }
  const files = ['answers.jsonl', 'ledger.txt'].map((name) => path.join(homes[0], name));
  const ledger = await human('ledger', 'export');
  assert.equal(ledger.code, 0, ledger.stderr);
  fs.writeFileSync(files[0], `${lines.join('\n')}\n`);
  fs.writeFileSync(files[1], ledger.stdout);
  const check = await human('ledger', 'check');
  assert.equal(check.code, 0, check.stdout + check.stderr);
  const { code, out } = await recount(...files);
  const [transfers] = await rows('select count(*) from ledger_transfers');
  console.log(out.trim(), JSON.stringify({ kills: faults.length, requests, answers: lines.length, transfers: Number(transfers) }));
  if (process.env.MARKET_SOAK_KEEP) files.forEach((file) => fs.copyFileSync(file, path.join(process.env.MARKET_SOAK_KEEP, path.basename(file))));
  assert.equal(code, 0, out);
  assert.ok(faults.length > 0, 'nothing was killed');
  const { kinds } = JSON.parse(out.trim().split('\n').at(-1));
  assert.deepEqual(Object.entries(kinds).filter(([, n]) => n === 0), [], 'there was some of each kind');
  const parsed = fs.readFileSync(files[0], 'utf8').replace(/"rc_balance_withdrawable":(\d+)/, (_, n) => `"rc_balance_withdrawable":${Number(n) + 1}`);
  fs.writeFileSync(files[0], parsed);
  assert.equal((await recount(...files)).code, 1, 'one credit more is found out');
});
