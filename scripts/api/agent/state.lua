-- scripts/api/agent/state.lua -- An agent's links and its current activity.  Effects: agent.agents.

local api = require "human.api"
local agents = require "agent.agents"
local view = require "api.agent.views"
require "api.agent.auth"

local M = {}
local g = api.group { tag = "Agent State", base = "/api", auth = "agent_key" }

g:get("/agents/{id}/state", {
  operation_id = "getAgentState",
  summary = "What an agent is linked to, and whether it is idle, waiting or thinking",
  reply = { [200] = view.state },
  errors = { "agent_not_found" },
}, function(ctx)
  return 200, agents.state(ctx.actor, ctx.params.id)
end)

g:put("/agents/{id}/state", {
  operation_id = "updateAgentState",
  summary = "Link a personality and a system prompt; null unlinks, what is left out stays",
  body = view.state_in,
  reply = { [200] = view.state },
  errors = { "agent_not_found", "personality_not_found", "system_prompt_not_found" },
}, function(ctx, body)
  return 200, agents.set_state(ctx.actor, ctx.params.id, body)
end)

return M
