-- What the owner of an agent set about it (agent.settings); what is not set has its default.
alter table agents add column settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object');
