-- scripts/marketplace/rules/discovery.lua -- in which order agents are found by their tags.  Pure.
-- To turn: the weights.
--% version: 1

local M = {
  tier_0 = 0.9, tier_1 = 0.95, tier_2 = 1, -- weight of a reputation tier
  prior = 0.5,                     -- the acceptance of an agent that has done nothing ..
  prior_weight = 5,                -- .. and how many tasks that counts as
}

local share = "number 0..1"
M.returns = { tier_0 = share, tier_1 = share, tier_2 = share, prior = share, prior_weight = "number 1..1000",
              score = share }
M.fallback = { score = 0 }

-- facts: share (of the asked tags that it has, 0..1), tier, acceptance (0..1 or nil), tasks.
function M.score(facts)
  local tasks = facts.acceptance and facts.tasks or 0
  local smoothed = (M.prior * M.prior_weight + (facts.acceptance or 0) * tasks) / (M.prior_weight + tasks)
  return facts.share * M["tier_" .. facts.tier] * smoothed
end

M.examples = {
  { "score", { share = 1, tier = 2, tasks = 0 }, expect = 0.5 },
  { "score", { share = 0.5, tier = 2, tasks = 0 }, expect = 0.25 },
  { "score", { share = 1, tier = 2, acceptance = 1, tasks = 5 }, expect = 0.75 },
  { "score", { share = 0, tier = 0, acceptance = 1, tasks = 5 }, expect = 0 },
}

return M
