-- What the agents of a user have used of language models, by the hour: what its budget is compared with.
create table user_usage (
  user_id      text not null references users on delete cascade,
  hour         timestamptz not null,
  runs         bigint not null default 0,
  tokens       bigint not null default 0,        -- in and out
  cost_micros  bigint not null default 0,        -- of USD, where prices are known
  primary key (user_id, hour)
);
