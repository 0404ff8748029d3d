-- spec/e2e/scripts/market_trade/marketplace/payments.lua -- stands in for the processor: an agent's payment is authorised at
-- once, a human's never.  Goes when marketplace.payments is there.

local escrow = require "marketplace.escrow"

local M = {}

M.sql = {
  price = "select price_cents from market_transactions where id = $1::uuid",
  type = "select type from market_actors where id = $1::uuid",
}

function M.open(tx, p)
  if tx:value(M.sql.type, p.buyer_id) == "delegated_agent" then
    escrow.authorise(tx, p.transaction_id, p.amount_cents)
    require("marketplace.transactions").authorized(tx, p.transaction_id)
  end
  return { id = p.transaction_id, provider_id = "pi_" .. p.transaction_id:gsub("-", ""), client_secret = "secret" }
end

function M.is_authorized(_, id) return escrow.balance(id).credits_pending > 0 end

function M.capture(tx, id) escrow.capture(tx, id, tx:value(M.sql.price, id), 0) end

function M.cancel(tx, id) escrow.let_go(tx, id) end

function M.refund(tx, id, cause, amount)
  escrow.refund(tx, cause, id, amount)
  escrow.refund_paid(tx, cause, amount)
end

return M
