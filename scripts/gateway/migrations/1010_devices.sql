-- Devices that were paired with the gateway, the code that pairs the next one, and who guessed wrongly.
-- Of a device's token only its SHA-256 is kept; the code is sealed, and its hash is what guesses are compared with.

create table gateway_devices (
  id            text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  token_hash    text not null unique check (token_hash ~ '^[0-9a-f]{64}$'),
  label         text not null check (length(label) between 1 and 100),
  role          text not null check (role in ('operator', 'viewer', 'node')),
  created_at    timestamptz not null default human_now(),
  last_used_at  timestamptz
);

create table gateway_pair_code (
  is_only     boolean primary key default true check (is_only),
  code_hash   text not null check (code_hash ~ '^[0-9a-f]{64}$'),
  expires_at  timestamptz not null
);

-- By address; of IPv6 by /64, which one customer usually owns whole.
create table gateway_pair_failures (
  network       inet primary key,
  failures      integer not null,
  locked_until  timestamptz,
  updated_at    timestamptz not null default human_now()
);
create index gateway_pair_failures_updated on gateway_pair_failures (updated_at);
