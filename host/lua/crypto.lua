-- host/lua/crypto.lua -- hashes, random text and base64 for scripts.  The work is done in C.

local host = require "human.core.host"

local byte, format, gsub = string.byte, string.format, string.gsub

local M = {}
local HEX = {}
for b = 0, 255 do HEX[string.char(b)] = format("%02x", b) end

--- Bytes as lower-case hex digits.
function M.hex(bytes)
  return (gsub(bytes, ".", HEX)) -- "." matches every byte, newline and NUL too
end

--- SHA-256 of a string, as 64 hex digits (FIPS 180-4).
function M.sha256_hex(data) return M.hex(host.sha256(data)) end

--- HMAC-SHA-256, as 64 hex digits (RFC 2104).
function M.hmac_sha256_hex(key, data) return M.hex(host.hmac_sha256(key, data)) end

--- Whether two strings are equal, in a time that does not tell where they differ.
function M.equal(a, b) return host.equal(a, b) end

--- Whether a text is the configured secret of that name ("admin"), in such a time; false without one.
function M.secret_equal(name, text) return host.secret_equal(name, text) end

--- HMAC-SHA-256 of data under a secret whose value stays in the host, as 64 hex digits; nil when it is not
--- configured.  name: of the variable HUMAN_SECRET_<NAME>, in lower case.
function M.secret_hmac_hex(name, data)
  local raw = host.secret_hmac(name, data)
  return raw and M.hex(raw)
end

local SEAL_MAX, CONTEXT_MAX = 16777216, 1024

local function check_context(name, text, context)
  if type(text) ~= "string" then error("crypto." .. name .. ": text must be a string", 3) end
  if type(context) ~= "string" or context == "" or #context > CONTEXT_MAX then
    error("crypto." .. name .. ": context must be a string of 1 to " .. CONTEXT_MAX .. " bytes", 3)
  end
end

--- A text that only hosts with this host's key can read, or change unnoticed: "sealed:1:..", of letters, digits
--- and + / = :.  context: what it is for, like "agent_keys.token " .. id; it opens with the same one only, so that
--- nobody can move it to another row.  The key is in the home (seal.key) or the setting seal.key, which several
--- hosts may share.  Raises when there is no key, or the text is longer than 16 MB.
function M.seal(text, context)
  check_context("seal", text, context)
  if #text > SEAL_MAX then error("crypto.seal: a text of more than " .. SEAL_MAX .. " bytes", 2) end
  local sealed, _, why = host.seal(text, context)
  if not sealed then error("crypto.seal: " .. (why or "out of memory"), 2) end
  return sealed
end

local WHY = {
  [host.E.INVAL] = "not_sealed",
  [host.E.GONE] = "other_key",
  [host.E.DENIED] = "altered",
}

--- What was sealed for that context.  Or nil and why: "not_sealed" (it is no sealed text), "other_key" (its key is
--- none of this host's), "altered" (it was changed, or sealed for another context).
function M.open(sealed, context)
  check_context("open", sealed, context)
  local text, e = host.unseal(sealed, context)
  if text then return text end
  return nil, WHY[e] or error("crypto.open: out of memory", 2)
end

--- n random bytes (1 to 256) as 2n hex digits.
function M.random_hex(n) return M.hex(host.random(n)) end

--- Base64 with padding (RFC 4648 section 4).
function M.base64(data) return host.base64(data) end

--- The bytes of a base64 text, or nil when it is malformed.
function M.unbase64(text) return host.unbase64(text) end

local URL_SAFE = { ["+"] = "-", ["/"] = "_", ["="] = "" }

--- Base64 for URLs: - and _ instead of + and /, no padding (RFC 4648 section 5).
function M.base64url(data) return (gsub(host.base64(data), "[+/=]", URL_SAFE)) end

--- The bytes of a base64url text without padding, or nil when it is malformed.
function M.unbase64url(text)
  if text:find "[^%w%-_]" or #text % 4 == 1 then return nil end
  return host.unbase64(gsub(text, "[-_]", { ["-"] = "+", ["_"] = "/" }) .. ("="):rep(-#text % 4))
end

--- A number of 53 random bits in [0, 1).
function M.random()
  local a, b, c, d, e, f, g = byte(host.random(7), 1, 7)
  local high = ((a % 32) * 256 + b) * 256 + c
  return (high * 2 ^ 32 + ((d * 256 + e) * 256 + f) * 256 + g) / 2 ^ 53
end

return M
