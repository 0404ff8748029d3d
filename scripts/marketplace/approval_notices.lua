-- scripts/marketplace/approval_notices.lua -- what agents ask the person whose gateway this is (marketplace.operator),
-- and how that was answered, is told by the gateway (marketplace.operator_approvals).  All others have their
-- notifications.

local db = require "human.db"
local outbox = require "human.outbox"
local market = require "marketplace.operator"
local shown = require "marketplace.operator_approvals"
local news = require "marketplace.news"

local M = {}

local ENDS = { ["approval.approved"] = "approved", ["approval.denied"] = "denied", ["approval.expired"] = "expired",
               ["approval.countered"] = "countered", ["approval.escalated"] = "escalated" }

--- Requests, and what has become of them.
function M.wants(e) return market.is_set() and (e.name == "approval.requested" or ENDS[e.name] ~= nil) end

--- Consumes such events of the marketplace.
function M.take(batch)
  db.tx(function(tx)
    for _, row in ipairs(batch) do
      local e = row.payload
      if e.name == "approval.requested" then
        shown.show(tx, e.data.message_id)
      elseif ENDS[e.name] then
        shown.tell(tx, e.data.message_id, ENDS[e.name])
      end
    end
    batch:done(tx)
  end)
end

outbox.on(news.TOPIC, "marketplace.approval_notices.take", "marketplace.approval_notices.wants")

return M
