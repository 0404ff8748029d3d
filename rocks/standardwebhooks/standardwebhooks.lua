-- rocks/standardwebhooks/standardwebhooks.lua -- webhook signatures as specified by standardwebhooks.com (v1:
-- HMAC-SHA-256).  Signs with several secrets during a rotation, and verifies with a time tolerance.  The caller
-- provides the HMAC; signatures are compared in constant time.

local base64 = require "standardwebhooks.base64"

local M = { base64 = base64 }

local byte, char, find, gsub, match = string.byte, string.char, string.find, string.gsub, string.match

local TOLERANCE_S = 300
local MAX_HEADER = 4096      -- bytes of the signatures
local MAX_SIGNATURES = 16    -- that are looked at
local MAX_ID = 256           -- bytes

--- The key of a secret: the part after "whsec_" if that is base64 of 24 to 64 bytes, else the text itself, since people
--- write secrets by hand.
function M.key(secret)
  local text = match(secret, "^whsec_(.*)$") or secret
  local key = #text <= 88 and base64.decode(text)
  if key and #key >= 24 and #key <= 64 then return key end
  return secret
end

local function plain_equal(a, b)
  if #a ~= #b then return false end
  local difference = 0
  for i = 1, #a do difference = difference + (byte(a, i) - byte(b, i)) ^ 2 end
  return difference == 0
end

local webhooks = {}
webhooks.__index = webhooks

--- crypto.hmac_sha256_hex(key, data) -> hexadecimal digits; crypto.equal(a, b), a constant-time comparison (default:
--- one in Lua).  options.tolerance_s: how old, or how far ahead, a message may be (300).
function M.new(crypto, options)
  return setmetatable({ hmac_hex = crypto.hmac_sha256_hex, equal = crypto.equal or plain_equal,
                        tolerance_s = options and options.tolerance_s or TOLERANCE_S }, webhooks)
end

local function signature(self, secret, id, timestamp, body)
  local hex = self.hmac_hex(M.key(secret), id .. "." .. timestamp .. "." .. body)
  return base64.encode((gsub(hex, "%x%x", function(digits) return char(tonumber(digits, 16)) end)))
end

-- An id with a full stop would make the signed text ambiguous: full stops separate the id, the time and the body.
local function is_id(id) return #id > 0 and #id <= MAX_ID and not find(id, "[^!-~]") and not find(id, ".", 1, true) end

local function secrets_of(secrets)
  local list = type(secrets) == "string" and { secrets } or secrets
  for _, secret in ipairs(list) do
    if secret == "" then error("standardwebhooks: a secret is empty", 3) end
  end
  return list
end

--- The headers of a message: {["webhook-id"], ["webhook-timestamp"], ["webhook-signature"]}.  timestamp: seconds since
--- 1970, of this attempt; secrets: one, or during a rotation a list, each of which signs.
function webhooks:sign(id, timestamp, body, secrets)
  if not is_id(id) then error("standardwebhooks: an id is visible ASCII without a full stop, up to 256 bytes", 2) end
  local time, list = ("%d"):format(timestamp), {}
  for i, secret in ipairs(secrets_of(secrets)) do list[i] = "v1," .. signature(self, secret, id, time, body) end
  return { ["webhook-id"] = id, ["webhook-timestamp"] = time, ["webhook-signature"] = table.concat(list, " ") }
end

local function read_headers(headers)
  local id, time, signatures = headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"]
  if not (id and time and signatures) then return nil, "missing_header" end
  if not is_id(id) then return nil, "malformed_id" end
  if not find(time, "^%d+$") or #time > 12 then return nil, "malformed_timestamp" end
  if #signatures > MAX_HEADER then return nil, "malformed_signature" end
  return { id = id, time = time, timestamp = tonumber(time), signatures = signatures }
end

local function matches(self, message, body, secrets)
  local wanted, found, n = {}, false, 0
  for i, secret in ipairs(secrets) do wanted[i] = signature(self, secret, message.id, message.time, body) end
  for version, text in message.signatures:gmatch "([^ ,]+),([^ ]+)" do -- linear: a comma or a space parts the attempts
    if version == "v1" then
      n = n + 1
      if n > MAX_SIGNATURES then break end
      for _, each in ipairs(wanted) do found = self.equal(text, each) or found end
    end
  end
  return found
end

--- Verifies a message: {id, timestamp}, or nil and a reason: "missing_header", "malformed_id", "malformed_timestamp",
--- "malformed_signature", "too_old", "too_new" or "no_match".  headers: by lower-case name; body: the exact bytes;
--- secrets: one, or a list in which one match is enough; now: seconds since 1970.
function webhooks:verify(headers, body, secrets, now)
  local list = secrets_of(secrets)
  local message, why = read_headers(headers)
  if not message then return nil, why end
  if message.timestamp < now - self.tolerance_s then return nil, "too_old" end
  if message.timestamp > now + self.tolerance_s then return nil, "too_new" end
  if not matches(self, message, body, list) then return nil, "no_match" end
  return { id = message.id, timestamp = message.timestamp }
end

return M
