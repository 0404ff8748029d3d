-- host/lua/schema/leaf.lua -- readers of single values: text, numbers, money, times, free JSON.
-- Each returns function(value) -> converted, or nil and a message.  Messages never repeat the value:
-- it may be a secret, or a megabyte.

local exact = require "human.schema.exact"
local host = require "human.core.host"
local json = require "human.json"
local pattern_of = require "human.scripts.pattern"
local texts = require "human.text"
local time = require "human.time"

local type, byte, find, gsub, sub = type, string.byte, string.find, string.gsub, string.sub
local floor, huge, tonumber, tostring = math.floor, math.huge, tonumber, tostring

local M = {}
local MAX_INT = 2 ^ 53 - 1                       -- 2 ^ 53 may have been written as 2 ^ 53 + 1

--- " of 1 to 5 items", " of at most 5 items", ... or "" without limits.
function M.range(lead, min, max, unit)
  local function plural(n) return unit and (" " .. unit .. (n == 1 and "" or "s")) or "" end
  local function shown(n) return n == floor(n) and ("%.0f"):format(n) or tostring(n) end
  if min and max and min == max then return lead .. " exactly " .. shown(min) .. plural(min) end
  if min and max then return lead .. " " .. shown(min) .. " to " .. shown(max) .. plural(max) end
  if max then return lead .. " at most " .. shown(max) .. plural(max) end
  if min and (min > 0 or not unit) then return lead .. " at least " .. shown(min) .. plural(min) end
  return ""
end

-- Counts the Unicode characters of valid UTF-8: bytes that are not continuation bytes.
local function characters(text)
  local _, continuations = gsub(text, "[\128-\191]", "")
  return #text - continuations
end

-- A character has 1 to 4 bytes, so most texts need no counting.
local function too_short(text, min)
  return #text < min or (#text < 4 * min and min > 1 and characters(text) < min)
end

local function too_long(text, max)
  return #text > max and (#text > 4 * max or characters(text) > max)
end

-- ---- text --------------------------------------------------------------------------------------

local bounded_find = pattern_of.for_scripts(host).find

-- Whether a text matches a script's pattern; false if matching takes too many steps.
local function fits(v, pattern)
  local ok, found = pcall(bounded_find, v, pattern)
  if not ok and not find(found, "too many ways", 1, true) then error(found, 0) end
  return ok and found ~= nil
end

function M.string(node)
  local min, max, pattern, trim = node.min or 0, node.max or huge, node.pattern, node.trim
  local check = node.check
  local wrong = "must be a string" .. M.range(" of", node.min, node.max, "character")
  local form = "must be " .. (node.form or "of the expected form")
  return function(v)
    if type(v) ~= "string" then return nil, wrong end
    if find(v, "\0", 1, true) then return nil, "must not contain the NUL character" end
    if trim then
      if too_long(v, max) then return nil, wrong end
      v = texts.trim(v)
    end
    if too_short(v, min) or too_long(v, max) then return nil, wrong end
    if pattern and not fits(v, pattern) or check and not check(v) then return nil, form end
    return v
  end
end

-- Text of min to max characters that matches a pattern.
local function patterned(pattern, min, max, wrong, convert)
  return function(v)
    if type(v) ~= "string" or too_short(v, min) or too_long(v, max) or not find(v, pattern) then
      return nil, wrong
    end
    return convert and convert(v) or v
  end
end

local HEX4 = "%x%x%x%x"
local UUID = "^" .. HEX4 .. HEX4 .. ("%-" .. HEX4):rep(4) .. HEX4 .. HEX4 .. "$"

function M.uuid() return patterned(UUID, 36, 36, "must be a UUID, such as 123e4567-e89b-12d3-a456-426614174000",
  string.lower) end

function M.id()
  return patterned("^c[a-z0-9]+$", 9, 41, "must be an id as it was given out: c, and 8 to 40 small letters and digits")
end

-- The same for JSON Schema, for the readers below.
M.EMAIL_REGEX = "^[^\\u0000-\\u0020\\u007f@]+@[^\\u0000-\\u0020\\u007f@.]+"
  .. "\\.[^\\u0000-\\u0020\\u007f@]*[^\\u0000-\\u0020\\u007f@.]$"
M.URL_REGEX = "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#\\u0000-\\u0020\\u007f][^\\u0000-\\u0020\\u007f]*$"

-- No full grammar check (RFC 5321 allows addresses that nobody has): one @, no white space, a dot in the domain.
function M.email(node)
  local wrong = "must be an e-mail address of at most " .. node.max .. " characters"
  return patterned("^[^%s%c@]+@[^%s%c@.]+%.[^%s%c@]*[^%s%c@.]$", 3, node.max, wrong)
end

function M.url(node)
  local max = node.max
  local wrong = "must be an http or https URL of at most " .. max .. " characters"
  return function(v)
    if type(v) ~= "string" or too_long(v, max) or not find(v, "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]")
      or find(v, "[%s%c]") then
      return nil, wrong
    end
    return v
  end
end

function M.time(node)
  local wrong = "must be " .. (node.form or "an ISO 8601 time with a zone, such as 2025-11-27T10:00:00Z")
  return function(v)
    local normal = type(v) == "string" and #v <= 40 and time.normalize(v)
    if not normal then return nil, wrong end
    if sub(normal, 1, 4) == "0000" then return nil, "must not be before the year 1" end
    return normal
  end
end

-- ---- numbers -----------------------------------------------------------------------------------

-- The number in a string of a query or path; other values are returned for the check that follows.
local function spelled(v)
  local is_number = type(v) == "string" and #v <= 40 and find(v, "^%-?%d+%.?%d*$") -- linear: of at most 40 bytes
  if is_number and byte(v, -1) ~= 46 then return tonumber(v) end
  return v
end

function M.int(node, options)
  local min, max, coerce = node.min or -MAX_INT, node.max or MAX_INT, options.coerce
  local wrong = "must be an integer" .. M.range(node.max and node.min and " from" or " of",
    node.min, node.max)
  return function(v)
    if coerce then v = spelled(v) end
    if type(v) ~= "number" or v ~= floor(v) or v < min or v > max then return nil, wrong end
    return v
  end
end

function M.cents(node, options)
  return M.int({ min = node.min, max = node.max }, options)
end

function M.number(node, options)
  local min, max, coerce = node.min or -huge, node.max or huge, options.coerce
  local wrong = "must be a number" .. M.range(node.max and node.min and " from" or " of",
    node.min, node.max)
  return function(v)
    if coerce then v = spelled(v) end
    if type(v) ~= "number" or v ~= v or v < min or v > max then return nil, wrong end
    if v == huge or v == -huge then return nil, "must be a finite number" end
    return v
  end
end

-- Decimal money to integers, from the client's own text (exact.lua).
local function money(node, places, what, decimals)
  local scale = 10 ^ places
  local min, max = floor((node.min or 0) * scale + 0.5), floor((node.max or huge) * scale + 0.5)
  local wrong = "must be " .. what .. M.range(" of", node.min, node.max)
  local form, more = "must be " .. what .. ", in plain digits", "must have at most " .. decimals .. " decimals"
  return function(v, holder, key)
    local units, why = exact.units(v, places, holder, key)
    if not units then return nil, why == "places" and more or why == "range" and wrong or form end
    if units < min or units > max then return nil, wrong end
    return units
  end
end

function M.usd(node) return money(node, 2, "an amount in dollars", "two") end
function M.mrc(node) return money(node, 3, "an amount in credits", "three") end

-- ---- the rest ----------------------------------------------------------------------------------

local TRUE_FALSE = { ["true"] = true, ["1"] = true, ["false"] = false, ["0"] = false }

function M.bool(_, options)
  local coerce = options.coerce
  return function(v)
    if coerce and TRUE_FALSE[v] ~= nil then v = TRUE_FALSE[v] end
    if type(v) ~= "boolean" then return nil, "must be true or false" end
    return v
  end
end

local function allowed(values, coerce)
  local set = {}
  for _, value in ipairs(values) do
    if coerce then set[tostring(value)] = value end
    set[value] = value
  end
  return set
end

function M.enum(node, options)
  local set, names = allowed(node.values, options.coerce), {}
  for i, value in ipairs(node.values) do names[i] = tostring(value) end
  local wrong = "must be one of " .. table.concat(names, ", ")
  return function(v)
    local found = set[v]
    if found == nil then return nil, wrong end
    return found
  end
end

function M.const(node, options)
  local set = allowed({ node.value }, options.coerce)
  local wrong = "must be " .. json.encode(node.value)
  return function(v)
    if set[v] == nil then return nil, wrong end
    return set[v]
  end
end

-- PostgreSQL's jsonb cannot store \u0000, not even in names.
local function has_nul(v)
  if type(v) == "string" then return find(v, "\0", 1, true) end
  if type(v) ~= "table" then return false end
  for key, x in next, v do
    if has_nul(x) or (type(key) == "string" and find(key, "\0", 1, true)) then return true end
  end
  return false
end

function M.json(node)
  local max, may_nul = node.max, node.nul
  return function(v)
    local ok, text = pcall(json.encode, v)
    if not ok then return nil, "must be JSON with finite numbers, at most 64 levels deep" end
    if #text > max then return nil, "must be JSON of at most " .. max .. " bytes" end
    if not may_nul and find(text, "\\u0000", 1, true) and has_nul(v) then
      return nil, "must not contain the NUL character"
    end
    return text
  end
end

-- The host enforces the size: larger files do not arrive.
function M.upload()
  return function(v)
    if type(v) ~= "table" or not v.sha256 or not v.path then return nil, "must be a file" end
    return v
  end
end

function M.raw(node)
  local max = node.max or huge
  local wrong = "must be " .. node.mime .. M.range(" of", nil, node.max, "byte")
  return function(v)
    if type(v) ~= "string" or #v > max then return nil, wrong end
    return v
  end
end

return M
