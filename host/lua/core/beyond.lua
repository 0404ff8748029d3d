-- host/lua/core/beyond.lua -- what others see at once, and no rollback takes back.
-- A request may be one transaction without its handler knowing (human.pg.whole).  Whatever reaches beyond the
-- database (the network, other tasks, a client) says so here, and what was done before is committed first.

local sched = require "human.core.sched"

--- what: for the error of a handler that must not.  May wait.
return function(what)
  local task = sched.current()
  local tx = task and task.tx
  if tx and tx.leave then tx.leave(task, tx, what) end
end
