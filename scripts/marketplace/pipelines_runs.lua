-- scripts/marketplace/pipelines_runs.lua -- a run of a pipeline moves on: steps whose dependencies are done are
-- started, and what has ended ends others.  Everything here is done under the lock of the run; where quotas are
-- touched, they are before it (marketplace.pipelines_calls).

local db = require "human.db"
local queue = require "human.queue"
local task = require "human.task"
local history = require "marketplace.history"
local news = require "marketplace.news"
local rules = require "marketplace.rules.pipelines"

local M = {}

local RUN, STEP, START = "pipeline", "pipeline_step", "market.pipeline"
M.STEP = "market.pipeline_step"                  -- the kind of work, whose key is the step's id

local COLUMNS = [[id, template_id, version, actor_id, state, budget_mrc, reserved_mrc, spent_mrc, error_code, error,
  failed_step, created_at, started_at, ended_at]]
M.COLUMNS = COLUMNS

M.sql = {
  lock = "select " .. COLUMNS .. " from market_pipeline_runs where id = $1::uuid for no key update",
  waiting = [[select r.id, (select count(*) from market_pipeline_runs where actor_id = $1::uuid and state = 'running')
      as running from market_pipeline_runs r where r.actor_id = $1::uuid and r.state = 'queued'
    order by r.created_at, r.id limit $2::int]],
  start_run = [[update market_pipeline_runs set state = 'running', started_at = human_now()
    where id = $1::uuid and state = 'queued' returning ]] .. COLUMNS,
  free = [[update market_pipeline_steps s set state = 'ready' where s.run_id = $1::uuid and s.state = 'blocked'
      and not exists (select from market_pipeline_steps d where d.run_id = $1::uuid and d.name = any (s.depends_on)
        and d.state <> 'completed') returning s.id]],
  skip = [[update market_pipeline_steps s set state = 'skipped', ended_at = human_now()
    where s.run_id = $1::uuid and s.state = 'blocked'
      and exists (select from market_pipeline_steps d where d.run_id = $1::uuid and d.name = any (s.depends_on)
        and d.state in ('failed', 'skipped', 'canceled')) returning s.id]],
  start = [[update market_pipeline_steps set state = 'in_progress', started_at = human_now() where id in (
      select id from market_pipeline_steps where run_id = $1::uuid and state = 'ready' order by position
      limit greatest(0, $2::int - (select count(*) from market_pipeline_steps
        where run_id = $1::uuid and state = 'in_progress'))) returning id]],
  open = [[select count(*) from market_pipeline_steps
    where run_id = $1::uuid and state in ('blocked', 'ready', 'in_progress')]],
  not_over = [[select id, state, call_id from market_pipeline_steps
    where run_id = $1::uuid and state in ('blocked', 'ready', 'in_progress') order by position]],
  end_step = [[update market_pipeline_steps set state = $2, output = $3, output_bytes = octet_length($3),
      error_code = $4, error = $5, ended_at = human_now() where id = $1::uuid and state = $6 returning name]],
  end_run = [[update market_pipeline_runs set state = $2, error_code = $3, error = $4, failed_step = $5,
      ended_at = human_now() where id = $1::uuid and state = $6 returning ]] .. COLUMNS,
  template = "select name from market_pipelines where id = $1::uuid",
}

--- The run of an id, locked; nil: there is none.
function M.lock(tx, id) return tx:row(M.sql.lock, id) end

--- The name of a step's call, by which it is ended from anywhere.
function M.name_of(step_id) return "pipeline step " .. step_id end

local function note_steps(tx, rows, from, to, cause)
  for _, row in ipairs(rows) do
    history.note(tx, { entity = STEP, id = row.id, from = from, to = to, cause = cause })
  end
end

--- Lets runs of an actor begin, as many as may go on at a time; soon after tx.
function M.wake(tx, actor_id) queue.add(tx, START, actor_id) end

local function tell(tx, run)
  news.put(tx, { name = "pipeline." .. run.state, about = run.id, to = { run.actor_id }, data = {
    pipeline_id = run.id, template_id = run.template_id, name = tx:value(M.sql.template, run.template_id),
    status = run.state, code = run.error_code, message = run.error, step = run.failed_step } })
end

-- why: {code, message, step} of a run that has failed.
local function finish(tx, run, event, actor_id, why)
  local to = rules.next({ machine = "run", from = run.state, event = event }).to
  local now = tx:row(M.sql.end_run, run.id, to, why and why.code, why and why.message, why and why.step, run.state)
  history.note(tx, { entity = RUN, id = run.id, from = run.state, to = to, actor_id = actor_id,
                     cause = why and why.code or "pipeline-" .. event })
  if event ~= "cancel" then tell(tx, now) end
  M.wake(tx, run.actor_id)
  return now
end

-- Ends what has not ended; calls that are under way are ended by name once this is committed.
local function end_steps(tx, run, event, cause)
  local calls = {}
  for _, step in ipairs(tx:query(M.sql.not_over, run.id)) do
    local to = rules.next({ machine = "step", from = step.state, event = event }).to
    tx:exec(M.sql.end_step, step.id, to, nil, nil, nil, step.state)
    note_steps(tx, { step }, step.state, to, cause)
    if step.call_id then
      calls[#calls + 1] = M.name_of(step.id)
    elseif step.state == "in_progress" then
      queue.cancel(tx, M.STEP, step.id)
    end
  end
  tx:after_commit(function()
    for _, name in ipairs(calls) do task.kill_named(name) end
  end)
end

--- Its owner (or the platform: nil) cancels a run that is locked and has not ended.  Returns the row.
function M.cancel(tx, run, actor_id)
  end_steps(tx, run, "cancel", "pipeline-cancel")
  return finish(tx, run, "cancel", actor_id)
end

--- Starts what can be started in a run that is locked, or ends it when nothing is left.
function M.advance(tx, run)
  note_steps(tx, tx:query(M.sql.free, run.id), "blocked", "ready", "dependencies")
  for _ = 1, rules.steps do                      -- who depends on what was skipped is skipped
    local skipped = tx:query(M.sql.skip, run.id)
    if not skipped[1] then break end
    note_steps(tx, skipped, "blocked", "skipped", "dependencies")
  end
  local started = tx:query(M.sql.start, run.id, rules.at_once)
  note_steps(tx, started, "ready", "in_progress", "pipeline-run")
  for _, step in ipairs(started) do queue.add(tx, M.STEP, step.id) end
  if tx:value(M.sql.open, run.id) == 0 then finish(tx, run, "complete") end
end

--- A step of a locked run is done, with its output (JSON).
function M.complete(tx, run, step, output)
  tx:exec(M.sql.end_step, step.id, "completed", output, nil, nil, "in_progress")
  note_steps(tx, { step }, "in_progress", "completed", "pipeline-run")
  M.advance(tx, run)
end

--- A step of a locked run has failed: why = {code, message}.  Ends the run, or what depends on it.
function M.fail(tx, run, step, why)
  tx:exec(M.sql.end_step, step.id, "failed", nil, why.code, why.message, "in_progress")
  note_steps(tx, { step }, "in_progress", "failed", why.code)
  if not rules.ends_run { code = why.code, on_failure = step.on_failure } then return M.advance(tx, run) end
  end_steps(tx, run, "skip", why.code)
  finish(tx, run, "fail", nil, { code = why.code, message = why.message, step = step.name })
end

--- Work of the queue: runs of an actor (its key) begin.
function M.begin(row)
  db.tx(function(tx)
    local waiting = tx:query(M.sql.waiting, row.key, rules.running)
    for i = 1, math.min(#waiting, rules.running - (waiting[1] and waiting[1].running or 0)) do
      local run = tx:row(M.sql.start_run, waiting[i].id)
      if run then
        history.note(tx, { entity = RUN, id = run.id, from = "queued", to = "running", cause = "pipeline-run" })
        M.advance(tx, run)
      end
    end
    row:done(tx)
  end)
end

--- Work by the clock: what runs have read and written is kept for so many days.
function M.forget()
  for _, table_name in ipairs { "steps", "runs" } do
    db.sweep(M.sql["forget_" .. table_name], 200, 100, rules.kept_days)
  end
end

for table_name, column in pairs { steps = "output", runs = "input" } do
  M.sql["forget_" .. table_name] = ([[update market_pipeline_%s set %s = null where ctid = any (array(
    select ctid from market_pipeline_%s where %s is not null and ended_at < human_now() - $1::int * interval '1 day'
    order by ended_at limit 200))]]):format(table_name, column, table_name, column)
end

queue.define(START, "marketplace.pipelines_runs.begin", { per_key = true, attempts = 1000 })
require("human.jobs").every("market.pipelines", 3600, "marketplace.pipelines_runs.forget")

return M
