-- spec/rocks/msgpack_spec.lua -- MessagePack: what is read, refused and written.
local msgpack = require "msgpack"

local NULL = {}
local Bytes, Array = {}, {}
local function is_text(s) return not s:find "\255" end
local encode, decode = msgpack.codec {
  null = NULL, is_text = is_text,
  array = function(list) return setmetatable(list, Array) end,
  is_array = function(t) return t[1] ~= nil or getmetatable(t) == Array end,
  bytes = function(s) return setmetatable({ data = s }, Bytes) end,
  bytes_of = function(t) return getmetatable(t) == Bytes and t.data or nil end,
}

local function hex(text) return (text:gsub("..", function(two) return string.char(tonumber(two, 16)) end)) end

describe("MessagePack", function()
  local values = {
    ["c0"] = NULL, ["c2"] = false, ["c3"] = true, ["00"] = 0, ["7f"] = 127, ["cc80"] = 128, ["ccff"] = 255,
    ["cd0100"] = 256, ["cdffff"] = 65535, ["ce00010000"] = 65536, ["ceffffffff"] = 4294967295,
    ["cf0000000100000000"] = 4294967296, ["cf0020000000000000"] = 2 ^ 53, ["ff"] = -1, ["e0"] = -32, ["d0df"] = -33,
    ["d080"] = -128, ["d1ff7f"] = -129, ["d18000"] = -32768, ["d2ffff7fff"] = -32769, ["d280000000"] = -2147483648,
    ["d3ffffffff7fffffff"] = -2147483649, ["d3ffe0000000000000"] = -2 ^ 53, ["cb3fe0000000000000"] = 0.5,
    ["cbbff4000000000000"] = -1.25, ["cb7fefffffffffffff"] = 1.7976931348623157e308,
    ["cb0000000000000001"] = 5e-324, ["cb000fffffffffffff"] = 2.225073858507201e-308, ["cb3fb999999999999a"] = 0.1,
    ["cb7ff0000000000000"] = math.huge, ["cbfff0000000000000"] = -math.huge, ["cb4340000000000001"] = 2 ^ 53 + 2,
    ["a0"] = "", ["a161"] = "a", ["d928" .. ("78"):rep(40)] = ("x"):rep(40), ["90"] = setmetatable({}, Array),
    ["80"] = {},
    ["92019102"] = { 1, { 2 } }, ["81a161c0"] = { a = NULL },
  }
  for text, value in pairs(values) do
    it("reads and writes " .. text:sub(1, 24), function()
      local got = assert.is_not_nil(decode(hex(text))) and decode(hex(text))
      assert.same(value, got)
      assert.equal(hex(text), encode(value))
    end)
  end

  local read_only = {
    ["ca3f800000"] = 1, ["caff800000"] = -math.huge, ["ca00000001"] = 2 ^ -149, ["cd0001"] = 1,
    ["d3ffffffffffffffff"] = -1,
    ["cfffffffffffffffff"] = 2 ^ 64, ["d38000000000000000"] = -2 ^ 63, ["d90161"] = "a", ["da000161"] = "a",
    ["db0000000161"] = "a", ["dc000101"] = { 1 }, ["dd0000000101"] = { 1 }, ["de0001a16101"] = { a = 1 },
    ["df00000001a16101"] = { a = 1 }, ["810102"] = { ["1"] = 2 }, ["82a16101a16102"] = { a = 2 }, ["d40000"] = NULL,
    ["d6ff69281ca0"] = "2025-11-27T09:40:48.000Z", ["d7000000019ac4c1657b"] = "2025-11-27T10:00:00.123Z",
    ["c70cff0754d4c00000000069281ca0"] = "2025-11-27T09:40:48.123Z",
  }
  for text, value in pairs(read_only) do
    it("reads " .. text, function() assert.same(value, decode(hex(text))) end)
  end

  it("keeps NaN, the sign of zero, and bytes", function()
    local nan = decode(encode(0 / 0))
    assert.is_true(nan ~= nan)
    assert.equal(-math.huge, 1 / decode(encode(-0.0)))
    for _, n in ipairs { 0, 1, 255, 256, 65535, 65536 } do
      local bytes = setmetatable({ data = ("\255"):rep(n) }, Bytes)
      assert.same(bytes, decode(encode(bytes)))
    end
  end)

  for _, text in ipairs {
    "", "c1", "c0c0", "a2", "a261", "d9", "d905", "da00", "dbffffffff", "dcffff", "ddffffffff", "91", "81",
    "81a161", "dfffffffff",
    "c4", "c4ff", "c6ffffffff", "cc", "cd00", "ce000000", "cf00", "ca000000", "cb00", "d4", "d400", "d7ff00",
    "c70100", "d40100",
    "c7ffff", "c9ffffffff00", "a1ff", "81c0c0", "819000", "d500", "c80001ff00", "d7ffffffffffffffffff",
    "c70cffffffffff0000000000000000",
  } do
    it("refuses " .. (text == "" and "nothing" or text), function()
      local value, err = decode(hex(text))
      assert.is_nil(value)
      assert.is_string(err)
    end)
  end

  it("is nested 64 deep at most, in both directions", function()
    assert.truthy(decode(("\145"):rep(63) .. "\1"))
    assert.is_nil((decode(("\145"):rep(66) .. "\1")))
    assert.is_nil((decode(("\145"):rep(100000))))
    local cycle = {}
    cycle[1] = cycle
    assert.has_error(function() encode(cycle) end)
  end)

  it("does not write what it could not read back", function()
    for _, value in ipairs { { print }, { [1] = 1, x = 2 }, { { [2] = 1, x = 1 } }, { [true] = 1 }, { "\255" } } do
      assert.has_error(function() encode(value) end)
    end
  end)

  it("reads what is no text as the caller mends it", function()
    local _, read = require("msgpack").codec { is_text = function(t) return t ~= "\255" end, mend = function() return "?" end }
    assert.same({ "?", "a" }, read "\146\161\255\161a")
  end)
end)
