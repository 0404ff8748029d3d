-- scripts/marketplace/rules/benchmarks.lua -- who may have a tool measured, and what comes of what was measured.  The
-- database knows the same edges (migrations/2153_benchmarks.sql).  Pure.
--% version: 1

local M = {
  per_day = 10,                    -- runs of one actor's tools
  timeout_ms = 10000,              -- of one call, where the tool itself asks for no less
  in_a_row = 5,                    -- failures, after which a run ends
  samples = 60,                    -- calls of one run
  listing_examples = 5,            -- of a listing's input_schema, that are asked
  kept_days = 400,

  accuracy_share = 0.6, reliability_share = 0.3, speed_share = 0.1,
}

M.benchmark = {
  { from = "queued", event = "begin", to = "running" }, { from = "running", event = "complete", to = "completed" },
  { from = "queued", event = "fail", to = "failed" }, { from = "running", event = "fail", to = "failed" },
}

M.returns = {
  per_day = "integer 1..1000", timeout_ms = "integer 1000..60000", in_a_row = "integer 1..60",
  samples = "integer 1..60", listing_examples = "integer 1..20", kept_days = "integer 1..4000",
  accuracy_share = "number 0..1", reliability_share = "number 0..1", speed_share = "number 0..1",
  benchmark = "table", next = { to = "string?" }, may_run = "verdict", score = "number 0..1",
  summary = { asked = "integer", accuracy = "number?", p50_ms = "integer?", p95_ms = "integer?",
              success_rate = "number?", composite = "number?" },
}

--- Where an event moves a run: {to}; without it, nowhere.  ask: {from, event}.
function M.next(ask)
  for _, e in ipairs(M.benchmark) do
    if e.from == ask.from and e.event == ask.event then return { to = e.to } end
  end
  return {}
end

--- May this actor have that one's tools measured?  facts: {is_self, is_same_owner, is_admin, state (of whose tools they
--- are), today (runs of them in a day)}.
function M.may_run(facts)
  if not (facts.is_self or facts.is_same_owner or facts.is_admin) then return deny "forbidden" end
  if facts.state ~= "active" then return deny "agent_frozen" end
  if facts.today >= M.per_day then return deny "rate_limited" end
  return allow()
end

local function same(expected, got)
  if type(expected) == "string" and type(got) == "string" then return expected:lower() == got:lower() end
  return expected == got
end

local function count(expected, got)
  if type(expected) ~= "table" then return same(expected, got) and 1 or 0, 1 end
  local good, all = 0, 0
  for name, value in pairs(expected) do
    local g, a = count(value, type(got) == "table" and got[name] or nil)
    good, all = good + g, all + a
  end
  return good, all
end

--- Which share of what is expected an output has.  facts: {expect, got}.
function M.score(facts)
  local good, all = count(facts.expect, facts.got)
  return all == 0 and 1 or good / all
end

local function at(sorted, share) return sorted[math.max(1, math.ceil(#sorted * share))] end

local function rounded(n) return math.floor(n * 10000 + 0.5) / 10000 end

--- What samples amount to.  facts: {samples = {{outcome, latency_ms, score}, ..}, target_ms}.  A call that failed has
--- no score and no latency; one that was refused is worth nothing, and it is no failure.
function M.summary(facts)
  local times, asked, answered, scores, scored = {}, #facts.samples, 0, 0, 0
  for _, s in ipairs(facts.samples) do
    if s.outcome == "ok" then times[#times + 1] = s.latency_ms end
    if s.outcome == "ok" or s.outcome == "refused" then
      answered, scores, scored = answered + 1, scores + (s.score or 0), scored + 1
    end
  end
  if asked == 0 then return { asked = 0 } end
  table.sort(times)
  local out = { asked = asked, success_rate = rounded(answered / asked), p50_ms = at(times, 0.5),
                p95_ms = at(times, 0.95), accuracy = scored > 0 and rounded(scores / scored) or nil }
  local speed = out.p50_ms and facts.target_ms / math.max(out.p50_ms, facts.target_ms) or 0
  out.composite = rounded(M.accuracy_share * (out.accuracy or 0) + M.reliability_share * out.success_rate
    + M.speed_share * speed)
  return out
end

local function ok(ms, score) return { outcome = "ok", latency_ms = ms, score = score } end

M.examples = {
  { "next", { from = "queued", event = "begin" }, expect = { to = "running" } },
  { "next", { from = "completed", event = "fail" }, expect = {} },
  { "may_run", { is_self = true, is_same_owner = true, is_admin = false, state = "active", today = 9 },
    expect = "allow" },
  { "may_run", { is_self = true, is_same_owner = true, is_admin = false, state = "active", today = 10 },
    expect = "rate_limited" },
  { "may_run", { is_self = true, is_same_owner = true, is_admin = false, state = "frozen", today = 0 },
    expect = "agent_frozen" },
  { "may_run", { is_self = false, is_same_owner = false, is_admin = true, state = "active", today = 0 },
    expect = "allow" },
  { "may_run", { is_self = false, is_same_owner = false, is_admin = false, state = "active", today = 0 },
    expect = "forbidden" },
  { "score", { expect = { a = "X", b = { c = 1, d = 2 } }, got = { a = "x", b = { c = 1 } } }, expect = 2 / 3 },
  { "score", { expect = { a = 1 }, got = 5 }, expect = 0 },
  { "summary", { samples = {}, target_ms = 1000 }, expect = { asked = 0 } },
  { "summary", { samples = { ok(100, 1), ok(300, 0.5), ok(200, 1), { outcome = "timeout" } }, target_ms = 100 },
    expect = { asked = 4, accuracy = 0.8333, p50_ms = 200, p95_ms = 300, success_rate = 0.75, composite = 0.775 } },
  { "summary", { samples = { { outcome = "refused" }, { outcome = "failed" } }, target_ms = 100 },
    expect = { asked = 2, accuracy = 0, success_rate = 0.5, composite = 0.15 } },
}

return M
