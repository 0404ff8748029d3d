-- spec/scripts/ui_agents_spec.lua -- what is kept and shown of agents' turns and of what they cost, within its limits.

local db = require "human.db"
local gen = require "human.scripts.generation"
local id = require "human.id"
local json = require "human.json"

describe("what the page shows of agents", function()
  local of, owner, session_id

  local function run(n)
    local run_id = id.new()
    db.exec([[insert into gateway_runs (id, session_id, n, message_id, state, step, finished_at)
      values ($1, $2, $3, $4, 'done', 1, human_now())]], run_id, session_id, n, id.new())
    return run_id
  end

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    local scripts = gen.build(1)
    gen.install(scripts)
    function of(name) return scripts.loaded["gateway." .. name] end
    owner = of "owner".get()
    session_id = db.tx(function(tx) return (of "store".ensure(tx, owner.agent_id, "ui agents " .. id.new())) end)
  end)

  describe("a prompt", function()
    local function keep(run_id, step, sent)
      db.tx(function(tx) of "prompts".keep(tx, { id = run_id, step = step }, sent) end)
    end

    it("is kept as it was sent, a picture by its size, and again when it is sent otherwise", function()
      local run_id = run(1)
      local message = { role = "user", content = "Hi", images = { { media_type = "image/png", data = "abcd" } } }
      keep(run_id, 1, { system = "S", messages = { message }, tools = { { name = "time", description = "x" } } })
      local kept = of "prompts".of(run_id)[1]
      assert.same({ "S", '["time"]', true }, { kept.system, kept.tools, kept.is_whole })
      assert.same({ { role = "user", content = "Hi", images = { { media_type = "image/png", bytes = 4 } } } }, json.decode(kept.messages))
      assert.equal("abcd", message.images[1].data)
      keep(run_id, 1, { system = "T", messages = {} })
      assert.same({ "T", "[]" }, { of "prompts".of(run_id)[1].system, of "prompts".of(run_id)[1].messages })
    end)

    it("that is too long is kept without its messages", function() -- limit: kept prompt
      local run_id = run(2)
      keep(run_id, 1, { system = "S", messages = { { role = "user", content = ("x"):rep(262144) } } })
      local kept = of "prompts".of(run_id)[1]
      assert.same({ "[]", false, "S" }, { kept.messages, kept.is_whole, kept.system })
      assert.is_true(kept.bytes > 262144)
    end)

    it("goes when decisions of its age go", function()
      local old, young = run(3), run(4)
      keep(old, 1, { system = "S", messages = {} })
      keep(young, 1, { system = "S", messages = {} })
      db.exec("update gateway_prompts set created_at = human_now() - interval '400 days' where run_id = $1", old)
      of "prompts".sweep()
      assert.same({ 0, 1 }, { #of "prompts".of(old), #of "prompts".of(young) })
    end)
  end)

  it("a turn is described with so much of each, and texts of such a length", function() -- limit: described turn
    local run_id = run(5)
    db.exec([[insert into rule_decisions (bundle, rule, ref, subject, verdict, inputs, complete, output)
      select 'b', 'a.rule', $1, $2, 'v' || i, jsonb_build_array(repeat('x', 20000)), true, '1'
      from generate_series(1, 250) i]], run_id, session_id)
    db.exec([[insert into rule_decisions (bundle, rule, ref, subject, verdict, inputs, complete, output)
      values ('b', 'a.rule', 'another', $1, 'v', '[]', true, '1')]], session_id)
    local found = of "why".describe(run_id)
    assert.same({ 200, 16384, false }, { #found.decisions, #found.decisions[1].inputs, found.decisions[1].is_whole })
    assert.same({ "done", session_id }, { found.run.state, found.run.agent_id })
    assert.is_nil(of "why".describe "nothing")
  end)

  it("a connection watches twenty agents, and no more than that hears", function() -- limit: watched agents
    local agents, heard = of "agents", {}
    local conn = { data = {}, event = function(_, name, payload) heard[payload.agentId] = name return 1 end }
    for i = 1, 21 do agents.watch(conn, "a" .. i) end
    agents.watch(conn, "a2")                     -- again: it is the newest
    agents.watch(conn, "a22")
    for i = 1, 22 do agents.tell { agent_id = "a" .. i } end
    assert.same({ nil, "agents.happened", nil, "agents.happened", "agents.happened" },
      { heard.a1, heard.a2, heard.a3, heard.a4, heard.a22 })
    conn.event = function() return nil, "gone" end
    agents.tell { agent_id = "a4" }
    conn.event = function() error "it has gone" end
    agents.tell { agent_id = "a4" }
  end)

  it("usage is told of a hundred agents, and of all others as one", function() -- limit: usage report
    local day = "2020-01-01T10:00:00Z"
    db.exec([[insert into agents (id, user_id, agent_type_id, name)
      select 'cuse' || lpad(i::text, 10, '0'), $1, (select id from agent_types limit 1), 'Used ' || i
      from generate_series(1, 105) i]], owner.user_id)
    db.exec([[insert into agent_usage (agent_id, hour, runs, tokens, cost_micros)
      select 'cuse' || lpad(i::text, 10, '0'), date_trunc('hour', now()), 1, i, 1000000000 + i from generate_series(1, 105) i]])
    db.exec([[insert into agent_usage (agent_id, hour, runs, tokens) values ('cuse0000000001', $1, 7, 7)]], day)
    finally(function() db.exec "delete from agents where id like 'cuse%'" end)
    local found = of "usage_report".report("agent", 3)
    assert.same({ 3, 101 }, { #found.dates, #found.lines })
    local first, last = found.lines[1], found.lines[101]
    assert.same({ "Used 105", 105, 1, 0, 105 }, { first.label, first.tokens, first.runs, first.days.tokens[1], first.days.tokens[3] })
    assert.equal("", last.key)
    assert.is_true(last.runs >= 5)
    assert.is_true(last.tokens >= 15)
    assert.equal(90, #of "usage_report".report("agent", 90).dates)
  end)
end)
