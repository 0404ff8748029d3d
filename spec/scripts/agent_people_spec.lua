-- spec/scripts/agent_people_spec.lua -- who is in a chat, as a real PostgreSQL remembers it.

local db = require "human.db"
local gen = require "human.scripts.generation"

describe("the people of a chat", function()
  local scripts, actor, agent, people

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    scripts = gen.build(1)
    gen.install(scripts)
    people = scripts.loaded["agent.people"]
  end)

  local function script(name) return scripts.loaded["agent." .. name] end

  local function make_agent()
    return script("agents").create(actor, { name = "A", description = "",
      agentTypeId = db.value "select id from agent_types where name = 'Huma-1'" })
  end

  before_each(function()
    actor = script("users").create { email = require("human.id").new() .. "@example.com" }
    agent = make_agent()
  end)
  after_each(function() script("users").delete(actor.id) end)

  local function see(list, how) db.tx(function(tx) people.see(tx, agent.id, list, how) end) end
  local function begin(list, code) db.tx(function(tx) people.begin(tx, agent.id, code or "room", list) end) end
  local function by_id() return select(2, people.of(agent.id)) end

  it("are as many as are kept, and those seen last", function() -- limit: participants_kept
    local kept = require("agent.rules.limits").participants_kept
    for i = 1, kept + 25 do see { { id = "u" .. i, nickname = "N" } } end
    local count = "select count(*) from agent_participants where agent_id = $1 and participant_id = any ($2::text[])"
    assert.equal(kept, db.value("select count(*) from agent_participants where agent_id = $1", agent.id))
    assert.equal(0, db.value(count, agent.id, "{u1,u24,u25}"))
    assert.equal(2, db.value(count, agent.id, ("{u26,u%d}"):format(kept + 25)))
    see { { id = "u26", nickname = "N" } }
    see { { id = "new", nickname = "N" } }
    assert.equal(1, db.value(count, agent.id, "{u26,u27}"))
  end)

  it("hold the agent itself where the platform says so, in later sessions too", function()
    begin { { id = "bot", nickname = "Any", self = true, handles = { "alex_bot" } }, { id = "u1", nickname = "S" } }
    begin({ { id = "u2", nickname = "T" } }, "another")
    local bot = by_id().bot
    assert.same({ true, { "alex_bot" } }, { bot.is_self, bot.handles })
    assert.is_nil(by_id().u1)
    see { { id = "bot", nickname = "Any", self = false } }
    assert.is_false(by_id().bot.is_self)
  end)

  it("hold what has been found out about them, until it is found to be wrong", function()
    see { { id = "bot", nickname = "Any" } }
    people.learn(agent.id, { bot = "self" })
    begin { { id = "bot", nickname = "Any" } }
    assert.equal("self", by_id().bot.learned)
    people.learn(agent.id, { bot = false })
    assert.is_nil(by_id().bot.learned)
  end)

  it("hold the agent's own id as itself, and the ids of other agents as agents", function()
    local other = make_agent()
    see { { id = agent.id, nickname = "A" }, { id = other.id, nickname = "B" }, { id = "u1", nickname = "C" } }
    local known = by_id()
    assert.same({ true, true, false }, { known[agent.id].is_self, known[other.id].is_agent, known.u1.is_agent })
  end)

  it("are introduced when they join or type, not when they only speak", function()
    begin { { id = "u1", nickname = "A" } }
    see({ { id = "u2", nickname = "B" } }, { introduced = true, typing = true })
    see { { id = "u3", nickname = "C" } }
    local known = by_id()
    assert.same({ true, true, false }, { known.u1.introduced, known.u2.introduced, known.u3.introduced })
    assert.is_not_nil(known.u2.typing_ms)
  end)

  it("do not push the agent itself out of sight", function()
    see { { id = "bot", nickname = "Any", self = true } }
    for i = 1, require("agent.rules.limits").participants do see { { id = "u" .. i, nickname = "N" } } end
    assert.is_true(by_id().bot.is_self)
  end)

  it("listen to other agents of the same user in the same room", function()
    local other = make_agent()
    for _, one in ipairs { agent, other } do
      db.tx(function(tx) people.begin(tx, one.id, "room", {}) end)
    end
    db.tx(function(tx)
      tx:exec("insert into agent_runs (id, agent_id, until_pos) values ('cmannersrun1', $1, 0)", other.id)
      local box = tx:row("select agent_id, last_pos, last_seq from agent_mailboxes where agent_id = $1", other.id)
      script("store").append_out(tx, other.id, box, "cmannersrun1", { { type = "send-message", content = "Hello" } })
      tx:exec("update agent_mailboxes set last_pos = $2, last_seq = $3 where agent_id = $1", other.id, box.last_pos,
        box.last_seq)
    end)
    local room = db.value("select room from agent_mailboxes where agent_id = $1", agent.id)
    assert.equal("Hello", people.siblings(agent.id, room)[1].text)
    local silent = people.siblings(other.id, room)
    assert.same({ 1, agent.id, "A" }, { #silent, silent[1].id, silent[1].nickname })
    assert.is_nil(silent[1].text)
  end)
end)
