-- scripts/marketplace/settlement.lua -- the money of transactions: who gets what is held for one when it ends.
-- A card pays for a transaction, or the escrow of the one that it is a part of; what such a one gives back goes there.

local escrow = require "marketplace.escrow"
local fail = require "human.fail"
local ledger = require "marketplace.ledger"
local money = require "marketplace.money"
local rules = require "marketplace.rules.trade"

local M = {}

local AT_WORK = { assigned = true, revision_requested = true }

M.sql = {
  parent = "select id, state, parent_id, depth from market_transactions where id = $1::uuid for no key update",
}

local function payments() return require "marketplace.payments" end

--- Is its card to be captured when it is assigned?
function M.is_early(t)
  return rules.is_captured_early { sla_hours = t.sla_hours, has_milestones = t.has_milestones }
end

--- Takes the buyer's money, if it is not taken yet.  Fails when it cannot be had any more: nobody is paid with nothing.
function M.capture(tx, t)
  if not t.parent_id and t.price_cents > 0 then payments().capture(tx, t.id) end
end

--- Takes the price of a subcontract out of what its parent's seller would get.
function M.carve(tx, parent, child)
  if parent.has_milestones then
    fail.throw("invalid_state", { status = parent.state,
                                  message = "Work that is paid by milestones has no subcontracts" })
  end
  M.capture(tx, parent)
  local free = escrow.balance(parent.id).posted - parent.fee_cents
  if child.price_cents > free then
    fail.throw("budget_exceeded", { message = ("The subcontract costs $%s; $%s of the parent's payout are left"):format(
      money.dollars(child.price_cents), money.dollars(math.max(0, free))) })
  end
  escrow.carve(tx, parent.id, child.id, child.price_cents)
end

--- Pays the seller all that is held, except the fee.
function M.release(tx, t)
  M.capture(tx, t)
  local held = escrow.balance(t.id).posted
  local fee = math.min(t.fee_cents, held)
  escrow.release(tx, t.id, { id = t.id, seller = t.seller_id, payout = held - fee, fee = fee })
end

--- Pays the seller of a milestone.
function M.release_milestone(tx, t, m)
  M.capture(tx, t)
  escrow.release(tx, m.id, { id = t.id, seller = t.seller_id, payout = m.payout_cents, fee = m.fee_cents })
end

-- Gives an amount to whoever pays for it: what a subcontract gives back is its parent's again, and once that has been
-- given up itself, its buyer's.  Chains have three links at most.
local function give_buyer(tx, t, cause, amount)
  while amount > 0 and t.parent_id do
    local parent = tx:row(M.sql.parent, t.parent_id)
    ledger.post(tx, "escrow.returned", cause .. ":" .. t.depth, {
      { debit = { "escrow", t.id }, credit = { "escrow", parent.id }, amount = amount },
    })
    if AT_WORK[parent.state] then return end
    t = parent
  end
  if amount > 0 then payments().refund(tx, t.id, cause, amount) end
end

--- Lets a payment go that nothing was assigned for.
function M.cancel(tx, t)
  if not t.parent_id then payments().cancel(tx, t.id) end
end

--- Gives the buyer all that is still held.
function M.refund(tx, t, cause)
  local held = escrow.balance(t.id)
  if held.credits_pending > 0 then return M.cancel(tx, t) end
  give_buyer(tx, t, cause, held.posted)
end

--- Gives the buyer the money of a milestone.
function M.refund_milestone(tx, t, m) give_buyer(tx, t, m.id, m.fee_cents + m.payout_cents) end

--- Gives the buyer buyer_pct of what is held; of the rest the platform has its fee, and the seller what is left.
function M.split(tx, t, buyer_pct)
  M.capture(tx, t)
  local held = escrow.balance(t.id).posted
  local back = money.share(held, math.floor(buyer_pct * 100 + 0.5))
  give_buyer(tx, t, t.id, back)
  local fee = rules.price(held - back).fee_cents
  escrow.release(tx, t.id, { id = t.id, seller = t.seller_id, payout = held - back - fee, fee = fee })
end

return M
