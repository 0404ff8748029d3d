-- rocks/yaml/blockscalar.lua -- literal and folded scalars, "|" and ">".

local cursor = require "yaml.cursor"

local byte, find, match, sub = string.byte, string.find, string.match, string.sub
local fail, is_marker = cursor.fail, cursor.is_marker
local NEWLINE = 10

-- What stands behind "|" or ">": how many spaces, if they are told, and what becomes of line breaks at the end.
local function header(c)
  local s = c.s
  local marks = match(s, "^[|>]([%d+-]*)", c.p)
  local digit, chomp = match(marks, "^([1-9]?)([+-]?)$")
  if not digit then chomp, digit = match(marks, "^([+-])([1-9])$") end
  if not digit then fail(c, "a block scalar's header is not known") end
  local at = c.p + 1 + #marks
  local rest = find(s, "[^ \t]", at)
  if byte(s, rest) == 35 and rest > at then rest = find(s, "\n", rest, true) end
  if byte(s, rest) ~= NEWLINE then fail(c, "a block scalar begins in the next line", rest) end
  c.p, c.ls = rest + 1, rest + 1
  return tonumber(digit), chomp
end

-- How far the text is indented: as its first line that has more than spaces.
local function detect(c, n)
  local s, at, deepest, deepest_at = c.s, c.p, 0, c.p
  while at <= c.size do
    local text = find(s, "[^ ]", at)
    local width = text - at
    if byte(s, text) ~= NEWLINE then
      if width <= n then break end
      if deepest > width then fail(c, "an empty line is indented more than the block scalar behind it", deepest_at) end
      return width
    end
    if width > deepest then deepest, deepest_at = width, at end
    at = text + 1
  end
  return math.max(deepest, n + 1)
end

-- What joins two lines between which `empty` lines are.
local function joint(folded, empty, more)
  if not folded or more then return ("\n"):rep(empty + 1) end
  return empty == 0 and " " or ("\n"):rep(empty)
end

-- The scalar's text; the cursor is at its "|" or ">", and then at the line behind it.
return function(c, n)
  local s = c.s
  local folded = byte(s, c.p) == 62
  local digit, chomp = header(c)
  local indent = digit and math.max(n, 0) + digit or detect(c, n)
  local parts, empty, was_more = {}, 0, false
  while c.p <= c.size do
    local text = find(s, "[^ ]", c.p)
    local width = math.min(text - c.p, indent)
    local from = c.p + width
    local is_empty = byte(s, from) == NEWLINE
    if not is_empty and (width < indent or from == c.ls and is_marker(s, from)) then
      if byte(s, text) == 9 and text - c.p <= n then fail(c, "a tab does not indent", text) end
      break
    end
    local newline = find(s, "\n", from, true)
    if is_empty then
      empty = empty + 1
    else
      local more = byte(s, from) == 32 or byte(s, from) == 9
      parts[#parts + 1] = #parts == 0 and ("\n"):rep(empty) or joint(folded, empty, more or was_more)
      parts[#parts + 1] = sub(s, from, newline - 1)
      empty, was_more = 0, more
    end
    c.p, c.ls = newline + 1, newline + 1
  end
  if chomp == "+" then parts[#parts + 1] = ("\n"):rep(#parts > 0 and empty + 1 or empty)
  elseif chomp == "" and #parts > 0 then parts[#parts + 1] = "\n"
  end
  return table.concat(parts)
end
