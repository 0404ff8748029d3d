// spec/e2e/stripe_world.mjs -- a marketplace whose processor is the emulator of Stripe: tasks that are paid, and what must be
// true of both books when nothing is under way.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { startStripe } from '../stripe/emulator.mjs';
import { BINARY, isAlive, startHost } from './hosts.mjs';
import { JOB, startMarket } from './market_trading.mjs';
import { root, until } from './support.mjs';

export const SECRET = 'whsec_spec', KEY = 'sk_test_spec', PATIENCE_MS = Number(process.env.PATIENCE_MS ?? 60_000);
const HOUR_S = 3600;

/** A marketplace and its Stripe: what startMarket gives, and stripe, later(hours), task(..), settled(). */
export async function startStripeMarket(env = {}) {
  const stripe = await startStripe({ key: KEY });
  const settings = { HUMAN_MARKETPLACE_PAYMENTS: 'stripe', HUMAN_MARKETPLACE_STRIPE_KEY: KEY,
    HUMAN_MARKETPLACE_STRIPE_WEBHOOK_SECRET: SECRET, HUMAN_MARKETPLACE_STRIPE_API_BASE: stripe.url,
    HUMAN_MARKETPLACE_STRIPE_PUBLISHABLE_KEY: 'pk_test_spec', ...env };
  const market = await startMarket({ env: settings });
  Object.assign(stripe.hooks, { to: `${market.url}/stripe-webhook`, secrets: [SECRET] });
  const world = Object.assign(market, { stripe });

  const human = (...args) => new Promise((done) => {
    const env2 = { ...process.env, HUMAN_HOME: market.home, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: path.join(root, 'scripts') };
    execFile(BINARY, args, { env: env2 }, (error, stdout, stderr) => done({ code: error ? error.code : 0, stdout, stderr }));
  });
  world.human = human;

  /** Hours pass, for both. */
  world.later = async (hours) => {
    stripe.advance(hours * HOUR_S);
    await market.advance(`${Math.round(hours * 60)}m`);
  };

  const state = async (table, id) => market.one(`select state from market_${table} where id = '${id}'`);
  world.is = (table, id, wanted) => until(async () => (await state(table, id)) === wanted, PATIENCE_MS, `${table} ${id} is ${wanted}`);
  world.payment = async (transaction) => JSON.parse(await market.one(`select row_to_json(p) from market_payments p where transaction_id = '${transaction}'`));

  /** A task between a human and an agent that waits for its payment: {buyer, seller, id}. */
  world.wanted = async ({ cents = 7500, hours = 24, milestones } = {}) => {
    const [buyer, seller] = [await market.actor({ type: 'human' }), await market.actor()];
    const listing = await buyer.ok('/listings-create', { ...JOB });
    const bid = await seller.ok('/bids-create', { listing_id: listing.id, price_usd: cents / 100, sla_hours: hours, ...(milestones && { milestones }) });
    const { transaction_id: id } = await buyer.ok('/bids-accept', { bid_id: bid.id });
    return { buyer, seller, id };
  };

  /** The same, once its buyer has paid. */
  world.funded = async (options) => {
    const task = await world.wanted(options);
    const intent = await world.intent(task);
    assert.equal(stripe.pay(intent.client_secret, options?.card), 'requires_capture');
    if (options?.wait !== false) await world.is('transactions', task.id, 'assigned');
    return task;
  };

  world.intent = async ({ buyer, id }) => until(async () => {
    const { status, body } = await buyer.post('/payments-intent', { transaction_id: id });
    return status === 200 ? body : null;
  }, PATIENCE_MS, 'the payment is made');

  world.deliver = ({ seller, id }) => seller.ok('/transactions-deliver', { transaction_id: id, output_data: { done: true } });
  world.accept = ({ buyer, id }) => buyer.ok('/transactions-accept', { transaction_id: id });

  /** Nothing is under way; then both books say the same, and the audit finds nothing (findings: what it is to find). */
  world.settled = async (findings = []) => {
    await stripe.sent();
    const open = `select (select count(*) from market_orders where state = 'open') + (select count(*) from market_stripe_events where processed_at is null)`;
    await until(async () => (await market.one(open)) === '0', PATIENCE_MS, 'nothing is under way').catch(async (error) => {
      const orders = await market.sql(`select key || ' ' || kind from market_orders where state = 'open'`);
      throw new Error(`${error.message}: ${orders.join(', ')}\n${market.log().split('\n').filter((l) => /stripe|error/.test(l)).slice(-15).join('\n')}`);
    });
    const { stdout } = await human('ledger', 'check', '--json');
    const found = JSON.parse(stdout).found.map((f) => f.what?.split(' of ')[0]).sort();
    assert.deepEqual(found, findings, stdout);
    const way = `select (select coalesce(sum((o.facts ->> 'amount_cents')::bigint), 0) from market_orders o join market_withdrawals w on w.id = o.subject
      where w.state = 'processing' and o.kind = 'transfer' and o.state = 'done') + (select coalesce(sum(amount_cents), 0) from market_refunds where state = 'pending')`;
    assert.equal(stripe.balance(), 0 - Number(await market.one(way)) - (await market.platform(1000)), 'the balance');
    assert.deepEqual(stripe.problems, []);
  };

  /** The books are compared once more, as each hour, and nothing is found. */
  world.compared = async () => {
    const runs = () => market.log().split('\n').filter((line) => line.includes('stripe: compared')).length, before = runs();
    await world.later(1.1);
    await until(() => runs() > before, PATIENCE_MS, 'the books are compared');
    assert.deepEqual(await market.sql('select kind, subject, says from market_stripe_findings where ended_at is null'), []);
    await world.settled();
  };

  /** A session at the database: {run(sql): its rows, end()}. */
  world.session = () => {
    const psql = spawn('psql', ['-h', `${market.home}/run`, '-p', '5432', '-U', 'human', '-d', 'human', '-XAtq'], { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '', n = 0;
    for (const stream of [psql.stdout, psql.stderr]) stream.on('data', (text) => { out += text; });
    psql.stdin.on('error', () => {});              // the database may die first
    return {
      async run(statement) {
        const mark = `ran ${(n += 1)}`;
        psql.stdin.write(`${statement};\n\\echo ${mark}\n`);
        await until(() => out.includes(mark), PATIENCE_MS, () => `${statement}: ${out}`);
        const rows = out.slice(0, out.indexOf(mark)).trim();
        out = '';
        return rows;
      },
      async end() {
        const ended = psql.exitCode ?? once(psql, 'exit');
        psql.stdin.end();
        await ended;
      },
    };
  };

  // What the dead were at is free at once, and not only when their leases end.
  const bury = async (owners) => {
    if (owners.length) await market.sql(`update host_queue set owner = null, lease_until = null, due_at = human_now() where owner in (${owners.map((o) => `'${o}'`).join(', ')})`);
  };
  const busy = () => market.sql('select distinct owner from host_queue where owner is not null');

  /** All workers die at once, and others take their places. */
  world.killWorkers = async () => {
    const [dead, owners] = [market.workers(), await busy()];
    for (const pid of dead) process.kill(pid, 'SIGKILL');
    await until(() => !dead.some(isAlive) && market.workers().length === dead.length, PATIENCE_MS, 'other workers');
    await bury(owners);
  };

  /** The whole host dies, its database with it, and is started again. */
  world.killHost = async () => {
    const owners = await busy();
    await host.kill();
    host = await startHost({ home: market.home, port: market.port, env: { HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_DATABASE_POOL: '8', ...settings } });
    for (const name of ['child', 'log', 'workers', 'postgres']) market[name] = host[name];
    await bury(owners);
  };

  let host = { kill: market.kill, stop: market.stop };
  world.stop = async () => {
    await host.stop();
    await stripe.stop();
  };
  return world;
}
