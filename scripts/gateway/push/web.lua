-- scripts/gateway/push/web.lua -- Web Push: a message that only the browser can read (RFC 8291, in the coding aes128gcm
-- of RFC 8188), and the signature by which push services know who sends (VAPID, RFC 8292).

local config = require "human.config"
local crypto = require "human.crypto"
local db = require "human.db"
local json = require "human.json"
local time = require "human.time"
local addresses = require "gateway.web_address"

local M = {}

local CONTEXT = "gateway push key"
local RECORD_BYTES, TEXT_MAX = 4096, 3993        -- of the one record, and of what fits into it
local TTL_S, TOKEN_S = 86400, 43200
local ENDPOINT_MAX = 2000

M.sql = {
  key = "select public_key, sealed from gateway_push_key",
  keep = [[insert into gateway_push_key (public_key, sealed) values ($1, $2) on conflict (is_only) do nothing]],
}

-- Keys of a subscription, which some browsers write with padding.
local function unbase64url(text)
  if type(text) ~= "string" or #text > 200 then return nil end
  return crypto.unbase64url((text:gsub("=", "")))
end

--- The address of a push service or a webhook, as gateway.web_address writes it; or nil and why it is none.
function M.address(url)
  local address, why = addresses.read(url, ENDPOINT_MAX)
  if not address then return nil, why end
  return address.url
end

--- A subscription {endpoint, keys = {p256dh, auth}} of a browser: {endpoint, key, auth} with bytes; or nil and why not.
function M.subscription(value)
  if type(value) ~= "table" or type(value.keys) ~= "table" then return nil, "endpoint and keys are needed" end
  local endpoint, no_address = M.address(value.endpoint)
  if not endpoint then return nil, "its endpoint: " .. no_address end
  local key, auth = unbase64url(value.keys.p256dh), unbase64url(value.keys.auth)
  if not auth or #auth ~= 16 then return nil, "keys.auth must be 16 bytes in base64url" end
  if not key or #key ~= 65 or not crypto.p256_shared((crypto.p256_keypair()), key) then
    return nil, "keys.p256dh must be a point of P-256, uncompressed, in base64url"
  end
  return { endpoint = endpoint, key = key, auth = auth }
end

--- The text as the body of a request for a browser with this key and secret (bytes).  own, salt: of this message alone;
--- nil but for specs: {private, public}, 16 bytes.
function M.encrypt(text, key, auth, own, salt)
  if #text > TEXT_MAX then error("push: a message of more than " .. TEXT_MAX .. " bytes", 2) end
  if not own then
    local private, public = crypto.p256_keypair()
    own, salt = { private = private, public = public }, crypto.unhex(crypto.random_hex(16))
  end
  local shared = assert(crypto.p256_shared(own.private, key))
  local secret = crypto.hkdf_sha256(shared, auth, "WebPush: info\0" .. key .. own.public, 32)
  local cek = crypto.hkdf_sha256(secret, salt, "Content-Encoding: aes128gcm\0", 16)
  local nonce = crypto.hkdf_sha256(secret, salt, "Content-Encoding: nonce\0", 12)
  local head = salt .. string.char(0, 0, RECORD_BYTES / 256, 0) .. string.char(#own.public) .. own.public
  return head .. crypto.aes_gcm_encrypt(cek, nonce, text .. "\2", "")
end

local function keys()
  local row = db.row(M.sql.key)
  if row then return row end
  local private, public = crypto.p256_keypair()
  db.exec(M.sql.keep, crypto.base64url(public), crypto.seal(crypto.base64url(private), CONTEXT))
  return db.row(M.sql.key)                       -- another host may have been faster
end

--- The key that a browser subscribes with (applicationServerKey), in base64url.
function M.public_key() return keys().public_key end

local function token(origin, private)
  local claims = { aud = origin, exp = math.floor(time.now_ms() / 1000) + TOKEN_S }
  if config.push.contact ~= "" then claims.sub = config.push.contact end
  local text = crypto.base64url '{"typ":"JWT","alg":"ES256"}' .. "." .. crypto.base64url(json.encode(claims))
  return text .. "." .. crypto.base64url(crypto.p256_sign(private, text))
end

--- The request that brings a text to a subscription; nil and why where this host cannot sign it.
function M.request(to, text, is_urgent)
  local mine = keys()
  local private, why = crypto.open(mine.sealed, CONTEXT)
  if not private then return nil, "the key of Web Push cannot be opened here: " .. why end
  local origin = assert(addresses.read(to.endpoint, ENDPOINT_MAX)).origin
  return {
    url = to.endpoint, method = "POST", body = M.encrypt(text, to.key, to.auth),
    headers = {
      authorization = ("vapid t=%s, k=%s"):format(token(origin, crypto.unbase64url(private)), mine.public_key),
      ["content-encoding"] = "aes128gcm", ["content-type"] = "application/octet-stream", ttl = tostring(TTL_S),
      urgency = is_urgent and "high" or "normal",
    },
  }
end

return M
