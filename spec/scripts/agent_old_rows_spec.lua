-- spec/scripts/agent_old_rows_spec.lua -- a turn reads the log once: what was read before is kept, and stays true.

local db = require "human.db"
local gen = require "human.scripts.generation"

describe("a look at the log", function()
  local scripts, actor, agent, said

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    scripts = gen.build(1)
    gen.install(scripts)
  end)

  local function script(name) return scripts.loaded["agent." .. name] end

  before_each(function()
    said = 0
    actor = script("users").create { email = require("human.id").new() .. "@example.com" }
    agent = script("agents").create(actor, { name = "A", description = "",
      agentTypeId = db.value "select id from agent_types where name = 'Huma-1'" })
  end)
  after_each(function() script("users").delete(actor.id) end)

  local function post(event) script("mailbox").post(actor, agent.id, assert(script("events").parse(event))) end

  local function say(text)
    said = said + 1
    post { type = "new-message", message = { id = "m" .. said, content = text,
      participant = { id = "u1", nickname = "Sarah" }, createdAt = "2025-01-01T00:00:00Z" } }
  end

  local function processed()
    db.exec("update agent_mailboxes set processed_pos = last_in_pos where agent_id = $1", agent.id)
  end

  -- The lines of a look at the log, and how many rows the database had to give for it.
  local function look()
    local asked = db.tx(function(tx) return script("facts").ask(tx, agent.id) end)
    local texts, rows = {}, #asked.said()
    for i, line in ipairs(script("facts").load(agent.id, asked).lines) do texts[i] = line.text end
    return table.concat(texts, " "), rows
  end

  it("reads what has had its turn once", function()
    for _, text in ipairs { "one", "two", "three" } do say(text) end
    processed()
    assert.same({ "one two three", 3 }, { look() })
    say "four"
    assert.same({ "one two three four", 1 }, { look() })
    assert.same({ "one two three four", 1 }, { look() }) -- its turn is not over
    processed()
    look()
    assert.same({ "one two three four", 0 }, { look() })
  end)

  it("shows what was edited and deleted since", function()
    for _, text in ipairs { "one", "two", "three" } do say(text) end
    processed()
    look()
    post { type = "message-edited", messageId = "m1", content = "first" }
    post { type = "message-deleted", messageId = "m2" }
    assert.equal("first three", (look()))
    processed()
    assert.equal("first three", (look()))
    assert.same({ "first three", 0 }, { look() })
  end)

  it("shows no action whose deletion came before the platform's copy of it", function()
    local text = "Two sessions a week are a good beginning."
    say "one"
    db.tx(function(tx)
      local box = tx:row("select * from agent_mailboxes where agent_id = $1 for update", agent.id)
      tx:exec([[insert into agent_runs (id, agent_id, until_pos, reason, finished_at)
        values ($1, $1, 1, 'completed', now())]], agent.id)
      script("store").append_out(tx, agent.id, box, agent.id, { { type = "send-message", content = text } })
      tx:exec("update agent_mailboxes set last_pos = $2, last_seq = $3, last_in_pos = $2 where agent_id = $1", agent.id,
        box.last_pos, box.last_seq)
    end)
    post { type = "message-deleted", messageId = "copy" }
    processed()
    assert.equal("one " .. text, (look()))
    post { type = "new-message", message = { id = "copy", content = text, createdAt = "2025-01-01T00:00:00Z",
      participant = { id = agent.id, nickname = "A" } } }
    assert.equal("one", (look()))
  end)

  it("has no line that is in the summary by now", function()
    for _, text in ipairs { "one", "two", "three" } do say(text) end
    processed()
    look()
    db.exec("insert into agent_memory (agent_id, summary, until_pos) values ($1, 'Of old.', 2)", agent.id)
    assert.equal("three", (look()))
  end)

  it("knows how long ago what it has read before was said", function()
    say "one"
    processed()
    look()
    db.exec("update agent_events set created_at = created_at - interval '1 hour' where agent_id = $1", agent.id)
    local before = script("facts").load(agent.id).lines[1].age_ms
    db.value "select 1"
    assert.is_true(script("facts").load(agent.id).lines[1].age_ms > before)
    assert.is_true(before < 3600000)             -- it was not read again
  end)

  it("keeps so much, and no more", function() -- limit: old rows
    local old_rows = script "old_rows"
    local function row(pos) return { pos = pos, content = ("x"):rep(100000), age_ms = 0 } end
    for i = 1, 200 do
      old_rows.keep("agent" .. i, { row(1) }, 1, 0)
      assert.is_truthy(old_rows.of("agent" .. i))
    end
    local n = 0
    for i = 1, 200 do n = n + (old_rows.of("agent" .. i) and 1 or 0) end
    assert.is_true(n >= 30 and n * 201000 <= old_rows.BYTES)
    assert.is_nil(old_rows.of "agent1")
  end)
end)
