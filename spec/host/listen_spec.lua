-- spec/host/listen_spec.lua -- accepting over TCP: the peer of a connection, and what happens when no
-- descriptors are left.

local ffi = require "ffi"
local host = require "human.core.host"
local sched = require "human.core.sched"
local wire = require "wire"

require "c_types" ("netinet/in.h", "struct sockaddr", "struct sockaddr_in", "socket", "connect")
require "c_types" ("sys/resource.h", "struct rlimit", "getrlimit", "setrlimit")
require "c_types" ("unistd.h", "dup")
local C = require "c_types" ("net/conn.h", "conn_count")
local INET, STREAM, NONBLOCK, FILES = 2, 1, 2048, 7
local HELLO = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

-- `human test` serves on a port of its own.
local port = host.conf().port
local address = ffi.new("struct sockaddr_in", INET, bit.rshift(bit.bswap(port), 16), { bit.bswap(0x7f000001) })
local to = ffi.new("__CONST_SOCKADDR_ARG", { __sockaddr_in__ = address })

local function connect(fd)
  fd = fd or C.socket(INET, STREAM + NONBLOCK, 0)
  C.connect(fd, to, ffi.sizeof(address))
  local c = wire.client(fd)
  sched.sleep(0.01)
  return c
end

describe("a listening socket", function()
  setup(function() wire.serve(function(id, status) host.respond(id, 200, "", bit.band(status, 255) .. " " .. (host.peer(id))) end) end)
  teardown(function() wire.serve(nil) end)

  it("takes connections and knows where they are from", function()
    local clients = {}
    for i = 1, 20 do clients[i] = connect() end
    for _, c in ipairs(clients) do
      c:send(HELLO)
      assert.equal("1 127.0.0.1", (select(3, c:answer())))
      c:close()
    end
  end)

  it("answers 503 while there are no descriptors, and recovers", function()
    local limit, low = ffi.new "struct rlimit", ffi.new "struct rlimit"
    assert(C.getrlimit(FILES, limit) == 0)
    -- Those of other tests that are being closed would make room.
    wire.eventually(function() return C.conn_count() == 0 end)
    local away = C.socket(INET, STREAM + NONBLOCK, 0)
    local next_fd = C.dup(away)
    C.close(next_fd)
    low.rlim_cur, low.rlim_max = next_fd, limit.rlim_max
    assert(C.setrlimit(FILES, low) == 0)
    local c = connect(away)
    local ok, got = pcall(c.read_all, c)
    assert(C.setrlimit(FILES, limit) == 0)
    assert.same({ true, "HTTP/1.1 503" }, { ok, tostring(got):sub(1, 12) })
    c:close()
    c = connect()
    c:send(HELLO)
    assert.equal(200, (c:answer()))
    c:close()
  end)
end)
