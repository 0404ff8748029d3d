-- What a part of other work has earned is held until the whole is paid for (escrow account 2050), or goes back with it;
-- a part whose whole is given up ends with it.

alter table market_transactions
  add column payout_status text check (payout_status in ('held', 'released', 'returned')),  -- of a part that has earned
  add column paid_cents bigint check (paid_cents >= 0),                                     -- to its seller, in the end
  add constraint market_transactions_payout check (parent_id is not null or payout_status is null);
update market_transactions set payout_status = 'released' where parent_id is not null
  and state in ('accepted', 'split_resolved');

insert into market_edges values
  ('transaction', 'assigned', 'canceled'), ('transaction', 'delivered', 'canceled'),
  ('transaction', 'revision_requested', 'canceled'), ('transaction', 'disputed', 'canceled');
