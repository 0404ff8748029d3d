-- scripts/gateway/numbers.lua -- numbers about this host, read from its own metrics.

local system = require "human.system"

local M = {}

-- {name = {{labels, value}, ..}} of a Prometheus text.
local function read(text)
  local series = {}
  for line in text:gmatch "[^\n]+" do
    local name, rest = line:match "^([%a_:][%w_:]*)(.*)$"
    if name then
      local at = rest:find("} ", 1, true)
      series[name] = series[name] or {}
      table.insert(series[name], { at and rest:sub(1, at) or "", tonumber(rest:sub(at and at + 2 or 2)) or 0 })
    end
  end
  return series
end

-- The sum of a metric's series, of those whose labels hold `part` when it is given.
local function sum(series, name, part)
  local total = 0
  for _, one in ipairs(series[name] or {}) do
    if not part or one[1]:find(part, 1, true) then total = total + one[2] end
  end
  return total
end

local function latency_ms(series)
  local count = sum(series, "human_http_request_duration_seconds_count")
  return count > 0 and sum(series, "human_http_request_duration_seconds_sum") * 1000 / count or 0
end

--- {websockets, memory_mb, peak_mb, metrics} of all workers of this host.
function M.now()
  local series = read(system.metrics_text())
  local requests = sum(series, "human_http_requests_total")
  return {
    websockets = sum(series, "human_websockets"), memory_mb = sum(series, "human_resident_memory_bytes") / 1048576,
    peak_mb = sum(series, "human_peak_memory_bytes") / 1048576,
    metrics = {
      total_requests = requests + sum(series, "human_rpc_calls_total"),
      total_tokens = sum(series, "human_llm_tokens_total"),
      total_errors = sum(series, "human_http_requests_total", 'status="5'),
      avg_latency_ms = latency_ms(series),
    },
  }
end

return M
