-- scripts/marketplace/pipelines_tasks.lua -- steps of pipelines that buy work: a step makes a transaction as
-- /transactions-create does, in one transaction with its own row, and waits until that is delivered.  Events of the
-- transaction move it on; who pays, delivers and accepts does so as ever.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local outbox = require "human.outbox"
local actors = require "marketplace.actors"
local calls = require "marketplace.pipelines_calls"
local news = require "marketplace.news"
local purchases = require "marketplace.purchases"
local rules = require "marketplace.rules.pipelines"
local runs = require "marketplace.pipelines_runs"
local transactions = require "marketplace.transactions"

local M = {}

local MRC_PER_CENT = 1000

M.sql = {
  note = [[update market_pipeline_steps set task_id = $2::uuid, price_mrc = $3::bigint, tries = tries + 1
    where id = $1::uuid and state = 'in_progress' and task_id is null]],
  waiting = [[select id, run_id, name, task_id, config ->> 'on_failure' as on_failure from market_pipeline_steps
    where task_id = any (array(select json_array_elements_text($1::json)::uuid)) and state = 'in_progress' limit 100]],
  settled = [[with old as (select id, price_mrc from market_pipeline_steps
      where id = $1::uuid and state = 'in_progress' for update)
    update market_pipeline_steps s set price_mrc = 0 from old where s.id = old.id returning old.price_mrc]],
}

--- Buys what a step says, in tx: returns the locked run; and nil, or {code, message} why it could not be bought.
--- Fails, so that nothing is kept, when the budget or the state of the run does not allow it.
function M.begin(tx, work)
  local config = work.config
  local ok, t = pcall(purchases.create, actors.get(tx, work.actor_id), { listing_id = config.listing_id,
    parent_id = config.parent_transaction_id, input_data = work.input, cause = "pipeline-run" })
  if not ok and not fail.is(t) then error(t, 0) end
  local run = runs.lock(tx, work.run_id)
  if not ok then return run, { code = t.name, message = t.message } end
  local price = t.price_cents * MRC_PER_CENT
  if not tx:row(calls.sql.reserve, run.id, price) then
    fail.throw(run.state == "running" and "budget_exceeded" or "invalid_state",
      { message = "The task costs more than is left of the run's budget" })
  end
  if tx:exec(M.sql.note, work.id, t.id, price) == 0 then fail.throw "invalid_state" end
  return run
end

-- What was delivered, as JSON.
local function output_of(t)
  if t.output_data then return t.output_data end
  return json.encode { output_storage_path = t.output_storage_path }
end

local function end_step(step, t, outcome)
  db.tx(function(tx)
    local run = runs.lock(tx, step.run_id)
    local price = tx:value(M.sql.settled, step.id)
    if not price then return end
    tx:exec(calls.sql.charge, run.id, price, not outcome.is_free)
    local output = outcome.is_done and output_of(t)
    if output and #output <= rules.output_bytes then return runs.complete(tx, run, step, output) end
    runs.fail(tx, run, step, { code = output and "output_too_large" or "task_" .. t.state,
      message = output and ("More than %d bytes were delivered"):format(rules.output_bytes)
        or "The task has ended as " .. t.state })
  end)
end

--- Tasks that have gone on, or ended.
function M.wants(e)
  return e.name:find "^transaction%." ~= nil and e.name ~= "transaction.created" and e.name ~= "transaction.assigned"
end

--- Consumes such events of the marketplace: tasks of steps that are delivered, or will not be.
function M.take(batch)
  local ids = {}
  for _, row in ipairs(batch) do
    local e = row.payload
    if M.wants(e) and e.data and e.data.transaction_id then ids[#ids + 1] = e.data.transaction_id end
  end
  for _, step in ipairs(ids[1] and db.query(M.sql.waiting, json.encode(ids)) or {}) do
    local t = transactions.get(db, step.task_id)
    local outcome = rules.task_outcome { state = t.state }
    if not outcome.waits then end_step(step, t, outcome) end
  end
  db.tx(function(tx) batch:done(tx) end)
end

outbox.on(news.TOPIC, "marketplace.pipelines_tasks.take", "marketplace.pipelines_tasks.wants",
  "exists (select from market_pipeline_steps s where s.task_id = (r.payload -> 'data' ->> 'transaction_id')::uuid)")

return M
