-- A call of a language model is written down before it is made: whoever takes up the work of a worker that was
-- killed finds what that one has spent.  (All rows there are satisfy the narrower check of before.)
alter table llm_calls drop constraint llm_calls_status_check;
alter table llm_calls add constraint llm_calls_status_check
  check (status in ('open', 'ok', 'error', 'canceled')) not valid;
