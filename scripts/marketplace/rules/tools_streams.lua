-- scripts/marketplace/rules/tools_streams.lua -- answers of tools that are passed on as they come: their limits, and
-- which of these calls count.  Pure.
--% version: 1

local M = {
  whole_ms = 300000,               -- that an answer may last
  idle_ms = 30000,                 -- in which nothing comes; before the first byte, the tool's own time-out counts
  bytes = 8388608,                 -- of an answer, unpacked
  event_bytes = 262144,            -- of one event
  slow_ms = 1000,                  -- for which a caller that does not read has kept the tool waiting, to be called slow
}

M.returns = {
  whole_ms = "integer 1000..600000", idle_ms = "integer 1000..600000", bytes = "integer 1024..67108864",
  event_bytes = "integer 1024..1048576", slow_ms = "integer 1..60000",
  ended = { outcome = { "ok", "failed", "timeout", "canceled" }, counts = "boolean", code = "string?" },
}

local function broken(code, outcome) return { outcome = outcome or "failed", counts = false, code = code } end

--- What becomes of a call whose answer has ended: its outcome, whether it counts, and the code of the error that the
--- caller is told at the end.  facts: {why = "end", "left" (the caller did), "cut" (by us: the host stops), "timeout",
--- "too_large", "malformed" (an event that is no JSON) or "broken"; events (that the caller was sent); waited_ms (for
--- the caller to read)}.  Who leaves with a part of the answer has had it, and who reads so slowly that time runs out
--- has as well; a tool that breaks off is not paid.
function M.ended(facts)
  local why, has_some = facts.why, facts.events > 0
  if why == "end" then return has_some and { outcome = "ok", counts = true } or broken "upstream_error" end
  if why == "left" then return has_some and { outcome = "ok", counts = true } or broken(nil, "canceled") end
  if why == "cut" then return broken("service_unavailable", "canceled") end
  if why == "timeout" then
    if not has_some or facts.waited_ms <= M.slow_ms then return broken("upstream_timeout", "timeout") end
    return { outcome = "ok", counts = true, code = "upstream_timeout" }
  end
  return broken(why == "too_large" and "upstream_too_large" or "upstream_error")
end

M.examples = {
  { "ended", { why = "end", events = 3, waited_ms = 0 }, expect = { outcome = "ok", counts = true } },
  { "ended", { why = "end", events = 0, waited_ms = 0 },
    expect = { outcome = "failed", counts = false, code = "upstream_error" } },
  { "ended", { why = "left", events = 1, waited_ms = 0 }, expect = { outcome = "ok", counts = true } },
  { "ended", { why = "left", events = 0, waited_ms = 0 }, expect = { outcome = "canceled", counts = false } },
  { "ended", { why = "cut", events = 9, waited_ms = 0 },
    expect = { outcome = "canceled", counts = false, code = "service_unavailable" } },
  { "ended", { why = "timeout", events = 9, waited_ms = 0 },
    expect = { outcome = "timeout", counts = false, code = "upstream_timeout" } },
  { "ended", { why = "timeout", events = 9, waited_ms = 20000 },
    expect = { outcome = "ok", counts = true, code = "upstream_timeout" } },
  { "ended", { why = "timeout", events = 0, waited_ms = 20000 },
    expect = { outcome = "timeout", counts = false, code = "upstream_timeout" } },
  { "ended", { why = "too_large", events = 9, waited_ms = 0 },
    expect = { outcome = "failed", counts = false, code = "upstream_too_large" } },
  { "ended", { why = "malformed", events = 9, waited_ms = 0 },
    expect = { outcome = "failed", counts = false, code = "upstream_error" } },
  { "ended", { why = "broken", events = 9, waited_ms = 0 },
    expect = { outcome = "failed", counts = false, code = "upstream_error" } },
}

return M
