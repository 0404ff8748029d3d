-- What the model reads of a session instead of its older messages, which all stay: nothing up to a reset, and up to a
-- summary only that.
alter table gateway_sessions
  add column reset_run bigint not null default 0, -- number of the newest run when it was reset last
  add column reset_once text;                    -- the idempotency key of who reset it

-- Of each session the newest one.  It is written by who holds the session, and follows on the one before it.
create table gateway_summaries (
  session_id  text primary key references gateway_sessions on delete cascade,
  until_run   bigint not null,                   -- number of the newest run that it covers
  summary     text not null,
  by_model    boolean not null,                  -- false: the messages were only cut short
  created_at  timestamptz not null default human_now()
);
