-- scripts/marketplace/rules/payments.lua -- how a payment and a withdrawal go on, and their numbers.
-- The database refuses other edges, too (migrations/2070_stripe.sql).  Pure.
--% version: 2

local M = {
  declines = 10,                   -- of cards, for one payment; then it has failed
  guard_hours = 24,                -- before an authorisation ends, it is captured early
  deposit_cents = 100,             -- the least that can be deposited, and the most
  deposit_max_cents = 1000000,
  withdrawal_credits = 100,        -- the least that can be withdrawn
  payout_cents = 100,
}

-- {event, from, to, guard = a name of the facts, or nil}
M.PAYMENT = {
  { event = "authorize", from = "created", to = "authorized", guard = "is_approved" },
  { event = "decline", from = "created", to = "created" },
  { event = "give_up", from = "created", to = "failed" },
  { event = "cancel", from = "created", to = "canceled" },
  { event = "cancel", from = "authorized", to = "canceled" },
  { event = "lapse", from = "authorized", to = "canceled" },
  { event = "capture", from = "authorized", to = "captured", guard = "is_in_time" },
  { event = "ask", from = "authorized", to = "capturing" },
  { event = "taken", from = "capturing", to = "captured" },
  { event = "refuse", from = "authorized", to = "failed" },
  { event = "refuse", from = "capturing", to = "failed" },
}
M.WITHDRAWAL = {
  { event = "pay", from = "processing", to = "paid" },
  { event = "fail", from = "processing", to = "failed" },
}

M.returns = {
  declines = "integer 1..1000", guard_hours = "integer 1..160", deposit_cents = "integer 1..",
  deposit_max_cents = "integer 1..", withdrawal_credits = "integer 1..", payout_cents = "integer 1..",
  PAYMENT = { { event = "string", from = "string", to = "string", ["guard?"] = "string" } },
  WITHDRAWAL = { { event = "string", from = "string", to = "string", ["guard?"] = "string" } },
  next = { ["to?"] = "string" },
}
M.fallback = { next = {} }

--- Where an event leads from a state: {to}; {} when it leads nowhere.  machine: "PAYMENT" or "WITHDRAWAL".
function M.next(machine, state, event, facts)
  for _, edge in ipairs(M[machine]) do
    local fits = edge.event == event and edge.from == state
    if fits and (not edge.guard or facts[edge.guard]) then return { to = edge.to } end
  end
  return {}
end

M.examples = {
  { "next", "PAYMENT", "created", "authorize", { is_approved = true }, expect = { to = "authorized" } },
  { "next", "PAYMENT", "created", "authorize", {}, expect = {} },
  { "next", "PAYMENT", "created", "capture", { is_in_time = true }, expect = {} },
  { "next", "PAYMENT", "authorized", "capture", { is_in_time = true }, expect = { to = "captured" } },
  { "next", "PAYMENT", "authorized", "capture", { is_in_time = false }, expect = {} },
  { "next", "PAYMENT", "authorized", "cancel", {}, expect = { to = "canceled" } },
  { "next", "PAYMENT", "captured", "cancel", {}, expect = {} },
  { "next", "PAYMENT", "capturing", "cancel", {}, expect = {} },
  { "next", "PAYMENT", "capturing", "refuse", {}, expect = { to = "failed" } },
  { "next", "PAYMENT", "canceled", "authorize", { is_approved = true }, expect = {} },
  { "next", "WITHDRAWAL", "processing", "fail", {}, expect = { to = "failed" } },
  { "next", "WITHDRAWAL", "paid", "fail", {}, expect = {} },
}

return M
