-- host/lua/rules.lua -- rules: pure functions of facts, with a verdict and a budget.
-- A rule answers allow(), deny(code, facts) or escalate(reason), or a plain value (a fee, a number).
-- Every call from outside runs with the JIT off and at most BUDGET steps: instructions, and what library
-- functions do for it (library.lua).  Nothing that it holds may have changed afterwards (rule_state.lua).
-- The examples of a rule file run at each load, under the same budget, and one that fails refuses the
-- load.  What is recorded of a decision, and replayed, is the business of human.decisions and human.replay.

local fail = require "human.fail"
local native = require "human.native"
local rule_state = require "human.rule_state"
local sandbox = require "human.sandbox"

local M = {}
local BUDGET = 200000                            -- interpreted instructions and their like, about 2 ms
local NESTED_MAX = 16                            -- tables within tables of a rule's module
M.BUDGET = BUDGET
local Verdict = { __metatable = "verdict" }

function Verdict:__tostring() return self.code or self.verdict end

local plain

local function plain_table(v, depth)
  if depth > NESTED_MAX then error("a rule's answer is nested too deep, or a cycle", 0) end
  local out = {}
  for k, x in next, sandbox.behind(v) or v do out[k] = plain(x, depth + 1) end
  local mt = debug.getmetatable(v)
  return mt and not sandbox.is_protected(v) and setmetatable(out, mt) or out
end

-- A copy of what a rule answers: it keeps nothing that others can change.
function plain(v, depth)
  local t = type(v)
  if t == "table" then return plain_table(v, depth) end
  if t == "function" or t == "thread" then error("a rule answers with plain data, not with a " .. t, 0) end
  return v
end

-- Each is a value of its own: there is none that a rule could write something on.
local function verdict(v) return setmetatable(v, Verdict) end

M.verdicts = {
  allow = function() return verdict { verdict = "allow" } end,
  deny = function(code, data)
    if type(code) ~= "string" then error("deny: the code must be a string", 2) end
    return verdict { verdict = "deny", code = code, data = plain(data, 0) }
  end,
  escalate = function(reason) return verdict { verdict = "escalate", reason = plain(reason, 0) } end,
}
for _, fn in pairs(M.verdicts) do jit.off(fn) end

function M.is_verdict(v) return type(v) == "table" and debug.getmetatable(v) == Verdict end

local inside = false                             -- a rule is running
local touched = {}                               -- the states of the rule files whose functions were called

local function left(ok, ...)
  inside = false
  sandbox.strings_for_rules(false)
  local name
  for state in pairs(touched) do name = name or rule_state.changed(state) end
  if ok and name then
    return false, ("'%s' has changed (a rule must not remember)"):format(name)
  end
  return ok, ...
end

-- fn(...) as a rule: true and its results, or false and an error.  A rule that calls another shares
-- the outer budget.  Nothing waits in here: a yield would cross a C call and is an error.
local function bounded(fn, ...)
  if inside then return pcall(fn, ...) end
  inside, touched = true, {}
  sandbox.strings_for_rules(true)
  return left(native.rule_call(fn, BUDGET, ...))
end

-- "path:line" of each function of a rule.  A tail call leaves no trace of itself: then at least that.
local places = setmetatable({}, { __mode = "k" })

-- Where the budget ran out, or nil when `err` is something else.
local function out_of_budget(fn, err)
  local where = type(err) == "string" and err:match "^(.*)rule_budget$"
  if not where then return nil end
  return where ~= "" and where:gsub(": $", "") or places[fn] or "a rule"
end

local function placed(fn, err)
  if type(err) ~= "string" or err:find "^[^%s:]+:%d+: " or not places[fn] then return err end
  return places[fn] .. ": " .. err
end

-- Calls a rule's own function within the budget.  Returns true and its result, or false and a text.
function M.try(fn, ...)
  local ok, result = bounded(fn, ...)
  if ok then return true, result end
  local where = out_of_budget(fn, result)
  if not where then return false, tostring(placed(fn, result)) end
  return false, ("%s: used more than %d instructions"):format(where, BUDGET)
end

-- Rules have one answer, rarely more.
local function answers(n, v, ...)
  if n == 0 then return end
  if n == 1 then return plain(v, 0) end
  return plain(v, 0), answers(n - 1, ...)
end

local function returned(name, fn, ok, ...)
  if ok then return answers(select("#", ...), ...) end
  local err = (...)
  local where = out_of_budget(fn, err)
  if not where then error(placed(fn, err), 0) end
  require("human.log").error("rule used more than its budget", { rule = name, at = where })
  fail.throw("rule_budget", { rule = name })
end

local function call(name, fn, ...)
  if inside then return fn(...) end              -- by another rule
  return returned(name, fn, bounded(fn, ...))
end

-- Modules ---------------------------------------------------------------------------------------------

-- Function of a view -> {name, bundle}: nothing that leads back to the function, which would keep it, and
-- its generation, for ever.
local known = setmetatable({}, { __mode = "k" })

-- What a function that others see stands for: {name = "agent.rules.respond.decide", bundle = hash of the
-- scripts it came with}; nil when it is no rule's.
function M.about(fn) return known[fn] end

local function seen_from_outside(name, v, bundle, depth)
  if type(v) == "function" then
    local f = function(...) return call(name, v, ...) end
    known[f] = { name = name, bundle = bundle }
    return f
  end
  if type(v) ~= "table" or M.is_verdict(v) then return v end
  if depth > NESTED_MAX then error(name .. ": tables nested too deep, or a cycle", 0) end
  local out = {}
  for k, x in pairs(v) do out[k] = seen_from_outside(name .. "." .. tostring(k), x, bundle, depth + 1) end
  return out
end

-- The module as others see it: read-only, its functions budgeted, its tables copies of the rule's own.
function M.view(module_name, mod, bundle)
  return sandbox.read_only(module_name, seen_from_outside(module_name, mod, bundle, 0))
end

-- fn, which also says whose it is.
local function telling(state, fn)
  local f = function(...)
    touched[state] = true
    return fn(...)
  end
  jit.off(f)
  local at = debug.getinfo(fn, "S")
  places[f] = at.source:sub(1, 1) == "@" and at.short_src .. ":" .. at.linedefined or nil
  return f
end

-- A copy of a rule's members whose functions do so.
local function told(state, v, depth)
  if type(v) == "function" then return telling(state, v) end
  if type(v) ~= "table" or M.is_verdict(v) or sandbox.is_protected(v) then return v end
  if depth > NESTED_MAX then error("tables nested too deep, or a cycle", 0) end
  local out = {}
  for k, x in next, v do out[k] = told(state, x, depth + 1) end
  return out
end

-- Ends the loading of a rule's module: the rule itself can no longer change what it returned.
-- Returns the members, which are the host's alone, and the view for everybody else.  A rule may return
-- what another one is to it: then it has the same members under its own name.
function M.seal(module_name, mod, bundle)
  local members, other = {}, sandbox.behind(mod)
  for k, v in pairs(other or mod) do members[k] = v end
  if not other then
    for k in pairs(members) do mod[k] = nil end
    sandbox.read_only(module_name, members, mod)
  end
  local examples = members.examples              -- the host's alone: they need not be compared each time
  members.examples = nil
  local checked = told(rule_state.note(members), members, 0)
  checked.examples = examples
  return checked, M.view(module_name, checked, bundle)
end

-- Verdicts as data ------------------------------------------------------------------------------------

-- What is kept of a rule's answer: a plain value, of verdicts {verdict, code, data, reason}.
function M.output(v)
  if not M.is_verdict(v) then return v end
  return { verdict = v.verdict, code = v.code, data = v.data, reason = v.reason }
end

local function word(v)
  return type(v) == "string" and #v <= 60 and v:find "^[%w_%-]+$" and v or nil
end

-- A few words for an answer (as M.output gives it), of which a rule has few different ones: "allow",
-- "deny already_bid", "speak one-to-one", "ok", "number".
function M.label(v)
  local t = type(v)
  if t == "string" then return word(v) or "text" end
  if t == "boolean" or v == nil then return tostring(v) end
  if t ~= "table" then return t end
  local what = word(v.verdict) or word(v.action)
  if not what then return "table" end
  local why = word(v.code) or word(v.reason)
  return why and what ~= "escalate" and what .. " " .. why or what
end

-- Whether two plain values are alike.
local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for k, v in pairs(a) do
    if not same(v, b[k]) then return false end
  end
  for k in pairs(b) do
    if a[k] == nil then return false end
  end
  return true
end
M.same = same

local function shown(v)
  if M.is_verdict(v) then return tostring(v) end
  if type(v) ~= "table" then return tostring(v) end
  local parts = {}
  for k, x in pairs(v) do parts[#parts + 1] = tostring(k) .. "=" .. shown(x) end
  table.sort(parts)
  return "{" .. table.concat(parts, ", ") .. "}"
end

-- Examples --------------------------------------------------------------------------------------------

-- Nil when example `ex` of the members holds, else why it does not.
local function try_example(members, ex, errors)
  local fn = members[ex[1]]
  if type(fn) ~= "function" then return "no function '" .. tostring(ex[1]) .. "'" end
  local ok, got = M.try(fn, unpack(ex, 2, table.maxn(ex)))
  if not ok then return got end
  if M.is_verdict(got) then
    if got.verdict == "deny" and not errors[got.code] then
      return "denies with '" .. got.code .. "', which is not in api/errors.lua"
    end
    got = tostring(got)
  end
  if not same(got, ex.expect) then
    return "expected " .. shown(ex.expect) .. ", got " .. shown(got)
  end
end

-- Runs members.examples ({"function", arguments.., expect = "allow" | code | "escalate" | value}).
-- Returns {{number, fn, problem = text or nil}, ..}.  They run twice, the second time backwards: a rule
-- that remembers what it was asked before does not give the same answers.
function M.run_examples(members, errors)
  local list, out = members.examples or {}, {}
  for i, ex in ipairs(list) do
    out[i] = { number = i, fn = tostring(ex[1]), problem = try_example(members, ex, errors) }
  end
  for i = #list, 1, -1 do
    local problem = not out[i].problem and try_example(members, list[i], errors)
    if problem then out[i].problem = "asked a second time: " .. problem .. " (a rule must not remember)" end
  end
  return out
end

-- ":line" of example n in the text of a file, where each example begins a line, as they are written
-- everywhere; else of the list; "" when there is neither.
local function line_of(text, n, count)
  local line, list, found, nth = 0, nil, 0, nil
  for source in text:gmatch "([^\n]*)\n?" do
    line = line + 1
    if list and source:find "^%s*{%s*[\"']" then
      found = found + 1
      if found == n then nth = line end
    end
    if source:find "examples%s*=" then list, found, nth = line, 0, nil end
  end
  local at = found == count and nth or list
  return at and ":" .. at or ""
end

-- Raises "path:line: example N (function): ..." on the first that does not hold.  text: of the file, or nil.
function M.check_examples(path, members, errors, text)
  for _, ex in ipairs(M.run_examples(members, errors)) do
    if ex.problem then
      local at = text and line_of(text, ex.number, #members.examples) or ""
      error(("%s%s: example %d (%s): %s"):format(path, at, ex.number, ex.fn, ex.problem), 0)
    end
  end
end

return M
