-- host/lua/queue/engine.lua -- one worker's part in the queue: it takes rows that are due, runs them, and records the
-- outcome.
-- Each kind, and all consumers of a topic together, have a pump, which runs one transaction after another (exchange)
-- while there is work: it settles the rows that have ended and takes those that are due.  It is started by a commit
-- that added rows, the end of a run, a timer for the next due row, and a poll once a second, which finds rows of other
-- hosts and of workers that died.
-- A row held here has a lease, renewed as long as it is held; updates match its id, its owner and its attempt
-- number, so that no worker settles a row that another one runs.

local bus = require "human.bus"
local crypto = require "human.crypto"
local db = require "human.db"
local exchange = require "human.queue.exchange"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local id = require "human.id"
local leases = require "human.queue.leases"
local log = require "human.log"
local metrics = require "human.metrics"
local report = require "human.queue.report"
local run = require "human.queue.run"
local sched = require "human.core.sched"
local sql = require "human.queue.sql"
local timer = require "human.core.timer"

local M = {}
local LOOK_S, AGAIN_S, SOONEST_S, TOGETHER_S = 1, 0.5, 0.002, 0.005
local GAP_S = 0.02                               -- between turns for events, so that more of them come at once
local PARKED_S, PARKED_MAX_S = 0.02, 1           -- until a look for rows that others' have parked; doubles
local TAKE_MAX = 32                              -- rows taken at once
local TELL_S = 0.05                              -- between notifications that there is more than we can take
local TOPIC = "bus.queue"
local me = id.new()                              -- this worker's incarnation
local kinds = {}                                 -- kind -> this worker's state of it
local pumps = {}                                 -- {kinds = {..}, by name}; by the name of a kind, or "outbox TOPIC"
local looking, stopped = false, false

metrics.describe("human_queue_done_total", "Rows of the queue that are done.")
metrics.describe("human_queue_failed_total", "Tries of rows of the queue that failed.")
metrics.describe("human_queue_dead_total", "Rows of the queue that were given up.")

local function pump_of(name)
  local topic = name:match "^outbox %S+"
  local of = topic or name
  pumps[of] = pumps[of] or { kinds = {}, gap_s = topic and GAP_S, begun_at = -GAP_S }
  return pumps[of]
end

local function kind_of(name)
  local k = kinds[name]
  if not k then
    k = { name = name, held = {}, n = 0, high = 0, done = {}, back = {}, freed = {}, told_at = 0, pump = pump_of(name) }
    kinds[name] = k
    table.insert(k.pump.kinds, k)
    table.sort(k.pump.kinds, function(a, b) return a.name < b.name end)
  end
  return k
end

local function def_of(name)
  local g = gen.current()
  return g and g.queue[name]
end

local pump                                       -- (k): starts its pump unless that is running

-- Rows have ended: writes them and takes others, in groups if many are running.  A batch that has written its end
-- itself, and that nothing waits for, leaves nothing to do.
local function pump_soon(k)
  if k.is_batch and k.n == 0 and not (k.missed or k.parked) then
    k.freed = {}
    return
  end
  if k.n - #k.done - #k.back <= k.high / 2 then return pump(k) end
  if k.soon then return end
  k.soon = timer.start(TOGETHER_S, function()
    k.soon = nil
    pump(k)
  end)
end

-- How many rows may be taken now.
local function room(k, def)
  if stopped or not def or k.suspects or sched.is_full() then return 0 end
  local label = host.label("queue " .. k.name)
  if sched.struck > 0 and host.is_struck(label) then return 0 end
  local running = k.n - #k.done - #k.back        -- finished rows are settled before new ones are taken
  if def.batch then return running == 0 and def.batch or 0 end
  return math.min(TAKE_MAX, def.concurrency - running)
end

-- Outcomes -----------------------------------------------------------------------------

-- The seconds before try number n + 1, with jitter, so that rows that failed together are not retried together.
local function pause(def, n)
  local s = def.backoff
  local wait = s.list and s.list[math.min(n, #s.list)] or math.min(s.first_s * 2 ^ math.min(n - 1, 40), s.max_s)
  return wait * (0.75 + crypto.random() * 0.5)
end

local function fail_row(k, def, row, o)
  local dead = o.dead or row.attempts >= (def and def.attempts or math.huge)
  metrics.add("human_queue_failed_total", 1, { kind = k.name })
  if dead then metrics.add("human_queue_dead_total", 1, { kind = k.name }) end
  log[dead and "error" or "warn"](dead and "queue: a row is given up" or "queue: a try failed",
    { kind = k.name, row = row.id, attempt = row.attempts, error = o.error })
  k.back[#k.back + 1] = { id = row.id, attempts = row.attempts, error = o.error, dead = dead,
                          wait_s = o.wait_s or def and pause(def, row.attempts) or 60 }
end

local function settle(k, row, o)
  if k.held[row.id] ~= row then return end
  k.held[row.id] = nil
  if row.key then k.freed[row.key] = true end
  if row.lapses >= 2 then k.suspects = nil end
  if not o then
    k.n = k.n - 1
  elseif o.is_done then
    k.done[#k.done + 1] = row
  elseif o.is_void then
    k.back[#k.back + 1] = { id = row.id, attempts = row.attempts }
  else
    fail_row(k, def_of(k.name), row, o)
  end
end

-- Runs the chain from number i on; rows with a key that has failed in it are given back.
local function go_on(k, chain, i)
  local r = chain[i]
  if not r then return end
  local kept = {}
  for _, row in ipairs(r.rows) do
    if chain.failed and chain.failed[row.key or row] or stopped then
      settle(k, row, { is_void = true })
    elseif k.held[row.id] then
      kept[#kept + 1] = row
    end
  end
  r.rows = kept
  if #kept == 0 then return go_on(k, chain, i + 1) end
  for _, row in ipairs(kept) do row.run = r end
  run.start(r, function(ended, o)
    if ended.is_done or o and o.is_done then
      metrics.add("human_queue_done_total", #ended.rows, { kind = k.name })
    else
      chain.failed = chain.failed or {}
      for _, row in ipairs(ended.rows) do chain.failed[row.key or row] = true end
    end
    for _, row in ipairs(ended.rows) do settle(k, row, o) end
    go_on(k, chain, i + 1)
    pump_soon(k)
  end)
end

local function comes_before(a, b)
  if a.order_at ~= b.order_at then return a.order_at < b.order_at end
  return a.seq < b.seq
end

-- With enough keys, takes one row per key, which needs less scanning; otherwise several per key.
local function choose_run(k, def, rows, n)
  local keys, seen = 0, {}
  for _, row in ipairs(rows) do
    if row.key and not seen[row.key] then keys, seen[row.key] = keys + 1, true end
  end
  k.run = keys >= n / 2 and 1 or def.run
end

local function begin(k, def, rows, sent)
  table.sort(rows, comes_before)
  for _, row in ipairs(rows) do
    row.until_at = sent + def.lease_s
    k.held[row.id], k.n = row, k.n + 1
    if row.lapses >= 2 then k.suspects = true end
  end
  k.high = k.n
  for _, chain in ipairs(run.chains(rows, def, me)) do go_on(k, chain, 1) end
end

-- The pump ----------------------------------------------------------------------------------------

-- Outcomes that could not be written go into the next transaction.
local function take_back(k, given)
  for _, name in ipairs { "done", "back" } do
    for _, entry in ipairs(given[name]) do table.insert(k[name], entry) end
  end
  for key in pairs(given.freed) do k.freed[key] = true end
end

local function arm(k, in_s)
  timer.cancel(k.timer)
  k.timer = timer.start(math.max(in_s, SOONEST_S), pump, k)
end

-- Notifies other workers and hosts, which may have room.
local function tell(k)
  if host.now() - k.told_at < TELL_S then return end
  k.told_at = host.now()
  bus.tell_others(TOPIC, k.name)
end

-- What an exchange has to do for a kind; nil: nothing.
local function plan_of(k)
  local def = def_of(k.name)
  local n = room(k, def)
  k.wanted, k.missed = nil, n <= 0
  if n <= 0 and not k.done[1] and not k.back[1] then return nil end
  local p = { k = k, name = k.name, def = def, n = n, done = k.done, back = k.back, freed = n > 0 and k.freed or {},
              run_max = k.run or def and def.run }
  k.done, k.back = {}, {}
  if n > 0 then k.freed = {} end
  return p
end

-- Rows that wait for a key: until our own run ends; or, since another worker has it who knows nothing of them, for as
-- many seconds as this returns.
local function note_parked(k, keys)
  k.parked = keys[1] ~= nil
  for _, key in ipairs(keys) do k.freed[key] = true end
  k.parked_s = k.parked and k.n == 0 and math.min((k.parked_s or PARKED_S / 2) * 2, PARKED_MAX_S) or nil
  return k.parked_s
end

local function heard(p, sent)
  local k, def, in_s = p.k, p.def, p.in_s
  k.n, k.is_batch = k.n - #p.done - #p.back, def and def.batch
  if def and def.per_key and p.n > 0 then choose_run(k, def, p.rows, p.n) end
  if p.rows[1] then begin(k, def, p.rows, sent) end
  local again_s = p.n > 0 and note_parked(k, p.parked) or nil
  if again_s then in_s = math.min(again_s, in_s or again_s) end
  if not in_s then return end
  if in_s > 0 then
    if in_s < 2 * LOOK_S then arm(k, in_s) end
  elseif p.rows[1] then
    tell(k)
    k.wanted, k.pump.again, k.pump.is_behind = true, true, true
  end
end

local function turn(of)
  local plans, sent = {}, host.now()
  for _, k in ipairs(of.kinds) do
    if k.wanted then plans[#plans + 1] = plan_of(k) end
  end
  if not plans[1] then return end
  local ok, err = pcall(exchange.run, plans, me)
  if not ok and err ~= sched.Canceled and host.db_up() then
    log.warn("queue: rows could not be taken", { kind = plans[1].name, error = tostring(err) })
  end
  for _, p in ipairs(plans) do
    if ok then
      heard(p, sent)
    else
      take_back(p.k, p)
      arm(p.k, AGAIN_S)
    end
  end
end

-- Events that come while others are taken wait for what is left of the gap; those of which there are more do not.
local function rests(of)
  local left = of.gap_s and not of.is_behind and of.begun_at + of.gap_s - host.now() or 0
  if left <= 0 then return false end
  of.rest = of.rest or timer.start(left, function()
    of.rest = nil
    pump(of.kinds[1])
  end)
  return true
end

local function work(of)
  repeat
    of.again, of.is_behind, of.begun_at = false, false, host.now()
    turn(of)
  until not of.again or rests(of)
end

local function on_finish(task, err)
  local of = task.queue
  of.working = false
  if err and err ~= sched.Canceled then
    log.error("queue: a pump failed", { kind = of.kinds[1].name, error = tostring(err) })
    for _, k in ipairs(of.kinds) do arm(k, AGAIN_S) end
    return
  end
  if of.again then pump(of.kinds[1]) end
end

function pump(k)
  local of = k.pump
  k.wanted = true
  if of.working then
    of.again = true
    return
  end
  if not db.is_ready() or rests(of) then return end -- the next poll will find them
  of.working, of.again = true, false
  sched.spawn_as({ gen = false, label = 0, queue = of, on_finish = on_finish }, work, of)
end

-- Those of one pump are taken together.
local function pump_all(names)
  for name in pairs(names) do kind_of(name).wanted = true end
  for name in pairs(names) do
    if kinds[name].wanted then pump(kinds[name]) end
  end
end

--- Rows of these kinds ({[kind] = true}) have been added, and their transaction is committed.
function M.poke(names)
  local ours = {}
  for name in pairs(names) do
    if stopped then bus.tell_others(TOPIC, name) elseif looking and def_of(name) then ours[name] = true end
  end
  pump_all(ours)
end

-- Polling -----------------------------------------------------------------------------------------

local function keep_leases(k)
  k.last_def = def_of(k.name) or k.last_def
  leases.keep(k, k.last_def, me, settle)
end

-- Releases rows whose workers are gone; worker 0 does this for its host.
local function release_lapsed(defs)
  local attempts, lapsed = {}, {}
  local names = sql.names(defs)
  for i, name in ipairs(names) do attempts[i] = defs[name].attempts end
  for _, row in ipairs(db.query(sql.lapse, sql.texts(names), "{" .. table.concat(attempts, ",") .. "}")) do
    lapsed[row.kind] = (lapsed[row.kind] or 0) + 1
    if row.is_dead then metrics.add("human_queue_dead_total", 1, { kind = row.kind }) end
  end
  for name, n in pairs(lapsed) do log.warn("queue: the worker of rows is gone", { kind = name, rows = n }) end
  db.exec(sql.forgotten)
end

local function look_for_due()
  local defs = gen.current().queue
  if not next(defs) then return end
  if host.worker() == 0 then release_lapsed(defs) end
  local due = {}
  for _, row in ipairs(db.query(sql.look, sql.texts(sql.names(defs)))) do
    if row.in_s <= 0 then due[row.kind] = true elseif row.in_s < 2 * LOOK_S then arm(kind_of(row.kind), row.in_s) end
  end
  pump_all(due)
end

local busy = false
local function look()
  if stopped and not next(M.holding()) then looking = false return end
  timer.start(LOOK_S, look)
  for _, k in pairs(kinds) do
    if next(k.held) then keep_leases(k) end
    if (k.done[1] or k.back[1]) and not k.pump.working then pump(k) end
  end
  if busy or stopped or not db.is_ready() then return end
  busy = true
  sched.spawn_as({ gen = false, label = 0, on_finish = function(_, err)
    busy = false
    if err and err ~= sched.Canceled and host.db_up() then
      log.warn("queue: could not look", { error = tostring(err) })
    end
  end }, look_for_due)
end

--- The number of rows that this worker holds: {[kind] = count}.
function M.holding()
  local out = {}
  for name, k in pairs(kinds) do
    if k.n > 0 then out[name] = k.n end
  end
  return out
end

--- Polls every kind at once, after a change of the scripts or of the clock.
function M.look_again()
  if not looking or stopped then return end
  pump_all(gen.current().queue)
end

--- The database is ready and scripts are loaded (boot).
function M.run()
  if looking then return end
  looking = true
  bus.on_hosts(TOPIC, function(name) return type(name) == "string" end, function(name)
    if not stopped and def_of(name) then pump(kind_of(name)) end
  end)
  look()
  M.look_again()
  report.start()
end

--- Starts no more rows (drain); outcomes of running ones are still written.
function M.stop() stopped = true end

return M
