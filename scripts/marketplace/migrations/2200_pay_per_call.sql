-- 2200_pay_per_call.sql -- calls of tools that are paid one by one, by who has not subscribed.  All of them by one actor (and
-- out of one budget) are on a tab: a subscription that nobody is shown, with a quota of nothing, so that they obey what calls
-- beyond a quota do.  And the payments, each of which is good for one call.

insert into market_edges values ('subscription', '', 'per_call'), ('subscription', 'per_call', 'revoked');

drop index market_subscriptions_open;
create unique index market_subscriptions_open on market_subscriptions (subscriber_id, listing_id)
  where state not in ('canceled', 'revoked', 'per_call');
create unique index market_subscriptions_tab on market_subscriptions
  (subscriber_id, listing_id, coalesce(delegation_id, '00000000-0000-0000-0000-000000000000')) where state = 'per_call';

create table market_call_payments (
  id         text primary key,                   -- of the challenge that it answers
  call_id    uuid not null unique references market_tool_calls on delete cascade,
  payer_id   uuid not null references market_actors,       -- whose key it came with
  protocol   text not null check (protocol in ('x402', 'mpp')),
  amount_mrc bigint not null check (amount_mrc > 0),
  answer     text,                               -- what the tool has said, and how the call went; for who asks again
  created_at timestamptz not null default human_now()
);
create index market_call_payments_old on market_call_payments (created_at);

-- What challenges are sealed with, on all hosts: two random UUIDs have 244 bits.
create table market_call_secret (
  is_only boolean primary key default true check (is_only),
  secret  text not null
);
insert into market_call_secret (secret) values (gen_random_uuid()::text || gen_random_uuid()::text);
