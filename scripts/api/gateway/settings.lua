-- scripts/api/gateway/settings.lua -- config.get, config.schema and the ways to change settings.
-- config.set comes in three shapes, which different clients send: {raw = JSON text}, {key, value}, settings by name.

local json = require "human.json"
local rpc = require "human.rpc"
local s = require "human.schema"
local settings = require "gateway.settings"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Config"
local ERRORS = { "config_conflict", "config_invalid", "config_unavailable" }
local raw = s.string { max = 1000000 }
local hash = s.string { max = 200 }
local Proxy = s.object {
  { "enabled", s.bool }, { "deny_all", s.bool }, { "proxy_addr", s.string }, { "allowed_domains", s.array(s.string) },
}
local Security = s.object {
  { "autonomy_level", s.int }, { "sandbox", s.string },
  { "sandbox_config", s.object { { "enabled", s.bool }, { "backend", s.string }, { "net_proxy", Proxy } } },
}
local Saved = s.object {
  { "saved", s.bool }, { "hash", s.string:describe "of the settings file as it is now" },
  { "restart_required", s.array(s.string):describe "settings that count when the server starts again" },
}

g:rpc("config.get", {
  summary = "All settings; secrets are \"***\"", roles = surface.OPERATOR,
  result = s.object {
    { "exists", s.bool:describe "whether there is a settings file" }, { "hash", s.string }, { "config", s.json },
    { "raw", s.string:describe "the same as JSON text" }, { "workspace_dir", s.string },
    { "default_provider", s.string }, { "default_model", s.string },
    { "max_tokens", s.int }, { "security", Security }, { "gateway", s.object { { "require_pairing", s.bool } } },
  },
}, function() return settings.view() end)

g:rpc("config.schema", {
  summary = "What settings there are, as JSON Schema", roles = surface.OPERATOR, result = { schema = s.json },
}, function() return { schema = json.encode_sorted(settings.schema()) } end)

local function save(tree, p)
  local done = settings.set(tree, p.baseHash or p.base_hash)
  rpc.to("/ws", "gateway"):event("config.changed", { hash = done.hash })
  done.saved = true
  return done
end

local NOT_SETTINGS = { raw = true, key = true, value = true, baseHash = true, base_hash = true, note = true,
                       sessionKey = true, restartDelayMs = true }

-- The settings that config.set's params name, in any of its shapes.
local function tree_of(ctx, p)
  if p.raw and p.key then ctx:fail("config_invalid", { message = "raw and key do not go together" }) end
  if p.raw then return settings.parse(p.raw) end
  local tree = {}
  for name, v in pairs(p) do
    if not NOT_SETTINGS[name] then tree[name] = v end
  end
  if (p.key == nil) ~= (p.value == nil) then ctx:fail("config_invalid", { message = "key goes with value" }) end
  if p.key then tree[p.key] = (json.decode(p.value)) end
  return tree
end

g:rpc("config.set", {
  summary = "Change settings; what is not named, or is \"***\", stays", roles = surface.OPERATOR, errors = ERRORS,
  description = "{raw}: JSON text with a tree of settings; {key, value}: one of them; else settings by their names. "
    .. "null unsets one. baseHash: refused when the file has another hash by now.",
  params = s.object({
    { "raw", raw:optional() }, { "key", hash:optional() }, { "value", s.json { max = 1000000 }:optional() },
    { "baseHash", hash:optional() }, { "base_hash", hash:optional() },
  }, { extra = "keep" }),
  result = Saved, timeout_s = 60,
}, function(ctx, p) return save(tree_of(ctx, p), p) end)

local WHOLE = { raw = raw, baseHash = hash:optional(), base_hash = hash:optional() }

g:rpc("config.apply", {
  summary = "Change settings by a JSON text, and apply them", roles = surface.OPERATOR, errors = ERRORS, params = WHOLE,
  timeout_s = 60,
  result = s.object { { "applied", s.bool }, { "saved", s.bool }, { "hash", s.string },
                      { "restart_required", s.array(s.string) } },
}, function(_, p)
  local done = save(settings.parse(p.raw), p)
  done.applied = true
  return done
end)

g:rpc("config.patch", {
  summary = "The same as config.set with raw, as clients of the ancestor call it", roles = surface.OPERATOR,
  errors = ERRORS, params = WHOLE, result = Saved, timeout_s = 60,
}, function(_, p) return save(settings.parse(p.raw), p) end)

return M
