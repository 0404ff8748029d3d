-- host/lua/cli/database.lua -- opens the database for a command, after the command has checked its arguments.

local cli = require "human.cli.words"
local host = require "human.core.host"
local sched = require "human.core.sched"

local M = {}

--- Awaits; ends the command if there is none.
function M.open()
  local task = sched.current()
  sched.on_event(host.EV.DB, function(up) sched.wake(task, up == 1) end)
  if not host.native.database() then cli.stop "there is no database" end
  if not sched.suspend() then cli.stop("the database is not reachable: " .. select(2, host.db_state())) end
  require("human.db").open()
end

return M
