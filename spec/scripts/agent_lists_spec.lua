-- spec/scripts/agent_lists_spec.lua -- lists of words are written as they are compared, so that a load folds nothing.

local gen = require "human.scripts.generation"
local phrases = require "unicode.phrases"
local unicode = require "unicode"

local PHRASES = { has_done = true, greetings = true, farewells = true, thanks = true, nods = true, refusals = true,
                  questions = true, declines = true, stops = true }

-- Every text in a tree of lists is told with the path to it.
local function each(tree, path, found)
  for key, value in pairs(tree) do
    local at = path .. "." .. tostring(key)
    if type(value) == "table" then each(value, at, found) elseif type(value) == "string" then found(at, value) end
  end
end

describe("lists of words", function()
  it("cost a load of all scripts no folding and no segmentation", function()
    local fold, words, calls = unicode.fold, unicode.words, 0
    local function counted(fn)
      return function(...)
        calls = calls + 1
        return fn(...)
      end
    end
    unicode.fold, unicode.words = counted(fold), counted(words)
    local ok, err = pcall(gen.build, 1, { examples = false })
    unicode.fold, unicode.words = fold, words
    assert(ok, err)
    assert.equal(0, calls)
  end)

  it("of names and courtesies are folded", function()
    each(require "agent.hearing_words", "", function(path, text)
      local kind = PHRASES[path:match "^%.(%w+_?%w*)"] and "list" or "set"
      assert.is_nil(phrases.unfolded(text, kind), path)
    end)
  end)

  it("of languages are folded", function()
    for _, entry in ipairs(require("agent.providers.offline_languages").latin) do
      assert.is_nil(phrases.unfolded(entry[2], "set"), entry[1])
    end
  end)

  it("of dangers are folded", function()
    for _, language in ipairs(require("agent.providers.offline_emergency_words").languages) do
      each({ danger = language.danger, danger_not = language.danger_not, self = language.self,
             self_not = language.self_not }, language.lang, function(path, text)
        assert.is_nil(phrases.unfolded(text, "add", language.squeezed), path)
      end)
    end
  end)

  it("of medicines are folded", function()
    local words = require "agent.providers.offline_dose_words"
    each({ words.languages, words.medicines, words.others, words.excuses }, "", function(path, text)
      assert.is_nil(phrases.unfolded(text, "add"), path)
    end)
    assert.is_nil(phrases.unfolded(words.between, "set"))
    each(words.squeezed, "", function(path, text) assert.equal(unicode.fold(text), text, path) end)
    for unit in pairs(words.weights) do assert.equal(unicode.fold(unit), unit) end
  end)
end)
