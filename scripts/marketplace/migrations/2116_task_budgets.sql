-- Tools for a task: its seller subscribes to them with credits of its own, for no more than the task's price.

create table market_task_budgets (
  transaction_id uuid primary key references market_transactions,
  total_mrc      bigint not null check (total_mrc > 0),
  spent_mrc      bigint not null check (spent_mrc between 0 and total_mrc),
  created_at     timestamptz not null default human_now()
);

alter table market_subscriptions add column transaction_id uuid references market_transactions,
  drop constraint market_subscriptions_funding_type_check,
  add constraint market_subscriptions_funding_type_check
    check (funding_type in ('direct', 'delegation', 'task_budget')),
  add constraint market_subscriptions_task check ((transaction_id is not null) = (funding_type = 'task_budget'));
create index market_subscriptions_task_of on market_subscriptions (transaction_id) where transaction_id is not null;
