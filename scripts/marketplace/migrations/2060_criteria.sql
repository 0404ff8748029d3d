-- What a delivery is measured against is locked when its money is there, and what came of each look at it is kept.

create trigger market_transactions_criteria
  before update of input_schema, output_schema, evaluation_rubric, input_data on market_transactions
  for each row when (old.state <> 'pending_payment' and (old.input_schema, old.output_schema, old.evaluation_rubric, old.input_data)
    is distinct from (new.input_schema, new.output_schema, new.evaluation_rubric, new.input_data))
  execute function ledger_refuse('has its acceptance criteria locked');

create table market_checks (
  id                 bigint generated always as identity primary key,
  transaction_id     uuid not null references market_transactions,
  milestone_sequence smallint,
  moment             text not null check (moment in ('delivery', 'dispute')),
  passed             boolean not null,
  score              real not null check (score between 0 and 1),
  results            jsonb not null,             -- [{check, passed, message}]
  created_at         timestamptz not null default human_now()
);
create index market_checks_of on market_checks (transaction_id, id);
create trigger market_checks_stay before update or delete or truncate on market_checks
  for each statement execute function ledger_refuse('is only ever added to');
