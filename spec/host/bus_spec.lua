-- spec/host/bus_spec.lua -- host/server/bus.c: two processes with one index (a retiring worker and its successor) send
-- at the same time, and each message arrives whole.

local ffi = require "ffi"
local host = require "human.core.host"
local sched = require "human.core.sched"
local wire = require "wire"

local C = require "c_types" ("server/bus.c", "worker_spec", "bus_header", "KIND_MESSAGE", "bus_init", "bus_stop")
local UNIX, DGRAM, NONBLOCK, NOSIGNAL, MESSAGE = 1, 2, 2048, 16384, C.KIND_MESSAGE

describe("the bus between workers", function()
  local inbox, outbox, heard, bus
  setup(function()
    bus = require "human.bus"
    inbox, outbox = ffi.new "int[2]", ffi.new "int[2]"
    assert(C.socketpair(UNIX, DGRAM + NONBLOCK, 0, inbox) == 0 and C.socketpair(UNIX, DGRAM + NONBLOCK, 0, outbox) == 0)
    local spec = ffi.new "worker_spec"
    spec.index, spec.count, spec.bus_in = 0, 2, inbox[0]
    spec.bus_out[0], spec.bus_out[1] = outbox[0], outbox[0]
    assert.equal(0, C.bus_init(spec))
    sched.on_event(host.EV.BUS, function(_, _, from, data) heard[#heard + 1] = from .. ":" .. data end)
  end)
  teardown(function()
    sched.on_event(host.EV.BUS, bus.on_bus)
    C.bus_stop()
    local alone = ffi.new "worker_spec"
    alone.count = 1
    C.bus_init(alone)
    for i = 0, 1 do C.close(inbox[i]) C.close(outbox[i]) end
  end)
  before_each(function() heard = {} end)

  local function piece(sender, total, at, bytes, from)
    local head = ffi.new("bus_header", MESSAGE, from or 1, total, at, sender)
    local text = ffi.string(head, ffi.sizeof(head)) .. bytes
    assert.equal(#text, tonumber(C.send(inbox[1], text, #text, NOSIGNAL)))
  end

  local function hears(...)
    local want = { ... }
    wire.eventually(function() return #heard >= #want end)
    assert.same(want, heard)
  end

  it("keeps the pieces of two processes of one index apart", function()
    piece(7, 6, 0, "abc")
    piece(8, 4, 0, "xy")
    piece(7, 6, 3, "def")
    piece(8, 4, 2, "zz")
    hears("1:abcdef", "1:xyzz")
  end)

  it("takes whole messages between the pieces of another", function()
    piece(7, 6, 0, "abc")
    piece(8, 2, 0, "ok")
    piece(7, 6, 3, "def")
    hears("1:ok", "1:abcdef")
  end)

  it("forgets messages whose senders died, and what has no beginning", function()
    for sender = 10, 20 do piece(sender, 6, 0, "abc") end
    piece(30, 6, 3, "def")
    piece(31, 2, 0, "ok")
    hears "1:ok"
    for sender = 10, 20 do                       -- they live after all: nothing is kept for them when other tests run
      piece(sender, 6, 0, "abc")
      piece(sender, 6, 3, "def")
      wire.eventually(function() return #heard == sender - 8 end)
    end
  end)

  it("loses no message of two that live to those of the dead", function()
    for sender = 10, 12 do piece(sender, 6, 0, "abc") end
    piece(21, 6, 0, "abc")
    piece(22, 6, 0, "uvw")
    piece(21, 6, 3, "def")
    piece(22, 6, 3, "xyz")
    hears("1:abcdef", "1:uvwxyz")
    piece(12, 6, 3, "def")                       -- nothing is kept for it when other tests run
    hears("1:abcdef", "1:uvwxyz", "1:abcdef")
  end)

  it("says which process speaks", function()
    assert.equal(0, host.bus_send(1, "hello"))
    local bytes = ffi.new "char[64]"
    local n = tonumber(C.recv(outbox[1], bytes, 64, 64))
    local head = ffi.new "bus_header"
    ffi.copy(head, bytes, ffi.sizeof(head))
    assert.same({ 25, 0, 5, 0 }, { n, head.from, head.total, head.at })
    assert.is_true(head.sender > 1)
  end)
end)

describe("workers of one index", function()
  it("give other names to what they ask and what they send", function()
    local plain_host = require "plain_host"
    local function fresh()
      local h = plain_host.new()
      h.worker = function() return 1 end
      return plain_host.fresh("human.sio.cluster", h)
    end
    assert.are_not.equal(fresh().instance(), fresh().instance())
  end)
end)
