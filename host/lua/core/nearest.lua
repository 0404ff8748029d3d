-- host/lua/core/nearest.lua -- the known word closest to a mistyped one.

local M = {}
local FAR = 64

-- The Levenshtein distance of a and b.
local function distance(a, b)
  if #a > FAR or #b > FAR then return FAR end
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local best = math.min(diagonal + (a:byte(i) == b:byte(j) and 0 or 1), row[j] + 1, row[j - 1] + 1)
      diagonal, row[j] = row[j], best
    end
  end
  return row[#b]
end

--- " (did you mean X?)" for the nearest of `known`, or "".  quote: written before and after X, or nil.
function M.suggest(word, known, quote)
  local best, limit = nil, #word / 3 + 1
  for _, candidate in ipairs(known) do
    if math.abs(#word - #candidate) < limit then -- else it is further than that anyway
      local d = distance(word, candidate)
      if d < limit then best, limit = candidate, d end
    end
  end
  quote = quote or ""
  return best and (" (did you mean %s?)"):format(quote .. best .. quote) or ""
end

return M
