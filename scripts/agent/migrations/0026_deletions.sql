-- What is deleted is gone from everywhere, whenever it was told.

-- rewritten_pos: the newest event that changed or deleted what had been said.  early_changes: a change came of a
-- message that was not known then, so new messages are compared with what has come of them already.
alter table agent_mailboxes
  add column rewritten_pos bigint not null default 0,
  add column early_changes boolean not null default false;

-- The first line that the summary was made of: what is older may be deleted without making it anew.
alter table agent_memory add column since_pos bigint not null default 0;

-- The changes of a message: edits lose their text with it, and both may come before it.
create index agent_events_changes on agent_events (agent_id, (content->>'messageId'), pos)
  where type in ('message-edited', 'message-deleted');
drop index agent_events_edits;

-- Decisions quote the chat for as long as it was new.
create index rule_decisions_subject_at on rule_decisions (subject, at) where subject is not null;
drop index rule_decisions_subject;
