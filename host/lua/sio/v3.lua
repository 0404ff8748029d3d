-- host/lua/sio/v3.lua -- the differences for clients of Socket.IO 2 (Engine.IO revision 3): they ping and
-- we answer, binary messages begin with their type, payloads are framed by length, and there is no CONNECT for "/".

local engine3 = require "socketio.engine3"
local host = require "human.core.host"
local timer = require "human.core.timer"

local byte, sub = string.byte, string.sub
local ws_send = host.ws_send

local M = {}
local PACKETS_MAX = 10000      -- per POST

--- The metatable of their sessions, which inherits from `Session`.
function M.class(Session)
  local V3 = setmetatable({ v3 = true }, { __index = Session })

  function V3:send_parts(packet, parts)
    local ws = self.ws
    if not ws then return Session.send_parts(self, packet, parts) end
    local queued = packet and ws_send(ws, 1, packet) or 0
    for i = 1, queued < 0 and 0 or #parts do
      if self.b64 then
        queued = ws_send(ws, 1, "b4" .. host.base64(parts[i]))
      else
        queued = ws_send(ws, 2, "\4" .. parts[i])
      end
    end
    return queued
  end

  -- A ping: in this revision clients send them.
  function V3:on_ping(packet)
    timer.restart(self.timer)
    self:send("3" .. sub(packet, 2))
  end

  -- connections: one WebSocket message, passed on in the form of the fourth revision.
  function V3:on_message(data, is_text)
    if is_text and byte(data, 1) == 98 then
      data, is_text = byte(data, 2) == 52 and host.unbase64(sub(data, 3)), false
    elseif not is_text then
      data = byte(data, 1) == 4 and sub(data, 2)
    end
    if not data then return self:fail "parse error" end
    Session.on_message(self, data, is_text)
  end

  return { __index = V3 }
end

--- A packet of a POST.
function M.polled(session, packet)
  if type(packet) == "table" then return session:on_message("\4" .. packet.data, false) end
  session:on_message(packet, true)
end

--- The packets of a POST's body: an array for sio/flow; a malformed body gives a malformed packet.
--- as_bytes: the body uses binary framing.
function M.split(body, as_bytes)
  local decode = as_bytes and engine3.decode_bytes or engine3.decode_text
  return decode(body, PACKETS_MAX) or { "" }
end

return M
