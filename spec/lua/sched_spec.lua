-- spec/lua/sched_spec.lua -- tasks, with a scripted event queue.

local DONE, CHUNK, TIMER = 2, 3, 10
local event_queue = require "event_queue"

describe("the scheduler", function()
  local sched, replaced, host, saved
  local names = { "human.core.host", "human.core.timer", "human.core.sched", "human.core.events",
    "human.core.replaced" }

  before_each(function()
    saved = {}
    for _, name in ipairs(names) do saved[name], package.loaded[name] = package.loaded[name], nil end
    host = event_queue()
    package.loaded["human.core.host"] = host
    sched, replaced = require "human.core.sched", require "human.core.replaced"
  end)

  after_each(function()
    for _, name in ipairs(names) do package.loaded[name] = saved[name] end
  end)

  local function push(...) host.queue[#host.queue + 1] = { ... } end

  it("runs a task at once until it awaits, and on when its op is done", function()
    local seen = {}
    sched.spawn(function(a, b)
      seen[1] = a + b
      local status, data = sched.await(7)
      seen[2], seen[3] = status, data
    end, 1, 2)
    assert.same({ 3 }, seen)
    push(DONE, 5, 7, "data")
    sched.dispatch(1)
    assert.same({ 3, 5, "data" }, seen)
    assert.equal(0, sched.live())
  end)

  it("returns an error status instead of waiting for an op that was refused", function()
    local got
    sched.spawn(function() got = sched.await(-2) end)
    assert.equal(-2, got)
  end)

  it("keeps what is done before a task awaits it", function()
    local seen = {}
    sched.spawn(function()
      local owner = sched.owner()
      push(DONE, 2, 8, "second", owner)
      push(DONE, 1, 7, "first", owner)
      seen[1] = select(2, sched.await(7))
      seen[2] = select(2, sched.await(8))
    end)
    sched.dispatch(1)
    assert.same({ "first", "second" }, seen)
    assert.equal(0, sched.live())
  end)

  it("frees what a task owns when it ends, and only once", function()
    sched.spawn(function() sched.owner() sched.owner() end)
    assert.same({ 101 }, host.ended)
  end)

  it("raises inside a killed task, so that its cleanup runs", function()
    local cleaned, err
    local task = sched.spawn(function()
      local ok, e = pcall(sched.await, 7)
      cleaned, err = not ok, e
      error(e, 0)
    end)
    sched.kill(task)
    assert.same({ 7 }, host.cancelled)
    sched.dispatch(1)
    assert.is_true(cleaned)
    assert.equal(sched.Canceled, err)
    assert.is_true(task.ended)
    assert.same({}, host.logged)
  end)

  it("raises the given error in a task that is suspended", function()
    local err
    local task = sched.spawn(function() err = select(2, pcall(sched.suspend)) end)
    sched.kill(task, "too late")
    sched.dispatch(1)
    assert.equal("too late", err)
  end)

  it("wakes a suspended task with values, after the present event", function()
    local got
    local task = sched.spawn(function() got = { sched.suspend() } end)
    assert.is_true(sched.wake(task, 1, 2, 3))
    assert.is_nil(got)
    assert.is_false(sched.wake(task))
    sched.dispatch(1)
    assert.same({ 1, 2, 3 }, got)
  end)

  it("logs an error that nobody handles, and goes on", function()
    sched.spawn(function() error "a bug" end)
    assert.matches("a bug", host.logged[1])
    local ran = false
    sched.spawn(function() ran = true end)
    assert.is_true(ran)
  end)

  it("tells the caller's hook how a task ended", function()
    local ends = {}
    local function hook(_, err) ends[#ends + 1] = tostring(err) end
    sched.spawn_as({ on_finish = hook }, function() end)
    sched.spawn_as({ on_finish = hook }, function() error("x", 0) end)
    assert.same({ "nil", "x" }, ends)
  end)

  it("limits how often a task may await", function()
    local err
    sched.spawn_as({ max_awaits = 3 }, function()
      for _ = 1, 5 do
        local ok, e = pcall(sched.await, 7)
        if not ok then err = e return end
      end
    end)
    for _ = 1, 5 do
      push(DONE, 0, 7)
      sched.dispatch(1)
    end
    assert.equal(sched.TooMany, err)
  end)

  it("ends a task at its deadline with the error that it was given", function()
    local err
    sched.spawn_as({ limit = 1, limit_error = "deadline" }, function()
      err = select(2, pcall(sched.suspend))
    end)
    host.t = 2
    sched.on_event(TIMER, require("human.core.timer").run)
    push(TIMER, 0, 0)
    sched.dispatch(10)
    assert.equal("deadline", err)
  end)

  it("stops early to be fair and says so", function()
    local n = 0
    sched.on_event(TIMER, function() n = n + 1 host.t = host.t + 1 end)
    for _ = 1, 100 do push(TIMER, 0, 0) end
    assert.is_true(sched.dispatch(2))
    assert.is_true(n < 10)
    while sched.dispatch(2) do end
    assert.equal(100, n)
  end)

  it("hands the chunks of an op to whoever asked for them", function()
    local seen = {}
    sched.on_chunk(9, function(status, data) seen[#seen + 1] = status .. data end)
    push(CHUNK, 2, 9, "a")
    push(DONE, 0, 9)
    push(CHUNK, 2, 9, "late")
    sched.dispatch(1)
    assert.same({ "2a" }, seen)
  end)

  it("tells the end of an op that nobody awaits to whoever asked for that, once", function()
    local seen, awaited = {}, nil
    local function at_end(status, data) seen[#seen + 1] = status .. data end
    sched.on_chunk(9, nil, at_end)
    sched.on_chunk(8, nil, at_end)
    sched.spawn(function() awaited = { sched.await(8) } end)
    for _, op in ipairs { 9, 9, 8 } do push(DONE, op, op, "b") end
    sched.dispatch(1)
    assert.same({ "9b" }, seen)
    assert.same({ 8, "b" }, awaited)
  end)

  it("reuses coroutines but not after a failure", function()
    local first, second, third
    sched.spawn(function() first = coroutine.running() end)
    sched.spawn(function() second = coroutine.running() error "x" end)
    sched.spawn(function() third = coroutine.running() end)
    assert.equal(first, second)
    assert.not_equal(second, third)
  end)

  it("ends the tasks of a generation of scripts, and none of the runtime's own", function()
    local g, ended = {}, {}
    for name, gen in pairs { script = g, runtime = false, newer = {} } do
      sched.spawn_as({ gen = gen, on_finish = function(_, err) ended[name] = err end }, function() sched.await(#name) end)
    end
    assert.equal(1, replaced.count(g))
    assert.equal(1, replaced.kill(g))
    sched.dispatch(1)
    assert.same({ script = sched.Canceled }, ended)
  end)

  it("lets what may last, and what that started, have its time when its scripts are replaced; at once ends all", function()
    local g, ended = {}, {}
    host.t = 100
    local function run(name, task, inner)
      task.gen, task.on_finish = g, function(_, err) ended[name] = err end
      sched.spawn_as(task, function()
        if inner then inner() end
        sched.await(#name)
      end)
    end
    local function left(...)
      local n, seconds = replaced.kill(g, ...)
      sched.dispatch(1)
      return { n, seconds }
    end
    run("plain", {})
    run("lasting", { lasts = 30 }, function() run("started by it", {}) end)
    run("lasts long", { lasts = 60 })
    host.t = 110
    assert.same({ 1, 20 }, left())
    assert.same({ plain = sched.Canceled }, ended)
    host.t = 130
    assert.same({ 2, 30 }, left())
    assert.is_nil(ended["lasts long"])
    assert.same({ 1 }, left(true))
    assert.is_truthy(ended["lasts long"] and ended.lasting and ended["started by it"])
  end)
end)
