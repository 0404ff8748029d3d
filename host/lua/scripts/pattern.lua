-- host/lua/scripts/pattern.lua -- find, match, gmatch and gsub, with a bound on every call.
-- C does the matching and counts its steps (host/core/match.c).  The loop over matches and the replacements
-- are here, because C that is called through the FFI must never call Lua.

local native = require "human.native"

local M = {}

-- A script's call may take STEPS, and PER_BYTE more for each byte of its text: enough for every pattern that
-- scans a text a few times.  That is about 10 ms, and 15 ms more for each megabyte.
M.STEPS, M.PER_BYTE = 4000000, 8

-- Makes the functions over `host`, as a table.  allowed(n): the steps that a call on n bytes may take;
-- spent(steps): called with those that it took; may raise.  No upvalues: rules have their own copy,
-- which is never compiled (M.for_rules).
local function make(host, allowed, spent, blame)
  local POSITION = host.CAPTURE.POSITION
  local FIND, MATCH, NEXT, PLAIN = host.MATCH.FIND, host.MATCH.MATCH, host.MATCH.NEXT, host.MATCH.PLAIN
  local INVAL, FULL, why = host.E.INVAL, host.E.FULL, host.match_why
  local found, search, replace = host.found, host.match, host.replace
  local sub, concat, floor = string.sub, table.concat, math.floor
  local type, tostring, tonumber, unpack = type, tostring, tonumber, unpack

  local function wrong(name, n, wanted, v)
    local got = v == nil and "no value" or type(v)
    blame(("bad argument #%d to '%s' (%s expected, got %s)"):format(n, name, wanted, got))
  end

  local function text_of(v, name, n)
    if type(v) == "string" then return v end
    if type(v) ~= "number" then wrong(name, n, "string", v) end
    return tostring(v)
  end

  -- nil: the default.  Truncates fractions, as C does.
  local function whole(v, default, name, n)
    if v == nil then return default end
    local number = tonumber(v)
    if not number then wrong(name, n, "number", v) end
    return number < 0 and -floor(-number) or floor(number)
  end

  local function refuse(name, result, text)
    if result == INVAL then blame(why()) end
    if result == FULL then blame("string." .. name .. ": the result would be too large") end
    blame(("string.%s: the pattern tries too many ways to match this text of %d bytes"):format(name, #text))
  end

  -- One search.  Returns whether there is a match, which `found` then describes, and the steps left.
  local function look(name, text, pattern, from, mode, steps)
    local result = search(text, pattern, from, mode, steps)
    local left = found.steps
    spent(steps - left)
    if result < 0 then refuse(name, result, text) end
    return result == 1, left
  end

  local function capture(text, i)
    local c = found.capture[i]
    local n = c.n
    if n >= 0 then return sub(text, c.from + 1, c.from + n) end
    if n == POSITION then return c.from + 1 end
    blame("unfinished capture")
  end

  -- The captures of the match; the whole match if the pattern has no captures.
  local function captures(text)
    local n = found.level
    if n == 0 then return sub(text, found.from + 1, found.to) end
    if n == 1 then return capture(text, 0) end
    if n == 2 then return capture(text, 0), capture(text, 1) end
    local list = {}
    for i = 1, n do list[i] = capture(text, i - 1) end
    return unpack(list, 1, n)
  end

  local function start(init, n)
    if init < 0 then init = init + n else init = init - 1 end
    return init < 0 and 0 or init > n and n or init
  end

  local P = {}

  function P.find(s, pattern, init, plain)
    s, pattern = text_of(s, "find", 1), text_of(pattern, "find", 2)
    local from = init and start(whole(init, 1, "find", 3), #s) or 0
    if not look("find", s, pattern, from, plain and PLAIN or FIND, allowed(#s)) then return nil end
    local first, last = found.from + 1, found.to
    if found.level == 0 then return first, last end
    return first, last, captures(s)
  end

  function P.match(s, pattern, init)
    s, pattern = text_of(s, "match", 1), text_of(pattern, "match", 2)
    local from = init and start(whole(init, 1, "match", 3), #s) or 0
    if not look("match", s, pattern, from, MATCH, allowed(#s)) then return nil end
    return captures(s)
  end

  function P.gmatch(s, pattern)
    s, pattern = text_of(s, "gmatch", 1), text_of(pattern, "gmatch", 2)
    local from, left = 0, allowed(#s)
    return function()
      if from > #s then return nil end
      local is_there
      is_there, left = look("gmatch", s, pattern, from, NEXT, left)
      if not is_there then
        from = #s + 1
        return nil
      end
      from = found.to == found.from and found.to + 1 or found.to
      return captures(s)
    end
  end

  -- The replacement of the current match.
  local function replacement(repl, kind, text)
    local whole_match = sub(text, found.from + 1, found.to)
    local value = kind == "table" and repl[found.level == 0 and whole_match or capture(text, 0)]
    if kind == "function" then value = repl(captures(text)) end
    if not value then return whole_match end
    if type(value) ~= "string" and type(value) ~= "number" then
      blame("invalid replacement value (a " .. type(value) .. ")")
    end
    return value
  end

  -- Replacement by a text: all matches at once.
  local function replaced(s, pattern, repl, max)
    local steps = allowed(#s)
    local count, text = replace(s, pattern, repl, max, steps)
    spent(steps - found.steps)
    if count < 0 then refuse("gsub", count, s) end
    return text or s, count
  end

  function P.gsub(s, pattern, repl, max)
    s, pattern = text_of(s, "gsub", 1), text_of(pattern, "gsub", 2)
    local kind = type(repl)
    if kind == "number" then repl, kind = tostring(repl), "string" end
    if kind ~= "string" and kind ~= "table" and kind ~= "function" then
      blame("bad argument #3 to 'gsub' (string/function/table expected)")
    end
    max = whole(max, #s + 1, "gsub", 4)
    if kind == "string" then return replaced(s, pattern, repl, max) end
    local once = sub(pattern, 1, 1) == "^"
    local out, n, copied, from, count, left = {}, 0, 0, 0, 0, allowed(#s)
    while count < max and from <= #s do
      local is_there
      is_there, left = look("gsub", s, pattern, from, MATCH, left)
      if not is_there then break end
      local first, last = found.from, found.to
      count = count + 1
      out[n + 1], out[n + 2] = sub(s, copied + 1, first), replacement(repl, kind, s)
      n, copied = n + 2, last
      from = last == first and last + 1 or last
      if once then break end
    end
    if count == 0 then return s, 0 end
    out[n + 1] = sub(s, copied + 1)
    return concat(out), count
  end

  return P
end

--- Raises `message` with the position of the innermost calling script, since the runtime's own lines do not help
--- its author.  Without a position after a tail call.
function M.blame(message)
  for level = 2, 32 do
    local info = debug.getinfo(level, "Slf")
    if not info or info.func == native.rule_call then break end
    if info.source:sub(1, 1) == "@" and info.source:sub(1, 10) ~= "@host/lua/" then error(message, level) end
  end
  error(message, 0)
end

--- The functions for scripts: a call that takes too long is an error.
function M.for_scripts(host)
  local steps, per_byte = M.STEPS, M.PER_BYTE
  return make(host, function(n) return steps + per_byte * n end, function() end, M.blame)
end

--- The functions for rules: never compiled, so that their cost is always the same.
function M.for_rules(host, allowed, spent)
  local copy = loadstring(string.dump(make), "=pattern")
  jit.off(copy, true)
  return copy(host, allowed, spent, M.blame)
end

return M
