-- scripts/marketplace/escrow.lua -- the money of a transaction, from the card to the seller's credits or back.
-- A card is authorised (pending), then captured into the escrow account of the transaction; what leaves it goes to
-- the seller, to a subcontract or back, and it is empty when the transaction ends.  What a subcontract has earned waits
-- in an account of its own, `due`, until the whole that it is a part of is paid for.
-- Each function belongs in the transaction that moves the state of its cause; amounts are cents.

local credits = require "marketplace.credits"
local ledger = require "marketplace.ledger"

local M = {}

local MRC_PER_CENT = 1000                        -- one credit is one cent

local function held(id) return { "escrow", id } end
local function due(id) return { "due", id } end

--- Opens the account of a new transaction.
function M.open(tx, id) ledger.open(tx, { held(id) }) end

--- The processor has authorised the price.
function M.authorise(tx, id, price)
  ledger.post(tx, "escrow.authorised", id, {
    { kind = "pending", debit = "authorised", credit = held(id), amount = price },
  })
end

--- The authorisation has ended without a capture.  False: there was none.
function M.let_go(tx, id) return ledger.void(tx, "escrow.let_go", id, "escrow.authorised")() > 0 end

--- The processor has captured the price; fee: what it keeps of it, or 0 while unknown.
function M.capture(tx, id, price, fee)
  ledger.void(tx, "escrow.capturing", id, "escrow.authorised")
  ledger.post(tx, "escrow.captured", id, {
    { debit = "processor", credit = held(id), amount = price },
    { debit = "processor_fees", credit = "processor", amount = fee or 0 },
  })
end

--- Carves the price of a subcontract out of what is held for its parent.
function M.carve(tx, parent, child, price)
  ledger.post(tx, "escrow.carved", child, { { debit = held(parent), credit = held(child), amount = price } })
end

local function pay_seller(tx, event, cause, from, pay)
  credits.lock(tx, pay.seller)
  local payout_mrc = pay.payout * MRC_PER_CENT
  ledger.post(tx, event, cause, {
    { debit = from, credit = { "payable", pay.seller }, amount = pay.payout },
    { debit = from, credit = "fees_tasks", amount = pay.fee },
    { debit = { "payable", pay.seller }, credit = "backing", amount = pay.payout },
    { debit = "issued_cash", credit = { "wallet_W", pay.seller }, amount = payout_mrc },
  })
  if payout_mrc > 0 then
    credits.note_lot(tx, event, cause, { actor = pay.seller, pool = "W", amount = payout_mrc,
                                         reason = "task_completion" })
  end
end

--- Pays the seller of a transaction, or of one of its milestones (cause), as withdrawable credits.
--- pay: {id (of the transaction), seller, payout, fee}.
function M.release(tx, cause, pay) pay_seller(tx, "escrow.released", cause, held(pay.id), pay) end

--- A subcontract, or one of its milestones (cause), has earned an amount, which waits for the whole.
function M.hold(tx, cause, id, amount)
  ledger.open(tx, { due(id) })
  ledger.post(tx, "escrow.released", cause, { { debit = held(id), credit = due(id), amount = amount } })
end

--- Pays the seller of a subcontract what has waited: pay as for release().
function M.pay_due(tx, pay) pay_seller(tx, "escrow.due_paid", pay.id, due(pay.id), pay) end

--- What is held for a subcontract, in which it still works, goes back to the whole.
function M.give_up(tx, cause, id, whole, amount)
  ledger.post(tx, "escrow.returned", cause, { { debit = held(id), credit = held(whole), amount = amount } })
end

--- What the parts of a transaction that ends hold, and what waits for them, is its own again:
--- parts = {{id, held, due}, ..}, the amounts that go back.
function M.collect(tx, whole, parts)
  local transfers = {}
  for _, p in ipairs(parts) do
    transfers[#transfers + 1] = { debit = held(p.id), credit = held(whole), amount = p.held }
    transfers[#transfers + 1] = { debit = due(p.id), credit = held(whole), amount = p.due }
  end
  ledger.post(tx, "escrow.collected", whole, transfers)
end

--- The buyer gets an amount back, of a transaction or one of its milestones (cause); the processor will pay it.
function M.refund(tx, cause, id, amount)
  ledger.post(tx, "escrow.refunded", cause, { { debit = held(id), credit = "refunds", amount = amount } })
end

--- The processor has paid a refund.
function M.refund_paid(tx, cause, amount)
  ledger.post(tx, "escrow.refund_paid", cause, { { debit = "refunds", credit = "processor", amount = amount } })
end

--- What is held: {posted, credits_pending (authorised)}.
function M.balance(id) return ledger.balance("escrow", id) end

--- What a subcontract has earned and waits for, in cents.
function M.due(id) return ledger.balance("due", id).posted end

return M
