-- spec/lua/schema_money_spec.lua -- amounts are read from the client's text, not from doubles, and kept as integers.

local encoder = require "human.schema.encoder"
local document = require "human.schema.document"
local json = require "human.json"
local s = require "human.schema"

-- What a schema makes of a JSON text: the value, or nil and the first message.
local function read(node, text)
  local value, err = json.decode(text)
  assert.is_nil(err, text)
  local out, details = s.reader(node)(value, text)
  if details then return nil, details[1].path .. ": " .. details[1].message end
  return out
end

describe("money", function()
  local usd, signed = s.object { price = s.usd }, s.object { price = s.usd { min = -100 } }

  local function cents(text, node) return (read(node or usd, '{"price":' .. text .. "}") or {}).price end

  it("is read to the cent, as a number or a string in plain digits", function()
    for text, want in pairs { ["75"] = 7500, ["75.0"] = 7500, ["75.00"] = 7500, ["0"] = 0, ["0.00"] = 0, ["0.1"] = 10, ["0.29"] = 29,
                              ["1.15"] = 115, ["4.35"] = 435, ["90071992547409.91"] = 9007199254740991, ['"7.50"'] = 750, ['"0"'] = 0,
                              [" 187400 "] = 18740000 } do
      assert.equal(want, cents(text), text)
    end
    assert.equal(-25, cents("-0.25", signed))
    for c = 0, 20000 do
      assert.equal(c, cents(("%d.%02d"):format(math.floor(c / 100), c % 100)))
    end
  end)

  it("is refused where its text says more, or says it otherwise, than cents do", function()
    for _, text in ipairs { "75.0000001", "75.001", "75.000", "75.00000000000000001", "1e2", "7500e-2", "1E2", "1e400", "-1e400", "-0", "-0.00",
                            "-1", "90071992547409.93", "99999999999999999999", '"75.001"', '" 75"', '"75 "', '"+75"', '"075"', '"75."',
                            '".5"', '"1e2"', '"NaN"', '"Infinity"', '"0x10"', '""', '"-0"', '"1,5"', '"١"', "true", "[75]", "{}", "null" } do
      assert.is_nil(cents(text), text)
    end
    assert.equal("price: must have at most two decimals", select(2, read(usd, '{"price":75.0000001}')))
    assert.equal("price: must be an amount in dollars, in plain digits", select(2, read(usd, '{"price":1e2}')))
    assert.equal("price: must be an amount in dollars of 1 to 5", select(2, read(s.object { price = s.usd { min = 1, max = 5 } }, '{"price":5.01}')))
    assert.is_nil(cents("-0", signed))
    assert.is_nil(cents("-100.01", signed))
  end)

  it("is looked up in its text wherever it is", function()
    local node = s.object {
      list = s.array(s.object { p = s.usd }):optional(), by_name = s.map(s.usd):optional(), maybe = s.usd:nullable():optional(),
      plan = s.one_of { s.object { kind = s.const "a", amount = s.usd }, s.object { kind = s.const "b", amount = s.number } }:optional(),
      either = s.one_of { s.string { pattern = "^x" }, s.object { p = s.usd } }:optional(), note = s.json:optional(),
    }
    local bad, good = "1.00000000000000000001", "1.00"
    for text, path in pairs { ['{"list":[{"p":1},{"p":%s}]}'] = "list[1].p", ['{"by_name":{"a b":%s}}'] = "by_name.a b", ['{"maybe":%s}'] = "maybe",
                              ['{"plan":{"kind":"a","amount":%s}}'] = "plan.amount",
                              ['{"maybe":null,"maybe":%s}'] = "maybe", ['{"list":[],"list":[{"p":%s}]}'] = "list[0].p",
                              ['{"list":[{"p":2.5,"p":%s}]}'] = "list[0].p", ['{"note":{"maybe":1.5},\n\t"maybe" :  %s }'] = "maybe" } do
      local _, why = read(node, text:format(bad))
      assert.is_truthy(why and why:find(path .. ": must have at most two decimals", 1, true), text .. " " .. tostring(why))
      assert.is_table(read(node, text:format(good)), text)
    end
    assert.is_nil((read(node, ('{"either":{"p":%s}}'):format(bad))))
    assert.equal(100, read(node, '{"either":{"p":1.00}}').either.p)
    assert.equal(1.0000001, read(node, '{"plan":{"kind":"b","amount":1.0000001}}').plan.amount)
    assert.equal(100, read(s.usd, " 1.00 "))
    assert.is_nil(read(s.usd, "1.000"))
    assert.equal(json.null, read(node, '{"maybe":null}').maybe)
  end)

  it("is known by its double where there is no text, as strictly", function()
    local one = s.reader(s.usd)
    for _, v in ipairs { 75.0000001, 1 / 0, -1 / 0, 0 / 0, -0.0 * 1, 1e20 } do
      if not (v == 0 and 1 / v > 0) then assert.is_nil((one(v)), tostring(v)) end
    end
    assert.same({ 7500, 435, 750 }, { one(75), one(4.35), one "7.50" })
  end)

  it("is credits to the thousandth", function()
    local rc = s.object { a = s.mrc { min = -1e9 } }
    local function milli(text) return (read(rc, '{"a":' .. text .. "}") or {}).a end
    assert.same({ 128000, 500, 1, -2900000 }, { milli "128", milli "0.5", milli "0.001", milli "-2900" })
    for _, text in ipairs { "0.0005", "1.0000", "5e-1", "-0", "-0.000" } do assert.is_nil(milli(text), text) end
  end)

  it("is written back as the seed prints it, and reads as what it was", function()
    local write, credits = encoder.compile(s.usd), encoder.compile(s.mrc)
    assert.same({ "75", "7.50", "67.50", "0.25", "-0.05", "0", "90071992547409.92" },
      { write(7500), write(750), write(6750), write(25), write(-5), write(-0), write(2 ^ 53) })
    assert.same({ "128", "0.5", "0.001", "-2900", "1.25", "0", "100" },
      { credits(128000), credits(500), credits(1), credits(-2900000), credits(1250), credits(-0), credits(100000) })
    local signed_credits = s.mrc { min = -1e9 }
    for i = -2500, 2500 do
      assert.equal(i, read(signed_credits, credits(i)))
      assert.equal(i, read(s.usd { min = -1000 }, write(i)))
    end
    for _, wrong in ipairs { 0.5, 2 ^ 54, "5" } do assert.is_false(pcall(credits, wrong)) end
  end)

  it("is documented with the bounds and forms that are taken", function()
    local shown = document.json_schema(s.usd { min = 0.01, max = 100000 }, "exact")
    assert.same({ "number", "string" }, { shown.type[1], shown.type[2] })
    assert.same({ 0.01, 0.01, 100000 }, { shown.multipleOf, shown.minimum, shown.maximum })
    assert.equal([[^(?!0(\.0{1,2})?$)(0|[1-9][0-9]{0,5})(\.[0-9]{1,2})?$]], shown.pattern)
    assert.equal("number", document.json_schema(s.usd, "out").type)
    assert.equal(7.5, document.json_schema(s.mrc:default(7500)).default)
  end)
end)
