-- spec/scripts/agent_turn_spec.lua -- what comes between the steps of a turn, in an order that is made here.

local db = require "human.db"
local gen = require "human.scripts.generation"
local sched = require "human.core.sched"

describe("a turn of an agent", function()
  local scripts, actor, agent, undo

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    scripts = gen.build(1)
    gen.install(scripts)
  end)
  local function script(name) return scripts.loaded["agent." .. name] end

  before_each(function()
    undo = {}
    actor = script("users").create { email = require("human.id").new() .. "@example.com" }
    agent = script("agents").create(actor, { name = "A", description = "",
      agentTypeId = db.value "select id from agent_types where name = 'Huma-1'", settings = { debounce_ms = 0 } })
  end)
  after_each(function()
    for _, fn in ipairs(undo) do fn() end
    script("users").delete(actor.id)
  end)

  local function event(id)
    return assert(script("events").parse { type = "new-message",
      message = { id = id, content = "How do I begin, " .. id .. "?", participant = { id = "u1", nickname = "Sarah" },
                  createdAt = "2025-01-01T00:00:00Z" } })
  end

  local function post(id) return script("mailbox").post(actor, agent.id, event(id)) end

  -- fn(shipped, ..) in place of a function of a module.
  local function instead(module, name, fn)
    local shipped = script(module)[name]
    undo[#undo + 1] = function() script(module)[name] = shipped end
    script(module)[name] = function(...) return fn(shipped, ...) end
  end

  -- An answer that takes its time, as a model's does.
  local function with_a_model()
    local llm = require "human.llm"
    local shipped = llm.is_instant
    undo[#undo + 1] = function() llm.is_instant = shipped end
    llm.is_instant = function() return false end
  end

  -- Takes the agent's turn, and all that follow at once; gives the types (and reasons) of its actions.
  local function take_turn()
    script("turn").wake(agent.id)
    for _ = 1, 3000 do
      local box = db.row("select lease_owner, last_in_pos, processed_pos from agent_mailboxes where agent_id = $1", agent.id)
      if not box.lease_owner and box.last_in_pos == box.processed_pos then break end
      sched.sleep(0.01)
    end
    local list = {}
    for i, row in ipairs(db.query([[select type, content->>'reason' as reason from agent_events
        where agent_id = $1 and direction = 'out' order by pos]], agent.id)) do
      list[i] = row.reason or row.type
    end
    return list
  end

  it("is not begun over when a message comes while its facts are read, whichever is told first", function()
    local loads = 0
    instead("facts", "load", function(load, agent_id, asked)
      loads = loads + 1
      if loads == 2 then post "third" end -- told before the facts that have it
      local snap = load(agent_id, loads == 1 and asked or nil)
      if loads == 1 then post "second" end -- told before these facts are in use
      return snap
    end)
    post "first"
    assert.same({ "set-typing", "send-message", "completed" }, take_turn())
    assert.is_true(loads >= 2)
  end)

  it("is cut short by what came between its facts and the model, before the model is asked", function()
    with_a_model()
    local asked = {}
    instead("run", "begin", function(begin, entry, snap, planned)
      entry.may_look_again = false
      local run = begin(entry, snap, planned)
      if #asked == 0 then post "second" end
      return run
    end)
    instead("thinking", "result", function(result, entry, snap, run)
      asked[#asked + 1] = entry.stop
      return result(entry, snap, run)
    end)
    post "first"
    assert.same({ "set-typing", "set-typing", "superseded", "set-typing", "send-message", "completed" }, take_turn())
    assert.same({ true, false }, asked)
  end)

  it("knows what it has just said, though a message came while it thought", function()
    with_a_model()
    local snaps = {}
    instead("thinking", "result", function(result, entry, snap, run)
      snaps[#snaps + 1] = snap
      local done = result(entry, snap, run)
      if #snaps == 1 then post "second" end
      return done
    end)
    post "first"
    db.exec("update agent_mailboxes set superseded = $2::int where agent_id = $1", agent.id,
      script("rules.limits").supersedes)
    assert.same({ "set-typing", "send-message", "completed", "set-typing", "send-message", "completed" }, take_turn())
    local seen = {}
    for i, line in ipairs(snaps[2].lines) do seen[i] = { line.mine and "mine" or line.id, line.new } end
    assert.same({ { "first" }, { "mine" }, { "second", true } }, seen)
  end)

  local function transactions() return db.value "select pg_current_xact_id()::text::bigint" end

  -- How many transactions one turn takes, with that of its event; take(id) stores the event.  The least of some turns:
  -- what else writes to this database, such as what an earlier test has left running, can only add to it.
  local function of_a_turn(take)
    local hosts = require "human.core.bus_hosts"      -- which this process does not know yet to be absent
    local tell = hosts.tell
    undo[#undo + 1] = function() hosts.tell = tell end
    hosts.tell = function() return true end
    take "first"
    take_turn()
    local least = math.huge
    for _, name in ipairs { "second", "third", "fourth" } do
      local before = transactions()
      take(name)
      local done = take_turn()
      assert.same("completed", done[#done])
      least = math.min(least, transactions() - before - 1)
    end
    assert.equal(1, db.value([[select count(*) from llm_calls c join agent_runs r on r.id = c.ref
      where r.agent_id = $1 and r.until_pos = (select max(until_pos) from agent_runs where agent_id = $1)]], agent.id))
    return least
  end

  it("takes two transactions, its event and the record of its call included", function()
    assert.equal(2, of_a_turn(function(id) script("turn").post(actor, agent.id, event(id)) end))
  end)

  it("takes one more when a model is asked, and one when another worker has stored the event", function()
    with_a_model()
    assert.equal(4, of_a_turn(post))
  end)

  it("is taken by who stores its event only when nobody has it", function()
    script("turn").post(actor, agent.id, event "first")
    script("turn").post(actor, agent.id, event "second")
    post "third"
    take_turn()
    assert.same({ attempts = 0, last = 0 }, db.row([[select attempts, last_in_pos - processed_pos as last
      from agent_mailboxes where agent_id = $1 and lease_owner is null]], agent.id))
  end)

  it("is nobody's when its event could not be stored, and is had by the next one", function()
    instead("mailbox", "post", function() error "the connection is gone" end)
    assert.has_error(function() script("turn").post(actor, agent.id, event "first") end)
    undo[#undo]()
    script("turn").post(actor, agent.id, event "second")
    assert.same({ "set-typing", "send-message", "completed" }, take_turn())
  end)
end)
