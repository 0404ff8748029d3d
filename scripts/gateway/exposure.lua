-- scripts/gateway/exposure.lua -- where the server listens, and who may come in: the facts, and what they mean.

local config = require "human.config"
local crypto = require "human.crypto"
local exposure = require "human.exposure"
local json = require "human.json"
local bind = require "gateway.bind"

local M = {}

local function is_set(secret) return crypto.secret_hmac_hex(secret, "") ~= nil end

local function finding(level, name, text, fix) return { level = level, name = name, text = text, fix = fix } end

--- What the facts mean for the control protocol: {level, name, text, fix}. Pure.
function M.judged(f)
  local closed = f.has_token or f.require_pairing
  if not f.is_public then
    return closed and finding("ok", "control", "Only this machine reaches it, and it asks for a token or a pairing")
      or finding("ok", "control", "Only this machine reaches it; every program on it is the operator")
  end
  if not closed then
    return finding("fail", "control", "Other machines reach it, and nothing says who is the operator",
      "set gateway.auth_token, or gateway.require_pairing = true")
  end
  if not f.has_tls then
    return finding("warn", "control", "Other machines reach it without TLS: whoever is between can read the token",
      "set tls.certificate and tls.key, or see that a proxy before it speaks TLS")
  end
  return finding("ok", "control", "Other machines reach it by TLS, with a token or a pairing")
end

--- {host, port, agent_port, is_public, has_tls, has_token, require_pairing, cors_origins, trusted_proxies, findings}.
function M.now()
  local tls = config.tls or {}
  local f = {
    host = config.host, port = config.port, agent_port = config.agent_port,
    is_public = not bind.is_loopback(config.host), has_tls = (tls.certificate or "") ~= "",
    has_token = is_set "gateway.auth_token",
    require_pairing = config.gateway.require_pairing, cors_origins = json.array(config.gateway.cors_origins),
    trusted_proxies = config.http.trusted_proxies,
  }
  f.findings = json.array { M.judged(f), unpack(exposure.findings()) }
  return f
end

return M
