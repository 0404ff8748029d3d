-- Messages that come while their session is at work (gateway.arriving).
alter table gateway_runs
  add column mode text check (mode in ('steer', 'collect')), -- null: it waits for its turn
  add column into_run text references gateway_runs on delete cascade, -- the run that read it, before which of its steps
  add column into_step integer,
  add constraint gateway_runs_into check ((into_run is null) = (into_step is null));
create index gateway_runs_joined on gateway_runs (into_run) where into_run is not null;
