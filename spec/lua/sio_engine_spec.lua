-- spec/lua/sio_engine_spec.lua -- Engine.IO sessions: heartbeat, upgrade, close, back-pressure.
local sio_world = require "sio_world"

local ECHO = [[io:namespace("/", {
  on = { message = function(s, v) s:emit("message", v) end,
         slow = function(s, v) task.sleep(1) s:emit("done", v) end,
         leave = function(s) s:disconnect(true) end },
  on_disconnect = function(s, reason) seen.reason = reason end,
})]]
local TIMES = "ping_interval_ms = 300, ping_timeout_ms = 200, connect_timeout_ms = 10000"

describe("a session's heartbeat", function()
  local w
  before_each(function() w = sio_world.start(ECHO, TIMES) end)
  after_each(function() w:stop() end)

  it("pings, and lives on as long as it is answered", function()
    local c = w:ws()
    for _ = 1, 5 do
      w:advance(0.3)
      assert.same({ "2" }, c:texts())
      c:say "3"
    end
    assert.is_nil(c:closed())
  end)

  it("ends a client that never answers, in time", function()
    local sid = w:poller()
    local c = w:ws()
    w:advance(0.5)
    assert.equal(1, w:http("GET", "polling&sid=" .. sid).json.code)
    assert.equal(0, c:closed())
    assert.equal("ping timeout", w.seen.reason)
  end)

  it("asks out of turn for a sign of life, and ends who gives none", function()
    w:load([[io:namespace("/", { on = { message = function(s) s:probe(0.1) s:probe(5) end },
      on_disconnect = function(_, why) seen.reason = why end })]], TIMES)
    local c = w:ws()
    c:texts()
    c:say '42["message"]'
    assert.same({ "2" }, c:texts())
    c:say "3"
    w:advance(0.29)
    assert.is_nil(c:closed())
    assert.same({}, c:texts())
    w:advance(0.01)
    assert.same({ "2" }, c:texts())
    c:say "3"
    c:say '42["message"]'
    w:advance(0.1)
    assert.equal("ping timeout", w.seen.reason)
  end)

  it("flushes a held poll with its ping", function()
    local poll = w:send("GET", "polling&sid=" .. w:poller())
    w:advance(0.3)
    assert.equal("2", w:answer(poll).body)
  end)

  it("does not take other traffic for an answer", function()
    local c = w:ws()
    for _ = 1, 5 do
      w:advance(0.1)
      c:say '42["message",1]'
    end
    assert.equal(0, c:closed())
  end)

  it("ends a client that pings, which is the server's part", function()
    local c = w:ws()
    c:say "2"
    assert.equal(0, c:closed())
    assert.equal("transport error", w.seen.reason)
  end)

  it("ends a session that joins no namespace in time", function()
    w:stop()
    w = sio_world.start(ECHO, "connect_timeout_ms = 1000")
    local c, joined = w:ws(false), w:ws()
    w:advance(1)
    assert.equal(0, c:closed())
    assert.is_nil(joined:closed())
  end)
end)

describe("an upgrade", function()
  local w, sid
  before_each(function()
    w = sio_world.start(ECHO)
    sid = w:poller()
  end)
  after_each(function() w:stop() end)

  local function probe()
    local c = w:raw("websocket&sid=" .. sid)
    c:say "2probe"
    assert.same({ "3probe" }, c:texts())
    return c
  end

  it("releases the held poll and takes over what is buffered", function()
    local poll = w:send("GET", "polling&sid=" .. sid)
    local c = probe()
    assert.is_nil(w:answer(poll))
    w:advance(0.03)
    assert.equal("6", w:answer(poll).body)
    w:http("POST", "polling&sid=" .. sid, '42["message","late"]')
    c:say "5"
    assert.same({ '42["message","late"]' }, c:texts())
    c:say '42["message","ws"]'
    assert.same({ '42["message","ws"]' }, c:texts())
  end)

  it("answers a poll during the probe after a moment", function()
    probe()
    local poll = w:send("GET", "polling&sid=" .. sid)
    assert.is_nil(w:answer(poll))
    w:advance(0.03)
    assert.equal("6", w:answer(poll).body)
  end)

  it("leaves polling behind", function()
    local c = probe()
    local late = w:send("GET", "polling&sid=" .. sid)
    c:say "5"
    assert.equal(3, w:answer(late).json.code)
    assert.equal(3, w:http("GET", "polling&sid=" .. sid).json.code)
    assert.equal(3, w:http("POST", "polling&sid=" .. sid, "41").json.code)
  end)

  it("ignores a second WebSocket, before and after", function()
    local c = probe()
    assert.equal(0, w:raw("websocket&sid=" .. sid):closed())
    c:say "5"
    assert.equal(0, w:raw("websocket&sid=" .. sid):closed())
    c:say '42["message",1]'
    assert.same({ '42["message",1]' }, c:texts())
  end)

  for name, act in pairs {
    ["another packet"] = function(c) c:say '42["message",1]' end,
    ["its end"] = function(c) c:cut() end,
    ["its time-out"] = function() w:advance(10) end,
  } do
    it("is given up for " .. name .. " and polling goes on", function()
      act(probe())
      w:http("POST", "polling&sid=" .. sid, '42["message",1]')
      assert.equal('42["message",1]', w:http("GET", "polling&sid=" .. sid).body)
    end)
  end

  it("tells a client that has stopped polling that its session is closed", function()
    local poll = w:send("GET", "polling&sid=" .. sid)
    local c = probe()
    w:advance(0.03)
    assert.equal("6", w:answer(poll).body)
    w:http("POST", "polling&sid=" .. sid, '42["leave"]')
    assert.is_nil(c:closed())                    -- to it the probe would have failed, with nothing left to hear from
    c:say "5"
    assert.same({ "41" }, c:texts())
    assert.equal(0, c:closed())
    assert.equal(1, w:http("GET", "polling&sid=" .. sid).json.code)
  end)

  it("tells a client that polls on after all that its session is closed", function()
    local c = probe()
    w:http("POST", "polling&sid=" .. sid, '42["leave"]')
    assert.equal("41", w:http("GET", "polling&sid=" .. sid).body)
    assert.equal("1", w:http("GET", "polling&sid=" .. sid).body)
    assert.equal(0, c:closed())
  end)

  it("ends with its session", function()
    local c = probe()
    w:http("POST", "polling&sid=" .. sid, "1")
    assert.equal(0, c:closed())
  end)
end)

describe("the end of a session", function()
  local w
  before_each(function() w = sio_world.start(ECHO, "max_buffer = 1024") end)
  after_each(function() w:stop() end)

  it("comes at once when a WebSocket client says so", function()
    local c = w:ws()
    c:say "1"
    assert.equal(0, c:closed())
    assert.equal("transport close", w.seen.reason)
  end)

  it("is told to a poller that is between two polls", function()
    local sid = w:poller()
    w:http("POST", "polling&sid=" .. sid, '42["disconnect"]')
    assert.equal("1", w:http("GET", "polling&sid=" .. sid).body)
    assert.equal(1, w:http("GET", "polling&sid=" .. sid).json.code)
  end)

  it("is forgotten by a poller that does not come back", function()
    local sid = w:poller()
    w:http("POST", "polling&sid=" .. sid, '42["disconnect"]')
    w:advance(30)
    assert.equal(1, w:http("GET", "polling&sid=" .. sid).json.code)
  end)

  it("comes to a poller that lets too much pile up", function() -- limit: socket.io buffer
    local sid = w:poller()
    w:http("POST", "polling&sid=" .. sid, '42["message","' .. ("x"):rep(900) .. '"]')
    w.seen.io:emit("more", ("x"):rep(200))
    assert.equal("transport error", w.seen.reason)
  end)

  it("comes to all when the server stops", function()
    local c, sid = w:ws(), w:poller()
    local poll = w:send("GET", "polling&sid=" .. sid)
    require("human.sio").shutdown()
    assert.equal(1001, c:closed())
    assert.equal("1", w:answer(poll).body)
    assert.equal("server shutting down", w.seen.reason)
    assert.equal(503, w:http("GET", "polling").status)
  end)
end)

describe("a client that is faster than its handler", function()
  local w
  before_each(function() w = sio_world.start(ECHO, "ping_interval_ms = 3600000") end)
  after_each(function() w:stop() end)

  it("is not read until half of its packets are done, and loses none", function() -- limit: socket.io mailbox
    local c = w:ws()
    for i = 1, 80 do c:say(('42["slow",%d]'):format(i)) end
    assert.is_false(c:reading())
    w:advance(60)
    assert.is_true(c:reading())
    w:advance(60)
    local texts = c:texts()
    local n = 0
    for _, text in ipairs(texts) do
      if text:find '^42%["done",' then
        n = n + 1
        assert.equal(('42["done",%d]'):format(n), text)
      end
    end
    assert.is_nil(c:closed())
    assert.equal(80, n)
  end)

  it("waits for its POST", function()
    local sid = w:poller()
    local packets = {}
    for i = 1, 70 do packets[i] = ('42["slow",%d]'):format(i) end
    local post = w:send("POST", "polling&sid=" .. sid, table.concat(packets, "\030"))
    assert.is_nil(w:answer(post))
    w:advance(20)
    assert.is_nil(w:answer(post))
    w:advance(20)
    assert.equal("ok", w:answer(post).body)
  end)

  it("lets others have their turn while a POST holds packets by the thousand", function() -- limit: socket.io turn
    local sid, host, now, turns = w:poller(), w.app.host, 0, 0
    function host.clock()
      now = now + 0.006                            -- that is how long 64 packets take here
      return now
    end
    local post = w:send("POST", "polling&sid=" .. sid, ("3\030"):rep(999) .. "3")
    repeat
      assert.is_nil(w:answer(post))
      w:advance(0.001)
      turns = turns + 1
    until w:answer(post)
    assert.equal("ok", w:answer(post).body)
    assert.is_true(turns >= 7 and turns <= 9, turns)
    local cut = w:send("POST", "polling&sid=" .. sid, ("3\030"):rep(999) .. "1")
    w:http("GET", "polling&sid=" .. sid)
    w:advance(1)
    assert.truthy(w:answer(cut))
  end)
end)

describe("a WebSocket that its client closes", function()
  it("has everything handled that came before, also what waited for a pause to end", function()
    local w = sio_world.start [[io:namespace("/", {
      on = { slow = function(s, v) task.sleep(0.01) seen[#seen + 1] = v end,
             message = function(s, v) s:emit("message", v) end },
      on_disconnect = function(s, reason) seen.reason = reason end })]]
    local c, app = w:ws(), w.app
    local EV = require("fake_host").EV
    for i = 1, 100 do app:push(EV.WS_MSG, 1, c.id, 0, '42["slow",' .. i .. "]") end -- in one segment
    app:push(EV.WS_MSG, 1, c.id, 0, '42["message",1]')
    app:push(EV.WS_CLOSE, 1000, c.id, 0, "")
    app:settle()
    assert.is_nil(c:closed())
    w:advance(2)
    assert.same({ 100, "transport close" }, { #w.seen, w.seen.reason })
    assert.truthy(c:closed())
    w:stop()
  end)
end)

describe("the answer to a poll", function()
  local w
  local function start(options) w = sio_world.start(ECHO, options) end
  after_each(function() w:stop() end)

  local function poll(sid, accept, size)
    w:http("POST", "polling&sid=" .. sid, '42["message","' .. ("x"):rep(size) .. '"]')
    return w:http("GET", "polling&sid=" .. sid, nil, { ["accept-encoding"] = accept })
  end

  it("is compressed from 1 KB on, for a client that takes that", function()
    start()
    local a = poll(w:poller(), "gzip, deflate", 1024 - 16)
    assert.same({ "gzip(1024)", "gzip", "Accept-Encoding" }, { a.body, a.headers["content-encoding"], a.headers.vary })
    assert.equal("deflate", poll(w:poller(), "deflate", 5000).headers["content-encoding"])
    for _, accept in ipairs { "", "br", "gzip;q=0" } do
      local b = poll(w:poller(), accept, 2000)
      assert.is_nil(b.headers["content-encoding"])
      assert.same({ 2016, "Accept-Encoding" }, { #b.body, b.headers.vary })
    end
    local c = poll(w:poller(), "gzip", 1023 - 16)
    assert.same({ 1023 }, { #c.body, c.headers["content-encoding"] })
  end)

  it("is not compressed when the server says so", function()
    start "compress_min = 0"
    assert.is_nil(poll(w:poller(), "gzip", 5000).headers["content-encoding"])
  end)

  it("is not compressed when ids that are secrets stand beside what a client chose", function()
    start()
    local sid = w:open()
    w:http("POST", "polling&sid=" .. sid, "40")
    local a = poll(sid, "gzip", 5000)
    assert.is_nil(a.headers["content-encoding"])
    assert.truthy(a.body:find "^40{")
  end)
end)
