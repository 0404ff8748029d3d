-- scripts/marketplace/criteria.lua -- what both sides have agreed on is looked at when something is delivered, before
-- the buyer accepts or disputes it, and again when a dispute is decided; both see what came of it.

local db = require "human.db"
local json = require "human.json"
local rubrics = require "marketplace.rubrics"

local M = {}

local SHOWN = 100

M.sql = {
  add = [[insert into market_checks (transaction_id, milestone_sequence, moment, passed, score, results)
    values ($1::uuid, $2::int, $3, $4, $5, $6::jsonb)]],
  list = [[select milestone_sequence, moment, passed, score, results, created_at as checked_at from market_checks
    where transaction_id = $1::uuid order by id desc limit $2::int]],
  terms = "select evaluation_rubric, output_schema, output_data from market_transactions where id = $1::uuid",
  part = "select output_data from market_milestones where transaction_id = $1::uuid and sequence = $2::int",
}

--- Looks at an output (JSON) of a transaction {id, evaluation_rubric, output_schema} and notes in tx what came of it.
--- moment: "delivery" or "dispute".  Returns {passed, score, results}, or nil when nothing has been agreed.
function M.note(tx, t, moment, output, milestone_sequence)
  local report = rubrics.report(t.evaluation_rubric, t.output_schema, output)
  if not report then return nil end
  tx:exec(M.sql.add, t.id, milestone_sequence, moment, report.passed, report.score,
    json.encode(json.array(report.results)))
  return report
end

--- The same again for what a dispute is about: a transaction's output, or that of one of its milestones.
function M.again(tx, id, milestone_sequence)
  local t = tx:row(M.sql.terms, id)
  if not t then return nil end
  local output = t.output_data
  if milestone_sequence then output = tx:value(M.sql.part, id, milestone_sequence) end
  if not output then return nil end
  t.id = id
  return M.note(tx, t, "dispute", output, milestone_sequence)
end

--- What came of it, the last first: {{milestone_sequence, moment, passed, score, results (JSON), checked_at}, ..}.
function M.list(id) return db.query(M.sql.list, id, SHOWN) end

return M
