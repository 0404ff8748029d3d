-- What the tools of the gateway's specs have done, in the order in which it was committed.
create table tool_effects (
  pos bigint generated always as identity primary key, name text not null, call_id text not null, what text not null,
  at timestamptz not null default clock_timestamp());
