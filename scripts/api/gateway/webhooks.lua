-- scripts/api/gateway/webhooks.lua -- POST /webhook/<channel>, and the two older paths: what chat vendors send.
-- gateway.channel.hook decides which requests to accept; a vendor is answered when its message is in the database.

local api = require "human.api"
local s = require "human.schema"
local channel = require "gateway.channel"
local errors = require "api.gateway.errors"
local hook = require "gateway.channel.hook"
local requests = require "gateway.channel.requests"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local OLDER = { ["/telegram"] = "telegram", ["/slack/events"] = "slack" }
local WORDS = { payload_too_large = "body too large" }

api.shape("webhook", {
  title = "WebhookError", paths = { "/webhook", "/telegram", "/slack/events" },
  fields = { { "error", s.string:describe "What is wrong, in a few words" }, { "message", s.string } },
  body = function(e) return { error = WORDS[e.code] or e.code:gsub("_", " "), message = e.message } end,
})

local g = api.group { tag = "Webhooks", auth = false, shape = "webhook", cors = false }
local name = s.string { max = 64 }

-- The error that a refusal is answered with, and its fields.
local function error_of(code, why, unset, is_get)
  if code == "full" then return "webhooks_full", { retry_after_s = 10 } end
  if code == "invalid" then return "invalid_body", {} end
  local message = hook.WHY[why] or why
  if unset then message = "this channel is not configured: docs/channels.md" end
  if is_get then return "invalid_challenge", { message = "The challenge was refused: " .. message } end
  return "invalid_signature", { message = "The webhook was refused: " .. message }
end

local function receive(ctx, c, body)
  local request = hook.request(ctx, c, body)
  local answer, code, why, unset = hook.receive(c, request)
  if answer then
    requests.keep(c, request, answer)
    return answer.status, answer.body, { ["Content-Type"] = answer.type }
  end
  local err, fields = error_of(code, why, unset, body == nil)
  requests.keep(c, request, { status = errors[err].status, body = fields.message })
  ctx:fail(err, fields)
end

local function named(ctx, wanted) return channel.get(wanted) or ctx:fail "not_found" end

local REPLY = { [200] = s.raw "*/*", [204] = false }
local ERRORS = { "invalid_signature", "invalid_body", "webhooks_full", "not_found", "payload_too_large" }

local function post(path, summary, params, fn)
  g:post(path, { summary = summary, params = params, query = M.query, idempotent = false,
                 body = s.raw("*/*", { max = hook.BODY_MAX }), reply = REPLY, errors = ERRORS }, fn)
end

M.query = s.object({}, { extra = "keep" })

post("/webhook/{channel}", "What the vendor of a channel sends", { channel = name }, function(ctx, body)
  return receive(ctx, named(ctx, ctx.params.channel), body)
end)

for path, channel_name in pairs(OLDER) do
  post(path, "The same, by an older path", nil, function(ctx, body)
    return receive(ctx, named(ctx, channel_name), body)
  end)
end

g:get("/webhook/{channel}", {
  summary = "The challenge of a vendor that asks with GET", params = { channel = name }, query = M.query, reply = REPLY,
  errors = { "method_not_allowed", "invalid_challenge", unpack(ERRORS) },
}, function(ctx)
  local c = named(ctx, ctx.params.channel)
  if not c.get then ctx:fail("method_not_allowed", { headers = { allow = "POST" } }) end
  return receive(ctx, c)
end)

return M
