-- spec/lua/sio_recovery_spec.lua -- connection state recovery: a client that comes back gets the events it missed.
local sio_world = require "sio_world"

local SCRIPT = [[io:namespace("/", {
  authorize = function(s)
    local auth = s.handshake.auth
    if type(auth.as) == "string" then s:grant("key", { id = auth.as }) s:join("of " .. auth.as) end
    return auth.token ~= "revoked"
  end,
  on_connect = function(s)
    s.data.visits = (s.data.visits or 0) + 1
    seen.recovered, seen.visits = s.recovered, s.data.visits
  end,
  on = { join = function(s, room) s:join(room) end, bye = function(s) s:disconnect() end,
         ask = function(s) s:emit_with_ack(1, "q") end },
})]]

describe("a client that comes back", function()
  local w, of
  before_each(function()
    w = sio_world.start(SCRIPT, "recovery_ms = 120000")
    of = w.seen.io:of "/"
  end)
  after_each(function() w:stop() end)

  -- A client with its private id and a first event behind it.
  local function client(auth)
    local c = w:ws(false)
    c:say("40" .. (auth or ""))
    local text = c:texts()[1]
    c.sid, c.pid = text:match '^40{"sid":"([^"]+)","pid":"([^"]+)"}$'
    c:say '42["join","r"]'
    of:to("r"):emit("first", 1)
    c.offset = c:texts()[1]:match '^42%["first",1,"([^"]+)"%]$'
    return c
  end

  local function back(c, offset, more)
    local d = w:ws(false)
    d:say(('40{"pid":"%s","offset":"%s"%s}'):format(c.pid, offset or c.offset, more or ""))
    return d, d:texts()
  end

  it("has its id, rooms and data again, and what it missed before the CONNECT", function()
    local c = client()
    c:cut()
    of:to("r"):emit("missed", 2)
    of:to("elsewhere"):emit("not mine")
    of:except("r"):emit("not for r")
    of:emit("for all")
    local d, texts = back(c)
    assert.truthy(texts[1]:find '^42%["missed",2,"[%w.]+"%]$')
    assert.truthy(texts[2]:find '^42%["for all","[%w.]+"%]$')
    assert.equal(('40{"sid":"%s","pid":"%s"}'):format(c.sid, c.pid), texts[3])
    assert.equal(3, #texts)
    assert.same({ true, 2 }, { w.seen.recovered, w.seen.visits })
    of:to("r"):emit("now")
    assert.equal(1, #d:texts())
  end)

  it("does not get what was taken back or changed meanwhile, but what stands there instead", function()
    local c = client()
    c:cut()
    of:to("r"):named("a"):emit("missed", { text = "secret" })
    of:to("r"):named("b"):emit("missed", { text = "stays" })
    of:named("a"):to("r"):except("nobody"):emit("shown", "secret")
    assert.equal(2, of:replace("a", "gone", 1, nil, 3))
    assert.equal(0, of:replace("another", "gone"))
    local d, texts = back(c)
    assert.truthy(texts[1]:find '^42%["gone",1,null,3,"[%w.]+"%]$')
    assert.truthy(texts[2]:find '^42%["missed",{"text":"stays"},"[%w.]+"%]$')
    assert.truthy(texts[3]:find '^42%["gone",1,null,3,"[%w.]+"%]$')
    d:cut()
    local log = of.log
    local bytes = 0
    for i = log.first, log.last do bytes = bytes + log.entries[i].size end
    assert.equal(bytes, log.bytes)
    assert.truthy(back(c, texts[1]:match '"([%w.]+)"%]$'))
  end)

  it("is a new one when it missed more than its queue could hold", function()
    local c = client()
    c:cut()
    for _ = 1, 6 do of:to("r"):emit("large", ("x"):rep(100000)) end -- half of max_buffer and more
    local _, texts = back(c)
    assert.equal(1, #texts)
    assert.falsy(texts[1]:find(c.sid, 1, true))
    assert.equal(1, w.seen.visits)
  end)

  it("may do so again and again", function()
    local c = client()
    for i = 1, 3 do
      c:cut()
      of:to("r"):emit("missed", i)
      local d, texts = back(c)
      assert.equal(2, #texts)
      d.pid, d.offset = c.pid, texts[1]:match '"([%w.]+)"%]$'
      c = d
    end
  end)

  it("may be back before its old connection is seen to be dead", function()
    local c = client()
    local _, texts = back(c)
    assert.truthy(texts[1]:find(c.sid, 1, true))
    assert.equal(0, c:closed())
    assert.equal(1, of:count())
  end)

  it("gets bytes that it missed", function()
    local c = client()
    c:cut()
    of:emit("bytes", require("human.sio").binary "\1")
    local _, texts = back(c)
    assert.truthy(texts[1]:find '^451%-%["bytes",{"_placeholder":true,"num":0}')
    assert.same({ "\1" }, texts[2])
  end)

  local function is_new(c, texts)
    local sid = texts[#texts]:match '^40{"sid":"([^"]+)"'
    return #texts == 1 and sid ~= nil and sid ~= c.sid
  end

  for name, act in pairs {
    ["after too long"] = function(c) c:cut() w:advance(121) return c.offset end,
    ["with an unknown offset"] = function(c) c:cut() return "0.ffff" end,
    ["after it said goodbye"] = function(c) c:say "41" return c.offset end,
    ["after the server said goodbye"] = function(c) c:say '42["bye"]' return c.offset end,
  } do
    it("is a new one " .. name, function()
      local c = client()
      local offset = act(c)
      local _, texts = back(c, offset)
      assert.is_true(is_new(c, texts))
    end)
  end

  it("is a new one with another's private id", function()
    local c = client()
    c:cut()
    local _, texts = back({ pid = "stolen", offset = c.offset })
    assert.is_true(is_new(c, texts))
  end)

  it("must still be allowed in", function()
    local c = client()
    c:cut()
    local _, texts = back(c, nil, ',"token":"revoked"')
    assert.same({ '44{"message":"Unauthorized"}' }, texts)
  end)

  it("is a new one when it comes back as somebody else, or as nobody, in none of its rooms", function()
    for i, as in ipairs { '"bob"', '"ann"', "null" } do
      local c = client '{"as":"ann"}'
      c:cut()
      of:to("of ann"):emit("missed", i)
      local d, texts = back(c, nil, ',"as":' .. as)
      if as == '"ann"' then
        assert.same({ 2, true }, { #texts, w.seen.recovered })
      else
        assert.is_true(is_new(c, texts))
        assert.same({ visits = 1 }, { recovered = w.seen.recovered, visits = w.seen.visits })
        of:to("of ann"):emit("more")
        of:to("r"):emit("more")
        assert.same({}, d:texts())
        of:to("of bob"):emit("more")
        assert.equal(as == '"bob"' and 1 or 0, #d:texts())
      end
      d:cut()
    end
  end)

  it("finds no offset on events that want an answer", function()
    local c = client()
    c:say '42["ask"]'
    assert.same({ '420["q"]' }, c:texts())
  end)

  it("may come back to another worker", function()
    local host, sent = w.app.host, {}
    local c = client()
    c:cut()
    of:to("r"):emit("missed", 2)
    host.workers = function() return 2 end
    host.bus_send = function(_, blob)
      sent[#sent + 1] = host.unpack(blob)[2]
      return 0
    end
    local bus = require "human.bus"
    bus.on_bus(0, 0, 1, host.pack { "sio", { kind = "recover", ask = 9, from = 1, payload = {
      path = "/socket.io/", nsp = "/", pid = c.pid, offset = c.offset } } })
    local record = sent[1].answer
    assert.same({ c.sid, { r = true }, { visits = 1 } }, { record.id, record.rooms, record.data })
    assert.equal(1, #record.missed)
    -- and the other way round: a stranger here, known there
    local d = w:ws(false)
    d:say '40{"pid":"far","offset":"1.5"}'
    assert.same({}, d:texts())
    bus.on_bus(0, 0, 1, host.pack { "sio", { kind = "answer", to = 0, id = sent[2].ask, answer = {
      id = "farsid", rooms = { r = true }, data = { visits = 7 },
      missed = { { packet = '42["m","1.6"]', offset = "1.6" } } } } })
    w:advance(0)
    assert.same({ '42["m","1.6"]', '40{"sid":"farsid","pid":"far"}' }, d:texts())
    assert.equal(8, w.seen.visits)
    d:cut()
    of:to("r"):emit("later")
    local _, texts = back({ pid = "far", offset = "1.6" })
    assert.equal(2, #texts)
  end)
end)

describe("the log of a namespace", function()
  it("is bounded in bytes", function() -- limit: socket.io recovery
    local w = sio_world.start(SCRIPT, "recovery_ms = 120000")
    local of = w.seen.io:of "/"
    w:ws()
    local big = ("x"):rep(100000)
    for _ = 1, 200 do of:emit("big", big) end
    local log = of.log
    assert.is_true(log.bytes <= 8388608)
    local n = 0
    for _ in pairs(log.entries) do n = n + 1 end
    assert.equal(log.last - log.first + 1, n)
    for _ in pairs(log.index) do n = n - 1 end
    assert.equal(0, n)
    w:stop()
  end)
end)
