-- host/lua/sio/flow.lua -- back-pressure of a session: packets wait here while its handlers are busy.
-- A pause stops reading from the WebSocket; messages already read go to `inbox`.  The remaining packets of a
-- POST stay in `body`, from `pos` on, and it is answered after the last.  One POST may hold packets by the
-- hundred thousand: other clients get their turn in between.

local host = require "human.core.host"
local next_packet = require("socketio.engine").next_packet
local timer = require "human.core.timer"
local connections = require "human.http.connections"

local M = {}
local INBOX_SLACK = 262144     -- bytes already read when we request a pause, besides one message
local SLICE_S, LOOK = 0.01, 64 -- of one client's turn; packets between two looks at the clock
local take, take_polled, settle, end_ws

--- Keeps a message that was read before the pause took effect.
function M.keep(session, data, is_text)
  local inbox = session.inbox
  if inbox.bytes + #data > session.conf.max_payload + INBOX_SLACK then
    return session:fail "transport error"
  end
  inbox.n, inbox.bytes = inbox.n + 1, inbox.bytes + #data
  inbox[inbox.n] = is_text and data or { data }
end

local function next_kept(session)
  local inbox = session.inbox
  local item = inbox[inbox.head]
  if item then
    inbox[inbox.head], inbox.head = nil, inbox.head + 1
    if type(item) == "table" then return take(session, item[1], false) end
    return take(session, item, true)
  end
  local ws = session.ws
  session.inbox = nil
  if not inbox.over then return ws and host.read(ws, true) end
  end_ws(session, inbox.over)
  host.ws_close(ws, 0, "")
end

-- The next packet of a body in the text of the fourth revision, or of an array of packets (sio/v3).
local function next_of(body, pos)
  if type(body) == "string" then return next_packet(body, pos) end
  return body[pos], body[pos + 1] ~= nil and pos + 1 or nil
end

local function rest(session)
  session:pause()
  timer.start(0, session.resume, session)
end

--- Handles input until there is no more, pause() is called, or it is the turn of others.
function M.pump(session)
  local ends_at, n = host.clock() + SLICE_S, 0
  session.corked = true
  while not session.paused and not session.gone do
    if session.inbox then
      next_kept(session)
    elseif session.body then
      local packet
      packet, session.pos = next_of(session.body, session.pos)
      if not session.pos then session.body = nil end
      take_polled(session, packet)
    else
      break
    end
    n = n + 1
    if n % LOOK == 0 and host.clock() >= ends_at then rest(session) end
  end
  session.corked = nil
  settle(session)
end

-- No packet is handled until resume() has been called as often.
local function pause(session)
  if session.gone then return end
  session.paused = (session.paused or 0) + 1
  if session.ws and not session.inbox then
    session.inbox = { head = 1, n = 0, bytes = 0 }
    host.read(session.ws, false)
  elseif session.post then
    connections.bind(session.post, session)
  end
end

local function resume(session)
  if session.gone then return settle(session) end
  if not session.paused then return end
  session.paused = session.paused > 1 and session.paused - 1 or nil
  if not session.paused then M.pump(session) end
end

--- Gives sessions their methods pause and resume.  message(session, data, is_text) and polled(session,
--- packet) take one packet; settled(session) is called after the last; ended(session, code) after kept messages if
--- the client has closed its WebSocket.
function M.attach(Session, message, polled, settled, ended)
  Session.pause, Session.resume = pause, resume
  take, take_polled, settle, end_ws = message, polled, settled, ended
end

return M
