-- scripts/marketplace/processor_stripe.lua -- the processor `stripe`: separate charges and transfers.  Whatever it does
-- is an order (stripe/orders.lua), written in the transaction of its cause; stripe/observe.lua tells what comes of it.

local db = require "human.db"
local fail = require "human.fail"
local accounts = require "marketplace.stripe.accounts"
local orders = require "marketplace.stripe.orders"

local M = { is_remote = true }

local function order(tx, payment, kind, n, facts, about)
  orders.add(tx, { key = ("%s:%s:%s"):format(about or payment.id, kind, n), subject = payment.id, kind = kind,
                   facts = facts, about = about })
  return "asked"
end

--- Whether a name may be that of a card.
function M.knows(method) return #method <= 100 and method:find "^pm_[%w_]+$" ~= nil end

--- Stripe gives it a name when it is made.
function M.new() return nil, nil end

--- Has Stripe make a payment.
function M.made(tx, payment) return order(tx, payment, "create", 1) end

--- Has Stripe ask a card.
function M.authorize(tx, payment, method)
  if not method then return nil, "no_card" end
  if not M.knows(method) then return nil, "unknown_card" end
  return order(tx, payment, "confirm", payment.declines + 1, { method = method })
end

--- Has Stripe capture what is held.
function M.capture(tx, payment) return order(tx, payment, "capture", 1) end

--- Has Stripe let go of what is held.
function M.cancel(tx, payment) return order(tx, payment, "cancel", 1) end

--- Has Stripe pay a part of a payment back.
function M.refund_later(tx, payment, refund)
  return order(tx, payment, "refund", 1, { amount_cents = refund.amount_cents }, refund.id)
end

--- Has Stripe pay a withdrawal out: to the account first, and from there to its bank.
function M.pay_out_later(tx, w, account)
  return order(tx, w, "transfer", 1, { amount_cents = w.amount_cents - w.fee_cents, account = account,
                                       is_instant = w.is_instant or nil })
end

--- Whether an account can be paid out to.
function M.is_ready(q, account) return accounts.is_ready(q, account) end

-- What Stripe refuses or does not answer.
local function failed(err)
  fail.throw("payment_provider_error", { message = "Stripe: " .. (err.message or err.code) })
end

--- Where an actor sets his account up, which is opened when he has none: urls = {return_url, refresh_url}.  Not in a
--- transaction.
function M.setup_url(actor_id, urls)
  if not accounts.of(actor_id) then
    db.tx(function(tx)
      orders.add(tx, { key = actor_id .. ":account:1", subject = actor_id, kind = "account" })
    end)
    local ok, why = orders.carry_out(actor_id)
    if not ok then failed { code = why } end
  end
  local account = accounts.of(actor_id) or failed { code = "no account could be opened" }
  accounts.check(account)
  local url, err = accounts.link(account, urls)
  return url or failed(err)
end

return M
