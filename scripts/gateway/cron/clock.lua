-- scripts/gateway/cron/clock.lua -- when jobs are due: each has a row of the queue (cron.due), due at the job's next
-- time. So one worker of all hosts takes it, at its second, and nobody polls in between.
-- Its transaction records the run and plans the next time: no run is lost, and none begins twice.

local config = require "human.config"
local db = require "human.db"
local decisions = require "human.decisions"
local jobs = require "human.jobs"
local json = require "human.json"
local queue = require "human.queue"
local time = require "human.time"
local cron_runs = require "gateway.cron.run"
local limits = require "gateway.rules.cron"
local rows = require "gateway.cron.rows"
local times = require "gateway.cron.time"

local M = {}

local DUE = "cron.due"
local IS_ON = config.cron.enabled and config.gateway.enabled
local CATCH_UP_LOCK = 401113                     -- any number, as long as it stays the same

M.sql = {
  plan = "update gateway_cron_jobs set next_at = $2::timestamptz where id = $1::bigint",
  over = [[update gateway_cron_jobs set next_at = null, is_enabled = false, updated_at = human_now()
    where id = $1::bigint]],
  lock = "select pg_advisory_xact_lock($1::bigint)",
  waiting = [[select count(*) from gateway_cron_runs where cause = 'missed' and state <> 'skipped'
    and start_at > human_now() - $1::float8 * interval '1 ms']],
  planned = "select id from gateway_cron_jobs where is_enabled and next_at is not null order by next_at limit 1000",
}

-- As text: the queue takes a number of milliseconds for a time of our days only.
local function put(tx, id, at_ms) queue.add(tx, DUE, tostring(id), time.format(at_ms), { job = id, at = at_ms }) end

--- Forgets when a job is due.
function M.cancel(tx, id) queue.cancel(tx, DUE, tostring(id)) end

--- Plans the next time of a job, whose row is locked or new.
function M.plan(tx, id, schedule, enabled)
  M.cancel(tx, id)
  local at = enabled and times.next(schedule, rows.now_ms(tx), id) or nil
  tx:exec(M.sql.plan, id, at and time.format(at))
  if at then put(tx, id, at) end
end

-- What becomes of the newest of the times that have come, and of those before it.
local function take(tx, job, first_ms, now_ms)
  local last, n = times.since(json.decode(job.schedule), first_ms, now_ms, job.id)
  local late = now_ms - last
  if late <= limits.late_ms then
    if n > 1 then cron_runs.skip(tx, job, last, "missed", n - 1) end
    return cron_runs.queue(tx, job, { cause = "due", due_ms = last, start_ms = now_ms })
  end
  tx:query(M.sql.lock, CATCH_UP_LOCK)             -- those that others write down just now count
  local verdict = decisions.decide(tx, limits.missed, { ref = "cron:" .. job.id, subject = "cron" }, {
    policy = job.missed, late_ms = late, times = n, kind = job.kind, one_shot = job.is_one_shot,
    waiting = tx:value(M.sql.waiting, limits.catch_up_ms),
  })
  if verdict.action == "skip" then return cron_runs.miss(tx, job, last, verdict.reason, n) end
  if n > 1 then cron_runs.skip(tx, job, last, "missed", n - 1) end
  cron_runs.queue(tx, job, { cause = "missed", due_ms = last, start_ms = now_ms + verdict.wait_ms,
                             reason = verdict.reason })
end

local function go_on(tx, job, now_ms)
  local schedule = json.decode(job.schedule)
  local at = not job.is_one_shot and times.next(schedule, now_ms, job.id) or nil
  if not at then
    tx:exec(M.sql.over, job.id)
    return
  end
  tx:exec(M.sql.plan, job.id, time.format(at))
  put(tx, job.id, at)
end

--- A row of the queue, due at a job's next time: {job, at}.
function M.due(row)
  if not IS_ON then return end                   -- wake() finds it once it is true
  db.tx(function(tx)
    local job = rows.lock(tx, row.payload.job)
    local is_mine = job and job.is_enabled and job.next_at and time.parse(job.next_at) == row.payload.at
    if is_mine then
      local now_ms = rows.now_ms(tx)
      take(tx, job, row.payload.at, now_ms)
      go_on(tx, job, now_ms)
    end
    row:done(tx)
  end)
end

-- The row of a job that is running is left alone; a second one finds that the job has gone on.
local function put_again(tx, id)
  local job = rows.lock(tx, id)
  if not (job and job.is_enabled and job.next_at) then return end
  M.cancel(tx, id)
  put(tx, id, time.parse(job.next_at))
end

--- Puts each job's row into the queue again, when a host starts and when cron.enabled becomes true: an operator may
--- have dropped it, and while that was false those that came due were let go.
function M.wake()
  for _, job in ipairs(db.query(M.sql.planned)) do
    db.tx(function(tx) put_again(tx, job.id) end)
  end
end

queue.define(DUE, "gateway.cron.clock.due", { concurrency = 8, attempts = 1000, backoff = { 1, 5, 30 }, lease_s = 10,
                                              timeout_s = 60 })
if IS_ON then jobs.start "gateway.cron.clock.wake" end

return M
