-- spec/lua/encode_spec.lua -- answers: declared order, declared fields, the right type or a clear error.

require("plain_host").install()
local encode = require "human.schema.encoder"
local json = require "human.json"
local s = require "human.schema"

local listed = s.object { { "id", s.id }, { "name", s.text }, { "at", s.time:optional() }, { "by", s.text:nullable() } }

local CASES = { -- what, schema, value, text
  { "alphabet, id first", s.object { b = s.int, a = s.int, id = s.text }, { a = 1, b = 2, id = "x" }, '{"id":"x","a":1,"b":2}' },
  { "the order of a list", listed, { id = "c1", name = "n", at = "t", by = "b" }, '{"id":"c1","name":"n","at":"t","by":"b"}' },
  { "optional left out, nullable null", listed, { id = "c1", name = "n" }, '{"id":"c1","name":"n","by":null}' },
  { "json.null like nil", listed, { id = "c1", name = "n", at = json.null, by = json.null }, '{"id":"c1","name":"n","by":null}' },
  { "nothing undeclared", s.object { a = s.int }, { a = 1, password_hash = "x" }, '{"a":1}' },
  { "optional first", s.object { a = s.int:optional(), b = s.int }, { b = 2 }, '{"b":2}' },
  { "optional alone", s.object { a = s.int:optional() }, {}, "{}" },
  { "optional and nullable: nil", s.object { a = s.int:optional():nullable() }, {}, "{}" },
  { "optional and nullable: null", s.object { a = s.int:optional():nullable() }, { a = json.null }, '{"a":null}' },
  { "a default while nil", s.object { a = s.int:default(5) }, {}, '{"a":5}' },
  { "no fields", s.object {}, { a = 1 }, "{}" },
  { "odd names", s.object { ['a"b\\\n/é'] = s.int }, { ['a"b\\\n/é'] = 1 }, '{"a\\"b\\\\\\n/é":1}' },
  { "empty arrays", s.object { l = s.array(s.int) }, { l = {} }, '{"l":[]}' },
  { "nested arrays", s.array(s.array(s.object { a = s.bool })), { { { a = true } }, {} }, '[[{"a":true}],[]]' },
  { "arrays with null", s.array(s.int:nullable()), { 1, json.null }, "[1,null]" },
  { "escaped text", s.text, 'a/"\\\n\1\127é', '"a/\\"\\\\\\n\\u0001\\u007fé"' },
  { "large integers", s.array(s.int), { 1e15, -2 ^ 53, 0 }, "[1000000000000000,-9007199254740992,0]" },
  { "a lone integer", s.int, 5, "5" }, { "fractions", s.number, 0.1, "0.1" },
  { "dollars", s.array(s.usd), { 0, 5, 1250, 1200, -99 }, "[0,0.05,12.50,12,-0.99]" },
  { "dollars from another field", s.object { price = s.usd { as = "cents" } }, { cents = 150 }, '{"price":1.50}' },
  { "stored JSON as it is", s.object { j = s.json }, { j = '{"z": 1,  "a":1e999}' }, '{"j":{"z": 1,  "a":1e999}}' },
  { "json.raw in its place", s.json, json.raw "[ 1 ]", "[ 1 ]" },
  { "enum and const", s.object { e = s.enum { "a", 2 }, c = s.const(true) }, { e = 2, c = true }, '{"c":true,"e":2}' },
  { "maps by alphabet", s.map(s.int), { b = 1, a = 2 }, '{"a":2,"b":1}' },
  { "tagged alternatives", s.array(s.one_of { s.object { t = s.const "a", x = s.int }, s.object { t = s.const "b" } }),
    { { t = "a", x = 1, y = 2 }, { t = "b", x = 1 } }, '[{"t":"a","x":1},{"t":"b"}]' },
  { "untagged alternatives", s.array(s.one_of { s.int, s.text }), { 1, "x" }, '[1,"x"]' },
  { "nullable null", s.int:nullable(), nil, "null" }, { "bytes", s.raw "text/plain", "a\0b", "a\0b" },
}

local row = s.object { id = s.id, n = s.int:optional(), tags = s.array(s.text) }
local WRONG = { -- schema, value, part of the message
  { row, nil, "the value must be object, not nil" },
  { row, { tags = {} }, "id must be id, not nil" },
  { row, { id = 5, tags = {} }, "id must be id, not 5" },
  { row, { id = "c", n = "1", tags = {} }, "n must be int, not string" },
  { row, { id = "c", n = 1.5, tags = {} }, "n must be int, not 1.5" },
  { row, { id = "c", tags = { "a", 2 } }, "tags%[1%] must be string, not 2" },
  { s.array(row), { { id = "c", tags = {} }, { id = "c", tags = "x" } }, "%[1%]%.tags must be array, not string" },
  { s.object { a = s.object { b = s.number } }, { a = { b = 0 / 0 } }, "a%.b must be number, not " },
  { s.object { e = s.enum { "a" } }, { e = "b" }, "e must be enum, not string" },
  { s.array(s.int), { a = 1 }, "the value must be array, not table" },
  { s.map(s.int), { a = "x" }, "%.a must be int, not string" },
  { s.object { j = s.json }, { j = {} }, "j must be json, not table" },
  { s.text, json.null, "the value must be string, not null" },
}

describe("an encoder writes", function()
  for _, case in ipairs(CASES) do
    it(case[1], function() assert.equal(case[4], encode.compile(case[2])(case[3])) end)
  end

  it("what its reader takes", function()
    local schema = s.object { a = s.array(s.map(s.int)), b = s.uuid:nullable(), c = s.time, d = s.json }
    local text = '{"a":[{"x":1},{}],"b":null,"c":"2025-11-27T10:00:00.000Z","d":{"y":[]}}'
    assert.equal(text, encode.compile(schema)((s.reader(schema)(json.decode(text)))))
  end)
end)

describe("an encoder complains that", function()
  for _, case in ipairs(WRONG) do
    it(case[3], function()
      local ok, err = pcall(encode.compile(case[1]), case[2])
      assert.is_false(ok)
      assert.matches(case[3], err)
    end)
  end
end)
