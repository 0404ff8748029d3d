-- scripts/marketplace/x402.lua -- x402 (version 2) for calls that are paid in the platform's own credits: what is
-- asked for, what is sent in answer, and what is answered to that.  Scheme "exact" on a network of our own: nothing is
-- signed, since who pays is who has shown a key; that only we can have asked is shown by extra.id.

local crypto = require "human.crypto"
local json = require "human.json"

local M = { NETWORK = "humai:credits", ASSET = "RC", DECIMALS = 3, SCHEME = "exact" }

local VERSION = 2

-- A challenge is bound to all that it says.
local function id_of(secret, c)
  local bound = json.encode(json.array { "x402", M.SCHEME, M.NETWORK, M.ASSET, c.nonce, c.payer, c.pay_to, c.amount,
                                         c.expires, c.call_digest })
  return crypto.base64url(crypto.hmac_sha256(secret, bound))
end

--- What is asked for (PaymentRequired).  c: a challenge, {nonce, payer, pay_to, amount, expires, call_digest,
--- timeout_s, resource = {url, description}}; why: what is wrong with what was sent.
function M.required(secret, c, why)
  return {
    x402Version = VERSION, error = why or "Payment is required",
    resource = { url = c.resource.url, description = c.resource.description, mimeType = "application/json" },
    accepts = json.array { {
      scheme = M.SCHEME, network = M.NETWORK, amount = c.amount, asset = M.ASSET, payTo = c.pay_to,
      maxTimeoutSeconds = c.timeout_s,
      extra = { name = "Credits", decimals = M.DECIMALS, payer = c.payer, nonce = c.nonce, expires = c.expires,
                digest = c.call_digest, id = id_of(secret, c) },
    } },
  }
end

local function is_object(v) return type(v) == "table" and v ~= json.null and not json.is_array(v) end

local FIELDS = { nonce = "nonce", payer = "payer", expires = "expires", call_digest = "digest", id = "id" }

-- The challenge that is answered; nil: that is none.
local function challenge_of(accepted)
  if not is_object(accepted) or not is_object(accepted.extra) then return nil end
  local c = { amount = accepted.amount, pay_to = accepted.payTo, scheme = accepted.scheme,
              network = accepted.network, asset = accepted.asset }
  for name, sent in pairs(FIELDS) do c[name] = accepted.extra[sent] or false end
  for _, value in pairs(c) do
    if type(value) ~= "string" then return nil end
  end
  return c
end

local function is_for(value, url)
  return value.resource == nil or value.resource == json.null or is_object(value.resource) and value.resource.url == url
end

--- A payment (PaymentPayload), read: {protocol, nonce, payer, source (who says that it pays), amount, expires,
--- call_digest, is_ours}; or nil and what is wrong with its form.  url: of the resource, as it is now.
function M.read(secret, value, url)
  if not is_object(value) or value.x402Version ~= VERSION then
    return nil, "must be a PaymentPayload of x402, version 2"
  end
  local c = challenge_of(value.accepted)
  if not c then return nil, "must have as `accepted` one of what was in `accepts`" end
  local source = is_object(value.payload) and value.payload.payer
  if type(source) ~= "string" then return nil, "must have the payer's id as `payload.payer`" end
  local is_whole = c.scheme == M.SCHEME and c.network == M.NETWORK and c.asset == M.ASSET
    and crypto.equal(c.id, id_of(secret, c)) and is_for(value, url)
  return { protocol = "x402", nonce = c.nonce, payer = c.payer, source = source, amount = c.amount,
           expires = c.expires, call_digest = c.call_digest, is_ours = is_whole }
end

--- What PAYMENT-SIGNATURE says, or nil.
function M.decoded(text)
  local bytes = crypto.unbase64(text)
  return bytes and json.decode(bytes) or nil
end

--- What is answered (SettleResponse).  paid: {call_id, payer, amount}.
function M.settled(paid)
  return { success = true, transaction = paid.call_id, network = M.NETWORK, payer = paid.payer, amount = paid.amount }
end

--- The value of a header that has such an object.
function M.header(value) return crypto.base64(json.encode_sorted(value)) end

return M
