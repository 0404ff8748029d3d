-- Events that were missed: how far the list of ours (''), and that of each connected account, has been read.

create table market_stripe_walks (
  account   text primary key,
  since_s   bigint not null default 0,           -- by Stripe's clock: what was before is known
  newest_s  bigint,                              -- of the walk that is under way: where the next one begins
  after     text,                                -- the event after which it goes on
  walked_at timestamptz not null default 'epoch'
);
create index market_stripe_walks_oldest on market_stripe_walks (walked_at) where account <> '';
insert into market_stripe_walks (account) values ('');
insert into market_stripe_walks (account) select account from market_stripe_actors where account is not null;
