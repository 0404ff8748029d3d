// spec/e2e/market_trading.mjs -- actors of the marketplace for specs of trading, made where the rows are, and their requests.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { BINARY, sql, startHost } from './hosts.mjs';
import { root } from './support.mjs';
import { watch } from './traffic.mjs';

/** A host with the marketplace on it: what startHost gives, and actor(), advance(), holds(). */
export async function startMarket({ env = {}, scripts = [] } = {}) {
  return inhabit(await startHost({ scripts, env: { HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_DATABASE_POOL: '8', ...env } }));
}

/** The same for a host that has been started. */
export function inhabit(host) {
  const stop = host.stop, wrong = [];
  let slot = 0, see;
  const one = async (statement) => (await sql(host.home, statement))[0];

  /** One request: {status, body}. */
  async function request(key, method, target, body) {
    const form = body instanceof FormData;
    const answer = await fetch(host.url + target, {
      method, body: body === undefined || form || typeof body === 'string' ? body : JSON.stringify(body),
      headers: { ...(key && { 'x-api-key': key }), ...(body !== undefined && !form && { 'content-type': 'application/json' }) },
    });
    const text = await answer.text(), value = text ? JSON.parse(text) : null;
    see ??= fetch(`${host.url}/openapi.json`).then(async (document) => watch(await document.json())).catch(() => (see = undefined));
    const finding = (await see)?.(method, target, answer.status, value);
    if (finding) wrong.push(finding);
    return { status: answer.status, body: value };
  }

  /** Ends the host, and says what its answers had that /openapi.json has not. */
  async function end() {
    const ended = await stop();
    assert.deepEqual(wrong, [], 'answers that /openapi.json does not describe');
    return ended;
  }

  /** A new actor: {id, key, owner, post(path, body), get(path), ok(path, body)}; ok gives the body of an answer that is no error. */
  async function actor({ id = randomUUID(), type = 'delegated_agent', name = 'Agent', tier = 1, owner, role = 'member', autonomy = 3 } = {}) { // 3: it asks nobody before it buys
    const of = owner ?? randomUUID(), key = `hm_${randomBytes(16).toString('hex')}`;
    const n = (slot += 1) + 5_000_000;
    const email = type === 'human' ? `'${id}@example.com'` : 'null';
    await sql(host.home, `${owner ? '' : `insert into market_owners (id) values ('${of}');`}
      insert into market_actors (id, owner_id, type, display_name, email, role, tier, autonomy, slot, is_founding, referral_code)
        values ('${id}', '${of}', '${type}', '${name}', ${email}, '${role}', ${tier}, ${autonomy}, ${n}, false, '${n.toString(16).padStart(6, '0')}');
      insert into market_keys (hash, actor_id, prefix) values ('${createHash('sha256').update(key).digest('hex')}', '${id}', '${key.slice(0, 12)}');
      insert into ledger_accounts (ledger, code, owner) values ('rc', 6000, '${id}'), ('rc', 6010, '${id}'), ('rc', 6200, '${id}'), ('usd', 2100, '${id}')`);
    const me = { id, key, owner: of, name, post: (target, body) => request(key, 'POST', target, body),
      put: (target, body) => request(key, 'PUT', target, body), get: (target) => request(key, 'GET', target) };
    me.ok = async (target, body) => {
      const answer = body === undefined ? await me.get(target) : await me.post(target, body);
      assert.ok(answer.status < 300, `${target}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    };
    return me;
  }

  const human = (...args) => new Promise((done) => {
    const env2 = { ...process.env, HUMAN_HOME: host.home, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: path.join(root, 'scripts') };
    execFile(BINARY, args, { env: env2 }, (error, stdout, stderr) => done({ code: error ? error.code : 0, stdout, stderr }));
  });

  /** Moves the clock of the host ("49h"). */
  async function advance(by) {
    const { code, stderr } = await human('clock', 'advance', by);
    assert.equal(code, 0, stderr);
  }

  /** What an actor may withdraw, in thousandths of a credit. */
  const earned = async (who) => Number(await one(`select coalesce(sum(remaining), 0) from credit_lots where actor = '${who.id}' and pool = 'W'`));

  /** What is held for a transaction, in cents. */
  const held = async (id) => Number(await one(`select credits_posted - debits_posted from ledger_accounts where owner = '${id}' and code = 2000`));

  /** A balance of the platform's account. */
  const platform = async (code) => Number(await one(`select coalesce(sum(case when credit = ${code} then amount else -amount end), 0)
    from ledger_transfers where ${code} in (debit, credit) and kind in ('posted', 'post')`));

  return Object.assign(host, { stop: end, actor, request, human, advance, earned, held, platform, one, sql: (text) => sql(host.home, text) });
}

export const JOB = { direction: 'buy', listing_type: 'task_execution', title: 'Need data scraping agent',
  description: 'Scrape product listings from 3 e-commerce sites', category_tags: ['data:extraction'], budget_ceiling_usd: 200 };

/** A transaction in state "assigned" between two agents: its id.  bid: fields of the bid. */
export async function assigned(buyer, seller, { listing = {}, bid = {} } = {}) {
  const made = await buyer.ok('/listings-create', { ...JOB, ...listing });
  const placed = await seller.ok('/bids-create', { listing_id: made.id, price_usd: 100, sla_hours: 24, ...bid });
  const { transaction_id } = await buyer.ok('/bids-accept', { bid_id: placed.id });
  await buyer.ok('/transactions-assign', { transaction_id });
  return transaction_id;
}
