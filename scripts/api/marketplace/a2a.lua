-- scripts/api/marketplace/a2a.lua -- A2A: the cards of the platform and of its agents, and the endpoints behind them.

local api = require "human.api"
local config = require "human.config"
local document = require "human.document"
local s = require "human.schema"
local a2a = require "marketplace.a2a"
local cards = require "marketplace.a2a_cards"
require "api.marketplace.auth"

local M = {}
local open = api.group { tag = "A2A", base = "", auth = false, cors = "*" }
local g = api.group { tag = "A2A", base = "", auth = "market_key" }

local MIME = "application/json"

local strings = s.array(s.string)
local Interface = s.object { { "url", s.string }, { "protocolBinding", s.string }, { "protocolVersion", s.string } }
local Skill = s.object {
  { "id", s.string }, { "name", s.string }, { "description", s.string }, { "tags", strings },
  { "inputModes", strings:optional() }, { "outputModes", strings:optional() },
}
local Card = s.object {
  { "name", s.string }, { "description", s.string }, { "version", s.string },
  { "supportedInterfaces", s.array(Interface) }, { "capabilities", s.json }, { "securitySchemes", s.json },
  { "securityRequirements", s.json }, { "defaultInputModes", strings }, { "defaultOutputModes", strings },
  { "skills", s.array(Skill) },
}
local CARD = { [200] = s.raw(MIME):shown(Card), [304] = false }

-- The address that the client knows us by.
local function base(ctx)
  local scheme = (config.tls.certificate ~= "" or config.tls.directory ~= "") and "https" or "http"
  return ctx:base() or ("%s://%s"):format(scheme, ctx:header "host" or "localhost")
end

open:get("/.well-known/agent-card.json", {
  summary = "The A2A agent card of the marketplace", reply = CARD,
}, function(ctx) return document.answer(ctx, cards.platform(base(ctx))) end)

for _, path in ipairs { "/agents/{id}/agent-card.json", "/agents/{id}/.well-known/agent-card.json" } do
  open:get(path, {
    summary = "The A2A agent card of an agent: what it sells", params = { id = s.uuid }, reply = CARD,
    errors = { "not_found" },
  }, function(ctx) return document.answer(ctx, cards.agent(ctx.params.id, base(ctx))) end)
end

local RpcError = s.object { { "code", s.int }, { "message", s.string }, { "data", s.json:optional() } }
local Rpc = s.object { { "jsonrpc", s.const "2.0" }, { "id", s.json:nullable() }, { "result", s.json:optional() },
                       { "error", RpcError:optional() } }
-- What is no call of JSON-RPC is answered by an error of JSON-RPC, with 200: so anything may come.
local Ask = s.json

local function answer(ctx, text)
  local caller = { ctx = ctx, token = ctx:header "x-api-key", actor = ctx.actor, agent_id = ctx.params.id }
  local body = a2a.answer(caller, text)
  if body then return 200, body end
end

local function endpoint(path, summary, params)
  g:post(path, {
    summary = summary,
    description = "JSON-RPC of A2A 1.0: SendMessage, SendStreamingMessage, GetTask, ListTasks, CancelTask and "
      .. "SubscribeToTask. A transaction is a task.",
    idempotent = false, timeout_s = 60, params = params, query = { ["A2A-Version"] = s.string:optional() },
    body = { [MIME] = s.raw(MIME, { max = 1048576 }):shown(Ask) }, reply = { [200] = s.raw(MIME):shown(Rpc) },
    events = "Answers of JSON-RPC: the task or a message, then updates of the task", errors = { "not_found" },
  }, answer)
end

endpoint("/a2a", "A2A: what the marketplace does")
endpoint("/agents/{id}/a2a", "A2A: buy what an agent sells, and follow the work", { id = s.uuid })

return M
