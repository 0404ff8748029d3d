-- Who an agent is (personalities) and what it does (system prompts).
-- A row without a user is shared: every user may read and link it, nobody may change it over the API.

create table personalities (
  id                  text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  user_id             text references users on delete cascade,
  personality_id      text not null check (length(personality_id) between 1 and 100),
  name                text not null check (length(name) between 1 and 200),
  description         text not null default '' check (length(description) <= 2000),
  style_instructions  text not null default '' check (length(style_instructions) <= 32000),
  created_at          timestamptz not null default now(),
  updated_at          timestamptz not null default now()
);
create index personalities_user on personalities (user_id, id);
create index personalities_slug on personalities (personality_id, user_id);
create unique index personalities_shared_slug on personalities (personality_id) where user_id is null;

create table system_prompts (
  id           text primary key check (id ~ '^c[a-z0-9]{8,40}$'),
  user_id      text references users on delete cascade,
  name         text not null check (length(name) between 1 and 200),
  prompt_type  text not null default 'system' check (prompt_type in ('system')),
  template     text not null check (length(template) between 1 and 64000),
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now()
);
create index system_prompts_user on system_prompts (user_id, id);
create unique index system_prompts_shared_name on system_prompts (name) where user_id is null;
