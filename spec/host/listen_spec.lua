-- spec/host/listen_spec.lua -- accepting: over TCP, with the client's address, until told to stop.

local ffi = require "ffi"
local host = require "human.host"
local wire = require "wire"

pcall(ffi.cdef, [[
struct spec_in { uint16_t family; uint8_t port[2]; uint8_t addr[4]; uint8_t zero[8]; };
]])
for _, declaration in ipairs {
  "int socket(int domain, int type, int protocol);", "int listen(int fd, int backlog);",
  "int bind(int fd, const struct spec_in *a, unsigned n);",
  "int connect(int fd, const struct spec_in *a, unsigned n);",
  "int getsockname(int fd, struct spec_in *a, unsigned *n);",
  "int listen_init(const int *fds, int n);", "void listen_stop(void);",
} do pcall(ffi.cdef, declaration) end

local C = ffi.C
local INET, STREAM, NONBLOCK = 2, 1, 2048

describe("a listening socket", function()
  local fd, address, size
  setup(function()
    address = ffi.new("struct spec_in", INET, { 0, 0 }, { 127, 0, 0, 1 })
    size = ffi.new("unsigned[1]", 16)
    fd = C.socket(INET, STREAM + NONBLOCK, 0)
    assert(C.bind(fd, address, 16) == 0 and C.listen(fd, 64) == 0)
    assert(C.getsockname(fd, address, size) == 0)
    assert(C.listen_init(ffi.new("int[1]", fd), 1) == 0)
    wire.serve(function(id, status) host.respond(id, 200, "", status .. " " .. host.peer(id)) end)
  end)
  teardown(function() wire.serve(nil) end)

  local function connect()
    local client = C.socket(INET, STREAM, 0)
    assert(C.connect(client, address, 16) == 0)
    return wire.client(client)
  end

  it("takes connections, knows where they are from, and stops when told", function()
    local clients = {}
    for i = 1, 100 do clients[i] = connect() end
    for _, c in ipairs(clients) do
      c:send "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
      assert.equal("1 127.0.0.1", (select(3, c:answer())))
      c:close()
    end
    C.listen_stop()
    local late, count = connect(), wire.count()
    late:send "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    require("human.sched").sleep(0.05)
    assert.is_true(wire.count() <= count)
    assert.equal("", late.got)
    late:close()
  end)
end)
