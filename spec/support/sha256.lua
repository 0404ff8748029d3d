-- spec/support/sha256.lua -- SHA-256 and HMAC in Lua (FIPS 180-4, RFC 2104), for specs of rocks that run without the host.

local bit = require "bit"
local band, bnot, bxor, ror, rshift, tobit = bit.band, bit.bnot, bit.bxor, bit.ror, bit.rshift, bit.tobit

local M = {}

local function fraction(x) return tobit(math.floor((x % 1) * 2 ^ 32)) end

-- The first 32 bits of the fractions of square and cubic roots of primes.
local K, START = {}, {}
do
  local n, candidate = 0, 2
  while n < 64 do
    local is_prime = true
    for d = 2, math.floor(math.sqrt(candidate)) do
      if candidate % d == 0 then is_prime = false end
    end
    if is_prime then
      n = n + 1
      K[n] = fraction(candidate ^ (1 / 3))
      if n <= 8 then START[n] = fraction(math.sqrt(candidate)) end
    end
    candidate = candidate + 1
  end
end

local function compress(h, text, at)
  local w = {}
  for i = 1, 16 do
    local a, b, c, d = text:byte(at + 4 * i - 4, at + 4 * i - 1)
    w[i] = tobit(a * 2 ^ 24 + b * 65536 + c * 256 + d)
  end
  for i = 17, 64 do
    local x, y = w[i - 15], w[i - 2]
    w[i] = tobit(w[i - 16] + bxor(ror(x, 7), ror(x, 18), rshift(x, 3)) + w[i - 7]
      + bxor(ror(y, 17), ror(y, 19), rshift(y, 10)))
  end
  local v = { unpack(h) }
  for i = 1, 64 do
    local a, e = v[1], v[5]
    local t1 = v[8] + bxor(ror(e, 6), ror(e, 11), ror(e, 25)) + bxor(band(e, v[6]), band(bnot(e), v[7])) + K[i] + w[i]
    local t2 = bxor(ror(a, 2), ror(a, 13), ror(a, 22)) + bxor(band(a, v[2]), band(a, v[3]), band(v[2], v[3]))
    v = { tobit(t1 + t2), a, v[2], v[3], tobit(v[4] + t1), e, v[6], v[7] }
  end
  for i = 1, 8 do h[i] = tobit(h[i] + v[i]) end
end

local function big_endian(n)
  return string.char(math.floor(n / 2 ^ 24) % 256, math.floor(n / 65536) % 256, math.floor(n / 256) % 256, n % 256)
end

function M.sha256(text)
  local padded = text .. "\128" .. ("\0"):rep((55 - #text) % 64) .. "\0\0\0\0" .. big_endian(#text * 8)
  local h, out = { unpack(START) }, {}
  for at = 1, #padded, 64 do compress(h, padded, at) end
  for i = 1, 8 do out[i] = big_endian(h[i] % 2 ^ 32) end
  return table.concat(out)
end

function M.hmac_sha256_hex(key, data)
  if #key > 64 then key = M.sha256(key) end
  key = key .. ("\0"):rep(64 - #key)
  local function pad(b) return (key:gsub(".", function(c) return string.char(bxor(c:byte(), b)) end)) end
  local mac = M.sha256(pad(0x5c) .. M.sha256(pad(0x36) .. data))
  return (mac:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

return M
