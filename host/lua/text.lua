-- host/lua/text.lua -- common operations on untrusted text, in linear time.
-- "%s+$" is quadratic in a run of spaces in the middle of a text: it scans to the end of the run from each of
-- them.  spec/lint_patterns.lua refuses such patterns.

local byte, match, sub = string.byte, string.match, string.sub

local M = {}

--- The text without white space at its beginning and end.
function M.trim(text) return match(text, "^.*%S", match(text, "^%s*()")) or "" end

--- The text without white space at its end.
function M.trim_end(text) return match(text, "^.*%S") or "" end

--- At most the first `max` bytes of the text, without cutting a UTF-8 character.
function M.cut(text, max)
  local last = max
  if #text <= max then return text end
  while last > 0 and max - last < 4 do
    local next_byte = byte(text, last + 1)
    if next_byte < 128 or next_byte > 191 then break end
    last = last - 1
  end
  return sub(text, 1, last)
end

return M
