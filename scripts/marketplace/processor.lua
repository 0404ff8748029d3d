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

local config = require "human.config"
local fail = require "human.fail"
local test = require "marketplace.processor_test"

local M = {}

local KNOWN = { test = test }

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
