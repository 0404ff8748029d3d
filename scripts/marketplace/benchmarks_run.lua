-- scripts/marketplace/benchmarks_run.lua -- measures a tool: the cases of a suite one after the other, as often as it
-- has passes, through the proxy's own code.  Each call is a row before it is made; a run whose worker died goes on with
-- the call that it was at.  Nobody is charged: no subscription, no quota, no budget.

local db = require "human.db"
local jobs = require "human.jobs"
local json = require "human.json"
local queue = require "human.queue"
local history = require "marketplace.history"
local news = require "marketplace.news"
local proxy = require "marketplace.proxy"
local rubrics = require "marketplace.rubrics"
local rules = require "marketplace.rules.benchmarks"
local scores = require "marketplace.scores"

local M = {}

local ATTEMPTS, DAY_S = 5, 86400

M.sql = {
  get = [[select r.id, r.actor_id, r.listing_id, r.suite, r.plan, r.passes, r.target_ms, r.state, l.tool_meta,
      l.tool_secret, l.input_schema, l.actor_id as provider_id,
      l.is_active and t.state = 'open' and a.state = 'active' as is_open
    from market_benchmark_runs r join market_listings l on l.id = r.listing_id
    join market_tools t on t.listing_id = r.listing_id join market_actors a on a.id = r.actor_id
    where r.id = $1::uuid]],
  move = "update market_benchmark_runs set state = $3 where id = $1::uuid and state = $2",
  samples = [[select n, outcome, latency_ms, score from market_benchmark_samples where run_id = $1::uuid
    and outcome is not null order by n]],
  begin = [[insert into market_benchmark_samples (run_id, n) values ($1::uuid, $2::int)
    on conflict (run_id, n) do update set begun_at = human_now() where market_benchmark_samples.outcome is null]],
  measured = [[update market_benchmark_samples set outcome = $3, latency_ms = $4::int, score = $5::float8
    where run_id = $1::uuid and n = $2::int and outcome is null]],
  finish = [[update market_benchmark_runs set state = $3, reason = $4, accuracy = $5::float8, success_rate = $6::float8,
      p50_ms = $7::int, p95_ms = $8::int, composite = $9::float8, ended_at = human_now()
    where id = $1::uuid and state = $2]],
  forget = [[delete from market_benchmark_runs where ctid = any (array(select ctid from market_benchmark_runs
    where created_at < human_now() - $1::int * interval '1 day' and state in ('completed', 'failed') limit 500))]],
}

local function moved(tx, run, to)
  history.note(tx, { entity = "benchmark", id = run.id, from = run.state, to = to, cause = "benchmark" })
  run.state = to
end

-- What an output is worth, from 0 to 1.
local function score_of(case, output)
  if case.expect then return rules.score { expect = case.expect, got = json.decode(output) } end
  local report = rubrics.report(case.rubric and json.encode(case.rubric), case.schema and json.encode(case.schema),
    output)
  return report and report.score or 1
end

local function measure(run, n, case)
  db.exec(M.sql.begin, run.id, n)
  local got = proxy.measure(run, json.encode(case.input), rules.timeout_ms)
  local sample = { n = n, outcome = got.outcome, latency_ms = got.latency_ms }
  if got.outcome == "ok" then sample.score = score_of(case, got.output)
  elseif got.outcome == "refused" then sample.score = 0 end
  db.exec(M.sql.measured, run.id, n, sample.outcome, sample.latency_ms, sample.score)
  return sample
end

-- How many of the last calls in a row have failed.
local function failures(samples)
  for i = #samples, 1, -1 do
    if samples[i].outcome == "ok" or samples[i].outcome == "refused" then return #samples - i end
  end
  return #samples
end

-- All calls that have not been made.  Returns the samples, and why there are no more of them.
local function measure_all(run)
  local plan, samples = json.decode(run.plan), db.query(M.sql.samples, run.id)
  for n = #samples + 1, #plan * run.passes do
    samples[n] = measure(run, n, plan[(n - 1) % #plan + 1])
    if failures(samples) >= rules.in_a_row then
      return samples, ("The tool has failed %d times in a row"):format(rules.in_a_row)
    end
  end
  return samples
end

local function finish(row, run, event, samples, reason)
  local sum = rules.summary { samples = samples, target_ms = run.target_ms }
  local to = rules.next({ from = run.state, event = event }).to
  if event == "fail" then sum.composite = nil end
  db.tx(function(tx)
    if tx:exec(M.sql.finish, run.id, run.state, to, reason, sum.accuracy, sum.success_rate, sum.p50_ms, sum.p95_ms,
        sum.composite) == 1 then
      moved(tx, run, to)
      scores.soon(tx, run.provider_id)
      news.put(tx, { name = "benchmark." .. to, about = run.listing_id, to = { run.actor_id }, data = {
        run_id = run.id, listing_id = run.listing_id, suite = run.suite, status = to, reason = reason } })
    end
    row:done(tx)
  end)
end

--- Work of the queue: a run.
function M.work(row)
  local run = db.row(M.sql.get, row.key)
  if not run or run.state == "completed" or run.state == "failed" then
    return db.tx(function(tx) row:done(tx) end)
  end
  if row.attempt > ATTEMPTS then
    return finish(row, run, "fail", db.query(M.sql.samples, run.id), "The server could not finish it")
  end
  if not run.is_open then
    return finish(row, run, "fail", db.query(M.sql.samples, run.id), "The tool is not open")
  end
  if run.state == "queued" then
    db.tx(function(tx)
      if tx:exec(M.sql.move, run.id, "queued", "running") == 1 then moved(tx, run, "running") end
    end)
    run.state = "running"
  end
  local samples, reason = measure_all(run)
  finish(row, run, reason and "fail" or "complete", samples, reason)
end

--- Work by the clock: runs of long ago are forgotten.
function M.sweep() db.sweep(M.sql.forget, 500, 20, rules.kept_days) end

queue.define("market.benchmark", "marketplace.benchmarks_run.work",
  { per_key = true, concurrency = 4, attempts = ATTEMPTS + 2, backoff = { 1, 5, 30 }, timeout_s = 900, lease_s = 15 })
jobs.every("market.benchmarks_old", DAY_S, "marketplace.benchmarks_run.sweep")

return M
