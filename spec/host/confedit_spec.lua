-- spec/host/confedit_spec.lua -- replaces or adds one value of a settings file; everything else stays, byte by byte.

local ffi = require "ffi"
local json = require "human.json"

require "c_buf"
require "c_types" ("core/buf.h", "buf_add")
local C = require "c_types" ("core/confedit.h", "confedit")

-- The text with that setting; or nil and why.
local function edit(text, name, value, max)
  local b, why = ffi.new "buf", ffi.new("char[256]")
  b.max = max or 262144
  C.buf_add(b, text, #text)
  local failed = C.confedit(b, name, value, why, 256) ~= 0
  local out = ffi.string(b.p, b.n)
  C.buf_free(b)
  if failed then return nil, ffi.string(why), out end
  return out
end

describe("a value of a settings file", function()
  for _, case in ipairs {
    { '{"a": 1}', "a", "2", '{"a": 2}' },
    { '{"a": 1, "b": {"c": "x"}}', "b.c", '"y"', '{"a": 1, "b": {"c": "y"}}' },
    { '{\n  "a": [1, 2], // list\n}\n', "a", "[]", '{\n  "a": [], // list\n}\n' },
    { '{"a": {"x": 1}}', "a", '{"y":2}', '{"a": {"y":2}}' },
    { "{}", "a", "1", '{"a": 1}' },
    { "{\n}\n", "a.b", "1", '{\n  "a": {"b": 1}\n}\n' },
    { '{ "b": 2 }', "a", "1", '{"a": 1,  "b": 2 }' },
    { '{\n  // of b\n  "b": 2,\n}', "a", "1", '{\n  "a": 1,\n  // of b\n  "b": 2,\n}' },
    { '{\n  "a": {\n    "b": 2\n  }\n}', "a.c", "3", '{\n  "a": {\n    "c": 3,\n    "b": 2\n  }\n}' },
    { '{"ab": {"c": 1}}', "a.c", "2", '{"a": {"c": 2}, "ab": {"c": 1}}' },
    { '{"a": { /* "b": 1 */ }}', "a.b", "2", '{"a": {"b": 2 /* "b": 1 */ }}' },
  } do
    it("is " .. case[3] .. " as " .. case[2] .. " in " .. json.encode(case[1]), function()
      assert.equal(case[4], edit(case[1], case[2], case[3]))
    end)
  end

  it("is not put where something else is, into what is no JSON, or beyond the size of a file", function()
    for _, case in ipairs { { '{"a": 1}', "a.b" }, { '{"a": [1]}', "a.b" }, { "{", "a" }, { '{"a": 1}', "b", 9 } } do
      local out, why, kept = edit(case[1], case[2], "12345", case[3])
      assert.is_nil(out)
      assert.truthy(#why > 0 and (case[1] ~= "{" or why:find("the settings file:1: the file ends", 1, true)), why)
      assert.equal(case[1], kept)
    end
  end)

  it("is found again after any number of changes in any order", function()
    math.randomseed(7)
    local names = { "a", "b.c", "b.d", "e.f.g", "e.f.h", "e.i", "b.x.y" }
    for _ = 1, 200 do
      local text, wanted = "// c\n{\n}\n", {}
      for step = 1, 12 do
        local name = names[math.random(#names)]
        text = assert(edit(text, name, tostring(step)))
        wanted[name] = step
      end
      local plain = json.decode((text:gsub("// c\n", "")))
      for name, value in pairs(wanted) do
        local at = plain
        for part in name:gmatch "[^.]+" do at = at[part] end
        assert.equal(value, at)
      end
    end
  end)
end)
