-- spec/scripts/agent_store_spec.lua -- the agent's log, mailbox and leases against a real PostgreSQL.

local bus = require "human.bus"
local db = require "human.db"
local gen = require "human.scripts.generation"
local sched = require "human.core.sched"

-- Runs the functions as tasks side by side and waits for all.
local function together(fns)
  local me, left, errors = sched.current(), #fns, {}
  local function hook(_, err)
    errors[#errors + 1] = err
    left = left - 1
    if left == 0 then sched.wake(me) end
  end
  for _, fn in ipairs(fns) do sched.spawn_as({ on_finish = hook }, fn) end
  if left > 0 then sched.suspend() end
  if errors[1] then error(errors[1], 0) end
end

describe("an agent's log", function()
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
  end)
  after_each(function() script("users").delete(actor.id) end)

  local function message(id, nickname)
    return assert(script("events").parse { type = "new-message", message = { id = id, content = "Hi",
      participant = { id = "u1", nickname = nickname or "Sarah" }, createdAt = "2025-01-01T00:00:00Z" } })
  end

  local function post(id) return script("mailbox").post(actor, agent.id, message(id)) end

  it("counts positions without gaps however many write at once", function()
    local fns = {}
    for i = 1, 40 do fns[i] = function() post("m" .. i % 20) end end
    together(fns)
    assert.same({ n = 20, last = 20 },
      db.row("select count(*) as n, max(pos) as last from agent_events where agent_id = $1", agent.id))
    assert.equal(20, db.value("select last_in_pos from agent_mailboxes where agent_id = $1", agent.id))
  end)

  it("knows a message that comes again", function()
    local first, again = post "m1", post "m1"
    assert.is_nil(first.duplicate)
    assert.same({ first.id, true }, { again.id, again.duplicate })
  end)

  it("refuses events when the agent is too far behind", function() -- limit: mailbox
    db.exec("update agent_mailboxes set last_pos = 1000 where agent_id = $1", agent.id)
    local ok, err = pcall(post, "m1")
    assert.is_false(ok)
    assert.equal("mailbox_full", err.code)
  end)

  it("gives a turn to one only, until its lease lapses", function()
    local mailbox = script "mailbox"
    post "m1"
    local holders, fns = 0, {}
    for i = 1, 8 do
      fns[i] = function()
        if mailbox.claim(agent.id, "owner" .. i) then holders = holders + 1 end
      end
    end
    together(fns)
    assert.equal(1, holders)
    db.exec("update agent_mailboxes set lease_until = now() - interval '1 minute' where agent_id = $1", agent.id)
    assert.is_table(mailbox.claim(agent.id, "late"))
    assert.same({ late = true }, mailbox.renew { { agent_id = agent.id, owner = "owner1" },
      { agent_id = agent.id, owner = "late" } })
  end)

  -- As if whoever held the turn had died long ago.
  local function die(id)
    db.exec("update agent_mailboxes set lease_until = now() - interval '10 minutes' where agent_id = $1", id or agent.id)
  end
  local function attempts(of) return of and { of.attempts, of.over } end

  it("counts an attempt before it is made, and says when there have been enough", function() -- limit: attempts
    local mailbox = script "mailbox"
    post "m1"
    for i = 1, 3 do
      assert.same({ i, false }, attempts(mailbox.claim(agent.id, "owner" .. i)))
      die()
    end
    assert.same({ 4, true }, attempts(mailbox.claim(agent.id, "last")))
  end)

  it("pauses longer after each attempt that its holder did not survive", function()
    local mailbox, last = script "mailbox", 0
    post "m1"
    for i = 1, 6 do
      assert.is_table(mailbox.claim(agent.id, "owner" .. i))
      local pause = db.value("select retry_ms from agent_mailboxes where agent_id = $1", agent.id)
      assert.is_true(pause >= 500 * 2 ^ (i - 1) and pause <= 1500 * 2 ^ (i - 1))
      last = pause
      db.exec("update agent_mailboxes set lease_until = now() - $2::int * interval '1 ms' where agent_id = $1", agent.id,
        pause - 400)
      assert.is_nil(mailbox.claim(agent.id, "early"))
      assert.same({}, mailbox.waiting(10))
      die()
    end
    assert.is_true(last > 10000)
  end)

  it("starts to count anew when a turn comes to its end", function()
    local mailbox = script "mailbox"
    post "m1"
    mailbox.claim(agent.id, "one")
    die()
    mailbox.claim(agent.id, "two")
    db.tx(function(tx)
      local box = mailbox.lock(tx, agent.id, "two")
      box.processed_pos = box.last_in_pos
      mailbox.save(tx, box)
    end)
    post "m2"
    assert.is_false(mailbox.release(agent.id, "two"))
    die() -- in the next turn of the same holder
    assert.same({ 2, false }, attempts(mailbox.claim(agent.id, "three")))
    mailbox.yield(agent.id, "three")
    assert.same({ 1, false }, attempts(mailbox.claim(agent.id, "four")))
  end)

  it("makes one last attempt at a time, so that bystanders of a death get through", function()
    local mailbox = script "mailbox"
    local bystander = script("agents").create(actor, { name = "B", description = "",
      agentTypeId = db.value "select id from agent_types where name = 'Huma-1'" })
    post "m1"
    mailbox.post(actor, bystander.id, message "m1")
    for i = 1, 2 do
      for _, id in ipairs { agent.id, bystander.id } do
        assert.is_table(mailbox.claim(id, "owner" .. i))
        die(id)
      end
    end
    assert.same({ 3, false }, attempts(mailbox.claim(agent.id, "alone")))
    assert.is_nil(mailbox.claim(bystander.id, "too"))
    assert.same({}, mailbox.waiting(10))
    die()
    assert.same({ 3, false }, attempts(mailbox.claim(bystander.id, "alone")))
  end)

  it("gives up what was tried and nothing that came later, and shows it to no model", function()
    local mailbox = script "mailbox"
    post "m1"
    for i = 1, 3 do
      mailbox.claim(agent.id, "owner" .. i)
      die()
    end
    post "m2"
    mailbox.claim(agent.id, "last")
    db.tx(function(tx) mailbox.give_up(tx, mailbox.lock(tx, agent.id, "last")) end)
    assert.is_false(mailbox.release(agent.id, "last"))
    local ids = {}
    for i, line in ipairs(script("facts").load(agent.id).lines) do ids[i] = line.id end
    assert.same({ "m2" }, ids)
    die()
    local claim = mailbox.claim(agent.id, "next")
    assert.same({ 2, 1, true }, { claim.attempts, claim.failures, claim.over }) -- one attempt was all that it had
  end)

  it("waits for whole milliseconds within reason, whatever a rule says", function()
    local pause_ms = script("mailbox").pause_ms
    assert.same({ 1501, 50, 3600000, 200 }, { pause_ms(1500.5), pause_ms(-1 / 0), pause_ms(1 / 0), pause_ms "200" })
    for _, wrong in ipairs { false, 0 / 0, {}, "soon" } do assert.has_error(function() pause_ms(wrong) end) end
  end)

  it("lets nobody write without the lease", function()
    local mailbox = script "mailbox"
    post "m1"
    mailbox.claim(agent.id, "mine")
    local ok, err = pcall(db.tx, function(tx) mailbox.lock(tx, agent.id, "other") end)
    assert.is_false(ok)
    assert.equal(mailbox.LOST, err)
  end)

  it("keeps the turn when something came meanwhile, and gives it back when not", function()
    local mailbox = script "mailbox"
    local seen = post("m1").pos
    mailbox.claim(agent.id, "mine")
    assert.is_false(mailbox.release(agent.id, "mine"))
    post "m2"
    assert.is_false(mailbox.wait(agent.id, "mine", seen, 1000))
    db.exec("update agent_mailboxes set processed_pos = last_pos where agent_id = $1", agent.id)
    assert.is_true(mailbox.release(agent.id, "mine"))
    assert.is_nil(mailbox.claim(agent.id, "mine"))
  end)

  it("waits until the time that was set, or until something comes", function()
    local mailbox = script "mailbox"
    local seen = post("m1").pos
    mailbox.claim(agent.id, "mine")
    assert.is_true(mailbox.wait(agent.id, "mine", seen, 60000))
    assert.is_nil(mailbox.claim(agent.id, "mine"))
    assert.same({}, mailbox.waiting(10))
    post "m2"
    assert.same({ agent.id }, mailbox.waiting(10))
    assert.is_table(mailbox.claim(agent.id, "mine"))
  end)

  it("numbers actions without gaps and tells of the last", function()
    local store, told = script "store", {}
    local publish = bus.publish
    bus.publish = function(topic, payload, extra) told[#told + 1] = { topic, payload.seq, #extra } end
    db.exec("insert into agent_runs (id, agent_id, until_pos) values ('crun000001', $1, 0)", agent.id)
    db.tx(function(tx)
      local box = { last_pos = 0, last_seq = 0 }
      store.append_out(tx, agent.id, box, "crun000001", { { type = "set-typing", isTyping = true } })
      store.append_out(tx, agent.id, box, "crun000001",
        { { type = "send-message", content = "H\0i" }, { type = "agent-stopped", reason = "completed" } })
    end)
    bus.publish = publish
    local list = store.actions_after(agent.id, 1, 10)
    assert.same({ { "agent.action", 1, 1 }, { "agent.action", 3, 2 } }, told)
    local said, stopped = list[1], list[2]
    assert.same({ 2, "send-message", "Hi", false }, { said.seq, said.action.type, said.action.content, said.ends })
    assert.same({ 3, "completed", true }, { stopped.seq, stopped.action.reason, stopped.ends })
  end)
end)

describe("the row of a mailbox", function()
  it("is rewritten in place in every turn: no index mentions what a turn writes", function()
    local written = [[last_pos last_in_pos last_said_pos processed_pos last_seq last_event_at lease_owner lease_until
      due_at waiting_since superseded events_in runs input_tokens output_tokens cost_micros attempts failures tried_pos
      retry_ms key_id]]
    local names = {}
    for name in written:gmatch "%S+" do names[name] = true end
    local wrong = {}
    for _, row in ipairs(db.query [[select i.indexrelid::regclass::text as index, a.attname::text as name
        from pg_index i join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
          and d.refclassid = 'pg_class'::regclass and d.refobjid = i.indrelid and d.refobjsubid > 0
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = d.refobjsubid
        where i.indrelid = 'agent_mailboxes'::regclass]]) do
      if names[row.name] then wrong[#wrong + 1] = row.index .. ": " .. row.name end
    end
    assert.same({}, wrong)
  end)
end)
