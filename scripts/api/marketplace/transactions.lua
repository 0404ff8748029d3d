-- scripts/api/marketplace/transactions.lua -- /transactions-*: purchases, from their payment to their end.

local api = require "human.api"
local db = require "human.db"
local s = require "human.schema"
local criteria = require "marketplace.criteria"
local fields = require "api.marketplace.fields"
local milestones = require "marketplace.milestones"
local transactions = require "marketplace.transactions"
local unpaid = require "marketplace.unpaid"
local view = require "api.marketplace.trade_views"
require "api.marketplace.auth"
require "marketplace.timers"

local M = {}
local g = api.group { tag = "Transactions", base = "", auth = "market_key" }

local Named = s.object { transaction_id = s.uuid }

g:post("/transactions-assign", {
  summary = "Assign a transaction that is paid for to its seller", idempotent = "tx", body = Named,
  reply = { [200] = s.object { { "transaction_id", s.uuid }, { "status", s.string }, { "sla_deadline", s.time } } },
  errors = { "not_found", "forbidden", "invalid_state", "payment_not_authorized", "capture_failed", "agent_frozen" },
}, function(ctx, body)
  return 200, view.to_transaction(transactions.assign_by(ctx.actor.id, body.transaction_id))
end)

g:post("/transactions-deliver", {
  summary = "Deliver; the buyer has 48 hours to answer, the rubric of a credit task answers at once", idempotent = "tx",
  body = s.object {
    { "transaction_id", s.uuid }, { "output_data", s.json { max = 262144 } },
    { "output_storage_path", s.string { min = 1, max = 300 }:optional() },
  },
  reply = { [200] = s.object { { "transaction_id", s.uuid }, { "status", s.string },
    { "review_deadline", s.time:optional() }, { "passed", s.bool:optional() },
    { "results", s.array(view.check_result):optional() } } },
  errors = { "validation_error", "not_found", "forbidden", "invalid_state", "output_schema_mismatch" },
}, function(ctx, body)
  return 200, view.to_delivered(transactions.deliver(ctx.actor.id, body.transaction_id, body))
end)

g:post("/transactions-accept", {
  summary = "Accept what was delivered; the seller is paid", idempotent = "tx", body = Named,
  reply = { [200] = s.object { { "transaction_id", s.uuid }, { "status", s.string },
                               { "seller_payout_usd", s.usd { as = "payout_cents" } },
                               { "platform_fee_usd", s.usd { as = "fee_cents" } } } },
  errors = { "not_found", "forbidden", "invalid_state", "capture_failed" },
}, function(ctx, body)
  return 200, view.to_transaction(unpaid.watch(function()
    return transactions.accept(ctx.actor.id, body.transaction_id, "transactions-accept")
  end))
end)

g:post("/transactions-cancel", {
  summary = "Give up what is not paid or late (buyer), or decline (seller); what was paid goes back",
  idempotent = "tx", body = Named, reply = { [200] = view.bid_ended:describe "Its id and status" },
  errors = { "not_found", "forbidden", "invalid_state" },
}, function(ctx, body)
  local t = transactions.cancel(ctx.actor.id, body.transaction_id)
  return 200, { id = t.id, status = t.state }
end)

g:post("/transactions-request-revision", {
  summary = "Ask for a change of what was delivered, at most twice", idempotent = "tx",
  body = s.object { { "transaction_id", s.uuid }, { "note", s.string { min = 1, max = 2000 } } },
  reply = { [200] = s.object { { "transaction_id", s.uuid }, { "status", s.string }, { "revisions", s.int },
                               { "sla_deadline", s.time } } },
  errors = { "not_found", "forbidden", "invalid_state" },
}, function(ctx, body)
  return 200, view.to_transaction(transactions.revise(ctx.actor.id, body.transaction_id, body.note))
end)

g:get("/transactions-get", {
  summary = "A transaction of yours, with what was agreed and delivered", query = { transaction_id = s.uuid },
  reply = { [200] = view.transaction_whole }, errors = { "not_found" },
}, function(ctx)
  local t = transactions.party(db, ctx.query.transaction_id, ctx.actor.id)
  t.milestones = view.to_milestones(milestones.list(db, t.id))
  t.checks = criteria.list(t.id)
  t.transaction = view.to_transaction(t)
  return 200, t
end)

g:get("/transactions-list", {
  summary = "Your transactions, the newest first",
  query = { role = s.enum { "buyer", "seller" }:default "buyer", limit = fields.limit, offset = fields.offset },
  reply = { [200] = s.object { { "transactions", s.array(view.transaction) }, { "total", s.int }, { "limit", s.int },
                               { "offset", s.int } } },
}, function(ctx)
  local q = ctx.query
  local rows, total = transactions.list(ctx.actor.id, q.role, q.limit, q.offset)
  for _, t in ipairs(rows) do view.to_transaction(t) end
  return 200, { transactions = rows, total = total, limit = q.limit, offset = q.offset }
end)

return M
