-- Platforms of several instances: one of those that claim an agent's actions carries them out, the others watch.
-- A worker that holds claims says every few seconds that it lives; the claims of one that does not are free.

create table claim_workers (
  id           text primary key check (length(id) between 1 and 100),
  alive_until  timestamptz not null
);

create table agent_claims (
  agent_id   text primary key references agents on delete cascade,
  worker_id  text check (length(worker_id) between 1 and 100),   -- where the socket is that carries out
  holder     text check (length(holder) between 1 and 100),      -- this holding of the claim, and no other
  done_seq   bigint not null,                                    -- actions up to here are done
  done       bigint[] not null default '{}',                     -- and these of the later ones
  check ((worker_id is null) = (holder is null))
);
