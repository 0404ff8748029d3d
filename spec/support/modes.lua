-- spec/support/modes.lua -- runs the same specs in other modes: busted's --helper for `make check MODE=..`.
--   reload  before each test a new generation is built and takes over, as after `human reload`
--   leak    each test runs HUMAN_TEST_ROUNDS (200) times, and memory must not grow with the rounds: neither
--           Lua's heap nor what C has allocated.  A test that would take longer than HUMAN_TEST_TEST_S (3)
--           seconds runs fewer times, at least ROUNDS_MIN.
--   nojit, shuffle  are done by the host (jit, core/shuffle.lua); this file checks that they are on.
-- busted has no hook between tests, so its executor of `it` is replaced.

local ffi = require "ffi"
local busted = require "busted"
local host = require "human.core.host"
local sched = require "human.core.sched"
local gen = require "human.scripts.generation"

local ROUNDS = tonumber(os.getenv "HUMAN_TEST_ROUNDS") or 200
local TEST_S = tonumber(os.getenv "HUMAN_TEST_TEST_S") or 3
local ROUNDS_MIN, WARM_UP, CHECKPOINTS = 10, 2, 5
local LUA_BYTES, C_BYTES = 24, 64                -- what a round may add: less than the smallest object
local TOTAL_BYTES = 1024                         -- and what all may: a table that grows once, not a leak
local SETTLE_S = 0.05                            -- for connections that are being closed
local TEST_LIMIT_S = 120

ffi.cdef [[
typedef struct { size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost; } spec_mallinfo;
spec_mallinfo mallinfo2(void);
]]

local function upvalue(fn, wanted)
  for i = 1, 60 do
    local name, value = debug.getupvalue(fn, i)
    if name == wanted then return value end
  end
  error("busted has changed: no '" .. wanted .. "'")
end

local core = upvalue(busted.it, "busted")
local executors = upvalue(core.execute, "executors")
local run_test = executors.it

-- reload ---------------------------------------------------------------------------------------------

-- The runtime's modules, of which a spec may have put others in their place.
local function runtime()
  local out = {}
  for name, mod in pairs(package.loaded) do
    if name:find "^human%." then out[name] = mod end
  end
  return out
end

local function put(modules)
  for name in pairs(runtime()) do package.loaded[name] = nil end
  for name, mod in pairs(modules) do package.loaded[name] = mod end
end

local function start_reloading()
  local ours
  executors.it = function(element)
    local theirs = runtime()
    if not ours then                             -- with all that scripts need
      gen.install(gen.build(1))
      ours = runtime()
    end
    put(ours)
    gen.install(gen.build(1))
    put(theirs)
    return run_test(element)
  end
end

-- leak -----------------------------------------------------------------------------------------------

local last_status
busted.subscribe({ "test", "end" }, function(_, _, status)
  last_status = status
  return nil, true
end)

-- Bytes in use now: of Lua (traces come and go as they like, so they are thrown away), of C.
local function in_use(settle_s)
  if settle_s > 0 then sched.sleep(settle_s) end
  local fake_host = package.loaded.fake_host
  if fake_host then fake_host.forget() end
  jit.flush()
  collectgarbage()
  collectgarbage()
  local c = ffi.C.mallinfo2()
  return collectgarbage "count" * 1024, tonumber(c.uordblks) + tonumber(c.hblkhd)
end

-- The rounds after the first are not told to those who count tests, unless they fail.
local function unheard(element)
  local publish, task = core.safe_publish, sched.current()
  core.safe_publish = function(descriptor, channel, e, parent, status)
    if e ~= element then return publish(descriptor, channel, e, parent, status) end
    if channel[2] == "start" then
      if host.clock() - host.now() > 1 then sched.sleep(0) end -- else the limit counts from long ago
      sched.deadline(task, TEST_LIMIT_S, "a round waited for more than " .. TEST_LIMIT_S .. " s")
      return true
    end
    sched.deadline(task, nil)
    last_status = status
    return status == "success" or publish(descriptor, channel, e, parent, status)
  end
  run_test(element)
  core.safe_publish = publish
  return last_status == "success"
end

local function rounds_for(seconds)
  return math.max(ROUNDS_MIN, math.min(ROUNDS, math.floor(TEST_S / math.max(seconds, 1e-6))))
end

-- Runs the test `rounds` times; returns what was in use at the checkpoints, or nil when a round failed.
local function sample(element, rounds, settle_s)
  local each, lua, c = math.ceil(rounds / (CHECKPOINTS - 1)), {}, {}
  for _ = 1, WARM_UP do
    if not unheard(element) then return nil end
  end
  lua[1], c[1] = in_use(settle_s)
  for i = 2, CHECKPOINTS do
    for _ = 1, each do
      if not unheard(element) then return nil end
    end
    lua[i], c[i] = in_use(settle_s)
  end
  return { lua = lua, c = c, each = each }
end

-- Bytes that a round adds; 0 unless it grew from every checkpoint to the next, the first of which belongs
-- to what is made once.
local function slope(v, each)
  for i = 3, CHECKPOINTS do
    if v[i] <= v[i - 1] then return 0 end
  end
  local grown = v[CHECKPOINTS] - v[2]
  return grown > TOTAL_BYTES and grown / (each * (CHECKPOINTS - 2)) or 0
end

local function fail(element, message)
  local parent = core.context.parent(element)
  core.publish({ "failure", "it" }, element, parent, message, element.trace)
  core.publish({ "test", "end" }, element, parent, "failure")
end

-- What a round adds to Lua's heap and to C's, and of how many rounds; nil when one of them failed.
local function growth(element, rounds, settle_s)
  local s = sample(element, rounds, settle_s)
  if not s then return nil end
  return slope(s.lua, s.each), slope(s.c, s.each), s.each * (CHECKPOINTS - 1)
end

-- What looks like a leak may be on its way out, so it is looked at twice, and the second time with patience.
local function repeated(element)
  local begun = host.clock()
  run_test(element)
  if last_status ~= "success" then return end
  local rounds = rounds_for(host.clock() - begun)
  for _, settle_s in ipairs { 0, SETTLE_S } do
    local lua, c, n = growth(element, rounds, settle_s)
    if not lua or lua < LUA_BYTES and c < C_BYTES then return end
    if settle_s > 0 then
      fail(element, ("memory grows with each run: Lua's heap by %.0f bytes, C's by %.0f, of %d runs"):format(lua, c, n))
    end
  end
end

-- the choice -----------------------------------------------------------------------------------------

local modes = {
  reload = start_reloading,
  leak = function() executors.it = repeated end,
  nojit = function() assert(not jit.status(), "the JIT compiler is on") end,
  shuffle = function() assert(require("human.core.shuffle").seed(), "nothing is shuffled") end,
}

local mode = os.getenv "HUMAN_TEST_MODE" or ""
local start = modes[mode] or error("HUMAN_TEST_MODE: there is no mode '" .. mode .. "'")
start()
