-- scripts/marketplace/benchmarks.lua -- has tools measured, and shows what was measured.  The work is the queue's
-- (marketplace.benchmarks_run).

local db = require "human.db"
local decisions = require "human.decisions"
local fail = require "human.fail"
local json = require "human.json"
local queue = require "human.queue"
local actors = require "marketplace.actors"
local history = require "marketplace.history"
local listings = require "marketplace.listings"
local rules = require "marketplace.rules.benchmarks"
local shapes = require "marketplace.shapes"
local suites = require "marketplace.rules.benchmark_suites"

local M = {}

local TOOLS_MAX, SHOWN = 50, 200

M.sql = {
  one_at_a_time = "select pg_advisory_xact_lock(hashtextextended('market.benchmarks ' || $1, 0))",
  today = [[select count(*)::int from (select from market_benchmark_runs where actor_id = $1::uuid
    and created_at > human_now() - interval '1 day' limit $2::int) few]],
  tools = [[select l.id, to_json(l.category_tags) as category_tags, l.input_schema, l.output_schema
    from market_listings l join market_tools t on t.listing_id = l.id
    where l.actor_id = $1::uuid and l.is_active and t.state = 'open' and ($2::uuid is null or l.id = $2::uuid)
    order by l.created_at desc limit $3::int]],
  open = [[select id, state from market_benchmark_runs where listing_id = $1::uuid and suite_id = $2::uuid
    and state in ('queued', 'running')]],
  make = [[insert into market_benchmark_runs (actor_id, listing_id, asked_by, suite_id, suite, plan, passes, target_ms)
    values ($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5, $6::jsonb, $7::int, $8::int) returning id, state]],
  results = [[select distinct on (listing_id, suite) id, listing_id, suite, accuracy, p50_ms, success_rate, composite,
      ended_at
    from (select * from market_benchmark_runs where actor_id = $1::uuid order by created_at desc limit $2::int) newest
    where state = 'completed' order by listing_id, suite, created_at desc]],
  of_tool = [[select distinct on (suite) id, suite, state, accuracy, success_rate, p50_ms, p95_ms, created_at
    from (select * from market_benchmark_runs where listing_id = $1::uuid order by created_at desc limit $2::int) newest
    order by suite, created_at desc]],
  is_tool = "select 1 from market_tools where listing_id = $1::uuid",
}

-- What a suite asks a tool: {{input, expect, rubric, schema}, ..}; nil: it has nothing to ask it.
local function plan_of(suite, tool)
  local plan = json.array {}
  if not suite.from_listing then
    for i, case in ipairs(suite.cases) do plan[i] = case end
  else
    local schema = tool.input_schema and json.decode(tool.input_schema) or {}
    for i, example in ipairs(type(schema.examples) == "table" and schema.examples or {}) do
      if i <= rules.listing_examples and type(example) == "table" then
        plan[#plan + 1] = { input = example, schema = tool.output_schema and json.decode(tool.output_schema) or nil }
      end
    end
  end
  if not plan[1] then return nil end
  local fits = not tool.input_schema or shapes.verdict(tool.input_schema, json.encode(plan[1].input), "input")
  return fits and plan or nil
end

local function has_category(suite, tags)
  if not suite.categories[1] then return true end
  for _, wanted in ipairs(suite.categories) do
    for _, tag in ipairs(tags) do
      if tag == wanted then return true end
    end
  end
  return false
end

-- The newest tool of an actor that a suite is for, and what it is asked.  A tool that is named is taken whatever its
-- categories are.
local function target(tx, actor_id, suite, listing_id)
  for _, tool in ipairs(tx:query(M.sql.tools, actor_id, listing_id, TOOLS_MAX)) do
    local plan = (listing_id or has_category(suite, json.decode(tool.category_tags))) and plan_of(suite, tool)
    if plan then return tool, plan end
  end
  fail.throw("not_found", { message = suite.from_listing
    and "The actor has no open tool whose input_schema has examples"
    or "The actor has no open tool that takes what this suite asks" })
end

--- Has a tool of an actor measured: ask = {actor_id, suite_id, listing_id}.  Returns {id, state}: of the run that has
--- begun already, if one has.  Fails with not_found, forbidden, agent_frozen and rate_limited.
function M.run(actor, ask)
  local suite = suites.find(ask.suite_id) or fail.throw("not_found", { message = "There is no such suite" })
  return db.tx(function(tx)
    local of = actors.get(tx, ask.actor_id)
    tx:exec(M.sql.one_at_a_time, of.id)
    decisions.enforce(tx, rules.may_run, { subject = actor.id, ref = of.id }, {
      is_self = actor.id == of.id, is_same_owner = actor.owner_id == of.owner_id, is_admin = actor.role == "admin",
      state = of.state, today = tx:value(M.sql.today, of.id, rules.per_day) })
    local tool, plan = target(tx, of.id, suite, ask.listing_id)
    local open = tx:row(M.sql.open, tool.id, suite.id)
    if open then return open end
    local passes = math.max(1, math.min(suite.passes, math.floor(rules.samples / #plan)))
    local run = tx:row(M.sql.make, of.id, tool.id, actor.id, suite.id, suite.name, json.encode(plan), passes,
      suite.target_ms)
    history.note(tx, { entity = "benchmark", id = run.id, to = "queued", actor_id = actor.id,
                       cause = "benchmarks-run" })
    queue.add(tx, "market.benchmark", run.id)
    return run
  end)
end

--- What suites have measured of an actor's tools, the last of each.  Fails with not_found.
function M.results(actor_id)
  actors.get(db, actor_id)
  return db.query(M.sql.results, actor_id, SHOWN)
end

--- The last run of each suite against a tool.  Fails with not_found.
function M.of_tool(listing_id)
  listings.get(db, listing_id)
  if not db.value(M.sql.is_tool, listing_id) then fail.throw "not_found" end
  return db.query(M.sql.of_tool, listing_id, SHOWN)
end

--- The suites that there are.
function M.suites() return suites.suites end

return M
