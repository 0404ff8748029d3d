-- Requests with an Idempotency-Key and what they were answered, for a day (human.idempotency).
-- A row with an owner is being carried out; when its lease has run out, the owner is dead.

create table idempotency_keys (
  scope        text not null check (length(scope) <= 500),   -- who asks, and which route
  key          text not null check (length(key) <= 255 and key ~ '^[!-~]+$'),
  fingerprint  text not null check (fingerprint ~ '^[0-9a-f]{64}$'),   -- SHA-256 of what was asked
  owner        text,
  lease_until  timestamptz,
  status       integer check (status between 200 and 499),
  headers      text,                             -- header lines of the answer itself
  body         bytea,                            -- null: too large to keep
  created_at   timestamptz not null default now(),
  primary key (scope, key),
  check ((owner is null) = (lease_until is null)),
  check ((owner is null) = (status is not null and headers is not null))
);
create index idempotency_keys_created on idempotency_keys (created_at);
