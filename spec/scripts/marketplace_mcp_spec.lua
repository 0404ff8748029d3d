-- spec/scripts/marketplace_mcp_spec.lua -- the pages of the list of tools over MCP, what operators add to it, and calls that
-- take too long.

local task = require "human.task"
local world = require "pay_world"

describe("MCP", function()
  local loaded, mcp, own, runs, sessions
  local ACTOR = { id = "00000000-0000-4000-8000-0000000000aa", kind = "actor", role = "member" }
  local MANY = 450

  setup(function()
    loaded = world.scripts()
    mcp, own = loaded["marketplace.mcp"], loaded["marketplace.mcp_own"]
    runs, sessions = loaded["marketplace.mcp_runs"], loaded["marketplace.mcp_sessions"]
    loaded["marketplace.mcp_verbs"].list = function() return { { name = "humai__x-y", inputSchema = {} } } end
    for n = 1, MANY do
      own.tool { name = ("own_%03d"):format(n), description = "Own", call = function() return {} end }
    end
  end)

  it("lists all tools once, page by page, in one order", function() -- limit: MCP tools listed
    local seen, cursor, sizes = {}, nil, {}
    repeat
      local list, following = mcp.list(ACTOR, cursor)
      for _, tool in ipairs(list) do seen[#seen + 1] = tool.name end
      sizes[#sizes + 1], cursor = #list, following
    until not cursor
    assert.same({ 200, 200, 51 }, sizes)
    for n = 1, MANY do assert.equal(("own_%03d"):format(n), seen[n]) end
    assert.equal("humai__x-y", seen[MANY + 1])
  end)

  it("has no page at a cursor of another's making", function()
    for _, cursor in ipairs { "", "x", "0 own_001", "4 a", "1", "1 a b", "1 " .. ("x"):rep(200), "1 ü" } do
      assert.is_nil((mcp.list(ACTOR, cursor)), cursor)
    end
  end)

  it("refuses tools of an operator that are none, or that there are", function()
    local fine = { name = "own_a", description = "x", call = function() end }
    for name, value in pairs { name = "no spaces", description = 5, call = 5 } do
      local bad = {}
      for key, v in pairs(fine) do bad[key] = v end
      bad[name] = value
      assert.has_error(function() own.tool(bad) end)
    end
    for _, taken in ipairs { "own_001", "humai__mine", ("x"):rep(65) } do
      assert.has_error(function() own.tool { name = taken, description = "x", call = function() end } end)
    end
  end)

  it("ends a call that takes too long", function() -- limit: MCP calls
    local before_, ended = runs.longest_s, false
    runs.longest_s = 0.02
    local made, result = runs.carry_out({}, {}, {}, function()
      local fine, why = pcall(task.wait, 600)
      ended = not fine
      error(why, 0)
    end)
    runs.longest_s = before_
    assert.equal("deadline_exceeded", made.code)
    assert.is_nil(result)
    for _ = 1, 1000 do
      if ended then break end
      task.sleep(0.01)
    end
    assert.is_true(ended)
  end)

  it("carries out one request of an id at a time, in each session", function()
    local first, second = { session = "one" }, { session = "two" }
    local asked, held, results = { id = 7 }, {}, {}
    local function start(caller, request)
      local n = #held + 1
      held[n] = true
      task.spawn(function()
        results[n] = { runs.carry_out(caller, request, {}, function()
          while held[n] do task.sleep(0.005) end
          return nil, "done"
        end) }
      end)
      return n
    end
    local a, again, other, text = start(first, asked), start(first, asked), start(second, asked), start(first, { id = "7" })
    assert.equal("conflict", results[again][1].code)
    held = { false, false, false, false }
    for _ = 1, 2000 do
      if results[a] and results[other] and results[text] then break end
      task.sleep(0.005)
    end
    for _, n in ipairs { a, other, text } do assert.equal("done", results[n][2]) end
  end)

  it("listens for an hour, from where the list stands", function() -- limit: MCP listening
    local listen, told, followed = loaded["marketplace.mcp_listen"], {}, nil
    local out = { event = function(_, _, text) told[#told + 1] = text end,
                  follow = function(_, _, key, at, options) followed = { key = key, at = at, for_s = options.for_s, arg = options.arg } end }
    local caller = { ctx = { actor = ACTOR, stream = function() return out end } }
    listen.begin(caller, { notifications = { toolsListChanged = true } }, { id = "a" })
    assert.same({ key = ACTOR.id, at = 0, for_s = 3600, arg = '"a"' }, followed)
    assert.same({}, listen.read(ACTOR.id, 0, 10, '"a"'))
    assert.equal(1, #told)
    for _, odd in ipairs { {}, { notifications = 5 }, { notifications = { toolsListChanged = "yes" } } } do
      followed = nil
      assert.truthy(listen.begin(caller, odd, { id = 1 })._meta)
      assert.is_nil(followed)
    end
  end)

  it("knows its sessions, and whose they are", function()
    local id = sessions.issue(ACTOR)
    assert.is_true(sessions.is_valid(ACTOR, id))
    assert.is_false(sessions.is_valid({ id = "other" }, id))
    assert.is_false(sessions.is_valid(ACTOR, id .. "A"))
    assert.not_equal(sessions.task_name(id, 1), sessions.task_name(id, "1"))
  end)
end)
