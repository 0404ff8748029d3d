-- spec/lua/text_spec.lua -- human.text: its results, and that it takes linear time.

local cost = require "cost"
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

  it("shows each character that does not show itself, and no other", function()
    for given, shown in pairs {
      ["a\tb\nä€–💪ß‘’"] = "a\tb\nä€–💪ß‘’", ["\0\27[2J\127"] = "\\u0000\\u001b[2J\\u007f", ["\194\155m\194\173"] = "\\u009bm\\u00ad",
      ["x\226\128\174y\226\128\139\226\129\160\239\187\191"] = "x\\u202ey\\u200b\\u2060\\ufeff", ["\227\133\164\239\184\143\205\143"] = "\\u3164\\ufe0f\\u034f",
      ["\243\160\129\145\243\160\132\128"] = "\\u{e0051}\\u{e0100}", -- tags, which some models read
    } do assert.equal(shown, text.visible(given)) end
  end)

  it("of a megabyte takes no time, whatever it is", function()
    for _, given in ipairs { (" "):rep(1e6), "x" .. (" "):rep(1e6) .. "y", ("x "):rep(5e5), ("\128"):rep(1e6) } do
      assert.is_true(cost.within(0.5, function()
        text.trim(given)
        text.trim_end(given)
        text.cut(given, 999999)
        text.visible(given)
      end))
    end
  end)
end)
