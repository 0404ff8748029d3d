-- Channels: what came in, what is to go out, who may talk, and how each account is.

-- One row for each message of a vendor, by the vendor's id, so that it is taken once however often it comes.
create table channel_inbox (
  id           text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  channel      text not null check (length(channel) between 1 and 32),
  account      text not null check (length(account) between 1 and 32),
  vendor_id    text not null check (length(vendor_id) between 1 and 200),
  message      jsonb not null,                   -- as the channel's file has read it
  person       text not null default '',         -- who wrote it
  received_at  timestamptz not null default human_now(),
  handled_at   timestamptz,
  verdict      text,                             -- what became of it: the reason of the rule, or of the refusal
  unique (channel, account, vendor_id)
);
create index channel_inbox_waiting on channel_inbox (channel) where handled_at is null;
create index channel_inbox_old on channel_inbox (received_at);
create index channel_inbox_person on channel_inbox (channel, account, person, received_at);

-- One row for each piece of a message of ours.
create table channel_posts (
  id           text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  channel      text not null check (length(channel) between 1 and 32),
  account      text not null check (length(account) between 1 and 32),
  chat         text not null check (length(chat) between 1 and 200),
  once         text check (length(once) between 1 and 200),
  piece        integer not null default 1,
  message      jsonb not null,                   -- what the channel's file is given
  state        text not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'failed')),
  tries        integer not null default 0,
  vendor_id    text,
  error        text,
  created_at   timestamptz not null default human_now(),
  finished_at  timestamptz
);
create unique index channel_posts_once on channel_posts (channel, account, chat, once, piece) where once is not null;
create index channel_posts_old on channel_posts (finished_at) where finished_at is not null;

-- When the next request may go out: of a chat, and of an account (chat '').  By the server's clock.
create table channel_pace (
  channel  text not null,
  account  text not null,
  chat     text not null,
  next_at  timestamptz not null,
  primary key (channel, account, chat)
);
create index channel_pace_old on channel_pace (next_at);

-- Who has asked to talk, and who may.
create table channel_people (
  channel     text not null check (length(channel) between 1 and 32),
  account     text not null check (length(account) between 1 and 32),
  person      text not null check (length(person) between 1 and 200),
  name        text not null default '',
  chat        text not null default '',          -- where to tell them
  state       text not null check (state in ('asked', 'allowed', 'blocked')),
  code        text check (code ~ '^[A-Z2-9]{8}$'),
  asked_at    timestamptz not null default human_now(),
  decided_at  timestamptz,
  primary key (channel, account, person),
  check ((code is null) = (state <> 'asked'))
);
create unique index channel_people_code on channel_people (code) where code is not null;
create index channel_people_asked on channel_people (channel, asked_at) where state = 'asked';

create table channel_accounts (
  channel       text not null check (length(channel) between 1 and 32),
  account       text not null check (length(account) between 1 and 32),
  me            jsonb,                           -- who the bot is there
  me_at         timestamptz,
  position      text,                            -- of the next update, where they are fetched
  in_at         timestamptz,                     -- the last message that was verified
  in_error      text,
  in_error_at   timestamptz,
  out_at        timestamptz,
  out_error     text,
  out_error_at  timestamptz,
  primary key (channel, account)
);
