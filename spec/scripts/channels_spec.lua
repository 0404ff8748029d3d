-- spec/scripts/channels_spec.lua -- channels, as far as they need no database: the contract, texts in pieces and in
-- markup, and what of a vendor's message is believed.

local gen = require "human.scripts.generation"
local json = require "human.json"
local cost = require "spec.support.cost"

local scripts, texts, markup, shape, channel

setup(function()
  scripts = gen.build(1)
  texts, markup = scripts.loaded["gateway.channel.text"], scripts.loaded["gateway.channel.markup"]
  shape, channel = scripts.loaded["gateway.channel.shape"], scripts.loaded["gateway.channel"]
end)

describe("a text for a chat", function()
  local function joined(pieces)
    return (table.concat(pieces, "\n"):gsub("\n```\n```%w*", ""):gsub("%s+", " "))
  end

  it("is as long as vendors count", function()
    assert.equal(7, texts.length("ä💪b", "bytes"))
    assert.equal(3, texts.length("ä💪b", "characters"))
    assert.equal(4, texts.length("ä💪b", "utf16"))
    assert.equal("b", texts.utf16("ä💪bc", 3, 1))
    assert.equal("@x", texts.utf16("💪 @x y", 3, 2))
    assert.equal("", texts.utf16("ab", 9, 3))
  end)

  it("is cut behind a paragraph, else a line, else a word, else a character, and nothing of it is lost", function()
    local words = ("word "):rep(400)
    for unit, limit in pairs { bytes = 300, characters = 300, utf16 = 300 } do
      local pieces = texts.split(words, limit, unit, 20)
      for _, piece in ipairs(pieces) do
        assert.is_true(texts.length(piece, unit) <= limit)
        assert.matches("word$", piece)
      end
      assert.equal(joined { words }:gsub(" $", ""), joined(pieces))
    end
    assert.same({ ("a"):rep(80), ("b"):rep(80) }, texts.split(("a"):rep(80) .. "\n\n" .. ("b"):rep(80), 110, "utf16", 20))
    local flat = ("💪"):rep(1000)
    local pieces = texts.split(flat, 301, "utf16", 20)
    assert.equal(flat, table.concat(pieces))
    for _, piece in ipairs(pieces) do assert.is_true(#piece % 4 == 0 and texts.length(piece, "utf16") <= 301) end
  end)

  it("has no piece that begins or ends within a block of code: the block is closed and opened again", function()
    local code = {}
    for i = 1, 60 do code[i] = "line " .. i .. " of a long program" end
    local text = "See:\n```lua\n" .. table.concat(code, "\n") .. "\n```\nThat is all."
    local pieces = texts.split(text, 400, "utf16", 20)
    assert.is_true(#pieces > 3)
    for _, piece in ipairs(pieces) do
      local _, fences = piece:gsub("```", "")
      assert.equal(0, fences % 2, piece)
      assert.is_true(texts.length(piece, "utf16") <= 400)
    end
    assert.matches("^```lua\n", pieces[2])
    for i = 1, 60 do assert.is_truthy(table.concat(pieces, "\n"):find("line " .. i .. " of", 1, true), i) end
  end)

  it("has at most 20 pieces, and the last one says that there was more", function() -- limit: channel pieces
    local pieces = texts.split(("word "):rep(5000), 200, "utf16", 20)
    assert.equal(20, #pieces)
    assert.matches(" %[…%]$", pieces[20])
    for _, piece in ipairs(pieces) do assert.is_true(texts.length(piece, "utf16") <= 200) end
  end)

  it("is cut in a time that grows with its length", function()
    for _, piece in ipairs { "a", "`", "```\n", "💪", "\n", " ", "x " } do
      assert.is_true(cost.within(2, function() texts.split(piece:rep(200000), 2000, "utf16", 1000) end), piece)
    end
  end)
end)

describe("the Markdown of a model", function()
  local HTML = {
    escape = function(text) return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" })) end,
    bold = { "<b>", "</b>" }, italic = { "<i>", "</i>" }, strike = { "<s>", "</s>" },
    code = function(text) return "<code>" .. text:gsub("<", "&lt;") .. "</code>" end,
    pre = function(text, language) return "<pre " .. language .. ">" .. text:gsub("<", "&lt;") .. "</pre>" end,
    link = function(label, url) return '<a href="' .. url .. '">' .. label .. "</a>" end,
  }
  local function render(text) return markup.render(text, HTML) end

  it("becomes the vendor's formatting", function()
    assert.equal("<b>a</b> <i>b</i> <i>c</i> <s>d</s> <code>e * f</code>", render "**a** *b* _c_ ~~d~~ `e * f`")
    assert.equal("<b>a <i>b</i> c</b>", render "**a *b* c**")
    assert.equal("<b>Title</b>\n• one\n  • two", render "# **Title**\n- one\n  * two")
    assert.equal('<a href="https://x.example/a_b">the <b>page</b></a>', render "[the **page**](https://x.example/a_b)")
    assert.equal("<pre lua>local a = b * c\n\n# d</pre>", render "```lua\nlocal a = b * c\n\n# d\n```")
    assert.equal("2 * 3 * 4, snake_case_name, *", render [[2 * 3 * 4, snake_case_name, \*]])
  end)

  it("cannot bring more than formatting", function()
    for _, text in ipairs { "<b>x</b>", "**<script>**", "`<x>`", "```\n<x>\n```", "# <x>", "[<x>](https://a.example)" } do
      assert.is_nil(render(text):find("<[xs][c>]"), text)
    end
    for _, url in ipairs { "javascript:alert(1)", "data:text/html,x", 'https://a"onclick="x', "tg://user?id=1", "/x" } do
      assert.is_nil(render("[x](" .. url .. ")"):find("href", 1, true), url)
    end
    assert.equal("<pre >open &lt;b> block</pre>", render "```\nopen <b> block")
  end)

  it("takes a time that grows with its length", function()
    for _, piece in ipairs { "*", "**", "_", "`", "[", "](", "*a ", "[a](", "[a](b", "**a* ", "~~", "\\", "[a](x)" } do
      assert.is_true(cost.within(2, function() render(piece:rep(150000 / #piece)) end), piece)
    end
  end)
end)

describe("what a channel's file has read", function()
  local good = { id = "1", chat = "2", from = { id = 3, name = "Ann\nLee" }, text = "x" }
  local function read(change)
    local m = {}
    for k, v in pairs(good) do m[k] = v end
    for k, v in pairs(change) do m[k] = v end
    return shape.messages { m }[1]
  end

  it("is texts and ids, whatever it was", function()
    local m = read { id = 12345678901, group = 1, mentions = { 5, {}, "@a" }, text = "a\0\255" }
    assert.equal("12345678901", m.id)
    assert.same({ id = "3", name = "Ann Lee" }, m.from)
    assert.same({ "5", "@a" }, m.mentions)
    assert.is_false(m.group)
    assert.equal("message", m.kind)
    assert.equal("a\239\191\189\239\191\189", m.text)
    for _, change in ipairs { { id = false }, { id = {} }, { id = ("x"):rep(201) }, { chat = "a\nb" }, { chat = 0 / 0 } } do
      assert.is_nil(read(change), json.encode(change.id or "x"))
    end
    assert.equal("", read({ from = false }).from.id)
    assert.is_nil(read { attachments = { 5, "x" } }.attachments)
  end)

  it("is at most 100 messages of 100,000 bytes, with 20 attachments", function() -- limit: webhook messages
    local many = {}
    for i = 1, 150 do many[i] = { id = tostring(i), chat = "c", from = {}, text = ("ä"):rep(60000), attachments = {} } end
    for i = 1, 30 do many[1].attachments[i] = { kind = "photo", id = tostring(i) } end
    local got = shape.messages(many)
    assert.equal(100, #got)
    assert.equal(100000, #got[1].text)
    assert.equal(20, #got[1].attachments)
  end)
end)

describe("a channel", function()
  it("that lacks what it needs is refused, with what is wrong", function()
    local good = { label = "X", settings = {}, limits = { text = 500 }, verify = print, parse = print, say = print,
                   said = print }
    local function refused(change)
      local spec = {}
      for k, v in pairs(good) do spec[k] = v end
      for k, v in pairs(change) do spec[k] = v end
      return select(2, pcall(channel.define, change.name or "x", spec))
    end
    assert.matches("a name is lower%-case", select(2, pcall(channel.define, "X", good)))
    assert.matches("there is a channel of this name", select(2, pcall(channel.define, "telegram", good)))
    assert.matches("there is no field 'sya'", refused { sya = print })
    assert.matches("verify must be a function", refused { verify = 5 })
    assert.matches("limits.text is 100 or more", refused { limits = {} })
    assert.matches("limits.unit is", refused { limits = { text = 500, unit = "words" } })
  end)
end)
