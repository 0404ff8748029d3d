-- What a look at one page or one event may walk along, however long the log is.

-- The log of one direction, and which action came last before an event.
create index agent_events_direction on agent_events (agent_id, direction, pos);

-- How the agent's own reactions to a message stand.
create index agent_events_own_reactions on agent_events (agent_id, (content->>'messageId'), pos)
  where type in ('add-reaction', 'remove-reaction');

-- What one agent has used of language models, by the hour, as user_usage has it of a user: what its own budget is
-- compared with.
create table agent_usage (
  agent_id     text not null references agents on delete cascade,
  hour         timestamptz not null,
  runs         bigint not null default 0,
  tokens       bigint not null default 0,        -- in and out
  cost_micros  bigint not null default 0,        -- of USD, where prices are known
  primary key (agent_id, hour)
);
create index agent_usage_hour on agent_usage (hour);
create index user_usage_hour on user_usage (hour);

insert into agent_usage (agent_id, hour, runs, tokens, cost_micros)
select agent_id, date_trunc('hour', started_at), count(*) filter (where provider is not null),
  sum(input_tokens + output_tokens), coalesce(sum(cost_micros), 0)
from agent_runs where started_at > now() - interval '24 hours' group by 1, 2;
