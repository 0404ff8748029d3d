-- What the ledger of the tests keeps: an account, and each debit of it.
create table purse_accounts (id text primary key, cents bigint not null check (cents >= 0));
create table purse_debits (
  id text primary key, account_id text not null references purse_accounts (id), cents bigint not null,
  request text not null
);
