-- host/lua/crypto.lua -- hashes, signatures, ciphers, random text and base64 for scripts.  The work is done in C.

local host = require "human.core.host"

local byte, format, gsub = string.byte, string.format, string.gsub

local M = {}
local HEX = {}
for b = 0, 255 do HEX[string.char(b)] = format("%02x", b) end

--- Bytes as lower-case hex digits.
function M.hex(bytes)
  return (gsub(bytes, ".", HEX)) -- "." matches every byte, newline and NUL too
end

--- The bytes that hex digits (of either case) stand for; nil when the text is not hex.
function M.unhex(text)
  if #text % 2 == 1 or text:find "%X" then return nil end
  return (gsub(text, "..", function(two) return string.char(tonumber(two, 16)) end))
end

--- SHA-256 of a string, as 64 hex digits (FIPS 180-4).
function M.sha256_hex(data) return M.hex(host.sha256(data)) end

--- HMAC-SHA-256, as 64 hex digits (RFC 2104).
function M.hmac_sha256_hex(key, data) return M.hex(host.hmac_sha256(key, data)) end

--- SHA-256 of a string: 32 bytes.
function M.sha256(data) return host.sha256(data) end

--- SHA-512 of a string: 64 bytes.
function M.sha512(data) return host.sha512(data) end

--- SHA-1 of a string: 20 bytes.  Only for protocols that require it: collisions can be made.
function M.sha1(data) return host.sha1(data) end

--- Keccak-256 of a string, as Ethereum uses it (SHA3-256 pads differently): 32 bytes.  Raises for more than 1 MB.
function M.keccak256(data) return host.keccak256(data) end

--- HMAC-SHA-256: 32 bytes.
function M.hmac_sha256(key, data) return host.hmac_sha256(key, data) end

--- HMAC-SHA-512: 64 bytes.
function M.hmac_sha512(key, data) return host.hmac_sha512(key, data) end

--- HMAC-SHA-1: 20 bytes.
function M.hmac_sha1(key, data) return host.hmac_sha1(key, data) end

--- Whether two strings are equal, compared in constant time.
function M.equal(a, b) return host.equal(a, b) end

--- Whether a text is the configured secret of that name ("admin"), compared in constant time; false without one.
function M.secret_equal(name, text) return host.secret_equal(name, text) end

--- HMAC-SHA-256 of data under a secret whose value stays in the host, as 64 hex digits; nil when it is not
--- configured.  name: of the variable HUMAN_SECRET_<NAME>, in lower case.
function M.secret_hmac_hex(name, data)
  local raw = host.secret_hmac(name, data)
  return raw and M.hex(raw)
end

--- SHA-256 of `before`, a secret whose value stays in the host, and `after`: 32 bytes; nil when it is not configured.
--- For protocols that hash a key with what it signs, or derive another key from it.
function M.secret_sha256(name, before, after) return host.secret_hash(name, 256, before or "", after or "") end

--- The same with SHA-1: 20 bytes.  Only for protocols that require it.
function M.secret_sha1(name, before, after) return host.secret_hash(name, 1, before or "", after or "") end

local SEAL_MAX, CONTEXT_MAX = 16777216, 1024

local function check_context(name, text, context)
  if type(text) ~= "string" then error("crypto." .. name .. ": text must be a string", 3) end
  if type(context) ~= "string" or context == "" or #context > CONTEXT_MAX then
    error("crypto." .. name .. ": context must be a string of 1 to " .. CONTEXT_MAX .. " bytes", 3)
  end
end

--- Encrypts a text so that only hosts with this host's key can read it, or change it unnoticed: "sealed:1:..", made of
--- letters, digits and + / = :.  context: what it is for, like "agent_keys.token " .. id; only the same context opens
--- it, so nobody can move it to another row.  The key is in the home (seal.key) or the setting seal.key; several
--- hosts may share it.  Raises when there is no key, or the text is longer than 16 MB.
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

--- The text that was sealed for that context.  Or nil and why: "not_sealed" (not a sealed text), "other_key" (this
--- host does not have its key), "altered" (it was changed, or sealed for another context).
function M.open(sealed, context)
  check_context("open", sealed, context)
  local text, e = host.unseal(sealed, context)
  if text then return text end
  return nil, WHY[e] or error("crypto.open: out of memory", 2)
end

--- A text of crypto.seal, sealed for another context; what is in it stays in the host.  Or nil and why, as crypto.open.
function M.reseal(sealed, context, new_context)
  check_context("reseal", sealed, context)
  check_context("reseal", sealed, new_context)
  local again, e = host.reseal(sealed, context, new_context)
  if again then return again end
  return nil, WHY[e] or error("crypto.reseal: out of memory, or no key", 2)
end

-- Keys -------------------------------------------------------------------------------------------

local E = host.E

-- Level 3 is the script's line: public functions call these helpers directly, or as tail calls.
local function check_strings(name, ...)
  for i = 1, select("#", ...) do
    if type((select(i, ...))) ~= "string" then
      error("crypto." .. name .. ": argument " .. i .. " must be a string", 3)
    end
  end
end

local function refuse(name, e, invalid)
  local why = e == E.INVAL and invalid or e == E.LIMIT and "more than 16 MB" or "out of memory"
  error("crypto." .. name .. ": " .. why, 3)
end

local NO_PRIVATE = "the private key must be 32 bytes, and valid"

local function keypair(name, kind)
  local private_key, e_or_public = host.key(kind)
  if not private_key then refuse(name, e_or_public) end
  return private_key, e_or_public
end

local function public_of(name, kind, private_key)
  check_strings(name, private_key)
  if private_key == "" then refuse(name, E.INVAL, NO_PRIVATE) end
  local ok, e_or_public = host.key(kind, private_key)
  return ok and e_or_public or refuse(name, e_or_public, NO_PRIVATE)
end

local function sign(name, kind, private_key, data)
  check_strings(name, private_key, data)
  local signature, e = host.sign(kind, private_key, data)
  return signature or refuse(name, e, NO_PRIVATE)
end

-- Reports a bad key, since that is an error in the configuration; a bad signature is just false.
local function verify(name, kind, public_key, data, signature)
  check_strings(name, public_key, data, signature)
  local good, e = host.verify(kind, public_key, data, signature)
  if good ~= nil then return good end
  if e == E.INVAL then return false, "bad_key" end
  refuse(name, e)
end

--- A new Ed25519 key pair (RFC 8032): the private and the public key, 32 bytes each.
function M.ed25519_keypair() return keypair("ed25519_keypair", "ed25519") end

--- The public key of a private one.
function M.ed25519_public(private_key) return public_of("ed25519_public", "ed25519", private_key) end

--- The Ed25519 signature of data: 64 bytes.  Raises when the private key is not 32 bytes, or data is
--- larger than 16 MB.
function M.ed25519_sign(private_key, data) return sign("ed25519_sign", "ed25519", private_key, data) end

--- Whether this is the Ed25519 signature of data.  Safe with any bytes; returns false and "bad_key" when the public
--- key is not valid (32 bytes; decode hex with crypto.unhex).
function M.ed25519_verify(public_key, data, signature)
  return verify("ed25519_verify", "ed25519", public_key, data, signature)
end

local KINDS = { raw = "p256", der = "p256_der" }

local function p256_kind(name, form)
  return KINDS[form or "raw"] or error("crypto." .. name .. [[: form must be "raw" or "der"]], 3)
end

--- A new P-256 key pair, for signatures or crypto.p256_shared: the private key (32 bytes) and the public key (65
--- bytes, uncompressed).
function M.p256_keypair() return keypair("p256_keypair", "p256") end

--- The public key of a private one.
function M.p256_public(private_key) return public_of("p256_public", "p256", private_key) end

--- The ECDSA signature of data with SHA-256 (ES256).  form: "raw" (the default: r and s, 64 bytes, as in a JWT) or
--- "der" (as in certificates and WebAuthn).  Raises when the private key is not valid, or data is larger than 16 MB.
function M.p256_sign(private_key, data, form)
  return sign("p256_sign", p256_kind("p256_sign", form), private_key, data)
end

--- Whether this is the ECDSA signature of data with SHA-256.  Safe with any bytes; returns false and "bad_key" when
--- the public key (65 bytes, or 33 compressed) is not a point on the curve.
function M.p256_verify(public_key, data, signature, form)
  return verify("p256_verify", p256_kind("p256_verify", form), public_key, data, signature)
end

--- The secret that the owners of two P-256 key pairs share (ECDH): 32 bytes; derive keys from it with
--- crypto.hkdf_sha256.  Nil and "bad_key" when the public key is not valid.  Raises when the private key is not.
function M.p256_shared(private_key, public_key)
  check_strings("p256_shared", private_key, public_key)
  local shared, e = host.ecdh(private_key, public_key)
  if not shared and e == E.DENIED then return nil, "bad_key" end
  return shared or refuse("p256_shared", e, NO_PRIVATE)
end

--- Derives n bytes (1 to 8160) from key material (HKDF with SHA-256, RFC 5869).  salt may be ""; info is at most
--- 1024 bytes.
function M.hkdf_sha256(key, salt, info, n)
  check_strings("hkdf_sha256", key, salt, info)
  if type(n) ~= "number" or n % 1 ~= 0 or n < 1 or n > 8160 then
    refuse("hkdf_sha256", E.INVAL, "n must be 1 to 8160")
  end
  local derived, e = host.hkdf(key, salt, info, n)
  return derived or refuse("hkdf_sha256", e, "an empty key, or info of more than 1024 bytes")
end

local function aes(mode, key, iv, aad, text, invalid)
  local name = "aes_" .. mode
  check_strings(name, key, iv, text, aad)
  if #key ~= 16 and #key ~= 32 then refuse(name, E.INVAL, "the key must be 16 or 32 bytes") end
  local result, e = host.aes(mode, key, iv, aad, text)
  if result then return result end
  if e == E.DENIED or e == E.INVAL and not invalid then return nil end
  refuse(name, e, invalid)
end

--- Encrypts a text (at most 16 MB) with AES-GCM; the result ends with the tag of 16 bytes.  key: 16 or 32 bytes.
--- nonce: 12 to 64 bytes; never use one twice with the same key, or both texts can be read.  aad: authenticated, but
--- not encrypted or included.  To store something, prefer crypto.seal, which manages key and nonces.
function M.aes_gcm_encrypt(key, nonce, text, aad)
  return aes("gcm_encrypt", key, nonce, aad or "", text, "the nonce must be 12 to 64 bytes")
end

--- The text that crypto.aes_gcm_encrypt encrypted; nil when key, nonce, aad or text do not match.
function M.aes_gcm_decrypt(key, nonce, text, aad)
  return aes("gcm_decrypt", key, nonce, aad or "", text)
end

--- Encrypts a text (at most 16 MB) with AES-CBC and PKCS #7 padding.  key: 16 or 32 bytes; iv: 16 random bytes.
--- Only for protocols that require it: changes to the result go unnoticed.
function M.aes_cbc_encrypt(key, iv, text)
  return aes("cbc_encrypt", key, iv, "", text, "the iv must be 16 bytes")
end

--- The text that crypto.aes_cbc_encrypt encrypted; nil when length or padding are wrong.  Verify the sender's
--- signature first, and never let the sender tell bad padding from other failures: that reveals the text.
function M.aes_cbc_decrypt(key, iv, text) return aes("cbc_decrypt", key, iv, "", text) end

--- An Ethereum address with its EIP-55 checksum in upper and lower case.  Nil unless it is 0x and 40 hex digits, or
--- when it is in mixed case and the checksum is wrong.
function M.eip55(address)
  local digits = type(address) == "string" and #address == 42 and address:match "^0x(%x+)$"
  if not digits then return nil end
  local lower = digits:lower()
  local hash, at = M.hex(host.keccak256(lower)), 0
  local made = gsub(lower, ".", function(digit)
    at = at + 1
    return byte(hash, at) >= 56 and digit:upper() or digit -- "8" and above, "a" to "f" too
  end)
  if digits ~= lower and digits ~= digits:upper() and digits ~= made then return nil end
  return "0x" .. made
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
