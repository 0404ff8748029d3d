-- scripts/api/gateway/v1.lua -- /v1: OpenAI's API in front of the agent, its sessions and the configured models.
-- Clients built for OpenAI find the shapes, statuses, error objects and headers that they rely on; what cannot be
-- honoured is refused by its name (gateway.v1.input).

local api = require "human.api"
local config = require "human.config"
local s = require "human.schema"
local task = require "human.task"
local devices = require "gateway.devices"
local input = require "gateway.v1.input"
local models = require "gateway.v1.models"
local output = { chat = require "gateway.v1.chat", response = require "gateway.v1.responses" }
local pass = require "gateway.v1.pass"
local runs = require "gateway.v1.runs"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local BODY_BYTES = 8000000                       -- limit: body of a request to /v1
local PER_S, BURST = 20, 100                     -- limit: requests to /v1
local TYPES = { [429] = "requests", insufficient_quota = "insufficient_quota" }
local NAMES = { unauthorized = "invalid_api_key", invalid_token = "invalid_api_key", not_found = "unknown_url",
                rate_limited = "rate_limit_exceeded", validation_error = "invalid_value" }

local function type_of(e)
  return TYPES[e.code] or TYPES[e.status] or e.status >= 500 and "server_error" or "invalid_request_error"
end

api.shape("openai", {
  title = "OpenAIError", paths = { "/v1" },
  fields = { { "error", s.object {
    { "message", s.string }, { "type", s.string }, { "param", s.string:nullable() },
    { "code", s.string:describe "Stable name of the error" },
  } } },
  body = function(e)
    return { error = { message = e.message, type = type_of(e), param = e.data.param, code = NAMES[e.code] or e.code } }
  end,
})

-- The SDKs do not work without a key: whoever needs none may send any.
local function check(ctx, token)
  local actor, code = nil, "unauthorized"
  if token then actor, code = devices.check(token) end
  if actor then return actor end
  local here = devices.without_token(ctx)
  if here.role then return here end
  return nil, code
end

api.auth("gateway_operator", {
  type = "http", scheme = "bearer", optional = true, ambient = true, errors = { "invalid_token", "forbidden" },
  description = "gateway.auth_token, or the token of a device that was paired as operator. While the gateway has "
    .. "neither a token nor asks for pairing, clients of the server's own machine do without.",
}, function(ctx, token)
  local actor, code = check(ctx, token)
  if actor and actor.role ~= "operator" then return nil, "forbidden" end
  return actor, code
end)

local g = api.group {
  tag = "OpenAI", base = "/v1", auth = "gateway_operator", shape = "openai", limit = { PER_S, BURST },
  cors = table.concat(config.gateway.cors_origins, ","),
}

local Model = s.object {
  { "id", s.string }, { "object", s.const "model" }, { "created", s.int }, { "owned_by", s.string },
}

-- When a model was made is not known here.
local function shown(model) return { id = model.id, object = "model", created = 0, owned_by = model.owned_by } end

g:get("/models", {
  summary = "The agent, and the models of the configured providers",
  reply = { [200] = s.object { { "object", s.const "list" }, { "data", s.array(Model) } } },
}, function()
  local list = models.list()
  for i, model in ipairs(list) do list[i] = shown(model) end
  return 200, { object = "list", data = list }
end)

-- Clients write the slash of "provider/model" as it is, or as %2F, as the SDKs do.
g:get("/models/{model}", {
  summary = "One of them", params = { model = s.string { max = 400 } }, reply = { [200] = Model },
  errors = { "model_not_found" },
}, function(ctx) return 200, shown(models.get(ctx.params.model)) end)

g:get("/models/{provider}/{name}", {
  summary = "One of them, of a provider", reply = { [200] = Model }, errors = { "model_not_found" },
  params = { provider = s.string { max = 100 }, name = s.string { max = 300 } },
}, function(ctx) return 200, shown(models.get(ctx.params.provider .. "/" .. ctx.params.name)) end)

-- ---- answering -----------------------------------------------------------------------------------------------

local function headers_of(ctx, began)
  local rate = ctx:rate_left()
  return { ["x-ratelimit-limit-requests"] = ("%d"):format(rate.limit),
           ["x-ratelimit-remaining-requests"] = ("%d"):format(math.floor(rate.left)),
           ["x-ratelimit-reset-requests"] = ("%.3fs"):format(rate.full_s),
           ["openai-processing-ms"] = ("%.0f"):format((task.clock() - began) * 1000), ["openai-version"] = "2020-10-01",
           ["cache-control"] = "no-store" }
end

local function ask(ctx, req, raw, hear)
  local target = models.find(req.model)
  local result
  if target.model then
    result = pass.run(req, target.model, hear)
  else
    result = runs.run(req, target, { actor = ctx.actor, once = ctx.headers["idempotency-key"], raw = raw }, hear)
  end
  if req.one_call then result.tool_calls = { result.tool_calls[1] } end
  return result
end

-- A stream begins with the first piece, so that what is refused before has its status; or when it takes long.
local function stream(ctx, req, raw, api_of, began)
  local out, chunks
  local function begin()
    if out then return end
    local headers = headers_of(ctx, began)
    headers["cache-control"] = nil
    out = ctx:stream(headers)
    chunks = api_of.chunks(req, function(name, text) out:event(name, text) end)
    chunks:begin()
  end
  local result = ask(ctx, req, raw, { waiting = begin, text = function(delta)
    begin()
    chunks:text(delta)
  end })
  begin()
  chunks:finish(result)
end

local ERRORS = {
  "invalid_value", "unsupported_parameter", "model_not_found", "model_busy", "model_refused", "model_bad_request",
  "model_failed", "context_length_exceeded", "content_blocked", "insufficient_quota", "answer_interrupted",
  "request_canceled", "deadline_exceeded", "too_many_waiting", "too_many_sessions", "message_too_long", "bad_key",
  "idempotency_key_reused",
}

-- gateway.v1.runs finds the run of a key, also where an answer has begun to stream.
local KEY = { ["Idempotency-Key"] = s.string { max = 255 }:optional()
  :describe "the same request to the agent with the same key within a day gets the answer of the first" }

local function post(path, summary, kind)
  g:post(path, {
    summary = summary, headers = KEY, body = s.raw("application/json", { max = BODY_BYTES }),
    reply = { [200] = s.json },
    errors = ERRORS, abort = true, idempotent = false, timeout_s = config.gateway.v1_timeout_ms / 1000,
  }, function(ctx, raw)
    local began, req = task.clock(), input[kind](raw)
    if req.stream then return stream(ctx, req, raw, output[kind], began) end
    local text = output[kind].document(req, ask(ctx, req, raw))
    return 200, text, headers_of(ctx, began)
  end)
end

post("/chat/completions", "Have a chat answered", "chat")
post("/responses", "Have items answered; nothing is stored", "response")

return M
