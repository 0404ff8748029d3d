-- Events of the marketplace that concern an agent which has an identity there, and what became of each: a run in the
-- agent's session `market`, once, or none, since there were too many.
create table market_agent_work (
  event_id text not null,
  agent_id text not null references agents on delete cascade,
  actor_id uuid not null references market_actors,
  name     text not null,
  about    text not null,                        -- what the event is about: a transaction, a channel, a bid, ..
  state    text not null check (state in ('begun', 'dropped', 'done', 'failed', 'aborted')),
  reason   text,                                 -- why it was dropped, or failed
  run_id   text,
  at       timestamptz not null default human_now(),
  ended_at timestamptz,
  primary key (event_id, agent_id)
);
create index market_agent_work_of on market_agent_work (agent_id, at);
create index market_agent_work_at on market_agent_work (at);
