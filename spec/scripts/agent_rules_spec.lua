-- spec/scripts/agent_rules_spec.lua -- the agent's rules: their own examples, and what must hold always.

require("plain_host").install()
local rule_examples = require "human.scripts.rule_examples"
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
    local f = { status = "active", expired = false, others = 3, messages = {}, waited_ms = 0, own_in_row = 0,
                agent_chain = 0 }
    for k, v in pairs(change) do f[k] = v end
    return f
  end

  local function called(more)
    local m = { id = "m", from = "u", text = "alex?", named = "name" }
    for k, v in pairs(more or {}) do m[k] = v end
    return { m }
  end

  -- How long a chat waits in which every look finds the same.
  local function waits(of)
    local waited = 0
    for _ = 1, 100 do
      of.waited_ms = waited
      local v = respond.decide(facts(of))
      if v.action ~= "wait" then break end
      assert.is_true(v.wait_ms > 0 and v.wait_ms % 1 == 0)
      waited = waited + v.wait_ms
    end
    return waited
  end

  it("wait for people who type, but not for ever", function()
    assert.are.equal(limits.typing_wait_ms, waits { messages = called(), typing_ms = 0.5 })
    assert.are.equal(limits.typing_wait_ms, waits { messages = called(), typing_ms = 0.5, others = 1 })
  end)

  it("wait for a burst to end, but not for ever", function() -- limit: burst_wait_ms, debounce_ms
    assert.are.equal(limits.burst_wait_ms, waits { messages = called { age_ms = 0.5 } })
  end)

  it("let no rule of a group silence a one-to-one chat", function()
    for _, text in ipairs { "hi", "thanks", "who won?", "" } do
      local v = respond.decide(facts { others = 1, own_in_row = 9, share = 100,
                                       messages = { { id = "m", from = "u", text = text, thanks = true } } })
      assert.are.equal("speak", v.action)
    end
  end)

  it("stay within a rule's budget with as many lines as a turn may have", function()
    local messages = {}
    for i = 1, 1000 do messages[i] = { id = "m" .. i, from = "u" .. i, text = ("alexcoach"):rep(44), asks = true } end
    assert.are.equal("silent", respond.decide(facts { messages = messages }).action)
  end)
end)
