-- host/lua/http/rpc_post.lua -- a call of an RPC socket's method that comes as an HTTP request.
-- For commands and scripts, which want one answer and no connection.  The call lives as any other (rpc_call.lua); the
-- connection that it sees is made for it alone, is in no room, and hears nothing.

local blame = require "human.core.blame"
local gen = require "human.scripts.generation"
local rpc_call = require "human.http.rpc_call"
local rpc_conn = require "human.http.rpc_conn"
local rpc_frame = require "human.http.rpc_frame"
local sched = require "human.core.sched"

local M = {}
local Conn = {}
local conn_mt = { __index = Conn }

local function nobody() return nil, "gone" end

for _, name in ipairs { "send", "send_binary", "event", "notify", "join" } do Conn[name] = nobody end
for _, name in ipairs { "leave", "close", "revoke" } do Conn[name] = function() end end
Conn.methods, Conn.events, Conn.cancel = rpc_conn.methods, rpc_conn.events, rpc_conn.cancel

function Conn:after(fn, ...)
  local call = sched.current().call
  if call and call.conn == self and not call.ended then return call.ctx:after(fn, ...) end
end

local function new_conn(ctx, path)
  local is_local, why_foreign = ctx:is_local()
  return setmetatable({
    is_local = is_local, why_foreign = why_foreign,
    id = ctx.id, ip = ctx.ip, actor = ctx.actor, path = path, query = {}, rooms = {}, data = {},
    rpc = { dialect = "gateway", seq = 0, calls = {}, n = 0, count = 0 },
  }, conn_mt)
end

-- A call ends by its "batch"; this one has one call, and a request that waits for it.
local Answer = {}
local answer_mt = { __index = Answer }

function Answer:ended(_, frame)
  self.frame = frame
  sched.wake(self.task)
end

local function wait_for(conn, socket, call)
  local answer = setmetatable({ task = sched.current() }, answer_mt)
  call.batch = answer
  rpc_call.start(conn, socket, call)
  while not answer.frame do sched.suspend() end
  return answer.frame
end

local function read(text, socket)
  local call, batch = rpc_frame.read(text, socket)
  if batch then return { kind = "invalid", dialect = "jsonrpc", why = "a request is one call" } end
  if call.kind == "answer" then return { kind = "invalid", dialect = "jsonrpc", why = "this is an answer" } end
  return call
end

--- Carries out the call in `text`, as the caller of the request `ctx`: the frame that answers it.  Awaits.
function M.answer(path, ctx, text)
  local route = gen.current().websockets[path]
  local socket = route and route.rpc
  if not socket then blame.refuse("rpc.answer: no RPC socket is declared at '" .. tostring(path) .. "'") end
  local call = read(text, socket)
  call.dialect = call.dialect or socket.dialect
  if call.kind == "invalid" or call.kind == "unreadable" then
    return rpc_frame.failure(call, rpc_frame.refusal(call, socket.errors))
  end
  return wait_for(new_conn(ctx, path), socket, call)
end

return M
