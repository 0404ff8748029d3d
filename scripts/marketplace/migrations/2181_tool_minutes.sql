-- 2181_tool_minutes.sql -- what was asked of tools, minute by minute, for the last hour before any moment: sums by the hour
-- of the clock know little at its beginning.  And when a tool last answered the platform.
create table market_tool_minutes (
  listing_id     uuid not null references market_tools,
  minute         timestamptz not null,
  calls          int not null default 0,
  failures       int not null default 0,
  probes         int not null default 0,
  probe_failures int not null default 0,
  primary key (listing_id, minute)
);
create index market_tool_minutes_old on market_tool_minutes (minute);

alter table market_tools add column answered_at timestamptz;
