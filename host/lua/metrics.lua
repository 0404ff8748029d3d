-- host/lua/metrics.lua -- counters and gauges, summed over all workers, as Prometheus text.
-- The sums live in shared memory (host/shm.c), which has room for a limited number of series; each
-- worker therefore makes at most SERIES_MAX new ones and counts what it had to drop.

local host = require "human.host"

local gsub, find, concat = string.gsub, string.find, table.concat

local M = {}
local SERIES_MAX = 500
local known, series = {}, 0
local help = {}
local ESCAPE = { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }

local function with_labels(name, labels)
  local names, parts = {}, {}
  for label in pairs(labels) do names[#names + 1] = label end
  table.sort(names)
  for i, label in ipairs(names) do
    if not find(label, "^[%a_][%w_]*$") then error("metric label '" .. label .. "' is malformed", 3) end
    parts[i] = label .. '="' .. gsub(tostring(labels[label]), '[\\"\n]', ESCAPE) .. '"'
  end
  return name .. "{" .. concat(parts, ",") .. "}"
end

--- Adds `by` (1 when nil) to a series.  name: Prometheus style, counters end in "_total"; labels
--- (optional): {name = value} with few different values -- never an id.
function M.add(name, by, labels)
  if not find(name, "^[%a_:][%w_:]*$") then error("metric name '" .. tostring(name) .. "' is malformed", 2) end
  local full = labels and with_labels(name, labels) or name
  if not known[full] then
    if series >= SERIES_MAX then
      host.metric("human_metrics_dropped_total", 1)
      return
    end
    known[full], series = true, series + 1
  end
  host.metric(full, by or 1)
end

--- One sentence about a metric, for its HELP line.
function M.describe(name, text)
  help[name] = gsub(text, "[\\\n]", ESCAPE)
end

local function head(out, name)
  if help[name] then out[#out + 1] = "# HELP " .. name .. " " .. help[name] end
  out[#out + 1] = "# TYPE " .. name .. (find(name, "_total$") and " counter" or " gauge")
end

local function value_text(v)
  if v == math.floor(v) and math.abs(v) < 2 ^ 53 then return ("%d"):format(v) end
  return ("%.17g"):format(v)
end

--- All series of all workers in the text format that Prometheus scrapes (version 0.0.4).
function M.text()
  local sums, names, out = host.metrics(), {}, {}
  for full in pairs(sums) do names[#names + 1] = full end
  -- by name, then labels: a bare sort would put "a_b" between "a" and "a{...}"
  local function split(full) return full:match "^([^{]*)(.*)$" end
  table.sort(names, function(a, b)
    local x, xl = split(a)
    local y, yl = split(b)
    if x ~= y then return x < y end
    return xl < yl
  end)
  local last
  for _, full in ipairs(names) do
    local name = split(full)
    if name ~= last then head(out, name) end
    out[#out + 1], last = full .. " " .. value_text(sums[full]), name
  end
  return concat(out, "\n") .. (#out > 0 and "\n" or "")
end

return M
