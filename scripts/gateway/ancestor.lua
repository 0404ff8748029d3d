-- scripts/gateway/ancestor.lua -- clients of the protocol's ancestor: which version they speak, and the signatures
-- that prove which device they are.
-- A device signs, with Ed25519, a line made of its fields in `connect` and the nonce that it was challenged with; its
-- id is the SHA-256 of its public key. The signature makes nobody the operator: only a token, or the client's place,
-- does.

local crypto = require "human.crypto"
local time = require "human.time"
local hello = require "gateway.hello"

local M = {}
local SKEW_MS = 600000                           -- of a device's clock

--- The version to speak with a client that asks for one of these; nil when there is none.  A client that names no
--- version speaks this protocol.
function M.version(min, max)
  if not min and not max then return hello.PROTOCOL end
  local low, high = hello.ANCESTOR[1], hello.ANCESTOR[2]
  local best = math.min(max or high, high)
  if best >= low and best >= (min or low) then return best end
  if (min or 1) <= hello.PROTOCOL and (max or 1) >= hello.PROTOCOL then return hello.PROTOCOL end
end

local function lower(text) return (text or ""):lower() end

-- The lines that the versions of the signature sign.
local function lines(p, client)
  local device, auth = p.device, p.auth or {}
  local parts = { device.id, client.id or "", client.mode or "", p.role or "operator",
    table.concat(p.scopes or {}, ","), ("%.0f"):format(device.signedAt), auth.token or auth.deviceToken or "",
    device.nonce or "" }
  local said = table.concat(parts, "|")
  return { "v2|" .. said, ("v3|%s|%s|%s"):format(said, lower(client.platform), lower(client.deviceFamily)) }
end

--- Why a device is not believed, or nil.  p: the params of connect; client: its object; nonce: that of the challenge.
function M.device_refusal(p, client, nonce)
  local device = p.device
  local key = crypto.unbase64url(device.publicKey)
  if not key or #key ~= 32 or crypto.sha256_hex(key) ~= device.id then return "its id is not that of its key" end
  if device.nonce ~= nonce then return "it signed another challenge" end
  if math.abs(device.signedAt - time.now_ms()) > SKEW_MS then return "its clock is more than ten minutes off" end
  local signature = crypto.unbase64url(device.signature)
  for _, line in ipairs(signature and lines(p, client) or {}) do
    if crypto.ed25519_verify(key, line, signature) then return nil end
  end
  return "its signature does not hold"
end

return M
