-- host/lua/scripts/library.lua -- the string and table functions that scripts and rules see, each bounded by work.
-- A function of C cannot be interrupted, so none may run for long: matching counts its steps (pattern.lua),
-- positions must lie within their table, sorting is ours.  For a rule each call is charged to its budget as
-- well.  `charge` takes instructions; for scripts it does nothing.

local native = require "human.native"
local pattern = require "human.scripts.pattern"

local M = {}
local REP_MAX, RULE_REP_MAX = 16 * 1024 * 1024, 64 * 1024
local STEPS_PER_INSTRUCTION = 4                  -- steps of the matcher that take as long as one instruction
local RULE_VALUES_MAX = 250                      -- that unpack and string.byte return to a rule at once

-- Makes both tables over `limits`: charge, is_protected(t), rep_max.  No upvalues: rules have their own copy,
-- which is never compiled.
local function make(limits)
  local charge, is_protected, rep_max = limits.charge, limits.is_protected, limits.rep_max
  local insert, remove, concat, rep = table.insert, table.remove, table.concat, string.rep
  local next, rawget, select, type, tostring, blame = next, rawget, select, type, tostring, limits.blame
  local BYTES = 16                               -- copied in the time of one instruction
  local T, S = {}, {}

  local function checked(t, name)
    if type(t) ~= "table" then
      blame(("bad argument #1 to '%s' (table expected, got %s)"):format(name, t == nil and "no value" or type(t)))
    end
    if is_protected(t) then blame("table." .. name .. ": the table is read-only") end
  end

  local function position(pos, last, name)
    if type(pos) ~= "number" then
      blame(("bad argument #2 to '%s' (number expected, got %s)"):format(name, type(pos)))
    end
    if not (pos >= 1 and pos <= last) then
      blame(("bad argument #2 to '%s' (position %s is not within 1 and %d)"):format(name, tostring(pos), last))
    end
  end

  function T.insert(t, ...)
    checked(t, "insert")
    local n, count = select("#", ...), #t
    if n == 1 then return insert(t, (...)) end
    if n ~= 2 then blame("wrong number of arguments to 'insert'") end
    local pos, v = ...
    position(pos, count + 1, "insert")
    charge(count + 1 - pos)
    insert(t, pos, v)
  end

  function T.remove(t, pos)
    checked(t, "remove")
    local count = #t
    if pos == nil then return remove(t) end
    if count == 0 then return nil end
    if type(pos) ~= "number" then position(pos, count, "remove") end
    if not (pos >= 1 and pos <= count) then return nil end
    charge(count - pos)
    return remove(t, pos)
  end

  function T.maxn(t)
    if type(t) ~= "table" then checked(t, "maxn") end
    local max = 0
    for k in next, t do
      if type(k) == "number" and k > max then max = k end
    end
    return max
  end

  function T.concat(t, sep, i, j)
    if type(t) ~= "table" then checked(t, "concat") end
    local from, to, bytes = i or 1, j or #t, sep and #tostring(sep) or 0
    local total = 0
    for k = from, to do
      local v = rawget(t, k)
      if type(v) ~= "string" and type(v) ~= "number" then
        blame(("invalid value (%s) at index %d in table for 'concat'"):format(type(v), k))
      end
      total = total + bytes + (type(v) == "string" and #v or 16)
    end
    charge(total / BYTES)
    return concat(t, sep, i, j)
  end

  -- a < b, with the operator's own error message.
  local function less(a, b)
    local x, y = type(a), type(b)
    if x ~= y or x ~= "number" and x ~= "string" and x ~= "table" then
      blame(x == y and ("attempt to compare two %s values"):format(x)
        or ("attempt to compare %s with %s"):format(x, y))
    end
    if x == "string" then charge((#a < #b and #a or #b) / BYTES) end
    return a < b
  end

  -- Merges the sorted runs from[low..middle - 1] and from[middle..high - 1] into `to`.
  local function merge(from, to, low, middle, high, before)
    local a, b = low, middle
    for k = low, high - 1 do
      if a < middle and (b >= high or not before(from[b], from[a])) then
        to[k], a = from[a], a + 1
      else
        to[k], b = from[b], b + 1
      end
    end
  end

  -- Merge sort, which is stable and needs n log n comparisons, whatever the input and the comparison.
  function T.sort(t, before)
    checked(t, "sort")
    if before ~= nil and type(before) ~= "function" then
      blame(("bad argument #2 to 'sort' (function expected, got %s)"):format(type(before)))
    end
    before = before or less
    local n, from, to, width = #t, {}, {}, 1
    for i = 1, n do from[i] = t[i] end
    while width < n do
      for low = 1, n, 2 * width do
        local middle, high = low + width, low + 2 * width
        if middle > n + 1 then middle = n + 1 end
        if high > n + 1 then high = n + 1 end
        merge(from, to, low, middle, high, before)
      end
      from, to, width = to, from, 2 * width
    end
    for i = 1, n do t[i] = from[i] end
  end

  function S.rep(s, n, sep)
    local size = (#tostring(s) + (sep and #tostring(sep) or 0)) * n
    if size > rep_max then blame("string.rep: result would exceed " .. rep_max .. " bytes") end
    if size > 0 then charge(size / BYTES) end
    return rep(s, n, sep)
  end

  return T, S
end

local function add(to, from)
  for k, v in pairs(from) do to[k] = v end
  return to
end

--- The tables `table` and `string` of scripts.
function M.of_scripts(host, is_protected)
  local T, S = make { charge = function() end, is_protected = is_protected, rep_max = REP_MAX, blame = pattern.blame }
  local of_strings = add({}, string)
  of_strings.dump = nil
  return T, add(add(of_strings, pattern.for_scripts(host)), S)
end

-- Rules -----------------------------------------------------------------------------------------------

-- Types that tostring shows by address.  Addresses differ between runs, so rules do not see them.
local function shown_type(v)
  local t = type(v)
  if t == "string" or t == "number" or t == "boolean" or t == "nil" then return nil end
  if t == "table" and (debug.getmetatable(v) or {}).__tostring then return nil end
  return t
end

local function rule_tostring(v) return shown_type(v) or tostring(v) end

local function rule_strings(charge)
  local S, format = {}, string.format

  -- These copy their argument, or as much as they return.
  for _, name in ipairs { "lower", "upper", "reverse" } do
    local f = string[name]
    S[name] = function(s)
      if type(s) == "string" then charge(#s / 16) end
      return f(s)
    end
  end

  function S.sub(s, i, j)
    local out = string.sub(s, i, j)
    charge(#out / 16)
    return out
  end

  function S.byte(s, i, j)
    i = i or 1
    if j and type(s) == "string" and type(i) == "number" and type(j) == "number" then
      local first, last = i < 0 and i + #s + 1 or i, j < 0 and j + #s + 1 or j
      if last > #s then last = #s end
      if last - (first < 1 and 1 or first) >= RULE_VALUES_MAX then
        pattern.blame("string.byte: a rule takes at most " .. RULE_VALUES_MAX .. " bytes at once")
      end
      charge((last - first) / 4)
    end
    return string.byte(s, i, j)
  end

  function S.format(text, ...)
    if type(text) == "string" and text:gsub("%%%%", ""):find "%%[ #+%-%d.]*p" then
      pattern.blame("string.format: a rule cannot show an address (%p)")
    end
    local bytes = 0
    for i = 1, select("#", ...) do
      local v = (select(i, ...))
      local kind = shown_type(v)
      if kind then pattern.blame("string.format: a rule cannot show a " .. kind) end
      bytes = bytes + 160 + (type(v) == "string" and 4 * #v or 0)
    end
    charge((#tostring(text) + bytes) / 16)
    return format(text, ...)
  end

  return S
end

-- Builtins with a bounded and charged number of values.
local function rule_base(charge)
  local B = {}

  function B.tonumber(v, base)
    if type(v) == "string" then charge(#v / 4) end
    return tonumber(v, base)
  end

  function B.select(n, ...)
    charge(select("#", ...) / 4)
    return select(n, ...)
  end

  function B.unpack(t, i, j)
    local from, to = i or 1, j or type(t) == "table" and #t or 0
    if type(from) == "number" and type(to) == "number" then
      if to - from >= RULE_VALUES_MAX then
        pattern.blame("unpack: a rule takes at most " .. RULE_VALUES_MAX .. " values at once")
      end
      charge((to - from) / 4)
    end
    return unpack(t, i, j)
  end

  B.tostring = rule_tostring
  return B
end

-- A copy of a function with its own constants, so that traces compiled for the original do not apply.
local function interpreted(f, ...)
  jit.off(f, true)
  return f(...)
end

--- The tables `table` and `string` of rules, and some of their builtins.
function M.of_rules(host, is_protected)
  local charge_native, left = native.rule_charge, native.rule_left
  local function charge(n) if n > 0 then charge_native(n) end end
  local function allowed(n)
    local instructions = left()
    return instructions and instructions * STEPS_PER_INSTRUCTION or pattern.STEPS + pattern.PER_BYTE * n
  end
  local function spent(steps) charge_native(steps / STEPS_PER_INSTRUCTION) end
  for _, f in ipairs { charge, allowed, spent, shown_type, rule_tostring } do jit.off(f) end
  local copy = loadstring(string.dump(make), "=library")
  local T, S = interpreted(copy, { charge = charge, is_protected = is_protected, rep_max = RULE_REP_MAX,
    blame = pattern.blame })
  local of_strings = add({}, string)
  of_strings.dump = nil
  of_strings.gsub = pattern.for_rules(host, allowed, spent).gsub
  of_strings.find, of_strings.match, of_strings.gmatch = native.rule_find, native.rule_match, native.rule_gmatch
  add(of_strings, S)
  return T, add(of_strings, interpreted(rule_strings, charge)), interpreted(rule_base, charge)
end

return M
