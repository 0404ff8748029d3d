-- An update is one at a time on a host, whichever of its workers is asked; who carries it out says so every few seconds.
-- And it is remembered of a server of the Model Context Protocol that it speaks older revisions only.

update gateway_updates set state = 'failed', error = 'it was interrupted', finished_at = human_now()
  where state = 'started';
alter table gateway_updates add column beat_at timestamptz not null default clock_timestamp();
create unique index gateway_updates_running on gateway_updates (host) where state = 'started';

alter table gateway_mcp_servers add column older_identity text; -- of what was found to; another one is asked anew
