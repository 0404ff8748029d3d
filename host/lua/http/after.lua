-- host/lua/http/after.lua -- tasks that start once a handler has answered: ctx:after(), conn:after().
-- Such a task can send events to the client that asked, since the answer went out first.  A handler
-- that fails starts nothing.

local blame = require "human.core.blame"
local log = require "human.log"
local sched = require "human.core.sched"

local M = {}
local MAX = 64                                   -- of one handler

--- Starts fn(..) as a task of its own.
local function start(fn, ...)
  local ok, err = pcall(sched.spawn_child, fn, ...)
  if not ok then log.error("what an answer should start was not begun", { error = tostring(err) }) end
end

--- Defers fn(..) until the handler of `holder` has answered; run() or drop() follows.
function M.add(holder, fn, ...)
  if type(fn) ~= "function" then blame.refuse "after: a function is needed" end
  local list = holder.afters or {}
  if #list == MAX then blame.refuse(("after: one handler may start %d tasks"):format(MAX)) end
  holder.afters = list
  list[#list + 1] = { fn, select("#", ...), ... }
end

--- The handler has answered.
function M.run(holder)
  local list = holder.afters
  if not list then return end
  holder.afters = false
  for _, one in ipairs(list) do start(one[1], unpack(one, 3, 2 + one[2])) end
end

--- The handler has failed.
function M.drop(holder) holder.afters = false end

return M
