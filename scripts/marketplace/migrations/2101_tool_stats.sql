-- How tools have done: sums of each hour, and what they promised and did not keep.

create table market_tool_hours (
  listing_id  uuid not null references market_tools,
  hour        timestamptz not null,
  calls       int not null default 0,            -- that the tool was asked
  ok          int not null default 0,            -- with an output
  failures    int not null default 0,            -- not answered, or wrongly; what an input deserved is none
  latency_ms  bigint not null default 0,         -- the sum of those with an output
  price_mrc   bigint not null default 0,         -- of calls beyond quotas
  fee_mrc     bigint not null default 0,
  primary key (listing_id, hour)
);

create table market_sla_breaches (
  id         bigint generated always as identity primary key,
  listing_id uuid not null references market_tools,
  severity   text not null check (severity in ('warning', 'critical')),
  type       text not null check (type in ('uptime', 'latency')),
  value      real not null,
  threshold  real not null,
  at         timestamptz not null default human_now()
);
create index market_sla_breaches_of on market_sla_breaches (listing_id, at desc);

alter table market_tools add column checked_at timestamptz;
create index market_tool_calls_latest on market_tool_calls (listing_id, ended_at desc) where outcome = 'ok';
create index market_periods_started on market_periods (starts_at);
