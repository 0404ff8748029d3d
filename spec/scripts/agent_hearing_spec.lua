-- spec/scripts/agent_hearing_spec.lua -- who is named in a line, and what it wants.

local hearing = require "agent.hearing"

describe("A line of a chat", function()
  local ear = hearing.ear { id = "bot-9", names = { "Coach Alex", "Gym Chat" }, handles = {},
    others = { { id = "u1", nickname = "Sarah" }, { id = "u2", nickname = "Ben" } } }

  it("names the agent or does not", function()
    assert.equal("name", hearing.hear(ear, "Alex, any tips for sleep").named)
    assert.is_nil(hearing.hear(ear, "alexander the great won").named)
  end)
end)
