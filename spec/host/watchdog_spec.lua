-- spec/host/watchdog_spec.lua -- the supervisor's decisions about a worker, given its heartbeat and a
-- clock, and after how many deaths a label is struck.  The signals themselves: spec/e2e/watchdog.test.mjs.

local ffi = require "ffi"
local host = require "human.core.host"

require "c_types" ("core/shm.h", "shm_beat")
local C = require "c_types" ("server/watchdog.h", "watchdog_state", "watchdog_decide", "watchdog_strike", "watchdog_pardon",
  "WATCHDOG_WELL")
local STRUCK, OTHER = host.label "GET /struck", host.label "GET /other" -- while there is room for labels
local WELL, WAIT, INTERRUPT, ABORT, KILL = C.WATCHDOG_WELL, C.WATCHDOG_WAIT, C.WATCHDOG_INTERRUPT,
  C.WATCHDOG_ABORT, C.WATCHDOG_KILL

describe("the watchdog", function()
  local state, beat
  before_each(function()
    state = ffi.new "watchdog_state"
    beat = ffi.new("shm_beat", { busy = true, turn = 7, since = 100 })
  end)
  local function at(now, starved) return tonumber(C.watchdog_decide(state, beat, 2, starved or 0, now)) end

  it("leaves a worker alone that is idle, or busy for a short while", function() -- limit: limits.script_hard_ms
    assert.equal(WELL, at(101.9))
    beat.busy = false
    assert.equal(WELL, at(200))
  end)

  it("interrupts, aborts and kills a turn that does not end, each once and in time", function()
    assert.equal(INTERRUPT, at(102))
    assert.equal(WAIT, at(102.3))
    assert.equal(ABORT, at(102.5))
    assert.equal(WAIT, at(103))
    assert.equal(KILL, at(105.5))
    assert.equal(WAIT, at(110))
  end)

  it("does not count the time for which others had the processor", function()
    assert.equal(WELL, at(100.1, 30))              -- it had waited for 30 s before this turn
    assert.equal(WELL, at(104, 33))
    assert.equal(INTERRUPT, at(105, 33))
    assert.equal(WAIT, at(107, 35))
    assert.equal(ABORT, at(107.5, 35))
    beat.turn, beat.since = 8, 113
    assert.equal(WELL, at(113.1, 40.1))
    assert.equal(INTERRUPT, at(115, 40.1))
  end)

  it("does not wait for ever for one that never gets the processor", function()
    assert.equal(WELL, at(100.1, 0))
    assert.equal(WELL, at(107.9, 7.8))
    assert.equal(INTERRUPT, at(108, 7.9))
  end)

  it("forgets what it did when the turn has ended", function()
    assert.equal(INTERRUPT, at(102))
    beat.turn, beat.since = 8, 102.1
    assert.equal(WELL, at(103))
    assert.equal(INTERRUPT, at(104.1))
    beat.busy = false
    assert.equal(WELL, at(104.2))
    beat.busy = true
    assert.equal(INTERRUPT, at(104.3))
  end)
end)

describe("a route that ends workers", function() -- limit: strikes
  after_each(function() C.watchdog_pardon() end)

  it("is struck when it does so three times within a minute", function()
    assert.is_false(C.watchdog_strike("GET /struck", 1000))
    assert.is_false(C.watchdog_strike("GET /struck", 1030))
    assert.is_false(C.watchdog_strike("GET /other", 1031))
    assert.is_false(host.is_struck(STRUCK))
    assert.equal(0, host.struck())
    assert.is_true(C.watchdog_strike("GET /struck", 1059))
    assert.is_true(host.is_struck(STRUCK))
    assert.is_false(host.is_struck(OTHER))
    assert.equal(1, host.struck())
  end)

  it("is not when its deaths are further apart", function()
    for i = 0, 9 do assert.is_false(C.watchdog_strike("GET /struck", 1000 + i * 31)) end
  end)

  it("serves again when it is pardoned, with a clean record", function()
    for i = 0, 2 do C.watchdog_strike("GET /struck", 1000 + i) end
    C.watchdog_pardon()
    assert.is_false(host.is_struck(STRUCK))
    assert.equal(0, host.struck())
    assert.is_false(C.watchdog_strike("GET /struck", 1004))
  end)

  it("is remembered while many others are suspected", function()
    C.watchdog_strike("GET /struck", 1000)
    C.watchdog_strike("GET /struck", 1001)
    for i = 1, 60 do C.watchdog_strike("GET /" .. i, 1002) end
    assert.is_true(C.watchdog_strike("GET /struck", 1003))
  end)
end)

describe("labels", function()
  it("are the same number for the same name, and 0 when there are too many", function() -- limit: labels
    local n = host.label "spec label"
    assert.is_true(n > 0)
    assert.equal(n, host.label "spec label")
    assert.equal("spec label", host.label_name(n))
    assert.equal(0, host.label "")
    assert.equal(0, host.label "a\0b")
    local last
    for i = 1, 1100 do last = host.label("spec label " .. i) end
    assert.equal(0, last)
    assert.equal(n, host.label "spec label")
  end)
end)
