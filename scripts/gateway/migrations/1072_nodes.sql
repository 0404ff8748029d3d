-- The hosts of this database, each by what it says of itself every few seconds.  By the server's own clock.
create table gateway_nodes (
  id        text primary key check (length(id) between 1 and 64),
  about     jsonb not null,
  seen_at   timestamptz not null
);
