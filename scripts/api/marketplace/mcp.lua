-- scripts/api/marketplace/mcp.lua -- POST /mcp-gateway, and /mcp, which is the same: the marketplace's tools over MCP.

local api = require "human.api"
local json = require "human.json"
local s = require "human.schema"
local actors = require "marketplace.actors"
local content = require "marketplace.mcp_content"
local keys = require "marketplace.subscriptions_keys"
local mcp = require "marketplace.mcp"
require "api.marketplace.auth"

local M = {}
local g = api.group { tag = "Tools", base = "", auth = { "market_mcp", "market_tool_key" } }

local function holder(key)
  if key:sub(1, #keys.PREFIX) == keys.PREFIX and #key > #keys.PREFIX + 30 then return keys.check(key) end
  return actors.check(key)
end

api.auth("market_mcp", {
  type = "http", scheme = "bearer", errors = { "actor_banned" },
  description = "The key of an actor or of a subscription, as X-API-Key has it.",
}, function(_, key) return holder(key) end)

local Tool = s.object {
  { "name", s.string }, { "title", s.string:optional() }, { "description", s.string }, { "inputSchema", s.json },
  { "annotations", s.json:optional() },
}
local List = s.object { { "tools", s.array(Tool) }, { "nextCursor", s.string:optional() } }
local RpcError = s.object { { "code", s.int }, { "message", s.string }, { "data", s.json:optional() } }
local Rpc = s.object { { "jsonrpc", s.const "2.0" }, { "id", s.json }, { "result", s.json:optional() },
                       { "error", RpcError:optional() } }

-- Refusals of JSON-RPC messages, and of other requests.
local Refusal = s.one_of { Rpc, s.object {
  { "error", s.string }, { "code", s.string }, { "details", s.json:optional() },
} }

local Ask = s.object {
  { "jsonrpc", s.const "2.0":optional():describe "Without it the answer is a bare result" },
  { "id", s.json:optional() }, { "method", s.string { max = 200 } }, { "params", s.json:optional() },
}

local MIME = "application/json"
local Text = s.raw(MIME, { max = 1048576 })
local Refused = s.raw(MIME):shown(Refusal)
local Answer = s.raw(MIME):shown(s.one_of { List, content.shape, Rpc })

local function token_of(ctx)
  local bearer = ctx:header "authorization"
  return bearer and bearer:match "^%a+ +(%S+)$" or ctx:header "x-api-key"
end

local function sent(caller, answer)
  if caller.out then
    if answer.body and not caller.listens then caller.out:event("message", json.encode(answer.body)) end
    return
  end
  return answer.status, answer.body and json.encode(answer.body), answer.headers
end

local function answer(ctx, text)
  if not ctx:is_from_own_page() then ctx:fail("forbidden", { message = "Origin is not allowed" }) end
  local caller = { ctx = ctx, token = token_of(ctx) }
  local value, why = json.decode(text)
  if why then return sent(caller, mcp.parse_error()) end
  if mcp.is_bare(value) then return 200, json.encode(mcp.bare(caller, value)) end
  return sent(caller, mcp.answer(caller, value))
end

for _, path in ipairs { "/mcp-gateway", "/mcp" } do
  g:post(path, {
    summary = "Model Context Protocol: list and call tools",
    description = "Takes JSON-RPC of the revisions 2026-07-28, 2025-11-25, 2025-06-18 and 2025-03-26, and the same "
      .. "without `jsonrpc`, which is answered with the bare result.",
    idempotent = false, timeout_s = 95, abort = true, body = { [MIME] = Text:shown(Ask) },
    reply = { [200] = Answer, [202] = false, [400] = Refused, [404] = Refused },
    events = "Where progress is asked for: its notifications, then the answer",
    errors = { "validation_error", "forbidden", "unknown_method", "tool_not_found" },
  }, answer)
end

return M
