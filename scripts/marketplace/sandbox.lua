-- scripts/marketplace/sandbox.lua -- an output is tried against what was agreed; nothing comes of it.

local db = require "human.db"
local fail = require "human.fail"
local credit_tasks = require "marketplace.credit_tasks"
local rubrics = require "marketplace.rubrics"
local shapes = require "marketplace.shapes"
local transactions = require "marketplace.transactions"

local M = {}

local function field(path, message)
  fail.throw("validation_error", { details = { { path = path, message = message } } })
end

--- Tries an output: {transaction_id (of a party's) or task_id (of a credit task that the actor may take), output_data
--- (JSON)}.  Returns {passed, score, results}.  Fails with not_found, forbidden or no_rubric.
function M.run(actor, ask)
  if (ask.transaction_id == nil) == (ask.task_id == nil) then
    field("transaction_id", "is required, or task_id instead of it")
  end
  shapes.must_be_object(ask.output_data, "output_data")
  local of = ask.task_id and credit_tasks.criteria(actor, ask.task_id)
    or transactions.party(db, ask.transaction_id, actor.id)
  return rubrics.report(of.evaluation_rubric, of.output_schema, ask.output_data) or fail.throw "no_rubric"
end

return M
