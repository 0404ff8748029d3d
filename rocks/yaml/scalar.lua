-- rocks/yaml/scalar.lua -- plain and quoted scalars.  n: lines after the first are indented by more than that.

local cursor = require "yaml.cursor"

local M = {}

local byte, find, sub, char = string.byte, string.find, string.sub, string.char
local fail, fold, spaces = cursor.fail, cursor.fold, cursor.spaces
local is_blank, is_marker = cursor.is_blank, cursor.is_marker
local NEWLINE, HASH, COLON = 10, 35, 58

local FLOW = {} -- indicators of flow collections
for b in (",[]{}"):gmatch "." do FLOW[byte(b)] = true end
local FORBIDDEN = {} -- no plain scalar begins with one
for b in (",[]{}#&*!|>'\"%@`"):gmatch "." do FORBIDDEN[byte(b)] = true end

M.FLOW = FLOW

--- Is this ":" the one between a key and its value?  json: behind what need not be followed by a space in a flow.
function M.is_colon(c, in_flow, json)
  if byte(c.s, c.p) ~= COLON then return false end
  local after = byte(c.s, c.p + 1)
  return is_blank(after) or in_flow and (json or FLOW[after]) or false
end

--- May a plain scalar begin here?
function M.is_plain(c, in_flow)
  local b = byte(c.s, c.p)
  if b == 45 or b == 63 or b == COLON then
    local after = byte(c.s, c.p + 1)
    return not is_blank(after) and not (in_flow and FLOW[after])
  end
  return not FORBIDDEN[b]
end

-- The text of a plain scalar on this line; the cursor is behind it.
local function plain_line(c, in_flow)
  local s, at = c.s, c.p
  local stops = in_flow and "[:#\n,%[%]{}]" or "[:#\n]"
  while true do
    at = find(s, stops, at)
    local b = byte(s, at)
    if b == COLON then
      local after = byte(s, at + 1)
      if is_blank(after) or in_flow and FLOW[after] then break end
    elseif b ~= HASH or is_blank(byte(s, at - 1)) then
      break
    end
    at = at + 1
  end
  local last = at - 1
  while is_blank(byte(s, last)) do last = last - 1 end
  local text = sub(s, c.p, last)
  c.p = last + 1
  return text
end

-- Does a plain scalar go on in the next line that is not empty?  Then the cursor is there.
local function goes_on(c, n, in_flow)
  local s, p, ls = c.s, c.p, c.ls
  local at = find(s, "[^ \t]", p)
  if byte(s, at) == NEWLINE then
    c.p = at
    local empty = fold(c)
    local b = byte(s, c.p)
    if b and b ~= HASH and spaces(c) > n and not (c.p == c.ls and is_marker(s, c.p))
      and not M.is_colon(c, in_flow) and not (in_flow and FLOW[b]) then
      return empty
    end
  end
  c.p, c.ls = p, ls
end

--- A plain scalar: its text, and whether it has more lines than one.  one_line: it may not.
function M.plain(c, n, in_flow, one_line)
  local text = plain_line(c, in_flow)
  if one_line or M.is_colon(c, in_flow) then return text, false end
  local parts
  while true do
    local empty = goes_on(c, n, in_flow)
    if not empty then break end
    parts = parts or { text }
    parts[#parts + 1] = empty == 0 and " " or ("\n"):rep(empty)
    parts[#parts + 1] = plain_line(c, in_flow)
  end
  if parts then return table.concat(parts), true end
  return text, false
end

-- Behind a line break in quotes.
local function quoted_fold(c, n, start)
  local empty = fold(c)
  if c.p > c.size or c.p == c.ls and is_marker(c.s, c.p) then fail(c, "a quote is not closed", start) end
  if spaces(c) <= n then fail(c, "a line of a quoted text is not indented enough") end
  return empty
end

local function trimmed(s, from, to)
  while to >= from and is_blank(byte(s, to)) do to = to - 1 end
  return sub(s, from, to)
end

function M.single(c, n)
  local s, start, line = c.s, c.p, c.ls
  local parts = {}
  c.p = start + 1
  while true do
    local at = find(s, "['\n]", c.p)
    if not at then fail(c, "a quote is not closed", start) end
    if byte(s, at) == NEWLINE then
      parts[#parts + 1] = trimmed(s, c.p, at - 1)
      c.p = at
      local empty = quoted_fold(c, n, start)
      parts[#parts + 1] = empty == 0 and " " or ("\n"):rep(empty)
    elseif byte(s, at + 1) == 39 then
      parts[#parts + 1] = sub(s, c.p, at)
      c.p = at + 2
    else
      parts[#parts + 1] = sub(s, c.p, at - 1)
      c.p = at + 1
      return table.concat(parts), c.ls ~= line
    end
  end
end

local ESCAPES = {
  ["0"] = "\0", a = "\a", b = "\b", t = "\t", ["\t"] = "\t", n = "\n", v = "\v", f = "\f", r = "\r", e = "\27",
  [" "] = " ", ['"'] = '"', ["/"] = "/", ["\\"] = "\\", N = "\194\133", _ = "\194\160", L = "\226\128\168",
  P = "\226\128\169",
}
local DIGITS = { x = 2, u = 4, U = 8 }

local function utf8(code)
  if code < 0x80 then return char(code) end
  local function tail(shift) return 128 + math.floor(code / 2 ^ shift) % 64 end
  if code < 0x800 then return char(192 + math.floor(code / 64), tail(0)) end
  if code < 0x10000 then return char(224 + math.floor(code / 4096), tail(6), tail(0)) end
  return char(240 + math.floor(code / 262144), tail(12), tail(6), tail(0))
end

local function hex(c, at, digits)
  local text = sub(c.s, at, at + digits - 1)
  if #text < digits or find(text, "%X") then fail(c, "an escape needs " .. digits .. " hexadecimal digits", at) end
  return tonumber(text, 16)
end

-- The character of an escape in double quotes; the cursor is at the backslash, and then behind it all.
local function escape(c)
  local s, at = c.s, c.p
  local letter = sub(s, at + 1, at + 1)
  local digits = DIGITS[letter]
  if not digits then
    if not ESCAPES[letter] then fail(c, "an escape is not known") end
    c.p = at + 2
    return ESCAPES[letter]
  end
  local code = hex(c, at + 2, digits)
  c.p = at + 2 + digits
  if code >= 0xD800 and code < 0xDC00 and find(s, "^\\u[Dd][C-Fc-f]%x%x", c.p) then -- as JSON writes it
    code = 0x10000 + (code - 0xD800) * 1024 + hex(c, c.p + 2, 4) - 0xDC00
    c.p = c.p + 6
  end
  if code > 0x10FFFF or code >= 0xD800 and code < 0xE000 then fail(c, "an escape is not a character", at) end
  return utf8(code)
end

function M.double(c, n)
  local s, start, line = c.s, c.p, c.ls
  local parts = {}
  c.p = start + 1
  while true do
    local at = find(s, '["\\\n]', c.p)
    if not at then fail(c, "a quote is not closed", start) end
    local b = byte(s, at)
    if b == NEWLINE then
      parts[#parts + 1] = trimmed(s, c.p, at - 1)
      c.p = at
      local empty = quoted_fold(c, n, start)
      parts[#parts + 1] = empty == 0 and " " or ("\n"):rep(empty)
    else
      parts[#parts + 1] = sub(s, c.p, at - 1)
      if b == 34 then
        c.p = at + 1
        return table.concat(parts), c.ls ~= line
      end
      c.p = at
      if byte(s, at + 1) == NEWLINE then
        c.p = at + 1
        parts[#parts + 1] = ("\n"):rep(quoted_fold(c, n, start))
      else
        parts[#parts + 1] = escape(c)
      end
    end
  end
end

return M
