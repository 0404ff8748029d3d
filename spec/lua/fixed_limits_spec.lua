-- spec/lua/fixed_limits_spec.lua -- limits of the runtime that are no settings, each tripped (docs/limits.md).

local fake_host = require "fake_host"
local plain_host = require "plain_host"
local sio_world = require "sio_world"

describe("the runtime", function()
  it("refuses a notification that PostgreSQL would not take", function() -- limit: notify payload
    local app = fake_host.start()
    local bus, sent = require "human.bus", 0
    local db = { query = function() sent = sent + 1 end }
    bus.notify(db, "topic", ("x"):rep(6900))
    assert.has_error(function() bus.notify(db, "topic", ("x"):rep(7000)) end,
      "bus.notify: payload of topic is too large")
    assert.equal(1, sent)
    app:stop()
  end)

  it("keeps so many state tables", function() -- limit: state tables
    local state = plain_host.fresh("human.state", plain_host.new())
    for i = 1, 256 do state.table("t" .. i).x = i end
    assert.has_error(function() state.table "one more" end, "state: there are 256 tables already")
    assert.equal(7, state.table("t7").x)
  end)
end)

describe("a Socket.IO socket", function()
  local w, c
  before_each(function()
    w = sio_world.start [[
      io:namespace("/", { on = {
        stuck = function() task.sleep(60) seen.over = true end,
        ask = function(socket)
          for _ = 1, 1000 do seen.spawn(function() socket:emit_with_ack(60, "q") end) end
          seen.one_more = select(2, socket:emit_with_ack(60, "q"))
        end,
        echo = function(socket, v) socket:emit("echo", v) end,
      } })]]
    w.seen.spawn = require("human.core.sched").spawn
    c = w:ws()
    c:texts()
  end)
  after_each(function() w:stop() end)

  it("waits for so many answers of a client at a time", function() -- limit: socket.io answers
    c:say '42["ask"]'
    assert.equal(1000, #c:texts())
    assert.equal("too many", w.seen.one_more)
  end)

  it("gives a handler its time, then goes on with the next packet", function() -- limit: socket.io handler
    c:say '42["stuck"]'
    c:say '42["echo",5]'
    w:advance(20)
    assert.same({}, c:texts())
    w:advance(11)
    assert.equal('42["echo",5]', c:texts()[2])
    assert.is_nil(w.seen.over)
  end)
end)
