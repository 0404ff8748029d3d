-- Who is told by push: tokens of apps, subscriptions of browsers, addresses of webhooks.  What is needed to reach one is
-- sealed, and found again by its hash.

create table gateway_push (
  id          text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  token_hash  text not null unique check (token_hash ~ '^[0-9a-f]{64}$'),
  provider    text not null check (provider in ('webhook', 'webpush', 'fcm', 'apns')),
  sealed      text not null,
  device_id   text references gateway_devices on delete cascade, -- that registered it, and with which it goes
  created_at  timestamptz not null default human_now(),
  sent_at     timestamptz,
  failed_at   timestamptz,
  error       text
);
create index gateway_push_device on gateway_push (device_id) where device_id is not null;

-- By which push services know this installation (VAPID, RFC 8292): made at the first need.
create table gateway_push_key (
  is_only     boolean primary key default true check (is_only),
  public_key  text not null,
  sealed      text not null
);
