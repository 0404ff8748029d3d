-- scripts/marketplace/operator_waits.lua -- what a transaction or a bid waits for, and whether that is up to one's own
-- agent.  Pure; which states there are, and who may move them, is in marketplace/rules/states.lua.

local M = {}

local TRANSACTION = {
  pending_payment = { by = "buyer", what = "payment" },
  assigned = { by = "seller", what = "delivery" },
  delivered = { by = "buyer", what = "acceptance" },
  revision_requested = { by = "seller", what = "delivery" },
  disputed = { by = "platform", what = "a decision about the dispute" },
}

local function side_of(item)
  if item.kind == "transaction" then return TRANSACTION[item.state] end
  if item.state == "pending" then return { by = "owner", what = "an answer to the bid" } end
  if item.state ~= "countered" then return nil end
  local is_ours = item.counter_by == item.actor_id
  local other = item.side == "bidder" and "owner" or "bidder"
  return { by = is_ours and other or item.side, what = "an answer to the counter-offer" }
end

--- What an item waits for: {on = "us" | "them" | "platform", what}, or nil.  item: {kind = "transaction" | "bid",
--- state, side (of one's own agent: buyer, seller, bidder, owner), counter_by, actor_id}.
function M.of(item)
  local waits = side_of(item)
  if not waits then return nil end
  local on = waits.by == "platform" and "platform" or waits.by == item.side and "us" or "them"
  return { on = on, what = waits.what }
end

return M
