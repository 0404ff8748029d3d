-- host/lua/cli/test.lua -- `human test PATH..`: busted inside the host, so that a spec may await.
-- busted runs in one task; its pcalls let yields through.  It expects to be a command line program that
-- inspects its caller's source, reads the global `arg` and ends with os.exit; this file provides
-- that.  Arguments, outputs and exit status are busted's; ours is the output without `-o`, whose last line is
-- "N passed, N failed".  Specs of the source tree find its files; an operator's specs find scripts as a
-- server would, in their sandbox, and also have human.spec.

local gen = require "human.scripts.generation"
local host = require "human.core.host"
local rules = require "human.scripts.rules"
local sandbox = require "human.scripts.sandbox"
local sched = require "human.core.sched"
local words = require "human.cli.test_words"

local M = {}
local TEST_LIMIT_S = 120                         -- how long one `it` may wait
local TURN_S = 1                                 -- how long tests that never wait may share a turn
local function rule_environment()
  return sandbox.rules(require, rules.verdicts)
end

-- A rule as other scripts see it: pure, budgeted, read-only.
local function rule_loader(name, chunk)
  setfenv(chunk, rule_environment())
  jit.off(chunk, true)
  return function(...) return (select(2, rules.seal(name, gen.within_limit(chunk, ...), "checkout"))) end
end

-- Scripts, rocks and spec/support of the current checkout.  `human.*` is compiled in.
local function from_checkout(name)
  if name:find "^human%." then return nil end
  local tail = name:gsub("%.", "/")
  local tried = {}
  for _, place in ipairs { "scripts/" .. tail, "spec/support/" .. tail, "rocks/" .. tail,
                           "rocks/" .. tail .. "/" .. tail } do
    local path = place .. ".lua"
    local chunk, err = loadfile(path)
    if chunk and name:find "%.rules%." then return rule_loader(name, chunk) end
    if chunk then return function(...) return gen.within_limit(chunk, ...) end end
    if not err:find("cannot open", 1, true) then error(err, 0) end
    tried[#tried + 1] = "\n\tno file '" .. path .. "'"
  end
  return table.concat(tried)
end

-- Modules of the operator's scripts, then the shipped ones.
local function from_bundle()
  local load = gen.loader(host.native.generation)
  return function(name)
    local mod, why = load(name)
    if mod == nil then return "\n\t" .. why end
    return function() return mod end
  end
end

local function extend_search()
  words.extend_search()
  if not host.native.draft then gen.use_settings(host.native.generation) end
  table.insert(package.loaders, 3, host.native.draft and from_bundle() or from_checkout)
end

-- busted keeps all tests until the end, and with them everything that their closures hold.  Tests that have run
-- are not run again, so this drops their functions and environments, and flushes machine code, which would
-- hold them, too.
local function forget(element)
  for _, list in pairs(element) do
    for _, child in ipairs(type(list) == "table" and list or {}) do
      if type(child) == "table" and child.descriptor then
        child.run, child.env = nil, nil
        forget(child)
      end
    end
  end
end

-- LuaJIT does not collect when an allocation would go beyond the limit, and a generation of scripts has some 10 MB.
local ENOUGH_KB = 80 * 1024

-- Limits tests that wait, whatever the output; `once`: specs are not run again.
local function watch(busted, task, once)
  busted.subscribe({ "test", "start" }, function()
    -- Time does not advance within a turn, so a limit counted from its start may have passed already.
    if host.clock() - host.now() > TURN_S then sched.sleep(0) end
    sched.deadline(task, TEST_LIMIT_S, "the test waited for more than " .. TEST_LIMIT_S .. " s")
    return nil, true                             -- true: let other subscribers see it, too
  end)
  busted.subscribe({ "test", "end" }, function()
    sched.deadline(task, nil)
    return nil, true
  end)
  busted.subscribe({ "file", "end" }, function(file)
    if once then forget(file) end
    jit.flush()
    if collectgarbage "count" > ENOUGH_KB then collectgarbage() end
    return nil, true
  end)
end

-- busted loads an output after its setup and before it runs anything.
local function prepare_outputs(task, once, seen)
  local name = "busted.modules.output_handler_loader"
  local make_loader = require(name)
  package.loaded[name] = function()
    local load = make_loader()
    return function(busted, ...)
      watch(busted, task, once)
      return load(busted, ...)
    end
  end
  package.preload["busted.outputHandlers." .. words.OUTPUT] = function()
    return function(options)
      seen.counts = require "busted.outputHandlers.plainTerminal"(options)
      return seen.counts
    end
  end
end

-- The runner shows the name of its caller in messages: hence a chunk of that name, and no tail call.
local call_runner = assert(loadstring("require 'busted.runner' { standalone = false, output = '" .. words.OUTPUT ..
  "' } return true", "@" .. words.NAME))

-- The exit status, or nil and what went wrong.
local function run_busted()
  local exited = {}
  local compatibility = require "busted.compatibility"
  local real_exit, real_compatible, real_arg = os.exit, compatibility.exit, rawget(_G, "arg")
  local function exit(code)
    exited.code = (code == 0 or code == true) and 0 or 1 -- as in Lua 5.1, however many have failed
    error(exited, 0)
  end
  os.exit, compatibility.exit = exit, exit        -- luacheck: ignore 122
  local ok, err = xpcall(call_runner, function(e)
    if e == exited then return e end
    return debug.traceback(tostring(e), 2)
  end)
  os.exit, compatibility.exit = real_exit, real_compatible -- luacheck: ignore 122
  rawset(_G, "arg", real_arg)
  if ok then return 0 end
  if err == exited then return exited.code end
  return nil, err
end

-- The last line of our own output.
local function summary(counts, broken)
  local passed, skipped = counts.successesCount, counts.pendingsCount
  local failed = counts.failuresCount + counts.errorsCount + (broken and 1 or 0)
  local line = ("%d passed, %d failed"):format(passed, failed)
  if skipped > 0 then line = line .. (", %d skipped"):format(skipped) end
  return line .. "\n"
end

-- Runs the specs named by args, which are busted's.  Must be called inside a task.  Returns the exit code.
function M.run(args)
  extend_search()
  local options, why = words.parse(args)
  if not options then
    io.stderr:write(why, "\n")
    return 1
  end
  local seen = {}
  prepare_outputs(sched.current(), options["repeat"] == 1, seen)
  rawset(_G, "arg", words.complete(args, not options.ROOT and host.native.draft and "." or nil))
  local status, err = run_busted()
  if err then io.stderr:write("human test: ", err, "\n") end
  if seen.counts and not options.list then io.stdout:write(summary(seen.counts, err)) end
  io.stdout:flush()
  return status or 1
end

return M
