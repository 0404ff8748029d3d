-- PostgreSQL reads the text of every CHECK of a table again for each statement that writes to it, and asks the other
-- table of a foreign key for each row.  These said what the only statements that write the columns say themselves:
-- ids are made by the host, directions, types and reasons are words of our own programs, and a run is written by the
-- transaction that holds its agent's mailbox.  Runs and events go with their agent.  docs/decisions.md says more.
alter table agent_events
  drop constraint agent_events_id_check,
  drop constraint agent_events_direction_check,
  drop constraint agent_events_type_check,
  drop constraint agent_events_run_id_fkey;
drop index agent_events_run;

alter table agent_runs
  drop constraint agent_runs_id_check,
  drop constraint agent_runs_reason_check;
