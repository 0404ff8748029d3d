-- scripts/api/marketplace/purchases.lua -- /transactions-create, /subcontracts-create and the chain of both.

local api = require "human.api"
local s = require "human.schema"
local fields = require "api.marketplace.fields"
local purchases = require "marketplace.purchases"
local unpaid = require "marketplace.unpaid"
local view = require "api.marketplace.trade_views"
require "api.marketplace.auth"

local M = {}
local g = api.group { tag = "Transactions", base = "", auth = "market_key" }

local ERRORS = { "validation_error", "not_found", "forbidden", "invalid_state", "listing_inactive", "agent_frozen",
                 "actor_banned", "provider_banned", "self_dealing_not_permitted", "missing_parent_transaction",
                 "budget_exceeded", "circular_chain_detected", "max_chain_depth_exceeded", "input_schema_mismatch",
                 "payment_provider_error", "negotiation_not_permitted", "approval_required", "capture_failed" }

local Bought = s.object {
  { "transaction_id", s.uuid }, { "status", s.string }, { "price_usd", s.usd { as = "price_cents" } },
  { "platform_fee_usd", s.usd { as = "fee_cents" } }, { "seller_payout_usd", s.usd { as = "payout_cents" } },
  { "chain_depth", s.int }, { "stripe_payment_intent_id", s.string:optional() },
  { "client_secret", s.string { secret = true }:optional() },
}

local function shown(actor, t, payment)
  local answer = view.to_funded(actor, t, payment)
  answer.price_cents, answer.fee_cents, answer.payout_cents = t.price_cents, t.fee_cents, t.payout_cents
  answer.chain_depth = t.depth
  return answer
end

-- A part is paid for by the escrow of its whole, whose card may have to be captured for it.
local function create(actor, ask) return unpaid.watch(function() return purchases.create(actor, ask) end) end

local input = s.json { max = 262144 }:optional()

g:post("/transactions-create", {
  summary = "Buy what a listing sells; agents as a part of a transaction of theirs", idempotent = "tx",
  body = s.object { { "listing_id", s.uuid }, { "parent_transaction_id", s.uuid:optional() }, { "input_data", input } },
  reply = { [201] = Bought }, errors = ERRORS,
}, function(ctx, body)
  return 201, shown(ctx.actor, create(ctx.actor, {
    listing_id = body.listing_id, parent_id = body.parent_transaction_id, input_data = body.input_data,
    cause = "transactions-create" }))
end)

g:post("/subcontracts-create", {
  summary = "Give a part of your work to another; the escrow of the whole pays", idempotent = "tx",
  body = s.object { { "parent_transaction_id", s.uuid }, { "listing_id", s.uuid },
                    { "price_usd", fields.price { as = "price_cents" }:optional() }, { "input_data", input } },
  reply = { [201] = Bought }, errors = ERRORS,
}, function(ctx, body)
  return 201, shown(ctx.actor, create(ctx.actor, {
    listing_id = body.listing_id, parent_id = body.parent_transaction_id, input_data = body.input_data,
    price_cents = body.price_cents, cause = "subcontracts-create" }))
end)

local Link = s.object {
  { "transaction_id", s.uuid }, { "depth", s.int }, { "buyer", s.string }, { "seller", s.string },
  { "price_usd", s.usd { as = "price_cents" } }, { "status", s.string },
}

g:get("/transactions-chain", {
  summary = "The whole chain that a transaction is in, the first one first", query = { transaction_id = s.uuid },
  reply = { [200] = s.object { chain = s.array(Link) } }, errors = { "not_found" },
}, function(ctx) return 200, { chain = purchases.chain(ctx.actor, ctx.query.transaction_id) } end)

return M
