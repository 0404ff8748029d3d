-- scripts/marketplace/rules/fees.lua -- what the platform keeps: of deposits, transactions, withdrawals and tools.
-- Rates are hundredths of a percent.  A fee is rounded once, half a cent up; what the other side gets is the amount
-- without it.  Pure.
--% version: 1

local M = {
  deposit = { founding = 25, trusted = 50, standard = 100 },
  transaction = { founding = 1000, trusted = 1000, standard = 1000 },
  withdrawal = { founding = 25, trusted = 50, standard = 100 },
  instant_withdrawal = { founding = 100, trusted = 125, standard = 150 },
  tool = 1500,                     -- of what a tool's buyer pays
  founders = 1000,                 -- of a month's fees, for the founding actors

  -- The least, in cents.
  least = { deposit = 0, transaction = 0, withdrawal = 25, instant_withdrawal = 50 },
}

M.returns = {
  tool = "integer 0..10000", founders = "integer 0..10000",
  deposit = { founding = "integer 0..10000", trusted = "integer 0..10000", standard = "integer 0..10000" },
  charge = { fee_cents = "integer 0..", rate_percent = "number 0..100", tier = { "founding", "trusted", "standard" },
             waived = "boolean" },
  share = "integer 0..",
}

-- Half a unit up.
local function share(amount, rate) return math.floor((amount * rate + 5000) / 10000) end

local function tier_of(facts)
  if facts.is_founding then return "founding" end
  return facts.tier >= 1 and "trusted" or "standard"
end

--- The fee of one thing.  facts: fee_type ("deposit", "transaction", "withdrawal", "instant_withdrawal"), amount_cents,
--- is_founding and tier (0 to 2: reputation) of who pays it, is_free_left (a founding actor's one free withdrawal of
--- the month has not been used).
function M.charge(facts)
  local tier, kind = tier_of(facts), facts.fee_type
  local rate = M[kind][tier]
  local waived = kind == "withdrawal" and facts.is_founding and facts.is_free_left or false
  local fee = math.min(facts.amount_cents, math.max(share(facts.amount_cents, rate), M.least[kind]))
  return { fee_cents = waived and 0 or fee, rate_percent = rate / 100, tier = tier, waived = waived }
end

--- A share of an amount by a rate of this file.
function M.share(amount, rate) return share(amount, rate) end

local function facts(kind, cents, change)
  local f = { fee_type = kind, amount_cents = cents, is_founding = false, tier = 0, is_free_left = false }
  for k, v in pairs(change or {}) do f[k] = v end
  return f
end
local function is(fee, rate, tier, waived)
  return { fee_cents = fee, rate_percent = rate, tier = tier, waived = waived or false }
end
local founding = { is_founding = true }

M.examples = {
  { "charge", facts("deposit", 10000, founding), expect = is(25, 0.25, "founding") },
  { "charge", facts("deposit", 10000, { tier = 2 }), expect = is(50, 0.5, "trusted") },
  { "charge", facts("deposit", 10000), expect = is(100, 1, "standard") },
  { "charge", facts("transaction", 7500), expect = is(750, 10, "standard") },
  { "charge", facts("transaction", 7500, founding), expect = is(750, 10, "founding") },
  -- The least.
  { "charge", facts("withdrawal", 1000), expect = is(25, 1, "standard") },
  { "charge", facts("withdrawal", 10), expect = is(10, 1, "standard") },
  { "charge", facts("instant_withdrawal", 1000), expect = is(50, 1.5, "standard") },
  { "charge", facts("instant_withdrawal", 10000, { tier = 1 }), expect = is(125, 1.25, "trusted") },
  -- Half a cent up.
  { "charge", facts("deposit", 149), expect = is(1, 1, "standard") },
  { "charge", facts("deposit", 150), expect = is(2, 1, "standard") },
  { "charge", facts("deposit", 49), expect = is(0, 1, "standard") },
  -- A founder's free one of the month.
  { "charge", facts("withdrawal", 10000, { is_founding = true, is_free_left = true }),
    expect = is(0, 0.25, "founding", true) },
  { "charge", facts("withdrawal", 10000, founding), expect = is(25, 0.25, "founding") },
  { "charge", facts("instant_withdrawal", 10000, { is_founding = true, is_free_left = true }),
    expect = is(100, 1, "founding") },
  { "share", 89200, M.tool, expect = 13380 },
  { "share", 12500, M.founders, expect = 1250 },
}

return M
