-- scripts/api/gateway/ui.lua -- the page at /, and how a browser signs in: a token or a pairing code, sent once, for a
-- cookie that scripts of the page cannot read.  Each sign-in is a device of its own, listed and revocable.
-- The page itself is public and says nothing; what it shows comes over /ws.

local api = require "human.api"
local config = require "human.config"
local guard = require "human.guard"
local s = require "human.schema"
local devices = require "gateway.devices"
local pairing = require "gateway.pairing"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local KEEP_S = 30 * 86400                        -- how long a browser keeps its cookie
local per_minute = config.gateway.pair_rate_limit_per_minute
local code = s.string { min = 6, max = 8, pattern = "^%d+$", regex = "^[0-9]+$", form = "6 to 8 digits" }
local Session = s.object { { "role", s.string:nullable() }, { "byCookie", s.bool } }

-- Nothing of others, nothing written into the page, and no text that becomes markup.
local OWN = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
  .. "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
  .. "trusted-types 'none'"
-- For a page of the operator's own.
local GIVEN = "default-src 'self'; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; "
  .. "frame-ancestors 'none'"

local dir = config.gateway.control_ui_dir
api.assets("/", {
  embedded = "ui", dir = dir, fallback = dir ~= "" and "index.html" or nil, yields = true,
  headers = { "page", ["content-security-policy"] = dir == "" and OWN or GIVEN, ["referrer-policy"] = "no-referrer" },
})

local signed = api.group { tag = "Gateway", auth = { "gateway_cookie", "gateway_client" }, shape = "gateway",
                           cors = false, headers = "api" }
local public = api.group {
  tag = "Gateway", auth = false, shape = "gateway", cors = false, headers = "api",
  limit = { rate = per_minute / 60, burst = per_minute, per = "address" },
}

local function shown(actor) return { role = actor.role, byCookie = actor.by == "cookie" } end

signed:get("/ui/session", { summary = "Who a page is signed in as", reply = { [200] = Session } },
  function(ctx) return 200, shown(ctx.actor) end)

-- Browsers name the origin of what is no GET; only over https may a cookie be for https alone.
local function set_cookie(ctx, value, max_age_s)
  local origin = ctx:header "Origin" or ctx:base() or ""
  ctx:set_cookie(devices.COOKIE, value, { max_age_s = max_age_s, same_site = "Strict",
                                          secure = origin:find "^https:" ~= nil })
end

-- A page of another origin must not sign its visitor in as somebody else.
local function own_page(ctx)
  local site = ctx:header "Sec-Fetch-Site"
  if site and site ~= "same-origin" and site ~= "none" then ctx:fail "forbidden" end
end

local function by_code(ctx, digits)
  local done = pairing.pair(ctx.ip, digits, devices.browser(ctx:header "User-Agent"), "operator")
  if done.refused then ctx:fail(done.refused, { retry_after_s = done.retry_after_s }) end
  return done
end

local function by_token(ctx, token)
  local actor, why = guard.check(ctx.ip, token, devices.check, token)
  if not actor then ctx:fail(why) end
  local done, refused = devices.enroll(devices.browser(ctx:header "User-Agent"), actor.role)
  if not done then ctx:fail(refused) end
  return done
end

public:post("/ui/session", {
  summary = "Sign a browser in, by a token or a pairing code", idempotent = false, body_max = 65536,
  description = "The answer sets a cookie, HttpOnly and SameSite=Strict, with a token of its own. Whoever was signed "
    .. "in before in this browser is signed out.",
  body = s.object { { "token", s.string { min = 1, max = 1000 }:optional() }, { "code", code:optional() } },
  reply = { [200] = Session }, errors = { "missing_secret", "invalid_token", "invalid_code", "locked_out",
                                          "too_many_devices", "forbidden" },
}, function(ctx, body)
  own_page(ctx)
  if not (body.code or body.token) then ctx:fail "missing_secret" end
  local device = body.code and by_code(ctx, body.code) or by_token(ctx, body.token)
  devices.leave(ctx:cookie(devices.COOKIE))
  set_cookie(ctx, device.token, KEEP_S)
  return 200, { role = device.role, byCookie = true }
end)

signed:delete("/ui/session", { summary = "Sign this browser out: its device is revoked", reply = { [204] = false } },
  function(ctx)
    devices.leave(ctx:cookie(devices.COOKIE))
    set_cookie(ctx, "", 0)
    return 204
  end)

return M
