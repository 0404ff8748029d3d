-- host/lua/task.lua -- the part of the scheduler that scripts may use.

local host = require "human.host"
local sched = require "human.sched"
local timer = require "human.timer"

local M = {}

--- Runs fn(...) as a task of its own: at once until its first wait, then whenever it can go on.  What
--- it raises is logged.  It does not end with the request that started it, and has no deadline.
--- Returns a handle for kill().  A request may have limits.ops of them at a time.
function M.spawn(fn, ...)
  return sched.spawn_child(fn, ...)
end

--- Says what the task that runs now does, in the log and in what an operator sees when it does not come
--- back: `name` one of a few ("agent turn"), `which` (optional) a text such as an id.  Tasks that it
--- starts have the same name until they say otherwise.
function M.name(name, which)
  sched.name(host.label(name), which)
end

--- Ends a task: it is raised inside it, at its present or next wait, that it is canceled, so what it
--- holds is released.  Nothing happens when it has ended by itself.
function M.kill(task)
  sched.kill(task)
end

--- Waits without holding anything up.  seconds: 0 lets others run first.
function M.sleep(seconds)
  sched.sleep(seconds)
end

--- The handle of the task that runs now, for kill() and wake().
function M.current()
  return sched.current()
end

--- Waits until wake() is called with this task's handle, or `seconds` have passed.  True: it was woken.
function M.wait(seconds)
  local task = sched.current()
  local h = timer.start(seconds, sched.wake, task)
  local ok, woken = pcall(sched.suspend)
  timer.cancel(h)
  if not ok then error(woken, 0) end
  return woken == true
end

--- Ends the wait() of a task.  Nothing happens when it does not wait.
function M.wake(task)
  sched.wake(task, true)
end

--- Seconds on a clock that only goes forward; for durations.
function M.clock()
  return host.clock()
end

return M
