-- host/lua/core/events.lua -- maps the host's events to handlers, and contains their failures.
-- A handler's error stops with the handler: it is logged with its location, and anything that waits for the
-- event fails cleanly (the failed() of the kind), so neither the worker nor other events of the turn suffer.
-- Only out-of-memory errors propagate: then nothing here can be relied upon, and bridge.c replaces
-- the worker.  Independent of the host, so that specs can use it anywhere.

local traceback, xpcall = debug.traceback, xpcall

local M = {}
local NO_MEMORY = "not enough memory"
local handlers, failures = {}, {}                -- kind -> function

local function place(err)
  if err == NO_MEMORY then return err end
  return type(err) == "string" and traceback(err, 2) or tostring(err)
end

--- kind: one of host.EV.  fn(status, id, owner, data) handles it; failed(id, status), optional, is called
--- when it raised.
function M.on(kind, fn, failed) handlers[kind], failures[kind] = fn, failed end

--- fn(a, b, c, d).  True; or false and the error with its position.
function M.try(fn, a, b, c, d)
  local ok, err = xpcall(fn, place, a, b, c, d)
  if ok then return true end
  if err == NO_MEMORY then error(err, 0) end
  return false, tostring(err)
end

--- Hands an event to its handler; returns as try() does.
function M.handle(kind, status, id, owner, data)
  local ok, err = M.try(handlers[kind], status, id, owner, data)
  if ok then return true end
  local failed = failures[kind]
  if failed then
    local given_up, again = M.try(failed, id, status)
    if not given_up then err = err .. "\nand, giving it up: " .. again end
  end
  return false, ("event %s: %s"):format(tostring(kind), err)
end

return M
