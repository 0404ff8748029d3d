-- spec/lua/struck_spec.lua -- labels that ended too many workers (host/server/watchdog.c) do not run, of whatever kind.

local fake_host = require "fake_host"

local SCRIPT = [[
local api, bus, jobs = require "human.api", require "human.bus", require "human.jobs"
local s = require "human.schema"
local seen = require("human.state").table "struck"
local M = {}
local g = api.group { auth = false, shape = "agent" }
local function count(name) seen[name] = (seen[name] or 0) + 1 end
g:get("/bad", { summary = "Bad", reply = { [200] = s.raw "text/plain" } }, function() count "bad" return 200, "" end)
g:get("/good", { summary = "Good", reply = { [200] = s.raw "text/plain" } }, function() return 200, "" end)
g:websocket("/ws", { summary = "Socket" }, { on_message = function() count "ws" end })
bus.on("news", function() count "bus" end)
function M.run() count "job" end
jobs.every("work", 1, "api.struck.run")
function M.begin() count "start" end
jobs.start "api.struck.begin"
return M
]]

describe("what is struck", function() -- limit: strikes
  local app, seen

  before_each(function()
    app = fake_host.start()
    app:load { ["api/struck.lua"] = SCRIPT }
    seen = require("human.state").table "struck"
    for _, name in ipairs { "bad", "ws", "bus", "job", "start" } do seen[name] = 0 end
    app.on_query = function(sql) return sql:find "^insert" and { { name = "work" } } or { n = 1 } end
  end)
  after_each(function()
    require("human.jobs").stop()
    app:stop()
  end)

  local function strike(label)
    app.struck = label
    require("human.core.sched").dispatch(1)
  end

  it("is a route: 503 with its code, while others serve", function()
    assert.equal(200, app:request({ path = "/bad" }).status)
    strike "GET /bad"
    local answer = app:request { path = "/bad" }
    assert.equal(503, answer.status)
    assert.equal("route_disabled", answer.json.code)
    assert.equal("5", answer.headers["retry-after"])
    assert.equal(200, app:request({ path = "/good" }).status)
    assert.equal(1, seen.bad)
    strike(nil)
    assert.equal(200, app:request({ path = "/bad" }).status)
  end)

  it("is a WebSocket: 1013 to those that are open, 503 to new ones", function()
    local ws = app:request({ path = "/ws", websocket = true }).ws
    app:ws_message(ws, "one")
    strike "GET /ws"
    app:ws_message(ws, "two")
    assert.equal(1, seen.ws)
    assert.equal(1013, app.sockets[ws].closed.code)
    assert.equal(503, app:request({ path = "/ws", websocket = true }).status)
  end)

  it("is a topic of the bus", function()
    local bus = require "human.bus"
    bus.send("news", {})
    strike "bus news"
    bus.send("news", {})
    assert.equal(1, seen.bus)
  end)

  it("is a job of the start, so that a host comes up without it", function()
    strike "job api.struck.begin"
    require("human.jobs").run()
    app:settle()
    assert.equal(0, seen.start)
  end)

  it("is what a task says it suspects, and never what it is only called", function()
    local task, sched = require "human.task", require "human.core.sched"
    local may = {}
    local function ask(key, what) sched.spawn(function() may[key] = task.suspect(what) end) end
    ask("before", "agent turn a")
    strike "agent turn a"
    ask("after", "agent turn a")
    ask("other", "agent turn b")
    assert.same({ before = true, after = false, other = true }, may)
    local label
    sched.spawn(function()
      task.name "agent turn a"
      label = sched.current().label
    end)
    assert.is_true(label < 0)
  end)

  it("is a job", function()
    require("human.jobs").run()
    app:advance(1.5)
    local ran = seen.job
    assert.is_true(ran > 0)
    strike "job work"
    app:advance(5)
    assert.equal(ran, seen.job)
  end)
end)

describe("a worker that has all tasks that it may have", function() -- limit: limits.tasks
  it("drops what the bus brings, and says so", function()
    local app = fake_host.start()
    app:load { ["api/struck.lua"] = SCRIPT }
    local seen = require("human.state").table "struck"
    seen.bus = 0
    local sched = require "human.core.sched"
    sched.limit { tasks = 0, ops = 64, slice_s = 1 }
    require("human.bus").send("news", {})
    assert.equal(0, seen.bus)
    assert.equal(503, app:request({ path = "/good" }).status)
    app:stop()
  end)
end)
