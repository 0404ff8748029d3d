-- scripts/marketplace/mpp.lua -- the Payment scheme of HTTP authentication (draft-httpauth-payment, "MPP") for calls
-- that are paid in the platform's own credits: method "humai", intent "charge".  The id of a challenge is an HMAC of
-- all that it says, so that none has to be kept.

local crypto = require "human.crypto"
local json = require "human.json"

local M = { METHOD = "humai", INTENT = "charge", REALM = "humai-marketplace", CURRENCY = "RC" }

local function id_of(secret, c)
  local bound = table.concat({ c.realm, c.method, c.intent, c.request, c.expires, c.digest, c.opaque }, "|")
  return crypto.base64url(crypto.hmac_sha256(secret, bound))
end

-- Plain ASCII texts alone, so this is JSON's canonical form (RFC 8785).
local function canonical(t) return crypto.base64url(json.encode_sorted(t)) end

--- The digest of a body, as it is bound.
function M.digest(body) return "sha-256=" .. crypto.base64(crypto.sha256(body)) end

--- The value of WWW-Authenticate.  c: a challenge, {nonce, payer, pay_to, amount, expires, body_digest}.
function M.challenge(secret, c)
  local p = { realm = M.REALM, method = M.METHOD, intent = M.INTENT, expires = c.expires, digest = c.body_digest,
              request = canonical { amount = c.amount, currency = M.CURRENCY, recipient = c.pay_to },
              opaque = canonical { nonce = c.nonce, payer = c.payer } }
  return ('Payment id="%s", realm="%s", method="%s", intent="%s", request="%s", digest="%s", expires="%s", opaque="%s"')
    :format(id_of(secret, p), p.realm, p.method, p.intent, p.request, p.digest, p.expires, p.opaque)
end

local function is_object(v) return type(v) == "table" and v ~= json.null and not json.is_array(v) end

local function decoded(text)
  local bytes = type(text) == "string" and crypto.unbase64url(text:match "^[^=]*")
  local value = bytes and json.decode(bytes)
  return is_object(value) and value or nil
end

--- Whether an Authorization header is of this scheme.
function M.is_payment(header) return header ~= nil and header:lower():find "^payment%s" ~= nil end

local FIELDS = { "id", "realm", "method", "intent", "request", "expires", "digest", "opaque" }

--- A payment, read: {protocol, nonce, payer, source (who says that it pays), amount, expires, body_digest, is_ours}; or
--- nil and what is wrong with its form.
function M.read(secret, header)
  local credential = decoded(header:match "^%a+%s+([%w_=-]+)%s*$")
  local c = credential and credential.challenge
  if not is_object(c) then return nil, "must be `Payment` and a credential as base64url of JSON" end
  for _, name in ipairs(FIELDS) do
    if type(c[name]) ~= "string" then return nil, ("must have a challenge's `%s` as it was sent"):format(name) end
  end
  local source = is_object(credential.payload) and credential.payload.payer
  if type(source) ~= "string" then return nil, "must have the payer's id as `payload.payer`" end
  local is_ours = crypto.equal(c.id, id_of(secret, c)) and c.realm == M.REALM and c.method == M.METHOD
    and c.intent == M.INTENT
  local request, opaque = decoded(c.request) or {}, decoded(c.opaque) or {}
  return { protocol = "mpp", nonce = opaque.nonce, payer = opaque.payer, source = source, amount = request.amount,
           expires = c.expires, body_digest = c.digest, is_ours = is_ours }
end

--- The value of Payment-Receipt.  paid: {call_id, at}.
function M.receipt(paid)
  return crypto.base64url(json.encode_sorted {
    method = M.METHOD, reference = paid.call_id, status = "success", timestamp = paid.at })
end

return M
