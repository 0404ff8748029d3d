-- Payments at a processor that is asked over a network: what it is to do is a row, written in the transaction of its cause
-- and carried out after the commit; what it says of it is an event, stored once.

alter table market_payments alter column provider_id drop not null, alter column client_secret drop not null;
alter table market_payments drop constraint market_payments_state_check;
alter table market_payments
  add constraint market_payments_state_check
    check (state in ('created', 'authorized', 'capturing', 'captured', 'canceled', 'failed')),
  add column is_claimed boolean not null default false, -- its escrow counts the money that is being captured
  add column declined_by text,                   -- the processor's name of the attempt that was declined last
  add column charge text;                        -- the processor's name of the charge
drop trigger market_payments_edges on market_payments;
create trigger market_payments_edges before update on market_payments for each row execute function market_edges(
  'created authorized', 'created canceled', 'created failed', 'authorized captured', 'authorized canceled',
  'authorized failed', 'authorized capturing', 'capturing captured', 'capturing failed');
create index market_payments_open on market_payments (created_at)
  where state in ('created', 'authorized', 'capturing') and provider <> 'test';

create table market_orders (
  key        text primary key,                   -- sent with it: what has been done is not done again
  n          bigint generated always as identity,
  subject    uuid not null,                      -- the payment, withdrawal or actor; its orders are carried out one by one
  about      uuid,                               -- the refund
  kind       text not null check (kind in
    ('create', 'confirm', 'capture', 'cancel', 'refund', 'account', 'transfer', 'payout', 'reversal')),
  facts      jsonb not null default '{}',
  request    jsonb,                              -- as it was sent first
  tries      smallint not null default 0,        -- keys that were given up: Stripe repeats a failure of its own for a day
  state      text not null default 'open' check (state in ('open', 'done', 'refused')),
  made       text,                               -- the processor's name of what came of it
  refusal    text,
  created_at timestamptz not null default human_now(),
  asked_at   timestamptz,
  ended_at   timestamptz check ((ended_at is null) = (state = 'open'))
);
create index market_orders_open on market_orders (subject, n) where state = 'open';
create index market_orders_subject on market_orders (subject, n);

create table market_stripe_actors (
  actor_id       uuid primary key references market_actors,
  customer       text unique,
  account        text unique,
  can_be_paid    boolean not null default false,
  checked_at     timestamptz
);

create table market_stripe_events (
  id           text primary key,
  type         text not null,
  object       text not null,                    -- the id of what it is about
  account      text,                             -- the connected account on which it happened
  received_at  timestamptz not null default human_now(),
  processed_at timestamptz
);
create index market_stripe_events_age on market_stripe_events (received_at);

-- Where Stripe's books and ours differ, and what waits for an operator.
create table market_stripe_findings (
  kind     text not null,
  subject  text not null,
  says     text not null,
  found_at timestamptz not null default human_now(),
  ended_at timestamptz,
  primary key (kind, subject)
);
create index market_stripe_findings_open on market_stripe_findings (found_at) where ended_at is null;
