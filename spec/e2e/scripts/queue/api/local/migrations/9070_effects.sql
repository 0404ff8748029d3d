-- What the handlers of the specs of the queue have done, in the order in which it was committed.
create table effects (
  pos bigint generated always as identity primary key, what text not null, row_id text not null, key text, n int, attempt int,
  at timestamptz not null default clock_timestamp());
