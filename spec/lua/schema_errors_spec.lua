-- spec/lua/schema_errors_spec.lua -- errors for clients: path and message of everything wrong.

require("plain_host").install()
local json = require "human.json"
local s = require "human.schema"

local participant = s.object { id = s.string { min = 1, max = 64 }, nickname = s.string { max = 200 } }
local event = s.object {
  message = s.object { participant = participant, kind = s.enum { "a", "b" } },
  participants = s.array(participant, { max = 5 }),
  note = s.text:optional(),
}
local tagged = s.one_of {
  s.object { type = s.const "text", body = s.text }, s.object { type = s.const "image", url = s.url },
}

local CASES = { -- schema, JSON, "path: message" of each problem
  { event, "[]", { ": must be an object" } },
  { event, "5", { ": must be an object" } },
  { event, "{}", { "message: is required", "participants: is required" } },
  { event, '{"message":{"participant":{"nickname":"x"},"kind":"c"},"participants":[]}',
    { "message.kind: must be one of a, b", "message.participant.id: is required" } },
  { event, '{"message":null,"participants":[{"id":"1","nickname":"a"},{"id":"","nickname":5,"x":1}],"note":null}',
    { "message: must be an object", "note: must be a string",
      "participants[1].id: must be a string of 1 to 64 characters",
      "participants[1].nickname: must be a string of at most 200 characters",
      "participants[1].x: is not a known field" } },
  { event, '{"message":{"participant":{"id":"1","nickname":"n"},"kind":"a"},"participants":[1,2,3,4,5,6]}',
    { "participants: must be an array of at most 5 items" } },
  { tagged, '{"type":"image","url":"x"}', { "url: must be an http or https URL of at most 2048 characters" } },
  { tagged, '{"type":"video"}', { "type: must be one of image, text" } },
  { tagged, "{}", { "type: is required" } },
  { s.array(s.array(s.int)), "[[1],[2,3.5]]", { "[1][1]: must be an integer" } },
  { s.map(s.int { min = 0 }), '{"a":-1}', { "a: must be an integer of at least 0" } },
  { s.int { min = 1, max = 168 }, "0", { ": must be an integer from 1 to 168" } },
  { s.string { pattern = "^x", form = "a text that begins with x" }, '"y"', { ": must be a text that begins with x" } },
}

local function told(details)
  local out = {}
  for i, d in ipairs(details) do out[i] = d.path .. ": " .. d.message end
  table.sort(out)
  return out
end

describe("a schema's complaints", function()
  for _, case in ipairs(CASES) do
    it("about " .. case[2]:sub(1, 60), function()
      local out, details = s.reader(case[1])(json.decode(case[2]))
      assert.is_nil(out)
      assert.same(case[3], told(details))
    end)
  end

  it("end after twenty", function() -- limit: validation problems
    local list, fields = {}, {}
    for i = 1, 500 do list[i], fields["f" .. i] = "x", 1 end
    local _, details = s.reader(s.array(s.int))(list)
    assert.equal(20, #details)
    _, details = s.reader(s.object {})(fields)
    assert.equal(20, #details)
  end)

  it("show names of clients cut and without control characters", function()
    local _, details = s.reader(s.object {}) { ["a\nb" .. ("é"):rep(1000)] = 1 }
    assert.is_true(#details[1].path <= 83)
    assert.matches("^a%?b", details[1].path)
  end)

  it("never repeat a value", function()
    local _, details = s.reader(s.object { key = s.id }) { key = "ak_secret" }
    assert.is_nil(json.encode(details):find("ak_secret", 1, true))
  end)

  it("say when the whole is missing", function()
    local _, details = s.reader(s.int)(nil)
    assert.same({ { path = "", message = "is required" } }, details)
    assert.is_nil((select(2, s.reader(s.int:optional())(nil))))
  end)
end)

describe("a schema's declaration", function()
  local SLIPS = {
    { "an unknown option", function() return (s.string { maximum = 5 }) end },
    { "an option of the wrong type", function() return (s.int { min = "1" }) end },
    { "limits the wrong way round", function() return (s.int { min = 5, max = 1 }) end },
    { "a field that is no schema", function() return (s.object { a = "string" }) end },
    { "a field declared twice", function() return (s.object { { "a", s.int }, { "a", s.int } }) end },
    { "an unknown way to treat extra fields", function() return (s.object({}, { extra = "ignore" })) end },
    { "an array of no schema", function() return (s.array {}) end },
    { "an enum without values", function() return (s.enum {}) end },
    { "a reader of no schema", function() return (s.reader {}) end },
  }
  for _, case in ipairs(SLIPS) do
    it("refuses " .. case[1], function()
      local ok, err = pcall(case[2])
      assert.is_false(ok)
      assert.matches("schema_errors_spec.lua:%d+:", err) -- where the slip is
    end)
  end

  it("leaves the schema it modifies as it was", function()
    local base = s.string { max = 5 }
    local _ = base:optional():nullable():default "x":describe "d":example "e"
    assert.is_nil(base.is_optional or base.is_nullable or base.default_value or base.description or base.sample)
    assert.is_nil(s.string.max)
  end)
end)
