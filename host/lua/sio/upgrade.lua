-- host/lua/sio/upgrade.lua -- upgrades a polling session to a WebSocket.
-- The WebSocket becomes the session's transport when it sends `2probe`, receives `3probe` and sends `5`; anything
-- else, a close or a timeout drops it, and polling continues unaffected.  A client that has received `3probe` stops
-- polling, and would never begin again: from then on, a session that closes says so on the WebSocket.

local host = require "human.core.host"
local timer = require "human.core.timer"
local connections = require "human.http.connections"

local M = {}
local Probe = {}
Probe.__index = Probe

--- Ends a session's probe, if there is one.
function M.drop(session)
  local probe = session.probe
  if not probe then return end
  session.probe = nil
  timer.cancel(probe.timer)
  connections.unbind(probe.ws)
  host.ws_close(probe.ws, 0, "")
end

--- The session closes: ends the probe, unless its client may have stopped polling.
function M.give_up(session)
  if session.probe and not session.probe.asked then M.drop(session) end
end

--- A WebSocket was opened with this session's id.  One at a time, and never a second transport.
function M.begin(session, ws)
  if session.gone or session.ws or session.probe then return host.ws_close(ws, 0, "") end
  local probe = setmetatable({ session = session, ws = ws, asked = false }, Probe)
  probe.timer = timer.start(session.conf.upgrade_s, M.drop, session)
  session.probe = probe
  connections.bind(ws, probe)
end

function Probe:on_message(data, is_text)
  local session = self.session
  if is_text and data == "2probe" then
    self.asked = true
    host.ws_send(self.ws, 1, "3probe")
    session:release_poll()
  elseif is_text and data == "5" then
    timer.cancel(self.timer)
    session.probe = nil
    session:switch(self.ws)
  else
    M.drop(session)
  end
end

function Probe:on_close()
  timer.cancel(self.timer)
  self.session.probe = nil
end

return M
