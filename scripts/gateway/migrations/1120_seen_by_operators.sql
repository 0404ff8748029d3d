-- What the operator's page shows: the last requests of vendors to the webhooks of channels, and when secrets were set.

-- What a vendor sent, how it was verified step by step, and what it was answered; the newest of each channel
-- (gateway.channel.requests).  No secret is in it.
create table channel_requests (
  id           bigint generated always as identity primary key,
  channel      text not null check (length(channel) between 1 and 32),
  account      text check (length(account) between 1 and 32),  -- that it was for, if it was verified
  method       text not null check (method in ('GET', 'POST')),
  address      text not null check (length(address) <= 64),    -- whose it was
  headers      jsonb not null,
  query        jsonb not null,
  body         text not null check (length(body) <= 4096),     -- with secrets masked, and cut
  body_bytes   integer not null,
  steps        jsonb not null,                                 -- [{account, what, ok, text}]
  status       integer not null,
  reply        text not null check (length(reply) <= 1024),
  messages     integer not null default 0,                     -- that were in it
  took_ms      integer not null,
  received_at  timestamptz not null default human_now()
);
create index channel_requests_newest on channel_requests (channel, id);

-- When a secret was set or removed over the control protocol, and by whom; never what it is.
create table gateway_secrets (
  name        text primary key check (length(name) between 1 and 200),
  is_set      boolean not null,
  changed_at  timestamptz not null default human_now(),
  changed_by  text not null
);
