-- host/lua/schema/exact.lua -- the literal texts of money amounts, as the client wrote them and not as doubles.
-- A decoder turns 75.0000001, 7500e-2 and 75.00000000000000001 into doubles that look like amounts.  So before a schema
-- with money is read, its numbers are looked up in the decoded text, and their readers use that.
-- Keeps nothing between readings.

local verbatim = require "human.schema.verbatim"

local byte, find, sub, match = string.byte, string.find, string.sub, string.match
local type, tonumber = type, tonumber

local M = {}
local MONEY = { usd = true, mrc = true }
local MAX = 2 ^ 53 - 1                          -- beyond it a double is not one integer
local ROOT = {}                                  -- the holder of the value itself
local texts                                      -- holder -> {key = text}, while a value is read
local plan

-- ---- where money is -------------------------------------------------------------------------------

-- Merges two plans: {money = true} | {fields = {name = plan}, any = plan}; nil: nothing to look up.
local function joined(a, b)
  if not (a and b) then return a or b end
  local out = { money = a.money or b.money, any = joined(a.any, b.any), fields = a.fields or b.fields }
  if a.fields and b.fields then
    out.fields = {}
    for name in pairs(a.fields) do out.fields[name] = a.fields[name] end
    for name, p in pairs(b.fields) do out.fields[name] = joined(out.fields[name], p) end
  end
  return out
end

-- For alternatives, looks up the numbers of all of them.
function plan(node)
  if MONEY[node.kind] then return { money = true } end
  if node.kind == "object" then
    local fields
    for _, field in ipairs(node.fields) do
      local p = plan(field.schema)
      if p then
        fields = fields or {}
        fields[field.name] = p
      end
    end
    return fields and { fields = fields }
  end
  if node.kind == "array" or node.kind == "map" then
    local any = plan(node.item or node.value)
    return any and { any = any }
  end
  local out
  for _, one in ipairs(node.kind == "one_of" and node.alternatives or {}) do out = joined(out, plan(one)) end
  return out
end

-- Notes the texts of numbers in text[from..], which was decoded to `value`.  Of two members with one name the last
-- wins, as in the decoder.
local function note(p, text, from, value)
  local b = byte(text, from)
  if type(value) ~= "table" or b ~= 123 and b ~= 91 then return end
  verbatim.each(text, from, function(key, first, last)
    local own = p.fields and p.fields[key] or p.any
    if not own then return end
    if own.money then
      texts[value] = texts[value] or {}
      texts[value][key] = sub(text, first, last)
    end
    if own.fields or own.any then note(own, text, first, value[key]) end
  end)
end

--- The plan of a schema for begin(); nil if it contains no money.
function M.compile(node) return plan(node) end

--- Looks up the texts of numbers in `value`, which was decoded from `text`, until finish() is called with the
--- result.
function M.begin(p, value, text)
  local outer = texts
  texts = {}
  if p.money then texts[ROOT] = { match(text, "^[ \t\r\n]*([^ \t\r\n]*)") } end -- linear: no class overlaps the next
  note(p, text, find(text, "[^ \t\r\n]"), value)
  return outer
end

function M.finish(outer) texts = outer end

-- ---- amounts ----------------------------------------------------------------------------------------

local function text_of(v, holder, key)
  if type(v) == "string" then return v end
  local known = texts and texts[holder or ROOT]
  local text = known and known[holder and key or 1]
  if text then return text end
  if v ~= v or v - v ~= 0 then return "" end     -- without a text, use the double's shortest one
  if v == 0 and 1 / v < 0 then return "-0" end
  local shortest = ("%.15g"):format(v)
  return tonumber(shortest) == v and shortest or ("%.17g"):format(v)
end

--- An amount in units of 10^-places, from a number or text that was read; or nil and "form" (not a decimal
--- number), "places" (too many decimals) or "range".  holder, key: where it was found.
function M.units(v, places, holder, key)
  if type(v) ~= "string" and type(v) ~= "number" then return nil, "form" end
  local text = text_of(v, holder, key)
  if #text > 40 then return nil, "form" end
  local sign, whole, rest = match(text, "^(%-?)(%d+)(.*)$") -- linear: of at most 40 bytes
  if not whole or #whole > 1 and byte(whole) == 48 then return nil, "form" end
  local fraction = match(rest, "^%.(%d+)$") or rest == "" and ""
  if not fraction then return nil, "form" end
  if #fraction > places then return nil, "places" end
  if #whole > 16 then return nil, "range" end
  local units = tonumber(whole .. fraction .. ("0"):rep(places - #fraction))
  if units > MAX then return nil, "range" end
  if sign == "" then return units end
  if units == 0 then return nil, "form" end      -- refuses -0
  return -units
end

return M
