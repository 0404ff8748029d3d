-- spec/host/encoder_spec.lua -- the sentence encoder: tiny weights against its forward pass in Lua, real ones (those of
-- `make modules`) against what TensorFlow.js made of the same sentences (spec/fixtures/sentences.json).

local cjson = require "cjson"
local host = require "human.core.host"
local ffi = require "ffi"
local tiny = require "tiny_weights"

local C = require "c_types" ("sense/weights.h", "weights", "weights_open", "weights_close", "WEIGHTS_TOKENS")
require "c_types" ("sense/pieces.h", "pieces_cut")
require "c_types" ("sense/encoder.h", "encoder_run", "encoder_round")
require "c_types" ("sense/matmul.h", "matmul", "matmul_dot")

local REAL = "build/search.weights"

local function sha256(text) return host.sha256(text) end

local function with_file(bytes, fn)
  local path = os.tmpname()
  local f = assert(io.open(path, "wb"))
  f:write(bytes)
  f:close()
  local ok, why = pcall(fn, path)
  os.remove(path)
  if not ok then error(why, 0) end
end

local function open(path)
  local w = ffi.new "weights"
  local why = C.weights_open(path, w)
  return w, why ~= nil and ffi.string(why) or nil
end

-- The ids of a text, and the array that C made of it.
local function cut(w, text)
  local array = ffi.new("uint32_t[128]")
  local ids = {}
  for i = 1, C.pieces_cut(w, text, #text, array) do ids[i] = array[i - 1] end
  return ids, array
end

local function encode(w, text)
  local ids, array = cut(w, text)
  local v = ffi.new("float[512]")
  assert.equal(0, C.encoder_run(w, array, #ids, v))
  return v, ids
end

describe("the arithmetic of the encoder and the search", function()
  it("sums products of whole numbers exactly, the greatest, too", function()
    local a, b = ffi.new("int8_t[512]"), ffi.new("int8_t[512]")
    local function check(of_a, of_b)
      local wanted = 0
      for i = 0, 511 do
        a[i], b[i] = of_a(i), of_b(i)
        wanted = wanted + a[i] * b[i]
      end
      assert.equal(wanted, C.matmul_dot(a, b))
    end
    local function least() return -128 end
    check(least, least)
    check(least, function() return 127 end)
    check(function(i) return i % 255 - 127 end, function(i) return i * 37 % 255 - 127 end)
  end)

  it("says of a row the same, however many rows there are beside it", function()
    local rows, width, out = 9, 40, 32
    local x, w, bias = ffi.new("float[?]", rows * width), ffi.new("float[?]", width * out), ffi.new("float[?]", out)
    for i = 0, rows * width - 1 do x[i] = math.sin(i) end
    for i = 0, width * out - 1 do w[i] = math.cos(i * 3) end
    local alone, together = ffi.new("float[?]", rows * out), ffi.new("float[?]", rows * out)
    for r = 0, rows - 1 do C.matmul(x + r * width, 1, width, w, bias, out, alone + r * out) end
    for n = 1, rows do
      C.matmul(x, n, width, w, bias, out, together)
      for i = 0, n * out - 1 do assert.equal(alone[i], together[i]) end
    end
    local sum = 0
    for k = 0, width - 1 do sum = sum + x[k] * w[k * 16 + 3] end -- panels of 16 columns
    assert.near(sum, alone[3], 1e-5)
  end)
end)

describe("an encoder with tiny weights", function()
  local weights = tiny.make(7)
  local w, path
  setup(function()
    path = os.tmpname()
    local f = assert(io.open(path, "wb"))
    f:write(tiny.file(weights, sha256))
    f:close()
    w = open(path)
  end)
  teardown(function()
    C.weights_close(w)
    os.remove(path)
  end)

  it("says of a text what its forward pass in Lua says", function()
    for _, text in ipairs { "data", "data shop price", "cats eat data", ("data cat "):rep(100) } do
      local v, ids = encode(w, text)
      for k, wanted in ipairs(tiny.run(weights, ids)) do assert.near(wanted, v[k - 1], 1e-5) end
    end
  end)

  it("cuts a text into the pieces that are likeliest together", function()
    assert.same({ 7 }, (cut(w, "data")))
    assert.same({ 8, 11 }, (cut(w, "daa")))
    assert.same({ 15, 14 }, (cut(w, "price shop")))
  end)

  it("takes letters that it does not know as one, and nothing as nothing", function()
    assert.same({}, (cut(w, "")))
    assert.same({ 6, 0, 7 }, (cut(w, "☃☃☃ data")))
    assert.same({ 6, 0 }, (cut(w, "\255\254\200")))
  end)

  it("normalises a text: ½ is 1⁄2, and an e with an accent is é", function()
    assert.same({ 6, 19, 21, 20 }, (cut(w, "½")))
    assert.same((cut(w, "é")), (cut(w, "e\204\129")))
    assert.same({ 6, 17 }, (cut(w, "é")))
  end)

  it("reads at most 128 pieces of a text of any length", function()
    assert.equal(128, #cut(w, ("data "):rep(100000)))
    assert.equal(128, #cut(w, ("½"):rep(4096)))
  end)

  it("rounds a vector so that its largest number is 127", function()
    local v, out = ffi.new("float[512]", { 0.5, -0.26, 0.1 }), ffi.new("int8_t[512]")
    C.encoder_round(v, 3, out)
    assert.same({ 127, -66, 25, 0, 0 }, { out[0], out[1], out[2], out[3], out[511] })
  end)

  it("survives any bytes", function()
    math.randomseed(42)
    for _ = 1, 300 do
      local bytes = {}
      for i = 1, math.random(0, 200) do bytes[i] = string.char(math.random() < 0.5 and math.random(0, 255) or 97) end
      local ids = cut(w, table.concat(bytes))
      assert.is_true(#ids <= 128)
      for _, id in ipairs(ids) do assert.is_true(id < tiny.ROWS) end
    end
  end)
end)

describe("a file of weights is refused", function()
  local weights = tiny.make(7)
  local whole = tiny.file(weights, sha256)

  local function why(bytes)
    local said
    with_file(bytes, function(path)
      local w, reason = open(path)
      said = reason
      C.weights_close(w)
    end)
    return said
  end

  it("not when it is right", function() assert.is_nil(why(whole)) end)

  it("when it is another file, empty, cut off or longer", function()
    assert.equal("its size is not that of weights", why "")
    assert.equal("it is no file of weights, or one of another version", why(("x"):rep(1000)))
    for _, n in ipairs { 128, 129, 1000, #whole - 1 } do
      assert.equal("its size is not what its head says", why(whole:sub(1, n)))
    end
    assert.equal("its size is not what its head says", why(whole .. "\0"))
  end)

  it("when a byte has changed", function()
    assert.equal("its hash is wrong: it is damaged", why(whole:sub(1, -2) .. string.char((whole:byte(-1) + 1) % 256)))
  end)

  it("when its head has sizes that cannot be", function()
    for place, values in ipairs { { 0, 65537, 2 ^ 32 - 1 }, { 0, 8, 17, 4096, 2 ^ 32 - 16 }, { 0, 8, 33, 4096 },
                                  { 0, 3, 65 }, { 0, 8, 4096 }, { 0, 8, 1024 }, { 65537, 2 ^ 32 - 1 }, { 2 ^ 32 - 1 },
                                  { 2 ^ 32 - 1 }, { 2 ^ 32 - 1 }, { 2 ^ 32 - 1 } } do
      for _, value in ipairs(values) do assert.is_string(why(tiny.file(weights, sha256, { [place] = value }))) end
    end
  end)

  it("when its pieces lead out of it", function()
    local letters = #whole
    local at = 128 + #tiny.PIECES * 8
    local bad = whole:sub(129, at) .. ("\255"):rep(4) .. whole:sub(at + 5)
    assert.equal(letters, #bad + 128)
    assert.equal("it is malformed", why(whole:sub(1, 56) .. sha256(bad) .. whole:sub(89, 128) .. bad))
  end)
end)

describe("an encoder with the real weights", function()
  local f = io.open(REAL, "rb")
  if not f then
    print("NOT RUN: " .. REAL .. " is not there: `make modules` fetches it")
    return pending "says what TensorFlow.js says"
  end
  f:close()
  local file = assert(io.open("spec/fixtures/sentences.json"))
  local sentences = cjson.decode(file:read "*a")
  file:close()
  local w
  setup(function() w = open(REAL) end)
  teardown(function() C.weights_close(w) end)

  it("cuts sentences as the tokenizer of TensorFlow.js does", function()
    for _, s in ipairs(sentences) do assert.same(s.ids, (cut(w, s.text))) end
  end)

  it("says what TensorFlow.js says, to five decimals", function()
    for _, s in ipairs(sentences) do
      local v = encode(w, s.text)
      for k, millionths in ipairs(s.vector) do assert.near(millionths / 1e6, v[k - 1], 5e-6) end
    end
  end)
end)
