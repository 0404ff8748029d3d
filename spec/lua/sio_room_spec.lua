-- spec/lua/sio_room_spec.lua -- rooms, broadcasts, other workers, reloads, memory.
local sio_world = require "sio_world"

local ROOMS = [[io:namespace("/", {
  on = { join = function(s, room) s:join(room) end,
         leave = function(s, room) s:leave(room) end,
         others = function(s, room) s:to(room):emit("others", room) end,
         all = function(s) s:broadcast():emit("all") end },
})]]

describe("rooms", function()
  local w, a, b, c, of
  before_each(function()
    w = sio_world.start(ROOMS)
    a, b, c = w:ws(), w:ws(), w:ws()
    of = w.seen.io:of "/"
    a:say '42["join","r"]'
    b:say '42["join","r"]'
    b:say '42["join","q"]'
    for _, client in ipairs { a, b, c } do client:texts() end
  end)
  after_each(function() w:stop() end)

  local function heard()
    local out = {}
    for i, client in ipairs { a, b, c } do out[i] = #client:texts() end
    return table.concat(out)
  end

  it("hear what is sent to them", function()
    of:to("r"):emit("x")
    assert.equal("110", heard())
    of:emit("x")
    assert.equal("111", heard())
    of:to("q"):to("r"):emit("x")
    assert.equal("110", heard())
    of:to("nobody"):emit("x")
    assert.equal("000", heard())
  end)

  it("may be excepted, and so may sockets", function()
    of:to("r"):except("q"):emit("x")
    assert.equal("100", heard())
    of:except("r"):emit("x")
    assert.equal("001", heard())
    of:except(a.sid):emit("x")
    assert.equal("011", heard())
    of:to(c.sid):emit("x")
    assert.equal("001", heard())
  end)

  it("do not hear themselves through socket:to", function()
    a:say '42["others","r"]'
    assert.equal("010", heard())
    c:say '42["all"]'
    assert.equal("110", heard())
  end)

  it("follow joining, leaving, and the ends of sockets", function()
    of:to("r"):emit("x")
    c:say '42["join","r"]'
    c:say '42["join","r"]'
    assert.equal(3, of:count "r")
    a:say '42["leave","r"]'
    heard()
    of:to("r"):emit("x")
    assert.equal("011", heard())
    b:cut()
    of:to("r"):emit("x")
    assert.same({ 1, 2, 0 }, { of:count "r", of:count(), of:count "q" })
    assert.equal("001", heard())
  end)

  it("reach pollers, and follow them to their WebSocket", function()
    local sid = w:poller()
    w:http("POST", "polling&sid=" .. sid, '42["join","p"]')
    of:to("p"):emit("x", 1)
    assert.equal('42["x",1]', w:http("GET", "polling&sid=" .. sid).body)
    local ws = w:raw("websocket&sid=" .. sid)
    ws:say "2probe"
    ws:say "5"
    of:to("p"):emit("x", 2)
    assert.same({ "3probe", '42["x",2]' }, ws:texts())
  end)

  it("stay through a reload, with new handlers", function()
    w:load [[io:namespace("/", { on = { others = function(s) s:emit("new") end } })]]
    a:say '42["others","r"]'
    assert.same({ '42["new"]' }, a:texts())
    w.seen.io:of("/"):to("r"):emit("x")
    assert.equal("110", heard())
  end)

  it("can be emptied from the server", function()
    of:to("r"):disconnect_sockets()
    assert.same({ { "41" }, { "41" }, {} }, { a:texts(), b:texts(), c:texts() })
    assert.equal(1, of:count())
    assert.equal(1, #of:sockets())
  end)
end)

describe("another worker", function()
  local w, sent, c
  before_each(function()
    w = sio_world.start(ROOMS)
    sent = {}
    w.app.host.workers = function() return 2 end
    w.app.host.bus_send = function(to, blob)
      sent[#sent + 1] = { to, w.app.host.unpack(blob) }
      return 0
    end
    c = w:ws()
    c:texts()
  end)
  after_each(function() w:stop() end)

  local function hear(message)
    require("human.bus").on_bus(0, 0, 1, w.app.host.pack { "sio", message })
  end

  it("is told what is emitted, and tells", function()
    w.seen.io:of("/"):to("r"):emit("x", 1)
    local payload = sent[1][2][2].payload
    assert.same({ -1, "sio",
      '42["x",1]', { "r" } }, { sent[1][1], sent[1][2][1], payload.packet, payload.rooms })
    w.seen.io:of("/"):local_emit("y")
    assert.equal(1, #sent)
    c:texts()
    hear { kind = "emit", payload = { path = "/socket.io/", nsp = "/", packet = '42["z"]' } }
    assert.same({ '42["z"]' }, c:texts())
  end)

  it("adds its sockets to count_all", function()
    local total
    require("human.core.sched").spawn(function() total = w.seen.io:of("/"):count_all() end)
    local question = sent[1][2][2]
    hear { kind = "answer", to = 0, id = question.ask, answer = 4 }
    w:advance(0)
    assert.equal(5, total)
  end)

  it("gets the connections of its sessions", function()
    local passed
    w.app.host.pass = function(req, worker) passed = { req, worker } return 0 end
    w.app.host.worker = function() return 1 end
    local sid = w:open()
    w.app.host.worker = function() return 0 end
    require("human.sio.engine").runtimes()["/socket.io/"].sessions[sid] = nil
    local id = w:send("GET", "polling&sid=" .. sid)
    assert.same({ id, 1 }, passed)
    w.app.host.worker = function() return 1 end
    assert.equal(1, w:http("GET", "polling&sid=" .. sid).json.code)
  end)
end)

describe("an idle connection", function()
  local function bytes_each(options, n)
    local w = sio_world.start(ROOMS, options)
    local function open(count)
      for i = 1, count do
        local c = w:raw("websocket&agentId=c" .. ("%024d"):format(i) .. "&apiKey=" .. ("k"):rep(35))
        c:say "40"
        w.app.requests, w.app.sockets[c.id] = {}, { sent = {} }
      end
      collectgarbage()
      collectgarbage()
      return collectgarbage "count" * 1024
    end
    local before = open(10)
    local after = open(n)
    w:stop()
    -- what the fake host itself keeps: a socket's table with an empty list
    return (after - before) / n - 64 - 24 * 1.5 - 40 - 24
  end

  it("takes less than 1.5 KB", function()
    local each = bytes_each("", 5000)
    assert.is_true(each < 1500, each .. " bytes")
    if os.getenv "VERBOSE" then print("\nbytes per idle connection: " .. math.floor(each)) end
  end)
end)
