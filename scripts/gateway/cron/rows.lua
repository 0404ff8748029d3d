-- scripts/gateway/cron/rows.lua -- rows of jobs and of their runs, as Lua has them: times are milliseconds since 1970.
-- The clock that decides is the database's (human_now()), which all hosts share.

local json = require "human.json"
local time = require "human.time"

local M = {}

--- What is read of a job, with the run that it is at (its state and when that began).
M.JOB = [[select j.id, j.agent_id, j.name, j.kind, j.body, j.argv, j.schedule, j.expression, j.session_key, j.model,
    j.timeout_s, j.missed, j.is_one_shot, j.is_removed_after, j.is_enabled, j.delivery, j.secret, j.made_by, j.next_at,
    j.last_at, j.last_status, j.last_error, j.last_ms, j.failures, j.created_at, j.updated_at,
    o.id as run_id, o.state as run_state, o.started_at as run_started_at
  from gateway_cron_jobs j
  left join gateway_cron_runs o on o.job_id = j.id and o.state in ('queued', 'running')]]

M.RUN = [[select r.id, r.job_id, r.cause, r.attempt, r.state, r.reason, r.times, r.due_at, r.started_at, r.finished_at,
    r.output, r.output_bytes, r.error, r.delivery, r.delivery_error, r.session_run
  from gateway_cron_runs r]]

M.sql = {
  lock = "select id from gateway_cron_jobs where id = $1::bigint for update",
  job = M.JOB .. " where j.id = $1::bigint",
  run = M.RUN .. " where r.id = $1::bigint",
  now = "select extract(epoch from human_now() + (clock_timestamp() - now())) * 1000",
}

local function ms(text) return text and time.parse(text) end

--- {id, name, kind, body, argv, schedule, expression, session_key, model, timeout_s, missed, one_shot, removed_after,
--- enabled, delivery, made_by, next_at, last_at, last_status, last_error, last_ms, failures, created_at, updated_at,
--- running, run_started_at}.
function M.job(row)
  return {
    id = row.id, name = row.name, kind = row.kind, body = row.body, argv = row.argv and json.decode(row.argv),
    schedule = json.decode(row.schedule), expression = row.expression, session_key = row.session_key,
    model = row.model, timeout_s = row.timeout_s, missed = row.missed, one_shot = row.is_one_shot,
    removed_after = row.is_removed_after, enabled = row.is_enabled, delivery = json.decode(row.delivery),
    made_by = row.made_by, next_at = ms(row.next_at), last_at = ms(row.last_at), last_status = row.last_status,
    last_error = row.last_error, last_ms = row.last_ms, failures = row.failures, created_at = ms(row.created_at),
    updated_at = ms(row.updated_at), running = row.run_id ~= nil, run_started_at = ms(row.run_started_at),
    run_id = row.run_id,
  }
end

--- {id, job_id, cause, attempt, state, reason, times, due_at, started_at, finished_at, output, output_bytes, error,
--- delivery, delivery_error, session_run}.
function M.run(row)
  return {
    id = row.id, job_id = row.job_id, cause = row.cause, attempt = row.attempt, state = row.state, reason = row.reason,
    times = row.times, due_at = ms(row.due_at), started_at = ms(row.started_at), finished_at = ms(row.finished_at),
    output = row.output, output_bytes = row.output_bytes, error = row.error, delivery = row.delivery,
    delivery_error = row.delivery_error, session_run = row.session_run,
  }
end

--- The row of a job, locked in tx until it commits; nil: there is none.  Nobody else plans, begins or ends it.
function M.lock(tx, id)
  if not tx:row(M.sql.lock, id) then return nil end
  return tx:row(M.sql.job, id)
end

--- The key of the session that a job's turns are in.
function M.session_of(job) return job.session_key or "cron:" .. job.id end

--- The database's time.
function M.now_ms(tx) return math.floor(tx:value(M.sql.now)) end

return M
