-- host/lua/cli/snapshot.lua -- the state of a running server, for `human status` and `human top`.
-- Two sources: the supervisor over the control socket (it answers whatever the workers do),
-- and the numbers of all workers from /metrics.  Without the latter, values that only workers know are nil.

local host = require "human.core.host"
local json = require "human.json"
local own_server = require "human.cli.own_server"
local texts = require "human.text"

local M = {}
local METRICS_WAIT_S = 3
local greeted                                    -- the instance whose address has been verified
local DURATION = "human_http_request_duration_seconds_bucket"

--- Metrics in text form as {{name =, labels = {..}, value =}}.
function M.parse(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do
    local name, inside, value = line:match "^([%a_:][%w_:]*)({.*}) (%S+)$"
    if not name then name, value = line:match "^([%a_:][%w_:]*) (%S+)$" end
    if name then
      local labels = {}
      for label, v in (inside or ""):gmatch '%f[%w_]([%a_][%w_]*)="([^"]*)"' do labels[label] = v end
      list[#list + 1] = { name = name, labels = labels, value = tonumber(value) or 0 }
    end
  end
  return list
end

local function read_metrics(server)
  if greeted ~= server.instance then
    local health, why = own_server.greet(server)
    if not health then return nil, why end
    greeted = server.instance
  end
  local answer, why = own_server.ask(server, "/metrics", METRICS_WAIT_S)
  if not answer then return nil, why end
  return M.parse(answer.body)
end

--- Takes a snapshot: {server, metrics, problem, at}; or nil and why no server answers.  Awaits.
function M.take()
  local server, why = own_server.status()
  if not server then return nil, why end
  local metrics, problem = read_metrics(server)
  return { server = server, metrics = metrics, problem = problem, at = host.clock() }
end

-- The sum of a metric's series, or of those with pick(labels).
local function sum(metrics, name, pick)
  local n = 0
  for _, s in ipairs(metrics) do
    if s.name == name and (not pick or pick(s.labels)) then n = n + s.value end
  end
  return n
end

-- {bound -> cumulative count} over all routes.
local function buckets(metrics)
  local out = {}
  for _, s in ipairs(metrics) do
    if s.name == DURATION then out[s.labels.le] = (out[s.labels.le] or 0) + s.value end
  end
  return out
end

--- The q-quantile in seconds of cumulative counts {le = n}, by interpolation inside its bucket as
--- Prometheus does; nil without counts.
function M.quantile(counts, q)
  local list = {}
  for le, n in pairs(counts) do list[#list + 1] = { le == "+Inf" and math.huge or tonumber(le), n } end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  local total = list[#list] and list[#list][2] or 0
  if total <= 0 then return nil end
  local below, from = 0, 0
  for _, b in ipairs(list) do
    if b[2] >= q * total then
      if b[1] == math.huge then return from end
      return from + (b[1] - from) * (q * total - below) / (b[2] - below)
    end
    below, from = b[2], b[1]
  end
end

local function difference(now, before)
  local out = {}
  for le, n in pairs(now) do out[le] = n - (before[le] or 0) end
  return out
end

local function is_failure(labels) return (tonumber(labels.status) or 0) >= 500 end

-- Rates since `before`; durations of requests since then, or else since the start.
local function requests(now, before)
  local m = now.metrics
  local out = { total = sum(m, "human_http_requests_total"),
                failed = sum(m, "human_http_requests_total", is_failure) }
  local counts = buckets(m)
  if before and before.metrics then
    local seconds = math.max(now.at - before.at, 0.001)
    out.per_s = math.max(0, out.total - sum(before.metrics, "human_http_requests_total")) / seconds
    out.failed_per_s = math.max(0, out.failed - sum(before.metrics, "human_http_requests_total", is_failure))
      / seconds
    local lately = difference(counts, buckets(before.metrics))
    if (lately["+Inf"] or 0) > 0 then counts = lately end
  end
  local p50, p99 = M.quantile(counts, 0.5), M.quantile(counts, 0.99)
  out.p50_ms, out.p99_ms = p50 and p50 * 1000, p99 and p99 * 1000
  return out
end

local function state_of(worker, stopping)
  if worker.pid == 0 then return "down" end
  if stopping then return "stopping" end
  if not worker.started then return "starting" end
  return worker.busy and "busy" or "idle"
end

local function worker_view(server, worker, metrics)
  local mine = function(labels) return labels.worker == tostring(worker.index) end
  local out = { index = worker.index, pid = worker.pid, state = state_of(worker, server.stopping),
                restarts = worker.restarts, uptime_s = worker.uptime_s, doing = worker.what }
  if not metrics then return out end
  out.memory_bytes = sum(metrics, "human_resident_memory_bytes", mine)
  out.scripts_bytes = sum(metrics, "human_lua_memory_bytes", mine)
  out.tasks = sum(metrics, "human_tasks", mine)
  out.connections = sum(metrics, "human_connections", mine)
  return out
end

local function pool_view(m)
  local function in_state(state)
    return sum(m, "human_pool_connections", function(labels) return labels.state == state end)
  end
  return { leased = in_state "leased", busy = in_state "busy", idle = in_state "idle",
           waiting = sum(m, "human_pool_waiting") }
end

-- The states of the database that workers report.
local function database_view(m)
  local states, seen = {}, {}
  for _, s in ipairs(m) do
    local state = s.name == "human_database_state" and s.value > 0 and s.labels.state
    if state and not seen[state] then seen[state], states[#states + 1] = true, state end
  end
  return states
end

local function model_view(m)
  local tokens = {}
  for _, direction in ipairs { "input", "output" } do
    tokens[direction] = sum(m, "human_llm_tokens_total", function(l) return l.direction == direction end)
  end
  return { requests = sum(m, "human_llm_requests_total"), input_tokens = tokens.input,
           output_tokens = tokens.output, cost_dollars = sum(m, "human_llm_cost_dollars_total") }
end

--- The view of two snapshots (the earlier one may be nil), as plain data; docs/observing.md lists it.
function M.view(now, before)
  local server, m = now.server, now.metrics
  local out = { version = server.version, pid = server.pid, uptime_s = server.uptime_s, scripts = server.bundle,
                stopping = server.stopping or false, workers = json.array {}, problem = now.problem }
  if server.reload and server.reload.at > 0 then out.reload = server.reload end
  for i, worker in ipairs(server.workers) do out.workers[i] = worker_view(server, worker, m) end
  if not m then return out end
  out.requests, out.pool, out.model = requests(now, before), pool_view(m), model_view(m)
  out.database_up = sum(m, "human_database_up") > 0
  out.database = json.array(database_view(m))
  out.sockets = { connections = sum(m, "human_connections"), socketio = sum(m, "human_socketio_sockets"),
                  websockets = sum(m, "human_websockets") }
  out.log_lines_lost = sum(m, "human_log_lines_lost_total")
  return out
end

-- As text -------------------------------------------------------------------------------------------

local function duration(s)
  s = math.floor(s)
  if s < 120 then return s .. " s" end
  if s < 7200 then return ("%d min"):format(s / 60) end
  if s < 172800 then return ("%d h %d min"):format(s / 3600, s % 3600 / 60) end
  return ("%d days"):format(s / 86400)
end

local function bytes(n)
  if not n then return "-" end
  return ("%.1f MB"):format(n / 1048576)
end

local function ms(v) return v and ("%.1f ms"):format(v) or "-" end

local function table_lines(rows)
  local width, out = {}, {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do width[i] = math.max(width[i] or 0, #cell) end
  end
  for _, row in ipairs(rows) do
    local cells = {}
    for i, cell in ipairs(row) do cells[i] = cell .. (" "):rep(width[i] - #cell) end
    out[#out + 1] = texts.trim_end(table.concat(cells, "  "))
  end
  return out
end

local function worker_rows(view)
  local rows = { { "worker", "process", "state", "up", "restarts", "memory", "scripts", "tasks", "clients", "doing" } }
  for _, w in ipairs(view.workers) do
    rows[#rows + 1] = {
      tostring(w.index), w.pid > 0 and tostring(w.pid) or "-", w.state, w.pid > 0 and duration(w.uptime_s) or "-",
      tostring(w.restarts), bytes(w.memory_bytes), bytes(w.scripts_bytes), tostring(w.tasks or "-"),
      tostring(w.connections or "-"), w.doing or "",
    }
  end
  return rows
end

local function reload_text(reload)
  if not reload then return "not reloaded yet" end
  return ("%s at %s: %s"):format(reload.ok and "reloaded" or "reload refused", os.date("%Y-%m-%d %H:%M:%S", reload.at),
    (reload.verdict:match "^[^\n]*"))
end

local function numbers(view)
  local r, p, s, m = view.requests, view.pool, view.sockets, view.model
  local rows = {
    { "requests", ("%s/s, p50 %s, p99 %s; %d since the start, %d failed"):format(
      r.per_s and ("%.1f"):format(r.per_s) or "-", ms(r.p50_ms), ms(r.p99_ms), r.total, r.failed) },
    { "database", ("%s; connections: %d in transactions, %d busy, %d idle; %d waiting"):format(
      view.database[1] and table.concat(view.database, ", ") or view.database_up and "up" or "AWAY",
      p.leased, p.busy, p.idle, p.waiting) },
    { "clients", ("%d connections, %d Socket.IO, %d WebSocket"):format(s.connections, s.socketio, s.websockets) },
    { "model", ("%d calls, %d tokens in, %d out, $%.4f"):format(m.requests, m.input_tokens, m.output_tokens,
      m.cost_dollars) },
  }
  if view.log_lines_lost > 0 then rows[#rows + 1] = { "log", view.log_lines_lost .. " LINES LOST" } end
  return rows
end

--- A view as lines for a terminal.
function M.lines(view)
  local out = { ("human %s, process %d, up %s%s"):format(view.version, view.pid, duration(view.uptime_s),
    view.stopping and ", STOPPING" or "") }
  local rows = { { "scripts", view.scripts .. ", " .. reload_text(view.reload) } }
  if view.requests then
    for _, row in ipairs(numbers(view)) do rows[#rows + 1] = row end
  else
    rows[#rows + 1] = { "numbers", "not available: " .. tostring(view.problem) }
  end
  for _, line in ipairs(table_lines(rows)) do out[#out + 1] = line end
  out[#out + 1] = ""
  for _, line in ipairs(table_lines(worker_rows(view))) do out[#out + 1] = line end
  return out
end

return M
