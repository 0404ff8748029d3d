-- spec/e2e/scripts/rpc/api/control/socket.lua -- a control protocol at /control/ws in both dialects, with the gateway's greeting and its sign-in.

local api = require "human.api"
local json = require "human.json"
local s = require "human.schema"

local M = {}
local TOKENS = { open = { id = "u1", role = "operator" }, look = { id = "u2", roles = { "viewer" } } }

api.auth("control", { type = "http", scheme = "bearer", optional = true }, function(_, token)
  if not token then return { id = "guest" } end
  return TOKENS[token]
end)

local function hello(conn)
  return { type = "hello-ok", protocol = 4, server = { version = "0" }, features = { methods = conn:methods() } }
end

local g = api.group { tag = "Control", auth = "control" }

g:rpc_socket("/control/ws", {
  summary = "The control protocol", dialects = { "gateway", "jsonrpc" }, roles = { "operator" }, extra = "drop",
  max_message = 65536, in_flight = 8, calls = { rate = 200, burst = 400 },
  on_open = function(conn) conn:send(json.encode_sorted(hello(conn))) end,
  adapt = function(frame)
    return frame.action and { id = frame.id, method = frame.action, params = { name = frame.name } } or nil
  end,
})

g:rpc("connect", {
  summary = "Say who you are", roles = false,
  params = { auth = s.object({ token = s.string:optional() }, { extra = "drop" }):optional() },
  result = s.object { { "type", s.string }, { "protocol", s.int }, { "role", s.string:optional() } },
}, function(ctx, params)
  local token = params.auth and params.auth.token
  if token then ctx:sign_in("control", token) end
  if ctx.actor.role then ctx.conn:join "operators" end
  return { type = "hello-ok", protocol = 4, role = ctx.actor.role }
end)

g:rpc("health", { summary = "Is it well?", roles = false, result = { status = s.string } }, function()
  return { status = "ok" }
end)

return M
