-- scripts/gateway/booking.lua -- the cost of runs and summaries: counted when they begin, in the transaction that
-- writes the call down, and booked in the transaction that ends them (agent.budget).

local decisions = require "human.decisions"
local budget = require "agent.budget"

local M = {}

M.sql = {
  record = [[insert into agent_runs (id, agent_id, until_pos) select $1, $2, last_pos from agent_mailboxes
    where agent_id = $2]],
  is_recorded = "select 1 as yes from agent_runs where id = $1",
  model = "update agent_runs set provider = $2, model = $3 where id = $1",
  -- A session has one run that is not over; what is beside it is over at once, and booked all the same.
  record_beside = [[insert into agent_runs (id, agent_id, until_pos, reason, finished_at)
    select $1, $2, last_pos, 'completed', clock_timestamp() from agent_mailboxes where agent_id = $2]],
}

--- Whether there is a budget for a run, which is recorded and counted then; nil: the transaction is to be tried again.
--- run: {id, session_id, user_id, beside (true: it is beside the session's run)}; payer: of agent.budget.
function M.count(tx, run, payer)
  if tx:row(M.sql.is_recorded, run.id) then return true end
  local context = { ref = run.id, subject = run.session_id }
  local alone = budget.begins_alone(run.user_id)
  budget.lock(tx, run.user_id, alone)
  local take = budget.taking(tx, payer, run.id, alone)
  local may = take(function(fn, ...) return decisions.decide(tx, fn, context, ...) end)
  if may == nil then return nil end
  tx:ask(run.beside and M.sql.record_beside or M.sql.record, run.id, run.session_id)
  if may then budget.count(tx, payer) end
  return may
end

--- Books what a call of the model cost.
function M.book(tx, run, payer, spent)
  local input, output = spent.input_tokens or 0, spent.output_tokens or 0
  tx:ask(budget.sql.book_agent, run.session_id, input, output, spent.cost_micros or 0)
  tx:ask(budget.sql.book_run, run.id, input, output, budget.known_cost(spent))
  if spent.provider then tx:ask(M.sql.model, run.id, spent.provider, spent.model) end
  budget.charge(tx, payer, spent)
end

return M
