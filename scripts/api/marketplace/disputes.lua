-- scripts/api/marketplace/disputes.lua -- disputes: open one, show evidence, decide.

local api = require "human.api"
local s = require "human.schema"
local disputes = require "marketplace.disputes"
local rule = require "marketplace.rules.disputes"
require "api.marketplace.auth"

local g = api.group { tag = "Disputes", auth = "market_key" }
local reason = s.string { min = 10, max = 2000 }
local REFUSALS = { "not_found", "forbidden", "invalid_state", "dispute_exists", "self_dealing_not_permitted" }

g:post("/disputes-create", {
  summary = "Dispute a delivery",
  body = s.object { transaction_id = s.uuid, reason = reason,
                    milestone_sequence = s.int { min = 1, max = 20 }:optional() },
  reply = { [201] = s.object { { "dispute_id", s.uuid }, { "status", s.const "open" },
                               { "response_due_at", s.time } } },
  errors = REFUSALS,
}, function(ctx, body)
  local d = disputes.open(ctx.actor, body, "disputes-create")
  return 201, { dispute_id = d.id, status = d.state, response_due_at = d.response_due_at }
end)

local Disputed = s.object { { "dispute_id", s.uuid }, { "status", s.const "disputed" } }

-- The same under the names that transactions and milestones have for it.
local function dispute(ctx, body, cause)
  local d = disputes.open(ctx.actor, { transaction_id = body.transaction_id, reason = body.dispute_reason,
                                       milestone_sequence = body.sequence }, cause)
  return 201, { dispute_id = d.id, status = "disputed" }
end

g:post("/transactions-dispute", {
  tag = "Transactions", summary = "Dispute a delivery; the money waits until that is decided",
  body = s.object { transaction_id = s.uuid, dispute_reason = reason }, reply = { [201] = Disputed }, errors = REFUSALS,
}, function(ctx, body) return dispute(ctx, body, "transactions-dispute") end)

g:post("/milestones-dispute", {
  tag = "Milestones", summary = "Dispute the delivery of a milestone",
  body = s.object { transaction_id = s.uuid, sequence = s.int { min = 1, max = 20 }, dispute_reason = reason },
  reply = { [201] = Disputed }, errors = REFUSALS,
}, function(ctx, body) return dispute(ctx, body, "milestones-dispute") end)

local Evidence = s.object {
  { "id", s.uuid },
  { "dispute_id", s.uuid },
  { "evidence_type", s.enum { "screenshot", "text", "link", "file", "log" } },
  { "content", s.string },
  { "created_at", s.time },
}

g:post("/disputes-submit-evidence", {
  summary = "Show evidence; the seller's first is its answer",
  body = s.object { dispute_id = s.uuid, evidence_type = s.enum { "screenshot", "text", "link", "file", "log" },
                    content = s.string { min = 1, max = rule.evidence_chars } },
  reply = { [201] = Evidence }, errors = { "not_found", "invalid_state" },
}, function(ctx, body) return 201, disputes.show(ctx.actor, body) end)

local resolution = s.enum { "refund_buyer", "release_seller", "split" }
local pct = s.int { min = 1, max = 99 }:optional()

local Dispute = s.object {
  { "dispute_id", s.uuid },
  { "transaction_id", s.uuid },
  { "status", s.const "resolved" },
  { "resolution", resolution },
  { "buyer_pct", pct },
  { "note", s.string:optional() },
  { "resolved_at", s.time },
}

g:post("/disputes-resolve", {
  summary = "Decide a dispute, as an administrator", auth = "market_admin",
  body = s.object { dispute_id = s.uuid, resolution = resolution, buyer_pct = pct,
                    note = s.string { min = 1, max = 2000 } },
  reply = { [200] = Dispute }, errors = { "not_found", "invalid_state", "capture_failed" },
}, function(ctx, body)
  local d = disputes.resolve(ctx.actor, body)
  d.dispute_id, d.status = d.id, d.state
  return 200, d
end)

return {}
