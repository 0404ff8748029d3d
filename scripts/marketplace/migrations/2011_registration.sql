-- What registration needs besides the tables of 2010: tags as they are searched for, portfolios, and the audit trail.

-- "data:extraction" is also found by "data:*".
create function market_tag_index(tags text[]) returns text[] language sql immutable parallel safe as $$
  select coalesce(array_agg(distinct t), '{}')
  from unnest(tags || array(select split_part(tag, ':', 1) || ':*' from unnest(tags) tag where position(':' in tag) > 0)) t
$$;
alter table market_actors add column tag_index text[] generated always as (market_tag_index(capability_tags)) stored;
drop index market_actors_tags;
create index market_actors_tag_index on market_actors using gin (tag_index)
  where state = 'active' and type = 'delegated_agent';
create index market_actors_admins on market_actors (id) where role = 'admin';

create table market_portfolio (
  id            uuid primary key default gen_random_uuid(),
  actor_id      uuid not null references market_actors,
  title         text not null check (length(title) between 1 and 200),
  description   text not null default '',
  listing_type  text,
  sample_output jsonb,
  created_at    timestamptz not null default human_now(),
  updated_at    timestamptz not null default human_now()
);
create index market_portfolio_of on market_portfolio (actor_id, created_at desc, id);

-- The audit trail.  A record is drafted in the transaction of its cause and chained when that commits: the lock on the
-- chain's end is the last that any transaction takes, so nobody waits for another in a circle, and numbers have no
-- gaps and are in the order of the commits.
create table market_record_drafts (
  id            bigint generated always as identity primary key,
  actor_id      uuid,                            -- null: the operator, or the platform itself
  action        text not null,
  resource_type text not null,
  resource_id   text not null,
  facts         jsonb not null,
  at            timestamptz not null default human_now()
);

create table market_records (
  n             bigint primary key,
  actor_id      uuid,
  action        text not null,
  resource_type text not null,
  resource_id   text not null,
  facts         jsonb not null,
  at            timestamptz not null,
  hash          bytea not null                   -- SHA-256 of the hash before and of this row
);
create index market_records_type on market_records (resource_type, n);
create index market_records_action on market_records (action, n);
create index market_records_both on market_records (resource_type, action, n);

-- Where the chain ends, so that records cannot be cut off behind it.
create table market_record_end (
  id   boolean primary key default true check (id),
  n    bigint not null,
  hash bytea not null
);
insert into market_record_end (n, hash) values (0, sha256('human marketplace records'));

create function market_record_hash(before bytea, n bigint, actor_id uuid, action text, resource_type text,
    resource_id text, facts jsonb, at timestamptz) returns bytea language sql stable parallel safe as $$
  select sha256(before || convert_to(jsonb_build_array(n, actor_id, action, resource_type, resource_id, facts,
    extract(epoch from at)::text)::text, 'UTF8'))
$$;

create function market_record_chain() returns trigger language plpgsql as $$
declare
  last market_record_end;
  fresh bytea;
begin
  select * into strict last from market_record_end for update;
  fresh := market_record_hash(last.hash, last.n + 1, new.actor_id, new.action, new.resource_type, new.resource_id,
    new.facts, new.at);
  insert into market_records values (last.n + 1, new.actor_id, new.action, new.resource_type, new.resource_id,
    new.facts, new.at, fresh);
  update market_record_end set n = last.n + 1, hash = fresh;
  delete from market_record_drafts where id = new.id;
  return null;
end $$;
create constraint trigger market_record_chain after insert on market_record_drafts
  deferrable initially deferred for each row execute function market_record_chain();

create trigger market_records_stay before update or delete or truncate on market_records
  for each statement execute function ledger_refuse('is only ever added to');
create trigger market_record_end_stays before delete or truncate on market_record_end
  for each statement execute function ledger_refuse('is only ever added to');
create trigger market_record_end_moves before update on market_record_end
  for each row when (pg_trigger_depth() = 0) execute function ledger_refuse('is moved by records alone');
