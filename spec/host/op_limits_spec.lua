-- spec/host/op_limits_spec.lua -- how many ops one task may have in flight.

local host = require "human.core.host"
local sched = require "human.core.sched"
local E = host.E
local MAX = host.conf().limits.ops

describe("the operations of a task", function()
  local function start() return host.db_query(sched.owner(), 0, "select pg_sleep(0.02)", host.pack { 0 }, 0) end

  it("are limited; there is room again when some are done", function() -- limit: limits.ops
    local ops = {}
    for i = 1, MAX do
      ops[i] = start()
      assert.is_true(ops[i] > 0)
    end
    assert.equal(E.OPS, start())
    assert.equal("too many ops", host.error_name(E.OPS))
    assert.equal(sched.TooMany, select(2, pcall(sched.await, start())))
    for i = 1, MAX do assert.equal(0, (sched.await(ops[i]))) end
    assert.equal(0, (sched.await(start())))
  end)

  it("do not count against another task", function()
    local ops = {}
    for i = 1, MAX do ops[i] = start() end
    local status
    local me = sched.current()
    sched.spawn(function()
      status = sched.await(start())
      sched.wake(me)
    end)
    for i = 1, MAX do sched.await(ops[i]) end
    if not status then sched.suspend() end
    assert.equal(0, status)
  end)
end)
