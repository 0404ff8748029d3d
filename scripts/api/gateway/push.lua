-- scripts/api/gateway/push.lua -- registers who is told by push what happens while nobody is connected
-- (gateway.push).

local s = require "human.schema"
local push = require "gateway.push"
local surface = require "api.gateway.surface"
local web = require "gateway.push.web"

local M = {}
if not surface.on then return M end

local g = surface.group "Push"
local token = s.string { min = 1, max = push.TOKEN_MAX }

g:rpc("push.register", {
  summary = "Be told of answers, approvals, jobs and errors while nobody is connected", roles = surface.OPERATOR,
  description = "The token is that of an app, for webhook the https address, for webpush the browser's subscription as "
    .. "JSON. Messages to a webhook are signed as standardwebhooks.com says, by the secret that is shown this once.",
  params = {
    provider = s.enum(push.PROVIDERS), token = token,
    secret = s.string { min = 24, max = 100, pattern = "^[!-~]+$", form = "a text without spaces" }:optional()
      :describe "of a webhook, where it is not to be made up",
  },
  result = { registered = s.bool, id = s.id, deliverable = s.bool, note = s.string:optional(),
             secret = s.string { secret = true }:optional() },
  errors = { "push_invalid", "too_many_registrations" },
}, function(ctx, p)
  local made, why, code = push.register(p.provider, p.token, p.secret, ctx.actor.device_id)
  if not made then ctx:fail(code, why and { message = why } or nil) end
  made.registered = true
  return made
end)

g:rpc("push.unregister", {
  summary = "Be told no longer", roles = surface.OPERATOR, params = { token = token },
  result = { unregistered = s.bool },
}, function(_, p) return { unregistered = push.unregister(p.token) } end)

g:rpc("push.list", {
  summary = "Who is told by push, and how that goes", roles = surface.OPERATOR,
  result = { registrations = s.array(s.object {
    { "id", s.id }, { "provider", s.string }, { "created_at", s.time }, { "sent_at", s.time:nullable() },
    { "failed_at", s.time:nullable() }, { "error", s.string:nullable() },
  }) },
}, function() return { registrations = push.list() } end)

g:rpc("push.key", {
  summary = "The key that a browser subscribes with (applicationServerKey)", roles = surface.OPERATOR,
  result = { publicKey = s.string },
}, function() return { publicKey = web.public_key() } end)

return M
