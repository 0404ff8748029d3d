-- spec/scripts/agent_rules_spec.lua -- the agent's rules: their own examples, and what must hold always.

require("plain_host").install()
local rule_examples = require "human.rule_examples"
local limits = require "agent.rules.limits"
local respond = require "agent.rules.respond"

describe("the rules of the agent", function()
  for _, name in ipairs { "limits", "respond", "tool_use", "safety" } do
    it("agree with their examples: " .. name, function()
      local mod = require("agent.rules." .. name)
      assert.is_true(#mod.examples > 0)
      rule_examples.check(name, mod, {})
    end)
  end

  local function facts(change)
    local f = { status = "active", expired = false, others = 3, called = { "Alex" }, nicknames = {}, prompt = "",
                messages = {}, waited_ms = 0, own_in_row = 0, agent_chain = 0 }
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
    local words, messages, nicknames = {}, {}, {}
    for i = 1, 600 do words[i] = "word" .. string.char(97 + i % 26):rep(3) end
    for i = 1, 20 do messages[i] = { id = "m" .. i, text = ("lorem ipsum? "):rep(76) } end
    for i = 1, 200 do nicknames[i] = "Person Number " .. i end
    local f = facts { prompt = table.concat(words, " "):sub(1, 4000), messages = messages, nicknames = nicknames }
    assert.are.equal("silent", respond.decide(f).action)
  end)
end)
