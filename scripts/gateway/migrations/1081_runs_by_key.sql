-- Runs by the key that a client gave them, which is all that some clients know of them (agent.wait).
create index gateway_runs_once on gateway_runs (idempotency_key) where idempotency_key is not null;
