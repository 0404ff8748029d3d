-- scripts/marketplace/rules/tools.lua -- when a tool has not kept what its listing promises, and what its uptime is.
-- Pure.
--% version: 1

local M = {
  kept_days = 35,                  -- for which single calls are kept
  minutes_hours = 2,               -- for which sums by the minute are; the last hour is looked at
  samples = 1000,                  -- the newest calls, that latency is measured by
  least_calls = 20,                -- of an hour, before it can break a promise
  rearm_hours = 1,                 -- between two breaches of one kind
}

M.returns = {
  kept_days = "integer 31..400", minutes_hours = "integer 2..48", samples = "integer 20..2000",
  least_calls = "integer 1..1000", rearm_hours = "integer 1..168",
  uptime = "number", breach = { severity = "string?" }, status = { "compliant", "breached", "unknown" },
}

--- Percent of the calls that a tool has answered.  sums: {calls, failures}; there are some.
function M.uptime(sums) return math.floor(10000 * (sums.calls - sums.failures) / sums.calls + 0.5) / 100 end

--- Is this a breach?  measured: {type = "uptime" | "latency" | "error_rate", value, threshold, calls, is_down (it does
--- not answer now, so that few calls are enough)}.  Critical: an uptime that is a whole percent too low; a latency, or
--- a rate of errors, that is twice what was promised.
function M.breach(measured)
  if measured.calls < M.least_calls and not measured.is_down then return {} end
  if measured.type == "uptime" then
    if measured.value >= measured.threshold then return {} end
    return { severity = measured.value < measured.threshold - 1 and "critical" or "warning" }
  end
  if measured.value <= measured.threshold then return {} end
  return { severity = measured.value > 2 * measured.threshold and "critical" or "warning" }
end

--- Does a tool keep its uptime?  facts: {uptime, target}, nil where nothing is known or promised.
function M.status(facts)
  if not facts.uptime or not facts.target then return "unknown" end
  return facts.uptime >= facts.target and "compliant" or "breached"
end

M.examples = {
  { "uptime", { calls = 1000, failures = 2 }, expect = 99.8 },
  { "uptime", { calls = 3, failures = 3 }, expect = 0 },
  { "breach", { type = "latency", value = 520, threshold = 500, calls = 100 }, expect = { severity = "warning" } },
  { "breach", { type = "latency", value = 1001, threshold = 500, calls = 100 }, expect = { severity = "critical" } },
  { "breach", { type = "latency", value = 500, threshold = 500, calls = 100 }, expect = {} },
  { "breach", { type = "uptime", value = 99, threshold = 99.5, calls = 100 }, expect = { severity = "warning" } },
  { "breach", { type = "uptime", value = 90, threshold = 99.5, calls = 100 }, expect = { severity = "critical" } },
  { "breach", { type = "uptime", value = 90, threshold = 99.5, calls = 19 }, expect = {} },
  { "breach", { type = "uptime", value = 90, threshold = 99.5, calls = 3, is_down = true },
    expect = { severity = "critical" } },
  { "breach", { type = "error_rate", value = 2, threshold = 1, calls = 100 }, expect = { severity = "warning" } },
  { "breach", { type = "error_rate", value = 2.5, threshold = 1, calls = 100 }, expect = { severity = "critical" } },
  { "status", { uptime = 99.8, target = 99.5 }, expect = "compliant" },
  { "status", { uptime = 99.4, target = 99.5 }, expect = "breached" },
  { "status", { target = 99.5 }, expect = "unknown" },
}

return M
