-- spec/lua/text_spec.lua -- human.text: its results, and that it takes linear time.

local host = require "human.core.host"
local text = require "human.text"

describe("a text", function()
  it("is trimmed at both ends, or at its end", function()
    for given, both in pairs { [""] = "", [" "] = "", ["a"] = "a", [" a "] = "a", ["\n\t a b \v\f\r"] = "a b", ["a  b"] = "a  b" } do
      assert.equal(both, text.trim(given))
      assert.equal((given:gsub("%s+$", "")), text.trim_end(given))
    end
  end)

  it("is cut before a character that would not be whole", function()
    for _, case in ipairs { { "abc", 5, "abc" }, { "abc", 2, "ab" }, { "\195\164", 1, "" }, { "a\195\164b", 2, "a" }, { "a\195\164b", 3, "a\195\164" },
      { "\240\159\145\141x", 3, "" }, { "\240\159\145\141x", 4, "\240\159\145\141" }, { ("\128"):rep(9), 5, "\128" } } do
      assert.equal(case[3], text.cut(case[1], case[2]))
    end
  end)

  it("of a megabyte takes no time, whatever it is", function()
    for _, given in ipairs { (" "):rep(1e6), "x" .. (" "):rep(1e6) .. "y", ("x "):rep(5e5), ("\128"):rep(1e6) } do
      local begun = host.clock()
      text.trim(given)
      text.trim_end(given)
      text.cut(given, 999999)
      assert.is_true(host.clock() - begun < 0.5)
    end
  end)
end)
