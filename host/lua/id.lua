-- host/lua/id.lua -- identifiers that sort by creation, and keys that nobody can guess.

local host = require "human.core.host"

local byte, floor, concat = string.byte, math.floor, table.concat

local M = {}
local BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
local BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
local COUNTER_MAX = 36 ^ 3

local digit = {} -- 0 to 35
for i = 0, 35 do digit[i] = BASE36:sub(i + 1, i + 1) end

local pair = {} -- two digits at once, 0 to 1295: half the work
for i = 0, 1295 do pair[i] = digit[floor(i / 36)] .. digit[i % 36] end

local pool, at = "", 1

local function random_byte()
  if at > #pool then pool, at = host.random(256), 1 end
  at = at + 1
  return byte(pool, at - 1)
end

-- Rejects numbers beyond the last whole multiple of the range, to avoid modulo bias.
local function random_pair()
  local n
  repeat n = random_byte() * 256 + random_byte() until n < 64800 -- 50 * 1296
  return pair[n % 1296]
end

local function time_digits(ms)
  local out = {}
  for i = 9, 1, -1 do
    local rest = floor(ms / 36)
    out[i] = digit[ms - rest * 36]
    ms = rest
  end
  return concat(out)
end

local last_ms, counter, prefix = 0, 0, ""

local function advance(ms)
  last_ms, counter, prefix = ms, 0, "c" .. time_digits(ms)
end

--- A new id: 25 characters of a-z0-9, c first: milliseconds since 1970 in 9 base-36 digits, a counter
--- within the millisecond in 3, 12 random ones (62 bits).  Each is greater than all before it in this
--- worker, even when the clock is set back; across workers they sort by the millisecond.
function M.new()
  local ms = floor(host.time() * 1000)
  counter = counter + 1
  if ms > last_ms then
    advance(ms)
  elseif counter >= COUNTER_MAX then
    advance(last_ms + 1)
  end
  return prefix .. digit[floor(counter / 1296)] .. pair[counter % 1296] .. random_pair()
    .. random_pair() .. random_pair() .. random_pair() .. random_pair() .. random_pair()
end

--- A secret key: `key_prefix` and 32 base-62 characters (190 bits) from the system's generator.
function M.key(key_prefix)
  local out = {}
  while #out < 32 do
    local n = random_byte()
    if n < 248 then -- 4 * 62
      out[#out + 1] = BASE62:sub(n % 62 + 1, n % 62 + 1)
    end
  end
  return key_prefix .. concat(out)
end

return M
