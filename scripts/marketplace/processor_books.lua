-- scripts/marketplace/processor_books.lua -- the ledger while a processor is being asked to capture: money that is on
-- its way from a card is in account 1010 until the processor has it.  In the transaction that moves the payment.

local ledger = require "marketplace.ledger"

local M = {}

M.sql = {
  is_booked = "select exists (select from ledger_transfers where cause = $1 and event = 'chargeback')",
}

--- Counts the money of a payment as held for its transaction, before the processor has captured it.
function M.claim(tx, payment)
  local id = payment.transaction_id
  ledger.void(tx, "escrow.capturing", id, "escrow.authorised")
  ledger.post(tx, "escrow.claimed", id, {
    { debit = "authorised", credit = { "escrow", id }, amount = payment.amount_cents },
  })
end

--- The processor has captured what was claimed.
function M.captured(tx, payment)
  ledger.post(tx, "escrow.captured", payment.transaction_id, {
    { debit = "processor", credit = "authorised", amount = payment.amount_cents },
  })
end

--- It could not: what is still held is worth nothing, and what has left it is the platform's loss.  Returns the loss.
function M.lost(tx, payment)
  local id = payment.transaction_id
  local held = math.min(payment.amount_cents, ledger.balance("escrow", id).posted)
  ledger.post(tx, "escrow.lost", id, {
    { debit = { "escrow", id }, credit = "authorised", amount = held },
    { debit = "losses", credit = "authorised", amount = payment.amount_cents - held },
  })
  return payment.amount_cents - held
end

--- What was to go back has never come: it is no loss.
function M.needless(tx, refund)
  ledger.post(tx, "escrow.refund_needless", refund.cause, {
    { debit = "refunds", credit = "losses", amount = refund.amount_cents },
  })
end

--- What the processor keeps of a payment.
function M.fee(tx, payment, fee_cents)
  ledger.post(tx, "processor.fee", payment.id, {
    { debit = "processor_fees", credit = "processor", amount = fee_cents },
  })
end

local function move(side, amount)
  if amount < 0 then return { debit = "processor", credit = side, amount = -amount } end
  return { debit = side, credit = "processor", amount = amount }
end

--- A buyer's bank has taken an amount back, and the processor keeps a fee for that; less than nothing: it was won, and
--- comes back.  name: the processor's, of that movement, which is booked once.
function M.charged_back(tx, name, amount, fee)
  if tx:value(M.sql.is_booked, name) then return end
  ledger.post(tx, "chargeback", name, { move("losses", amount), move("processor_fees", fee) })
end

return M
