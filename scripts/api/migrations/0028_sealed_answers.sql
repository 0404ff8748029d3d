-- Answers that hold a secret are kept sealed (human.idempotency): headers and body in one text that this column marks.

alter table idempotency_keys add column is_sealed boolean not null default false;
