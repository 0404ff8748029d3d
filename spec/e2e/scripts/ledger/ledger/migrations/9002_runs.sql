-- What calls have started.
create table purse_runs (id bigint generated always as identity primary key, request text not null);
