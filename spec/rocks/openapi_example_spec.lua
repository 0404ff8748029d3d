-- spec/rocks/openapi_example_spec.lua -- examples by their schema, and schemas in words.

local example = require "openapi.example"
local fields = require "openapi.fields"

local NULL, ARRAY = {}, {}
local tools = {
  null = NULL, array = function(t) return setmetatable(t, ARRAY) end,
  is_array = function(t) return t[1] ~= nil or getmetatable(t) == ARRAY end,
  in_order = function(t, names) return setmetatable(t, { names = names }) end,
  order_of = function(t) return (getmetatable(t) or {}).names end,
  encode = function(v) return type(v) == "string" and ("%q"):format(v) or tostring(v) end,
  matches = function(pattern, text) return pattern == "hex" and text:find "^%x+$" ~= nil end,
}

local ID, TIME = { type = "string", format = "uuid" }, { type = "string", format = "date-time" }

local function object(properties, required, names)
  return { type = "object", properties = tools.in_order(properties, names), required = required }
end

local function complete(value, schema) return example.complete(value, schema, tools) end

describe("openapi.example", function()
  it("keeps what people wrote, and puts in what they left open", function()
    local schema = object({ id = ID, at = TIME, name = { type = "string" }, n = { type = "integer", minimum = 3 } },
                          { "id", "at", "name", "n" }, { "id", "at", "name", "n" })
    local out = complete({ id = "bid-uuid", at = "2026-03-24T...", name = "..." }, schema)
    assert.truthy(out.id:find "^%x+%-%x+%-%x+%-%x+%-%x+$")
    assert.truthy(out.at:find "^%d+%-%d+%-%d+T%d+:%d+:%d+Z$")
    assert.same({ "...", 3 }, { out.name, out.n })
    assert.same({ "id", "at", "name", "n" }, tools.order_of(out))
    assert.equal("2026-04-01T14:00:00Z", complete("2026-04-01T14:00:00Z", TIME))
  end)

  it("leaves null, numbers and fields that the schema does not name as they are", function()
    local out = complete({ a = NULL, more = { 1 }, b = 0.5 }, object({ a = ID, b = { type = "number" } }, nil, { "a", "b" }))
    assert.equal(NULL, out.a)
    assert.same({ 0.5, { 1 } }, { out.b, out.more })
  end)

  it("chooses the alternative that says the same", function()
    local function by(action, more) return object({ action = { const = action }, [more] = ID }, { "action", more }, { "action", more }) end
    local schema = { oneOf = { by("create", "for_whom"), by("revoke", "id") } }
    assert.truthy(complete({ action = "revoke" }, schema).id)
    assert.truthy(complete({ action = "create" }, schema).for_whom)
    assert.equal("create", complete(nil, schema).action)
  end)

  it("makes up what is short enough, long enough and of the right form", function()
    assert.equal("textx", complete(nil, { type = "string", minLength = 5 }))
    assert.equal("te", complete(nil, { type = "string", maxLength = 2 }))
    assert.equal("3f8a1b", complete(nil, { type = "string", pattern = "hex" }))
    assert.same({ "a", "a" }, complete(nil, { type = "array", minItems = 2, items = { enum = { "a", "b" } } }))
  end)

  it("ends in a schema that contains itself (limit: example depth)", function()
    local schema, depth = object({}, { "inner" }, { "inner" }), 0
    schema.properties.inner = schema
    local out = complete(nil, schema)
    while out ~= NULL do out, depth = out.inner, depth + 1 end
    assert.equal(12, depth)
  end)
end)

describe("openapi.fields", function()
  it("names types and limits in words", function()
    local schema = { type = "array", minItems = 1, maxItems = 5, items = { type = "string", maxLength = 64 } }
    assert.equal("array of string", fields.type(schema, tools))
    assert.same({ "1 to 5 items", "each at most 64 characters" }, fields.limits(schema, tools))
    assert.equal("uuid or null", fields.type({ type = { "string", "null" }, format = "uuid" }, tools))
    assert.same({ "one of a, b", "default a" }, fields.limits({ type = "string", enum = { "a", "b" }, default = "a" }, tools))
    assert.same({}, fields.limits({ type = "integer", minimum = -2 ^ 53 + 1, maximum = 2 ^ 53 - 1 }, tools))
  end)

  it("lists so many inner objects and values, and no more (limit: field depth)", function()
    local schema, values = object({}, {}, { "inner" }), {}
    schema.properties.inner = schema
    assert.equal(7, #fields.rows(schema, tools))
    for i = 1, 30 do values[i] = "v" .. i end
    assert.truthy(fields.limits({ type = "string", enum = values }, tools)[1]:find "v24, ..$")
  end)

  it("lists inner fields below their own, and alternatives by what tells them apart", function()
    local inner = object({ x = ID }, { "x" }, { "x" })
    local rows = fields.rows({ oneOf = { object({ kind = { const = "a" }, list = { type = "array", items = inner } }, { "kind" },
                                                { "kind", "list" }) } }, tools)
    assert.same({ "with kind a", 0 }, { rows[1].label, rows[1].depth })
    assert.same({ { "kind", true, 0 }, { "list", false, 0 }, { "x", true, 1 } }, {
      { rows[2].name, rows[2].required, rows[2].depth }, { rows[3].name, rows[3].required, rows[3].depth },
      { rows[4].name, rows[4].required, rows[4].depth } })
  end)
end)
