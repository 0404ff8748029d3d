-- spec/lua/exec_refusal_spec.lua -- human.exec on a host that cannot run a program: errors that this kernel and
-- this broker never return.

local cjson = require "cjson"

local NAMES = { "human.core.host", "human.core.timer", "human.core.sched", "human.core.events", "human.log", "human.exec" }
local REFUSED = 2

local function fake_host(status, data)
  local f = { specs = {}, queue = {} }
  f.E = { GONE = -1, FULL = -2, CANCELED = -3, LIMIT = -8, DENIED = -9, DOWN = -10, OPS = -11 }
  f.EV, f.EXEC = { DONE = 2, CHUNK = 3, TIMER = 10 }, { REFUSED = REFUSED, TERM = 3 }
  function f.next()
    local e = table.remove(f.queue, 1)
    if e then return unpack(e) end
  end
  function f.clock() return 0 end
  f.now = f.clock
  function f.mark() end
  function f.struck() return 0 end
  function f.timer() end
  function f.task_new() return 1 end
  function f.task_end() end
  function f.log() end
  function f.unpack(blob) return cjson.decode(blob) end
  function f.error_name(code) return "E" .. code end
  function f.exec(_, spec)
    f.specs[#f.specs + 1] = spec
    if status < 0 then return status end
    f.queue[1] = { 2, status, 7, 1, data }
    return 7
  end
  return f
end

describe("human.exec", function()
  local saved

  before_each(function()
    saved = {}
    for _, name in ipairs(NAMES) do saved[name], package.loaded[name] = package.loaded[name], nil end
    package.loaded["human.log"] = { debug = function() end }
  end)
  after_each(function()
    for _, name in ipairs(NAMES) do package.loaded[name] = saved[name] end
  end)

  -- What run{"ls"} returns where the host says this; the spec that it got.
  local function run(options, status, answer)
    local host = fake_host(status, answer and cjson.encode(answer))
    for _, name in ipairs(NAMES) do
      if name ~= "human.log" then package.loaded[name] = nil end
    end
    package.loaded["human.core.host"] = host
    local sched, exec = require "human.core.sched", require "human.exec"
    local got
    sched.spawn(function() got = { exec.run({ "ls" }, options) } end)
    sched.dispatch(1)
    assert.is_nil(got[1])
    return got[2], host.specs[1]
  end

  it("refuses a program if the kernel lacks the sandbox that was asked for", function()
    for _, what in ipairs { "Landlock", "seccomp" } do
      local err = run({ sandbox = { network = false } }, REFUSED, { code = "sandbox", at = 3, reason = "Function not implemented", text = what })
      assert.equal("sandbox", err.code)
      assert.truthy(err.message:find("best-effort", 1, true))
    end
  end)

  it("demands a full sandbox only if the call does", function()
    local function asked(box)
      local _, spec = run({ sandbox = box }, -2)
      return { spec.box or false, spec.strict or false, spec.network or false }
    end
    assert.same({ true, false, true }, asked(nil))
    assert.same({ true, false, true }, asked "best-effort")
    assert.same({ true, true, true }, asked(true))
    assert.same({ true, true, false }, asked { network = false })
    assert.same({ true, false, false }, asked { network = false, best_effort = true })
    assert.same({ false, false, false }, asked(false))
  end)

  it("says why no program started: switched off, busy, no broker, a directory", function()
    assert.equal("disabled", run({}, -10).code)
    assert.equal("busy", run({}, -2).code)
    assert.truthy(run({}, REFUSED, { code = "lost", at = 0, reason = "", text = "" }).message:find "broker")
    local err = run({ cwd = "x" }, REFUSED, { code = "failed", at = 2, reason = "No such file or directory", text = "x" })
    assert.equal("ls: its working directory is not to be had: x: No such file or directory", err.message)
  end)
end)
