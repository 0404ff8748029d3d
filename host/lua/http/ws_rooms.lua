-- host/lua/http/ws_rooms.lua -- rooms of raw WebSockets: which connections of this worker are in which room.
-- A room is the array of its connections, and each connection knows its index in it, so that joining and leaving
-- are O(1).  The ids of a room are kept as one prepared list until somebody joins or leaves: a message to a thousand
-- connections is one call.  Rooms belong to the path of a route, not to a generation that declares it.

local blame = require "human.core.blame"
local host = require "human.core.host"

local M = {}
local ROOMS_MAX, NAME_MAX = 256, 200             -- per connection; bytes
local paths = {}                                 -- path -> {name -> room}

--- Raises, with the script's line, if `name` is not valid.
function M.check_name(what, name)
  if type(name) ~= "string" or name == "" or #name > NAME_MAX then
    blame.refuse(("%s: the room must be a text of 1 to %d bytes"):format(what, NAME_MAX))
  end
end

local function room_of(path, name)
  local rooms = paths[path] or {}
  paths[path] = rooms
  local room = rooms[name]
  if not room then
    room = { n = 0, ids = false }
    rooms[name] = room
  end
  return room
end

--- True; or nil and "too many".
function M.join(conn, name)
  if conn.rooms[name] then return true end
  if conn.n_rooms == ROOMS_MAX then return nil, "too many" end
  local room = room_of(conn.path, name)
  room.n, room.ids = room.n + 1, false
  room[room.n] = conn
  conn.rooms[name], conn.n_rooms = room.n, conn.n_rooms + 1
  return true
end

function M.leave(conn, name)
  local at = conn.rooms[name]
  if not at then return end
  local rooms = paths[conn.path]
  local room = rooms[name]
  local n, last = room.n, room[room.n]
  room[at], last.rooms[name] = last, at
  room[n], room.n, room.ids = nil, n - 1, false
  conn.rooms[name], conn.n_rooms = nil, conn.n_rooms - 1
  if n > 1 then return end
  rooms[name] = nil
  if not next(rooms) then paths[conn.path] = nil end
end

function M.leave_all(conn)
  for name in pairs(conn.rooms) do M.leave(conn, name) end
end

local function prepare(room)
  local list = {}
  for i = 1, room.n do list[i] = room[i].ws end
  room.ids = host.ws_ids(list, room.n)
end

--- Sends to the members in this worker; disconnects those that read too slowly (max_queue of the route).
function M.send(path, name, opcode, data)
  local room = paths[path] and paths[path][name]
  if not room then return end
  if not room.ids then prepare(room) end
  host.ws_broadcast(room.ids, room.n, opcode, data)
end

return M
