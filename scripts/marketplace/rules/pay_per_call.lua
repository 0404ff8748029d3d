-- scripts/marketplace/rules/pay_per_call.lua -- calls that are paid one by one: which tools may be called so, for how
-- long a price is good, and what becomes of a payment.  Pure.
--% version: 1

local M = {
  challenge_s = 300,               -- in which a challenge may be answered
  kept_hours = 24,                 -- for which the answer to a payment is given again
  payment_bytes = 8192,            -- of a payment, as it is sent
}

M.returns = {
  challenge_s = "integer 10..3600", kept_hours = "integer 2..720", payment_bytes = "integer 1024..16384",
  may_pay = "verdict", judge = { act = { "take", "answer", "wait", "refuse" }, why = "string?" },
}

--- May somebody call a tool, and pay for this call alone?  facts: {actor_state, provider_state, tool_state, is_active
--- (the listing), price_mrc (nil: its provider wants subscribers), is_own_key (no key of a subscription)}.
function M.may_pay(facts)
  if facts.actor_state ~= "active" then return deny "agent_frozen" end
  if not facts.price_mrc or not facts.is_own_key then return deny "subscription_not_active" end
  if facts.tool_state ~= "open" or facts.provider_state == "banned" then return deny "tool_suspended" end
  if not facts.is_active then return deny "listing_inactive" end
  return allow()
end

local function refuse(why) return { act = "refuse", why = why } end

--- What becomes of a payment.  facts: {is_ours (we have made the challenge), is_payers (for this actor, who says so
--- too), is_same_call, is_same_price (as now), is_fresh, state (of the call that it has paid already)}.
function M.judge(facts)
  if not facts.is_ours then return refuse "The payment answers no challenge of this platform" end
  if not facts.is_payers then return refuse "The payment is for another actor than whose key this is" end
  if not facts.is_same_call then return refuse "The payment is for another call" end
  if facts.state == "done" then return { act = "answer" } end
  if facts.state == "open" then return { act = "wait" } end
  if facts.state then return refuse "The payment was used, and what it cost has been given back" end
  if not facts.is_fresh then return refuse "The payment has expired" end
  if not facts.is_same_price then return refuse "The price is another one now" end
  return { act = "take" }
end

local function with(facts, change)
  local out = {}
  for name, value in pairs(facts) do out[name] = value end
  for name, value in pairs(change) do out[name] = value end
  return out
end
local ASK = { actor_state = "active", provider_state = "active", tool_state = "open", is_active = true,
              price_mrc = 500, is_own_key = true }
local PAID = { is_ours = true, is_payers = true, is_same_call = true, is_same_price = true, is_fresh = true }

M.examples = {
  { "may_pay", ASK, expect = "allow" },
  { "may_pay", with(ASK, { actor_state = "frozen" }), expect = "agent_frozen" },
  { "may_pay", with(ASK, { is_own_key = false }), expect = "subscription_not_active" },
  { "may_pay", { actor_state = "active", provider_state = "active", tool_state = "open", is_active = true,
                 is_own_key = true }, expect = "subscription_not_active" },
  { "may_pay", with(ASK, { tool_state = "paused" }), expect = "tool_suspended" },
  { "may_pay", with(ASK, { provider_state = "banned" }), expect = "tool_suspended" },
  { "may_pay", with(ASK, { is_active = false }), expect = "listing_inactive" },
  { "judge", PAID, expect = { act = "take" } },
  { "judge", with(PAID, { is_ours = false }),
    expect = { act = "refuse", why = "The payment answers no challenge of this platform" } },
  { "judge", with(PAID, { is_payers = false, state = "done" }),
    expect = { act = "refuse", why = "The payment is for another actor than whose key this is" } },
  { "judge", with(PAID, { is_same_call = false, state = "done" }),
    expect = { act = "refuse", why = "The payment is for another call" } },
  { "judge", with(PAID, { state = "done", is_fresh = false, is_same_price = false }), expect = { act = "answer" } },
  { "judge", with(PAID, { state = "open" }), expect = { act = "wait" } },
  { "judge", with(PAID, { state = "returned" }),
    expect = { act = "refuse", why = "The payment was used, and what it cost has been given back" } },
  { "judge", with(PAID, { is_fresh = false }), expect = { act = "refuse", why = "The payment has expired" } },
  { "judge", with(PAID, { is_same_price = false }),
    expect = { act = "refuse", why = "The price is another one now" } },
}

return M
