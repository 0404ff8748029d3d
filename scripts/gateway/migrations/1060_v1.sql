-- What a client of /v1 has given a run instead of a session's history, as JSON: {system, messages, max_tokens,
-- temperature, reasoning_effort}.
create table gateway_given (
  run_id  text primary key references gateway_runs on delete cascade,
  given   text not null
);

-- Whether the model's answer was ended by the limit of its tokens.
alter table gateway_steps add column is_cut boolean not null default false;
