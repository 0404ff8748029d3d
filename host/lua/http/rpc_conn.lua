-- host/lua/http/rpc_conn.lua -- a connection of an RPC socket: passes messages to calls and sends events.
-- State is plain data and outlives a reload: the next message goes to the generation in service, open calls end in
-- the one in which they began.  conn.rpc belongs to this file and rpc_call.lua, conn.data to the script.

local beyond = require "human.core.beyond"
local blame = require "human.core.blame"
local fail = require "human.fail"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local json = require "human.json"
local log = require "human.log"
local rooms = require "human.http.ws_rooms"
local rpc_call = require "human.http.rpc_call"
local rpc_frame = require "human.http.rpc_frame"
local sched = require "human.core.sched"
local timer = require "human.core.timer"

local M = {}
local Conn = {}
local LEAVE_S = 0.5                              -- for the answers to calls of who may not stay
local JSONRPC, GATEWAY = "jsonrpc ", "gateway "  -- prefixes of room names: one room per dialect

local function socket_of(conn) return gen.current().websockets[conn.path].rpc end

local function encoded(socket, name, payload)
  local event = socket.events[name]
  if not event then blame.refuse("no event '" .. tostring(name) .. "' is declared (g:event)") end
  return event.encode(payload or {}), event.dialect
end

--- Sends this client an event, in its dialect and with the next number (`seq`).  payload is written by the schema of
--- g:event.  Bytes queued, or nil and "gone".
function Conn:event(name, payload)
  if self.closed then return nil, "gone" end
  beyond "conn:event"
  local rpc, body, dialect = self.rpc, encoded(socket_of(self), name, payload)
  if dialect then return self:send(rpc_frame.event(dialect, name, body)) end
  rpc.seq = rpc.seq + 1
  return self:send(rpc_frame.event(rpc.dialect, name, body, rpc.seq))
end

--- The same as a JSON-RPC notification, whatever the client's dialect, and without a number.
function Conn:notify(name, payload)
  if self.closed then return nil, "gone" end
  return self:send(rpc_frame.event("jsonrpc", name, (encoded(socket_of(self), name, payload))))
end

--- Cancels open calls of this connection: those with this id, or of this method ({id = 5} or {method = "chat.send"}).
--- Each is answered with request_canceled.  Returns how many.
function Conn:cancel(which)
  beyond "conn:cancel"
  return rpc_call.cancel(self, which)
end

local function copy(list)
  local out = {}
  for i, name in ipairs(list) do out[i] = name end
  return out
end

--- The names of the socket's methods, sorted.
function Conn:methods() return copy(socket_of(self).names) end

--- The names of the socket's events, sorted.
function Conn:events() return copy(socket_of(self).event_names) end

-- The key that opened it was revoked (human.grants): it hears no more and begins nothing, and the calls that it has
-- open, one of which may have done this, are answered first if that takes but a moment.
function Conn:revoke()
  if self.rpc.revoked then return end
  self.rpc.revoked = true
  if self.rpc.n == 0 then return self.raw.revoke(self) end
  rooms.leave_all(self)
  timer.start(LEAVE_S, function() self.raw.revoke(self) end)
end

M.methods, M.events, M.cancel = Conn.methods, Conn.events, Conn.cancel

--- As for any WebSocket; in a call, the task starts after the answer.
function Conn:after(fn, ...)
  local task = sched.current()
  local call = task and task.call
  if call and call.conn == self and not call.ended then return call.ctx:after(fn, ...) end
  return self.raw.after(self, fn, ...)
end

--- As for any WebSocket (conn:join); events sent with rpc.to() arrive in each connection's dialect.
function Conn:join(room)
  if self.rpc.revoked then return nil, "gone" end
  return self.raw.join(self, self.rpc.dialect .. " " .. room)
end
function Conn:leave(room) return self.raw.leave(self, self.rpc.dialect .. " " .. room) end

-- Its own methods first, then those of any WebSocket.
local function dress(conn)
  local raw = getmetatable(conn).__index
  conn.raw = raw
  setmetatable(conn, { __index = setmetatable(Conn, { __index = raw }) })
end

-- The first message determines a client's dialect.
local function speak(conn, dialect)
  local rpc = conn.rpc
  if not dialect or rpc.dialect == dialect then return end
  local old, names = rpc.dialect .. " ", {}
  for name in pairs(conn.rooms) do
    if name:sub(1, #old) == old then names[#names + 1] = name end
  end
  rpc.dialect = dialect
  for _, name in ipairs(names) do
    rooms.leave(conn, name)
    rooms.join(conn, dialect .. " " .. name:sub(#old + 1))
  end
end

-- Every so many seconds on_beat(conn) of the scripts in service is called for each connection.  One timer serves all
-- connections of a path; it does not belong to a generation, and stops with the last of them.
local live = {}                                  -- path -> {[conn] = true}, while its timer runs
local beat

local function beat_later(path, seconds) timer.start(seconds, beat, path) end

local function beat_all(path, on_beat)
  local conns = {}
  for conn in pairs(live[path]) do conns[#conns + 1] = conn end
  for _, conn in ipairs(conns) do
    local ok, err = pcall(on_beat, conn)
    if not ok then
      if err == sched.Canceled then error(err, 0) end
      log.error("beat of a connection failed", { route = path, conn = conn.id, error = tostring(err) })
    end
  end
end

function beat(path)
  local route = gen.current().websockets[path]
  local socket = route and route.rpc
  if not socket or not socket.on_beat or not next(live[path]) then
    live[path] = nil
    return
  end
  local task = { label = route.label, gen = gen.current(), on_finish = function() beat_later(path, socket.beat_s) end }
  sched.spawn_as(task, beat_all, path, socket.on_beat)
end

local function begin_beats(conn, socket)
  if not socket.on_beat then return end
  if not live[conn.path] then
    live[conn.path] = {}
    beat_later(conn.path, socket.beat_s)
  end
  live[conn.path][conn] = true
end

-- Converts a connection that was opened before its path became an RPC socket.
local function ready(conn)
  local socket = socket_of(conn)
  if not conn.rpc then
    conn.rpc = { dialect = socket.dialect, seq = 0, calls = {}, n = 0, count = 0 }
    dress(conn)
    begin_beats(conn, socket)
  end
  return socket
end

function M.on_open(conn)
  local socket = ready(conn)
  if socket.on_open then socket.on_open(conn) end
end

local function refuse(conn, call, f)
  call.dialect = call.dialect or conn.rpc.dialect
  conn:send(rpc_frame.failure(call, f))
end

local function limited(conn, socket)
  if host.rate_take("rpc " .. conn.id, socket.rate, socket.burst) then return nil end
  return fail.new("rate_limited", { retry_after_s = 1 / socket.rate }, socket.errors)
end

-- Why a call is refused before it starts, or nil.
local function unfit(conn, socket, call)
  local f = limited(conn, socket)
  if f or call.kind ~= "invalid" and call.kind ~= "unreadable" then return f end
  return rpc_frame.refusal(call, socket.errors)
end

local function take(conn, socket, call)
  if call.kind == "answer" then return end
  speak(conn, call.kind ~= "invalid" and call.dialect)
  local f = unfit(conn, socket, call)
  if not f then return rpc_call.start(conn, socket, call) end
  if call.kind ~= "notification" then refuse(conn, call, f) end
end

-- The calls of a batch run one after another, and are answered together.
local Batch = {}
local batch_mt = { __index = Batch }

function Batch:add(call, frame)
  if call.kind ~= "notification" then self.frames[#self.frames + 1] = frame end
end

-- Starts the next call.  True: it has already ended.
function Batch:step(call)
  if call.kind == "answer" then return true end
  local f = unfit(self.conn, self.socket, call)
  if f then
    self:add(call, rpc_frame.failure(call, f))
    return true
  end
  self.open, call.batch = true, self
  rpc_call.start(self.conn, self.socket, call)
  return not self.open
end

function Batch:go_on()
  while self.i < #self.calls do
    self.i = self.i + 1
    if not self:step(self.calls[self.i]) then
      self.waits = true
      return
    end
  end
  if #self.frames > 0 then self.conn:send("[" .. table.concat(self.frames, ",") .. "]") end
end

--- A call of the batch has ended (rpc_call.lua).
function Batch:ended(call, frame)
  self:add(call, frame)
  self.open = false
  if not self.waits then return end              -- within step()
  self.waits = false
  self:go_on()
end

local function take_batch(conn, socket, calls)
  speak(conn, "jsonrpc")
  setmetatable({ conn = conn, socket = socket, calls = calls, frames = {}, i = 0, open = false, waits = false },
    batch_mt):go_on()
end

function M.on_message(conn, data, is_text)
  local socket = ready(conn)
  if not is_text then return take(conn, socket, { kind = "invalid", why = "a message is text" }) end
  local call, batch = rpc_frame.read(data, socket)
  if batch then return take_batch(conn, socket, batch) end
  take(conn, socket, call)
end

function M.on_close(conn, code, reason)
  local socket = ready(conn)
  if live[conn.path] then live[conn.path][conn] = nil end
  rpc_call.client_left(conn)
  if socket.on_close then socket.on_close(conn, code, reason) end
end

--- A second answer to a call, in the gateway's dialect, for a room.
function M.answer_to_room(path, method, id, value)
  local route = gen.current().websockets[path]
  local known = route and route.rpc and route.rpc.methods[method]
  if not known then blame.refuse("rpc.to: no method '" .. tostring(method) .. "' is declared there") end
  local call = { dialect = "gateway", id_text = json.quote(id) }
  return GATEWAY, rpc_frame.result(call, known.encode(value))
end

--- The frames of an event for a room: {prefix of the room's name = text}.
function M.to_room(path, name, payload)
  local route = gen.current().websockets[path]
  local socket = route and route.rpc
  if not socket then blame.refuse("rpc.to: no RPC socket is declared at '" .. tostring(path) .. "'") end
  local out, body, dialect = {}, encoded(socket, name, payload)
  if socket.dialects.jsonrpc then out[JSONRPC] = rpc_frame.event("jsonrpc", name, body) end
  if socket.dialects.gateway then out[GATEWAY] = rpc_frame.event(dialect or "gateway", name, body) end
  return out
end

return M
