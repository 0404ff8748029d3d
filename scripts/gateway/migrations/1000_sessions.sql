-- Sessions of the gateway, their runs, the tools that runs call, and the approvals that calls wait for.
-- A session is a child of the operator's agent: a row of agents with its own mailbox, log, runs and usage.  What is said
-- is in agent_events, what a run cost in agent_runs; here is how far a run has come.
-- Everything that writes to a session's runs locks its row of gateway_sessions first.

alter table agents
  add column parent_id text references agents on delete cascade,
  add column session_key text check (length(session_key) between 1 and 200),
  add constraint agents_session check ((parent_id is null) = (session_key is null));
create unique index agents_sessions on agents (parent_id, session_key) where parent_id is not null;

-- Whose gateway this is: made at the first need.
create table gateway_owner (
  is_only   boolean primary key default true check (is_only),
  user_id   text not null references users on delete cascade,
  agent_id  text not null references agents on delete cascade
);

create table gateway_sessions (
  id              text primary key references agents on delete cascade,
  parent_id       text not null references agents on delete cascade, -- that of its agent, to be found in order
  label           text check (length(label) between 1 and 200),
  model           text check (length(model) between 1 and 200),
  archived_at     timestamptz,
  created_at      timestamptz not null default human_now(),
  last_active_at  timestamptz not null default human_now(),
  last_message    text not null default '',      -- its beginning
  messages        bigint not null default 0,
  last_run        bigint not null default 0,     -- number of the newest run
  run_id          text                           -- the run that is at work
);

create index gateway_sessions_newest on gateway_sessions (parent_id, last_active_at desc, id desc);

-- A message and what came of it.  waiting: an earlier run is at work; thinking: the model is asked; acting: the calls of
-- a step run, or wait for approval.
create table gateway_runs (
  id               text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  session_id       text not null references gateway_sessions on delete cascade,
  n                bigint not null,              -- its place in the session
  message_id       text not null,                -- the row of agent_events that it answers
  idempotency_key  text check (length(idempotency_key) between 1 and 200),
  conn             text check (length(conn) <= 200), -- the connection that asked
  streams          boolean not null default false,   -- which wants pieces as notifications
  state            text not null default 'waiting'
                   check (state in ('waiting', 'thinking', 'acting', 'done', 'aborted', 'failed')),
  step             integer not null default 0,   -- number of the present call of the model
  error_code       text,
  created_at       timestamptz not null default human_now(),
  finished_at      timestamptz,
  unique (session_id, n),
  check ((finished_at is null) = (state in ('waiting', 'thinking', 'acting')))
);
create unique index gateway_runs_message on gateway_runs (message_id);
create unique index gateway_runs_sent on gateway_runs (session_id, idempotency_key) where idempotency_key is not null;
create unique index gateway_runs_at_work on gateway_runs (session_id) where state in ('thinking', 'acting');
create index gateway_runs_live on gateway_runs (session_id, n) where state in ('waiting', 'thinking', 'acting');
create index gateway_runs_conn on gateway_runs (conn) where conn is not null and state in ('waiting', 'thinking', 'acting');

-- What the model answered, one row for each of its answers; its text, if there was one, is a row of agent_events.
create table gateway_steps (
  run_id         text not null references gateway_runs on delete cascade,
  n              integer not null,
  event_id       text,
  input_tokens   bigint not null default 0,
  output_tokens  bigint not null default 0,
  cost_micros    bigint,                         -- null: the price is not known
  created_at     timestamptz not null default human_now(),
  primary key (run_id, n)
);

-- asked: an approval is open; allowed: it may run, but not beside what runs now; ready: it is in the queue; running: it
-- has begun, and it is not known whether it happened until it has ended.
create table gateway_calls (
  id              text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  run_id          text not null references gateway_runs on delete cascade,
  step            integer not null,
  n               integer not null,
  model_id        text not null,                 -- what the model calls it
  extra           text,                          -- JSON that the model's server wants back
  tool            text not null,
  arguments       text not null,                 -- JSON; these bytes are what is approved and what runs
  arguments_hash  text not null check (arguments_hash ~ '^[0-9a-f]{64}$'),
  is_parallel     boolean not null,
  status          text not null check (status in ('asked', 'allowed', 'ready', 'running', 'done', 'failed', 'denied',
                                                  'interrupted', 'aborted')),
  result          text,                          -- what the model reads
  result_bytes    bigint,                        -- of the whole
  started_at      timestamptz,
  finished_at     timestamptz,
  unique (run_id, step, n)
);
create index gateway_calls_open on gateway_calls (run_id) where status in ('asked', 'allowed', 'ready', 'running');

-- The whole of results that were too long for the model.
create table gateway_results (
  call_id  text primary key references gateway_calls on delete cascade,
  whole    text not null
);

create table gateway_approvals (
  id              text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  session_id      text not null references gateway_sessions on delete cascade,
  run_id          text not null references gateway_runs on delete cascade,
  call_id         text not null unique references gateway_calls on delete cascade,
  arguments_hash  text not null,                 -- what was shown to who decides
  risk            text not null,
  reason          text not null,
  allows_always   boolean not null,
  created_at      timestamptz not null default human_now(),
  expires_at      timestamptz not null,
  decision        text check (decision in ('allow-once', 'allow-always', 'deny', 'expired', 'void')),
  decided_by      text,
  decided_at      timestamptz,
  check ((decision is null) = (decided_at is null))
);
create index gateway_approvals_open on gateway_approvals (created_at) where decision is null;
create index gateway_approvals_session on gateway_approvals (session_id);
create index gateway_approvals_run on gateway_approvals (run_id);

-- What has been allowed for good: a tool, or a tool with one value of the argument that matters (a program with all
-- its arguments).
create table gateway_always (
  agent_id    text not null references agents on delete cascade,
  tool        text not null,
  subject     text not null default '',
  decided_by  text,
  created_at  timestamptz not null default human_now(),
  primary key (agent_id, tool, subject)
);

-- What the agent was asked to remember (tools memory_store and memory_recall).
create table gateway_memory (
  agent_id    text not null references agents on delete cascade,
  name        text not null check (length(name) between 1 and 200),
  text        text not null check (length(text) <= 4000),
  updated_at  timestamptz not null default human_now(),
  primary key (agent_id, name)
);
