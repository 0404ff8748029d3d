-- host/lua/observe/traffic.lua -- requests by route and status, and their durations; kept in plain Lua tables
-- and passed to the host once a second (gauges.lua), because a counter of the host costs a lookup.

local host = require "human.core.host"

local format = string.format

local M = {}
-- Upper bounds in seconds; longer ones are in +Inf.  `human top` and docs/observing.md know them, too.
M.BUCKETS = { 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30 }
local BUCKETS, INF = M.BUCKETS, #M.BUCKETS + 1
local all, changed, n_changed = {}, {}, 0

local function new_series(method, route)
  local labels = format('method="%s",route="%s"', method, (route:gsub('[\\"\n]', "_")))
  local duration = "human_http_request_duration_seconds"
  local s = { labels = labels, is_changed = false, sum = 0, status = {}, status_names = {}, bucket_names = {},
              sum_name = format("%s_sum{%s}", duration, labels) }
  for i = 1, INF do
    local le = BUCKETS[i] and format("%g", BUCKETS[i]) or "+Inf"
    s[i], s.bucket_names[i] = 0, format('%s_bucket{%s,le="%s"}', duration, labels, le)
  end
  return s
end

--- The counters of one route: a table for count() and observe().  route: its template, never a
--- path that a client chose.
function M.series(method, route)
  local key = method .. " " .. route
  local s = all[key]
  if not s then
    s = new_series(method, route)
    all[key] = s
  end
  return s
end

--- Counts an answer with this status (499: the client left first).
function M.count(s, status)
  s.status[status] = (s.status[status] or 0) + 1
  if not s.is_changed then
    s.is_changed, n_changed = true, n_changed + 1
    changed[n_changed] = s
  end
end

--- Records the duration of an answer.
function M.observe(s, status, seconds)
  M.count(s, status)
  local i = 1
  while i < INF and seconds > BUCKETS[i] do i = i + 1 end
  s[i], s.sum = s[i] + 1, s.sum + seconds
end

local function status_name(s, status)
  local name = s.status_names[status]
  if not name then
    name = format('human_http_requests_total{%s,status="%d"}', s.labels, status)
    s.status_names[status] = name
  end
  return name
end

local function flush_one(s)
  for status, n in pairs(s.status) do
    host.metric(status_name(s, status), n)
    s.status[status] = nil
  end
  for i = 1, INF do
    if s[i] > 0 then
      host.metric(s.bucket_names[i], s[i])
      s[i] = 0
    end
  end
  if s.sum > 0 then
    host.metric(s.sum_name, s.sum)
    s.sum = 0
  end
  s.is_changed = false
end

--- Passes the counts to the host.  Buckets are passed separately; metrics.text accumulates them.
function M.flush()
  for i = 1, n_changed do
    flush_one(changed[i])
    changed[i] = nil
  end
  n_changed = 0
end

return M
