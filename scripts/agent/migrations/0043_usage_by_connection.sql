-- What the agents of a user have used in the present hour, in parts by the connection that counted it: a connection
-- commits one transaction at a time, so none waits for a row that another one holds while that waits for the disk.
-- A row says through which key as well, so that a turn counts for both in one row.  The parts of hours that are over
-- are added to user_usage and usage_hours (agent.budget).  Hosts of an earlier version write user_usage_parts.
create table usage_parts (
  user_id      text not null references users on delete cascade,
  hour         timestamptz not null,
  part         smallint not null,
  key_id       text not null default '',         -- '': through none
  runs         bigint not null default 0,
  tokens       bigint not null default 0,        -- in and out
  cost_micros  bigint not null default 0,        -- of USD, where prices are known
  primary key (user_id, hour, part, key_id)
) with (fillfactor = 50);
create index usage_parts_hour on usage_parts (hour);

create or replace view user_usage_all as
  select user_id, hour, runs, tokens, cost_micros from user_usage
  union all select user_id, hour, runs, tokens, cost_micros from user_usage_parts
  union all select user_id, hour, runs, tokens, cost_micros from usage_parts;
