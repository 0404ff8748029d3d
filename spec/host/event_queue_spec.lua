-- spec/host/event_queue_spec.lua -- the event queue without memory: awaited events still arrive, and for others
-- the sender gets an error.

local host = require "human.core.host"
local sched = require "human.core.sched"
local wire = require "wire"
local ws_unit = require "ws_unit"
local connections = require "human.http.connections"

local C, EV, E = require "c_types" ("core/op.h", "op_starved", "op_push", "op_missed"), host.EV, host.E

local HANDSHAKE = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
  .. "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

describe("without memory for events", function()
  local bus = require "human.bus"
  local dropped, c

  -- As many messages of the bus as find room: from here on only what must arrive does.
  local function fill()
    C.op_starved = 1
    local n = 0
    while C.op_push(EV.BUS, 0, 0, 0, nil, 0) == 0 do n = n + 1 end
    return n
  end

  before_each(function()
    dropped = 0
    sched.on_event(EV.BUS, function() dropped = dropped + 1 end)
  end)
  after_each(function()
    C.op_starved = 0
    sched.on_event(EV.BUS, bus.on_bus)
    sched.on_event(EV.NOTIFY, bus.on_notify)
    wire.serve(nil)
    if c then c:close() end
    c = nil
  end)

  it("every operation that has begun ends", function()
    local statuses = {}
    for i = 1, 50 do
      sched.spawn(function()
        local spec = { url = "http://127.0.0.1:1/", method = "GET", headers = {}, timeout_s = 5, connect_timeout_s = 5,
                       max_bytes = 1000, stream = false, guard = false }
        statuses[i] = sched.await(host.fetch(sched.owner(), spec))
      end)
    end
    assert.is_true(fill() > 100)
    wire.eventually(function() return #statuses == 50 end)
    for _, status in ipairs(statuses) do assert.is_true(status == E.FULL or status == E.NET) end
  end)

  it("no operation begins that might not end", function()
    local refused
    fill()
    local owner = host.task_new()
    refused = owner < 0
    C.op_starved = 0
    assert.is_true(refused)
  end)

  it("statements give their results", function()
    local db = require "human.db"
    local value
    sched.spawn(function() value = db.value "select 5 from pg_sleep(0.05)" end)
    fill()
    wire.eventually(function() return value end)
    assert.equal(5, value)
  end)

  it("timers run", function()
    local woken
    sched.spawn(function()
      sched.sleep(0.01)
      woken = true
    end)
    fill()
    wire.eventually(function() return woken end)
  end)

  it("a request is answered 503", function()
    C.op_starved = 1
    c = wire.open "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    assert.equal(503, (c:answer()))
  end)

  it("a WebSocket whose message is lost ends, and its script hears of that", function()
    local messages, code, id = {}, nil, nil
    wire.serve(function(req)
      id = host.ws_accept(req, {})
      connections.bind(id, { on_message = function(_, data) messages[#messages + 1] = data end,
                     on_close = function(_, with) code = with end })
    end)
    c = wire.open(HANDSHAKE)
    assert.equal(101, (c:answer()))
    c:send(ws_unit.frame(1, "first"))
    wire.eventually(function() return messages[1] end)
    C.op_starved = 1
    c:send(ws_unit.frame(1, "lost") .. ws_unit.frame(1, "after it"))
    wire.eventually(function() return code end)
    C.op_starved = 0
    assert.same({ { "first" }, 1006 }, { messages, code })
    assert.is_true(host.ws_send(id, 1, "x") < 0)
  end)

  it("what other workers and the database said is told as lost, once", function()
    local gaps = 0
    sched.on_event(EV.NOTIFY, function(status) gaps = gaps + status end)
    for _ = 1, 3 do C.op_missed() end
    fill()
    wire.eventually(function() return gaps > 0 end)
    sched.sleep(0.01)
    assert.equal(1, gaps)
    assert.is_true(dropped > 100)
  end)
end)
