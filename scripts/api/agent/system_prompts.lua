-- scripts/api/agent/system_prompts.lua -- System Prompts.  Effects: agent.prompts.

local api = require "human.api"
local s = require "human.schema"
local prompts = require "agent.prompts"
local quotas = require "agent.rules.quotas"
local view = require "api.agent.views"
require "api.agent.auth"

local M = {}
local g = api.group { tag = "System Prompts", base = "/api", auth = "agent_key" }

g:get("/system-prompts", {
  summary = "List your system prompts and the shared ones",
  query = view.page_query,
  reply = { [200] = s.array(view.system_prompt) },
  errors = { "validation_error", "unauthorized", "key_expired" },
}, function(ctx)
  return 200, view.page(prompts.list(ctx.actor, ctx.query), ctx:path "/api/system-prompts", ctx.query, "after")
end)

g:post("/system-prompts", {
  summary = "Create a system prompt",
  limit = quotas.new_things,
  body = view.system_prompt_in,
  reply = { [201] = view.system_prompt },
  errors = { "validation_error", "too_many_system_prompts", "unauthorized", "key_expired" },
}, function(ctx, body)
  return 201, prompts.create(ctx.actor, body)
end)

g:get("/system-prompts/{id}", {
  summary = "Get a system prompt",
  reply = { [200] = view.system_prompt },
  errors = { "system_prompt_not_found", "unauthorized", "key_expired" },
}, function(ctx)
  return 200, prompts.get(ctx.actor, ctx.params.id)
end)

g:put("/system-prompts/{id}", {
  summary = "Update a system prompt; fields that are left out stay",
  body = view.system_prompt_change,
  reply = { [200] = view.system_prompt },
  errors = { "validation_error", "system_prompt_not_found", "shared_read_only", "unauthorized", "key_expired" },
}, function(ctx, body)
  return 200, prompts.update(ctx.actor, ctx.params.id, body)
end)

g:delete("/system-prompts/{id}", {
  summary = "Delete a system prompt; agents that had it go on without",
  reply = { [204] = false },
  errors = { "system_prompt_not_found", "shared_read_only", "unauthorized", "key_expired" },
}, function(ctx)
  prompts.delete(ctx.actor, ctx.params.id)
  return 204
end)

return M
