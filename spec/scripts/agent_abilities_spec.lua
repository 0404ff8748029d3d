-- spec/scripts/agent_abilities_spec.lua -- what an agent calls in a turn, before it speaks.

local db = require "human.db"
local gen = require "human.scripts.generation"
local json = require "human.json"
local sched = require "human.core.sched"

local LOOK = { name = "look", description = "Looks something up.", risk = "low",
               parameters = { type = "object", required = { "what" }, additionalProperties = false,
                              properties = { what = { type = "string" } } } }
local BUY = { name = "buy", description = "Buys something.", risk = "high" }
local PROMISE = { name = "promise", description = "Promises something.", risk = "medium" }

describe("an agent with abilities", function()
  local scripts, actor, agent, undo, offered, carry_out, made, asked, answers

  local function script(name) return scripts.loaded["agent." .. name] end

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    scripts = gen.build(1)
    gen.install(scripts)
    script("abilities").source("spec", {
      offered = function(agent_id) return agent_id == agent.id and offered(agent_id) or {} end,
      call = function(agent_id, name, arguments, once)
        made[#made + 1] = { agent_id = agent_id, name = name, arguments = arguments, once = once }
        return carry_out(name, arguments, once)
      end,
    })
  end)

  local function make(settings)
    settings.debounce_ms = 0
    agent = script("agents").create(actor, { name = "Alex", description = "",
      agentTypeId = db.value "select id from agent_types where name = 'Huma-1'", settings = settings })
    db.tx(function(tx) script("abilities").grant(tx, agent.id) end)
  end

  -- fn(shipped, ..) in place of a function of a module.
  local function instead(module, name, fn)
    local shipped = module[name]
    undo[#undo + 1] = function() module[name] = shipped end
    module[name] = function(...) return fn(shipped, ...) end
  end

  local function call(id, name, arguments) return { id = id, name = name, arguments = arguments or {} } end
  local function calling(...) return { text = "", tool_calls = { ... }, stop_reason = "tool_calls" } end
  local function saying(text) return { text = text, tool_calls = {}, stop_reason = "stop" } end

  before_each(function()
    undo, made, asked, answers = {}, {}, {}, {}
    offered = function() return { LOOK, BUY, PROMISE } end
    carry_out = function(name) return name .. ": done" end
    actor = script("users").create { email = require("human.id").new() .. "@example.com" }
    make {}
    local llm = require "human.llm"
    instead(llm, "is_instant", function() return false end)
    instead(llm, "chat", function(_, req)
      local kept = { messages = req.fit(1e6), system = req.system, tools = {} }
      for i, tool in ipairs(req.tools or {}) do kept.tools[i] = tool.name end
      asked[#asked + 1] = kept
      local reply = table.remove(answers, 1) or saying "Nothing more."
      if type(reply) == "function" then reply = reply() end
      req.spent.input_tokens, req.spent.output_tokens = (req.spent.input_tokens or 0) + 100,
        (req.spent.output_tokens or 0) + 10
      return reply
    end)
  end)
  after_each(function()
    for i = #undo, 1, -1 do undo[i]() end
    script("users").delete(actor.id)
  end)

  local function post(id, who)
    return script("mailbox").post(actor, agent.id, assert(script("events").parse { type = "new-message",
      message = { id = id, content = "Alex, what does it cost, " .. id .. "?", participant = who or { id = "u1", nickname = "Sarah" },
                  createdAt = "2025-01-01T00:00:00Z" } }))
  end

  local function settled()
    for _ = 1, 3000 do
      local box = db.row("select lease_owner, last_in_pos, processed_pos from agent_mailboxes where agent_id = $1", agent.id)
      if not box.lease_owner and box.last_in_pos == box.processed_pos then return end
      sched.sleep(0.01)
    end
    error "the turn has not ended"
  end

  -- What the agent has done in the chat: types, and what it said or why it stopped.
  local function actions()
    local list = {}
    for i, row in ipairs(db.query([[select type, coalesce(content->>'reason', content->>'content') as text
        from agent_events where agent_id = $1 and direction = 'out' order by pos]], agent.id)) do
      list[i] = row.text and row.type .. ": " .. row.text or row.type
    end
    return list
  end

  local function take_turn(id, who)
    post(id, who)
    script("turn").wake(agent.id)
    settled()
    return actions()
  end

  local function said(text) return { "set-typing", "send-message: " .. text, "agent-stopped: completed" } end

  local function written()
    return db.query([[select step, n, tool, status, result from agent_calls where agent_id = $1
      order by called_at, step, n]], agent.id)
  end

  -- The last results that the model was given.
  local function results(of)
    local list = {}
    for _, m in ipairs(of.messages) do
      if m.role == "tool" then list[#list + 1] = m.content end
    end
    return list
  end

  it("calls one, reads what it returned, and says what it likes of that", function()
    answers = { calling(call("c1", "look", { what = "<price>" })), saying "It costs 5." }
    carry_out = function() return { price = "<5>" } end
    assert.same(said "It costs 5.", take_turn "m1")
    assert.same({ { agent_id = agent.id, name = "look", arguments = { what = "<price>" }, once = made[1].once } }, made)
    assert.truthy(#made[1].once <= 100)
    assert.same({ "look", "buy", "promise" }, { unpack(asked[1].tools, 6) })
    assert.truthy(asked[1].system:find("You also have look, buy, promise.", 1, true))
    local more = { unpack(asked[2].messages, #asked[1].messages + 1) }
    assert.same({ { role = "assistant", content = "", tool_calls = { { id = "c1", name = "look", arguments = { what = "<price>" } } } },
                  { role = "tool", tool_call_id = "c1", content = '<returned by="look">{"price":"&lt;5&gt;"}</returned>' } }, more)
    assert.same({ { step = 1, n = 1, tool = "look", status = "done", result = '{"price":"<5>"}' } }, written())
  end)

  it("is one run in the books, whatever it asked", function()
    answers = { calling(call("c1", "look", { what = "a" })), calling(call("c1", "look", { what = "b" })), saying "Done." }
    take_turn "m1"
    assert.equal(3, #asked)
    assert.same({ runs = 1, tokens = 330 }, db.row("select sum(runs)::int as runs, sum(tokens)::int as tokens from agent_usage where agent_id = $1", agent.id))
    assert.same({ input = 300, output = 30 }, db.row("select input_tokens as input, output_tokens as output from agent_runs where agent_id = $1", agent.id))
  end)

  it("is not asked about what it can do without a grant, and is from the next line on with one", function()
    local questions = 0
    offered = function()
      questions = questions + 1
      return { LOOK }
    end
    db.tx(function(tx) script("abilities").withdraw(tx, agent.id) end)
    answers = { calling(call("c1", "look", { what = "a" })) }
    assert.same({ "set-typing", "set-typing", "agent-stopped: no-response" }, take_turn "m1")
    assert.same({ 0, 1, 5, 0 }, { questions, #asked, #asked[1].tools, #made })
    db.tx(function(tx) script("abilities").grant(tx, agent.id) end)
    take_turn "m2"
    assert.same({ 1, 6 }, { questions, #asked[2].tools })
  end)

  it("is stopped when it calls for ever, and asked for a last word without its abilities", function() -- limit: calls in a turn
    local rules = script "rules.abilities"
    for i = 1, rules.steps do answers[i] = calling(call("c" .. i, "look", { what = tostring(i) })) end
    answers[rules.steps + 1] = saying "That is all I know."
    assert.same(said "That is all I know.", take_turn "m1")
    assert.same({ rules.steps + 1, rules.steps }, { #asked, #made })
    local last = asked[#asked]
    assert.same({ 5, "user" }, { #last.tools, last.messages[#last.messages].role })
    assert.truthy(last.messages[#last.messages].content:find("You can call nothing more", 1, true))
  end)

  it("makes so many calls at once, and is told that the rest was too much", function()
    local rules, many = script "rules.abilities", {}
    for i = 1, rules.calls + 2 do many[i] = call("c" .. i, "look", { what = tostring(i) }) end
    answers = { calling(unpack(many)), saying "Enough." }
    assert.same(said "Enough.", take_turn "m1")
    assert.equal(rules.calls, #made)
    local told = results(asked[2])
    assert.truthy(told[rules.calls]:find("look: done", 1, true))
    assert.truthy(told[rules.calls + 2]:find("You have called enough in this turn", 1, true))
    assert.equal(5, #asked[2].tools)
  end)

  it("makes so many calls in an hour", function() -- limit: calls in an hour
    answers = { calling(call("c1", "look", { what = "a" })), saying "One." }
    take_turn "m1"
    db.exec([[insert into agent_calls (run_id, step, n, agent_id, model_id, tool, arguments, once, status, ended_at)
      select run_id, 2, i, agent_id, 'm', 'look', '{}', i::text, 'done', now() from agent_calls, generate_series(2, $2::int) i
      where agent_id = $1]], agent.id, script("rules.abilities").calls_per_hour)
    answers = { calling(call("c1", "look", { what = "a" })), saying "No more." }
    take_turn "m2"
    assert.equal(1, #made)
    assert.truthy(results(asked[4])[1]:find("You have called enough for now", 1, true))
  end)

  it("reads the beginning of a long result, whatever bytes it has", function() -- limit: result of an ability
    answers = { calling(call("c1", "look", { what = "a" })), saying "Long." }
    carry_out = function() return ("\255\0"):rep(50000) end
    take_turn "m1"
    local row = db.row("select octet_length(result) as n, result_bytes from agent_calls where agent_id = $1", agent.id)
    assert.equal(100000, row.result_bytes)
    assert.truthy(row.n <= script("rules.abilities").result_bytes)
    assert.truthy(results(asked[2])[1]:find("\n[cut: it has 100000 bytes in all]", 1, true))
  end)

  it("writes down whatever bytes a model names and passes", function()
    answers = { calling(call("c\0\255", "look", { what = "a\0b\255" }), call("c2", "fly\0\255")), saying "Odd." }
    assert.same(said "Odd.", take_turn "m1")
    assert.same({ 1, "done", "refused" }, { #made, written()[1].status, written()[2].status })
  end)

  it("is told when there is no such ability, or its arguments do not fit", function()
    answers = { calling(call("c1", "fly"), call("c2", "look", { where = 1 }), call("c3", "look", { what = ("x"):rep(20000) })),
                saying "Hm." }
    assert.same(said "Hm.", take_turn "m1")
    assert.same({}, made)
    local told = results(asked[2])
    assert.truthy(told[1]:find("There is no tool fly.", 1, true))
    assert.truthy(told[2]:find("The arguments do not fit: ", 1, true))
    assert.truthy(told[3]:find("The arguments are longer than 16000 bytes.", 1, true))
    for _, row in ipairs(written()) do assert.equal("refused", row.status) end
  end)

  it("goes on when a call fails, and the model is told no more than it should know", function()
    carry_out = function(_, arguments)
      if arguments.what == "no" then return "There is none.", true end
      if arguments.what == "code" then require("human.fail").throw("conflict", { message = "Too late" }) end
      error "password=hunter2"
    end
    answers = { calling(call("c1", "look", { what = "no" }), call("c2", "look", { what = "code" }), call("c3", "look", { what = "bug" })),
                saying "Sorry." }
    assert.same(said "Sorry.", take_turn "m1")
    local list = {}
    for i, row in ipairs(written()) do list[i] = row.status .. " " .. row.result end
    assert.same({ "failed There is none.", "failed It failed: Too late", "failed It failed." }, list)
  end)

  it("ends a call that takes too long", function() -- limit: call of an ability
    local instant = script "rules.abilities"
    assert.truthy(instant.call_ms <= 600000)
    instead(script "abilities", "call", function(shipped, agent_id, ability, arguments, once, seconds)
      assert.equal(instant.call_ms / 1000, seconds)
      return shipped(agent_id, ability, arguments, once, 0.05)
    end)
    carry_out = function() sched.sleep(60) end
    answers = { calling(call("c1", "look", { what = "a" })), saying "It takes long." }
    assert.same(said "It takes long.", take_turn "m1")
    assert.truthy(written()[1].result:find("took longer than 0.05 seconds", 1, true))
  end)

  it("calls also by a text, where the model's server does not know how it calls", function()
    for _, text in ipairs { '<tool_call>\n{"name": "look", "arguments": {"what": "a"}}\n</tool_call>',
                            '{"name": "functions.look", "arguments": {"what": "a"}}' } do
      answers = { saying(text), saying "Seen." }
      take_turn(require("human.id").new())
      assert.same({ what = "a" }, made[#made].arguments)
      assert.equal("send_message: Seen.", (actions()[#actions() - 1]:gsub("%-", "_")))
    end
    assert.equal(2, #made)
  end)

  it("posts nothing that comes beside a call", function()
    local beside = calling(call("c1", "look", { what = "a" }), call("c2", "send_message", { content = "Let me see" }))
    beside.text = "I look it up."
    answers = { beside, saying "Here it is." }
    assert.same(said "Here it is.", take_turn "m1")
    assert.truthy(results(asked[2])[2]:find("Not posted yet", 1, true))
  end)

  local function status_of(tool)
    return db.row([[select status, result from agent_calls where agent_id = $1 and tool = $2
      order by called_at desc limit 1]], agent.id, tool)
  end

  local function tries(who)
    answers = { calling(call("c1", "look", { what = "a" }), call("c2", "promise"), call("c3", "buy")), saying "So." }
    take_turn(require("human.id").new(), who)
    return { status_of("look").status, status_of("promise").status, status_of("buy").status }
  end

  it("only looks things up for strangers, unless its owner lets it act", function()
    assert.same({ "done", "refused", "refused" }, tries())
    assert.truthy(status_of("buy").result:find("you only look things up", 1, true))
    local row = db.row([[select output, inputs from rule_decisions where subject = $1
      and rule = 'agent.rules.abilities.decide' and verdict like 'refuse%' order by id desc limit 1]], agent.id)
    assert.same({ { called = 2, called_hour = 1, policy = "read", risk = "high", speaker = "person", strangers = 1, tool = "buy" } },
      json.decode(row.inputs))
    script("agents").update(actor, agent.id, { settings = { abilities = "act" } })
    assert.same({ "done", "done", "done" }, tries())
  end)

  it("does what its owner asks for when nobody else is there", function()
    make { owners = { "me" } }
    local me = { id = "me", nickname = "Me" }
    assert.same({ "done", "done", "done" }, tries(me))
    assert.same({ "done", "refused", "refused" }, tries())
    assert.same({ "done", "refused", "refused" }, tries(me))
  end)

  it("does not act because another agent asks for it", function()
    make { abilities = "act", answers = "everyone" }
    assert.same({ "done", "refused", "refused" }, tries { id = "bot", nickname = "Bot", isAgent = true })
  end)

  it("stops between two calls when a line comes that changes the answer, and knows later what it did", function()
    make { abilities = "act" }
    answers = { calling(call("c1", "buy"), call("c2", "promise")), saying "Both answered." }
    local has_heard = false
    instead(script "turn", "interrupt", function(shipped, entry)
      has_heard = has_heard or entry.agent_id == agent.id
      shipped(entry)
    end)
    carry_out = function()
      if has_heard then return "again" end
      post "m2"
      for _ = 1, 3000 do
        if has_heard then break end
        sched.sleep(0.01)
      end
      return "bought <it>"
    end
    assert.same({ "set-typing", "set-typing", "agent-stopped: superseded", unpack(said "Both answered.") }, take_turn "m1")
    assert.same({ "buy" }, { made[1].name, made[2] })
    assert.same({ { step = 1, n = 1, tool = "buy", status = "done", result = "bought <it>" },
                  { step = 1, n = 2, tool = "promise", status = "skipped" } }, written())
    local last = asked[2].messages[#asked[2].messages].content
    assert.truthy(last:find('<called ability="buy" at="%d%d:%d%d" with="{}">bought &lt;it&gt;</called>'))
    assert.falsy(last:find("promise", 1, true))
  end)

  it("finds what was done when its worker dies, and makes only the open call again, with the same key", function()
    make { abilities = "act" }
    answers = { calling(call("c1", "look", { what = "a" }), call("c2", "buy")) }
    instead(script "abilities", "call", function(shipped, agent_id, ability, ...)
      if ability.name == "buy" and #made == 1 then
        shipped(agent_id, ability, ...)
        error "the worker dies" -- before anybody hears of it
      end
      return shipped(agent_id, ability, ...)
    end)
    post "m1"
    script("turn").wake(agent.id)
    for _ = 1, 3000 do
      if #made == 2 then break end
      sched.sleep(0.01)
    end
    db.exec("update agent_mailboxes set lease_until = now() - interval '1 day' where agent_id = $1", agent.id)
    answers = { saying "Bought." }
    script("turn").wake(agent.id)
    settled()
    assert.same({ "set-typing", "send-message: Bought.", "agent-stopped: completed" }, actions())
    assert.same({ "look", "buy", "buy" }, { made[1].name, made[2].name, made[3].name })
    assert.equal(made[2].once, made[3].once)
    assert.not_equal(made[1].once, made[2].once)
    assert.equal(2, #asked)
    assert.same({ '<returned by="look">look: done</returned>', '<returned by="buy">buy: done</returned>' }, results(asked[2]))
  end)

  it("says its last word when the budget is used up meanwhile", function()
    make { tokens_per_day = 150 }
    answers = { calling(call("c1", "look", { what = "a" })), calling(call("c2", "look", { what = "b" })), saying "That was it." }
    assert.same(said "That was it.", take_turn "m1")
    assert.same({ 3, 5 }, { #asked, #asked[3].tools })
  end)

  it("speaks, and no more, when nobody knows what it can do", function()
    offered = function() error "out of order" end
    answers = { saying "Hello." }
    assert.same(said "Hello.", take_turn "m1")
    assert.equal(5, #asked[1].tools)
  end)

  it("is offered what has a name of its own, a description and a risk, and no more than so many", function() -- limit: abilities
    local many = { { name = "send_message", description = "d", risk = "low" }, { name = "Look", description = "d", risk = "low" },
                   { name = "a", risk = "low" }, { name = "b", description = "d" }, "c", LOOK, LOOK }
    for i = 1, 40 do many[#many + 1] = { name = "x" .. i, description = "d", risk = "low" } end
    offered = function() return many end
    local list = script("abilities").of(agent.id)
    assert.equal(script("rules.abilities").offered, #list)
    assert.same({ "look", "x1" }, { list[1].name, list[2].name })
  end)

  it("gets no more sources once the scripts are loaded", function()
    script("abilities").of(agent.id)
    assert.has_error(function() script("abilities").source("late", { offered = print, call = print }) end,
      "abilities.source: only while scripts are loading")
  end)
end)
