-- rocks/archive/inflate.lua -- DEFLATE (RFC 1951) and gzip (RFC 1952), up to a size that the caller sets.
-- Codes of up to 9 bits are looked up in a table; longer ones are decoded bit by bit in canonical order.

local bit = require "bit"

local M = {}

local band, bor, bxor, lshift, rshift = bit.band, bit.bor, bit.bxor, bit.lshift, bit.rshift
local byte, char, concat, min, sub = string.byte, string.char, table.concat, math.min, string.sub

local FAST = 9             -- bits that are looked up
local PIECE = 4096         -- bytes that become a string at once
local WINDOW = 32768

local function fail(why) error(why, 0) end

-- CRC-32 ------------------------------------------------------------------------------------------------

local CRC = {}
for n = 0, 255 do
  local c = n
  for _ = 1, 8 do c = band(c, 1) == 1 and bxor(rshift(c, 1), 0xEDB88320) or rshift(c, 1) end
  CRC[n] = c
end

--- The CRC-32 of a text, from 0 to 2^32 - 1.
function M.crc32(text)
  local c = -1
  for i = 1, #text do c = bxor(CRC[band(bxor(c, byte(text, i)), 255)], rshift(c, 8)) end
  return bit.bnot(c) % 2 ^ 32
end

-- Bits --------------------------------------------------------------------------------------------------

-- s: text, at (the next byte), held (bits that are read and not used), count (how many).
local function need(s, n)
  while s.count < n do
    local b = byte(s.text, s.at)
    if not b then fail "it ends too early" end
    s.held = bor(s.held, lshift(b, s.count))
    s.at, s.count = s.at + 1, s.count + 8
  end
end

local function take(s, n)
  if n == 0 then return 0 end
  need(s, n)
  local value = band(s.held, lshift(1, n) - 1)
  s.held, s.count = rshift(s.held, n), s.count - n
  return value
end

-- Codes -------------------------------------------------------------------------------------------------

local function reversed(code, length)
  local out = 0
  for _ = 1, length do
    out = bor(lshift(out, 1), band(code, 1))
    code = rshift(code, 1)
  end
  return out
end

-- The code of a list of lengths, from 0.  fast[bits] = symbol * 16 + length.
local function code_of(lengths, n)
  local counts, offsets, symbols = {}, {}, {}
  for length = 0, 15 do counts[length] = 0 end
  for i = 0, n - 1 do counts[lengths[i]] = counts[lengths[i]] + 1 end
  local left = 1
  for length = 1, 15 do
    left = left * 2 - counts[length]
    if left < 0 then fail "a code has too many words" end
  end
  local used = n - counts[0]
  if left > 0 and used > 1 then fail "a code is not complete" end
  local next_code, code = {}, 0
  offsets[1] = 0
  counts[0] = 0
  for length = 1, 15 do
    code = (code + counts[length - 1]) * 2
    next_code[length] = code
    offsets[length + 1] = offsets[length] + counts[length]
  end
  local fast = {}
  for symbol = 0, n - 1 do
    local length = lengths[symbol]
    if length > 0 then
      symbols[offsets[length]] = symbol
      offsets[length] = offsets[length] + 1
      if length <= FAST then
        for bits = reversed(next_code[length], length), lshift(1, FAST) - 1, lshift(1, length) do
          fast[bits] = symbol * 16 + length
        end
      end
      next_code[length] = next_code[length] + 1
    end
  end
  return { counts = counts, symbols = symbols, fast = fast }
end

local function slow_symbol(s, code)
  local value, first, index = 0, 0, 0
  for length = 1, 15 do
    value = value + take(s, 1)
    local count = code.counts[length]
    if value - count < first then return code.symbols[index + value - first] end
    index, first, value = index + count, (first + count) * 2, value * 2
  end
  fail "a word is in no code"
end

local function symbol_of(s, code)
  while s.count < 15 do -- as many bits as there are: the last word may be shorter
    local b = byte(s.text, s.at)
    if not b then break end
    s.held = bor(s.held, lshift(b, s.count))
    s.at, s.count = s.at + 1, s.count + 8
  end
  local found = code.fast[band(s.held, 511)]
  if not found then return slow_symbol(s, code) end
  local length = band(found, 15)
  if length > s.count then fail "it ends too early" end
  s.held, s.count = rshift(s.held, length), s.count - length
  return rshift(found, 4)
end

-- Output: pieces of strings, and the window that copies are taken from ------------------------------------------

local function flush(out)
  if out.n > 0 then
    out.parts[#out.parts + 1] = char(unpack(out.piece, 1, out.n))
    out.n = 0
  end
end

local function put(out, b)
  if out.total >= out.max then fail "it is larger than it may be" end
  out.window[out.total % WINDOW] = b
  out.total, out.n = out.total + 1, out.n + 1
  out.piece[out.n] = b
  if out.n == PIECE then flush(out) end
end

-- Blocks ------------------------------------------------------------------------------------------------

local LENGTH_BASE, LENGTH_BITS, DISTANCE_BASE, DISTANCE_BITS = {}, {}, {}, {}
do
  local base = 3
  for i = 0, 27 do
    LENGTH_BITS[i] = i < 8 and 0 or rshift(i, 2) - 1
    LENGTH_BASE[i] = base
    base = base + lshift(1, LENGTH_BITS[i])
  end
  LENGTH_BASE[28], LENGTH_BITS[28] = 258, 0
  base = 1
  for i = 0, 29 do
    DISTANCE_BITS[i] = i < 4 and 0 or rshift(i, 1) - 1
    DISTANCE_BASE[i] = base
    base = base + lshift(1, DISTANCE_BITS[i])
  end
end

local function copy(out, distance, length)
  if distance > out.total then fail "a copy begins before the text" end
  if out.total + length > out.max then fail "it is larger than it may be" end
  local window = out.window
  for _ = 1, length do put(out, window[(out.total - distance) % WINDOW]) end
end

local function codes_block(s, out, literals, distances)
  while true do
    local symbol = symbol_of(s, literals)
    if symbol < 256 then
      put(out, symbol)
    elseif symbol == 256 then
      return
    else
      symbol = symbol - 257
      if symbol > 28 then fail "a length is not known" end
      local length = LENGTH_BASE[symbol] + take(s, LENGTH_BITS[symbol])
      local far = symbol_of(s, distances)
      if far > 29 then fail "a distance is not known" end
      copy(out, DISTANCE_BASE[far] + take(s, DISTANCE_BITS[far]), length)
    end
  end
end

local function stored_block(s, out)
  s.at = s.at - rshift(s.count, 3)        -- whole bytes that were read ahead
  s.held, s.count = 0, 0
  local a, b, c, d = byte(s.text, s.at, s.at + 3)
  if not d then fail "it ends too early" end
  local length = a + b * 256
  if length ~= 65535 - (c + d * 256) then fail "the length of a block is wrong" end
  s.at = s.at + 4
  if s.at + length - 1 > #s.text then fail "it ends too early" end
  for i = s.at, s.at + length - 1 do put(out, byte(s.text, i)) end
  s.at = s.at + length
end

local FIXED
local function fixed_codes()
  if not FIXED then
    local lengths, distances = {}, {}
    for i = 0, 287 do lengths[i] = i < 144 and 8 or i < 256 and 9 or i < 280 and 7 or 8 end
    for i = 0, 31 do distances[i] = 5 end
    FIXED = { code_of(lengths, 288), code_of(distances, 32) }
  end
  return FIXED[1], FIXED[2]
end

local ORDER = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 }

local function dynamic_codes(s)
  local literals, distances, lengths_of = take(s, 5) + 257, take(s, 5) + 1, take(s, 4) + 4
  if literals > 286 or distances > 30 then fail "a code has too many words" end
  local lengths = {}
  for i = 0, 18 do lengths[i] = 0 end
  for i = 1, lengths_of do lengths[ORDER[i]] = take(s, 3) end
  local code, all, i = code_of(lengths, 19), {}, 0
  while i < literals + distances do
    local symbol = symbol_of(s, code)
    local value, times = symbol, 1
    if symbol == 16 then
      value, times = all[i - 1], 3 + take(s, 2)
      if not value then fail "nothing can be repeated" end
    elseif symbol == 17 then value, times = 0, 3 + take(s, 3)
    elseif symbol == 18 then value, times = 0, 11 + take(s, 7) end
    if i + times > literals + distances then fail "a code has too many words" end
    for k = i, i + times - 1 do all[k] = value end
    i = i + times
  end
  if all[256] == 0 then fail "a block has no end" end
  local second = {}
  for k = 0, distances - 1 do second[k] = all[literals + k] end
  return code_of(all, literals), code_of(second, distances)
end

local function inflate(text, from, max)
  local s = { text = text, at = from, held = 0, count = 0 }
  local out = { parts = {}, piece = {}, n = 0, window = {}, total = 0, max = max }
  repeat
    local is_last, kind = take(s, 1) == 1, take(s, 2)
    if kind == 0 then stored_block(s, out)
    elseif kind == 1 then codes_block(s, out, fixed_codes())
    elseif kind == 2 then codes_block(s, out, dynamic_codes(s))
    else fail "a block is of no known kind" end
  until is_last
  flush(out)
  return concat(out.parts), s.at - rshift(s.count, 3)
end

--- Inflates the DEFLATE data at `from` to at most `max` bytes: the text and where the data end; or nil and a reason.
function M.inflate(text, from, max)
  local ok, result, stop = pcall(inflate, text, from or 1, max)
  if not ok then return nil, result end
  return result, stop
end

-- gzip ----------------------------------------------------------------------------------------------------

local function little_endian(text, at)
  local a, b, c, d = byte(text, at, at + 3)
  if not d then fail "it ends too early" end
  return a + b * 256 + c * 65536 + d * 2 ^ 24
end

local function behind_zero(text, at)
  return (text:find("\0", at, true) or fail "it ends too early") + 1
end

local function member(text, at, max)
  if byte(text, at) ~= 31 or byte(text, at + 1) ~= 139 or byte(text, at + 2) ~= 8 then fail "it is not gzip" end
  local flags = byte(text, at + 3) or fail "it ends too early"
  at = at + 10
  if band(flags, 4) ~= 0 then at = at + 2 + little_endian(text .. "\0\0", at) % 65536 end
  if band(flags, 8) ~= 0 then at = behind_zero(text, at) end
  if band(flags, 16) ~= 0 then at = behind_zero(text, at) end
  if band(flags, 2) ~= 0 then at = at + 2 end
  local data, stop = inflate(text, at, max)
  if little_endian(text, stop) ~= M.crc32(data) or little_endian(text, stop + 4) ~= #data then
    fail "its checksum is wrong"
  end
  return data, stop + 8
end

local function gunzip(text, max)
  local parts, at, total = {}, 1, 0
  repeat
    local data
    data, at = member(text, at, max - total)
    parts[#parts + 1], total = data, total + #data
  until at > #text or not sub(text, at, at + 1):find "^\31\139" -- zeros may follow, on tapes
  if sub(text, at, at + min(#text, 1048576)):find "[^%z]" then fail "there is more behind its end" end
  return concat(parts)
end

--- The text of a gzip file, at most `max` bytes; or nil and a reason.
function M.gunzip(text, max)
  local ok, result = pcall(gunzip, text, max)
  if ok then return result end
  return nil, result
end

return M
