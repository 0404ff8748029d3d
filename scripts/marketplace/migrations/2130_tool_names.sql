-- What a tool is called over MCP: humai__ and its title in small letters, without "API" at its end.  A name is given
-- once, when the tool is made, and stays; where several tools would have one, later ones get a number.

create table market_tool_names (
  listing_id uuid primary key references market_tools on delete cascade,
  name       text collate "C" not null unique check (name ~ '^humai__[a-z0-9_]{1,57}$')
);

create function market_tool_slug(title text, id uuid) returns text language sql immutable as $$
  select case when slug = '' then 'tool_' || left(id::text, 8) else slug end
  from (select trim(both '_' from left(regexp_replace(regexp_replace(lower(title), '\s+api\s*$', ''),
    '[^a-z0-9]+', '_', 'g'), 48)) as slug) made
$$;

create function market_name_tool(id uuid) returns void language plpgsql as $$
declare
  slug text;
  n    int := 1;
begin
  select market_tool_slug(l.title, l.id) into slug from market_listings l where l.id = market_name_tool.id;
  loop
    insert into market_tool_names (listing_id, name)
      values (market_name_tool.id, 'humai__' || slug || case when n = 1 then '' else '_' || n end)
      on conflict (name) do nothing;
    exit when found;
    n := n + 1;
    if n > 9 then slug := slug || '_' || left(id::text, 6); n := 1; end if;     -- enough of the same
  end loop;
end $$;

create function market_name_new_tool() returns trigger language plpgsql as $$
begin
  perform market_name_tool(new.listing_id);
  return null;
end $$;

create trigger market_tools_named after insert on market_tools
  for each row execute function market_name_new_tool();

select market_name_tool(listing_id) from (select t.listing_id from market_tools t join market_listings l
  on l.id = t.listing_id order by l.created_at, l.id) tools;
