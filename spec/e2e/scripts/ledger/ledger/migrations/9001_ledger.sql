-- What the ledger of the tests keeps: an account, and each debit of it.
create table ledger_accounts (id text primary key, cents bigint not null check (cents >= 0));
create table ledger_debits (
  id text primary key, account_id text not null references ledger_accounts (id), cents bigint not null,
  request text not null
);
