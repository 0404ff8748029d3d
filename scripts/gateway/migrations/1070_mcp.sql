-- Tools that servers of the Model Context Protocol bring, as they were listed last, and which of them are allowed.
-- What is allowed is one definition of a tool, by its hash: a tool that its server changes is off again.

create table gateway_mcp_servers (
  name       text primary key check (length(name) between 1 and 24),
  identity   text not null,                      -- of what is started or asked: another program, another identity
  title      text not null default '',           -- as the server calls itself
  listed_at  timestamptz,
  error      text,                               -- of the last try, when it failed
  tried_at   timestamptz not null default human_now()
);

create table gateway_mcp_tools (
  server        text not null references gateway_mcp_servers on delete cascade,
  tool          text not null,                   -- as the server calls it
  name          text not null unique check (length(name) between 1 and 64), -- as the model calls it
  description   text not null,
  parameters    text not null,                   -- JSON Schema
  is_read_only  boolean not null,                -- so the server says
  hash          text not null check (hash ~ '^[0-9a-f]{64}$'), -- of all that the server says of it
  problem       text,                            -- why it cannot be offered
  is_listed     boolean not null default true,
  allowed_hash  text,                            -- '': it was switched off
  allowed_by    text,
  allowed_at    timestamptz,
  primary key (server, tool)
);
