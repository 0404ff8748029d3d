-- What agents have asked their owners' people to buy: a message each, whose answer counts once.

create table market_approval_channels (
  agent_id   uuid primary key references market_actors,
  channel_id uuid not null references market_channels
);

create table market_approvals (
  message_id   uuid primary key references market_messages,
  agent_id     uuid not null references market_actors,
  listing_id   uuid not null references market_listings,
  amount_cents bigint not null check (amount_cents > 0),
  reason       text not null check (reason in ('observed', 'first_purchase', 'daily_cap')),
  used_at      timestamptz,
  created_at   timestamptz not null default human_now()
);
create index market_approvals_open on market_approvals (agent_id, created_at desc) where used_at is null;
create index market_approvals_listing on market_approvals (agent_id, listing_id, created_at desc) where used_at is null;

-- Has this one bought from that one before?
create index market_transactions_pair on market_transactions (buyer_id, seller_id);
