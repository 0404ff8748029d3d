-- host/lua/core/beyond.lua -- side effects that others see at once and no rollback undoes.
-- A request may be one transaction without its handler knowing (human.pg.whole).  Anything that reaches beyond the
-- database (the network, other tasks, a client) calls this first, so that the work so far is committed before.

local sched = require "human.core.sched"

--- what: names the side effect in the error of a handler that must not have one.  May wait.
return function(what)
  local task = sched.current()
  local tx = task and task.tx
  if tx and tx.leave then tx.leave(task, tx, what) end
end
