-- spec/lint_patterns.lua -- refuses patterns that may take the square of their text's length.
-- Usage: luajit spec/lint_patterns.lua FILE..; each finding is a line "file:line: why".  The matcher ends
-- such a search (host/core/match.c), but an error is no answer.  It finds three shapes in literal patterns of
-- find, match, gmatch and gsub:
--   * not anchored, and what follows a repetition may fail: from each place in a long run it scans to the
--     end again ("%s+$", ".-x", "(%w+)=").  Fine if something before it cannot be part of the run.
--   * two repetitions that can match the same text, if what follows may fail ("^%s*(.-)%s*$", "^%d+%.?%d*$").
--   * %b and %1 where a match may begin anywhere.
-- A line that is fine nevertheless has a comment that begins with "linear:" and says why.

local M = {}
local FUNCTIONS = { find = true, match = true, gmatch = true, gsub = true }
local REPEATS = { ["*"] = true, ["+"] = true, ["-"] = true }

-- Lua -------------------------------------------------------------------------------------------------

local ESCAPES = { n = "\n", t = "\t", r = "\r", a = "\a", b = "\b", f = "\f", v = "\v", z = "" }

local function unquoted(text)
  return (text:gsub("\\(%d%d?%d?)", function(d) return string.char(tonumber(d)) end)
    :gsub("\\(.)", function(c) return ESCAPES[c] or c end))
end

-- The tokens of a Lua text, as {kind = "name" | "string" | "other", text, line}; lines[n] is what comments
-- on line n say.
local function tokens(text)
  local list, comments, at, line = {}, {}, 1, 1
  local function add(kind, value, last)
    list[#list + 1] = { kind = kind, text = value, line = line }
    line = line + select(2, text:sub(at, last):gsub("\n", ""))
    at = last + 1
  end
  while at <= #text do
    local _, last = text:find("^%s+", at)
    local long, equals = text:match("^(%[(=*)%[)", at)
    local comment = text:match("^%-%-", at)
    if last then
      line = line + select(2, text:sub(at, last):gsub("\n", ""))
      at = last + 1
    elseif comment then
      local eq = text:match("^%-%-%[(=*)%[", at)
      local stop = eq and select(2, text:find("]" .. eq .. "]", at, true)) or (text:find("\n", at, true) or #text + 1) - 1
      comments[line] = text:sub(at, stop)
      line = line + select(2, text:sub(at, stop):gsub("\n", ""))
      at = stop + 1
    elseif long then
      local _, stop = text:find("]" .. equals .. "]", at, true)
      add("string", text:sub(at + #long, (stop or #text) - #long), stop or #text)
    elseif text:find("^[\"']", at) then
      local quote, stop = text:sub(at, at), at + 1
      while stop <= #text and text:sub(stop, stop) ~= quote do
        stop = stop + (text:sub(stop, stop) == "\\" and 2 or 1)
      end
      add("string", unquoted(text:sub(at + 1, stop - 1)), stop)
    else
      _, last = text:find("^[%a_][%w_]*", at)
      add(last and "name" or "other", text:sub(at, last or at), last or at)
    end
  end
  return list, comments
end

-- The arguments of the call whose "(" is token i: a list of lists of tokens.
local function arguments(list, i)
  local args, depth, current = {}, 0, {}
  for k = i, #list do
    local t = list[k].kind == "other" and list[k].text
    if t == "(" or t == "{" or t == "[" then depth = depth + 1 end
    if t == ")" or t == "}" or t == "]" then depth = depth - 1 end
    if depth == 0 then
      args[#args + 1] = current
      return args
    end
    if depth == 1 and t == "," then
      args[#args + 1], current = current, {}
    elseif k > i then
      current[#current + 1] = list[k]
    end
  end
  return args
end

-- The token of the pattern that the call of the function at token i is given, or nil.
local function pattern_of(list, i)
  local before, after = list[i - 1] and list[i - 1].text, list[i + 1]
  if not after or before == "function" or list[i - 2] and list[i - 2].text == "function" then return nil end
  if before == ":" and after.kind == "string" then return after end
  if after.text ~= "(" or after.kind ~= "other" then return nil end
  local args = arguments(list, i + 1)
  local place = before == ":" and 1 or 2
  local plain = list[i].text == "find" and args[place + 2]
  if plain and plain[1] and plain[1].text == "true" then return nil end
  local arg = args[place]
  if arg and #arg == 1 and arg[1].kind == "string" then return arg[1] end
end

-- Patterns --------------------------------------------------------------------------------------------

-- The set of characters that a single item stands for, {[byte] = true}.
local function set_of(item)
  local set = {}
  for c = 0, 255 do
    if c ~= 0 and string.char(c):find("^" .. item .. "$") or c == 0 and ("\0"):find("^" .. item .. "$") then set[c] = true end
  end
  return set
end

-- The items of a pattern: {set, low = how many at least (0, 1), endless, special = "b" | "f" | "1" | "$"}.
local function items_of(pattern)
  local list, at = {}, 1
  while at <= #pattern do
    local item = pattern:match("^%%b..", at) or pattern:match("^%%f%[%^?%]?[^%]]*%]", at) or pattern:match("^%%%d", at)
    if item then
      list[#list + 1] = { special = item:sub(2, 2):gsub("%d", "1"), low = 1, set = item:sub(2, 2) == "f" and set_of(item:sub(3)) }
    else
      item = pattern:match("^[()]", at)
      if not item and at == #pattern and pattern:sub(at) == "$" then
        item = "$"
        list[#list + 1] = { special = "$", low = 1 }
      elseif not item then
        item = pattern:match("^%%.", at) or pattern:match("^%[%^?%]?[^%]%%]*%]", at) or pattern:match("^%b[]", at) or pattern:sub(at, at)
        if item:sub(1, 1) == "[" then
          local stop = at + (pattern:find("^%[%^", at) and 2 or 1)
          repeat stop = stop + (pattern:sub(stop, stop) == "%" and 2 or 1) until pattern:sub(stop, stop) == "]" or stop > #pattern
          item = pattern:sub(at, stop)
        end
        local suffix = pattern:sub(at + #item, at + #item)
        local one = { set = set_of(item), low = 1, endless = REPEATS[suffix] or false }
        if suffix == "*" or suffix == "-" or suffix == "?" then one.low = 0 end
        list[#list + 1] = one
        if REPEATS[suffix] or suffix == "?" then item = item .. suffix end
      end
    end
    at = at + #item
  end
  return list
end

local function meet(a, b)
  for c in pairs(a) do
    if b[c] then return true end
  end
  return false
end

local function within(a, b)
  for c in pairs(a) do
    if not b[c] then return false end
  end
  return true
end

local function is_all(set)
  for c = 0, 255 do
    if not set[c] then return false end
  end
  return true
end

-- Whether what stands from item `from` on may fail to match.  ".*$" never does.
local function may_fail(items, from)
  for i = from, #items do
    local before = items[i - 1]
    local never = items[i].special == "$" and before and before.endless and is_all(before.set)
    if items[i].low > 0 and not never then return true end
  end
  return false
end

-- Whether one of the items must be there and cannot be part of a run of `set`.
local function parted(items, from, to, set)
  for i = from, to do
    local item = items[i]
    if item.special == "f" and within(set, item.set) then return true end
    if item.set and not item.special and item.low > 0 and not meet(item.set, set) then return true end
  end
  return false
end

--- Why a pattern may take the square of its text's length, or nil.  is_next: of gmatch, where ^ is no anchor.
function M.problem(pattern, is_next)
  local anchored = not is_next and pattern:sub(1, 1) == "^"
  local items = items_of(anchored and pattern:sub(2) or pattern)
  for i, item in ipairs(items) do
    if not anchored and (item.special == "b" or item.special == "1") then
      return "%" .. item.special .. " in a pattern that may begin anywhere"
    end
    if item.endless and may_fail(items, i + 1) then
      if not anchored and not parted(items, 1, i - 1, item.set) then
        return "not anchored, and what follows a repetition may fail"
      end
      for k = i + 1, #items do
        local other = items[k]
        if other.endless and meet(item.set, other.set) and may_fail(items, k + 1)
          and not parted(items, i + 1, k - 1, item.set) and not parted(items, i + 1, k - 1, other.set) then
          return "two repetitions can share a text, and what follows may fail"
        end
      end
    end
  end
end

--- The findings in a Lua text: {{line, why}, ..}.
function M.check(text)
  local list, comments = tokens(text)
  local found = {}
  for i, t in ipairs(list) do
    local p = t.kind == "name" and FUNCTIONS[t.text] and pattern_of(list, i)
    local why = p and M.problem(p.text, t.text == "gmatch")
    if why and not (comments[p.line] or ""):find("linear:", 1, true) then
      found[#found + 1] = { line = p.line, why = ("pattern %q: %s"):format(p.text, why) }
    end
  end
  return found
end

if arg and (arg[0] or ""):find "lint_patterns%.lua$" then
  local failed = false
  for _, name in ipairs(arg) do
    local file = assert(io.open(name))
    for _, f in ipairs(M.check(file:read "*a")) do
      failed = true
      io.stdout:write(("%s:%d: %s\n"):format(name, f.line, (f.why:gsub("\n", "n"))))
    end
    file:close()
  end
  os.exit(failed and 1 or 0)
end

return M
