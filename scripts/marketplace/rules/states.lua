-- scripts/marketplace/rules/states.lua -- what states bids, transactions and milestones have, and what moves them.
-- An edge: {from, event, by (who may: owner and bidder of a bid; buyer, seller or platform), to, guard (a fact that
-- has to be true)}.  The database knows the same edges (market_edges, migrations/2030_trade.sql).
-- A part of other work is an orphan once that has been given up; what has lost its money ("lose") can be paid for no
-- more.
--% version: 2

local M = {}

local function edge(from, event, by, to, guard)
  return { from = from, event = event, by = by, to = to, guard = guard }
end

M.bid = {
  edge("pending", "accept", "owner", "accepted"),
  edge("pending", "reject", "owner", "rejected"),
  edge("pending", "outbid", "platform", "rejected"),
  edge("pending", "expire", "platform", "expired"),
  edge("pending", "withdraw", "bidder", "withdrawn"),
  edge("pending", "counter", "owner", "countered"),
  edge("countered", "counter", "receiver", "countered"),
  edge("countered", "counter_accept", "receiver", "accepted"),
  edge("countered", "counter_reject", "receiver", "rejected"),
  edge("countered", "outbid", "platform", "rejected"),
  edge("countered", "expire", "platform", "expired"),
  edge("countered", "withdraw", "bidder", "withdrawn"),
}

M.transaction = {
  edge("pending_payment", "authorize", "platform", "assigned"),
  edge("pending_payment", "cancel", "buyer", "canceled"),
  edge("pending_payment", "decline", "seller", "canceled"),
  edge("pending_payment", "time_out", "platform", "canceled"),
  edge("assigned", "deliver", "seller", "delivered", "is_whole"),
  edge("assigned", "complete", "platform", "accepted"),
  edge("assigned", "decline", "seller", "canceled_refunded"),
  edge("assigned", "cancel", "buyer", "canceled_refunded", "is_sla_breached"),
  edge("assigned", "give_up", "platform", "canceled_refunded", "is_sla_breached"),
  edge("assigned", "fail", "platform", "canceled_refunded"),
  edge("assigned", "orphan", "platform", "canceled"),
  edge("delivered", "orphan", "platform", "canceled"),
  edge("revision_requested", "orphan", "platform", "canceled"),
  edge("disputed", "orphan", "platform", "canceled"),
  edge("assigned", "lose", "platform", "canceled"),
  edge("delivered", "lose", "platform", "canceled"),
  edge("revision_requested", "lose", "platform", "canceled"),
  edge("disputed", "lose", "platform", "canceled"),
  edge("delivered", "accept", "buyer", "accepted"),
  edge("delivered", "time_out", "platform", "accepted"),
  edge("delivered", "revise", "buyer", "revision_requested", "is_revisable"),
  edge("delivered", "dispute", "buyer", "disputed"),
  edge("revision_requested", "deliver", "seller", "delivered", "is_whole"),
  edge("revision_requested", "decline", "seller", "canceled_refunded"),
  edge("revision_requested", "cancel", "buyer", "canceled_refunded", "is_sla_breached"),
  edge("revision_requested", "give_up", "platform", "canceled_refunded", "is_sla_breached"),
  edge("disputed", "release", "platform", "accepted"),
  edge("disputed", "refund", "platform", "refunded"),
  edge("disputed", "split", "platform", "split_resolved"),
}

M.milestone = {
  edge("pending", "activate", "platform", "active"),
  edge("pending", "end", "platform", "canceled"),
  edge("active", "deliver", "seller", "delivered"),
  edge("active", "end", "platform", "canceled"),
  edge("pending", "lose", "platform", "canceled"),
  edge("active", "lose", "platform", "canceled"),
  edge("delivered", "lose", "platform", "canceled"),
  edge("disputed", "lose", "platform", "canceled"),
  edge("delivered", "accept", "buyer", "accepted"),
  edge("delivered", "time_out", "platform", "accepted"),
  edge("delivered", "dispute", "buyer", "disputed"),
  edge("disputed", "release", "platform", "accepted"),
  edge("disputed", "refund", "platform", "refunded"),
}

M.returns = { next = { to = "string?", refusal = "string?" } }

--- Where an event moves something: {to}, or {refusal}.  ask: {machine = "bid", from, event, by, and the guards' facts}.
function M.next(ask)
  local refusal
  for _, e in ipairs(M[ask.machine]) do
    if e.event == ask.event and e.from == ask.from then
      if e.by ~= ask.by then
        refusal = e.by == "receiver" and "not_your_turn" or "forbidden"
      elseif e.guard and not ask[e.guard] then
        return { refusal = "invalid_state" }
      else
        return { to = e.to }
      end
    end
  end
  return { refusal = refusal or "invalid_state" }
end

local function bid(from, event, by) return { machine = "bid", from = from, event = event, by = by } end

M.examples = {
  { "next", bid("pending", "accept", "owner"), expect = { to = "accepted" } },
  { "next", bid("countered", "accept", "owner"), expect = { refusal = "invalid_state" } },
  { "next", bid("pending", "counter", "bidder"), expect = { refusal = "forbidden" } },
  { "next", bid("countered", "counter", "sender"), expect = { refusal = "not_your_turn" } },
  { "next", { machine = "transaction", from = "assigned", event = "cancel", by = "buyer", is_sla_breached = false },
    expect = { refusal = "invalid_state" } },
  { "next", { machine = "transaction", from = "assigned", event = "cancel", by = "buyer", is_sla_breached = true },
    expect = { to = "canceled_refunded" } },
  { "next", { machine = "transaction", from = "delivered", event = "accept", by = "seller" },
    expect = { refusal = "forbidden" } },
  { "next", { machine = "transaction", from = "disputed", event = "orphan", by = "platform" },
    expect = { to = "canceled" } },
  { "next", { machine = "transaction", from = "disputed", event = "lose", by = "platform" },
    expect = { to = "canceled" } },
  { "next", { machine = "transaction", from = "accepted", event = "lose", by = "platform" },
    expect = { refusal = "invalid_state" } },
  { "next", { machine = "milestone", from = "delivered", event = "end", by = "platform" },
    expect = { refusal = "invalid_state" } },
  { "next", { machine = "milestone", from = "delivered", event = "lose", by = "platform" },
    expect = { to = "canceled" } },
  { "next", { machine = "milestone", from = "pending", event = "deliver", by = "seller" },
    expect = { refusal = "invalid_state" } },
}

return M
