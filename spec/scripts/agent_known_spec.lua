-- spec/scripts/agent_known_spec.lua -- a worker that has ended a turn in a chat need not read it for the next message,
-- unless something has happened there.

local db = require "human.db"
local gen = require "human.scripts.generation"
local sched = require "human.core.sched"
local task = require "human.task"

describe("a message to a chat that this worker knows", function()
  local scripts, actor, agent, said, reads, undo, snap
  local running = 0

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    scripts = gen.build(1)
    gen.install(scripts)
  end)

  local function script(name) return scripts.loaded["agent." .. name] end

  before_each(function()
    said, reads, undo = 0, 0, {}
    actor = script("users").create { email = require("human.id").new() .. "@example.com" }
    agent = script("agents").create(actor, { name = "Alex", description = "",
      agentTypeId = db.value "select id from agent_types where name = 'Huma-1'", settings = { debounce_ms = 0 } })
    local ask, load = script("facts").ask, script("facts").load
    local detach = task.detach
    undo = { function() script("facts").ask, script("facts").load, task.detach = ask, load, detach end }
    task.detach = function(run, ...)
      if not ... then return detach(run) end     -- the renewer of leases, which outlives turns
      running = running + 1
      return detach(function(...)
        local ok, err = pcall(run, ...)
        running = running - 1
        if not ok then error(err, 0) end
      end, ...)
    end
    script("facts").ask = function(...)
      reads = reads + 1
      return ask(...)
    end
    script("facts").load = function(...)
      snap = load(...)
      return snap
    end
  end)
  after_each(function()
    for _, fn in ipairs(undo) do fn() end
    script("users").delete(actor.id)
  end)

  local function parsed(event) return assert(script("events").parse(event)) end

  local function message(more)
    said = said + 1
    local m = { id = "m" .. said, content = "How do I begin with cardio, part " .. said .. "?",
                participant = { id = "u1", nickname = "Sarah" }, createdAt = "2025-01-01T00:00:00Z" }
    for name, value in pairs(more or {}) do m[name] = value end
    return parsed { type = "new-message", message = m }
  end

  local function stops()
    return db.value("select count(*) from agent_events where agent_id = $1 and type = 'agent-stopped'", agent.id)
  end

  -- The turn is over for the worker, too: it notes what it knows once it has heard that its transaction has committed.
  local function settled()
    for _ = 1, 3000 do
      if running == 0 and db.row([[select 1 as one from agent_mailboxes where agent_id = $1 and lease_owner is null
        and last_in_pos = processed_pos]], agent.id) then return end
      sched.sleep(0.01)
    end
    error "the turn has not ended"
  end

  -- How often the chat was read for it.
  local function turn(event)
    local before = reads
    script("turn").post(actor, agent.id, event or message())
    settled()
    return reads - before
  end

  -- Something happens that is nobody's turn here.
  local function elsewhere(event)
    script("mailbox").post(actor, agent.id, parsed(event))
    script("turn").wake(agent.id)
    settled()
  end

  local function texts()
    local list = {}
    for i, line in ipairs(snap.lines) do list[i] = line.mine and "mine" or line.id or line.kind end
    return list
  end

  it("is answered without reading it again, and with all of it", function()
    assert.equal(1, turn())
    assert.equal(0, turn())
    assert.equal(0, turn())
    assert.same({ "m1", "mine", "m2", "mine", "m3" }, texts())
    assert.same({ "new", false }, { snap.lines[5].new and "new", snap.lines[3].new or false })
    assert.equal(3, stops())
    assert.same({ last_pos = 12, last_seq = 9, runs = 3 },
      db.row("select last_pos, last_seq, runs from agent_mailboxes where agent_id = $1", agent.id))
  end)

  it("is looked at with the same rows and people as if it had been read", function()
    for _ = 1, 3 do turn() end
    local json, known = require "human.json", snap
    for _, name in ipairs { "known", "old_rows" } do script(name).forget(agent.id) end
    local read, by_pos = script("facts").load(agent.id), {}
    for _, row in ipairs(read.rows) do by_pos[row.pos] = row end
    local function told(row)
      return { row.id, row.type, row.message_id or false, row.created_at, row.answers or false, row.is_of_agent or false,
               json.decode(row.content), row.verdict and json.decode(row.verdict) or false }
    end
    assert.equal(5, #known.rows)
    for _, row in ipairs(known.rows) do assert.same(told(by_pos[row.pos]), told(row)) end
    assert.same(read.people, known.people)
    assert.same(read.payer, known.payer)
    for _, name in ipairs { "name", "status", "settings", "version", "superseded", "rewritten_pos", "key_id", "template" } do
      assert.equal(read.head[name], known.head[name])
    end
  end)

  for what, change in pairs {
    ["an event has come to another worker"] = function()
      elsewhere { type = "user-typing", participantId = "u1", nickname = "Sarah" }
    end,
    ["a message was edited"] = function()
      elsewhere { type = "message-edited", messageId = "m1", content = "Running?" }
    end,
    ["somebody joined"] = function()
      elsewhere { type = "user-joined", participant = { id = "u2", nickname = "Tom" } }
    end,
    ["its settings have changed"] = function()
      script("agents").update(actor, agent.id, { settings = { debounce_ms = 1 } })
    end,
    ["a summary was written"] = function()
      db.exec("insert into agent_memory (agent_id, summary, until_pos) values ($1, 'Of old.', 1)", agent.id)
    end,
    ["another agent has come into its room"] = function()
      local other = script("agents").create(actor, { name = "B", description = "",
        agentTypeId = db.value "select id from agent_types where name = 'Huma-1'" })
      db.exec("update agent_mailboxes set room = 'a room' where agent_id in ($1, $2)", agent.id, other.id)
    end,
    ["its last turn was not ended as it should"] = function()
      db.exec("update agent_mailboxes set failures = 1 where agent_id = $1", agent.id)
    end,
  } do
    it("is read again when " .. what, function()
      turn()
      assert.equal(0, turn())
      change()
      assert.is_true(turn() >= 1)
    end)
  end

  it("is read again when somebody else writes, or under another name", function()
    turn()
    assert.equal(0, turn())
    assert.equal(1, turn(message { participant = { id = "u1", nickname = "Sara" } }))
    assert.equal(0, turn(message { participant = { id = "u1", nickname = "Sara" } }))
    assert.equal(1, turn(message { participant = { id = "u2", nickname = "Tom" } }))
  end)

  it("is taken once, however often it comes", function()
    turn()
    local event = message()
    assert.equal(0, turn(event))
    local again = script("turn").post(actor, agent.id, event)
    assert.is_true(again.duplicate)
    assert.equal(2, stops())
  end)

  it("is acknowledged once, with its answer, before any action is told", function()
    turn()
    local hosts, order = require "human.core.bus_hosts", {}
    local tell = hosts.tell
    undo[#undo + 1] = function() hosts.tell = tell end
    hosts.tell = function(text)
      if text:find("agent.action", 1, true) then order[#order + 1] = "action" end
      return true
    end
    script("turn").post(actor, agent.id, message(), function(stored) order[#order + 1] = stored and "told" or "failed" end)
    assert.same({}, order)
    settled()
    assert.same({ "told", "action" }, order)
  end)

  it("is acknowledged when it is on the disk, whatever becomes of its turn", function()
    turn()
    local load, told = script("facts").load, {}
    script("facts").load = function() error("of no use", 0) end
    local stored = script("turn").post(actor, agent.id, message(), function(row) told[#told + 1] = row end)
    for _ = 1, 3000 do
      if told[1] then break end
      sched.sleep(0.01)
    end
    script("facts").load = load
    assert.same({ stored.id }, { told[1].id, told[2] and "again" })
    assert.equal(1, db.value("select count(*) from agent_events where id = $1", stored.id))
  end)

  it("is one of so many, and of few people", function() -- limit: known chats
    local known, box = script "known", { last_pos = 3, processed_pos = 1 }
    local function keep(i, n)
      local people = {}
      for k = 1, n or 1 do people[k] = { id = "u" .. k, nickname = "N", handles = {} } end
      known.keep({ head = { id = "agent" .. i }, people = people, found = { learned = {} } }, box)
    end
    local function is_known(i) return known.of("agent" .. i, { participant = { id = "u1", nickname = "N" } }) ~= nil end
    for i = 1, 3 * known.CHATS do
      keep(i)
      assert.is_true(is_known(i))
    end
    assert.same({ false, true }, { is_known(1), is_known(2 * known.CHATS + 1) })
    keep("crowd", 20)
    assert.is_true(is_known "crowd")
    keep("crowd", 21)
    assert.is_false(is_known "crowd")
  end)

  it("is nobody's but the agent's user's", function()
    turn()
    local ok, err = pcall(script("turn").post, { id = "cstranger0001" }, agent.id, message())
    assert.same({ false, "agent_not_found" }, { ok, err.code })
  end)
end)
