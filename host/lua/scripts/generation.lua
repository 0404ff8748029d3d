-- host/lua/scripts/generation.lua -- a generation: every script of one bundle, loaded once, beside those in service.
-- build() raises "path:line: why" on the first problem, and until install() nothing that serves can
-- see the result.  Declarations (routes, jobs, subscriptions, sockets) are collected in the generation
-- being built; a generation is never changed once it is installed.

local catalogue = require "human.scripts.catalogue"
local cors = require "human.http.cors"
local fail = require "human.fail"
local host = require "human.core.host"
local log = require "human.log"
local origin = require "human.scripts.provenance"
local override = require "human.scripts.override"
local paths = require "human.scripts.paths"
local purity = require "human.scripts.purity"
local rule_examples = require "human.scripts.rule_examples"
local rule_names = require "human.scripts.rule_names"
local rules = require "human.scripts.rules"
local sandbox = require "human.scripts.sandbox"
local sched = require "human.core.sched"
local settings = require "human.scripts.settings"
local shapes = require "human.http.shapes"
local target = require "human.scripts.target"
local uploads = require "human.http.upload"

local M = {}
local SHIPPED, is_rule, path_of, name_of = paths.SHIPPED, paths.is_rule, paths.path_of, paths.name_of
local NO_MEMORY = "not enough memory"            -- Lua's message, which has no position
local SLICE_S = 0.001                            -- loading inside a task yields this often
local LOADING = {}                               -- marks a module in loaded[] that is being run
local building, current
local busy = false

-- The generation being built, or nil; only while a script runs for the first time.
function M.building() return building end

-- The generation in service, or nil.
function M.current() return current end

-- The name of a module in messages and tracebacks.
local function file_of(g, name) return g.origin:name(path_of(name)) end

-- Inside a task, lets requests through once a millisecond.  `building` is nil meanwhile.
local function breathe(g)
  if not sched.current() or host.clock() - g.slice < SLICE_S then return end
  building = nil
  local of_rules = sandbox.strings_for_rules(false)
  sched.sleep(0)
  sandbox.strings_for_rules(of_rules)
  building, g.slice = g, host.clock()
end

-- "path:line: " of the calling script; without the line after a tail call.
local function place(g)
  local name = g.stack[#g.stack]
  local path = name and file_of(g, name) or ""
  for level = 3, 16 do
    local info = debug.getinfo(level, "Sl")
    if not info then break end
    if info.source:sub(1, 1) == "@" and (info.short_src == path or not name) then
      return info.short_src .. ":" .. info.currentline .. ": "
    end
  end
  return name and path .. ": " or ""
end

local function refuse(g, message) error(place(g) .. message, 0) end

local function loop_message(g, name)
  local from = 1
  for i, loading in ipairs(g.stack) do
    if loading == name then from = i end
  end
  return "require loop: " .. table.concat(g.stack, " -> ", from) .. " -> " .. name
end

-- The bytecode with which the binary was built, of a script that goes by its path in the tree and was not edited since;
-- or nil.
local function code_of(g, name, file)
  local path, level = path_of(name)
  return path == file and not g.overlay[path] and host.bundle_code(g.n, path, level) or nil
end

-- Code of the binary was checked for purity when it was built.
local function compile(g, name, file, text)
  local env = is_rule(name) and g.rule_env or g.env
  local code = code_of(g, name, file)
  local chunk, err = load(code or text, "@" .. file, code and "b" or "t", env)
  if not chunk then error(err, 0) end
  if not code then purity.globals(file, chunk) end
  if not is_rule(name) then return chunk end
  jit.off(chunk, true)                           -- budgets are exact only when interpreted
  if not code then purity.check(file, chunk) end
  return chunk
end

-- The number of files with this path.  Counts an overlay that overrides nothing yet, so that it may require
-- the file that it is going to override.
local function depth_of(g, path)
  local depth = g.origin:depth(path)
  return g.overlay[path] and depth == 1 and 2 or depth
end

-- The contract of the rule file that this one overrides, for functions that fail or are missing here.  nil if there
-- is none; also, with a warning, if it does not load, since it need not work with changed rules.
local function contract_behind(g, name)
  local path, level = path_of(name)
  if depth_of(g, path) <= level + 1 then return nil end
  local below, depth = SHIPPED .. name, #g.stack
  local ok, err = pcall(g.env.require, "shipped:" .. name_of(path))
  if ok then return g.contracts[below] end
  for i = depth + 1, #g.stack do g.loaded[g.stack[i]], g.stack[i] = nil, nil end
  if g.loaded[below] == LOADING then g.loaded[below] = nil end
  g.warnings[#g.warnings + 1] = ("%s: what it overrides does not load beside it, and cannot answer when it fails: %s")
    :format(file_of(g, name), tostring(err))
  return nil
end

-- Examples of an overridden rule need not hold, so they are not run.
local function finish_module(g, name, file, result)
  if type(result) ~= "table" then
    error(file .. ": must return a table, returned " .. (result == nil and "nothing" or type(result)), 0)
  end
  if not is_rule(name) then return result end
  local path, level = path_of(name)
  local ok, members, view, contract = pcall(rules.seal, name, result, g.id, contract_behind(g, name))
  if not ok then error(file .. ": " .. tostring(members), 0) end
  g.contracts[name] = contract
  if level == 0 then
    g.rule_sources[#g.rule_sources + 1] = { name = name, path = path, file = file, mod = members }
  end
  return view
end

local limited = false

local function unlimited(compiling, ok, ...)
  host.native.load_end()
  if compiling then jit.on() end
  limited = false
  if not ok then error((...), 0) end
  return ...
end

--- Runs fn(...), which loads scripts, within reload.timeout_ms, for callers without another limit: commands, and
--- workers that do not serve yet.  The JIT is off, so that an endless loop can be interrupted.
function M.within_limit(fn, ...)
  if limited or not host.native.load_begin or current and not host.native.command then return fn(...) end
  local compiling = jit.status()
  limited = true
  jit.off()
  host.native.load_begin(host.conf().reload.timeout_ms / 1000)
  return unlimited(compiling, pcall(fn, ...))
end

-- Rules have their own string methods from the first line on: values computed at load must not differ
-- between loads, either.
local function run_chunk(name, chunk)
  local was = sandbox.strings_for_rules(is_rule(name))
  local ok, result = pcall(chunk, name)
  sandbox.strings_for_rules(was)
  if not ok then error(result, 0) end
  return result
end

-- Records the file being loaded, for a process that is ended meanwhile, and for errors without a position.
local function begin_file(g, name)
  g.at = g.origin:full_name(path_of(name))
  if g.on_load then g.on_load(g.at) end
end

local function run_module(g, name, text)
  local file = file_of(g, name)
  breathe(g)
  begin_file(g, name)
  g.loaded[name] = LOADING
  g.stack[#g.stack + 1] = name
  local mod = finish_module(g, name, file, run_chunk(name, compile(g, name, file, text)))
  g.stack[#g.stack] = nil
  g.loaded[name] = mod
  local outer = g.stack[#g.stack]
  if outer then begin_file(g, outer) end
  return mod
end

-- The name under which shipped:x is loaded: the file that x overrides, or that the calling script overrides.
local function behind(g, name)
  local asking = g.stack[#g.stack]
  local path, level = path_of(name)
  if level ~= 1 then refuse(g, "require '" .. name .. "': write shipped: once") end
  if asking and path_of(asking) == path then name = SHIPPED .. asking end
  path, level = path_of(name)
  if depth_of(g, path) == 0 then refuse(g, "require '" .. name .. "': there is no " .. path) end
  if depth_of(g, path) <= level then
    refuse(g, "require '" .. name .. "': " .. file_of(g, name:sub(#SHIPPED + 1)) .. " overrides nothing")
  end
  return name
end

local function text_of(g, name)
  local path, level = path_of(name)
  if level == 0 then return g.overlay[path] or host.bundle_file(g.n, path) end
  return host.bundle_below(g.n, path, level - (depth_of(g, path) - g.origin:depth(path)))
end

-- Records who requires whom: a rule that requires another changes with it.
local function note_use(g, name)
  local user = g.stack[#g.stack]
  if not user then return end
  g.uses[user] = g.uses[user] or {}
  g.uses[user][name] = true
end

-- The module `name` of generation g: a script of its bundle, else a runtime module or rock.
local function require_script(g, name)
  if type(name) ~= "string" then refuse(g, "require: the name must be a string") end
  if name:sub(1, #SHIPPED) == SHIPPED then name = behind(g, name) end
  note_use(g, name)
  local mod = g.loaded[name]
  if mod == LOADING then refuse(g, loop_message(g, name)) end
  if mod ~= nil then return mod end
  local text = text_of(g, name)
  if text then
    if building ~= g then refuse(g, "require '" .. name .. "': only while scripts are loading") end
    return run_module(g, name, text)
  end
  local trusted, why = sandbox.trusted(name)
  if trusted == nil then
    refuse(g, why or ("module '" .. name .. "' not found: no " .. path_of(name) .. " among the scripts"))
  end
  return trusted
end

-- Rules see other rules only.
local function require_rule(g, name)
  if type(name) ~= "string" or not is_rule(name) then
    refuse(g, "rules may require rules only, not '" .. tostring(name) .. "'")
  end
  return require_script(g, name)
end

-- overlay: {path = text} that replaces files of the bundle, or nil.
local function new_generation(n, overlay)
  local g = {
    n = n, id = host.bundle_id(n), origin = origin.read(n), overlay = overlay or {}, slice = host.clock(),
    loaded = {}, stack = {}, uses = {}, rule_sources = {}, contracts = {}, warnings = {},
    routes = {}, sio_paths = {}, auth = {}, shapes = {}, agent_paths = {}, errors = {},
    surfaces = {}, samples = {},
    websockets = {}, rpc = {}, body_limits = {}, upload_paths = {}, secured = {}, sio = {}, bus = {}, feeds = {},
    jobs = {}, starts = {}, probes = {}, assets = {}, queue = {}, outbox = {},
  }
  -- nosniff: browsers must not guess another type than Content-Type (Fetch standard).
  g.common_head = "x-gen: " .. g.id .. "\r\nx-content-type-options: nosniff\r\n"
  g.cors = cors.of_route(nil, false, false)      -- for answers without a route
  g.env = sandbox.new(function(name) return require_script(g, name) end)
  g.rule_env = sandbox.rules(function(name) return require_rule(g, name) end, rules.verdicts)
  settings.begin(g)
  return g
end

-- A catalogue with those that it overrides: an override that is older than a code gets it from there.
local function read_catalogue(g, path)
  local errors = {}
  for level = math.max(depth_of(g, path), 1) - 1, 0, -1 do
    local name = SHIPPED:rep(level) .. name_of(path)
    for code, entry in pairs(g.loaded[name] or run_module(g, name, text_of(g, name))) do errors[code] = entry end
  end
  return errors
end

local function load_catalogues(g)
  local shared = "api/errors.lua"
  if not host.bundle_file(g.n, shared) then
    error(("%s: the catalogue of errors is missing; the setting scripts (%s) must end with the shipped scripts"):format(
      shared, tostring(host.conf().scripts)), 0)
  end
  catalogue.load(g, host.bundle_list(g.n), function(path) return read_catalogue(g, path) end,
    function(path) return file_of(g, name_of(path)) end)
end

local function check_jobs(g)
  for name, job in pairs(g.jobs) do target.check(g, "job " .. name, job.path) end
  for _, path in ipairs(g.starts) do target.check(g, "jobs.start", path) end
  for _, path in ipairs(g.probes) do target.check(g, "system.probe", path) end
  for kind, def in pairs(g.queue) do
    target.check(g, "queue " .. kind, def.path)
    if def.wants then target.check(g, "queue " .. kind, def.wants) end
  end
end

-- The texts of files by their names in messages, for scripts/rule_names.check.
local function texts(g)
  local names = {}
  for _, path in ipairs(host.bundle_list(g.n)) do names[g.origin:name(path)] = path end
  return function(file) return names[file] and text_of(g, name_of(names[file])) end
end

local function build(g)
  require("human.pg.migration_files").read(g.n)
  for _, warning in ipairs(override.check(g.origin)) do g.warnings[#g.warnings + 1] = warning end
  load_catalogues(g)
  for _, path in ipairs(paths.roots(g.n)) do g.env.require(name_of(path)) end
  for path in pairs(g.overlay) do g.env.require(name_of(path)) end -- a draft that nothing requires yet is one, too
  settings.finish(g)
  for _, warning in ipairs(g.settings.strange) do g.warnings[#g.warnings + 1] = warning end
  check_jobs(g)
  require("human.feed").finish(g)
  if g.examples then
    for _, r in ipairs(g.rule_sources) do
      begin_file(g, r.name)
      rule_examples.check(r.file, r.mod, catalogue.of_rule(g, r.name), text_of(g, r.name))
    end
  end
  require("human.api").finish(g)
  rule_names.check(g, texts(g))
  g.rule = rule_names.lookup(g)
  g.deadline_fail = fail.new("deadline_exceeded", nil, g.errors)
end

-- Builds generation n from the host's bundle n.  Raises a text on the first problem.  options:
-- examples = false skips the rules' examples, which another process has run; on_load(path) is called
-- for each file before it runs, and again when it continues after a require; overlay = {path = text}
-- replaces files of the bundle.
function M.build(n, options)
  if busy then error("a generation is being built already", 2) end
  local g = new_generation(n, options and options.overlay)
  g.examples = not options or options.examples ~= false
  g.breathe = function() breathe(g) end
  g.on_load = options and options.on_load
  building, busy = g, true
  local ok, err = xpcall(M.within_limit, function(e)
    return (type(e) == "string" or fail.is(e)) and e or debug.traceback(tostring(e), 2)
  end, build, g)
  building, busy = nil, false
  if err == NO_MEMORY and g.at then
    err = g.at .. ": takes more memory than scripts may have (limits.lua_memory_bytes)"
  end
  if not ok and err == g.settings.refused then M.refused_settings = err end
  if not ok then error(g.origin:explain(tostring(err)), 0) end
  return g
end

-- Whether an error of build() is about settings, not about scripts.
function M.refuses_settings(err) return err ~= nil and err == M.refused_settings end

local function load_settings(g)
  for _, path in ipairs(paths.roots(g.n)) do
    if paths.is_config(path) then pcall(M.within_limit, require_script, g, name_of(path)) end
  end
  settings.fallback = g
end

-- For specs that load scripts themselves: installs the settings that the scripts of bundle n define.
function M.use_settings(n)
  local g = new_generation(n)
  g.slice = math.huge
  building = g
  load_settings(g)
  building = nil
end

-- For specs: a function that loads single modules of bundle n, each once, as a generation would.  It
-- returns the module, or nil and why it does not exist.
function M.loader(n)
  local g = new_generation(n)
  g.slice = math.huge                            -- busted's require cannot yield
  building = g
  pcall(load_catalogues, g)                       -- errors in catalogues are not the spec's problem
  load_settings(g)
  building = nil
  fail.use(g.errors)
  return function(name)
    if not text_of(g, name) and name:sub(1, #SHIPPED) ~= SHIPPED then
      return nil, "no " .. path_of(name) .. " among the scripts"
    end
    local outer = building
    building = g
    local ok, mod = pcall(M.within_limit, require_script, g, name)
    building = outer
    if not ok then error(g.origin:explain(tostring(mod)), 0) end
    return mod
  end
end

-- Generation g serves from now on; running tasks finish on their own generation.
function M.install(g)
  for prefix, bytes in pairs(g.body_limits) do
    local r = host.body_limit(prefix, bytes)
    if r < 0 then log.error("body limit not raised", { prefix = prefix, error = host.error_name(r) }) end
  end
  uploads.install(g)
  shapes.install(g)
  fail.use(g.errors)
  current, sched.generation = g, g
end

return M
