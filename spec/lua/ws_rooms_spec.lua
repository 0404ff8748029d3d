-- spec/lua/ws_rooms_spec.lua -- rooms of raw WebSockets, and what a handler starts once it has answered.

local fake_host = require "fake_host"

local SCRIPT = [[
local api, s, task, ws = require "human.api", require "human.schema", require "human.task", require "human.ws"
local seen = require("human.state").table "rooms"
local g = api.group { auth = false, shape = "agent" }
local Text = s.object { text = s.string }
g:websocket("/ws/{who}", { summary = "Rooms" }, {
  on_message = function(conn, data)
    local word, rest = data:match "^(%w+) ?(.*)$"
    if word == "join" then seen.joined, seen.why = conn:join(rest) end
    if word == "leave" then conn:leave(rest) end
    if word == "after" then
      conn:after(function(text) conn:send("then " .. text) end, rest)
      conn:send "answer"
    end
    if word == "fail" then
      conn:after(function() seen.started = true end)
      error "broken"
    end
    if word == "later" then task.spawn(function() task.sleep(1); conn:after(conn.send, conn, "at once") end) end
    if word == "many" then for i = 1, 65 do conn:after(task.sleep, 0) end end
  end,
  on_close = function(conn) seen.joined, seen.why = conn:join "late" end,
})
g:post("/say/{room}", { summary = "Says", body = Text, reply = { [204] = false } }, function(ctx, body)
  ws.to("/ws/{who}", ctx.params.room):send(body.text)
  return 204
end)
g:post("/bytes", { summary = "Bytes", reply = { [204] = false } }, function()
  ws.to("/ws/{who}", "a"):send_binary("\255\0")
  return 204
end)
g:post("/wrong/{what}", { summary = "Wrong", reply = { [204] = false } }, function(ctx)
  local what = ctx.params.what
  if what == "path" then ws.to("/nowhere", "a"):send "x" end
  if what == "text" then ws.to("/ws/{who}", "a"):send "\255" end
  if what == "length" then ws.to("/ws/{who}", "a"):send(("x"):rep(262145)) end
  if what == "room" then ws.to("/ws/{who}", ("x"):rep(201)) end
  return 204
end)
g:post("/after", { summary = "After", reply = { [204] = false }, errors = { "conflict" } }, function(ctx)
  ctx:after(function(a, _, c) seen.after = a .. tostring(c) end, "a", nil, "c")
  seen.after = "not yet"
  if ctx.ip == "10.0.0.1" then ctx:fail "conflict" end
  return 204
end)
return {}
]]

describe("a room of WebSockets", function()
  local app, seen, bus

  before_each(function()
    app = fake_host.start()
    app:load { ["api/rooms.lua"] = SCRIPT }
    bus, seen = require "human.bus", require("human.state").table "rooms"
    for _, key in ipairs { "joined", "why", "started", "after" } do seen[key] = nil end
  end)
  after_each(function() app:stop() end)

  local function open() return app:request({ path = "/ws/ann", websocket = true }).ws end
  local function say(room, text) return app:request({ method = "POST", path = "/say/" .. room, json = { text = text } }).status end

  local function texts(ws)
    local out = {}
    for i, m in ipairs(app.sockets[ws].sent) do out[i] = m.data end
    app.sockets[ws].sent = {}
    return out
  end

  local function joined(...)
    local ws = open()
    for _, room in ipairs { ... } do app:ws_message(ws, "join " .. room) end
    return ws
  end

  -- What a host on the same database says.
  local function heard(message)
    app:push(fake_host.EV.NOTIFY, 0, 0, 0, app.host.pack { channel = "human",
      payload = require("human.json").encode { "bus.news", "another", { message } } })
    app:settle()
  end

  it("hears what is sent to it until it is left, in the order in which it was sent", function()
    local a, b, ab = joined "a", joined "b", joined("a", "b", "a")
    for i = 1, 3 do assert.equal(204, say("a", tostring(i))) end
    say("b", "4")
    assert.same({ { "1", "2", "3" }, { "4" }, { "1", "2", "3", "4" } }, { texts(a), texts(b), texts(ab) })
    app:ws_message(ab, "leave a")
    app:ws_message(ab, "leave never")
    say("a", "5")
    assert.same({ { "5" }, {} }, { texts(a), texts(ab) })
    app:ws_closed(a, 1000)
    say("a", "6")
    assert.same({}, texts(a))
  end)

  it("is the same after a reload", function()
    local a = joined "a"
    app:load { ["api/rooms.lua"] = SCRIPT }
    say("a", "still here")
    assert.same({ "still here" }, texts(a))
  end)

  it("takes no connection that is gone, and no more than 256 of one", function() -- limit: websocket rooms
    local a = open()
    for i = 1, 256 do app:ws_message(a, "join " .. i) end
    assert.is_true(seen.joined)
    app:ws_message(a, "join 257")
    assert.same({ nil, "too many" }, { seen.joined, seen.why })
    app:ws_message(a, "join 5")
    assert.is_true(seen.joined)
    app:ws_closed(a, 1000)
    assert.same({ nil, "gone" }, { seen.joined, seen.why })
  end)

  it("takes texts, bytes by a name of their own, and no more than 256 KB", function() -- limit: room message
    local a = joined "a"
    app:request { method = "POST", path = "/bytes" }
    assert.same({ { opcode = 2, data = "\255\0" } }, app.sockets[a].sent)
    for what, why in pairs { path = "no WebSocket route is declared at '/nowhere'", text = "not UTF%-8",
                             length = "262144 bytes", room = "1 to 200 bytes" } do
      app.host.lines = {}
      assert.equal(500, app:request({ method = "POST", path = "/wrong/" .. what }).status)
      assert.matches("api/rooms.lua:%d+: .*" .. why, app.host.lines[1].line)
    end
    assert.equal(204, say("a", ("x"):rep(262144)))
  end)

  it("spans the workers of a host and other hosts, whatever the length", function() -- limit: notification pieces
    local a, sent, notified = joined "a", {}, {}
    app.host.workers = function() return 2 end
    app.host.bus_send = function(to, data) sent[#sent + 1] = { to, app.host.unpack(data) } return 0 end
    app.on_query = function(sql, params)
      if sql:find "pg_notify" then notified[#notified + 1] = params[2] end
    end
    local long = ("x\0é"):rep(20000)
    say("a", "short")
    require("human.ws").to("/ws/{who}", "a"):send(long)
    assert.same({ { -1, { "bus.room", { path = "/ws/{who}", room = "a", text = "short" } } },
                  { -1, { "bus.room", { path = "/ws/{who}", room = "a", text = long } } } }, sent)
    assert.same({ "short", long }, texts(a))
    app:advance(1)
    assert.is_true(#notified > 10)
    for i, payload in ipairs(notified) do
      assert.is_true(#payload < 8000)
      notified[i] = payload:gsub('^%["bus.news","[^"]*"', '["bus.news","another"')
    end
    sent = {}
    for _, payload in ipairs(notified) do
      app:push(fake_host.EV.NOTIFY, 0, 0, 0, app.host.pack { channel = "human", payload = payload })
    end
    app:settle()
    assert.same({ "short", long }, texts(a))
    assert.equal(2, #sent)                         -- for the other worker
  end)

  it("believes nothing of what was notified before it was checked", function()
    local a = joined "a"
    for _, payload in ipairs { 5, {}, { path = "/ws/{who}" }, { path = "/ws/{who}", room = "a" },
      { path = "/ws/{who}", room = {}, text = "x" }, { path = "/ws/{who}", room = "a", text = 5 } } do
      heard { "bus.room", payload }
    end
    heard { "bus.room", { path = "/ws/{who}", room = "a", bytes = "%" } }
    heard { "bus.room", { path = "/none", room = "a", text = "x" } }
    for _, piece in ipairs { {}, { 1, 1, 1, "" }, { "a", "1", 1, "" }, { "a", 1, 401, "" }, { "a", 1, 1.5, "" },
      { "a", 1, -1, "" }, { "a", 2, 2, "" }, { "a", 1, 1, "%" }, { "a", 1, 1, 7 }, { "a", 1, 1, "eA==" } } do
      heard { "bus.piece", piece }
    end
    for i = 1, 100 do heard { "bus.piece", { "id" .. i, 1, 2, "eA==" } } end
    assert.same({}, texts(a))
    heard { "bus.room", { path = "/ws/{who}", room = "a", text = "x" } }
    assert.same({ "x" }, texts(a))
    assert.is_false(pcall(bus.send, "bus.room", {}))
  end)
end)

describe("what a handler starts once it has answered", function()
  local app, seen

  before_each(function()
    app = fake_host.start()
    app:load { ["api/rooms.lua"] = SCRIPT }
    seen = require("human.state").table "rooms"
    seen.started, seen.after = nil, nil
  end)
  after_each(function() app:stop() end)

  it("comes after what it sent over its WebSocket, and not at all when it fails", function()
    local ws = app:request({ path = "/ws/ann", websocket = true }).ws
    app:ws_message(ws, "after that")
    assert.same({ "answer", "then that" }, { app.sockets[ws].sent[1].data, app.sockets[ws].sent[2].data })
    app:ws_message(ws, "later")
    app:advance(1)
    assert.equal("at once", app.sockets[ws].sent[3].data)
    app:ws_message(ws, "fail")
    assert.is_nil(seen.started)
    assert.equal(1011, app.sockets[ws].closed.code)
  end)

  it("comes after the answer to a request", function()
    local h, order = app.host, nil
    local respond = h.respond
    h.respond = function(...)
      order = seen.after
      return respond(...)
    end
    assert.equal(204, app:request({ method = "POST", path = "/after" }).status)
    assert.same({ "not yet", "ac" }, { order, seen.after })
    assert.equal(409, app:request({ method = "POST", path = "/after", ip = "10.0.0.1" }).status)
    assert.equal("not yet", seen.after)
  end)

  it("is at most 64 tasks", function() -- limit: tasks after an answer
    local ws = app:request({ path = "/ws/ann", websocket = true }).ws
    app:ws_message(ws, "many")
    assert.equal(1011, app.sockets[ws].closed.code)
  end)
end)
