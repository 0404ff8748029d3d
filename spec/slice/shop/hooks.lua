-- spec/slice/shop/hooks.lua -- webhooks signed as standardwebhooks.com says, by a secret that stays in the host:
-- what the library takes for a key is the secret's name.
local crypto = require "human.crypto"
local time = require "human.time"
local standardwebhooks = require "standardwebhooks"

local M = {}
local SECRET = "shop.hook"

-- Where no secret is set, no signature fits.
local function hmac(name, data) return crypto.secret_hmac_hex(name, data) or crypto.random_hex(32) end

local hooks = standardwebhooks.new { hmac_sha256_hex = hmac, equal = crypto.equal }

local function now_s() return math.floor(time.now_ms() / 1000) end

--- {id, timestamp} of a webhook with these headers (by lower-case name) and bytes; or nil and why it is refused.
function M.verify(headers, body) return hooks:verify(headers, body, SECRET, now_s()) end

--- The headers of a webhook of ours.
function M.sign(id, body)
  local headers = hooks:sign(id, now_s(), body, SECRET)
  headers["content-type"] = "application/json"
  return headers
end

return M
