-- Users of the agent API and their keys.  Ids are text that sorts by creation (human.id).
-- Of a key only its SHA-256 is kept; the key itself is shown once, in the answer that made it.

create table users (
  id          text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  email       text not null check (length(email) between 3 and 254),
  name        text check (length(name) between 1 and 200),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
create unique index users_email on users (lower(email));

create table api_keys (
  id           text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  user_id      text not null references users on delete cascade,
  name         text not null check (length(name) between 1 and 200),
  key_hash     text not null unique check (key_hash ~ '^[0-9a-f]{64}$'),
  key_preview  text not null check (key_preview ~ '^\.\.\.[0-9A-Za-z]{4}$'),
  expires_at   timestamptz,
  -- Set once the sockets that were opened with the expired key have been told to close.
  closed_at    timestamptz,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now()
);
create index api_keys_user on api_keys (user_id, id);
create index api_keys_expiring on api_keys (expires_at) where closed_at is null;
