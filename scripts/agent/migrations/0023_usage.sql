-- What has been used of language models, by the hour: through one key, and by everybody together (in
-- eight parts, by user, so that runs that end at the same time do not wait for one row).
create table usage_hours (
  kind         text not null check (kind in ('key', 'house')),
  subject      text not null,                    -- a key, a part of the house; it may be gone
  hour         timestamptz not null,
  runs         bigint not null default 0,
  tokens       bigint not null default 0,        -- in and out
  cost_micros  bigint not null default 0,        -- of USD, where prices are known
  primary key (kind, subject, hour)
);
create index usage_hours_hour on usage_hours (hour);

insert into usage_hours (kind, subject, hour, tokens, cost_micros)
  select 'house', (hashtext(user_id) & 7)::text, hour, sum(tokens), sum(cost_micros)
  from user_usage where hour > now() - interval '25 hours' group by 2, 3;

-- The key through which somebody spoke last: who pays for the run about it.
alter table agent_mailboxes add column key_id text;
