-- spec/lua/schema_splice_spec.lua -- free JSON keeps the bytes that the client sent.

require("plain_host").install()
local json = require "human.json"
local s = require "human.schema"

local free = s.json { max = 60 }
local nested = s.object { a = s.int, list = s.array(s.object { j = free }), m = s.map(free) }

local CASES = { -- schema, text, where to look, what is there
  { free, ' {"z": 1.0, "a":[ ]} ', {}, '{"z": 1.0, "a":[ ]}' },
  { free, "12345678901234567890", {}, "12345678901234567890" },
  { free, '"a\\"]}"', {}, '"a\\"]}"' }, { free, "null", {}, "null" }, { free, " true ", {}, "true" },
  { s.object { j = free }, '{"j":1.10}', { "j" }, "1.10" },
  { s.object { j = free }, '{ "j" : [1, {"b":"}]"}] }', { "j" }, '[1, {"b":"}]"}]' },
  { s.object { j = free }, '{"\\u006a":{"k" : 0.0}}', { "j" }, '{"k" : 0.0}' },
  { s.object { j = free }, '{"j":1.0,"j":2.0}', { "j" }, "2.0" },
  { s.object { j = free, x = s.text }, '{"x":"\\"j\\":[","j":1.0}', { "j" }, "1.0" },
  { s.object { j = free:nullable() }, '{"j":null}', { "j" }, json.null },
  { s.object({ j = free }, { extra = "drop" }), '{"q":{"j":5.0},"j":6.0}', { "j" }, "6.0" },
  { nested, '{"a":1,"list":[{"j":[]},{"j":7.0}],"m":{}}', { "list", 2, "j" }, "7.0" },
  { nested, '{"a":1,"list":[],"m":{"x":1.0,"y":[2.0]}}', { "m", "y" }, "[2.0]" },
  -- what is kept as written anew: too long only because of its spaces; raw control characters
  { s.object { j = free }, '{"j":[1' .. (" "):rep(80) .. "]}", { "j" }, "[1]" },
  { s.object { j = free }, '{"j":"a\tb"}', { "j" }, '"a\\tb"' },
  { s.object { j = free }, '{"j":[\n1.0,\t"x"]}', { "j" }, '[\n1.0,\t"x"]' },
}

describe("a reader given the text", function()
  for i, case in ipairs(CASES) do
    it("finds the bytes of case " .. i, function()
      local value = assert(json.decode(case[2]))
      local out, details = s.reader(case[1])(value, case[2])
      assert.is_nil(details)
      for _, key in ipairs(case[3]) do out = out[key] end
      assert.equal(case[4], out)
    end)
  end

  it("still says what is wrong", function()
    local text = '{"a":"x","list":[],"m":{}}'
    local out, details = s.reader(nested)(json.decode(text), text)
    assert.is_nil(out)
    assert.same({ { path = "a", message = "must be an integer" } }, details)
  end)

  it("writes anew without it", function()
    assert.equal('{"j":1}', json.encode { j = json.raw((s.reader(s.object { j = free }) { j = 1.0 }).j) })
  end)
end)
