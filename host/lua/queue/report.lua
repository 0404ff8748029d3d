-- host/lua/queue/report.lua -- worker 0 of each host reports on the queue: gauges of its rows, and a warning
-- about kinds that no script declares.  Counts up to a limit: a long queue is not counted to its end.

local db = require "human.db"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local log = require "human.log"
local metrics = require "human.metrics"
local sched = require "human.core.sched"
local sql = require "human.queue.sql"
local timer = require "human.core.timer"

local M = {}
local EVERY_S, COUNT_MAX, KINDS_MAX = 5, 10000, 200
local warned                                     -- kinds, of one generation
local shown = {}                                 -- kinds that have gauges
local busy = false

metrics.describe("human_queue_depth", "Rows of the queue that wait or run, by kind; counted up to 10,000.")
metrics.describe("human_queue_late_seconds", "How long the first row that is due has been waiting, by kind.")
metrics.describe("human_queue_dead", "Rows of the queue that were given up, by kind; counted up to 10,000.")

--- {{kind, depth, running, dead, late_s}, ..} of kinds that have rows or are declared, by name.
function M.depths(declared)
  local names, seen = {}, {}
  for _, row in ipairs(db.query(sql.kinds)) do names[#names + 1], seen[row.kind] = row.kind, true end
  for kind in pairs(declared) do
    if not seen[kind] then names[#names + 1] = kind end
  end
  table.sort(names)
  for i = KINDS_MAX + 1, #names do names[i] = nil end
  return db.query(sql.depths, sql.texts(names), COUNT_MAX)
end

local function show(row)
  local labels = metrics.labels { kind = row.kind }
  shown[row.kind] = true
  host.metric_set("human_queue_depth" .. labels, row.depth)
  host.metric_set("human_queue_late_seconds" .. labels, math.max(row.late_s, 0))
  host.metric_set("human_queue_dead" .. labels, row.dead)
end

local function warn_of(row, g)
  if g.queue[row.kind] or row.depth == 0 or warned[row.kind] then return end
  warned[row.kind] = true
  log.warn("queue: rows of a kind that no script declares stay where they are", { kind = row.kind, rows = row.depth })
end

local function report()
  local g, gone = gen.current(), {}
  if not warned or warned.of ~= g.id then warned = { of = g.id } end
  for kind in pairs(shown) do gone[kind] = true end
  for _, row in ipairs(M.depths(g.queue)) do
    gone[row.kind] = nil
    show(row)
    warn_of(row, g)
  end
  for kind in pairs(gone) do
    show { kind = kind, depth = 0, late_s = 0, dead = 0 }
    shown[kind] = nil
  end
end

--- Begins; at the start of a worker that serves.
function M.start()
  if host.worker() ~= 0 then return end
  local function again()
    timer.start(EVERY_S, again)
    if busy or not db.is_ready() then return end
    busy = true
    sched.spawn_as({ gen = false, label = 0, on_finish = function(_, err)
      busy = false
      if err and err ~= sched.Canceled and host.db_up() then
        log.warn("queue: its rows could not be counted", { error = tostring(err) })
      end
    end }, report)
  end
  again()
end

return M
