-- spec/scripts/agent_events_spec.lua -- the six events of a platform: what is taken, what is refused.

require("plain_host").install()
local events = require "agent.events"
local json = require "human.json"

local sarah = { id = "user-1", nickname = "Sarah" }
local now = "2025-11-23T10:30:00.000Z"

local function message(change)
  local m = { id = "m1", content = "Hi", participant = sarah, createdAt = now, type = "message" }
  for k, v in pairs(change or {}) do m[k] = v end
  return m
end

local function without(t, name)
  t[name] = nil
  return t
end

local function people(n)
  local list = json.array()
  for i = 1, n do list[i] = { id = "u" .. i, nickname = "U" .. i } end
  return list
end

local good = {
  ["agent-joined"] = { chatCode = "gym", participants = json.array { sarah } },
  ["new-message"] = { message = message() },
  ["user-joined"] = { participant = sarah },
  ["user-typing"] = { participantId = "user-1", nickname = "Sarah" },
  ["reaction"] = { messageId = "m1", emoji = "👍", participant = sarah },
  ["timer-expired"] = { expiresAt = now },
}

describe("an event", function()
  for name, content in pairs(good) do
    it("is taken with its fields in content: " .. name, function()
      local event = assert(events.parse { type = name, content = content })
      assert.are.same(content, event.content)
    end)

    it("is taken with its fields at the top level: " .. name, function()
      local raw = { type = name }
      for k, v in pairs(content) do raw[k] = v end
      assert.are.same(content, assert(events.parse(raw)).content)
    end)

    for field in pairs(content) do
      it(("is refused without %s: %s"):format(field, name), function()
        local less = {}
        for k, v in pairs(content) do less[k] = k ~= field and v or nil end
        local event, err = events.parse { type = name, content = less }
        assert.is_nil(event)
        assert.are.equal("invalid_event", err.code)
        assert.are.equal(field, err.details[1].path)
      end)
    end
  end

  it("keeps fields out that are not listed", function()
    local m = message { secret = 1 }
    m.participant = { id = "user-1", nickname = "Sarah", email = "x" }
    local event = assert(events.parse { type = "new-message", content = { message = m, other = true } })
    assert.are.same({ message = message() }, event.content)
  end)

  it("tells the message's id, which makes it idempotent", function()
    assert.are.equal("m1", events.parse({ type = "new-message", content = good["new-message"] }).message_id)
    assert.is_nil(events.parse({ type = "reaction", content = good.reaction }).message_id)
  end)

  local refused = {
    { "16,001 characters", { message = message { content = ("é"):rep(16001) } }, "message.content" },
    { "no text", { message = message { content = "" } }, "message.content" },
    { "NUL in the text", { message = message { content = "a\0b" } }, "message.content" },
    { "a date that is none", { message = message { createdAt = "yesterday" } }, "message.createdAt" },
    { "a participant without a name", { message = message { participant = { id = "u" } } },
      "message.participant.nickname" },
    { "null for a message", { message = json.null }, "message" },
  }
  for _, c in ipairs(refused) do
    it("is refused with " .. c[1], function()
      local _, err = events.parse { type = "new-message", content = c[2] }
      assert.are.equal(c[3], err.details[1].path)
    end)
  end

  it("takes 16,000 characters and 200 participants, not 201", function() -- limit: text_chars, limit: participants
    assert.is_truthy(events.parse { type = "new-message", message = message { content = ("é"):rep(16000) } })
    assert.is_truthy(events.parse { type = "agent-joined", chatCode = "c", participants = people(200) })
    assert.is_nil(events.parse { type = "agent-joined", chatCode = "c", participants = people(201) })
  end)

  it("is refused when it is of no known type, or nothing at all", function()
    for _, raw in ipairs { { type = "send-message" }, {}, { type = 5 }, { type = json.null } } do
      assert.are.equal("unknown_event_type", select(2, events.parse(raw)).code)
    end
    for _, raw in ipairs { "x", 5, true, json.array { 1 }, json.null } do
      assert.are.equal("invalid_event", select(2, events.parse(raw)).code)
    end
    assert.are.equal("invalid_event", select(2, events.parse(nil)).code)
    assert.is_nil(without({ a = 1 }, "a").a)
  end)
end)
