-- spec/scripts/agent_endings_spec.lua -- texts that a model could not finish.

local endings = require "agent.endings"
local cost = require "spec.support.cost"

describe("a text that was cut", function()
  local cases = {
    { "Run twice a week. Then rest. After that you sho", "Run twice a week. Then rest." },
    { "It costs 3.5 euros a piece! And the", "It costs 3.5 euros a piece!" },
    { 'She said "Run." Then she', 'She said "Run."' },
    { "毎週二回走りましょう。その後は休みま", "毎週二回走りましょう。" },
    { "「走ろう。」と言", "「走ろう。」" },
    { "दौड़ो। फिर आरा", "दौड़ो।" },
    { "هل تركض؟ ثم است", "هل تركض؟" },
    { "One\nTwo\nThr", "One\nTwo" }, { "Do:\n1. Run.\n2. Sw", "Do:\n1. Run." }, { "We met in 1990. Th", "We met in 1990." },
    { "Whole already.", "Whole already." },
    { "No sentence ends in this long te", "No sentence ends in this long…" },
    { "Hi! And now comes a very long sentence without any end in si", "Hi! And now comes a very long sentence without any end in…" },
    { "Donaudampfschiff", "Donaudampfschiff…" }, { "", "" }, { " \n", "" },
  }
  for _, case in ipairs(cases) do
    it("ends at a sentence or a word: " .. case[1]:gsub("\n", " / "), function() assert.equal(case[2], endings.whole(case[1])) end)
  end

  it("costs no more than its length", function()
    for _, piece in ipairs { "*", "…", "\"", "a.", "。」", " ", "!" } do
      assert.is_true(cost.within(0.5, function() endings.whole(piece:rep(50000)) end), piece)
    end
  end)
end)
