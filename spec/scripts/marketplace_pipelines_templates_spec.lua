-- spec/scripts/marketplace_pipelines_templates_spec.lua -- what a template of a pipeline may be, versions that stay, and what
-- is forgotten.

local db = require "human.db"
local json = require "human.json"
local pipes = require "pipelines_world"
local world = require "pay_world"

local refuses, person, tool, step, made, run, work = pipes.refuses, pipes.person, pipes.tool, pipes.step, pipes.made,
  pipes.run, pipes.work
local states_of = pipes.states_of

describe("a template of a pipeline", function()
  local pipelines, runs

  setup(function() pipelines, runs = pipes.begin() end)
  before_each(pipes.reset)
  after_each(function() assert.equal("", world.wrong()) end)

  it("has steps whose names, dependencies and references are as they may be", function()
    local who = person()
    local listing = tool(who)
    local function tries(list) return made, who, list end
    local circle = {}
    for i = 1, 50 do circle[i] = step("s" .. i, listing, { after = { "s" .. i % 50 + 1 } }) end
    assert.truthy(refuses("cycle_detected", tries(circle)):find("s1 -> s2 -> s3", 1, true))
    assert.truthy(refuses("cycle_detected", tries { step("a", listing, { after = { "a" } }) }):find("a -> a", 1, true))
    assert.truthy(refuses("cycle_detected", tries { step("x", listing, { after = { "b" } }), step("a", listing, { after = { "b" } }),
      step("b", listing, { after = { "a" } }) }):find("b -> a -> b", 1, true))
    assert.equal("steps[0].depends_on[0]", refuses("unknown_dependency", tries { step("a", listing, { after = { "z" } }) }))
    assert.equal("steps[1].name", refuses("validation_error", tries { step("a", listing), step("a", listing) }))
    assert.equal("steps[1].depends_on[1]", refuses("validation_error",
      tries { step("a", listing), step("b", listing, { after = { "a", "a" } }) }))
    local function refers(text, after)
      return tries { step("a", listing), step("b", listing), step("c", listing, { after = after or { "a" }, input = { deep = { { x = text } } } }) }
    end
    for _, text in ipairs { "${steps.b.output}", "${steps.c.output}", "${steps.z.output}", "${", "${}", "${steps.a}", "${steps.a.output.}",
      "${steps.a.output..b}", "${steps.a.output} and more", "${input}${input}", "${os.exit}", "${inputs}", "${input" .. (".a"):rep(17) .. "}",
      "${steps.a.output[0]}", "${input." .. ("a"):rep(600) .. "}" } do
      assert.equal("steps[2].config.input.deep[0].x", refuses("validation_error", refers(text)), text)
    end
    for _, text in ipairs { "${steps.a.output.0.b-c d}", "${input.a}", "plain", "$${", "a ${b}" } do
      local try, _, list = refers(text)
      try(who, list)
    end
    made(who, { step("a", listing), step("b", listing, { after = { "a" } }), step("c", listing, { after = { "b" }, input = { x = "${steps.a.output}" } }) })
    local many = {}
    for i = 1, 21 do many[i] = "${input}" end
    refuses("validation_error", tries { step("a", listing, { input = many }) }) -- limit: pipeline references
  end)

  it("keeps the version that a run began with", function()
    local who = person()
    local listing = tool(who)
    local template = made(who, { step("a", listing) })
    local r = pipelines.run(who, { template_id = template.id, input = "{}" })
    assert.equal(2, pipelines.update(who, { template_id = template.id, steps = { step("b", listing) } }).version)
    assert.equal(2, pipelines.update(who, { template_id = template.id, name = "Q" }).version)
    work()
    assert.equal("a completed", states_of(r.id))
    assert.equal("b", json.decode(pipelines.get(who, template.id).steps)[1].name)
    assert.is_false(pcall(db.exec, "update market_pipeline_versions set steps = '[]' where template_id = $1", template.id))
    refuses("not_found", pipelines.update, person(), { template_id = template.id, name = "Mine" })
    refuses("not_found", pipelines.get, person(), template.id)
    refuses("not_found", pipelines.traces, person(), r.id, {})
    assert.equal(r.id, pipelines.traces(who, template.id, {}).id)
  end)

  it("is forgotten, what it read and wrote, after a month", function() -- limit: pipeline outputs kept
    local who = person()
    local listing = tool(who)
    local r = run(who, { step("a", listing) }, { input = '{"secret": 1}' })
    work()
    runs.forget()
    local function kept()
      return db.value([[select (r.input is not null)::text || ' ' || (s.output is not null)::text from market_pipeline_runs r
        join market_pipeline_steps s on s.run_id = r.id where r.id = $1]], r.id)
    end
    assert.equal("true true", kept())
    db.exec("update market_pipeline_runs set ended_at = ended_at - interval '30 days' where id = $1", r.id)
    db.exec("update market_pipeline_steps set ended_at = ended_at - interval '30 days' where run_id = $1", r.id)
    runs.forget()
    assert.equal("false false", kept())
    local _, traces = pipelines.traces(who, r.id, { outputs = true })
    assert.same({ 10, nil }, { traces[1].output_bytes, traces[1].output })
  end)

  it("is refused where an actor has too many templates, or a step neither calls nor buys", function()
    local who = person()
    local listing = tool(who)
    local seed = made(who, { step("scrape", listing), { name = "analyze", listing_type = "task_execution", depends_on = { "scrape" } } })
    refuses("step_not_runnable", pipelines.run, who, { template_id = seed.id, input = "{}" })
    db.exec("insert into market_pipelines (actor_id, name) select $1, 'P' from generate_series(1, 99)", who.id)
    refuses("conflict", made, who, { step("a", listing) }) -- limit: pipeline templates
    pipelines.delete(who, seed.id)
    refuses("not_found", pipelines.run, who, { template_id = seed.id, input = "{}" })
    refuses("not_found", pipelines.update, who, { template_id = seed.id, name = "Q" })
    refuses("not_found", pipelines.get, who, seed.id)
    assert.equal(seed.id, pipelines.delete(who, seed.id).id)
    made(who, { step("a", listing) })
  end)
end)
