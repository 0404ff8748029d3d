-- scripts/api/marketplace/pipelines.lua -- /pipeline-templates, /pipeline-traces: work of several steps, and its runs.

local api = require "human.api"
local fail = require "human.fail"
local json = require "human.json"
local s = require "human.schema"
local fields = require "api.marketplace.fields"
local pipelines = require "marketplace.pipelines"
local rules = require "marketplace.rules.pipelines"
require "api.marketplace.auth"

local M = {}
local g = api.group { tag = "Webhooks & Integrations", base = "", auth = "market_key" }

local INPUT = "What the tool is sent. A text that is ${input.PATH} or ${steps.NAME.output.PATH} stands for what the "
  .. "run was given, or an earlier step has answered; without an input, it is the run's"

local step_name = s.string { min = 1, max = 64, pattern = "^[%w_-]+$", regex = "^[A-Za-z0-9_-]+$",
                             form = "1 to 64 letters, digits, _ and -" }
local Retry = s.object {
  { "max", s.int { min = 0, max = rules.retries } },
  { "backoff_s", s.int { min = 1, max = rules.longest_backoff_s }:default(rules.backoff_s) },
}
local Config = s.object {
  { "tool_listing_id", s.uuid:describe "The tool, of which you have a subscription":optional() },
  { "subscription_id", s.uuid:describe "Or the subscription":optional() },
  { "listing_id", s.uuid:describe "Or a task that is bought, as by /transactions-create":optional() },
  { "parent_transaction_id", s.uuid:describe "Of a task that an agent buys":optional() },
  { "input", s.json { max = 16384 }:describe(INPUT):optional() },
  { "timeout_s", s.int { min = 1, max = rules.longest_s }:describe "Retries included":default(rules.timeout_s) },
  { "retry", Retry:optional() },
  { "on_failure", s.enum { "stop", "continue" }:default "stop" },
}
local Step = s.object {
  { "name", step_name }, { "listing_type", fields.listing_type },
  { "depends_on", s.array(step_name, { max = rules.steps }):default {} },
  { "config", Config:optional() },
}
local steps = s.array(Step, { min = 1, max = rules.steps })

local ASKS = {
  create = { "name", "steps" }, update = { "template_id" }, get = { "template_id" }, list = {},
  delete = { "template_id" },
  run = { "template_id" }, cancel = { "pipeline_id" },
}
local ACTIONS = {}

function ACTIONS.create(ctx, body)
  local made = pipelines.create(ctx.actor, { name = body.name, steps = body.steps })
  return 201, { template_id = made.id, name = made.name, version = made.version, created_at = made.created_at }
end

function ACTIONS.update(ctx, body)
  local now = pipelines.update(ctx.actor, { template_id = body.template_id, name = body.name, steps = body.steps })
  return 200, { template_id = now.id, name = now.name, version = now.version, created_at = now.created_at }
end

function ACTIONS.delete(ctx, body)
  local t = pipelines.delete(ctx.actor, body.template_id)
  return 200, { template_id = t.id, name = t.name, version = t.version, created_at = t.created_at }
end

function ACTIONS.get(ctx, body)
  local t = pipelines.get(ctx.actor, body.template_id)
  return 200, { template_id = t.id, name = t.name, version = t.version, steps = t.steps, created_at = t.created_at }
end

function ACTIONS.list(ctx, body)
  local rows, total = pipelines.list(ctx.actor, { limit = body.limit, offset = body.offset })
  for _, row in ipairs(rows) do row.template_id = row.id end
  return 200, { templates = json.array(rows), total = total }
end

function ACTIONS.run(ctx, body)
  local run = pipelines.run(ctx.actor, { template_id = body.template_id, input = body.input,
    budget_mrc = body.budget_cents and body.budget_cents * 1000 })
  return 201, { pipeline_id = run.id, status = run.state, template_id = run.template_id, version = run.version }
end

function ACTIONS.cancel(ctx, body)
  local run = pipelines.cancel(ctx.actor, body.pipeline_id)
  return 200, { pipeline_id = run.id, status = run.state, template_id = run.template_id, version = run.version }
end

local Template = s.object {
  { "template_id", s.uuid }, { "name", s.string }, { "version", s.int }, { "step_count", s.int },
  { "created_at", s.time }, { "updated_at", s.time },
}
local Done = s.object {
  { "template_id", s.uuid:optional() }, { "name", s.string:optional() }, { "version", s.int:optional() },
  { "steps", s.json { max = 1048576 }:optional() }, { "created_at", s.time:optional() },
  { "pipeline_id", s.uuid:optional() }, { "status", s.string:optional() },
  { "templates", s.array(Template):optional() }, { "total", s.int:optional() },
}

g:post("/pipeline-templates", {
  summary = "Create, update, delete, show, run and list templates of pipelines, and cancel runs", idempotent = "tx",
  description = "`create` is what is done without an `action`. An `update` makes a new version; runs keep theirs.",
  body_max = 524288,
  body = s.object {
    { "action", s.enum { "create", "update", "delete", "get", "list", "run", "cancel" }:default "create" },
    { "name", s.string { min = 1, max = 100, trim = true }:optional() }, { "steps", steps:optional() },
    { "template_id", s.uuid:optional() }, { "pipeline_id", s.uuid:describe "Of a run":optional() },
    { "input", s.json { max = 65536 }:describe "An object, of a run":default "{}" },
    { "budget_usd", s.usd { min = 0, max = 100000, as = "budget_cents" }
      :describe "What tasks, and calls beyond quotas, of a run may cost":optional() },
    { "limit", fields.limit }, { "offset", fields.offset },
  },
  reply = { [200] = Done, [201] = Done },
  errors = { "validation_error", "not_found", "cycle_detected", "unknown_dependency", "step_not_runnable", "conflict",
             "invalid_state", "agent_frozen", "rate_limited" },
}, function(ctx, body)
  for _, name in ipairs(ASKS[body.action]) do
    if body[name] == nil then
      fail.throw("validation_error", { message = ("%s is required to %s"):format(name, body.action) })
    end
  end
  return ACTIONS[body.action](ctx, body)
end)

local Failure = s.object { { "code", s.string }, { "message", s.string } }
local Trace = s.object {
  { "step", s.string }, { "status", s.string }, { "duration_ms", s.int:optional() },
  { "output_size_bytes", s.int:optional() }, { "started_at", s.time:optional() }, { "tries", s.int },
  { "transaction_id", s.uuid:describe "Of a task":optional() },
  { "error", Failure:optional() }, { "output", s.json { max = rules.output_bytes }:optional() },
}

local function failure(row)
  return row.error_code and { code = row.error_code, message = row.error or row.error_code }
end

g:get("/pipeline-traces", {
  summary = "The steps of a run, also while it goes on", query = {
    pipeline_id = s.uuid:describe "Of a run; or of a template, whose latest run it is then",
    include = s.enum { "outputs" }:describe "Outputs, too, as far as they have 1 MB together":optional(),
    step = step_name:describe "Only this step":optional(),
  },
  reply = { [200] = s.object { { "pipeline_id", s.uuid }, { "template_id", s.uuid }, { "version", s.int },
    { "status", s.string }, { "spent_cents", s.mrc { as = "spent_mrc" } }, { "error", Failure:optional() },
    { "traces", s.array(Trace) } } },
  errors = { "not_found" },
}, function(ctx)
  local run, rows = pipelines.traces(ctx.actor, ctx.query.pipeline_id,
    { outputs = ctx.query.include == "outputs", step = ctx.query.step })
  for _, row in ipairs(rows) do
    row.status, row.output_size_bytes, row.error = row.state, row.output_bytes, failure(row)
    row.transaction_id = row.task_id
  end
  return 200, { pipeline_id = run.id, template_id = run.template_id, version = run.version, status = run.state,
                spent_mrc = run.spent_mrc, error = failure(run), traces = json.array(rows) }
end)

return M
