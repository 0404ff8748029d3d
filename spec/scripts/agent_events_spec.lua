-- spec/scripts/agent_events_spec.lua -- the nine events of a platform: what is taken, what is refused.

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
  ["message-edited"] = { messageId = "m1", content = "Hello" },
  ["message-deleted"] = { messageId = "m1" },
  ["user-joined"] = { participant = sarah },
  ["user-left"] = { participant = sarah },
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

  local function taken(raw)
    local event, err = events.parse(raw)
    assert(event, err and err.details and err.details[1].path .. " " .. err.details[1].message)
    return event.content
  end

  it("may have numbers for ids, and times as seconds or milliseconds since 1970", function()
    local m = taken { type = "new-message", message = message { id = 17, replyTo = 16, createdAt = 1763893800,
      participant = { id = -1001234567890, nickname = "Sarah", handles = json.array { 5 } },
      mentions = json.array { 7, "alex" } } }.message
    assert.same({ "17", "16", "-1001234567890", "5", "7", "alex", "2025-11-23T10:30:00.000Z" },
      { m.id, m.replyTo, m.participant.id, m.participant.handles[1], m.mentions[1], m.mentions[2], m.createdAt })
    for _, time in ipairs { 1763893800000, "1763893800", "1763893800000", "1763893800.000000" } do
      assert.equal(now, taken { type = "timer-expired", expiresAt = time }.expiresAt)
    end
    assert.equal("2025-11-23T10:30:00.500Z", taken { type = "timer-expired", expiresAt = 1763893800.5 }.expiresAt)
    assert.equal("9", taken { type = "agent-joined", chatCode = 9, participants = people(1) }.chatCode)
    for _, id in ipairs { 1.5, 2 ^ 60, 0 / 0, 1 / 0 } do
      assert.is_nil(events.parse { type = "message-deleted", messageId = id })
    end
    for _, time in ipairs { -1, 1e300, 0 / 0, "12:30", "1763893800x" } do
      assert.is_nil(events.parse { type = "timer-expired", expiresAt = time })
    end
  end)

  it("of an edited or deleted message, or of somebody who left, may be told as it was when it was new", function()
    assert.same({ messageId = "m1", content = "New" },
      taken { type = "message-edited", content = { message = message { content = "New" } } })
    assert.same({ messageId = "m1" }, taken { type = "message-deleted", content = { message = message() } })
    assert.same({ participant = { id = "4" } }, taken { type = "user-left", participantId = 4 })
    assert.equal("u2", taken({ type = "user-left", participant = { id = "u2", nickname = json.null } }).participant.id)
    assert.same({ messageId = "m1", content = "flat" },
      taken { type = "message-edited", messageId = "m1", content = "flat" })
  end)

  it("is refused where a name is blank, a reaction is no emoji, or two participants are the agent", function()
    local function why(raw)
      local event, err = events.parse(raw)
      return not event and err.details[1].path .. " " .. err.details[1].message
    end
    local function reaction(text)
      return { type = "reaction", messageId = "m", emoji = text, participant = { id = "u", nickname = "Sarah" } }
    end
    assert.matches("nickname must be a string of 1 to 200", why { type = "user-joined", participant = { id = "u", nickname = " \t" } })
    for _, text in ipairs { "hello", "👍 nice", "Привет", "好", "1", "::", ":a b:", "👍👍" } do
      assert.matches("^emoji must be one emoji", why(reaction(text)) or text)
    end
    for _, text in ipairs { "👍", "❤", "👨‍👩‍👧‍👦", "🇺🇸", "1️⃣", ":party_parrot:", ":+1:", "<:wave:4711>", "<a:wave:4711>" } do
      assert.is_false(why(reaction(text)))
    end
    local function join(...)
      local list = json.array {}
      for i, self in ipairs { ... } do list[i] = { id = "u" .. i, nickname = "N", self = self } end
      return { type = "agent-joined", chatCode = "c", participants = list }
    end
    assert.equal("participants[2].self must be true of one participant only", why(join(true, false, true)))
    assert.is_false(why(join(false, true, false)))
  end)

  it("says in which forms a time is taken", function()
    local _, err = events.parse { type = "timer-expired", expiresAt = "yesterday" }
    assert.equal("must be a time: ISO 8601 with a zone, such as 2025-11-27T10:00:00Z, or seconds or milliseconds since 1970",
      err.details[1].message)
  end)

  it("takes null for what may be absent", function()
    assert.same({ message = message() }, taken { type = "new-message", message = message {
      replyTo = json.null, mentions = json.null, attachments = json.null } })
  end)

  describe("with attachments", function()
    local png = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="
    local function with(url, more)
      local a = { url = url }
      for k, v in pairs(more or {}) do a[k] = v end
      return { type = "new-message", message = message { content = false, attachments = json.array { a } } }
    end
    local function parse(raw)
      if raw.message.content == false then raw.message.content = nil end
      return events.parse(raw)
    end

    it("needs no text", function()
      local m = assert(parse(with(png))).content.message
      assert.same({ "", "image/png", 16 }, { m.content, m.attachments[1].mediaType, m.attachments[1].bytes })
      local other = assert(parse(with("https://example.com/a.jpg", { name = "me.jpg" }))).content.message.attachments[1]
      assert.same({ url = "https://example.com/a.jpg", name = "me.jpg" }, other)
    end)

    local bad_urls = {
      ["an address of another kind"] = "ftp://example.com/a.png", ["a script"] = "javascript:alert(1)",
      ["a path"] = "/etc/passwd", ["white space"] = "https://example.com/a b.png",
      ["another kind of data"] = "data:text/html;base64,PGI+", ["data that is not base64"] = "data:image/png;base64,%%%",
      ["data that is no image"] = "data:image/png;base64,PGI+PGI+PGI+",
      ["an address of 2,049 characters"] = "https://example.com/" .. ("a"):rep(2029),
    }
    for what, url in pairs(bad_urls) do
      it("is refused for " .. what, function()
        local _, err = parse(with(url))
        assert.equal("message.attachments[0].url", err.details[1].path)
      end)
    end

    it("may be data without a URL, and is what its bytes are, whatever is said of it", function()
      for _, a in ipairs { { data = "iVBORw0KGgoAAAANSUhEUg==" }, { data = png, mediaType = "image/jpeg" },
                           { url = png:gsub("png", "jpeg") } } do
        local m = assert(events.parse { type = "new-message",
          message = message { attachments = json.array { a } } }).content.message
        assert.same({ "image/png", "iVBORw0KGgoAAAANSUhEUg==" }, { m.attachments[1].mediaType, m.attachments[1].data })
      end
      for _, a in ipairs { { name = "x" }, { data = "PGI+" }, { data = "%" } } do
        assert.is_nil(events.parse { type = "new-message", message = message { attachments = json.array { a } } })
      end
    end)

    it("takes ten, fifty mentions and twenty handles", function() -- limit: attachments, limit: mentions
      local function many(n, value)
        local list = json.array()
        for i = 1, n do list[i] = value end
        return list
      end
      for field, c in pairs { attachments = { 10, { url = png } }, mentions = { 50, "u1" } } do
        assert.is_truthy(events.parse { type = "new-message", message = message { [field] = many(c[1], c[2]) } })
        assert.is_nil(events.parse { type = "new-message", message = message { [field] = many(c[1] + 1, c[2]) } })
      end
      local function joined(n)
        return events.parse { type = "user-joined", participant = { id = "u", nickname = "U", handles = many(n, "h") } }
      end
      assert.is_truthy(joined(20))
      assert.is_nil(joined(21))
    end)
  end)
end)
