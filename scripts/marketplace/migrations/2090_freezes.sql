-- When payouts were stopped, and why; and the last time that what must be true of the books was looked at.

create table market_freezes (
  id          bigint generated always as identity primary key,
  reason      text not null,
  frozen_at   timestamptz not null default human_now(),
  lifted_at   timestamptz,
  lift_reason text,
  check ((lifted_at is null) = (lift_reason is null))
);
create unique index market_freezes_one on market_freezes ((true)) where lifted_at is null;

create table market_audits (
  id         boolean primary key default true check (id),
  found      jsonb not null default '{}',                      -- {check: how many findings}
  took_ms    bigint not null default 0,
  ended_at   timestamptz not null
);
