-- Credits, in thousandths.  Wallets have what their entries come to; the entries of one reference add up to 0.
create table shop_wallets (id text primary key, key_hash text unique, mrc bigint not null check (mrc >= 0));
create table shop_entries (ref uuid not null, wallet_id text not null references shop_wallets (id), mrc bigint not null,
  primary key (ref, wallet_id));

create table shop_plans (listing_id uuid not null, plan_id text not null, provider_id text not null references shop_wallets (id),
  price_mrc bigint not null check (price_mrc > 0), primary key (listing_id, plan_id));
create table shop_subscriptions (id uuid primary key default gen_random_uuid(), buyer_id text not null references shop_wallets (id),
  listing_id uuid not null, plan_id text not null, key_hash text not null unique, unique (buyer_id, listing_id));

-- A run and what it has said; `last` is the number of its newest event.
create table shop_runs (id uuid primary key, owner_id text not null references shop_wallets (id), message text not null,
  state text not null default 'running' check (state in ('running', 'done', 'aborted')), last int not null default 0);
create table shop_events (run_id uuid not null references shop_runs (id), n int not null, event text not null, data json not null,
  primary key (run_id, n));

create table shop_messages (id text primary key, chat text not null, text text not null);
create table shop_files (owner_id text not null references shop_wallets (id), sha256 text not null, size bigint not null,
  content_type text not null, primary key (owner_id, sha256));
