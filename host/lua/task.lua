-- host/lua/task.lua -- the part of the scheduler that scripts may use.

local host = require "human.host"
local sched = require "human.sched"

local M = {}

--- Runs fn(...) as a task of its own: at once until its first wait, then whenever it can go on.  What
--- it raises is logged.  It does not end with the request that started it, and has no deadline.
function M.spawn(fn, ...)
  sched.spawn(fn, ...)
end

--- Waits without holding anything up.  seconds: 0 lets others run first.
function M.sleep(seconds)
  sched.sleep(seconds)
end

--- Seconds on a clock that only goes forward; for durations.
function M.clock()
  return host.clock()
end

return M
