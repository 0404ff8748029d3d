-- spec/scripts/agent_situation_spec.lua -- what a chat looks like to the rules: facts about its new lines.

require("plain_host").install()
local situation = require "agent.situation"
local topic = require "agent.topic"

local function snap(lines, change)
  local s = {
    agent = { id = "ca", name = "Coach Alex" }, head = { status = "active", template = "Talk about cardio." },
    settings = { ignores = {}, speak = "asked" }, people = {}, by_id = {}, lines = lines, others = 3,
    found = { copies = {} }, who = {}, processed_pos = 0,
  }
  for i, line in ipairs(lines) do
    line.kind, line.pos, line.from = "message", line.pos or i, line.from_id
    line.mine, line.by_agent = line.mine or false, line.by_agent or line.mine or false
    line.age_ms = line.age_ms or 0
  end
  for k, v in pairs(change or {}) do s[k] = v end
  for _, p in ipairs(s.people) do s.by_id[p.id] = p end
  return s
end

local function facts(lines, change) return situation.of(snap(lines, change)) end
local function mine(text) return { mine = true, action_id = "ce1", text = text } end
local function by(from_id, text, more)
  local line = { from_id = from_id, text = text }
  for k, v in pairs(more or {}) do line[k] = v end
  return line
end

describe("a line", function()
  local answered = { to = "u1", text = "How long should I run?", follow_ups = 0 }
  local function about(lines)
    local list = facts(lines, { answered = answered }).messages
    return list[#list].about_mine or false
  end

  it("goes on with the answer when it is by who was answered, with nobody between", function()
    local own = mine "Twenty minutes of running a day."
    assert.is_true(about { own, by("u1", "why so long?") })
    assert.is_true(about { own, by("u1", "hm"), by("u1", "why so long?") })
    assert.is_false(about { own, by("u2", "why so long?") })
    assert.is_false(about { own, by("u2", "hm"), by("u1", "why so long?") })
  end)

  it("is by a bot when its author says so, or was not introduced as others were", function()
    local people = { { id = "u1", nickname = "Sarah", introduced = true }, { id = "u2", nickname = "Tom" } }
    local list = facts({ by("u1", "hi"), by("u2", "hi"), by("bot-7", "hi"), by("x", "hi") }, { people = people }).messages
    assert.same({ [3] = true }, { list[1].bot, list[2].bot, list[3].bot, list[4].bot })
    assert.same({ [2] = true }, { list[1].stranger, list[2].stranger, list[3].stranger, list[4].stranger })
  end)

  it("counts in a chain of agents and bots that only people end", function()
    local function chain(...) return facts({ ... }).agent_chain end
    assert.equal(3, chain(mine "a", by("bot-7", "b"), mine "c"))
    assert.equal(1, chain(mine "a", by("u1", "b"), by("x", "c", { by_agent = true })))
    assert.equal(0, chain(mine "a", by("u1", "b")))
  end)

  it("of the agent's own counts once with the others of one answer", function()
    local function part(answers) return { mine = true, action_id = "ce1", text = "a", answers = answers } end
    local known = facts { by("u1", "hi"), part(1), part(1), part(1) }
    assert.same({ 1, 1 }, { known.agent_chain, known.own_in_row })
    assert.equal(2, facts({ part(1), part(1), part(2) }).own_in_row)
  end)

  it("is whole when it is a question of some words", function()
    local function complete(text) return facts({ by("u1", text) }).messages[1].complete or false end
    for _, text in ipairs { "any tips for me?", "Alex, how long?", "さくら、元気ですか?" } do
      assert.is_true(complete(text), text)
    end
    for _, text in ipairs { "Alex?", "hey", "I ran today.", "さくら?" } do assert.is_false(complete(text), text) end
  end)

  it("is asked in the agent's field when a word of its prompt is in it", function()
    assert.is_true(facts({ by("u1", "is cardio good?") }).messages[1].in_field)
    for _, text in ipairs { "who won?", "Ben, is cardio good?", "Doc Smith, is cardio good?" } do
      local people = { { id = "u2", nickname = "Smith" } }
      local m = facts({ by("u1", text) }, { people = people }).messages[1]
      assert.is_true(not m.in_field or m.names_other, text)
    end
    for _, text in ipairs { "Hey, is cardio good?", "sorry, is cardio good?", "In winter, is cardio good?" } do
      assert.is_true(facts({ by("u1", text) }).messages[1].in_field, text)
    end
  end)
end)

describe("what was said before", function()
  local before
  before_each(function() before = { "How long should I run?", "Twenty minutes of running a day keep your knees well." } end)
  local function follows(text, asks) return topic.follows(text, before, asks or text:find("?", 1, true) ~= nil) end

  it("is gone on with by its words, and by words that point to it", function()
    for _, text in ipairs { "my knees hurt when I do", "why?", "and how often?", "is that enough?", "what about Sundays?",
      "ok, so what if it rains", "Got it. How many times a week?", "should I stretch first?", "every day?", "I cannot run",
      "warum?", "pourquoi?", "なぜ?", "yes" } do
      assert.is_true(follows(text), text)
    end
  end)

  it("is left by other words, and by what is meant for all", function()
    for _, text in ipairs { "the new cinema opens on Friday", "who is hungry?", "why is everybody so quiet?",
      "did you see the match, Tom and I went there with the whole family and all of our friends from school?",
      "what time is dinner?",
      "pizza tonight, guys?" } do
      assert.is_false(follows(text), text)
    end
  end)

  it("is answered by any short line when it was a question", function()
    before[2] = "Do you run on grass?"
    assert.is_true(follows "mostly in the park")
    assert.is_false(follows "where do we meet?")
  end)
end)
