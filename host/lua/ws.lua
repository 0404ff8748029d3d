-- host/lua/ws.lua -- rooms of raw WebSockets, over all workers and hosts.
-- Connections join them with conn:join(room).  Messages of one task to a room arrive in order.  A message sent while
-- a worker dies, or the database is unreachable, may be lost: for messages that must arrive, use a feed (human.feed).

local beyond = require "human.core.beyond"
local blame = require "human.core.blame"
local bus = require "human.bus"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local rooms = require "human.http.ws_rooms"

local M = {}
local Room = {}
local room_mt = { __index = Room }
local TOPIC = "bus.room"
local TEXT, BINARY = 1, 2
local MESSAGE_MAX = 256 * 1024

local function is_text(v) return type(v) == "string" end

-- Checks it, because any user of the database may have sent it.
local function is_message(m)
  return is_text(m.path) and is_text(m.room) and (is_text(m.text) or is_text(m.bytes))
end

local function hear(message)
  local data = message.text or host.unbase64(message.bytes or "")
  if not data or #data > MESSAGE_MAX then return end
  rooms.send(message.path, message.room, message.text and TEXT or BINARY, data)
end

-- `room` of the route that is declared at `path`, to send to: ws.to("/rooms/{id}", "lobby"):send(text).
function M.to(path, room)
  rooms.check_name("ws.to", room)
  return setmetatable({ path = path, room = room }, room_mt)
end

local function check(room, what, data)
  if type(data) ~= "string" or #data > MESSAGE_MAX then
    blame.refuse(("room:%s: a text of at most %d bytes is needed"):format(what, MESSAGE_MAX))
  end
  local g = gen.current()
  if not (g and g.websockets[room.path]) then
    blame.refuse(("room:%s: no WebSocket route is declared at '%s'"):format(what, tostring(room.path)))
  end
  beyond("room:" .. what)
end

-- Sends a text to all connections in the room, at most 256 KB.
function Room:send(text)
  check(self, "send", text)
  if not host.utf8_ok(text) then blame.refuse "room:send: the text is not UTF-8; see room:send_binary" end
  rooms.send(self.path, self.room, TEXT, text)
  bus.tell_others(TOPIC, { path = self.path, room = self.room, text = text })
end

-- The same for a binary message.
function Room:send_binary(data)
  check(self, "send_binary", data)
  rooms.send(self.path, self.room, BINARY, data)
  bus.tell_others(TOPIC, { path = self.path, room = self.room, bytes = host.base64(data) })
end

bus.on_hosts(TOPIC, is_message, hear)

return M
