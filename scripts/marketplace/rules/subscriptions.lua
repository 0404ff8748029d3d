-- scripts/marketplace/rules/subscriptions.lua -- the numbers of subscriptions and of calls of tools, the states of both
-- (the database knows the same edges, migrations/2100_subscriptions.sql), and who may call.  Pure.
--% version: 1

local M = {
  grace_hours = 72,                -- in which a subscription that is not paid for may still be used
  retry_days = { 1, 3, 5 },        -- after the end of a period: when it is tried to be paid again
  keys = 10,                       -- of a subscription, that are valid at a time
  key_grace_s = 86400,             -- the longest that a rotated key stays valid

  timeout_ms = 30000,              -- of a tool that says nothing
  settle_margin_ms = 30000,        -- after its time-out, in which a call is settled; then its worker is dead
  in_flight = 200,                 -- calls of a subscription at a time
  output_bytes = 1048576,          -- that a tool may answer with
  address_bytes = 8000,            -- of a GET, its input included
  told_share = 10,                 -- the subscriber is told of each tenth of its quota that is called beyond it
  told_least = 100,
}

local function edge(from, event, to) return { from = from, event = event, to = to } end

M.subscription = {
  edge("active", "unpaid", "past_due"),
  edge("active", "pause", "paused"),
  edge("active", "cancel", "cancel_at_period_end"),
  edge("active", "end", "canceled"),
  edge("active", "revoke", "revoked"),
  edge("past_due", "paid", "active"),
  edge("past_due", "cancel", "canceled"),
  edge("past_due", "end", "canceled"),
  edge("past_due", "revoke", "revoked"),
  edge("paused", "resume", "active"),
  edge("paused", "cancel", "canceled"),
  edge("paused", "end", "canceled"),
  edge("paused", "revoke", "revoked"),
  edge("cancel_at_period_end", "end", "canceled"),
  edge("cancel_at_period_end", "revoke", "revoked"),
  edge("per_call", "revoke", "revoked"),         -- a tab (marketplace.pay_per_call_tabs)
}

M.tool_call = {
  edge("open", "succeed", "done"),
  edge("open", "give_back", "returned"),
}

M.tool = {
  edge("open", "pause", "paused"),
  edge("open", "suspend", "suspended"),
  edge("paused", "resume", "open"),
  edge("paused", "suspend", "suspended"),
  edge("suspended", "reinstate", "open"),
}

M.returns = {
  grace_hours = "integer 1..168", retry_days = "integer[]", keys = "integer 1..100", key_grace_s = "integer 0..86400",
  timeout_ms = "integer 1000..60000", settle_margin_ms = "integer 5000..600000", in_flight = "integer 1..10000",
  output_bytes = "integer 1024..5242880", address_bytes = "integer 256..16000", told_share = "integer 1..100",
  told_least = "integer 1..1000000",
  next = { to = "string?" }, may_subscribe = "verdict", may_call = "verdict", overage = "integer", is_told = "boolean",
  step = "integer 1..100000000000",
  outcome = { "ok", "refused", "failed" },
}

--- Where an event moves something: {to}; without it, nowhere.  ask: {machine = "subscription", from, event}.
function M.next(ask)
  for _, e in ipairs(M[ask.machine]) do
    if e.from == ask.from and e.event == ask.event then return { to = e.to } end
  end
  return {}
end

--- May somebody subscribe?  facts: {is_tool, is_active (the listing), tool_state, has_plan}.
function M.may_subscribe(facts)
  if not facts.is_tool then return deny "not_a_tool" end
  if not facts.is_active then return deny "listing_inactive" end
  if facts.tool_state ~= "open" then return deny "tool_suspended" end
  if not facts.has_plan then return deny "plan_not_found" end
  return allow()
end

--- May somebody call?  facts: {actor_state, provider_state, tool_state, state (of the subscription), is_current (its
--- period has not ended), is_in_grace}.
function M.may_call(facts)
  if facts.actor_state ~= "active" then return deny "agent_frozen" end
  if facts.tool_state ~= "open" or facts.provider_state == "banned" then return deny "tool_suspended" end
  if facts.state == "paused" then return allow() end         -- its tool is open again, and so will it be
  local still = facts.state == "active" or facts.state == "past_due"
  if still and facts.is_in_grace or facts.state == "cancel_at_period_end" and facts.is_current then return allow() end
  return deny "subscription_not_active"
end

--- What one call beyond the quota costs, in thousandths of a credit.
function M.overage(cents) return math.floor(cents * 1000 + 0.5) end

-- So many calls beyond the quota are told of together, and agents ask for as many at a time.
local function calls_of(included_calls)
  return math.max(M.told_least, math.floor(included_calls / M.told_share))
end

--- What an agent may spend beyond its quota before it asks again, in cents.  period: {included_calls, overage_mrc}.
function M.step(period)
  return math.max(1, math.ceil(calls_of(period.included_calls) * period.overage_mrc / 1000))
end

--- Is the subscriber told of this call beyond the quota?  call: {n (the how-manieth), included_calls}.
function M.is_told(call)
  return call.n == 1 or call.n % calls_of(call.included_calls) == 0
end

-- Statuses that are not the input's fault.
local FAULTS = { [401] = true, [403] = true, [407] = true, [408] = true, [429] = true }

--- What became of a call that a tool has answered.  answer: {status, is_json}.
function M.outcome(answer)
  if answer.status >= 200 and answer.status < 300 then return answer.is_json and "ok" or "failed" end
  if answer.status >= 400 and answer.status < 500 and not FAULTS[answer.status] then return "refused" end
  return "failed"
end

local function with(facts, change)
  local out = {}
  for name, value in pairs(facts) do out[name] = value end
  for name, value in pairs(change) do out[name] = value end
  return out
end
local CALL = { actor_state = "active", provider_state = "active", tool_state = "open", state = "active",
               is_current = true, is_in_grace = true }
local ASK = { is_tool = true, is_active = true, tool_state = "open", has_plan = true }

M.examples = {
  { "next", { machine = "subscription", from = "active", event = "cancel" }, expect = { to = "cancel_at_period_end" } },
  { "next", { machine = "subscription", from = "canceled", event = "paid" }, expect = {} },
  { "may_subscribe", ASK, expect = "allow" },
  { "may_subscribe", with(ASK, { is_tool = false }), expect = "not_a_tool" },
  { "may_subscribe", with(ASK, { tool_state = "paused" }), expect = "tool_suspended" },
  { "may_subscribe", with(ASK, { is_active = false }), expect = "listing_inactive" },
  { "may_subscribe", with(ASK, { has_plan = false }), expect = "plan_not_found" },
  { "may_call", CALL, expect = "allow" },
  { "may_call", with(CALL, { actor_state = "frozen" }), expect = "agent_frozen" },
  { "may_call", with(CALL, { tool_state = "suspended", state = "paused" }), expect = "tool_suspended" },
  { "may_call", with(CALL, { state = "paused", is_current = false, is_in_grace = false }), expect = "allow" },
  { "may_call", with(CALL, { provider_state = "banned" }), expect = "tool_suspended" },
  { "may_call", with(CALL, { state = "past_due", is_current = false }), expect = "allow" },
  { "may_call", with(CALL, { state = "past_due", is_current = false, is_in_grace = false }),
    expect = "subscription_not_active" },
  { "may_call", with(CALL, { state = "cancel_at_period_end" }), expect = "allow" },
  { "may_call", with(CALL, { state = "cancel_at_period_end", is_current = false }),
    expect = "subscription_not_active" },
  { "may_call", with(CALL, { state = "canceled" }), expect = "subscription_not_active" },
  { "overage", 0.5, expect = 500 },
  { "overage", 1, expect = 1000 },
  { "step", { included_calls = 10000, overage_mrc = 500 }, expect = 500 },
  { "step", { included_calls = 0, overage_mrc = 1 }, expect = 1 },
  { "step", { included_calls = 0, overage_mrc = 10000 }, expect = 1000 },
  { "is_told", { n = 1, included_calls = 10000 }, expect = true },
  { "is_told", { n = 999, included_calls = 10000 }, expect = false },
  { "is_told", { n = 1000, included_calls = 10000 }, expect = true },
  { "is_told", { n = 50, included_calls = 0 }, expect = false },
  { "outcome", { status = 200, is_json = true }, expect = "ok" },
  { "outcome", { status = 200, is_json = false }, expect = "failed" },
  { "outcome", { status = 302, is_json = true }, expect = "failed" },
  { "outcome", { status = 422, is_json = true }, expect = "refused" },
  { "outcome", { status = 401, is_json = true }, expect = "failed" },
  { "outcome", { status = 503, is_json = false }, expect = "failed" },
}

return M
