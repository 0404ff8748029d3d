-- spec/lua/timer_spec.lua -- timers, with a scripted clock.

local now, armed, logged
local fake = {
  now = function() return now end,
  timer = function(s) armed = now + s end,
  log = function(_, line) logged[#logged + 1] = line end,
}

describe("timers", function()
  local timer, saved

  before_each(function()
    saved = { host = package.loaded["human.core.host"], timer = package.loaded["human.core.timer"] }
    package.loaded["human.core.host"], package.loaded["human.core.timer"] = fake, nil
    now, armed, logged = 0, math.huge, {}
    timer = require "human.core.timer"
  end)

  after_each(function()
    package.loaded["human.core.host"], package.loaded["human.core.timer"] = saved.host, saved.timer
  end)

  -- Move the clock as the host would: from wake-up to wake-up.
  local function advance(to)
    while armed <= to do
      now, armed = armed, math.huge
      timer.run()
    end
    now = to
  end

  it("fire once, in order, whatever the order in which they were started", function()
    local seen = {}
    for _, s in ipairs { 0.3, 0.1, 0.2, 0.1 } do
      timer.start(s, function(x) seen[#seen + 1] = x end, s)
    end
    advance(1)
    assert.same({ 0.1, 0.1, 0.2, 0.3 }, seen)
  end)

  it("do not fire before their time or after they were cancelled", function()
    local n = 0
    local h = timer.start(1, function() n = n + 1 end)
    advance(0.9)
    assert.equal(0, n)
    timer.cancel(h)
    timer.cancel(h)
    advance(2)
    assert.equal(0, n)
  end)

  it("run their whole duration again when restarted", function()
    local at
    local h = timer.start(1, function() at = now end)
    advance(0.5)
    timer.restart(h)
    advance(3)
    assert.near(1.5, at, 0.011)
  end)

  it("may start others, also of no duration, without spinning", function()
    local n = 0
    local function again()
      n = n + 1
      if n < 5 then timer.start(0, again) end
    end
    timer.start(0, again)
    advance(1)
    assert.equal(5, n)
  end)

  it("go on after one of them has failed", function()
    local ok = false
    timer.start(0.1, function() error "broken" end)
    timer.start(0.1, function() ok = true end)
    timer.start(0.2, function() end)
    advance(1)
    assert.is_true(ok)
    assert.matches("broken", logged[1])
  end)

  it("cost one wake-up of the host for many that are due together", function()
    local n = 0
    for _ = 1, 1000 do timer.start(0.25, function() n = n + 1 end) end
    now, armed = 0.25, math.huge
    timer.run()
    assert.equal(1000, n)
    assert.equal(math.huge, armed)
  end)
end)
