-- What a step of a run has sent to the model, as it was sent: for who asks why an answer is as it is.  It goes with its
-- run, or when it is as old as decisions are kept.
create table gateway_prompts (
  run_id      text not null references gateway_runs on delete cascade,
  step        integer not null,
  system      text not null,
  messages    text not null,                     -- JSON; pictures by their size
  tools       text not null,                     -- JSON: their names
  bytes       bigint not null,                   -- of the whole
  is_whole    boolean not null,                  -- false: the messages were too long to be kept
  created_at  timestamptz not null default human_now(),
  primary key (run_id, step)
);
create index gateway_prompts_old on gateway_prompts (created_at);

-- Agents, newest first, without the sessions of the gateway; and those that have a budget of their own.
create index agents_top on agents (id) where parent_id is null;
create index agents_budgets on agents (id) where settings ?| array['tokens_per_day', 'cost_per_day_micros'];
