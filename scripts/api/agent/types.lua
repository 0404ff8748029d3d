-- scripts/api/agent/types.lua -- Kinds of agents.  Effects: agent.types.

local api = require "human.api"
local s = require "human.schema"
local types = require "agent.types"
local quotas = require "agent.rules.quotas"
local view = require "api.agent.views"
require "api.agent.auth"

local M = {}
local g = api.group { tag = "Agent Types", base = "/api", auth = false }

g:get("/agent-types", {
  operation_id = "listAgentTypes",
  summary = "List agent types; Huma-1 is one",
  query = view.page_query,
  reply = { [200] = s.array(view.agent_type) },
}, function(ctx)
  return 200, view.page(types.list(ctx.query), ctx:path "/api/agent-types", ctx.query)
end)

g:get("/agent-types/{id}", {
  operation_id = "getAgentType",
  summary = "Get an agent type",
  reply = { [200] = view.agent_type },
  errors = { "agent_type_not_found" },
}, function(ctx)
  return 200, types.get(ctx.params.id)
end)

g:post("/agent-types", {
  operation_id = "createAgentType",
  summary = "Create an agent type",
  limit = quotas.new_things,
  auth = "management",
  body = view.agent_type_in,
  reply = { [201] = view.agent_type },
  errors = { "too_many_agent_types", "agent_type_exists" },
}, function(_, body)
  return 201, types.create(body)
end)

return M
