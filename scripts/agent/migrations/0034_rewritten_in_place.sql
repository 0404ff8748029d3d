-- A turn writes the row of its mailbox three times, and no index may mention what it writes: then PostgreSQL puts the
-- new version beside the old one (HOT), without an entry in every index and without dead entries to step over.
-- So what is looked for stands in columns that rarely change.
alter table agent_mailboxes
  add column active boolean not null default false,       -- something came lately: it may have work
  add column suspect boolean generated always as (attempts > 1) stored;
update agent_mailboxes set active = true where last_in_pos > processed_pos;

drop index agent_mailboxes_waiting;
create index agent_mailboxes_active on agent_mailboxes (agent_id) where active;
drop index agent_mailboxes_suspects;
create index agent_mailboxes_suspects on agent_mailboxes (agent_id) where suspect;

-- Half a page is for new versions.
alter table agent_mailboxes set (fillfactor = 50);
