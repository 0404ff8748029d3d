-- host/lua/test.lua -- `human test PATH..`: busted inside the host, so that a spec may await.
-- busted runs in one task; its pcalls let yields through.  It wants to be a command line program: it
-- looks at its caller's source, reads the global `arg` and ends with os.exit, all of which is arranged
-- here.  The last line it prints is "N passed, N failed".  Specs of the source tree find its files; those
-- of an operator find scripts as a server would, in their sandbox, and have human.spec besides.

local gen = require "human.gen"
local host = require "human.host"
local rules = require "human.rules"
local sandbox = require "human.sandbox"
local sched = require "human.sched"

local M = {}
local TEST_LIMIT_S = 120                         -- one `it` may wait that long
local TURN_S = 1                                 -- and so long tests that never wait may share a turn
local HANDLER = "human"
local DISTRIBUTION = {
  "/usr/share/lua/5.1/?.lua", "/usr/share/lua/5.1/?/init.lua", "/usr/local/share/lua/5.1/?.lua",
  "/usr/local/share/lua/5.1/?/init.lua",
}
local LIBRARIES = {
  "/usr/lib/x86_64-linux-gnu/lua/5.1/?.so", "/usr/lib/aarch64-linux-gnu/lua/5.1/?.so",
  "/usr/local/lib/lua/5.1/?.so",
}

local function rule_environment()
  return sandbox.rules(require, rules.verdicts)
end

-- A rule as other scripts see it: pure, budgeted, read-only.
local function rule_loader(name, chunk)
  setfenv(chunk, rule_environment())
  jit.off(chunk, true)
  return function(...) return (select(2, rules.seal(name, gen.within_limit(chunk, ...), "checkout"))) end
end

-- Scripts, rocks and spec/support of the checkout that we stand in.  `human.*` is what is compiled in.
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

-- Modules of the operator's scripts and the shipped ones behind them.
local function from_bundle()
  local load = gen.loader(host.native.generation)
  return function(name)
    local mod, why = load(name)
    if mod == nil then return "\n\t" .. why end
    return function() return mod end
  end
end

local function extend_search()
  package.path = table.concat(DISTRIBUTION, ";") .. ";" .. package.path
  package.cpath = table.concat(LIBRARIES, ";") .. ";" .. package.cpath
  table.insert(package.loaders, 3, host.native.draft and from_bundle() or from_checkout)
end

-- busted keeps all tests to the end, and with them what their closures hold: the worlds that specs build.
-- What has run is not run again, so its functions and environments may go; machine code made of them
-- would hold them as well.
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

-- busted's plain output; we keep its counts, and limit how long a test may wait.
local function output_handler(task, seen)
  return function(options)
    local busted = require "busted"
    local handler = require "busted.outputHandlers.plainTerminal"(options)
    seen.counts = handler
    busted.subscribe({ "test", "start" }, function()
      -- Time stands still within a turn: a limit counted from its beginning may have passed already.
      if host.clock() - host.now() > TURN_S then sched.sleep(0) end
      sched.deadline(task, TEST_LIMIT_S, "the test waited for more than " .. TEST_LIMIT_S .. " s")
      return nil, true                           -- true: others want to hear of it too
    end)
    busted.subscribe({ "test", "end" }, function()
      sched.deadline(task, nil)
      return nil, true
    end)
    busted.subscribe({ "file", "end" }, function(file)
      forget(file)
      jit.flush()
      return nil, true
    end)
    return handler
  end
end

local function arguments(args)
  local out, has_path = { "--output=" .. HANDLER, "--pattern=_spec%.lua$" }, false
  for _, a in ipairs(args) do
    out[#out + 1] = a
    has_path = has_path or a:sub(1, 1) ~= "-"
  end
  if not has_path then out[#out + 1] = host.native.draft and "." or "spec" end
  out[0] = "human test"
  return out
end

-- The runner asks who called it, hence no tail call.
local function call_runner()
  local runner = require "busted.runner"
  runner { standalone = false }
  return true
end

local function run_busted()
  local exited = {}
  local real_exit, real_arg = os.exit, rawget(_G, "arg")
  os.exit = function(code)                        -- luacheck: ignore 122
    exited.code = code
    error(exited, 0)
  end
  local ok, err = xpcall(call_runner, function(e)
    if e == exited or e == nil then return e end
    return debug.traceback(tostring(e), 2)
  end)
  os.exit = real_exit                             -- luacheck: ignore 122
  rawset(_G, "arg", real_arg)
  if ok or err == exited or err == nil then return nil end
  return err
end

-- The summary line and the exit code: 0 when something ran and nothing failed.
local function verdict(counts, err)
  if err then io.stderr:write("human test: ", err, "\n") end
  local passed = counts and counts.successesCount or 0
  local failed = counts and counts.failuresCount + counts.errorsCount or 0
  local skipped = counts and counts.pendingsCount or 0
  if err then failed = failed + 1 end
  local line = ("%d passed, %d failed"):format(passed, failed)
  if skipped > 0 then line = line .. (", %d skipped"):format(skipped) end
  io.stdout:write(line, "\n")
  io.stdout:flush()
  if failed > 0 or passed + skipped == 0 then return 1 end
  return 0
end

-- Run the specs named by args (files, or folders whose *_spec.lua are meant; other arguments go to
-- busted).  Must be called inside a task.  Returns the exit code.
function M.run(args)
  extend_search()
  local seen = {}
  local make = output_handler(sched.current(), seen)
  package.preload["busted.outputHandlers." .. HANDLER] = function() return make end
  rawset(_G, "arg", arguments(args))
  local err = run_busted()
  return verdict(seen.counts, err)
end

return M
