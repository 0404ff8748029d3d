-- spec/scripts/agent_lines_spec.lua -- from rows of the log to lines of the chat.

require("plain_host").install()
local json = require "human.json"
local lines = require "agent.lines"

local agent = { id = "cagent0001", name = "Coach Alex - Gym", personality_name = "Coach Alex" }

local function said(pos, id, nickname, text)
  return { id = "ce" .. pos, pos = pos, direction = "in", type = "new-message", message_id = id, created_at = "t",
           age_ms = 0, content = json.encode { message = { content = text, participant = { id = "u-" .. nickname,
             nickname = nickname } } } }
end

local function sent(pos, text)
  return { id = "ce" .. pos, pos = pos, direction = "out", type = "send-message", created_at = "t", age_ms = 5,
           content = json.encode { content = text } }
end

local function chat(...)
  local rows, n = {}, select("#", ...)
  for i = 1, n do rows[i] = select(n + 1 - i, ...) end
  return lines.from_rows(rows, agent)
end

describe("lines of a chat", function()
  it("are in the order of the log, with their authors", function()
    local list = chat(said(1, "m1", "Sarah", "Hi"), sent(2, "Hello"), said(3, "m2", "Tom", "Yo"))
    assert.are.equal("Sarah Hi|nil Hello|Tom Yo", ("%s %s|%s %s|%s %s"):format(list[1].from, list[1].text,
      tostring(list[2].from), list[2].text, list[3].from, list[3].text))
    assert.is_true(list[2].mine)
    assert.is_false(list[3].mine)
  end)

  it("hold the agent's own message once when the platform sends it back, with the platform's id", function()
    local list = chat(said(1, "m1", "Sarah", "Hi"), sent(2, "Hello"), said(3, "m2", "coach alex", "Hello"))
    assert.are.equal(2, #list)
    assert.are.equal("m2", list[2].id)
  end)

  it("hold what somebody else wrote in the agent's name as the agent's", function()
    local list = chat(said(1, "m1", "Coach Alex", "I am back"))
    assert.is_true(list[1].mine)
  end)

  it("hold reactions", function()
    local list = chat({ id = "ce1", pos = 1, type = "reaction", created_at = "t", content = json.encode {
      messageId = "m1", emoji = "👍", participant = { id = "u1", nickname = "Sarah" }, action = "remove" } })
    assert.are.equal("reaction 👍 true", ("%s %s %s"):format(list[1].kind, list[1].emoji, tostring(list[1].removed)))
  end)
end)

describe("a text that is cut", function()
  it("ends between characters", function()
    assert.are.equal("ab", lines.cut("abc", 2))
    assert.are.equal("é", lines.cut("éé", 3))
    assert.are.equal("", lines.cut("👍", 3))
    assert.are.equal("👍", lines.cut("👍", 4))
  end)
end)

describe("a summary without a model", function()
  it("keeps the first sentence of each message, after what it held before", function()
    local list = chat(said(1, "m1", "Sarah", "I run a lot. It is fun."), sent(2, "Great!\nGo on."))
    assert.are.equal("Tom: old\nSarah: I run a lot.\nI: Great!", lines.extract("Tom: old", list, 4000))
  end)

  it("drops the oldest lines when it is full", function()
    local old = {}
    for i = 1, 200 do old[i] = "Tom: line number " .. i .. " of some length" end
    local text = lines.extract(table.concat(old, "\n"), chat(said(1, "m1", "Sarah", "New.")), 4000)
    assert.is_true(#text <= 4000)
    assert.is_truthy(text:find("Sarah: New.", 1, true))
    assert.is_nil(text:find("number 1 of", 1, true))
  end)
end)
