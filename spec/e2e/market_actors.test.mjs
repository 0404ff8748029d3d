// spec/e2e/market_actors.test.mjs -- Registration & Actors over HTTP, with the documentation's examples as they are there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BINARY, errors, sql, startHost } from './hosts.mjs';
import { root, until } from './support.mjs';

const MANY = 200, PATIENCE_MS = 30_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
let host, addresses = 0;
before(async () => {
  host = await startHost({ scripts: ['spec/e2e/scripts/market'], env: { HUMAN_HTTP_TRUSTED_PROXIES: '127.0.0.1', HUMAN_TIME_TEST_CLOCK: 'true', HUMAN_MARKETPLACE_AUDIT_S: '0' } });
});
after(async () => {
  assert.deepEqual(errors(host.log()), []);
  await host.stop();
});

const somewhere = () => `198.51.${(addresses += 1) >> 8}.${addresses & 255}`;

/** {status, body, headers}; from: the address that the client has. */
async function call(method, target, { body, key, from = somewhere(), headers } = {}) {
  const answer = await fetch(host.url + target, {
    method, body: body === undefined ? undefined : JSON.stringify(body),
    headers: { 'x-forwarded-for': from, ...(key && { 'x-api-key': key }), ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
  });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : undefined, headers: answer.headers };
}

async function good(status, ...args) {
  const answer = await call(...args);
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  return answer.body;
}

async function refused(status, code, ...args) {
  const answer = await call(...args);
  assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
  assert.equal(typeof answer.body.error, 'string');
  return answer;
}

const human = (...args) => new Promise((done) => {
  const env = { ...process.env, HUMAN_HOME: host.home, HUMAN_CONFIG: '/dev/null', HUMAN_SCRIPTS: path.join(root, 'scripts'), HUMAN_TIME_TEST_CLOCK: 'true' };
  execFile(BINARY, args, { env }, (error, stdout, stderr) => done({ code: error ? error.code : 0, stdout, stderr }));
});

let people = 0;
const person = (more = {}) => good(201, 'POST', '/actors-register', { body: { type: 'human', display_name: 'Alice Smith', email: `p${(people += 1)}@example.com`, ...more } });
const bot = (tags = [], more = {}) => good(201, 'POST', '/agents-quick-start', { body: { display_name: 'Bot', capability_tags: tags, ...more } });
const one = async (statement) => (await sql(host.home, statement))[0];

const RESEARCH = { display_name: 'ResearchBot', capability_tags: ['data:extraction', 'research:analysis'], framework: 'langgraph' };
const DATABOT = {
  type: 'delegated_agent', display_name: 'DataBot v3', owner_wallet: '0x742d35Cc6634C0532925a3b844Bc9e7595f2bD18',
  agent_address: '0x8ba1f109551bD432803012645Ac136ddd64DBA72', capability_tags: ['data:extraction', 'data:analysis'], framework: 'openclaw',
};

describe('registration', () => {
  it('takes the examples of the documentation', async () => {
    const first = await good(201, 'POST', '/agents-quick-start', { body: RESEARCH });
    assert.match(first.actor_id, UUID);
    assert.match(first.api_key, /^hm_[0-9A-Za-z]{32}$/);
    assert.match(first.referral_code, /^[0-9a-f]{6}$/);
    assert.deepEqual({ ...first, actor_id: 0, api_key: 0, referral_code: 0 }, { actor_id: 0, api_key: 0, rc_balance: 128, tier: 0, is_founding: true, referral_code: 0 });
    const alice = await good(201, 'POST', '/actors-register', { body: { type: 'human', display_name: 'Alice Smith', email: 'alice@example.com', referral_code: first.referral_code } });
    assert.deepEqual(Object.keys(alice), ['actor_id', 'api_key', 'is_founding', 'rc_balance', 'referral_code']);
    const data = await good(201, 'POST', '/actors-register', { body: DATABOT });
    assert.deepEqual([data.is_founding, data.rc_balance], [true, 128]);
    const { credit_amount, current_tier, slots_remaining, slots_total } = await good(200, 'GET', '/genesis-status');
    assert.deepEqual({ credit_amount, current_tier, slots_remaining, slots_total }, { credit_amount: 128, current_tier: 0, slots_remaining: 997, slots_total: 1000 });
    const shown = await good(200, 'GET', `/actors-profile?actor_id=${first.actor_id}`);
    assert.match(shown.created_at, /^\d{4}-\d\d-\d\dT/);
    assert.deepEqual({ ...shown, created_at: 0 }, {
      id: first.actor_id, type: 'delegated_agent', display_name: 'ResearchBot', tier: 0, rc_balance: 128, tasks_completed: 0, acceptance_rate: null,
      is_founding: true, capability_tags: ['data:extraction', 'research:analysis'], consumer_score: null, provider_score: null, created_at: 0,
    });
    assert.deepEqual(await sql(host.home, 'select count(*), count(distinct owner_id) from market_actors'), ['3|3']);
    assert.equal(await one(`select count(*) from market_keys where hash like '%hm_%' or length(prefix) <> 12`), '0');
  });

  it('refuses what is wrong, and names the field', async () => { // limit: capability tags
    const wrong = async (target, body, field) => {
      const { body: { details } } = await refused(400, 'validation_error', 'POST', target, { body });
      assert.equal(details[0].path, field, JSON.stringify(details));
    };
    await wrong('/agents-quick-start', {}, 'display_name');
    await wrong('/agents-quick-start', { display_name: ' ' }, 'display_name');
    await wrong('/agents-quick-start', { display_name: 'a\u0007b' }, 'display_name');
    await wrong('/agents-quick-start', { display_name: 'x'.repeat(101) }, 'display_name');
    await wrong('/agents-quick-start', { display_name: 'x', capability_tags: ['Data'] }, 'capability_tags[0]');
    await wrong('/agents-quick-start', { display_name: 'x', capability_tags: Array(33).fill('a') }, 'capability_tags');
    await wrong('/agents-quick-start', { display_name: 'x', framework: 'rails' }, 'framework');
    await wrong('/actors-register', { display_name: 'x' }, 'type');
    await wrong('/actors-register', { type: 'human', display_name: 'x' }, 'email');
    await wrong('/actors-register', { ...DATABOT, agent_address: undefined }, 'agent_address');
    await wrong('/actors-register', { ...DATABOT, owner_wallet: undefined }, 'owner_wallet');
    await wrong('/actors-register', { ...DATABOT, agent_address: '0x8Ba1f109551bD432803012645Ac136ddd64DBA72' }, 'agent_address'); // one letter's case
    await wrong('/actors-register', { ...DATABOT, owner_wallet: '0x8Ba1f109551bD432803012645Ac136ddd64DBA72' }, 'owner_wallet');
    await refused(400, 'invalid_referral_code', 'POST', '/actors-register', { body: { type: 'human', display_name: 'x', email: 'x@example.com', referral_code: 'ffffff' } });
    await refused(409, 'already_registered', 'POST', '/actors-register', { body: { type: 'human', display_name: 'x', email: 'ALICE@example.COM' } });
    await refused(409, 'already_registered', 'POST', '/actors-register', { body: { ...DATABOT, agent_address: DATABOT.agent_address.toLowerCase() } });
    await refused(400, 'self_referral', 'POST', '/actors-register', {
      body: { ...DATABOT, agent_address: `0x${'1'.repeat(40)}`, referral_code: await one(`select referral_code from market_actors where agent_address is not null`) } });
    assert.equal((await good(200, 'GET', '/genesis-status')).slots_remaining, 997);
  });

  it('knows the older name of an agent, and its owner by the wallet in any case', async () => {
    await good(201, 'POST', '/actors-register', { body: { ...DATABOT, type: 'autonomous_agent', owner_wallet: DATABOT.owner_wallet.toLowerCase(), agent_address: `0x${'2'.repeat(40)}` } });
    assert.equal(await one(`select count(distinct owner_id) from market_actors where agent_address is not null`), '1');
    assert.equal(await one(`select count(*) from market_actors where type = 'delegated_agent'`), '3');
  });

  it('gives the same answer to the same Idempotency-Key from the same address, and the key in it is kept sealed', async () => {
    const request = { body: RESEARCH, from: somewhere(), headers: { 'idempotency-key': 'one' } };
    const before_ = await one('select registrations from market_genesis');
    const answers = [await good(201, 'POST', '/agents-quick-start', request), await good(201, 'POST', '/agents-quick-start', request)];
    assert.deepEqual(answers[0], answers[1]);
    assert.equal(Number(await one('select registrations from market_genesis')), Number(before_) + 1);
    assert.equal(await one(`select count(*) from idempotency_keys k where k::text like '%hm_%'`), '0');
    assert.notEqual((await good(201, 'POST', '/agents-quick-start', { ...request, from: somewhere() })).api_key, answers[0].api_key);
    const email = { type: 'human', display_name: 'x', email: 'twice@example.com' };
    const again = { body: email, from: somewhere(), headers: { 'idempotency-key': 'two' } };
    assert.deepEqual(await good(201, 'POST', '/actors-register', again), await good(201, 'POST', '/actors-register', again));
  });

  it('takes five from an address in a day, both routes together, and of IPv6 from a /64', async () => {
    for (const [from, neighbour, other] of [['203.0.113.5', '::ffff:203.0.113.5', '203.0.113.6'], ['2001:db8::1', '2001:db8::ffff:2', '2001:db8:0:1::1']]) {
      for (let i = 0; i < 4; i += 1) await good(201, 'POST', '/agents-quick-start', { from, body: RESEARCH });
      await good(201, 'POST', '/actors-register', { from, body: { type: 'human', display_name: 'x', email: `${i6(from)}@example.com` } });
      const { headers } = await refused(429, 'rate_limited', 'POST', '/agents-quick-start', { from: neighbour, body: RESEARCH });
      const wait = Number(headers.get('retry-after'));
      assert.ok(wait > 86_000 && wait <= 86_400, `${wait}`);
      await refused(429, 'rate_limited', 'POST', '/actors-register', { from, body: { type: 'human', display_name: 'x', email: 'more@example.com' } });
      await good(201, 'POST', '/agents-quick-start', { from: other, body: RESEARCH });
    }
  });
  const i6 = (address) => address.replaceAll(/[:.]/g, 'x');

  it('lets nobody guess who is registered: what is refused counts as well', async () => { // limit: registration tries
    const from = somewhere(), statuses = new Set();
    for (let i = 0; i < 1000 && !statuses.has(429); i += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => call('POST', '/actors-register', { from, body: { type: 'human', display_name: 'x', email: 'alice@example.com' } })));
      for (const { status } of answers) statuses.add(status);
    }
    assert.deepEqual([...statuses], [409, 429]);
  });

  it(`gives ${MANY} who come at once from as many addresses a place each`, async () => {
    const from = Number(await one('select registrations from market_genesis'));
    const answers = await Promise.all(Array.from({ length: MANY }, async (_, i) => {
      for (const end = Date.now() + PATIENCE_MS; ;) { // 503: a busy machine has not enough connections for all; nothing was done
        const answer = await call('POST', i % 2 ? '/agents-quick-start' : '/actors-register', {
          body: i % 2 ? RESEARCH : { type: 'human', display_name: 'x', email: `many${i}@example.com` } });
        if (answer.status !== 503 || Date.now() > end) return answer;
      }
    }));
    assert.deepEqual([...new Set(answers.map((a) => a.status))], [201]);
    assert.equal(new Set(answers.map((a) => a.body.api_key)).size, MANY);
    assert.equal(await one('select count(distinct slot) = max(slot) and max(slot) = count(*) from market_actors'), 't');
    assert.equal(Number(await one('select registrations from market_genesis')), from + MANY);
    assert.equal(await one(`select count(*) from credit_lots where reason = 'halvening_grant' and amount = 128000`), String(from + MANY));
  });

  it('ends with the founding places for agents-quick-start, and goes on with half for actors-register', async () => {
    const at = Number(await one('select registrations from market_genesis'));
    await sql(host.home, `update market_genesis set registrations = 999`);
    const last = await bot();
    assert.deepEqual([last.is_founding, last.rc_balance], [true, 128]);
    assert.deepEqual(await good(200, 'GET', '/genesis-status'), { slots_total: 1000, slots_remaining: 0, current_tier: 1, credit_amount: 64 });
    const { body } = await refused(409, 'founding_slots_full', 'POST', '/agents-quick-start', { body: RESEARCH });
    assert.equal(body.next, '/actors-register');
    const next = await person();
    assert.deepEqual([next.is_founding, next.rc_balance], [false, 64]);
    assert.equal(await one('select count(*) from market_actors where is_founding <> (slot <= 1000)'), '0');
    await sql(host.home, `update market_genesis set registrations = ${at}`);
  });
});

describe('an actor', () => {
  it('checks in, and hears what waits for it', async () => {
    const { actor_id: id, api_key: key } = await bot();
    await until(async () => (await good(200, 'POST', '/agents-heartbeat', { key })).pending_notifications === 1, PATIENCE_MS, 'it is told that it has registered');
    assert.deepEqual(await good(200, 'POST', '/agents-heartbeat', { key }), {
      rc_balance: 128, tier: 0, active_transactions: 0, pending_notifications: 1, credit_tasks_available: 0, subscriptions_active: 0 });
    await good(200, 'POST', '/agents-heartbeat', { key, body: {} });
    assert.equal(await one(`select last_seen_at is not null from market_actors where id = '${id}'`), 't');
    await refused(401, 'unauthorized', 'POST', '/agents-heartbeat', { key: `hm_${'x'.repeat(32)}` });
    await refused(401, 'unauthorized', 'POST', '/agents-heartbeat', {});
    await sql(host.home, `update market_actors set state = 'banned' where id = '${id}'`);
    await refused(403, 'actor_banned', 'POST', '/agents-heartbeat', { key });
  });

  it('is found by what it can do, the best first, unless it is frozen', async () => {
    const asker = await person(), a = await bot(['kind:one', 'kind:two']), b = await bot(['kind:one']), c = await bot();
    assert.deepEqual(await good(200, 'POST', '/capabilities-register', { key: c.api_key, body: { capability_tags: ['data:extraction', 'nlp:summarization', 'code:python'] } }),
      { capability_tags: ['data:extraction', 'nlp:summarization', 'code:python'] });
    await good(200, 'POST', '/capabilities-register', { key: c.api_key, body: { capability_tags: ['kind:two', 'kind:two', 'kind:three'] } });
    await sql(host.home, `update market_actors set tier = 1, acceptance_rate = 1, tasks_completed = 45 where id = '${b.actor_id}'`);
    const find = async (query) => good(200, 'GET', `/capabilities-search?${query}`, { key: asker.api_key });
    const both = await find('tags=kind:one,%20kind:two');
    assert.deepEqual(both.agents.map((x) => [x.id, x.score]), [[b.actor_id, 0.45], [a.actor_id, 0.45], [c.actor_id, 0.23]].sort((x, y) => y[1] - x[1] || (x[0] < y[0] ? -1 : 1)));
    assert.equal(both.total, 3);
    assert.deepEqual(await find('tags=kind:one&min_tier=1'), { agents: [{ id: b.actor_id, display_name: 'Bot', tier: 1, score: 0.9, capability_tags: ['kind:one'] }], total: 1 });
    assert.equal((await find('tags=kind:*')).total, 3);
    assert.deepEqual(Object.keys((await find('tags=kind:*&limit=1')).agents[0]), ['id', 'display_name', 'tier', 'score', 'capability_tags']);
    assert.deepEqual(await find('tags=kind'), { agents: [], total: 0 });
    await sql(host.home, `update market_actors set state = 'frozen' where id = '${b.actor_id}'`);
    assert.equal((await find('tags=kind:one')).total, 1);
    for (const query of ['', 'tags=', 'tags=,', 'tags=A', 'tags=a&min_tier=3', 'tags=a&limit=51']) {
      await refused(400, 'validation_error', 'GET', `/capabilities-search?${query}`, { key: asker.api_key });
    }
  });

  it('changes what it says of itself', async () => {
    const { api_key: key, actor_id: id } = await bot();
    const example = { display_name: 'ResearchBot v4', bio: 'Specializing in competitive analysis and market research', specialization: ['market-research', 'data-analysis'] };
    const changed = await good(200, 'PUT', '/profile-update', { key, body: example });
    for (const [name, value] of Object.entries(example)) assert.deepEqual(changed[name], value);
    const settings = { digest: { hour: 9 } };
    assert.deepEqual((await good(200, 'PUT', '/profile-update', { key, body: { settings } })).settings, settings);
    const shown = await good(200, 'GET', `/actors-profile?actor_id=${id}&include=details`);
    assert.deepEqual([shown.display_name, shown.bio, shown.portfolio], [example.display_name, example.bio, []]);
    for (const secret of ['email', 'settings', 'owner_id', 'agent_address']) assert.equal(shown[secret], undefined);
    await refused(400, 'validation_error', 'PUT', '/profile-update', { key, body: {} });
    await refused(400, 'validation_error', 'PUT', '/profile-update', { key, body: { settings: [1] } });
    await refused(404, 'not_found', 'GET', '/actors-profile?actor_id=00000000-0000-4000-8000-000000000000');
    await refused(400, 'validation_error', 'GET', '/actors-profile?actor_id=7');
  });

  it('names who brought it, once, and both are paid when its first business is done', async () => {
    const referrer = await person(), referee = await person(), body = { referral_code: referrer.referral_code };
    assert.deepEqual(await good(200, 'POST', '/actors-referral', { key: referee.api_key, body }), { referred_by: referrer.actor_id, status: 'pending' });
    await refused(409, 'already_referred', 'POST', '/actors-referral', { key: referee.api_key, body });
    await refused(404, 'invalid_referral_code', 'POST', '/actors-referral', { key: referrer.api_key, body: { referral_code: 'ffffff' } });
    await refused(400, 'self_referral', 'POST', '/actors-referral', { key: referrer.api_key, body });
    await refused(409, 'already_referred', 'POST', '/actors-referral', { key: (await person(body)).api_key, body });
    const balances = async () => Promise.all([referrer, referee].map(async (a) => (await good(200, 'POST', '/agents-heartbeat', { key: a.api_key })).rc_balance));
    assert.deepEqual(await balances(), [128, 128]);
    for (let i = 0; i < 2; i += 1) await good(204, 'POST', '/api/local/business', { body: { actor_id: referee.actor_id } });
    await until(async () => await one(`select state from market_referrals where referee_id = '${referee.actor_id}'`) === 'paid', PATIENCE_MS, 'the referral is paid');
    assert.deepEqual(await balances(), [144, 144]);
  });

  it('shows its work, up to fifty pieces', async () => { // limit: portfolio
    const { api_key: key, actor_id: id } = await bot();
    const manage = (status, body) => good(status, 'POST', '/portfolio-manage', { key, body });
    const example = { action: 'add', title: 'Market Analysis: Acme Corp', description: 'Comprehensive competitive analysis with 50 data points', listing_type: 'task_execution', sample_output: { summary: '...' } };
    const { item } = await manage(201, example);
    assert.deepEqual([item.title, item.sample_output, item.listing_type], [example.title, { summary: '...' }, 'task_execution']);
    assert.equal((await manage(200, { action: 'update', item_id: item.id, title: 'New' })).item.title, 'New');
    assert.equal((await manage(200, { action: 'list' })).items[0].description, example.description);
    const other = await bot();
    await refused(404, 'not_found', 'POST', '/portfolio-manage', { key: other.api_key, body: { action: 'remove', item_id: item.id } });
    await sql(host.home, `insert into market_portfolio (actor_id, title) select '${id}', i::text from generate_series(1, 49) i`);
    await refused(409, 'portfolio_full', 'POST', '/portfolio-manage', { key, body: example });
    assert.equal((await manage(200, { action: 'remove', item_id: item.id })).item.id, item.id);
    assert.equal((await manage(200, { action: 'list' })).items.length, 49);
    for (const body of [{ action: 'add' }, { action: 'update', title: 'x' }, { action: 'burn' }, { action: 'add', title: 'x', sample_output: 'text' }]) {
      await refused(400, 'validation_error', 'POST', '/portfolio-manage', { key, body });
    }
  });
});

describe('the audit trail', () => {
  it('shows admins, whom the operator makes, what was done, in a chain', async () => {
    const boss = await person({ email: 'boss@example.com' });
    await refused(403, 'forbidden', 'GET', '/audit-log', { key: boss.api_key });
    const done = await human('market', 'admin', 'Boss@Example.com', '--json');
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(JSON.parse(done.stdout), { actor_id: boss.actor_id, display_name: 'Alice Smith', role: 'admin' });
    const log = await good(200, 'GET', '/audit-log?limit=2', { key: boss.api_key });
    assert.deepEqual(log.entries.map((e) => [e.action, e.actor_id, e.resource_id, e.verified]),
      [['market admin', null, boss.actor_id, true], ['actors-register', boss.actor_id, boss.actor_id, true]]);
    const page = await good(200, 'GET', `/audit-log?action=actors-register&resource_type=actor&limit=1&before=${log.entries[1].n}`, { key: boss.api_key });
    assert.ok(page.entries[0].n < log.entries[1].n && page.total > MANY / 2);
    assert.deepEqual((await good(200, 'GET', '/audit-log?resource_type=listing', { key: boss.api_key })), { entries: [], total: 0 });
    const { code, stdout } = await human('audit', 'verify', '--json'), { n, hash, found } = JSON.parse(stdout);
    assert.deepEqual([code, found], [0, []], stdout);
    assert.match((await human('audit', 'verify', '--at', `${n}:${hash}`)).stdout, /in one chain/);
    assert.match((await human('audit', 'verify', '--at', `${n}:${'0'.repeat(64)}`)).stdout, new RegExp(`Record ${n} was changed`));
    const exported = (await human('audit', 'export', '--since', String(n - 1))).stdout.trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual([exported[0].n, exported[0].hash], [n, hash]);
    for (const words of [['verify', '--at', 'x'], ['export', '--since', '-1'], ['burn'], []]) assert.equal((await human('audit', ...words)).code, 2, words);
    const was = await one(`select facts from market_records where n = ${n - 1}`);
    const forge = (facts) => sql(host.home, `begin; set local session_replication_role = replica; update market_records set facts = '${facts}' where n = ${n - 1}; commit`);
    await forge('{"role": "admin"}');
    const broken = await human('audit', 'verify');
    assert.deepEqual([broken.code, broken.stdout.split('\n').length], [1, 2], broken.stdout);
    assert.match(broken.stdout, new RegExp(`Record ${n - 1} was changed`));
    await forge(was);
    assert.equal((await human('audit', 'verify')).code, 0);
    assert.equal((await human('market', 'admin', 'nobody@example.com')).code, 1);
    for (const wrong of [['admin'], ['admin', 'bob'], ['boss', 'boss@example.com'], []]) assert.equal((await human('market', ...wrong)).code, 2);
    assert.match((await human('market', 'admins')).stdout, new RegExp(boss.actor_id));
    assert.equal((await human('market', 'member', boss.actor_id)).code, 0);
    await refused(403, 'forbidden', 'GET', '/audit-log', { key: boss.api_key });
  });
});

describe('credits that were given away', () => {
  it('end after a year, thirty days after a warning', async () => {
    const { actor_id: id } = await bot();
    const balance = async () => (await good(200, 'GET', `/actors-profile?actor_id=${id}`)).rc_balance;
    const waiting = (kind) => one(`select count(*) from host_queue where kind = 'market.credits.${kind}' and payload::jsonb ->> 'actor' = '${id}'`);
    assert.equal((await human('clock', 'advance', '336d')).code, 0);
    await until(async () => await waiting('warn') === '0', PATIENCE_MS, 'the warning was given');
    assert.deepEqual([await balance(), await waiting('expire')], [128, '1']);
    assert.equal((await human('clock', 'advance', '30d')).code, 0);
    await until(async () => await waiting('expire') === '0', PATIENCE_MS, 'they have ended');
    assert.equal(await balance(), 0);
    assert.equal(await one(`select count(*) from ledger_transfers where event = 'credit.expired' and cause = 'lot:' || (select id from credit_lots where actor = '${id}')`), '1');
  });
});
