-- spec/host/fixed_limits_spec.lua -- limits of the host that are no settings, each tripped (docs/limits.md).

local host = require "human.core.host"
local sched = require "human.core.sched"
local E = host.E
local BINARY = io.popen("readlink /proc/" .. io.open("/proc/self/stat"):read "*n" .. "/exe"):read "*l"

describe("the host", function()
  it("refuses a message on the bus that is too large", function() -- limit: bus message
    assert.equal(E.LIMIT, host.bus_send(host.worker(), ("x"):rep(4 * 1024 * 1024 + 1)))
  end)

  it("refuses statements when too many wait for a connection, and runs the others", function() -- limit: database queue
    local me, left, counts = sched.current(), 40, {}
    local function many()
      local ops = {}
      for i = 1, 60 do ops[i] = host.db_query(sched.owner(), 0, "select 1", host.pack { 0 }, 0) end
      for _, op in ipairs(ops) do
        local status = sched.await(op)
        counts[status] = (counts[status] or 0) + 1
      end
    end
    for _ = 1, 40 do
      sched.spawn_as({ on_finish = function()
        left = left - 1
        if left == 0 then sched.wake(me) end
      end }, many)
    end
    if left > 0 then sched.suspend() end
    assert.is_true(counts[E.FULL] > 0)
    assert.is_true(counts[0] >= 1024)
    assert.equal(2400, counts[0] + counts[E.FULL])
  end)

  it("refuses outbound requests that are too large in any part", function() -- limit: fetch request, limit: fetch body
    local function status(spec)
      spec.url, spec.headers = spec.url or "http://127.0.0.1:1/", spec.headers or {}
      local op = host.fetch(sched.owner(), spec)
      return op < 0 and op or (sched.await(op))
    end
    local many = {}
    for i = 1, 101 do many[i] = { "X-" .. i, "x" } end
    assert.is_true(status { url = "http://127.0.0.1:1/" .. ("a"):rep(17000) } < 0)
    assert.equal(E.LIMIT, status { headers = many })
    assert.is_true(status { headers = { { "X", ("a"):rep(17000) } } } < 0)
    local half = ("a"):rep(16777216)
    assert.equal(E.LIMIT, status { parts = { half, half, "a" } })
    for _, parts in ipairs { "a", { 5 }, { { "/tmp", "a" } }, { { "/tmp", "../a", "a" } }, { { "", "a", "a" } }, { x = "a" } } do
      assert.equal(E.INVAL, status { parts = parts })
    end
    assert.equal(E.INVAL, status { body = "a", parts = { "a" } })
    assert.equal(E.NET, status {})
  end)

  it("gives no more random bytes at a time than it says", function() -- limit: random bytes
    assert.equal(256, #host.random(256))
    assert.has_error(function() host.random(257) end)
  end)
end)

describe("a tree of scripts", function()
  local dir
  before_each(function()
    dir = os.tmpname()
    os.remove(dir)
    assert(os.execute("mkdir -m 755 " .. dir) == 0)
  end)
  after_each(function() os.execute("rm -r " .. dir) end)

  -- What `human check` says about it, over the shipped one.
  local function check()
    local p = assert(io.popen(("HUMAN_CONFIG=/dev/null %s check --set 'overrides=**' --scripts %s:scripts 2>&1"):format(BINARY, dir)))
    local text = p:read "*a"
    p:close()
    return text
  end

  it("has files of at most 1 MB", function() -- limit: script bytes
    os.execute(("head -c 1048577 /dev/zero | tr '\\0' ' ' > %s/large.lua"):format(dir))
    assert.truthy(check():find("large.lua: refused: larger than 1 MB", 1, true))
  end)

  it("has at most 8192 of them", function() -- limit: scripts
    os.execute(("cd %s && seq -f f%%g.lua 8193 | xargs touch"):format(dir))
    assert.truthy(check():find("refused: more than 8192 scripts", 1, true))
  end)

  it("is at most 16 folders deep", function() -- limit: script depth
    local deep = dir .. ("/d"):rep(18)
    os.execute(("mkdir -p %s && touch %s/f.lua && chmod -R go-w %s"):format(deep, deep, dir))
    assert.truthy(check():find("refused: nested too deep", 1, true))
  end)
end)
