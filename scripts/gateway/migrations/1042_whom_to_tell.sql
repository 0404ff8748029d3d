-- Who was allowed to talk on a channel last, for results of jobs that name no chat.
create index channel_people_allowed on channel_people (channel, decided_at desc) where state = 'allowed' and chat <> '';
