-- host/lua/sio/socket.lua -- one client in one namespace, as handlers see it.
-- Rooms, data, acknowledgements and the handshake are created on first use: an idle
-- socket is one small table.  A closed socket accepts every call and does nothing.

local encode = require "human.sio.encode"
local grants = require "human.http.grants"
local host = require "human.core.host"
local http = require "human.sio.http"
local namespaces = require "human.sio.namespace"
local recovery = require "human.sio.recovery"
local room = require "human.sio.room"
local sched = require "human.core.sched"
local sio_id = require "human.sio.id"
local timer = require "human.core.timer"

local INVAL = host.E.INVAL
local event_packet = encode.event

local M = {}
local ACKS_MAX = 1000          -- pending emit_with_ack() calls per socket
local methods, lazy = {}, {}
local on_close, on_acked       -- set by sio/dispatch

--- Sets the handlers for the end of a socket, fn(socket, reason), and for marked events, fn(socket, mark, args).
function M.attach(close, acked) on_close, on_acked = close, acked end

local Socket = {
  __index = function(self, key)
    local method = methods[key]
    if method ~= nil then return method end
    local make = lazy[key]
    return make and make(self) or nil
  end,
}

--- A socket that is not admitted yet; `at` will be its position in the namespace.
function M.new(session, nsp)
  return setmetatable({ session = session, nsp = nsp, id = sio_id.random(), at = false,
                        busy = false, mail = false, rooms = false, gen = false }, Socket)
end

--- socket.data: a table of the script's own, kept with the socket.
function lazy.data(self)
  local data = {}
  self.data = data
  return data
end

--- socket.handshake: {query, auth, headers, ip, time}, of the first request and this namespace's
--- CONNECT.  Read-only; made anew at each access, so keep it in a local.
function lazy.handshake(self)
  local session = self.session
  local facts = host.unpack(session and session.hs or rawget(self, "hs"))
  facts.query = http.parse_query(facts.query)
  facts.headers = facts.headers or {}
  facts.auth = rawget(self, "auth") or {}
  return facts
end

-- Raises: text that is not UTF-8 cannot be sent; such bytes need sio.binary.
local function not_utf8()
  error("emit: a text is not UTF-8; wrap bytes in sio.binary()", 3)
end

local function send(session, packet, parts)
  if not session.ws and packet and not host.utf8_ok(packet) then return not_utf8() end
  local queued
  if parts then queued = session:send_parts(packet, parts) else queued = session:send(packet) end
  if queued == INVAL then not_utf8() end
end

local function admitted(self)
  if self.session and not self.at then error("emit: the socket is not connected yet", 3) end
  return self.session
end

--- Sends an event.  Arguments are plain values or sio.binary(bytes).  False on a closed socket.
function methods:emit(event, ...)
  local session = self.at and self.session or admitted(self)
  if not session then return false end
  local nsp = self.nsp
  local log = nsp.log
  if log then
    local offset = recovery.offset(log)
    local packet, parts = event_packet(nsp, nil, offset, event, ...)
    recovery.note(log, offset, packet, parts, self.id)
    send(session, packet, parts)
    return true
  end
  local packet, parts = event_packet(nsp, nil, nil, event, ...)
  send(session, packet, parts)
  return true
end

local Volatile = {}
local volatile_mt = { __index = Volatile }

function Volatile:emit(event, ...)
  local socket = self.socket
  local session = admitted(socket)
  if not session then return false end
  local packet, parts = event_packet(socket.nsp, nil, nil, event, ...)
  if not session.ws and packet and not host.utf8_ok(packet) then return not_utf8() end
  local queued = session:send_volatile(packet, parts)
  if queued == INVAL then not_utf8() end
  return true
end

--- socket:volatile():emit(event, …): the event is dropped when the client is not ready for it, because it has
--- not read its earlier messages, or is between two polls.
function methods:volatile() return setmetatable({ socket = self }, volatile_mt) end

-- Settles a waiter, only once: by the answer, the timeout or the socket's end.
local function settle(waiter, args, err)
  if waiter.done then return end
  waiter.done = true
  sched.wake(waiter.task, args, err)
end

local function on_ack_overdue(waiter) settle(waiter, nil, "timeout") end

local function wait(self, id, waiter, timeout_s)
  local alarm = timer.start(timeout_s, on_ack_overdue, waiter)
  local ok, args, err = pcall(sched.suspend)
  waiter.done = true
  timer.cancel(alarm)
  local acks = self.acks
  if acks and acks[id] then
    acks[id] = nil
    acks.n = acks.n - 1
  end
  if not ok then error(args, 0) end
  return args, err
end

--- Sends an event and awaits its acknowledgement.  Returns the client's arguments, or nil and
--- "timeout" | "disconnected" | "too many".  In a handler of this socket, the next packets wait meanwhile:
--- one socket's events run one after another.
function methods:emit_with_ack(timeout_s, event, ...)
  local session = admitted(self)
  if not session then return nil, "disconnected" end
  local acks = rawget(self, "acks")
  if not acks then
    acks = { n = 0 }
    self.acks = acks
  end
  if acks.n >= ACKS_MAX then return nil, "too many" end
  local nsp = self.nsp
  local id = nsp.ack_seq
  local packet, parts = event_packet(nsp, id, nil, event, ...)
  nsp.ack_seq = id + 1
  local waiter = { task = sched.current(), done = false }
  acks[id], acks.n = waiter, acks.n + 1
  send(session, packet, parts)
  local args, err = wait(self, id, waiter, timeout_s)
  if not args then return nil, err end
  return unpack(args, 1, #args)
end

local Marked = {}
Marked.__index = Marked

-- args: nil if the socket has ended.
function Marked:take(args)
  if args then on_acked(self.socket, self.mark, args) end
end

--- Sends an event without waiting; when the client acknowledges it, the namespace's on_ack(socket, mark, ...) is
--- called, even after a reload.  mark: plain data.  Connection state recovery does not send it again.
--- False: the socket is closed, or has too many unacknowledged events.
function methods:emit_marked(mark, event, ...)
  local session = admitted(self)
  local nsp = self.nsp
  local id = nsp.ack_seq
  if not session or not M.expect(self, id, setmetatable({ socket = self, mark = mark }, Marked)) then return false end
  local packet, parts = event_packet(nsp, id, nil, event, ...)
  nsp.ack_seq = id + 1
  send(session, packet, parts)
  return true
end

--- Pings the client: without a reply within `seconds` it is disconnected ("ping timeout").
function methods:probe(seconds)
  local session = admitted(self)
  if session and session.probe_life then session:probe_life(seconds) end
end

--- The client's answer; ignores unknown ids.
function M.on_ack(self, id, args)
  local acks = rawget(self, "acks")
  local waiter = acks and acks[tonumber(id)]
  if not waiter then return end
  if not waiter.take then return settle(waiter, args or {}) end
  M.forget(self, tonumber(id))
  waiter:take(args or {})
end

--- Registers an acknowledgement for several sockets together (sio/gather): `round` takes the answer to `id`.  False:
--- too many are open already.
function M.expect(self, id, round)
  local acks = rawget(self, "acks")
  if not acks then
    acks = { n = 0 }
    self.acks = acks
  end
  if acks.n >= ACKS_MAX then return false end
  acks[id], acks.n = round, acks.n + 1
  return true
end

function M.is_expected(self, id) return rawget(self, "acks") and self.acks[id] ~= nil end

function M.forget(self, id)
  local acks = rawget(self, "acks")
  if acks and acks[id] then acks[id], acks.n = nil, acks.n - 1 end
end

--- No more answers can come: settles all waiters.
function M.end_acks(self)
  local acks = rawget(self, "acks")
  if not acks then return end
  for id, waiter in pairs(acks) do
    if id ~= "n" and waiter.take then waiter:take(nil) elseif id ~= "n" then settle(waiter, nil, "disconnected") end
  end
end

--- The function that a handler calls to acknowledge `id`; it works once.
function M.ack_function(self, id)
  return function(...)
    if not id then return end
    local session, packet, parts = self.session, encode.ack(self.nsp, id, ...)
    id = nil
    if session then send(session, packet, parts) end
  end
end

--- Joins a room (any string).  Rooms are left when the socket closes.
function methods:join(name)
  if type(name) ~= "string" then error("join: expected a string, got " .. type(name), 2) end
  if not self.session then return end
  local mine, rooms = self.rooms, self.nsp.rooms
  if not mine then
    mine = {}
    self.rooms = mine
  end
  if mine[name] then return end
  local r = rooms[name]
  if not r then
    r = room.new()
    rooms[name] = r
  end
  mine[name] = room.add(r, self)
end

--- Leaves a room.
function methods:leave(name)
  local mine = self.rooms
  local at = mine and mine[name]
  if not at then return end
  local rooms = self.nsp.rooms
  local r = rooms[name]
  local moved = room.remove(r, at)
  if moved then moved.rooms[name] = at end
  mine[name] = nil
  if r.n == 0 then rooms[name] = nil end
end

--- Sends to the others in a room: socket:to("room"):emit(…).
function methods:to(name)
  return namespaces.target(self.nsp, nil, { self.id }):to(name)
end

--- Sends to all others of the namespace: socket:broadcast():emit(…).
function methods:broadcast()
  return namespaces.target(self.nsp, nil, { self.id })
end

--- Ends the socket once the authenticator of this name (api.auth) no longer accepts the actor (plain data, passed to
--- its `still`).
function methods:grant(authenticator, actor)
  if self.session then grants.hold(self, actor, authenticator) end
end

-- The actor is no longer accepted (human.grants).
function methods:revoke() self:disconnect(true) end

--- Removes the client from the namespace; close: also ends its transport, for all namespaces.
function methods:disconnect(close)
  local session = self.session
  if not session then return end
  if not close then
    session:transmit(encode.disconnect(session, self.nsp))
    return on_close(self, "server namespace disconnect")
  end
  M.each(session, function(socket)
    session:transmit(encode.disconnect(session, socket.nsp))
    on_close(socket, "server namespace disconnect")
  end)
  session:close "forced server close"
end

--- Calls fn with every socket of a session; fn may close them.
function M.each(session, fn)
  local socks = session.socks
  if session.root then fn(session.root) end
  if not socks then return end
  local list = {}
  for _, socket in pairs(socks) do list[#list + 1] = socket end
  for _, socket in ipairs(list) do fn(socket) end
end

--- Whether the client is in the namespace now.
function methods:connected() return self.session and self.at and true or false end

return M
