-- host/lua/http/form.lua -- application/x-www-form-urlencoded, as the WHATWG URL Standard (5.1) reads it.
-- Pure.  Stricter than the standard in two points: text that is not UTF-8 is refused instead of being filled with
-- replacement characters, and the number of fields is limited.

local host = require "human.core.host"

local find, sub, gsub, char, type = string.find, string.sub, string.gsub, string.char, type

local M = {}
M.FIELDS_MAX = 1000

-- A malformed escape is literal.
local function unescape(hex) return char(tonumber(hex, 16)) end

local function component(s)
  if find(s, "+", 1, true) then s = gsub(s, "+", " ") end
  if find(s, "%", 1, true) then s = gsub(s, "%%(%x%x)", unescape) end
  return host.utf8_ok(s) and s or nil
end

--- Adds a field; a repeated one becomes a list.
function M.add(out, name, value)
  local before = out[name]
  if before == nil then
    out[name] = value
  elseif type(before) == "table" and before[1] ~= nil then
    before[#before + 1] = value
  else
    out[name] = { before, value }
  end
end

local function add_pair(out, pair)
  local eq = find(pair, "=", 1, true)
  local name = component(eq and sub(pair, 1, eq - 1) or pair)
  local value = component(eq and sub(pair, eq + 1) or "")
  if not name or not value then return false end
  M.add(out, name, value)
  return true
end

--- A form as {name = text}, lists for repeated names; or nil and what is wrong with it.
function M.parse(text)
  local out, from, n = {}, 1, 0
  while from <= #text do
    local amp = find(text, "&", from, true) or #text + 1
    if amp > from then
      n = n + 1
      if n > M.FIELDS_MAX then return nil, "has more than " .. M.FIELDS_MAX .. " fields" end
      if not add_pair(out, sub(text, from, amp - 1)) then return nil, "is not UTF-8" end
    end
    from = amp + 1
  end
  return out
end

return M
