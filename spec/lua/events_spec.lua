-- spec/lua/events_spec.lua -- an event whose handler fails harms nothing else.

local event_queue = require "event_queue"
local fake_host = require "fake_host"

local REQUEST, DONE, CHUNK, WS_MSG = 1, 2, 3, 6

describe("an event handler that fails", function()
  local names = { "human.core.host", "human.core.timer", "human.core.sched", "human.core.events" }
  local sched, host, saved

  before_each(function()
    saved = {}
    for _, name in ipairs(names) do saved[name], package.loaded[name] = package.loaded[name], nil end
    host = event_queue()
    package.loaded["human.core.host"] = host
    sched = require "human.core.sched"
  end)
  after_each(function()
    for _, name in ipairs(names) do package.loaded[name] = saved[name] end
  end)

  local function push(...) host.queue[#host.queue + 1] = { ... } end

  it("is logged with its place, given up, and the other events go on", function()
    local seen, given_up = {}, nil
    sched.on_event(REQUEST, function(_, id)
      if id == 1 then error("broken") end
      seen[#seen + 1] = id
    end, function(id) given_up = id end)
    for id = 1, 3 do push(REQUEST, 0, id) end
    sched.dispatch(1)
    assert.same({ 2, 3 }, seen)
    assert.equal(1, given_up)
    assert.equal(1, #host.logged)
    assert.matches("events_spec.lua:%d+: broken", host.logged[1])
  end)

  it("may fail to be given up as well", function()
    sched.on_event(REQUEST, function() error "first" end, function() error "second" end)
    push(REQUEST, 0, 1)
    push(REQUEST, 0, 2)
    sched.dispatch(1)
    assert.equal(2, #host.logged)
    assert.matches("first.*second", host.logged[2])
  end)

  it("may be one that nobody declared", function()
    push(99, 0, 1)
    sched.dispatch(1)
    assert.equal(1, #host.logged)
  end)

  it("may take a piece of a response: its transfer is given up", function()
    local status
    sched.on_chunk(7, function() error "broken" end)
    sched.spawn(function() status = select(2, pcall(sched.await, 7)) end)
    push(CHUNK, 2, 7, "piece")
    sched.dispatch(1)
    assert.same({ 7 }, host.cancelled)
    assert.equal(sched.Canceled, status)
  end)

  it("may be the end of a task", function()
    local seen
    sched.spawn_as({ on_finish = function() error "broken" end }, function() sched.await(7) end)
    sched.spawn(function() seen = select(2, sched.await(8)) end)
    push(DONE, 0, 7)
    push(DONE, 0, 8, "data")
    sched.dispatch(1)
    assert.equal("data", seen)
    assert.equal(0, sched.live())
    assert.equal(1, #host.logged)
  end)

  it("passes on a lack of memory, for which a new worker is the only help", function()
    sched.on_event(REQUEST, function() error("not enough memory", 0) end)
    push(REQUEST, 0, 1)
    assert.has_error(function() sched.dispatch(1) end, "not enough memory")
  end)
end)

describe("a request or message that fails in the runtime itself", function()
  local app
  before_each(function()
    app = fake_host.start()
    app:load { ["api/x.lua"] = [[
      local api = require "human.api"
      api.group({ auth = false }):websocket("/ws", { summary = "x" }, { on_message = function() end })
      return {}]] }
  end)
  after_each(function() app:stop() end)

  it("is answered 500", function()
    require("human.http.router").split = function() error "broken" end
    local answer = app:request { path = "/" }
    assert.same({ 500, "internal" }, { answer.status, answer.json.code })
  end)

  it("closes its WebSocket with 1011", function()
    local ws = app:request({ path = "/ws", websocket = true }).ws
    local connections = require "human.http.connections"
    connections.unbind(ws)
    connections.bind(ws, { on_message = function() error "broken" end })
    app:push(WS_MSG, 1, ws, 0, "x")
    app:settle()
    assert.equal(1011, app.sockets[ws].closed.code)
  end)
end)
