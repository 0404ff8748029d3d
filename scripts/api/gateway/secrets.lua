-- scripts/api/gateway/secrets.lua -- secrets.list, secrets.set and secrets.remove: a value can be written and not read.

local rpc = require "human.rpc"
local s = require "human.schema"
local secrets = require "gateway.secrets"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Secrets"
local name = s.string { min = 1, max = 200 }
local ERRORS = { "secret_not_found", "config_invalid", "config_unavailable" }
local Secret = s.object {
  { "name", s.string }, { "about", s.string }, { "kind", s.enum { "channel", "provider", "setting" } },
  { "used_by", s.string:describe "the channel, the provider, or the part of the server" }, { "is_set", s.bool },
  { "source", s.string:optional():describe "where the server has it from" },
  { "changed_at", s.time:optional():describe "if it was set or removed over this protocol" },
  { "changed_by", s.string:optional() },
  { "waits", s.bool:optional():describe "the change counts when the server starts again" },
}

g:event("config.changed", {
  summary = "Settings, or a secret, were changed over this protocol", payload = { hash = s.string },
})

g:rpc("secrets.list", {
  summary = "The secrets that the server may have, and whether each is set; never what it is", roles = surface.OPERATOR,
  result = { secrets = s.array(Secret) },
}, function() return { secrets = secrets.list() } end)

local function change(ctx, p, value)
  local done = secrets.change(p.name, value, ctx.actor.id)
  if not done then ctx:fail "secret_not_found" end
  rpc.to("/ws", "gateway"):event("config.changed", { hash = done.hash })
  return done
end

g:rpc("secrets.set", {
  summary = "Set a secret, for all workers at once", roles = surface.OPERATOR, errors = ERRORS, timeout_s = 60,
  params = { name = name, value = s.string { min = 1, max = 65536, secret = true } },
  result = { set = s.bool, restart_required = s.array(s.string) },
}, function(ctx, p)
  if p.value:find "[%z\r\n]" then ctx:fail("config_invalid", { message = "A secret is one line of text" }) end
  return { set = true, restart_required = change(ctx, p, p.value).restart_required }
end)

g:rpc("secrets.remove", {
  summary = "Remove a secret from the settings file", roles = surface.OPERATOR, errors = ERRORS, timeout_s = 60,
  params = { name = name }, result = { removed = s.bool, restart_required = s.array(s.string) },
}, function(ctx, p)
  return { removed = true, restart_required = change(ctx, p, nil).restart_required }
end)

return M
