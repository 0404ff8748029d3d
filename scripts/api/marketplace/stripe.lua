-- scripts/api/marketplace/stripe.lua -- POST /stripe-webhook: what Stripe tells; POST /payments-intent: what a page
-- needs to pay a payment at Stripe.

local api = require "human.api"
local config = require "human.config"
local db = require "human.db"
local s = require "human.schema"
local actors = require "marketplace.actors"
local events = require "marketplace.stripe.events"
local orders = require "marketplace.stripe.orders"
local payments = require "marketplace.payments"
require "marketplace.stripe.kinds"
require "marketplace.stripe.reconcile"

local M = {}
local g = api.group { tag = "Credits & Payments", auth = "market_key" }

local Name = s.string { min = 1, max = 255 }

g:post("/stripe-webhook", {
  summary = "What Stripe tells", auth = false, idempotent = false, body_max = 1024 * 1024,
  description = "Stripe's events, signed (Stripe-Signature). One that is known is answered, and changes nothing.",
  body = s.object({
    id = Name, type = Name, account = Name:nullable():optional(),
    data = s.object({ object = s.object({ id = Name:optional() }, { extra = "drop" }) }, { extra = "drop" }),
  }, { extra = "drop" }),
  reply = { [200] = s.object { received = s.bool } }, errors = { "unauthorized" },
}, function(ctx, body)
  if not events.is_genuine(ctx:header "stripe-signature", ctx:raw_body()) then ctx:fail "unauthorized" end
  events.keep { id = body.id, type = body.type, object = body.data.object.id or "", account = body.account }
  return 200, { received = true }
end)

local Intent = s.object {
  { "payment_id", s.uuid }, { "transaction_id", s.uuid:optional() }, { "status", s.string },
  { "amount_usd", s.usd { as = "amount_cents" } }, { "stripe_payment_intent_id", s.string },
  { "client_secret", s.string { secret = true } }, { "publishable_key", s.string:optional() },
  { "decline_code", s.string:optional() },
}

-- The payment, once its processor has made it.
local function made(ctx, payment)
  if payment.provider_id then return payment end
  orders.carry_out(payment.id)
  local now = db.row(payments.sql.get, payment.id)
  if not now.provider_id then
    ctx:fail("payment_provider_error", { message = "The payment provider has not made it yet: ask again",
                                         status = now.state })
  end
  return now
end

g:post("/payments-intent", {
  summary = "What a page needs to pay",
  description = "Of a payment of yours, of a transaction or a deposit: with it Stripe's script takes a card.",
  body = s.object { transaction_id = s.uuid:optional(), payment_id = s.uuid:optional() },
  reply = { [200] = Intent }, errors = { "payment_provider_error", "not_found" },
}, function(ctx, body)
  if (body.transaction_id == nil) == (body.payment_id == nil) then
    ctx:fail("validation_error", { details = { { path = "transaction_id", message = "or payment_id, one of them" } } })
  end
  actors.must_be_free(ctx.actor)
  local sql = body.payment_id and payments.sql.get or payments.sql.of
  local payment = db.row(sql, body.payment_id or body.transaction_id)
  if not payment or payment.payer_id ~= ctx.actor.id then ctx:fail "not_found" end
  payment = made(ctx, payment)
  local key = config.marketplace.stripe.publishable_key
  return 200, { payment_id = payment.id, transaction_id = payment.transaction_id, status = payment.state,
                amount_cents = payment.amount_cents, stripe_payment_intent_id = payment.provider_id,
                client_secret = payment.client_secret, decline_code = payment.decline_code,
                publishable_key = payment.provider == "stripe" and key ~= "" and key or nil }
end)

return M
