-- What an agent does of its own accord: a greeting when a session begins, one more turn when nobody answers.

alter table agent_mailboxes
  add column greet boolean not null default false,         -- a session has begun that was not greeted yet
  add column follow_up_at timestamptz,                     -- when silence has lasted long enough
  add column follow_up_pos bigint not null default 0;      -- the newest event that says so
create index agent_mailboxes_follow_up on agent_mailboxes (follow_up_at) where follow_up_at is not null;

alter table agent_events drop constraint agent_events_type_check, add constraint agent_events_type_check
  check (type in ('agent-joined', 'new-message', 'message-edited', 'message-deleted', 'user-joined', 'user-left',
                  'user-typing', 'reaction', 'timer-expired', 'follow-up', 'send-message', 'send-reply', 'add-reaction',
                  'remove-reaction', 'set-typing', 'agent-stopped'));
