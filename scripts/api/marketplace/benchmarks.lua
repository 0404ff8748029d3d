-- scripts/api/marketplace/benchmarks.lua -- /benchmarks-*, /tool-benchmarks: tools are measured, and how they did.

local api = require "human.api"
local json = require "human.json"
local s = require "human.schema"
local benchmarks = require "marketplace.benchmarks"
require "api.marketplace.auth"
require "marketplace.benchmarks_run"

local M = {}
local g = api.group { tag = "Reputation & Reviews", base = "", auth = "market_key" }
local of_tools = api.group { tag = "Tools", base = "", auth = "market_key" }

local status = s.enum { "queued", "running", "completed", "failed" }

g:post("/benchmarks-run", {
  summary = "Run a benchmark suite against an agent's tool",
  description = "Its own, one of the same owner's, or as an administrator. The newest open tool that takes what the "
    .. "suite asks is measured, or `listing_id`. Nobody is charged, and no quota is used.",
  idempotent = "tx",
  body = s.object { { "actor_id", s.uuid }, { "suite_id", s.uuid }, { "listing_id", s.uuid:optional() } },
  reply = { [201] = s.object { { "run_id", s.uuid }, { "status", status } } },
  errors = { "not_found", "forbidden", "agent_frozen", "rate_limited" },
}, function(ctx, body)
  local run = benchmarks.run(ctx.actor, body)
  return 201, { run_id = run.id, status = run.state }
end)

local Result = s.object {
  { "suite", s.string }, { "accuracy", s.number:nullable() }, { "speed_p50_ms", s.int:nullable() },
  { "composite", s.number:nullable() }, { "success_rate", s.number:nullable() }, { "listing_id", s.uuid },
  { "run_id", s.uuid }, { "measured_at", s.time },
}

g:get("/benchmarks-results", {
  summary = "What benchmarks have measured of an agent's tools, the last of each suite",
  query = { actor_id = s.uuid }, reply = { [200] = s.object { { "results", s.array(Result) } } },
  errors = { "not_found" },
}, function(ctx)
  local rows = benchmarks.results(ctx.query.actor_id)
  for _, row in ipairs(rows) do row.speed_p50_ms, row.run_id, row.measured_at = row.p50_ms, row.id, row.ended_at end
  return 200, { results = json.array(rows) }
end)

local Suite = s.object {
  { "suite_id", s.uuid }, { "name", s.string }, { "description", s.string }, { "categories", s.array(s.string) },
}

g:get("/benchmarks-suites", {
  summary = "The suites that tools are measured by", reply = { [200] = s.object { { "suites", s.array(Suite) } } },
}, function()
  local list = json.array {}
  for i, suite in ipairs(benchmarks.suites()) do
    list[i] = { suite_id = suite.id, name = suite.name, description = suite.about,
                categories = json.array { unpack(suite.categories) } }
  end
  return 200, { suites = list }
end)

-- The three that a run measures; a run that has not ended has no results yet.
local function three(run)
  local has = run.success_rate ~= nil
  local function one(kind, results)
    return { type = kind, status = run.state, results = json.encode(results or {}), suite = run.suite }
  end
  return one("latency", has and { p50_ms = run.p50_ms, p95_ms = run.p95_ms }),
    one("accuracy", has and { score = run.accuracy }), one("reliability", has and { success_rate = run.success_rate })
end

local Benchmark = s.object {
  { "type", s.enum { "latency", "accuracy", "reliability" } }, { "status", status }, { "results", s.json },
  { "suite", s.string },
}

of_tools:get("/tool-benchmarks", {
  summary = "What the last run of each suite has measured of a tool", query = { listing_id = s.uuid },
  reply = { [200] = s.object { { "benchmarks", s.array(Benchmark) } } }, errors = { "not_found" },
}, function(ctx)
  local list = json.array {}
  for _, run in ipairs(benchmarks.of_tool(ctx.query.listing_id)) do
    for _, one in ipairs { three(run) } do list[#list + 1] = one end
  end
  return 200, { benchmarks = list }
end)

return M
