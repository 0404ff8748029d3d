-- Skills: texts, and files beside them, that the agent reads when it needs them.  They are here and not in a directory, so
-- that all hosts have the same ones and an installation is there whole or not at all.
-- One that was installed is told by its hash, and it is off whenever that is not the hash that somebody enabled.

create table gateway_skills (
  name          text primary key check (name ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
  description   text not null,
  body          text not null,                   -- what the agent reads first
  is_listed     boolean not null,                -- in the prompt, once it is enabled
  about         jsonb not null,                  -- what else it says of itself (gateway.skills.text)
  warnings      jsonb not null,                  -- what a look at its files has found (gateway.skills.scan)
  source        text not null,                   -- an address, or a path of the host that read it
  hash          text not null check (hash ~ '^[0-9a-f]{64}$'), -- of the list of its files, as sha256sum writes it
  installed_at  timestamptz not null default human_now(),
  installed_by  text not null,
  updated_at    timestamptz not null default human_now(),
  enabled_hash  text,
  enabled_at    timestamptz,
  enabled_by    text
);

create table gateway_skill_files (
  skill    text not null references gateway_skills on delete cascade,
  path     text not null,
  sha256   text not null,
  is_text  boolean not null,
  content  bytea not null,
  primary key (skill, path)
);

-- Skills that a run has read, and the tools that each allows it from there on (null: all).
create table gateway_skill_reads (
  run_id  text not null references gateway_runs on delete cascade,
  skill   text not null,
  tools   jsonb,
  primary key (run_id, skill)
);
