-- spec/host/json_write_spec.lua -- the host's JSON writer writes what encoder.lua does, or nothing.

local encoder = require "human.schema.encoder"
local host = require "human.core.host"
local json = require "human.json"
local s = require "human.schema"

local ROUNDS = 1000

-- The encoder without the host's writer.
local function careful(schema)
  local own = host.json_writer
  local write = encoder.compile(schema)
  return function(v)
    host.json_writer = nil
    local ok, text = pcall(write, v)
    host.json_writer = own
    return ok, text
  end
end

local function random(seed)
  return function(n)
    seed = (seed * 16807) % 2147483647
    return seed % n + 1
  end
end

local SCHEMA = s.object {
  a = s.string, b = s.int, c = s.number, d = s.bool,
  e = s.string:optional(), f = s.int:nullable(), g = s.string:optional():nullable(), h = s.int:default(7),
  i = s.array(s.object { x = s.string:optional(), y = s.array(s.int) }), j = s.enum { "on", "off" }, k = s.usd { as = "k_cents" },
  l = s.map(s.int), m = s.json, n = s.array(s.string:nullable()), o = s.object {}, p = s.const "p",
  r = s.one_of { s.object { t = s.const "x" }, s.object { t = s.const "y" } }:optional(),
}

local VALUES = {
  "", "text", 'q"\\/\b\f\n\r\t\1\127é😀', "a/b", 0, 1, -7, 1.5, 0.1, 1e15, 2 ^ 53, 2 ^ 53 + 2, 1e300, 1 / 3, 0 / 0, 1 / 0, 123456789012345,
  true, false, json.null, json.raw "[1]", {}, { 1 }, { "a", "b" }, { x = "1", y = { 1, 2 } }, "on", "off", "p",
}

local function good()
  return { a = "é/\n", b = 3, c = 0.25, d = true, i = { { y = {} }, { x = "x", y = { 1, 2 } } }, j = "on", k_cents = 1250,
           l = { z = 1, y = 2 }, m = "[1, 2]", n = { "a", json.null }, o = {}, p = "p" }
end

local NAMES = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k_cents", "l", "m", "n", "o", "p" }

describe("the host's JSON writer", function()
  local fast, slow = encoder.compile(SCHEMA), careful(SCHEMA)
  local writer = require("human.schema.writing").compile(SCHEMA, {
    compile = function(node) return encoder.compile(node) end, quote = json.quote,
    absent = function(node)
      if node.default_value ~= nil then return "7" end
      if node.is_nullable and not node.is_optional then return "null" end
      if node.is_optional then return "" end
    end,
  })

  it("writes what fits, by itself", function()
    local _, text = slow(good())
    assert.equal(text, writer(good()))
    assert.is_table(json.decode(text))
  end)

  it("agrees with encoder.lua on values that fit and that do not", function()
    local rng, written, refused = random(5), 0, 0
    for _ = 1, ROUNDS do
      local v = good()
      for _ = 1, rng(3) do v[NAMES[rng(#NAMES)]] = VALUES[rng(#VALUES + 1)] end
      local ok, text = slow(v)
      local ok_too, text_too = pcall(fast, v)
      assert.equal(ok, ok_too)
      assert.equal((text:gsub("^%S+:%d+: ", "")), (text_too:gsub("^%S+:%d+: ", "")))
      if ok then written = written + 1 else refused = refused + 1 end
    end
    assert.is_true(written > 10)
    assert.is_true(refused > 10)
  end)

  it("leaves to encoder.lua what has a metatable, or does not fit", function()
    local v = good()
    v.a = nil
    assert.is_nil(writer(setmetatable(v, { __index = { a = "a" } })))
    assert.is_truthy(fast(v):find '"a":"a"')
    assert.is_nil(writer { a = 1 })
  end)

  it("is not disturbed by a value that writes JSON when it is read", function()
    local inner = encoder.compile(s.object { z = s.string })
    local v = good()
    v.r = setmetatable({}, { __index = function(_, key) return inner { z = "z" } and key == "t" and "x" or nil end })
    local _, text = slow(v)
    assert.equal(text, fast(v))
  end)

  it("writes any value as json.lua does without it, or leaves it", function()
    local own, module = host.json_encoder, package.loaded["human.json"]
    host.json_encoder, package.loaded["human.json"] = nil, nil
    local slow_json = require "human.json"
    host.json_encoder, package.loaded["human.json"] = own, module
    local fast_encode = host.json_encoder(getmetatable(json.array {}))
    local rng, written, left = random(3), 0, 0
    local function any(depth)
      local kind = rng(depth > 3 and 3 or 6)
      if kind <= 3 then return VALUES[rng(#VALUES)] end
      local t = {}
      for i = 1, rng(5) - 1 do
        local key = kind == 4 and i or "k" .. rng(9)
        if rng(40) == 1 then key = ({ 7, true, 1.5 })[rng(3)] end
        t[key] = any(depth + 1)
      end
      return kind == 4 and json.array(t) or t
    end
    local function unmarked(v) -- the other json.lua has marks of its own
      if type(v) ~= "table" then return v end
      if json.raw_text(v) then return slow_json.raw(json.raw_text(v)) end
      local t = getmetatable(v) and slow_json.array {} or {}
      for key, x in pairs(v) do t[key] = unmarked(x) end
      return t
    end
    for _ = 1, ROUNDS do
      local v = any(1)
      local text = fast_encode(v)
      local ok, expected = pcall(slow_json.encode, unmarked(v))
      if text then
        assert.is_true(ok)
        assert.same(slow_json.decode(expected), slow_json.decode(text))
        assert.equal(#expected, #text)
        assert.equal("<" .. text .. ">", fast_encode(v, "<", ">"))
      end
      assert.equal(ok, pcall(json.encode, v))
      if text then written = written + 1 else left = left + 1 end
    end
    assert.is_true(written > 10)
    assert.is_true(left > 10)
  end)

  it("leaves a cycle to json.lua, which refuses it", function()
    local cycle = {}
    cycle[1], cycle[2] = cycle, cycle
    assert.is_nil(host.json_encoder {} (cycle))
    assert.has_error(function() json.encode(cycle) end)
  end)

  it("quotes as json.lua does", function()
    local bytes = {}
    for i = 0, 255 do bytes[i] = string.char(i) end
    local text = table.concat(bytes, "", 0)
    local quoted = host.json_quote(text)
    assert.equal('"\\u0000\\u0001', quoted:sub(1, 13))
    assert.equal(text, require("cjson").decode(quoted))
    assert.is_nil(quoted:find("\\/", 1, true))
  end)
end)
