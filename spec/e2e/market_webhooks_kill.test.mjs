// spec/e2e/market_webhooks_kill.test.mjs -- the host is killed between any two steps of a delivery, its database included: what was
// committed arrives, under one id, signed, and there is one row of it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { errors, startHost } from './hosts.mjs';
import { inhabit, JOB } from './market_trading.mjs';
import { deliveries, library, marketEnv, PATIENCE_MS, register, SECRET, startSink } from './market_webhooks_world.mjs';
import { until } from './support.mjs';

const env = { ...marketEnv(), HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_DATABASE_POOL: '8' };
let market, sink, owner, bidder, webhook, holder;
before(async () => {
  sink = await startSink();
  market = inhabit(await startHost({ env }));
  [owner, bidder] = [await market.actor({ name: 'Owner' }), await market.actor({ name: 'Bidder' })];
  webhook = await register(owner, sink.url, ['bid.received']);
});
after(async () => {
  await market?.stop();
  sink?.close();
  assert.deepEqual(errors(market?.log() ?? ''), []);
});

/** Locks a table until the host dies. */
async function lock(table) {
  const child = spawn('psql', ['-h', `${market.home}/run`, '-p', '5432', '-U', 'human', '-d', 'human', '-XAtq'], { stdio: ['pipe', 'pipe', 'ignore'] });
  holder = child;
  let said = '';
  child.stdout.on('data', (text) => { said += text; });
  child.stdin.on('error', () => {});
  child.stdin.write(`begin; lock table ${table} in access exclusive mode; select 'locked';\n`);
  await until(() => said.includes('locked'), PATIENCE_MS, `${table} is locked`);
}

const waits = (table) => until(async () => (await market.one(`select count(*) from pg_locks where relation = '${table}'::regclass and not granted`)) !== '0',
  PATIENCE_MS, `somebody waits for ${table}`);

/** The cause: a bid on a new listing of the owner.  Returns its id. */
async function bid() {
  const { id: listing_id } = await owner.ok('/listings-create', JOB);
  return (await bidder.ok('/bids-create', { listing_id, price_usd: 75, sla_hours: 24 })).id;
}

async function dieAndComeBack() {
  await market.kill();
  holder?.kill();
  const { home, port } = market;
  const keep = { actor: market.actor };
  market = Object.assign(inhabit(await startHost({ home, port, env })), keep);
}

const messagesOf = (id) => sink.seen.filter((m) => m.body.data.bid_id === id);

// At each: it is called before the cause, and returns what waits for the moment at which the host is killed.
const STEPS = {
  'before the event is taken': async () => {
    await lock('market_webhook_deliveries');
    return () => waits('market_webhook_deliveries');
  },
  'as soon as the row is there': async () => {
    const had = Number(await market.one('select count(*) from market_webhook_deliveries'));
    return () => until(async () => Number(await market.one('select count(*) from market_webhook_deliveries')) > had, PATIENCE_MS, 'the row is there');
  },
  'while the receiver has it': async () => {
    let has = false;
    sink.answer = () => { has = true; };
    return () => until(() => has, PATIENCE_MS, 'the receiver has it');
  },
  'when it is taken, and that is not written down': async () => {
    let answered = false;
    sink.answer = async (req, res) => {
      await lock('market_webhook_deliveries');
      res.writeHead(200).end('ok');
      answered = true;
    };
    return async () => {
      await until(() => answered, PATIENCE_MS, 'it is answered');
      await waits('market_webhook_deliveries');
    };
  },
};

describe('a delivery arrives though the host is killed', () => {
  for (const [step, prepare] of Object.entries(STEPS)) {
    it(step, { timeout: 240_000 }, async () => {
      const moment = await prepare(), id = await bid();
      await moment();
      await dieAndComeBack();
      sink.answer = (req, res) => res.writeHead(204).end();
      const rows = async () => (await deliveries(owner, webhook)).filter((d) => messagesOf(id).some((m) => m.headers['webhook-id'] === d.message_id));
      await until(async () => (await rows())[0]?.status === 'delivered', PATIENCE_MS, async () => `it is delivered: ${JSON.stringify(await deliveries(owner, webhook))}`);
      const all = messagesOf(id), [row] = await rows();
      assert.equal(new Set(all.map((m) => m.headers['webhook-id'])).size, 1);
      for (const m of all) {
        assert.equal(m.text, all[0].text);
        const said = library(SECRET).verify(m.text, m.headers);
        assert.equal(said.type, 'bid.received');
        assert.equal(said.data.bid_id, id);
        assert.equal(said.data.price, 75);
      }
      assert.equal(row.status_codes.at(-1), 204);
      assert.ok(row.attempts >= all.length, `${row.attempts} tries are written down, ${all.length} arrived`);
      assert.equal(await market.one(`select count(*) from market_webhook_deliveries where body like '%${id}%'`), '1');
    });
  }

  it('and each event had the next number', async () => {
    const rows = (await deliveries(owner, webhook)).map((d) => d.sequence);
    assert.deepEqual(rows, rows.map((_, i) => rows.length - i));
  });
});
