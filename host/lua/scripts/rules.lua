-- host/lua/scripts/rules.lua -- rules: pure functions of facts, with a verdict and a budget.
-- A rule answers allow(), deny(code, facts) or escalate(reason), or a plain value (a fee, a number), of the
-- shape that its file declares (rule_shape.lua).  Every call from outside runs with the JIT off and at most
-- BUDGET steps: instructions, and the work of library functions (library.lua).  Its state must be unchanged
-- afterwards (rule_state.lua).  If a call fails, the overridden rule of that name is called instead, or its
-- file's `fallback` is the answer.  See rule_examples.lua for the examples of a file, human.decisions for
-- the record of decisions, cli/replay.lua for replays.

local fail = require "human.fail"
local metrics = require "human.metrics"
local native = require "human.native"
local rule_shape = require "human.scripts.rule_shape"
local rule_state = require "human.scripts.rule_state"
local sandbox = require "human.scripts.sandbox"

local M = {}
local BUDGET = 200000                            -- interpreted instructions and their equivalents, about 2 ms
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

-- Copies a rule's answer, so that the rule keeps nothing that others can change.
function plain(v, depth)
  local t = type(v)
  if t == "table" then return plain_table(v, depth) end
  if t == "function" or t == "thread" then error("a rule answers with plain data, not with a " .. t, 0) end
  return v
end

-- A new value each time: a shared one could be written to.
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
local touched = {}                               -- the states of rule files whose functions were called

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

-- Runs fn(...) as a rule: true and its results, or false and an error.  A rule that calls another shares
-- the outer budget.  Nothing can wait in here: a yield would cross a C call and is an error.
local function bounded(fn, ...)
  if inside then return pcall(fn, ...) end
  inside, touched = true, {}
  sandbox.strings_for_rules(true)
  return left(native.rule_call(fn, BUDGET, ...))
end

-- "path:line" of each function of a rule, for errors after a tail call, which leaves no trace.
local places = setmetatable({}, { __mode = "k" })

-- Where the budget ran out, or nil if `err` is another error.
local function out_of_budget(fn, err)
  local where = type(err) == "string" and err:match "^(.*)rule_budget$"
  if not where then return nil end
  return where ~= "" and where:gsub(": $", "") or places[fn] or "a rule"
end

local function placed(fn, err)
  if type(err) ~= "string" or err:find "^[^%s:]+:%d+: " or not places[fn] then return err end
  return places[fn] .. ": " .. err
end

local shapes = setmetatable({}, { __mode = "k" }) -- function of a rule -> the shape of its answers

-- Rules have one answer, rarely more.
local function answers(n, v, ...)
  if n == 0 then return end
  if n == 1 then return plain(v, 0) end
  return plain(v, 0), answers(n - 1, ...)
end

-- The answer of fn as others get it; raises if it is not valid.
local function settled(fn, n, v, ...)
  local first, shape = plain(v, 0), shapes[fn]
  local what = shape and rule_shape.problem(shape, first, "its answer", M.is_verdict)
  if what then error(placed(fn, what), 0) end
  if n == 0 then return end
  return first, answers(n - 1, ...)
end

-- Calls a rule's own function within the budget.  Returns true and its result, or false and a text.
function M.try(fn, ...)
  local ok, result = bounded(fn, ...)
  if ok then return pcall(settled, fn, 1, result) end
  local where = out_of_budget(fn, result)
  if not where then return false, tostring(placed(fn, result)) end
  return false, ("%s: used more than %d instructions"):format(where, BUDGET)
end

-- Failing ---------------------------------------------------------------------------------------------

metrics.describe("human_rule_failures_total", "Calls of rules that failed: an error, the budget, a wrong shape.")

-- For decisions.ask: the failure of its call, and the arguments again.
local failure, again

--- Calls fn(...), a rule's function.  Returns its answer and, if that is a substitute, {error, by = its source}.
--- more(): the arguments again, for the substitute.
function M.ask(fn, more, ...)
  failure, again = nil, more
  local answer = fn(...)
  local failed = failure
  failure, again = nil, nil
  return answer, failed
end

local function raise(name, err, where)
  if not where then error(err, 0) end
  fail.throw("rule_budget", { rule = name })
end

-- The answer if rule `name` has failed: from the overridden function, or the declared value.
local function answer_instead(stand_in, args)
  if stand_in.fn then
    local ok, answer = pcall(stand_in.fn, unpack(args, 1, args.n))
    if ok then return true, answer, "shipped" end
  end
  if stand_in.has_value then return true, plain(stand_in.value, 0), "fallback" end
  return false
end

local function failed_call(name, fn, stand_in, err, args)
  local where = out_of_budget(fn, err)
  local text = where and ("%s: used more than %d instructions"):format(where, BUDGET) or placed(fn, err)
  local ok, answer, by = false, nil, nil
  if stand_in then ok, answer, by = answer_instead(stand_in, args) end
  metrics.add("human_rule_failures_total", 1, { rule = name })
  if ok or where then
    require("human.log").error("rule failed", { rule = name, error = tostring(text), at = where, answered = by })
  end
  if not ok then raise(name, text, where) end
  failure = { error = tostring(text), by = by }
  return answer
end

local function given(name, fn, stand_in, args, fits, ...)
  local more = again
  again = nil
  if fits then return ... end
  return failed_call(name, fn, stand_in, (...), more and more() or args)
end

local function returned(name, fn, stand_in, args, ok, ...)
  if not ok then return given(name, fn, stand_in, args, false, ...) end
  return given(name, fn, stand_in, args, pcall(settled, fn, select("#", ...), ...))
end

local function call(name, fn, stand_in, ...)
  if inside then return fn(...) end              -- called by another rule
  return returned(name, fn, stand_in, { n = select("#", ...), ... }, bounded(fn, ...))
end

-- Modules ---------------------------------------------------------------------------------------------

-- Function of a view -> {name, bundle, keep}: without any reference to the function, which would keep it and
-- its generation alive forever.
local known = setmetatable({}, { __mode = "k" })

-- The facts of a rule's function as others see it: {name = "agent.rules.respond.decide", bundle = hash of its
-- scripts, keep = its sampling}; nil if it is no rule's.
function M.about(fn) return known[fn] end

local function seen_from_outside(name, v, bundle, depth, stand_in, keep)
  if type(v) == "function" then
    local f = function(...) return call(name, v, stand_in, ...) end
    known[f] = { name = name, bundle = bundle, keep = keep }
    return f
  end
  if type(v) ~= "table" or M.is_verdict(v) then return v end
  if depth > NESTED_MAX then error(name .. ": tables nested too deep, or a cycle", 0) end
  local out = {}
  for k, x in pairs(v) do out[k] = seen_from_outside(name .. "." .. tostring(k), x, bundle, depth + 1) end
  return out
end

-- The substitute for function `name` if it fails; nil: none.
local function stand_in_of(name, contract)
  local fn, value = contract.behind and contract.behind.view[name], contract.fallback[name]
  if type(fn) ~= "function" then fn = nil end
  return (fn or value ~= nil) and { fn = fn, value = value, has_value = value ~= nil } or nil
end

local NOTHING = { shapes = {}, fallback = {}, keep = {} }

-- The module as others see it: read-only, its functions budgeted, its tables copies of the rule's own.
-- contract: of seal(), or nil.
function M.view(module_name, mod, bundle, contract)
  contract = contract or NOTHING
  local out = {}
  for k, v in pairs(mod) do
    out[k] = seen_from_outside(module_name .. "." .. tostring(k), v, bundle, 1, stand_in_of(k, contract),
      contract.keep[k])
  end
  return sandbox.read_only(module_name, out)
end

-- Wraps fn, so that it records its state when called.
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

-- A copy of a rule's members with wrapped functions.
local function told(state, v, depth)
  if type(v) == "function" then return telling(state, v) end
  if type(v) ~= "table" or M.is_verdict(v) or sandbox.is_protected(v) then return v end
  if depth > NESTED_MAX then error("tables nested too deep, or a cycle", 0) end
  local out = {}
  for k, x in next, v do out[k] = told(state, x, depth + 1) end
  return out
end

-- The shapes that a file declares, and for other functions those of the file that it overrides.
local function shapes_of(returns, behind, members)
  local out = {}
  for name, shape in pairs(behind and behind.shapes or {}) do out[name] = shape end
  if returns ~= nil and type(returns) ~= "table" then error("returns must be a table", 0) end
  for name, shape in pairs(returns or {}) do
    out[name] = rule_shape.compile(shape, name)
    if members[name] == nil and not out[name].optional then error("there is no " .. tostring(name), 0) end
  end
  return out
end

-- Refuses a file whose own fallbacks violate its shapes.
local function check_contract(checked, contract)
  for name, shape in pairs(contract.shapes) do
    local v, what = checked[name], nil
    if type(v) == "function" then shapes[v] = shape
    else what = rule_shape.problem(shape, v, tostring(name), M.is_verdict) end
    if what then error(what, 0) end
  end
  for name, value in pairs(contract.fallback) do
    if type(checked[name]) ~= "function" then error("fallback: there is no function " .. tostring(name), 0) end
    local shape, where = contract.shapes[name], "fallback." .. tostring(name)
    local what = shape and rule_shape.problem(shape, value, where, M.is_verdict)
    if what then error(what, 0) end
  end
end

local function check_share(name, share)
  if type(share) ~= "number" or not (share >= 0 and share <= 1) then
    error(("keep: %s must be a share from 0 to 1"):format(name), 0)
  end
end

-- How many of a function's decisions are recorded: a share of all, or {word = share} by their labels.  For other
-- functions the settings of the overridden file apply.
local function keep_of(keep, behind, members)
  if keep ~= nil and type(keep) ~= "table" then error("keep must be a table", 0) end
  local out = {}
  for name, share in pairs(behind and behind.keep or {}) do out[name] = share end
  for name, share in pairs(keep and plain(keep, 0) or {}) do
    if type(members[name]) ~= "function" then error("keep: there is no function " .. tostring(name), 0) end
    for word, of_word in pairs(type(share) == "table" and share or { [name] = share }) do
      check_share(tostring(word), of_word)
    end
    out[name] = share
  end
  return out
end

-- Removes `name` from the members: only the host has it, so it need not be compared after each call.
local function taken(members, name)
  local v = members[name]
  members[name] = nil
  return v
end

-- Ends the loading of a rule's module: the rule itself can no longer change what it returned.
-- Returns the members, which are the host's alone, the view for everybody else, and the contract:
-- {members, view, shapes, fallback, behind}.  A rule may return another rule's module: then it has the
-- same members under its own name.  behind: the contract of the file that this one overrides, or nil;
-- it supplies what this one lacks.
function M.seal(module_name, mod, bundle, behind)
  local members, other = {}, sandbox.behind(mod)
  for k, v in pairs(other or mod) do members[k] = v end
  if not other then
    for k in pairs(members) do mod[k] = nil end
    sandbox.read_only(module_name, members, mod)
  end
  local examples, returns, fallback = taken(members, "examples"), taken(members, "returns"), taken(members, "fallback")
  local keep = taken(members, "keep")
  local checked = told(rule_state.note(members), members, 0)
  local declared = shapes_of(returns, behind, members)
  for k, v in pairs(behind and behind.members or {}) do
    if checked[k] == nil then checked[k] = v end
  end
  local contract = { members = checked, shapes = declared, behind = behind,
                     fallback = plain(fallback or {}, 0), keep = keep_of(keep, behind, checked) }
  check_contract(checked, contract)
  checked.examples = examples
  contract.view = M.view(module_name, checked, bundle, contract)
  return checked, contract.view, contract
end

-- Verdicts as data ------------------------------------------------------------------------------------

-- A rule's answer as recorded: a plain value, for verdicts {verdict, code, data, reason}.
function M.output(v)
  if not M.is_verdict(v) then return v end
  return { verdict = v.verdict, code = v.code, data = v.data, reason = v.reason }
end

local function word(v)
  return type(v) == "string" and #v <= 60 and v:find "^[%w_%-]+$" and v or nil
end

-- A short label for an answer (from M.output), of which a rule has only a few: "allow",
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

-- Whether two plain values are equal.
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

return M
