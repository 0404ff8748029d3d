-- Transactions that began as a message of A2A: what their client calls the conversation, and the message.

create table market_a2a_tasks (
  transaction_id uuid primary key references market_transactions,
  context_id     text not null check (char_length(context_id) between 1 and 200),
  message_id     text not null check (char_length(message_id) between 1 and 200)
);
