-- scripts/gateway/cron.lua -- the jobs of the operator: listed, made, changed, removed, and begun by hand.
-- Looking at them changes nothing.  When they are due is gateway.cron.clock's, what they do gateway.cron.run's.

local config = require "human.config"
local db = require "human.db"
local decisions = require "human.decisions"
local json = require "human.json"
local time = require "human.time"
local asker = require "gateway.asker"
local channel = require "gateway.channel"
local clock = require "gateway.cron.clock"
local cron_runs = require "gateway.cron.run"
local limits = require "gateway.rules.cron"
local news = require "gateway.news"
local owner = require "gateway.owner"
local reader = require "gateway.cron.read"
local rows = require "gateway.cron.rows"
local secrets = require "gateway.cron.secret"
local times = require "gateway.cron.time"
local tools = require "gateway.tools"

local M = {}

M.sql = {
  list = rows.JOB .. " order by j.id",
  get = rows.JOB .. " where j.id = $1::bigint",
  lock_owner = "select id from agents where id = $1 for no key update",
  count = "select count(*) from gateway_cron_jobs",
  insert = [[insert into gateway_cron_jobs (agent_id, made_by, name, kind, body, argv, schedule, expression,
      session_key, model, timeout_s, missed, is_one_shot, is_removed_after, is_enabled, delivery)
    values ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8, $9, $10, $11::int, $12, $13::boolean, $14::boolean,
      $15::boolean, $16::jsonb) returning id]],
  secret = "update gateway_cron_jobs set secret = $2 where id = $1::bigint",
  update = [[update gateway_cron_jobs set name = $2, kind = $3, body = $4, argv = $5::jsonb, schedule = $6::jsonb,
      expression = $7, session_key = $8, model = $9, timeout_s = $10::int, missed = $11, is_one_shot = $12::boolean,
      is_removed_after = $13::boolean, is_enabled = $14::boolean, delivery = $15::jsonb, updated_at = human_now()
    where id = $1::bigint]],
  delete = "delete from gateway_cron_jobs where id = $1::bigint",
  history = rows.RUN .. [[ where r.job_id = $1::bigint and ($3::bigint is null or r.id < $3)
    order by r.id desc limit $2::int]],
  run = rows.RUN .. " where r.job_id = $1::bigint and r.id = $2::bigint",
  whole = "select whole from gateway_cron_outputs where run_id = $1::bigint",
  cause = "select cause from gateway_runs where id = $1",
  soonest = "select min(next_at) from gateway_cron_jobs where is_enabled",
}

local HISTORY_MAX = 1000

--- All jobs, in the order in which they were made (gateway.cron.rows says how they look).
function M.list()
  local list = {}
  for i, row in ipairs(db.query(M.sql.list)) do list[i] = rows.job(row) end
  return list
end

--- The job with this number, or nil.
function M.get(id)
  local row = db.row(M.sql.get, id)
  return row and rows.job(row)
end

--- {enabled, jobs (how many), next_at (ms, or nil)}.
function M.status()
  local next_at = db.value(M.sql.soonest)
  return { enabled = config.cron.enabled, jobs = db.value(M.sql.count),
           next_at = next_at and time.parse(next_at) }
end

--- Who makes jobs by a tool in this run of a session: "agent", or "job" where a job began it, also through an agent
--- to which work was given on.
function M.maker(run_id)
  return db.tx(function(tx)
    local cause, is_known = asker.first_cause(tx, tx:value(M.sql.cause, run_id))
    return (not is_known or cause and cause:find "^cron:") and "job" or "agent"
  end)
end

-- Making ------------------------------------------------------------------------------------------------

local REASONS = {
  ["too-many-jobs"] = "there are %d jobs already, as many as there may be; remove one",
  ["jobs-make-no-jobs"] = "a run of a job may make no jobs",
  ["shell-is-the-operators"] = "a job that runs a command is made by the operator: human cron add",
  ["webhooks-are-the-operators"] = "a job that calls an address is made by the operator: human cron add",
  ["too-often"] = "a job of the agent's runs once a minute at most",
}

-- Whether the rule permits the job: nil, or the reason as {code, message}.
local function refusal(tx, job, by, n)
  local verdict = decisions.decide(tx, limits.may_add, { subject = "cron" }, {
    by = by, kind = job.kind, jobs = n, period_ms = not job.one_shot and times.period(job.schedule) or nil,
    delivery = job.delivery.mode,
  })
  if verdict.action == "allow" then return nil end
  local why = (REASONS[verdict.reason] or "the rule gateway/rules/cron.lua denies it: " .. verdict.reason)
  return { code = verdict.reason == "too-many-jobs" and "too_many" or "denied", message = why:format(n) }
end

-- Settings of a job that go together.
local function check(job)
  if job.model and job.session_key then
    return { field = "model", message = "a model goes with a session of the job's own: leave session out" }
  end
end

local function complete(job)
  job.delivery = job.delivery or { mode = "none" }
  job.timeout_s = job.timeout_s or limits.run_ms / 1000
  job.missed = job.missed or "run-once"
  if job.schedule.kind == "at" then job.one_shot = true end
  job.one_shot, job.removed_after = job.one_shot == true, job.removed_after == true
  if job.enabled == nil then job.enabled = true end
  return job
end

-- The columns that a job is written with, as parameters.
local function columns(job)
  return job.name, job.kind, job.body, job.argv and json.encode(json.array(job.argv)), json.encode(job.schedule),
    times.expression(job.schedule), job.session_key, job.model, job.timeout_s, job.missed, job.one_shot,
    job.removed_after, job.enabled, json.encode(job.delivery)
end

-- What its webhooks are signed with: given, or drawn and shown this once.
local function keep_secret(tx, id, job)
  if job.delivery.mode ~= "webhook" then return nil end
  local secret = job.secret or secrets.new()
  tx:exec(M.sql.secret, id, secrets.seal(id, secret))
  return not job.secret and secret or nil
end

--- Makes a job that params say. by: "operator", "agent" or "job" (gateway/rules/cron.lua).  Returns it, with
--- webhook_secret where one was drawn; or nil and {field, message}, or {code = "denied" | "too_many", message}.
function M.add(params, by)
  local job, bad = reader.read(params)
  bad = bad or check(job)
  if bad then return nil, bad end
  complete(job)
  local agent_id = owner.get().agent_id
  return db.tx(function(tx)
    tx:query(M.sql.lock_owner, agent_id)
    local why = refusal(tx, job, by, tx:value(M.sql.count))
    if why then return nil, why end
    local id = tx:value(M.sql.insert, agent_id, by, columns(job))
    local secret = keep_secret(tx, id, job)
    clock.plan(tx, id, job.schedule, job.enabled)
    local made = rows.job(tx:row(M.sql.get, id))
    made.webhook_secret = secret
    news.after(tx, "cron.changed", { id = id, action = "added" })
    return made
  end)
end

--- When a job with these params would run: {schedule, times (milliseconds, `n` at most)}; or nil and {field, message}.
--- Nothing is written.
function M.preview(params, n)
  local schedule, bad = times.read(params)
  if bad then return nil, bad end
  if not schedule then return nil, { field = "expression", message = "say when: 0 8 * * *, every 15m, in 10m" } end
  local list, at = {}, time.now_ms()
  for i = 1, n do
    at = times.next(schedule, at, 0)
    if not at then break end
    list[i] = at
  end
  return { schedule = schedule, times = list }
end

-- Changing ----------------------------------------------------------------------------------------------

local CHANGES = { "name", "schedule", "delivery", "timeout_s", "missed", "one_shot", "removed_after",
                  "enabled" }

local function changed(row, change)
  local job = rows.job(row)
  for _, field in ipairs(CHANGES) do
    if change[field] ~= nil then job[field] = change[field] end
  end
  if change.kind then job.kind, job.body, job.argv = change.kind, change.body, change.argv end
  if change.has_session then job.session_key = change.session_key end
  if change.has_model then job.model = change.model end
  if change.schedule then job.one_shot = change.one_shot == true or change.schedule.kind == "at" end
  job.secret = change.secret
  return job
end

local function write_change(tx, row, change, by)
  local job = changed(row, change)
  local bad = check(job) or refusal(tx, job, by, tx:value(M.sql.count) - 1)
  if bad then return nil, bad end
  if job.enabled and not change.schedule and row.next_at == nil and not times.next(job.schedule, time.now_ms(), row.id)
  then
    return nil, { field = "enabled", message = "its time is past: give it another one" }
  end
  tx:exec(M.sql.update, row.id, columns(job))
  local secret
  if change.secret or change.delivery and job.delivery.mode == "webhook" and not row.secret then
    secret = keep_secret(tx, row.id, job)
  end
  if change.enabled == false then cron_runs.drop_queued(tx, row) end
  if change.schedule or change.enabled ~= nil then clock.plan(tx, row.id, job.schedule, job.enabled) end
  local made = rows.job(tx:row(M.sql.get, row.id))
  made.webhook_secret = secret
  news.after(tx, "cron.changed", { id = row.id, action = "updated" })
  return made
end

--- Changes what params say of a job; a run that is under way goes on as it began.  Returns as add(); nil alone: there
--- is no such job.
function M.update(id, params, by)
  local now = db.row(M.sql.get, id)
  if not now then return nil end
  local change, bad = reader.read(params, rows.job(now))
  if bad then return nil, bad end
  return db.tx(function(tx)
    local row = rows.lock(tx, id)
    if not row then return nil end
    return write_change(tx, row, change, by)
  end)
end

--- Removes a job with its history; what it works at ends.  Whether there was one.
function M.remove(id)
  if not db.row(M.sql.get, id) then return false end
  cron_runs.abort(id, "removed")
  return db.tx(function(tx)
    if not rows.lock(tx, id) then return false end
    clock.cancel(tx, id)
    news.after(tx, "cron.changed", { id = id, action = "removed" })
    return tx:exec(M.sql.delete, id) > 0
  end)
end

--- Begins a job now, whatever its schedule says and whether it is paused or not.  Returns the number of its run; or nil
--- and "running" while one goes on, nil alone where there is no such job.
function M.run(id)
  return db.tx(function(tx)
    local row = rows.lock(tx, id)
    if not row then return nil end
    local now = rows.now_ms(tx)
    return cron_runs.queue(tx, row, { cause = "manual", due_ms = now, start_ms = now })
  end)
end

--- The newest runs of a job, newest first; nil: there is no such job. query: {limit (10), before (the number of a
--- run)}.
function M.runs(id, query)
  if not db.row(M.sql.get, id) then return nil end
  local limit, list = math.max(1, math.min(query.limit or 10, HISTORY_MAX)), {}
  for i, row in ipairs(db.query(M.sql.history, id, limit, query.before)) do list[i] = rows.run(row) end
  return list
end

local function note_of_tool(job)
  if job.kind ~= "shell" then return nil end
  local is_on, why = tools.get "shell"
  return not is_on and why .. " Until tools.enabled has shell, this job fails." or nil
end

local function note_of_channel(job)
  if job.delivery.mode ~= "announce" then return nil end
  local c, _, why = channel.account(job.delivery.channel, job.delivery.account)
  return not c and why .. ". Until that is different, its results are not delivered." or nil
end

--- What its maker should know of a job that was made or changed; nil: nothing.
function M.note(job)
  local list = { note_of_tool(job) }
  list[#list + 1] = note_of_channel(job)
  return list[1] and table.concat(list, " ") or nil
end

--- One run with all of its output, or nil.
function M.output(id, run_id)
  if not db.row(M.sql.get, id) then return nil end
  local row = db.row(M.sql.run, id, run_id)
  if not row then return nil end
  local run = rows.run(row)
  run.output = db.value(M.sql.whole, run_id) or run.output
  return run
end

return M
