-- scripts/marketplace/task_budgets.lua -- tools that the seller of a task subscribes to for it: with credits of its
-- own, for no more than the task's price, while it is at work.  What is in escrow stays there: it is the buyer's until
-- that accepts.  When the task is refunded, its buyer has all of it back, and what was spent on tools is the seller's
-- loss.
--
-- Who spends holds the lock of the seller's wallet, which whoever ends the task takes as well.

local fail = require "human.fail"

local M = {}

local MRC_PER_CENT = 1000
local AT_WORK = { assigned = true, revision_requested = true }

M.sql = {
  task = "select seller_id, state, price_cents from market_transactions where id = $1::uuid",
  spend = [[insert into market_task_budgets as b (transaction_id, total_mrc, spent_mrc)
    select $1::uuid, $2::bigint, $3::bigint where $3::bigint <= $2::bigint
    on conflict (transaction_id) do update set spent_mrc = b.spent_mrc + excluded.spent_mrc
      where b.spent_mrc + excluded.spent_mrc <= b.total_mrc]],
  give_back = [[update market_task_budgets set spent_mrc = spent_mrc - $2::bigint
    where transaction_id = $1::uuid]],
}

--- May a task pay for something still?
function M.goes_on(q, transaction_id) return AT_WORK[q:row(M.sql.task, transaction_id).state] == true end

--- Spends of a task's budget, in tx: s = {transaction_id, seller_id (who spends), amount_mrc}.  Fails with not_found
--- (it is not the seller's), delegation_expired (it is not at work), or budget_exceeded.
function M.spend(tx, s)
  local task = tx:row(M.sql.task, s.transaction_id)
  if not task or task.seller_id ~= s.seller_id then fail.throw "not_found" end
  if not AT_WORK[task.state] then
    fail.throw("delegation_expired", { message = "The task of this budget is not worked on" })
  end
  if tx:exec(M.sql.spend, s.transaction_id, task.price_cents * MRC_PER_CENT, s.amount_mrc) == 0 then
    fail.throw "budget_exceeded"
  end
end

--- Gives back, in tx, what a call did not cost.
function M.give_back(tx, transaction_id, amount_mrc) tx:exec(M.sql.give_back, transaction_id, amount_mrc) end

return M
