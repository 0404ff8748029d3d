-- host/lua/core/named.lua -- the named runs of this worker, and how others end them.
-- The names belong to the worker, not to a generation of scripts: a run that began before a reload is found after it.
-- Holds no function of a script: only the stack of its task does.

local bus = require "human.bus"
local sched = require "human.core.sched"

local M = {}
local TOPIC = "bus.kill"
-- Entries are weak; the task's own stack holds its entry, so an abandoned task leaves nothing behind.
local runs = setmetatable({}, { __mode = "v" })  -- key -> {task}

local function running(key)
  local run = runs[key]
  return run and not (run.task and run.task.ended) and run or nil
end

local function traced(err) return type(err) == "string" and debug.traceback(err, 2) or err end

local function body(key, run, fn, ...)
  run.task = sched.current()
  local ok, err = xpcall(fn, traced, ...)
  if runs[key] == run then runs[key] = nil end
  if not ok then error(err, 0) end
end

--- The task, or nil and "running".
function M.spawn(key, fn, ...)
  if running(key) then return nil, "running" end
  local run = {}
  runs[key] = run
  local ok, task = pcall(sched.spawn_child, body, key, run, fn, ...)
  if ok then return task end
  if not run.task then runs[key] = nil end
  error(task, 0)
end

local function kill_here(key)
  local run = running(key)
  if not run then return false end
  sched.kill(run.task)
  return true
end

--- Ends it everywhere.  Returns whether this worker had it.
function M.kill(key)
  local found = kill_here(key)
  bus.tell_others(TOPIC, { key = key })
  return found
end

bus.on_hosts(TOPIC, function(message) return type(message.key) == "string" end,
  function(message) kill_here(message.key) end)

return M
