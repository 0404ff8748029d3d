-- What a data product is: it is delivered as soon as it is paid for.  Apart from its listing, which anybody may read.

create table market_products (
  listing_id  uuid primary key references market_listings,
  output_data jsonb not null,
  updated_at  timestamptz not null default human_now()
);
