-- spec/scripts/agent_memory_spec.lua -- the rolling summary against a real PostgreSQL.

local db = require "human.db"
local gen = require "human.scripts.generation"

describe("an agent's memory", function()
  local scripts, actor, agent

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    scripts = gen.build(1)
    gen.install(scripts)
  end)
  local function script(name) return scripts.loaded["agent." .. name] end

  before_each(function()
    actor = script("users").create { email = require("human.id").new() .. "@example.com" }
    agent = script("agents").create(actor, { name = "A", description = "",
      agentTypeId = db.value "select id from agent_types where name = 'Huma-1'" })
    for i = 1, 70 do
      script("mailbox").post(actor, agent.id, assert(script("events").parse { type = "new-message", message = {
        id = "m" .. i, content = "Line " .. i, participant = { id = "u1", nickname = "Sarah" },
        createdAt = "2025-01-01T00:00:00Z" } }))
    end
    db.exec("update agent_mailboxes set processed_pos = last_pos where agent_id = $1", agent.id)
  end)
  after_each(function() script("users").delete(actor.id) end)

  local function attempts() return db.value("select memory_attempts from agent_mailboxes where agent_id = $1", agent.id) end
  local function kept() return db.row("select summary, until_pos from agent_memory where agent_id = $1", agent.id) end

  it("grows by what left the window", function()
    script("memory").roll(agent.id)
    assert.matches("Line 1", kept().summary)
    assert.equal(30, kept().until_pos)
    assert.equal(0, attempts())
  end)

  it("grows by lines for which the model's window had no room, when they are worth it", function()
    db.exec("update agent_mailboxes set processed_pos = 30 where agent_id = $1", agent.id)
    script("memory").roll(agent.id, 10)
    assert.is_nil(kept())
    script("memory").roll(agent.id, 25)
    assert.equal(25, kept().until_pos)
    assert.matches("Line 25", kept().summary)
    script("memory").roll(agent.id, 25)
    assert.equal(25, kept().until_pos)
  end)

  it("leaves out, after some attempts, lines that nobody survives to read", function() -- limit: attempts
    local lines = script "lines"
    local extract = lines.extract
    finally(function() lines.extract = extract end)
    lines.extract = function() error("the worker is gone", 0) end
    for i = 1, 3 do
      assert.has_error(function() script("memory").roll(agent.id) end, "the worker is gone")
      assert.equal(i, attempts())
    end
    script("memory").roll(agent.id)
    assert.same({ summary = "", until_pos = 30 }, kept())
    assert.equal(0, attempts())
  end)

  it("is made anew of the last lines when one that it was made of is deleted", function() -- limit: memory_again
    db.exec([[insert into agent_events (id, agent_id, pos, direction, type, content, message_id)
      select 'cm' || lpad(i::text, 10, '0'), $1, i, 'in', 'new-message', jsonb_build_object('message', jsonb_build_object(
        'content', 'Line ' || i, 'participant', '{"id": "u1", "nickname": "Sarah"}'::jsonb)), 'm' || i
      from generate_series(71, 400) i]], agent.id)
    db.exec("update agent_mailboxes set last_pos = 400, last_in_pos = 400, processed_pos = 400 where agent_id = $1", agent.id)
    db.exec("insert into agent_memory (agent_id, summary, until_pos) values ($1, 'Notes', 350)", agent.id)
    local function delete(id)
      script("mailbox").post(actor, agent.id, assert(script("events").parse { type = "message-deleted", messageId = id }))
      return kept()
    end
    assert.same({ summary = "Notes", until_pos = 350 }, delete "m360")
    assert.same({ summary = "", until_pos = 149 }, delete "m300")
    script("memory").roll(agent.id)
    assert.matches("Line 150", kept().summary)
    assert.equal(199, kept().until_pos)
    assert.matches("Line 150", delete("m100").summary, "what it was not made of")
    assert.equal("", delete("m150").summary)
  end)
end)
