-- scripts/api/agent/agents.lua -- Agents.  Effects: agent.agents.

local api = require "human.api"
local s = require "human.schema"
local agents = require "agent.agents"
local quotas = require "agent.rules.quotas"
local view = require "api.agent.views"
require "api.agent.auth"

local M = {}
local g = api.group { tag = "Agents", base = "/api", auth = "agent_key" }

g:get("/agents", {
  summary = "List your agents",
  query = view.page_query,
  reply = { [200] = s.array(view.agent) },
  errors = { "validation_error", "unauthorized", "key_expired" },
}, function(ctx)
  return 200, view.page(agents.list(ctx.actor, ctx.query), ctx:path "/api/agents", ctx.query, "after")
end)

g:post("/agents", {
  summary = "Create an agent",
  limit = quotas.new_things,
  body = view.agent_in,
  reply = { [201] = view.agent },
  errors = { "validation_error", "too_many_agents", "agent_type_not_found", "unauthorized", "key_expired" },
}, function(ctx, body)
  return 201, agents.create(ctx.actor, body)
end)

g:get("/agents/{id}", {
  summary = "Get an agent",
  reply = { [200] = view.agent },
  errors = { "agent_not_found", "unauthorized", "key_expired" },
}, function(ctx)
  return 200, agents.get(ctx.actor, ctx.params.id)
end)

g:put("/agents/{id}", {
  summary = "Update an agent; fields that are left out stay",
  body = view.agent_change,
  reply = { [200] = view.agent },
  errors = { "validation_error", "agent_not_found", "agent_type_not_found", "unauthorized", "key_expired" },
}, function(ctx, body)
  return 200, agents.update(ctx.actor, ctx.params.id, body)
end)

g:delete("/agents/{id}", {
  summary = "Delete an agent with its log; its sockets are closed",
  reply = { [204] = false },
  errors = { "agent_not_found", "unauthorized", "key_expired" },
}, function(ctx)
  agents.delete(ctx.actor, ctx.params.id)
  return 204
end)

return M
