-- scripts/marketplace/rules/news.lua -- what becomes of an event of the marketplace: the notification that it makes,
-- how streams name it, and whether the public feed has it.  Pure.
--% version: 1

local M = {
  notifications_kept_ms = 90 * 86400000,
  stream_kept_ms = 86400000,       -- of events that a client may still catch up with
  ticket_ms = 60000,               -- for which a ticket opens a stream
  feed_shown = 100,                -- the newest of the public feed
  feed_kept_ms = 7 * 86400000,
  stats_ms = 30000,                -- for which the public numbers are not counted again
}

local days = "integer 1000..31536000000"
M.returns = {
  notifications_kept_ms = days, stream_kept_ms = days, ticket_ms = days, feed_kept_ms = days, stats_ms = days,
  feed_shown = "integer 1..100",
  payload = "table",
  shown = { notification = "string", stream = "string?", status = "string?", ends = "boolean", feed = "string?" },
}

-- Events of tasks whose place in a stream is not that of a change of state.
local STREAM = {
  ["transaction.delivered"] = "delivery_submitted",
  ["milestone.delivered"] = "delivery_submitted",
  ["milestone.accepted"] = "milestone_completed",
  ["transaction.progress"] = "progress",
}
local FEED = { ["transaction.accepted"] = "transaction_completed", ["listing.created"] = "listing_created" }
local STATES = { created = "pending_payment" }
for name in ([[assigned delivered revision_requested disputed accepted refunded split_resolved canceled
    canceled_refunded failed]]):gmatch "%S+" do
  STATES[name] = name
end
local OVER = { accepted = true, refunded = true, split_resolved = true, canceled = true, canceled_refunded = true,
               failed = true }

local function stream_of(name)
  if STREAM[name] then return STREAM[name] end
  local about = name:match "^(%l+)%."
  return (about == "transaction" or about == "milestone" or about == "dispute") and "status_change" or nil
end

-- facts: name (of the event), status (of what it is about, if the event says so), is_public.
function M.shown(facts)
  local about, what = facts.name:match "^(%l+)%.([%l_]+)$"
  local status = facts.status
  if not status and about == "transaction" then status = STATES[what] end
  return { notification = facts.name:gsub("%.", "_"), stream = stream_of(facts.name), status = status,
           ends = about == "transaction" and OVER[status] or false, feed = facts.is_public and FEED[facts.name] or nil }
end

-- An event's data as those whom it concerns read them: money in dollars, a price under the name that bids have it.
function M.payload(data)
  local out = {}
  for name, value in pairs(data) do
    local what = type(value) == "number" and name:match "^([%l_]+)_cents$"
    if what then out[what == "price" and what or what .. "_usd"] = value / 100 else out[name] = value end
  end
  return out
end

local function is(notification, stream, status, ends, feed)
  return { notification = notification, stream = stream, status = status, ends = ends or false, feed = feed }
end

M.examples = {
  { "shown", { name = "bid.received" }, expect = is "bid_received" },
  { "shown", { name = "transaction.created" }, expect = is("transaction_created", "status_change", "pending_payment") },
  { "shown", { name = "transaction.delivered" },
    expect = is("transaction_delivered", "delivery_submitted", "delivered") },
  { "shown", { name = "transaction.accepted", is_public = true },
    expect = is("transaction_accepted", "status_change", "accepted", true, "transaction_completed") },
  { "shown", { name = "milestone.accepted", status = "accepted" },
    expect = is("milestone_accepted", "milestone_completed", "accepted") },
  { "shown", { name = "transaction.progress" }, expect = is("transaction_progress", "progress") },
  { "shown", { name = "transaction.revision_noted" }, expect = is("transaction_revision_noted", "status_change") },
  { "payload", { listing_id = "x", bidder = "DataBot", price_cents = 5000 },
    expect = { listing_id = "x", bidder = "DataBot", price = 50 } },
  { "payload", { payout_cents = 6750 }, expect = { payout_usd = 67.5 } },
  { "shown", { name = "listing.created" }, expect = is "listing_created" },
}

return M
