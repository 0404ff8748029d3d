-- spec/scripts/agent_rules_spec.lua -- the agent's rules: their own examples, and what must hold always.

require("plain_host").install()
local rules = require "human.rules"
local limits = require "agent.rules.limits"
local respond = require "agent.rules.respond"

describe("the rules of the agent", function()
  for _, name in ipairs { "limits", "respond", "tool_use", "safety" } do
    it("agree with their examples: " .. name, function()
      local mod = require("agent.rules." .. name)
      assert.is_true(#mod.examples > 0)
      rules.check_examples(name, mod, {})
    end)
  end

  local function facts(change)
    local f = { status = "active", expired = false, others = 3, names = { "alex" }, field = {}, messages = {},
                waited_ms = 0, own_in_row = 0, agent_chain = 0 }
    for k, v in pairs(change) do f[k] = v end
    return f
  end

  it("wait for people who type, but not for ever", function()
    local waited = 0
    for _ = 1, 100 do
      local v = respond.decide(facts { messages = { { id = "m", text = "alex?" } }, typing_ms = 0, waited_ms = waited })
      if v.action ~= "wait" then break end
      assert.is_true(v.wait_ms > 0)
      waited = waited + v.wait_ms
    end
    assert.are.equal(limits.typing_wait_ms, waited)
  end)

  it("let no rule of a group silence a one-to-one chat", function()
    for _, text in ipairs { "hi", "thanks", "who won?", "" } do
      local v = respond.decide(facts { others = 1, own_in_row = 9, typing_ms = 0,
                                       messages = { { id = "m", text = text } } })
      assert.are.equal("speak", v.action)
    end
  end)

  it("stay within a rule's budget with the largest texts that they are given", function()
    local wrapped = rules.wrap("respond", respond)
    local words = {}
    for i = 1, 600 do words[i] = "word" .. string.char(97 + i % 26):rep(3) end
    local field = wrapped.field(table.concat(words, " "):sub(1, 4000))
    local messages = {}
    for i = 1, 20 do messages[i] = { id = "m" .. i, text = ("lorem ipsum? "):rep(76) } end
    assert.are.equal("silent", wrapped.decide(facts { field = field, messages = messages }).action)
  end)
end)
