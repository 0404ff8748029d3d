-- spec/lua/sio_nsp_spec.lua -- namespaces, handlers, acknowledgements, bytes, rooms and reloads.
local sio_world = require "sio_world"

describe("CONNECT", function()
  local w
  before_each(function()
    w = sio_world.start [[
      io:namespace("/", {
        authorize = function(s)
          local h = s.handshake
          if h.auth.wait then task.sleep(1) end
          if h.auth.bug then error "oops" end
          if h.auth.token == "bad" then return nil, "Unauthorized", { code = "bad_key" } end
          s.data.name = h.query.name or h.auth.name
          return true
        end,
        on_connect = function(s) s:emit("hello", s.data.name) end,
        on = { message = function(s, v) s:emit("message", v) end },
        on_disconnect = function(s, why) seen[#seen + 1] = why end })
      io:namespace("/chat", {})]]
  end)
  after_each(function() w:stop() end)

  it("answers with the socket's own id", function()
    local c = w:ws(false)
    c:say '40{"name":"ann"}'
    local texts = c:texts()
    assert.truthy(texts[1]:find '^40{"sid":"[%w_-]+"}$')
    assert.equal('42["hello","ann"]', texts[2])
    assert.is_nil(c.open:find(texts[1]:match '"sid":"(.-)"', 1, true))
  end)

  it("knows the query of the first request", function()
    local c = w:raw "websocket&name=b%20o+b"
    c:say "40"
    assert.equal('42["hello","b o b"]', c:texts()[3])
  end)

  it("refuses with message and data, and leaves the transport open", function()
    local c = w:ws(false)
    c:say '40{"token":"bad"}'
    assert.same({ '44{"message":"Unauthorized","data":{"code":"bad_key"}}' }, c:texts())
    assert.is_nil(c:closed())
    c:say '40{"name":"x"}'
    assert.equal(2, #c:texts())
  end)

  it("is refused while it is out of service, so that those who come again end no further worker", function() -- limit: strikes
    w.app.struck = "socket.io / connect"
    require("human.core.sched").dispatch(1)
    local c = w:ws(false)
    c:say "40"
    assert.same({ '44{"message":"Out of service","data":{"code":"route_disabled"}}' }, c:texts())
    w.app.struck = "socket.io / disconnect"
    require("human.core.sched").dispatch(1)
    c:say "40"
    c:say "41"
    assert.same({}, w.seen[1] and { w.seen[1] } or {})
  end)

  it("tells nothing of a bug in authorize", function()
    local c = w:ws(false)
    c:say '40{"bug":true}'
    assert.same({ '44{"message":"Internal server error"}' }, c:texts())
  end)

  it("refuses namespaces that nobody declared", function()
    local c = w:ws(false)
    c:say "40/random"
    c:say "40/chat?x=1,"
    assert.same({ '44/random,{"message":"Invalid namespace"}',
                  '44/chat?x=1,{"message":"Invalid namespace"}' }, c:texts())
  end)

  it("joins several namespaces on one transport", function()
    local c = w:ws()
    c:texts()
    c:say "40/chat,"
    assert.truthy(c:texts()[1]:find '^40/chat,{"sid":"[%w_-]+"}$')
    c:say "41"
    c:say '42/chat,["nobody listens"]'
    assert.is_nil(c:closed())
    assert.same({ "client namespace disconnect" }, { unpack(w.seen) })
  end)

  it("lets packets behind it wait for it", function()
    local c = w:ws(false)
    c:say '40{"wait":true,"name":"n"}'
    c:say '42["message",1]'
    assert.same({}, c:texts())
    w:advance(1)
    assert.same({ '42["hello","n"]', '42["message",1]' }, { select(2, unpack(c:texts())) })
  end)

  it("gives a client that leaves meanwhile no socket", function()
    local c = w:ws(false)
    c:say '40{"wait":true}'
    c:cut()
    w:advance(1)
    assert.equal(0, w.seen.io:of("/"):count())
    assert.equal(0, #w.seen)
  end)

  for name, packets in pairs {
    ["an event before it"] = { '42["x"]' }, ["a second one"] = { "40", "40" },
    ["an event elsewhere"] = { "40", '42/chat,["x"]' },
    ["its refusal by the client"] = { "40", '44{"message":"x"}' },
    ["a reserved event"] = { "40", '42["disconnect"]' }, ["no JSON object"] = { "40[]" },
    ["no JSON"] = { "40", "42{" }, ["no packet type"] = { "4" }, ["no engine packet"] = { "x" },
    ["an empty frame"] = { "" }, ["bytes out of the blue"] = { "40", { "x" } },
    ["text instead of bytes"] = { "40", '451-["x",{"_placeholder":true,"num":0}]', '42["x"]' },
    ["a wrong placeholder"] = { "40", '451-["x",{"_placeholder":true,"num":1}]', { "x" } },
    ["eleven attachments"] = { "40", '4511-["x"]' }, -- limit: socket.io attachments
  } do
    it("is followed by the end of the transport for " .. name, function()
      local c = w:ws(false)
      for _, packet in ipairs(packets) do
        assert.is_nil(c:closed())
        if type(packet) == "table" then c:say_binary(packet[1]) else c:say(packet) end
      end
      assert.equal(0, c:closed())
    end)
  end
end)

describe("events", function()
  local w, c
  before_each(function()
    w = sio_world.start [[
      local sio_binary = sio.binary
      io:namespace("/", { on = {
        message = function(s, ...) s:emit("message-back", ...) end,
        ask = function(s, a, ack) ack(a, "answer") ack("twice") end,
        bytes = function(s, b, ack) seen.data = b.data ack(sio_binary(b.data .. "!"), b.is_binary) end,
        question = function(s) seen.got = { s:emit_with_ack(2, "question", 1) } end,
        slow = function(s, n) task.sleep(1) s:emit("slow", n) end,
        broken = function() error "a bug" end,
        leave = function(s, close) s:disconnect(close) end,
        [7] = function(s) s:emit("seven") end },
        on_any = function(s, ...) s:emit("any", ...) end })
      io:namespace("/b", { on_disconnect = function(s, why) seen.b = why end })]]
    c = w:ws()
    c:texts()
  end)
  after_each(function() w:stop() end)

  local function answers(frame, expected)
    c:say(frame)
    assert.same(expected, c:texts())
  end

  it("carry any number of any JSON values", function()
    answers('42["message",1,"2",[3,{}],null,true]', { '42["message-back",1,"2",[3,{}],null,true]' })
    answers('42["message"]', { '42["message-back"]' })
    answers('42["message",[]]', { '42["message-back",[]]' })
    answers('42["message",null]', { '42["message-back",null]' })
    answers('42["message","\\u00e9/\\""]', { '42["message-back","\195\169/\\""]' })
  end)

  it("go to on_any with their name when nobody asked for them", function()
    answers('42["what",1]', { '42["any","what",1]' })
    answers("42[7]", { '42["seven"]' })
  end)

  it("are acknowledged once", function()
    answers('4212["ask",5]', { '4312[5,"answer"]' })
  end)

  it("that are marked tell on_ack of their acknowledgement, in the order of the client's packets", function()
    w:load [[
      io:namespace("/", { on = {
        message = function() end, ask = function() end, bytes = function() end, question = function() end,
        slow = function(s, n) task.sleep(1) seen[#seen + 1] = n end, broken = function() end, leave = function() end,
        [7] = function() end,
        mark = function(s) s:emit_marked({ seq = 7 }, "do", "this") end },
        on_any = function() end,
        on_ack = function(s, mark, answer) seen[#seen + 1] = { mark.seq, answer } end })
      io:namespace("/b", {})]]
    c:say '42["mark"]'
    local id = c:texts()[1]:match '^42(%d+)%["do","this"%]$'
    c:say '42["slow","before"]'
    c:say("43" .. id .. '["done"]')
    c:say("43" .. id .. '["again"]')
    c:say '43999[1]'
    w:advance(1)
    assert.same({ "before", { 7, "done" } }, { w.seen[1], w.seen[2] })
    assert.is_nil(w.seen[3])
  end)

  it("that come after a reload are not ended with the old scripts, however long a socket has been busy", function()
    local old = require("human.scripts.generation").current()
    c:say '42["slow",1]'
    w:load [[io:namespace("/", { on = { slow = function(s, n) task.sleep(1) s:emit("slow", n) end },
      on_any = function() end })
      io:namespace("/b", {})]]
    c:say '42["slow",2]'
    w:advance(1.1)
    local sched = require "human.core.sched"
    for _, task in ipairs(sched.tasks_of(old)) do sched.expire(task) end
    w:advance(1.1)
    assert.same({ '42["slow",1]', '42["slow",2]' }, c:texts())
  end)

  it("carry bytes in both directions", function()
    c:say '451-3["bytes",{"_placeholder":true,"num":0}]'
    c:say_binary "\1\2"
    assert.same({ '461-3[{"_placeholder":true,"num":0},true]', { "\1\2!" } }, c:texts())
    answers('450-["message"]', { '42["message-back"]' })
  end)

  it("write placeholders as one text, wherever they stand, since clients look for it", function()
    c:say '452-["message",{"a":[{"num":0,"_placeholder":true}]},{"num":1,"_placeholder":true}]'
    c:say_binary "x"
    c:say_binary "y"
    assert.equal('452-["message-back",{"a":[{"_placeholder":true,"num":0}]},{"_placeholder":true,"num":1}]',
      c:texts()[1])
  end)

  it("carry bytes over polling, too", function()
    local sid = w:poller()
    w:http("POST", "polling&sid=" .. sid, '451-["message",{"_placeholder":true,"num":0}]\030bAQI=')
    assert.equal('451-["message-back",{"_placeholder":true,"num":0}]\030bAQI=',
      w:http("GET", "polling&sid=" .. sid).body)
  end)

  for name, text in pairs { ["a line break behind it"] = "AQI=\n", ["no padding"] = "AQI", ["MIME lines"] = "A\r\nQI=\r\n",
                            ["the URL alphabet"] = "-_8=" } do
    it("carry bytes over polling in base64 with " .. name, function()
      local sid = w:poller()
      assert.equal(200, w:http("POST", "polling&sid=" .. sid,
        '451-["message",{"_placeholder":true,"num":0}]\030b' .. text).status)
      local want = name == "the URL alphabet" and "+/8=" or "AQI="
      assert.equal('451-["message-back",{"_placeholder":true,"num":0}]\030b' .. want,
        w:http("GET", "polling&sid=" .. sid).body)
    end)
  end

  it("may ask the client", function()
    answers('42["question"]', { '420["question",1]' })
    c:say '430["fine",2]'
    c:say '430["again"]'
    assert.same({ "fine", 2 }, w.seen.got)
  end)

  it("tell when the client does not answer, or is gone", function()
    answers('42["question"]', { '420["question",1]' })
    w:advance(2)
    assert.same({ [2] = "timeout" }, w.seen.got)
    c:say '42["question"]'
    c:cut()
    w:advance(0)
    assert.same({ [2] = "disconnected" }, w.seen.got)
  end)

  it("of one socket are handled in order, others meanwhile", function()
    local d = w:ws()
    d:texts()
    c:say '42["slow",1]'
    c:say '42["message",2]'
    d:say '42["message",3]'
    assert.same({ {}, { '42["message-back",3]' } }, { c:texts(), d:texts() })
    w:advance(1)
    assert.same({ '42["slow",1]', '42["message-back",2]' }, c:texts())
  end)

  it("survive a bug in a handler", function()
    answers('42["broken"]', {})
    answers('42["message",1]', { '42["message-back",1]' })
  end)

  it("end with the namespace when the server says so", function()
    answers('42["leave"]', { "41" })
    assert.is_nil(c:closed())
  end)

  it("end with all namespaces and the transport", function()
    c:say "40/b,"
    c:texts()
    answers('42["leave",true]', { "41", "41/b," })
    assert.equal(0, c:closed())
    assert.equal("server namespace disconnect", w.seen.b)
  end)

  it("may not bear a reserved name", function()
    assert.has_error(function() w.seen.io:emit("disconnect") end)
    assert.has_error(function() w.seen.io:emit(5) end)
  end)
end)
