-- spec/support/sio_world.lua -- a Socket.IO server over the fake host, and clients in a few calls.
--
--   local w = sio_world.start [[ io:namespace("/", {…}) ]]   -- the rest of an api script
--   local c = w:ws()                      -- a WebSocket client that is connected to "/"
--   c:say '42["message","hi"]'; c:texts() -- frames since the last call

local fake_host = require "fake_host"

local M = {}
local World, Client = {}, {}
World.__index, Client.__index = World, Client
local BASE = "/socket.io/?EIO=4&transport="

--- options: text of the options of sio.server; conf: settings.  seen, in the script, is w.seen.
function M.start(script, options, conf)
  math.randomseed(7)
  local app = fake_host.start { conf = conf }
  local w = setmetatable({ app = app, seen = {} }, World)
  package.loaded["human.task"] = { seen = w.seen, sleep = function(s) require("human.core.sched").sleep(s) end }
  w:load(script, options)
  return w
end

--- Installs (another) generation of the script.
function World:load(script, options)
  self.app:load { ["api/io.lua"] = ([[
    local sio = require "human.sio"
    local task = require "human.task"
    local seen = task.seen
    local io = sio.server { %s }
    seen.io = io
    %s
    return {}]]):format(options or "", script) }
end

function World:stop() self.app:stop() end
function World:advance(seconds) self.app:advance(seconds) end

--- A request below /socket.io/: method, query behind the transport's name.  Returns its id.
function World:send(method, query, body, headers)
  return self.app:send { method = method, path = BASE .. query, body = body, headers = headers }
end

function World:answer(id) return self.app:answer(id) end

--- The same, and its answer (nil: it is held).
function World:http(method, query, body, headers)
  return self:answer(self:send(method, query, body, headers))
end

--- A polling session; returns its id and the open packet's text.
function World:open(query)
  local body = self:http("GET", "polling" .. (query or "")).body
  return body:match '"sid":"([^"]+)"', body
end

--- A polling session that is connected to "/".
function World:poller()
  local sid = self:open()
  self:http("POST", "polling&sid=" .. sid, "40")
  self:http("GET", "polling&sid=" .. sid)
  return sid
end

local function new_client(w, answer)
  return setmetatable({ w = w, id = answer.ws, read = 0 }, Client)
end

--- A WebSocket with this query; nil and the answer when it was refused.
function World:raw(query)
  local id = self.app:send { path = BASE .. query, websocket = true }
  local answer = self:answer(id)
  if answer.status ~= 101 then return nil, answer end
  return new_client(self, answer)
end

--- A WebSocket client, connected to "/" unless connect is false.
function World:ws(connect)
  local c = self:raw "websocket"
  c.open = c:texts()[1]
  if connect ~= false then
    c:say "40"
    c.sid = c:texts()[1]:match '"sid":"([^"]+)"'
  end
  return c
end

function Client:say(text) self.w.app:ws_message(self.id, text) end

function Client:say_binary(bytes)
  self.w.app:push(fake_host.EV.WS_MSG, 2, self.id, 0, bytes)
  self.w.app:settle()
end

--- What came since the last call; a binary frame as {bytes}.
function Client:texts()
  local all, out = self.w.app.sockets[self.id].sent, {}
  for i = self.read + 1, #all do
    out[#out + 1] = all[i].opcode == 1 and all[i].data or { all[i].data }
  end
  self.read = #all
  return out
end

--- The close code that the server sent (0: none), or nil while it is open.
function Client:closed()
  local closed = self.w.app.sockets[self.id].closed
  return closed and closed.code
end

--- Whether the server reads from it.
function Client:reading() return self.w.app.sockets[self.id].reading end

--- The connection breaks.
function Client:cut(code) self.w.app:ws_closed(self.id, code or 1006) end

return M
