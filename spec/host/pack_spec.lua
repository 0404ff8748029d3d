-- spec/host/pack_spec.lua -- the C codec agrees exactly with LuaJIT's string.buffer.
-- Format: https://luajit.org/ext_buffer.html#serialize

local buffer = require "string.buffer"
local ffi = require "ffi"
require "c_buf"

local C = require "c_types" ("core/pack.h", "pack_reader", "pack_value", "pack_nil", "pack_null", "pack_bool", "pack_int",
  "pack_num", "pack_str", "pack_map", "pack_array", "pack_read", "pack_skip", "PACK_NIL")
local NIL, BOOL, NULL, NUM, STR, TABLE = C.PACK_NIL, C.PACK_BOOL, C.PACK_NULL, C.PACK_NUM, C.PACK_STR, C.PACK_TABLE
local null = require("human.core.host").NULL

local function write(value, b)
  local kind = type(value)
  if value == nil then return C.pack_nil(b) end
  if value == null then return C.pack_null(b) end
  if kind == "boolean" then return C.pack_bool(b, value) end
  if kind == "number" then return C.pack_num(b, value) end
  if kind == "string" then return C.pack_str(b, value, #value) end
  local pairs_n = 0
  for _ in pairs(value) do pairs_n = pairs_n + 1 end
  if #value == pairs_n then
    C.pack_array(b, pairs_n)
    for _, v in ipairs(value) do write(v, b) end
  else
    C.pack_map(b, pairs_n)
    for k, v in pairs(value) do write(k, b) write(v, b) end
  end
end

local function written(fn)
  local b = ffi.new "buf"
  fn(b)
  local blob = ffi.string(b.p, b.n)
  C.buf_free(b)
  return blob
end

local kept                                       -- what the reader points into

local function reader(blob)
  local r = ffi.new "pack_reader"
  kept = blob
  r.p = kept
  r["end"] = r.p + #kept
  return r
end

local function read(r)
  local v = ffi.new "pack_value"
  local kind = C.pack_read(r, v)
  if kind == NIL then return nil end
  if kind == BOOL then return v.b end
  if kind == NULL then return null end
  if kind == NUM then return v.num end
  if kind == STR then return ffi.string(v.s, v.n) end
  assert(kind == TABLE, "malformed")
  local t, first = {}, v.zero_based and 0 or 1
  for i = first, first + v.array - 1 do t[i] = read(r) end
  for _ = 1, v.hash do
    local key = read(r)
    t[key] = read(r)
  end
  return t
end

local VALUES = {
  { "booleans", { true, false } }, { "null", { a = null } }, { "numbers", { 0, -1, 0.5, 1e300, -2 ^ 31, 2 ^ 53 } },
  { "infinities", { math.huge, -math.huge } }, { "an empty string", "" }, { "bytes", "\0\255\r\n" },
  { "a string below one length byte", ("a"):rep(0xe0 - 0x20 - 1) },
  { "a string above one length byte", ("a"):rep(0xe0 - 0x20) },
  { "a string below two length bytes", ("a"):rep(0x1fe0 - 0x20 - 1) },
  { "a string above two length bytes", ("a"):rep(0x1fe0 - 0x20) },
  { "an empty table", {} }, { "an array", { 1, "b", { 3 } } }, { "a map", { a = 1, [2.5] = "x", [true] = {} } },
  { "deep nesting", { { { { a = { { "x" } } } } } } },
}

describe("the packed format", function()
  for _, case in ipairs(VALUES) do
    it("carries " .. case[1] .. " from C to Lua", function()
      assert.same(case[2], buffer.decode(written(function(b) write(case[2], b) end)))
    end)

    it("carries " .. case[1] .. " from Lua to C", function()
      local r = reader(buffer.encode(case[2]))
      assert.same(case[2], read(r))
      assert.is_true(r.p == r["end"])
    end)
  end

  it("tells arrays from 0, arrays from 1 and mixed tables apart", function()
    for _, t in ipairs { { [0] = "a", "b" }, { "a", "b", x = 1 }, { [0] = "a", "b", x = 1 }, { 1, nil, 3 } } do
      assert.same(t, read(reader(buffer.encode(t))))
    end
  end)

  it("writes integers in five bytes, and the one NaN that is safe in Lua", function()
    assert.equal("\6\254\255\255\255", written(function(b) C.pack_int(b, -2) end))
    assert.equal(-2, buffer.decode(written(function(b) C.pack_int(b, -2) end)))
    local nan = ffi.new "double[1]"
    ffi.cast("uint64_t *", nan)[0] = 0x7ff8000000001234ULL
    assert.equal(buffer.encode(0 / 0), written(function(b) C.pack_num(b, nan[0]) end))
  end)

  it("refuses every truncation of a blob", function()
    local blob = buffer.encode { 1, "text", { a = true, b = ("x"):rep(300) }, null }
    assert.equal(0, C.pack_skip(reader(blob), 8))
    for n = 0, #blob - 1 do assert.equal(-1, C.pack_skip(reader(blob:sub(1, n)), 8)) end
  end)

  it("refuses unknown tags, counts beyond the end and deep nesting", function()
    for _, blob in ipairs { "\4", "\5", "\14", "\16\1\2\3\4\5\6\7\8", "\31", "\9\255\255\255\255\255", "\10\5\0" } do
      assert.equal(-1, C.pack_skip(reader(blob), 8))
    end
    assert.equal(0, C.pack_skip(reader(buffer.encode { { { 1 } } }), 4))
    assert.equal(-1, C.pack_skip(reader(buffer.encode { { { 1 } } }), 3))
  end)

  it("stops at the buffer's maximum and leaves what was written", function()
    local b = ffi.new("buf", { max = 16 })
    assert.equal(0, C.pack_str(b, "0123456789", 10))
    assert.equal(-1, C.pack_str(b, "0123456789", 10))
    assert.equal("0123456789", buffer.decode(ffi.string(b.p, b.n)))
    C.buf_free(b)
  end)
end)
