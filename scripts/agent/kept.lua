-- scripts/agent/kept.lua -- caches the result of a function of a text.
-- Bounded: keeps the `most` texts that were used last, and about as many before them.

local M = {}

--- A cached version of a function of a text.  Its results are shared: callers must not change them.
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
