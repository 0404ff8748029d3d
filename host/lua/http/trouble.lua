-- host/lua/http/trouble.lua -- turns errors of handlers into what clients and the log get; for requests and calls.
-- Must never show a client a stack trace or anything else about a bug except an id.

local db = require "human.db"
local fail = require "human.fail"
local log = require "human.log"
local sched = require "human.core.sched"

local M = {}

--- For xpcall.  Expected errors pass unchanged; what the database refused becomes its Fail; a bug becomes a text with
--- its traceback.
function M.trap(err)
  if fail.is(err) or err == sched.Canceled or err == sched.TooMany then return err end
  local where, refused = debug.traceback(tostring(err), 2), db.refusal(err)
  if refused then refused.cause = where end
  return refused or where
end

--- The Fail that a client sees, from the surface's catalogue; logs bugs with their traceback.  what: "request" or
--- "call"; id: its id, for the log.
function M.to_fail(err, what, id, route, errors)
  if fail.is(err) then
    if err.cause then
      log.warn("refused by the database", { request_id = id, route = route.title, error = err.cause })
    end
    return fail.on(err, errors)
  end
  if err == sched.TooMany then return fail.new("too_many_operations", nil, errors) end
  log.error(what .. " failed", { request_id = id, route = route.title, where = route.where, error = tostring(err) })
  return fail.new("internal", nil, errors)
end

return M
