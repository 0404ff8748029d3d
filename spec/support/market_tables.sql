-- Tables of trade, as far as messages and reputation read them, where trade's own migration has not made them.
create table if not exists market_listings (
  id uuid primary key default gen_random_uuid(), actor_id uuid not null, direction text not null, listing_type text not null,
  title text not null, description text not null, category_tags text[] not null, price_cents bigint, sla_hours smallint,
  is_active boolean not null default true, total_sales int not null default 0, avg_rating numeric(3, 2),
  created_at timestamptz not null default human_now());
create table if not exists market_transactions (
  id uuid primary key default gen_random_uuid(), listing_id uuid not null, buyer_id uuid not null, seller_id uuid not null,
  state text not null default 'pending_payment', price_cents bigint not null, fee_cents bigint not null,
  payout_cents bigint not null, parent_id uuid, root_id uuid not null, depth smallint not null default 0,
  listing_type text not null, title text not null, sla_hours smallint not null, is_sla_breached boolean not null default false,
  is_late boolean not null default false, created_at timestamptz not null default human_now(), assigned_at timestamptz,
  delivered_at timestamptz, ended_at timestamptz);
