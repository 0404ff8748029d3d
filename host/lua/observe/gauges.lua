-- host/lua/observe/gauges.lua -- once a second each worker publishes its gauges, for the worker that answers
-- /metrics; and descriptions of all the host's metrics.
-- Gauges and the counters that C keeps for itself carry the worker's number: their sum over workers
-- would mean nothing.  Publishing costs a few dozen microseconds a second.

local gen = require "human.scripts.generation"
local host = require "human.core.host"
local metrics = require "human.metrics"
local sched = require "human.core.sched"
local timer = require "human.core.timer"
local traffic = require "human.observe.traffic"

local gsub = string.gsub

local M = {}
local EVERY_S = 1
local STARTED = host.now()
local sources, names, last = {}, {}, {}          -- of other modules; series of this worker; last values of counters

local DATABASE = { "up", "starting", "unreachable", "read_only", "stuck", "full", "refused" }
local KINDS = { counter = "counter", gauge = "gauge" }
local HELP = {
  human_bundle_info = { "gauge", "Always 1; the label says which scripts are in service." },
  human_build_info = { "gauge", "Always 1; the label says which version runs." },
  human_http_requests_total = { "counter", "Requests answered (499: the client left first)." },
  human_upload_spool_bytes = { "gauge", "Bytes of uploads on disk, as long as their requests last." },
  human_http_refused_total = { "counter", "Requests refused before any script saw them." },
  human_worker_restarts_total = { "counter", "Workers replaced, by what ended them." },
  human_watchdog_interrupts_total = { "counter", "Scripts interrupted because they ran for too long." },
  human_reloads_total = { "counter", "Reloads of the scripts, by verdict." },
  human_last_reload_successful = { "gauge", "1 when the last reload was accepted, 0 when it was refused." },
  human_log_lines_lost_total = { "counter", "Log lines that could not be written." },
  human_metrics_dropped_total = { "counter", "Additions to series there was no room for." },
  human_llm_requests_total = { "counter", "Calls of language models." },
  human_llm_tokens_total = { "counter", "Tokens of language models, by direction." },
  human_llm_cost_dollars_total = { "counter", "Cost of language models in USD, where prices are known." },
  human_llm_request_duration_seconds_total = { "counter", "Time spent in calls of language models." },
  human_rule_decisions_total = { "counter", "Decisions of rules that were recorded." },
  human_socketio_sessions_total = { "counter", "Socket.IO sessions opened." },
  human_tasks = { "gauge", "Tasks that have begun and not ended." },
  human_operations = { "gauge", "Host operations under way (statements, transfers, requests)." },
  human_connections = { "gauge", "Open connections of clients." },
  human_feed_followers = { "gauge", "Streams that follow a feed." },
  human_websockets = { "gauge", "Open WebSocket routes, without Socket.IO." },
  human_socketio_sockets = { "gauge", "Open Socket.IO sessions." },
  human_event_queue_length = { "gauge", "Events that wait for scripts to take them." },
  human_bus_queue_bytes = { "gauge", "Bytes that wait for another worker to read them." },
  human_pool_connections = { "gauge", "Connections to the database, by what they do." },
  human_pool_waiting = { "gauge", "Transactions and statements that wait for a connection." },
  human_pool_waits_total = { "counter", "Transactions and statements that had to wait for a connection." },
  human_pool_wait_seconds_total = { "counter", "Time they waited altogether." },
  human_pool_statements_total = { "counter", "Statements sent to the database." },
  human_database_up = { "gauge", "1 when this worker reaches the database." },
  human_database_state = { "gauge", "1 for what the database is to this worker, 0 for all that it is not." },
  human_lua_allocated_bytes_total = { "counter", "Memory that scripts have asked for, freed or not, by what ran." },
  human_lua_memory_bytes = { "gauge", "Memory that scripts hold." },
  human_resident_memory_bytes = { "gauge", "Resident memory of a worker." },
  human_peak_memory_bytes = { "gauge", "The most that was resident of a worker." },
  human_uptime_seconds = { "gauge", "Age of a worker." },
}

for name, entry in pairs(HELP) do metrics.define(name, KINDS[entry[1]], entry[2]) end
metrics.define("human_http_request_duration_seconds", "histogram",
  "Time from the whole request to its answer, without streams and long polls.", traffic.BUCKETS)

-- 'name{worker="0"}', followed by more labels.
local function series(name, more)
  local key = name .. (more or "")
  local full = names[key]
  if not full then
    full = ('%s{%sworker="%d"}'):format(name, more and more .. "," or "", host.worker())
    names[key] = full
  end
  return full
end

local function set(name, value, more) host.metric_set(series(name, more), value) end

-- Adds the growth of a counter that is kept elsewhere.
local function grow(name, value, more)
  local full = series(name, more)
  local by = value - (last[full] or 0)
  last[full] = value
  if by > 0 then host.metric(full, by) end
end

--- fn() -> value of a gauge, called once a second.
function M.source(name, fn) sources[name] = fn end

local function set_pool(pool)
  for _, state in ipairs { "leased", "busy", "idle" } do
    set("human_pool_connections", pool[state], 'state="' .. state .. '"')
  end
  set("human_pool_waiting", pool.waiting)
  grow("human_pool_waits_total", pool.waits)
  grow("human_pool_wait_seconds_total", pool.wait_s)
  grow("human_pool_statements_total", pool.statements)
end

-- What asks for much leaves much to the collector, so this tells which route to look at.
local function publish_allocated()
  for name, bytes in pairs(host.allocated()) do
    grow("human_lua_allocated_bytes_total", bytes, 'what="' .. gsub(name, '[\\"\n]', "_") .. '"')
  end
end

--- Publishes everything now.
function M.publish()
  local s = host.stats()
  traffic.flush()
  set("human_tasks", sched.live())
  set("human_operations", s.ops)
  set("human_connections", s.connections)
  set("human_event_queue_length", s.events)
  set("human_bus_queue_bytes", s.bus_bytes)
  set("human_resident_memory_bytes", s.rss_bytes)
  set("human_peak_memory_bytes", s.peak_bytes)
  set("human_lua_memory_bytes", host.native.memory())
  publish_allocated()
  set("human_uptime_seconds", host.now() - STARTED)
  local state = host.db_state()
  set("human_database_up", host.db_up() and 1 or 0)
  for _, name in ipairs(DATABASE) do set("human_database_state", name == state and 1 or 0, 'state="' .. name .. '"') end
  set_pool(s.pool)
  for name, fn in pairs(sources) do set(name, fn()) end
end

--- Called at the start of a worker that serves.
function M.start()
  local handle
  local function again()
    timer.restart(handle)
    M.publish()
  end
  handle = timer.start(EVERY_S, again)
end

--- All metrics, as Prometheus text.
function M.text()
  M.publish()
  return metrics.text {
    [('human_bundle_info{bundle="%s"}'):format(gen.current().id)] = 1,
    [('human_build_info{version="%s"}'):format(host.native.version)] = 1,
  }
end

return M
