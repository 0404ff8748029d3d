-- scripts/agent/texts.lua -- texts of tools, which may be any bytes, made safe for the database, models and
-- clients. Pure, linear.

local M = {}

local BROKEN = "\239\191\189"                    -- U+FFFD
-- Of a first byte: how many follow, and the range of the second.
local function shape(first)
  if first >= 0xC2 and first <= 0xDF then return 1, 0x80, 0xBF end
  if first == 0xE0 then return 2, 0xA0, 0xBF end
  if first == 0xED then return 2, 0x80, 0x9F end
  if first >= 0xE1 and first <= 0xEF then return 2, 0x80, 0xBF end
  if first == 0xF0 then return 3, 0x90, 0xBF end
  if first >= 0xF1 and first <= 0xF3 then return 3, 0x80, 0xBF end
  if first == 0xF4 then return 3, 0x80, 0x8F end
  return nil
end

-- Where the character that begins at `at` ends, or nil.
local function ends(text, at)
  local n, least, most = shape(text:byte(at))
  if not n then return nil end
  for i = 1, n do
    local b = text:byte(at + i)
    if not b or b < least or b > most then return nil end
    least, most = 0x80, 0xBF
  end
  return at + n
end

local function mended(bytes)
  local out, at = {}, 1
  while at <= #bytes do
    local last = ends(bytes, at)
    out[#out + 1] = last and bytes:sub(at, last) or BROKEN
    at = (last or at) + 1
  end
  return table.concat(out)
end

--- The text as UTF-8 without NUL; what is neither becomes U+FFFD.
function M.valid(text)
  return (text:gsub("[\128-\255]+", mended):gsub("%z", BROKEN))
end

local THINK, THOUGHT = "<think>", "</think>"

--- What a model wrote, without what it thought aloud before it.
function M.said(text)
  local at = text:find("%S")
  if not at or text:sub(at, at + #THINK - 1) ~= THINK then return text end
  local _, last = text:find(THOUGHT, at, true)
  return last and (text:sub(last + 1):gsub("^%s+", "")) or ""
end

return M
