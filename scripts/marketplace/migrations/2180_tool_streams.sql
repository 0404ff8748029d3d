-- 2180_tool_streams.sql -- calls whose answer is passed on as it comes: when it began; and calls that their caller has
-- ended.
alter table market_tool_calls
  add column first_ms int,                       -- until the first event of an answer that was streamed
  drop constraint market_tool_calls_outcome_check,
  add constraint market_tool_calls_outcome_check
    check (outcome in ('ok', 'refused', 'failed', 'timeout', 'lost', 'canceled'));
