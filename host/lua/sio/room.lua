-- host/lua/sio/room.lua -- rooms: the recipients of a broadcast, prepared for sending.
-- A room is the array of its members, and every member knows its position, so joining and leaving
-- are O(1).  The WebSocket ids of a room are kept as one prepared list until somebody joins, leaves
-- or changes transport: a broadcast to a thousand members then costs one call.

local host = require "human.core.host"

local ws_broadcast = host.ws_broadcast
local TEXT_VOLATILE = 1 + host.WS_VOLATILE

local M = {}

function M.new()
  return { n = 0, ids = false, n_ids = 0, slow = false }
end

--- Adds a member; returns its position.
function M.add(room, socket)
  local n = room.n + 1
  room[n], room.n, room.ids = socket, n, false
  return n
end

--- Removes the member at `at`.  Returns the one that took its place, or nil.
function M.remove(room, at)
  local n = room.n
  local moved = room[n]
  room[n], room.n, room.ids = nil, n - 1, false
  if at == n then return nil end
  room[at] = moved
  return moved
end

local function prepare(room)
  local ids, slow, n, m = {}, {}, 0, 0
  for i = 1, room.n do
    local socket = room[i]
    local session = socket.at and socket.session
    if session then
      if session.ws and not session.v3 then -- v3 frames bytes differently
        n = n + 1
        ids[n] = session.ws
      else
        m = m + 1
        slow[m] = socket
      end
    end
  end
  room.ids, room.n_ids, room.slow = host.ws_ids(ids, n), n, m > 0 and slow
end

local function send_slow(slow, packet, parts)
  for i = 1, #slow do
    local session = slow[i].session
    if session then session:transmit(packet, parts) end
  end
end

--- Sends a packet (or false), and the binary messages `parts` (or nil) that belong to it, to every member.
function M.send(room, packet, parts)
  if not room.ids then prepare(room) end
  local n = room.n_ids
  if n > 0 then
    if packet then ws_broadcast(room.ids, n, 1, packet) end
    if parts then
      for i = 1, #parts do ws_broadcast(room.ids, n, 2, parts[i]) end
    end
  end
  if room.slow then send_slow(room.slow, packet, parts) end
end

--- The same for members that are ready; see Session:send_volatile.  Sends binary messages to each member separately,
--- since its text may have been dropped.
function M.send_volatile(room, packet, parts)
  if parts then return M.send_some(room, room.n, packet, parts, true) end
  if not room.ids then prepare(room) end
  if room.n_ids > 0 then ws_broadcast(room.ids, room.n_ids, TEXT_VOLATILE, packet) end
  for i = 1, room.slow and #room.slow or 0 do
    local session = room.slow[i].session
    if session then session:send_volatile(packet) end
  end
end

--- The same for a Lua array of sockets.
function M.send_some(list, n, packet, parts, is_volatile)
  for i = 1, n do
    local session = list[i].at and list[i].session
    if session and is_volatile then
      session:send_volatile(packet, parts)
    elseif session then
      session:transmit(packet, parts)
    end
  end
end

return M
