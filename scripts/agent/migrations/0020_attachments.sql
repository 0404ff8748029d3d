-- Images that came as data: beside the log, which is read often and whole.

create table agent_images (
  id          text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  agent_id    text not null references agents on delete cascade,
  event_id    text not null references agent_events on delete cascade,
  media_type  text not null check (media_type in ('image/png', 'image/jpeg', 'image/gif', 'image/webp')),
  data        text not null                      -- base64
);
create index agent_images_agent on agent_images (agent_id, id);
create index agent_images_event on agent_images (event_id);

-- The newest event that changed what a run under way is answering.
alter table agent_mailboxes add column changed_pos bigint not null default 0;

-- The edits of a message, which lose their text with it.
create index agent_events_edits on agent_events (agent_id, (content->>'messageId')) where type = 'message-edited';
