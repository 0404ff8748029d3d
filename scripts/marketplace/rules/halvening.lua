-- scripts/marketplace/rules/halvening.lua -- credits for registering: half as many with each tier, whose number of
-- places is twice that of the one before, so that each tier gives away the same.  Pure.
-- To turn: the numbers.  A halvening tier has nothing to do with an actor's reputation tier.
--% version: 1

local M = {
  founding_slots = 1000,           -- tier 0, whose members are founders
  first_grant = 128,               -- credits of tier 0
  tiers = 8,                       -- that are given anything: 128, 64, .. 1
  expires_months = 12,             -- how long credits that are given away last
  warning_days = 30,               -- before they end
}

local whole = "integer 0..1000000000"
local PLACE = { tier = "integer 0..64", credits = whole, is_founding = "boolean" }
M.returns = {
  founding_slots = "integer 1..1000000", first_grant = whole, tiers = "integer 1..32",
  expires_months = "integer 1..1200", warning_days = "integer 0..365", place = PLACE,
  status = { slots_total = whole, slots_remaining = whole, current_tier = "integer 0..64", credit_amount = whole },
}

-- What the n-th registration gets, n from 1.
function M.place(n)
  local tier, last = 0, M.founding_slots
  while n > last and tier < M.tiers do
    tier = tier + 1
    last = last + M.founding_slots * 2 ^ tier
  end
  local credits = tier < M.tiers and math.floor(M.first_grant / 2 ^ tier) or 0
  return { tier = tier, credits = credits, is_founding = n <= M.founding_slots }
end

-- How things are after so many registrations: what the next one gets.
function M.status(registrations)
  local next_place = M.place(registrations + 1)
  return { slots_total = M.founding_slots, slots_remaining = math.max(0, M.founding_slots - registrations),
           current_tier = next_place.tier, credit_amount = next_place.credits }
end

local function place(tier, credits) return { tier = tier, credits = credits, is_founding = tier == 0 } end

M.examples = {
  { "place", 1, expect = place(0, 128) },
  { "place", 1000, expect = place(0, 128) },
  { "place", 1001, expect = place(1, 64) },
  { "place", 3000, expect = place(1, 64) },
  { "place", 3001, expect = place(2, 32) },
  { "place", 7000, expect = place(2, 32) },
  { "place", 7001, expect = place(3, 16) },
  { "place", 15001, expect = place(4, 8) },
  { "place", 31001, expect = place(5, 4) },
  { "place", 63001, expect = place(6, 2) },
  { "place", 127001, expect = place(7, 1) },
  { "place", 255000, expect = place(7, 1) },
  { "place", 255001, expect = place(8, 0) },
  { "place", 9000000000000, expect = place(8, 0) },
  { "status", 0, expect = { slots_total = 1000, slots_remaining = 1000, current_tier = 0, credit_amount = 128 } },
  { "status", 153, expect = { slots_total = 1000, slots_remaining = 847, current_tier = 0, credit_amount = 128 } },
  { "status", 1000, expect = { slots_total = 1000, slots_remaining = 0, current_tier = 1, credit_amount = 64 } },
}

return M
