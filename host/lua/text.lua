-- host/lua/text.lua -- common operations on untrusted text, in linear time.
-- "%s+$" is quadratic in a run of spaces in the middle of a text: it scans to the end of the run from each of
-- them.  spec/lint_patterns.lua refuses such patterns.

local byte, format, gsub, match, sub = string.byte, string.format, string.gsub, string.match, string.sub

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

-- What is not seen, or turns the order of what is seen around: control characters, marks of direction, blanks without
-- width, fillers, variation selectors, tags.  Runs of whole UTF-8 characters.
local UNSEEN = {
  "[%z\1-\8\11-\31\127]", "\194[\128-\159\173]", "\205\143", "\216\156", "\225\133[\159\160]", "\225\158[\180\181]",
  "\225\160[\139-\143]", "\226\128[\139-\143\168-\174]", "\226\129[\160-\175]", "\227\133\164", "\239\184[\128-\143]",
  "\239\187\191", "\239\190\160", "\239\191[\185-\187]", "\243\160[\128-\135][\128-\191]",
}

local function code_of(char)
  local a, b, c, d = byte(char, 1, 4)
  if d then return format("\\u{%x}", a % 8 * 262144 + b % 64 * 4096 + c % 64 * 64 + d % 64) end
  return format("\\u%04x", c and a % 16 * 4096 + b % 64 * 64 + c % 64 or b and a % 32 * 64 + b % 64 or a)
end

--- The text with each character that does not show itself as \u202e, for what somebody has to judge.  Tabs and line
--- ends stay.
function M.visible(text)
  for i = 1, #UNSEEN do text = gsub(text, UNSEEN[i], code_of) end
  return text
end

return M
