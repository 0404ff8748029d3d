-- scripts/api/marketplace/payments.lua -- cards: POST /payments-confirm, as a client confirms a payment at the
-- processor, and POST /payments-method; GET /payments-test-setup: where accounts of the processor `test` are set up.

local api = require "human.api"
local db = require "human.db"
local s = require "human.schema"
local actors = require "marketplace.actors"
local payments = require "marketplace.payments"
local processor = require "marketplace.processor"
local processor_test = require "marketplace.processor_test"

local g = api.group { tag = "Credits & Payments", auth = "market_key" }

local Method = s.string { min = 1, max = 100 }:describe "A card; of the processor `test`: pm_test_ok, .."
local STATES = s.enum { "created", "authorized", "capturing", "captured", "canceled", "failed" }

g:post("/payments-confirm", {
  summary = "Pay with a card",
  description = "What a client does at the processor: confirms a payment that waits, of a transaction or a deposit. "
    .. "One that is still \"created\" in the answer is being asked for; POST /payments-intent says how it stands.",
  body = s.object {
    transaction_id = s.uuid:optional(), payment_id = s.uuid:optional(), payment_method = Method:optional(),
  },
  reply = { [200] = s.object {
    { "payment_id", s.uuid }, { "transaction_id", s.uuid:optional() }, { "status", STATES },
    { "amount_usd", s.usd { as = "amount_cents" } },
  } },
  errors = { "payment_provider_error", "invalid_state", "agent_frozen", "not_found", "capture_failed" },
}, function(ctx, body)
  if (body.transaction_id == nil) == (body.payment_id == nil) then
    ctx:fail("validation_error", { details = { { path = "transaction_id", message = "or payment_id, one of them" } } })
  end
  actors.must_be_free(ctx.actor)
  local payment, why = db.tx(function(tx)
    local which = { id = body.payment_id, transaction_id = body.transaction_id }
    return payments.confirm(tx, which, body.payment_method, ctx.actor.id)
  end)
  if why and why ~= payments.PROCESSING then
    ctx:fail("payment_provider_error", { message = "The card was declined: " .. why, decline_code = why,
                                         status = payment.state })
  end
  return 200, { payment_id = payment.id, transaction_id = payment.transaction_id, status = payment.state,
                amount_cents = payment.amount_cents }
end)

g:post("/payments-method", {
  summary = "Keep a card", description = "With which your payments are paid where nobody confirms them.",
  body = s.object { payment_method = Method }, reply = { [200] = s.object { payment_method = s.string } },
  errors = { "payment_provider_error" },
}, function(ctx, body)
  if not processor.now().knows(body.payment_method) then
    ctx:fail("validation_error", { details = { { path = "payment_method", message = "is no card that is known" } } })
  end
  db.tx(function(tx) payments.set_method(tx, ctx.actor.id, body.payment_method) end)
  return 200, { payment_method = body.payment_method }
end)

g:get("/payments-test-setup/{token}", {
  summary = "Set up an account of the processor `test`", auth = false, limit = { rate = 5, burst = 50 },
  description = "The onboarding address of the processor `test`: a visit makes the account ready for payouts.",
  params = { token = s.string { min = 32, max = 32, pattern = "^%x+$", form = "32 hex digits" } },
  query = { bank = s.enum { "ba_test_ok", "ba_test_closed", "ba_test_no_account" }:default "ba_test_ok" },
  reply = { [200] = s.object { { "account", s.string }, { "payouts_enabled", s.bool } } }, errors = { "not_found" },
}, function(ctx)
  local account = processor_test.set_up(ctx.params.token, ctx.query.bank)
  if not account then ctx:fail "not_found" end
  return 200, { account = account, payouts_enabled = true }
end)

return {}
