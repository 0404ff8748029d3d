-- rocks/msgpack/msgpack.lua -- MessagePack (msgpack.org, specification of 2017), without any I/O.
-- The caller defines what null, arrays and bytes are in Lua.  Input is not trusted: depth, counts and lengths are
-- checked before anything is allocated.

local byte, char, concat, sub = string.byte, string.char, table.concat, string.sub
local floor, frexp, ldexp, huge = math.floor, math.frexp, math.ldexp, math.huge

local M = {}
local MAX_DEPTH = 64
local MAX_INTEGER = 2 ^ 53

-- Numbers ----------------------------------------------------------------------------------------

local function big_endian(n, bytes)
  local out = {}
  for i = bytes, 1, -1 do
    out[i] = char(n % 256)
    n = floor(n / 256)
  end
  return concat(out)
end

local function unsigned(text, at, bytes)
  local n = 0
  for i = at, at + bytes - 1 do n = n * 256 + byte(text, i) end
  return n
end

local function signed(text, at, bytes)
  local n = unsigned(text, at, bytes)
  if byte(text, at) < 128 then return n end
  -- from the complement: 2^64 - 1 has more digits than a double
  n = 0
  for i = at, at + bytes - 1 do n = n * 256 + (255 - byte(text, i)) end
  return -n - 1
end

-- IEEE 754 as in the specification: sign, exponent, mantissa.
local function float_of(text, at, exponent_bits, mantissa_bits)
  local bytes = (1 + exponent_bits + mantissa_bits) / 8
  local n = byte(text, at) % 128
  for i = at + 1, at + (bytes == 8 and 1 or 1) do n = n * 256 + byte(text, i) end
  local low_bits = 15 - exponent_bits
  local exponent, mantissa = floor(n / 2 ^ low_bits), n % 2 ^ low_bits
  for i = at + 2, at + bytes - 1 do mantissa = mantissa * 256 + byte(text, i) end
  local sign, top = byte(text, at) >= 128 and -1 or 1, 2 ^ exponent_bits - 1
  local bias = 2 ^ (exponent_bits - 1) - 1
  if exponent == top then return mantissa == 0 and sign * huge or 0 / 0 end
  if exponent == 0 then return sign * ldexp(mantissa, 1 - bias - mantissa_bits) end
  return sign * ldexp(mantissa + 2 ^ mantissa_bits, exponent - bias - mantissa_bits)
end

local function double_text(n)
  if n ~= n then return "\203\127\248\0\0\0\0\0\0" end
  local sign = (n < 0 or 1 / n < 0) and 128 or 0
  if n < 0 then n = -n end
  if n == huge then return char(203, sign + 127, 240, 0, 0, 0, 0, 0, 0) end
  if n == 0 then return char(203, sign, 0, 0, 0, 0, 0, 0, 0) end
  local mantissa, exponent = frexp(n) -- n = mantissa * 2^exponent, 0.5 <= mantissa < 1
  exponent = exponent + 1022
  if exponent <= 0 then
    mantissa, exponent = ldexp(mantissa, 52 + exponent), 0
  else
    mantissa = ldexp(mantissa * 2 - 1, 52)
  end
  local high, low = floor(mantissa / 2 ^ 48), mantissa % 2 ^ 48
  return char(203, sign + floor(exponent / 16), exponent % 16 * 16 + high) .. big_endian(low, 6)
end

local function integer_text(n)
  if n >= 0 then
    if n < 128 then return char(n) end
    if n < 256 then return char(204, n) end
    if n < 65536 then return "\205" .. big_endian(n, 2) end
    if n < 4294967296 then return "\206" .. big_endian(n, 4) end
    return "\207" .. big_endian(n, 8)
  end
  if n >= -32 then return char(256 + n) end
  if n >= -128 then return char(208, 256 + n) end
  if n >= -32768 then return "\209" .. big_endian(65536 + n, 2) end
  if n >= -2147483648 then return "\210" .. big_endian(4294967296 + n, 4) end
  local high = floor(n / 4294967296) -- two halves, since 2^64 + n may have more digits than a double
  return "\211" .. big_endian(4294967296 + high, 4) .. big_endian(n - high * 4294967296, 4)
end

local function number_text(n)
  if n == floor(n) and n >= -MAX_INTEGER and n <= MAX_INTEGER and not (n == 0 and 1 / n < 0) then
    return integer_text(n)
  end
  return double_text(n)
end

-- The header of a text, bytes, an array or a map of n items: one byte for small ones.
local function head(n, small, small_max, one, two, four)
  if n <= small_max then return char(small + n) end
  if one and n < 256 then return char(one, n) end
  if n < 65536 then return char(two) .. big_endian(n, 2) end
  return char(four) .. big_endian(n, 4)
end

-- Writing ----------------------------------------------------------------------------------------

local put

local function put_array(o, out, v, depth)
  local n, count = #v, 0
  for _ in next, v do count = count + 1 end
  if count ~= n then error("msgpack: an array has a hole, or names beside its positions", 0) end
  out[#out + 1] = head(n, 144, 15, nil, 220, 221)
  for i = 1, n do put(o, out, v[i], depth) end
end

local function put_map(o, out, v, depth)
  local n = 0
  for _ in next, v do n = n + 1 end
  out[#out + 1] = head(n, 128, 15, nil, 222, 223)
  for key, value in next, v do
    if type(key) ~= "string" then error("msgpack: the name of a field must be a string, not " .. tostring(key), 0) end
    put(o, out, key, depth)
    put(o, out, value, depth)
  end
end

local function put_table(o, out, v, depth)
  local bytes = o.bytes_of(v)
  if bytes then
    out[#out + 1] = head(#bytes, 0, -1, 196, 197, 198)
    out[#out + 1] = bytes
    return
  end
  local other = o.plain(v)
  if other ~= v then return put(o, out, other, depth) end
  if depth >= MAX_DEPTH then error("msgpack: deeper than " .. MAX_DEPTH .. " levels, or a cycle", 0) end
  if o.is_array(v) then return put_array(o, out, v, depth + 1) end
  put_map(o, out, v, depth + 1)
end

function put(o, out, v, depth)
  local kind = type(v)
  if v == nil or v == o.null then
    out[#out + 1] = "\192"
  elseif kind == "boolean" then
    out[#out + 1] = v and "\195" or "\194"
  elseif kind == "number" then
    out[#out + 1] = number_text(v)
  elseif kind == "string" then
    if not o.is_text(v) then error("msgpack: a text is not UTF-8", 0) end
    out[#out + 1] = head(#v, 160, 31, 217, 218, 219)
    out[#out + 1] = v
  elseif kind == "table" then
    put_table(o, out, v, depth)
  else
    error("msgpack: cannot write a " .. kind, 0)
  end
end

-- Reading: every function returns a value and where the next one begins; errors are raised as strings. ----

local take

local function need(text, at, n)
  if at + n - 1 > #text then error("it ends too early", 0) end
end

local function length(text, at, bytes)
  need(text, at, bytes)
  return unsigned(text, at, bytes), at + bytes
end

local function take_text(o, text, at, n)
  need(text, at, n)
  local value = sub(text, at, at + n - 1)
  if o.is_text(value) then return value, at + n end
  local mended = o.mend(value)
  if not mended then error("a text is not UTF-8", 0) end
  return mended, at + n
end

local function take_bytes(o, text, at, n)
  need(text, at, n)
  return o.bytes(sub(text, at, at + n - 1)), at + n
end

local function take_array(o, text, at, n, depth)
  need(text, at, n) -- each takes a byte at least
  local list = {}
  for i = 1, n do list[i], at = take(o, text, at, depth) end
  return n == 0 and o.array(list) or list, at
end

local function take_map(o, text, at, n, depth)
  need(text, at, n * 2)
  local map = {}
  for _ = 1, n do
    local key, value
    key, at = take(o, text, at, depth)
    value, at = take(o, text, at, depth)
    if type(key) == "number" then key = ("%.14g"):format(key) end
    if type(key) ~= "string" then error("the name of a field is no text", 0) end
    map[key] = value
  end
  return map, at
end

local function date(seconds, nanoseconds)
  if seconds ~= seconds or seconds < -62135596800 or seconds > 253402300799 or nanoseconds > 999999999 then
    error("a time is out of range", 0)
  end
  return os.date("!%Y-%m-%dT%H:%M:%S", seconds) .. (".%03dZ"):format(floor(nanoseconds / 1000000))
end

-- Extensions: timestamps as JSON has a Date; JavaScript's undefined (0), and its older Date, in ms.
local function take_extension(o, text, at, n)
  need(text, at, n + 1)
  local kind = byte(text, at)
  local from, stop = at + 1, at + 1 + n
  if kind == 0 and n == 1 then return o.null, stop end
  if kind == 0 and n == 8 then
    local ms = unsigned(text, from, 4) * 4294967296 + unsigned(text, from + 4, 4)
    return date(floor(ms / 1000), ms % 1000 * 1000000), stop
  end
  if kind ~= 255 then error("an extension is not known", 0) end
  if n == 4 then return date(unsigned(text, from, 4), 0), stop end
  if n == 12 then return date(signed(text, from + 4, 8), unsigned(text, from, 4)), stop end
  if n ~= 8 then error("an extension is not known", 0) end
  local nanoseconds = floor(unsigned(text, from, 4) / 4)
  return date(unsigned(text, from, 4) % 4 * 4294967296 + unsigned(text, from + 4, 4), nanoseconds), stop
end

local function fixed(fn, n) return function(o, text, at) return fn(o, text, at, n) end end

local function sized(fn, bytes)
  return function(o, text, at, depth)
    local n
    n, at = length(text, at, bytes)
    return fn(o, text, at, n, depth)
  end
end

local function integer(fn, bytes)
  return function(_, text, at)
    need(text, at, bytes)
    return fn(text, at, bytes), at + bytes
  end
end

local function float(bytes, exponent_bits, mantissa_bits)
  return function(_, text, at)
    need(text, at, bytes)
    return float_of(text, at, exponent_bits, mantissa_bits), at + bytes
  end
end

local FORMS = {
  [192] = function(o, _, at) return o.null, at end,
  [194] = function(_, _, at) return false, at end, [195] = function(_, _, at) return true, at end,
  [196] = sized(take_bytes, 1), [197] = sized(take_bytes, 2), [198] = sized(take_bytes, 4),
  [199] = sized(take_extension, 1), [200] = sized(take_extension, 2), [201] = sized(take_extension, 4),
  [202] = float(4, 8, 23), [203] = float(8, 11, 52),
  [204] = integer(unsigned, 1), [205] = integer(unsigned, 2), [206] = integer(unsigned, 4),
  [207] = integer(unsigned, 8),
  [208] = integer(signed, 1), [209] = integer(signed, 2), [210] = integer(signed, 4), [211] = integer(signed, 8),
  [212] = fixed(take_extension, 1), [213] = fixed(take_extension, 2), [214] = fixed(take_extension, 4),
  [215] = fixed(take_extension, 8), [216] = fixed(take_extension, 16),
  [217] = sized(take_text, 1), [218] = sized(take_text, 2), [219] = sized(take_text, 4),
  [220] = sized(take_array, 2), [221] = sized(take_array, 4),
  [222] = sized(take_map, 2), [223] = sized(take_map, 4),
}

function take(o, text, at, depth)
  need(text, at, 1)
  local kind = byte(text, at)
  if kind < 128 then return kind, at + 1 end
  if kind >= 224 then return kind - 256, at + 1 end
  if kind >= 160 and kind < 192 then return take_text(o, text, at + 1, kind - 160) end
  if depth >= MAX_DEPTH then error("it is nested too deeply", 0) end
  if kind < 144 then return take_map(o, text, at + 1, kind - 128, depth + 1) end
  if kind < 160 then return take_array(o, text, at + 1, kind - 144, depth + 1) end
  local form = FORMS[kind]
  if not form then error("a byte begins nothing", 0) end
  return form(o, text, at + 1, depth + 1)
end

-- A codec ----------------------------------------------------------------------------------------

local function same(v) return v end
local function never() return nil end

local DEFAULTS = {
  array = same, is_array = function(v) return v[1] ~= nil end, bytes = same, bytes_of = never,
  is_text = function() return true end, mend = never, plain = same,
}

--- Makes encode(value) -> text, which raises a string for a value that cannot be encoded, and decode(text) -> value, or
--- nil and a message.  options, all optional: null; array(list), which marks an empty list as one; is_array(t);
--- bytes(string), what binary data becomes, and bytes_of(t), the string of such a value or nil;
--- is_text(string), whether it is UTF-8, and mend(string), the text to read instead, or nil; plain(t), a value to
--- write instead of a table of a special kind.
function M.codec(options)
  local o = setmetatable({}, { __index = DEFAULTS })
  for name, value in pairs(options or {}) do o[name] = value end

  local function encode(value)
    local out = {}
    put(o, out, value, 0)
    return concat(out)
  end

  local function decode(text)
    local ok, value, stop = pcall(take, o, text, 1, 0)
    if not ok then return nil, "is not MessagePack: " .. tostring(value) end
    if stop ~= #text + 1 then return nil, "is not MessagePack: there is more behind it" end
    return value
  end

  return encode, decode
end

return M
