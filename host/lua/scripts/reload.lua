-- host/lua/scripts/reload.lua -- one worker's part in a reload; host/server/reload.c leads it.
-- PREPARE: builds the new generation beside the one in service, between requests, and votes.
-- COMMIT: swaps one reference; new requests, events and messages go to the new scripts.
-- Running tasks continue with the old scripts for reload.grace_ms, or for as long as they have said that they may
-- take (timeout_s of a route, a method or a kind of the queue); then they are canceled and the old generation is
-- collected.  Nothing in service is touched before COMMIT.

local bus = require "human.bus"
local feed = require "human.feed"
local gen = require "human.scripts.generation"
local grants = require "human.http.grants"
local host = require "human.core.host"
local jobs = require "human.jobs"
local log = require "human.log"
local migrate = require "human.pg.migrate"
local queue = require "human.queue"
local replaced = require "human.core.replaced"
local sched = require "human.core.sched"
local sio = require "human.sio"
local timer = require "human.core.timer"
local wsroute = require "human.http.websocket"

local M = {}
local KEPT_MAX = 8                               -- replaced generations that still have tasks
local LOOK_S = 0.01                              -- while an earlier build, or the first, is in progress
local STEP_KB, QUIET_S, LATEST_S = 32, 0.5, 2
local sweeping, swept_for = false, nil           -- a sweep is due; the generation that asked for it last
local wanted                                     -- the requested generation
local building = false
local candidate                                  -- built, voted for, not yet in service
local retired = setmetatable({}, { __mode = "k" })  -- generations that left service

-- The checker has shown that it comes to its end: how long it takes where a machine has no time is not what
-- limits.script_hard_ms is about.
local function load(n)
  local native = host.native
  if native.load_begin then native.load_begin(0) end
  local ok, g = pcall(gen.build, n, { examples = false })
  if native.load_begin then native.load_end() end
  return ok and g or error(g, 0)
end

local function build(n)
  local g = load(n)
  migrate.check(n, gen.current().n)
  wsroute.check_live(g)
  feed.check_live(g)
  sio.check_live(g)
  return g
end

local function prepare(n)
  while building or not gen.current() do
    sched.sleep(LOOK_S)
    if wanted ~= n then return end
  end
  building = true
  local ok, g = pcall(build, n)
  building = false
  if wanted ~= n then return end
  candidate = ok and g or nil
  host.reload_vote(n, ok, ok and "" or tostring(g))
end

local function collect(g, at_once)
  local n, left = replaced.kill(g, at_once)
  if n > 0 then log.warn("canceled what ran on replaced scripts", { tasks = n, scripts = g.id }) end
  return left
end

-- The timers must not keep an unused generation alive.
local function collect_in(seconds, weak)
  timer.start(seconds, function()
    local left = weak.g and collect(weak.g)
    if left then collect_in(left, weak) end
  end)
end

-- Replaced generations that still have tasks, oldest first.
local function in_use()
  local list = {}
  for g in pairs(retired) do
    if replaced.count(g) > 0 then list[#list + 1] = g end
  end
  table.sort(list, function(a, b) return a.n < b.n end)
  return list
end

local function retire(g)
  retired[g] = true
  bus.retire(g)
  collect_in(host.conf().reload.grace_ms / 1000, setmetatable({ g = g }, { __mode = "v" }))
  local busy = in_use()
  for i = 1, #busy - KEPT_MAX do collect(busy[i], true) end
end

-- A replaced generation leaves a few megabytes of garbage, which would stay for long at the collector's own
-- pace: so this runs two whole cycles, one step between turns.  Compiled traces refer to the functions that
-- they came from, so they are flushed, too; hot code is recompiled at once.  Several reloads in a row
-- share a sweep.
local function sweep()
  local begun = host.now()
  repeat
    local seen = swept_for
    sched.sleep(QUIET_S)
  until seen == swept_for or host.now() - begun > LATEST_S
  sweeping = false
  jit.flush()
  for _ = 1, 2 do
    while not collectgarbage("step", STEP_KB) do sched.sleep(0) end
  end
end

local function commit(n)
  local old, new = gen.current(), candidate
  wanted, candidate = nil, nil
  if not new or new.n ~= n then
    return log.error("told to serve scripts that were not built", { generation = n })
  end
  gen.install(new)
  host.reload_serving(n)                         -- first, since the others must not wait for us if anything below fails
  retire(old)
  sched.spawn(grants.recheck)                    -- the settings say who may come in
  jobs.reloaded(old, new)
  queue.reloaded(old, new)
  swept_for = n
  if not sweeping then
    sweeping = true
    sched.spawn_as({ gen = false }, sweep)       -- gen = false: the end of a generation must not cancel it
  end
end

local function abort()
  wanted, candidate = nil, nil
end

-- An event of the host: phase is one of host.RELOAD, n the generation.
function M.on_event(phase, n)
  if phase == host.RELOAD.COMMIT then return commit(n) end
  if phase == host.RELOAD.ABORT then return abort() end
  wanted, candidate = n, nil
  sched.spawn(prepare, n)
end

return M
