-- An actor may be the identity of an agent of the agent API, which then trades by tools (marketplace.agent_tools).
-- When the agent is deleted, the actor stays with its books and is nobody's any more; its key still opens it.

alter table market_actors
  add column agent_id text references agents on delete set null,
  add column agent_stopped_at timestamptz;       -- since then the agent does not act
create unique index market_actors_agent on market_actors (agent_id) where agent_id is not null;
