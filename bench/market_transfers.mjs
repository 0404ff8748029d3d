// bench/market_transfers.mjs -- (e) of `make bench ARGS=market`: transfers a second by the method of TigerBeetle's own
// benchmark: 10,000 accounts, each transfer between two random ones, 8,189 in a request, one client, one request after
// the other.  Ours are posted by marketplace.ledger, with its checks and indexes; beside it what PostgreSQL gives
// alone: bare rows without an index of their accounts, and two balances each.  Also one transfer in a request, as purchases come.
import fs from 'node:fs';
import path from 'node:path';

const ACCOUNTS = 10_000, BATCH = 8189;

export async function fillAccounts(client) {
  await client.query(`insert into ledger_accounts (ledger, code, owner) select 'usd', 2100, 'bench:' || n from generate_series(0, ${ACCOUNTS - 1}) n;
    insert into ledger_transfers (kind, debit, credit, amount, event, cause, n)
      select 'posted', 2200, id, 1000000000, 'bench.begun', owner, 1 from ledger_accounts where owner like 'bench:%';
    create table floor_accounts (id int primary key, debits bigint not null default 0, credits bigint not null default 0);
    insert into floor_accounts (id) select n from generate_series(0, ${ACCOUNTS - 1}) n;
    create table floor_transfers (id bigint generated always as identity primary key, debit int not null, credit int not null, amount bigint not null);
    analyze ledger_accounts; analyze floor_accounts`);
}

// Accounts are locked in their order, or clients would wait for each other for ever.
const FLOOR = `with given as materialized (
    select f as debit, (f + 1 + floor(random() * ${ACCOUNTS - 1})::int) % ${ACCOUNTS} as credit, 1 + floor(random() * 100)::bigint as amount
    from (select floor(random() * ${ACCOUNTS})::int as f from generate_series(1, @N@)) r
  ), made as (
    insert into floor_transfers (debit, credit, amount) select * from given
  ), sums as (
    select account, sum(d)::bigint as d, sum(c)::bigint as c from (select debit as account, amount as d, 0 as c from given
      union all select credit, 0, amount from given) sides group by account order by account
  ) update floor_accounts a set debits = debits + d, credits = credits + c from sums s where a.id = s.account;\n`;

async function posted(t, server, count, clients) {
  const begun = performance.now(), end = begun + t.seconds * 1000;
  let n = 0;
  await Promise.all(Array.from({ length: clients }, async () => {
    while (performance.now() < end) {
      const answer = await fetch(`http://127.0.0.1:${server.port}/bench/market/transfers/${count}`, { method: 'POST' });
      if (!answer.ok) throw new Error(`transfers: ${answer.status} ${await answer.text()}`);
      await answer.arrayBuffer();
      n += count;
    }
  }));
  return { count: n, rate: n / (performance.now() - begun) * 1000 };
}

export async function transferRounds(t, server) {
  for (const [count, clients] of [[BATCH, 1], [1, 8]]) {
    const file = path.join(t.dir, `transfers_${count}.sql`), title = `(e) transfers, ${count.toLocaleString('en')} in a request, ${clients} at a time`;
    fs.writeFileSync(file, FLOOR.replace('@N@', count));
    const seen = await t.turns(title, [
      { name: 'human', server, run: () => posted(t, server, count, clients) },
      { name: 'PostgreSQL alone', run: () => {
        const done = t.pgbench(t.socket, file, clients, t.seconds);
        return { count: done.count * count, rate: done.rate * count };
      } },
    ]);
    const [ours, alone] = Object.values(seen).map((list) => ({ rate: t.median(list.map((r) => r.rate)), host: t.median(list.map((r) => r.host)), database: t.median(list.map((r) => r.database)) }));
    t.row(title, `${t.short(ours.rate)}/s; CPU ${t.short(ours.host)} + ${t.short(ours.database)} µs`, `${t.short(alone.rate)}/s; CPU ${t.short(alone.database)} µs`, `${(alone.rate / ours.rate).toFixed(2)} x`);
  }
}
