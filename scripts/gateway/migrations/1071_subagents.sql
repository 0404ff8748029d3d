-- A call that waits for the run of another session, which works on a part of its own.
alter table gateway_calls drop constraint gateway_calls_status_check;
alter table gateway_calls add constraint gateway_calls_status_check check (status in ('asked', 'allowed', 'ready',
  'running', 'waiting', 'done', 'failed', 'denied', 'interrupted', 'aborted'));
drop index gateway_calls_open;
create index gateway_calls_open on gateway_calls (run_id)
  where status in ('asked', 'allowed', 'ready', 'running', 'waiting');
alter table gateway_sessions
  add column depth integer not null default 0,   -- sessions above it
  add column asked_by text;                      -- the call that waits for what is said here
create unique index gateway_sessions_asked_by on gateway_sessions (asked_by) where asked_by is not null;
