-- scripts/marketplace/pipelines_steps.lua -- work of the queue: a step of a pipeline is begun, tried again, or fails.
-- Whichever worker has the row of a step looks at what was written down: without a call, one is made; with one, its
-- worker has died, and it is given back, as quotas.sweep does, and not made again unless the step may be tried again.
-- A step that has not begun is not late, however long no host was there.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local queue = require "human.queue"
local task = require "human.task"
local time = require "human.time"
local calls = require "marketplace.pipelines_calls"
local references = require "marketplace.pipelines_references"
local rules = require "marketplace.rules.pipelines"
local runs = require "marketplace.pipelines_runs"
local tasks = require "marketplace.pipelines_tasks"

local M = {}

M.sql = {
  load = [[select s.id, s.run_id, s.name, s.state, s.tries, s.call_id, s.task_id, s.price_mrc, s.config, r.actor_id,
      r.state as run_state, to_json(s.depends_on) as depends_on,
      extract(epoch from case when s.tries = 0 then human_now() else s.started_at end
        + coalesce((s.config ->> 'timeout_s')::int, $2::int) * interval '1 s' - human_now()) as left_s
    from market_pipeline_steps s join market_pipeline_runs r on r.id = s.run_id where s.id = $1::uuid]],
  state = "select state from market_pipeline_steps where id = $1::uuid",
  tried = "update market_pipeline_steps set tries = tries + 1 where id = $1::uuid returning tries",
  input = "select input from market_pipeline_runs where id = $1::uuid",
  outputs = [[select name, output from market_pipeline_steps where run_id = $1::uuid and output is not null
    and name in (select json_array_elements_text($2::json))]],
}

local function load(id)
  local work = db.row(M.sql.load, id, rules.timeout_s)
  if not work then return nil end
  work.config = json.decode(work.config)
  work.on_failure = work.config.on_failure
  work.left_ms = math.floor((tonumber(work.left_s) or 0) * 1000)
  return work
end

-- The input of a step, with its references filled in.
local function input_of(work)
  local template, names = json.encode(work.config.input), {}
  references.each(work.config.input, "", function(reference) names[#names + 1] = reference.step end)
  local sources = { input = db.value(M.sql.input, work.run_id), outputs = {} }
  for _, row in ipairs(names[1] and db.query(M.sql.outputs, work.run_id, json.encode(names)) or {}) do
    sources.outputs[row.name] = row.output
  end
  return references.fill(template, sources)
end

-- What becomes of a step of a locked run that has failed: it is tried again, or fails.
local function failed(tx, run, work, why)
  local retry = work.config.retry or {}
  local again = rules.retry_after { code = why.code, is_refused = why.outcome == "refused", tries = work.tries,
    max = retry.max or 0, backoff_s = retry.backoff_s or rules.backoff_s }
  if again.seconds and again.seconds * 1000 < work.left_ms then
    queue.add(tx, runs.STEP, work.id, time.now_ms() + again.seconds * 1000)
  else
    runs.fail(tx, run, work, why)
  end
end

-- Is the step of a locked run still to be done?
local function is_wanted(tx, run, work)
  return run.state == "running" and tx:value(M.sql.state, work.id) == "in_progress"
end

-- The end of a call, of the step if that was all, and of the row.
local function close(row, work, call, result, latency_ms)
  db.tx(function(tx)
    local run, is_ok, why = calls.settle(tx, work, call, result, latency_ms)
    if is_wanted(tx, run, work) then
      if is_ok then runs.complete(tx, run, work, result.output) else failed(tx, run, work, why) end
    end
    row:done(tx)
  end)
end

-- A step that fails without a call.
local function give_up(row, work, why)
  db.tx(function(tx)
    local run = runs.lock(tx, work.run_id)
    if is_wanted(tx, run, work) then
      work.tries = tx:value(M.sql.tried, work.id)
      failed(tx, run, work, why)
    end
    row:done(tx)
  end)
end

local function drop(row) db.tx(function(tx) row:done(tx) end) end

local function detail_of(err)
  local first = err.details and err.details[1]
  return first and (first.path .. " " .. first.message) or err.message
end

-- A step that buys work: then events move it on.
local function buy(row, work)
  local ok, err = pcall(db.tx, function(tx)
    local run, why = tasks.begin(tx, work)
    if why and is_wanted(tx, run, work) then
      work.tries = tx:value(M.sql.tried, work.id)
      failed(tx, run, work, why)
    end
    row:done(tx)
  end)
  if ok then return end
  if not fail.is(err) then error(err, 0) end
  give_up(row, work, { code = err.name, message = detail_of(err) })
end

local function call(row, work)
  local ok, begun = pcall(calls.begin, work)
  if not ok then
    if not fail.is(begun) then error(begun, 0) end
    return give_up(row, work, { code = begun.name, message = detail_of(begun) })
  end
  if not begun then return drop(row) end
  local at = task.clock()
  local result = calls.ask_by_name(work, begun)
  close(row, work, begun.call, result, math.floor((task.clock() - at) * 1000))
end

--- Work of the queue: a step (its key).
function M.run(row)
  local work = load(row.key)
  if not work then return drop(row) end
  if work.call_id then
    return close(row, work, { id = work.call_id, is_paid = work.price_mrc > 0 }, calls.LOST, nil)
  end
  if work.state ~= "in_progress" or work.run_state ~= "running" or work.task_id then return drop(row) end
  if work.left_ms <= 0 then
    return give_up(row, work, { code = "step_timeout", message = "The step took longer than it may" })
  end
  local input, code, message = input_of(work)
  if not input then return give_up(row, work, { code = code, message = message }) end
  work.input = input
  if work.config.listing_id then buy(row, work) else call(row, work) end
end

queue.define(runs.STEP, "marketplace.pipelines_steps.run",
  { per_key = true, concurrency = 500, attempts = 1000, timeout_s = 120, backoff = { first_s = 1, max_s = 30 } })

return M
