-- What a run was asked for by, where it was no client of the control protocol: "cron:7", "telegram:..." (gateway.ends).
alter table gateway_runs add column cause text check (length(cause) between 1 and 256);
