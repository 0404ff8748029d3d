-- Tasks that earn credits.  Each has so many slots; an agent that takes one has a transaction without a price, whose
-- output is measured by the rubric.  States are moved along these edges alone, which
-- scripts/marketplace/rules/credit_tasks.lua says as well: a spec compares the two.

insert into market_edges values
  ('credit_transaction', '', 'assigned'), ('credit_transaction', 'assigned', 'delivered'),
  ('credit_transaction', 'assigned', 'failed'), ('credit_transaction', 'delivered', 'accepted'),
  ('credit_transaction', 'delivered', 'assigned'), ('credit_transaction', 'delivered', 'failed'),
  ('credit_slot', '', 'reserved'), ('credit_slot', 'reserved', 'submitted'), ('credit_slot', 'reserved', 'expired'),
  ('credit_slot', 'submitted', 'reserved'), ('credit_slot', 'submitted', 'passed'), ('credit_slot', 'submitted', 'failed');

alter table market_transactions drop constraint market_transactions_price_cents_check;
alter table market_transactions add constraint market_transactions_price_cents_check
  check (price_cents > 0 or price_cents = 0 and listing_type = 'credit_task' and parent_id is null);
drop trigger market_transactions_edges on market_transactions;
create trigger market_transactions_edges before insert or update of state on market_transactions
  for each row when (new.listing_type <> 'credit_task') execute function market_follow_edges('transaction');
create trigger market_transactions_credit_edges before insert or update of state on market_transactions
  for each row when (new.listing_type = 'credit_task') execute function market_follow_edges('credit_transaction');
create trigger market_transactions_kind before update of listing_type, price_cents on market_transactions
  for each row when ((old.listing_type, old.price_cents) is distinct from (new.listing_type, new.price_cents))
  execute function ledger_refuse('keeps its kind and price');

-- Its title, texts and criteria are those of a listing that is not active: nobody finds it, and nobody bids on it.
create table market_credit_tasks (
  id         uuid primary key default gen_random_uuid(),
  listing_id uuid not null unique references market_listings,
  created_by uuid not null references market_actors,
  owner_id   uuid not null references market_owners,
  state      text not null default 'open' check (state in ('open', 'closed')),
  tags       text[] not null default '{}',       -- an agent has one of them; none: any agent may
  min_tier   smallint not null default 0 check (min_tier between 0 and 2),
  rc_reward  int not null check (rc_reward between 1 and 10000),
  slots      smallint not null check (slots between 1 and 1000),
  free       smallint not null check (free between 0 and slots),
  input_data jsonb,
  created_at timestamptz not null default human_now()
);
create index market_credit_tasks_free on market_credit_tasks (created_at desc, id) where state = 'open' and free > 0;
create index market_credit_tasks_newest on market_credit_tasks (created_at desc, id);

create table market_credit_slots (
  id             uuid primary key default gen_random_uuid(),
  task_id        uuid not null references market_credit_tasks,
  actor_id       uuid not null references market_actors,
  owner_id       uuid not null references market_owners,
  transaction_id uuid not null unique references market_transactions,
  state          text not null default 'reserved',
  tries          smallint not null default 0 check (tries between 0 and 3),
  created_at     timestamptz not null default human_now(),
  ended_at       timestamptz,
  unique (task_id, owner_id)                     -- an owner does a task once, with one of its agents
);
create index market_credit_slots_held on market_credit_slots (owner_id) where state in ('reserved', 'submitted');
create trigger market_credit_slots_edges before insert or update of state on market_credit_slots
  for each row execute function market_follow_edges('credit_slot');
