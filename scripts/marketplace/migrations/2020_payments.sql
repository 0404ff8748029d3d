-- Payments: what buyers pay with cards, what is paid out, and the books of the processor `test`.  What the processor is
-- to do is written here first; the queue then has it done.

create table market_payments (
  id             uuid primary key default gen_random_uuid(),
  kind           text not null check (kind in ('transaction', 'deposit')),
  transaction_id uuid unique check ((transaction_id is not null) = (kind = 'transaction')),
  payer_id       uuid not null references market_actors,
  amount_cents   bigint not null check (amount_cents > 0),
  fee_cents      bigint not null default 0 check (fee_cents between 0 and amount_cents),     -- the platform's, of a deposit
  refunded_cents bigint not null default 0 check (refunded_cents between 0 and amount_cents),
  state          text not null default 'created' check (state in ('created', 'authorized', 'captured', 'canceled', 'failed')),
  provider       text not null,
  provider_id    text not null unique,
  client_secret  text not null,
  declines       smallint not null default 0,
  decline_code   text,                           -- of the last one
  capture_before timestamptz check ((capture_before is null) = (authorized_at is null)),
  created_at     timestamptz not null default human_now(),
  authorized_at  timestamptz,
  captured_at    timestamptz,
  ended_at       timestamptz                     -- canceled or failed
);
create index market_payments_payer on market_payments (payer_id, created_at);

create table market_refunds (
  id           uuid primary key default gen_random_uuid(),
  cause        text not null unique,             -- what the money goes back for
  payment_id   uuid not null references market_payments,
  amount_cents bigint not null check (amount_cents > 0),
  state        text not null default 'pending' check (state in ('pending', 'paid')),
  created_at   timestamptz not null default human_now(),
  paid_at      timestamptz
);
create index market_refunds_payment on market_refunds (payment_id);

-- Cash that leaves.  A payout is of earned credits alone.
create table market_withdrawals (
  id           uuid primary key default gen_random_uuid(),
  actor_id     uuid not null references market_actors,
  kind         text not null check (kind in ('withdrawal', 'payout')),
  amount_cents bigint not null check (amount_cents > 0),
  fee_cents    bigint not null check (fee_cents between 0 and amount_cents - 1),
  is_instant   boolean not null default false,
  is_waived    boolean not null default false,   -- the month's free one
  account      text not null,                    -- at the processor
  state        text not null default 'processing' check (state in ('processing', 'paid', 'failed')),
  failure      text,
  created_at   timestamptz not null default human_now(),
  ended_at     timestamptz
);
create index market_withdrawals_actor on market_withdrawals (actor_id, created_at);

-- States move along these edges alone: the trigger's arguments, "from to".
create function market_edges() returns trigger language plpgsql as $$
begin
  if new.state <> old.state and not (old.state || ' ' || new.state) = any (tg_argv) then
    raise exception '% % does not go from % to %', tg_table_name, old.id, old.state, new.state
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  return new;
end $$;
create trigger market_payments_edges before update on market_payments for each row execute function market_edges(
  'created authorized', 'created canceled', 'created failed', 'authorized captured', 'authorized canceled', 'authorized failed');
create trigger market_refunds_edges before update on market_refunds
  for each row execute function market_edges('pending paid');
create trigger market_withdrawals_edges before update on market_withdrawals
  for each row execute function market_edges('processing paid', 'processing failed');

-- With which card an agent pays.
create table market_payment_methods (
  actor_id   uuid primary key references market_actors,
  method     text not null check (length(method) between 1 and 100),
  changed_at timestamptz not null default human_now()
);

-- The books of the processor `test`: what it was asked to do, once for each key, and what came of it.
create table market_test_orders (
  key          text primary key,
  kind         text not null check (kind in ('authorize', 'capture', 'cancel', 'refund', 'transfer', 'payout', 'reversal')),
  object       text not null,                    -- the payment, or the account
  amount_cents bigint not null check (amount_cents >= 0),
  refusal      text,
  expires_at   timestamptz,                      -- of an authorisation
  method       text,
  created_at   timestamptz not null default human_now()
);
create index market_test_orders_object on market_test_orders (object, kind);

create table market_test_accounts (
  id         text primary key,
  token      text not null unique,               -- of the address at which it is set up
  bank       text not null default 'ba_test_ok',
  ready_at   timestamptz,
  created_at timestamptz not null default human_now()
);

-- The founders' share of a month's fees, and who gets what of it.
create table market_shares (
  month           date primary key check (extract(day from month) = 1),
  fees_cents      bigint not null,
  pool_cents      bigint not null,
  actors          int not null,
  share_cents     bigint not null,               -- of each
  created_at      timestamptz not null default human_now(),
  distributed_at  timestamptz
);
create table market_share_payments (
  month        date not null references market_shares,
  actor_id     uuid not null references market_actors,
  amount_cents bigint not null check (amount_cents > 0),
  paid_at      timestamptz,
  primary key (month, actor_id)
);
create index market_share_payments_open on market_share_payments (month) where paid_at is null;

-- Sums of the platform's accounts that jobs ask for, and what an actor's history walks along.
create index ledger_transfers_fees on ledger_transfers (at) include (debit, credit, amount)
  where credit in (3000, 3010, 3020) or debit in (3000, 3010, 3020);
create index ledger_transfers_released on ledger_transfers (at) include (debit) where event = 'escrow.released';
create index ledger_transfers_tool_fees on ledger_transfers (id) include (debit, credit, amount)
  where credit = 6310 or debit = 6310;
create index ledger_transfers_founders on ledger_transfers (id) include (debit, credit, amount)
  where credit = 2400 or debit = 2400;
create index credit_lots_of on credit_lots (actor, created_at desc, id desc);
create index credit_debits_when on credit_debits (actor, created_at desc, id desc);
create index credit_lots_earned on credit_lots (created_at) where reason = 'task_completion';
create index credit_debits_subscribed on credit_debits (created_at) where reason = 'tool_subscription';
