-- spec/scripts/marketplace_pipelines_spec.lua -- runs of pipelines: workers that die at any statement, what is tried again,
-- budgets, and what ends a run.

local db = require "human.db"
local json = require "human.json"
local mortal = require "mortal"
local pipes = require "pipelines_world"
local world = require "pay_world"

local get, refuses, person, tool, step, made, run, work = pipes.get, pipes.refuses, pipes.person, pipes.tool, pipes.step,
  pipes.made, pipes.run, pipes.work
local states_of, now_of, told, open_calls = pipes.states_of, pipes.now_of, pipes.told, pipes.open_calls

describe("a run of a pipeline", function()
  local pipelines

  setup(function() pipelines = pipes.begin() end)
  before_each(pipes.reset)
  after_each(function() assert.equal("", world.wrong()) end)

  it("hands outputs on, and runs what does not depend on each other", function()
    local who = person()
    local listing = tool(who)
    local r = run(who, {
      step("a", listing, { input = { topic = "${input.topic}" } }), step("b", listing),
      step("c", listing, { after = { "a", "b" }, input = { a = "${steps.a.output.topic}", b = "${steps.b.output}", t = "$${x}" } }),
    }, { input = '{"topic": "cats"}' })
    assert.equal("queued", r.state)
    work()
    assert.equal("completed", now_of(r.id).state)
    local _, traces = pipelines.traces(who, r.id, { outputs = true })
    assert.same({ a = "cats", b = { of = "b" }, t = "${x}" }, json.decode(traces[3].output))
    assert.same({ "c", "completed", 1, #traces[3].output }, { traces[3].step, traces[3].state, traces[3].tries, traces[3].output_bytes })
    assert.equal(3, #pipes.asked)
    assert.equal(3, db.value([[select count(*)::int from market_tool_calls c join market_subscriptions s on s.id = c.subscription_id
      where s.listing_id = $1::uuid and c.state = 'done']], listing))
    assert.equal("pipeline.completed", told(r.id))
  end)

  -- Runs a template again and again, each time dying one statement later, and then goes on with what was left: each(run, how
  -- often the tool was asked for which step) after each run.  Returns how often it died.
  local function dying(who, template, o, each)
    for last = 1, 400 do
      pipes.asked = {}
      local r = pipelines.run(who, { template_id = template.id, input = "{}", budget_mrc = o.budget_mrc })
      local survived = mortal.survives(last, function() work(true) end)
      work(true)
      local times = {}
      for _, request in ipairs(pipes.asked) do
        local name = json.decode(request.body).of
        times[name] = (times[name] or 0) + 1
      end
      local now = now_of(r.id)
      assert.equal(0, open_calls())
      assert.equal(0, now.reserved_mrc)
      assert.equal(0, db.value("select count(*) from host_queue where kind like 'market.pipeline%'"))
      each(now, times, last)
      if survived then return last - 1 end
    end
    error "it dies for ever"
  end

  it("is resumed at its step wherever its worker dies, and no tool is asked twice for one", function()
    local who = person(10000)
    local listing = tool(who, { included_calls = 0, overage_cents_per_call = 2 })
    local template = made(who, { step("a", listing), step("b", listing, { after = { "a" } }) })
    local ends = { completed = 0, failed = 0 }
    local deaths = dying(who, template, { budget_mrc = 4000 }, function(now, times, last)
      ends[now.state] = ends[now.state] + 1
      assert.truthy((times.a or 0) <= 1 and (times.b or 0) <= 1, "twice, after death " .. last)
      -- Cut off within its call a step has failed, and is not paid for; else nothing is seen of the death.
      if now.state == "completed" then
        assert.same({ "a completed, b completed", 4000 }, { states_of(now.id), now.spent_mrc })
        assert.same({ a = 1, b = 1 }, times)
      else
        assert.equal("call_lost", now.error_code)
        assert.equal(now.failed_step == "a" and "a failed, b skipped" or "a completed, b failed", states_of(now.id))
        assert.equal(now.failed_step == "a" and 0 or 2000, now.spent_mrc)
      end
    end)
    assert.truthy(deaths > 60, deaths)
    assert.truthy(ends.completed > 30 and ends.failed > 10, json.encode(ends))
  end)

  it("whose steps may be tried again is done, wherever its worker dies, and pays for what was answered alone", function()
    local who = person(10000)
    local listing = tool(who, { included_calls = 0, overage_cents_per_call = 2 })
    local again = { max = 1, backoff_s = 1 }
    local template = made(who, { step("a", listing, { retry = again }), step("b", listing, { after = { "a" }, retry = again }) })
    local twice = 0
    dying(who, template, { budget_mrc = 4000 }, function(now, times)
      assert.equal("a completed, b completed", states_of(now.id))
      assert.equal(4000, now.spent_mrc)
      twice = twice + times.a + times.b - 2
    end)
    assert.truthy(twice > 0)
  end)

  -- A tool that fails so often before it answers.
  local function failing(times, result)
    local n = 0
    pipes.answer = function(request)
      n = n + 1
      if n <= times then return result end
      return { outcome = "ok", output = request.body }
    end
  end
  local FAILED = { outcome = "failed", code = "upstream_error", message = "The tool answered with status 503" }

  it("tries again what may pass, as often as its step says", function() -- limit: pipeline retries
    local who = person()
    local listing = tool(who)
    local function ends(times, result, retry)
      pipes.asked = {}
      failing(times, result)
      local r = run(who, { step("a", listing, { retry = retry }) })
      work(true)
      return ("%s %d"):format(now_of(r.id).state, #pipes.asked)
    end
    assert.equal("failed 1", ends(1, FAILED))
    assert.equal("completed 3", ends(2, FAILED, { max = 2, backoff_s = 1 }))
    assert.equal("failed 3", ends(3, FAILED, { max = 2, backoff_s = 1 }))
    assert.equal("completed 2", ends(1, { outcome = "timeout", code = "upstream_timeout", message = "late" }, { max = 1, backoff_s = 1 }))
    assert.equal("failed 1", ends(1, { outcome = "refused", code = "upstream_error", message = "no" }, { max = 2, backoff_s = 1 }))
    assert.equal("failed 1", ends(1, { outcome = "failed", code = "output_too_large", message = "big" }, { max = 2, backoff_s = 1 }))
    -- Not beyond its time.
    failing(9, FAILED)
    local r = run(who, { step("a", listing, { retry = { max = 5, backoff_s = 20 }, timeout_s = 30 }) })
    work(true)
    assert.same({ "failed", "upstream_error" }, { now_of(r.id).state, now_of(r.id).error_code })
    assert.equal(2, db.value("select tries from market_pipeline_steps where run_id = $1", r.id))
    -- One that has not begun is not late, however long no host was there.
    pipes.reset()
    r = run(who, { step("a", listing, { timeout_s = 30 }) })
    pipes.answer = function() return FAILED end
    pipes.work(false, function() db.exec("update market_pipeline_steps set started_at = started_at - interval '1 hour' where run_id = $1", r.id) end)
    assert.equal("upstream_error", now_of(r.id).error_code)
  end)

  it("ends with its first failure, unless the step says that others go on", function()
    local who = person()
    local listing = tool(who)
    failing(1, FAILED)
    local r = run(who, { step("a", listing), step("b", listing, { after = { "a" } }), step("c", listing, { after = { "b" } }) })
    work()
    assert.equal("a failed, b skipped, c skipped", states_of(r.id))
    local now = now_of(r.id)
    assert.same({ "failed", "upstream_error", "The tool answered with status 503", "a" }, { now.state, now.error_code, now.error, now.failed_step })
    assert.equal("pipeline.failed", told(r.id))
    pipes.answer = function(request)
      return request.body:find '"a"' and FAILED or { outcome = "ok", output = request.body }
    end
    r = run(who, { step("a", listing, { on_failure = "continue" }), step("b", listing, { after = { "a" } }),
      step("c", listing, { after = { "b" } }), step("d", listing) })
    work()
    assert.equal("a failed, b skipped, c skipped, d completed", states_of(r.id))
    assert.equal("completed", now_of(r.id).state)
  end)

  it("has inputs that fit, or fails with what is wrong", function()
    local who = person()
    local listing = tool(who)
    local function fails(input, o)
      local r = run(who, { step("a", listing), step("b", listing, { after = { "a" }, input = input }) }, o)
      work()
      return now_of(r.id).error_code, now_of(r.id).error
    end
    assert.same({ "reference_not_found", "There is no ${steps.a.output.nothing}" }, { fails { x = "${steps.a.output.nothing}" } })
    assert.equal("reference_not_found", (fails { x = "${input.list.2}" }))
    assert.equal("validation_error", (fails "${steps.a.output.of}"))
    pipes.answer = function() return { outcome = "ok", output = '"' .. ("x"):rep(200000) .. '"' } end
    assert.equal("input_too_large", (fails { "${steps.a.output}", "${steps.a.output}" })) -- limit: pipeline input
    pipes.answer = function() return { outcome = "ok", output = ("["):rep(60) .. ("]"):rep(60) } end
    assert.equal("input_too_large", (fails { { { { { "${steps.a.output}" } } } } }))
    assert.equal("validation_error", refuses("validation_error", run, who, { step("a", listing) }, { input = "[]" }) and "validation_error")
  end)

  it("stops where its budget ends", function()
    local who = person(1000)
    local listing = tool(who, { included_calls = 1, overage_cents_per_call = 2 })
    local list = { step("a", listing), step("b", listing, { after = { "a" } }), step("c", listing, { after = { "b" }, on_failure = "continue" }),
      step("d", listing, { after = { "b" } }) }
    local r = run(who, list, { budget_mrc = 3999 })
    work()
    local now = now_of(r.id)
    assert.same({ "failed", "budget_exceeded", 2000, 0 }, { now.state, now.error_code, now.spent_mrc, now.reserved_mrc })
    assert.equal(2, #pipes.asked)
    r = run(who, list, { budget_mrc = 0 })
    work()
    assert.same({ "failed", "budget_exceeded", 0 }, { now_of(r.id).state, now_of(r.id).error_code, now_of(r.id).spent_mrc })
    assert.equal(2, #pipes.asked)
    r = run(who, list)
    work()
    assert.same({ "completed", 8000 }, { now_of(r.id).state, now_of(r.id).spent_mrc })
  end)

  it("ends when its owner is frozen, or a subscription is revoked, and says so", function()
    local who = person()
    local listing, s = tool(who)
    local function ends()
      local r = run(who, { step("a", listing, { on_failure = "continue", retry = { max = 2 } }), step("b", listing) })
      return function()
        work(true)
        return now_of(r.id).state .. " " .. now_of(r.id).error_code
      end
    end
    local frozen = ends()
    db.exec("update market_actors set state = 'frozen' where id = $1", who.id)
    assert.equal("failed agent_frozen", frozen())
    refuses("agent_frozen", run, get(who.id), { step("a", listing) })
    db.exec("update market_actors set state = 'active' where id = $1", who.id)
    db.exec("update market_subscriptions set state = 'revoked' where id = $1", s.id)
    assert.equal("failed subscription_not_active", ends()())
    assert.equal(0, #pipes.asked)
    local other = person()
    local r = pipelines.run(other, { template_id = made(other, { { name = "a", listing_type = "compute_access", depends_on = {},
      config = { subscription_id = s.id, input = "{}" } } }).id, input = "{}" })
    work()
    assert.equal("subscription_not_active", now_of(r.id).error_code)
  end)

  it("is canceled once, and no later step starts", function()
    local who = person()
    local listing = tool(who)
    local r = run(who, { step("a", listing), step("b", listing, { after = { "a" } }) })
    pipes.answer = function(request)
      assert.equal("canceled", pipelines.cancel(who, r.id).state)
      return { outcome = "ok", output = request.body }
    end
    work()
    assert.equal("a canceled, b canceled", states_of(r.id))
    assert.equal("canceled", pipelines.cancel(who, r.id).state)
    assert.equal(0, open_calls())
    local waiting = run(who, { step("a", listing) })
    assert.equal("canceled", pipelines.cancel(who, waiting.id).state)
    work()
    assert.equal("a canceled", states_of(waiting.id))
    assert.equal(1, #pipes.asked)
    refuses("not_found", pipelines.cancel, person(), r.id)
    pipes.answer = function(request) return { outcome = "ok", output = request.body } end
    local done = run(who, { step("a", listing) })
    work()
    refuses("invalid_state", pipelines.cancel, who, done.id)
    assert.is_false(pcall(db.exec, "update market_pipeline_runs set state = 'running', ended_at = null where id = $1", done.id))
    assert.equal(3, db.value("select count(*) from market_history where entity = 'pipeline' and entity_id = $1", done.id))
  end)

  it("takes turns with others of its owner, and has so many steps under way", function()
    local who = person()
    local listing = tool(who)
    local many, ids = {}, {}
    for i = 1, 12 do many[i] = step("s" .. i, listing) end
    local template = made(who, many)
    for i = 1, 7 do ids[i] = pipelines.run(who, { template_id = template.id, input = "{}" }).id end
    local most_runs, most_steps = 0, 0
    pipes.answer = function(request)
      most_runs = math.max(most_runs, db.value("select count(*) from market_pipeline_runs where actor_id = $1 and state = 'running'", who.id))
      most_steps = math.max(most_steps, db.value [[select max(n) from (select count(*) as n from market_pipeline_steps
        where state = 'in_progress' group by run_id) per]])
      return { outcome = "ok", output = request.body }
    end
    work()
    assert.same({ 5, 8 }, { most_runs, most_steps }) -- limit: pipeline runs -- limit: pipeline steps at once
    for _, id in ipairs(ids) do assert.equal("completed", now_of(id).state) end
    for _ = 1, 50 do pipelines.run(who, { template_id = template.id, input = "{}" }) end
    refuses("rate_limited", pipelines.run, who, { template_id = template.id, input = "{}" }) -- limit: pipeline runs waiting
    db.exec "delete from host_queue where kind like 'market.pipeline%'"
  end)

end)
