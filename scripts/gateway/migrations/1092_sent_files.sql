-- Files that messages to chats bring, as they were when the message was written down: any host may send it.  They go
-- when it is sent, or given up.
create table channel_post_files (
  post_id  text primary key references channel_posts on delete cascade,
  data     text not null check (length(data) <= 14000000) -- base64
);
