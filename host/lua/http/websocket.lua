-- host/lua/http/websocket.lua -- raw WebSocket routes: g:websocket(path, spec, handlers).
-- Messages of one connection are handled one after another by one task that lives while there are
-- any; an idle connection holds no coroutine.  The mailbox holds 64 messages, then reading stops until
-- half of them are done.  After a reload the next message goes to the new generation's handler:
-- conn.data is plain and stays, and on_upgrade(data, from, to) may bring it up to date first.

local access = require "human.observe.request_log"
local after = require "human.http.after"
local beyond = require "human.core.beyond"
local blame = require "human.core.blame"
local fail = require "human.fail"
local gen = require "human.scripts.generation"
local grants = require "human.http.grants"
local host = require "human.core.host"
local log = require "human.log"
local rooms = require "human.http.ws_rooms"
local sched = require "human.core.sched"
local connections = require "human.http.connections"

local M = {}
local byte = string.byte
local MAILBOX, REASON_MAX = 64, 123
local TEXT, BINARY = 1, 2
local REFUSED = 4000
local GOING_AWAY, INTERNAL, RESTART, TRY_LATER = 1001, 1011, 1012, 1013
local Conn = {}
local conn_mt = { __index = Conn }
local conns = {}                                 -- ws id -> conn

-- Queue a text message.  Bytes queued, or nil and an error name when the connection is gone.
function Conn:send(text) return self:transmit(TEXT, text) end

-- The same for a binary message.
function Conn:send_binary(data) return self:transmit(BINARY, data) end

function Conn:transmit(opcode, data)
  if self.closed then return nil, "gone" end
  beyond "conn:send"
  local queued = host.ws_send(self.ws, opcode, data)
  if queued < 0 then return nil, host.error_name(queued) end
  return queued
end

-- Any header of the request that opened it, by name in any case; nil if absent.
function Conn:header(name) return host.unpack(self.headers)[name:lower()] end

-- Begin the closing handshake.  code: 1000 or 3000 to 4999 (RFC 6455 section 7.4); reason: at most 123 bytes
-- of UTF-8.
function Conn:close(code, reason)
  if self.closed then return end
  local r = host.ws_close(self.ws, code or 1000, reason or "")
  if r == host.E.INVAL then
    blame.refuse "conn:close: the code must be 1000 or 3000 to 4999, the reason at most 123 bytes of UTF-8"
  end
  self.closed = true
end

-- Joins a room: ws.to(path, room):send(text) of human.ws reaches all its members, on any worker or host, also after
-- reloads.  A room is any text of up to 200 bytes; a closed connection leaves it.  True; or nil and "too many"
-- (256 rooms) or "gone".
function Conn:join(room)
  rooms.check_name("conn:join", room)
  if self.closed or self.over then return nil, "gone" end
  return rooms.join(self, room)
end

-- Leaves a room.
function Conn:leave(room) rooms.leave(self, room) end

-- Starts fn(...) as a task of its own once the current handler has returned, so that the handler's messages come
-- before the task's effects; at once if no handler runs.  A handler that fails starts nothing.
function Conn:after(fn, ...)
  after.add(self, fn, ...)
  if not self.handling then after.run(self) end
end

-- As much of a text as fits beside a close code, without cutting a character.
local function clipped(text)
  if #text <= REASON_MAX then return text end
  local last = REASON_MAX
  while byte(text, last + 1) >= 128 and byte(text, last + 1) < 192 do last = last - 1 end
  return text:sub(1, last)
end

-- The key that opened it was revoked (human.grants).
function Conn:revoke()
  local f = fail.new "unauthorized"
  self:close(REFUSED, f.code .. ": " .. f.message)
end

local function trap(err)
  return (fail.is(err) or err == sched.Canceled) and err or debug.traceback(tostring(err), 2)
end

local function protected(conn, route, name, fn, ...)
  local ok, err = xpcall(fn, trap, ...)
  if ok or err == sched.Canceled then return ok, err end
  if fail.is(err) then
    err = fail.on(err, route.errors)
    conn:close(REFUSED, clipped(err.code .. ": " .. err.message))
    return false
  end
  log.error("websocket handler failed", { route = route.title, handler = name, conn = conn.id,
                                          error = tostring(err) })
  conn:close(INTERNAL, "internal error")
  return false
end

-- Runs before a new generation's first call: it may expect another shape of conn.data.
local function upgrade(conn, route, g)
  local from, fn = conn.gen, route.handlers.on_upgrade
  conn.gen = g.id
  if not fn then return true end
  local ok, data = protected(conn, route, "on_upgrade", fn, conn.data, from, g.id)
  if ok and type(data) == "table" then conn.data = data end
  return ok
end

-- Calls a handler of the generation in service.
local function call(conn, name, ...)
  local g = gen.current()
  sched.current().gen = g                          -- a busy connection's task may outlive the scripts it began with
  local route = g.websockets[conn.path]
  if not route then return conn:close(RESTART, "this service is gone") end
  if sched.struck > 0 and host.is_struck(route.label) then return conn:close(TRY_LATER, "out of service") end
  if conn.gen ~= g.id and not upgrade(conn, route, g) then return end
  local fn = route.handlers[name]
  if not fn then return end
  conn.handling = true
  local ok = protected(conn, route, name, fn, conn, ...)
  conn.handling = false
  if conn.afters then after[ok and "run" or "drop"](conn) end
end

-- All messages are handled: the host may answer the client's close frame.
local function forget(conn, code, reason)
  conn.closed = true
  conns[conn.ws] = nil
  rooms.leave_all(conn)
  grants.drop(conn)
  host.ws_close(conn.ws, 0, "")
  call(conn, "on_close", code, reason)
end

local function take(conn)
  local message = conn.box[conn.first]
  conn.box[conn.first] = nil
  conn.first = conn.first + 1
  if conn.paused and conn.last - conn.first + 1 <= MAILBOX / 2 then
    conn.paused = false
    host.read(conn.ws, true)
  end
  return message
end

local function work(conn)
  while conn.first <= conn.last do
    local message = take(conn)
    if message.close then
      forget(conn, message.close, message.data)
    elseif message.leave then
      conn:close(GOING_AWAY, "shutting down")
    else
      call(conn, "on_message", message.data, message.is_text)
    end
  end
  conn.working = false
end

local put

-- A handler that caught every error and waited on was abandoned; later messages need not wait for it.
local function on_finish(task, err)
  if not err then return end
  local conn = task.conn
  log.error("websocket handler abandoned", { route = conn.path, conn = conn.id, error = tostring(err) })
  conn.box, conn.first, conn.last, conn.working, conn.handling = {}, 1, 0, false, false
  if conn.paused then
    conn.paused = false
    host.read(conn.ws, true)
  end
  conn:close(INTERNAL, "internal error")
  if conn.over then put(conn, conn.over) end
end

function put(conn, message)
  conn.last = conn.last + 1
  conn.box[conn.last] = message
  if not conn.paused and message.data and not message.close and conn.last - conn.first + 1 >= MAILBOX then
    conn.paused = true
    host.read(conn.ws, false)
  end
  if conn.working then return end
  conn.working = true
  sched.spawn_as({ label = conn.label, ref = conn.id, conn = conn, on_finish = on_finish }, work, conn)
end

-- Events of this connection (connections).
function Conn:on_message(data, is_text) put(self, { data = data, is_text = is_text }) end
function Conn:on_close(code, reason)
  self.over = { close = code, data = reason }
  put(self, self.over)
  return true
end

local function new_conn(ctx, route, ws)
  local is_local, why_foreign = ctx:is_local()
  return setmetatable({
    is_local = is_local, why_foreign = why_foreign,
    ws = ws, id = ctx.id, path = route.path, label = route.label, gen = route.gen.id, data = {}, closed = false,
    headers = host.headers_packed(ctx.req), actor = ctx.actor, params = ctx.params, query = ctx.query, ip = ctx.ip,
    box = {}, first = 1, last = 0, working = true, paused = false,
    rooms = {}, n_rooms = 0, afters = false, handling = false,
  }, conn_mt)
end

-- Accept the handshake of an admitted request (request.lua) and call on_open, before any message.
function M.open(ctx, route)
  local spec = route.spec
  -- read everything about the request before it becomes a connection
  local conn = new_conn(ctx, route, 0)
  local ws = host.ws_accept(ctx.req, {
    protocol = spec.protocol, max_message = spec.max_message, max_queue = spec.max_queue,
    ping_s = spec.ping_s or 30, idle_s = spec.idle_s or 90, deflate = spec.deflate,
  })
  if ws == host.E.GONE then return access.done(ctx, 499, 0) end
  if ws == host.E.FULL then fail.throw "service_unavailable" end
  if ws < 0 then error("websocket: " .. host.error_name(ws), 0) end
  access.done(ctx, 101, 0, true)
  conn.ws, conns[ws] = ws, conn
  grants.hold(conn, ctx.actor, ctx.authority)
  ctx.held = true
  connections.unbind(ctx.req)
  connections.bind(ws, conn)
  ctx.task.max_awaits, ctx.task.conn, ctx.task.on_finish = nil, conn, on_finish
  sched.deadline(ctx.task, nil)
  call(conn, "on_open")
  work(conn)
end

-- Raises when generation g has no handlers for a connection of this worker.
function M.check_live(g)
  local old = gen.current().websockets
  for _, conn in pairs(conns) do
    local was, is = old[conn.path], g.websockets[conn.path]
    if was and not is then
      error(("%s: %s has open connections, and the new scripts do not declare it"):format(was.where,
        was.title), 0)
    end
    if was and was.handlers.on_message and not is.handlers.on_message then
      error(("%s: %s has open connections and no on_message any more"):format(is.where, is.title), 0)
    end
  end
end

-- The number of connections of raw WebSocket routes in this worker.
function M.count()
  local n = 0
  for _ in pairs(conns) do n = n + 1 end
  return n
end

-- Drain: closes all connections.
function M.shutdown()
  for _, conn in pairs(conns) do put(conn, { leave = true }) end -- after pending messages
  require("human.http.event_stream").shutdown()
end

return M
