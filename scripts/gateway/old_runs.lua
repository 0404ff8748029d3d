-- scripts/gateway/old_runs.lua -- deletes old runs with all that was said in them: no session grows without end.
-- A session keeps its newest messages, that of a job fewer, and for a time.  What they cost is in the books
-- (agent_runs, user_usage), which stay.  Sessions of parts that were handed on go when the run that asked has gone.

local db = require "human.db"
local jobs = require "human.jobs"
local limits = require "gateway.rules.limits"

local M = {}

local EVERY_S, ROWS, ROUNDS = 3600, 500, 200
local OF_JOB = "a.session_key ~ '^cron:[0-9]+$'"

-- Deletes the runs of a query, what was said in them, messages that they had read (gateway.arriving), and the sessions
-- of parts that they handed on.  `offset 0`: row by row, along an index.
local function sweep_of(query)
  return ([[with old as materialized (%s limit %d),
    joined as (select j.id, j.message_id from gateway_runs j join old on j.into_run = old.id),
    sessions as (delete from agents where id = any (array(select s.id from old,
      lateral (select id from gateway_calls where run_id = old.id and tool = 'agent_spawn' limit %d) c,
      lateral (select id from gateway_sessions where asked_by = c.id offset 0) s))),
    events as (delete from agent_events where id = any (array(
      select message_id from old union all select message_id from joined
      union all select s.event_id from gateway_steps s join old on s.run_id = old.id where s.event_id is not null)))
    delete from gateway_runs where id = any (array(select id from old))]]):format(query, ROWS, limits.spawned)
end

M.sql = {
  many = sweep_of(([[select r.id, r.message_id from gateway_sessions s join agents a on a.id = s.id
    join gateway_runs r on r.session_id = s.id and r.finished_at is not null
      and r.n <= s.last_run - case when %s then %d else %d end
    where s.last_run > %d]]):format(OF_JOB, limits.job_session_runs, limits.session_runs,
    math.min(limits.job_session_runs, limits.session_runs))),
  aged = sweep_of(([[select r.id, r.message_id from gateway_runs r
    where r.cause like 'cron:%%' and r.finished_at < human_now() - %d * interval '1 day'
      and exists (select from gateway_sessions s join agents a on a.id = s.id
        where s.id = r.session_id and r.n <= s.last_run - %d and %s offset 0)
    order by r.finished_at]]):format(limits.job_session_days, limits.job_session_least, OF_JOB)),
}

--- Job: deletes what is old.
function M.sweep()
  for _, name in ipairs { "many", "aged" } do db.sweep(M.sql[name], ROWS, ROUNDS) end
end

jobs.every("gateway.old_runs", EVERY_S, "gateway.old_runs.sweep")

return M
