-- host/lua/metrics.lua -- counters, gauges and histograms of all processes, as Prometheus text.
-- The sums live in shared memory (host/core/shm.c), which has room for a limited number of series; so each
-- worker creates at most SERIES_MAX through add() and counts what it had to drop.
-- Shared memory holds a histogram's buckets separately; they are accumulated here, so an empty bucket costs
-- no memory.  Names: https://prometheus.io/docs/practices/naming/

local host = require "human.core.host"

local gsub, find, concat, match, format = string.gsub, string.find, table.concat, string.match, string.format

local M = {}
local SERIES_MAX = 2000
local known, series = {}, 0
local gauges = {}                                -- that every worker sets for itself
local families = {}                              -- name -> {type, help, bounds}
local ESCAPE = { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }

local fine_names, fine_labels = {}, {}           -- of existing series

local function check(fine, name, pattern, what, level)
  if fine[name] then return end
  if not find(name, pattern) then error(what .. " '" .. tostring(name) .. "' is malformed", level) end
end

local function is_plain(text)
  return not (find(text, "\\", 1, true) or find(text, '"', 1, true) or find(text, "\n", 1, true))
end

local function pair(label, value)
  value = tostring(value)
  return label .. '="' .. (is_plain(value) and value or gsub(value, '[\\"\n]', ESCAPE)) .. '"'
end

--- {a="x",b="y"} of a table of labels, sorted by name.
function M.labels(labels)
  local names, n, parts = {}, 0, {}
  for label in pairs(labels) do
    n = n + 1
    names[n] = label
  end
  if n > 1 then table.sort(names) end
  for i, label in ipairs(names) do
    check(fine_labels, label, "^[%a_][%w_]*$", "metric label", 4)
    parts[i] = pair(label, labels[label])
  end
  return "{" .. concat(parts, ",") .. "}"
end

-- Creates a series; false: there are too many.
local function begin(full, name, labels)
  if series >= SERIES_MAX then
    host.metric("human_metrics_dropped_total", 1)
    return false
  end
  known[full], series, fine_names[name] = true, series + 1, true
  for label in pairs(labels or {}) do fine_labels[label] = true end
  return true
end

--- Adds `by` (1 when nil) to a series.  name: Prometheus style, counters end in "_total"; labels
--- (optional): {name = value} with few different values -- never an id.
function M.add(name, by, labels)
  check(fine_names, name, "^[%a_:][%w_:]*$", "metric name", 3)
  local full = labels and name .. M.labels(labels) or name
  if not known[full] and not begin(full, name, labels) then return end
  host.metric(full, by or 1)
end

--- Sets a gauge of what all workers see alike, such as what is in the database; labels as for add().  The worker that
--- answers /metrics shows its own value, so it belongs in a function of system.probe.
function M.set(name, value, labels)
  check(fine_names, name, "^[%a_:][%w_:]*$", "metric name", 3)
  local full = labels and name .. M.labels(labels) or name
  if not known[full] and not begin(full, name, labels) then return end
  gauges[full] = value
end

--- Describes a metric for its HELP and TYPE lines.  kind: "counter", "gauge" or "histogram"; bounds: of
--- a histogram's buckets, ascending, without +Inf.
function M.define(name, kind, text, bounds)
  families[name] = { kind = kind, help = text, bounds = bounds }
end

--- One sentence about a metric of a script; its kind follows from its name.
function M.describe(name, text)
  M.define(name, find(name, "_total$") and "counter" or "gauge", text)
end

local function number_text(v)
  if v == math.floor(v) and math.abs(v) < 2 ^ 53 then return format("%d", v) end
  return format("%.15g", v)
end

-- "a_bucket{x="1",le="5"}" of a histogram a -> a, "bucket", 'x="1"', "5"; of others name, nil, labels.
local function split(full)
  local name, labels = match(full, "^([^{]*){?(.-)}?$")   -- linear: parts do not overlap
  local base, part = match(name, "^(.*)_(%l+)$")
  local family = base and families[base]
  if not (family and family.kind == "histogram") then return name, nil, labels end
  local rest, le = match(labels, '^(.-),?le="([^"]*)"$') -- linear: we choose names and labels
  return base, part, rest or labels, le
end

-- name -> {series...}; a series is {labels =, value = } or, of a histogram, {labels =, sum =, le = {}}.
local function gather(sums)
  local all, index = {}, {}
  for full, value in pairs(sums) do
    local name, part, labels, le = split(full)
    local list = all[name] or {}
    all[name] = list
    local key = name .. "{" .. labels
    local s = index[key]
    if not s then
      s = { labels = labels, le = {}, sum = 0 }
      index[key], list[#list + 1] = s, s
    end
    if part == "bucket" then s.le[le] = value elseif part then s[part] = value else s.value = value end
  end
  return all
end

local function braces(labels, le)
  if le then labels = labels .. (labels ~= "" and "," or "") .. 'le="' .. le .. '"' end
  return labels ~= "" and "{" .. labels .. "}" or ""
end

local function put_histogram(out, name, bounds, s)
  local n = 0
  for i = 1, #bounds + 1 do
    local le = bounds[i] and format("%g", bounds[i]) or "+Inf"
    n = n + (s.le[le] or 0)
    out[#out + 1] = name .. "_bucket" .. braces(s.labels, le) .. " " .. number_text(n)
  end
  out[#out + 1] = name .. "_sum" .. braces(s.labels) .. " " .. number_text(s.sum)
  out[#out + 1] = name .. "_count" .. braces(s.labels) .. " " .. number_text(n)
end

local function put_family(out, name, list)
  local family = families[name] or { kind = find(name, "_total$") and "counter" or "gauge" }
  table.sort(list, function(a, b) return a.labels < b.labels end)
  out[#out + 1] = "# HELP " .. name .. " " .. gsub(family.help or "Of a script.", "[\\\n]", ESCAPE)
  out[#out + 1] = "# TYPE " .. name .. " " .. family.kind
  for _, s in ipairs(list) do
    if family.bounds then
      put_histogram(out, name, family.bounds, s)
    else
      out[#out + 1] = name .. braces(s.labels) .. " " .. number_text(s.value)
    end
  end
end

--- All series of all processes in Prometheus text format (version 0.0.4).  more (optional): {[series] = value} to
--- add.
function M.text(more)
  local sums, names, out = host.metrics(), {}, {}
  for full, value in pairs(gauges) do sums[full] = value end
  for full, value in pairs(more or {}) do sums[full] = value end
  local all = gather(sums)
  for name in pairs(all) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do put_family(out, name, all[name]) end
  return concat(out, "\n") .. (#out > 0 and "\n" or "")
end

return M
