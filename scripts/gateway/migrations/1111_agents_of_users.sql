-- Runs of agents that are not the operator's (those of users of the agent API, which act on the marketplace): they have
-- the tools of their own alone, and no client of the gateway hears of them.
alter table gateway_runs add column is_foreign boolean not null default false;
