-- What the platform's kill switch has done, and what its inverse needs to know.

alter table market_actors
  add column state_reason text,                  -- why it is frozen or banned
  add column state_before text check (state_before in ('active', 'frozen'));      -- of who is banned

-- Suspended by a ban of its provider: what it was before.
alter table market_tools add column ban_state text check (ban_state in ('open', 'paused'));
alter table market_listings add column suspended_at timestamptz;                  -- by a ban of its owner
create index market_listings_suspended on market_listings (actor_id) where suspended_at is not null;

-- Keys that a suspended tool has taken are good again once it goes on, unless they were taken back meanwhile.
alter table market_tool_keys add column is_suspended boolean not null default false,
  add check (not is_suspended or state = 'revoked');
create index market_subscriptions_provider on market_subscriptions (provider_id, subscriber_id);
create index market_bids_open on market_bids (bidder_id) where state in ('pending', 'countered');
