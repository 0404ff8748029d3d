-- spec/lua/sio_gather_spec.lua -- listing sockets, and broadcasts with acknowledgements, on all workers and hosts.
local sio_world = require "sio_world"

local SCRIPT = [[io:namespace("/", { on_connect = function(s) s:join "all" s.data.n = 1 end,
  on = { big = function(s) s.data.n = ("x"):rep(5000) end, message = function(s, v) s:emit("message", v) end } })]]

describe("a question to all", function()
  local w
  before_each(function() w = sio_world.start(SCRIPT) end)
  after_each(function() w:stop() end)

  -- What fn returns, as {first, second}, once it has.
  local function task(fn)
    local out = {}
    require("human.core.sched").spawn(function() out.list, out.why = fn() end)
    return out
  end

  local function ask(ms) return task(function() return w.seen.io:to("all"):timeout(ms):emit_with_ack("q", 1) end) end

  it("has one event for all, and their first answers in an array", function()
    local c, d = w:ws(), w:ws()
    local out = ask(1000)
    assert.same({ { '420["q",1]' }, { '420["q",1]' } }, { c:texts(), d:texts() })
    c:say '430["c",2]'
    d:say "430[]"
    d:say '430["again"]'
    w:advance(0)
    assert.equal("c", out.list[1])
    assert.is_nil(out.why)
    c:say '42["message",1]'
    assert.same({ '42["message",1]' }, c:texts())
  end)

  it("says what is missing: who is late, who is gone, who owes too much", function()
    local c, d = w:ws(), w:ws()
    local late = ask(500)
    c:say '430["c"]'
    assert.is_nil(late.list)
    w:advance(0.6)
    assert.same({ { "c" }, "timeout" }, { { late.list[1] }, late.why })
    d:say '430["too late"]'
    local gone = ask(500)
    c:say '431["c"]'
    d:cut()
    w:advance(0)
    assert.same({ { "c" }, "disconnected" }, { { gone.list[1] }, gone.why })
    for _ = 1, 1000 do ask(50000) end
    local too_many = ask(500)
    w:advance(0)
    assert.same({ 0, "too many" }, { #too_many.list, too_many.why })
  end)

  it("is answered at once where there is nobody", function()
    local out = ask(1000)
    w:advance(0)
    assert.same({ 0 }, { #out.list, out.why })
  end)

  it("tells id, rooms and data of each socket; large data is left out", function()
    local c, d = w:ws(), w:ws()
    d:say '42["big"]'
    local out = task(function() return w.seen.io:sockets() end)
    w:advance(0)
    assert.is_nil(out.why)
    table.sort(out.list, function(a) return a.id == c.sid end)
    assert.same({ c.sid, { "all" }, 1, 0 }, { out.list[1].id, out.list[1].rooms, out.list[1].data.n, out.list[1].worker })
    assert.same({ d.sid }, { out.list[2].id, out.list[2].data })
  end)

  it("names 1,000 sockets of a worker at most", function() -- limit: socket.io list
    for _ = 1, 1001 do w:ws() end
    local out = task(function() return w.seen.io:sockets() end)
    w:advance(0)
    assert.same({ 1000, "too many" }, { #out.list, out.why })
  end)

  it("reaches the other workers, and waits for them only so long", function()
    local sent, bus, app = {}, require "human.bus", w.app
    app.host.workers = function() return 2 end
    app.host.bus_send = function(_, blob)
      sent[#sent + 1] = app.host.unpack(blob)
      return 0
    end
    local c = w:ws()
    local out = ask(1000)
    c:texts()
    c:say '430["c"]'
    assert.is_nil(out.list)
    w:advance(1.6)
    assert.same({ { "c" }, "timeout" }, { { out.list[1] }, out.why })
    assert.is_true(#sent >= 1 and bus ~= nil)
  end)

  it("is not one that could not be sent, nor one without a time", function()
    local target = w.seen.io:of("/")
    for _, ms in ipairs { 0, -1, 50001, "x" } do
      assert.has_error(function() target:timeout(ms) end)
    end
    local raised
    task(function() raised = not pcall(function() target:timeout(100):emit_with_ack "disconnect" end) end)
    assert.is_true(raised)
  end)
end)

describe("a notification of another host", function()
  local w, app, queries
  before_each(function()
    w = sio_world.start(SCRIPT)
    app, queries = w.app, {}
    app.on_query = function(sql, params)
      queries[#queries + 1] = { sql, params }
      return {}
    end
  end)
  after_each(function() w:stop() end)

  local function hear(payload)
    require("human.bus").on_notify(0, 0, 0, app.host.pack { channel = "human_sio", payload = payload })
    app:settle()
  end

  local function message(m)
    return app.host.base64(require("human.sio.encode").pack(m))
  end

  it("is answered when it says hello", function()
    hear("other 1 1/1 " .. message { what = "hello", from = "other" })
    assert.is_true(#queries > 0)
  end)

  it("does no harm, whatever it is", function()
    local c = w:ws()
    for _, m in ipairs { {}, { what = "ask", from = "x" }, { what = "nonsense", from = "x" }, { what = 5, from = {} },
                         { what = "answer", from = "x", to = "host", id = 1, answers = { {} } },
                         { what = "ask", from = "x", id = 1, kind = "recover", payload = "AA==", timeout_s = 1 },
                         { what = "ask", from = "x", id = 1, kind = "ack", payload = "AA==", timeout_s = 1 },
                         { what = "ask", from = "x", id = 1, kind = "sockets", payload = "!", timeout_s = 1e9 } } do
      hear("x 1 1/1 " .. message(m))
    end
    for _, text in ipairs { "", "x", "x 1 1/1 ", "x 1 1/1 !!!", "x 1 2/1 AA==", "x 1 0/0 AA==", "x 1 1/999 AA==",
                            "x 99999999999999999999 1/1 AA==", ("x"):rep(8000), "x 1 1/1 AA==" } do
      hear(text)
    end
    for i = 1, 200 do hear("x " .. i .. " 1/2 AA==") end -- limit: socket.io pieces
    c:say '42["message",1]'
    assert.equal('42["message",1]', c:texts()[1])
  end)
end)
