-- Jobs of the operator, what each of their runs came to, and the whole of what those said.
-- The clock of a job is a row of the queue (cron.due) for next_at; a run is written down before anything of it happens.
-- Who changes a job or one of its runs locks the job first; who holds a session may lock a job, and none the other way round
-- but for a run that begins, which nothing else can be at.

create table gateway_cron_jobs (
  id            bigint generated always as identity primary key,
  agent_id      text not null references agents on delete cascade,
  name          text not null check (length(name) between 1 and 200),
  kind          text not null check (kind in ('agent', 'shell')),
  body          text not null,                   -- what the agent is told, or the command
  argv          jsonb,                           -- a program with its arguments, where no shell is to read the command
  schedule      jsonb not null,                  -- {kind: at | every | cron, ..}
  expression    text not null,                   -- the same for people
  session_key   text check (length(session_key) between 1 and 200), -- null: one of its own
  model         text check (length(model) between 1 and 200),
  timeout_s     integer not null,
  missed        text not null check (missed in ('run-once', 'skip')),
  is_one_shot   boolean not null,
  is_removed_after boolean not null,             -- once it has run well
  is_enabled    boolean not null,
  delivery      jsonb not null,                  -- {mode: none | announce | webhook, ..}
  secret        text,                            -- sealed: what its webhooks are signed with
  made_by       text not null,
  next_at       timestamptz,                     -- null: none
  last_at       timestamptz,
  last_status   text,
  last_error    text,
  last_ms       bigint,
  failures      integer not null default 0,      -- since it last ran well
  created_at    timestamptz not null default human_now(),
  updated_at    timestamptz not null default human_now()
);
create index gateway_cron_jobs_agent on gateway_cron_jobs (agent_id, id);

-- queued: it may begin from start_at on; skipped: what `reason` says kept it, `times` times.
create table gateway_cron_runs (
  id              bigint generated always as identity primary key,
  job_id          bigint not null references gateway_cron_jobs on delete cascade,
  cause           text not null check (cause in ('due', 'missed', 'manual', 'retry')),
  attempt         integer not null default 1,
  state           text not null check (state in ('queued', 'running', 'completed', 'failed', 'skipped', 'interrupted',
                                                 'aborted')),
  reason          text,
  times           integer not null default 1,
  due_at          timestamptz not null,
  start_at        timestamptz not null,
  started_at      timestamptz,
  finished_at     timestamptz,
  session_id      text,                          -- of gateway_runs
  session_run     text,
  output          text,                          -- its beginning
  output_bytes    bigint,                        -- of the whole
  error           text,
  delivery        text check (delivery in ('pending', 'delivered', 'failed')),
  delivery_error  text,
  delivery_tries  integer not null default 0,    -- of a webhook
  check ((finished_at is null) = (state in ('queued', 'running')))
);
create index gateway_cron_runs_job on gateway_cron_runs (job_id, id desc);
create unique index gateway_cron_runs_open on gateway_cron_runs (job_id) where state in ('queued', 'running');
create index gateway_cron_runs_queued on gateway_cron_runs (start_at, id) where state = 'queued';
create index gateway_cron_runs_running on gateway_cron_runs (id) where state = 'running';
create index gateway_cron_runs_missed on gateway_cron_runs (start_at) where cause = 'missed';

-- The whole of outputs that are longer than what the history shows.
create table gateway_cron_outputs (
  run_id  bigint primary key references gateway_cron_runs on delete cascade,
  whole   text not null
);
