-- Tools that were imported from OpenAPI documents, and whoever shows that the address is his.

insert into market_edges values ('catalog', '', 'unclaimed'), ('catalog', 'unclaimed', 'claimed');

create table market_catalog (
  listing_id   uuid primary key references market_listings,
  actor_id     uuid not null references market_actors,     -- who has imported it; then, who has claimed it
  source       text not null,                    -- where its document is, or whose it is where it was sent
  operation_id text not null,
  origin       text not null,                    -- scheme and authority of its address, when it was imported
  state        text not null default 'unclaimed',
  imported_at  timestamptz not null default human_now(),
  claimed_at   timestamptz,
  check ((state = 'claimed') = (claimed_at is not null)),
  unique (source, operation_id)
);
create index market_catalog_unclaimed on market_catalog (imported_at desc, listing_id) where state = 'unclaimed';
create index market_catalog_of on market_catalog (actor_id) where state = 'unclaimed';
create trigger market_catalog_edges before insert or update of state on market_catalog
  for each row execute function market_follow_edges('catalog');

-- What an actor is to show at the address of a tool.
create table market_catalog_claims (
  listing_id uuid not null references market_catalog,
  actor_id   uuid not null references market_actors,
  token      text not null,
  expires_at timestamptz not null,
  primary key (listing_id, actor_id)
);
