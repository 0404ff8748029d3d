-- The audit trail is written without a lock, and chained a moment later: a record is a row at once, in the transaction
-- of its cause, and gets its number and its hash when it is sealed, with others, by whoever holds the chain's end.

drop table market_record_drafts;                 -- empty outside of transactions
drop function market_record_chain();
drop trigger market_records_stay on market_records;
drop trigger market_record_end_moves on market_record_end;

alter table market_records drop constraint market_records_pkey,
  add column id bigint generated always as identity primary key,
  alter column n drop not null, alter column hash drop not null, alter column at set default human_now(),
  add constraint market_records_n unique (n),
  add constraint market_records_sealed check ((n is null) = (hash is null));
create index market_records_unsealed on market_records (id) include (at) where hash is null;

-- Nothing of a record changes, but that it is sealed, once, with the hash that follows from the one before.
create function market_record_only_sealed() returns trigger language plpgsql as $$
begin
  if old.hash is null and new.hash is not null
      and (old.id, old.actor_id, old.action, old.resource_type, old.resource_id, old.facts, old.at)
        is not distinct from
          (new.id, new.actor_id, new.action, new.resource_type, new.resource_id, new.facts, new.at)
      and new.hash = market_record_hash(
        coalesce((select hash from market_records where n = new.n - 1), sha256('human marketplace records')),
        new.n, new.actor_id, new.action, new.resource_type, new.resource_id, new.facts, new.at) then
    return new;
  end if;
  raise exception 'market_records is only ever added to' using errcode = 'object_not_in_prerequisite_state';
end $$;
create trigger market_records_sealed before update on market_records
  for each row execute function market_record_only_sealed();
create trigger market_records_stay before delete or truncate on market_records
  for each statement execute function ledger_refuse('is only ever added to');

create function market_record_end_follows() returns trigger language plpgsql as $$
begin
  if new.n > old.n and exists (select from market_records where n = new.n and hash = new.hash) then return new; end if;
  raise exception 'market_record_end is moved by records alone' using errcode = 'object_not_in_prerequisite_state';
end $$;
create trigger market_record_end_moves before update on market_record_end
  for each row execute function market_record_end_follows();

-- Seals records that are committed, so many at most, in the order in which they were written.  Returns how many.
create function market_records_seal(most int) returns int language plpgsql as $$
declare
  last market_record_end;
  r market_records;
  done int := 0;
begin
  select * into strict last from market_record_end for update;
  for r in select * from market_records where hash is null order by id limit most loop
    last.n := last.n + 1;
    last.hash := market_record_hash(last.hash, last.n, r.actor_id, r.action, r.resource_type, r.resource_id, r.facts,
      r.at);
    update market_records set n = last.n, hash = last.hash where id = r.id;
    done := done + 1;
  end loop;
  if done > 0 then update market_record_end set n = last.n, hash = last.hash; end if;
  return done;
end $$;
