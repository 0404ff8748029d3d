-- spec/e2e/scripts/market_ends/api/local/ends.lua -- ends of disputes, as those who resolve them call them; and the audit.

local api = require "human.api"
local audit = require "marketplace.audit"
local db = require "human.db"
local s = require "human.schema"
local milestones = require "marketplace.milestones"
local transactions = require "marketplace.transactions"

local g = api.group { tag = "Ends", base = "/api/local", auth = false, area = "marketplace" }

local ON = {}

function ON.dispute(tx, b)
  if b.sequence then return milestones.dispute(tx, b.id, b.sequence, b.actor_id, "spec") end
  return transactions.move(tx, b.id, "dispute", b.actor_id, "spec")
end

function ON.release(tx, b)
  if b.sequence then return milestones.release(tx, b.id, b.sequence, "spec") end
  return transactions.release(tx, b.id, "spec")
end

function ON.refund(tx, b)
  if b.sequence then return milestones.refund(tx, b.id, b.sequence, "spec") end
  return transactions.refund(tx, b.id, "spec")
end

function ON.split(tx, b) return transactions.split(tx, b.id, "spec", b.pct) end

g:post("/ends", {
  summary = "Move", body = s.object { id = s.uuid, what = s.string, actor_id = s.uuid:optional(),
                                      sequence = s.int:optional(), pct = s.number:optional() },
  reply = { [204] = false }, errors = { "not_found", "invalid_state", "forbidden" },
}, function(_, body)
  db.tx(function(tx) ON[body.what](tx, body) end)
  return 204
end)

g:get("/audit", {
  summary = "What is wrong with the ledger",
  reply = { [200] = s.array(s.object { check = s.string, says = s.string, what = s.string, off = s.string }) },
}, function() return 200, audit.run() end)

return {}
