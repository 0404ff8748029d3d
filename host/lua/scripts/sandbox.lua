-- host/lua/scripts/sandbox.lua -- the environment that scripts and rules see instead of _G.
-- A guard rail against mistakes, not a jail: operators are trusted, and the jail is the process.
-- Unknown globals raise on read and write; nothing here reaches files, the FFI or other code's
-- globals.  Everything that scripts share (the environment, its libraries, runtime modules) is
-- read-only: a forgotten `local` in one script must not change what another one calls.

local host = require "human.core.host"
local library = require "human.scripts.library"

local M = {}

-- Scripts may require the modules at the top of host/lua.  Those in folders are private to the runtime, and
-- human.spec is for specs.
local function is_public(name) return name:find "^human%.[%w_]+$" ~= nil and name ~= "human.spec" end

-- Functions of these modules that are for the runtime only; scripts do not see them.
M.hidden = {}
for name, words in pairs {
  api = "finish", bus = "on_runtime on_hosts on_channel send_others tell_others on_bus on_notify on_database retire",
  db = "open on_end current_tx whole", decisions = "arguments sql INPUT_MAX",
  fail = "required use", feed = "finish begin check_live",
  idempotency = "begin carry_out release store lose sql", jobs = "run reloaded sql stop look_again",
  queue = "run reloaded stop look_again", time = "shift",
  json = "string_end raw_text", metrics = "text", sio = "check_live on_http shutdown",
} do
  local set = {}
  for word in words:gmatch "%S+" do set[word] = true end
  M.hidden["human." .. name] = set
end

-- Libraries compiled into the binary (rocks/), by the first part of the module name.
local ROCKS = { jsonschema = true, socketio = true, jsonrpc = true, mcp = true, cron = true,
                openapi = true, asyncapi = true, sse = true, msgpack = true, unicode = true,
                standardwebhooks = true, archive = true, yaml = true }

local function copy(t, without)
  local out = {}
  for k, v in pairs(t) do
    if not (without and without[k]) then out[k] = v end
  end
  return out
end

local stores = setmetatable({}, { __mode = "kv" }) -- read-only table -> the table behind it
local shells = setmetatable({}, { __mode = "k" })  -- every read-only table

local walked = setmetatable({}, { __mode = "k" })  -- stand-in -> function to call when a rule iterates over it

-- The table behind a read-only one; nil for other values.
function M.behind(t) return stores[t] end

-- Rules that iterate over `shell` see `store`; on_walk() is called then.
function M.stand_in(shell, store, on_walk) stores[shell], walked[shell] = store, on_walk end

local function is_protected(t) return shells[t] ~= nil end
M.is_protected = is_protected

local of_scripts, script_tables = nil, nil
local of_rules, rule_tables, rule_base

local function libraries()
  if of_scripts then return end
  script_tables, of_scripts = library.of_scripts(host, is_protected)
  rule_tables, of_rules, rule_base = library.of_rules(host, is_protected)
end

-- ("x"):rep and ("").dump find their functions through the metatable of all strings.  So that must
-- not lead to string.dump, and while a rule runs it must lead to functions that charge the budget.
local string_mt
function M.close_strings()
  if string_mt then return end
  libraries()
  string_mt = debug.getmetatable("")
  string_mt.__index, string_mt.__metatable = of_scripts, false
end

-- Sets the methods of strings.  Returns the previous ones.
function M.strings_for_rules(yes)
  if not string_mt then return false end
  local was = string_mt.__index == of_rules
  string_mt.__index = yes and of_rules or of_scripts
  return was
end

local function read_global(_, name)
  error("undefined global '" .. tostring(name) .. "'", 2)
end

local function write_global(_, name)
  error("assignment to global '" .. tostring(name) .. "' (use a local)", 2)
end

local function refuse_write(name)
  return function() error("module " .. name .. " is read-only", 2) end
end

-- A read-only table (`shell`, or a new one) with the contents of `store`.
function M.read_only(name, store, shell)
  shell = setmetatable(shell or {}, {
    __index = store, __newindex = refuse_write(name), __metatable = "module " .. name,
  })
  stores[shell], shells[shell] = store, true
  return shell
end

-- A read-only environment with the names in `store`; any other name raises.
local function strict(store)
  local env = setmetatable({}, { __index = setmetatable(store, { __index = read_global }),
                                 __newindex = write_global, __metatable = "environment" })
  stores[env], shells[env] = store, true
  return env
end

local views = {}

-- A runtime module as scripts see it.
local function view(name, mod)
  if type(mod) ~= "table" then return mod end
  local known = views[name]
  if known and known.mod == mod then return known.view end
  local mt = getmetatable(mod)
  local call = mt and mt.__call
  local hidden = M.hidden[name]
  local v = setmetatable({}, {
    __index = hidden and function(_, key) if not hidden[key] then return mod[key] end end or mod,
    __newindex = refuse_write(name), __metatable = "module " .. name,
    __call = call and function(_, ...) return call(mod, ...) end,
  })
  shells[v] = true
  views[name] = { mod = mod, view = v }
  return v
end

-- The trusted module `name` for a script, or nil and the reason.
function M.trusted(name)
  local rock = ROCKS[name:match "^[^.]+"]
  if not rock and not is_public(name) then
    if name:find("^human%.") then return nil, "module '" .. name .. "' is not for scripts" end
    return nil
  end
  local ok, mod = pcall(require, name)
  if not ok then
    if type(mod) == "string" and mod:find("module '" .. name .. "' not found", 1, true) then return nil end
    error(mod, 0)
  end
  return view(name, mod)
end

-- Pure builtins that scripts and rules share.
local function base(strings, tables, maths)
  return {
    assert = assert, ipairs = ipairs, next = next, pairs = pairs, select = select,
    tonumber = tonumber, tostring = tostring, type = type, unpack = unpack,
    bit = M.read_only("bit", copy(require "bit")), math = M.read_only("math", maths),
    string = M.read_only("string", copy(strings)), table = M.read_only("table", copy(tables)),
  }
end

-- Metatables made by scripts.  Those of the runtime's objects are off limits: all objects of a kind share
-- one.
local theirs = setmetatable({}, { __mode = "k" })

local function script_getmetatable(v)
  local mt = getmetatable(v)
  if type(mt) == "table" and not theirs[mt] then return false end
  return mt
end

local function script_setmetatable(t, mt)
  local now = type(t) == "table" and debug.getmetatable(t)
  if now and not theirs[now] then
    if rawget(now, "__metatable") ~= nil then error("cannot change a protected metatable", 2) end
    error("setmetatable: this object is the runtime's", 2)
  end
  setmetatable(t, mt)
  if mt then theirs[mt] = true end
  return t
end

-- Plain rawset would write to read-only tables and the environment.
local function guarded_rawset(t, k, v)
  local mt = type(t) == "table" and debug.getmetatable(t)
  if mt and (shells[t] or rawget(mt, "__metatable") ~= nil) then error("rawset: the table is read-only", 2) end
  return rawset(t, k, v)
end

-- The environment of scripts; require_script is the generation's own require.
function M.new(require_script)
  M.close_strings()
  local env = base(of_scripts, script_tables, copy(math))
  env.error, env.pcall, env.xpcall = error, pcall, xpcall
  env.getmetatable, env.setmetatable, env.rawget, env.rawset, env.rawequal =
    script_getmetatable, script_setmetatable, rawget, guarded_rawset, rawequal
  env.os = M.read_only("os", { time = os.time, date = os.date, clock = os.clock, difftime = os.difftime })
  env.print = function(...)
    local parts = {}
    for i = 1, select("#", ...) do parts[i] = tostring((select(i, ...))) end
    require("human.log").info(table.concat(parts, " "))
  end
  env.require = require_script
  return strict(env)
end

-- Rules: the order of a table's names depends on how it was filled, which a replay cannot repeat.  So rules
-- see them sorted: numbers, then texts, then false and true.
local RANK = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local x, y = RANK[type(a)], RANK[type(b)]
  if x ~= y then return x < y end
  if x == 3 then return not a and b end
  return a < b
end

local function sorted_keys(t)
  local keys = {}
  for k in next, t do
    if not RANK[type(k)] then error("a rule cannot go through a table whose keys are " .. type(k) .. "s", 3) end
    keys[#keys + 1] = k
  end
  table.sort(keys, before)
  return keys
end

local function rule_pairs(t)
  if walked[t] then walked[t]() end
  t = stores[t] or t
  local keys, i = sorted_keys(t), 0
  return function()
    local v
    repeat
      i = i + 1
      v = t[keys[i]]
    until v ~= nil or keys[i] == nil
    return keys[i], v
  end
end

-- For `next(t) == nil` only; pairs iterates.
local function rule_next(t, k)
  if k ~= nil then error("next: rules iterate over tables with pairs", 2) end
  local first = sorted_keys(stores[t] or t)[1]
  return first, t[first]
end

for _, fn in ipairs { before, sorted_keys, rule_pairs, rule_next } do
  jit.off(fn, true)                              -- so that their cost counts like the rule's own instructions
end

-- The environment of rules: pure builtins and the verdicts, no clock, no randomness, no error handling.
function M.rules(require_rule, verdicts)
  M.close_strings()
  local env = base(of_rules, rule_tables, copy(math, { random = true, randomseed = true }))
  for name, fn in pairs(rule_base) do env[name] = fn end
  env.pairs, env.next = rule_pairs, rule_next
  for name, fn in pairs(verdicts) do env[name] = fn end
  env.require = require_rule
  return strict(env)
end

return M
