-- Agents, and for each agent one mailbox row: the row that is locked whenever its log grows.
-- The mailbox says how far the log goes, how far it has been processed, who holds the agent's turn and
-- until when, and what its chat looks like now.

create table agent_types (
  id           text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  name         text not null unique check (length(name) between 1 and 100),
  description  text not null default '' check (length(description) <= 2000),
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now()
);

create table agents (
  id                text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  user_id           text not null references users on delete cascade,
  agent_type_id     text not null references agent_types,
  personality_id    text references personalities on delete set null,
  system_prompt_id  text references system_prompts on delete set null,
  name              text not null check (length(name) between 1 and 200),
  description       text not null default '' check (length(description) <= 2000),
  status            text not null default 'active' check (status in ('active', 'paused')),
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now()
);
create index agents_user on agents (user_id, id);
create index agents_type on agents (agent_type_id);
create index agents_personality on agents (personality_id);
create index agents_system_prompt on agents (system_prompt_id);

create table agent_mailboxes (
  agent_id       text primary key references agents on delete cascade,
  last_pos       bigint not null default 0,      -- position of the newest row of the log
  last_in_pos    bigint not null default 0,      -- the newest event from the platform
  last_said_pos  bigint not null default 0,      -- the newest event that may interrupt a run
  processed_pos  bigint not null default 0,      -- events up to here have had their turn
  last_seq       bigint not null default 0,      -- the newest action; gapless
  last_event_at  timestamptz,
  lease_owner    text,
  lease_until    timestamptz,
  due_at         timestamptz,                    -- a wait that was decided: no turn before this
  waiting_since  timestamptz,                    -- when that wait was first decided
  superseded     integer not null default 0,     -- runs in a row that newer messages cut short
  chat_code      text check (length(chat_code) <= 200),
  expired_at     timestamptz,                    -- the platform's time limit; a new agent-joined clears it
  events_in      bigint not null default 0,
  runs           bigint not null default 0,
  input_tokens   bigint not null default 0,
  output_tokens  bigint not null default 0,
  cost_micros    bigint not null default 0,
  check (processed_pos <= last_pos and last_in_pos <= last_pos and last_said_pos <= last_in_pos),
  check ((lease_owner is null) = (lease_until is null))
);
create index agent_mailboxes_waiting on agent_mailboxes (last_event_at) where last_in_pos > processed_pos;

create table agent_participants (
  agent_id        text not null references agents on delete cascade,
  participant_id  text not null check (length(participant_id) between 1 and 200),
  nickname        text not null check (length(nickname) between 1 and 200),
  is_agent        boolean not null default false,
  typing_at       timestamptz,                   -- started typing and has not posted since
  seen_at         timestamptz not null default now(),
  primary key (agent_id, participant_id)
);
create index agent_participants_seen on agent_participants (agent_id, seen_at desc);
