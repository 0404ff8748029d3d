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
local SUSPECTS_MAX = 256                         -- names of a worker, which never forgets one
local suspects, n_suspects = {}, 0

--- Runs fn(...) as a task of its own: at once until its first wait, then whenever it can go on.  What
--- it raises is logged.  It does not end with the request that started it, and has no deadline.  A job
--- lasts as long as the tasks that it started, and they end with it when another worker may run it.
--- Returns a handle for kill().  A request may have limits.ops of them at a time.
function M.spawn(fn, ...)
  beyond "task.spawn"
  return sched.spawn_child(fn, ...)
end

--- The same for what has a lease of its own, or none to keep: a job neither waits for it nor ends it.
function M.detach(fn, ...)
  beyond "task.detach"
  return sched.spawn_child(scope.outside, fn, ...)
end

local function check_key(what, key)
  if type(key) == "string" and key ~= "" and #key <= KEY_MAX then return end
  blame.refuse(("%s: the key must be a text of 1 to %d bytes"):format(what, KEY_MAX))
end

--- The same as spawn, for a run that others end by its name: kill_named(key) finds it from any worker and host, also
--- when it began before a reload.  Returns its handle, or nil and "running" while this worker has a run of that name.
--- Other workers may have one as well: what must be one for all takes a lease in the database.
function M.spawn_named(key, fn, ...)
  check_key("task.spawn_named", key)
  if type(fn) ~= "function" then blame.refuse "task.spawn_named: a function is needed" end
  beyond "task.spawn_named"
  return named.spawn(key, fn, ...)
end

--- Ends the runs of that name on all workers of all hosts, as kill() does: on this worker at once, on this host within
--- a millisecond or so, on others within a few more, or not at all when the database is away just then.  Returns
--- whether this worker had one.
function M.kill_named(key)
  check_key("task.kill_named", key)
  beyond "task.kill_named"
  return named.kill(key)
end

--- Says what the task that runs now does, in the log and in what an operator sees when it does not come
--- back: `name` one of a few ("agent turn"), `which` (optional) a text such as an id.  Tasks that it
--- starts have the same name until they say otherwise.
function M.name(name, which)
  sched.name(-host.label(name), which)
end

--- Says that what the task does from here on has ended a worker before: what `suspect` names (an agent, a
--- file; not one of a few, but few of them come to this) is out of service until the next reload once it
--- has ended several.  False: it is, so leave it alone.
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

--- Ends a task: it is raised inside it, at its present or next wait, that it is canceled, so what it
--- holds is released.  Nothing happens when it has ended by itself.
function M.kill(task)
  sched.kill(task)
end

--- Waits without holding anything up.  seconds: 0 lets others run first.
function M.sleep(seconds)
  beyond "task.sleep"
  sched.sleep(seconds)
end

--- The handle of the task that runs now, for kill() and wake().
function M.current()
  return sched.current()
end

--- Waits until wake() is called with this task's handle, or `seconds` have passed.  True: it was woken.
function M.wait(seconds)
  beyond "task.wait"
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
