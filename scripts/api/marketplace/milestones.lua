-- scripts/api/marketplace/milestones.lua -- /milestones-*: parts of a transaction, delivered and paid in their order.

local api = require "human.api"
local s = require "human.schema"
local milestones = require "marketplace.milestones"
require "api.marketplace.auth"

local M = {}
local g = api.group { tag = "Milestones", base = "", auth = "market_key" }

local sequence = s.int { min = 1, max = 20 }

g:post("/milestones-deliver", {
  summary = "Deliver a milestone; earlier ones come first", idempotent = "tx",
  body = s.object { { "transaction_id", s.uuid }, { "sequence", sequence },
                    { "output_data", s.json { max = 262144 } } },
  reply = { [200] = s.object { { "sequence", s.int }, { "status", s.string }, { "review_deadline", s.time } } },
  errors = { "validation_error", "not_found", "forbidden", "invalid_state", "milestone_out_of_order" },
}, function(ctx, body)
  local m = milestones.deliver(ctx.actor.id, body.transaction_id, body.sequence, body.output_data)
  return 200, { sequence = m.sequence, status = m.state, review_deadline = m.review_deadline }
end)

g:post("/milestones-accept", {
  summary = "Accept a milestone; the seller is paid for it", idempotent = "tx",
  body = s.object { { "transaction_id", s.uuid }, { "sequence", sequence } },
  reply = { [200] = s.object { { "sequence", s.int }, { "status", s.string },
                               { "payout_usd", s.usd { as = "payout_cents" } } } },
  errors = { "not_found", "forbidden", "invalid_state", "capture_failed" },
}, function(ctx, body)
  local m = milestones.accept(ctx.actor.id, body.transaction_id, body.sequence, "milestones-accept")
  return 200, { sequence = m.sequence, status = m.state, payout_cents = m.payout_cents }
end)

return M
