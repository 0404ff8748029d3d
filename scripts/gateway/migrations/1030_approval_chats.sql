-- The chats that an approval was shown in, where it may be answered, and where people are told what was decided.
create table gateway_approval_chats (
  approval_id  text not null references gateway_approvals on delete cascade,
  channel      text not null,
  account      text not null,
  chat         text not null,
  place        jsonb not null,                   -- what gateway.post wants to know of it
  is_whole     boolean not null,                 -- all of the arguments were shown
  primary key (approval_id, channel, account, chat)
);

-- Who was paired first.
create index channel_people_first on channel_people (decided_at, channel, account, person) where state = 'allowed';
