-- spec/scripts/untrusted_spec.lua -- what is read of strangers' JSON.

local json = require "human.json"
local untrusted = require "gateway.untrusted"

describe("a value of a stranger's JSON", function()
  local ANYTHING = { json.null, true, false, 0, -1.5, 1 / 0, 0 / 0, "", "x", {}, { {} }, { a = { b = 1 } } }

  it("is nothing where it is not what it should be, and never an error", function()
    for i = 1, #ANYTHING do
      local v = ANYTHING[i]
      assert.is_table(untrusted.object(v))
      assert.is_table(untrusted.objects(v))
      for _, name in ipairs { "text", "id", "number", "phrase" } do assert.has_no.errors(function() untrusted[name](v) end) end
    end
    assert.is_nil(untrusted.text(5))
    assert.is_nil(untrusted.number(1 / 0))
    assert.is_nil(untrusted.number "1e5")
    assert.is_nil(untrusted.id(1.5))
  end)

  it("is bounded: lists have 100 entries, texts 64 KB and whole characters", function()
    local many = {}
    for i = 1, 1000 do many[i] = i % 2 == 0 and {} or i end
    assert.equal(50, #untrusted.objects(many))
    assert.equal(65536, #untrusted.text(("x"):rep(1e6)))
    assert.equal("aé", untrusted.text("aéé", 4))
  end)

  it("is text that a database takes", function()
    assert.equal("a\239\191\189b", untrusted.text "a\0b")
    assert.equal("\239\191\189", untrusted.text "\255")
    assert.equal("two lines", untrusted.phrase "two\r\nlines")
  end)

  it("is an identifier only as a whole: neither cut nor mended", function()
    assert.equal("17", untrusted.id(17))
    assert.equal("wamid.X=", untrusted.id "wamid.X=")
    for _, bad in ipairs { "", "a b", "a\0", "a\nb", "\255", ("x"):rep(501) } do assert.is_nil(untrusted.id(bad)) end
  end)

  it("is one part of an address", function()
    assert.equal("..%2F%24%7Bsecret%3Ax%7D%3F%C3%A9", untrusted.escaped "../${secret:x}?é")
  end)
end)
