-- scripts/api/gateway/pairing.lua -- pairing a device with the code that the server's terminal shows, and the list of
-- paired devices. POST /pair is for clients that cannot sign in yet; /api/pair is the same under its older name.

local config = require "human.config"
local rpc = require "human.rpc"
local s = require "human.schema"
local devices = require "gateway.devices"
local exposure = require "gateway.exposure"
local pairing = require "gateway.pairing"
local surface = require "api.gateway.surface"
local api = require "human.api"

local M = {}
local NO_STORE = { ["Cache-Control"] = "no-store" } -- the answer has a token in it
if not surface.on then return M end

local per_minute = config.gateway.pair_rate_limit_per_minute
local public = api.group {
  tag = "Gateway", auth = false, shape = "gateway",
  cors = table.concat(config.gateway.cors_origins, ","),
  limit = { rate = per_minute / 60, burst = per_minute, per = "address" },
}
local g = surface.group "Devices"

local code = s.string { min = 6, max = 8, pattern = "^%d+$", regex = "^[0-9]+$", form = "6 to 8 digits", trim = true }
local label = s.string { min = 1, max = 100, trim = true }
local role = s.enum(devices.ROLES)
local Device = s.object {
  { "id", s.id }, { "label", s.string }, { "role", s.string }, { "created_at", s.time },
  { "last_used_at", s.time:nullable() },
}

g:event("device.pair.resolved", {
  summary = "A device was paired or revoked", payload = { id = s.id, decision = s.enum { "approved", "revoked" } },
})

local function tell(id, decision)
  rpc.to("/ws", "gateway"):event("device.pair.resolved", { id = id, decision = decision })
end

local Code = s.object({ { "code", code:optional() }, { "label", label:optional() }, { "role", role:optional() } },
  { extra = "drop" })

-- What a device without a name is called: what it says of itself.
local function own_name(ctx)
  local name = (ctx:header "User-Agent" or ""):sub(1, 100):gsub("[^\32-\126]", "?")
  return name ~= "" and name or "a device"
end

local function pair(ctx, body)
  body = body or {}
  local digits = body.code or ctx.headers["x-pairing-code"]
  if not digits then ctx:fail "missing_code" end
  local done = pairing.pair(ctx.ip, digits, body.label or own_name(ctx), body.role or "operator")
  if done.refused then ctx:fail(done.refused, { retry_after_s = done.retry_after_s }) end
  tell(done.id, "approved")
  return 200, { token = done.token, id = done.id, label = done.label, role = done.role }, NO_STORE
end

for _, path in ipairs { "/pair", "/api/pair" } do
  public:post(path, {
    summary = "Pair a device", idempotent = false, body = Code:optional(), body_max = 65536,
    operation_id = path == "/pair" and "pairDevice" or "pairDeviceApi",
    description = "The code is in the body or in X-Pairing-Code. It is good once, and for ten minutes; five wrong ones "
      .. "close pairing to their address for ten minutes.",
    headers = { ["X-Pairing-Code"] = code:optional() },
    reply = { [200] = s.object {
      { "token", s.string { secret = true } }, { "id", s.id }, { "label", s.string }, { "role", s.string },
    } },
    errors = { "missing_code", "invalid_code", "locked_out", "too_many_devices" },
  }, pair)
end

g:rpc("device.pair.list", {
  summary = "Devices that are paired", roles = surface.OPERATOR, result = { paired = s.array(Device) },
}, function() return { paired = devices.list() } end)

g:rpc("device.pair.code", {
  summary = "A new code to pair a device with; the earlier one ends", roles = surface.OPERATOR,
  result = { code = s.string, expires_at = s.time },
}, function() return pairing.code() end)

local Finding = s.object {
  { "level", s.enum { "ok", "warn", "fail" } }, { "name", s.string }, { "text", s.string },
  { "fix", s.string:optional() },
}

g:rpc("device.exposure", {
  summary = "Where the server listens, who may come in, and what `human doctor` says of that", roles = surface.OPERATOR,
  result = s.object {
    { "host", s.string }, { "port", s.int }, { "agent_port", s.int }, { "is_public", s.bool }, { "has_tls", s.bool },
    { "has_token", s.bool }, { "require_pairing", s.bool }, { "cors_origins", s.array(s.string) },
    { "trusted_proxies", s.string }, { "findings", s.array(Finding) },
  },
}, function() return exposure.now() end)

g:rpc("device.pair.revoke", {
  summary = "Revoke a device: its connections end", roles = surface.OPERATOR, params = { id = s.id },
  result = { revoked = s.bool }, errors = { "device_not_found" },
}, function(ctx, p)
  if not devices.revoke(p.id) then ctx:fail "device_not_found" end
  tell(p.id, "revoked")
  return { revoked = true }
end)

return M
