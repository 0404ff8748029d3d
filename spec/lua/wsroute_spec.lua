-- spec/lua/wsroute_spec.lua -- raw WebSocket routes.

local fake_host = require "fake_host"

local function script(answer)
  return ([[
local api, task = require "human.api", require "human.task"
local seen = require("human.state").table "ws"
api.auth("key", { type = "apiKey", header = "X-API-Key" }, function(_, token)
  return token == "good" and { id = "u1" } or nil
end)
local g = api.group { auth = "key", shape = "agent" }
g:websocket("/ws/{room}", { summary = "Echo" }, {
  on_open = function(conn)
    conn.data.n = 0
    conn:send("hello " .. conn.actor.id .. " in " .. conn.params.room)
  end,
  on_message = function(conn, data, is_text)
    if data == "slow" then task.sleep(1) end
    if data == "bug" then error "broken" end
    if data == "bye" then return conn:close(4001, "done") end
    conn.data.n = conn.data.n + 1
    conn:send("%s" .. conn.data.n .. ":" .. data .. ":" .. tostring(is_text))
  end,
  on_close = function(conn, code, reason) seen.closed = code .. " " .. reason .. " after " .. conn.data.n end,
})
return {}
]]):format(answer or "")
end

describe("a websocket route", function()
  local app, seen
  before_each(function()
    app = fake_host.start()
    app:load { ["api/ws.lua"] = script() }
    seen = require("human.state").table "ws"
    seen.closed = nil
  end)
  after_each(function() app:stop() end)

  local function open(key, origin)
    return app:request { path = "/ws/lobby", websocket = true,
                         headers = { ["x-api-key"] = key, origin = origin } }
  end

  local function texts(ws)
    local out = {}
    for i, m in ipairs(app.sockets[ws].sent) do out[i] = m.data end
    return out
  end

  it("admits as any route does, before the handshake is accepted", function()
    assert.equal(401, open("bad").status)
    assert.same({ 426, "websocket" }, { app:request({ path = "/ws/lobby" }).status,
                                        app:request({ path = "/ws/lobby" }).headers.upgrade })
    local a = open "good"
    assert.equal(101, a.status)
    assert.same({ "hello u1 in lobby" }, texts(a.ws))
    assert.equal(0, require("human.core.sched").live())
  end)

  it("handles messages one after another, whatever they wait for", function()
    local ws = open("good").ws
    for _, text in ipairs { "slow", "a", "b" } do app:ws_message(ws, text) end
    assert.equal(1, #texts(ws))
    app:advance(1.1)
    assert.same({ "hello u1 in lobby", "1:slow:true", "2:a:true", "3:b:true" }, texts(ws))
  end)

  it("stops reading while 64 messages wait, and goes on when half are done", function() -- limit: websocket mailbox
    local ws = open("good").ws
    app:ws_message(ws, "slow")
    for i = 1, 63 do app:ws_message(ws, tostring(i)) end
    assert.is_true(app.sockets[ws].reading)
    app:ws_message(ws, "64")
    assert.is_false(app.sockets[ws].reading)
    app:advance(1.1)
    assert.is_true(app.sockets[ws].reading)
    assert.equal(66, #texts(ws))
  end)

  it("closes with 1011 on a bug, and tells the handler once that it is over", function()
    local ws = open("good").ws
    app:ws_message(ws, "bug")
    assert.equal(1011, app.sockets[ws].closed.code)
    app:ws_closed(ws, 1011, "")
    assert.equal("1011  after 0", seen.closed)
    assert.equal(0, require("human.http.websocket").count())
  end)

  it("can be closed by its handler", function()
    local ws = open("good").ws
    app:ws_message(ws, "bye")
    assert.same({ code = 4001, reason = "done" }, app.sockets[ws].closed)
  end)

  it("hands the next message to the new generation; its data stays", function()
    local ws = open("good").ws
    app:ws_message(ws, "a")
    app:load { ["api/ws.lua"] = script "new " }
    app:ws_message(ws, "b")
    assert.equal("new 2:b:true", texts(ws)[3])
  end)

  it("handles messages one after another over a reload, whose end of old scripts ends none that came after it", function()
    local ws, old = open("good").ws, require("human.scripts.generation").current()
    app:ws_message(ws, "slow")
    app:load { ["api/ws.lua"] = script "new " }
    app:ws_message(ws, "slow")
    app:advance(1.1)
    local sched = require "human.core.sched"
    for _, task in ipairs(sched.tasks_of(old)) do sched.expire(task) end
    app:advance(1.1)
    assert.same({ "hello u1 in lobby", "1:slow:true", "new 2:slow:true" }, texts(ws))
  end)

  it("closes with 1001 when the worker stops", function()
    local ws = open("good").ws
    require("human.http.websocket").shutdown()
    assert.equal(1001, app.sockets[ws].closed.code)
  end)

  it("answers what came before the client's close, and before the worker stops, also when that takes time", function()
    for _, finish in ipairs { function(ws) app:ws_closed(ws, 1000, "bye") end,
                              function() require("human.http.websocket").shutdown() end } do
      local ws = open("good").ws
      app:ws_message(ws, "slow")
      app:ws_message(ws, "b")
      finish(ws)
      assert.is_nil(app.sockets[ws].closed)
      app:advance(1)
      assert.same({ "hello u1 in lobby", "1:slow:true", "2:b:true" }, texts(ws))
      assert.truthy(app.sockets[ws].closed)
    end
    assert.equal("1000 bye after 2", seen.closed)
  end)
end)
