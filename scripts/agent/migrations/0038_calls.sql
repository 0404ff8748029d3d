-- What agents have called in their turns (agent.calling): written down before it is carried out, and the same for a
-- worker that takes over the run.  step: of the run, one for each answer of the model that calls something.
create table agent_calls (
  run_id        text not null references agent_runs on delete cascade,
  step          int not null,
  n             int not null,
  agent_id      text not null,
  model_id      text not null,                   -- the model's own name of the call
  extra         text,                            -- what its server wants to see again, as JSON
  tool          text not null,
  arguments     text not null,                   -- JSON
  once          text not null check (octet_length(once) <= 100), -- the same for the same call, however often it is made
  status        text not null check (status in ('open', 'done', 'failed', 'refused', 'skipped')),
  result        text,                            -- for the model; cut where it is long
  result_bytes  int,                             -- of the whole
  called_at     timestamptz not null default now(),
  ended_at      timestamptz,
  primary key (run_id, step, n),
  check ((status = 'open') = (ended_at is null))
);
create index agent_calls_agent on agent_calls (agent_id, called_at, n);
