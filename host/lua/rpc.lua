-- host/lua/rpc.lua -- events for all connections of an RPC socket that are in a room.
-- A connection joins a room with ctx.conn:join(name).  Each connection gets events in its own dialect; they have no
-- number, since one text goes to all.

local rpc_conn = require "human.http.rpc_conn"
local rpc_post = require "human.http.rpc_post"
local ws = require "human.ws"

local M = {}
local Room = {}
local room_mt = { __index = Room }

--- `room` of the RPC socket at `path`: rpc.to("/ws", "operators"):event("tick", { ts = 5 }).
function M.to(path, room) return setmetatable({ path = path, room = room }, room_mt) end

--- Carries out one call that came as an HTTP request: `text` is a message of either dialect, `path` the RPC socket's.
--- Returns the answer as text.  ctx.conn of such a call is in no room and hears nothing.  Awaits.
function M.answer(path, ctx, text) return rpc_post.answer(path, ctx, text) end

--- Sends an event that g:event declares to all in the room, on all workers of all hosts.
function Room:event(name, payload)
  for prefix, text in pairs(rpc_conn.to_room(self.path, name, payload)) do
    ws.to(self.path, prefix .. self.room):send(text)
  end
end

--- Sends a second answer to the call `id` of `method`, to clients in the room that wait for it: some protocols answer
--- "accepted" first, and the result later.  In the gateway's dialect only, since JSON-RPC has only one answer.
function Room:answer(method, id, result)
  local prefix, text = rpc_conn.answer_to_room(self.path, method, id, result)
  ws.to(self.path, prefix .. self.room):send(text)
end

return M
