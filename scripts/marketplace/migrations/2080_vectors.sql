-- What listings and agents mean, as a sentence encoder says (human.embed): 512 numbers from -127 to 127, a byte each.
-- Each host has its own copy of these in memory, and reads what has changed: written_in is the transaction of the last
-- change, so that whoever has read all that was committed before a snapshot's xmin goes on from there, and misses none.

create table market_vectors (
  id         uuid primary key,                   -- of a listing or an actor
  kind       int not null,                       -- a bit, scripts/marketplace/semantic.lua; 0: it is not to be found
  model      text not null,                      -- of the weights that made it
  vector     bytea check (octet_length(vector) = 512),
  written_in xid8 not null default pg_current_xact_id(),
  check (kind = 0 or vector is not null)
);
create index market_vectors_written on market_vectors (written_in, id);

-- Where the server has pgvector, it searches; the functions below are what the scripts call, with it and without it.
do $$
begin
  create extension if not exists vector;
  alter table market_vectors add column near vector(512);
  create index market_vectors_near on market_vectors using hnsw (near vector_cosine_ops) where kind > 0;
  create function market_set_near(of uuid, numbers text) returns void language sql as $f$
    update market_vectors set near = numbers::vector where id = of $f$;
  create function market_near(by text, numbers text, kinds int, most int) returns table (id uuid, score real)
    language sql stable set hnsw.ef_search = 200 as $f$
      select v.id, (1 - (v.near <=> numbers::vector))::real from market_vectors v
        where v.kind > 0 and v.kind & kinds <> 0 and v.model = by
        order by v.near <=> numbers::vector limit most $f$;
  create function market_has_pgvector() returns boolean language sql immutable as 'select true';
exception when insufficient_privilege or undefined_file or feature_not_supported or undefined_object
    or undefined_function or invalid_parameter_value then
  create function market_set_near(of uuid, numbers text) returns void language sql as 'select';
  create function market_near(by text, numbers text, kinds int, most int) returns table (id uuid, score real)
    language sql stable as $f$ select null::uuid, null::real where false $f$;
  create function market_has_pgvector() returns boolean language sql immutable as 'select false';
end $$;
