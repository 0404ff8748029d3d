-- A foreign key asks the other table for each row that is written: whether the agent is there was looked up five times
-- in a turn, and its row locked.  Every writer of the log holds the agent's mailbox, which goes with the agent and whose
-- deletion waits for them; so no row can be left behind.  They go by a trigger, which fires after that deletion.
alter table agent_events drop constraint agent_events_agent_id_fkey;
alter table agent_runs drop constraint agent_runs_agent_id_fkey;

create function forget_log() returns trigger language plpgsql as $$
begin
  delete from agent_events where agent_id = old.id;
  delete from agent_runs where agent_id = old.id;
  return null;
end $$;
create trigger forget_log after delete on agents for each row execute function forget_log();
