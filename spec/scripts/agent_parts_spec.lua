-- spec/scripts/agent_parts_spec.lua -- long texts as several messages.

local parts = require "agent.parts"
local cost = require "spec.support.cost"

local function of(text, max, most) return parts.of(text, max, most or 1000) end

local function check(list, max)
  for _, part in ipairs(list) do assert.is_true(parts.length(part) <= max, part) end
end

describe("a text in parts", function()
  it("is one part when it fits", function()
    assert.are.same({ ("é"):rep(100) }, of(("é"):rep(100), 100))
  end)

  it("ends a part at a paragraph, a sentence or a word", function()
    assert.are.same({ "One two three. Four five.", "Six seven eight nine." },
      of("One two three. Four five.\n\nSix seven eight nine.", 30))
    assert.are.same({ "One two three. Four five.", "Six seven eight nine." },
      of("One two three. Four five. Six seven eight nine.", 30))
    assert.are.same({ "One two", "three four" }, of("One two three four", 12))
    assert.are.same({ "これは文です。", "これも文です。" }, of("これは文です。これも文です。", 10))
  end)

  it("loses nothing but white space between parts", function()
    local text = ("Runners who sleep well run longer, and faster. "):rep(1000) -- 47,000 characters
    local list = of(text, 4000)
    check(list, 4000)
    assert.are.equal((text:gsub("%s", "")), (table.concat(list):gsub("%s", "")))
    assert.is_true(#list <= 13)
    for _, part in ipairs(list) do assert.are.equal(".", part:sub(-1)) end
  end)

  for name, cluster in pairs { family = "👨‍👩‍👧‍👦", skin = "💪🏽", flag = "🇺🇸", subdivision = "🏴󠁧󠁢󠁥󠁮󠁧󠁿", keycap = "1️⃣",
    accent = "e\204\129", thai = "กี้", hindi = "क्षि", hangul = "\225\132\128\225\133\161\225\134\168", rainbow = "🏳️‍🌈" } do
    it("does not part a " .. name, function()
      local list = of(cluster:rep(100), 50)
      check(list, 50)
      for _, part in ipairs(list) do
        assert.are.equal(0, #part % #cluster, part)
        assert.are.equal(part, cluster:rep(#part / #cluster))
      end
      assert.are.equal(cluster:rep(100), table.concat(list))
    end)
  end

  it("goes on when one character is longer than a part", function()
    local list = of("e" .. ("\204\129"):rep(300), 100)
    check(list, 100)
    assert.are.equal("e" .. ("\204\129"):rep(300), table.concat(list))
  end)

  it("closes a block of code and opens it again", function()
    local text = "Look:\n```lua\n" .. ("  print(1)\n"):rep(30) .. "```\nDone."
    local list = of(text, 120)
    check(list, 120)
    for i, part in ipairs(list) do
      local _, fences = ("\n" .. part):gsub("\n```", "")
      assert.are.equal(0, fences % 2, part)
      if i > 1 and i < #list then assert.are.equal("```lua\n  print(1)", part:sub(1, 17)) end
    end
    assert.is_truthy(list[#list]:find "Done%.$")
  end)

  it("has an end, and says so", function()
    local list = of(("word "):rep(1000), 100, 3)
    assert.are.equal(3, #list)
    check(list, 100)
    assert.is_truthy(list[3]:find "…$")
  end)

  it("takes time in proportion to the text", function()
    for _, piece in ipairs { "x", "x ", ". ", "\n", "\n ", "```\n", "é", "🇺🇸", "e\204\129", " ", "。", "\"" } do
      local text = piece:rep(math.floor(400000 / #piece))
      assert.is_true(cost.within(2, function() of(text, 100) end), piece)
    end
  end)
end)
