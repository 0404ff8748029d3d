-- Tools: listings that are subscribed to and called through the proxy.  A period is paid for, and has a quota; each
-- call is a row before it is made, and has a place of the quota until it is known how it ended.

insert into market_edges values
  ('subscription', '', 'active'), ('subscription', 'active', 'past_due'), ('subscription', 'active', 'paused'),
  ('subscription', 'active', 'cancel_at_period_end'), ('subscription', 'active', 'canceled'),
  ('subscription', 'active', 'revoked'), ('subscription', 'past_due', 'active'),
  ('subscription', 'past_due', 'canceled'), ('subscription', 'past_due', 'revoked'),
  ('subscription', 'paused', 'active'), ('subscription', 'paused', 'canceled'), ('subscription', 'paused', 'revoked'),
  ('subscription', 'cancel_at_period_end', 'canceled'), ('subscription', 'cancel_at_period_end', 'revoked'),
  ('tool_call', '', 'open'), ('tool_call', 'open', 'done'), ('tool_call', 'open', 'returned'),
  ('tool', '', 'open'), ('tool', 'open', 'paused'), ('tool', 'open', 'suspended'), ('tool', 'paused', 'open'),
  ('tool', 'paused', 'suspended'), ('tool', 'suspended', 'open');

-- What is true of a tool beside its listing; made with that.
create table market_tools (
  listing_id       uuid primary key references market_listings,
  state            text not null default 'open',
  is_active        boolean not null,             -- the listing's, for searches
  reason           text,                         -- why it is suspended
  min_plan_cents   bigint not null,              -- the least that a month costs
  has_free_tier    boolean not null,
  subscriber_count int not null default 0 check (subscriber_count >= 0),
  uptime_30d       real check (uptime_30d between 0 and 100),    -- null: nobody has called it
  changed_at       timestamptz not null default human_now()
);
create index market_tools_uptime on market_tools (uptime_30d desc nulls last, listing_id) where is_active;
create index market_tools_subscribers on market_tools (subscriber_count desc, listing_id) where is_active;
create index market_tools_price on market_tools (min_plan_cents, listing_id) where is_active;
create trigger market_tools_edges before insert or update of state on market_tools
  for each row execute function market_follow_edges('tool');

create function market_keep_tool() returns trigger language plpgsql as $$
begin
  if new.direction = 'sell' and new.tool_meta is not null and new.subscription_plans is not null then
    insert into market_tools as t (listing_id, is_active, min_plan_cents, has_free_tier)
      select new.id, new.is_active,
        min(ceil((p->>'amount_cents')::numeric / case p->>'interval' when 'yearly' then 12 else 1 end))::bigint,
        bool_or((p->>'amount_cents')::numeric = 0)
      from jsonb_array_elements(new.subscription_plans) p
      on conflict (listing_id) do update set is_active = excluded.is_active, min_plan_cents = excluded.min_plan_cents,
        has_free_tier = excluded.has_free_tier
      where (t.is_active, t.min_plan_cents, t.has_free_tier)
        is distinct from (excluded.is_active, excluded.min_plan_cents, excluded.has_free_tier);
  end if;
  return null;
end $$;
create trigger market_listings_tools after insert or update of is_active, subscription_plans, tool_meta on market_listings
  for each row execute function market_keep_tool();
update market_listings set is_active = is_active where tool_meta is not null;    -- those that are there

create table market_subscriptions (
  id            uuid primary key default gen_random_uuid(),
  listing_id    uuid not null references market_tools,
  subscriber_id uuid not null references market_actors,
  provider_id   uuid not null references market_actors,
  payer_id      uuid not null references market_actors,    -- the subscriber, or whose budget it is
  plan_id       text not null,
  funding_type  text not null check (funding_type in ('direct', 'delegation')),
  delegation_id uuid check ((delegation_id is not null) = (funding_type = 'delegation')),
  state         text not null default 'active',
  period_id     uuid not null,                   -- the present one, of market_periods
  anchored_at   timestamptz not null default human_now(),  -- periods are counted from here,
  periods       int not null default 1,                    -- so many until now
  ends_at       timestamptz not null,            -- of the present one
  paused_at     timestamptz,
  canceled_at   timestamptz,
  created_at    timestamptz not null default human_now()
);
create unique index market_subscriptions_open on market_subscriptions (subscriber_id, listing_id)
  where state not in ('canceled', 'revoked');
create index market_subscriptions_of on market_subscriptions (subscriber_id, created_at desc, id);
create index market_subscriptions_listing on market_subscriptions (listing_id, state);
create trigger market_subscriptions_edges before insert or update of state on market_subscriptions
  for each row execute function market_follow_edges('subscription');

create table market_periods (
  id              uuid primary key default gen_random_uuid(),
  subscription_id uuid not null references market_subscriptions deferrable initially deferred,
  plan            jsonb not null,                -- as it was when the period began
  included_calls  bigint not null check (included_calls >= 0),
  overage_mrc     bigint check (overage_mrc >= 0),         -- of one call more; null: there are none
  used            bigint not null default 0 check (used between 0 and included_calls),
  overage         bigint not null default 0 check (overage >= 0),
  in_flight       int not null default 0 check (in_flight >= 0),
  starts_at       timestamptz not null,
  ends_at         timestamptz not null,
  check (overage = 0 or overage_mrc is not null)
);
create index market_periods_of on market_periods (subscription_id, starts_at desc);
alter table market_subscriptions add foreign key (period_id) references market_periods deferrable initially deferred;

create table market_tool_keys (
  hash            text primary key,              -- SHA-256; the key is shown once
  subscription_id uuid not null references market_subscriptions,
  prefix          text not null,
  state           text not null default 'active' check (state in ('active', 'rotated', 'revoked')),
  valid_until     timestamptz,                   -- of one that was rotated
  created_at      timestamptz not null default human_now(),
  unique (subscription_id, prefix)
);

create table market_tool_calls (
  id              uuid primary key default gen_random_uuid(),
  subscription_id uuid not null references market_subscriptions,
  period_id       uuid not null,
  listing_id      uuid not null,
  state           text not null default 'open',
  outcome         text check (outcome in ('ok', 'refused', 'failed', 'timeout', 'lost')),
  is_overage      boolean not null default false,
  payer_id        uuid,                          -- of a call that costs something
  price_mrc       bigint not null default 0 check (price_mrc >= 0),
  fee_mrc         bigint not null default 0 check (fee_mrc between 0 and price_mrc),
  paid_m          bigint not null default 0,     -- of each pool
  paid_w          bigint not null default 0,
  latency_ms      int,
  is_counted      boolean not null default false,          -- in market_tool_hours
  settle_by       timestamptz not null,          -- by the real clock: until then its worker lives
  started_at      timestamptz not null default human_now(),
  ended_at        timestamptz,
  check (price_mrc = paid_m + paid_w),
  check ((state = 'open') = (ended_at is null))
);
create index market_tool_calls_open on market_tool_calls (settle_by) where state = 'open';
create index market_tool_calls_uncounted on market_tool_calls (ended_at) where state <> 'open' and not is_counted;
create index market_tool_calls_old on market_tool_calls (started_at);
create index market_tool_calls_period on market_tool_calls (period_id);
create trigger market_tool_calls_edges before insert or update of state on market_tool_calls
  for each row execute function market_follow_edges('tool_call');
