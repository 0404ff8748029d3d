-- scripts/gateway/untrusted.lua -- reads JSON that strangers wrote: a value of the wrong type counts as absent.
-- Pure; nothing raises, whatever comes.

local texts = require "agent.texts"
local cut = require("human.text").cut

local M = {}

local ID_MAX, TEXT_MAX, LIST_MAX = 500, 65536, 100

--- The value if it is an object or a list, else an empty one.
function M.object(v) return type(v) == "table" and v or {} end

--- The objects in a list, at most `max` of what it holds (100).
function M.objects(v, max)
  local list = {}
  for i = 1, type(v) == "table" and math.min(#v, max or LIST_MAX) or 0 do
    if type(v[i]) == "table" then list[#list + 1] = v[i] end
  end
  return list
end

--- A text that has one character at least, as UTF-8 without NUL, cut to `max` bytes (65,536); or nil.
function M.text(v, max)
  if type(v) ~= "string" or v == "" then return nil end
  return cut(texts.valid(#v > TEXT_MAX * 2 and v:sub(1, TEXT_MAX * 2) or v), max or TEXT_MAX)
end

--- An identifier: a text of 1 to 500 bytes without control characters, spaces and broken UTF-8, or a whole number;
--- or nil.  Longer ones are refused, not cut, since they would be somebody else's.
function M.id(v)
  if type(v) == "number" and v == math.floor(v) and math.abs(v) < 2 ^ 53 then return ("%.0f"):format(v) end
  if type(v) ~= "string" or v == "" or #v > ID_MAX or v:find "[%c ]" or texts.valid(v) ~= v then return nil end
  return v
end

--- A finite number, or digits as a text; or nil.
function M.number(v)
  local n = type(v) == "number" and v or type(v) == "string" and #v <= 20 and v:find "^%-?%d+$" and tonumber(v) or nil
  return n and n == n and math.abs(n) < 2 ^ 53 and n or nil
end

--- An identifier as a part of a URL.
function M.escaped(id) return (id:gsub("[^%w%-_.~]", function(c) return ("%%%02X"):format(c:byte()) end)) end

--- A field of a vendor's answer for people: at most 300 bytes, in one line.
function M.phrase(v)
  local text = M.text(v, 300)
  return text and (text:gsub("%c+", " ")) or nil
end

return M
