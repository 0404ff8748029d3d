-- Tools are asked once a minute whether they are there, and may promise a rate of errors.  Percents are doubles: 99.8 is
-- shown as 99.8.

alter table market_tool_hours
  add column probes         int not null default 0,        -- that were made of it by the platform
  add column probe_failures int not null default 0;

alter table market_tools
  alter column uptime_30d type double precision using round(uptime_30d::numeric, 2)::double precision,
  add column probe_at     timestamptz not null default human_now() + random() * interval '60 seconds',
  add column probe_misses int not null default 0;          -- in a row
create index market_tools_probes on market_tools ((probe_misses > 0), probe_at)
  where is_active and state = 'open' and subscriber_count > 0;

alter table market_sla_breaches
  alter column value type double precision using round(value::numeric, 2)::double precision,
  alter column threshold type double precision using round(threshold::numeric, 2)::double precision,
  drop constraint market_sla_breaches_type_check,
  add constraint market_sla_breaches_type_check check (type in ('uptime', 'latency', 'error_rate'));
