-- Old runs are deleted (gateway.old_runs): of sessions that have many, and of jobs when they are old.
create index gateway_sessions_long on gateway_sessions (last_run);
create index gateway_runs_jobs on gateway_runs (finished_at) where cause like 'cron:%';

-- After a model has not made a summary, the next try waits for the run of this number, and longer each time.
alter table gateway_sessions
  add column summary_after bigint not null default 0,
  add column summaries_refused integer not null default 0;
