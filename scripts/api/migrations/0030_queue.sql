-- Work that is to be done later, once, by any worker of any host (human.queue), and events for those who follow
-- them (human.outbox): an event is one row for each consumer, and kinds of theirs begin with "outbox ".
-- A row with an owner runs until its lease ends.  One with dead_at has failed for good and waits for an operator.
-- due_at, order_at, added_at and dead_at are of human_now(), which a test clock moves; leases are of now().

create table host_queue (
  kind         text not null check (length(kind) between 1 and 300),
  id           text not null,
  seq          bigint generated always as identity,
  key          text check (length(key) between 1 and 500),
  payload      json not null,
  due_at       timestamptz not null,             -- of the next try
  order_at     timestamptz not null,             -- the place among those with its key
  attempts     integer not null default 0,       -- that have begun
  lapses       integer not null default 0,       -- that ended with their worker
  is_unique    boolean not null default false,   -- no other one of its kind and key beside it, before it has begun
  is_parked    boolean not null default false,   -- due, but another one with its key comes first
  owner        text,
  lease_until  timestamptz,
  added_at     timestamptz not null default human_now(),
  last_error   text,
  dead_at      timestamptz,
  primary key (kind, id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);

create index host_queue_due on host_queue (kind, due_at, seq) where owner is null and dead_at is null and not is_parked;
create index host_queue_order on host_queue (kind, key, order_at, seq) where dead_at is null and key is not null;
create index host_queue_running on host_queue (kind, key) where owner is not null;
create index host_queue_suspects on host_queue (kind, due_at) where lapses >= 2 and owner is null and dead_at is null;
create index host_queue_parked on host_queue (kind, key) where is_parked;
create unique index host_queue_unique on host_queue (kind, key) where is_unique and attempts = 0;
create index host_queue_dead on host_queue (kind, dead_at) where dead_at is not null;
