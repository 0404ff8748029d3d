-- host/lua/http/form.lua -- application/x-www-form-urlencoded, as the WHATWG URL Standard (5.1) reads it.
-- Pure.  Stricter than the standard in two points: text that is not UTF-8 is refused instead of being filled with
-- replacement characters, and the number of fields is limited.

local fields = require "human.http.fields"
local host = require "human.core.host"

local find, gsub, char = string.find, string.gsub, string.char

local M = {}
M.FIELDS_MAX = 1000

-- A malformed escape is literal.
local function unescape(hex) return char(tonumber(hex, 16)) end

local function component(s)
  if find(s, "+", 1, true) then s = gsub(s, "+", " ") end
  if find(s, "%", 1, true) then s = gsub(s, "%%(%x%x)", unescape) end
  return host.utf8_ok(s) and s or nil
end

--- A form as {name = text}, lists for repeated names; or nil and what is wrong with it.
function M.parse(text)
  local out, too_many = fields.read(text, component, M.FIELDS_MAX)
  if out then return out end
  return nil, too_many and "has more than " .. M.FIELDS_MAX .. " fields" or "is not UTF-8"
end

return M
