-- A turn counts its attempt before it runs, so that one whose worker dies at it is not tried for ever.

alter table agent_mailboxes
  add column attempts integer not null default 0,         -- of the present turn; 0: nobody is at it
  add column failures integer not null default 0,         -- turns in a row that were given up
  add column tried_pos bigint not null default 0,         -- events up to here have been in an attempt
  add column retry_ms integer not null default 0,         -- from the end of a lost lease to the next attempt
  add column memory_attempts integer not null default 0;  -- of the present summary
create index agent_mailboxes_suspects on agent_mailboxes (attempts) where attempts > 1;

-- Events of a turn that was given up: they stay in the log, and no model reads them.
alter table agent_events add column given_up boolean not null default false;
