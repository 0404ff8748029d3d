-- scripts/api/marketplace/trade_views.lua -- how bids, transactions and milestones look, and how they are asked for.

local json = require "human.json"
local s = require "human.schema"
local fail = require "human.fail"
local fields = require "api.marketplace.fields"
local rules = require "marketplace.rules.trade"

local M = {}

local Milestone = s.object {
  { "title", s.string { min = 1, max = 200 } },
  { "pct_of_total", s.number { min = 0.01, max = 100 }:describe "At most two decimals; all sum to 100" },
  { "sla_hours", fields.sla_hours:optional() },
}

M.bid_asked = s.object {
  { "listing_id", s.uuid }, { "price_usd", fields.price { as = "price_cents" } }, { "sla_hours", fields.sla_hours },
  { "scope_note", s.string { max = 300 }:optional() }, { "milestone_pricing", s.bool:optional() },
  { "milestones", s.array(Milestone, { min = 1, max = 20 }):optional() },
}

M.bid_made = s.object {
  { "id", s.uuid }, { "listing_id", s.uuid }, { "bidder_id", s.uuid }, { "price_usd", s.usd { as = "price_cents" } },
  { "status", s.string }, { "expires_at", s.time },
}

M.bid_ended = s.object { { "id", s.uuid }, { "status", s.string } }

M.bid = s.object {
  { "id", s.uuid }, { "listing_id", s.uuid }, { "bidder_id", s.uuid }, { "price_usd", s.usd { as = "price_cents" } },
  { "sla_hours", s.int }, { "scope_note", s.string:nullable() }, { "status", s.string },
  { "milestones", s.json:optional() },
  { "counter_round", s.int }, { "counter_by", s.uuid:nullable() },
  { "counter_price_usd", s.usd { as = "counter_price_cents" }:nullable() }, { "counter_sla_hours", s.int:nullable() },
  { "counter_note", s.string:nullable() }, { "expires_at", s.time }, { "transaction_id", s.uuid:nullable() },
  { "reason", s.string:nullable() }, { "is_auto", s.bool }, { "created_at", s.time },
}

M.BID_ERRORS = { "validation_error", "not_found", "agent_frozen", "already_bid", "bid_price_too_high", "tier_too_low",
                 "milestone_sum_invalid", "not_a_buy_listing", "self_bid_not_permitted", "listing_inactive" }

M.funded = s.object {
  { "transaction_id", s.uuid }, { "status", s.string }, { "stripe_payment_intent_id", s.string:optional() },
  { "client_secret", s.string { secret = true }:optional() },
}

-- Hundredths of a percent; more decimals are refused.
local function share_of(m, i)
  local bp = m.pct_of_total * 100
  local whole = math.floor(bp + 0.5)
  if math.abs(bp - whole) > 1e-6 then
    fail.throw("validation_error", { details = { { path = ("milestones[%d].pct_of_total"):format(i - 1),
                                                   message = "must have at most two decimals" } } })
  end
  return whole
end

--- What bids.create takes.
function M.to_bid(body)
  local milestones
  if body.milestone_pricing ~= false and body.milestones then
    milestones = json.array {}
    for i, m in ipairs(body.milestones) do
      milestones[i] = { title = m.title, share_bp = share_of(m, i), sla_hours = m.sla_hours or body.sla_hours }
    end
  elseif body.milestone_pricing then
    fail.throw "milestone_sum_invalid"
  end
  return { listing_id = body.listing_id, price_cents = body.price_cents, sla_hours = body.sla_hours,
           scope_note = body.scope_note, milestones = milestones }
end

local function milestones_shown(text)
  local list = json.decode(text)
  for i, m in ipairs(list) do
    list[i] = { title = m.title, pct_of_total = m.share_bp / 100, sla_hours = m.sla_hours }
  end
  return json.encode(list)
end

--- A row as M.bid shows it.
function M.to_shown(b)
  b.status = b.state
  b.milestones = b.milestones and milestones_shown(b.milestones)
  return b
end

--- A transaction that waits for its payment, as its buyer is told; the seller gets no secret.
function M.to_funded(actor, t, payment)
  local is_buyer = actor.id == t.buyer_id
  return { transaction_id = t.id, status = t.state, stripe_payment_intent_id = t.payment_ref,
           client_secret = is_buyer and actor.type == "human" and payment and payment.client_secret or nil }
end

M.transaction = s.object {
  { "transaction_id", s.uuid }, { "listing_id", s.uuid }, { "buyer_id", s.uuid }, { "seller_id", s.uuid },
  { "title", s.string }, { "status", s.string }, { "price_usd", s.usd { as = "price_cents" } },
  { "platform_fee_usd", s.usd { as = "fee_cents" } }, { "seller_payout_usd", s.usd { as = "payout_cents" } },
  { "chain_depth", s.int }, { "parent_transaction_id", s.uuid:nullable() },
  { "paid_when", s.enum { "accepted", "parent_released" }
      :describe "A part of other work is paid for once that is, and not at all when that is refunded" },
  { "payout_status", s.enum { "held", "released", "returned" }:nullable():describe "Of a part that was accepted" },
  { "paid_usd", s.usd { as = "paid_cents" }:nullable():describe "What the seller of a part was paid in the end" },
  { "stripe_payment_intent_id", s.string:nullable() }, { "sla_hours", s.int }, { "sla_deadline", s.time:nullable() },
  { "sla_breached", s.bool }, { "review_deadline", s.time:nullable() }, { "revisions", s.int },
  { "created_at", s.time }, { "assigned_at", s.time:nullable() }, { "delivered_at", s.time:nullable() },
  { "ended_at", s.time:nullable() },
}

M.milestone = s.object {
  { "sequence", s.int }, { "title", s.string }, { "pct_of_total", s.number }, { "status", s.string },
  { "payout_usd", s.usd { as = "payout_cents" } }, { "platform_fee_usd", s.usd { as = "fee_cents" } },
  { "sla_hours", s.int }, { "sla_deadline", s.time:nullable() }, { "review_deadline", s.time:nullable() },
  { "output_data", s.json:nullable() },
}

M.check_result = s.object { { "check", s.string }, { "passed", s.bool }, { "message", s.string:optional() } }

-- What came of the agreed criteria, at a delivery or in a dispute.
M.check = s.object {
  { "moment", s.enum { "delivery", "dispute" } }, { "milestone_sequence", s.int:nullable() }, { "passed", s.bool },
  { "score", s.number }, { "results", s.json }, { "checked_at", s.time },
}

M.transaction_whole = s.object {
  { "transaction", M.transaction }, { "input_schema", s.json:nullable() }, { "output_schema", s.json:nullable() },
  { "evaluation_rubric", s.json:nullable() }, { "input_data", s.json:nullable() }, { "output_data", s.json:nullable() },
  { "output_storage_path", s.string:nullable() }, { "milestones", s.array(M.milestone) },
  { "checks", s.array(M.check) },
}

--- A row as M.transaction shows it.
function M.to_transaction(t)
  t.transaction_id, t.status, t.chain_depth, t.parent_transaction_id = t.id, t.state, t.depth, t.parent_id
  t.stripe_payment_intent_id, t.sla_breached = t.payment_ref, t.is_sla_breached
  t.paid_when = rules.paid_when(t.parent_id ~= nil)
  return t
end

--- A row that has just been delivered; that of a credit task has its `report`.
function M.to_delivered(t)
  if t.report then t.passed, t.results, t.review_deadline = t.report.passed, t.report.results, nil end
  return M.to_transaction(t)
end

--- Rows as M.milestone shows them.
function M.to_milestones(rows)
  for _, m in ipairs(rows) do m.status, m.pct_of_total = m.state, m.share_bp / 100 end
  return rows
end

return M
