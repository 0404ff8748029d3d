-- Files that the agent sends to who talks with it over the control protocol, as they were when it sent them.  They
-- stand in the history beside the step that sent them, and go with their run and their session.
create table gateway_files (
  id          text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  session_id  text not null references gateway_sessions on delete cascade,
  run_id      text not null references gateway_runs on delete cascade,
  step        integer not null,
  call_id     text not null unique,              -- the call of file_send, which may be another session's
  name        text not null,
  type        text not null,
  said        text not null,                     -- what stands beside it
  bytes       integer not null,
  data        bytea not null check (octet_length(data) = bytes),
  created_at  timestamptz not null default human_now()
);
create index gateway_files_session on gateway_files (session_id);
create index gateway_files_run on gateway_files (run_id, step);
