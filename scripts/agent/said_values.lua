-- scripts/agent/said_values.lua -- parses values as models write them: JSON, and almost JSON.
-- Models omit quotes, use Python's, break lines inside strings, forget to escape a quote, and put a comma behind
-- the last field.  All of that is accepted, in linear time; a value without an end is not.  Pure.

local M = {}

local DEPTH_MAX = 12

local ESCAPES = { n = "\n", t = "\t", r = "\r", b = "", f = "" }
local WORDS = { ["true"] = true, ["false"] = false, True = true, False = false }

-- Text -------------------------------------------------------------------------------------------------

-- A code point as UTF-8; "" for those that are not characters.
local function utf8(c)
  local char, floor = string.char, math.floor
  if c == 0 or (c >= 0xD800 and c <= 0xDFFF) or c > 0x10FFFF then return "" end
  if c < 0x80 then return char(c) end
  if c < 0x800 then return char(0xC0 + floor(c / 64), 0x80 + c % 64) end
  if c < 0x10000 then return char(0xE0 + floor(c / 4096), 0x80 + floor(c / 64) % 64, 0x80 + c % 64) end
  return char(0xF0 + floor(c / 262144), 0x80 + floor(c / 4096) % 64, 0x80 + floor(c / 64) % 64, 0x80 + c % 64)
end

-- \uXXXX at `at`, with its other half where it has one.  Returns text and the place behind it, or nil.
local function unicode(text, at)
  local hex = text:match("^\\u(%x%x%x%x)", at)
  if not hex then return nil end
  local c = tonumber(hex, 16)
  local low = c >= 0xD800 and c <= 0xDBFF and text:match("^\\u([dD][c-fC-F]%x%x)", at + 6)
  if low then return utf8((c - 0xD800) * 1024 + tonumber(low, 16) - 0xDC00 + 0x10000), at + 12 end
  return utf8(c), at + 6
end

local function unescaped(text)
  if not text:find("\\", 1, true) then return text end
  local out, from = {}, 1
  while true do
    local at = text:find("\\", from, true)
    out[#out + 1] = text:sub(from, (at or #text + 1) - 1)
    if not at then return table.concat(out) end
    local piece, behind = unicode(text, at)
    local c = text:sub(at + 1, at + 1)
    out[#out + 1] = piece or ESCAPES[c] or c
    from = behind or at + 2
  end
end

-- Behind white space.
local function skip(text, at) return text:match("^%s*()", at) end

-- Whether a quote at `at` ends its string: it does if it is followed by what may follow a value.
local function ends_value(text, at) return text:find("^[,:}%])]", skip(text, at + 1)) or skip(text, at + 1) > #text end

local function read_string(text, at)
  local quote = text:sub(at, at)
  local triple = text:sub(at, at + 2) == quote:rep(3) and quote:rep(3)
  if triple then
    local stop = text:find(triple, at + 3, true)
    if stop then return unescaped(text:sub(at + 3, stop - 1)), stop + 3 end
    return nil
  end
  local from = at + 1
  while true do
    local i = text:find("[\\" .. quote .. "]", from)
    if not i then return nil end
    if text:byte(i) == 92 then
      from = i + 2
    elseif ends_value(text, i) then
      return unescaped(text:sub(at + 1, i - 1)), i + 1
    else
      from = i + 1
    end
  end
end

-- Values -----------------------------------------------------------------------------------------------

local read

local function read_list(text, at, depth)
  local list = {}
  at = skip(text, at + 1)
  while text:sub(at, at) ~= "]" do
    local value, behind = read(text, at, depth + 1)
    if not behind then return nil end
    list[#list + 1] = value
    at = skip(text, behind)
    if text:sub(at, at) == "," then at = skip(text, at + 1) elseif text:sub(at, at) ~= "]" then return nil end
  end
  return list, at + 1
end

local function read_key(text, at)
  if text:find("^[\"']", at) then return read_string(text, at) end
  return text:match("^([%w_%-]+)()", at)
end

local function read_object(text, at, depth)
  local object = {}
  at = skip(text, at + 1)
  while text:sub(at, at) ~= "}" do
    local key, behind = read_key(text, at)
    if not key then return nil end
    at = skip(text, behind)
    if text:sub(at, at) ~= ":" then return nil end
    local value
    value, behind = read(text, skip(text, at + 1), depth + 1)
    if not behind then return nil end
    object[key] = value
    at = skip(text, behind)
    if text:sub(at, at) == "," then at = skip(text, at + 1) elseif text:sub(at, at) ~= "}" then return nil end
  end
  return object, at + 1
end

local function read_word(text, at)
  local number, behind = text:match("^(-?%d[%d.eE+-]*)()", at)
  if number then return tonumber(number), tonumber(number) and behind end
  local word
  word, behind = text:match("^(%a+)()", at)
  if WORDS[word] ~= nil then return WORDS[word], behind end
  if word == "null" or word == "None" or word == "nil" then return nil, behind end
end

function read(text, at, depth)
  if depth > DEPTH_MAX then return nil end
  local c = text:sub(at, at)
  if c == "{" then return read_object(text, at, depth) end
  if c == "[" then return read_list(text, at, depth) end
  if c == '"' or c == "'" then return read_string(text, at) end
  return read_word(text, at)
end

--- The value that begins at `at`, and the position behind it; no position means no value.
function M.read(text, at) return read(text, skip(text, at), 0) end

M.skip = skip

--- Fields as of a call in Python, `content="Hi", message_id='m1'`, from `at` on to the closing parenthesis.
--- Those without a name are numbered.  Returns a table and the place behind the parenthesis; or nil.
function M.fields(text, at)
  local out, n = {}, 0
  at = skip(text, at)
  while text:sub(at, at) ~= ")" do
    local key, from = text:match("^([%a_][%w_]*)%s*[=:]%s*()", at)
    local value, behind = read(text, from or at, 0)
    if not behind then return nil end
    if not key then n = n + 1 end
    out[key or n] = value
    at = skip(text, behind)
    if text:sub(at, at) == "," then at = skip(text, at + 1) elseif text:sub(at, at) ~= ")" then return nil end
  end
  return out, at + 1
end

return M
