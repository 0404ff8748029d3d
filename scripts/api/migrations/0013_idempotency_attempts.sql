-- How often a request with an Idempotency-Key was begun: one that its worker does not survive is not begun for ever.

alter table idempotency_keys add column attempts integer not null default 1;
