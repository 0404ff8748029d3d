-- spec/host/bundle_spec.lua -- the sealed script tree that this process was given (host/server/bundle.c).

local ffi = require "ffi"
local host = require "human.core.host"

ffi.cdef [[
int bundle_fd(int generation); int bundle_attach(int generation, int fd); void bundle_drop(int generation);
int bundle_load(char *why, size_t n); const char *bundle_hash(int generation);
int memfd_create(const char *name, unsigned flags); int fcntl(int fd, int command, ...);
long pread(int fd, void *p, size_t n, long at); long write(int fd, const void *p, size_t n);
int ftruncate(int fd, long n); int close(int fd); int dup(int fd); long lseek(int fd, long at, int from);
]]

local C = ffi.C
local ALLOW_SEALING, ADD_SEALS, GET_SEALS, SEAL_WRITE, SEALS = 2, 1033, 1034, 8, 14
local OTHER = 77                                 -- a generation that nobody else makes here

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read "*a"
  f:close()
  return text
end

local function bytes_of(fd)
  local n = tonumber(C.lseek(fd, 0, 2))
  local p = ffi.new("char[?]", n)
  assert.equal(n, tonumber(C.pread(fd, p, n, 0)))
  return ffi.string(p, n)
end

-- A descriptor of n bytes in memory, sealed unless told otherwise.
local function memory(text, seals, n)
  local fd = C.memfd_create("spec", ALLOW_SEALING)
  n = n or #text
  assert.equal(n, tonumber(C.write(fd, text, n)))
  C.fcntl(fd, ADD_SEALS, ffi.cast("int", seals or SEALS))
  return fd
end

describe("a bundle", function()
  local paths = host.bundle_list(1)

  it("lists scripts and migrations in order, and nothing else", function()
    assert.is_true(#paths > 10)
    for i, path in ipairs(paths) do
      assert.truthy(path:find "%.lua$" or path:find "%.sql$", path)
      assert.is_true(i == 1 or paths[i - 1] < path, path)
    end
  end)

  it("holds the bytes of the files", function()
    for _, path in ipairs(paths) do assert.equal(read("scripts/" .. path), host.bundle_file(1, path)) end
  end)

  it("has nothing under another path or in another generation", function()
    assert.is_nil(host.bundle_file(1, "../Makefile"))
    assert.is_nil(host.bundle_file(1, paths[1]:sub(1, -2)))
    assert.is_nil(host.bundle_file(1, paths[1] .. "x"))
    assert.is_nil(host.bundle_file(1, ""))
    assert.is_nil(host.bundle_file(1, paths[1] .. "\0"))
    assert.is_nil(host.bundle_file(2, paths[1]))
    assert.same({}, host.bundle_list(2))
  end)

  it("has the bytecode of each script that is as it was when the binary was built", function()
    local scripts = 0
    for _, path in ipairs(paths) do
      local code = host.bundle_code(1, path, 0)
      if path:find "%.lua$" and not path:find "_spec%.lua$" then
        scripts = scripts + 1
        assert.truthy(code, path .. ": edited since `make build`")
        assert.equal("@" .. path, debug.getinfo(assert(load(code, "=other", "b"))).source)
      else
        assert.is_nil(code, path)
      end
    end
    assert.is_true(scripts > 10)
    assert.is_nil(host.bundle_code(1, "agent/no_such.lua", 0))
    assert.is_nil(host.bundle_code(1, "api/errors.lua", 1))
    assert.is_nil(host.bundle_code(2, "api/errors.lua", 0))
  end)

  it("is named by twelve digits of its hash", function()
    assert.truthy(host.bundle_id(1):find "^%x%x%x%x%x%x%x%x%x%x%x%x$")
    assert.equal(host.bundle_id(1), ffi.string(C.bundle_hash(1)))
    assert.equal("", host.bundle_id(9))
    assert.equal("", ffi.string(C.bundle_hash(9)))
  end)
end)

describe("a bundle that is handed over", function()
  local generation, image

  setup(function()
    local why = ffi.new("char[256]")
    generation = C.bundle_load(why, 256)
    assert.is_true(generation > 0, ffi.string(why))
    image = bytes_of(C.bundle_fd(generation))
  end)
  teardown(function() C.bundle_drop(generation) end)
  after_each(function() C.bundle_drop(OTHER) end)

  it("can be written by nobody any more", function()
    local fd = C.bundle_fd(generation)
    assert.equal(SEALS, require("bit").band(C.fcntl(fd, GET_SEALS), SEALS))
    assert.equal(-1, tonumber(C.write(fd, "x", 1)))
    assert.equal(-1, C.ftruncate(fd, 0))
  end)

  it("is the same bundle on the other side", function()
    assert.equal(0, C.bundle_attach(OTHER, C.dup(C.bundle_fd(generation))))
    assert.equal(host.bundle_id(generation), host.bundle_id(OTHER))
    assert.same(host.bundle_list(generation), host.bundle_list(OTHER))
    assert.equal(host.bundle_file(1, "api/errors.lua"), host.bundle_file(OTHER, "api/errors.lua"))
    assert.equal(-1, C.bundle_fd(OTHER))
    C.bundle_drop(OTHER)
    assert.same({}, host.bundle_list(OTHER))
  end)

  it("is taken once: what is there stays", function()
    assert.equal(0, C.bundle_attach(generation, memory "nonsense"))
    assert.is_true(#host.bundle_list(generation) > 10)
  end)

  it("must be sealed", function()
    for _, seals in ipairs { 0, SEAL_WRITE, SEALS - SEAL_WRITE } do
      assert.equal(-1, C.bundle_attach(OTHER, memory(image, seals)))
    end
    assert.equal(-1, C.bundle_attach(OTHER, -1))
    assert.equal(-1, C.bundle_attach(0, memory(image)))
  end)

  it("must be whole and true in each byte", function()
    assert.equal(0, C.bundle_attach(OTHER, memory(image)))
    C.bundle_drop(OTHER)
    for _, n in ipairs { 0, 1, 35, 36, 100, #image - 1 } do
      assert.equal(-1, C.bundle_attach(OTHER, memory(image:sub(1, n))), n)
    end
    local at, bytes = {}, ffi.new("unsigned char[?]", #image + 1, image)
    for i = 0, 260 do at[#at + 1] = i end        -- head, and the first of the index
    for i = 1, 40 do at[#at + 1] = math.floor((#image - 1) * i / 40) end
    for _, i in ipairs(at) do
      bytes[i] = bytes[i] + 128
      local spare = i >= 21 and i < 24           -- what fills up the id
      assert.equal(spare and 0 or -1, C.bundle_attach(OTHER, memory(bytes, SEALS, #image)), "byte " .. i)
      C.bundle_drop(OTHER)
      bytes[i] = bytes[i] + 128
    end
  end)
end)
