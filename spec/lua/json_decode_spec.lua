-- spec/lua/json_decode_spec.lua -- which texts are JSON (RFC 8259), after the names of JSONTestSuite.

require("plain_host").install()
local json = require "human.json"
local cost = require "spec.support.cost"

local ACCEPTED = { -- text, what it means when written again
  { "[]", "[]" }, { "{}", "{}" }, { " [ ] ", "[]" }, { "[[],{}]", "[[],{}]" },
  { '{"a":[\n]}', '{"a":[]}' }, { '["[]"]', '["[]"]' }, { '["\\"[]",[]]', '["\\"[]",[]]' },
  { '["\\\\",[]]', '["\\\\",[]]' }, { "null", "null" }, { "true", "true" }, { "false", "false" },
  { '""', '""' }, { '"\\u0000"', '"\\u0000"' }, { '"\\/"', '"/"' }, { '"\\ud83d\\ude00"', '"😀"' },
  { '"é\\u00e9"', '"éé"' }, { '"\\u2028"', '"\226\128\168"' }, { '"1. x -.5"', '"1. x -.5"' },
  { "0", "0" }, { "-0", "0" }, { "1e5", "100000" }, { "1E+2", "100" }, { "1.5e-1", "0.15" },
  { "9007199254740991", "9007199254740991" }, { "1e15", "1000000000000000" },
  { "0.30000000000000004", "0.30000000000000004" }, { "[null,1]", "[null,1]" },
  { "[1,[2,[3]]]", "[1,[2,[3]]]" }, { '{"a":1,"a":2}', '{"a":2}' },
  { ("["):rep(64) .. ("]"):rep(64), ("["):rep(64) .. ("]"):rep(64) },
}

local REFUSED = {
  "", " ", "[1,]", "[,1]", "[1 2]", "[1", "]", "[1]]", '{"a"}', '{"a":}', '{"a":1,}', "{a:1}", "{1:1}",
  "{'a':1}", '{"a":1 "b":2}', '{"a":1}x', "nul", "True", "NaN", "-NaN", "Infinity", "-Infinity", "01",
  "-01", "+1", "1.", "-1.", "[1.]", "1.e2", ".5", "-.5", "-", "--1", "1e", "1e+", "0x10", "1_000", '"abc',
  '"\\x"', '"\\u12"', '"\\ud800"', '"\\udc00"', '"\\ud800\\u0041"', '"a" "b"', "'a'", "[\"a\\]", '[[],"a', '[[],"a\\', '{"a":[],"b',
  '{"a":1}\0', "[1]\0x", "\239\187\191[]", "[\255]", '"\237\160\128"', '"\192\175"', '["a",\n1.\n]',
  ("["):rep(65) .. ("]"):rep(65), ("["):rep(100000), -- limit: JSON depth
}

describe("json.decode", function()
  for _, case in ipairs(ACCEPTED) do
    it("reads " .. case[1]:sub(1, 40), function()
      local v, err = json.decode(case[1])
      assert.is_nil(err)
      assert.equal(case[2], json.encode(v))
    end)
  end

  for _, text in ipairs(REFUSED) do
    it("refuses " .. ("%q"):format(text:sub(1, 30)), function()
      local v, err = json.decode(text)
      assert.is_nil(v)
      assert.matches("^is not valid JSON: ", err)
    end)
  end

  it("refuses what is not a string", function()
    assert.is_nil((json.decode(nil)))
    assert.is_nil((json.decode(5)))
  end)

  it("tells an empty array from an empty object", function()
    local v = json.decode '{"list":[ ],"map":{},"deep":[[[]]]}'
    assert.is_true(json.is_array(v.list))
    assert.is_false(json.is_array(v.map))
    assert.is_true(json.is_array(v.deep[1][1]))
  end)

  it("gives json.null for null, so that it differs from absent", function()
    local v = json.decode '{"a":null}'
    assert.equal(json.null, v.a)
    assert.is_nil(v.b)
  end)

  it("names the position of an error in the text as it was sent", function()
    local _, err = json.decode '{"a":[],"b":x}'
    assert.matches("character 13", err)
  end)

  it("takes time in proportion to the text", function()
    assert.is_true(cost.within(2, function()
      json.decode("[" .. ("[],"):rep(100000) .. "[]]")
      json.decode('["' .. ("1. "):rep(100000) .. '",[]]')
    end))
  end)
end)
