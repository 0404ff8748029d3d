-- Who is who in a chat, and what the agent has said to whom.

alter table agent_participants
  add column is_self boolean,                             -- the agent itself, as the platform says; null: it does not
  add column learned text check (learned in ('self', 'agent')), -- found out: carries this agent's words, or another's
  add column introduced boolean not null default false,   -- named by agent-joined or user-joined, or seen typing
  add column handles jsonb check (jsonb_typeof(handles) = 'array');
create index agent_participants_self on agent_participants (agent_id) where is_self or learned = 'self';

-- The verdict that a run carries out: why it speaks, and to whom.
alter table agent_runs add column verdict jsonb;

-- One user's agents in one chat, to find out whose words somebody else carries.
alter table agent_mailboxes add column room text check (length(room) <= 300);
update agent_mailboxes m set room = a.user_id || '/' || m.chat_code from agents a
  where a.id = m.agent_id and m.chat_code is not null;
create index agent_mailboxes_room on agent_mailboxes (room) where room is not null;
