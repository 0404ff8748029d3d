-- scripts/api/marketplace/pay_per_call.lua -- calls of tools that are paid for by themselves, as they come by HTTP:
-- where a payment is, and what /tool-proxy answers.

local fail = require "human.fail"
local idempotency = require "human.idempotency"
local s = require "human.schema"
local mpp = require "marketplace.mpp"
local pay_per_call = require "marketplace.pay_per_call"
local rules = require "marketplace.rules.pay_per_call"

local M = {}

--- A payment in the body, for protocols that have no headers.
M.payment = s.json { max = rules.payment_bytes }
  :describe "A PaymentPayload of x402, in place of the header PAYMENT-SIGNATURE"

--- What was paid, with the output.
M.receipt = s.object { { "success", s.bool }, { "transaction", s.string }, { "network", s.string },
                       { "payer", s.string }, { "amount", s.string } }

--- What is answered to who has not paid: PaymentRequired of x402, and the code.
M.required = s.object {
  { "x402Version", s.int }, { "error", s.string }, { "code", s.const "payment_required" },
  { "resource", s.object { { "url", s.string }, { "description", s.string }, { "mimeType", s.string } } },
  { "accepts", s.array(s.object {
    { "scheme", s.string }, { "network", s.string }, { "amount", s.string }, { "asset", s.string },
    { "payTo", s.string }, { "maxTimeoutSeconds", s.int }, { "extra", s.object {
      { "name", s.string }, { "decimals", s.int }, { "payer", s.string }, { "nonce", s.string },
      { "expires", s.string }, { "digest", s.string }, { "id", s.string } } } }) },
}

local function wrong(path, message)
  fail.throw("validation_error", { details = { { path = path, message = message } } })
end

-- The one payment of a request, or nil.
local function payment_of(ctx, body)
  if body.payment then return { protocol = "x402", text = body.payment, is_json = true, path = "payment" } end
  local x402, authorization = ctx:header "payment-signature", ctx:header "authorization"
  local is_mpp = mpp.is_payment(authorization)
  if x402 and is_mpp then wrong("PAYMENT-SIGNATURE", "cannot stand beside a payment in Authorization") end
  if x402 then return { protocol = "x402", text = x402, path = "PAYMENT-SIGNATURE" } end
  return is_mpp and { protocol = "mpp", text = authorization, path = "Authorization" } or nil
end

--- Whether a request pays for its call itself, whoever has subscribed.
function M.is_meant(ctx, body) return body.budget_delegation_id ~= nil or payment_of(ctx, body) ~= nil end

--- Answers a call of a listing by who has not subscribed to it.
function M.answer(ctx, body, listing_id)
  if ctx:wants_stream() then wrong("Accept", "cannot be text/event-stream for a call that is paid for by itself") end
  local has_raw, raw = pcall(ctx.raw_body, ctx)  -- what comes by another protocol has none
  local base = ctx:base() or "http://" .. (ctx:header "host" or "localhost")
  local done = pay_per_call.call(ctx.actor, { listing_id = listing_id, input = body.input,
    delegation_id = body.budget_delegation_id, payment = payment_of(ctx, body), body = has_raw and raw or nil,
    url = base .. "/tool-proxy" })
  -- The same Idempotency-Key may come again with a payment.
  if done.status == 402 then idempotency.pass(ctx) end
  return done.status, done.body, done.headers
end

return M
