-- host/lua/sio/engine.lua -- Engine.IO v4 sessions: one per client, over polling or a WebSocket.
-- Owns heartbeat, buffering, upgrade and close; sio/namespace attaches three functions that interpret
-- messages.  No closure and at most one timer per idle session.  Source: engine.io-protocol v4.

local engine = require "socketio.engine"
local flow = require "human.sio.flow"
local host = require "human.core.host"
local poll = require "human.sio.poll"
local sio_id = require "human.sio.id"
local timer = require "human.core.timer"
local upgrade = require "human.sio.upgrade"
local v3 = require "human.sio.v3"
local connections = require "human.http.connections"

local byte = string.byte
local ws_send, ws_close, respond = host.ws_send, host.ws_close, poll.respond
local answer_poll, answer_post, flush = poll.answer, poll.answer_post, poll.flush
local start, cancel = timer.start, timer.cancel

local M = {}
local CLOSE_GRACE_S = 30       -- for a client between two polls when we close
local READY_BYTES = 65536      -- in the answer to a poll; with more, volatile events are dropped
local TEXT_VOLATILE, BINARY_VOLATILE = 1 + host.WS_VOLATILE, 2 + host.WS_VOLATILE
local NOOP_DELAY_S = 0.03      -- how long a poll is held while a WebSocket is probed
local MOVED = '{"code":3,"message":"Bad request"}' -- a poll after the upgrade

local Session = {}
local session_mt = { __index = Session }
local runtimes = {}            -- path (and parser) -> sessions and namespaces, which outlive generations
local on_text, on_binary, on_closed, on_switched, on_open

--- Sets the handlers of messages: text(session, packet with its leading "4"), binary(session, bytes),
--- closed(session, reason), exactly once, switched(session), from polling to its WebSocket, and open(session),
--- for clients of the third revision, which send no CONNECT.
function M.attach(text, binary, closed, switched, open)
  on_text, on_binary, on_closed, on_switched, on_open = text, binary, closed, switched, open
end

--- The sessions and namespaces of a path; they survive reloads of the scripts.  packed: packets are MessagePack.
function M.runtime(path, packed)
  local key = packed and path .. " msgpack" or path
  local rt = runtimes[key] or { path = path, key = key, packed = packed or false, sessions = {}, count = 0,
                                namespaces = {} }
  runtimes[key] = rt
  return rt
end

function M.runtimes() return runtimes end

-- Out ----------------------------------------------------------------------------------------------

-- An element is a packet's text, or {data = bytes} for a binary message.
local function push(self, packet, size)
  local out = self.out or { n = 0, bytes = 0 }
  local n = out.n + 1
  out[n], out.n, out.bytes, self.out = packet, n, out.bytes + size + 1, out
end

local function after_push(self)
  if self.poll then
    if not self.corked then flush(self) end
  elseif self.out.bytes > self.conf.max_buffer then
    self:fail "transport error"
  end
end

--- Queues one packet (text, with its type digit); returns a negative number on failure.
function Session:send(packet)
  local ws = self.ws
  if ws then return ws_send(ws, 1, packet) end
  if self.gone then return end
  push(self, packet, #packet)
  after_push(self)
end

--- Queues a packet (false: none) and the binary messages (strings) that belong to it, not interleaved.
function Session:send_parts(packet, parts)
  local ws = self.ws
  if ws then
    local queued = packet and ws_send(ws, 1, packet) or 0
    for i = 1, queued < 0 and 0 or #parts do queued = ws_send(ws, 2, parts[i]) end
    return queued
  end
  if self.gone then return end
  if packet then push(self, packet, #packet) end
  for i = 1, #parts do push(self, { data = parts[i] }, #parts[i] * 4 / 3 + 1) end
  after_push(self)
end

--- Like one of the two.
function Session:transmit(packet, parts)
  if parts then return self:send_parts(packet, parts) end
  return self:send(packet)
end

--- Sends an event (as send and send_parts do) if the client is ready for it: it has read everything before, or
--- its poll is pending.  Otherwise drops it.
function Session:send_volatile(packet, parts)
  local ws = self.ws
  if ws then
    if not packet then return ws_send(ws, BINARY_VOLATILE, parts[1]) end
    local queued = ws_send(ws, TEXT_VOLATILE, packet)
    if parts and queued > 0 then return self:send_parts(nil, parts) end
    return queued
  end
  if not self.poll or self.out and self.out.bytes > READY_BYTES then return end
  self:transmit(packet, parts)
end

-- Heartbeat ------------------------------------------------------------------------------------------

local function on_pong_overdue(self)
  if not self.paused then return self:fail "ping timeout" end
  timer.restart(self.timer) -- the pong may be behind data that we do not read now
end

local function on_ping_due(self)
  self.timer = start(self.conf.pong_s, on_pong_overdue, self)
  self:send "2"
end

local function on_pong(self)
  cancel(self.timer)
  self.asked = nil
  self.timer = start(self.conf.ping_s, on_ping_due, self)
end

--- Sends an extra ping, to be answered within `seconds`; one at a time.  In the third revision clients ping.
function Session:probe_life(seconds)
  if self.gone or self.v3 or self.asked then return end
  cancel(self.timer)
  self.asked, self.timer = true, start(seconds, on_pong_overdue, self)
  self:send "2"
end

-- Close ------------------------------------------------------------------------------------------------

local function remove(self)
  upgrade.drop(self)
  local rt = self.conf.rt
  if rt.sessions[self.id] ~= self then return end
  rt.sessions[self.id], self.out = nil, nil
  rt.count = rt.count - 1
end

-- From here on the session accepts no packets; notifies the namespaces once.
local function detach(self, reason)
  self.gone = reason
  cancel(self.timer)
  cancel(self.connect_timer)
  cancel(self.noop_timer)
  self.connect_timer, self.noop_timer, self.inbox, self.paused = nil, nil, nil, nil
  upgrade.give_up(self)
  on_closed(self, reason)
end

local function drop_ws(self, code)
  local ws = self.ws
  if not ws then return end
  self.ws = nil
  connections.unbind(ws)
  ws_close(ws, code or 0, "")
end

--- Ends the session at once: something is wrong with it, or its transport is dead.
function Session:fail(reason)
  if not self.gone then detach(self, reason) end
  drop_ws(self)
  if self.poll then
    push(self, "1", 1)
    flush(self)
  end
  if self.post then answer_post(self, 400, "") end
  cancel(self.timer)
  remove(self)
end

--- Ends the session gracefully: sends queued packets first, and the `1` in a separate poll,
--- since a client would act on it before other packets of the same poll.  ws_code: of the close frame (absent:
--- one without a status, as the reference server sends it).
function Session:close(reason, ws_code)
  if self.gone then return end
  detach(self, reason)
  if self.ws then
    drop_ws(self, ws_code)
    return remove(self)
  end
  if self.poll and not self.out then
    answer_poll(self, "1")
    return remove(self)
  end
  if self.poll then flush(self) end
  self.timer = start(CLOSE_GRACE_S, remove, self)
end

-- In ---------------------------------------------------------------------------------------------------

-- The client sent `1`.  The reference ignores it on a WebSocket and waits for the ping timeout.
local function on_client_close(self)
  detach(self, "transport close")
  drop_ws(self)
  if self.poll then answer_poll(self, "6") end
  remove(self)
end

-- Every packet except messages; 0, 5 and 6 have no meaning here and are ignored.
local function on_control(self, packet)
  local kind = byte(packet, 1)
  if kind == 50 and self.v3 then return self:on_ping(packet) end
  if kind == 51 then return on_pong(self) end
  if kind == 49 then return on_client_close(self) end
  if kind == 50 then return self:fail "transport error" end -- in v4 the server pings
  if not engine.is_packet(packet) then self:fail "parse error" end
end

local function on_polled(self, packet)
  if self.v3 then return v3.polled(self, packet) end
  if byte(packet, 1) == 52 then return on_text(self, packet) end
  local bytes = engine.binary(packet, host.unbase64)
  if bytes then return on_binary(self, bytes) end
  if bytes == nil then return self:fail "parse error" end
  on_control(self, packet)
end

local function take(self, data, is_text)
  if not is_text then return on_binary(self, data) end
  if byte(data, 1) == 52 then return on_text(self, data) end
  on_control(self, data)
end

-- connections: one WebSocket message.
function Session:on_message(data, is_text)
  return (self.inbox and flow.keep or take)(self, data, is_text)
end

-- 1002, 1007 and 1009: the client broke the protocol.
local function end_ws(self, code)
  self.ws = nil
  local broken = code == 1002 or code == 1007 or code == 1009
  detach(self, broken and "transport error" or "transport close")
  remove(self)
end

-- connections: no more input from the WebSocket; kept messages are handled before the close is reported.
function Session:on_close(code)
  if not self.inbox then return end_ws(self, code) end
  self.inbox.over = code
  return true
end

-- connections: the connection of the held poll, or of a pending post, is dead.
function Session:on_abort(req)
  if req == self.poll then self.poll = nil else self.post = nil end
  respond(req, 400, self.headers.none, "") -- nobody reads it, but a request must be ended
  self:fail "transport error"
end

-- Input was handled, or handling stopped: sends what is queued.
local function settle(self)
  if self.post and (self.gone or not self.body) then answer_post(self, 200, "ok") end
  if self.poll and self.out then flush(self) end
end

flow.attach(Session, take, on_polled, settle, end_ws)

-- Polling ----------------------------------------------------------------------------------------------

local function on_noop_due(self)
  self.noop_timer = nil
  if self.poll then answer_poll(self, "6") end
end

--- A GET with this session's id.  headers: the set made by sio/http for the client's origin.
function Session:get(req, headers)
  if self.poll then -- two polls at once
    respond(req, 400, headers.none, "")
    return self:fail "transport error"
  end
  self.poll, self.headers = req, headers
  connections.bind(req, self)
  if self.out then
    flush(self)
  elseif self.gone then
    answer_poll(self, "1")
    cancel(self.timer)
    remove(self)
  elseif self.probe and self.probe.asked then
    self:release_poll()
  end
end

--- A POST with this session's id.  as_bytes: its body is binary, which the third revision allows.
function Session:take_post(req, headers, body, as_bytes)
  if self.post then
    respond(req, 400, headers.none, "")
    return self:fail "transport error"
  end
  if self.gone then return respond(req, 200, headers.ok, "ok") end
  self.post, self.headers, self.body, self.pos = req, headers, body, 1
  if self.v3 then self.body = v3.split(body, as_bytes) end
  if not self.paused then return flow.pump(self) end
  connections.bind(req, self)
end

-- Upgrade ----------------------------------------------------------------------------------------------

--- Answers the held poll soon, so that the client can stop polling.  Not at once: for a client that sends
--- `2probe` and `5` together, its next poll must not be answered as if nothing had happened.
function Session:release_poll()
  if self.poll and not self.noop_timer then
    self.noop_timer = start(NOOP_DELAY_S, on_noop_due, self)
  end
end

local function flush_to_ws(self)
  local out, ws = self.out, self.ws
  if not out then return end
  self.out = nil
  for i = 1, out.n do
    local packet = out[i]
    if type(packet) == "table" then self:send_parts(nil, { packet.data }) else ws_send(ws, 1, packet) end
  end
end

-- The session was closed after the client had stopped polling.
local function end_on_ws(self)
  cancel(self.timer)
  drop_ws(self)
  remove(self)
end

--- Switches to a WebSocket.  A well-behaved client holds no poll at this moment; a poll that arrived during
--- the probe has lost the race and is answered like any later one.
function Session:switch(ws)
  cancel(self.noop_timer)
  self.noop_timer, self.ws = nil, ws
  connections.bind(ws, self)
  local req = self.poll
  if req then
    self.poll = nil
    connections.unbind(req)
    respond(req, 400, self.headers.json, MOVED)
  end
  flush_to_ws(self)
  if self.gone then return end_on_ws(self) end
  timer.restart(self.timer)
  on_switched(self)
end

-- Open -------------------------------------------------------------------------------------------------

local function on_connect_overdue(self)
  self.connect_timer = nil
  self:close "forced server close"
end

--- A new session.  conf: see sio.lua; hs: the packed facts of its first request; mt: M.V3, or nil.
function M.open(conf, hs, mt)
  local self = setmetatable({
    conf = conf, id = sio_id.session(), hs = hs, ws = nil, timer = nil, root = false, connect_timer = nil, socks = nil,
  }, mt or session_mt)
  local rt = conf.rt
  rt.sessions[self.id] = self
  rt.count = rt.count + 1
  if self.v3 then
    self.timer = start(conf.ping_s + conf.pong_s, on_pong_overdue, self) -- its client pings
  else
    self.timer = start(conf.ping_s, on_ping_due, self)
  end
  self.connect_timer = start(conf.connect_s, on_connect_overdue, self)
  return self
end

--- The metatable of sessions whose clients speak the third revision.
M.V3 = v3.class(Session)

--- Starts on polling: `req` is answered with the open packet.
function Session:open_polling(req, headers)
  self.poll, self.headers = req, headers
  answer_poll(self, '0{"sid":"' .. self.id .. self.conf.tail_polling)
  if self.v3 then on_open(self) end
end

--- Starts on a WebSocket.
function Session:open_ws(ws)
  self.ws = ws
  connections.bind(ws, self)
  ws_send(ws, 1, '0{"sid":"' .. self.id .. self.conf.tail_ws)
  if self.v3 then on_open(self) end
end

return M
