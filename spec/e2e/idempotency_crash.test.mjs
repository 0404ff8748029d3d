// spec/e2e/idempotency_crash.test.mjs -- money is taken once for each Idempotency-Key, whatever dies meanwhile: workers are
// killed at any moment while clients insist on their answers, on two hosts with one database.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { call, unique } from './agent_client.mjs';
import { BINARY, databaseUrl, isAlive, sql, startHost } from './hosts.mjs';
import { reload } from './modes.mjs';
import { sleep, until } from './support.mjs';

const CLIENTS = 8, KILLS = Number(process.env.KILLS ?? 24), PATIENCE_MS = 90_000, START = 1_000_000;
const SCRIPTS = ['spec/e2e/scripts/ledger'], POOL = { HUMAN_DATABASE_POOL: '4' }; // the dead hold theirs for a moment
let first, second;
before(async () => {
  first = await startHost({ scripts: SCRIPTS, env: POOL });
  second = await startHost({ scripts: SCRIPTS, env: { ...POOL, DATABASE_URL: databaseUrl(first.home) } });
});
after(async () => {
  await second?.stop();
  await first?.stop();
});

const post = (host, path, key, body) => call(host.url, 'POST', `/ledger${path}`,
  { key: 'teller', headers: { 'idempotency-key': key, connection: 'close' }, body });

/** Sends a request until it is answered for good, each time to another host. */
async function insist(path, key, body) {
  for (const end = Date.now() + PATIENCE_MS; ;) {
    for (const host of [first, second]) {
      const answer = await post(host, path, key, body).catch(() => ({ status: 0 }));
      if (answer.body?.code === 'route_disabled') await reload(BINARY, host.home); // so many workers died in it
      if (answer.status !== 0 && answer.status < 500 && answer.body?.code !== 'idempotency_in_progress') return answer;
    }
    assert.ok(Date.now() < end, `${key} was answered in time`);
    await sleep(5);
  }
}

async function open(account) {
  assert.equal((await insist(`/accounts/${account}`, unique('open'), { cents: START, request: 'open' })).status, 201);
}
const left = async (account) => Number((await sql(first.home, `select cents from purse_accounts where id = '${account}'`))[0]);

it('opens a sealed answer on the host that sealed it, and says on another that it is lost', async () => {
  const key = unique('sealed'), show = (host) => post(host, '/keys', key);
  const [one, two, other] = [await show(first), await show(first), await show(second)];
  assert.deepEqual([one.status, two.body, other.status, other.body.code], [201, one.body, 409, 'idempotency_answer_lost']);
});

it('takes money once for each key while workers of two hosts are killed', async () => {
  const account = unique('account');
  await open(account);
  const answers = new Map();
  let over = false, number = 0;
  const client = async () => {
    while (!over) {
      const key = `${account}-${(number += 1)}`, way = number % 2 ? 'debits' : 'strict';
      const answer = await insist(`/accounts/${account}/${way}`, key, { cents: 1, request: key });
      answers.set(key, answer);
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  for (let i = 0; i < KILLS; i += 1) {
    const upto = answers.size + 1 + Math.floor(Math.random() * 60);
    await until(() => answers.size >= upto, PATIENCE_MS, () => `${upto} answers, not ${answers.size}`);
    await sleep(Math.random() * 20); // any moment will do: there is none to wait for
    const host = i % 2 ? first : second;
    const [pid] = await until(() => host.workers().length && host.workers(), 30_000, 'a worker');
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid), 30_000, 'it is gone');
  }
  over = true;
  await Promise.all(clients);
  const rows = await sql(first.home, `select request, count(*), min(id) from purse_debits where account_id = '${account}' group by 1`);
  const twice = rows.filter((row) => row.split('|')[1] !== '1');
  assert.deepEqual(twice, []);
  assert.equal(rows.length, answers.size);
  assert.equal(await left(account), START - answers.size);
  for (const row of rows) {
    const [request, , id] = row.split('|');
    assert.deepEqual([answers.get(request).status, answers.get(request).body.id], [201, id]);
  }
});
