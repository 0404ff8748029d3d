-- scripts/marketplace/subcontracts.lua -- transactions that are parts of others.  What is in escrow is the money of
-- who pays for the whole until he has accepted that: what a part has earned is held, and goes to its seller in the
-- transaction in which the whole is paid for, or back in the one in which the whole's money goes back.
-- All of a chain changes under the lock of its first transaction (transactions.lock), so nothing here can be overtaken.

local escrow = require "marketplace.escrow"
local news = require "marketplace.news"
local referrals = require "marketplace.referrals"
local rules = require "marketplace.rules.trade"

local M = {}

local OPEN = { assigned = true, delivered = true, revision_requested = true, disputed = true }

M.sql = {
  chain = [[select t.id, t.parent_id, t.state, t.payout_status, t.buyer_id, t.seller_id, t.title, t.price_cents,
      t.fee_cents, coalesce(h.credits_posted - h.debits_posted, 0) as held,
      coalesce(d.credits_posted - d.debits_posted, 0) as due
    from market_transactions t
    left join ledger_accounts h on h.owner = t.id::text and h.code = 2000
    left join ledger_accounts d on d.owner = t.id::text and d.code = 2050
    where t.root_id = $1::uuid order by t.depth, t.created_at, t.id limit 1000]],
  earn = "update market_transactions set payout_status = 'held' where id = $1::uuid",
  settle = [[update market_transactions set payout_status = $2, paid_cents = coalesce(paid_cents, 0) + $3::bigint
    where id = $1::uuid]],
}

local function transactions() return require "marketplace.transactions" end

-- A transaction and all below it, the first one first.
local function tree(tx, t)
  local list, known = {}, { [t.id] = true }
  for _, row in ipairs(tx:query(M.sql.chain, t.root_id)) do
    if known[row.id] or known[row.parent_id] then
      known[row.id], list[#list + 1] = true, row
    end
  end
  return list
end

local function tell(tx, what, part, whole_id, data)
  data.transaction_id, data.parent_transaction_id, data.title = part.id, whole_id, part.title
  data.paid_when = rules.paid_when(true)
  news.put(tx, { name = "subcontract." .. what, about = part.id, to = { part.seller_id, part.buyer_id }, data = data })
end

--- A part, or a milestone of it (cause), has earned an amount: it is held until the whole is paid for.
function M.hold(tx, t, cause, cents)
  escrow.hold(tx, cause, t.id, cents)
  tx:exec(M.sql.earn, t.id)
  tell(tx, "payout_held", t, t.parent_id, { held_cents = cents })
end

-- What the seller of each in a tree keeps of its price, with what those keep whom he has subcontracted.
local function kept_in(list)
  local kept = {}
  for i = #list, 1, -1 do
    local node = list[i]
    kept[node.id] = (kept[node.id] or 0) + node.held + node.due
    if node.parent_id then kept[node.parent_id] = (kept[node.parent_id] or 0) + kept[node.id] end
  end
  return kept
end

local function pay_part(tx, part, whole, pay)
  escrow.pay_due(tx, pay)
  tx:ask(M.sql.settle, part.id, "released", pay.payout)
  referrals.settle(tx, part.buyer_id, part.seller_id)
  tell(tx, "payout_released", part, whole.id, { payout_cents = pay.payout })
end

--- Pays the seller of a whole what is held for it, and those of all its parts what has waited for that.
function M.release(tx, t)
  local list = tree(tx, t)
  local kept = kept_in(list)
  for i, node in ipairs(list) do
    local has = i == 1 and node.held or node.due
    local fee = math.min(has, rules.kept_fee { fee_cents = node.fee_cents, price_cents = node.price_cents,
                                               kept_cents = kept[node.id] })
    local pay = { id = node.id, seller = node.seller_id, payout = has - fee, fee = fee }
    if i == 1 then escrow.release(tx, node.id, pay) end
    if node.payout_status == "held" then pay_part(tx, node, t, pay) end
  end
end

-- A part that is still worked on ends, since its whole has.
local function orphan(tx, part, cause)
  local row = tx:row(transactions().sql.lock, part.id)
  local from = row.state
  transactions().step(tx, row, "orphan", nil, cause)
  if from == "disputed" then require("marketplace.disputes").end_without(tx, part.id, cause) end
end

--- The money of a transaction goes back: its parts end, and what they hold or wait for is its own again.
function M.stop(tx, t, cause)
  local list = tree(tx, t)
  table.remove(list, 1)
  for i = #list, 1, -1 do
    if OPEN[list[i].state] then orphan(tx, list[i], cause) end
  end
  escrow.collect(tx, t.id, list)
  for _, part in ipairs(list) do
    if part.payout_status == "held" then
      tx:exec(M.sql.settle, part.id, "returned", 0)
      tell(tx, "payout_returned", part, t.id, { returned_cents = part.due })
    end
  end
end

--- A share of what a transaction and its parts hold is to go back: what comes of the parts is its own again.  Returns
--- how many cents of what it holds go back now.
function M.divide(tx, t, back_bp)
  local list, amounts = tree(tx, t), {}
  for i, node in ipairs(list) do amounts[i] = i == 1 and node.held or node.due end
  local parts = rules.split { back_bp = back_bp, amounts = amounts }
  local back, collected = parts[1], {}
  for i = 2, #list do
    local part = list[i]
    back = back + parts[i]
    collected[i - 1] = { id = part.id, held = 0, due = parts[i] }
    if parts[i] > 0 then
      if parts[i] == part.due then tx:exec(M.sql.settle, part.id, "returned", 0) end
      tell(tx, "payout_returned", part, t.id, { returned_cents = parts[i] })
    end
  end
  escrow.collect(tx, t.id, collected)
  return back
end

return M
