-- spec/lua/task_spec.lua -- what scripts may do with tasks.

local sched = require "human.core.sched"
local task = require "human.task"

describe("a script's task", function()
  local function watched(fn)
    local seen = {}
    local handle = task.spawn(function() fn(seen) end)
    return handle, seen
  end

  it("waits until it is woken", function()
    local handle, seen = watched(function(seen) seen.woken = task.wait(60) end)
    assert.is_nil(seen.woken)
    task.wake(handle)
    task.sleep(0)
    assert.is_true(seen.woken)
  end)

  it("waits no longer than it said", function()
    local handle, seen = watched(function(seen) seen.woken = task.wait(0.001) end)
    while not handle.ended do task.sleep(0) end
    assert.is_false(seen.woken)
  end)

  it("does not notice being woken when it does not wait", function()
    local handle = watched(function() end)
    task.wake(handle)
    task.sleep(0)
    assert.is_true(handle.ended)
  end)

  it("knows its own handle, by which another may end it", function()
    local handle, seen = watched(function(seen)
      seen.self = task.current()
      seen.error = select(2, pcall(task.wait, 60))
    end)
    assert.equal(handle, seen.self)
    task.kill(handle)
    task.sleep(0)
    assert.equal(sched.Canceled, seen.error)
  end)
end)
