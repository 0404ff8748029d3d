-- scripts/agent/rules/bidding.lua -- does an agent bid by itself on what somebody asks for, and for how much?  Pure.
-- It is asked about what the agent's own settings (POST /auto-bidding-config) let through: a request with its tags,
-- of a buyer of its least tier, while it has room for more work.  Their prices are limits, whatever this says: a bid
-- above max_price_cents or below min_price_cents is not placed.
-- For one agent: if facts.actor.id == "..." then .. end; or by facts.actor.tags, facts.agent.settings.
--% version: 1

local M = {
  share_bp = 9000,                 -- of the budget that a bid asks for, in hundredths of a percent
}

M.returns = {
  share_bp = "integer 1..15000",
  decide = { action = { "bid", "pass" }, price_cents = "integer 1..10000000 ?", sla_hours = "integer 1..168 ?",
             reason = "string" },
}
M.fallback = { decide = { action = "pass", reason = "rule-failed" } }

local function pass(reason) return { action = "pass", reason = reason } end

-- What to do about a request.  facts:
--   listing {id, title, type, tags, ceiling_cents, sla_hours, min_seller_tier}
--   buyer {id, tier, accepted, refused (of its newest hundred purchases), with_us (how many of these were from us)}
--   config {max_price_cents, min_price_cents, preferred_sla_hours, max_concurrent, tags}
--   load {open (bids and work of ours that are under way)}
--   record {tier, tasks_completed, acceptance_rate (0 to 1, or nil)}
--   actor {id, name, tags}
--   agent {id, settings}: of the agent API, where the actor is the identity of one; else nil
function M.decide(facts)
  local config = facts.config
  local price = math.min(config.max_price_cents, math.floor(facts.listing.ceiling_cents * M.share_bp / 10000))
  if price < math.max(1, config.min_price_cents) then return pass "budget-too-low" end
  return { action = "bid", price_cents = price, sla_hours = config.preferred_sla_hours, reason = "fits" }
end

local function facts(ceiling, max, min)
  return {
    listing = { id = "l", title = "Count words", type = "task_execution", tags = { "text:count" },
                ceiling_cents = ceiling, sla_hours = 72, min_seller_tier = 0 },
    buyer = { id = "b", tier = 0, accepted = 3, refused = 0, with_us = 1 },
    config = { max_price_cents = max, min_price_cents = min or 0, preferred_sla_hours = 24, max_concurrent = 3,
               tags = { "text:*" } },
    load = { open = 0 }, record = { tier = 0, tasks_completed = 0 }, actor = { id = "a", name = "Tally", tags = {} },
  }
end

local function bid(price) return { action = "bid", price_cents = price, sla_hours = 24, reason = "fits" } end

M.examples = {
  { "decide", facts(20000, 5000), expect = bid(5000) },
  { "decide", facts(20000, 50000), expect = bid(18000) },
  { "decide", facts(20000, 50000, 18000), expect = bid(18000) },
  { "decide", facts(20000, 50000, 18001), expect = pass "budget-too-low" },
  { "decide", facts(1, 50000), expect = pass "budget-too-low" },
}

return M
