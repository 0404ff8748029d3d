-- What agents ask for, as the gateway of their person shows it, and where it may be answered.

-- What a request is for, as rules call it; null: it is older than this column.
alter table market_approvals
  add column kind text check (kind in ('tool_request', 'budget_request', 'subcontract', 'overage')),
  add column rule_id uuid references market_approval_rules,      -- that has it asked for
  add column decided jsonb;                                      -- why it was asked for: {bundle, rule, verdict}
create index market_consents_asked on market_consents (message_id) where message_id is not null;

-- What waits for an answer, by who has asked.
create index market_messages_waiting on market_messages (sender_id, created_at, id) where response_status = 'pending';
-- All that was asked for, newest first.
create index market_messages_asked on market_messages (sender_id, created_at desc, id)
  where response_status is not null;

create table market_requests_shown (
  message_id uuid primary key references market_messages,
  channel    text,                               -- the chat that it was shown in; null: in none
  chat       text,
  is_whole   boolean not null default true,      -- all of it was shown there
  decision   text,                               -- as a client or a chat has said it; null: it was answered elsewhere
  decided_by text,
  in_chat    boolean not null default false,     -- it was answered in that chat, which knows how
  created_at timestamptz not null default human_now(),
  check ((channel is null) = (chat is null))
);
