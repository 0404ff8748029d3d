-- Endpoints that have not been tried at their address have a lane of their own.  Those that are there by now count as
-- tried.

alter table market_webhooks add column is_new boolean not null default false;
alter table market_webhooks alter column is_new set default true;
