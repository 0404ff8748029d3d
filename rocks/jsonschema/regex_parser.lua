-- rocks/jsonschema/regex_parser.lua -- ECMA-262 regular expressions (as with the flag u) to a tree.
-- Nodes: {t="set", set}, {t="cat"|"alt", ...}, {t="rep", node, min, max}, {t="look", node, behind, negative},
-- {t="begin"|"end"|"word"|"nonword"}.  Captures are not kept: only whether a text matches is of interest.
-- Backreferences are not regular and are refused.

local charset = require "jsonschema.charset"

local M = {}

local MAX_DEPTH = 50

local byte, sub, find, match = string.byte, string.sub, string.find, string.match

local function refuse(p, why) error(why .. " at character " .. p.at, 0) end

local function take(p, text)
  if sub(p.text, p.at, p.at + #text - 1) ~= text then return false end
  p.at = p.at + #text
  return true
end

local function next_char(p)
  local b = byte(p.text, p.at)
  if not b then refuse(p, "the pattern ends too early") end
  local n = b < 0x80 and 1 or b < 0xE0 and 2 or b < 0xF0 and 3 or 4
  local cp = n == 1 and b or b % 2 ^ (7 - n)
  for i = p.at + 1, p.at + n - 1 do cp = cp * 64 + (byte(p.text, i) or 0) % 64 end
  p.at = p.at + n
  return cp
end

-- Escapes --------------------------------------------------------------------------------------------

local CONTROL = { t = 9, n = 10, v = 11, f = 12, r = 13 }
local CLASSES = { d = charset.digit, w = charset.word, s = charset.space }
for _, letter in ipairs { "d", "w", "s" } do CLASSES[letter:upper()] = charset.negate(CLASSES[letter]) end

local function hex(p, digits)
  local text = match(sub(p.text, p.at, p.at + digits - 1), "^%x+$")
  if not text or #text ~= digits then refuse(p, "an escape lacks hexadecimal digits") end
  p.at = p.at + digits
  return tonumber(text, 16)
end

local function unicode_escape(p)
  if take(p, "{") then
    local stop = find(p.text, "}", p.at, true)
    local digits = stop and stop - p.at <= 12 and match(sub(p.text, p.at, stop - 1), "^%x+$")
    if not digits or tonumber(digits, 16) > 0x10FFFF then refuse(p, "\\u{..} is no code point") end
    p.at = stop + 1
    return tonumber(digits, 16)
  end
  local cp = hex(p, 4)
  if cp >= 0xD800 and cp < 0xDC00 and find(p.text, "^\\u[dD][c-fC-F]%x%x", p.at) then
    p.at = p.at + 2
    cp = 0x10000 + (cp - 0xD800) * 1024 + hex(p, 4) - 0xDC00
  end
  return cp
end

local function property(p, negative)
  local stop = take(p, "{") and find(p.text, "}", p.at, true)
  local set = stop and stop - p.at <= 64 and charset.property(sub(p.text, p.at, stop - 1))
  if not set then refuse(p, "a property of Unicode is not known") end
  p.at = stop + 1
  return negative and charset.negate(set) or set
end

-- Behind a backslash: a code point, or nil and a set.
local function escape(p, in_class)
  local letter = sub(p.text, p.at, p.at)
  if letter == "" then refuse(p, "the pattern ends with a backslash") end
  if find(letter, "^[\128-\255]") then refuse(p, "an escape is not known") end
  p.at = p.at + 1
  if CLASSES[letter] then return nil, CLASSES[letter] end
  if CONTROL[letter] then return CONTROL[letter] end
  if letter == "p" or letter == "P" then return nil, property(p, letter == "P") end
  if letter == "x" then return hex(p, 2) end
  if letter == "u" then return unicode_escape(p) end
  if letter == "b" and in_class then return 8 end
  if letter == "c" and find(p.text, "^%a", p.at) then
    p.at = p.at + 1
    return byte(p.text, p.at - 1) % 32
  end
  if letter == "0" and not find(p.text, "^%d", p.at) then return 0 end
  if find(letter, "^[%dk]") then refuse(p, "a reference to a group is not supported") end
  if find(letter, "^%w") then refuse(p, "an escape is not known") end
  return byte(letter) -- of punctuation: more than the flag u allows, but people write it
end

-- Classes ---------------------------------------------------------------------------------------------

local function class_atom(p)
  if take(p, "\\") then return escape(p, true) end
  return next_char(p)
end

local function class(p)
  local negative, list = take(p, "^"), {}
  while not take(p, "]") do
    if p.at > #p.text then refuse(p, "a class is not closed") end
    local from, set = class_atom(p)
    if find(p.text, "^%-[^%]]", p.at) then
      p.at = p.at + 1
      local to = class_atom(p)
      if not from or not to then refuse(p, "a class cannot be the end of a range") end
      if to < from then refuse(p, "a range is out of order") end
      list[#list + 1], list[#list + 2] = from, to
    elseif set then
      charset.append(list, set)
    else
      list[#list + 1], list[#list + 2] = from, from
    end
  end
  local set = charset.set(list)
  return { t = "set", set = negative and charset.negate(set) or set }
end

-- Structure -------------------------------------------------------------------------------------------

local alternatives

local LOOKS = { { "(?=", false, false }, { "(?!", false, true }, { "(?<=", true, false }, { "(?<!", true, true } }

local function group_body(p)
  p.depth = p.depth + 1
  if p.depth > MAX_DEPTH then refuse(p, "groups are nested too deeply") end
  local node = alternatives(p)
  p.depth = p.depth - 1
  if not take(p, ")") then refuse(p, "a group is not closed") end
  return node
end

local function group_name(p)
  local name = match(p.text, "^([%a_$][%w_$]*)>", p.at)
  if not name then refuse(p, "the name of a group is malformed") end
  if p.names[name] then refuse(p, "two groups have one name") end
  p.names[name] = true
  p.at = p.at + #name + 1
end

-- A node, and whether a quantifier may follow.
local function group(p)
  for _, look in ipairs(LOOKS) do
    if take(p, look[1]) then
      return { t = "look", node = group_body(p), behind = look[2], negative = look[3] }, false
    end
  end
  if take(p, "(?:") then return group_body(p), true end
  if take(p, "(?<") then
    group_name(p)
    return group_body(p), true
  end
  if take(p, "(?") then refuse(p, "a group of this kind is not supported") end
  p.at = p.at + 1
  return group_body(p), true
end

local function atom(p)
  local char = sub(p.text, p.at, p.at)
  if char == "(" then return group(p) end
  if take(p, "^") then return { t = "begin" }, false end
  if take(p, "$") then return { t = "end" }, false end
  if take(p, "\\b") then return { t = "word" }, false end
  if take(p, "\\B") then return { t = "nonword" }, false end
  if take(p, ".") then return { t = "set", set = charset.dot }, true end
  if take(p, "[") then return class(p), true end
  if take(p, "\\") then
    local cp, set = escape(p, false)
    return { t = "set", set = set or { cp, cp } }, true
  end
  if find(char, "^[*+?{}%]]") then refuse(p, "'" .. char .. "' must be escaped") end
  local cp = next_char(p)
  return { t = "set", set = { cp, cp } }, true
end

local function quantifier(p)
  if take(p, "*") then return 0, math.huge end
  if take(p, "+") then return 1, math.huge end
  if take(p, "?") then return 0, 1 end
  local min, comma, max = match(p.text, "^{(%d+)(,?)(%d*)}", p.at) -- linear: the comma parts them
  if not min then return nil end
  if #min + #max > 12 then refuse(p, "a count is too large") end
  p.at = find(p.text, "}", p.at, true) + 1
  local low = tonumber(min)
  local high = comma == "" and low or max == "" and math.huge or tonumber(max)
  if high < low then refuse(p, "a count is out of order") end
  return low, high
end

local function sequence(p)
  local list = { t = "cat" }
  while p.at <= #p.text and not find(p.text, "^[|)]", p.at) do
    local node, repeats = atom(p)
    local min, max = quantifier(p)
    if min then
      if not repeats then refuse(p, "nothing can be repeated") end
      take(p, "?") -- laziness does not change whether a text matches
      node = { t = "rep", node = node, min = min, max = max }
    end
    list[#list + 1] = node
  end
  return list
end

function alternatives(p)
  local list = { t = "alt", sequence(p) }
  while take(p, "|") do list[#list + 1] = sequence(p) end
  return list[2] and list or list[1]
end

--- The tree of a pattern.  Raises a string if it is malformed or not supported.
function M.parse(text)
  local p = { text = text, at = 1, depth = 0, names = {} }
  local node = alternatives(p)
  if p.at <= #text then refuse(p, "a group was never opened") end
  return node
end

return M
