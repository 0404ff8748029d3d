-- host/lua/rules.lua -- rules: pure functions of facts, with a verdict and a budget.
-- A rule answers allow(), deny(code, facts) or escalate(reason), or a plain value (a fee, a number).
-- Every call from outside runs with the JIT off and at most BUDGET instructions; the examples of a
-- rule file run at each load, and one that fails refuses the load.

local fail = require "human.fail"

local M = {}
local BUDGET = 200000                            -- interpreted instructions, about 2 ms
local Verdict = {}
Verdict.__index = Verdict

function Verdict:__tostring() return self.code or self.verdict end

local ALLOW = setmetatable({ verdict = "allow" }, Verdict)

M.verdicts = {
  allow = function() return ALLOW end,
  deny = function(code, data)
    if type(code) ~= "string" then error("deny: the code must be a string", 2) end
    return setmetatable({ verdict = "deny", code = code, data = data }, Verdict)
  end,
  escalate = function(reason)
    return setmetatable({ verdict = "escalate", reason = reason }, Verdict)
  end,
}

function M.is_verdict(v) return getmetatable(v) == Verdict end

-- The count hook.  In the host C sets it (bridge.c); a plain interpreter has debug.sethook.
local has_native, native = pcall(require, "human.native")

local function finish(...)
  debug.sethook()
  return ...
end

local function hooked_call(fn, budget, ...)
  debug.sethook(function()
    debug.sethook()
    error("rule_budget", 2)
  end, "", budget)
  return finish(pcall(fn, ...))
end

local limited = has_native and native.rule_call or hooked_call
local depth = 0

local function returned(name, ok, ...)
  depth = depth - 1
  if ok then return ... end
  local err = (...)
  if type(err) == "string" and err:find("rule_budget", 1, true) then
    fail.throw("rule_budget", { rule = name })
  end
  error(err, 0)
end

-- Call a rule's function within the budget.  A rule that calls another shares the outer budget.
local function call(name, fn, ...)
  if depth > 0 then return fn(...) end
  depth = 1
  return returned(name, limited(fn, BUDGET, ...))
end

-- The module as others see it: its functions budgeted, everything else as it is.
function M.wrap(module_name, mod)
  local out = {}
  for k, v in pairs(mod) do
    if type(v) == "function" then
      local name = module_name .. "." .. tostring(k)
      out[k] = function(...) return call(name, v, ...) end
    else
      out[k] = v
    end
  end
  return out
end

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

local function shown(v)
  if M.is_verdict(v) then return tostring(v) end
  if type(v) ~= "table" then return tostring(v) end
  local parts = {}
  for k, x in pairs(v) do parts[#parts + 1] = tostring(k) .. "=" .. shown(x) end
  table.sort(parts)
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function run_example(mod, ex, errors)
  local fn = mod[ex[1]]
  if type(fn) ~= "function" then return "no function '" .. tostring(ex[1]) .. "'" end
  local got = fn(unpack(ex, 2, table.maxn(ex)))
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

-- Runs mod.examples ({"function", arguments.., expect = "allow" | code | "escalate" | value}).
-- Raises "path: example N (function): ..." on the first that does not hold.
function M.check_examples(path, mod, errors)
  for i, ex in ipairs(mod.examples or {}) do
    local ok, problem = pcall(run_example, mod, ex, errors)
    if not ok or problem then
      error(path .. ": example " .. i .. " (" .. tostring(ex[1]) .. "): " .. tostring(problem), 0)
    end
  end
end

return M
