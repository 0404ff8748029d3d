-- spec/support/tiny_weights.lua -- a sentence encoder of a few neurons: the file that C reads (host/sense/weights.h),
-- and its forward pass in plain Lua, written from the paper and not from the C code.

local ffi = require "ffi"
local bit = require "bit"

local M = { NARROW = 16, WIDE = 32, HEADS = 4, INNER = 48, OUT = 32 }

-- The vocabulary: {letters, score}; ids count from 6.  "▁" is a blank.
M.PIECES = { { "▁", -4 }, { "▁data", -6 }, { "▁da", -5 }, { "ta", -5 }, { "d", -9 }, { "a", -8 }, { "t", -8 }, { "s", -7 },
             { "▁shop", -6 }, { "▁price", -6 }, { "▁cat", -6 }, { "é", -9 }, { "e", -8 }, { "1", -9 }, { "2", -9 },
             { "⁄", -9 } }
M.ROWS = 6 + #M.PIECES
M.FOLDS = { { 0xBD, { 0x31, 0x2044, 0x32 } } }     -- ½
M.PAIRS = { { 0x65, 0x301, 0xE9 } }                -- e and an acute

-- Numbers from -1 to 1, the same for a seed.
local function random(seed)
  local state = seed
  return function()
    state = (state * 1103515245 + 12345) % 2147483648
    return state / 1073741824 - 1
  end
end

local function vector(rand, n, by, plus)
  local v = {}
  for i = 1, n do v[i] = tonumber(ffi.new("float", rand() * by + (plus or 0))) end
  return v
end

local function matrix(rand, rows, columns)
  local m = { rows = rows, columns = columns }
  for r = 1, rows do m[r] = vector(rand, columns, 1 / math.sqrt(rows)) end
  return m
end

local function layer(rand, width)
  local wide = M.WIDE
  return { norm = vector(rand, width, 0.2, 1), norm_bias = vector(rand, width, 0.2), qkv = matrix(rand, width, 3 * width),
           qkv_bias = vector(rand, 3 * width, 0.2), mix = matrix(rand, width, wide), mix_bias = vector(rand, wide, 0.2),
           norm2 = vector(rand, wide, 0.2, 1), norm2_bias = vector(rand, wide, 0.2), up = matrix(rand, wide, M.INNER),
           up_bias = vector(rand, M.INNER, 0.2), down = matrix(rand, M.INNER, wide), down_bias = vector(rand, wide, 0.2) }
end

--- All tensors, by a seed.
function M.make(seed)
  local rand = random(seed)
  local w = { embedding = {} }
  for i = 1, M.ROWS do w.embedding[i] = vector(rand, M.NARROW, 1) end
  w.timescale = vector(rand, M.NARROW / 2, 0.5, 0.5)
  w.dense, w.dense_bias = matrix(rand, M.NARROW, M.WIDE), vector(rand, M.WIDE, 0.2)
  w.layers = { layer(rand, M.NARROW), layer(rand, M.WIDE) }
  w.last, w.last_bias = matrix(rand, M.WIDE, M.OUT), vector(rand, M.OUT, 0.2)
  return w
end

-- ---- the forward pass ----

local function times(rows, m, bias)
  local out = {}
  for i, row in ipairs(rows) do
    out[i] = {}
    for c = 1, m.columns do
      local sum = bias[c]
      for k = 1, m.rows do sum = sum + row[k] * m[k][c] end
      out[i][c] = sum
    end
  end
  return out
end

local function normalised(rows, scale, bias)
  local out = {}
  for i, row in ipairs(rows) do
    local mean, variance = 0, 0
    for _, v in ipairs(row) do mean = mean + v / #row end
    for _, v in ipairs(row) do variance = variance + (v - mean) ^ 2 / #row end
    out[i] = {}
    for k, v in ipairs(row) do out[i][k] = (v - mean) / math.sqrt(variance + 1e-6) * scale[k] + bias[k] end
  end
  return out
end

local function plus(a, b)
  local out = {}
  for i, row in ipairs(a) do
    out[i] = {}
    for k, v in ipairs(row) do out[i][k] = v + b[i][k] end
  end
  return out
end

local function shares(qkv, i, from, width, size)
  local list, sum = {}, 0
  for j, other in ipairs(qkv) do
    local product = 0
    for k = from, from + size - 1 do product = product + qkv[i][k] * other[width + k] end
    list[j] = math.exp(product / math.sqrt(size))
    sum = sum + list[j]
  end
  for j = 1, #list do list[j] = list[j] / sum end
  return list
end

local function attended(x, l)
  local width = #x[1]
  local size = width / M.HEADS
  local qkv, out = times(normalised(x, l.norm, l.norm_bias), l.qkv, l.qkv_bias), {}
  for i = 1, #x do
    out[i] = {}
    for from = 1, width, size do
      local share = shares(qkv, i, from, width, size)
      for k = from, from + size - 1 do
        local sum = 0
        for j = 1, #x do sum = sum + share[j] * qkv[j][2 * width + k] end
        out[i][k] = sum
      end
    end
  end
  return times(out, l.mix, l.mix_bias)
end

local function fed_forward(x, l)
  local inner = times(normalised(x, l.norm2, l.norm2_bias), l.up, l.up_bias)
  for _, row in ipairs(inner) do
    for k, v in ipairs(row) do row[k] = math.max(v, 0) end
  end
  return plus(x, times(inner, l.down, l.down_bias))
end

local function embedded(w, ids)
  local x, half = {}, M.NARROW / 2
  for t, id in ipairs(ids) do
    x[t] = {}
    for k, v in ipairs(w.embedding[id + 1]) do
      local angle = (t - 1) * w.timescale[(k - 1) % half + 1]
      x[t][k] = 2 * v + (k <= half and math.sin(angle) or math.cos(angle))
    end
  end
  return x
end

--- What ids mean: OUT numbers, of length 1.
function M.run(w, ids)
  local x = embedded(w, ids)
  x = fed_forward(plus(times(x, w.dense, w.dense_bias), attended(x, w.layers[1])), w.layers[1])
  x = fed_forward(plus(x, attended(x, w.layers[2])), w.layers[2])
  local mean, length = {}, 0
  for k = 1, M.WIDE do
    mean[k] = 0
    for _, row in ipairs(x) do mean[k] = mean[k] + row[k] / #x end
  end
  local v = times({ mean }, w.last, w.last_bias)[1]
  for k = 1, #v do
    v[k] = (math.exp(2 * v[k]) - 1) / (math.exp(2 * v[k]) + 1)
    length = length + v[k] ^ 2
  end
  for k = 1, #v do v[k] = v[k] / math.sqrt(length) end
  return v
end

-- ---- the file ----

local function numbers(kind, list)
  local array = ffi.new(kind .. "[?]", #list, list)
  return ffi.string(array, ffi.sizeof(array))
end

local function panels(m)
  local list = {}
  for c = 1, m.columns, 16 do
    for r = 1, m.rows do
      for k = c, c + 15 do list[#list + 1] = m[r][k] end
    end
  end
  return numbers("float", list)
end

local function code_points(text)
  local list = {}
  for char in text:gmatch "[%z\1-\127\194-\244][\128-\191]*" do
    local n = char:byte()
    n = n >= 0xE0 and bit.band(n, 0xF) or n >= 0xC0 and bit.band(n, 0x1F) or n
    for i = 2, #char do n = n * 64 + bit.band(char:byte(i), 0x3F) end
    list[#list + 1] = n
  end
  return list
end

local function before(a, b)
  for i = 1, math.max(#a.letters, #b.letters) do
    if a.letters[i] ~= b.letters[i] then return (a.letters[i] or -1) < (b.letters[i] or -1) end
  end
  return false
end

local function vocabulary()
  local list = {}
  for i, piece in ipairs(M.PIECES) do list[i] = { letters = code_points(piece[1]), score = piece[2], id = i + 5 } end
  table.sort(list, before)
  return list
end

local function joined(lists)
  local at, flat = { 0 }, {}
  for _, list in ipairs(lists) do
    for _, v in ipairs(list) do flat[#flat + 1] = v end
    at[#at + 1] = #flat
  end
  return at, flat
end

local function column(list, key)
  local out = {}
  for i, row in ipairs(list) do out[i] = row[key] end
  return out
end

local LAYER = { "norm", "norm_bias", "qkv", "qkv_bias", "mix", "mix_bias", "norm2", "norm2_bias", "up", "up_bias", "down",
                "down_bias" }

local function tensors(w)
  local out = {}
  local function add(v) out[#out + 1] = v.rows and panels(v) or numbers("float", v) end
  for _, row in ipairs(w.embedding) do add(row) end
  for _, v in ipairs { w.timescale, w.dense, w.dense_bias } do add(v) end
  for _, l in ipairs(w.layers) do
    for _, name in ipairs(LAYER) do add(l[name]) end
  end
  add(w.last)
  add(w.last_bias)
  return table.concat(out)
end

--- The bytes of the file.  sha256: a function to raw bytes.  change: what the head says otherwise, by its place from 1
--- (rows, narrow, wide, ..).
function M.file(w, sha256, change)
  local pieces = vocabulary()
  local at, letters = joined(column(pieces, "letters"))
  local fold_at, folds = joined(column(M.FOLDS, 2))
  local _, pairs_flat = joined(M.PAIRS)
  local text = numbers("double", column(pieces, "score")) .. numbers("uint32_t", column(pieces, "id"))
    .. numbers("uint32_t", at) .. numbers("uint32_t", letters) .. numbers("uint32_t", column(M.FOLDS, 1))
    .. numbers("uint32_t", fold_at) .. numbers("uint32_t", folds) .. numbers("uint32_t", pairs_flat)
  local body = text .. ("\0"):rep(-#text % 64) .. tensors(w)
  local sizes = { M.ROWS, M.NARROW, M.WIDE, M.HEADS, M.INNER, M.OUT, #pieces, #letters, #M.FOLDS, #folds, #M.PAIRS, 0 }
  for i, v in pairs(change or {}) do sizes[i] = v end
  return "humanSE1" .. numbers("uint32_t", sizes) .. sha256(body) .. ("\0"):rep(40) .. body
end

return M
