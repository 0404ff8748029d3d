-- scripts/api/gateway/post.lua -- POST /rpc: one call of the control protocol as a request, for commands and scripts
-- that want one answer and no connection. The same clients may call the same methods as on the socket.

local rpc = require "human.rpc"
local s = require "human.schema"
local hello = require "gateway.hello"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Gateway"
local LIMIT = { rate = 60, burst = 120, per = "address" }
local WAIT_S = 120                               -- longer than any method may take

g:post("/rpc", {
  summary = "One call of the control protocol", idempotent = false, timeout_s = WAIT_S, limit = LIMIT,
  description = "The body is a message as on /ws, {\"method\": .., \"params\": ..} or JSON-RPC 2.0, and the answer is "
    .. "what would come there. The status is 200 also for refusals of the method; `ok` or `error` tells.",
  body = s.raw("application/json", { max = hello.MESSAGE_MAX }), reply = { [200] = s.raw "application/json" },
}, function(ctx, text) return 200, rpc.answer("/ws", ctx, text), { ["Cache-Control"] = "no-store" } end)

return M
