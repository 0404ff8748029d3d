-- spec/host/shared_spec.lua -- memory shared by workers: token buckets and metrics (host/core/shm.c).

local host = require "human.core.host"

local function key() return "spec " .. host.random(8) end

describe("a token bucket", function()
  it("grants its burst, then refuses", function()
    local k = key()
    for _ = 1, 5 do assert.is_true(host.rate_take(k, 0.001, 5)) end
    assert.is_false(host.rate_take(k, 0.001, 5))
  end)

  it("fills at its rate", function()
    local k = key()
    assert.is_true(host.rate_take(k, 1000, 1))
    local stop = host.clock() + 0.002
    while host.clock() < stop do end -- luacheck: ignore 542
    assert.is_true(host.rate_take(k, 1000, 1))
  end)

  it("is another one for another key", function()
    assert.is_true(host.rate_take(key(), 0.001, 1))
    assert.is_true(host.rate_take(key(), 0.001, 1))
  end)

  it("outlives a flood of other keys that is smaller than the table", function()
    local k = key()
    assert.is_true(host.rate_take(k, 0.001, 1))
    for i = 1, 2000 do host.rate_take("flood " .. i, 1, 1) end
    assert.is_false(host.rate_take(k, 0.001, 1))
  end)

  it("that is used up outlives any flood of keys that are not", function()
    local k = key()
    assert.is_true(host.rate_take(k, 0.001, 1))
    for i = 1, 100000 do host.rate_take("flood " .. i, 1, 30) end
    assert.is_false(host.rate_take(k, 0.001, 1))
  end)

  it("can be asked without being used, or being made", function()
    local k = key()
    for _ = 1, 3 do assert.is_true(host.rate_take(k, 0.001, 1, 0)) end
    assert.is_true(host.rate_take(k, 0.001, 1))
    assert.is_false(host.rate_take(k, 0.001, 1, 0))
    assert.is_true(host.rate_take(key(), 0.001, 5, 5))
    assert.is_false(host.rate_take(key(), 0.001, 5, 6))
  end)

  it("can be emptied, again before it is full", function()
    local k = key()
    host.rate_take(k, 0.01, 1, -1)
    local stop = host.clock() + 0.0015
    while host.clock() < stop do end -- luacheck: ignore 542
    host.rate_take(k, 0.01, 1, -1)
    assert.is_false(host.rate_take(k, 0.01, 1, 0))
  end)

  it("refuses rates that are none", function()
    for _, case in ipairs { { 0, 1 }, { -1, 1 }, { 1, 0 }, { 0 / 0, 1 }, { 1, math.huge } } do
      assert.is_false(host.rate_take(key(), case[1], case[2]))
    end
  end)
end)

describe("metrics", function()
  -- What has a name once keeps its place until the host ends: a test that is repeated uses the same ones.
  it("sum what is added under one name", function()
    local name = 'spec_total{case="sum"}'
    local before = host.metrics()[name] or 0
    host.metric(name, 1)
    host.metric(name, 2.5)
    assert.equal(before + 3.5, host.metrics()[name])
  end)

  it("are read one by one, gauges as they were set last", function()
    assert.is_nil(host.metric_get "spec_never_set")
    host.metric_set("spec_gauge", 5)
    host.metric_set("spec_gauge", 2)
    assert.same({ 2, 2 }, { host.metric_get "spec_gauge", host.metrics().spec_gauge })
  end)

  it("have room for thousands of names", function()
    local function name(i) return ('spec_many{i="%d"}'):format(i) end
    local before = host.metrics()
    for i = 1, 3000 do assert.equal(0, host.metric(name(i), i)) end
    local all = host.metrics()
    for i = 1, 3000 do assert.equal((before[name(i)] or 0) + i, all[name(i)]) end
  end)

  it("have beside them what the worker holds now", function()
    local s = host.stats()
    assert.is_true(s.rss_bytes > 1e6 and s.ops >= 0 and s.events >= 0 and s.connections >= 0)
    assert.is_true(s.pool.leased + s.pool.busy + s.pool.idle <= s.pool.size)
  end)

  it("refuse names and numbers that cannot be shown", function()
    assert.is_true(host.metric("", 1) < 0)
    assert.is_true(host.metric(("x"):rep(200), 1) < 0)
    assert.is_true(host.metric("a\0b", 1) < 0)
    assert.is_true(host.metric("spec_nan", 0 / 0) < 0)
  end)
end)
