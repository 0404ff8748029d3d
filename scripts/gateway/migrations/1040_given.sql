-- A run whose answer is no model's, but one call of a tool: {name, arguments} (gateway.given).
alter table gateway_runs add column given text;
