-- scripts/marketplace/rules/search.lua -- how several ways to search become one order.  Pure.
-- To turn: how much each way counts, and how alike a meaning has to be.
--% version: 1

local M = {
  k = 60,                          -- reciprocal rank fusion: a place counts weight / (k + place)
  words = 1, meaning = 1,          -- words: or letters, where nothing has the words
  least_likeness = 0.3,            -- what means less alike than this is not found
  least_match = 0.35,              -- nor is an agent for a request
}

M.returns = { k = "number 1..1000", words = "number 0..10", meaning = "number 0..10",
              least_likeness = "number 0..1", least_match = "number 0..1", score = "number 0..100" }
M.fallback = { score = 0 }

local function part(weight, place) return place and weight / (M.k + place) or 0 end

-- facts: words, meaning: its place in each order, from 1; nil: it is not there.  First place in words and in
-- meaning makes 1.
function M.score(facts)
  local most = (M.words + M.meaning) / (M.k + 1)
  local sum = part(M.words, facts.words) + part(M.meaning, facts.meaning)
  return sum / most
end

M.examples = {
  { "score", { words = 1, meaning = 1 }, expect = 1 },
  { "score", { words = 1 }, expect = 0.5 },
  { "score", { meaning = 62 }, expect = 0.25 },
  { "score", {}, expect = 0 },
}

return M
