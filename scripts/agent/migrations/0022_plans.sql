-- What a run has still to say, when it says its messages one after another.

alter table agent_runs add column plan jsonb;
