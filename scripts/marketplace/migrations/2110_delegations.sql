-- Budgets: what an actor may spend of another's credits.  A cap, not a reserve: the credits stay where they are until
-- they are spent.

create table market_delegations (
  id                 uuid primary key default gen_random_uuid(),
  delegator_id       uuid not null references market_actors,     -- who pays
  grantee_id         uuid not null references market_actors,
  transaction_id     uuid references market_transactions,        -- while that goes on
  total_mrc          bigint not null check (total_mrc > 0),
  spent_mrc          bigint not null default 0 check (spent_mrc between 0 and total_mrc),
  allowed_categories text[] check (cardinality(allowed_categories) between 1 and 32), -- null: all
  max_purchase_mrc   bigint check (max_purchase_mrc > 0),
  state              text not null default 'active' check (state in ('active', 'exhausted', 'expired', 'revoked')),
  expires_at         timestamptz,
  created_at         timestamptz not null default human_now(),
  ended_at           timestamptz,
  check (grantee_id <> delegator_id),
  check (state <> 'exhausted' or spent_mrc = total_mrc)
);
create index market_delegations_given on market_delegations (delegator_id, state, created_at desc, id);
create index market_delegations_got on market_delegations (grantee_id, state, created_at desc, id);
create trigger market_delegations_edges before update on market_delegations for each row execute function market_edges(
  'active exhausted', 'exhausted active', 'active expired', 'exhausted expired', 'active revoked', 'exhausted revoked');

-- What was spent of a budget, and given back: once for each cause.  decided: the rule that let it pass, of which bundle.
create table market_delegation_moves (
  delegation_id uuid not null references market_delegations,
  kind          text not null check (kind in ('spend', 'return')),
  cause         text not null check (length(cause) between 1 and 200),
  amount_mrc    bigint not null check (amount_mrc > 0),
  decided       jsonb,
  at            timestamptz not null default human_now(),
  primary key (delegation_id, kind, cause)
);
create index market_delegation_moves_cause on market_delegation_moves (cause) where kind = 'spend';
create trigger market_delegation_moves_stay before update or delete or truncate on market_delegation_moves
  for each statement execute function ledger_refuse('is only ever added to');
