-- scripts/marketplace/deposits.lua -- cash that becomes credits: a payment (payments.lua) whose money is captured when
-- it is authorized, and, once it is, given as withdrawable credits, less the fee.

local db = require "human.db"
local queue = require "human.queue"
local fees = require "marketplace.fees"
local moves = require "marketplace.moves"
local news = require "marketplace.news"
local payments = require "marketplace.payments"

local M = {}

--- Begins a deposit of an actor: in tx.  method: its card; without one it waits for payments.confirm (an agent's takes
--- the card that is kept for it).  Returns the payment, and why the card was declined, if it was.
function M.begin(tx, actor, amount_cents, method)
  local fee = fees.charge(tx, actor, "deposit", amount_cents).fee_cents
  local payment = payments.make(tx, { kind = "deposit", payer_id = actor.id, amount_cents = amount_cents,
                                      fee_cents = fee })
  if not method then return payment end
  return payments.confirm(tx, { id = payment.id }, method, actor.id)
end

--- Work of the queue: an authorized deposit is captured, and its credits are given.
function M.take(row)
  db.tx(function(tx)
    local payment = payments.lock(tx, row.key)
    if payment.state == "authorized" then
      local taken, why = payments.take(tx, payment, "deposit")
      if not taken then payments.finish(tx, payment, "refuse", why, why)
      elseif taken.state == "captured" then M.give(tx, taken) end
    end
    row:done(tx)
  end)
end

--- Gives the credits of a deposit that has been captured in tx.
function M.give(tx, payment)
  moves.deposit(tx, payment.id, { actor = payment.payer_id, gross = payment.amount_cents, fee = payment.fee_cents })
  local data = { payment_id = payment.id, amount_cents = payment.amount_cents, fee_cents = payment.fee_cents }
  news.put(tx, { name = "deposit.completed", about = payment.id, to = { payment.payer_id }, data = data })
end

queue.define("market.deposit", "marketplace.deposits.take", { per_key = true, attempts = 100 })

return M
