-- host/lua/core/replaced.lua -- the tasks of scripts that were replaced: how many there are, and their end.

local host = require "human.core.host"
local sched = require "human.core.sched"

local M = {}

--- The number of waiting tasks of generation g.
function M.count(g) return #sched.tasks_of(g) end

--- Ends the tasks of generation g; those that may run on (`lasts`) are left, unless at_once.  How many were ended; and
--- in how many seconds the first of the others has had its time.
function M.kill(g, at_once)
  local n, now, left = 0, host.clock(), nil
  for _, task in ipairs(sched.tasks_of(g)) do
    local more = not at_once and task.until_at and task.until_at - now or 0
    if more > 0 then
      left = math.min(left or more, more)
    elseif task ~= sched.current() then
      n = n + 1
      sched.expire(task)
    end
  end
  return n, left
end

return M
