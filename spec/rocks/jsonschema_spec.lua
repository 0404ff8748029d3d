-- spec/rocks/jsonschema_spec.lua -- what a user of JSON Schema is told, and what strangers cannot make it do.
-- Whether values are valid is compared with the official suite and three other engines in spec/e2e/jsonschema.test.mjs.

local jsonschema = require "jsonschema"
local regex = require "jsonschema.regex"

local NULL, ARRAY = {}, {}
local function array(t) return setmetatable(t or {}, ARRAY) end
local function is_array(t) return getmetatable(t) == ARRAY or t[1] ~= nil end

local function compile(schema, options)
  local o = { null = NULL, is_array = is_array }
  for name, value in pairs(options or {}) do o[name] = value end
  return jsonschema.compile(schema, o)
end

local function errors_of(schema, value, options)
  local _, errors = assert(compile(schema, options)):validate(value)
  local out = {}
  for i, e in ipairs(errors or {}) do out[i] = ("%s %s %s"):format(e.path, e.schema_path, e.message) end
  return out
end

-- schema, value, the errors
local told = {
  { { type = "string" }, 1, " #/type must be a string" },
  { { type = { "integer", "null" } }, 1.5, " #/type must be an integer or null" },
  { { properties = { a = { items = { type = "number" } } } }, { a = { 1, "x", 2, "y" } },
    "/a/1 #/properties/a/items/type must be a number", "/a/3 #/properties/a/items/type must be a number" },
  { { properties = { ["a/b"] = { ["$ref"] = "#/$defs/~0~1" } }, ["$defs"] = { ["~/"] = { const = 1 } } }, { ["a/b"] = 2 },
    "/a~1b #/$defs/~0~1/const must be the allowed value" },
  { { required = { "a", "b" } }, {}, " #/required lacks the property 'a'", " #/required lacks the property 'b'" },
  { { additionalProperties = false }, { z = 1, a = 1, m = 1 }, " #/additionalProperties has the unexpected property 'a'",
    " #/additionalProperties has the unexpected property 'm'", " #/additionalProperties has the unexpected property 'z'" },
  { { unevaluatedItems = false, prefixItems = { true } }, { 1, 2 }, " #/unevaluatedItems has an unexpected item at 1" },
  { { anyOf = { { type = "string" }, { minimum = 5 } } }, 1, " #/anyOf/0/type must be a string",
    " #/anyOf/1/minimum must be at least 5", " #/anyOf matches none of the alternatives" },
  { { oneOf = { true, { type = "string" }, { minimum = 0 } } }, 1, " #/oneOf matches more than one alternative: 0 and 2" },
  { { ["$id"] = "https://x.example/s", maxLength = 1 }, "ab", " https://x.example/s#/maxLength must have at most 1 character" },
  { { uniqueItems = true }, { { a = 1 }, 2, { a = 1 } }, " #/uniqueItems has the same item at 0 and 2" },
  { { properties = { a = false } }, { a = 1 }, "/a #/properties/a/false is not allowed" },
  { { multipleOf = 0.1 }, 0.35, " #/multipleOf must be a multiple of 0.1" },
}

describe("A schema", function()
  for i, case in ipairs(told) do
    it("tells where and why: " .. case[3] .. " (" .. i .. ")", function()
      assert.same({ unpack(case, 3) }, errors_of(case[1], case[2]))
    end)
  end

  it("tells null, empty arrays and empty objects apart", function()
    local v = compile { properties = { a = { type = "null" }, b = { type = "array" }, c = { type = "object" } } }
    assert.is_true(v:validate { a = NULL, b = array(), c = {} })
    assert.is_false((v:validate { b = {} }))
    assert.is_false((v:validate { c = array() }))
    assert.is_true(compile { enum = { 1, NULL, {} } }:is_valid {})
    assert.is_false(compile { enum = { 1, NULL, {} } }:is_valid(array()))
  end)

  it("counts in decimal, as numbers are written", function()
    for _, pair in ipairs { { 0.3, 0.1 }, { 1.1, 0.01 }, { 4.35, 0.05 }, { 1e300, 1e-10 }, { 9007199254740991, 1 }, { 0, 7 } } do
      assert.is_true(compile { multipleOf = pair[2] }:is_valid(pair[1]), pair[1] .. " / " .. pair[2])
    end
    for _, pair in ipairs { { 0.35, 0.1 }, { 1.001, 0.01 }, { 7, 2 }, { 1e-300, 0.1 } } do
      assert.is_false(compile { multipleOf = pair[2] }:is_valid(pair[1]), pair[1] .. " / " .. pair[2])
    end
  end)

  local refused = {
    { { type = "text" }, "the schema is malformed: /type " },
    { { properties = { a = { minLength = -1 } } }, "/properties/a/minLength must be at least 0" },
    { { ["$ref"] = "#/$defs/x" }, "there is no '#/$defs/x'" },
    { { ["$ref"] = "https://other.example/s" }, "there is no schema at 'https://other.example/s'" },
    { { ["$schema"] = "http://json-schema.org/draft-07/schema#" }, "the dialect http://json%-schema.org/draft%-07/schema is not known" },
    { { pattern = "(" }, "#/pattern: a group is not closed" },
    { { patternProperties = { ["(a)\\1"] = true } }, "#/patternProperties: a reference to a group is not supported" },
    { { ["$defs"] = { a = { ["$anchor"] = "x" }, b = { ["$anchor"] = "x" } } }, "two schemas have the anchor 'x'" },
    { "string", "an object or a boolean" },
  }
  for _, case in ipairs(refused) do
    it("is refused: " .. case[2], function()
      local v, why = compile(case[1])
      assert.is_nil(v)
      assert.truthy(why:find(case[2]), why)
    end)
  end

  it("of another dialect is read as 2020-12 for those who ask for that", function()
    local schema = { ["$schema"] = "http://json-schema.org/draft-07/schema#", type = "string" }
    assert.is_true(assert(compile(schema, { any_dialect = true })):is_valid "x")
  end)

  it("refers to documents of the caller, which are checked as it is", function()
    local schemas = { ["https://x.example/a"] = { type = "integer" }, ["https://x.example/b"] = { type = "nonsense" } }
    local v = compile({ ["$ref"] = "a" }, { base = "https://x.example/root", schemas = schemas })
    assert.is_true(v:is_valid(1))
    assert.is_false(v:is_valid "x")
    local none, why = compile({ ["$ref"] = "b" }, { base = "https://x.example/root", schemas = schemas })
    assert.is_nil(none)
    assert.truthy(why:find("malformed", 1, true))
  end)
end)

-- Every limit has a schema or value that runs into it.
describe("Limits of JSON Schema", function()
  it("hold for schemas within schemas (limit: jsonschema depth)", function()
    local deep = {}
    for _ = 1, 70 do deep = { items = deep } end
    assert.truthy(select(2, compile(deep)):find("malformed", 1, true) or select(2, compile(deep)):find "nested")
    assert.is_nil((compile(deep)))
  end)

  it("hold for the number of schemas (limit: jsonschema schemas)", function()
    local wide = {}
    for i = 1, 5001 do wide["p" .. i] = {} end
    local v, why = compile { properties = wide }
    assert.is_nil(v)
    assert.equal("there are too many schemas", why)
  end)

  it("hold for patterns (limit: jsonschema patterns)", function()
    for _, text in ipairs { ("a"):rep(4097), "((a{100}){100}){100}", "a{999999}", ("(?=a)"):rep(17), ("("):rep(60) .. (")"):rep(60) } do
      assert.is_nil((regex.compile(text)))
    end
    local many = {}
    for i = 1, 20 do many[i] = { pattern = "^a{4000}" .. ("b"):rep(i) } end
    local v, why = compile { allOf = many }
    assert.is_nil(v)
    assert.truthy(why:find "too large")
  end)

  it("hold for errors (limit: jsonschema errors)", function()
    local list = {}
    for i = 1, 1000 do list[i] = i end
    assert.equal(20, #errors_of({ items = { type = "string" } }, list))
    assert.equal(3, #errors_of({ items = { type = "string" } }, list, { max_errors = 3 }))
  end)

  local endless = {
    ["a schema that refers to itself"] = { { ["$ref"] = "#" }, 1 },
    ["a schema whose alternatives double"] = { {
      ["$ref"] = "#/$defs/a30",
      ["$defs"] = (function()
        local defs = { a0 = false }
        for i = 1, 30 do
          local ref = { ["$ref"] = "#/$defs/a" .. (i - 1) }
          defs["a" .. i] = { anyOf = { ref, { allOf = { ref } } } }
        end
        return defs
      end)(),
    }, 1 },
    ["a pattern with many states at once"] = { { pattern = "(x[^y]{0,2000}){2}y" }, ("xa"):rep(1e5) },
  }
  for name, case in pairs(endless) do
    it("end " .. name .. " (limit: jsonschema work)", function()
      local v = assert(compile(case[1], { max_work = 500000 })) -- a tenth of what it is, for the sake of slow machines
      local ok, errors = v:validate(case[2])
      assert.is_false(ok)
      assert.equal("limit", errors[1].keyword)
      assert.is_nil(v:is_valid(case[2]))
    end)
  end

  it("leave patterns that ruin other engines their linear time", function()
    local text = ("a"):rep(200000) .. "!"
    for _, pattern in ipairs { "^(a+)+$", "^(a|aa)+$", "(a*)*b", "^(?=(a+)+$)", "(.*)(.*)(.*)x" } do
      assert.is_false(assert(regex.compile(pattern)):test(text))
    end
  end)

  it("keep what a pattern remembers bounded", function()
    local compiled = assert(regex.compile "(a|b).{14}c")
    collectgarbage()
    local before, seed = collectgarbage "count", 7
    local parts = {}
    for i = 1, 20000 do
      seed = (seed * 1103515245 + 12345) % 2147483648
      parts[i] = seed > 1073741824 and "a" or "x"
    end
    assert.is_false(compiled:test(table.concat(parts)))
    collectgarbage()
    assert.is_true(collectgarbage "count" - before < 8192)
    assert.is_true(compiled:test "xxa12345678901234c")
  end)
end)
