-- scripts/marketplace/processor.lua -- the payment processor that the settings name (marketplace.payments).
--
-- A processor is a module with
--   DEFAULT_CARD;  knows(method) -> whether it may be kept for an actor
--   new(payment) -> provider_id, client_secret
--   authorize(tx, payment, method) -> {capture_before}, or nil and why it was declined
--   capture(tx, payment) -> true, or nil and why not;  cancel(tx, payment)
--   refund(key, payment, amount_cents) -> true, or nil and why not
--   open_account(tx) -> account;  setup_path(account) -> where its owner sets it up;  is_ready(q, account)
--   pay_out(key, account, amount_cents) -> true, or nil and why not
-- What has a key may be asked again, and is done once.
--
-- One that is asked over a network has is_remote.  It does nothing in the transaction of the cause but write down what
-- it is to do: authorize and capture return "asked", and payments.heard is told what came of it.  In place of refund
-- and pay_out it has refund_later(tx, payment, refund) and pay_out_later(tx, withdrawal, account), of open_account and
-- setup_path setup_url(actor_id, urls), and made(tx, payment) for one that is to be made.

local config = require "human.config"
local fail = require "human.fail"
local stripe = require "marketplace.processor_stripe"
local test = require "marketplace.processor_test"

local M = {}

local KNOWN = { test = test, stripe = stripe }

--- The processor, and its name.  Fails with payment_provider_error where there is none.
function M.now()
  local name = config.marketplace.payments
  local found = KNOWN[name]
  if not found then fail.throw("payment_provider_error", { message = "This server takes no payments" }) end
  return found, name
end

--- The processor that something was begun with.
function M.of(name) return KNOWN[name] or error("no processor is called " .. name, 0) end

return M
