-- spec/host/json_read_spec.lua -- the host's JSON reader says the same as json.lua's careful one, or nothing.

local host = require "human.core.host"
local json = require "human.json"

local TEXTS = 3000
local ARRAY = getmetatable(json.array {})
local read = host.json_reader(ARRAY)

-- json.lua as it is without the host's reader.
local function careful()
  local own = host.json_reader
  local module = package.loaded["human.json"]
  host.json_reader, package.loaded["human.json"] = nil, nil
  local second = require "human.json"
  host.json_reader, package.loaded["human.json"] = own, module
  return second
end

local slow = careful()
local SLOW_ARRAY = getmetatable(slow.array {})

-- Like assert.same, but arrays that are empty differ from objects, 0 from -0, and infinity equals itself.
local function same(a, b)
  if type(a) ~= type(b) then return false end
  if type(a) ~= "table" then return a == b and (a ~= 0 or 1 / a == 1 / b) end
  if (getmetatable(a) == ARRAY) ~= (getmetatable(b) == SLOW_ARRAY) then return false end
  for key, v in pairs(a) do if not same(v, b[key]) then return false end end
  for key in pairs(b) do if a[key] == nil then return false end end
  return true
end

local PARTS = {
  "{", "}", "[", "]", ",", ":", '"', "\\", "\\u0041", "\\ud83d\\ude00", "\\ud800", "\\u00", "\\n", "\\/", "\\x", "a",
  "é", "😀", "\255", "\0", "\1", " ", "\n", "\t", "true", "false", "null", "nul", "0", "-", "1", "12", "-0", "01", ".", "1.5",
  "1e5", "1E-3", "e", "+", "1e999", "123456789012345678", "0.1234567890123456789012345678901234567890123", '"a"', '"b":', "[]", "{}",
  '"a":1', "NaN", "0x10", "'",
}

local function value(rng, depth)
  local kind = depth > 4 and rng(4) or rng(7)
  if kind == 1 then return ({ "true", "false", "null", "0", "-1.25e2", "9007199254740993", "1e400", "-0" })[rng(8)] end
  if kind <= 4 then
    local parts = {}
    for i = 1, rng(4) do parts[i] = ({ "a", "é", "\\n", "\\u20ac", "\\\\", '\\"', "/", "\1" })[rng(8)] end
    return '"' .. table.concat(parts) .. '"'
  end
  local parts = {}
  for i = 1, rng(40) - 1 do
    if rng(3) == 1 then break end
    parts[i] = kind == 7 and ('"%d" : '):format(rng(9)) .. value(rng, depth + 1) or value(rng, depth + 1)
  end
  local text = table.concat(parts, " ,")
  return kind == 7 and "{" .. text .. "}" or "[ " .. text .. "\n]"
end

-- Both readers, of one text.
local function compare(text)
  local fast = read(text)
  local v, err = slow.decode(text)
  if fast == nil then return false end
  assert.is_nil(err, ("accepted %q"):format(text))
  assert.is_true(same(fast, v), ("differs for %q"):format(text))
  return true
end

local function random(seed)
  return function(n)
    seed = (seed * 16807) % 2147483647
    return seed % n + 1
  end
end

describe("the host's JSON reader", function()
  it("agrees on texts that are mostly wrong", function()
    local rng = random(7)
    for _ = 1, TEXTS do
      local parts = {}
      for i = 1, rng(8) do parts[i] = PARTS[rng(#PARTS)] end
      compare(table.concat(parts))
    end
  end)

  it("reads all texts that are right, as the careful one does", function()
    local rng = random(11)
    for _ = 1, TEXTS / 3 do
      local text = value(rng, 1)
      assert.is_true(compare(text), ("left %q"):format(text))
    end
  end)

  it("agrees on right texts with one byte changed, or their end missing", function()
    local rng = random(13)
    for _ = 1, TEXTS do
      local text = value(rng, 3)
      local at = rng(#text)
      compare(text:sub(1, at - 1) .. PARTS[rng(#PARTS)] .. text:sub(at + 1))
      compare(text:sub(1, at - 1))
    end
  end)

  it("keeps order and holes of no array, however long", function()
    for _, n in ipairs { 1, 15, 16, 17, 32, 33, 1000 } do
      local numbers = {}
      for i = 1, n do numbers[i] = i end
      assert.same(numbers, read("[" .. table.concat(numbers, ",") .. "]"))
      local fields = {}
      for i = 1, n do fields[i] = ('"k%d":%d'):format(i, i) end
      local object, count = read("{" .. table.concat(fields, ",") .. "}"), 0
      for key, v in pairs(object) do
        assert.equal("k" .. v, key)
        count = count + 1
      end
      assert.equal(n, count)
    end
  end)

  it("reads 64 levels, and leaves 65 to the careful one", function()
    assert.is_table(read(("["):rep(64) .. ("]"):rep(64)))
    assert.is_nil(read(("["):rep(65) .. ("]"):rep(65)))
    assert.is_nil(read(('{"a":'):rep(65) .. "1" .. ("}"):rep(65)))
  end)

  it("reads deep and wide ones at once", function()
    local text = '["x"]'
    for _ = 1, 60 do text = "[" .. ('"y",'):rep(15) .. text .. "]" end
    assert.is_true(compare(text))
  end)
end)
