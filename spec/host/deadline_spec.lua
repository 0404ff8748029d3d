-- spec/host/deadline_spec.lua -- slow clients: late requests get 408, connections without a request are closed
-- silently.  The limits are shortened in place during these tests.

local ffi = require "ffi"
local host = require "human.core.host"
local wire = require "wire"

local PATIENCE_S = 8                             -- by then nothing has ended that has the usual limits

describe("a client that is slow", function()
  local limit, before, c = require "conn_limits", nil, nil
  setup(function()
    before = ffi.new("conn_limits", limit[0])
    limit.head_ms, limit.body_ms, limit.idle_ms = 300, 600, 500
    wire.serve(function(id) host.respond(id, 200, "", "ok") end)
    require("human.core.sched").sleep(0.001) -- deadlines count from the loop's time, which stood while this was loaded
  end)
  teardown(function()
    ffi.copy(limit, before, ffi.sizeof(before))
    wire.serve(nil)
  end)
  after_each(function() c:close() end)

  -- The connection ends after `least` seconds, and long before the limits that are not shortened; what was received.
  local function ends(least)
    local from = host.clock()
    local text = c:read_all(PATIENCE_S)
    local took = host.clock() - from
    assert.is_true(took >= least, took .. " s")
    return text
  end

  it("has the time of a head for its head", function() -- limit: limits.head_timeout_ms
    c = wire.open "GET / HT"
    assert.truthy(ends(0.25):find "^HTTP/1.1 408 Request Timeout\r\n")
  end)

  it("has the time of a body for its body", function() -- limit: limits.body_timeout_ms
    c = wire.open "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"
    assert.truthy(ends(0.5):find "^HTTP/1.1 408 ")
  end)

  it("gains nothing from sending single bytes", function()
    local base = wire.count()
    c = wire.open "GET / HTTP/1.1\r\n"
    wire.eventually(function() return wire.count() > base end)
    local sent = 0
    while sent < 1000 and wire.count() > base do -- for 20 s
      require("human.core.sched").sleep(0.02)
      pcall(c.send, c, "a")
      sent = sent + 1
    end
    assert.is_true(sent < 1000)
    assert.truthy(c:read_all():find "^HTTP/1.1 408 ")
  end)

  it("is left without a word when it has sent nothing", function()
    c = wire.open()
    assert.equal("", ends(0.25))
    c:close()
    c = wire.open "\r\n"
    assert.equal("", ends(0.25))
  end)

  it("is left without a word when its connection stays idle", function() -- limit: limits.keepalive_timeout_ms
    c = wire.open "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    assert.equal(200, (c:answer()))
    assert.equal("", ends(0.4))
  end)

  it("is one of thousands that are gone in time", function()
    local clients, base = {}, wire.count()
    c = wire.open()
    for i = 1, 300 do clients[i] = wire.open "GET" end
    wire.eventually(function() return wire.count() <= base end)
    for _, one in ipairs(clients) do one:close() end
  end)
end)
