-- Every call to a language model, answered or not: what usage and cost reports add up.
create table llm_calls (
  id            text primary key,
  ref           text check (length(ref) <= 200),             -- what it was for: a run, a session
  provider      text not null,
  model         text not null,
  status        text not null check (status in ('ok', 'error', 'canceled')),
  error_code    text,
  attempts      integer not null check (attempts >= 0),
  input_tokens  bigint not null check (input_tokens >= 0),
  output_tokens bigint not null check (output_tokens >= 0),
  estimated     boolean not null,                            -- the server did not count: our estimate
  cost_micros   bigint check (cost_micros >= 0),             -- of USD; null: the price is not known
  duration_ms   bigint not null check (duration_ms >= 0),
  created_at    timestamptz not null default now()
);

create index llm_calls_created_at on llm_calls (created_at);
create index llm_calls_ref on llm_calls (ref) where ref is not null;
