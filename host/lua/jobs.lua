-- host/lua/jobs.lua -- work by the clock, once per database whatever the number of hosts.
-- A job is named by module and function, never by a closure, so that a reload replaces what it does.
-- Worker 0 of each host looks for due jobs; a lease row decides which host runs one.  A run lasts as long as the
-- tasks that it started.

local db = require "human.db"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local id = require "human.id"
local log = require "human.log"
local sched = require "human.core.sched"
local scope = require "human.core.scope"
local target = require "human.scripts.target"
local timer = require "human.core.timer"

local M = {}
local LEASE_S, RENEW_S = 15, 5                   -- a dead host's job waits this long for another host
local PAUSE_S, PAUSE_MAX = 2, 11                 -- after a run that killed its worker; how often the pause doubles
local LOOK_S = 1                                 -- between checks for due jobs
local me = id.new()                              -- this worker's incarnation
local looking, stopped = false, false
local running = {}                               -- job name -> its run, a table
local LOST = setmetatable({}, { __tostring = function() return "the lease of this job was lost" end })
local next_look = {}                             -- job name -> host.now() before which it cannot be due

local sql = {
  -- Counted before it runs: a job that keeps killing workers is retried ever less often, across all hosts.
  take = [[insert into host_jobs (name, owner, lease_until, attempts)
    values ($1, $2, now() + $3::int * interval '1 second', 1)
    on conflict (name) do update set owner = excluded.owner, lease_until = excluded.lease_until,
      attempts = host_jobs.attempts + 1
    where host_jobs.due_at <= human_now() and (host_jobs.lease_until is null or host_jobs.owner = excluded.owner
      or host_jobs.lease_until + case when host_jobs.attempts = 0 then interval '0'
        else $4::int * power(2, least(host_jobs.attempts - 1, $5::int)) * (0.5 + random()) * interval '1 second' end
        <= now())
    returning attempts]],
  renew = [[update host_jobs set lease_until = now() + $3::int * interval '1 second'
    where name = $1 and owner = $2]],
  -- Does not wait for the disk: if the server forgets it, the job runs again when its lease has lapsed.
  done = [[update host_jobs set owner = null, lease_until = null, last_run_at = human_now(), last_error = $3,
    attempts = 0, due_at = human_now() + $4::float8 * interval '1 second'
    where name = $1 and owner = $2 and set_config('synchronous_commit', 'off', true) is not null]],
}

sql.sooner = [[update host_jobs set due_at = least(due_at, human_now() + $2::float8 * interval '1 second')
  where name = $1]]

M.sql = sql

local function building(what)
  local g = gen.building()
  if not g then error(what .. ": only while scripts are loading", 3) end
  return g
end

-- Runs module.fn() every so many seconds, on one worker of one host at a time.
function M.every(name, seconds, fn_path)
  local g = building "jobs.every"
  if type(name) ~= "string" then error("jobs.every: the name must be a text", 2) end
  if type(seconds) ~= "number" or not (seconds > 0 and seconds < math.huge) then
    error("jobs.every: " .. name .. " needs a number of seconds above 0", 2)
  end
  if g.jobs[name] then error("jobs.every: a job named " .. name .. " exists already", 2) end
  g.jobs[name] = { name = name, seconds = seconds, path = fn_path }
end

-- Runs module.fn() once the host has started and the database is ready, on one worker of each host.
function M.start(fn_path)
  local g = building "jobs.start"
  g.starts[#g.starts + 1] = fn_path
end

-- Another worker may run the job now: cancels ours with all its tasks, and abandons those that do not end.
local function end_run(run)
  run.lost = true
  run.scope:stop(LOST)
end

-- Ends the run once the lease requested at `sent` may have expired.
local function hold(run, sent)
  timer.cancel(run.alarm)
  run.alarm = timer.start(sent + LEASE_S - host.now(), end_run, run)
end

local function renew(name, run)
  while running[name] == run and not run.lost do
    sched.sleep(RENEW_S)
    if running[name] ~= run or run.lost then return end
    local sent = host.now()
    local ok, n = pcall(db.exec, sql.renew, name, me, LEASE_S)
    if running[name] ~= run then return end
    if ok and n == 0 then return end_run(run) end
    if ok then hold(run, sent) end
  end
end

-- Takes the lease, even one of ours that was never released because the database went away.
local function take_and_run(job, run)
  local sent = host.now()
  next_look[job.name] = sent + job.seconds
  local taken = db.row(sql.take, job.name, me, LEASE_S, PAUSE_S, PAUSE_MAX)
  if not taken then
    next_look[job.name] = host.now() + math.min(job.seconds, 5)
    return
  end
  if taken.attempts and taken.attempts > 1 then
    log.warn("job taken up again: its last run did not end", { job = job.name, attempts = taken.attempts })
  end
  hold(run, sent)
  local renewer = sched.spawn(renew, job.name, run)
  local ok, err = pcall(function() target.resolve(gen.current(), job.path)() end)
  local waited, why = pcall(run.scope.wait, run.scope)
  if ok then ok, err = waited, why end
  sched.kill(renewer)
  timer.cancel(run.alarm)
  if run.lost then return log.error("job ended: its lease was lost", { job = job.name }) end
  if not ok then log.error("job failed", { job = job.name, error = tostring(err) }) end
  db.exec(sql.done, job.name, me, not ok and tostring(err):sub(1, 1000) or nil, job.seconds)
end

local function run_job(job)
  if running[job.name] then return end
  local run = { task = sched.current(), scope = scope.open() }
  running[job.name] = run
  local ok, err = pcall(take_and_run, job, run)
  running[job.name] = nil
  if not ok then error(err, 0) end
end

-- A run that did not end when cancelled has been abandoned.
local function on_finish(task, err)
  if not err then return end
  local name = task.job
  if running[name] and running[name].task == task then running[name] = nil end
  log.error("job failed", { job = name, error = tostring(err) })
end

local function begin(job)
  local label = host.label("job " .. job.name)
  if sched.struck > 0 and host.is_struck(label) then return end
  sched.spawn_as({ label = label, job = job.name, on_finish = on_finish }, run_job, job)
end

local function look()
  looking = not stopped
  if stopped then return end
  timer.start(LOOK_S, look)
  local now = host.now()
  for name, job in pairs(gen.current().jobs) do
    if (next_look[name] or 0) <= now and host.db_up() then begin(job) end
  end
end

local function start_all(paths)
  for _, path in ipairs(paths) do
    local label = host.label("job " .. path)
    sched.name(label)
    if sched.struck > 0 and host.is_struck(label) then
      log.error("start job left out: it has ended several workers", { job = path })
    else
      local ok, err = pcall(function() target.resolve(gen.current(), path)() end)
      if not ok then log.error("start job failed", { job = path, error = tostring(err) }) end
    end
  end
end

-- The database is ready and scripts are loaded (boot).
function M.run()
  if host.worker() ~= 0 or looking then return end
  sched.spawn(start_all, gen.current().starts)
  look()
end

-- A job whose interval became shorter must not wait for the end of the old one.
local function rescheduled(job)
  db.exec(sql.sooner, job.name, job.seconds)
  next_look[job.name] = nil
end

local function added(old, new)
  local known, list = {}, {}
  for _, path in ipairs(old) do known[path] = true end
  for _, path in ipairs(new) do
    if not known[path] then list[#list + 1] = path end
  end
  return list
end

-- Generation `new` has replaced `old`: from now on jobs are looked up there by name.
function M.reloaded(old, new)
  if host.worker() ~= 0 or not looking then return end
  for name in pairs(old.jobs) do
    if not new.jobs[name] then log.warn("job dropped: the scripts do not declare it any more", { job = name }) end
  end
  for name, job in pairs(new.jobs) do
    local was = old.jobs[name]
    if was and was.seconds ~= job.seconds then sched.spawn(rescheduled, job) end
  end
  sched.spawn(start_all, added(old.starts, new.starts))
end

--- The clock was moved: other jobs may be due now.
function M.look_again()
  if not looking or stopped then return end
  next_look = {}
  if host.db_up() then
    for _, job in pairs(gen.current().jobs) do begin(job) end
  end
end

-- Starts no more jobs (drain).
function M.stop() stopped = true end

return M
