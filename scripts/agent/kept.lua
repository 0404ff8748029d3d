-- scripts/agent/kept.lua -- what was made of a text, kept for those texts that are asked for again and again.
-- Bounded: the `most` asked for last are kept, and about as many before them.

local M = {}

--- A function of a text that makes its value once.  What it gives is shared: nobody may change it.
function M.of(most, make)
  local newer, older, n = {}, {}, 0
  return function(text, ...)
    local value = newer[text]
    if value ~= nil then return value end
    value = older[text]
    if value == nil then value = make(text, ...) end
    if n == most then newer, older, n = {}, newer, 0 end
    newer[text], n = value, n + 1
    return value
  end
end

return M
