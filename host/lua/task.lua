-- host/lua/task.lua -- the part of the scheduler that scripts may use.

local beyond = require "human.core.beyond"
local blame = require "human.core.blame"
local host = require "human.core.host"
local named = require "human.core.named"
local sched = require "human.core.sched"
local scope = require "human.core.scope"
local timer = require "human.core.timer"

local M = {}
local KEY_MAX = 200
local SUSPECTS_MAX = 256                         -- names per worker, which never forgets one
local suspects, n_suspects = {}, 0

--- Runs fn(...) as a task of its own: immediately up to its first wait, then whenever it can go on.  Errors
--- are logged.  It does not end with the request that started it, and has no deadline.  A job
--- lasts as long as the tasks that it started; they are ended with it when another worker may run it.
--- Returns a handle for kill().  A request may have limits.ops of them at a time.
function M.spawn(fn, ...)
  beyond "task.spawn"
  return sched.spawn_child(fn, ...)
end

--- The same for a task with its own lease, or without one: a job neither waits for it nor ends it.
function M.detach(fn, ...)
  beyond "task.detach"
  return sched.spawn_child(scope.outside, fn, ...)
end

local function check_key(what, key)
  if type(key) == "string" and key ~= "" and #key <= KEY_MAX then return end
  blame.refuse(("%s: the key must be a text of 1 to %d bytes"):format(what, KEY_MAX))
end

--- The same as spawn, for a run that others can end by name: kill_named(key) finds it from any worker and host, even
--- if it began before a reload.  Returns its handle, or nil and "running" while this worker has a run of that name.
--- Other workers may have one as well: for only one anywhere, take a lease in the database.
function M.spawn_named(key, fn, ...)
  check_key("task.spawn_named", key)
  if type(fn) ~= "function" then blame.refuse "task.spawn_named: a function is needed" end
  beyond "task.spawn_named"
  return named.spawn(key, fn, ...)
end

--- Ends the runs of that name on all workers of all hosts, as kill() does: on this worker at once, on this host within
--- a millisecond or so, on others within a few more, or not at all while the database is unreachable.  Returns
--- whether this worker had one.
function M.kill_named(key)
  check_key("task.kill_named", key)
  beyond "task.kill_named"
  return named.kill(key)
end

--- Labels the current task, for the log and for reports of a task that hangs: `name` is one of a few
--- ("agent turn"), `which` (optional) a text such as an id.  Tasks that it starts inherit the label
--- until they set their own.
function M.name(name, which)
  sched.name(-host.label(name), which)
end

--- Marks work that has killed a worker before: `suspect` names its object (an agent, a file; there may be many, but
--- few become suspects).  Once it has killed several workers, it is out of service until the next reload.
--- False: it is out of service, so leave it alone.
function M.suspect(suspect, which)
  local label = suspects[suspect]
  if not label then
    if n_suspects >= SUSPECTS_MAX then return true end
    label, n_suspects = host.label(suspect), n_suspects + 1
    suspects[suspect] = label
  end
  if sched.struck > 0 and host.is_struck(label) then return false end
  sched.name(label, which)
  return true
end

--- Cancels a task: its current or next wait raises sched.Canceled, so that it releases what it
--- holds.  Does nothing if the task has ended.
function M.kill(task)
  sched.kill(task)
end

--- Waits without blocking others.  seconds: 0 lets other tasks run first.
function M.sleep(seconds)
  beyond "task.sleep"
  sched.sleep(seconds)
end

--- The handle of the task that runs now, for kill() and wake().
function M.current()
  return sched.current()
end

--- Waits until wake() is called with this task's handle, or for `seconds`.  True: it was woken.
function M.wait(seconds)
  beyond "task.wait"
  local task = sched.current()
  local h = timer.start(seconds, sched.wake, task)
  local ok, woken = pcall(sched.suspend)
  timer.cancel(h)
  if not ok then error(woken, 0) end
  return woken == true
end

--- Ends the wait() of a task.  Does nothing if it is not waiting.
function M.wake(task)
  sched.wake(task, true)
end

--- Seconds on a clock that only goes forward; for durations.
function M.clock()
  return host.clock()
end

return M
