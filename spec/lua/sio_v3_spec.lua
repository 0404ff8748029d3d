-- spec/lua/sio_v3_spec.lua -- clients of Socket.IO 2, if a server admits them.
local sio_world = require "sio_world"

local SCRIPT = [[io:namespace("/", {
  authorize = function(s) return s.handshake.query.no == nil, "go away" end,
  on = { message = function(s, v) s:emit("message", v) end },
  on_disconnect = function(s, reason) seen.reason = reason end })
  io:namespace("/b", { on_connect = function(s) s:emit("hello", s.handshake.auth.token, s.id) end })]]
local TIMES = "allow_eio3 = true, ping_interval_ms = 300, ping_timeout_ms = 200"

describe("a client of Socket.IO 2", function()
  local w
  local function start(options) w = sio_world.start(SCRIPT, options) end
  after_each(function() w:stop() end)

  local function ask(query, o)
    o = o or {}
    o.path = "/socket.io/?" .. query
    return w.app:request(o)
  end

  it("is refused unless the server lets it in, and where packets are MessagePack", function()
    for _, options in ipairs { "", "allow_eio3 = false", 'allow_eio3 = true, parser = "msgpack"' } do
      start(options)
      for _, query in ipairs { "EIO=3&transport=polling", "transport=polling" } do
        assert.equal('{"code":5,"message":"Unsupported protocol version"}', ask(query).body)
      end
      w:stop()
    end
    start(TIMES)
    for _, eio in ipairs { "EIO=2&", "EIO=5&", "EIO=&" } do assert.equal(5, ask(eio .. "transport=polling").json.code) end
  end)

  it("enters without a CONNECT, and keeps the session's id for its own", function()
    start(TIMES)
    local body = ask("EIO=3&transport=polling").body
    local n, packet = body:match "^(%d+):(.*)$"
    assert.equal(tonumber(n), #packet)
    local sid = packet:match '"sid":"(.-)"'
    assert.equal("2:40", ask("EIO=3&transport=polling&sid=" .. sid).body)
    assert.equal("ok", ask("EIO=3&transport=polling&sid=" .. sid, { method = "POST", body = "17:40/b?token=a%20b," }).body)
    local answer = ask("EIO=3&transport=polling&sid=" .. sid).body
    assert.truthy(answer:find("5:40/b,", 1, true))
    assert.truthy(answer:find('42/b,["hello","a b","/b#' .. sid .. '"]', 1, true))
  end)

  it("is told why it may not enter, by a text alone", function()
    start(TIMES)
    local body = ask("EIO=3&transport=polling&no=1").body
    assert.equal('11:44"go away"', ask("EIO=3&transport=polling&sid=" .. body:match '"sid":"(.-)"').body)
  end)

  it("pings itself, and is ended when it does not", function()
    start(TIMES)
    local body = ask("EIO=3&transport=polling").body
    local at = "EIO=3&transport=polling&sid=" .. body:match '"sid":"(.-)"'
    ask(at)
    for _ = 1, 4 do
      w:advance(0.4)
      assert.equal("ok", ask(at, { method = "POST", body = "1:2" }).body)
      assert.equal("1:3", ask(at).body)
    end
    w:advance(0.51)
    assert.equal(1, ask(at).json.code)
    assert.equal("ping timeout", w.seen.reason)
  end)
end)
