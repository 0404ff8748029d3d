-- Endpoints that actors have registered, and what each is sent: one row per endpoint and event, written with the end of
-- the event's row of the outbox.

insert into market_edges values
  ('webhook', '', 'active'), ('webhook', 'active', 'disabled'), ('webhook', 'disabled', 'active'),
  ('webhook_delivery', '', 'pending'), ('webhook_delivery', '', 'failed'),
  ('webhook_delivery', 'pending', 'delivered'), ('webhook_delivery', 'pending', 'failed'),
  ('webhook_delivery', 'delivered', 'pending'), ('webhook_delivery', 'failed', 'pending');

create table market_webhooks (
  id               uuid primary key,
  actor_id         uuid not null references market_actors,
  url              text not null check (length(url) between 1 and 2048),
  events           text[] not null check (cardinality(events) between 1 and 18),  -- '*': all
  secret           text not null,                -- sealed, as the one before
  old_secret       text,
  old_secret_until timestamptz,                  -- until then both sign
  state            text not null default 'active' check (state in ('active', 'disabled')),
  reason           text check (reason in ('gone', 'failing', 'owner')),           -- why it is disabled
  sequence         bigint not null default 0,    -- of its newest delivery
  failures         int not null default 0,       -- tries since one succeeded
  failing_since    timestamptz,
  is_fast          boolean not null default false,                                -- as its last tries were
  created_at       timestamptz not null default human_now(),
  updated_at       timestamptz not null default human_now(),
  check ((state = 'disabled') = (reason is not null)),
  check ((old_secret is null) = (old_secret_until is null))
);
create index market_webhooks_of on market_webhooks (actor_id, created_at desc, id);
create trigger market_webhooks_edges before insert or update of state on market_webhooks
  for each row execute function market_follow_edges('webhook');

create table market_webhook_deliveries (
  id           uuid primary key default gen_random_uuid(),
  webhook_id   uuid not null references market_webhooks on delete cascade,
  event_id     text not null,                    -- of the outbox
  sequence     bigint not null,
  type         text not null,
  body         text not null check (octet_length(body) < 20480),
  state        text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  attempts     int not null default 0,
  status_codes int[] not null default '{}',      -- of each try; 0: there was no answer
  last_error   text,
  next_at      timestamptz,
  tried_at     timestamptz,
  ended_at     timestamptz,
  created_at   timestamptz not null default human_now(),
  unique (webhook_id, event_id),
  check ((state = 'pending') = (next_at is not null))
);
create index market_webhook_deliveries_of on market_webhook_deliveries (webhook_id, sequence desc);
create index market_webhook_deliveries_failed on market_webhook_deliveries (webhook_id, created_at)
  where state = 'failed';
create index market_webhook_deliveries_due on market_webhook_deliveries (webhook_id, next_at) where state = 'pending';
create index market_webhook_deliveries_late on market_webhook_deliveries (next_at) where state = 'pending';
create index market_webhook_deliveries_old on market_webhook_deliveries (created_at);
create trigger market_webhook_deliveries_edges before insert or update of state on market_webhook_deliveries
  for each row execute function market_follow_edges('webhook_delivery');
