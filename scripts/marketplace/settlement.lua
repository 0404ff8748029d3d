-- scripts/marketplace/settlement.lua -- the money of transactions: who gets what is held for one when it ends.
-- A card pays for a transaction, or the escrow of the one that it is a part of; what such a one gives back goes there,
-- and what it earns waits for that one (marketplace.subcontracts).

local escrow = require "marketplace.escrow"
local fail = require "human.fail"
local money = require "marketplace.money"
local rules = require "marketplace.rules.trade"
local subcontracts = require "marketplace.subcontracts"

local M = {}

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

--- Pays the seller all that is held, except the fee, and the sellers of its parts.  What a part has earned itself waits
--- for the whole.
function M.release(tx, t)
  M.capture(tx, t)
  if t.parent_id then return subcontracts.hold(tx, t, t.id, escrow.balance(t.id).posted) end
  subcontracts.release(tx, t)
end

--- Pays the seller of a milestone.
function M.release_milestone(tx, t, m)
  M.capture(tx, t)
  if t.parent_id then return subcontracts.hold(tx, t, m.id, m.payout_cents + m.fee_cents) end
  escrow.release(tx, m.id, { id = t.id, seller = t.seller_id, payout = m.payout_cents, fee = m.fee_cents })
end

-- Gives an amount to whoever pays for it: a card, or the escrow of which this is a part.
local function give_buyer(tx, t, cause, amount)
  if t.parent_id then return escrow.give_up(tx, cause, t.id, t.parent_id, amount) end
  if amount > 0 then payments().refund(tx, t.id, cause, amount) end
end

--- Lets a payment go that nothing was assigned for.
function M.cancel(tx, t)
  if not t.parent_id then payments().cancel(tx, t.id) end
end

--- Gives the buyer all that is still held, for it and for its parts, which end with it.
function M.refund(tx, t, cause)
  if escrow.balance(t.id).credits_pending > 0 then return M.cancel(tx, t) end
  subcontracts.stop(tx, t, cause)
  give_buyer(tx, t, t.id, escrow.balance(t.id).posted)
end

--- Gives the buyer the money of a milestone.
function M.refund_milestone(tx, t, m) give_buyer(tx, t, m.id, m.fee_cents + m.payout_cents) end

--- Gives the buyer buyer_pct of what is held for it and waits for its parts.  Of the rest the platform has its fee, and
--- the sellers what is left.
function M.split(tx, t, buyer_pct)
  M.capture(tx, t)
  give_buyer(tx, t, t.id, subcontracts.divide(tx, t, math.floor(buyer_pct * 100 + 0.5)))
  M.release(tx, t)
end

return M
