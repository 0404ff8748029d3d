-- Benchmarks: runs of a suite against a tool, and every call that was measured.

insert into market_edges values ('benchmark', '', 'queued'), ('benchmark', 'queued', 'running'),
  ('benchmark', 'queued', 'failed'), ('benchmark', 'running', 'completed'), ('benchmark', 'running', 'failed');

create table market_benchmark_runs (
  id           uuid primary key default gen_random_uuid(),
  actor_id     uuid not null references market_actors,     -- whose tool it is
  listing_id   uuid not null references market_tools,
  asked_by     uuid not null references market_actors,
  suite_id     uuid not null,
  suite        text not null,
  plan         jsonb not null,                   -- [{input, expect | rubric | schema}], as they were
  passes       int not null check (passes > 0),
  target_ms    int not null check (target_ms > 0),
  state        text not null default 'queued',
  reason       text,                             -- why it has failed
  accuracy     double precision check (accuracy between 0 and 1),
  success_rate double precision check (success_rate between 0 and 1),
  p50_ms       int,
  p95_ms       int,
  composite    double precision check (composite between 0 and 1),
  created_at   timestamptz not null default human_now(),
  ended_at     timestamptz,
  check ((state in ('completed', 'failed')) = (ended_at is not null))
);
create unique index market_benchmark_runs_open on market_benchmark_runs (listing_id, suite_id)
  where state in ('queued', 'running');
create index market_benchmark_runs_actor on market_benchmark_runs (actor_id, created_at desc);
create index market_benchmark_runs_tool on market_benchmark_runs (listing_id, created_at desc);
create index market_benchmark_runs_old on market_benchmark_runs (created_at);
create trigger market_benchmark_runs_edges before insert or update of state on market_benchmark_runs
  for each row execute function market_follow_edges('benchmark');

create table market_benchmark_samples (
  run_id     uuid not null references market_benchmark_runs on delete cascade,
  n          int not null,                       -- the how-manieth call of the run
  outcome    text check (outcome in ('ok', 'refused', 'failed', 'timeout')),   -- null: it is made
  latency_ms int,
  score      double precision check (score between 0 and 1),
  begun_at   timestamptz not null default human_now(),
  primary key (run_id, n)
);
