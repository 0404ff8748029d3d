-- What people have agents' requests answered by, and what let an agent spend.

create table market_approval_rules (
  id                 uuid primary key default gen_random_uuid(),
  created_by         uuid not null references market_actors,     -- a person; the rule is for the agents of its owner
  rule_type          text not null check (rule_type in ('tool_request', 'budget_request', 'subcontract', 'overage')),
  action_type        text not null check (action_type in ('auto_approve', 'auto_deny', 'escalate')),
  max_amount_cents   bigint check (max_amount_cents > 0),
  allowed_categories text[],
  providers          uuid[],
  min_tier           smallint check (min_tier between 0 and 2),
  from_minute        smallint check (from_minute between 0 and 1439),            -- of the day, UTC
  to_minute          smallint check (to_minute between 0 and 1439),
  notify             boolean not null default false,
  priority           smallint not null default 100 check (priority between 0 and 1000),
  created_at         timestamptz not null default human_now(),
  updated_at         timestamptz not null default human_now(),
  deleted_at         timestamptz,                                -- kept for who asks why something was bought
  check ((from_minute is null) = (to_minute is null))
);
create index market_approval_rules_of on market_approval_rules (created_by, rule_type, priority) where deleted_at is null;

-- Why an agent could spend without being asked, or who has agreed.  cause: that of the debit, if there is one.
create table market_consents (
  id           bigint generated always as identity primary key,
  agent_id     uuid not null references market_actors,
  kind         text not null,
  listing_id   uuid not null references market_listings,
  amount_cents bigint not null,
  cause        text check (length(cause) <= 200),
  reason       text not null,
  rule_id      uuid references market_approval_rules,
  message_id   uuid references market_messages,                  -- the request that was approved
  decided      jsonb,                                            -- {bundle, rule, verdict}
  at           timestamptz not null default human_now()
);
create unique index market_consents_cause on market_consents (cause, agent_id) where cause is not null;
create trigger market_consents_stay before update or delete or truncate on market_consents
  for each statement execute function ledger_refuse('is only ever added to');

alter table market_approvals drop constraint market_approvals_reason_check,
  add constraint market_approvals_reason_check
    check (reason in ('observed', 'first_purchase', 'daily_cap', 'rule', 'asked'));
alter table market_messages drop constraint market_messages_message_type_check,
  drop constraint market_messages_response_status_check,
  add constraint market_messages_message_type_check check (message_type in
    ('text', 'approval_request', 'tool_request', 'budget_request', 'status_update')),
  add constraint market_messages_response_status_check check (response_status in
    ('pending', 'approved', 'denied', 'countered', 'escalated', 'expired', 'auto_approved', 'auto_denied'));

-- A debit by the id that /credits-history shows.
create index credit_debits_shown on credit_debits ((md5('debit' || id::text)::uuid));
