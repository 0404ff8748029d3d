-- Titles that resemble words with typos in them, as in 2030: the first two hundred that do, in order, since words of two
-- letters that half of all titles share resemble most of them, and to compare all of these takes longer than the search.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_trgm') then
    create or replace function market_resembling(asked text, most int) returns table (id uuid, likeness real)
      language sql stable as $f$
        select l.id, word_similarity(asked, l.title) from (select l.id, l.title from market_listings l
            where l.is_active and asked <% l.title limit 200) l
          order by 2 desc, 1 limit most $f$;
  end if;
end $$;
