-- spec/lua/schema_spec.lua -- what each type accepts, and its converted value.

require("plain_host").install()
local json = require "human.json"
local s = require "human.schema"
local cost = require "spec.support.cost"

-- A value that is changed on its way in.
local function to(input, output) return { input = input, output = output } end

local NUL, TEN = "a\0b", "0123456789"
local UUID = "123e4567-e89b-12d3-a456-426614174000"

-- type name, schema, values taken (to(in, out) where they differ), values refused
local TYPES = {
  { "string", s.string, { "", "x", "é", TEN:rep(1000) }, { 5, true, {}, json.null, NUL } },
  { "string with limits", s.string { min = 2, max = 3 }, { "ab", "abc", "äöü", "💪💪💪" }, { "a", "abcd", "é", "💪" } },
  { "string with pattern", s.string { pattern = "^%l+$", form = "small letters" }, { "abc" }, { "", "Abc" } },
  { "string trimmed", s.string { trim = true, min = 1 }, { to(" a b\n", "a b"), "x" }, { "", " \t\n " } },
  { "int", s.int, { 0, -1, 1e15, 2 ^ 53 - 1 }, { 1.5, 2 ^ 53, 2 ^ 54, 1 / 0, 0 / 0, "1", true } },
  { "int with limits", s.int { min = 1, max = 5 }, { 1, 5 }, { 0, 6 } },
  { "number", s.number, { 0, 1.5, -1e300 }, { 1 / 0, -1 / 0, 0 / 0, "1" } },
  { "bool", s.bool, { true, false }, { "true", 0, json.null } },
  { "uuid", s.uuid, { UUID, to(UUID:upper(), UUID) }, { "", UUID:sub(2), UUID .. "0", (UUID:gsub("-", "x")) } },
  { "id", s.id, { "clx123abc", "c" .. TEN:rep(4) }, { "lx1234567", "clx", "cLX123456", "c" .. TEN:rep(4) .. "1", "clx123abc\n" } },
  { "email", s.email, { "a@b.c", "x.y+z@mail.example.com", "é@ö.de" },
    { "a", "a@b", "@b.c", "a@@b.c", "a b@c.d", "a@b.", "a@.b", "a@b.c\n", ("a"):rep(260) .. "@b.c", NUL .. "@b.c" } },
  { "time", s.time, { to("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z") }, { "2026-01-01", "x", 5, ("1"):rep(1000),
    "0000-01-01T00:00:00Z", "0000-12-31T23:59:59.999Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "infinity", "now" } },
  { "time at its ends", s.time, { to("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
    to("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999Z") }, {} },
  { "text that is trimmed", s.string { max = 3, trim = true }, { to(" a ", "a") }, { "    ", " abc", "a   " } },
  { "email in characters", s.email { max = 9 }, { ("é"):rep(5) .. "@b.c" }, { ("é"):rep(6) .. "@b.c" } },
  { "url", s.url, { "http://a", "HTTPS://a.b/c?d#e" }, { "ftp://a", "a.b", "http://", "http:///x", "http://a b", "http://a\n" } },
  { "enum", s.enum { "a", "b", 3 }, { "a", 3 }, { "c", "3", json.null, {} } },
  { "const", s.const "x", { "x" }, { "y", 1 } },
  { "cents", s.cents, { 0, 1250 }, { -1, 1.5, "5" } },
  { "usd", s.usd { min = 1, max = 100 }, { to(12.34, 1234), to(1, 100), to(0.1 + 0.2 + 1, 130), to(100, 10000) }, { 0.99, 100.01, 1.234, "1.", "1e1", -1, 1 / 0, 0 / 0, {} } },
  { "json", s.json { max = 30 }, { to(5, "5"), to("x", '"x"'), to({ a = json.array() }, '{"a":[]}'), to(json.null, "null") },
    { { a = NUL }, { [NUL] = 1 }, ("x"):rep(40), { 1 / 0 } } },
  { "array", s.array(s.int, { min = 1, max = 2 }), { { 1 }, { 1, 2 } }, { {}, { 1, 2, 3 }, { "x" }, { a = 1 }, "x" } },
  { "array without limits", s.array(s.int), { { 1 }, json.array() }, { { a = 1 }, {}, json.null } },
  { "map", s.map(s.int, { max = 2 }), { {}, { a = 1 } }, { { 1 }, json.array(), { a = "x" }, { a = 1, b = 2, c = 3 }, { [NUL] = 1 } } },
  { "object", s.object { a = s.int }, { { a = 1 } }, { {}, { 1 }, json.array(), "x", { a = "1" }, { a = 1, b = 2 } } },
  { "object that drops", s.object({ a = s.int }, { extra = "drop" }), { to({ a = 1, b = 2 }, { a = 1 }) }, { {} } },
  { "object that keeps", s.object({ a = s.int }, { extra = "keep" }), { { a = 1, b = { 2 } } }, { {} } },
  { "one_of", s.one_of { s.int, s.array(s.int) }, { 1, { 1, 2 } }, { "x", { "x" } } },
  { "nullable", s.int:nullable(), { 1, json.null }, { "x" } },
  { "raw", s.raw("image/png", { max = 3 }), { "\0\255" }, { "1234", 5 } },
}

describe("schema", function()
  for _, case in ipairs(TYPES) do
    local read = s.reader(case[2])
    for i, value in ipairs(case[3]) do
      it("of type " .. case[1] .. " takes value " .. i, function()
        local changed = type(value) == "table" and value.output ~= nil
        local input, expected = value, value
        if changed then input, expected = value.input, value.output end
        local out, details = read(input)
        assert.is_nil(details)
        assert.same(expected, out)
      end)
    end
    for i, value in ipairs(case[4]) do
      it("of type " .. case[1] .. " refuses value " .. i, function()
        local out, details = read(value)
        assert.is_nil(out)
        assert.is_true(#details >= 1)
        assert.is_string(details[1].message)
      end)
    end
  end

  it("marks arrays, so that empty ones are written as []", function()
    assert.equal("[]", json.encode((s.reader(s.array(s.int))(json.array()))))
  end)

  it("gives a fresh copy of a default each time", function()
    local read = s.reader(s.object { list = s.array(s.int):default {} })
    read({}).list[1] = 5
    assert.same({}, read({}).list)
  end)

  it("stores money under the name given by `as`", function()
    assert.same({ price_cents = 1250 }, (s.reader(s.object { price_usd = s.usd { as = "price_cents" } }) { price_usd = 12.5 }))
  end)

  it("reads long white space around a text in linear time", function()
    local text = "a" .. (" "):rep(1000000) .. "b"
    assert.is_true(cost.within(1, function() s.reader(s.string { trim = true })(text) end))
  end)
end)

describe("schema.reader with coerce", function()
  local read = s.reader(s.object { n = s.int:default(50), f = s.number:optional(), b = s.bool:optional(),
    list = s.array(s.text):optional(), e = s.enum { 1, 2 }:optional() }, { coerce = true })

  it("reads numbers, booleans and single values of lists from text", function()
    assert.same({ n = 5, f = -1.5, b = true, list = { "x" }, e = 2 },
      (read { n = "5", f = "-1.5", b = "true", list = "x", e = "2" }))
    assert.same({ n = 50, b = false }, (read { b = "0" }))
  end)

  for _, bad in ipairs { "", "x", "1.5", "1.", "0x10", "1e3", " 5", "nan", "inf", "9007199254740993000" } do
    it("refuses n=" .. bad, function() assert.is_nil((read { n = bad })) end)
  end
end)
