-- Words of titles, by which mistyped ones are corrected.  To compare a word with some thousands of others takes a
-- fraction of what it takes to compare a question with all titles that share three letters with it, as 2151 did; what
-- is found has all the words then, wherever they are.

drop function market_resembling(text, int);
create function market_corrected(asked text) returns tsquery language sql stable
  as $f$ select null::tsquery $f$;

do $$
begin
  if not exists (select from pg_extension where extname = 'pg_trgm') then return; end if;
  drop index market_listings_title;

  create table market_title_words (word text primary key);

  create function market_words_of(title text) returns setof text language sql immutable as $f$
    select w from unnest(tsvector_to_array(to_tsvector('simple'::regconfig, title))) w
    where length(w) between 3 and 40 and w !~ '[0-9/@]' and to_tsvector('english'::regconfig, w) <> '' $f$;

  insert into market_title_words
    select distinct w from market_listings l cross join lateral market_words_of(l.title) w;
  create index market_title_words_alike on market_title_words using gin (word gin_trgm_ops);

  -- At the end of the transaction, when nothing else is locked any more, and in one order: two that are new to a word
  -- wait for each other.
  create function market_learn_words() returns trigger language plpgsql as $f$
  begin
    insert into market_title_words select w from market_words_of(new.title) w
      where not exists (select from market_title_words t where t.word = w) order by w on conflict do nothing;
    return null;
  end $f$;
  create constraint trigger market_learn_words after insert or update of title on market_listings
    deferrable initially deferred for each row execute function market_learn_words();

  -- Null: nothing is mistyped, or nothing resembles it.  The plans are of bitmaps, since one that counts on meeting a
  -- word soon reads the whole table when all who have it are at its end.
  create or replace function market_corrected(asked text) returns tsquery language plpgsql stable
    set enable_seqscan = off set enable_indexscan = off as $f$
  declare
    said text;
    one tsquery;
    whole tsquery;
    is_changed boolean := false;
  begin
    foreach said in array (tsvector_to_array(to_tsvector('simple', asked)))[:32] loop
      continue when to_tsvector('english', said) = '';
      one := plainto_tsquery('english', said);
      if not exists (select from market_title_words t where t.word = said)
          and not exists (select from market_listings l where l.is_active and l.words @@ one) then
        select string_agg('(' || plainto_tsquery('english', alike.word)::text || ')', ' | ')::tsquery into one
          from (select t.word from market_title_words t where t.word % said
            order by similarity(t.word, said) desc, t.word limit 3) alike;
        if one is null then return null; end if;
        is_changed := true;
      end if;
      whole := coalesce(whole && one, one);
    end loop;
    return case when is_changed then whole end;
  end $f$;
end $$;
