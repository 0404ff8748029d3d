-- host/lua/core/scope.lua -- tasks that end together: the one that opened a scope, and all its descendants.
-- A job is a scope (human.jobs): when another worker takes over its lease, none of its tasks may still run.

local sched = require "human.core.sched"

local M = {}
local Scope = {}
Scope.__index = Scope

--- Opens a scope for the current task.
function M.open()
  local task = sched.current()
  task.scope = setmetatable({ first = task, others = {}, n = 0 }, Scope)
  return task.scope
end

--- Runs fn in a task without a scope.
function M.outside(fn, ...)
  local task = sched.current()
  if task.scope then task.scope:leave(task) end
  task.scope = nil
  return fn(...)
end

-- Called by the scheduler: a task begins, or has ended.
function Scope:enter(task)
  if self.over then error(self.over, 0) end
  task.scope, self.others[task], self.n = self, true, self.n + 1
end

function Scope:leave(task)
  if not self.others[task] then return end
  self.others[task], self.n = nil, self.n - 1
  if self.n == 0 and self.waits then sched.wake(self.first) end
end

--- Waits until the first task is alone.
function Scope:wait()
  self.waits = true
  while self.n > 0 do sched.suspend() end
  self.waits = false
end

--- Raises err in the first task and cancels the others; those that do not end are abandoned.  No new ones can
--- begin.
function Scope:stop(err)
  self.over = err
  for task in pairs(self.others) do sched.deadline(task, 0) end
  sched.deadline(self.first, 0, err)
end

return M
