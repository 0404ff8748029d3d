-- spec/lua/sched_limits_spec.lua -- the limits of a task, and what the watchdog sees of it; with a scripted event
-- queue.

local E = { CANCELED = -3, OPS = -11 }
local DONE, TIMER = 2, 10
local NAMES = { "human.core.host", "human.core.timer", "human.core.sched", "human.core.events" }
local event_queue = require "event_queue"

describe("the scheduler", function()
  local sched, host, saved

  before_each(function()
    saved = {}
    for _, name in ipairs(NAMES) do saved[name], package.loaded[name] = package.loaded[name], nil end
    host = event_queue()
    package.loaded["human.core.host"] = host
    sched = require "human.core.sched"
    sched.on_event(TIMER, require("human.core.timer").run)
  end)

  after_each(function()
    for _, name in ipairs(NAMES) do package.loaded[name] = saved[name] end
  end)

  local function push(...) host.queue[#host.queue + 1] = { ... } end

  local function at(t)
    host.t = t
    push(TIMER, 0, 0)
    sched.dispatch(100)
  end

  describe("tells the watchdog what runs", function()
    it("at every step of a task, also one that is resumed later", function()
      sched.spawn_as({ label = 3, ref = "a" }, function() sched.await(7) end)
      sched.spawn_as({ label = 4, ref = "b" }, function() sched.await(8) end)
      push(DONE, 0, 7)
      push(DONE, 0, 8)
      sched.dispatch(1)
      assert.same({ "3/a", "0", "4/b", "0", "3/a", "0", "4/b", "0" }, host.marks)
    end)

    it("as what it was before, when a task has started another", function()
      sched.spawn_as({ label = 3, ref = "a" }, function()
        sched.spawn_as({ label = 4, ref = "b" }, function() end)
      end)
      assert.same({ "3/a", "4/b", "3/a", "0" }, host.marks)
    end)

    it("as what started it, until it has a name of its own", function()
      sched.spawn_as({ label = 3, ref = "a" }, function()
        sched.spawn(function() sched.name(5, "c") sched.await(7) end)
      end)
      push(DONE, 0, 7)
      sched.dispatch(1)
      assert.same({ "3/a", "3/a", "5/c", "3/a", "0", "5/c", "0" }, host.marks)
    end)
  end)

  it("says which task ran for long without waiting", function() -- limit: limits.script_soft_ms
    local slow = {}
    sched.limit { tasks = 10, ops = 10, slice_s = 0.02 }
    sched.on_slow(function(...) slow[#slow + 1] = { ... } end)
    for op = 7, 9 do
      sched.spawn_as({ label = op, ref = "r" }, function()
        sched.await(op)
        host.t = host.t + (op == 8 and 0.5 or 0.01)
      end)
      push(DONE, 0, op)
    end
    while sched.dispatch(1) do end
    assert.same({ { 8, "r", 0.5 } }, slow)
  end)

  it("lets others in between tasks that were woken together", function()
    local n = 0
    for _ = 1, 10 do
      local task = sched.spawn(function() sched.suspend() n, host.t = n + 1, host.t + 1 end)
      sched.wake(task)
    end
    assert.is_true(sched.dispatch(2.5))
    assert.equal(3, n)
    while sched.dispatch(2.5) do end
    assert.equal(10, n)
  end)

  it("leaves a task behind that waits on, however often it is told to end", function() -- limit: deadline grace
    local told, ends = 0, {}
    local task = { limit = 1, limit_error = "late", on_finish = function(_, err) ends[#ends + 1] = err end }
    sched.spawn_as(task, function()
      sched.owner()
      while true do
        local ok, err = pcall(sched.suspend)
        if not ok and err == "late" then told = told + 1 end
      end
    end)
    for t = 1, 20 do at(t + 0.5) end
    assert.equal(3, told)
    assert.same({ "late" }, ends)
    assert.equal(0, sched.live())
    assert.equal(1, #host.ended)
    assert.is_false(sched.wake(task))
  end)

  it("does the same with one that goes on beyond its limit of waits", function() -- limit: limits.awaits
    local tried, ends = 0, {}
    sched.spawn_as({ max_awaits = 3, on_finish = function(_, err) ends[#ends + 1] = err end }, function()
      while true do
        tried = tried + 1
        pcall(sched.await, 7)
      end
    end)
    for _ = 1, 3 do
      push(DONE, 0, 7)
      sched.dispatch(1)
    end
    assert.same({ sched.TooMany }, ends)
    assert.is_true(tried > 3 and tried < 200)
    assert.equal(0, sched.live())
  end)

  it("lets a request have so many tasks at a time", function() -- limit: limits.ops
    local ok, err
    sched.limit { tasks = 1000, ops = 4, slice_s = 1 }
    local children = {}
    local function child() sched.suspend() end
    sched.spawn_as({ max_awaits = 1000 }, function()
      for i = 1, 4 do children[i] = sched.spawn_child(child) end
      ok, err = pcall(sched.spawn_child, child)
      sched.await(7)
      children[5] = sched.spawn_child(child)
    end)
    assert.is_false(ok)
    assert.equal(sched.TooMany, err)
    sched.wake(children[1])
    sched.dispatch(1)
    push(DONE, 0, 7)
    sched.dispatch(1)
    assert.is_false(children[5].ended)
  end)

  it("lets nobody else have tasks when the worker has all that it may", function() -- limit: limits.tasks
    sched.limit { tasks = 3, ops = 64, slice_s = 1 }
    for _ = 1, 3 do sched.spawn_child(sched.suspend) end
    assert.is_true(sched.is_full())
    assert.equal(sched.TooMany, select(2, pcall(sched.spawn_child, sched.suspend)))
    assert.equal(3, sched.live())
  end)

  it("raises when the host has too much under way for the task", function()
    local err
    sched.spawn(function() err = select(2, pcall(sched.await, E.OPS)) end)
    assert.equal(sched.TooMany, err)
  end)
end)
