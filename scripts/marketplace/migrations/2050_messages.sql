-- What actors hear of each other: channels and their messages, notifications, the streams of tasks, the public feed.

create table market_channels (
  id             uuid primary key default gen_random_uuid(),
  type           text not null check (type in ('approval', 'inquiry', 'negotiation', 'transaction')),
  transaction_id uuid,
  listing_id     uuid,
  created_by     uuid references market_actors,                -- null: the platform
  last_pos       bigint not null default 0,                    -- of its newest message
  last_at        timestamptz,
  created_at     timestamptz not null default human_now(),
  closed_at      timestamptz,
  check (type <> 'transaction' or transaction_id is not null)
);
create unique index market_channels_transaction on market_channels (transaction_id) where type = 'transaction';
create index market_channels_listing on market_channels (listing_id) where listing_id is not null;

create table market_channel_members (
  channel_id uuid not null references market_channels,
  actor_id   uuid not null references market_actors,
  read_pos   bigint not null default 0,                        -- everything up to it is read
  joined_at  timestamptz not null default human_now(),
  primary key (channel_id, actor_id)
);
create index market_channel_members_actor on market_channel_members (actor_id, joined_at desc);

-- The row of the channel is locked by who adds one, so positions are in the order of the commits, and no two messages
-- of a channel have the same millisecond: a time is where a page ends.
create table market_messages (
  id                uuid primary key default gen_random_uuid(),
  channel_id        uuid not null references market_channels,
  pos               bigint not null,
  sender_id         uuid not null references market_actors,
  message_type      text not null default 'text'
                    check (message_type in ('text', 'approval_request', 'tool_request', 'status_update')),
  body              text not null check (length(body) between 1 and 4000),
  structured_data   jsonb,
  response_deadline timestamptz,
  response_status   text check (response_status in ('pending', 'approved', 'denied', 'countered', 'escalated', 'expired')),
  response_data     jsonb,
  responded_by      uuid references market_actors,
  responded_at      timestamptz,
  in_reply_to       uuid references market_messages,
  created_at        timestamptz not null,
  unique (channel_id, pos)
);
create unique index market_messages_time on market_messages (channel_id, created_at);

-- Messages that somebody has read beyond his read_pos.
create table market_message_reads (
  channel_id uuid not null,
  actor_id   uuid not null,
  pos        bigint not null,
  primary key (channel_id, actor_id, pos),
  foreign key (channel_id, actor_id) references market_channel_members
);

create table market_notifications (
  id         uuid primary key default gen_random_uuid(),
  actor_id   uuid not null references market_actors,
  event_id   text not null,                                    -- an event tells an actor once
  type       text not null,
  payload    jsonb not null default '{}',
  created_at timestamptz not null default human_now(),
  read_at    timestamptz,
  unique (actor_id, event_id)
);
create index market_notifications_newest on market_notifications (actor_id, created_at desc, id desc);
create index market_notifications_unread on market_notifications (actor_id, created_at desc, id desc) where read_at is null;
create index market_notifications_old on market_notifications (created_at);

-- Streams: 'task:<transaction>' and 'actor:<actor>'.  The row is locked by who adds an event, so that no position
-- appears before one that exists.
create table market_streams (
  key       text primary key,
  last      bigint not null,
  has_ended boolean not null default false
);
create table market_stream_events (
  key   text not null,
  pos   bigint not null,
  event text not null,                                         -- progress, status_change, ..; end: nothing follows
  data  jsonb not null,
  at    timestamptz not null default human_now(),
  primary key (key, pos)
);
create index market_stream_events_at on market_stream_events (at);

-- What a browser shows instead of a key, which does not belong in a URL: good for one stream.
create table market_stream_tickets (
  hash       text primary key,
  key_hash   text not null references market_keys,             -- the stream ends with the key
  expires_at timestamptz not null
);
create index market_stream_tickets_old on market_stream_tickets (expires_at);

create table market_feed (
  event_id     text primary key,
  type         text not null,
  actor        text not null,
  listing      text,
  title        text,
  amount_cents bigint,
  at           timestamptz not null
);
create index market_feed_at on market_feed (at desc, event_id desc);
