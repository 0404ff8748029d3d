-- host/lua/http/connections.lua -- maps connections to the handlers of their events.
-- A handler is any table with some of on_message(self, data, is_text), on_close(self, code, reason),
-- on_drained(self, id) and on_abort(self, id); ids are those of WebSockets and of requests that are
-- held open.  An object serves as its own handler, so a connection costs one table slot here.
-- on_close comes after all messages, and anything sent before it returns still goes out; true: the
-- handler has more to send, and closes the WebSocket itself (host.ws_close) within 5 s.

local host = require "human.core.host"

local EV, INTERNAL = host.EV, 1011
local WS_MSG, WS_CLOSE, DRAINED, ABORT = EV.WS_MSG, EV.WS_CLOSE, EV.DRAINED, EV.ABORT

local M = {}
local handlers = {}

--- Events of `id` go to `handler` from now on.
function M.bind(id, handler)
  handlers[id] = handler
end

--- Events of `id` are dropped from now on.
function M.unbind(id)
  handlers[id] = nil
end

--- Delivers one event.  Events of unknown ids are late events of connections that we have closed.
function M.dispatch(kind, id, status, data)
  local handler = handlers[id]
  if kind == WS_CLOSE then
    handlers[id] = nil
    if not handler or not handler:on_close(status, data) then host.ws_close(id, 0, "") end
    return
  end
  if not handler then return end
  if kind == WS_MSG then return handler:on_message(data, status == 1) end
  if kind == DRAINED then
    if handler.on_drained then handler:on_drained(id) end
  elseif kind == ABORT then
    handlers[id] = nil
    if handler.on_abort then handler:on_abort(id) end
  end
end

--- A message or an end could not be handled: closes the connection, since later messages would be misunderstood.
function M.failed(id)
  host.ws_close(id, INTERNAL, "internal error")
end

return M
