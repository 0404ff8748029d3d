-- host/lua/json.lua -- JSON text to Lua values and back; the only file that names cjson.
-- Debian's cjson 2.1.0 is fast but loses "[]", prints 1e15 and long fractions wrongly, escapes "/" and
-- accepts "1." as a number.  So cjson is used exactly where its result is right; what is plainly valid is read by
-- the host (jsonread.c), in one pass.

local cjson = require("cjson").new() -- our own instance, so that nobody else changes its settings
local buffer = require "string.buffer"
local host = require "human.core.host"

local find, gsub, format, byte, sub = string.find, string.gsub, string.format, string.byte, string.sub
local floor, huge = math.floor, math.huge
local type, next, getmetatable, setmetatable = type, next, getmetatable, setmetatable

local MAX_DEPTH = 64
cjson.decode_invalid_numbers(false)
cjson.decode_max_depth(MAX_DEPTH)
cjson.encode_keep_buffer(false) -- one huge answer must not pin its buffer for ever
local cjson_encode, cjson_decode = cjson.encode, cjson.decode

local M = {}

--- JSON's null, in decoded values and to be written; as a parameter of a statement it is NULL.
M.null = cjson.null

local NULL = M.null
local ARRAY, RAW = { __name = "json.array" }, { __name = "json.raw" }

--- Marks a table (or a new one) as an array, so that an empty one is written as `[]`.  Returns it.
function M.array(t)
  return setmetatable(t or {}, ARRAY)
end

--- Whether `t` is written as an array: a non-empty sequence, or marked by json.array.
function M.is_array(t)
  return type(t) == "table" and (t[1] ~= nil or getmetatable(t) == ARRAY)
end

--- Gives an object the order in which encode_sorted writes it: names, all of its fields.  Returns it.
function M.in_order(t, names)
  return setmetatable(t, { __order = names })
end

--- The names of an object that json.in_order has ordered, or nil.
function M.order_of(t)
  local mt = getmetatable(t)
  return mt and mt.__order
end

--- JSON text that `encode` copies as it is.  The caller guarantees that it is valid JSON.
function M.raw(text)
  return setmetatable({ text = text }, RAW)
end

--- The text behind json.raw, or nil when `v` is something else.
function M.raw_text(v)
  return getmetatable(v) == RAW and v.text or nil
end

-- ---- encode ------------------------------------------------------------------------------------

-- cjson puts exactly one backslash before every "/", so dropping that pair-wise is exact even when
-- the text itself has backslashes ("\/" arrives as "\\\/").  A plain find costs ~20 ns, gsub 500.
local function unslash(text)
  if find(text, "/", 1, true) then return (gsub(text, "\\/", "/")) end
  return text
end

--- A Lua string as a JSON string with its quotes.
M.quote = host.json_quote or function(text) return unslash(cjson_encode(text)) end
local quote = M.quote

--- A number as JSON: integers up to 2^53 digit by digit, fractions in the fewest digits that read
--- back as the same double.  Raises for NaN and infinities, which JSON lacks (RFC 8259 section 6).
function M.number(n)
  if n == floor(n) and n > -1e14 and n < 1e14 then return n == 0 and "0" or format("%d", n) end
  if n ~= n or n == huge or n == -huge then error("json: a number is not finite", 0) end
  if n == floor(n) and n >= -2 ^ 53 and n <= 2 ^ 53 then return format("%d", n) end
  for digits = 14, 16 do
    local text = format("%." .. digits .. "g", n)
    if tonumber(text) == n then return text end
  end
  return format("%.17g", n)
end
local number = M.number

local out = buffer.new() -- encode neither yields nor calls out, so one buffer serves all
local put_value

local function put_array(v, depth, order)
  local n, count = #v, 0
  for key in next, v do
    count = count + 1
    if type(key) ~= "number" or key < 1 or key > n or key ~= floor(key) then count = -1 break end
  end
  if count ~= n then error("json: an array has a hole (use json.null), or names beside its positions", 0) end
  out:put "["
  for i = 1, n do
    if i > 1 then out:put "," end
    put_value(v[i], depth, order)
  end
  out:put "]"
end

local function put_field(sep, key, v, depth, order)
  if type(key) ~= "string" then
    error("json: the name of a field must be a string, not " .. tostring(key), 0)
  end
  out:put(sep, quote(key), ":")
  put_value(v, depth, order)
end

local function put_object(v, depth, order)
  local sep = "{"
  if order then
    for _, key in ipairs(order(v)) do
      put_field(sep, key, v[key], depth, order)
      sep = ","
    end
  else
    for key, x in next, v do
      put_field(sep, key, x, depth)
      sep = ","
    end
  end
  out:put(sep == "{" and "{}" or "}")
end

function put_value(v, depth, order)
  local t = type(v)
  if t == "string" then
    out:put(quote(v))
  elseif t == "number" then
    out:put(number(v))
  elseif t == "boolean" then
    out:put(v and "true" or "false")
  elseif v == nil or v == NULL then
    out:put "null"
  elseif t ~= "table" then
    error("json: cannot write a " .. t, 0)
  elseif getmetatable(v) == RAW then
    out:put(v.text)
  elseif depth >= MAX_DEPTH then
    error("json: deeper than " .. MAX_DEPTH .. " levels, or a cycle", 0)
  elseif v[1] ~= nil or getmetatable(v) == ARRAY then
    put_array(v, depth + 1, order)
  else
    put_object(v, depth + 1, order)
  end
end

local function write(v, order)
  out:reset()
  put_value(v, 0, order)
  local text = out:tostring()
  if #text > 1048576 then out:free() end
  return text
end

-- function(value, before, after) -> text; nil for what has to be looked at.  Absent in specs without a host.
local fast = host.json_encoder and host.json_encoder(ARRAY)

--- JSON text of any plain value.  A table with a first position is an array, any other an object
--- (an empty table is `{}` unless marked by json.array).  Names come in no particular order.
--- Raises a string for what JSON cannot represent: functions, cycles, NaN, arrays with holes or names.
function M.encode(v)
  local text
  if fast then text = fast(v) end
  return text or write(v)
end

--- The same between two other texts, without a string for the value alone.
function M.encode_between(before, v, after)
  local text
  if fast then text = fast(v, before, after) end
  return text or before .. write(v) .. after
end

--- As encode, with names in order: first those in `first` (an array of names), then the rest
--- alphabetically, but for objects with an order of their own (json.in_order).  For documents that people or ETags
--- compare.
function M.encode_sorted(v, first)
  local rank = {}
  for i, name in ipairs(first or {}) do rank[name] = i end
  local function before(a, b)
    local x, y = rank[a] or huge, rank[b] or huge
    if x ~= y then return x < y end
    return tostring(a) < tostring(b)
  end
  return write(v, function(object)
    local keys = M.order_of(object)
    if keys then return keys end
    keys = {}
    for key in next, object do keys[#keys + 1] = key end
    table.sort(keys, before)
    return keys
  end)
end

-- ---- decode ------------------------------------------------------------------------------------

-- "1." and "-.5" pass cjson's lexer (it asks strtod); RFC 8259 section 6 wants digits on both sides.
-- Only a dot beside a digit or a minus is suspicious; then the text without its strings decides.
local function has_bad_number(text)
  local at, suspicious = find(text, ".", 1, true), false
  while at and not suspicious do
    local a, z = byte(text, at - 1) or 0, byte(text, at + 1) or 0
    local after_digit = a >= 48 and a <= 57
    suspicious = a == 45 or (after_digit and (z < 48 or z > 57))
    at = find(text, ".", at + 1, true)
  end
  if not suspicious then return false end
  local bare = gsub(gsub(text, "\\.", ""), '"[^"]*"', '""')
  return find(bare, "%d%.%D") or find(bare, "%d%.$") or find(bare, "%-%.")
end

local function has_empty_array(text)
  local at = find(text, "[", 1, true)
  while at do
    if find(text, "^%s*%]", at + 1) then return true end
    at = find(text, "[", at + 1, true)
  end
  return false
end

--- The position of the closing quote of the string that opens at `at`; nil in a malformed text.
function M.string_end(text, at)
  local i = at + 1
  while true do
    i = find(text, '["\\]', i)
    if not i or byte(text, i) == 34 then return i end
    i = i + 2
  end
end

local sentinel -- unguessable, so that no client can send the array that stands for an empty one

-- `[]` outside strings becomes `["<sentinel>"]`, which survives cjson.
local function mark_empty(text)
  if not sentinel then
    sentinel = gsub(host.random(8), ".", function(c) return format("%02x", byte(c)) end)
  end
  local parts, from, i = {}, 1, 1
  while true do
    local at = find(text, '["%[]', i)
    if not at then break end
    if byte(text, at) == 34 then
      local close = M.string_end(text, at)
      if not close then return text end -- the parser will refuse it
      i = close + 1
    else
      local _, close = find(text, "^%s*%]", at + 1)
      if close then
        parts[#parts + 1] = sub(text, from, at)
        parts[#parts + 1] = '"' .. sentinel .. '"'
        from = close
      end
      i = (close or at) + 1
    end
  end
  parts[#parts + 1] = sub(text, from)
  return table.concat(parts)
end

local function restore_empty(v)
  if type(v) ~= "table" then return v end
  if v[1] == sentinel then return M.array {} end
  for key, x in next, v do
    if type(x) == "table" then v[key] = restore_empty(x) end
  end
  return v
end

local function decode_carefully(text)
  if not host.utf8_ok(text) then return nil, "is not valid JSON: it is not UTF-8" end
  if find(text, "\0", 1, true) then return nil, "is not valid JSON: it contains a NUL" end
  local marked = has_empty_array(text)
  local ok, v = pcall(cjson_decode, marked and mark_empty(text) or text)
  if not ok and marked then ok, v = pcall(cjson_decode, text) end -- for the right position in the message
  if not ok then return nil, "is not valid JSON: " .. v end
  if has_bad_number(text) then
    return nil, "is not valid JSON: a number needs digits on both sides of its point"
  end
  if marked then v = restore_empty(v) end
  return v
end

-- function(text) -> value; nil when the text may be wrong.  Absent in specs that run without a host.
local read = host.json_reader and host.json_reader(ARRAY)

--- The value of a JSON text (from byte `from` on, when given), or nil and a message that starts "is not valid JSON".
--- Strict as RFC 8259 with three exceptions: raw control characters inside strings pass; the last of
--- duplicate names wins; a number beyond a double becomes infinite (schema readers refuse it).
--- null is json.null, an empty array is marked (json.is_array), depth is at most 64.
--- The caller bounds the size; time is linear in it.
function M.decode(text, from)
  if type(text) ~= "string" then return nil, "is not valid JSON: there is no text" end
  if read then
    local v = read(text, from)
    if v ~= nil then return v end
  end
  return decode_carefully(from and sub(text, from) or text)
end

return M
