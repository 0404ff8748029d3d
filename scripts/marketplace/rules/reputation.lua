-- scripts/marketplace/rules/reputation.lua -- what an actor's dealings say of it: the composite of their kinds, and the
-- tier that it deserves.  Pure.
-- Each kind is smoothed: it begins at one half with the weight of `prior`, so a first bad or good event decides little.
--% version: 1

local M = {
  prior = 5,                       -- the weight of one half
  half_life_days = 90,             -- after which an event weighs half as much
  events_days = 900,               -- after which it weighs nothing
  events = 5000,                   -- of one actor, the newest, that are looked at
  benchmarks = 5,                  -- the weight of all that was measured of its tools, which it may begin itself
  import_share = 0.05,             -- of a composite, that verified scores of others may decide
  demotion_nights = 2,             -- in a row that a tier is not deserved
  dispute_days = 30,               -- within which a lost dispute keeps from the second tier
  night_ms = 600000,               -- after midnight (UTC) all are recalculated
}

local SHARES = { acceptance = 0.35, rating = 0.25, on_time = 0.15, benchmark = 0.10, repeat_buyer = 0.10,
                 endorsement = 0.05 }
local TIERS = {
  { accepted = 5, rate = 0.85, composite = 0.60, owners = 0, lost = 1 / 0 },
  { accepted = 25, rate = 0.93, composite = 0.80, owners = 3, lost = 0 },
}
local OUTCOMES = { accepted = 1, split_resolved = 0.5, refunded = 0, canceled_refunded = 0 }

local days = "number 1..10000"
M.returns = {
  prior = "number 0..", half_life_days = days, events_days = days, events = "integer 1..100000",
  import_share = "number 0..1", demotion_nights = "integer 1..10", dispute_days = days,
  night_ms = "integer 0..86399999", benchmarks = "number 0..",
  benchmark = { good = "number 0..", weight = "number 0.." },
  weight = "number 0..", counts = "boolean", outcome = "number 0..1?", category = "string",
  composite = "number 0..1",
  tier = { tier = "integer 0..2", failures = "integer 0..10" }, is_safe_url = "boolean",
}

-- How much an event counts.  facts: price_cents.
function M.weight(facts) return math.log(1 + facts.price_cents / 100) end

-- Does the end of a transaction count, and what is said of it?  What is accepted but not paid may be for show, since it
-- costs no fee: a part of other work counts once it is paid with that.  facts: state, is_part, payout_status.
function M.counts(facts)
  local is_paid = not facts.is_part or facts.payout_status == "released"
  return is_paid or facts.state ~= "accepted" and facts.state ~= "split_resolved"
end

-- What the end of a transaction says of its seller, or nil.
function M.outcome(state) return OUTCOMES[state] end

-- What benchmarks of an actor's tools say together.  facts: {good (the sum of composites times weights), weight (of
-- weights)}, of the newest run of each tool and suite.
function M.benchmark(facts)
  local share = math.min(1, M.benchmarks / math.max(facts.weight, M.benchmarks))
  return { good = facts.good * share, weight = facts.weight * share }
end

-- "data" of the tag "data:scraping".
function M.category(tag) return (tag:match "^([^:]+):" or tag) end

local function smoothed(part)
  part = part or { good = 0, weight = 0 }
  return (part.good + M.prior * 0.5) / (part.weight + M.prior)
end

-- facts: of each kind {good (the sum of values times weights), weight (of weights)}, or nil; imported: a verified score
-- of others, or nil.
function M.composite(facts)
  local sum = 0
  for kind, share in pairs(SHARES) do sum = sum + share * smoothed(facts[kind]) end
  if facts.imported then sum = sum * (1 - M.import_share) + facts.imported * M.import_share end
  return math.floor(math.max(0, math.min(1, sum)) * 1e6 + 0.5) / 1e6
end

local function deserves(facts, tier)
  local t = TIERS[tier]
  return facts.accepted >= t.accepted and facts.rate >= t.rate and facts.composite >= t.composite
    and facts.owners >= t.owners and facts.lost <= t.lost
end

-- The tier of an actor from now on, and how many nights in a row it was not deserved.  facts: tier, failures (as
-- they are), is_night (false: an event was the cause, which demotes nobody), accepted (how many), rate (of acceptance,
-- ever), composite, owners (different ones of those dealt with), lost (disputes of late); all of what had a price.
function M.tier(facts)
  local deserved = deserves(facts, 2) and 2 or deserves(facts, 1) and 1 or 0
  if deserved >= facts.tier then return { tier = deserved, failures = 0 } end
  if not facts.is_night then return { tier = facts.tier, failures = facts.failures } end
  if facts.failures + 1 < M.demotion_nights then return { tier = facts.tier, failures = facts.failures + 1 } end
  return { tier = deserved, failures = 0 }
end

local PORTS = { [""] = true, ["443"] = true, ["8443"] = true }

-- May a proof be at this address?  By HTTPS, at a name, and nothing in it that belongs to somebody.
function M.is_safe_url(url)
  if #url > 2048 or url:find "%s" then return false end
  local host = url:match "^https://([^/?#]*)"
  if not host then return false end
  local port = host:match ":(%d*)$"
  if port then host = host:sub(1, -#port - 2) end
  if not PORTS[port or ""] or host:find "[^%w.-]" then return false end
  local top = host:match "%.(%a[%w-]*)$"
  return top ~= nil and top ~= "local" and top ~= "localhost" and top ~= "internal"
end

local function known(tier, failures, is_night, more)
  local facts = { tier = tier, failures = failures, is_night = is_night, accepted = 25, rate = 1, composite = 0.9,
                  owners = 3, lost = 0 }
  for name, value in pairs(more or {}) do facts[name] = value end
  return facts
end

M.examples = {
  { "composite", {}, expect = 0.5 },
  { "composite", { benchmark = { good = 5, weight = 5 } }, expect = 0.525 },
  { "benchmark", { good = 0.5, weight = 1 }, expect = { good = 0.5, weight = 1 } },
  { "benchmark", { good = 10, weight = 20 }, expect = { good = 2.5, weight = 5 } },
  { "tier", known(0, 0, false), expect = { tier = 2, failures = 0 } },
  { "tier", known(0, 0, false, { owners = 2 }), expect = { tier = 1, failures = 0 } },
  { "tier", known(0, 0, false, { lost = 1 }), expect = { tier = 1, failures = 0 } },
  { "tier", known(0, 0, false, { accepted = 4 }), expect = { tier = 0, failures = 0 } },
  { "tier", known(2, 0, false, { lost = 1 }), expect = { tier = 2, failures = 0 } },
  { "tier", known(2, 0, true, { lost = 1 }), expect = { tier = 2, failures = 1 } },
  { "tier", known(2, 1, true, { lost = 1 }), expect = { tier = 1, failures = 0 } },
  { "tier", known(2, 1, true), expect = { tier = 2, failures = 0 } },
  { "category", "data:scraping", expect = "data" },
  { "outcome", "refunded", expect = 0 },
  { "counts", { state = "accepted", is_part = false }, expect = true },
  { "counts", { state = "accepted", is_part = true, payout_status = "held" }, expect = false },
  { "counts", { state = "accepted", is_part = true, payout_status = "returned" }, expect = false },
  { "counts", { state = "split_resolved", is_part = true, payout_status = "released" }, expect = true },
  { "counts", { state = "refunded", is_part = true }, expect = true },
  { "is_safe_url", "https://github.com/humai", expect = true },
  { "is_safe_url", "https://github.com:8443", expect = true },
  { "is_safe_url", "http://github.com/humai", expect = false },
  { "is_safe_url", "https://127.0.0.1/x", expect = false },
  { "is_safe_url", "https://user@github.com/", expect = false },
  { "is_safe_url", "https://github.com:22/", expect = false },
}

return M
