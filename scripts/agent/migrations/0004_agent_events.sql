-- The durable log of every agent, both directions, and the runs that wrote its actions.
-- pos orders the whole log of one agent; seq counts its actions alone, without gaps.

create table agent_runs (
  id             text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  agent_id       text not null references agents on delete cascade,
  until_pos      bigint not null,                -- answers the events up to here
  attempts       integer not null default 1,
  reason         text check (reason in ('completed', 'no-response', 'superseded', 'timer-expired',
                                        'aborted', 'budget-exceeded', 'error')),
  error_code     text,
  typing         boolean not null default false, -- set-typing{true} is out and nothing has ended it
  provider       text,
  model          text,
  input_tokens   bigint not null default 0,
  output_tokens  bigint not null default 0,
  cost_micros    bigint,                         -- null: the price of the model is not known
  started_at     timestamptz not null default now(),
  finished_at    timestamptz,
  check ((reason is null) = (finished_at is null))
);
create index agent_runs_agent on agent_runs (agent_id, started_at);
create unique index agent_runs_open on agent_runs (agent_id) where finished_at is null;

create table agent_events (
  id          text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  agent_id    text not null references agents on delete cascade,
  pos         bigint not null,
  direction   text not null check (direction in ('in', 'out')),
  seq         bigint,
  type        text not null check (type in ('agent-joined', 'new-message', 'user-joined', 'user-typing',
                                            'reaction', 'timer-expired', 'send-message', 'send-reply',
                                            'add-reaction', 'remove-reaction', 'set-typing',
                                            'agent-stopped')),
  content     jsonb not null,
  message_id  text check (length(message_id) between 1 and 200),
  run_id      text references agent_runs on delete cascade,
  created_at  timestamptz not null default now(),
  unique (agent_id, pos),
  check ((direction = 'out') = (seq is not null)),
  check ((direction = 'out') = (run_id is not null)),
  check ((type = 'new-message') = (message_id is not null))
);
create unique index agent_events_seq on agent_events (agent_id, seq) where seq is not null;
create unique index agent_events_message on agent_events (agent_id, message_id) where message_id is not null;
create index agent_events_type on agent_events (agent_id, type, pos);
create index agent_events_said on agent_events (agent_id, pos)
  where type in ('new-message', 'send-message', 'send-reply', 'reaction', 'add-reaction', 'remove-reaction');
create index agent_events_run on agent_events (run_id) where run_id is not null;

-- What was said before the window that the model still sees word by word.
create table agent_memory (
  agent_id    text primary key references agents on delete cascade,
  summary     text not null check (length(summary) <= 16000),
  until_pos   bigint not null,
  updated_at  timestamptz not null default now()
);
