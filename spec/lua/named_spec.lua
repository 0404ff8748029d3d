-- spec/lua/named_spec.lua -- runs that are ended by their name, wherever and whenever they began.

local fake_host = require "fake_host"

local SCRIPT = [[
local api, s, task = require "human.api", require "human.schema", require "human.task"
local seen = require("human.state").table "runs"
local g = api.group { auth = false, shape = "agent" }
local function run(key, seconds)
  seen[key] = "runs"
  local ok = pcall(task.sleep, seconds)
  seen[key] = ok and "done" or "canceled"
end
g:post("/start/{key}", { summary = "Starts", reply = { [200] = s.text } }, function(ctx)
  local handle, why = task.spawn_named(ctx.params.key, run, ctx.params.key, 50)
  return 200, why or type(handle)
end)
g:post("/kill/{key}", { summary = "Ends", reply = { [200] = s.bool } }, function(ctx)
  return 200, task.kill_named(ctx.params.key)
end)
g:post("/bug", { summary = "Fails", reply = { [204] = false } }, function()
  task.spawn_named("bug", function() task.sleep(1); error "broken" end)
  return 204
end)
g:post("/deaf", { summary = "Never ends", reply = { [200] = s.text } }, function()
  local _, why = task.spawn_named("deaf", function() while true do pcall(task.sleep, 1) end end)
  return 200, why or "begun"
end)
g:post("/wrong", { summary = "Wrong", reply = { [204] = false } }, function() task.spawn_named("", print) end)
return {}
]]

describe("a run with a name", function()
  local app, seen, sched

  before_each(function()
    app = fake_host.start()
    app:load { ["api/runs.lua"] = SCRIPT }
    seen, sched = require("human.state").table "runs", require "human.core.sched"
    seen.a, seen.b = nil, nil
  end)
  after_each(function() app:stop() end)

  local function post(path) return app:request({ method = "POST", path = path }).json end

  local function heard(kind, message)
    local h = app.host
    if kind == "worker" then app:push(fake_host.EV.BUS, 0, 0, 1, h.pack(message)) end
    if kind == "host" then
      local payload = require("human.json").encode { "bus.news", "another", { message } }
      app:push(fake_host.EV.NOTIFY, 0, 0, 0, h.pack { channel = "human", payload = payload })
    end
    app:settle()
  end

  it("is ended by it, and nothing else is", function()
    post "/start/a"
    post "/start/b"
    assert.is_true(post "/kill/a")
    assert.same({ "canceled", "runs" }, { seen.a, seen.b })
    assert.is_false(post "/kill/a")
    app:advance(50)
    assert.equal("done", seen.b)
    assert.is_false(post "/kill/b")
    assert.equal(0, sched.live())
  end)

  it("is one of its name in a worker", function()
    assert.equal("table", post "/start/a")
    assert.equal("running", post "/start/a")
    app:advance(50)
    assert.equal("table", post "/start/a")
  end)

  it("is found after any number of reloads", function()
    post "/start/a"
    for _ = 1, 3 do app:load { ["api/runs.lua"] = SCRIPT } end
    assert.equal("running", post "/start/a")
    assert.is_true(post "/kill/a")
    assert.equal("canceled", seen.a)
  end)

  it("is ended from other workers and other hosts, and they are told", function()
    post "/start/a"
    heard("worker", { "bus.kill", { key = "a" } })
    assert.equal("canceled", seen.a)
    post "/start/a"
    for _, wrong in ipairs { 5, {}, { key = 5 }, { key = {} } } do heard("host", { "bus.kill", wrong }) end
    assert.equal("runs", seen.a)
    heard("host", { "bus.kill", { key = "a" } })
    assert.equal("canceled", seen.a)
    local sent = {}
    app.host.workers = function() return 2 end
    app.host.bus_send = function(_, data) sent[#sent + 1] = app.host.unpack(data) return 0 end
    app.on_query = function(_, params) sent[#sent + 1] = params and params[2] end
    assert.is_false(post "/kill/c")
    app:advance(0.01)
    assert.same({ "bus.kill", { key = "c" } }, sent[1])
    assert.matches('"bus.kill",{"key":"c"}', sent[2], 1, true)
  end)

  it("leaves its name when it fails, and the log says where", function()
    post "/bug"
    app:advance(1)
    assert.matches("api/runs.lua:17: broken", app.host.lines[#app.host.lines].line, 1, true)
    assert.is_false(post "/kill/bug")
  end)

  it("loses its name to the next one when it does not end however often it is told to", function()
    assert.equal("begun", post "/deaf")
    assert.equal("running", post "/deaf")
    local g = require("human.scripts.generation").current()
    for _, task in ipairs(sched.tasks_of(g)) do sched.expire(task) end
    app:advance(10)
    assert.equal(0, sched.live())
    assert.equal("begun", post "/deaf")
  end)

  it("has a text as its name", function() -- limit: run name
    assert.equal(500, app:request({ method = "POST", path = "/wrong" }).status)
    assert.matches("api/runs.lua:%d+: task.spawn_named: the key must be a text of 1 to 200 bytes", app.host.lines[1].line)
  end)
end)
