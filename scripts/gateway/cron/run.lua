-- scripts/gateway/cron/run.lua -- runs of jobs: written down, begun, and their outcome.
-- queued -> running (a turn of the agent, or a command: a run of a session; gateway.ends tells when it is over) ->
-- completed, failed, interrupted or aborted. Each step locks the row of the job. The number of runs at a time is
-- limited for all hosts together (cron.max_concurrent); runs that wait for somebody's approval do not count.

local config = require "human.config"
local db = require "human.db"
local decisions = require "human.decisions"
local json = require "human.json"
local log = require "human.log"
local outbox = require "human.outbox"
local queue = require "human.queue"
local time = require "human.time"
local chat = require "gateway.chat"
local ends = require "gateway.ends"
local given = require "gateway.given"
local limits = require "gateway.rules.cron"
local news = require "gateway.news"
local outcomes = require "gateway.cron.outcome"
local push = require "gateway.push"
local rows = require "gateway.cron.rows"
local runs = require "gateway.run"

local M = {}

local START, LATE, LOOK = "cron.start", "cron.late", "look"
local LOCK = 401112                              -- any number, as long as it stays the same
local LOOK_MS = 5000                             -- between looks for room, while runs wait for it

M.sql = {
  insert = [[insert into gateway_cron_runs (job_id, cause, attempt, state, reason, due_at, start_at)
    values ($1::bigint, $2, $3::int, 'queued', $4, $5::timestamptz, $6::timestamptz) returning id]],
  newest = "select id, state, reason from gateway_cron_runs where job_id = $1::bigint order by id desc limit 1",
  skip = [[insert into gateway_cron_runs (job_id, cause, state, reason, times, due_at, start_at, finished_at)
    values ($1::bigint, 'missed', 'skipped', $2, $3::int, $4::timestamptz, $4::timestamptz, human_now())]],
  skip_again = [[update gateway_cron_runs set times = times + $2::int, due_at = $3::timestamptz,
      finished_at = human_now() where id = $1::bigint]],
  skipped = [[update gateway_cron_jobs set last_status = 'skipped', last_error = $2 where id = $1::bigint]],
  lock = "select pg_advisory_xact_lock($1::bigint)",
  queued = [[select id, job_id from gateway_cron_runs where state = 'queued' and start_at <= human_now()
    order by start_at, id limit 1]],
  at_work = [[select count(*) from gateway_cron_runs r where r.state = 'running' and not exists
    (select from gateway_approvals a where a.run_id = r.session_run and a.decision is null)]],
  open = [[select id, state, cause, attempt, session_id, session_run, started_at, reason, due_at from gateway_cron_runs
    where job_id = $1::bigint and state in ('queued', 'running')]],
  job_of = "select job_id from gateway_cron_runs where id = $1::bigint and state in ('queued', 'running')",
  begin = [[update gateway_cron_runs set state = 'running', started_at = human_now(), session_run = $2,
      session_id = (select session_id from gateway_runs where id = $2) where id = $1::bigint]],
  model = [[update gateway_sessions set model = $2 where id = (select session_id from gateway_runs where id = $1)]],
  because = "update gateway_cron_runs set reason = $2 where id = $1::bigint",
  finish = [[update gateway_cron_runs set state = $2, reason = coalesce($3, reason), output = $4, output_bytes = $5,
      error = $6, delivery = $7, finished_at = human_now() where id = $1::bigint]],
  keep = "insert into gateway_cron_outputs (run_id, whole) values ($1::bigint, $2)",
  ended = [[update gateway_cron_jobs j set last_at = coalesce(r.started_at, r.finished_at), last_status = r.state,
      last_error = r.error, failures = case when r.state = 'completed' then 0 else failures + 1 end,
      last_ms = (extract(epoch from r.finished_at - r.started_at) * 1000)::bigint
    from gateway_cron_runs r where r.id = $2::bigint and j.id = $1::bigint]],
  trim = [[delete from gateway_cron_runs where job_id = $1::bigint and finished_at is not null and id <= (
    select id from gateway_cron_runs where job_id = $1::bigint order by id desc offset $2::int limit 1)]],
  remove = "delete from gateway_cron_jobs where id = $1::bigint",
}

-- What clients are told.
local function told(job, run_id, state, more)
  local payload = { state = state, id = job.id, name = job.name, runId = run_id }
  for name, value in pairs(more or {}) do payload[name] = value end
  return payload
end

local function tell(tx, job, outcome, run_id)
  push.job_over(tx, { id = job.id, name = job.name, session_key = rows.session_of(job) }, {
    state = outcome.state, error = outcome.error, output = outcome.output, reason = outcome.reason, run_id = run_id,
  })
end

-- Before it begins --------------------------------------------------------------------------------------

--- Writes down that a locked job did not run at `due_ms`, `n` times, and why.  Whether that is something new.
function M.skip(tx, job, due_ms, reason, n)
  local due, newest = time.format(due_ms), tx:row(M.sql.newest, job.id)
  if newest and newest.state == "skipped" and newest.reason == reason then
    tx:exec(M.sql.skip_again, newest.id, n, due)
  else
    tx:exec(M.sql.skip, job.id, reason, n, due)
  end
  if reason ~= "still-running" then tx:exec(M.sql.skipped, job.id, reason) end
  tx:exec(M.sql.trim, job.id, config.cron.max_run_history)
  news.after(tx, "cron.job", told(job, nil, "skipped", { status = "skipped", message = reason }))
  return not (newest and newest.state == "skipped" and newest.reason == reason)
end

local MISSED = {
  missed = "It was due while no server ran it.", ["too-late"] = "It was due too long ago to be made up for.",
  ["too-many-missed"] = "Too many jobs were missed to make up for all of them.",
}

--- The same of one that is not made up for: people are told.
function M.miss(tx, job, due_ms, reason, n)
  if not M.skip(tx, job, due_ms, reason, n) then return end
  tell(tx, job, { state = "skipped", error = MISSED[reason] or "It did not run: " .. reason, reason = reason })
end

--- Writes down a run of a locked job: {cause, due_ms, start_ms, attempt, reason}.  Its number; or nil and "running"
--- where one goes on, which is written down as skipped unless somebody asked by hand.
function M.queue(tx, job, run)
  if tx:row(M.sql.open, job.id) then
    if run.cause ~= "manual" then M.skip(tx, job, run.due_ms, "still-running", 1) end
    return nil, "running"
  end
  local start = time.format(run.start_ms)
  local id = tx:value(M.sql.insert, job.id, run.cause, run.attempt or 1, run.reason, time.format(run.due_ms), start)
  queue.add(tx, START, tostring(id), start)
  return id
end

-- What it does -----------------------------------------------------------------------------------------------

local REFUSED = {
  too_many_sessions = "The limit of sessions is reached; delete one.",
  too_many_waiting = "Too many messages of its session wait for their turn.",
  no_agent = "Its session was deleted just now.",
}

local finish

local function begin(tx, job, run)
  local is_shell = job.kind == "shell"
  local cause = "cron:" .. run.id
  local taken, why = chat.take(tx, { key = rows.session_of(job), cause = cause, idempotency_key = cause,
                                     message = is_shell and "$ " .. job.body or job.body })
  if not taken then
    return finish(tx, job, run, { state = "failed", error = REFUSED[why] or "It could not begin: " .. why })
  end
  if is_shell then given.give(tx, taken.run_id, outcomes.call_of(job)) end
  if job.model then tx:exec(M.sql.model, taken.run_id, job.model) end
  tx:exec(M.sql.begin, run.id, taken.run_id)
  queue.add(tx, LATE, tostring(run.id), rows.now_ms(tx) + job.timeout_s * 1000, { run = run.id })
  news.after(tx, "cron.job", told(job, run.id, "started"))
end

-- One that cannot begin has failed: it must not stand in the way of all others.
local function begin_surely(tx, job, run)
  local ok, err = pcall(db.tx, function(inner) begin(inner, job, run) end)
  if ok then return end
  if tostring(err) == "canceled" then error(err, 0) end
  log.error("cron: a job could not begin", { job = job.id, run = run.id, error = tostring(err) })
  finish(tx, job, run, { state = "failed", error = "It could not begin; the log says why." })
end

-- Begins the first of the runs that wait, if there is room.  Whether others wait, and for how long at least.
local function begin_next(tx)
  tx:query(M.sql.lock, LOCK)
  local found = tx:row(M.sql.queued)
  if not found then return nil end
  if tx:value(M.sql.at_work) >= config.cron.max_concurrent then return LOOK_MS end
  local job = rows.lock(tx, found.job_id)
  local run = job and tx:row(M.sql.open, job.id)
  if run and run.id == found.id and run.state == "queued" then begin_surely(tx, job, run) end
  return tx:row(M.sql.queued) and 0 or nil
end

local function look_in(tx, ms)
  queue.add(tx, START, LOOK, ms > 0 and time.now_ms() + ms or nil, nil, { unique = "last" })
end

--- A row of the queue: some run may begin now.
function M.start(row)
  db.tx(function(tx)
    local again_ms = begin_next(tx)
    if again_ms then look_in(tx, again_ms) end
    row:done(tx)
  end)
end

-- After it has ended ------------------------------------------------------------------------------------------

local function try_again(tx, job, run)
  local verdict = decisions.decide(tx, limits.interrupted, { ref = "cron:" .. job.id, subject = "cron" },
    { kind = job.kind, attempt = run.attempt, policy = job.missed })
  if verdict.action ~= "retry" then return false end
  local now_ms = rows.now_ms(tx)
  return M.queue(tx, job, { cause = "retry", attempt = run.attempt + 1, due_ms = time.parse(run.due_at),
                            start_ms = now_ms + verdict.wait_ms, reason = verdict.reason }) ~= nil
end

-- outcome: {state, output, whole, bytes, error, reason}.
function finish(tx, job, run, outcome)
  local is_told = json.decode(job.delivery).mode ~= "none" and outcome.state ~= "aborted"
  tx:exec(M.sql.finish, run.id, outcome.state, outcome.reason, outcome.output, outcome.bytes, outcome.error,
    is_told and "pending" or nil)
  if outcome.whole then tx:exec(M.sql.keep, run.id, outcome.whole) end
  tx:exec(M.sql.ended, job.id, run.id)
  queue.cancel(tx, LATE, tostring(run.id))
  if outcome.state == "interrupted" then try_again(tx, job, run) end
  if tx:row(M.sql.queued) then look_in(tx, 0) end
  tx:exec(M.sql.trim, job.id, config.cron.max_run_history)
  tell(tx, job, outcome, run.session_run)
  outbox.put(tx, "cron.ended", tostring(job.id), { job = job.id, run = run.id, state = outcome.state })
  news.after(tx, "cron.job", told(job, run.id, "completed", { status = outcome.state,
    message = outcome.error or outcome.output or "", error = outcome.error }))
  if outcome.state == "completed" and job.is_removed_after and not is_told then tx:exec(M.sql.remove, job.id) end
end

--- The run of a session that a job has asked for is over (gateway.ends), in the transaction in which it ends.
function M.ended(tx, run, ending)
  local id = run.cause:match "^cron:(%d+)$"
  local job_id = id and tx:value(M.sql.job_of, id)
  local job = job_id and rows.lock(tx, job_id)
  local mine = job and tx:row(M.sql.open, job_id)
  if not mine or mine.session_run ~= run.id then return end
  finish(tx, job, mine, outcomes.of(tx, job, mine, run, ending))
end

--- Ends what a job works at, if anything, and says why: "removed", "timed-out".  run_id: only if it is this run.
function M.abort(job_id, reason, run_id)
  local at_work = db.tx(function(tx)
    local job = rows.lock(tx, job_id)
    local run = job and tx:row(M.sql.open, job_id)
    if not run or run_id and run.id ~= run_id then return nil end
    if run.state == "queued" then return finish(tx, job, run, { state = "aborted", reason = reason }) end
    tx:exec(M.sql.because, run.id, reason)
    return run
  end)
  if at_work then runs.abort_all(at_work.session_id, at_work.session_run) end
end

--- A job was paused: what it waits for does not begin.  Its row is locked.
function M.drop_queued(tx, job)
  local run = tx:row(M.sql.open, job.id)
  if run and run.state == "queued" and run.cause ~= "manual" then
    finish(tx, job, run, { state = "aborted", reason = "paused" })
  end
end

--- A row of the queue: a run has had its time.
function M.late(row)
  local job_id = db.value(M.sql.job_of, row.payload.run)
  if job_id then M.abort(job_id, "timed-out", row.payload.run) end
end

ends.on("cron", M.ended)
queue.define(START, "gateway.cron.run.start", { concurrency = 8, attempts = 1000, backoff = { 1, 5, 30 }, lease_s = 10,
                                                timeout_s = 60 })
queue.define(LATE, "gateway.cron.run.late", { concurrency = 8, attempts = 1000, backoff = { 1, 5, 30 }, lease_s = 10,
                                              timeout_s = 120 })

return M
