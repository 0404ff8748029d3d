-- What is offered and asked for, what is bid for it, and the transactions that come of it.  States are moved along the
-- edges of market_edges alone, which says the same as scripts/marketplace/rules/*_states.lua: a spec compares them.

create table market_edges (
  entity     text not null,
  from_state text not null,                      -- '': it begins
  to_state   text not null,
  primary key (entity, from_state, to_state)
);
insert into market_edges values
  ('bid', '', 'pending'), ('bid', 'pending', 'accepted'), ('bid', 'pending', 'rejected'), ('bid', 'pending', 'expired'),
  ('bid', 'pending', 'withdrawn'), ('bid', 'pending', 'countered'), ('bid', 'countered', 'accepted'),
  ('bid', 'countered', 'rejected'), ('bid', 'countered', 'expired'), ('bid', 'countered', 'withdrawn'),
  ('transaction', '', 'pending_payment'), ('transaction', 'pending_payment', 'assigned'),
  ('transaction', 'pending_payment', 'canceled'), ('transaction', 'assigned', 'delivered'),
  ('transaction', 'assigned', 'accepted'), ('transaction', 'assigned', 'canceled_refunded'),
  ('transaction', 'delivered', 'accepted'), ('transaction', 'delivered', 'revision_requested'),
  ('transaction', 'delivered', 'disputed'), ('transaction', 'revision_requested', 'delivered'),
  ('transaction', 'revision_requested', 'canceled_refunded'), ('transaction', 'disputed', 'accepted'),
  ('transaction', 'disputed', 'refunded'), ('transaction', 'disputed', 'split_resolved'),
  ('milestone', '', 'pending'), ('milestone', 'pending', 'active'), ('milestone', 'pending', 'canceled'),
  ('milestone', 'active', 'delivered'), ('milestone', 'active', 'canceled'), ('milestone', 'delivered', 'accepted'),
  ('milestone', 'delivered', 'disputed'), ('milestone', 'disputed', 'accepted'), ('milestone', 'disputed', 'refunded');

create function market_follow_edges() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.state = new.state then return new; end if;
  if not exists (select from market_edges where entity = tg_argv[0] and from_state = coalesce(old.state, '')
      and to_state = new.state) then
    raise exception 'a % cannot go from % to %', tg_argv[0], coalesce(old.state, 'nothing'), new.state
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  return new;
end $$;

-- For a column that is generated; the built-in one is not known to be immutable for all types.
create function market_words(tags text[]) returns text language sql immutable parallel safe
  as $$ select array_to_string(tags, ' ') $$;

create table market_listings (
  id                   uuid primary key default gen_random_uuid(),
  actor_id             uuid not null references market_actors,
  direction            text not null check (direction in ('sell', 'buy')),
  listing_type         text not null check (listing_type in ('task_execution', 'data_product', 'compute_access',
                         'knowledge_artifact', 'agent_template', 'evaluation_service')),
  title                text not null check (length(title) between 1 and 200),
  description          text not null check (length(description) between 1 and 2000),
  category_tags        text[] not null check (cardinality(category_tags) between 1 and 32),
  price_cents          bigint check (price_cents between 1 and 10000000),
  budget_ceiling_cents bigint check (budget_ceiling_cents between 1 and 10000000),
  sla_hours            smallint check (sla_hours between 1 and 168),
  input_schema         jsonb,
  output_schema        jsonb,
  evaluation_rubric    jsonb,
  subscription_plans   jsonb,
  tool_meta            jsonb,
  tool_secret          text,                     -- sealed; what the upstream is shown
  sla_config           jsonb,
  min_seller_tier      smallint not null default 0 check (min_seller_tier between 0 and 2),
  negotiation_permitted boolean not null default true,
  is_active            boolean not null default true,
  total_sales          int not null default 0,
  avg_rating           numeric(3, 2) check (avg_rating between 1 and 5),
  created_at           timestamptz not null default human_now(),
  updated_at           timestamptz not null default human_now(),
  words                tsvector generated always as (
                         setweight(to_tsvector('english'::regconfig, title), 'A')
                         || setweight(to_tsvector('english'::regconfig, market_words(category_tags)), 'B')
                         || setweight(to_tsvector('english'::regconfig, description), 'C')) stored,
  check (direction <> 'buy' or budget_ceiling_cents is not null),
  check (direction <> 'sell' or price_cents is not null or subscription_plans is not null)
);
create index market_listings_newest on market_listings (created_at desc, id) where is_active;
create index market_listings_asked on market_listings (created_at desc, id) where is_active and direction = 'buy';
create index market_listings_price on market_listings (coalesce(price_cents, budget_ceiling_cents), id) where is_active;
create index market_listings_actor on market_listings (actor_id, created_at desc);
create index market_listings_words on market_listings using gin (words) where is_active;
create index market_listings_tags on market_listings using gin (category_tags) where is_active;

-- Listings whose title resembles words with typos in them: by trigrams, where this role may have them in its database.
do $$
begin
  create extension if not exists pg_trgm;
  create index market_listings_title on market_listings using gin (title gin_trgm_ops) where is_active;
  create function market_resembling(asked text, most int) returns table (id uuid, likeness real)
    language sql stable as $f$
      select l.id, word_similarity(asked, l.title) from market_listings l where l.is_active and asked <% l.title
        order by 2 desc, 1 limit most $f$;
exception when insufficient_privilege or undefined_file or feature_not_supported or undefined_object
    or undefined_function then
  create function market_resembling(asked text, most int) returns table (id uuid, likeness real)
    language sql stable as $f$ select null::uuid, null::real where false $f$;
end $$;

create table market_bids (
  id                  uuid primary key default gen_random_uuid(),
  listing_id          uuid not null references market_listings,
  bidder_id           uuid not null references market_actors,
  state               text not null default 'pending',
  price_cents         bigint not null check (price_cents > 0),
  sla_hours           smallint not null check (sla_hours between 1 and 168),
  scope_note          text check (length(scope_note) <= 300),
  milestones          jsonb,                     -- [{title, share_bp, sla_hours}]
  counter_round       smallint not null default 0 check (counter_round between 0 and 2),
  counter_by          uuid references market_actors,
  counter_price_cents bigint check (counter_price_cents > 0),
  counter_sla_hours   smallint check (counter_sla_hours between 1 and 168),
  counter_note        text check (length(counter_note) <= 300),
  expires_at          timestamptz not null,      -- of the bid, or of the counter that stands
  transaction_id      uuid,
  reason              text,                      -- why it was rejected
  is_auto             boolean not null default false,
  created_at          timestamptz not null default human_now(),
  updated_at          timestamptz not null default human_now(),
  check ((counter_round > 0) = (counter_by is not null))
);
create unique index market_bids_active on market_bids (bidder_id, listing_id) where state in ('pending', 'countered');
create index market_bids_listing on market_bids (listing_id, created_at desc, id);
create index market_bids_bidder on market_bids (bidder_id, created_at desc, id);
create trigger market_bids_edges before insert or update of state on market_bids
  for each row execute function market_follow_edges('bid');

create table market_transactions (
  id                 uuid primary key default gen_random_uuid(),
  listing_id         uuid not null references market_listings,
  bid_id             uuid unique references market_bids,
  buyer_id           uuid not null references market_actors,
  seller_id          uuid not null references market_actors check (seller_id <> buyer_id),
  state              text not null default 'pending_payment',
  price_cents        bigint not null check (price_cents > 0),
  fee_cents          bigint not null check (fee_cents >= 0),
  payout_cents       bigint not null check (payout_cents >= 0),
  parent_id          uuid references market_transactions,   -- whose escrow pays for it
  root_id            uuid not null,
  depth              smallint not null default 0 check (depth between 0 and 3),
  payment_ref        text,                       -- the payment's id at the processor; null: its parent pays
  listing_type       text not null,
  title              text not null,
  sla_hours          smallint not null check (sla_hours between 1 and 168),
  input_schema       jsonb,                      -- what was agreed; the listing may change
  output_schema      jsonb,
  evaluation_rubric  jsonb,
  input_data         jsonb,
  has_milestones     boolean not null default false,
  output_data        jsonb,
  output_storage_path text,
  revisions          smallint not null default 0 check (revisions between 0 and 2),
  is_sla_breached    boolean not null default false,
  is_late            boolean not null default false,
  sla_deadline       timestamptz,
  review_deadline    timestamptz,
  created_at         timestamptz not null default human_now(),
  assigned_at        timestamptz,
  delivered_at       timestamptz,
  ended_at           timestamptz,
  check (price_cents = fee_cents + payout_cents),
  check ((parent_id is null) = (depth = 0))
);
create index market_transactions_buyer on market_transactions (buyer_id, created_at desc, id);
create index market_transactions_seller on market_transactions (seller_id, created_at desc, id);
create index market_transactions_listing on market_transactions (listing_id, ended_at desc) where state = 'accepted';
create index market_transactions_parent on market_transactions (parent_id) where parent_id is not null;
create index market_transactions_root on market_transactions (root_id, depth, created_at);
create trigger market_transactions_edges before insert or update of state on market_transactions
  for each row execute function market_follow_edges('transaction');

create table market_milestones (
  id              uuid primary key default gen_random_uuid(),
  transaction_id  uuid not null references market_transactions,
  sequence        smallint not null check (sequence between 1 and 20),
  state           text not null default 'pending',
  title           text not null check (length(title) between 1 and 200),
  share_bp        int not null check (share_bp between 1 and 10000),
  fee_cents       bigint not null check (fee_cents >= 0),
  payout_cents    bigint not null check (payout_cents >= 0),
  sla_hours       smallint not null check (sla_hours between 1 and 168),
  output_data     jsonb,
  sla_deadline    timestamptz,
  review_deadline timestamptz,
  is_late         boolean not null default false,
  created_at      timestamptz not null default human_now(),
  delivered_at    timestamptz,
  ended_at        timestamptz,
  unique (transaction_id, sequence)
);
create trigger market_milestones_edges before insert or update of state on market_milestones
  for each row execute function market_follow_edges('milestone');

-- Files that sellers have left for buyers, by who left them.
create table market_deliverables (
  id             uuid primary key default gen_random_uuid(),
  actor_id       uuid not null references market_actors,
  transaction_id uuid references market_transactions,       -- the one transaction that it is good for
  name           text not null,
  media_type     text not null,
  size_bytes     bigint not null,
  sha256         text not null,
  created_at     timestamptz not null default human_now()
);
create index market_deliverables_of on market_deliverables (transaction_id) where transaction_id is not null;
create index market_deliverables_actor on market_deliverables (actor_id, created_at desc);

-- How an agent bids by itself.
create table market_auto_bidding (
  actor_id            uuid primary key references market_actors,
  is_enabled          boolean not null,
  max_price_cents     bigint not null check (max_price_cents > 0),
  min_price_cents     bigint not null default 0,
  category_tags       text[] not null default '{}',         -- patterns: data:*
  min_listing_tier    smallint not null default 0,
  max_concurrent      smallint not null check (max_concurrent between 1 and 50),
  preferred_sla_hours smallint not null check (preferred_sla_hours between 1 and 168),
  updated_at          timestamptz not null default human_now()
);
create index market_auto_bidding_enabled on market_auto_bidding (max_price_cents) where is_enabled;
