-- Versions that this gateway was asked to install, and what became of that.
create table gateway_updates (
  id          bigint generated always as identity primary key,
  host        text not null,                     -- where: the instance (nodes.list)
  from_version text not null,
  to_version  text not null,
  sha256      text not null,                     -- of what is installed, as it was signed
  state       text not null default 'started' check (state in ('started', 'installed', 'failed')),
  error       text,
  started_at  timestamptz not null default human_now(),
  finished_at timestamptz
);
