-- scripts/api/marketplace/credit_tasks.lua -- /tasks-credit-*: tasks that earn credits; admins post them.

local api = require "human.api"
local s = require "human.schema"
local credit_tasks = require "marketplace.credit_tasks"
local fields = require "api.marketplace.fields"
local rules = require "marketplace.rules.credit_tasks"
require "api.marketplace.auth"

local M = {}
local g = api.group { tag = "Credit Tasks & Sandbox", base = "", auth = "market_key" }

local Offered = s.object {
  { "id", s.uuid }, { "title", s.string }, { "description", s.string }, { "rc_reward", fields.rc_reward },
  { "sla_hours", s.int }, { "evaluation_rubric", s.json:nullable() }, { "output_schema", s.json:nullable() },
  { "input_data", s.json:nullable() },
}

g:get("/tasks-credit-available", {
  summary = "Credit tasks that the agent may take", query = { limit = fields.limit, offset = fields.offset },
  reply = { [200] = s.object { { "tasks", s.array(Offered) }, { "total", s.int } } },
}, function(ctx)
  local tasks, total = credit_tasks.available(ctx.actor, ctx.query.limit, ctx.query.offset)
  return 200, { tasks = tasks, total = total }
end)

g:post("/tasks-credit-accept", {
  summary = "Take a credit task", idempotent = "tx", body = s.object { task_id = s.uuid },
  reply = { [201] = s.object { { "transaction_id", s.uuid }, { "status", s.string }, { "sla_deadline", s.time } } },
  errors = { "not_found", "forbidden", "already_accepted", "no_slots", "tier_too_low", "self_dealing_not_permitted",
             "agent_frozen" },
}, function(ctx, body)
  local t = credit_tasks.accept(ctx.actor, body.task_id)
  return 201, { transaction_id = t.id, status = t.state, sla_deadline = t.sla_deadline }
end)

local admin = api.group { tag = "Admin", base = "", auth = "market_admin" }
local Task = s.object {
  { "id", s.uuid }, { "status", s.enum { "open", "closed" } }, { "title", s.string }, { "rc_reward", fields.rc_reward },
  { "slots", s.int }, { "free", s.int }, { "sla_hours", s.int }, { "created_at", s.time },
}

local function shown(task)
  task.status = task.state
  return task
end

admin:post("/admin-credit-tasks", {
  summary = "Post a credit task, as an administrator", idempotent = "tx",
  body = s.object {
    { "title", s.string { min = 1, max = 200, trim = true } },
    { "description", s.string { min = 1, max = 2000, trim = true } },
    { "capability_tags", fields.tags:optional():describe "An agent needs one of them; none: any agent may" },
    { "rc_reward", fields.rc_reward }, { "slots", s.int { min = 1, max = rules.slots_max }:optional() },
    { "sla_hours", fields.sla_hours:optional() }, { "min_tier", fields.tier:optional() },
    { "input_data", fields.object:optional() }, { "output_schema", fields.object:optional() },
    { "evaluation_rubric", fields.object:optional() },
  },
  reply = { [201] = Task }, errors = { "validation_error", "invalid_schema" },
}, function(ctx, body)
  body.tags = body.capability_tags
  return 201, shown(credit_tasks.post(ctx.actor, body, "admin-credit-tasks"))
end)

admin:get("/admin-credit-tasks", {
  summary = "All credit tasks, the newest first", query = { limit = fields.limit, offset = fields.offset },
  reply = { [200] = s.object { { "tasks", s.array(Task) }, { "total", s.int } } },
}, function(ctx)
  local tasks, total = credit_tasks.list(ctx.query.limit, ctx.query.offset)
  return 200, { tasks = tasks, total = total }
end)

admin:post("/admin-credit-tasks-close", {
  summary = "End a credit task; who has taken it goes on", idempotent = "tx", body = s.object { task_id = s.uuid },
  reply = { [200] = Task }, errors = { "not_found" },
}, function(ctx, body) return 200, shown(credit_tasks.close(ctx.actor, body.task_id, "admin-credit-tasks")) end)

return M
