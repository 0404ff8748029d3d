-- spec/rocks/unicode_phrases_spec.lua -- phrases are found where they stand, in one pass over the words.

local phrases = require "unicode.phrases"
local unicode = require "unicode"
local cost = require "spec.support.cost"

local function keys_of(text)
  local words, keys = unicode.words(text), {}
  for i = 1, words.n do keys[i] = words:key(i) end
  return keys
end

local function count(book, text)
  local n = 0
  phrases.each(book, keys_of(text), function() n = n + 1 end)
  return n
end

-- phrases, whether they run together, a text in which they stand, one in which they do not
local cases = {
  { "heart attack", false, "A HEART attack?", "a heart, an attack" },
  { "pain*", false, "so painful", "a spain" },
  { "pain* _ chest", false, "pains in my left chest", "pain that began yesterday in my left shoulder and in the chest" },
  { "bol* _ klatce", false, "Ból w mojej klatce", "klatce ból" },
  { "stracil* przytomnosc", false, "straciła przytomność", "przytomność straciła" },
  { "胸 _ 痛", true, "昨日から胸がすごく痛いです", "痛い、胸" },
  { "息ができな", true, "息が できない", "息ができる" },
  { "숨 _ 쉬", true, "숨을 못 쉬겠어요", "쉬는 숨" },
}

describe("A book of phrases", function()
  for _, case in ipairs(cases) do
    it("finds and does not find: " .. case[1], function()
      local book = phrases.book()
      phrases.add(book, unicode.fold(case[1]), true, case[2])
      assert.equal(1, count(book, case[3]), case[3])
      assert.equal(0, count(book, case[4]), case[4])
    end)
  end

  it("tells which of its lists a phrase is of", function()
    local book, told = phrases.book(), {}
    phrases.add(book, "one|two", "a")
    phrases.add(book, "two three\nfour", "b")
    phrases.each(book, keys_of "two three", function(tag) told[#told + 1] = tag end)
    assert.same({ "a", "b" }, told)
  end)

  it("takes no longer for a text that repeats what phrases begin with", function()
    local book = phrases.book()
    for i = 1, 1000 do phrases.add(book, "w" .. i .. " _ end|come _ w" .. i, i) end
    local text = keys_of(("come w1 "):rep(250))
    assert.is_true(cost.within(2, function() phrases.each(book, text, function() end) end))
  end)

  it("knows what is not written as it is compared", function()
    for _, case in ipairs { { "a B", "set", "B" }, { "a b", "set" }, { "isn't", "set", "isn't" }, { "guten tag|für", "list", "für" },
                            { "let's go", "list", "let's go" }, { "chest _ pain*", "add" }, { "コーチ", "add", "コーチ" } } do
      assert.equal(case[3], phrases.unfolded(case[1], case[2]), case[1])
    end
    assert.is_nil(phrases.unfolded(unicode.fold "胸が _ 痛|息ができな", "add", true))
  end)
end)

describe("A list of phrases", function()
  it("knows single words, longer ones by their first word, and those whose words run together", function()
    local list = phrases.list "hi|guten tag|guten morgen\n助 かりました|잘 자"
    assert.same({ hi = true }, list.single)
    assert.same({ { "guten", "tag" }, { "guten", "morgen" } }, list.more.guten)
    assert.same({ "助かりました", "잘 자" }, list.inside)
  end)
end)
