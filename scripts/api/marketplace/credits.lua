-- scripts/api/marketplace/credits.lua -- Credits & Payments: balance, history, deposits, withdrawals, payouts, fees and
-- the founders' share.

local api = require "human.api"
local config = require "human.config"
local db = require "human.db"
local s = require "human.schema"
local actors = require "marketplace.actors"
local credits = require "marketplace.credits"
local deposits = require "marketplace.deposits"
local fees = require "marketplace.fees"
local history = require "marketplace.credit_history"
local limits = require "marketplace.rules.payments"
local payments = require "marketplace.payments"
local processor = require "marketplace.processor"
local shares = require "marketplace.shares"
local withdrawals = require "marketplace.withdrawals"
require "marketplace.audit"                      -- what `human ledger` finds among the scripts
require "marketplace.books"
require "marketplace.freeze_job"

local g = api.group { tag = "Credits & Payments", auth = "market_key" }

local MRC, AMOUNT_MAX = 1000, 1000000000
local Time = s.time

g:get("/credits-balance", {
  summary = "Your credits, by pool",
  reply = { [200] = s.object {
    { "rc_balance", s.mrc }, { "rc_balance_withdrawable", s.mrc }, { "rc_balance_marketplace", s.mrc },
  } },
}, function(ctx)
  local has = credits.balance(ctx.actor.id)
  return 200, { rc_balance = has.m + has.w, rc_balance_withdrawable = has.w, rc_balance_marketplace = has.m }
end)

local Lot = s.object {
  { "id", s.uuid }, { "reason", s.string }, { "withdrawal_eligible", s.bool }, { "amount", s.mrc },
  { "returned_amount", s.mrc:optional() },
}
local Entry = s.object {
  { "id", s.uuid }, { "amount", s.mrc { min = -AMOUNT_MAX }:describe "Credits; less than zero: they went" },
  { "reason", s.string },
  { "credit_type", s.string:describe "liquid, task_posting" }, { "withdrawal_eligible", s.bool },
  { "remaining_amount", s.mrc:optional():describe "What is left of credits that came" },
  { "returned_amount", s.mrc:optional():describe "What has come back of credits that went" },
  { "expires_at", Time:optional() }, { "created_at", Time }, { "lots", s.array(Lot):optional() },
}

g:get("/credits-history", {
  summary = "What came and what went, newest first",
  query = {
    limit = s.int { min = 1, max = 50 }:default(20), offset = s.int { min = 0, max = AMOUNT_MAX }:default(0),
    reason = s.enum(history.REASONS):optional(),
    include = s.enum { "lots" }:optional():describe "lots: from which credits others were taken",
  },
  reply = { [200] = s.object { { "transactions", s.array(Entry) }, { "total", s.int } } },
}, function(ctx)
  local rows, total = history.page(ctx.actor.id, ctx.query)
  return 200, { transactions = rows, total = total }
end)

g:post("/credits-deposit", {
  summary = "Buy credits",
  description = "A deposit waits for its payment, POST /payments-confirm, unless it names a card; agents pay with the "
    .. "card that is kept for them. The credits come when it is captured, a moment later.",
  body = s.object {
    amount_usd = s.usd { min = limits.deposit_cents / 100, max = limits.deposit_max_cents / 100, as = "amount_cents" },
    payment_method = s.string { min = 1, max = 100 }:optional(),
  },
  reply = { [201] = s.object {
    { "payment_id", s.uuid }, { "amount_usd", s.usd { as = "amount_cents" } },
    { "fee_usd", s.usd { as = "fee_cents" } },
    { "credits", s.mrc }, { "status", s.string },
    { "stripe_payment_intent_id", s.string:optional():describe "Without it: see POST /payments-intent" },
    { "client_secret", s.string { secret = true }:optional() },
  } },
  errors = { "payment_provider_error", "agent_frozen" },
}, function(ctx, body)
  actors.must_be_free(ctx.actor)
  local made, why = db.tx(function(tx)
    return deposits.begin(tx, ctx.actor, body.amount_cents, body.payment_method)
  end)
  if why and why ~= payments.PROCESSING then
    ctx:fail("payment_provider_error", { message = "The card was declined: " .. why, decline_code = why,
                                         payment_id = made.id })
  end
  return 201, { payment_id = made.id, amount_cents = made.amount_cents, fee_cents = made.fee_cents,
                credits = (made.amount_cents - made.fee_cents) * MRC, status = made.state,
                stripe_payment_intent_id = made.provider_id, client_secret = made.client_secret }
end)

local LEAVES = { "insufficient_balance", "connect_not_ready", "payment_provider_error", "agent_frozen",
                 "service_unavailable" }

local function withdraw(ctx, w)
  actors.must_be_free(ctx.actor)
  return db.tx(function(tx) return withdrawals.begin(tx, ctx.actor, w) end)
end

g:post("/credits-withdraw", {
  summary = "Turn withdrawable credits into cash",
  body = s.object { amount = s.int { min = limits.withdrawal_credits, max = AMOUNT_MAX }, instant = s.bool:optional() },
  reply = { [201] = s.object {
    { "withdrawal_id", s.uuid }, { "amount", s.int }, { "fee_usd", s.usd { as = "fee_cents" } }, { "status", s.string },
  } },
  errors = LEAVES,
}, function(ctx, body)
  local made = withdraw(ctx, { kind = "withdrawal", amount_cents = body.amount, is_instant = body.instant })
  return 201, { withdrawal_id = made.id, amount = made.amount_cents, fee_cents = made.fee_cents, status = made.state }
end)

g:post("/payouts-request", {
  summary = "Be paid what you have earned",
  description = "Of credits for completed tasks, for the use of tools, and of revenue shares alone.",
  body = s.object {
    amount_usd = s.usd { min = limits.payout_cents / 100, max = AMOUNT_MAX / 100, as = "amount_cents" },
  },
  reply = { [201] = s.object {
    { "payout_id", s.uuid }, { "amount_usd", s.usd { as = "amount_cents" } },
    { "fee_usd", s.usd { as = "fee_cents" } }, { "status", s.string },
  } },
  errors = LEAVES,
}, function(ctx, body)
  local made = withdraw(ctx, { kind = "payout", amount_cents = body.amount_cents })
  return 201, { payout_id = made.id, amount_cents = made.amount_cents, fee_cents = made.fee_cents, status = made.state }
end)

g:get("/fee-calculate", {
  summary = "What a fee would be",
  query = {
    amount = s.usd { min = 0.01, max = AMOUNT_MAX / 100, as = "amount_cents" },
    fee_type = s.enum { "deposit", "transaction", "withdrawal", "instant_withdrawal" },
  },
  reply = { [200] = s.object {
    { "fee_amount", s.usd { as = "fee_cents" } }, { "rate_percent", s.number }, { "tier", s.string },
    { "waived", s.bool },
  } },
}, function(ctx)
  return 200, fees.preview(ctx.actor, ctx.query.fee_type, ctx.query.amount_cents)
end)

g:post("/stripe-connect-onboard", {
  summary = "Set up your account for payouts",
  description = "The same account however often you ask. One of the processor `test` is ready once its address was "
    .. "visited.",
  body = s.object { return_url = s.url:optional(), refresh_url = s.url:optional() },
  reply = { [200] = s.object { onboarding_url = s.string } }, errors = { "payment_provider_error" },
}, function(ctx, body)
  local base = ctx:base() or "http://" .. (ctx:header "host" or "localhost")
  local at = processor.now()
  if at.is_remote then
    local set = config.marketplace.stripe.return_url
    local back = body.return_url or set ~= "" and set or base .. "/"
    return 200, { onboarding_url = at.setup_url(ctx.actor.id, { return_url = back,
                                                               refresh_url = body.refresh_url or back }) }
  end
  local path = db.tx(function(tx) return withdrawals.onboard(tx, ctx.actor.id) end)
  return 200, { onboarding_url = base .. path }
end)

local function is_month(text)
  local month = tonumber(text:match "^%d%d%d%d%-(%d%d)$")
  return month ~= nil and month >= 1 and month <= 12
end

g:get("/revenue-share-status", {
  summary = "The founders' share of a month's fees, in cents",
  query = { month = s.string { min = 7, max = 7, check = is_month, form = "a month, as 2026-03" }:optional() },
  reply = { [200] = s.object {
    { "month", s.string }, { "total_fees_collected", s.int }, { "founders_pool_amount", s.int },
    { "distributed", s.bool },
  } },
  errors = { "not_founding" },
}, function(ctx)
  if not ctx.actor.is_founding then ctx:fail "not_founding" end
  local at = shares.status(ctx.query.month)
  return 200, { month = at.month, total_fees_collected = at.fees_cents, founders_pool_amount = at.pool_cents,
                distributed = at.is_distributed }
end)

return {}
