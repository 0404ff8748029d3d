-- Pipelines: templates of steps that depend on each other, and their runs.  A version of a template never changes, and
-- a run keeps the one that it began with.  The call of a step is a row of market_tool_calls before it is made;
-- call_id is the one of which it is not known yet how it ended.

insert into market_edges values
  ('pipeline', '', 'queued'), ('pipeline', 'queued', 'running'), ('pipeline', 'queued', 'canceled'),
  ('pipeline', 'running', 'completed'), ('pipeline', 'running', 'failed'), ('pipeline', 'running', 'canceled'),
  ('pipeline_step', '', 'blocked'), ('pipeline_step', 'blocked', 'ready'), ('pipeline_step', 'blocked', 'skipped'),
  ('pipeline_step', 'blocked', 'canceled'), ('pipeline_step', 'ready', 'in_progress'),
  ('pipeline_step', 'ready', 'skipped'), ('pipeline_step', 'ready', 'canceled'),
  ('pipeline_step', 'in_progress', 'completed'), ('pipeline_step', 'in_progress', 'failed'),
  ('pipeline_step', 'in_progress', 'canceled');

create table market_pipelines (
  id         uuid primary key default gen_random_uuid(),
  actor_id   uuid not null references market_actors,
  name       text not null check (length(name) between 1 and 100),
  version    int not null default 1 check (version > 0),         -- the newest
  created_at timestamptz not null default human_now(),
  updated_at timestamptz not null default human_now(),
  deleted_at timestamptz                                         -- its runs can still be seen
);
create index market_pipelines_of on market_pipelines (actor_id, created_at desc, id) where deleted_at is null;

create table market_pipeline_versions (
  template_id uuid not null references market_pipelines,
  version     int not null,
  steps       jsonb not null,
  created_at  timestamptz not null default human_now(),
  primary key (template_id, version)
);
create trigger market_pipeline_versions_stay before update or delete or truncate on market_pipeline_versions
  for each statement execute function ledger_refuse('is only ever added to');

create table market_pipeline_runs (
  id           uuid primary key default gen_random_uuid(),
  template_id  uuid not null,
  version      int not null,
  actor_id     uuid not null references market_actors,
  state        text not null default 'queued',
  input        text,                             -- JSON; null: forgotten
  budget_mrc   bigint check (budget_mrc >= 0),   -- null: what the actor has
  reserved_mrc bigint not null default 0 check (reserved_mrc >= 0),  -- of calls that are under way
  spent_mrc    bigint not null default 0 check (spent_mrc >= 0),
  error_code   text,
  error        text,
  failed_step  text,
  created_at   timestamptz not null default human_now(),
  started_at   timestamptz,
  ended_at     timestamptz,
  foreign key (template_id, version) references market_pipeline_versions,
  check (spent_mrc + reserved_mrc <= budget_mrc),
  check ((state in ('completed', 'failed', 'canceled')) = (ended_at is not null))
);
create index market_pipeline_runs_of on market_pipeline_runs (template_id, created_at desc, id desc);
create index market_pipeline_runs_open on market_pipeline_runs (actor_id, created_at, id)
  where state in ('queued', 'running');
create index market_pipeline_runs_kept on market_pipeline_runs (ended_at) where input is not null;
create trigger market_pipeline_runs_edges before insert or update of state on market_pipeline_runs
  for each row execute function market_follow_edges('pipeline');

create table market_pipeline_steps (
  id           uuid primary key default gen_random_uuid(),
  run_id       uuid not null references market_pipeline_runs,
  position     int not null check (position between 1 and 50),
  name         text not null,
  depends_on   text[] not null,
  config       jsonb not null,
  state        text not null default 'blocked',
  tries        int not null default 0,
  call_id      uuid,                             -- of market_tool_calls
  task_id      uuid references market_transactions,
  price_mrc    bigint not null default 0,        -- of that call, or of the task
  output       text,                             -- JSON, as the tool wrote it; null: none, or forgotten
  output_bytes int,
  error_code   text,
  error        text,
  started_at   timestamptz,
  ended_at     timestamptz,
  unique (run_id, position),
  unique (run_id, name),
  check (price_mrc = 0 or call_id is not null or task_id is not null)
);
create index market_pipeline_steps_task on market_pipeline_steps (task_id) where task_id is not null;
create index market_pipeline_steps_kept on market_pipeline_steps (ended_at) where output is not null;
create trigger market_pipeline_steps_edges before insert or update of state on market_pipeline_steps
  for each row execute function market_follow_edges('pipeline_step');
