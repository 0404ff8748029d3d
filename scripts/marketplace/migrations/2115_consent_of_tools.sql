-- Consent and caps for tools: what an agent asks for is carried out once it is approved; and what it has spent in a day.

alter table market_approvals
  add column carries text check (carries in ('subscription', 'overage')),
  add column asks_for jsonb,                     -- what is carried out
  add column outcome text,                       -- 'done', or the code of why it was not
  add column made_id uuid,                       -- the subscription that it has made,
  add column claimed_at timestamptz,             -- whose first key the agent has got
  add check ((carries is null) = (asks_for is null));
create index market_approvals_made on market_approvals (made_id) where made_id is not null and claimed_at is null;

-- What calls beyond the quota may cost in a period: what rules have let pass, or people have approved, so far.
alter table market_periods
  add column overage_allowed_mrc bigint not null default 0 check (overage_allowed_mrc >= 0),
  add column allowed_by text;                    -- the cause under which the last of it is noted in market_consents
update market_periods set overage_allowed_mrc = overage * coalesce(overage_mrc, 0);
alter table market_tool_calls add column allowed_by text;

-- What an actor has spent on tools in a day (UTC), or may spend without being asked again.
create table market_tool_days (
  actor_id  uuid not null references market_actors,
  day       date not null,
  spent_mrc bigint not null check (spent_mrc >= 0),
  primary key (actor_id, day)
);
