-- spec/scripts/agent_lines_spec.lua -- from rows of the log to lines of the chat.

require("plain_host").install()
local json = require "human.json"
local limits = require "agent.rules.limits"
local lines = require "agent.lines"

local agent = { id = "cagent0001", names = { "Coach Alex", "Coach Alex - Gym" } }
local LONG = "Run twenty minutes a day."

local function said(pos, id, nickname, text, more)
  return { id = "ce" .. pos, pos = pos, direction = "in", type = "new-message", message_id = id, created_at = "t",
           age_ms = more and more.age_ms or 0, content = json.encode { message = { content = text, participant = {
             id = more and more.from or "u-" .. nickname, nickname = nickname } } } }
end

local function sent(pos, text, age_ms)
  return { id = "ce" .. pos, pos = pos, direction = "out", type = "send-message", created_at = "t",
           age_ms = age_ms or 5, content = json.encode { content = text } }
end

local function read(who, ...)
  local rows, n = {}, select("#", ...)
  for i = 1, n do rows[i] = select(n + 1 - i, ...) end
  return lines.from_rows(rows, setmetatable(who, { __index = agent }))
end

local function chat(...) return (read({}, ...)) end

describe("lines of a chat", function()
  it("are in the order of the log, with their authors", function()
    local list = chat(said(1, "m1", "Sarah", "Hi"), sent(2, "Hello"), said(3, "m2", "Tom", "Yo"))
    assert.are.equal("Sarah Hi|nil Hello|Tom Yo", ("%s %s|%s %s|%s %s"):format(list[1].from, list[1].text,
      tostring(list[2].from), list[2].text, list[3].from, list[3].text))
    assert.is_true(list[2].mine)
    assert.is_false(list[3].mine)
  end)

  it("are the same when they are read again, whatever was noted on them", function()
    local rows = { said(4, "m3", "Tom", "Yo"), said(3, "m2", "AlexBot", LONG), sent(2, LONG, 6), said(1, "m1", "Sarah", "Hi") }
    local function fields()
      local out = {}
      for i, line in ipairs((lines.from_rows(rows, agent, true))) do
        out[i] = {}
        for name, value in pairs(line) do out[i][name] = name ~= "row" and value or nil end
      end
      return out
    end
    local first = fields()
    for _, line in ipairs((lines.from_rows(rows, agent, true))) do line.new, line.images, line.mine = true, {}, true end
    assert.are.same(first, fields())
    rows[1].age_ms = 7
    assert.are.equal(7, fields()[#first].age_ms)
  end)

  it("are a person's when a person has the agent's name", function()
    local list = chat(said(1, "m1", "Coach Alex", "I am back"))
    assert.are.same({ false, false }, { list[1].mine, list[1].by_agent })
  end)

  it("are the agent's when they come from its own id, or from one that is known to be", function()
    local who = { people = { ["u-Bot"] = { id = "u-Bot", is_self = true } } }
    local list = read(who, said(1, "m1", "Any", "I am back", { from = "cagent0001" }), said(2, "m2", "Bot", "So am I"))
    assert.are.same({ true, true }, { list[1].mine, list[2].mine })
  end)

  it("hold reactions", function()
    local list = chat({ id = "ce1", pos = 1, type = "reaction", created_at = "t", content = json.encode {
      messageId = "m1", emoji = "👍", participant = { id = "u1", nickname = "Sarah" }, action = "remove" } })
    assert.are.equal("reaction 👍 true", ("%s %s %s"):format(list[1].kind, list[1].emoji, tostring(list[1].removed)))
  end)
end)

describe("an echo", function()
  it("is the line that was sent, with the platform's id, whoever brings it", function()
    local list, found = read({}, said(1, "m1", "Sarah", "Hi"), sent(2, "Hello"), said(3, "m2", "Tom", "Hello"),
      said(4, "m3", "Ann", "Hello"))
    assert.are.equal(2, #list)
    assert.are.equal("m2", list[2].id)
    assert.are.equal(list[2], found.copies.m3)
  end)

  it("is known by its letters when the platform changes the marks", function()
    assert.are.equal(1, #chat(sent(1, "*Run* twenty   minutes a day!"), said(2, "m1", "Bot", "RUN twenty minutes a day")))
  end)

  local function relays(text, more)
    return #chat(sent(1, text), said(2, "m1", "Bridge", more)) == 1
  end

  it("is known behind the name of the agent, however a relay puts that there", function()
    for _, form in ipairs { "Coach Alex: %s", "<Coach Alex> %s", "**Coach Alex**: %s", "**Coach Alex:** %s", "Coach Alex said: %s",
      "[Coach Alex] %s", "(Coach Alex) %s", "Coach Alex (bot): %s", "Coach Alex [12:30]: %s", "[12:30] Coach Alex: %s",
      "Coach Alex - %s", "Coach Alex — %s", "Coach Alex » %s", "Coach Alex：%s", "`Coach Alex` %s", "*Coach Alex*\n%s",
      "Coach Alex wrote:\n> %s", "Coach Alex a écrit : %s", "From Coach Alex: %s", "🤖 Coach Alex: %s", "COACH ALEX: %s",
      "Alex: %s", "<Alex> %s", "[Telegram] Coach Alex: %s", "Coach Alex - Gym: %s", "@Coach Alex: %s" } do
      assert.is_true(relays(LONG, form:format(LONG)), form)
      if not form:find "^@" then assert.is_true(relays("Hi", form:format "Hi"), form .. " with a short text") end
    end
  end)

  it("is none where a person speaks to the agent, of it, or is somebody else", function()
    for _, text in ipairs { "Alex, you said: " .. LONG, "Alex: what about Sunday?", "Alex, " .. LONG, "Tell Coach Alex that I am done",
      "Sarah: " .. LONG, "Why do you say so, Alex? You said: " .. LONG, "Alexander: " .. LONG, "Hi Alex: " .. LONG .. " Really?" } do
      assert.is_false(relays(LONG, text), text)
    end
    local known = { people = { ["u-Bridge"] = { id = "u-Bridge", nickname = "Bridge", introduced = true } } }
    assert.are.equal(2, #(read(known, sent(1, "ok"), said(2, "m1", "Bridge", "Alex: ok"))))
  end)

  it("with a name before it tells nothing of who brings it, but that nobody else is there", function()
    local _, found = read({}, sent(1, LONG), said(2, "m1", "Bridge", "Coach Alex: " .. LONG), sent(3, LONG .. " And rest."),
      said(4, "m2", "Bridge", "Coach Alex: " .. LONG .. " And rest."))
    assert.are.same({ {}, { ["u-Bridge"] = true } }, { found.learned, found.echoing })
  end)

  it("of a short word is one when the same person says it again and nothing else", function()
    local known = { people = { ["u-Bot"] = { id = "u-Bot", nickname = "Bot", introduced = true } } }
    assert.are.equal(3, #(read(known, sent(1, "Ok"), said(2, "m1", "Bot", "Ok"), sent(3, "Yes"), said(4, "m2", "Bot", "Yes"))))
    known = { people = { ["u-Ann"] = { id = "u-Ann", nickname = "Ann", introduced = true } } }
    assert.are.equal(5, #(read(known, said(1, "m1", "Ann", "Twenty minutes?"), sent(2, "Ok"), said(3, "m2", "Ann", "Ok"), sent(4, "Yes"),
      said(5, "m3", "Ann", "Yes"))))
  end)

  it("is none when it comes late", function() -- limit: echo_ms
    local ms = limits.echo_ms
    assert.are.equal(1, #chat(sent(1, LONG, ms), said(2, "m1", "Tom", LONG)))
    assert.are.equal(2, #chat(sent(1, LONG, ms + 1), said(2, "m1", "Tom", LONG)))
  end)

  local function learned(people, ...)
    local _, found = read({ people = people }, ...)
    return found.learned
  end
  local function people(more)
    local p = { id = "x", nickname = "Relay" }
    for k, v in pairs(more or {}) do p[k] = v end
    return { x = p }
  end
  local function x(pos, text, nickname) return said(pos, "m" .. pos, nickname or "Relay", text, { from = "x" }) end

  it("tells whose account that is", function()
    assert.are.same({ x = "self" }, learned(people(), sent(1, LONG), x(2, LONG)))
    assert.are.same({ x = "self" }, learned(people { introduced = true }, sent(1, LONG), x(2, LONG, "AlexBot")))
  end)

  it("tells nothing of somebody who was introduced, talks, or says what anybody says", function()
    assert.are.same({}, learned(people { introduced = true }, sent(1, LONG), x(2, LONG)))
    assert.are.same({}, learned(people(), x(1, "Hi"), sent(2, LONG), x(3, LONG)))
    assert.are.same({}, learned(people(), sent(1, "Yes"), x(2, "Yes")))
  end)

  it("is none when somebody who is known says the same short word, once", function()
    local known = { people = people { introduced = true } }
    assert.are.equal(2, #(read(known, sent(1, "ok"), x(2, "ok"))))
    assert.are.equal(1, #(read({ people = people {} }, sent(1, "ok"), x(2, "ok"))))
  end)

  it("that misled is found out when more is said than echoed", function()
    local was = people { learned = "self" }
    assert.are.same({}, learned(was, sent(1, LONG), x(2, LONG), x(3, "a"), x(4, "b")))
    assert.are.same({ x = false }, learned(was, sent(1, LONG), x(2, LONG), x(3, "a"), x(4, "b"), x(5, "c")))
  end)

  it("of another agent of the same user is that agent's line", function()
    local list, found = read({ people = people(), siblings = { { text = LONG, age_ms = 9 } } }, x(1, LONG))
    assert.are.same({ false, true }, { list[1].mine, list[1].by_agent })
    assert.are.same({ x = "agent" }, found.learned)
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
