-- scripts/marketplace/pipelines.lua -- templates of pipelines, their runs, and what can be seen of these.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local actors = require "marketplace.actors"
local graph = require "marketplace.pipelines_graph"
local history = require "marketplace.history"
local rules = require "marketplace.rules.pipelines"
local runs = require "marketplace.pipelines_runs"
local shapes = require "marketplace.shapes"
local states = require "marketplace.states"
require "marketplace.pipelines_steps"

local M = {}

local WHOLE = '"${input}"'                       -- the input of a step that names none
local TARGETS = { "tool_listing_id", "subscription_id", "listing_id" }
local COLUMNS = "p.id, p.name, p.version, p.created_at, p.updated_at"

M.sql = {
  one_at_a_time = "select pg_advisory_xact_lock(hashtextextended('market.pipelines ' || $1, 0))",
  count = "select count(*) from market_pipelines where actor_id = $1::uuid and deleted_at is null",
  make = "insert into market_pipelines as p (actor_id, name) values ($1::uuid, $2) returning " .. COLUMNS,
  add = [[insert into market_pipeline_versions (template_id, version, steps)
    values ($1::uuid, $2::int, $3::jsonb)]],
  change = [[update market_pipelines p set name = coalesce($3, name), version = version + $4::int,
      updated_at = human_now() where id = $1::uuid and actor_id = $2::uuid and deleted_at is null
    returning ]] .. COLUMNS,
  delete = [[update market_pipelines p set deleted_at = coalesce(deleted_at, human_now())
    where id = $1::uuid and actor_id = $2::uuid returning ]] .. COLUMNS,
  get = "select " .. COLUMNS .. [[, v.steps from market_pipelines p
    join market_pipeline_versions v on v.template_id = p.id and v.version = p.version
    where p.id = $1::uuid and p.actor_id = $2::uuid and p.deleted_at is null]],
  list = "select " .. COLUMNS .. [[, jsonb_array_length(v.steps) as step_count,
      (select count(*) from market_pipelines where actor_id = $1::uuid and deleted_at is null) as total
    from market_pipelines p join market_pipeline_versions v on v.template_id = p.id and v.version = p.version
    where p.actor_id = $1::uuid and p.deleted_at is null
    order by p.created_at desc, p.id limit $2::int offset $3::int]],
  open = "select count(*) from market_pipeline_runs where actor_id = $1::uuid and state in ('queued', 'running')",
  begin = [[insert into market_pipeline_runs (template_id, version, actor_id, input, budget_mrc)
    values ($1::uuid, $2::int, $3::uuid, $4, $5::bigint) returning ]] .. runs.COLUMNS,
  add_steps = [[insert into market_pipeline_steps (run_id, position, name, depends_on, config)
    select $1::uuid, e.n, e.step ->> 'name', array(select jsonb_array_elements_text(e.step -> 'depends_on')),
      e.step -> 'config' from jsonb_array_elements($2::jsonb) with ordinality e (step, n)
    returning id]],
  run = "select " .. runs.COLUMNS .. " from market_pipeline_runs where id = $1::uuid",
  latest = "select " .. runs.COLUMNS .. [[ from market_pipeline_runs where template_id = $1::uuid
    order by created_at desc, id desc limit 1]],
  steps = [[select name as step, state, tries, task_id, output_bytes, error_code, error, started_at, ended_at,
      floor(extract(epoch from ended_at - started_at) * 1000)::bigint as duration_ms,
      case when $2::bool and sum(output_bytes) over (order by position) <= $3::bigint then output end as output
    from market_pipeline_steps where run_id = $1::uuid and ($4::text is null or name = $4) order by position]],
}

-- A step says what it calls or buys; without that it is an idea.
local function must_be_runnable(steps)
  for i, step in ipairs(steps) do
    local config, n = step.config, 0
    for _, name in ipairs(TARGETS) do n = n + (config[name] and 1 or 0) end
    if n ~= 1 then
      fail.throw("step_not_runnable", { message = ("steps[%d].config has %d of %s"):format(i - 1, n,
        table.concat(TARGETS, ", ")) .. ": exactly one is needed to run the template" })
    end
  end
end

-- What is kept of steps that an actor has sent, as JSON.
local function checked(steps)
  graph.check(steps)
  local kept = json.array {}
  for i, step in ipairs(steps) do
    local config = { timeout_s = rules.timeout_s, on_failure = "stop", input = WHOLE }
    for name, value in pairs(step.config or {}) do config[name] = value end
    config.input = json.raw(config.input)
    kept[i] = { name = step.name, listing_type = step.listing_type, depends_on = json.array(step.depends_on),
                config = config }
  end
  return json.encode(kept)
end

--- A new template: {name, steps}.
function M.create(actor, ask)
  local steps = checked(ask.steps)
  return db.tx(function(tx)
    tx:query(M.sql.one_at_a_time, actor.id)
    if tx:value(M.sql.count, actor.id) >= rules.templates then
      fail.throw("conflict", { message = ("An actor has at most %d templates"):format(rules.templates) })
    end
    local made = tx:row(M.sql.make, actor.id, ask.name)
    tx:exec(M.sql.add, made.id, made.version, steps)
    return made
  end)
end

--- A new version of a template: {template_id, name, steps}; runs keep theirs.
function M.update(actor, ask)
  local steps = ask.steps and checked(ask.steps)
  return db.tx(function(tx)
    local now = tx:must("not_found", M.sql.change, ask.template_id, actor.id, ask.name, steps and 1 or 0)
    if now.version > rules.versions then
      fail.throw("conflict", { message = ("A template has at most %d versions"):format(rules.versions) })
    end
    if steps then tx:exec(M.sql.add, now.id, now.version, steps) end
    return now
  end)
end

--- Deletes a template; again: as it is.  Its runs go on, and can be seen.
function M.delete(actor, id) return db.must("not_found", M.sql.delete, id, actor.id) end

--- A template of an actor, with the steps (JSON) of its newest version.  Fails with not_found.
function M.get(actor, id) return db.must("not_found", M.sql.get, id, actor.id) end

--- Those of an actor, newest first: o = {limit, offset}.  Returns the rows and how many there are.
function M.list(actor, o)
  local rows = db.query(M.sql.list, actor.id, o.limit, o.offset)
  return rows, rows[1] and rows[1].total or 0
end

--- Runs the newest version of a template: {template_id, input (JSON), budget_mrc}.  Returns the run.
function M.run(actor, ask)
  actors.must_be_free(actor)
  shapes.must_be_object(ask.input, "input")
  return db.tx(function(tx)
    tx:query(M.sql.one_at_a_time, actor.id)
    local template = tx:must("not_found", M.sql.get, ask.template_id, actor.id)
    must_be_runnable(json.decode(template.steps))
    if tx:value(M.sql.open, actor.id) >= rules.waiting then
      fail.throw("rate_limited", { message = ("%d runs have not ended yet"):format(rules.waiting), retry_after_s = 10 })
    end
    local run = tx:row(M.sql.begin, template.id, template.version, actor.id, ask.input, ask.budget_mrc)
    history.note(tx, { entity = "pipeline", id = run.id, to = run.state, actor_id = actor.id, cause = "pipeline-run" })
    for _, step in ipairs(tx:query(M.sql.add_steps, run.id, template.steps)) do
      history.note(tx, { entity = "pipeline_step", id = step.id, to = "blocked", cause = "pipeline-run" })
    end
    runs.wake(tx, actor.id)
    return run
  end)
end

--- An actor cancels a run; again: as it is.  Returns the run.
function M.cancel(actor, id)
  return db.tx(function(tx)
    local run = runs.lock(tx, id)
    if not run or run.actor_id ~= actor.id then fail.throw "not_found" end
    if run.state == "canceled" then return run end
    if run.ended_at then states.refuse(run.state) end
    return runs.cancel(tx, run, actor.id)
  end)
end

--- A run of an actor, by its id or that of its template, whose latest counts; and its steps.  o = {outputs (with them,
--- as far as one answer has room), step (only that one)}.  Fails with not_found.
function M.traces(actor, id, o)
  local run = db.row(M.sql.run, id) or db.row(M.sql.latest, id)
  if not run or run.actor_id ~= actor.id then fail.throw "not_found" end
  return run, db.query(M.sql.steps, run.id, o.outputs, rules.shown_bytes, o.step)
end

return M
