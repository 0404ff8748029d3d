-- Purchases that people have approved are made with their answer, and given to the agent when it asks again.

alter table market_approvals drop constraint market_approvals_carries_check;
alter table market_approvals
  add constraint market_approvals_carries_check check (carries in ('subscription', 'overage', 'purchase'));
create index market_approvals_unclaimed on market_approvals (agent_id, listing_id, created_at)
  where made_id is not null and claimed_at is null;
