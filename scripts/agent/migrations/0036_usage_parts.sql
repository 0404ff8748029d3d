-- What the agents of a user have used in the present hour, in parts by agent, so that turns of one user that end at the
-- same time do not wait for one row.  The parts of hours that are over are added to user_usage (agent.budget).
create table user_usage_parts (
  user_id      text not null references users on delete cascade,
  hour         timestamptz not null,
  part         smallint not null,
  runs         bigint not null default 0,
  tokens       bigint not null default 0,        -- in and out
  cost_micros  bigint not null default 0,        -- of USD, where prices are known
  primary key (user_id, hour, part)
);
create index user_usage_parts_hour on user_usage_parts (hour);

create view user_usage_all as
  select user_id, hour, runs, tokens, cost_micros from user_usage
  union all select user_id, hour, runs, tokens, cost_micros from user_usage_parts;
