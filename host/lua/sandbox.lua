-- host/lua/sandbox.lua -- the environment that scripts and rules see instead of _G.
-- A guard rail against mistakes, not a jail: operators are trusted, and the jail is the process.
-- Unknown globals raise on read and write; nothing here reaches files, the FFI or other code's
-- globals.  Runtime modules are handed out as read-only views.

local M = {}

local REP_MAX, RULE_REP_MAX, RULE_SUBJECT_MAX = 16 * 1024 * 1024, 64 * 1024, 4096

-- Runtime modules that scripts may require; the others are the runtime's own business.
local PUBLIC = {}
for name in ([[api bus config crypto db fail fetch id idempotency jobs json llm log metrics notice
               schema sio state system task]]):gmatch "%S+" do
  PUBLIC["human." .. name] = true
end

-- What these modules have for the runtime alone; scripts do not see it.
M.hidden = {}
for name, words in pairs {
  api = "finish", bus = "on_runtime send_others on_bus on_notify on_database", db = "open",
  fail = "required use shapes body", idempotency = "begin release store sql", jobs = "run reloaded stop",
  json = "string_end raw_text", metrics = "text", sio = "check_live on_http shutdown",
} do
  local set = {}
  for word in words:gmatch "%S+" do set[word] = true end
  M.hidden["human." .. name] = set
end

-- The names of the modules that scripts may require.
function M.public()
  local list = {}
  for name in pairs(PUBLIC) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- Libraries compiled into the binary (rocks/), by the first part of the module name.
local ROCKS = { jsonschema = true, socketio = true, jsonrpc = true, mcp = true, cron = true,
                openapi = true, sse = true }

local function copy(t, without)
  local out = {}
  for k, v in pairs(t) do
    if not (without and without[k]) then out[k] = v end
  end
  return out
end

local function bounded_rep(limit)
  local rep = string.rep
  return function(s, n, sep)
    s = tostring(s)
    if (#s + #(sep or "")) * n > limit then
      error("string.rep: result would exceed " .. limit .. " bytes", 2)
    end
    return rep(s, n, sep)
  end
end

-- Pattern matching may backtrack for very long and nothing can interrupt it, so rules match short
-- subjects only.
local function short_subject(name)
  local f = string[name]
  return function(s, ...)
    if #tostring(s) > RULE_SUBJECT_MAX then
      error("string." .. name .. ": rules match at most " .. RULE_SUBJECT_MAX .. " bytes", 2)
    end
    return f(s, ...)
  end
end

local function strings(rep_max)
  local out = copy(string, { dump = true })
  out.rep = bounded_rep(rep_max)
  return out
end

-- ("x"):rep and ("").dump find their functions through the metatable of all strings, which must
-- therefore not lead to string.dump.
local closed = false
function M.close_strings()
  if closed then return end
  closed = true
  local mt = debug.getmetatable("")
  mt.__index = strings(REP_MAX)
  mt.__metatable = false
end

local function read_global(_, name)
  error("undefined global '" .. tostring(name) .. "'", 2)
end

local function write_global(_, name)
  error("assignment to global '" .. tostring(name) .. "' (use a local)", 2)
end

local function strict(env)
  return setmetatable(env, { __index = read_global, __newindex = write_global,
                             __metatable = "environment" })
end

local function read_only(name)
  return function() error("module " .. name .. " is read-only", 2) end
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
    __newindex = read_only(name), __metatable = "module " .. name,
    __call = call and function(_, ...) return call(mod, ...) end,
  })
  views[name] = { mod = mod, view = v }
  return v
end

-- The trusted module `name` for a script, or nil and why not.
function M.trusted(name)
  local rock = ROCKS[name:match "^[^.]+"]
  if not rock and not PUBLIC[name] then
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

local function base(rep_max)
  return {
    assert = assert, ipairs = ipairs, next = next, pairs = pairs, select = select,
    tonumber = tonumber, tostring = tostring, type = type, unpack = unpack,
    table = copy(table), math = copy(math), bit = copy(require "bit"), string = strings(rep_max),
  }
end

-- The environment of scripts; require_script is the generation's own require.
function M.new(require_script)
  M.close_strings()
  local env = base(REP_MAX)
  env.error, env.pcall, env.xpcall = error, pcall, xpcall
  env.getmetatable, env.setmetatable, env.rawget, env.rawset, env.rawequal =
    getmetatable, setmetatable, rawget, rawset, rawequal
  env.os = { time = os.time, date = os.date, clock = os.clock, difftime = os.difftime }
  env.print = function(...)
    local parts = {}
    for i = 1, select("#", ...) do parts[i] = tostring((select(i, ...))) end
    require("human.log").info(table.concat(parts, " "))
  end
  env.require = require_script
  return strict(env)
end

-- The environment of rules: pure builtins and the verdicts, no clock, no chance, no error handling.
function M.rules(require_rule, verdicts)
  M.close_strings()
  local env = base(RULE_REP_MAX)
  env.math.random, env.math.randomseed = nil, nil
  for _, name in ipairs { "find", "match", "gmatch", "gsub" } do
    env.string[name] = short_subject(name)
  end
  for name, fn in pairs(verdicts) do env[name] = fn end
  env.require = require_rule
  return strict(env)
end

return M
