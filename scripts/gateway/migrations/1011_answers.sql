-- A run that was asked for by `agent`, as clients of the protocol's ancestor do: the id of the call that is answered once
-- more when the run is over.
alter table gateway_runs add column answers text check (length(answers) between 1 and 256);
