-- spec/host/allocated_spec.lua -- memory is counted by what asked for it.

local host = require "human.core.host"
local sched = require "human.core.sched"

local function by(name) return host.allocated()[name] or 0 end

describe("memory that scripts ask for", function()
  it("counts for the label that runs, also when it is free again", function()
    local name, kept = "spec.allocated", {}
    local task = { label = host.label(name) }
    local before = by(name)
    sched.spawn_as(task, function()
      for i = 1, 100 do kept[i % 2] = (i .. "a"):rep(500) end
    end)
    assert.is_true(task.ended)
    assert.is_true(by(name) - before >= 100 * 1000)
    local now = by(name)
    for i = 1, 100 do kept[i % 2] = (i .. "b"):rep(500) end
    assert.equal(now, by(name))
    assert.equal(("99b"):rep(500), kept[1])
  end)
end)
